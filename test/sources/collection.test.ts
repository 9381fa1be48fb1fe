import { afterEach, describe, expect, test } from '@jest/globals';
import { runProgram } from '../helpers/program.js';
import { bulk, type Fault, seed, startTenant, type Tenant, type TenantOptions } from '../tenant/index.js';

const NOW = Date.parse('2026-11-24T06:00:00Z');

const tenants: Tenant[] = [];

async function start(options: TenantOptions): Promise<Tenant> {
  const tenant = (await startTenant({ now: () => NOW, ...options } as TenantOptions)) as Tenant;
  tenants.push(tenant);
  return tenant;
}

afterEach(async () => {
  await Promise.all(tenants.splice(0).map((tenant) => tenant.close()));
});

/** A tenant in which the caller alone holds this many personal clients. */
const own = (clients: number) => bulk({ now: NOW, clients, users: 1 }) as Tenant['data'];

async function audit(tenant: Tenant, ...flags: string[]) {
  return runProgram(['-f', 'json', '--fail-on', 'never', ...flags], {
    env: tenant.environment,
    now: () => NOW,
  });
}

describe('own personal clients', () => {
  test.each([
    { name: 'the list repeats page 1', paging: {} },
    { name: 'the list repeats pages of 100', paging: { defaultSize: 100 } },
    { name: 'the list pages', paging: { ignoring: [] } },
    { name: 'the list pages, at most 10 at a time', paging: { ignoring: [], maxSize: 10 } },
    { name: 'the list pages, 37 at a time', paging: { ignoring: [], maxSize: 37 } },
    { name: 'the list is one page', paging: { ignoring: [], maxSize: 1000, minSize: 1000 } },
  ])('250 come out as 250 when $name', async ({ paging }) => {
    const tenant = await start({ data: own(250), paging });
    const { code, report } = await audit(tenant);
    expect(code).toBe(0);
    expect(report.coverage.complete).toBe(true);
    expect(report.summary.credentials).toBe(250);
    expect(new Set(report.credentials.map(({ id }) => id)).size).toBe(250);
  });

  test.each([1, 10, 24, 25, 26, 100, 101])('%i come out as many', async (clients) => {
    const { report } = await audit(await start({ data: own(clients) }));
    expect(report.summary.credentials).toBe(clients);
    expect(report.coverage.complete).toBe(true);
  });

  test('none are a complete audit of nothing', async () => {
    const data = seed(NOW);
    const tenant = await start({ data });
    // A service principal has no personal client that could be missing.
    const [secret] = data.credentials;
    const env = await tenant.issue.accessToken(secret?.clientId, 'service-principal-credential');
    data.personalClients.length = 0;
    const { code, stdout } = await runProgram([], { env, now: () => NOW });
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Complete: no credentials/);
  });

  test('the search that stands in is restricted to the caller, and others stay out even if it ignores that', async () => {
    const tenant = await start({ data: bulk({ now: NOW, clients: 120, users: 3 }) as Tenant['data'] });
    const { report } = await audit(tenant);
    expect(report.summary.credentials).toBe(40);
    const search = tenant.requests.find(({ path }) => path.endsWith('/search/iam/personal_clients'));
    expect(search?.body).toMatchObject({ users: [{ id: report.run.self?.userId }] });
  });

  test('without a search to stand in, the run is incomplete and its first line says so', async () => {
    const faults: Fault[] = [
      {
        on: 'search-personal-clients',
        times: Number.POSITIVE_INFINITY,
        effect: { kind: 'status', status: 403 },
      },
    ];
    const tenant = await start({ data: own(60), faults });
    const { code, stdout, stderr } = await runProgram([], { env: tenant.environment, now: () => NOW });
    expect(code).toBe(3);
    expect(stdout.split('\n')[0]).toMatch(/^INCOMPLETE/);
    expect(stdout).toContain('25');
    expect(stderr).toContain('403');
  });

  test('a search that loops is never complete', async () => {
    const faults: Fault[] = [
      { on: 'search-personal-clients', times: Number.POSITIVE_INFINITY, effect: { kind: 'cursor-loop' } },
    ];
    const tenant = await start({ data: own(250), faults });
    const { code, report } = await audit(tenant, '--scope', 'tenant', '--source', 'personal-clients');
    expect(code).toBe(3);
    expect(report.coverage.sources[0]).toMatchObject({ status: 'partial' });
  });
});

describe("everyone's personal clients", () => {
  test('without the role, the message names it and the way out', async () => {
    const data = seed(NOW);
    const ordinary = data.personalClients.find(
      (client) =>
        client.deletedAt === null &&
        (client.expiresTime === null || Date.parse(client.expiresTime) > NOW) &&
        data.users.some(
          (user) =>
            user.id === client.userId &&
            user.status === 'ENABLED' &&
            user.directoryStatus === 'ENABLED' &&
            user.roleIds.every((id) => data.roles.find((role) => role.id === id)?.name === 'system:user'),
        ),
    );
    const tenant = await start({ data, caller: ordinary?.clientId ?? '' });
    const { code, stdout, stderr } = await runProgram(['--scope', 'tenant', '--source', 'personal-clients'], {
      env: tenant.environment,
      now: () => NOW,
    });
    expect(code).toBe(3);
    expect(stdout).toMatch(/^INCOMPLETE/);
    expect(stderr).toContain('Super Administrator');
    expect(stderr).toContain('--scope mine');
  });

  test('credentials of a deleted record are counted and skipped', async () => {
    const tenant = await start({ data: seed(NOW) });
    const { report } = await audit(tenant, '--scope', 'tenant');
    const source = report.coverage.sources.find(({ kind }) => kind === 'personal-client');
    expect(source).toMatchObject({ status: 'complete', deleted: 1 });
    const deleted = tenant.data.personalClients.find(({ deletedAt }) => deletedAt !== null);
    expect(report.credentials.some(({ id }) => id === deleted?.id)).toBe(false);
  });
});

describe('service principals', () => {
  const machines = () =>
    bulk({
      now: NOW,
      clients: 1,
      users: 1,
      servicePrincipals: 300,
      credentialsOf: (n) => n % 41,
    }) as Tenant['data'];
  const total = Array.from({ length: 300 }, (_, n) => n % 41).reduce((a, b) => a + b, 0);

  test('300 with 0 to 40 credentials each are whole where lists page', async () => {
    const tenant = await start({ data: machines(), paging: { ignoring: [] } });
    const { code, report } = await audit(tenant, '--source', 'service-principals');
    expect(code).toBe(0);
    expect(report.summary.credentials).toBe(total);
    expect(report.coverage.complete).toBe(true);
  });

  test('they are partial, naming the principals, where lists do not', async () => {
    const tenant = await start({ data: machines(), paging: { ignoring: ['service-principal-credentials'] } });
    const { code, report } = await audit(tenant, '--source', 'service-principals');
    expect(code).toBe(3);
    const [source] = report.coverage.sources;
    expect(source?.status).toBe('partial');
    expect(source?.note).toMatch(/service principals? .*and \d+ more/);
    const crowded = tenant.data.servicePrincipals.find((_, index) => index % 41 === 40);
    expect(crowded && source?.note?.includes(crowded.id)).toBeDefined();
  });

  test('a principal deleted between listing and reading is a note, not a failure', async () => {
    const tenant = await start({ data: seed(NOW), paging: { ignoring: [] } });
    const victim = tenant.data.servicePrincipals[1]?.id ?? '';
    tenant.faults.add({
      on({ path }) {
        if (path.endsWith(`/${victim}/credentials`)) tenant.data.servicePrincipals.splice(1, 1);
        return false;
      },
      effect: { kind: 'latency', ms: 0 },
    });
    const { code, report } = await audit(tenant, '--source', 'service-principals');
    expect(code).toBe(0);
    expect(report.coverage.complete).toBe(true);
    expect(report.coverage.sources[0]?.note).toContain(victim);
  });

  test.each([403, 404, 501] as const)(
    'switched off with %i they are unavailable, which fails only when asked for by name',
    async (status) => {
      const tenant = await start({ data: seed(NOW), features: { servicePrincipals: status } });
      const byDefault = await audit(tenant, '--scope', 'tenant');
      expect(byDefault.code).toBe(0);
      expect(byDefault.report.coverage.sources.map((source) => [source.kind, source.status])).toContainEqual([
        'service-principal-credential',
        'unavailable',
      ]);
      const byName = await audit(
        tenant,
        '--scope',
        'tenant',
        '--source',
        'service-principals',
        '--source',
        'personal-clients',
      );
      expect(byName.code).toBe(3);
    },
  );
});

describe('owners and roles', () => {
  test('owners are asked for in batches, and one by one only where missing', async () => {
    const tenant = await start({ data: bulk({ now: NOW, clients: 1000, users: 500 }) as Tenant['data'] });
    const { report } = await audit(tenant, '--scope', 'tenant', '--source', 'personal-clients');
    expect(report.summary.credentials).toBe(1000);
    const searches = tenant.requests.filter(({ path }) => path.endsWith('/search/users'));
    expect(searches).toHaveLength(5);
    expect(tenant.requests.filter(({ path }) => /\/users\/2/.test(path))).toHaveLength(0);
    expect(report.credentials.every(({ owner }) => owner && owner.name !== '' && owner.email !== '')).toBe(
      true,
    );
  });

  test.each([
    { on: ['search-users', 'user'] as const, rule: 'owner-inactive', note: /owners are not known/ },
    { on: ['roles'] as const, rule: 'unknown-role', note: /Roles are not known/ },
    { on: ['session-settings'] as const, rule: undefined, note: /allow lists are not known/ },
  ])('a refused $on leaves the run complete, with a note', async ({ on, rule, note }) => {
    const faults: Fault[] = [
      { on, times: Number.POSITIVE_INFINITY, effect: { kind: 'status', status: 403 } },
    ];
    const tenant = await start({ data: seed(NOW), faults });
    const { code, report } = await audit(tenant, '--scope', 'tenant');
    expect(code).toBe(0);
    expect(report.coverage.notes.join('\n')).toMatch(note);
    if (rule !== undefined) {
      const outcomes = new Set(
        report.findings.filter((finding) => finding.rule === rule).map(({ outcome }) => outcome),
      );
      expect(outcomes).toContain('unknown');
    }
  });

  test('with owners unknown, no key passes for want of an owner', async () => {
    const faults: Fault[] = [
      {
        on: ['search-users', 'user'],
        times: Number.POSITIVE_INFINITY,
        effect: { kind: 'status', status: 403 },
      },
    ];
    const tenant = await start({ data: seed(NOW), faults });
    const { report } = await audit(
      tenant,
      '--scope',
      'tenant',
      '--source',
      'personal-clients',
      '--rule',
      'owner-inactive',
      '--rule',
      'no-scoped-roles',
    );
    const live = report.credentials.filter(({ live: alive }) => alive).length;
    expect(
      report.findings.filter(({ rule, outcome }) => rule === 'owner-inactive' && outcome === 'unknown'),
    ).toHaveLength(live);
    const unscoped = report.findings.filter(({ rule }) => rule === 'no-scoped-roles');
    expect(new Set(unscoped.map(({ severity }) => severity))).toEqual(new Set(['medium']));
  });
});

test('at most four requests are under way at once', async () => {
  const tenant = await start({
    data: bulk({ now: NOW, clients: 300, users: 100, servicePrincipals: 40 }) as Tenant['data'],
    paging: { ignoring: [] },
    faults: [{ on: '*', times: Number.POSITIVE_INFINITY, effect: { kind: 'latency', ms: 5 } }],
  });
  let most = 0;
  let open = 0;
  const original = globalThis.fetch;
  globalThis.fetch = async (...args) => {
    open += 1;
    most = Math.max(most, open);
    try {
      return await original(...args);
    } finally {
      open -= 1;
    }
  };
  try {
    const { code } = await audit(tenant, '--scope', 'tenant');
    expect(code).toBe(0);
  } finally {
    globalThis.fetch = original;
  }
  expect(most).toBe(4);
});

test('the order of pages and records does not change the report', async () => {
  const data = seed(NOW);
  const tenant = await start({ data, paging: { ignoring: [] } });
  const straight = await audit(tenant, '--scope', 'tenant');
  for (const list of [
    data.personalClients,
    data.servicePrincipals,
    data.credentials,
    data.trusts,
    data.users,
  ])
    list.reverse();
  tenant.paging.maxSize = 10;
  const turned = await audit(tenant, '--scope', 'tenant');
  const withoutPages = (text: string) => text.replace(/"pages": \d+/g, '"pages": 0');
  expect(withoutPages(turned.stdout)).toBe(withoutPages(straight.stdout));
});
