import { request } from 'node:http';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import {
  idOf,
  personalClient,
  ROLE,
  startTenant,
  type Tenant,
  type TenantOptions,
  tenantRecords,
  user,
} from '../tenant/index.js';
import { call, login } from './client.js';

let tenant: Tenant;
let token: string;

async function start(options: TenantOptions = {}): Promise<void> {
  await tenant?.close();
  tenant = await startTenant(options);
  token = await login(tenant);
}

/** A tenant whose caller has `count` keys, beside those of others. */
function keysOf(count: number) {
  const data = tenantRecords(Date.now());
  const [caller] = data.users;
  const [own] = data.personalClients;
  if (!caller || !own) throw new Error('no caller');
  const key = (index: number, userId: string) =>
    personalClient({ id: idOf(`key ${userId} ${index}`), userId, displayName: `key ${index}` });
  data.users.push(user({ id: 'other', displayName: 'Other', roleIds: [ROLE.user] }));
  data.personalClients = [
    own,
    ...[...Array(count - 1).keys()].map((index) => key(index, caller.id)),
    ...[...Array(5).keys()].map((index) => key(index, 'other')),
  ];
  return data;
}

beforeEach(() => start());
afterEach(() => tenant.close());

const get = (path: string) => call(tenant, token, path);
const post = (path: string, body: unknown) => call(tenant, token, path, body);
/** Every id of a list, following tokens until they end; at most `limit` pages. */
async function follow(ask: (pageToken: string) => ReturnType<typeof get>, limit = 50) {
  const pages: string[][] = [];
  for (let pageToken = ''; pages.length < limit; ) {
    const { json } = await ask(pageToken);
    pages.push(json.list.map((record: { id: string }) => record.id));
    pageToken = json.nextPageToken;
    if (pageToken === '') break;
  }
  return pages;
}
const sizes = (pages: readonly (readonly string[])[]) => pages.map((page) => page.length);

describe('authorization', () => {
  test.each([
    ['nothing', ''],
    ['no token', 'Bearer'],
    ['an unknown token', 'Bearer c1at_unknown'],
    ['another scheme', 'Basic dXNlcjpwYXNz'],
  ])('%s gets 401 with an API error', async (_name, authorization) => {
    const response = await fetch(`${tenant.url}/api/v1/auth/introspect`, { headers: { authorization } });
    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toMatch(/^Bearer/);
    const traceId = response.headers.get('c1-trace-id');
    expect(traceId).toMatch(/^[0-9a-f]{32}$/);
    expect(await response.json()).toEqual({
      code: 16,
      message: expect.stringMatching(new RegExp(`^unauthenticated: .*\\(request-id: ${traceId}\\)$`)),
      details: [],
    });
  });

  test('introspect returns the caller, its roles and permissions', async () => {
    const { json } = await get('/auth/introspect');
    const self = tenant.data.personalClients.find(({ clientId }) => clientId === tenant.data.caller);
    expect(json).toMatchObject({
      principleId: tenant.environment.CONDUCTORONE_CLIENT_ID,
      userId: self?.userId,
      roles: [
        'role/c1.api.auth.v1.Auth:reflection',
        'role/c1.api.tenant.v1.Tenant:owner',
        'role/c1.api.tenant.v1.Tenant:user',
      ],
      features: [
        'servicePrincipals',
        'federation',
        'decoys',
        'externalClients',
        'tunnels',
        'llmGateway',
        'functions',
        'findings',
        'systemLog',
      ],
      disabledModules: [],
    });
    expect(json.permissions).toContain('permission/c1.api.iam.v1.PersonalClientSearchService.Search');
  });

  test('a role scope limits the permissions of the owner', async () => {
    const readOnly = tenant.data.personalClients.find(({ displayName }) => displayName === 'laptop');
    const { CONDUCTORONE_ACCESS_TOKEN: weak = '' } = await tenant.issue.accessToken(readOnly?.clientId);
    // Its owner is a Super Administrator, the key is not.
    expect((await call(tenant, weak, '/auth/introspect')).json).toMatchObject({
      roles: ['role/c1.api.auth.v1.Auth:reflection', 'role/c1.api.tenant.v1.Tenant:viewer'],
    });
    expect((await call(tenant, weak, '/search/iam/personal_clients', {})).status).toBe(403);
    if (readOnly) readOnly.scopedRoles = [ROLE.owner];
    const ada = tenant.data.users.find(({ id }) => id === readOnly?.userId);
    if (ada) ada.roleIds = [ROLE.viewer];
    const { CONDUCTORONE_ACCESS_TOKEN: wide = '' } = await tenant.issue.accessToken(readOnly?.clientId);
    expect((await call(tenant, wide, '/auth/introspect')).json.roles).not.toContain(
      'role/c1.api.tenant.v1.Tenant:owner',
    );
  });

  test('introspect answers 403 if role scope and owner share no role', async () => {
    const key = tenant.data.personalClients.find(({ displayName }) => displayName === 'laptop');
    const ada = tenant.data.users.find(({ id }) => id === key?.userId);
    if (ada) ada.roleIds = [ROLE.user];
    const { CONDUCTORONE_ACCESS_TOKEN: none = '' } = await tenant.issue.accessToken(key?.clientId);
    const { status, json } = await call(tenant, none, '/auth/introspect');
    expect(status).toBe(403);
    expect(json).toEqual({
      code: 7,
      message: expect.stringMatching(
        /^Permission denied, missing permission\/c1\.api\.auth\.v1\.Auth\.Introspect \(request-id: [0-9a-f]{32}\)$/,
      ),
      details: [],
    });
  });

  test('keys of others need a permission, which the 403 names; own keys need none', async () => {
    await start({ data: keysOf(12) });
    const caller = tenant.data.users[0];
    if (caller) caller.roleIds = [ROLE.user];
    const refused = await post('/search/iam/personal_clients', {});
    expect(refused.status).toBe(403);
    expect(refused.json).toMatchObject({
      code: 7,
      message: expect.stringMatching(
        /missing permission\/c1\.api\.iam\.v1\.PersonalClientSearchService\.Search \(request-id: /,
      ),
    });
    expect((await post('/search/iam/personal_clients', { users: [{ id: 'other' }] })).status).toBe(403);
    const own = await post('/search/iam/personal_clients', { users: [{ id: caller?.id }] });
    expect(own.json.list).toHaveLength(12);
    expect((await get(`/iam/personal_clients/${own.json.list[0].id}`)).status).toBe(200);
    expect((await get(`/iam/personal_clients/${idOf('key other 1')}`)).status).toBe(403);
    expect((await get('/iam/personal_clients/nobody')).json).toMatchObject({ code: 5 });
  });

  test.each([
    ['blank', 200],
    ['refuse', 403],
  ] as const)('people and roles, to a caller without rights: %s', async (withoutRights, status) => {
    const data = keysOf(2);
    data.users[0] = user({ ...(data.users[0] as { id: string }), id: data.users[0]?.id ?? '', roleIds: [] });
    await start({ data, withoutRights });
    const users = await post('/search/users', { refs: [{ id: 'other' }] });
    const roles = await get('/iam/roles');
    expect([users.status, (await get('/users/other')).status, roles.status]).toEqual([
      status,
      status,
      status,
    ]);
    if (status === 200) {
      expect(users.json.list[0].user).toMatchObject({
        id: 'other',
        email: '',
        status: 'UNKNOWN',
        roleIds: [],
        createdAt: null,
      });
      expect(roles.json.list[0]).toMatchObject({ id: ROLE.owner, name: '', permissions: [] });
    }
    expect((await get('/settings/session')).status).toBe(403);
    expect((await post('/search/workload_federation_trusts', {})).status).toBe(403);
    expect((await get('/service_principals')).json).toEqual({ list: [], nextPageToken: '' });
  });

  test.each([
    [403, 7],
    [404, 5],
    [501, 12],
  ] as const)('a feature that is off answers %d', async (status, code) => {
    tenant.features.servicePrincipals = status;
    tenant.features.federation = status;
    const [principal] = tenant.data.servicePrincipals;
    for (const answer of [
      await get('/service_principals'),
      await get(`/service_principals/${principal?.id}/credentials`),
      await get('/workload_federation/providers'),
      await post('/search/workload_federation_trusts', {}),
    ]) {
      expect([answer.status, answer.json.code]).toEqual([status, code]);
    }
  });
});

describe('pages', () => {
  test('the list of own keys ignores size and token and always returns page 1', async () => {
    await start({ data: keysOf(60) });
    const first = await get('/iam/personal_clients?page_size=100');
    expect(first.json.list).toHaveLength(25);
    const second = await get(`/iam/personal_clients?page_token=${first.json.nextPageToken}`);
    expect(second.json).toEqual(first.json);
    expect(first.json.nextPageToken).not.toBe('');
  });

  test('the same list pages if the paging rules say so', async () => {
    await start({ data: keysOf(60), paging: { ignoring: [] } });
    const pages = await follow((t) => get(`/iam/personal_clients?page_size=25&page_token=${t}`));
    expect(sizes(pages)).toEqual([25, 25, 10]);
    expect(new Set(pages.flat()).size).toBe(60);
  });

  test('a full page without more records is the last', async () => {
    await start({ data: keysOf(50), paging: { ignoring: [] } });
    expect(sizes(await follow((t) => get(`/iam/personal_clients?page_token=${t}`)))).toEqual([25, 25]);
  });

  test.each([
    [undefined, 25],
    [0, 25],
    [1, 10],
    [9, 10],
    [10, 10],
    [11, 11],
    [100, 100],
    [101, 100],
    [-3, 10],
  ])('page size %p becomes %d', async (pageSize, expected) => {
    await start({ data: keysOf(120) });
    const { json } = await post('/search/iam/personal_clients', { pageSize });
    expect(json.list).toHaveLength(expected);
  });

  test('a strict tenant refuses a size out of range', async () => {
    await start({ data: keysOf(12), paging: { outOfRange: 'refuse' } });
    const statuses = [];
    for (const pageSize of [9, 10, 100, 101]) {
      statuses.push((await post('/search/iam/personal_clients', { pageSize })).status);
    }
    expect(statuses).toEqual([400, 200, 200, 400]);
    expect((await get('/iam/roles?page_size=many')).status).toBe(400);
  });

  test('search pages through all keys, those of one user, or those with a word in the name', async () => {
    await start({ data: keysOf(60) });
    const search = (body: object) =>
      follow((pageToken) => post('/search/iam/personal_clients', { pageSize: 20, pageToken, ...body }));
    const everyone = await search({});
    expect(sizes(everyone)).toEqual([20, 20, 20, 5]);
    expect(new Set(everyone.flat()).size).toBe(65);
    expect(sizes(await search({ users: [{ id: 'other' }] }))).toEqual([5]);
    expect(sizes(await search({ query: 'KEY 3' }))).toEqual([12]);
  });

  test('the fields of a body may have their proto names', async () => {
    await start({ data: keysOf(60) });
    const { json } = await post('/search/iam/personal_clients', { page_size: 12 });
    expect(json.list).toHaveLength(12);
    const next = await post('/search/iam/personal_clients', {
      page_size: 12,
      page_token: json.nextPageToken,
    });
    expect(next.json.list[0].id).not.toBe(json.list[0].id);
    const users = await post('/search/users', { job_titles: ['x'] });
    expect(users.json.code).toBe(12);
  });

  test('a page token is valid for its query only', async () => {
    await start({ data: keysOf(60) });
    const { json } = await post('/search/iam/personal_clients', {});
    expect(json.nextPageToken).toMatch(/^[\w-]+$/);
    for (const body of [
      { pageToken: json.nextPageToken, query: 'key' },
      { pageToken: '25' },
      { pageToken: `${json.nextPageToken}x` },
    ]) {
      const answer = await post('/search/iam/personal_clients', body);
      expect([answer.status, answer.json.code]).toEqual([400, 3]);
    }
  });
});

describe('people, roles, settings', () => {
  test('searches users by reference, in pages, without unknown ids', async () => {
    const refs = [...tenant.data.users.map(({ id }) => ({ id })), { id: 'gone' }];
    const pages = [];
    for (let pageToken = ''; ; ) {
      const { json } = await post('/search/users', { refs, pageSize: 10, pageToken });
      pages.push(json.list);
      pageToken = json.nextPageToken;
      if (pageToken === '') break;
    }
    expect(pages.map((page) => page.length)).toEqual([10, 10, 1]);
    const [ada] = pages[0];
    expect(ada).toMatchObject({
      userId: ada.user.id,
      rolesPath: '',
      objectPermissions: null,
      user: {
        displayName: 'Ada Okafor',
        emails: ['ada.okafor@acme.example'],
        deletedAt: null,
        profile: null,
      },
    });
  });

  test('filters users, and refuses filters that it does not have', async () => {
    const ids = async (body: object) =>
      (await post('/search/users', body)).json.list.map(
        (view: { user: { displayName: string } }) => view.user.displayName,
      );
    expect(await ids({ email: 'ada.okafor@acme.example' })).toEqual(['Ada Okafor']);
    expect(await ids({ query: 'okafor' })).toEqual(['Ada Okafor']);
    expect(await ids({ userStatuses: ['DELETED'] })).toEqual(['Inês Duarte']);
    expect((await post('/search/users', { departments: ['IT'] })).json.code).toBe(12);
  });

  test('returns one user, or 404', async () => {
    const [ada] = tenant.data.users;
    expect((await get(`/users/${ada?.id}`)).json).toMatchObject({
      userView: { user: { id: ada?.id } },
      expanded: [],
    });
    expect((await get('/users/nobody')).json).toMatchObject({
      code: 5,
      message: expect.stringMatching(/^user not found/),
    });
  });

  test('lists roles in pages', async () => {
    tenant.paging.minSize = 3;
    const pages = await follow((t) => get(`/iam/roles?page_size=3&page_token=${t}`));
    expect(sizes(pages)).toEqual([3, 3, 3]);
    const { json } = await get('/iam/roles');
    expect(json.list.find(({ id }: { id: string }) => id === ROLE.owner)).toMatchObject({
      name: 'system:owner',
      displayName: 'Super Administrator',
      systemBuiltin: true,
      deletedAt: null,
    });
  });

  test('returns the allow lists of the tenant', async () => {
    expect((await get('/settings/session')).json.sessionSettings).toMatchObject({
      pccUserSource: { enabled: true, sourceCidr: [expect.any(String), expect.any(String)] },
      pccAdminSource: { enabled: false, sourceCidr: [] },
    });
  });
});

describe('service principals and federation', () => {
  test('returns service principals with their users, and credentials with complete client ids', async () => {
    const { json } = await get('/service_principals');
    expect(json.list).toHaveLength(7);
    expect(json.list[0]).toMatchObject({
      displayName: 'c1-audit',
      user: { id: json.list[0].id, type: 'USER_TYPE_SERVICE', roleIds: [ROLE.owner] },
    });
    expect(json.list[0]).not.toHaveProperty('ownerIds');
    const siem = json.list.find((each: { displayName: string }) => each.displayName === 'siem-export');
    const credentials = await get(`/service_principals/${siem.id}/credentials`);
    expect(credentials.json.list).toHaveLength(2);
    expect(credentials.json.list[0]).toMatchObject({
      servicePrincipalId: siem.id,
      clientId: `${credentials.json.list[0].id}@127.0.0.1/spc`,
    });
    expect((await get('/service_principals/nobody/credentials')).status).toBe(404);
  });

  test('shows owners only their own service principals', async () => {
    const lucia = tenant.data.personalClients.find(({ displayName }) => displayName === 'incident-2291');
    const { CONDUCTORONE_ACCESS_TOKEN: hers = '' } = await tenant.issue.accessToken(lucia?.clientId);
    const { json } = await call(tenant, hers, '/service_principals');
    expect(json.list.map(({ displayName }: { displayName: string }) => displayName)).toEqual(['siem-export']);
    expect((await call(tenant, hers, `/service_principals/${json.list[0].id}/credentials`)).status).toBe(200);
    const others = tenant.data.servicePrincipals[0]?.id;
    expect((await call(tenant, hers, `/service_principals/${others}/credentials`)).status).toBe(403);
  });

  test('searches trusts and lists providers', async () => {
    const all = (await post('/search/workload_federation_trusts', {})).json.list;
    expect(all).toHaveLength(tenant.data.trusts.length);
    expect(all[0].clientId).toMatch(/^[a-z]+-[a-z]+-\d{5}@127\.0\.0\.1\/wfe$/);
    const providers = (await get('/workload_federation/providers')).json.list;
    const disabled = providers.find((each: { disabled: boolean }) => each.disabled);
    const narrowed = await post('/search/workload_federation_trusts', { providerId: disabled.id });
    expect(narrowed.json.list.map((each: { displayName: string }) => each.displayName)).toEqual([
      'old pipeline',
    ]);
    expect((await post('/search/workload_federation_trusts', { query: 'NIGHTLY' })).json.list).toHaveLength(
      1,
    );
    const servicePrincipalId = tenant.data.servicePrincipals[0]?.id;
    expect((await post('/search/workload_federation_trusts', { servicePrincipalId })).json.list).toHaveLength(
      1,
    );
  });
});

describe('findings', () => {
  const finding = {
    dedupKeyParts: ['f1'],
    customSubType: 'c1-audit',
    severity: 'FINDING_SEVERITY_HIGH',
    description: 'idle',
    annotations: { rule: 'unused' },
    tenantTarget: {},
  };

  test('may be off', async () => {
    tenant.features.findings = 501;
    const answer = await post('/findings', finding);
    expect([answer.status, answer.json.code]).toEqual([501, 12]);
  });

  test('the same key parts update a finding, and reopen a resolved one', async () => {
    tenant.features.findings = 'on';
    const first = (await post('/findings', finding)).json.finding;
    expect(first).toMatchObject({ state: 'FINDING_STATE_OPEN', recurrenceCount: 0, resolvedAt: null });
    const resolved = await post(`/findings/${first.id}/state`, { resolve: { reason: 'gone' } });
    expect(resolved.json.finding).toMatchObject({ state: 'FINDING_STATE_RESOLVED' });
    expect(resolved.json.finding.resolvedAt).not.toBeNull();
    const again = (await post('/findings', { ...finding, severity: 'FINDING_SEVERITY_LOW' })).json.finding;
    expect(again).toMatchObject({
      id: first.id,
      severity: 'FINDING_SEVERITY_LOW',
      state: 'FINDING_STATE_OPEN',
      resolvedAt: null,
      recurrenceCount: 1,
    });
    await post('/findings', { ...finding, dedupKeyParts: ['f', '1'] });
    expect(tenant.findings).toHaveLength(2);
    const found = await post('/findings/search', { severities: ['FINDING_SEVERITY_LOW'] });
    expect(found.json.list).toHaveLength(1);
    expect((await post('/findings/nothing/state', { reopen: {} })).status).toBe(404);
    for (const actions of [{}, { reopen: {}, resolve: {} }, { state: 'FINDING_STATE_OPEN' }])
      expect((await post(`/findings/${first.id}/state`, actions)).status).toBe(400);
  });

  test.each([
    ['no key parts', { dedupKeyParts: [] }],
    ['an empty part', { dedupKeyParts: ['a', ''] }],
    ['no severity', { severity: 'FINDING_SEVERITY_UNSPECIFIED' }],
    ['no target', { tenantTarget: null }],
    ['two targets', { identityUserTarget: { identityUserId: 'u' } }],
    ['a reserved annotation', { annotations: { 'c1/x': 'y' } }],
    ['an annotation too long', { annotations: { x: 'y'.repeat(257) } }],
    ['an unknown key', { title: 'x' }],
  ])('are refused: %s', async (_name, over) => {
    tenant.features.findings = 'on';
    const answer = await post('/findings', { ...finding, ...over });
    expect([answer.status, answer.json.code]).toEqual([400, 3]);
    expect(tenant.findings).toHaveLength(0);
  });
});

describe('malformed requests', () => {
  const raw = (path: string, init: RequestInit) =>
    fetch(`${tenant.url}${path}`, {
      redirect: 'manual',
      ...init,
      headers: { authorization: `Bearer ${token}`, ...(init.headers as Record<string, string>) },
    });

  test.each([
    ['an unknown key', { page_sizes: 10 }, /unknown field "page_sizes"/],
    ['one field in both spellings', { page_size: 10, pageSize: 10 }, /duplicate field "pageSize"/],
    ['an unknown key in a ref', { users: [{ id: 'a', name: 'b' }] }, /unknown field "name"/],
    ['a number as text', { pageSize: '10' }, /invalid value for integer field pageSize/],
    ['text as a number', { pageToken: 1 }, /invalid value for string field pageToken/],
    ['refs that are none', { users: ['a'] }, /invalid value for refs field users/],
  ])('400: %s', async (_name, body, message) => {
    const answer = await post('/search/iam/personal_clients', body);
    expect([answer.status, answer.json.code]).toEqual([400, 3]);
    expect(answer.json.message).toMatch(message);
  });

  test('null means unset', async () => {
    expect((await post('/search/iam/personal_clients', { pageSize: null, users: null })).status).toBe(200);
  });

  test.each(['{', '[]', 'null', '"x"'])('400: the body %s', async (body) => {
    const headers = { 'content-type': 'application/json' };
    const answer = await raw('/api/v1/search/users', { method: 'POST', body, headers });
    expect(answer.status).toBe(400);
  });

  test('415: another content type', async () => {
    const headers = { 'content-type': 'text/plain' };
    expect((await raw('/api/v1/search/users', { method: 'POST', body: '{}', headers })).status).toBe(415);
  });

  test('413: a body above one megabyte, with or without its length', async () => {
    const headers = { 'content-type': 'application/json' };
    const body = JSON.stringify({ query: 'x'.repeat(1024 * 1024) });
    expect((await raw('/api/v1/search/users', { method: 'POST', body, headers })).status).toBe(413);
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const outgoing = request(`${tenant.url}/api/v1/search/users`, { method: 'POST', headers }, (answer) => {
        resolve(answer.statusCode);
        answer.resume();
      });
      outgoing.on('error', reject);
      outgoing.write(body);
    });
    expect(status).toBe(413);
  });

  test('431: headers above 16 kB', async () => {
    expect((await raw('/api/v1/auth/introspect', { headers: { 'x-big': 'x'.repeat(17_000) } })).status).toBe(
      431,
    );
  });

  test('405 with the allowed methods, or 404', async () => {
    const del = await raw('/api/v1/iam/personal_clients/x', { method: 'DELETE' });
    expect([del.status, del.headers.get('allow')]).toEqual([405, 'GET']);
    const create = await raw('/api/v1/iam/personal_clients', { method: 'POST' });
    expect(create.status).toBe(405);
    expect((await get('/nothing/here')).json).toMatchObject({ code: 5 });
  });

  test.each(['/nothing/iam/personal_clients', '/iam/roles/nothing/here', '/auth/introspect/more'])(
    'a path that only holds the path of an endpoint is none: %s',
    async (path) => expect((await get(path)).status).toBe(404),
  );

  test('a trailing slash or an empty id redirects to the collection before any check', async () => {
    for (const [path, location] of [
      ['/api/v1/iam/personal_clients/', '/api/v1/iam/personal_clients'],
      ['/api/v1/iam/personal_clients/?page_size=10', '/api/v1/iam/personal_clients?page_size=10'],
      ['/api/v1/service_principals//credentials', '/api/v1/service_principals/credentials'],
    ]) {
      const answer = await fetch(tenant.url + path, { redirect: 'manual' });
      expect([answer.status, answer.headers.get('location')]).toEqual([301, location]);
    }
  });

  test.each(['/', '/api/v2/users', '/api', '/login'])(
    'a path outside the API is a web page: %s',
    async (path) => {
      const answer = await fetch(tenant.url + path);
      expect(answer.status).toBe(200);
      expect(answer.headers.get('content-type')).toBe('text/html; charset=utf-8');
      expect(await answer.text()).toMatch(/^<!doctype html>/);
    },
  );

  test('the Date header is the tenant’s clock', async () => {
    await tenant.close();
    tenant = await startTenant({ now: () => Date.parse('2031-02-03T04:05:06Z') });
    expect((await fetch(tenant.url)).headers.get('date')).toBe('Mon, 03 Feb 2031 04:05:06 GMT');
  });
});

test('records requests with target, body, status and the number under way', async () => {
  const before = tenant.requests.length;
  tenant.faults.add({ on: '*', times: 3, effect: { kind: 'latency', ms: 60 } });
  await Promise.all([get('/auth/introspect'), get('/iam/roles'), post('/search/users', { pageSize: 10 })]);
  const records = tenant.requests.slice(before);
  expect(records.map(({ target }) => target).sort()).toEqual(['introspect', 'roles', 'search-users']);
  expect(records.find(({ target }) => target === 'search-users')).toMatchObject({
    method: 'POST',
    path: '/api/v1/search/users',
    body: { pageSize: 10 },
    scheme: 'bearer',
    status: 200,
  });
  expect(records.map(({ inFlight }) => inFlight)).toEqual([1, 2, 3]);
  await get('/iam/roles');
  expect(tenant.requests.at(-1)?.inFlight).toBe(1);
  expect(JSON.stringify(tenant.requests)).not.toContain(token);
});

test('a change of the data is in the next answer', async () => {
  const [first] = tenant.data.personalClients;
  if (first) first.displayName = 'renamed';
  tenant.data.servicePrincipals.length = 0;
  expect((await get('/iam/personal_clients')).json.list[0].displayName).toBe('renamed');
  expect((await get('/service_principals')).json.list).toEqual([]);
});

test('the caller can be another personal client', async () => {
  const ben = tenant.data.personalClients.find(({ displayName }) => displayName === 'siem-forwarder');
  await start({ caller: ben?.clientId ?? '' });
  const { json } = await get('/auth/introspect');
  expect(json.userId).toBe(ben?.userId);
});

describe('decoys', () => {
  test('are returned to Super Administrators only, in pages and filtered', async () => {
    const pages = await follow((pageToken) => post('/decoys/search', { pageSize: 1, pageToken }));
    // Sizes below ten are read as ten.
    expect(sizes(pages)).toEqual([3]);
    await start({ paging: { minSize: 1 } });
    expect(sizes(await follow((pageToken) => post('/decoys/search', { pageSize: 1, pageToken })))).toEqual([
      1, 1, 1,
    ]);
    const names = async (body: object) =>
      (await post('/decoys/search', body)).json.list.map((each: { displayName: string }) => each.displayName);
    expect(await names({ kinds: ['DECOY_KIND_WORKLOAD_FEDERATION'] })).toEqual(['legacy release']);
    expect(await names({ statuses: ['DECOY_STATUS_FILTER_DISABLED'] })).toEqual(['workday-connector']);
    expect(await names({ query: 'VAULT' })).toEqual(['vault-root-backup']);
    expect(await names({ annotationKeys: ['team'] })).toEqual(['vault-root-backup']);
    expect(await names({ hasBeenUsed: true })).toEqual([]);
    expect((await post('/decoys/search', { filter: '' })).status).toBe(400);
    for (const person of tenant.data.users) person.roleIds = [ROLE.viewer];
    expect((await post('/decoys/search', {})).status).toBe(403);
  });

  test('have no client id', async () => {
    const { json } = await post('/decoys/search', {});
    expect(Object.keys(json.list[0]).sort()).toEqual([
      'annotations',
      'createdAt',
      'description',
      'disabled',
      'displayName',
      'id',
      'kind',
      'lastUsedAt',
      'materialFingerprintSha256',
      'updatedAt',
    ]);
  });
});
