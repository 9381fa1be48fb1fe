import { describe, expect, test } from '@jest/globals';
import { TextStore } from '../../src/engine/text-store.js';

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
    for (const [index, text] of texts.entries()) expect(store.get(index) === text).toBe(true);
  });

  test('come back when there are very many', () => {
    const store = new TextStore();
    const textOf = (n: number) => `${n} ${n % 3 === 0 ? 'é' : 'e'}`.repeat((n % 50) + 1);
    for (let n = 0; n < 20_000; n += 1) store.add(textOf(n));
    const wrong = Array.from({ length: 20_000 }, (_, n) => n).filter((n) => store.get(n) !== textOf(n));
    expect(wrong).toEqual([]);
  });
});
