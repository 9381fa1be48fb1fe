/** A part of a secret as long as this must not come out. */
const PART = 12;
const HALF = PART / 2;

/** Finds parts of secrets, and of their base64, in texts as they are and as readers would undo their escapes. */
export class LeakFinder {
  readonly #parts = new Map<string, string>();
  readonly #halves = new Set<string>();

  /** `name` is what a leak is reported by. */
  plant(name: string, secret: string): void {
    for (const form of [secret, ...base64Forms(secret)])
      for (let at = 0; at + PART <= form.length; at += 1) {
        const part = form.slice(at, at + PART);
        this.#parts.set(part, name);
        for (let from = 0; from <= HALF; from += 1) this.#halves.add(part.slice(from, from + HALF));
      }
  }

  /** Every secret of which 12 characters in a row stand in the text. */
  find(text: string): string[] {
    const found = new Set<string>();
    for (const reading of readingsOf(text)) {
      // Each part holds a half that begins at a multiple of its length: elsewhere nobody needs to look.
      for (let half = 0; half + HALF <= reading.length; half += HALF) {
        if (!this.#halves.has(reading.slice(half, half + HALF))) continue;
        for (let at = half - HALF; at <= half; at += 1) {
          const name = this.#parts.get(reading.slice(Math.max(0, at), at + PART));
          if (name !== undefined) found.add(name);
        }
      }
    }
    return [...found];
  }
}

/** The three ways to stand in base64, by where it begins; ends, which mix with their neighbours, left out. */
function base64Forms(secret: string): string[] {
  return [0, 1, 2].flatMap((shift) => {
    const text = Buffer.from('\0'.repeat(shift) + secret)
      .toString('base64')
      .replace(/=+$/, '');
    const inner = text.slice(shift === 0 ? 0 : 4, -1);
    return [inner, inner.replaceAll('+', '-').replaceAll('/', '_')];
  });
}

function readingsOf(text: string): Set<string> {
  const withoutEscapes = text
    .replace(/\\u([0-9a-f]{4})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
    .replaceAll('\\', '');
  const entities = text.replace(/&#(\d+);/g, (_, code: string) => String.fromCharCode(Number(code)));
  const percent = text.replace(/(%[0-9a-f]{2})+/gi, (run) => {
    try {
      return decodeURIComponent(run);
    } catch {
      return run;
    }
  });
  // Calendars and terminals fold long lines.
  return new Set([text, withoutEscapes, entities, percent, text.replace(/\r?\n[ \t]?/g, '')]);
}
