import { describe, expect, test } from '@jest/globals';
import { type Kind, Unknown } from '../../../src/contract/index.js';
import { AuditError } from '../../../src/errors.js';
import {
  asListed,
  type Collected,
  contradicted,
  Found,
  holdingSelf,
  joinNotes,
  type KindSeen,
  type Page,
  paginate,
  summariseKind,
  summariseOptional,
} from '../../../src/sources/c1/lists.js';
import { RequestError } from '../../../src/sources/c1/request-error.js';
import { idOf } from '../../../src/sources/record.js';
import { credential } from '../../helpers/snapshot.js';

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
  await expect(read(pages, 2)).rejects.toMatchObject({
    code: 'api',
    message: 'GET /things did not end within 2 pages.',
    hint: "Report it to ConductorOne's support: a list that never ends cannot be audited.",
  });
});

test('asks for the next page before it hands one out, but for none beyond the limit', async () => {
  const asked: string[] = [];
  const fetchPage = async (token: string): Promise<Page> => {
    asked.push(token);
    return { records: [{ id: `of ${token}` }], nextPageToken: `${token}1` };
  };
  const pages = paginate(fetchPage, idOf, 2, 'GET /things');
  expect(asked).toEqual([]);
  await pages.next();
  expect(asked).toEqual(['', '1']);
  await pages.next();
  await expect(pages.next()).rejects.toBeInstanceOf(AuditError);
  expect(asked).toEqual(['', '1']);
});

describe('the coverage of a kind', () => {
  const FAILURE = new AuditError('api', 'It answered 500.', 'Try again.');
  const summary = (over: Partial<Collected>, note: string | null = null, required = true) => {
    const { seen, failure } = summariseKind(
      'personal-client',
      { credentials: [], pages: 2, what: 'GET /things', ending: 'end', malformed: [], drafts: 0, ...over },
      note,
      required,
    );
    expect(seen).toMatchObject({ kind: 'personal-client', required, pages: over.pages ?? 2 });
    return { status: seen.status, note: seen.note, failure };
  };

  test('is complete only if the list ended and every record was readable', () => {
    expect(summary({})).toEqual({ status: 'complete', note: null, failure: undefined });
    expect(summary({}, 'A note.')).toEqual({ status: 'complete', note: 'A note.', failure: undefined });
    expect(summary({ malformed: ['a: x'] })).toMatchObject({
      status: 'partial',
      note: expect.stringMatching(/^1 record of GET \/things is malformed: a: x\./),
    });
  });

  test('is partial if the list repeats itself, and says so once', () => {
    expect(summary({ ending: 'repeats' })).toEqual({
      status: 'partial',
      note: "GET /things repeats itself instead of going on: there may be more records. Report it to ConductorOne's support.",
      failure: undefined,
    });
    expect(summary({ ending: 'repeats' }, 'It repeats.').note).toBe('It repeats.');
  });

  test('is partial after some pages of a list that failed, and unavailable after none', () => {
    expect(summary({ ending: FAILURE })).toEqual({
      status: 'partial',
      note: 'It answered 500. Try again.',
      failure: FAILURE,
    });
    expect(summary({ ending: FAILURE, pages: 0 }, 'First.', false)).toEqual({
      status: 'unavailable',
      note: 'First. It answered 500. Try again.',
      failure: FAILURE,
    });
  });
});

describe('a kind that was not read', () => {
  const refused = (status: number, fromApi = true) =>
    new RequestError('api', `It answered ${status}.`, 'Look.', { status, fromApi });
  const found = (ending: Collected['ending'], pages = 0): Collected => ({
    credentials: [],
    pages,
    what: 'GET /things',
    ending,
    malformed: [],
    drafts: 0,
  });

  test.each([
    [refused(404), 0, true],
    [refused(501), 0, true],
    [refused(403), 0, undefined],
    [refused(404, false), 0, undefined],
    [refused(404), 1, undefined],
    ['end' as const, 0, undefined],
  ])('is absent only where the API says that there is none: %#', (ending, pages, absent) => {
    const { seen } = summariseKind('function', found(ending, pages), null, true);
    expect(seen.absent).toBe(absent);
  });

  test.each([
    [refused(403), 0, false],
    [refused(404), 0, false],
    [refused(403), 1, true],
    [refused(500), 0, true],
    ['repeats' as const, 1, true],
    ['end' as const, 1, true],
  ])('is missed unless it is switched off: %#', (ending, pages, missed) => {
    expect(summariseOptional('function', found(ending, pages), 'A note.', false).seen).toMatchObject({
      required: missed,
      note: expect.stringMatching(/^A note\./),
    });
    expect(summariseOptional('function', found(ending, pages), null, true).seen.required).toBe(true);
  });

  test('is partial if another list contradicts it, for the first reason', () => {
    const whole = summariseKind('function', found('end', 1), 'Before.', true);
    const error = new AuditError('api', 'It cannot be.', 'Look.');
    expect(contradicted(whole, error)).toEqual({
      credentials: [],
      failure: error,
      seen: { ...whole.seen, status: 'partial', note: 'Before. It cannot be. Look.' },
    });
    const failed = summariseKind('function', found(refused(500), 1), null, true);
    expect(contradicted(failed, error).failure).toBe(failed.failure);
  });
});

test.each([
  [null, ['a@acme/pcc'], null],
  ['a@acme/pcc', [], 'a@acme/pcc'],
  ['a@Acme:8443/pcc', ['b@acme/pcc', 'a@ACME/pcc'], 'a@ACME/pcc'],
  ['a@acme/pcc', ['A@acme/pcc', 'ab@acme/pcc', 'a@other/pcc', 'a@acme/spc'], 'a@acme/pcc'],
])('%s is listed as one of %j', (own, listed, expected) => {
  expect(
    asListed(
      own,
      listed.map((clientId) => credential({ clientId })),
    ),
  ).toBe(expected);
});

test('an id that stands for two credentials is named, and the same record twice is not', () => {
  const found = new Found();
  found.add(credential());
  found.add(credential());
  expect(found.malformed).toEqual([]);
  found.add(credential({ name: 'other' }));
  expect(found.malformed).toEqual(['a: listed twice, with other fields']);
  expect(found.credentials).toEqual([credential({ name: 'other' })]);
});

test.each([
  ['growing', ['a', 'b', 'b1', 'c']],
  ['growing, the last one again', ['a', 'b', 'b', 'c']],
  ['growing, the first one again and on', ['a', 'b', 'c', 'a', 'd', 'd', 'b']],
  ['falling', ['c', 'b', 'a', 'b', 'd']],
  ['by code unit, not by character or language', ['Z', 'a', 'é', '\u{ffff}', '😀', 'É', 'z', 'é', '😀']],
  ['with what begins alike', ['a', 'a ', 'a\0', 'A', 'a ', 'a']],
])('ids that come twice are found, whatever their order: %s', (_, ids) => {
  const found = new Found();
  const asked = new Found();
  const places = new Map<string, number>();
  ids.forEach((id, number) => {
    for (const known of ids) expect([known, asked.has(known)]).toEqual([known, places.has(known)]);
    for (const each of [found, asked]) each.add(credential({ id, name: `${number}` }));
    places.set(id, number);
  });
  for (const { credentials, malformed } of [found, asked]) {
    expect(credentials.map(({ id, name }) => [id, Number(name)])).toEqual([...places]);
    expect(malformed).toHaveLength(ids.length - places.size);
  }
});

test('a credential that is used while it is listed again keeps its later use', () => {
  const added = (...listed: ReturnType<typeof credential>[]) => {
    const found = new Found();
    for (const each of listed) found.add(each);
    return { kept: found.credentials, malformed: found.malformed };
  };
  const [never, first, second] = [null, 1, 2].map((lastUsedAt) => credential({ lastUsedAt }));
  const unread = credential({ lastUsedAt: new Unknown('a', 'b') });
  if (!never || !first || !second) throw new Error('three');
  for (const [one, other] of [
    [never, second],
    [first, second],
    [second, first],
    [second, never],
  ] as const)
    expect(added(one, other)).toEqual({ kept: [second], malformed: [] });
  // What cannot be read may be anything, and another name is another credential.
  for (const other of [unread, { ...second, name: 'other' }])
    expect(added(first, other)).toEqual({ kept: [other], malformed: ['a: listed twice, with other fields'] });
});

describe('a list that lacks the credential that runs the audit', () => {
  const kindSeen = (kind: Kind, clientIds: string[], over: Partial<KindSeen['seen']> = {}): KindSeen => ({
    credentials: clientIds.map((clientId) => credential({ kind, id: clientId, clientId })),
    seen: { kind, status: 'complete', required: true, pages: 1, note: null, ...over },
    failure: undefined,
  });
  const LOGINS: [Kind, string][] = [
    ['personal-client', 'me@acme.conductor.one/pcc'],
    ['service-principal-credential', 'me@acme.conductor.one/spc'],
    ['federation-trust', 'me@acme.conductor.one/wfe'],
  ];

  test.each(LOGINS)('is partial: %s', (kind, self) => {
    for (const others of [[], ['other@acme.conductor.one/x'], [`not-${self}`], [`${self}x`]]) {
      const { seen } = holdingSelf(kindSeen(kind, others, { note: 'Before.' }), self);
      expect(seen).toMatchObject({ kind, status: 'partial', required: true, pages: 1 });
      expect(seen.note).toBe(
        `Before. ConductorOne does not list the credential that runs the audit (${self}), so other credentials may be missing too. Check that its owner has the role Super Administrator (system:owner).`,
      );
    }
  });

  test.each(LOGINS)(
    'is complete if it holds it, whatever the case and port of its host: %s',
    (kind, self) => {
      for (const listed of [self, self.replace('acme', 'ACME'), self.replace('/', ':443/')]) {
        const whole = kindSeen(kind, ['x', listed]);
        expect(holdingSelf(whole, self)).toBe(whole);
      }
      const whole = kindSeen(kind, [self]);
      expect(holdingSelf(whole, self.replace('acme.conductor.one', 'Acme.Conductor.One:8443'))).toBe(whole);
      // The case of the part before the host counts.
      expect(holdingSelf(whole, self.replace('me@', 'ME@')).seen.status).toBe('partial');
    },
  );

  test.each(LOGINS)('stays as it is if it need not hold it: %s', (kind, self) => {
    const whole = kindSeen(kind, []);
    expect(holdingSelf(whole, null)).toBe(whole);
    for (const [other, login] of LOGINS) if (other !== kind) expect(holdingSelf(whole, login)).toBe(whole);
    for (const status of ['partial', 'unavailable'] as const) {
      const broken = kindSeen(kind, [], { status });
      expect(holdingSelf(broken, self)).toBe(broken);
    }
  });
});

test('notes are joined, and none are null', () => {
  expect(joinNotes('One.', null, 'Two.')).toBe('One. Two.');
  expect(joinNotes(null, null)).toBeNull();
  expect(joinNotes()).toBeNull();
  expect(joinNotes('')).toBeNull();
});
