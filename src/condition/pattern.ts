/**
 * RE2 patterns, as far as they decide who is admitted.
 *
 * A pattern becomes a list of words, one per way to match it. Words may match more texts than the pattern, never fewer.
 */
export type Word = readonly Piece[];

/**
 * A text; the start or end of the whole value; anything at all (`.*`); a text without a slash, perhaps an empty one; or
 * something that is not a plain text.
 */
type Piece = { readonly text: string } | 'start' | 'end' | 'anything' | 'segment' | 'something';

/** A part with more ways to match counts as "something". */
const MAX_WORDS = 64;
/** Longer patterns are not read: ConductorOne accepts none that long. */
const MAX_PATTERN = 2048;
const MAX_NESTING = 50;

const SOMETHING: readonly Word[] = [['something']];
const ANYTHING: readonly Word[] = [['anything']];
const SEGMENT: readonly Word[] = [['segment']];
const EMPTY: readonly Word[] = [[]];
/** The content of a set without a slash: letters and digits, or everything except a slash and more. */
const SLASHLESS =
  /^(?:\^[^\\[\]]*\/[^\\[\]]*|(?:[0-9]-[0-9]|[a-z]-[a-z]|[A-Z]-[A-Z]|\w|\\[dw]|\[:(?:alnum|alpha|digit|lower|upper|word|xdigit):\])+-?)$/;

/** A pattern's words, or undefined if it is not RE2 (look-around, back-references, mistakes). */
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

/** Whether a pattern certainly matches a text. Only patterns of plain texts and `.*` do. */
export function certainlyMatches(pattern: string, text: string): boolean {
  // A dot does not match a line break.
  if (/\\|\(\?/.test(pattern) || text.includes('\n')) return false;
  return (wordsOf(pattern) ?? []).some((word) => wordMatches(word, text));
}

function wordMatches(word: Word, text: string): boolean {
  const rest = word.filter((piece) => piece !== 'start' && piece !== 'end' && piece !== 'anything');
  const [only = { text: '' }] = rest;
  const misplaced = word.lastIndexOf('start') > 0 || word.slice(0, -1).includes('end');
  if (misplaced || rest.length > 1 || typeof only !== 'object') return false;
  const starts = word[0] === 'start' && word[1] !== 'anything';
  const ends = word.at(-1) === 'end' && word.at(-2) !== 'anything';
  if (starts && ends) return text === only.text;
  return starts ? text.startsWith(only.text) : ends ? text.endsWith(only.text) : text.includes(only.text);
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
    for (let bounds = this.#quantifier(); bounds; bounds = this.#quantifier()) {
      words = quantified(words, bounds, wild);
      wild = false;
      this.#takes('?');
    }
    return words;
  }

  #quantifier(): readonly [number, number] | undefined {
    if (this.#takes('*')) return [0, Number.POSITIVE_INFINITY];
    if (this.#takes('+')) return [1, Number.POSITIVE_INFINITY];
    if (this.#takes('?')) return [0, 1];
    // Any other brace is a plain character.
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
    const members: string[] = [];
    let plain = !this.#takes('^');
    for (let first = true; ; first = false) {
      const character = this.#next();
      if (character === ']' && !first) break;
      const member = this.#member(character);
      if (member === undefined) plain = false;
      else members.push(member);
      if (this.#peek() === '-' && this.#pattern[this.#at + 1] !== ']') plain = false;
    }
    if (!plain || members.length > 8)
      return SLASHLESS.test(this.#pattern.slice(start, this.#at - 1)) ? SEGMENT : SOMETHING;
    return members.flatMap((member) => this.#literal(member));
  }

  /** A character of a set; undefined for a class of characters. */
  #member(character: string): string | undefined {
    if (character === '[' && this.#peek() === ':') {
      this.#skip(/^:\^?[a-z]+:\]/);
      return undefined;
    }
    if (character !== '\\') return character;
    const only = this.#escape()[0]?.[0];
    return typeof only === 'object' && [...only.text].length === 1 ? only.text : undefined;
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

function quantified(
  words: readonly Word[],
  [least, most]: readonly [number, number],
  plainDot: boolean,
): readonly Word[] {
  if (most < least) throw new NotRe2();
  if (words === SEGMENT) return SEGMENT;
  if (most === 1) return least === 0 ? capped([...EMPTY, ...words]) : words;
  return plainDot && most === Number.POSITIVE_INFINITY ? ANYTHING : repeat(words, least, most);
}

function repeat(words: readonly Word[], least: number, most: number): readonly Word[] {
  let once = EMPTY;
  for (let times = 0; times < Math.min(least, 8); times++) once = concatenated(once, words);
  if (least > 8 || most > least) return concatenated(once, SOMETHING);
  return once;
}

function concatenated(heads: readonly Word[], tails: readonly Word[]): readonly Word[] {
  if (heads.length * tails.length > MAX_WORDS)
    return heads.length > MAX_WORDS / 2 ? SOMETHING : concatenated(heads, SOMETHING);
  return heads.flatMap((head) => tails.map((tail) => joined([...head, ...tail])));
}

function capped(words: readonly Word[]): readonly Word[] {
  return words.length > MAX_WORDS ? SOMETHING : words;
}

/** Merges neighbouring texts. */
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
