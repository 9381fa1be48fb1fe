import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createSend } from '../../../src/fetch.js';
import { readEnvironment } from '../../../src/sources/c1/environment.js';
import { DEFAULT_LIMITS } from '../../../src/sources/c1/retry.js';
import { openSession } from '../../../src/sources/c1/source.js';
import { runProgram } from '../../helpers/program.js';
import { SMALL, smallTenant } from '../../helpers/small-tenant.js';
import {
  type Fault,
  idOf,
  provider,
  servicePrincipal,
  setField,
  startTenant,
  type Tenant,
  type TenantRecords,
  trust,
} from '../../tenant/index.js';

/* The guards that keep a partial answer from looking like a complete one: without any of them a test here fails. */

const NOW = Date.parse('2026-11-24T06:00:00Z');
const ALWAYS = Number.POSITIVE_INFINITY;

let tenant: Tenant<TenantRecords>;

beforeEach(async () => {
  tenant = await startTenant({
    data: smallTenant(NOW),
    now: () => NOW,
    paging: { ignoring: [], minSize: 1, maxSize: 2 },
  });
});
afterEach(() => tenant.close());

async function audit(...argv: string[]) {
  const result = await runProgram(['-f', 'json', '--scope', 'tenant', '--fail-on', 'never', ...argv], {
    env: tenant.environment,
    now: () => NOW,
    limits: { retries: 0 },
  });
  const { report } = result;
  const of = (kind: string) => report.coverage.sources.find((one) => one.kind === kind);
  return { ...result, report, of };
}

const principals = async (...argv: string[]) => {
  const result = await audit('--source', 'service-principals', ...argv);
  return { ...result, source: result.of('service-principal-credential') };
};

const asked = (target: string) => tenant.requests.filter((one) => one.target === target);
const strike = (on: Fault['on'], effect: Fault['effect'], from = 1) =>
  tenant.faults.add({ on, effect, from, times: ALWAYS });

describe('service principals', () => {
  test('are listed once if none of their credentials are missing', async () => {
    tenant.paging.maxSize = 100;
    expect((await principals()).code).toBe(0);
    expect(asked('service-principals')).toHaveLength(1);
  });

  test('do not count as deleted if their credentials answer 404 on a later page', async () => {
    const [, , exporter] = tenant.data.servicePrincipals;
    tenant.faults.add({
      on({ path, query }) {
        const later = path.endsWith(`/${exporter?.id}/credentials`) && query.has('page_token');
        if (later)
          tenant.data.servicePrincipals = tenant.data.servicePrincipals.filter((one) => one !== exporter);
        return later;
      },
      times: ALWAYS,
      effect: { kind: 'status', status: 404 },
    });
    const { code, source } = await principals();
    expect([code, source?.status]).toEqual([3, 'partial']);
    expect(source?.note).toContain(`could not be read`);
    expect(source?.note).not.toContain('Deleted while');
  });

  test('are not read further after three failed lists, but are after three malformed answers', async () => {
    tenant.data.servicePrincipals.push(
      ...Array.from({ length: 37 }, (_, n) =>
        servicePrincipal({ id: idOf(`more ${n}`), displayName: `more ${n}` }),
      ),
    );
    tenant.paging.maxSize = 100;
    strike('service-principal-credentials', { kind: 'status', status: 500 });
    expect((await principals()).code).toBe(3);
    // Eight are under way at once.
    expect(asked('service-principal-credentials').length).toBeLessThanOrEqual(3 + 8);
    tenant.requests.length = 0;
    tenant.faults.clear();
    strike('service-principal-credentials', { kind: 'html' });
    expect((await principals()).code).toBe(3);
    expect(asked('service-principal-credentials')).toHaveLength(40);
  });

  test('are partial if a later page is refused', async () => {
    strike('service-principals', { kind: 'status', status: 403 }, 2);
    const { code, of, stderr } = await audit();
    expect(code).toBe(3);
    expect(of('service-principal-credential')?.status).toBe('partial');
    expect(stderr).toContain('/service_principals answered 403');
  });

  test('are partial if their list repeats itself', async () => {
    tenant.paging.ignoring = ['service-principals'];
    tenant.paging.defaultSize = 2;
    const { code, source, report } = await principals();
    expect([code, source?.status]).toEqual([3, 'partial']);
    expect(source?.note).toContain('only 2 service principals could be read');
    expect(report.summary.credentials).toBe(4);
  });

  test('report on stderr why one of their lists failed', async () => {
    const [first] = tenant.data.servicePrincipals;
    strike(({ path }) => path.endsWith(`/${first?.id}/credentials`), { kind: 'status', status: 500 });
    const { code, stderr } = await principals();
    expect(code).toBe(3);
    expect(stderr).toMatch(/credentials answered 500/);
  });

  test('own the credentials of their list, even if a record does not say so', async () => {
    strike('service-principal-credentials', setField('servicePrincipalId', ''));
    const { report } = await principals();
    expect(report.credentials.map(({ owner }) => owner?.name)).toEqual(
      expect.arrayContaining(['auditor', 'deployer', 'exporter']),
    );
    expect(report.credentials.every(({ owner }) => owner !== null)).toBe(true);
  });

  describe('that a trust names but the list does not hold', () => {
    beforeEach(() => {
      tenant.data.trusts.push(
        trust({ clientId: 'orphan', servicePrincipalId: 'nobody', conditionExpression: 'claims.sub == "x"' }),
      );
    });
    const orphan = async () => {
      const { report } = await audit('--source', 'federation-trusts', '--rule', 'owner-inactive');
      return report.findings.find(({ credential: of }) => of?.clientId.startsWith('orphan'));
    };

    test('are gone if the list is complete and the caller sees all', async () => {
      expect(await orphan()).toMatchObject({ outcome: 'violation', messageId: 'gone' });
    });

    test('are unknown if the list breaks off', async () => {
      strike('service-principals', { kind: 'status', status: 500 }, 2);
      expect(await orphan()).toMatchObject({ outcome: 'unknown' });
    });

    test('are unknown if the caller may not see all', async () => {
      strike('introspect', { kind: 'status', status: 403 });
      expect(await orphan()).toMatchObject({ outcome: 'unknown' });
    });
  });
});

describe('federation trusts beside a secret', () => {
  const RULE = 'static-beside-federation';
  const outcomes = async () => {
    const { report } = await audit('--rule', RULE);
    const of = (name: string) =>
      report.findings.find(
        ({ credential: one }) => one?.owner?.name === name && one.kind !== 'federation-trust',
      );
    return {
      auditor: of('auditor')?.outcome,
      deployer: of('deployer')?.outcome,
      exporter: of('exporter')?.outcome,
    };
  };

  test('are known, also to be missing, if their list is complete', async () => {
    expect(await outcomes()).toEqual({ auditor: 'violation', deployer: 'violation', exporter: undefined });
  });

  test('are not known to be missing if the list broke off', async () => {
    // The first page holds one trust that works of auditor, and one of deployer.
    strike('search-federation-trusts', { kind: 'status', status: 500 }, 2);
    expect(await outcomes()).toEqual({ auditor: 'violation', deployer: 'violation', exporter: 'unknown' });
  });

  test.each([
    ['is disabled', { disabled: true }],
    ['belongs to a provider that is disabled', { providerId: idOf('provider retired') }],
  ])('may have another that works if the only known one %s', async (_, over) => {
    Object.assign(tenant.data.trusts[0] ?? {}, over);
    strike('search-federation-trusts', { kind: 'status', status: 500 }, 2);
    expect((await outcomes()).auditor).toBe('unknown');
  });

  test.each([
    ['is disabled', { disabled: true }],
    ['belongs to a provider that is disabled', { providerId: idOf('provider retired') }],
  ])('do not count if each of them %s', async (_, over) => {
    for (const each of tenant.data.trusts) Object.assign(each, over);
    expect((await outcomes()).auditor).toBeUndefined();
  });

  test.each([
    ['repeats itself', { kind: 'repeat-page' }],
    ['breaks off', { kind: 'status', status: 500 }],
    ['lists one without an id', setField('id', '')],
  ] as const)('are not called usable if the list of providers %s', async (_, effect) => {
    tenant.data.providers.push(provider({ id: idOf('provider third'), displayName: 'Third' }));
    for (const each of tenant.data.trusts) each.providerId = 'somewhere-else';
    strike('federation-providers', effect, effect.kind === 'status' ? 2 : 1);
    expect((await outcomes()).auditor).toBe('unknown');
  });

  test('do not count once they are deleted', async () => {
    strike('search-federation-trusts', setField('deletedAt', new Date(NOW).toISOString()));
    expect((await outcomes()).auditor).toBeUndefined();
  });

  test('are not called leftovers if they name no provider', async () => {
    const [first] = tenant.data.trusts;
    if (first) first.providerId = '';
    const { report } = await audit('--source', 'federation-trusts', '--rule', 'trust-leftover');
    const found = report.findings.find(
      ({ credential: of }) => of?.clientId === `${SMALL.trust}@127.0.0.1/wfe`,
    );
    expect(found?.outcome).toBe('unknown');
  });

  test('are partial if a later page is refused', async () => {
    strike('search-federation-trusts', { kind: 'status', status: 403 }, 2);
    const { code, of, stderr } = await audit();
    expect([code, of('federation-trust')?.status]).toEqual([3, 'partial']);
    expect(stderr).toContain('/search/workload_federation_trusts answered 403');
  });
});

describe('new tokens after a 401', () => {
  const get = (path: string) => ({
    method: 'GET' as const,
    url: new URL(`/api/v1${path}`, tenant.url),
    headers: { accept: 'application/json' },
  });
  const { signal } = new AbortController();
  const open = (env: Record<string, string>) => {
    const limits = { ...DEFAULT_LIMITS, retries: 0 };
    const access = readEnvironment(env);
    const log = { debug: () => undefined, info: () => undefined };
    return openSession({ access, limits, log, now: () => NOW, hide: () => undefined, send: createSend({}) });
  };
  const tokens = () => asked('token').length;

  test('are requested three times in vain, and then no more', async () => {
    const session = open({ ...tenant.environment });
    strike('roles', { kind: 'status', status: 401 });
    for (const expected of [2, 3, 4, 4, 4]) {
      expect((await session.send(get('/iam/roles'), signal)).status).toBe(401);
      expect(tokens()).toBe(expected);
    }
    // Without another token there is no second try either.
    expect(asked('roles')).toHaveLength(2 + 2 + 2 + 1 + 1);
  });

  test('are requested as often as they help', async () => {
    const session = open({ ...tenant.environment });
    for (let n = 1; n <= 6; n += 1) {
      tenant.sessions.revokeAll();
      expect((await session.send(get('/iam/roles'), signal)).status).toBe(200);
      expect(tokens()).toBe(n === 1 ? 1 : n);
    }
  });

  test('are never requested instead of a given access token', async () => {
    const session = open({ ...(await tenant.issue.accessToken()) });
    strike('roles', { kind: 'status', status: 401 });
    expect((await session.send(get('/iam/roles'), signal)).status).toBe(401);
    expect(asked('roles')).toHaveLength(1);
    expect(tokens()).toBe(0);
  });

  test('are shared by all that wait, also by a request whose 401 comes late', async () => {
    const session = open({ ...tenant.environment });
    await session.send(get('/iam/roles'), signal);
    tenant.sessions.revokeAll();
    tenant.faults.add({ on: 'session-settings', effect: { kind: 'latency', ms: 150 } });
    const answers = await Promise.all([
      session.send(get('/settings/session'), signal),
      session.send(get('/iam/roles'), signal),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    expect(tokens()).toBe(2);
  });
});
