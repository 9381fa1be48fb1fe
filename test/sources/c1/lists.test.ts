import { expect, test } from '@jest/globals';
import { type Page, paginate } from '../../../src/sources/c1/lists.js';
import { idOf } from '../../../src/sources/record.js';

/** A server of a few pages: token → ids and the next token. */
type Pages = Readonly<Record<string, readonly [ids: readonly string[], next: string]>>;

async function read(pages: Pages, limit = 10) {
  const asked: string[] = [];
  const seen: string[] = [];
  const steps = paginate(
    async (token): Promise<Page> => {
      asked.push(token);
      const [ids, nextPageToken] = pages[token] ?? [[], ''];
      return { records: ids.map((id) => (id === '' ? {} : { id })), nextPageToken };
    },
    idOf,
    limit,
    'GET /things',
  );
  for (;;) {
    const step = await steps.next();
    if (step.done) return { ending: step.value, seen, asked };
    for (const record of step.value.records) seen.push(idOf(record));
  }
}

test.each<[string, Pages, string, string[]]>([
  ['one page', { '': [['a', 'b'], ''] }, 'end', ['a', 'b']],
  ['no record at all', { '': [[], ''] }, 'end', []],
  ['three pages', { '': [['a'], '1'], '1': [['b'], '2'], '2': [['c'], ''] }, 'end', ['a', 'b', 'c']],
  ['an empty page first', { '': [[], '1'], '1': [['a'], ''] }, 'end', ['a']],
  ['an empty page between', { '': [['a'], '1'], '1': [[], '2'], '2': [['b'], ''] }, 'end', ['a', 'b']],
  ['an empty page last', { '': [['a'], '1'], '1': [[], ''] }, 'end', ['a']],
  ['some ids again', { '': [['a', 'b'], '1'], '1': [['b', 'c'], ''] }, 'end', ['a', 'b', 'b', 'c']],
  ['page 1 again', { '': [['a'], '1'], '1': [['a'], '1'] }, 'repeats', ['a']],
  [
    'page 1 again, under new tokens',
    { '': [['a'], '1'], '1': [['a'], '2'], '2': [['a'], '3'] },
    'repeats',
    ['a'],
  ],
  ['the last page holds nothing new', { '': [['a', 'b'], '1'], '1': [['b'], ''] }, 'repeats', ['a', 'b']],
  ['a token that leads to itself', { '': [['a'], '1'], '1': [['b'], '1'] }, 'repeats', ['a', 'b']],
  [
    'two tokens in turn',
    { '': [['a'], '1'], '1': [['b'], '2'], '2': [['c'], '1'] },
    'repeats',
    ['a', 'b', 'c'],
  ],
  ['empty pages in turn', { '': [[], '1'], '1': [[], '2'], '2': [[], '1'] }, 'repeats', []],
  ['records without ids', { '': [[''], '1'], '1': [[''], ''] }, 'end', ['', '']],
  ['a blank page token', { '': [['a'], ' '], ' ': [['b'], ''] }, 'end', ['a', 'b']],
])('%s', async (_, pages, ending, ids) => {
  const result = await read(pages);
  expect(result.ending).toBe(ending);
  expect(result.seen).toEqual(ids);
  expect(new Set(result.asked).size).toBe(result.asked.length);
});

test('gives a list up at the limit, and not before it', async () => {
  const pages: Pages = { '': [['a'], '1'], '1': [['b'], '2'], '2': [['c'], ''] };
  expect((await read(pages, 3)).ending).toBe('end');
  await expect(read(pages, 2)).rejects.toThrow('GET /things did not end within 2 pages.');
});
