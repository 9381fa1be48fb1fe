/** Shortest part of a secret that is still worth hiding. */
const PART = 12;
/** Any run of 12 characters holds a whole block of 6 that starts at a multiple of 6: only those are looked up. */
const BLOCK = PART / 2;
/** What tokens, their percent-encoding and their base64 are made of. Text between runs of them cannot hold a part. */
const TOKEN_CHARACTER = /[\w\-+/=%.:~@!$&'()*,;?#[\]]/;
const TOKEN_RUN = new RegExp(`${TOKEN_CHARACTER.source}{${PART},}`);

const MASK = '[redacted]';

/** Characters in a row that are looked at to tell whether some secret may hold them. */
const PROBE = 3;
/** Any 12 characters in a row hold 10 probes, one of them at a multiple of 10: large reports are passed over in steps. */
const STEP = PART - PROBE + 1;
const PROBES = 1 << 16;

/** One of 65,536 numbers for the three characters at a place. */
function probeAt(text: string, at: number): number {
  return (
    (text.charCodeAt(at) ^ (text.charCodeAt(at + 1) << 5) ^ (text.charCodeAt(at + 2) << 9)) & (PROBES - 1)
  );
}

/** 1 for the codes of ASCII characters that token runs are made of. */
const IN_RUN = Uint8Array.from({ length: 128 }, (_, code) =>
  TOKEN_CHARACTER.test(String.fromCharCode(code)) ? 1 : 0,
);

/**
 * Hides secrets by value in everything that leaves the program.
 *
 * A secret is known in its plain, percent-encoded, form-encoded, base64 and JSON-escaped forms, and so is every part of
 * it of 12 or more characters. Keys and places do not matter: a secret inside an error text of somebody else's server is
 * hidden too.
 */
export class Redactor {
  readonly #forms = new Set<string>();
  readonly #whole = new Set<string>();
  /** Blocks of 6 characters, and the forms and places they stand in. */
  readonly #blocks = new Map<string, { form: string; at: number }[]>();
  /** 1 for every probe that some form holds. */
  readonly #probes = new Uint8Array(PROBES);

  /** `publicPrefix`: a beginning that everybody knows (a scheme, a host) and that may be printed. */
  add(secret: string | undefined, publicPrefix = ''): void {
    if (secret === undefined || secret.trim() === '') return;
    const value = secret.trim();
    const hidden = value.startsWith(publicPrefix) ? value.slice(publicPrefix.length) : value;
    for (const form of formsOf(hidden)) this.#addForm(form);
  }

  #addForm(form: string): void {
    if (form.length < BLOCK || this.#forms.has(form)) return;
    this.#forms.add(form);
    // Forms with characters outside of token runs, and short secrets, are only found whole.
    if (form.length < PART || form.match(TOKEN_RUN)?.[0] !== form) this.#whole.add(form);
    for (let at = 0; at + PROBE <= form.length; at += 1) this.#probes[probeAt(form, at)] = 1;
    for (let at = 0; at + BLOCK <= form.length; at += 1) {
      const block = form.slice(at, at + BLOCK);
      const places = this.#blocks.get(block);
      if (places) places.push({ form, at });
      else this.#blocks.set(block, [{ form, at }]);
    }
  }

  /** The text with every known secret, or part of one, replaced. */
  redact(text: string): string {
    if (this.#forms.size === 0) return text;
    let clean = text;
    for (const form of this.#whole) clean = clean.replaceAll(form, MASK);
    return this.#redactParts(clean);
  }

  #redactParts(text: string): string {
    let result = '';
    let done = 0;
    for (let at = 0; at + PROBE <= text.length; at += STEP) {
      if (!this.#mayHoldPart(text, at, done)) continue;
      let start = at;
      let end = at;
      while (start > done && IN_RUN[text.charCodeAt(start - 1)] === 1) start -= 1;
      while (IN_RUN[text.charCodeAt(end)] === 1) end += 1;
      if (end - start < PART) continue;
      result += text.slice(done, start) + this.#redactRun(text.slice(start, end));
      done = end;
      at = end - STEP;
    }
    return done === 0 ? text : result + text.slice(done);
  }

  /** False where fewer than 10 probes in a row around `at` are from secrets, so that no part of one can stand there. */
  #mayHoldPart(text: string, at: number, floor: number): boolean {
    if (this.#probes[probeAt(text, at)] === 0) return false;
    let first = at;
    while (first > floor && at - first + 1 < STEP && this.#probes[probeAt(text, first - 1)] === 1) first -= 1;
    let last = at;
    while (last - first + 1 < STEP && this.#probes[probeAt(text, last + 1)] === 1) last += 1;
    return last - first + 1 >= STEP;
  }

  #redactRun(run: string): string {
    let result = '';
    let done = 0;
    for (let at = 0; at + BLOCK <= run.length; at += BLOCK) {
      if (at < done) continue;
      const match = this.#longestMatch(run, at, done);
      if (!match) continue;
      result += run.slice(done, match.start) + MASK;
      done = match.end;
    }
    return done === 0 ? run : result + run.slice(done);
  }

  /** The longest part of a secret, at least 12 characters, that covers the block at `at`. */
  #longestMatch(run: string, at: number, floor: number): { start: number; end: number } | undefined {
    let best: { start: number; end: number } | undefined;
    for (const place of this.#blocks.get(run.slice(at, at + BLOCK)) ?? []) {
      let start = at;
      let end = at + BLOCK;
      while (
        start > floor &&
        place.at - (at - start) > 0 &&
        run[start - 1] === place.form[place.at - (at - start) - 1]
      )
        start -= 1;
      while (
        end < run.length &&
        place.at + (end - at) < place.form.length &&
        run[end] === place.form[place.at + (end - at)]
      )
        end += 1;
      if (end - start >= PART && (!best || end - start > best.end - best.start)) best = { start, end };
    }
    return best;
  }
}

function formsOf(value: string): Set<string> {
  const json = JSON.stringify(value).slice(1, -1);
  // The last one is how forms write it.
  const encoded = [encodeURIComponent(value), new URLSearchParams({ v: value }).toString().slice(2)];
  const forms = new Set([value, json, json.replaceAll('/', '\\/'), ...encoded, ...encoded.map(lowerHex)]);
  // Inside a longer text (Basic credentials, say) a value's base64 depends on where it starts modulo 3; the first
  // and last characters then mix with their neighbours and are left out.
  for (const shift of [0, 1, 2]) {
    const base64 = Buffer.from('\0'.repeat(shift) + value)
      .toString('base64')
      .replace(/=+$/, '');
    const inner = base64.slice(shift === 0 ? 0 : 4, base64.length - (base64.length % 4 === 0 ? 0 : 1));
    forms.add(inner);
    forms.add(inner.replaceAll('+', '-').replaceAll('/', '_'));
    forms.add(encodeURIComponent(inner));
    forms.add(lowerHex(encodeURIComponent(inner)));
  }
  return forms;
}

/** RFC 3986 lets a percent-encoding be written either way. */
function lowerHex(encoded: string): string {
  return encoded.replace(/%[0-9A-F]{2}/g, (byte) => byte.toLowerCase());
}
