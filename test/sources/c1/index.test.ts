import { afterEach, describe, expect, test } from '@jest/globals';
import { startFront } from '../../helpers/front.js';
import { runProgram } from '../../helpers/program.js';
import { bulk, type Fault, seed, startTenant, type Tenant, type TenantOptions } from '../../tenant/index.js';

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
  ])('reports 250 of 250 if $name', async ({ paging }) => {
    const tenant = await start({ data: own(250), paging });
    const { code, report } = await audit(tenant);
    expect(code).toBe(0);
    expect(report.coverage.complete).toBe(true);
    expect(report.summary.credentials).toBe(250);
    expect(new Set(report.credentials.map(({ id }) => id)).size).toBe(250);
  });

  test.each([1, 10, 24, 25, 26, 100, 101])('reports all of %i', async (clients) => {
    const { report } = await audit(await start({ data: own(clients) }));
    expect(report.summary.credentials).toBe(clients);
    expect(report.coverage.complete).toBe(true);
  });

  test('completes an audit of none', async () => {
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

  test('searches for the caller only, and leaves out others even if the search ignores that', async () => {
    const tenant = await start({ data: bulk({ now: NOW, clients: 120, users: 3 }) as Tenant['data'] });
    const { report } = await audit(tenant);
    expect(report.summary.credentials).toBe(40);
    const search = tenant.requests.find(({ path }) => path.endsWith('/search/iam/personal_clients'));
    expect(search?.body).toMatchObject({ users: [{ id: report.run.self?.userId }] });
  });

  test('is incomplete if neither list nor search can be read, and its first line says so', async () => {
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

  test('is incomplete if the search repeats itself', async () => {
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
  test('names the missing role and what to do without it', async () => {
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

  test('counts and skips deleted credentials', async () => {
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
      servicePrincipals: 180,
      credentialsOf: (n) => n % 41,
    }) as Tenant['data'];
  const total = Array.from({ length: 180 }, (_, n) => n % 41).reduce((a, b) => a + b, 0);

  test('reads 180 with up to 40 credentials each completely if lists page', async () => {
    const tenant = await start({ data: machines(), paging: { ignoring: [] } });
    const { code, report } = await audit(tenant, '--source', 'service-principals');
    expect(code).toBe(0);
    expect(report.summary.credentials).toBe(total);
    expect(report.coverage.complete).toBe(true);
  });

  test('are partial if lists do not page, and the note names them', async () => {
    const tenant = await start({ data: machines(), paging: { ignoring: ['service-principal-credentials'] } });
    const { code, report } = await audit(tenant, '--source', 'service-principals');
    expect(code).toBe(3);
    const [source] = report.coverage.sources;
    expect(source?.status).toBe('partial');
    expect(source?.note).toMatch(/service principals? .*and \d+ more/);
    const crowded = tenant.data.servicePrincipals.find((_, index) => index % 41 === 40);
    expect(crowded && source?.note?.includes(crowded.id)).toBeDefined();
  });

  test('notes one that is deleted between listing and reading', async () => {
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
    'are unavailable if switched off with %i, which fails only if requested by name',
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
  test('looks owners up in batches, and one by one only if missing', async () => {
    const tenant = await start({ data: bulk({ now: NOW, clients: 400, users: 250 }) as Tenant['data'] });
    const { report } = await audit(tenant, '--scope', 'tenant', '--source', 'personal-clients');
    expect(report.summary.credentials).toBe(400);
    const searches = tenant.requests.filter(({ path }) => path.endsWith('/search/users'));
    expect(searches).toHaveLength(3);
    expect(tenant.requests.filter(({ path }) => /\/users\/2/.test(path))).toHaveLength(0);
    expect(report.credentials.every(({ owner }) => owner && owner.name !== '' && owner.email !== '')).toBe(
      true,
    );
  });

  test.each([
    { on: ['search-users', 'user'] as const, rule: 'owner-inactive', note: /owners are not known/ },
    { on: ['roles'] as const, rule: 'unknown-role', note: /Roles are not known/ },
    { on: ['session-settings'] as const, rule: undefined, note: /allow lists are not known/ },
  ])('stays complete with a note if $on is refused', async ({ on, rule, note }) => {
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

  test('passes no credential whose owner is unknown', async () => {
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

test('sends at most four requests at once', async () => {
  const tenant = await start({
    data: bulk({ now: NOW, clients: 150, users: 50, servicePrincipals: 20 }) as Tenant['data'],
    paging: { ignoring: [] },
    faults: [{ on: '*', times: Number.POSITIVE_INFINITY, effect: { kind: 'latency', ms: 5 } }],
  });
  let most = 0;
  let open = 0;
  const front = await startFront(tenant.url, (_, response) => {
    open += 1;
    most = Math.max(most, open);
    response.once('finish', () => {
      open -= 1;
    });
    return false;
  });
  const env = { ...tenant.environment, CONDUCTORONE_SERVER_URL: front.url };
  const { code } = await runProgram(['--scope', 'tenant', '--fail-on', 'never'], { env, now: () => NOW });
  await front.close();
  expect(code).toBe(0);
  expect(most).toBe(4);
});

test('gives the same report whatever the order of pages and records', async () => {
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
