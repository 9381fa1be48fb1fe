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
  expect(said(readStateText(Buffer.from(text))?.state)).toEqual(said(stateOf(filed)));
});

test('many entries are written in parts', () => {
  const findings = Table.of(
    Array.from({ length: 3000 }, (_, n) => [String(n).padStart(64, '0'), { ...MEMORY, ...SEEN }] as const),
  );
  const parts = [...stateText({ ...stateOf(FILED), findings })];
  expect(Math.max(...parts.map(({ length }) => length))).toBeLessThan(400_000);
  expect([...(readStateText(Buffer.from(`${parts.join('')}}\n`))?.state.findings ?? [])]).toEqual([
    ...findings,
  ]);
});

test('what a later program adds to an entry is kept', () => {
  const findings = { [print('0')]: { ...MEMORY, ...SEEN, later: { x: 1 } } };
  const text = `${JSON.stringify({ ...FILED, findings, later: [1] })}\n`;
  expect(`${[...stateText(readStateText(Buffer.from(text))?.state as State)].join('')}}\n`).toBe(text);
});

/** Reads one that we wrote. */
function readFiled(filed: typeof FILED): State {
  const read = readStateText(Buffer.from(`${JSON.stringify(filed)}\n`));
  if (!read) throw new Error('left to the whole check');
  return read.state;
}

describe('a key is found, and only that', () => {
  const odd = [
    'a',
    'a b',
    'a!',
    'a"',
    'a","b',
    'a\\',
    'a\\n',
    'a\n',
    'aA',
    'aé',
    'aÃ©',
    'a\ud83d\ude00',
    'a\uffff',
    'b',
  ];
  const keyOf = (id: string) => `function|${id}`;
  const memory = { roles: [], network: 'any', seenIn: 'tenant' } as const;
  const inOrder = odd.map(keyOf).sort();

  test.each(odd)('%j', (id) => {
    const all = inOrder.map((key) => [key, memory] as const);
    const { credentials } = readFiled({ ...FILED, credentials: Object.fromEntries(all) });
    expect(credentials.key(credentials.find(keyOf(id)))).toBe(keyOf(id));
    const others = all.filter(([key]) => key !== keyOf(id));
    const without = readFiled({ ...FILED, credentials: Object.fromEntries(others) }).credentials;
    expect(without.find(keyOf(id))).toBe(-1);
  });

  test.each(odd)('a finding on %j is not taken for one on another credential', (credentialId) => {
    const on = (id: string) => ({ ...MEMORY, ...SEEN, credentialId: id });
    const prints = odd.map((id, n) => [n.toString(16).padStart(64, '0'), on(id)] as const);
    const { findings } = readFiled({ ...FILED, findings: Object.fromEntries(prints) });
    const alike = odd.filter((_, at) => findings.alike(at, credentialId) !== undefined);
    expect(alike).toEqual([credentialId]);
    expect(findings.alike(0)).toEqual({ ...on(''), credentialId: '' });
  });
});

test('parts of what is remembered of a credential are compared where they are', () => {
  const { credentials } = readFiled(FILED);
  const at = credentials.find('function|a "quote" \\');
  const { length } = credentials.value(at);
  expect(credentials.after(at, 0, '{"roles":')).toBe(9);
  expect(credentials.after(at, 9, '[],"network":"any"')).toBe(27);
  expect(credentials.after(at, -10, '"tenant"}')).toBe(-1);
  expect(credentials.after(at, -9, '"tenant"}')).toBe(length);
  expect(credentials.after(at, -length, '{')).toBe(1);
  expect(credentials.after(at, -length - 1, ':')).toBe(-1);
  expect(credentials.after(at, length, ',')).toBe(-1);
});

test('many findings that tell themselves apart late are read all the same', () => {
  const told = Array.from({ length: 40 }, (_, n) => {
    const messages = [{ channel: 'C0123456', ts: `1700000000.${100_000 + n}` }];
    return [n.toString(16).padStart(64, '0'), { ...MEMORY, ...SEEN, messages, toldAt: AT }] as const;
  });
  const findings = Object.fromEntries([
    ...told,
    ...told.map(([key, value]) => [`f${key.slice(1)}`, value] as const),
  ]);
  expect(Object.fromEntries(readFiled({ ...FILED, findings }).findings)).toEqual(findings);
});

test('a seal is of all before it', () => {
  const read = readStateText(Buffer.from(`${JSON.stringify({ ...FILED, seal: 'abc' })}\n`));
  expect(read).toMatchObject({ seal: 'abc' });
  expect(read?.content().join('')).toBe(JSON.stringify(FILED));
  expect(said(read?.state)).toEqual(said(stateOf(FILED)));
});

describe('is left to the whole check', () => {
  const swapped = (from: string, to: string) => {
    expect(TEXT).toContain(from);
    return TEXT.replace(from, to);
  };
  test.each<[string, string]>([
    ['nothing', ''],
    ['an escape that we would not write', swapped('"personal-client|pc-1"', '"personal-client|\\u0070c-1"')],
    ['keys in another order', swapped('"personal-client|pc-1"', '"function|a"')],
    ['a key that is there twice', swapped(print('1'), print('0'))],
    ['a credential of its own in the rest', swapped('"waived":true', '"waived":true,"credentialId":"x"')],
    [
      'a time on the last day of a month that it has not',
      swapped(`"at":"${AT}"`, '"at":"2026-02-29T06:00:00.000Z"'),
    ],
    ['a time in a thirteenth month', swapped(`"at":"${AT}"`, '"at":"2026-13-01T06:00:00.000Z"')],
    ['a time of a 25th hour', swapped(`"at":"${AT}"`, '"at":"2026-11-01T24:00:00.000Z"')],
    ['a time of a 61st minute', swapped(`"at":"${AT}"`, '"at":"2026-11-01T06:60:00.000Z"')],
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
    expect(readStateText(Buffer.from(text))).toBeUndefined();
  });
});

test('bytes that are no UTF-8 are left to the whole check', () => {
  const bytes = Buffer.from(TEXT);
  bytes[bytes.indexOf('pc-1')] = 0xff;
  expect(readStateText(bytes)).toBeUndefined();
});

test('a time on the 31st, and with less digits, is read', () => {
  for (const at of ['2026-10-31T06:00:00.000Z', '2026-10-01T06:00:00Z', '1999-10-01T06:00:00.000+01:00'])
    expect(readStateText(Buffer.from(TEXT.replaceAll(`"at":"${AT}"`, `"at":"${at}"`)))).toBeDefined();
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
      const read = readStateText(Buffer.from(edited));
      if (read) expect(said(read.state)).toEqual(said(plainly(edited)));
    }),
    { numRuns: 500 },
  );
});
