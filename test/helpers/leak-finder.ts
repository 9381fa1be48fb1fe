/** A part of a secret as long as this must not come out. */
const PART = 12;

/** Finds parts of secrets, and of their base64, in texts as they are and as readers would undo their escapes. */
export class LeakFinder {
  readonly #parts = new Map<string, string>();

  /** `name` is what a leak is reported by. */
  plant(name: string, secret: string): void {
    for (const form of [secret, ...base64Forms(secret)])
      for (let at = 0; at + PART <= form.length; at += 1) this.#parts.set(form.slice(at, at + PART), name);
  }

  /** Every secret of which 12 characters in a row stand in the text. */
  find(text: string): string[] {
    const found = new Set<string>();
    for (const reading of readingsOf(text)) {
      for (let at = 0; at + PART <= reading.length; at += 1) {
        const name = this.#parts.get(reading.slice(at, at + PART));
        if (name !== undefined) found.add(name);
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
