import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { askToken, call, login } from '../demo/client.js';
import {
  type Effect,
  type Fault,
  idOf,
  personalClient,
  setAnswerField,
  setField,
  startTenant,
  type Tenant,
  tenantRecords,
} from './index.js';

let tenant: Tenant;
let token: string;

/** 35 keys: two pages of 25. */
beforeEach(async () => {
  const data = tenantRecords(Date.now());
  data.personalClients.push(
    ...[...Array(34).keys()].map((n) =>
      personalClient({ id: idOf(`${n}`), userId: data.users[0]?.id ?? '', displayName: `key ${n}` }),
    ),
  );
  tenant = await startTenant({ data });
  token = await login(tenant);
});
afterEach(() => tenant.close());

const SEARCH = '/search/iam/personal_clients';
const search = (pageToken = '') => call(tenant, token, SEARCH, { pageToken });
const add = (effect: Effect, over: Partial<Fault> = {}) =>
  tenant.faults.add({ on: 'search-personal-clients', effect, ...over });
const ids = (list: readonly { id: string }[]) => list.map(({ id }) => id);

describe('the requests that a fault applies to', () => {
  test('by default the first request to its endpoint', async () => {
    add({ kind: 'status', status: 503 });
    expect((await call(tenant, token, '/iam/roles')).status).toBe(200);
    expect([(await search()).status, (await search()).status]).toEqual([503, 200]);
  });

  test('a number of requests, starting at the nth', async () => {
    add({ kind: 'status', status: 500 }, { from: 2, times: 2 });
    const statuses = [];
    for (let n = 0; n < 5; n += 1) statuses.push((await search()).status);
    expect(statuses).toEqual([200, 500, 500, 200, 200]);
  });

  test('all requests; several endpoints; the whole API; requests that a function selects', async () => {
    tenant.faults.add({
      on: ['roles', 'introspect'],
      times: Infinity,
      effect: { kind: 'status', status: 403 },
    });
    expect((await call(tenant, token, '/iam/roles')).status).toBe(403);
    expect((await call(tenant, token, '/auth/introspect')).status).toBe(403);
    expect((await search()).status).toBe(200);
    tenant.faults.clear();
    tenant.faults.add({ on: '*', times: Infinity, effect: { kind: 'status', status: 500 } });
    expect((await search()).status).toBe(500);
    expect((await askToken(tenant, {})).status).toBe(400);
    tenant.faults.clear();
    tenant.faults.add({ on: ({ path }) => path.endsWith('/roles'), effect: { kind: 'status', status: 404 } });
    expect((await call(tenant, token, '/iam/roles')).json.code).toBe(5);
  });
});

describe('statuses', () => {
  test('have the API’s error body, with a request id', async () => {
    add({ kind: 'status', status: 503 });
    const { json, headers } = await search();
    expect(json).toEqual({
      code: 14,
      message: `status 503 (request-id: ${headers.get('c1-trace-id')})`,
      details: [],
    });
  });

  test.each([
    [400, 3],
    [401, 16],
    [403, 7],
    [404, 5],
    [429, 8],
    [500, 13],
    [501, 12],
    [503, 14],
    [504, 4],
  ])('%d has code %d', async (status, code) => {
    add({ kind: 'status', status });
    expect((await search()).json.code).toBe(code);
  });

  test('429 with seconds, with a date, without Retry-After', async () => {
    add({ kind: 'status', status: 429, retryAfter: { seconds: 7 } });
    expect((await search()).headers.get('retry-after')).toBe('7');
    add({ kind: 'status', status: 429, retryAfter: { seconds: 60, as: 'date' } });
    const date = Date.parse((await search()).headers.get('retry-after') ?? '');
    expect(Math.abs(date - Date.now() - 60_000)).toBeLessThan(5_000);
    add({ kind: 'status', status: 429 });
    expect((await search()).headers.has('retry-after')).toBe(false);
  });

  test('any body and headers, such as the page of a gateway', async () => {
    add({
      kind: 'status',
      status: 502,
      body: '<html>bad gateway</html>',
      headers: { 'content-type': 'text/html' },
    });
    const answer = await search();
    expect([answer.status, answer.headers.get('content-type'), answer.json]).toEqual([
      502,
      'text/html',
      '<html>bad gateway</html>',
    ]);
  });

  test('the token endpoint has OAuth error bodies', async () => {
    tenant.faults.add({ on: 'token', effect: { kind: 'status', status: 500 } });
    const answer = await askToken(tenant, {});
    expect([answer.status, answer.json.error]).toEqual([500, 'server_error']);
  });

  test('a web page with 200', async () => {
    add({ kind: 'html' });
    const answer = await search();
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
  });

  test('the right body with another content type', async () => {
    add({ kind: 'content-type', value: 'text/plain' });
    const answer = await search();
    expect(answer.headers.get('content-type')).toBe('text/plain');
    expect(JSON.parse(answer.json).list).toHaveLength(25);
  });

  test('redirects to the collection, elsewhere, anywhere', async () => {
    add({ kind: 'redirect', to: 'collection' });
    add({ kind: 'redirect', to: 'elsewhere', status: 307 }, { from: 2 });
    add({ kind: 'redirect', to: new URL('http://127.0.0.1:9/x') }, { from: 3 });
    const seen = [];
    for (let n = 0; n < 3; n += 1) {
      const answer = await search();
      seen.push([answer.status, answer.headers.get('location')]);
    }
    expect(seen).toEqual([
      [302, '/api/v1/search/iam'],
      [307, 'https://elsewhere.invalid/api/v1/search/iam/personal_clients'],
      [302, 'http://127.0.0.1:9/x'],
    ]);
  });

  test('tokens are revoked in mid-run, and a new one works', async () => {
    tenant.faults.add({ on: 'search-personal-clients', from: 2, effect: { kind: 'revoke-tokens' } });
    expect([(await search()).status, (await search()).status, (await search()).status]).toEqual([
      200, 401, 401,
    ]);
    token = await login(tenant);
    expect((await search()).status).toBe(200);
  });
});

describe('sending the answer', () => {
  const rejects = async (effect: Effect, pattern: RegExp) => {
    add(effect);
    const error = await search().then(
      () => undefined,
      (cause: Error) => cause,
    );
    expect(`${error?.message} ${(error?.cause as Error | undefined)?.message}`).toMatch(pattern);
    expect((await search()).status).toBe(200);
  };

  test('a reset before the answer', () => rejects({ kind: 'reset', at: 'before' }, /fetch failed/));
  test('a reset in the body', () => rejects({ kind: 'reset', at: 'body' }, /terminated|fetch failed/));

  test.each(['before', 'body'] as const)('hangs %s until the tenant closes', async (at) => {
    add({ kind: 'hang', at });
    let settled = false;
    const hanging = search().then(
      () => 'answered',
      () => 'cut off',
    );
    void hanging.finally(() => {
      settled = true;
    });
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect(settled).toBe(false);
    await tenant.close();
    expect(await hanging).toBe('cut off');
    tenant = await startTenant();
  });

  test('a drip arrives in full', async () => {
    add({ kind: 'drip', everyMs: 1, bytes: 400 });
    const started = performance.now();
    const { json } = await search();
    expect(json.list).toHaveLength(25);
    expect(performance.now() - started).toBeGreaterThan(10);
  });

  test('a drip stops when the tenant closes', async () => {
    add({ kind: 'drip', everyMs: 20 });
    const hanging = search().catch(() => 'cut off');
    await new Promise((resolve) => setTimeout(resolve, 50));
    await tenant.close();
    expect(await hanging).toBe('cut off');
    tenant = await startTenant();
  });

  test('truncates the JSON', async () => {
    add({ kind: 'truncate' });
    const response = await fetch(`${tenant.url}/api/v1${SEARCH}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: '{}',
    });
    const text = await response.text();
    expect(response.status).toBe(200);
    expect(text).toMatch(/^\{"list":\[/);
    expect(() => JSON.parse(text)).toThrow();
  });

  test('a body far larger than any page', async () => {
    add({ kind: 'pad', bytes: 300_000 });
    const answer = await search();
    expect(Number(answer.headers.get('content-length'))).toBeGreaterThan(300_000);
    expect(answer.json.list).toHaveLength(25);
  });

  test('latency', async () => {
    add({ kind: 'latency', ms: 40 });
    const started = performance.now();
    await search();
    expect(performance.now() - started).toBeGreaterThanOrEqual(39);
  });
});

describe('pages', () => {
  const forever = { times: Infinity };

  test('always page 1 and its token', async () => {
    add({ kind: 'repeat-page' }, forever);
    const first = await search();
    expect((await search(first.json.nextPageToken)).json).toEqual(first.json);
  });

  test('two pages with each other as the next', async () => {
    add({ kind: 'cursor-loop' }, forever);
    const one = await search();
    const two = await search(one.json.nextPageToken);
    const three = await search(two.json.nextPageToken);
    const four = await search(three.json.nextPageToken);
    expect([one, two, three, four].map(({ json }) => json.list.length)).toEqual([25, 10, 25, 10]);
    expect(three.json).toEqual(one.json);
    expect(four.json).toEqual(two.json);
    expect(one.json.nextPageToken).not.toBe(two.json.nextPageToken);
  });

  test('new tokens for the same records without end', async () => {
    add({ kind: 'endless-pages' }, forever);
    const tokens = new Set<string>();
    let next = '';
    for (let n = 0; n < 4; n += 1) {
      const { json } = await search(next);
      expect(json.list).toHaveLength(25);
      next = json.nextPageToken;
      tokens.add(next);
    }
    expect(tokens.size).toBe(4);
  });

  test('an empty page whose token leads to the page it replaced', async () => {
    add({ kind: 'empty-page' }, { from: 2, times: 2 });
    const seen = [];
    const sizes = [];
    let next = '';
    do {
      const { json } = await search(next);
      seen.push(...ids(json.list));
      sizes.push(json.list.length);
      next = json.nextPageToken;
    } while (next !== '');
    expect(sizes).toEqual([25, 0, 0, 10]);
    expect(new Set(seen).size).toBe(35);
  });

  test('a page larger or smaller than requested', async () => {
    add({ kind: 'page-size', size: 30 });
    add({ kind: 'page-size', size: 3 }, { from: 2 });
    expect((await search()).json.list).toHaveLength(30);
    expect((await search()).json.list).toHaveLength(3);
  });

  test('the last record of a page again at the start of the next', async () => {
    add({ kind: 'duplicate-ids' }, forever);
    const one = (await search()).json;
    const two = (await search(one.nextPageToken)).json;
    expect(two.list[0].id).toBe(one.list.at(-1).id);
    expect([one.list.length, two.list.length]).toEqual([25, 11]);
  });

  test('page faults on a list that ignores the page token', async () => {
    tenant.faults.add({ on: 'personal-clients', effect: { kind: 'page-size', size: 30 } });
    expect((await call(tenant, token, '/iam/personal_clients')).json.list).toHaveLength(30);
  });
});

describe('fields', () => {
  test('are set, nulled, removed or added in all or some records, not in the data itself', async () => {
    add(setField('createdAt', null));
    expect((await search()).json.list.every((each: { createdAt: unknown }) => each.createdAt === null)).toBe(
      true,
    );
    add(
      setField('id', undefined, (_record, index) => index === 1),
      { from: 1 },
    );
    const { list } = (await search()).json;
    expect([list[0], list[1]].map((each) => 'id' in each)).toEqual([true, false]);
    add(setField('scopedRoles', 7));
    expect((await search()).json.list[3].scopedRoles).toBe(7);
    expect((await search()).json.list[3].scopedRoles).toEqual([]);
    expect(tenant.data.personalClients[0]?.createdAt).not.toBeNull();
  });

  test('can be nested, or in the answer itself', async () => {
    tenant.faults.add({ on: 'search-users', effect: setField('user.status', 'ODD') });
    expect((await call(tenant, token, '/search/users', {})).json.list[0].user.status).toBe('ODD');
    add(setAnswerField('list', undefined));
    expect((await search()).json).toEqual({ nextPageToken: expect.any(String) });
    tenant.faults.add({
      on: 'session-settings',
      effect: setAnswerField('sessionSettings.pccUserSource.enabled', 'yes'),
    });
    const { json } = await call(tenant, token, '/settings/session');
    expect(json.sessionSettings.pccUserSource.enabled).toBe('yes');
  });
});
