import { AuditError } from './errors.js';
import { CLIENT_SECRET_PREFIX } from './sources/c1/access.js';

/** Shortest part of a secret that is worth hiding. */
const PART = 12;
/** Secrets below this are refused at start: to hide one by value would also hide words that are not secret. */
const SHORTEST_SECRET = 8;
/** Shortest form that is looked for: the base64 of a short secret without its ends. */
const SHORTEST_FORM = 6;

const MASK = '[redacted]';

/** Not looked up on the global object for each character: inside a VM context that takes a hundred times as long. */
const { imul, max } = Math;

/** Characters in a row that are looked at to decide quickly that no part of a secret is near. */
const PROBE = 3;
/** Any 12 characters in a row hold 10 probes, one of them at a multiple of 10: text is passed over in steps. */
const STEP = PART - PROBE + 1;
const PROBES = 1 << 16;

/** One of 65,536 numbers for the three characters at a place. */
function probeAt(text: string, at: number): number {
  return (
    (text.charCodeAt(at) ^ (text.charCodeAt(at + 1) << 5) ^ (text.charCodeAt(at + 2) << 9)) & (PROBES - 1)
  );
}

/**
 * Hides secrets by value in everything that leaves the program.
 *
 * A secret is known in its plain, percent-encoded, form-encoded, base64 and JSON-escaped forms, and so is every part of
 * it of 12 or more characters. Keys and places do not matter: a secret inside an error text of somebody else's server is
 * hidden too. Meant for values and prose: a finished document also holds words of its own, which a secret may equal.
 *
 * Time grows with the length of the text alone, whatever the secrets: each place is looked up once.
 */
export class Redactor {
  readonly #forms = new Set<string>();
  /** Forms too short to have parts. */
  readonly #short: string[] = [];
  readonly #parts = new Parts();
  /** 1 for every probe that some form holds. */
  readonly #probes = new Uint8Array(PROBES);

  /** `publicPrefix`: a beginning that everybody knows (a scheme, a host) and that may be printed. */
  add(secret: string | undefined, publicPrefix = ''): void {
    if (secret === undefined) return;
    const value = secret.trim();
    const hidden = value.startsWith(publicPrefix) ? value.slice(publicPrefix.length) : value;
    if (hidden.length < SHORTEST_SECRET) return;
    const forms = [...formsOf(hidden)].filter(
      (form) => form.length >= SHORTEST_FORM && !this.#forms.has(form),
    );
    this.#parts.reserve(forms.reduce((sum, { length }) => sum + length, 0));
    for (const form of forms) this.#addForm(form);
  }

  #addForm(form: string): void {
    this.#forms.add(form);
    if (form.length < PART) {
      this.#short.push(form);
      return;
    }
    for (let at = 0; at + PROBE <= form.length; at += 1) this.#probes[probeAt(form, at)] = 1;
    this.#parts.add(form);
  }

  /** The text with every known secret, or part of one, replaced. */
  redact(text: string): string {
    if (text.length < SHORTEST_FORM || this.#forms.size === 0) return text;
    let clean = text;
    for (const form of this.#short) clean = clean.replaceAll(form, MASK);
    return this.#redactParts(clean);
  }

  #redactParts(text: string): string {
    let result = '';
    let done = 0;
    // What is to be hidden next: overlapping parts are hidden as one.
    let start = 0;
    let end = 0;
    for (let at = 0; at + PROBE <= text.length; at += STEP) {
      if (this.#probes[probeAt(text, at)] === 0 || !this.#mayHoldPart(text, at)) continue;
      // Every place from which 12 characters hold the probe.
      const last = at + PART > text.length ? text.length - PART : at;
      // Places before the end of a part that was found hold nothing that is not hidden already.
      for (let from = max(at - STEP + 1, end - PART + 1, 0); from <= last; from += 1) {
        const found = this.#parts.endOf(text, from);
        if (found === 0) continue;
        if (from > end) {
          if (end > start) {
            result += text.slice(done, start) + MASK;
            done = end;
          }
          start = from;
        }
        end = found;
        from = found - PART;
      }
    }
    return end > start ? result + text.slice(done, start) + MASK + text.slice(end) : text;
  }

  /** False where fewer than 10 probes in a row around `at` are from secrets, so that no part of one can be there. */
  #mayHoldPart(text: string, at: number): boolean {
    let first = at;
    while (first > 0 && at - first + 1 < STEP && this.#probes[probeAt(text, first - 1)] === 1) first -= 1;
    let last = at;
    while (last - first + 1 < STEP && this.#probes[probeAt(text, last + 1)] === 1) last += 1;
    return last - first + 1 >= STEP;
  }
}

/** Every run of 12 characters in some texts: a hash table of places in them. */
class Parts {
  #characters = new Uint16Array(1 << 12);
  #length = 0;
  /** Places in `#characters`, from 1; 0: free. Never more than half full, so that a search ends soon. */
  #slots = new Int32Array(1 << 12);
  #used = 0;

  /** Makes space for so many more characters at once: filling a table anew takes longer than filling it. */
  reserve(more: number): void {
    const length = this.#length + more;
    if (length > this.#characters.length) {
      const larger = new Uint16Array(2 * length);
      larger.set(this.#characters.subarray(0, this.#length));
      this.#characters = larger;
    }
    if (2 * (this.#used + more) > this.#slots.length) this.#grow(2 * (this.#used + more));
  }

  add(text: string): void {
    const from = this.#length;
    this.#length += text.length;
    for (let at = 0; at < text.length; at += 1) this.#characters[from + at] = text.charCodeAt(at);
    for (let at = 0; at + PART <= text.length; at += 1) {
      const slot = this.#slotOf(text, at);
      if (this.#slots[slot] !== 0) continue;
      this.#slots[slot] = from + at + 1;
      this.#used += 1;
    }
  }

  /** Where what begins at a place of a text, and is in here, ends; 0: the 12 characters there are not. */
  endOf(text: string, at: number): number {
    const place = this.#slots[this.#slotOf(text, at)] ?? 0;
    if (place === 0) return 0;
    let length = PART;
    while (
      this.#characters[place - 1 + length] === text.charCodeAt(at + length) &&
      place - 1 + length < this.#length
    )
      length += 1;
    return at + length;
  }

  /** The slot that holds the 12 characters at a place of a text, or the free one where they belong. */
  #slotOf(text: string, at: number): number {
    let hash = 0;
    for (let offset = 0; offset < PART; offset += 1) hash = imul(hash, 31) + text.charCodeAt(at + offset);
    const mask = this.#slots.length - 1;
    let slot = mixed(hash) & mask;
    while (this.#slots[slot] !== 0 && !this.#isAt((this.#slots[slot] ?? 0) - 1, text, at))
      slot = (slot + 1) & mask;
    return slot;
  }

  #isAt(place: number, text: string, at: number): boolean {
    for (let offset = 0; offset < PART; offset += 1)
      if (this.#characters[place + offset] !== text.charCodeAt(at + offset)) return false;
    return true;
  }

  #grow(least: number): void {
    const places = this.#slots.filter((place) => place !== 0);
    let size = this.#slots.length;
    while (size < least) size *= 2;
    this.#slots = new Int32Array(size);
    for (const place of places) {
      const text = String.fromCharCode(...this.#characters.subarray(place - 1, place - 1 + PART));
      this.#slots[this.#slotOf(text, 0)] = place;
    }
  }
}

/** Spreads neighbouring hashes over the table. */
function mixed(hash: number): number {
  const once = imul(hash ^ (hash >>> 16), 0x45d9f3b);
  return once ^ (once >>> 15);
}

function formsOf(value: string): Set<string> {
  // What cannot be encoded (a lone surrogate) cannot be sent either.
  const whole = value.toWellFormed();
  const json = JSON.stringify(value).slice(1, -1);
  // The last one is how forms write it.
  const encoded = [encodeURIComponent(whole), new URLSearchParams({ v: whole }).toString().slice(2)];
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

type Env = Readonly<Record<string, string | undefined>>;

/** Variables whose values must never be seen, each with the beginning that everybody knows. */
const SECRET_VARIABLES: Readonly<Record<string, string>> = {
  CONDUCTORONE_CLIENT_SECRET: CLIENT_SECRET_PREFIX,
  CONDUCTORONE_ACCESS_TOKEN: '',
  CONDUCTORONE_OIDC_TOKEN: '',
  ACTIONS_ID_TOKEN_REQUEST_TOKEN: '',
  CONE_CLIENT_SECRET: CLIENT_SECRET_PREFIX,
  SLACK_BOT_TOKEN: 'xoxb-',
  C1_AUDIT_STATE_KEY: '',
};

/** URLs whose path and query must never be seen. */
const SECRET_URLS = ['SLACK_WEBHOOK_URL', 'C1_AUDIT_HEARTBEAT_URL'];

/** Those whose URL may hold a user and a password. */
const PROXY_VARIABLES = ['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy'];

/** Tells a redactor the secrets that an environment holds. Of a URL, the host stays: other addresses share it. */
export function hideSecrets(redactor: Pick<Redactor, 'add'>, env: Env): void {
  for (const secret of hiddenIn(env)) redactor.add(secret);
}

/** Everything that GitHub's runner is to hide, URLs as a whole as well. */
export function secretsToMask(env: Env): string[] {
  const whole = [...Object.keys(SECRET_VARIABLES), ...SECRET_URLS].flatMap(
    (name) => settingOf(env, name) ?? [],
  );
  return [...whole, ...hiddenIn(env).filter((secret) => secret.length >= SHORTEST_SECRET)];
}

/**
 * Refuses secrets that cannot be hidden: whoever hides a short text wherever it appears hides other words as well. A short
 * path of a URL is not one: it keeps nobody out.
 *
 * @throws AuditError `config` that names the variables and never a value
 */
export function refuseShortSecrets(env: Env): void {
  const isShort = (text: string) => text.length > 0 && text.length < SHORTEST_SECRET;
  const short = [
    // The form of a client secret is checked where it is used.
    ...Object.entries(SECRET_VARIABLES)
      .filter(([, prefix]) => prefix !== CLIENT_SECRET_PREFIX)
      .filter(([name, prefix]) => isShort(withoutPrefix(settingOf(env, name) ?? '', prefix)))
      .map(([name]) => name),
    ...PROXY_VARIABLES.filter((name) => passwordsIn(env[name]).some(isShort)).map(
      (name) => `the password in ${name}`,
    ),
  ];
  if (short.length === 0) return;
  const [one] = short;
  throw new AuditError(
    'config',
    `${short.length === 1 ? `${one} is` : `${short.join(' and ')} are`} shorter than ${SHORTEST_SECRET} characters: too short to be hidden in what c1-audit prints.`,
    'Check the value. If it is right, replace it with a longer secret; if it is not used, unset it.',
  );
}

function hiddenIn(env: Env): string[] {
  return [
    ...Object.entries(SECRET_VARIABLES).map(([name, prefix]) =>
      withoutPrefix(settingOf(env, name) ?? '', prefix),
    ),
    ...SECRET_URLS.flatMap((name) => partsOfUrl(settingOf(env, name))),
    ...PROXY_VARIABLES.flatMap((name) => [...loginsIn(env[name]), ...passwordsIn(env[name])]),
  ].filter((secret) => secret !== '');
}

function settingOf(env: Env, name: string): string | undefined {
  return env[name]?.trim().replace(/^bearer\s+/i, '') || undefined;
}

function withoutPrefix(value: string, prefix: string): string {
  return value.startsWith(prefix) ? value.slice(prefix.length) : value;
}

/** Path and query, as written and as a URL, and a login; a text that is not a URL is hidden as a whole. */
function partsOfUrl(text: string | undefined): string[] {
  if (text === undefined) return [];
  if (!URL.canParse(text)) return [text];
  const { pathname, search } = new URL(text);
  const written = /^[^:]*:\/\/[^/?#]*(.*)$/.exec(text)?.[1] ?? '';
  return [written, pathname + search, ...loginsIn(text), ...passwordsIn(text)];
}

/** User and password of a URL together (as they go over the wire in base64) and the user alone, as written and decoded. */
function loginsIn(url: string | undefined): string[] {
  const login = loginOf(url);
  const user = login.includes(':') ? login.slice(0, login.indexOf(':')) : '';
  return [login, user].flatMap(bothWays);
}

/** A URL's password, as written and decoded. Without a colon the user is a token. */
function passwordsIn(url: string | undefined): string[] {
  const login = loginOf(url);
  return bothWays(login.slice(login.indexOf(':') + 1));
}

function loginOf(url: string | undefined): string {
  return /^(?:[a-z][a-z\d+.-]*:\/\/)?([^/?#]*)@/i.exec(url?.trim() ?? '')?.[1] ?? '';
}

function bothWays(text: string): string[] {
  try {
    return [...new Set([text, decodeURIComponent(text)])];
  } catch {
    return [text];
  }
}
