import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { type Fact, isKnown, Unknown } from '../../../src/contract/index.js';
import { readDecoys } from '../../../src/sources/c1/decoys.js';
import { collectTrusts, readProviders } from '../../../src/sources/c1/federation.js';
import type { Reader } from '../../../src/sources/c1/lists.js';
import { readOwners, UserLookup } from '../../../src/sources/c1/people.js';
import { collectEveryones, collectMine } from '../../../src/sources/c1/personal-clients.js';
import {
  collectPrincipalCredentials,
  emptyInVain,
  principalOwners,
  readPrincipals,
} from '../../../src/sources/c1/service-principals.js';
import { introspect, readAllowList, readRoles } from '../../../src/sources/c1/tenant-facts.js';
import { readerOf } from '../../helpers/reader.js';
import { smallTenant } from '../../helpers/small-tenant.js';
import {
  type Fault,
  setAnswerField,
  setField,
  startTenant,
  type Target,
  type Tenant,
  type TenantRecords,
} from '../../tenant/index.js';

/* What each list and fact of a tenant is read as, over loopback, without the rest of an audit. */

const NOW = Date.parse('2026-11-24T06:00:00Z');
const first = (_: unknown, index: number) => index === 0;

let tenant: Tenant<TenantRecords>;
let reader: Reader;
let records: number[];

beforeEach(async () => {
  tenant = await startTenant({
    data: smallTenant(NOW),
    now: () => NOW,
    paging: { ignoring: [], minSize: 1, maxSize: 10 },
  });
  records = [];
  reader = readerOf(tenant, NOW, (count) => records.push(count));
});
afterEach(() => tenant.close());

const strike = (on: Target, effect: Fault['effect'], from = 1) =>
  tenant.faults.add({ on, effect, from, times: Number.POSITIVE_INFINITY });
const refuse = (on: Target, status = 403, from = 1) => strike(on, { kind: 'status', status }, from);
const put = (on: Target, field: string, value: unknown) => strike(on, setField(field, value, first));
const reasonOf = (fact: Fact<object>) => (fact instanceof Unknown ? fact.reason : undefined);

describe('roles', () => {
  test('are known by id', async () => {
    const { roles, note, failure } = await readRoles(reader);
    const known = isKnown(roles) ? roles : new Map();
    expect([...known.keys()].sort()).toEqual(tenant.data.roles.map(({ id }) => id).sort());
    expect([note, failure]).toEqual([null, undefined]);
  });

  test('without the deleted ones', async () => {
    const [, second] = tenant.data.roles;
    strike(
      'roles',
      setField('deletedAt', new Date(NOW).toISOString(), ({ id }) => id === second?.id),
    );
    const { roles } = await readRoles(reader);
    expect(isKnown(roles) && roles.has(second?.id ?? '')).toBe(false);
    expect(isKnown(roles) && roles.size).toBe(tenant.data.roles.length - 1);
  });

  test.each([
    ['id', '', 'GET /iam/roles lists a role without an id', true],
    ['id', 5, 'GET /iam/roles lists a role whose id is not text', true],
    [
      'systemBuiltin',
      'yes',
      'GET /iam/roles lists a role whose systemBuiltin is neither true nor false',
      true,
    ],
    ['deletedAt', 'soon', 'GET /iam/roles lists a role whose deletedAt is not a timestamp', true],
    ['permissions', 'all', 'GET /iam/roles lists a role whose permissions is not a list of texts', true],
    // What a caller without the right gets is blank, not malformed.
    ['name', '', 'GET /iam/roles lists a role whose name is blank', false],
  ])('are unknown if a %s is %j', async (field, value, problem, failed) => {
    put('roles', field, value);
    const { roles, note, failure } = await readRoles(reader);
    expect(reasonOf(roles)).toBe(problem);
    expect(note).toBe(
      `Roles are not known: ${problem}. Give the audit's credential the right to read roles (GET /iam/roles).`,
    );
    expect(failure?.message).toBe(failed ? `${problem}.` : undefined);
    if (failed) expect(failure).toMatchObject({ code: 'api', hint: "Report it to ConductorOne's support." });
  });

  describe('can do everything', () => {
    const role = (name: string, permissions: string[] = [], serviceRoles: string[] = []) => ({
      id: name,
      name,
      displayName: name,
      systemBuiltin: false,
      permissions,
      serviceRoles,
    });
    const OWNER_ROLE = 'role/c1.api.tenant.v1.Tenant:owner';
    const powers = async (...list: object[]) => {
      strike('roles', setAnswerField('list', list));
      const { roles } = await readRoles(reader);
      return isKnown(roles)
        ? Object.fromEntries([...roles.values()].map((one) => [one.name, one.coversOwner]))
        : undefined;
    };

    test('if they hold all permissions of Super Administrator', async () => {
      expect(
        await powers(
          role('system:owner', ['a', 'b'], ['role/x:y']),
          role('all', ['b', 'c', 'a']),
          role('some', ['a']),
          role('none'),
        ),
      ).toEqual({ 'system:owner': true, all: true, some: false, none: false });
    });

    test('if they hold its service role', async () => {
      expect(await powers(role('system:owner', ['a']), role('named', [], ['role/x:y', OWNER_ROLE]))).toEqual({
        'system:owner': true,
        named: true,
      });
    });

    test('is not said where the permissions of Super Administrator are hidden', async () => {
      expect(
        await powers(role('system:owner'), role('some', ['a']), role('named', [], [OWNER_ROLE])),
      ).toEqual({ 'system:owner': undefined, some: undefined, named: true });
      // Service roles alone are no permissions that could be compared.
      tenant.faults.clear();
      expect(await powers(role('system:owner', [], ['role/x:y']), role('some', ['role/x:y']))).toEqual({
        'system:owner': false,
        some: false,
      });
    });

    test('is not said where nothing is shown of any role', async () => {
      strike('roles', setAnswerField('list', [role('system:owner'), role('some')]));
      const { roles } = await readRoles(reader);
      expect(isKnown(roles) && roles.get('some')).toEqual({ id: 'some', name: 'some', displayName: 'some' });
    });

    test('is kept with what it was said by', async () => {
      strike('roles', setAnswerField('list', [role('system:owner', ['a'], ['role/x:y'])]));
      const { roles } = await readRoles(reader);
      expect(isKnown(roles) && roles.get('system:owner')).toMatchObject({
        displayName: 'system:owner',
        grants: ['a', 'role/x:y'],
      });
    });
  });

  test.each([
    ['none', [], 'GET /iam/roles does not list system:owner, which every tenant has'],
    ['a blank one', [{ id: 'r' }], 'GET /iam/roles lists a role whose name is blank'],
  ])('are unknown if the list holds %s', async (_, list, problem) => {
    strike('roles', setAnswerField('list', list));
    const { roles, failure } = await readRoles(reader);
    expect([reasonOf(roles), failure]).toEqual([problem, undefined]);
  });

  test('are unknown if they are refused', async () => {
    refuse('roles');
    const { roles, note, failure } = await readRoles(reader);
    expect(roles).toMatchObject({
      reason: "the tenant's roles could not be read",
      cure: "Give the audit's credential the right to read roles (GET /iam/roles).",
    });
    expect(note).toMatch(/^Roles are not known: GET .* answered 403.* \(GET \/iam\/roles\)\.$/);
    expect(failure).toMatchObject({ status: 403 });
  });

  test('may have no system name if they are not built in', async () => {
    strike(
      'roles',
      setField('name', '', ({ systemBuiltin }) => systemBuiltin !== true),
    );
    expect(isKnown((await readRoles(reader)).roles)).toBe(true);
  });

  test('are unknown if one comes twice, or the list repeats itself', async () => {
    const [one, two] = tenant.data.roles;
    strike(
      'roles',
      setField('id', one?.id, ({ id }) => id === two?.id),
    );
    const { roles, failure } = await readRoles(reader);
    const problem = `GET /iam/roles lists ${one?.id} twice, with other fields`;
    expect([reasonOf(roles), failure?.message]).toEqual([problem, `${problem}.`]);
    tenant.faults.clear();
    tenant.paging.maxSize = 2;
    strike('roles', { kind: 'cursor-loop' });
    expect(reasonOf((await readRoles(reader)).roles)).toBe(
      'GET /iam/roles repeats itself instead of going on',
    );
  });

  test('are unknown without the role that every tenant has', async () => {
    strike(
      'roles',
      setField('name', 'system:other', ({ name }) => name === 'system:owner'),
    );
    const { roles, failure } = await readRoles(reader);
    expect(reasonOf(roles)).toBe('GET /iam/roles does not list system:owner, which every tenant has');
    expect(failure).toBeUndefined();
  });

  test('are unknown if they are refused', async () => {
    refuse('roles');
    const { roles, note, failure } = await readRoles(reader);
    expect(reasonOf(roles)).toBe("the tenant's roles could not be read");
    expect(note).toMatch(/^Roles are not known: GET \S+\/iam\/roles answered 403 /);
    expect(failure).toMatchObject({ status: 403 });
  });
});

describe('the caller', () => {
  test('is a user with roles', async () => {
    strike('introspect', setAnswerField('principleId', 'a@b/pcc'));
    const caller = await introspect(reader.client);
    expect(caller).toMatchObject({ userId: tenant.data.users[0]?.id, principal: 'a@b/pcc', note: null });
    expect(caller.roles.length).toBeGreaterThan(0);
    expect(caller.failure).toBeUndefined();
  });

  test.each([
    ['userId', '', { userId: undefined, note: expect.stringContaining('does not say which user') }],
    ['principleId', null, { principal: undefined, note: null }],
    ['roles', 'all', { roles: [], note: null }],
    ['roles', null, { roles: [], note: null }],
  ])('whose %s is %j', async (field, value, expected) => {
    strike('introspect', setAnswerField(field, value));
    expect(await introspect(reader.client)).toMatchObject(expected);
  });

  test('is not known if that is refused', async () => {
    refuse('introspect');
    expect(await introspect(reader.client)).toMatchObject({
      userId: undefined,
      principal: undefined,
      roles: [],
      note: expect.stringMatching(/^c1-audit does not know who it runs as: GET .* answered 403/),
      failure: { status: 403 },
    });
  });
});

describe("the tenant's allow lists", () => {
  const answer = (settings: unknown): Fault['effect'] => ({ kind: 'edit', edit: () => settings });
  const list = { enabled: true, sourceCidr: ['192.0.2.0/24'] };

  test.each([
    ['as they are', { pccUserSource: list, pccAdminSource: list }, [true, true]],
    [
      'in a field of their own',
      { sessionSettings: { pccUserSource: list, pccAdminSource: {} } },
      [true, false],
    ],
    ['unset', { pccUserSource: null }, [false, false]],
    ['only for administrators', { pccAdminSource: list }, [false, true]],
  ])('are read %s', async (_, settings, enabled) => {
    strike('session-settings', answer(settings));
    const { allowList, note } = await readAllowList(reader.client);
    expect(isKnown(allowList) && [allowList.user.enabled, allowList.admin.enabled]).toEqual(enabled);
    expect(note).toBeNull();
  });

  test.each([
    [{}],
    [{ pccUserSource: 'on', pccAdminSource: list }],
    [{ pccUserSource: list, pccAdminSource: { enabled: 'yes' } }],
    [{ pccUserSource: { ...list, sourceCidr: 'x' }, pccAdminSource: list }],
  ])('are unknown in %j', async (settings) => {
    strike('session-settings', answer(settings));
    const { allowList, note, failure } = await readAllowList(reader.client);
    expect(reasonOf(allowList)).toBe('the session settings hold no readable allow lists');
    expect([note, failure]).toEqual([expect.stringContaining('does not answer as documented'), undefined]);
  });

  test('are unknown if they are refused', async () => {
    refuse('session-settings');
    const { allowList, note, failure } = await readAllowList(reader.client);
    expect(reasonOf(allowList)).toBe("the tenant's session settings could not be read");
    expect(note).toMatch(/^The tenant's own allow lists are not known: GET .* answered 403/);
    expect(failure).toMatchObject({ status: 403 });
  });
});

describe('federation providers and trusts', () => {
  test('are read completely', async () => {
    const { providers, note, failure } = await readProviders(reader);
    expect([...providers.seen.keys()].sort()).toEqual(tenant.data.providers.map(({ id }) => id).sort());
    expect([providers.rest, note, failure]).toEqual([null, null, undefined]);
    const { seen } = await collectTrusts(reader, false);
    expect(seen).toMatchObject({ status: 'complete', required: true, note: null });
  });

  test.each([
    ['id', '', 'lists a provider without an id'],
    ['displayName', 5, 'lists a provider whose displayName is not text'],
    ['disabled', 'no', 'lists a provider whose disabled is neither true nor false'],
  ])('a provider whose %s is %j leaves the rest unknown', async (field, value, problem) => {
    put('federation-providers', field, value);
    const { providers, note, failure } = await readProviders(reader);
    expect(providers.seen.size).toBe(tenant.data.providers.length - 1);
    expect(providers.rest).toMatchObject({
      reason: `GET /workload_federation/providers ${problem}`,
      cure: 'Look at the providers in ConductorOne.',
    });
    expect(note).toContain(problem);
    expect(failure?.message).toContain(problem);
  });

  test('that are refused are unknown', async () => {
    refuse('federation-providers');
    const { providers, note, failure } = await readProviders(reader);
    expect(providers.rest).toMatchObject({
      reason: "the tenant's federation providers could not be read",
      cure: "Give the audit's credential the right to read federation providers (GET /workload_federation/providers).",
    });
    expect(note).toMatch(/^Federation providers are not known: GET .* answered 403/);
    expect(failure).toMatchObject({ status: 403 });
  });

  test.each([
    [403, false, false],
    [403, true, true],
    [500, false, true],
  ])(
    'trusts that answer %d are missed where requested by name (%s): %s',
    async (status, required, missed) => {
      refuse('search-federation-trusts', status);
      expect((await collectTrusts(reader, required)).seen).toMatchObject({
        status: 'unavailable',
        required: missed,
      });
    },
  );
});

describe('decoys', () => {
  test.each([
    [403, null, undefined],
    [500, /^decoys could not be read \(POST .* answered 500/, 500],
  ])('that answer %d', async (status, gap, failed) => {
    refuse('search-decoys', status);
    const seen = await readDecoys(reader);
    expect(seen.note).toMatch(
      /^Some decoys are not known, so they may be reported like any other credential: /,
    );
    if (gap) expect(seen.gap).toMatch(gap);
    else expect(seen.gap).toBeNull();
    expect(seen.failure === undefined ? undefined : (seen.failure as { status?: number }).status).toBe(
      failed,
    );
  });

  test('are none where the list is empty', async () => {
    expect(await readDecoys(reader)).toEqual({ decoys: [], note: null, gap: null, failure: undefined });
  });

  test('that are refused on a later page, or repeat themselves, leave a gap', async () => {
    strike('search-decoys', setAnswerField('nextPageToken', 'next'));
    refuse('search-decoys', 403, 2);
    expect((await readDecoys(reader)).gap).toMatch(/^decoys could not be read \(POST .* answered 403/);
    tenant.faults.clear();
    strike('search-decoys', {
      kind: 'status',
      status: 200,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ list: [{ id: 'a' }], nextPageToken: 'again' }),
    });
    const { note, gap } = await readDecoys(reader);
    expect(note).toContain('POST /decoys/search repeats itself instead of going on.');
    expect(gap).toBe('decoys could not be read completely (POST /decoys/search)');
  });

  test('of kinds that are in no list are left out, and malformed ones are named', async () => {
    const decoy = { displayName: 'x', createdAt: new Date(NOW).toISOString() };
    strike(
      'search-decoys',
      setAnswerField('list', [
        { ...decoy, id: 'a', kind: 'DECOY_KIND_USER_CLIENT_CREDENTIAL' },
        { ...decoy, id: 'b', kind: 'DECOY_KIND_WORKLOAD_FEDERATION' },
        { ...decoy, id: 'c', kind: 'toString' },
        { ...decoy, id: 'd', kind: 'DECOY_KIND_WORKLOAD_FEDERATION', createdAt: 5 },
        null,
      ]),
    );
    const { decoys, gap, failure } = await readDecoys(reader);
    expect(decoys).toEqual([
      { kinds: ['personal-client', 'service-principal-credential'], name: 'x', createdAt: NOW },
      { kinds: ['federation-trust'], name: 'x', createdAt: NOW },
      { kinds: ['federation-trust'], name: 'x', createdAt: undefined },
    ]);
    expect(gap).toBe('decoys could not be read completely (POST /decoys/search)');
    expect(failure).toMatchObject({ code: 'api', hint: "Report it to ConductorOne's support." });
    expect(failure?.message).toContain('d: createdAt is not a timestamp; record 5: is not an object');
  });
});

describe('personal clients', () => {
  const me = () => tenant.data.users[0]?.id;
  const own = () => tenant.data.personalClients.filter(({ userId }) => userId === me());

  test('of everyone are searched', async () => {
    const { credentials, seen } = await collectEveryones(reader);
    expect(credentials).toHaveLength(tenant.data.personalClients.length);
    expect(seen).toEqual({
      kind: 'personal-client',
      status: 'complete',
      required: true,
      pages: 3,
      note: null,
    });
    expect(records.reduce((sum, count) => sum + count, 0)).toBe(credentials.length);
  });

  test.each([
    [403, "ConductorOne does not let this credential search everyone's personal clients: ", /system:owner/],
    [404, 'POST ', /./],
  ])('of everyone that answer %d', async (status, message, hint) => {
    refuse('search-personal-clients', status);
    const { seen, failure } = await collectEveryones(reader);
    expect(failure).toMatchObject({ code: 'api', status });
    expect(seen).toMatchObject({ status: 'unavailable', required: true });
    expect(failure?.message.startsWith(message)).toBe(true);
    expect(failure?.hint).toMatch(hint);
  });

  test('without an id are named by their place', async () => {
    strike('search-personal-clients', {
      kind: 'edit',
      edit: (json) => ({ ...(json as object), list: [(json as { list: unknown[] }).list[0], {}] }),
    });
    const { seen } = await collectEveryones(reader);
    expect(seen.status).toBe('partial');
    expect(seen.note).toContain('record 2 of page 1: has no id');
  });

  test.each([
    [{ list: 7 }, 'has a "list" that is not a list'],
    [{}, 'has no "list"'],
    [{ list: [], nextPageToken: 7 }, 'has a "nextPageToken" that is not text'],
    [{ list: [], code: 7 }, 'has "code" beside the "list", so records may be missing'],
  ])('in an answer like %j are not read', async (answer, problem) => {
    strike('search-personal-clients', { kind: 'edit', edit: () => answer });
    const { seen, failure } = await collectEveryones(reader);
    expect(seen.status).toBe('unavailable');
    expect(failure).toMatchObject({
      code: 'api',
      message: `POST /search/iam/personal_clients answered 200, but the answer ${problem}.`,
      hint: 'This is not the API that c1-audit knows; check the address, or look for a newer version.',
      status: 200,
    });
  });

  test('of the caller are listed', async () => {
    const { credentials, seen } = await collectMine(reader, me());
    expect(credentials.map(({ id }) => id).sort()).toEqual(
      own()
        .map(({ id }) => id)
        .sort(),
    );
    expect(seen.status).toBe('complete');
    expect(tenant.requests.some(({ target }) => target === 'search-personal-clients')).toBe(false);
  });

  describe('of a caller whose list repeats itself', () => {
    beforeEach(() => {
      strike('personal-clients', { kind: 'cursor-loop' });
    });

    test('are searched for the caller', async () => {
      const { credentials, seen } = await collectMine(reader, me());
      expect(credentials.map(({ id }) => id).sort()).toEqual(
        own()
          .map(({ id }) => id)
          .sort(),
      );
      // One page of the list, and those of the search.
      const searches = tenant.requests.filter(({ target }) => target === 'search-personal-clients');
      expect(searches[0]?.body).toMatchObject({ users: [{ id: me() }] });
      expect(seen).toMatchObject({ status: 'complete', note: null, pages: 1 + searches.length });
    });

    test('are partial if a record of either is malformed, and both are named once', async () => {
      put('personal-clients', 'expiresTime', 'soon');
      put('search-personal-clients', 'lastUsedAt', 'never');
      const { seen } = await collectMine(reader, me());
      expect(seen.status).toBe('partial');
      expect(seen.note).toContain('expiresTime');
      expect(seen.note).toContain('lastUsedAt');
    });

    test('are partial if the caller is not known', async () => {
      const { credentials, seen } = await collectMine(reader, undefined);
      expect(credentials.length).toBe(own().length);
      expect(seen).toMatchObject({ status: 'partial' });
      expect(seen.note).toMatch(/repeats its first page .* the caller's user id, which is not known/);
    });

    test('are partial if the search fails, with what was listed', async () => {
      refuse('search-personal-clients', 500);
      const { credentials, seen, failure } = await collectMine(reader, me());
      expect(credentials.length).toBe(own().length);
      expect(seen.status).toBe('partial');
      expect(seen.note).toMatch(/which replaces it, was not read completely\. POST .* answered 500/);
      expect(failure).toMatchObject({ status: 500 });
    });

    test('include what only the search shows, but nothing of others', async () => {
      const [one] = own();
      const more = (id: string, userId: string) => ({ ...one, id, clientId: id, userId });
      const list = [more('mine', me() ?? ''), more('nobodys', ''), more('others', 'somebody')];
      strike('search-personal-clients', { kind: 'edit', edit: () => ({ list, nextPageToken: '' }) });
      const found = (await collectMine(reader, me())).credentials.map(({ id }) => id);
      expect(found).toEqual(expect.arrayContaining(['mine', 'nobodys', one?.id]));
      expect(found).not.toContain('others');
    });
  });
});

describe('service principals', () => {
  const collect = async (required = false) =>
    collectPrincipalCredentials(reader, await readPrincipals(reader), required);
  const ids = () => tenant.data.servicePrincipals.map(({ id }) => id);

  test('have their credentials read, each list once', async () => {
    const { credentials, seen, failure } = await collect();
    expect(credentials).toHaveLength(tenant.data.credentials.length);
    expect(seen).toMatchObject({ status: 'complete', required: true, note: null });
    expect(failure).toBeUndefined();
    expect(tenant.requests.filter(({ target }) => target === 'service-principals')).toHaveLength(1);
  });

  test('own the credentials in their lists', async () => {
    strike('service-principal-credentials', setField('servicePrincipalId', ''));
    const { credentials } = await collect();
    expect(new Set(credentials.map(({ ownerId }) => ownerId))).toEqual(new Set(ids()));
  });

  test.each([
    [403, false, 'unavailable', false],
    [403, true, 'unavailable', true],
    [500, false, 'unavailable', true],
  ])('that answer %d, requested by name %s', async (status, required, state, missed) => {
    refuse('service-principals', status);
    expect((await collect(required)).seen).toMatchObject({ status: state, required: missed });
  });

  test('whose list repeats itself are partial, and so is a list of credentials', async () => {
    strike('service-principals', { kind: 'cursor-loop' });
    strike('service-principal-credentials', { kind: 'cursor-loop' });
    const { seen, credentials } = await collect();
    expect(seen.status).toBe('partial');
    expect(seen.note).toContain('only 3 service principals could be read');
    expect(seen.note).toContain(
      `so credentials may be missing, for service principals ${ids().sort().join(', ')}.`,
    );
    expect(credentials.length).toBeGreaterThan(0);
  });

  test('are not read further after three lists in a row failed', async () => {
    refuse('service-principal-credentials', 500);
    const { seen, failure } = await collect();
    expect(seen.status).toBe('partial');
    expect(seen.note).toMatch(
      /^The credentials of service principals .* could not be read: GET .* answered 500/,
    );
    expect(failure).toMatchObject({ status: 500 });
  });

  test('listed twice with other content are not relied on', async () => {
    strike('service-principals', {
      kind: 'edit',
      edit(json) {
        const { list } = json as { list: object[] };
        return { list: [...list, { ...list[0], displayName: 'other' }], nextPageToken: '' };
      },
    });
    const { parents, ending } = await readPrincipals(reader);
    expect(parents.size).toBe(3);
    expect(ending).toMatchObject({
      code: 'api',
      message: `GET /service_principals lists the service principal ${ids()[0]} twice, with other fields.`,
      hint: "Report it to ConductorOne's support. It is not known which of the two is right.",
    });
  });

  const missing = (...victims: (string | undefined)[]) =>
    tenant.faults.add({
      on: ({ path }) => victims.some((id) => path.endsWith(`/${id}/credentials`)),
      times: Number.POSITIVE_INFINITY,
      effect: { kind: 'status', status: 404 },
    });
  const listing = (list: unknown[]) => strike('service-principals', setAnswerField('list', list), 2);

  test('whose credentials are missing are gone only if they are no longer listed', async () => {
    const [, victim = ''] = ids();
    missing(victim);
    const still = await collect();
    expect(still.seen.status).toBe('partial');
    expect(still.seen.note).toContain(
      `The credentials of service principal ${victim} could not be read: GET `,
    );
    listing(tenant.data.servicePrincipals.filter(({ id }) => id !== victim));
    const gone = await collect();
    expect(gone.seen).toMatchObject({
      status: 'complete',
      note: `Deleted while the audit ran: service principal ${victim}.`,
    });
  });

  test('are not gone if all of them are missing, or the list cannot be read again', async () => {
    missing(...ids());
    const { seen } = await collect();
    expect(seen.status).toBe('partial');
    expect(seen.note).not.toContain('Deleted while');
    expect(tenant.requests.filter(({ target }) => target === 'service-principals')).toHaveLength(1);
    tenant.faults.clear();
    missing(ids()[1]);
    refuse('service-principals', 500, 2);
    const unread = (await collect()).seen;
    expect(unread.status).toBe('partial');
    expect(unread.note).not.toContain('Deleted while');
  });

  test.each([
    [50, ''],
    [51, ' and 1 more'],
  ])(
    'whose credentials cannot be read are named in order, of %d all or the first fifty',
    async (count, more) => {
      const [one] = tenant.data.servicePrincipals;
      const all = Array.from({ length: count }, (_, n) => `sp-${99 - n}`);
      strike(
        'service-principals',
        setAnswerField(
          'list',
          all.map((id) => ({ ...one, id })),
        ),
      );
      refuse('service-principal-credentials', 500);
      const { note } = (await collect()).seen;
      const named = all.sort().slice(0, 50).join(', ');
      expect(
        note?.startsWith(`The credentials of service principals ${named}${more} could not be read: GET `),
      ).toBe(true);
    },
  );

  test('are not gone if a later page of their credentials is missing', async () => {
    const [one] = ids();
    const first = tenant.data.credentials.find(({ servicePrincipalId }) => servicePrincipalId === one);
    const victim = ({ path }: { path: string }) => path.endsWith(`/${one}/credentials`);
    tenant.faults.add({
      on: victim,
      effect: {
        kind: 'status',
        status: 200,
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ list: [{ ...first, id: 'other' }], nextPageToken: 'next' }),
      },
    });
    tenant.faults.add({ on: victim, from: 2, effect: { kind: 'status', status: 404 } });
    listing(tenant.data.servicePrincipals.filter(({ id }) => id !== one));
    const { seen } = await collect();
    expect(seen.status).toBe('partial');
    expect(seen.note).toContain(`The credentials of service principal ${one} could not be read: GET `);
    expect(seen.note).not.toContain('Deleted while');
  });

  test.each([
    ['a server that fails', { kind: 'status', status: 500 }, 3 + 8],
    ['answers that are broken, each by itself', { kind: 'html' }, 30],
  ] as const)('are read in vain only so often: %s', async (_, effect, most) => {
    const [one] = tenant.data.servicePrincipals;
    const all = Array.from({ length: 30 }, (_, n) => ({ ...one, id: `sp-${n}` }));
    strike('service-principals', setAnswerField('list', all));
    strike('service-principal-credentials', effect);
    expect((await collect()).seen.status).toBe('partial');
    const asked = tenant.requests.filter(({ target }) => target === 'service-principal-credentials').length;
    if (most === 30) expect(asked).toBe(30);
    else expect(asked).toBeLessThanOrEqual(most);
  });

  test('are not believed to be none while trusts name some', async () => {
    const { credentials } = await collectTrusts(reader, false);
    const none = { parents: new Map(), pages: 1, ending: 'end' as const };
    expect(emptyInVain(none, credentials)).toMatchObject({
      code: 'api',
      message: 'GET /service_principals lists none, but federation trusts name some.',
      hint: "Check that the audit's credential may see service principals (Super Administrator).",
    });
    expect(emptyInVain({ ...none, ending: 'repeats' }, credentials)).toBeUndefined();
    expect(emptyInVain(await readPrincipals(reader), credentials)).toBeUndefined();
    expect(emptyInVain(none, [])).toBeUndefined();
    for (const over of [{ ownerId: '' }, { deletedAt: NOW }])
      expect(
        emptyInVain(
          none,
          credentials.map((one) => ({ ...one, ...over })),
        ),
      ).toBeUndefined();
  });

  describe('as owners', () => {
    const owners = async (of: string[], seesAll = true) => {
      const { roles } = await readRoles(reader);
      return principalOwners(reader, of, await readPrincipals(reader), roles, seesAll);
    };

    test('have the status of their user and their own name', async () => {
      const found = await owners(ids());
      const [one] = tenant.data.servicePrincipals;
      expect(found.owners.get(one?.id ?? '')).toMatchObject({
        id: one?.id,
        name: one?.displayName,
        status: 'active',
        type: 'service',
      });
      expect([found.note, found.failure]).toEqual([null, undefined]);
    });

    test('have the name of their user if they have none', async () => {
      put('service-principals', 'displayName', '');
      put('service-principals', 'user.displayName', 'Jo');
      const [one = ''] = ids();
      put('service-principals', 'user.type', 'USER_TYPE_HUMAN');
      expect((await owners(ids())).owners.get(one)).toMatchObject({ name: 'Jo', type: 'service' });
      tenant.faults.clear();
      put('service-principals', 'user.displayName', 'Jo');
      expect((await owners(ids())).owners.get(one)).toMatchObject({
        name: tenant.data.servicePrincipals[0]?.displayName,
      });
    });

    test('are gone if a complete list lacks them and the caller sees all', async () => {
      expect((await owners(['nobody'])).owners.get('nobody')).toMatchObject({
        status: 'gone',
        type: 'service',
      });
      const unseen = {
        reason: 'its service principal is not listed',
        cure: 'Run the audit as a Super Administrator, who can list all service principals.',
      };
      expect((await owners(['nobody'], false)).owners.get('nobody')).toMatchObject(unseen);
      strike('service-principals', { kind: 'cursor-loop' });
      expect((await owners(['nobody'])).owners.get('nobody')).toMatchObject(unseen);
    });

    test('are not known if their user is blank, and malformed ones are named', async () => {
      put('service-principals', 'user', null);
      const blank = await owners(ids());
      expect(blank.owners.get(ids()[0] ?? '')).toBeInstanceOf(Unknown);
      expect(blank.note).toMatch(
        /^Of the service principals \(GET \/service_principals\): 1 owner is not known/,
      );
      expect(blank.failure).toBeUndefined();
      tenant.faults.clear();
      put('service-principals', 'user', 'x');
      expect((await owners(ids())).failure?.message).toContain('user is not an object');
      tenant.faults.clear();
      put('service-principals', 'user.email', 5);
      expect((await owners(ids())).failure?.message).toContain('email is not text');
    });
  });

  test('without a valid id end the reading', async () => {
    put('service-principals', 'id', '');
    expect((await readPrincipals(reader)).ending).toMatchObject({
      code: 'api',
      message: 'GET /service_principals lists a service principal without a valid id.',
      hint: "Report it to ConductorOne's support: its credentials cannot be read.",
    });
  });
});

describe('users', () => {
  const lookUp = async (...ids: string[]) => {
    const lookup = new UserLookup(reader);
    for (const id of ids) lookup.add(id);
    return lookup.read();
  };
  const ids = () => tenant.data.users.map(({ id }) => id);
  const asked = (target: string) => tenant.requests.filter((one) => one.target === target).length;

  test('are searched by their ids, and blank or known ids are not', async () => {
    const { users, failure } = await lookUp(...ids(), '', ids()[0] ?? '');
    expect([...users.keys()].sort()).toEqual(ids().sort());
    expect(failure).toBeUndefined();
    expect(asked('user')).toBe(0);
  });

  test('are searched a hundred at a time', async () => {
    strike('search-users', setAnswerField('list', []));
    refuse('user', 500);
    await lookUp(...[...Array(250).keys()].map((n) => `user ${n}`));
    const sizes = tenant.requests
      .filter(({ target }) => target === 'search-users')
      .map(({ body }) => (body as { refs: unknown[] }).refs.length);
    expect(sizes.sort()).toEqual([100, 100, 50]);
  });

  test('are searched for when ten pages brought nobody new, once', async () => {
    const lookup = new UserLookup(reader);
    const readPages = (count: number) => {
      for (let page = 0; page < count; page += 1) lookup.pageIsRead();
    };
    readPages(10);
    lookup.add('one');
    readPages(9);
    lookup.add('two');
    lookup.add('one');
    readPages(30);
    lookup.add('three');
    readPages(9);
    lookup.add('four');
    await lookup.read();
    const searched = tenant.requests
      .filter(({ target }) => target === 'search-users')
      .map(({ body }) => (body as { refs: { id: string }[] }).refs.map(({ id }) => id))
      .sort();
    expect(searched).toEqual([
      ['one', 'two'],
      ['three', 'four'],
    ]);
  });

  test('are not searched at all if there are none', async () => {
    expect((await lookUp('')).users.size).toBe(0);
    expect(tenant.requests.filter(({ target }) => target !== 'token')).toEqual([]);
  });

  describe('as owners', () => {
    const owners = async (of: string[]) => {
      const { roles } = await readRoles(reader);
      return readOwners(reader, new UserLookup(reader), of, roles);
    };
    const away = () => tenant.data.users.find(({ status }) => status === 'DISABLED');

    test('are active, disabled with their active managers, or gone', async () => {
      const [one = ''] = ids();
      const found = await owners([one, away()?.id ?? '', 'nobody']);
      expect(found.owners.get(one)).toMatchObject({ id: one, status: 'active', managers: [] });
      expect(found.owners.get(away()?.id ?? '')).toMatchObject({
        status: 'disabled',
        managers: [{ id: one, email: tenant.data.users[0]?.email }],
      });
      expect(found.owners.get('nobody')).toMatchObject({ status: 'gone' });
      expect([found.note, found.failure]).toEqual([null, undefined]);
    });

    test('have no managers who are away themselves', async () => {
      const [manager] = ids();
      strike(
        'search-users',
        setField('user.status', 'DISABLED', ({ user }) => (user as { id: string }).id === manager),
      );
      expect((await owners([away()?.id ?? ''])).owners.get(away()?.id ?? '')).toMatchObject({ managers: [] });
    });

    test('have managers who cannot be addressed if their status is not shown', async () => {
      const [manager] = ids();
      strike(
        'search-users',
        setField('user.status', '', ({ user }) => (user as { id: string }).id === manager),
      );
      expect((await owners([away()?.id ?? ''])).owners.get(away()?.id ?? '')).toMatchObject({
        managers: [{ id: manager, name: '', email: '' }],
      });
    });

    test('that are listed twice are named in order', async () => {
      const [one = ''] = ids();
      strike('search-users', {
        kind: 'edit',
        edit(json) {
          const [first] = (json as { list: { user: object }[] }).list;
          const named = ['b', 'a'].flatMap((id) =>
            ['x', 'y'].map((displayName) => ({ user: { ...first?.user, id, displayName } })),
          );
          return { list: [...named, first], nextPageToken: '' };
        },
      });
      expect((await owners([one, 'b', 'a'])).failure?.message).toBe(
        'POST /search/users lists users twice, with other fields: a, b.',
      );
    });

    test('may be listed twice where nothing differs that is audited', async () => {
      const [one = ''] = ids();
      strike('search-users', {
        kind: 'edit',
        edit(json) {
          const { list } = json as { list: { user: object }[] };
          return { list: [...list, { user: { ...list[0]?.user, updatedAt: null } }], nextPageToken: '' };
        },
      });
      const { owners: found, failure } = await owners([one]);
      expect(found.get(one)).toMatchObject({ id: one, status: 'active' });
      expect(failure).toBeUndefined();
    });

    test('are unknown if they are listed twice, with the reason', async () => {
      const [one = ''] = ids();
      strike('search-users', {
        kind: 'edit',
        edit(json) {
          const { list } = json as { list: { user: object }[] };
          return { list: [...list, { user: { ...list[0]?.user, displayName: 'x' } }], nextPageToken: '' };
        },
      });
      const found = await owners([one]);
      expect(reasonOf(found.owners.get(one) ?? {})).toBe(
        'ConductorOne lists its owner twice, with different content',
      );
      expect(found.failure).toMatchObject({
        message: `POST /search/users lists users twice, with other fields: ${one}.`,
        hint: expect.stringContaining('which of the records is right'),
      });
    });

    test('are unknown if they could not be looked up, and only an outage is a failure', async () => {
      const [one = ''] = ids();
      refuse('search-users');
      refuse('user');
      const refused = await owners([one]);
      expect(reasonOf(refused.owners.get(one) ?? {})).toMatch(
        /^its owner could not be looked up: .* answered 403/,
      );
      expect(refused.note).toMatch(/^Some owners are not known: .* answered 403/);
      expect(refused.failure).toBeUndefined();
      tenant.faults.clear();
      refuse('search-users', 500);
      refuse('user', 500);
      expect((await owners([one])).failure).toMatchObject({ status: 500 });
    });

    test('whose records are malformed are named', async () => {
      const [one = ''] = ids();
      put('search-users', 'user.email', 5);
      expect((await owners([one])).failure).toMatchObject({
        message: `1 record of POST /search/users and GET /users/{id} is malformed: ${one}: email is not text.`,
        hint: expect.stringContaining('Look at them in ConductorOne'),
      });
      tenant.faults.clear();
      strike('search-users', setAnswerField('list', [null]));
      expect((await owners([one])).failure).toMatchObject({
        message: 'POST /search/users lists a record that is not an object.',
      });
    });
  });

  test('that the search leaves out are read one by one, and gone if they are unknown', async () => {
    const [one = ''] = ids();
    strike('search-users', setAnswerField('list', []));
    const { users, failure } = await lookUp(one, 'nobody');
    expect(users.get(one)).toMatchObject({ id: one });
    expect(users.get('nobody')).toBe('gone');
    expect([failure, asked('user')]).toEqual([undefined, 2]);
  });

  test('that are read one by one are not taken for somebody else', async () => {
    const [one = ''] = ids();
    strike('search-users', setAnswerField('list', []));
    strike('user', { kind: 'edit', edit: () => ({ userView: { user: { id: 'other' } } }) });
    const { users, failure } = await lookUp(one);
    expect(users.size).toBe(0);
    expect(failure).toMatchObject({
      code: 'api',
      message: 'GET /users/{id} answered 200, but does not hold the requested user.',
      hint: 'This is not the API that c1-audit knows; look for a newer version.',
      status: 200,
    });
  });

  test('of a refused search may be looked up all the same', async () => {
    refuse('search-users');
    const { users, failure } = await lookUp(...ids().slice(0, 3));
    expect([users.size, failure]).toEqual([3, undefined]);
  });

  test('are not looked up further once that is refused', async () => {
    refuse('search-users');
    refuse('user');
    const { users, failure } = await lookUp(...ids());
    expect(users.size).toBe(0);
    expect(failure).toMatchObject({ status: 403 });
    expect(asked('user')).toBeLessThanOrEqual(8);
  });

  test('that an outage keeps back are an outage, also beside a missing right', async () => {
    refuse('search-users', 500);
    refuse('user');
    expect((await lookUp(...ids())).failure).toMatchObject({ status: 500 });
  });
});
