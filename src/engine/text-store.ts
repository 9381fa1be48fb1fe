/** Bytes of a chunk: the first is small, as most tenants are. */
const FIRST = 64 * 1024;
const LARGEST = 4 * 1024 * 1024;
/** UTF-8 needs at most three bytes for a UTF-16 code unit. */
const WIDEST = 3;
const CHUNK_SHIFT = 2 ** 32;

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
  #size = 0;
  /** Number of the chunk and place in it, as one number. */
  #places = new Float64Array(1024);
  /** Bytes; negative for text beyond ASCII. */
  #lengths = new Int32Array(1024);

  /** @returns the text's number, from 0 */
  add(text: string): number {
    const chunk = this.#chunkFor(text.length * WIDEST);
    const bytes = chunk.write(text, this.#used);
    if (this.#size === this.#places.length) this.#grow();
    this.#places[this.#size] = (this.#chunks.length - 1) * CHUNK_SHIFT + this.#used;
    this.#lengths[this.#size] = bytes === text.length ? bytes : -bytes;
    this.#used += bytes;
    this.#size += 1;
    return this.#size - 1;
  }

  get(index: number): string {
    const place = this.#places[index] ?? 0;
    const length = this.#lengths[index] ?? 0;
    const chunk = this.#chunks[Math.floor(place / CHUNK_SHIFT)];
    const start = place % CHUNK_SHIFT;
    // ASCII is copied, UTF-8 has to be decoded.
    return length < 0
      ? (chunk?.toString('utf8', start, start - length) ?? '')
      : (chunk?.toString('latin1', start, start + length) ?? '');
  }

  /** All texts, many in one, in no particular division. */
  *blocks(): Generator<string> {
    for (const [at, chunk] of this.#chunks.entries())
      yield chunk.toString('utf8', 0, at === this.#chunks.length - 1 ? this.#used : this.#filled[at]);
  }

  #chunkFor(room: number): Buffer {
    const last = this.#chunks.at(-1);
    if (last && last.length - this.#used >= room) return last;
    const chunk = Buffer.allocUnsafeSlow(Math.max(room, Math.min(LARGEST, FIRST * 2 ** this.#chunks.length)));
    if (last) this.#filled.push(this.#used);
    this.#chunks.push(chunk);
    this.#used = 0;
    return chunk;
  }

  #grow(): void {
    const places = new Float64Array(this.#size * 2);
    places.set(this.#places);
    this.#places = places;
    const lengths = new Int32Array(this.#size * 2);
    lengths.set(this.#lengths);
    this.#lengths = lengths;
  }
}
