import { Numbers } from './numbers.js';
import { quote } from './records.js';
import { compareText } from './report.js';

/** Entries in the order of their keys, from number 0. */
export interface Rows<T> {
  readonly size: number;
  key(at: number): string;
  value(at: number): T;
  /** Whether this is an entry's key. */
  isKey(at: number, key: string): boolean;
  /**
   * The value of a finding but for its credential's id: one object for all that differ only in that. undefined: it is on
   * another credential than this, or is not known that well.
   */
  alike?(at: number, credentialId?: string): T | undefined;
  /**
   * Where a part of an entry's value that is JSON ends, in bytes, if it is this text; below 0: it is not, or is not known.
   *
   * @param from  where it begins; below 0: from the end of the value
   */
  after?(at: number, from: number, text: string): number;
  /** Of an entry's JSON, in bytes. */
  length(at: number): number;
  /** Consecutive entries as JSON: their keys, and their values as JSON or, if they are texts, as they are. */
  bytes(from: number, to: number): Buffer;
}

/**
 * A table of a state: like a map, but in the order of its keys, and with a number for each entry. A map of hundreds of
 * thousands of texts takes longer to fill and to ask than everything else that an audit does with a state.
 */
export class Table<T> {
  readonly #rows: Rows<T>;
  /** How many characters at the beginning of a key tell nearly all apart. */
  readonly #telling: number;
  /** Of each key, until it has a slot. */
  #hashes: Numbers | undefined;
  /** Hashes, and the numbers of their entries from 1; one that finds its slot taken is in the next that is free. */
  #slots: Int32Array | undefined;
  /** The entry after the one that was found last. */
  #next = 0;

  /** @param hashes  of the keys; absent: worked out when they are needed */
  constructor(rows: Rows<T>, telling = ALL, hashes?: Numbers) {
    this.#rows = rows;
    this.#telling = telling;
    this.#hashes = hashes;
  }

  /** A table of these entries, in any order; of those with one key, the last. */
  static of<T>(entries: Iterable<readonly [string, T]> = [], telling = ALL): Table<T> {
    let list = [...entries];
    if (list.some(([key], at) => at > 0 && key <= (list[at - 1] as (typeof list)[0])[0]))
      list = [...new Map(list)].sort(([a], [b]) => compareText(a, b));
    const entry = (at: number) => list[at] as (typeof list)[0];
    return new Table(
      {
        size: list.length,
        key: (at) => entry(at)[0],
        value: (at) => entry(at)[1],
        isKey: (at, key) => entry(at)[0] === key,
        alike: (at, id) => {
          const [, value] = entry(at);
          const { credentialId } = value as { readonly credentialId?: string };
          return credentialId === (id ?? credentialId) ? value : undefined;
        },
        length: (at) => Buffer.byteLength(entryText(entry(at))),
        bytes: (from, to) => Buffer.from(list.slice(from, to).map(entryText).join()),
      },
      telling,
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

  alike(at: number, credentialId?: string): T | undefined {
    return this.#rows.alike?.(at, credentialId);
  }

  length(at: number): number {
    return this.#rows.length(at);
  }

  after(at: number, from: number, text: string): number {
    return this.#rows.after?.(at, from, text) ?? -1;
  }

  bytes(from: number, to: number): Buffer {
    return this.#rows.bytes(from, to);
  }

  /** The number of the entry with this key; below 0: there is none. Quickest for keys in order. */
  find(key: string): number {
    const isNext = this.#telling === ALL && this.#next < this.size && this.#rows.isKey(this.#next, key);
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
      const place = this.place(key, next);
      while (next < place) order.push(next++);
      if (next < this.size && this.#rows.isKey(next, key)) next += 1;
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
    const bytes = (from: number, to: number) => {
      const parts: Buffer[] = [];
      for (let at = from, end = at; at < to; at = end) {
        end = endOfRun(at, to);
        const number = numberAt(at);
        if (at > from) parts.push(COMMA);
        parts.push(
          number < 0 ? Buffer.from(entryText(changed(number))) : this.bytes(number, numberAt(end - 1) + 1),
        );
      }
      return parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts);
    };
    const key = (at: number) => (numberAt(at) < 0 ? changed(numberAt(at))[0] : this.key(numberAt(at)));
    return new Table(
      {
        size: order.length,
        key,
        value: (at) => (numberAt(at) < 0 ? changed(numberAt(at))[1] : this.value(numberAt(at))),
        isKey: (at, sought) => key(at) === sought,
        alike: (at, id) => (numberAt(at) < 0 ? undefined : this.alike(numberAt(at), id)),
        length: (at) =>
          numberAt(at) < 0 ? Buffer.byteLength(entryText(changed(numberAt(at)))) : this.length(numberAt(at)),
        bytes,
      },
      this.#telling,
    );
  }

  /** The number of the first entry that has this key or a later one, from `low` on. */
  place(key: string, low = 0): number {
    let high = this.size;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.key(middle) < key) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #search(key: string): number {
    if (this.size === 0) return -1;
    const slots = this.#slotsOf();
    const hash = keyHash(key, this.#telling);
    for (let slot = firstSlot(slots, hash); ; slot = nextSlot(slots, slot)) {
      const at = (slots[slot + 1] as number) - 1;
      if (at < 0 || (slots[slot] === hash && this.#rows.isKey(at, key))) return at;
    }
  }

  #slotsOf(): Int32Array {
    if (!this.#slots) {
      const hashes = () => Numbers.of([...this.keys()].map((key) => keyHash(key, this.#telling)));
      this.#slots = slotsFor(this.#hashes ?? hashes());
      this.#hashes = undefined;
    }
    return this.#slots;
  }
}

const ALL = Number.POSITIVE_INFINITY;
/** Of fingerprints: they are spread evenly. */
export const FINGERPRINT_TELLS = 12;
const COMMA = Buffer.from(',');

/** @param telling  only so many characters at its beginning count */
export function keyHash(key: string, telling = ALL): number {
  const length = Math.min(key.length, telling);
  let hash = 0;
  for (let at = 0; at < length; at += 1) hash = ((hash << 5) - hash + key.charCodeAt(at)) | 0;
  return mixed(hash);
}

/** The same of a key in bytes, each a character. */
export function bytesHash(bytes: Uint8Array, from: number, to: number): number {
  let hash = 0;
  for (let at = from; at < to; at += 1) hash = ((hash << 5) - hash + (bytes[at] as number)) | 0;
  return mixed(hash);
}

/** The lower bits choose the slot. */
function mixed(hash: number): number {
  const spread = Math.imul(hash, 0x9e3779b1);
  return spread ^ (spread >>> 15);
}

/** At least half of them free. */
function slotsFor(hashes: Numbers): Int32Array {
  const slots = new Int32Array(2 * 2 ** Math.ceil(Math.log2(2 * hashes.length)));
  for (let at = 0; at < hashes.length; at += 1) {
    const hash = hashes.at(at);
    let slot = firstSlot(slots, hash);
    while (slots[slot + 1] !== 0) slot = nextSlot(slots, slot);
    slots[slot] = hash;
    slots[slot + 1] = at + 1;
  }
  return slots;
}

function firstSlot(slots: Int32Array, hash: number): number {
  return (2 * hash) & (slots.length - 1);
}

function nextSlot(slots: Int32Array, slot: number): number {
  return (slot + 2) & (slots.length - 1);
}

function entryText([key, value]: readonly [string, unknown]): string {
  return `${quote(key)}:${typeof value === 'string' ? value : JSON.stringify(value)}`;
}
