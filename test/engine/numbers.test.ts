import { describe, expect, test } from '@jest/globals';
import { List, Numbers } from '../../src/engine/numbers.js';

describe('numbers', () => {
  test.each([0, 1, 4095, 4096, 4097, 10_000])('of which there are %d are kept in their order', (size) => {
    const list = Array.from({ length: size }, (_, at) => (at % 2 === 0 ? at * 1000 : -at));
    const numbers = Numbers.of(list);
    expect(numbers.length).toBe(size);
    expect([...numbers]).toEqual(list);
    expect(list.map((_, at) => numbers.at(at))).toEqual(list);
  });

  test('have 32 bits', () => {
    const ends = [2 ** 31 - 1, -(2 ** 31)];
    expect([...Numbers.of(ends)]).toEqual(ends);
  });
});

test.each([0, 1, 4096, 4097, 10_000])('a list of %d keeps its order', (size) => {
  const items = Array.from({ length: size }, (_, at) => `${at}`);
  const list = new List<string>();
  for (const item of items) list.push(item);
  expect(list.length).toBe(size);
  expect([...list]).toEqual(items);
  expect(items.map((_, at) => list.at(at))).toEqual(items);
  expect([list.at(-1), list.at(size)]).toEqual([undefined, undefined]);
});
