import { quote } from './records.js';
import { compareText } from './report.js';

/** Entries in the order of their keys, from number 0. */
export interface Rows<T> {
  readonly size: number;
  key(at: number): string;
  value(at: number): T;
  /** Consecutive entries as JSON: their keys, and their values as JSON or, if they are texts, as they are. */
  text(from: number, to: number): string;
}

/**
 * A table of a state: like a map, but in the order of its keys, and with a number for each entry. A map of hundreds of
 * thousands of texts takes longer to fill and to ask than everything else that an audit does with a state.
 */
export class Table<T> {
  readonly #rows: Rows<T>;
  readonly #ofFingerprints: boolean;
  /** Enough of them to tell nearly all fingerprints apart. */
  readonly #digits: number;
  /** For each beginning of a fingerprint the first entry that has it or a later one. */
  #starts: Uint32Array | undefined;
  /** The entry after the one that was found last. */
  #next = 0;

  /** @param ofFingerprints  true if all keys are fingerprints: they are spread evenly */
  constructor(rows: Rows<T>, ofFingerprints = false) {
    this.#rows = rows;
    this.#ofFingerprints = ofFingerprints;
    this.#digits = Math.ceil(Math.log(2 * rows.size + 1) / Math.log(16));
  }

  /** A table of these entries, in any order; of those with one key, the last. */
  static of<T>(entries: Iterable<readonly [string, T]> = [], ofFingerprints = false): Table<T> {
    let list = [...entries];
    if (list.some(([key], at) => at > 0 && key <= (list[at - 1] as (typeof list)[0])[0]))
      list = [...new Map(list)].sort(([a], [b]) => compareText(a, b));
    const entry = (at: number) => list[at] as (typeof list)[0];
    return new Table(
      {
        size: list.length,
        key: (at) => entry(at)[0],
        value: (at) => entry(at)[1],
        text: (from, to) => list.slice(from, to).map(entryText).join(),
      },
      ofFingerprints,
    );
  }

  get size(): number {
    return this.#rows.size;
  }

  key(at: number): string {
    return this.#rows.key(at);
  }

  value(at: number): T {
    return this.#rows.value(at);
  }

  text(from: number, to: number): string {
    return this.#rows.text(from, to);
  }

  /** The number of the entry with this key; below 0: there is none. Quickest for keys in order, and for fingerprints. */
  find(key: string): number {
    const isNext = !this.#ofFingerprints && this.#next < this.size && this.key(this.#next) === key;
    const at = isNext ? this.#next : this.#search(key);
    if (at >= 0) this.#next = at + 1;
    return at;
  }

  get(key: string): T | undefined {
    const at = this.find(key);
    return at < 0 ? undefined : this.value(at);
  }

  *keys(): Generator<string> {
    for (let at = 0; at < this.size; at += 1) yield this.key(at);
  }

  *values(): Generator<T> {
    for (let at = 0; at < this.size; at += 1) yield this.value(at);
  }

  *[Symbol.iterator](): Generator<[string, T]> {
    for (let at = 0; at < this.size; at += 1) yield [this.key(at), this.value(at)];
  }

  /** The same with other entries, or without those that are undefined. */
  edited(changes: ReadonlyMap<string, T | undefined>): Table<T> {
    if (changes.size === 0) return this;
    const sorted = [...changes].sort(([a], [b]) => compareText(a, b));
    /** Numbers of entries; below 0: of changes. */
    const order: number[] = [];
    let next = 0;
    for (const [change, [key, value]] of sorted.entries()) {
      const found = this.#search(key);
      const place = found < 0 ? ~found : found;
      while (next < place) order.push(next++);
      if (found >= 0) next += 1;
      if (value !== undefined) order.push(~change);
    }
    while (next < this.size) order.push(next++);
    const changed = (number: number) => sorted[~number] as [string, T];
    const numberAt = (at: number) => order[at] as number;
    /** The first place after `from` that does not continue the entries of this table. */
    const endOfRun = (from: number, to: number) => {
      let end = from + 1;
      while (end < to && numberAt(from) >= 0 && order[end] === numberAt(end - 1) + 1) end += 1;
      return end;
    };
    const text = (from: number, to: number) => {
      const parts: string[] = [];
      for (let at = from, end = at; at < to; at = end) {
        end = endOfRun(at, to);
        const number = numberAt(at);
        parts.push(number < 0 ? entryText(changed(number)) : this.text(number, numberAt(end - 1) + 1));
      }
      return parts.join();
    };
    return new Table(
      {
        size: order.length,
        key: (at) => (numberAt(at) < 0 ? changed(numberAt(at))[0] : this.key(numberAt(at))),
        value: (at) => (numberAt(at) < 0 ? changed(numberAt(at))[1] : this.value(numberAt(at))),
        text,
      },
      this.#ofFingerprints,
    );
  }

  /** The number of the entry with this key; below 0: of the place where it would be, less than nothing (`~`). */
  #search(key: string): number {
    let low = 0;
    let high = this.size;
    if (this.#ofFingerprints) {
      this.#starts ??= this.#index();
      const beginning = this.#beginning(key);
      low = this.#starts[beginning] ?? low;
      high = this.#starts[beginning + 1] ?? high;
    }
    while (low < high) {
      const middle = (low + high) >> 1;
      const found = this.key(middle);
      if (found === key) return middle;
      if (found < key) low = middle + 1;
      else high = middle;
    }
    return ~low;
  }

  #index(): Uint32Array {
    const starts = new Uint32Array(16 ** this.#digits + 1).fill(this.size);
    let filled = 0;
    for (let at = 0; at < this.size; at += 1)
      for (const beginning = this.#beginning(this.key(at)); filled <= beginning; filled += 1)
        starts[filled] = at;
    return starts;
  }

  #beginning(fingerprint: string): number {
    return Number.parseInt(fingerprint.slice(0, this.#digits), 16);
  }
}

function entryText([key, value]: readonly [string, unknown]): string {
  return `${quote(key)}:${typeof value === 'string' ? value : JSON.stringify(value)}`;
}
