import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { flawsOf } from '../../src/check.js';
import { readStateText, stateText } from '../../src/delivery/state-text.js';
import { STATE, type State, stateOf } from '../../src/engine/state.js';
import { Table } from '../../src/engine/table.js';

const AT = '2026-11-01T06:00:00.000Z';
const print = (digit: string) => digit.repeat(64);
const MEMORY = {
  rule: 'unused',
  kind: 'personal-client',
  credentialId: 'pc-1',
  firstSeen: AT,
  severity: 'medium',
} as const;
const SEEN = { waived: false, toldAt: null, milestones: null, seenIn: 'tenant' } as const;

const FILED: Parameters<typeof stateOf>[0] = {
  version: 1,
  tenant: 'acme.conductor.one',
  savedAt: '2026-11-23T06:00:00.000Z',
  seen: { 'personal-client': ['tenant', 'mine:user-1'] },
  findings: {
    [print('0')]: { ...MEMORY, ...SEEN },
    [print('1')]: { ...MEMORY, ...SEEN, credentialId: 'a "quote", \\ {brace} é' },
    [print('2')]: {
      ...MEMORY,
      waived: true,
      messages: [{ channel: 'C0123456', ts: '1700000000.000100' }],
      toldAt: AT,
      milestones: { expiresAt: AT, told: [30, 14] },
      seenIn: 'mine:user-1',
    },
  },
  resolved: { [print('e')]: { ...MEMORY, resolvedAt: AT } },
  credentials: {
    'federation-trust|a@acme.conductor.one/wfe': { roles: null, network: null, seenIn: 'file' },
    'function|a "quote" \\': { roles: [], network: 'any', seenIn: 'tenant' },
    'personal-client|pc-1': {
      roles: ['0123456789abcdef', 'f'],
      grants: ['', 'a'],
      network: ['62.176.0.0/16', '::/0'],
      idle: { since: AT, at: AT },
      seenIn: 'tenant',
      goneSince: AT,
    },
  },
  grants: { a: ['00000001'] },
  slack: { postedAt: AT, digestAt: null },
};
const TEXT = `${JSON.stringify(FILED)}\n`;
const EMPTY = { ...FILED, findings: {}, resolved: {}, credentials: {} };

/** All of a state. */
function said(state: State | undefined) {
  return state && { ...state, findings: [...state.findings], credentials: [...state.credentials] };
}

/** What a text says, however it is read. undefined: it cannot be trusted. */
function plainly(text: string): State | undefined {
  try {
    const { seal, ...described } = JSON.parse(text) as typeof FILED & { readonly seal?: unknown };
    return flawsOf(STATE, described).length > 0 ? undefined : stateOf(described);
  } catch {
    return undefined;
  }
}

test.each([
  ['a state', FILED],
  ['an empty one', EMPTY],
])('%s is written as JSON would be, and read', (_, filed) => {
  const text = `${JSON.stringify(filed)}\n`;
  expect(`${[...stateText(stateOf(filed))].join('')}}\n`).toBe(text);
  expect(said(readStateText(text)?.state)).toEqual(said(stateOf(filed)));
});

test('many entries are written in parts', () => {
  const findings = Table.of(
    Array.from({ length: 3000 }, (_, n) => [String(n).padStart(64, '0'), { ...MEMORY, ...SEEN }] as const),
  );
  const parts = [...stateText({ ...stateOf(FILED), findings })];
  expect(Math.max(...parts.map(({ length }) => length))).toBeLessThan(400_000);
  expect([...(readStateText(`${parts.join('')}}\n`)?.state.findings ?? [])]).toEqual([...findings]);
});

test('what a later program adds to an entry is kept', () => {
  const findings = { [print('0')]: { ...MEMORY, ...SEEN, later: { x: 1 } } };
  const text = `${JSON.stringify({ ...FILED, findings, later: [1] })}\n`;
  expect(`${[...stateText(readStateText(text)?.state as State)].join('')}}\n`).toBe(text);
});

test('a seal is of all before it', () => {
  const read = readStateText(`${JSON.stringify({ ...FILED, seal: 'abc' })}\n`);
  expect(read).toMatchObject({ seal: 'abc' });
  expect(read?.content()).toBe(JSON.stringify(FILED));
  expect(said(read?.state)).toEqual(said(stateOf(FILED)));
});

describe('is left to the whole check', () => {
  const swapped = (from: string, to: string) => {
    expect(TEXT).toContain(from);
    return TEXT.replace(from, to);
  };
  test.each<[string, string]>([
    ['nothing', ''],
    ['no state', '{}\n'],
    ['spaces', `${JSON.stringify(FILED, null, 1)}\n`],
    ['an end that is cut off', TEXT.slice(0, -3)],
    ['another order', `${JSON.stringify(Object.fromEntries(Object.entries(FILED).reverse()))}\n`],
    ['a table that is there twice', swapped(',"slack"', ',"findings":{},"slack"')],
    ['a comma too many', swapped('}},"resolved"', '},},"resolved"')],
    ['a comma too few', swapped(`},"${print('1')}`, `}"${print('1')}`)],
    ['a fingerprint that is too short', swapped(print('1'), '1')],
    ['a rule that is no text', swapped('"rule":"unused"', '"rule":1')],
    ['a severity that does not exist', swapped('"medium"', '"grave"')],
    ['a time that does not exist', swapped(AT, '2026-13-01T06:00:00.000Z')],
    ['a time of idleness that does not exist', swapped(`"since":"${AT}"`, '"since":"2026-02-30T06:00:00Z"')],
    ['a time of disappearance that does not exist', swapped(`"goneSince":"${AT}"`, '"goneSince":"x"')],
    ['a kind that does not exist', swapped('"function|', '"robot|')],
    ['an escape that does not exist', swapped('a \\"quote\\", ', 'a \\q ')],
    ['an escape that does not exist in a key', swapped('"function|a \\"', '"function|a \\q\\"')],
    ['an escape that does not exist in a role', swapped('"0123456789abcdef"', '"\\q"')],
    ['a control character in an id', swapped('pc-1', 'p\u0001')],
    ['networks that are no list', swapped('"network":"any"', '"network":"all"')],
    ['a version that is not known', swapped('"version":1', '"version":2')],
  ])('%s', (_, text) => {
    expect(readStateText(text)).toBeUndefined();
  });
});

test('whatever the text, it is read as JSON and the check of all would, or left to them', () => {
  const part = fc.constantFrom(
    '"',
    '}',
    '{',
    ',',
    ':',
    '\\',
    '[',
    ']',
    '}}',
    '},"',
    'null',
    '1',
    'x',
    '\n',
    '"a":{},',
  );
  const edit = fc.tuple(fc.nat(TEXT.length), fc.nat(3), part);
  const text = fc
    .array(edit, { maxLength: 3 })
    .map((edits) =>
      edits.reduce(
        (before, [at, length, put]) => before.slice(0, at) + put + before.slice(at + length),
        TEXT,
      ),
    );
  fc.assert(
    fc.property(text, (edited) => {
      const read = readStateText(edited);
      if (read) expect(said(read.state)).toEqual(said(plainly(edited)));
    }),
    { numRuns: 500 },
  );
});
