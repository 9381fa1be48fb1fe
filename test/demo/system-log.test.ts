import { afterEach, describe, expect, test } from '@jest/globals';
import { Permission, ROLE, startTenant, type Tenant } from '../tenant/index.js';
import { askToken, assertion, assertionForm, call, login, signerOf } from './client.js';

const DAY = 86_400_000;
let tenant: Tenant;
afterEach(() => tenant?.close());

const events = (token: string, body: object = {}) => call(tenant, token, '/systemlog/events', body);

describe('the system log of the embedded tenant', () => {
  test('has a login and each call, oldest first, with client id, address and outcome', async () => {
    tenant = await startTenant();
    if (tenant.data.uses) tenant.data.uses = [];
    const token = await login(tenant);
    await call(tenant, token, '/auth/introspect');
    await call(tenant, token, '/users/nobody');
    const { status, json } = await events(token);
    expect(status).toBe(200);
    const clientId = tenant.environment.CONDUCTORONE_CLIENT_ID;
    expect(json.list).toMatchObject([
      {
        class_uid: 3002,
        activity_name: 'client_credentials',
        status: 'Success',
        user: { credential_uid: clientId },
        src_endpoint: { ip: '127.0.0.1' },
      },
      { class_uid: 6003, status_id: 1, actor: { user: { credential_uid: clientId } } },
      { class_uid: 6003, status_id: 2, api: { response: { code: 404 } } },
    ]);
    const times = json.list.map(({ time }: { time: number }) => time);
    expect([...times].sort()).toEqual(times);
    expect(json.nextPageToken).toBe('');
    // This call is in the next answer.
    expect((await events(token)).json.list).toHaveLength(4);
  });

  test('has refused logins with the reason', async () => {
    tenant = await startTenant();
    if (tenant.data.uses) tenant.data.uses = [];
    const token = await login(tenant);
    const signer = signerOf(tenant.environment);
    const forged = assertion(signer, Date.now(), { claims: { iss: 'x' } });
    expect((await askToken(tenant, assertionForm(signer.clientId, forged))).status).toBe(401);
    const other = `nobody@127.0.0.1/pcc`;
    await askToken(tenant, assertionForm(other, assertion(signer, Date.now())));
    const { json } = await events(token);
    expect(json.list.slice(-2)).toMatchObject([
      { class_uid: 3002, status: 'Failure', user: { credential_uid: signer.clientId } },
      { class_uid: 3002, status_detail: 'client_not_found', user: { credential_uid: other } },
    ]);
  });

  test('can be read from an event or a time on, in either direction, page by page', async () => {
    tenant = await startTenant();
    const token = await login(tenant);
    const uses = tenant.data.uses ?? [];
    const read = async (body: object) => {
      const uids: string[] = [];
      for (let pageToken = ''; ; ) {
        const { json } = await events(token, { ...body, pageToken, pageSize: 100 });
        uids.push(...json.list.map((event: { metadata: { uid: string } }) => event.metadata.uid));
        pageToken = json.nextPageToken;
        if (pageToken === '') return uids;
      }
    };
    const now = Date.now();
    const until = new Date(now - DAY).toISOString();
    const old = uses.filter(({ at }) => at <= now - DAY).map(({ uid }) => uid);
    expect(old.length).toBeGreaterThan(200);
    expect(await read({ until })).toEqual(old);
    expect(await read({ until, sortDirection: 'SORT_DIRECTION_DESC' })).toEqual([...old].reverse());
    expect(await read({ until, sinceEventUid: old[49] })).toEqual(old.slice(50));
    expect(await read({ untilEventUid: old[3] })).toEqual(old.slice(0, 3));
    const since = new Date(now - 10 * DAY).toISOString();
    const recent = uses.filter(({ at }) => at >= now - 10 * DAY && at <= now - DAY);
    expect(await read({ since, until })).toEqual(recent.map(({ uid }) => uid));
    expect((await events(token, { sinceEventUid: 'gone' })).status).toBe(404);
    expect((await events(token, { since: 'yesterday' })).status).toBe(400);
    expect((await events(token, { from: 1 })).status).toBe(400);
  });

  test('needs its role, and the feature', async () => {
    tenant = await startTenant();
    const key = tenant.data.personalClients.find(({ clientId }) => clientId === tenant.data.caller);
    if (!key) throw new Error('no caller');
    key.scopedRoles = [ROLE.viewer];
    const refused = await events(await login(tenant));
    expect([refused.status, refused.json.message]).toEqual([
      403,
      expect.stringContaining(`missing ${Permission.readSystemLog}`),
    ]);
    key.scopedRoles = [ROLE.logsReader];
    const token = await login(tenant);
    expect((await events(token)).status).toBe(200);
    tenant.features.systemLog = 501;
    expect((await events(token)).status).toBe(501);
  });
});
