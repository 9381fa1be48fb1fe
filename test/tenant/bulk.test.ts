import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { TenantData } from '../../src/demo/records.js';
import { filter, rows } from '../../src/demo/tenant/call.js';
import { call } from '../demo/client.js';
import { bulk, startTenant, type Tenant } from './index.js';

const NOW = Date.parse('2026-09-01T12:00:00Z');

describe('bulk data', () => {
  const data = bulk({
    now: NOW,
    clients: 1003,
    users: 40,
    servicePrincipals: 30,
    credentialsOf: (n) => n % 5,
    trusts: 12,
  });

  test('has the requested number of records, each id once', () => {
    const clients = [...rows(data.personalClients)];
    expect(clients).toHaveLength(1003);
    expect(new Set(clients.map(({ id }) => id)).size).toBe(1003);
    expect(new Set(clients.map(({ clientId }) => clientId)).size).toBe(1003);
    expect(clients.every(({ id, clientId }) => clientId === id)).toBe(true);
    expect(data.credentials.length).toBe(60);
    expect(new Set([...rows(data.credentials)].map(({ id }) => id)).size).toBe(60);
    expect(data.trusts.length).toBe(12);
    expect(data.personalClients.at(1003)).toBeUndefined();
  });

  test('finds the same by owner and by id as by reading everything', () => {
    for (const user of rows(data.users)) {
      expect(data.users.byId?.(user.id)).toEqual(user);
      const theirs = filter(data.personalClients, ({ userId }) => userId === user.id);
      expect([...rows(data.personalClients.byOwner?.(user.id) ?? [])]).toEqual(theirs);
    }
    expect(data.users.length).toBe(70);
    expect(data.users.byId?.('nobody')).toBeUndefined();
    expect(data.personalClients.byOwner?.('nobody').length).toBe(0);
  });

  test('has a user for every owner and every principal', () => {
    for (const { userId } of rows(data.personalClients)) expect(data.users.byId?.(userId)?.id).toBe(userId);
    for (const { id } of rows(data.servicePrincipals)) expect(data.users.byId?.(id)?.id).toBe(id);
  });
});

describe('bulk data in a tenant', () => {
  let tenant: Tenant<TenantData>;
  beforeAll(async () => {
    tenant = await startTenant({ data: bulk({ now: Date.now(), clients: 400_000 }) });
  });
  afterAll(() => tenant.close());

  test('400,000 keys can be paged from any offset, and by owner', async () => {
    const { CONDUCTORONE_ACCESS_TOKEN: token = '' } = await tenant.issue.accessToken();
    const first = await call(tenant, token, '/search/iam/personal_clients', { pageSize: 100 });
    expect(first.json.list).toHaveLength(100);
    const owner = first.json.list[7].userId;
    const theirs = await call(tenant, token, '/search/iam/personal_clients', { users: [{ id: owner }] });
    expect(theirs.json.list).toHaveLength(5);
    expect(theirs.json.nextPageToken).toBe('');
    const found = await call(tenant, token, '/search/users', { refs: [{ id: owner }] });
    expect(found.json.list[0].user.id).toBe(owner);
    expect((await call(tenant, token, '/iam/personal_clients')).json.list).toHaveLength(5);
  });
});
