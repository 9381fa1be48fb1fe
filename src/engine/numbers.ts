/** A chunk has this many numbers. */
const CHUNK = 4096;
const SHIFT = Math.log2(CHUNK);

/** Whole numbers of 32 bits, as many as come. A list in one piece would be copied again and again as it grows. */
export class Numbers {
  readonly #chunks: Int32Array[] = [];
  #last = new Int32Array(0);
  #length = 0;

  static of(list: readonly number[]): Numbers {
    const numbers = new Numbers();
    for (const number of list) numbers.push(number);
    return numbers;
  }

  get length(): number {
    return this.#length;
  }

  push(number: number): void {
    const at = this.#length & (CHUNK - 1);
    if (at === 0) {
      this.#last = new Int32Array(CHUNK);
      this.#chunks.push(this.#last);
    }
    this.#last[at] = number;
    this.#length += 1;
  }

  *[Symbol.iterator](): Generator<number> {
    for (let index = 0; index < this.#length; index += 1) yield this.at(index);
  }

  at(index: number): number {
    return (this.#chunks[index >> SHIFT] as Int32Array)[index & (CHUNK - 1)] as number;
  }
}

/** The same for whatever else comes. */
export class List<T> {
  readonly #chunks: T[][] = [];
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(item: T): void {
    if (this.#length % CHUNK === 0) this.#chunks.push([]);
    this.#chunks.at(-1)?.push(item);
    this.#length += 1;
  }

  *[Symbol.iterator](): Generator<T> {
    for (const chunk of this.#chunks) yield* chunk;
  }

  at(index: number): T | undefined {
    return this.#chunks[index >> SHIFT]?.[index & (CHUNK - 1)];
  }
}
