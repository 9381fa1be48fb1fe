/**
 * RE2 patterns, as far as they decide who is let in.
 *
 * A pattern becomes a list of words, one per way to match it. Words may stand for more texts than the pattern does,
 * never for fewer.
 */
export type Word = readonly Piece[];

/**
 * A text; the start or end of the whole value; anything at all (`.*`); a text without a slash, perhaps an empty one; or
 * something that is not a plain text.
 */
type Piece = { readonly text: string } | 'start' | 'end' | 'anything' | 'segment' | 'something';

/** More ways than this to match a part, and the part stands for "something". */
const MAX_WORDS = 64;
/** Longer patterns are not read: the service takes none that long. */
const MAX_PATTERN = 2048;
const MAX_NESTING = 50;

const SOMETHING: readonly Word[] = [['something']];
const SEGMENT: readonly Word[] = [['segment']];
const EMPTY: readonly Word[] = [[]];
/** What stands between the brackets of a set that no slash is in: letters and digits, or all but a slash and more. */
const SLASHLESS =
  /^(?:\^[^\\[\]]*\/[^\\[\]]*|(?:[0-9]-[0-9]|[a-z]-[a-z]|[A-Z]-[A-Z]|\w|\\[dw]|\[:(?:alnum|alpha|digit|lower|upper|word|xdigit):\])+-?)$/;

/** A pattern's words, or undefined where it is not RE2 (look-around, back-references, slips). */
export function wordsOf(pattern: string): readonly Word[] | undefined {
  if (pattern.length > MAX_PATTERN) return undefined;
  try {
    const reader = new Reader(pattern);
    const words = reader.alternatives(0, false);
    return reader.done ? words.map(joined) : undefined;
  } catch (error) {
    if (error instanceof NotRe2) return undefined;
    throw error;
  }
}

/** Whether a plain pattern matches a text for sure: of those that say more than texts and `.*`, none does. */
export function certainlyMatches(pattern: string, text: string): boolean {
  // A dot stands for no line break.
  if (/\\|\(\?/.test(pattern) || text.includes('\n')) return false;
  const words = wordsOf(pattern) ?? [];
  return words.some((word) => {
    const starts = word[0] === 'start' && word[1] !== 'anything';
    const ends = word.at(-1) === 'end' && word.at(-2) !== 'anything';
    const rest = word.filter((piece) => piece !== 'start' && piece !== 'end' && piece !== 'anything');
    const [only] = rest;
    const misplaced = word.lastIndexOf('start') > 0 || word.slice(0, -1).includes('end');
    if (misplaced || rest.length > 1 || (only !== undefined && typeof only !== 'object')) return false;
    const found = only?.text ?? '';
    if (starts && ends) return text === found;
    return starts ? text.startsWith(found) : ends ? text.endsWith(found) : text.includes(found);
  });
}

class NotRe2 extends Error {}

class Reader {
  readonly #pattern: string;
  #at = 0;
  #multiline = false;
  #foldsCase = false;

  constructor(pattern: string) {
    this.#pattern = pattern;
  }

  get done(): boolean {
    return this.#at >= this.#pattern.length;
  }

  alternatives(nesting: number, inGroup: boolean): readonly Word[] {
    if (nesting > MAX_NESTING) throw new NotRe2();
    let words = this.#sequence(nesting);
    while (this.#takes('|')) words = capped([...words, ...this.#sequence(nesting)]);
    if (inGroup && !this.#takes(')')) throw new NotRe2();
    return words;
  }

  #sequence(nesting: number): readonly Word[] {
    let words = EMPTY;
    while (!this.done && this.#peek() !== '|' && this.#peek() !== ')') {
      const start = this.#at;
      const part = this.#atom(nesting);
      const plainDot = this.#pattern.slice(start, this.#at) === '.';
      words = concatenated(words, this.#repeated(part, plainDot));
    }
    return words;
  }

  #atom(nesting: number): readonly Word[] {
    const character = this.#next();
    switch (character) {
      case '^':
        return this.#multiline ? EMPTY : [['start']];
      case '$':
        return this.#multiline ? EMPTY : [['end']];
      case '.':
        return SOMETHING;
      case '[':
        return this.#set();
      case '(':
        return this.#group(nesting);
      case '\\':
        return this.#escape();
      case '*':
      case '+':
      case '?':
        throw new NotRe2();
      default:
        return this.#literal(character);
    }
  }

  /** Subjects are written in lower case, and no issuer tells two owners apart by case. */
  #literal(character: string): readonly Word[] {
    return [[{ text: this.#foldsCase ? character.toLowerCase() : character }]];
  }

  #repeated(part: readonly Word[], plainDot: boolean): readonly Word[] {
    let words = part;
    let wild = plainDot;
    for (;;) {
      const bounds = this.#quantifier();
      if (!bounds) return words;
      const [least, most] = bounds;
      if (words === SEGMENT) words = most < least ? repeat(words, least, most) : SEGMENT;
      else if (most === 1) words = least === 0 ? capped([...EMPTY, ...words]) : words;
      else if (wild && most === Number.POSITIVE_INFINITY) words = [['anything']];
      else words = repeat(words, least, most);
      wild = false;
      this.#takes('?');
    }
  }

  #quantifier(): readonly [number, number] | undefined {
    if (this.#takes('*')) return [0, Number.POSITIVE_INFINITY];
    if (this.#takes('+')) return [1, Number.POSITIVE_INFINITY];
    if (this.#takes('?')) return [0, 1];
    // A brace that opens no count is a brace.
    const counted = /^\{(\d{1,4})(?:(,)(\d{0,4}))?\}/.exec(this.#pattern.slice(this.#at, this.#at + 12));
    if (!counted) return undefined;
    this.#at += counted[0].length;
    const least = Number(counted[1]);
    if (!counted[2]) return [least, least];
    return [least, counted[3] ? Number(counted[3]) : Number.POSITIVE_INFINITY];
  }

  #group(nesting: number): readonly Word[] {
    const outer = [this.#multiline, this.#foldsCase] as const;
    if (this.#takes('?')) {
      const opening = /^(?:P?<[A-Za-z_]\w*>|([imsU]*)(?:-([imsU]+))?([:)]))/.exec(
        this.#pattern.slice(this.#at, this.#at + 256),
      );
      if (!opening) throw new NotRe2();
      this.#at += opening[0].length;
      const [, on = '', off = '', closing] = opening;
      if (on.includes('m')) this.#multiline = true;
      if (on.includes('i')) this.#foldsCase = true;
      if (off.includes('m')) this.#multiline = false;
      if (off.includes('i')) this.#foldsCase = false;
      // `(?i)` holds to the end of the group around it.
      if (closing === ')') return EMPTY;
    }
    const words = this.alternatives(nesting + 1, true);
    [this.#multiline, this.#foldsCase] = outer;
    return words;
  }

  #escape(): readonly Word[] {
    const character = this.#next();
    switch (character) {
      case 'A':
        return [['start']];
      case 'z':
        return [['end']];
      case 'b':
      case 'B':
        return EMPTY;
      case 'Q': {
        const end = this.#pattern.indexOf('\\E', this.#at);
        const text = this.#pattern.slice(this.#at, end < 0 ? undefined : end);
        this.#at = end < 0 ? this.#pattern.length : end + 2;
        return [[{ text: this.#foldsCase ? text.toLowerCase() : text }]];
      }
      case 'p':
      case 'P':
        this.#skip(/^(?:\{\^?\w+\}|[A-Z])/);
        return SOMETHING;
      case 'x':
        this.#skip(/^(?:\{[0-9A-Fa-f]+\}|[0-9A-Fa-f]{2})/);
        return SOMETHING;
      case 'd':
      case 'w':
        return SEGMENT;
      default:
        if (/[DsSWCafnrtv0-7]/.test(character)) {
          // A digit from 1 on would be a back-reference, which RE2 does not know.
          if (/[1-7]/.test(character)) throw new NotRe2();
          return SOMETHING;
        }
        if (/[A-Za-z89]/.test(character)) throw new NotRe2();
        return this.#literal(character);
    }
  }

  /** `[…]`: each character of a short plain list is a way of its own. */
  #set(): readonly Word[] {
    const start = this.#at;
    const negated = this.#takes('^');
    const members: string[] = [];
    let plain = !negated;
    for (let first = true; ; first = false) {
      const character = this.#next();
      if (character === ']' && !first) break;
      if (character === '[' && this.#peek() === ':') {
        this.#skip(/^:\^?[a-z]+:\]/);
        plain = false;
      } else if (character === '\\') {
        const escaped = this.#escape();
        const only = escaped[0]?.[0];
        if (typeof only === 'object' && [...only.text].length === 1) members.push(only.text);
        else plain = false;
      } else {
        members.push(character);
      }
      if (this.#peek() === '-' && this.#pattern[this.#at + 1] !== ']') plain = false;
    }
    if (!plain || members.length > 8)
      return SLASHLESS.test(this.#pattern.slice(start, this.#at - 1)) ? SEGMENT : SOMETHING;
    return members.flatMap((member) => this.#literal(member));
  }

  #peek(): string | undefined {
    return this.#pattern[this.#at];
  }

  #next(): string {
    const code = this.#pattern.codePointAt(this.#at);
    if (code === undefined) throw new NotRe2();
    const character = String.fromCodePoint(code);
    this.#at += character.length;
    return character;
  }

  #takes(character: string): boolean {
    if (this.#peek() !== character) return false;
    this.#at++;
    return true;
  }

  #skip(what: RegExp): void {
    const match = what.exec(this.#pattern.slice(this.#at, this.#at + 64));
    if (!match) throw new NotRe2();
    this.#at += match[0].length;
  }
}

function repeat(words: readonly Word[], least: number, most: number): readonly Word[] {
  if (most < least) throw new NotRe2();
  let once = EMPTY;
  for (let times = 0; times < Math.min(least, 8); times++) once = concatenated(once, words);
  if (least > 8 || most > least) return concatenated(once, SOMETHING);
  return once;
}

function concatenated(heads: readonly Word[], tails: readonly Word[]): readonly Word[] {
  if (heads.length * tails.length > MAX_WORDS) {
    return heads.length > MAX_WORDS / 2 ? SOMETHING : concatenated(heads, SOMETHING);
  }
  return heads.flatMap((head) => tails.map((tail) => joined([...head, ...tail])));
}

function capped(words: readonly Word[]): readonly Word[] {
  return words.length > MAX_WORDS ? SOMETHING : words;
}

/** Neighbouring texts as one; anchors that are not at their end of the word constrain nothing we count on. */
function joined(word: Word): Word {
  const pieces: Piece[] = [];
  for (const piece of word) {
    const last = pieces.at(-1);
    if (typeof piece === 'object' && typeof last === 'object')
      pieces[pieces.length - 1] = { text: last.text + piece.text };
    else pieces.push(piece);
  }
  return pieces;
}
