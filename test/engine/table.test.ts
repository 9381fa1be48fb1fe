import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { FINGERPRINT_TELLS, Table } from '../../src/engine/table.js';

const AT_MOST = { maxLength: 40 };
const anyKey = fc.string({ maxLength: 3 });
/** Many begin alike, as no hash would. */
const fingerprint = fc
  .tuple(fc.constantFrom('0', 'a', 'ab', 'abcde', 'ffffffff', ''), fc.stringMatching(/^[0-9a-f]{4}$/))
  .map(([start, end]) => start.padEnd(60, '0') + end);
const entriesOf = (key: fc.Arbitrary<string>) => fc.array(fc.tuple(key, fc.nat()), AT_MOST);

function sortedEntries(map: ReadonlyMap<string, number | undefined>): [string, number][] {
  const there = [...map].filter((entry): entry is [string, number] => entry[1] !== undefined);
  return there.sort(([a], [b]) => (a < b ? -1 : 1));
}

/** That a table holds these entries, however it is asked. */
function expectAll(table: Table<number>, expected: readonly [string, number][]): void {
  expect([...table]).toEqual(expected);
  expect([...table.keys()]).toEqual(expected.map(([key]) => key));
  expect([...table.values()]).toEqual(expected.map(([, value]) => value));
  expect(table.size).toBe(expected.length);
  for (const places of [[...expected.keys()], [...expected.keys()].reverse()])
    expect(places.map((at) => table.find((expected[at] as [string, number])[0]))).toEqual(places);
  for (const from of [0, expected.length >> 1])
    if (from < expected.length)
      expect(JSON.parse(`{${table.bytes(from, expected.length)}}`)).toEqual(
        Object.fromEntries(expected.slice(from)),
      );
  const lengths = [...expected.keys()].map((at) => table.length(at));
  expect(lengths).toEqual([...expected.keys()].map((at) => table.bytes(at, at + 1).length));
}

describe.each([
  ['any keys', anyKey, undefined],
  ['fingerprints', fingerprint, FINGERPRINT_TELLS],
])('a table of %s', (_, key, telling) => {
  test('is like a map in the order of its keys, and stays so when it is edited twice', () => {
    const change = fc.array(fc.tuple(key, fc.option(fc.nat(), { nil: undefined })), AT_MOST);
    fc.assert(
      fc.property(entriesOf(key), change, change, (entries, first, second) => {
        const table = Table.of(entries, telling);
        const map = new Map<string, number | undefined>(entries);
        expectAll(table, sortedEntries(map));
        let edited = table;
        for (const changes of [first, second]) {
          for (const [changed, value] of changes) map.set(changed, value);
          edited = edited.edited(new Map(changes));
          expectAll(edited, sortedEntries(map));
          for (const [changed] of changes) expect(edited.get(changed)).toBe(map.get(changed));
        }
        expectAll(table, sortedEntries(new Map(entries)));
      }),
      { numRuns: 50 },
    );
  });
});

test('a text is JSON already', () => {
  const table = Table.of([
    ['b "', '[1]'],
    ['a', '{"x":2}'],
  ]);
  expect(String(table.bytes(0, 2))).toBe('"a":{"x":2},"b \\"":[1]');
  const edited = Table.of().edited(new Map([['c', 'null']]));
  expect(String(edited.bytes(0, 1))).toBe('"c":null');
});
