import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type PersonalClient, seed, startTenant, type Tenant, type TenantRecords } from '../tenant/index.js';
import { call, login } from './client.js';

const NOW = Date.parse('2026-09-01T12:00:00Z');
const DAY = 86_400_000;
const data: TenantRecords = seed(NOW);
const days = (instant: string | null) => (instant === null ? null : (NOW - Date.parse(instant)) / DAY);
const isLive = (client: PersonalClient) =>
  client.deletedAt === null && (client.expiresTime === null || Date.parse(client.expiresTime) > NOW);
const live = data.personalClients.filter(isLive);
const self = data.personalClients.find(({ clientId }) => clientId === data.caller);
const mine = live.filter(({ userId }) => userId === self?.userId);
const roleId = (name: string) => data.roles.find((role) => role.name === name)?.id ?? '';
const userOf = (id: string) => data.users.find((user) => user.id === id);

describe('the seed', () => {
  test('depends only on now, and its ids not even on that', () => {
    expect(seed(NOW)).toEqual(data);
    const later = seed(NOW + 40 * DAY);
    expect(later.personalClients.map(({ id, clientId }) => [id, clientId])).toEqual(
      data.personalClients.map(({ id, clientId }) => [id, clientId]),
    );
    expect(later.personalClients[0]?.createdAt).not.toBe(data.personalClients[0]?.createdAt);
  });

  test('has about fifty personal clients of a dozen people', () => {
    expect(data.personalClients.length).toBeGreaterThanOrEqual(45);
    expect(data.personalClients.length).toBeLessThanOrEqual(55);
    expect(new Set(data.personalClients.map(({ userId }) => userId)).size).toBeGreaterThanOrEqual(12);
  });

  test('has ids in the form of the API, each once', () => {
    expect(data.personalClients.filter(({ id, clientId }) => id !== clientId)).toEqual([]);
    const ids = [
      ...data.users,
      ...data.roles,
      ...data.servicePrincipals.filter(({ id }) => !data.users.some((user) => user.id === id)),
      ...data.providers,
    ].map(({ id }) => id);
    expect(ids.filter((id) => !/^[0-9A-Za-z]{27}$/.test(id))).toEqual([]);
    expect(new Set(ids).size).toBe(ids.length);
    const clientIds = [...data.personalClients, ...data.credentials, ...data.trusts].map(
      (each) => each.clientId,
    );
    expect(clientIds.filter((id) => !/^[a-z]+-[a-z]+-\d{5}$/.test(id))).toEqual([]);
    expect(new Set(clientIds).size).toBe(clientIds.length);
  });

  test('has no use or change before its creation or in the future', () => {
    for (const client of data.personalClients) {
      const [created, used, deleted] = [
        days(client.createdAt),
        days(client.lastUsedAt),
        days(client.deletedAt),
      ];
      expect(created).toBeGreaterThan(0);
      expect(used ?? 0).toBeLessThanOrEqual(created ?? 0);
      expect(used ?? 0).toBeGreaterThanOrEqual(0);
      expect(deleted ?? 0).toBeLessThanOrEqual(created ?? 0);
    }
  });

  test('has few enough service principals and credentials for lists that do not page', () => {
    expect(data.servicePrincipals.length).toBeLessThanOrEqual(10);
    expect(data.providers.length).toBeLessThanOrEqual(10);
    const owners = data.credentials.map(({ servicePrincipalId }) => servicePrincipalId);
    expect(
      Math.max(...data.servicePrincipals.map(({ id }) => owners.filter((o) => o === id).length)),
    ).toBeLessThan(10);
    expect(owners.every((id) => data.servicePrincipals.some((principal) => principal.id === id))).toBe(true);
    expect(data.servicePrincipals.every(({ id }) => userOf(id)?.type === 'USER_TYPE_SERVICE')).toBe(true);
  });

  test('is audited by a live key of a Super Administrator, which is about to expire', () => {
    expect(self && isLive(self)).toBe(true);
    expect(userOf(self?.userId ?? '')?.roleIds).toContain(roleId('system:owner'));
    expect(self?.scopedRoles).toEqual([roleId('system:owner')]);
    expect(days(self?.expiresTime ?? null)).toBeGreaterThan(-7);
    expect(mine).toHaveLength(13);
  });

  test('has owners with every status', () => {
    const owners = live.map(({ userId }) => userOf(userId));
    expect(owners).toContain(undefined);
    expect(owners.some((owner) => owner?.deletedAt)).toBe(true);
    expect(owners.some((owner) => owner?.status === 'DISABLED')).toBe(true);
    expect(owners.some((owner) => owner?.directoryStatus === 'DELETED' && owner.status === 'ENABLED')).toBe(
      true,
    );
    const unscoped = live
      .filter(({ scopedRoles }) => scopedRoles.length === 0)
      .map(({ userId }) => userOf(userId));
    for (const role of ['system:owner', 'system:viewer', 'system:application-admin', 'system:user']) {
      expect(unscoped.some((owner) => owner?.roleIds.includes(roleId(role)))).toBe(true);
    }
  });

  test('has hostile names, a blank one, deleted and expired keys, and keys without findings', () => {
    const names = data.personalClients.map(({ displayName }) => displayName);
    for (const part of [
      '\u001b[',
      '<script>',
      '=cmd|',
      '::error::',
      '@everyone',
      '##[error]',
      '\u202e',
      'javascript:',
    ]) {
      expect(names.some((name) => name.includes(part))).toBe(true);
    }
    expect(names).toContain('');
    expect(data.personalClients.some(({ deletedAt }) => deletedAt)).toBe(true);
    expect(data.personalClients.filter((client) => !isLive(client)).length).toBeGreaterThanOrEqual(3);
    expect(names).toEqual(
      expect.arrayContaining(['laptop', 'access-review-bot', 'catalog-reader', 'pairing session']),
    );
  });

  test('has keys unused for just over 35, 45 and 90 days', () => {
    const idle = live.map(({ lastUsedAt }) => days(lastUsedAt) ?? 0);
    for (const [from, to] of [
      [35, 45],
      [45, 90],
      [90, Infinity],
    ] as const) {
      expect(idle.some((age) => age >= from && age < to)).toBe(true);
    }
    const ages = live.map(({ createdAt }) => days(createdAt) ?? 0);
    expect(ages.some((age) => age >= 90 && age < 365)).toBe(true);
    expect(ages.some((age) => age >= 365)).toBe(true);
  });

  test('restricts the networks of ordinary users, not of administrators', () => {
    expect(data.sessionSettings.pccUserSource?.enabled).toBe(true);
    expect(data.sessionSettings.pccAdminSource?.enabled).toBe(false);
  });
});

describe('the seed in a tenant', () => {
  let tenant: Tenant;
  beforeAll(async () => {
    tenant = await startTenant({ paging: { defaultSize: 10 } });
  });
  afterAll(() => tenant.close());

  test('its caller has more than ten keys, so that doctor finds the list that does not page', async () => {
    const token = await login(tenant);
    const { json } = await call(tenant, token, '/iam/personal_clients');
    expect(json.list).toHaveLength(10);
    expect(json.nextPageToken).not.toBe('');
    expect((await call(tenant, token, '/service_principals')).json.nextPageToken).toBe('');
    expect((await call(tenant, token, '/workload_federation/providers')).json.nextPageToken).toBe('');
  });

  test('its own trust accepts the nightly job', async () => {
    const job = await tenant.issue.oidc();
    expect(job.CONDUCTORONE_CLIENT_ID).toMatch(/\/wfe$/);
  });
});
