import { isAscii } from 'node:buffer';
import { Numbers } from './numbers.js';

/** Texts are encoded together: one call for each takes longer than everything else. */
const TOGETHER = 32 * 1024;
/** Bytes that a writer has room for at first. */
const FIRST = 64 * 1024;

/** JSON in the making: bytes that are written one after the other, into the same memory again and again. */
export class ByteWriter {
  #bytes = Buffer.allocUnsafeSlow(FIRST);
  #length = 0;

  /** In bytes. */
  get length(): number {
    return this.#length;
  }

  write(text: string): void {
    // A UTF-16 unit has at most three bytes.
    this.#reserve(text.length * 3);
    this.#length += this.#bytes.write(text, this.#length);
  }

  copy(from: Buffer, start = 0, end = from.length): void {
    this.#reserve(end - start);
    this.#length += from.copy(this.#bytes, this.#length, start, end);
  }

  #reserve(room: number): void {
    const needed = this.#length + room;
    if (needed <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.#bytes.length * 2));
    this.#bytes.copy(larger, 0, 0, this.#length);
    this.#bytes = larger;
  }

  /** What was written since the last time; valid until more is written. */
  take(): Buffer {
    const taken = this.#bytes.subarray(0, this.#length);
    this.#length = 0;
    return taken;
  }
}

/**
 * Texts by number, kept as bytes outside the heap. A large tenant's report would fill the heap, and the garbage collector
 * would look at all of it again and again.
 */
export class TextStore {
  readonly #chunks: Buffer[] = [];
  /** Of each text that is encoded: the number of its chunk, and where it ends there. */
  readonly #places = new Numbers();
  readonly #ends = new Numbers();
  /** Texts that are not encoded yet, and how long they are together. */
  #waiting: string[] = [];
  #waitingLength = 0;

  /** @returns the text's number, from 0 */
  add(text: string): number {
    this.#waitingLength += text.length;
    const number = this.#ends.length + this.#waiting.push(text) - 1;
    if (this.#waitingLength > TOGETHER) this.#encode();
    return number;
  }

  /** Writes a text. */
  put(index: number, out: ByteWriter): void {
    if (index >= this.#ends.length) this.#encode();
    const place = this.#places.at(index);
    const isFirst = index === 0 || this.#places.at(index - 1) !== place;
    out.copy(this.#chunks[place] as Buffer, isFirst ? 0 : this.#ends.at(index - 1), this.#ends.at(index));
  }

  /** All texts, many in one. */
  blocks(): readonly Buffer[] {
    this.#encode();
    return this.#chunks;
  }

  #encode(): void {
    if (this.#waiting.length === 0) return;
    const together = this.#waiting.join('');
    const chunk = Buffer.allocUnsafeSlow(Buffer.byteLength(together));
    const isAscii = chunk.length === together.length;
    chunk.write(together, isAscii ? 'latin1' : 'utf8');
    let end = 0;
    for (const text of this.#waiting) {
      end += isAscii ? text.length : Buffer.byteLength(text);
      this.#places.push(this.#chunks.length);
      this.#ends.push(end);
    }
    this.#chunks.push(chunk);
    this.#waiting = [];
    this.#waitingLength = 0;
  }
}

/** ASCII is copied many times as fast as UTF-8 is decoded. */
export function textOf(bytes: Buffer): string {
  return bytes.toString(isAscii(bytes) ? 'latin1' : 'utf8');
}
