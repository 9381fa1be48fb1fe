import { describe, expect, test } from '@jest/globals';
import { ByteWriter, TextStore } from '../../src/engine/text-store.js';

const out = new ByteWriter();
function read(store: TextStore, index: number): string {
  store.put(index, out);
  return out.take().toString();
}

describe('texts outside the heap', () => {
  test('come back as they were, whatever they hold and however long they are', () => {
    const texts = [
      '',
      'plain',
      'Zoë €',
      '😀',
      '\u0000\u007f"\\\n',
      'x'.repeat(70_000),
      'é'.repeat(5_000_000),
      'y'.repeat(64 * 1024),
      '',
      'last',
    ];
    const store = new TextStore();
    expect(texts.map((text) => store.add(text))).toEqual(texts.map((_, index) => index));
    for (const [index, text] of texts.entries()) expect(read(store, index) === text).toBe(true);
  });

  test('come back when there are very many', () => {
    const store = new TextStore();
    const textOf = (n: number) => `${n} ${n % 3 === 0 ? 'é' : 'e'}`.repeat((n % 50) + 1);
    for (let n = 0; n < 20_000; n += 1) store.add(textOf(n));
    const wrong = Array.from({ length: 20_000 }, (_, n) => n).filter((n) => read(store, n) !== textOf(n));
    expect(wrong).toEqual([]);
  });

  test('come together in blocks, in their order', () => {
    for (const length of [0, 1, 60_000, 5_000_000]) {
      const texts = ['é', 'a'.repeat(length), 'b'.repeat(length), 'end'];
      const store = new TextStore();
      for (const text of texts) store.add(text);
      expect([...store.blocks()].join('') === texts.join('')).toBe(true);
    }
    expect([...new TextStore().blocks()]).toEqual([]);
  });

  test('share blocks of some 32 KiB, none of which is longer than what it holds', () => {
    const store = new TextStore();
    for (let n = 0; n < 1000; n += 1) store.add('x'.repeat(1000));
    const sizes = store.blocks().map(({ length }) => length);
    expect(sizes).toEqual([...Array(30).fill(33_000), 10_000]);
    expect(store.blocks().map(({ buffer }) => buffer.byteLength)).toEqual(sizes);
  });

  test('are written one after the other, whatever their number and length', () => {
    const store = new TextStore();
    const texts = ['Zoë €', 'x'.repeat(200_000), '', 'é'.repeat(100_000)];
    for (const text of texts) store.add(text);
    const all = [...texts.keys(), ...texts.keys()];
    for (const index of all) {
      store.put(index, out);
      out.write('😀');
    }
    const expected = all.map((index) => `${texts[index]}😀`).join('');
    expect(out.length).toBe(Buffer.byteLength(expected));
    expect(out.take().toString() === expected).toBe(true);
    expect(out.take()).toHaveLength(0);
  });
});
