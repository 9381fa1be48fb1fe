import { describe, expect, test } from '@jest/globals';
import { isKnown, type Kind, type Unknown } from '../../src/contract/index.js';
import { readPage } from '../../src/sources/c1/lists.js';
import {
  differ,
  doubtBeside,
  draftNote,
  FieldReader,
  idOfKind,
  malformedRecords,
  normalize,
  unlessDeletedLater,
} from '../../src/sources/record.js';

const WHOLE: Readonly<Record<Kind, Readonly<Record<string, unknown>>>> = {
  'personal-client': {
    id: 'a',
    clientId: 'a@acme.conductor.one/pcc',
    displayName: 'job',
    userId: 'u',
    createdAt: '2026-01-01T00:00:00Z',
    updatedAt: '2026-01-01T00:00:00Z',
    deletedAt: '2026-02-01T00:00:00Z',
    expiresTime: '2027-01-01T00:00:00.123456789Z',
    lastUsedAt: '2026-06-01T00:00:00Z',
    allowSourceCidr: ['10.0.0.0/8'],
    scopedRoles: ['r'],
  },
  'service-principal-credential': {
    id: 'a',
    clientId: 'a@acme.conductor.one/spc',
    displayName: 'job',
    servicePrincipalId: 's',
    createdAt: '2026-01-01T00:00:00Z',
    expiresAt: '2027-01-01T00:00:00Z',
    lastUsedAt: '2026-06-01T00:00:00Z',
    requireDpop: true,
    allowSourceCidrs: ['10.0.0.0/8'],
    scopedRoleIds: ['r'],
  },
  'federation-trust': {
    clientId: 'a@acme.conductor.one/wfe',
    displayName: 'job',
    servicePrincipalId: 's',
    providerId: 'p',
    conditionExpression: 'claims.sub == "x"',
    disabled: true,
    createdAt: '2026-01-01T00:00:00Z',
    allowSourceCidrs: ['10.0.0.0/8'],
    scopedRoleIds: ['r'],
  },
  'external-client': {
    clientId: 'dcr_1',
    clientIdType: 'CLIENT_ID_TYPE_DCR',
    clientName: 'Claude Code',
    displayName: 'job',
    userId: 'u',
    roleIds: ['r'],
    createdAt: '2026-01-01T00:00:00Z',
    lastUsedAt: '2026-06-01T00:00:00Z',
    verifiedDomain: 'claude.ai',
    wellKnownClient: 'WELL_KNOWN_CLIENT_CLAUDE_CODE',
  },
  'tunnel-credential': {
    id: 'a',
    clientId: 'a@acme.conductor.one/tcc',
    createdAt: '2026-01-01T00:00:00Z',
    expiresTime: '2027-01-01T00:00:00Z',
    lastUsedAt: '2026-06-01T00:00:00Z',
    revokedAt: '2026-06-02T00:00:00Z',
    deletedAt: '2026-06-03T00:00:00Z',
    credentialStatus: 'TUNNEL_CREDENTIAL_STATUS_REVOKED',
  },
  'llm-gateway-key': {
    id: 'a',
    displayName: 'job',
    createdAt: '2026-01-01T00:00:00Z',
    revokedAt: '2026-06-02T00:00:00Z',
  },
  function: {
    id: 'a',
    displayName: 'job',
    scopedRoleIds: ['r'],
    isDraft: false,
    createdAt: '2026-01-01T00:00:00Z',
    deletedAt: '2026-06-03T00:00:00Z',
  },
};

const LATEST = Date.parse('2026-06-02T00:00:00Z');

const FIELDS = Object.entries(WHOLE).flatMap(([kind, record]) =>
  Object.keys(record).map((field): [Kind, string] => [kind as Kind, field]),
);

test.each(FIELDS)('%s: reads %s null, absent and blank alike', (kind, field) => {
  const whole = WHOLE[kind];
  const { [field]: value, ...without } = whole;
  const blank = Array.isArray(value) ? [] : '';
  const absent = normalize(kind, without, LATEST);
  expect(normalize(kind, { ...whole, [field]: null }, LATEST)).toEqual(absent);
  expect(normalize(kind, { ...whole, [field]: blank }, LATEST)).toEqual(absent);
  // A date up to 1970 counts as unset.
  if (/At$|Time$/.test(field))
    expect(normalize(kind, { ...whole, [field]: '1970-01-01T00:00:00Z' }, LATEST)).toEqual(absent);
});

test.each(FIELDS)('%s: names a %s of another type', (kind, field) => {
  for (const value of [5, { a: 1 }, [[]], 'x', true, [null]]) {
    const { problems } = normalize(kind, { ...WHOLE[kind], [field]: value }, LATEST);
    const proper =
      typeof WHOLE[kind][field] === typeof value &&
      Array.isArray(WHOLE[kind][field]) === Array.isArray(value);
    const isText = typeof value === 'string' && !/At$|Time$/.test(field);
    if (proper && (isText || typeof value === 'boolean')) expect(problems).toEqual([]);
    else if (field !== 'updatedAt') expect(problems.join()).toContain(field);
  }
});

test.each(Object.keys(WHOLE) as Kind[])('%s: ignores unknown fields', (kind) => {
  const more = { somethingNew: { list: [] }, toString: 'x', constructor: 5 };
  expect(normalize(kind, { ...WHOLE[kind], ...more }, LATEST)).toEqual(normalize(kind, WHOLE[kind], LATEST));
});

test.each([null, undefined, 5, 'text', [], [{}]])('%j is not a credential', (value) => {
  expect(normalize('personal-client', value, LATEST)).toEqual({
    credential: undefined,
    problems: ['is not an object'],
  });
});

test('gives each credential whose name is not text a name of its own', () => {
  const names = ['a', 'b'].map(
    (id) =>
      normalize('personal-client', { ...WHOLE['personal-client'], id, displayName: 5 }, LATEST).credential
        ?.name,
  );
  expect(new Set(names).size).toBe(2);
  expect(names.every((name) => name !== '')).toBe(true);
});

describe('fields', () => {
  const read = new FieldReader({ text: 'x', day: '2026-02-30T00:00:00Z', flag: false, list: ['a', 'b'] });

  test('have their value, or are unknown with a reason', () => {
    expect(read.text('text')).toBe('x');
    expect(read.flag('flag')).toBe(false);
    expect(read.texts('list')).toEqual(['a', 'b']);
    const day = read.instant('day');
    expect(isKnown(day)).toBe(false);
    expect((day as Unknown).reason).toBe('its day is not a timestamp');
    expect(read.problems).toEqual(['day is not a timestamp']);
  });

  test('that every object inherits are not fields of the record', () => {
    const bare = new FieldReader({});
    expect(bare.text('nothing')).toBe('');
    expect(bare.problems).toEqual([]);
  });
});

describe('a page', () => {
  const full = Array(100).fill({});

  test.each([
    [
      { list: [], nextPageToken: '' },
      { records: [], nextPageToken: '' },
    ],
    [
      { list: [{}], nextPageToken: 'x' },
      { records: [{}], nextPageToken: 'x' },
    ],
    [{ list: [{}] }, { records: [{}], nextPageToken: '' }],
    [
      { list: full, nextPageToken: '' },
      { records: full, nextPageToken: '' },
    ],
    [{ list: full }, { records: full, nextPageToken: '' }],
    [
      { list: full, nextPageToken: null },
      { records: full, nextPageToken: '' },
    ],
  ])('is read: case %#', (answer, page) => {
    expect(readPage(answer, 'GET /x')).toEqual(page);
  });

  test.each([
    [{}, 'no "list"'],
    [{ list: [], errors: { a: 1 } }, 'has "errors" beside the "list", so records may be missing'],
    [{ list: [], errors: ['lost'] }, 'has "errors" beside the "list"'],
    [{ list: [], error: {} }, 'has "error" beside the "list"'],
    [{ list: [], code: 13 }, 'has "code" beside the "list"'],
    [{ list: [], next_page_token: 'x' }, 'has "next_page_token" beside the "list"'],
    [{ list: null, nextPageToken: '' }, '"list" that is not a list'],
    [{ list: { 0: {} }, nextPageToken: '' }, '"list" that is not a list'],
    [{ list: [], nextPageToken: 5 }, '"nextPageToken" that is not text'],
    [{ list: [], nextPageToken: {} }, '"nextPageToken" that is not text'],
  ])('is refused: case %#', (answer, why) => {
    expect(() => readPage(answer, 'GET /x')).toThrow(`GET /x answered 200, but the answer has`);
    expect(() => readPage(answer, 'GET /x')).toThrow(why);
  });
});

describe('the other ways in', () => {
  const read = (kind: Kind, over: object) => normalize(kind, { ...WHOLE[kind], ...over }, LATEST).credential;

  test("an external client's id is its client id and the user who approved it", () => {
    expect(read('external-client', {})?.id).toBe('dcr_1 u');
    expect(normalize('external-client', { ...WHOLE['external-client'], userId: '' }, LATEST)).toEqual({
      credential: undefined,
      problems: ['has no userId'],
    });
  });

  test('an external client without a name of its own has the one it registered under', () => {
    expect(read('external-client', {})?.name).toBe('job');
    expect(read('external-client', { displayName: null })?.name).toBe('Claude Code');
  });

  test.each([
    ['DCR', 'CLAUDE_CODE', { type: 'dynamic', verifiedDomain: 'claude.ai', wellKnownClient: 'CLAUDE_CODE' }],
    ['METADATA_URL', 'UNKNOWN', { type: 'metadata-url', verifiedDomain: 'claude.ai', wellKnownClient: '' }],
    ['APP', 'UNSPECIFIED', { type: 'app', verifiedDomain: 'claude.ai', wellKnownClient: '' }],
  ])('reads how it was registered: %s, %s', (type, known, expected) => {
    const over = { clientIdType: `CLIENT_ID_TYPE_${type}`, wellKnownClient: `WELL_KNOWN_CLIENT_${known}` };
    expect(read('external-client', over)?.registration).toEqual(expected);
  });

  test.each(['CLIENT_ID_TYPE_UNSPECIFIED', '', null, 5, 'CLIENT_ID_TYPE_NEWER'])(
    'a registration of type %j is unknown',
    (clientIdType) => {
      expect(isKnown(read('external-client', { clientIdType })?.registration ?? null)).toBe(false);
    },
  );

  test.each([
    ['a revoked one is deleted', { credentialStatus: 'TUNNEL_CREDENTIAL_STATUS_REVOKED' }, true, false],
    ['a revocation date is enough', { revokedAt: '2026-06-02T00:00:00Z' }, true, false],
    ['a deletion date is enough', { deletedAt: '2026-06-02T00:00:00Z' }, true, false],
    ['an active one is judged', { credentialStatus: 'TUNNEL_CREDENTIAL_STATUS_ACTIVE' }, false, false],
    [
      'an expired one without an end date is not live',
      { credentialStatus: 'TUNNEL_CREDENTIAL_STATUS_EXPIRED', expiresTime: null },
      false,
      true,
    ],
    [
      'the end date decides whether an expired one is live',
      { credentialStatus: 'TUNNEL_CREDENTIAL_STATUS_EXPIRED', expiresTime: '2099-01-01T00:00:00Z' },
      false,
      false,
    ],
    ['one without a status is judged', {}, false, false],
  ])('tunnel credentials: %s', (_, over, deleted, disabled) => {
    const unset = { revokedAt: null, deletedAt: null, credentialStatus: null };
    const credential = read('tunnel-credential', { ...unset, ...over });
    expect([credential?.deletedAt !== null, credential?.disabled]).toEqual([deleted, disabled]);
  });

  test('a revoked key of the LLM gateway is deleted', () => {
    expect(read('llm-gateway-key', {})?.deletedAt).toBe(Date.parse('2026-06-02T00:00:00Z'));
    expect(read('llm-gateway-key', { revokedAt: null })?.deletedAt).toBeNull();
  });

  test('a draft function is not judged, whatever else its record holds', () => {
    expect(normalize('function', { id: 'a', isDraft: true, displayName: 5 }, LATEST)).toEqual({
      credential: undefined,
      problems: [],
      draft: true,
    });
  });

  test.each([
    ['external-client', 'expiresTime'],
    ['tunnel-credential', 'userId'],
    ['llm-gateway-key', 'lastUsedAt'],
    ['function', 'lastUsedAt'],
    ['function', ''],
  ] as const)('%s: a field %j that the kind does not have is ignored', (kind, field) => {
    expect(read(kind, { [field]: '2026-01-01T00:00:00Z' })).toEqual(read(kind, {}));
  });
});

describe('ids of records', () => {
  test.each<[Kind, unknown, string]>([
    ['personal-client', { id: 'a' }, 'a'],
    ['personal-client', { id: 5 }, ''],
    ['personal-client', null, ''],
    ['federation-trust', { clientId: 'a', id: 'b' }, 'a'],
    ['external-client', { clientId: 'a', userId: 'u' }, 'a u'],
    ['external-client', { clientId: 'a', userId: '' }, ''],
    ['external-client', { clientId: 'a' }, ''],
    ['external-client', { clientId: 5, userId: 'u' }, ''],
    ['external-client', 'x', ''],
  ])('%s %j: "%s"', (kind, record, id) => {
    expect(idOfKind(kind)(record)).toBe(id);
  });
});

describe('a record that is deleted later', () => {
  const NOW = Date.parse('2026-06-01T00:00:00Z');
  test.each([
    ['2026-06-01T00:00:00.001Z', null],
    ['2026-06-01T00:00:00Z', '2026-06-01T00:00:00Z'],
    ['soon', 'soon'],
    [null, null],
    [5, 5],
  ])('is not deleted yet: %j', (deletedAt, expected) => {
    expect(unlessDeletedLater({ id: 'a', deletedAt }, NOW)).toEqual({ id: 'a', deletedAt: expected });
  });

  test('has no such date where there is none', () => {
    expect(unlessDeletedLater({ id: 'a' }, NOW)).toEqual({ id: 'a' });
  });
});

test.each<[object, string | undefined]>([
  [{}, undefined],
  [{ error: null, code: 0, errors: [], next_page_token: '' }, undefined],
  [{ error: false, errors: {} }, undefined],
  [{ error: 'x' }, 'error'],
  [{ error: {} }, 'error'],
  [{ error: [] }, 'error'],
  [{ code: 7 }, 'code'],
  [{ errors: ['x'] }, 'errors'],
  [{ errors: { a: 1 } }, 'errors'],
  [{ errors: 'x' }, 'errors'],
  [{ next_page_token: 'x' }, 'next_page_token'],
  [{ errors: [], code: 7 }, 'code'],
])('beside a list %j casts doubt on it by %s', (answer, field) => {
  expect(doubtBeside(answer as never)).toBe(field);
});

describe('one id that stands for two things', () => {
  test('is another record, not one nested too deeply to compare', () => {
    expect(differ(undefined, { a: 1 })).toBe(false);
    expect(differ({ a: 1 }, { a: 1 })).toBe(false);
    expect(differ({ a: 1 }, { a: 2 })).toBe(true);
    let deep: unknown = 1;
    for (let n = 0; n < 100_000; n += 1) deep = [deep];
    expect(differ(deep, deep)).toBe(true);
  });
});

describe('notes', () => {
  test.each([
    [0, null],
    [1, '1 function is a draft and was not judged.'],
    [2, '2 functions are drafts and were not judged.'],
  ])('on %d drafts', (drafts, note) => {
    expect(draftNote(drafts)).toBe(note);
  });

  test('on malformed records name up to fifty, in order', () => {
    const records = (count: number) => Array.from({ length: count }, (_, n) => `r${99 - n}: x`);
    const named = (count: number) => records(count).sort().slice(0, 50).join('; ');
    expect(malformedRecords([])).toBeUndefined();
    expect(malformedRecords(['a: x'])?.message).toBe('1 record is malformed: a: x.');
    expect(malformedRecords(['b: x', 'a: x'], 'GET /y')?.message).toBe(
      '2 records of GET /y are malformed: a: x; b: x.',
    );
    expect(malformedRecords(records(50))?.message).toBe(`50 records are malformed: ${named(50)}.`);
    expect(malformedRecords(records(52))?.message).toBe(
      `52 records are malformed: ${named(52)}; and 2 more.`,
    );
  });
});

describe('texts', () => {
  test('with half a character are made whole, but ids are not', () => {
    const read = new FieldReader({ a: 'x\ud800', b: ['y\ud800', 'z'] });
    expect([read.text('a'), read.texts('b'), read.problems]).toEqual(['x\ufffd', ['y\ufffd', 'z'], []]);
    expect(read.id('a')).toBe('x\ufffd');
    expect(read.id('a')).toBe('x\ufffd');
    // Once.
    expect(read.problems).toEqual(['a is not valid Unicode']);
  });

  test('of no field are unset', () => {
    const read = new FieldReader({ '': 'x' });
    expect([read.text(''), read.instant(''), read.texts(''), read.flag('')]).toEqual(['', null, [], false]);
  });
});

describe('dates', () => {
  const read = (over: object, latest?: number) => {
    const reader = new FieldReader({ ...over });
    return { at: (field: string) => reader.instant(field, latest), reader };
  };

  test.each([
    ['1971-01-01T00:00:00Z', Date.UTC(1971)],
    ['1970-12-31T23:59:59.999Z', null],
    ['0001-01-01T00:00:00Z', null],
  ])('before 1971 are unset: %s', (text, expected) => {
    expect(read({ d: text }).at('d')).toBe(expected);
  });

  test.each([5, {}, [], true])('are texts, not %j', (value) => {
    const { at, reader } = read({ d: value });
    expect(at('d')).toMatchObject({
      reason: 'its d is not a timestamp',
      cure: 'Look at the credential in ConductorOne; report the field to its support.',
    });
    expect(reader.problems).toEqual(['d is not a timestamp']);
  });

  test('of something in the past are not later than the latest', () => {
    const day = Date.parse('2026-06-01T00:00:00Z');
    expect(read({ d: '2026-06-01T00:00:00Z' }, day).at('d')).toBe(day);
    const late = read({ d: '2026-06-01T00:00:00.001Z' }, day);
    expect(isKnown(late.at('d'))).toBe(false);
    expect(late.reader.problems).toEqual(['d is in the future (2026-06-01)']);
  });

  test('of an end are not before the creation', () => {
    const created = Date.parse('2026-06-01T00:00:00Z');
    const reader = new FieldReader({ same: '2026-06-01T00:00:00Z', before: '2026-05-31T23:59:59Z' });
    expect(reader.end('same', created)).toBe(created);
    expect(reader.end('none', created)).toBeNull();
    expect(reader.end('before', null)).toBe(created - 1000);
    expect(reader.end('before', reader.instant('same', 0))).toBe(created - 1000);
    expect(reader.end('before', created)).toMatchObject({ reason: 'its before is before createdAt' });
  });

  test('of several ends count by the first, if they can be read', () => {
    const [second, third] = ['2026-06-02T00:00:00Z', '2026-06-03T00:00:00Z'];
    const deleted = (over: object) =>
      normalize('tunnel-credential', { ...WHOLE['tunnel-credential'], ...over }, LATEST).credential
        ?.deletedAt;
    expect(deleted({ revokedAt: second, deletedAt: third })).toBe(Date.parse(second));
    expect(deleted({ revokedAt: third, deletedAt: second })).toBe(Date.parse(second));
    expect(deleted({ revokedAt: 'soon', deletedAt: third })).toBe(Date.parse(third));
    const status = { credentialStatus: 'TUNNEL_CREDENTIAL_STATUS_ACTIVE' };
    expect(deleted({ ...status, revokedAt: 'soon', deletedAt: null })).toBeNull();
    expect(deleted({ ...status, createdAt: 'soon' })).toBeNull();
  });
});

test('a list of texts holds nothing else', () => {
  const reader = new FieldReader({ a: ['x', 5], b: [], c: 'x' });
  expect(reader.texts('a')).toMatchObject({ reason: 'its a is not a list of texts' });
  expect([reader.texts('b'), isKnown(reader.texts('c'))]).toEqual([[], false]);
});

test('a prefix is left out only at the start of a well-known client', () => {
  const known = (wellKnownClient: string) =>
    normalize('external-client', { ...WHOLE['external-client'], wellKnownClient }, LATEST).credential
      ?.registration;
  expect(known('X_WELL_KNOWN_CLIENT_Y')).toMatchObject({ wellKnownClient: 'X_WELL_KNOWN_CLIENT_Y' });
  expect(known('UNKNOWN_TO_US')).toMatchObject({ wellKnownClient: 'UNKNOWN_TO_US' });
  expect(known('')).toMatchObject({ wellKnownClient: '' });
});

test('only a trust has a condition and a provider', () => {
  for (const kind of Object.keys(WHOLE) as Kind[])
    if (kind !== 'federation-trust')
      expect(
        normalize(kind, { ...WHOLE[kind], conditionExpression: 'true', providerId: 'p' }, LATEST).credential,
      ).toMatchObject({ condition: '', providerId: '' });
});

test('credentials that hold the same lists of roles keep their own', () => {
  const roles = (...scopedRoles: string[]) =>
    normalize('personal-client', { ...WHOLE['personal-client'], scopedRoles }, LATEST).credential
      ?.scopedRoleIds;
  for (const list of [['a', 'b'], ['a', 'b'], ['b', 'a'], ['a'], [], ['a\\nb'], ['a', 'b', 'c'], ['a', 'b']])
    expect(roles(...list)).toEqual(list);
});
