/** Bytes of a chunk: the first is small, as most tenants are. */
const FIRST = 64 * 1024;
const LARGEST = 4 * 1024 * 1024;
/** Texts are encoded together: one call for each takes longer than everything else. */
const TOGETHER = 32 * 1024;
const CHUNK_SHIFT = 2 ** 32;

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
  /** Bytes in use in all chunks but the last. */
  readonly #filled: number[] = [];
  /** Bytes in use in the last chunk. */
  #used = 0;
  /** Texts that are encoded. */
  #size = 0;
  /** Number of the chunk and place in it, as one number. */
  #places = new Float64Array(1024);
  /** In bytes. */
  #lengths = new Int32Array(1024);
  /** Texts that are not encoded yet, and how long they are together. */
  #waiting: string[] = [];
  #waitingLength = 0;

  /** @returns the text's number, from 0 */
  add(text: string): number {
    this.#waitingLength += text.length;
    const number = this.#size + this.#waiting.push(text) - 1;
    if (this.#waitingLength > TOGETHER) this.#encode();
    return number;
  }

  /** Writes a text. */
  put(index: number, out: ByteWriter): void {
    if (index >= this.#size) this.#encode();
    const place = this.#places[index] as number;
    const chunk = Math.floor(place / CHUNK_SHIFT);
    const start = place - chunk * CHUNK_SHIFT;
    out.copy(this.#chunks[chunk] as Buffer, start, start + (this.#lengths[index] as number));
  }

  /** All texts, many in one, in no particular division. */
  *blocks(): Generator<Buffer> {
    this.#encode();
    for (const [at, chunk] of this.#chunks.entries())
      yield chunk.subarray(0, at === this.#chunks.length - 1 ? this.#used : this.#filled[at]);
  }

  #encode(): void {
    if (this.#waiting.length === 0) return;
    const together = this.#waiting.join('');
    const bytes = Buffer.byteLength(together);
    const isAscii = bytes === together.length;
    this.#reserve(bytes).write(together, this.#used, isAscii ? 'latin1' : 'utf8');
    const chunk = (this.#chunks.length - 1) * CHUNK_SHIFT;
    if (this.#size + this.#waiting.length > this.#places.length)
      this.#grow(this.#size + this.#waiting.length);
    for (const text of this.#waiting) {
      const length = isAscii ? text.length : Buffer.byteLength(text);
      this.#places[this.#size] = chunk + this.#used;
      this.#lengths[this.#size] = length;
      this.#used += length;
      this.#size += 1;
    }
    this.#waiting = [];
    this.#waitingLength = 0;
  }

  /** The chunk with that much room. */
  #reserve(room: number): Buffer {
    const last = this.#chunks.at(-1);
    if (last && last.length - this.#used >= room) return last;
    const chunk = Buffer.allocUnsafeSlow(Math.max(room, Math.min(LARGEST, FIRST * 2 ** this.#chunks.length)));
    if (last) this.#filled.push(this.#used);
    this.#chunks.push(chunk);
    this.#used = 0;
    return chunk;
  }

  #grow(atLeast: number): void {
    const size = Math.max(atLeast, this.#places.length * 2);
    const places = new Float64Array(size);
    places.set(this.#places);
    this.#places = places;
    const lengths = new Int32Array(size);
    lengths.set(this.#lengths);
    this.#lengths = lengths;
  }
}
