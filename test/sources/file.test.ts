import { describe, expect, test } from '@jest/globals';
import type { Kind, Snapshot } from '../../src/contract/index.js';
import { fileSource } from '../../src/sources/file.js';

const NOW = Date.parse('2026-06-01T00:00:00Z');

const key = (id: string, over: object = {}) => ({
  id,
  clientId: `${id}@acme.conductor.one/pcc`,
  displayName: `key ${id}`,
  userId: 'u',
  createdAt: '2026-01-01T00:00:00Z',
  ...over,
});
const secret = (id: string, over: object = {}) => ({ id, clientId: id, servicePrincipalId: 's', ...over });
const answer = (list: readonly unknown[], nextPageToken: unknown = '', more: object = {}) => ({
  list,
  nextPageToken,
  ...more,
});

function open(content: unknown, tenant?: string) {
  const text = typeof content === 'string' ? content : JSON.stringify(content);
  const scrub = (line: string) => line.replaceAll('s3cret', '***');
  return fileSource({ text, name: 'keys.json', tenant }, { now: NOW, asOf: NOW }, scrub);
}

async function read(content: unknown): Promise<Snapshot & { readonly ids: readonly string[] }> {
  const snapshot = await open(content).collect(new AbortController().signal);
  return { ...snapshot, ids: snapshot.credentials.map(({ id }) => id) };
}

const source = async (content: unknown, of: Kind = 'personal-client') =>
  (await read(content)).sources.find(({ kind }) => kind === of);
const noteOf = async (content: unknown, of?: Kind) => (await source(content, of))?.note;

describe('a file holds its credentials as', () => {
  const all = ['a', 'b'];

  test.each([
    ['an array of records', [key('a'), key('b')], 1],
    ['one answer', answer([key('a'), key('b')]), 1],
    ['an array of answers', [answer([key('a')], 'more'), answer([key('b')])], 2],
    ['records a line', `${JSON.stringify(key('a'))}\n\n  ${JSON.stringify(key('b'))}  \n`, 1],
    [
      'answers a line',
      `${JSON.stringify(answer([key('a')], 'more'))}\n${JSON.stringify(answer([key('b')]))}`,
      2,
    ],
    [
      'answers without anything between',
      `${JSON.stringify(answer([key('a')], 'x'))}${JSON.stringify(answer([key('b')]))}`,
      2,
    ],
    [
      'answers of several lines, one after the other',
      `${JSON.stringify(answer([key('a')], 'x'), null, 2)}\n${JSON.stringify(answer([key('b')]), null, 2)}\n`,
      2,
    ],
    [
      'arrays one after the other',
      `${JSON.stringify([key('a')], null, 1)} ${JSON.stringify([key('b')], null, 1)}`,
      1,
    ],
    ['text that begins with a byte order mark', `\uFEFF${JSON.stringify([key('a'), key('b')])}`, 1],
  ])('%s', async (_, content, pages) => {
    const { ids, sources, notes, failures, scope, self } = await read(content);
    expect(ids).toEqual(all);
    expect(sources).toEqual([
      { kind: 'personal-client', status: 'complete', required: true, pages, note: null },
    ]);
    expect([notes.length, failures, scope, self]).toEqual([1, [], 'file', null]);
    expect(notes[0]).toMatch(/^A file holds neither owners nor roles nor tenant settings/);
  });

  test('one record', async () => {
    expect((await read(key('a'))).ids).toEqual(['a']);
    expect((await read({ clientId: 'a' })).sources[0]?.note).toContain('record 1: has no id');
  });

  test('nothing, which is complete but worth a note', async () => {
    for (const content of ['[]', answer([])]) {
      const { sources, notes } = await read(content);
      expect(sources).toEqual([
        { kind: 'personal-client', status: 'complete', required: true, pages: 1, note: null },
      ]);
      expect(notes).toContain('The file holds no credential: make sure that it is the right export.');
    }
  });

  test('facts that it cannot hold are unknown', async () => {
    const { facts } = await read([key('a')]);
    expect(facts.owners.size + facts.providers.seen.size).toBe(0);
    for (const fact of [facts.roles, facts.allowList, facts.providers.rest])
      expect(fact).toEqual({
        reason: 'a file of credentials does not hold it',
        cure: 'Audit the tenant itself, without --input.',
      });
    expect(facts.trusts).toBeUndefined();
  });
});

describe('text that is not a list of credentials is refused', () => {
  test.each([
    ['', 'keys.json is empty.'],
    [' \n\t', 'keys.json is empty.'],
    ['5', 'keys.json does not contain credentials in JSON.'],
    ['null', 'keys.json does not contain credentials in JSON.'],
    ['"text"', 'keys.json does not contain credentials in JSON.'],
    ['{"a": 1}', 'keys.json does not contain credentials in JSON.'],
    ['{"schemaVersion": 1}', 'keys.json does not contain credentials in JSON.'],
    ['{"findings": []}', 'keys.json does not contain credentials in JSON.'],
    ['{"schemaVersion": 1, "findings": []}', 'keys.json is a report of c1-audit, not a list of credentials.'],
    ['id,clientId\na,b', 'keys.json does not contain credentials in JSON.'],
    ['<html></html>', 'keys.json does not contain credentials in JSON.'],
  ])('%j', (content, message) => {
    expect(() => open(content)).toThrow(
      expect.objectContaining({ code: 'input', message, hint: expect.stringMatching(/\S/) }),
    );
  });
});

describe('a file is incomplete', () => {
  test('if its last answer names another page', async () => {
    const note =
      'The last answer in the file has a nextPageToken: there are pages that the file does not hold.';
    expect(await noteOf(answer([key('a')], 'more'))).toBe(note);
    expect(await noteOf([answer([key('a')], 'more'), answer([], 'more')])).toBe(note);
    expect(await noteOf([answer([key('a')], 'more'), answer([], '')])).toBeNull();
    expect(await noteOf([answer([key('a')], 'more'), answer([], null)])).toBeNull();
  });

  test('if one of its lists names another page, though another list ends', async () => {
    const content = [answer([key('a')], 'more'), answer([secret('b')], '')];
    expect((await source(content))?.status).toBe('partial');
    expect((await source([...content, answer([key('c')])]))?.status).toBe('complete');
  });

  test('unless an empty answer ends the list before it, whatever its kind', async () => {
    const status = async (token: string) =>
      (await read([answer([key('a')], ''), answer([secret('b')], 'more'), answer([], token)])).sources.map(
        ({ status }) => status,
      );
    expect(new Set(await status(''))).toEqual(new Set(['complete']));
    expect(await status('more')).toContain('partial');
  });

  test('but not for lines of blanks', async () => {
    const lines = [JSON.stringify(key('a')), ' \r', `\t${JSON.stringify(key('b'))} \r`, ''].join('\n');
    expect((await source(lines))?.status).toBe('complete');
    expect((await read(lines)).ids).toEqual(['a', 'b']);
  });

  test.each([
    [[key('a'), 'b', null], 'record 2: is not an object; record 3: is not an object'],
    [answer([key('a'), { clientId: 'b' }]), 'answer 1, record 2: has no id'],
    [[answer([key('a')]), answer([key('b', { userId: 5 })])], 'answer 2, record 1 (b): userId is not text'],
    [answer([key('a')], 5), 'answer 1: "nextPageToken" '],
    [{ list: null, nextPageToken: '' }, 'answer 1: "list" '],
    [{ list: { a: 1 } }, 'answer 1: "list" '],
    [answer([key('a')], '', { error: 'lost' }), 'answer 1: has "error" beside its "list"'],
    [`${JSON.stringify(key('a'))}\n{broken\n${JSON.stringify(key('c'))}`, 'line 2: is not JSON'],
    [`${JSON.stringify(key('a'))}\n[5]\n`, 'line 2, record 1: is not an object'],
    [`${JSON.stringify(answer([key('a')]), null, 1)} {"list": [`, 'answer 2: is not JSON'],
    [[key('a'), key('a', { displayName: 'other' })], 'record 2 (a): listed twice, with other fields'],
    [[key('a', { id: 's3cret', userId: 5 })], 'record 1 (***): userId is not text'],
  ] as const)('%j', async (content, problem) => {
    const found = await source(content);
    expect(found?.status).toBe('partial');
    expect(found?.note).toMatch(/^(\d+) records? (is|are) malformed: /);
    expect(found?.note).toContain(problem);
  });

  test('but not if the same record comes twice, or two kinds have one id', async () => {
    expect((await source([key('a'), key('a')]))?.status).toBe('complete');
    const { ids, sources } = await read([key('a'), secret('a')]);
    expect(ids).toEqual(['a', 'a']);
    expect(sources.map(({ kind, status }) => [kind, status])).toEqual([
      ['personal-client', 'complete'],
      ['service-principal-credential', 'complete'],
    ]);
  });

  test('draft functions are counted in a note', async () => {
    const { ids, notes } = await read([{ id: 'f', functionType: 'x', isDraft: true }, key('a')]);
    expect(ids).toEqual(['a']);
    expect(notes.join()).toMatch(/draft/);
  });
});

describe('a record is', () => {
  test.each<[Kind, string, unknown]>([
    ['federation-trust', 'conditionExpression', ''],
    ['federation-trust', 'providerId', null],
    ['external-client', 'clientIdType', ''],
    ['external-client', 'clientName', ''],
    ['external-client', 'wellKnownClient', ''],
    ['external-client', 'verifiedDomain', ''],
    ['external-client', 'roleIds', []],
    ['tunnel-credential', 'credentialStatus', ''],
    ['tunnel-credential', 'bridgeId', ''],
    ['llm-gateway-key', 'keyPrefix', ''],
    ['function', 'isDraft', false],
    ['function', 'useSpn', false],
    ['function', 'functionType', ''],
    ['function', 'publishedCommitId', ''],
    ['service-principal-credential', 'servicePrincipalId', ''],
    ['service-principal-credential', 'requireDpop', false],
    ['service-principal-credential', 'scopedRoleIds', []],
    ['service-principal-credential', 'allowSourceCidrs', []],
    ['service-principal-credential', 'expiresAt', null],
    ['personal-client', 'expiresTime', null],
  ])('of the kind %s if it has %s, also if that is unset', async (kind, field, value) => {
    const record = { id: 'a', clientId: 'a', userId: 'u', [field]: value };
    expect((await read([record])).credentials.map((credential) => credential.kind)).toEqual([kind]);
  });
});

describe('the tenant of a file', () => {
  test.each([
    [
      'the host of all client ids',
      [key('a'), key('b', { clientId: 'b@ACME.conductor.one:443/pcc' })],
      'acme.conductor.one',
    ],
    ['not known if they name two', [key('a'), key('b', { clientId: 'b@other.conductor.one/pcc' })], 'file'],
    ['that of those that name one', [key('a'), key('b', { clientId: 'b' })], 'acme.conductor.one'],
    ['not known if none names one', [key('a', { clientId: 'a' })], 'file'],
    ['not known without credentials', [], 'file'],
  ])('is %s', async (_, content, tenant) => {
    const opened = open(content);
    expect([opened.tenant, (await read(content)).tenant]).toEqual([tenant, tenant]);
  });

  test('is what the caller says', () => {
    expect(open([key('a')], 'given.example').tenant).toBe('given.example');
  });
});

test('a date in a file is compared with the later of the clock and --as-of', async () => {
  const content = [key('a', { lastUsedAt: '2026-06-03T00:00:00Z' })];
  const status = async (now: number, asOf: number) => {
    const opened = fileSource(
      { text: JSON.stringify(content), name: 'x', tenant: undefined },
      { now, asOf },
      String,
    );
    return (await opened.collect(new AbortController().signal)).sources[0]?.status;
  };
  const day = 86_400_000;
  expect(await status(NOW, NOW)).toBe('partial');
  expect(await status(NOW + day, NOW)).toBe('complete');
  expect(await status(NOW, NOW + day)).toBe('complete');
});
