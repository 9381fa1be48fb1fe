import { writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { DAY } from '../../src/contract/index.js';
import { makeCertificates } from '../helpers/certificates.js';
import { type Examined, examined } from '../helpers/doctor.js';
import { startFront } from '../helpers/front.js';
import { HOSTILE } from '../helpers/hostile.js';
import { LeakFinder } from '../helpers/leak-finder.js';
import { emptyFolder, runProgram } from '../helpers/program.js';
import { startProxy } from '../helpers/proxy.js';
import { SMALL, smallTenant } from '../helpers/small-tenant.js';
import {
  idOf,
  Permission,
  personalClient,
  ROLE,
  role,
  servicePrincipal,
  startTenant,
  type Target,
  type Tenant,
  type TenantOptions,
  type TenantRecords,
} from '../tenant/index.js';

/** A full second: the tenant's Date header has no fractions. */
const NOW = Date.parse('2026-11-24T06:00:00Z');
const now = () => NOW;
const TENANT_SCOPE = ['--scope', 'tenant'];

let tenant: Tenant;

async function start(options: TenantOptions = {}): Promise<void> {
  await tenant?.close();
  tenant = (await startTenant({
    now,
    data: smallTenant(NOW),
    paging: { ignoring: [] },
    ...options,
  })) as Tenant;
}

beforeEach(() => start());
afterEach(() => tenant.close());

const examine = (flags: readonly string[] = TENANT_SCOPE, env: Record<string, string | undefined> = {}) =>
  examined(flags, { env: { ...tenant.environment, ...env }, now });

function refuse(on: Target, status = 403): void {
  tenant.faults.add({ on, times: Number.POSITIVE_INFINITY, effect: { kind: 'status', status } });
}

describe('without problems', () => {
  test('reports no problem and no warning, and exits 0', async () => {
    const found = await examine();
    expect([found.having('problem'), found.having('warning'), found.code]).toEqual([[], [], 0]);
    expect(found.having('skipped')).toEqual([
      'paging-service-principals',
      'paging-service-principal-credentials',
      'paging-federation-trusts',
      'paging-external-clients',
      'paging-tunnel-bridges',
      'paging-tunnel-credentials',
      'paging-llm-gateway-keys',
      'paging-functions',
      'paging-federation-providers',
      'paging-roles',
      'push',
      'slack',
      'webhook',
      'github',
      'heartbeat',
      'state',
    ]);
    expect(found.stderr).toBe('');
    expect(found.checks.map(({ fix }) => fix)).toEqual(found.checks.map(() => null));
  });

  test('prints a line for each check, and a summary last', async () => {
    const { code, stdout, stderr } = await runProgram(['doctor', ...TENANT_SCOPE], {
      env: tenant.environment,
      now,
    });
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^✔ Configuration: no file/);
    expect(stdout).toContain('✔ Roles: this credential is a Super Administrator (system:owner)');
    expect(stdout).toContain(
      '– Push to ConductorOne, Slack, Webhook: not set up\n– GitHub Actions: not running there\n',
    );
    expect(stdout).toContain(
      '– Paging of service principals: cannot be checked, as the list has one page only (3 records, deleted ones included)\n',
    );
    expect(stdout.trimEnd().split('\n').at(-1)).toMatch(
      /^An audit can run \(exit 0\): \d+ fine, 0 warnings, 0 problems, 16 not checked\.$/,
    );
    expect(stdout).not.toContain('\u001b');
  });

  test('scope mine checks fewer sources', async () => {
    const found = await examine([]);
    expect(found.code).toBe(0);
    expect(found.line('source-personal-clients').detail).toContain('GET /iam/personal_clients');
    expect(found.line('source-service-principals')).toMatchObject({
      status: 'skipped',
      detail: expect.stringContaining('not part of this audit'),
    });
  });

  test('sends no request that could change anything', async () => {
    await examine();
    const mutating = tenant.requests.filter(
      ({ method, path }) => method !== 'GET' && !/^\/(auth\/v1\/token$|api\/v1\/search\/)/.test(path),
    );
    expect(mutating).toEqual([]);
    expect(tenant.requests.filter(({ target }) => target === 'token')).toHaveLength(1);
  });

  test.each([
    [{ isTTY: true }, ['--no-color'], false],
    [{ isTTY: true }, [], true],
    [{ isTTY: false }, [], false],
  ])('colour: %j %j', async (world, flags, coloured) => {
    const { stdout } = await runProgram(['doctor', ...flags], { env: tenant.environment, now, ...world });
    expect(stdout.includes('\u001b[')).toBe(coloured);
  });
});

describe('the credential', () => {
  test('a wrong secret is a problem, and later checks are skipped', async () => {
    const { environment } = tenant;
    await tenant.issue.secret();
    const found = await examine();
    expect([found.having('problem'), found.code]).toEqual([['token'], 3]);
    expect(found.line('token').fix).toContain('belong together');
    const after = found.checks.slice(found.checks.findIndex(({ id }) => id === 'token') + 1);
    const ofTenant = after.filter(
      ({ id }) => !['slack', 'webhook', 'github', 'heartbeat', 'state'].includes(id),
    );
    expect(new Set(ofTenant.map(({ status, detail }) => `${status}: ${detail}`))).toEqual(
      new Set(['skipped: cannot be checked without an access token']),
    );
    expect(found.stdout).not.toContain(environment.CONDUCTORONE_CLIENT_SECRET?.split(':')[3]);
  });

  test.each([
    [{ CONDUCTORONE_CLIENT_SECRET: undefined }, 'CONDUCTORONE_CLIENT_SECRET is not'],
    [{ CONDUCTORONE_CLIENT_SECRET: 'secret-token:conductorone.com:v1:bm8' }, 'is malformed'],
    [{ CONDUCTORONE_CLIENT_ID: 'nobody' }, 'is not a ConductorOne client id'],
    [{ CONDUCTORONE_SERVER_URL: 'http://acme.conductor.one' }, 'must start with https://'],
    [
      { CONDUCTORONE_CLIENT_SECRET: '', CONDUCTORONE_CLIENT_SECERT: 'x' },
      'CONDUCTORONE_CLIENT_SECERT is not read; did you mean "CONDUCTORONE_CLIENT_SECRET"?',
    ],
  ])('%j: reports that no audit would start', async (env, words) => {
    const found = await examine(TENANT_SCOPE, env);
    expect([found.having('problem'), found.code]).toEqual([['credential'], 2]);
    expect(found.line('credential').detail).toContain(words);
    expect(found.line('reachability').detail).toBe('cannot be checked without a credential');
    expect(tenant.requests).toEqual([]);
  });

  test('warns of a secret that is not used, and of a client id of another tenant', async () => {
    const ready = await tenant.issue.accessToken();
    const found = await examine(TENANT_SCOPE, {
      ...ready,
      CONDUCTORONE_CLIENT_ID: 'strange-hydra-68836@acme.conductor.one/pcc',
      CONDUCTORONE_CLIENT_SECRET: 'old',
    });
    expect(found.code).toBe(0);
    expect(found.line('credential')).toMatchObject({
      status: 'warning',
      detail: expect.stringContaining(
        'CONDUCTORONE_CLIENT_SECRET is not used, because CONDUCTORONE_ACCESS_TOKEN',
      ),
    });
    const other = await examine(TENANT_SCOPE, {
      CONDUCTORONE_CLIENT_ID: 'strange-hydra-68836@acme.conductor.one/pcc',
    });
    expect(other.line('credential').detail).toContain('belongs to acme.conductor.one');
    expect(other.code).toBe(3);
  });

  test('an access token from the environment is checked by its first use', async () => {
    const env = await tenant.issue.accessToken();
    const good = await examine(TENANT_SCOPE, { CONDUCTORONE_CLIENT_SECRET: undefined, ...env });
    expect([good.line('token').status, good.line('identity').status, good.code]).toEqual([
      'skipped',
      'ok',
      0,
    ]);
    // The tenant names the credential.
    expect(good.line('own-credential').status).toBe('ok');
    const bad = await examine(TENANT_SCOPE, {
      ...env,
      CONDUCTORONE_ACCESS_TOKEN: 'stale-token-of-yesterday',
    });
    expect([bad.having('problem'), bad.code]).toEqual([['identity'], 3]);
    expect(bad.line('roles')).toMatchObject({ status: 'skipped' });
  });

  test('checks a service principal that requires DPoP', async () => {
    const env = await tenant.issue.secret(SMALL.dpop, 'service-principal-credential');
    const found = await examine(TENANT_SCOPE, env);
    expect([found.having('problem'), found.having('warning'), found.code]).toEqual([[], [], 0]);
    expect(found.line('token').detail).toContain('DPoP');
    expect(found.line('own-credential').detail).toContain('auditor dpop');
    expect(found.line('own-expiry').detail).toBe('ends in 100 days, on 2027-03-04');
  });

  test('checks a federation trust in GitHub Actions', async () => {
    const { environment } = await tenant.issue.actions(SMALL.trust);
    const found = await examine(TENANT_SCOPE, {
      CONDUCTORONE_CLIENT_SECRET: undefined,
      ...environment,
      GITHUB_ACTIONS: 'true',
      GITHUB_OUTPUT: '/o',
      GITHUB_STEP_SUMMARY: '/s',
    });
    expect([found.having('problem'), found.having('warning'), found.code]).toEqual([[], [], 0]);
    expect(found.line('token').detail).toContain("in exchange for this job's OIDC token");
    expect(found.line('own-credential').detail).toContain('trust 0');
    expect(found.line('github').detail).toContain('has id-token: write');
  });
});

describe('the configuration', () => {
  test.each([
    [['--scope', 'all'], {}],
    [['-c', 'none.yaml'], {}],
    [[], { C1_AUDIT_SCOPPE: 'mine' }],
  ])('%j %j: reports that no audit would start', async (flags, env) => {
    const found = await examine(flags, env);
    expect([found.having('problem'), found.code]).toEqual([['configuration'], 2]);
    expect(found.line('token').status).toBe('ok');
    expect(found.line('source-personal-clients').detail).toBe(
      'cannot be checked without a valid configuration',
    );
  });

  test('prints each configuration error on its own line', async () => {
    const cwd = emptyFolder();
    writeFileSync(join(cwd, 'c1-audit.config.yaml'), 'scop: mine\nfailOn: loud\n');
    const { code, stdout } = await runProgram(['doctor'], { env: tenant.environment, now, cwd });
    expect(code).toBe(2);
    expect(stdout).toMatch(
      /^✘ Configuration: 2 mistakes .*\n {6}c1-audit.config.yaml:1:1: .*\n {6}c1-audit.config.yaml:2:9: .*\n {4}→ /,
    );
  });

  test.each([[['-f', 'xml']], [['--timeout', '0']], [['--timeout', '1e9']]])(
    '%j: exits 2 with a usage error',
    async (flags) => {
      const { code, stdout, stderr } = await runProgram(['doctor', ...flags], { env: tenant.environment });
      expect([code, stdout]).toEqual([2, '']);
      expect(stderr).toContain('c1-audit: ');
    },
  );
});

describe('the network', () => {
  test('reports a server that refuses connections', async () => {
    const gone = await startFront(tenant.url, () => false);
    await gone.close();
    const found = await examine(TENANT_SCOPE, { CONDUCTORONE_SERVER_URL: gone.url });
    expect([found.having('problem'), found.code]).toEqual([['reachability'], 3]);
    expect(found.line('reachability').detail).toContain('refused');
    expect(found.line('token').detail).toBe('cannot be checked without an answer from the tenant');
  });

  test('reports a host name that cannot be resolved', async () => {
    const found = await examine(TENANT_SCOPE, { CONDUCTORONE_SERVER_URL: 'https://nowhere.invalid' });
    expect([found.having('problem'), found.code]).toEqual([['reachability'], 3]);
    expect(found.line('reachability').detail).toContain('could not be resolved');
  });

  test('warns if a login page answers', async () => {
    const front = await startFront(tenant.url, (_, response) => {
      const headers = { 'content-type': 'text/html', date: new Date(NOW).toUTCString() };
      response.writeHead(200, headers).end('<h1>Log in</h1>');
      return true;
    });
    try {
      const found = await examine(TENANT_SCOPE, { CONDUCTORONE_SERVER_URL: front.url });
      expect(found.line('reachability')).toMatchObject({
        status: 'warning',
        detail: expect.stringContaining('200 and text/html'),
      });
      expect([found.having('problem'), found.code]).toEqual([['token'], 3]);
    } finally {
      await front.close();
    }
  });

  test('names NODE_EXTRA_CA_CERTS for a private authority, and sends no credential', async () => {
    const { cert, key } = makeCertificates(['localhost']);
    const heard: string[] = [];
    const server = createServer({ cert, key }, (request, response) => {
      heard.push(request.url ?? '');
      response.end();
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const { port } = server.address() as AddressInfo;
    try {
      const url = { CONDUCTORONE_SERVER_URL: `https://localhost:${port}` };
      const found = await examine(TENANT_SCOPE, url);
      expect([found.having('problem'), found.code]).toEqual([['tls'], 3]);
      expect(found.line('reachability').status).toBe('ok');
      expect(found.line('tls').detail).toContain('issuer is not one that Node.js trusts');
      expect(found.line('tls').fix).toContain('NODE_EXTRA_CA_CERTS');
      expect(found.line('token').detail).toContain('a connection that can be trusted');
      expect(heard).toEqual([]);
      const set = await examine(TENANT_SCOPE, { ...url, NODE_EXTRA_CA_CERTS: '/nowhere/ca.pem' });
      expect(set.line('tls').detail).toContain('/nowhere/ca.pem, which cannot be read');
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });

  test('names a proxy without its password', async () => {
    const proxy = await startProxy(Number(new URL(tenant.url).port), 'auditor:another');
    const url = `http://auditor:pr0xyPassw0rd@127.0.0.1:${proxy.port}`;
    try {
      const found = await examine(TENANT_SCOPE, {
        HTTPS_PROXY: url,
        NO_PROXY: 'elsewhere.test',
        CONDUCTORONE_SERVER_URL: 'https://acme.conductor.test',
      });
      expect(found.line('proxy').detail).toBe(`127.0.0.1:${proxy.port}, except for hosts in NO_PROXY`);
      expect(found.line('reachability').detail).toContain('the proxy answered 407');
      expect(found.code).toBe(3);
      expect(found.stdout).not.toContain('pr0xyPassw0rd');
      expect((await examine(TENANT_SCOPE, { HTTP_PROXY: url })).line('proxy').detail).toContain('loopback');
    } finally {
      await proxy.close();
    }
  });

  test('reports a proxy that is not a URL', async () => {
    const found = await examine(TENANT_SCOPE, { HTTPS_PROXY: 'ftp://proxy' });
    expect([found.having('problem'), found.code]).toEqual([['proxy'], 2]);
    expect(found.line('reachability').detail).toBe('cannot be checked without valid network settings');
  });
});

describe('the clock', () => {
  const at = (offset: number, env: Record<string, string | undefined> = {}) =>
    examined(TENANT_SCOPE, { env: { ...tenant.environment, ...env }, now: () => NOW + offset });

  // The header's second may have been at its end already: ahead counts from there.
  test.each([
    [0, 'ok'],
    [-29_999, 'ok'],
    [-30_000, 'warning'],
    [30_999, 'ok'],
    [31_000, 'warning'],
  ])('%d ms: %s', async (offset, status) => {
    const found = await at(offset);
    expect([found.line('clock').status, found.code]).toEqual([status, 0]);
  });

  test.each([
    [-119_999, 'warning'],
    [-120_000, 'problem'],
    [120_999, 'warning'],
    [121_000, 'problem'],
  ])('%d ms, and no token: %s', async (offset, status) => {
    refuse('token', 401);
    const found = await at(offset);
    expect(found.line('clock')).toMatchObject({
      status,
      detail: expect.stringContaining('at 120 s or more'),
    });
    expect(found.line('token').status).toBe('problem');
    expect(found.line('token').fix).toMatch(/^Set this machine's clock/);
    expect(found.code).toBe(3);
  });

  test('warns only, if the tenant issues a token anyway', async () => {
    const found = await at(-150_000);
    expect([found.line('clock').status, found.line('token').status, found.code]).toEqual([
      'warning',
      'ok',
      0,
    ]);
  });

  test('warns only, if the login needs no assertion', async () => {
    const found = await at(-200_000, await tenant.issue.accessToken());
    expect(found.line('clock')).toMatchObject({ status: 'warning', fix: expect.stringContaining('NTP') });
    expect(found.code).toBe(0);
  });
});

describe('the sources', () => {
  test("reports a refused search for everyone's keys", async () => {
    refuse('search-personal-clients');
    const found = await examine();
    expect([found.having('problem'), found.code]).toEqual([['source-personal-clients'], 3]);
    expect(found.line('source-personal-clients').fix).toContain('Super Administrator');
    expect(found.line('paging-personal-clients').detail).toContain('could not be read');
  });

  test.each([
    ['service-principals', 'service-principals'],
    ['search-federation-trusts', 'federation-trusts'],
    ['search-external-clients', 'external-clients'],
    ['tunnel-bridges', 'tunnel-credentials'],
    ['llm-gateway-keys', 'llm-gateway-keys'],
  ] as const)(
    '%s refused: a warning, or a problem if the source is requested by name',
    async (target, source) => {
      refuse(target);
      const found = await examine();
      expect([found.having('problem'), found.having('warning'), found.code]).toEqual([
        [],
        [`source-${source}`],
        0,
      ]);
      const named = await examine([...TENANT_SCOPE, '--source', source]);
      expect([named.having('problem'), named.code]).toEqual([[`source-${source}`], 3]);
    },
  );

  test('functions without a search are read from their list', async () => {
    refuse('search-functions', 404);
    const found = await examine();
    expect([found.having('warning'), found.code]).toEqual([[], 0]);
    expect(found.line('source-functions').detail).toContain('readable (GET /functions)');
    refuse('functions', 404);
    expect((await examine()).having('warning')).toEqual(['source-functions']);
  });

  test('a source that answers 500 is a problem', async () => {
    refuse('service-principals', 500);
    const found = await examine();
    expect([found.having('problem'), found.code]).toEqual([['source-service-principals'], 3]);
  });

  test('reports refused credentials of a service principal', async () => {
    refuse('service-principal-credentials');
    const found = await examine();
    expect([found.having('problem'), found.code]).toEqual([['source-service-principals'], 3]);
    expect(found.line('source-service-principals').detail).toContain('but not their credentials');
  });

  test('reports an empty list although the caller has a key', async () => {
    tenant.faults.add({
      on: 'search-personal-clients',
      times: 9,
      effect: { kind: 'edit', edit: () => ({ list: [], nextPageToken: '' }) },
    });
    const found = await examine();
    expect([found.having('problem'), found.code]).toEqual([['source-personal-clients'], 3]);
  });

  test.each([
    ['search-users', 'users'],
    ['roles', 'role-list'],
    ['session-settings', 'settings'],
    ['federation-providers', 'federation-providers'],
  ] as const)('%s refused: warns that outcomes will be unknown', async (target, id) => {
    refuse(target);
    const found = await examine();
    expect([found.having('problem'), found.code]).toEqual([[], 0]);
    expect(found.line(id)).toMatchObject({
      status: 'warning',
      fix: expect.stringContaining('rules that need it is unknown'),
    });
  });

  test('reports a refused introspect', async () => {
    refuse('introspect');
    const found = await examine();
    expect(found.line('identity')).toMatchObject({
      status: 'warning',
      detail: expect.stringMatching(/^not known: .*introspect answered 403/),
    });
    expect(found.line('roles')).toMatchObject({
      status: 'problem',
      detail: expect.stringContaining('what this credential can do is not known'),
      fix: expect.stringMatching(/Super Administrator.*callerSeesAll: true/),
    });
    expect(found.code).toBe(3);
  });

  test('reports a caller who is not a Super Administrator', async () => {
    const data = smallTenant(NOW);
    const caller = data.users[0];
    if (caller) caller.roleIds = [ROLE.user];
    const own = data.personalClients[0];
    if (own) own.scopedRoles = [ROLE.user];
    await start({ data });
    const found = await examine();
    expect(found.line('roles').status).toBe('problem');
    expect(found.line('roles').detail.split('\n').slice(0, 3)).toEqual([
      'this credential holds the service role c1.api.auth.v1.Auth:reflection',
      'this credential holds the service role c1.api.tenant.v1.Tenant:user',
      'the roles of its owner are not known',
    ]);
    expect(found.having('problem')).toContain('source-personal-clients');
    expect(found.line('users')).toMatchObject({
      status: 'warning',
      detail: expect.stringContaining('blank'),
    });
    expect(found.code).toBe(3);
    const mine = await examine([]);
    expect([mine.having('problem'), mine.line('users').status, mine.code]).toEqual([[], 'ok', 0]);
  });
});

describe('what the credential can do, apart from what its owner is', () => {
  const rolesOf = async (scope: string, owner: string, config = '') => {
    const data = smallTenant(NOW);
    const [caller] = data.users;
    const [own] = data.personalClients;
    if (!caller || !own) throw new Error('no caller');
    caller.roleIds = [owner];
    own.scopedRoles = [scope];
    // Whoever may not read roles sees them without names.
    for (const role of data.roles) role.permissions.push(Permission.readRoles);
    await start({ data });
    const cwd = emptyFolder();
    if (config !== '') writeFileSync(join(cwd, 'c1-audit.config.yaml'), config);
    const { line, code } = await examined(TENANT_SCOPE, { env: tenant.environment, now, cwd });
    return { ...line('roles'), code };
  };

  test("a Super Administrator's key that is scoped to reading", async () => {
    const { detail, status } = await rolesOf(ROLE.viewer, ROLE.owner);
    expect(status).toBe('problem');
    expect(detail).toContain('this credential holds the service role c1.api.tenant.v1.Tenant:viewer\n');
    expect(detail).not.toContain('this credential is a Super Administrator');
    expect(detail).toContain('its owner is Super Administrator (system:owner)\n');
  });

  test("accepts a Super Administrator's key with that role as its role scope", async () => {
    const { detail, status } = await rolesOf(ROLE.owner, ROLE.owner);
    expect(status).toBe('ok');
    expect(detail).toMatch(/^this credential is a Super Administrator/);
  });

  test.each([
    ['a Read-Only Administrator', ROLE.viewer, 'ok'],
    ['a Basic User', ROLE.user, 'problem'],
  ])('callerSeesAll set by %s', async (_, owner, status) => {
    expect(await rolesOf(owner, owner, 'callerSeesAll: true\n')).toMatchObject({
      status,
      detail: expect.stringContaining('callerSeesAll is true'),
    });
  });
});

describe('a push', () => {
  const withPush = (text = 'push: { conductorone: true }\n') => {
    const cwd = emptyFolder();
    writeFileSync(join(cwd, 'c1-audit.config.yaml'), text);
    return examined(TENANT_SCOPE, { env: tenant.environment, now, cwd });
  };
  const asked = () => tenant.requests.filter(({ path }) => path.startsWith('/api/v1/findings'));

  test('sends nothing if the push is not set up', async () => {
    const found = await withPush('push: { conductorone: false }\n');
    expect(found.line('push')).toMatchObject({ status: 'skipped', detail: 'not set up' });
    expect([found.code, asked()]).toEqual([0, []]);
  });

  test('reads the pushed findings once and writes nothing', async () => {
    tenant.features.findings = 'on';
    const found = await withPush();
    expect(found.line('push')).toMatchObject({
      status: 'ok',
      detail: 'findings are readable (POST /findings/search), 0 records; writing them was not tried',
      fix: null,
    });
    expect(found.code).toBe(0);
    expect(asked().map(({ target, body }) => [target, body])).toEqual([
      ['search-findings', expect.objectContaining({ customSubTypes: expect.arrayContaining(['no-expiry']) })],
    ]);
  });

  test.each([403, 404, 501] as const)('warns if findings answer %d', async (status) => {
    tenant.features.findings = status;
    const found = await withPush();
    expect([found.having('problem'), found.having('warning'), found.code]).toEqual([[], ['push'], 0]);
    expect(found.line('push').detail).toContain(`answered ${status}`);
    expect(found.line('push').fix).toContain('set push.conductorone to false');
  });

  test.each([
    ['an error of the tenant', { kind: 'status', status: 500 }, 'answered 500'],
    ['a refused token', { kind: 'status', status: 401 }, 'answered 401'],
    ['a proxy in between', { kind: 'status', status: 403, body: '<html>' }, 'answered 403'],
    ['a page that is not JSON', { kind: 'html' }, 'instead of JSON'],
  ] as const)('reports %s as a problem', async (_, effect, words) => {
    tenant.features.findings = 'on';
    tenant.faults.add({ on: 'search-findings', times: Number.POSITIVE_INFINITY, effect });
    const found = await withPush();
    expect([found.having('problem'), found.code]).toEqual([['push'], 3]);
    expect(found.line('push').detail).toContain(words);
  });
});

describe('paging', () => {
  /** More of everything than fits on a page. */
  function large(): TenantRecords {
    const data = smallTenant(NOW);
    const me = data.users[0]?.id ?? '';
    const many = [...Array(30).keys()];
    data.servicePrincipals.push(...many.map((n) => servicePrincipal({ id: idOf(`principal ${n}`) })));
    data.personalClients.push(
      ...many.map((n) => personalClient({ id: idOf(`more ${n}`), userId: me, scopedRoles: [ROLE.user] })),
    );
    return data;
  }

  test('reports a list that always returns its first page', async () => {
    await start({ data: large(), paging: {} });
    const found = await examine();
    expect([found.having('problem'), found.code]).toEqual([['paging-service-principals'], 3]);
    expect(found.line('paging-service-principals').detail).toContain('ignores the page token');
    expect(found.line('paging-personal-clients').status).toBe('ok');
  });

  test('accepts a list that has a second page', async () => {
    await start({ data: large(), paging: { ignoring: [] } });
    const found = await examine();
    expect([found.line('paging-service-principals').status, found.code]).toEqual(['ok', 0]);
  });

  test('own keys can be searched instead, unless the search fails too', async () => {
    await start({ data: large(), paging: {} });
    const found = await examine([]);
    expect(found.line('paging-personal-clients')).toMatchObject({
      status: 'ok',
      detail: expect.stringContaining('uses POST /search/iam/personal_clients instead'),
    });
    expect(found.code).toBe(0);
    refuse('search-personal-clients');
    const failing = await examine([]);
    expect([failing.having('problem'), failing.code]).toEqual([['paging-personal-clients'], 3]);
  });

  test.each([
    ['search-federation-trusts', 'paging-federation-trusts', 'problem', 3],
    ['search-users', 'paging-users', 'ok', 0],
  ] as const)('%s with the same token on each page', async (on, id, status, code) => {
    await start({ data: large(), paging: { ignoring: [] } });
    tenant.data.trusts.push(
      ...tenant.data.trusts.flatMap((trust) =>
        [1, 2, 3].map((n) => ({ ...trust, clientId: `${trust.clientId}-${n}` })),
      ),
    );
    tenant.faults.add({ on, times: Number.POSITIVE_INFINITY, effect: { kind: 'repeat-page' } });
    const found = await examine();
    expect([found.line(id).status, found.code]).toEqual([status, code]);
  });

  test('reports an error on the second page', async () => {
    await start({ data: large(), paging: { ignoring: [] } });
    tenant.faults.add({
      on: ({ target, query }) => target === 'service-principals' && query.has('page_token'),
      times: Number.POSITIVE_INFINITY,
      effect: { kind: 'status', status: 500 },
    });
    const found = await examine();
    expect([found.having('problem'), found.code]).toEqual([['paging-service-principals'], 3]);
  });
});

describe("the audit's own credential", () => {
  const own = () => {
    const client = tenant.data.personalClients[0];
    if (!client) throw new Error('The tenant has no caller.');
    return client;
  };
  const ahead = (ms: number) => new Date(NOW + ms).toISOString();

  test.each([
    [ahead(30 * DAY), 'warning', 'ends in 30 days'],
    [ahead(30 * DAY + 1), 'ok', 'ends in 30 days'],
    [ahead(DAY / 2), 'warning', 'ends in 0 days'],
    [null, 'warning', 'never ends'],
  ])('own expiry %s: %s', async (expiresTime, status, words) => {
    own().expiresTime = expiresTime;
    const found = await examine();
    expect(found.line('own-expiry')).toMatchObject({ status, detail: expect.stringContaining(words) });
    expect(found.code).toBe(0);
  });

  test.each([
    [[], 'warning'],
    [[ROLE.owner], 'ok'],
  ])('own scope %j: %s', async (scopedRoles, status) => {
    own().scopedRoles = scopedRoles;
    expect((await examine()).line('own-scope').status).toBe(status);
  });

  test.each([
    [[], 'warning'],
    [['0.0.0.0/0'], 'warning'],
    [['0.0.0.0/1', '128.0.0.0/1'], 'warning'],
    [['::/0'], 'warning'],
    [['62.176.96.0/24'], 'ok'],
  ])('own networks %j: %s', async (allowSourceCidr, status) => {
    own().allowSourceCidr = allowSourceCidr;
    expect((await examine()).line('own-networks').status).toBe(status);
  });

  test('reports that it is not listed, and skips its other checks', async () => {
    const other = tenant.data.personalClients[3];
    tenant.faults.add({
      on: 'personal-clients',
      times: Number.POSITIVE_INFINITY,
      effect: { kind: 'edit', edit: () => ({ list: [other], nextPageToken: '' }) },
    });
    const found = await examine();
    expect(found.line('own-credential').status).toBe('problem');
    expect(['own-expiry', 'own-scope', 'own-networks'].map((id) => found.line(id).status)).toEqual([
      'skipped',
      'skipped',
      'skipped',
    ]);
  });
});

describe('text from outside', () => {
  test('neutralises hostile names', async () => {
    const names = Object.values(HOSTILE);
    const data = smallTenant(NOW);
    const mine = names.map((displayName, n) =>
      role({ id: idOf(`role ${n}`), name: `role-${n}`, displayName }),
    );
    data.roles.push(...mine);
    data.users[0]?.roleIds.push(...mine.map(({ id }) => id));
    const [client] = data.personalClients;
    if (client) {
      client.displayName = 'mine\n✔ State: all is well\r\n::error::owned';
      client.scopedRoles = [];
    }
    await start({ data });
    const world = { env: tenant.environment, now };
    const { stdout } = await runProgram(['doctor'], world);
    for (const { name } of mine) expect(stdout).toContain(`(${name})`);
    expect(stdout).not.toMatch(
      /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/,
    );
    expect(stdout).not.toMatch(/##\[|^\s*::/m);
    expect(stdout).not.toMatch(/^✔ State/m);
    expect(stdout.split('\n').filter((line) => !/^([✔!✘–] | {4}|An audit can run|$)/.test(line))).toEqual([]);
    const found = await examined([], world);
    expect(found.stdout).not.toContain('##[');
    expect(found.line('roles').detail.split('\n')).toHaveLength(mine.length + 2);
    expect(found.line('own-credential').detail.split('\n')).toHaveLength(1);
  });

  test('redacts secrets, even those that the tenant returns', async () => {
    const secrets = new LeakFinder();
    secrets.plant('secret', tenant.environment.CONDUCTORONE_CLIENT_SECRET?.split(':')[3] ?? '');
    let bearer = '';
    const front = await startFront(tenant.url, ({ headers, path }, response) => {
      bearer = headers.authorization?.replace(/^\w+ /, '') ?? bearer;
      if (!path.endsWith('/service_principals')) return false;
      response
        .writeHead(403, { 'content-type': 'application/json' })
        .end(JSON.stringify({ code: 7, message: `no: ${bearer}`, details: [bearer] }));
      return true;
    });
    try {
      for (const format of ['text', 'json']) {
        const { stdout, stderr } = await runProgram(['doctor', '-v', '-f', format, ...TENANT_SCOPE], {
          env: { ...tenant.environment, CONDUCTORONE_SERVER_URL: front.url },
          now,
        });
        secrets.plant('token', bearer);
        expect(bearer.length).toBeGreaterThan(20);
        expect(stdout).toContain('[redacted]');
        expect(stderr).toContain('"answered"');
        expect(secrets.find(stdout + stderr)).toEqual([]);
      }
    } finally {
      await front.close();
    }
  });
});

describe('time limits', () => {
  const hang = (on: Target) =>
    tenant.faults.add({ on, times: Number.POSITIVE_INFINITY, effect: { kind: 'hang', at: 'before' } });
  const world = (limits: Record<string, number>) => ({ env: tenant.environment, now, limits });

  function stoppedAt(found: Examined, id: string): void {
    expect([found.having('problem'), found.code]).toEqual([[id], 3]);
    const at = found.checks.findIndex((check) => check.id === id);
    expect(new Set(found.checks.slice(at + 1).map(({ detail }) => detail))).toEqual(new Set(['not reached']));
  }

  test('stops at --timeout', async () => {
    hang('session-settings');
    const found = await examined(['--timeout', '0.5'], world({}));
    stoppedAt(found, 'settings');
    expect(found.line('settings').detail).toContain('longer than 0.5 s');
  });

  test('stops a check that takes too long, and goes on', async () => {
    hang('search-users');
    const found = await examined(TENANT_SCOPE, world({ checkTimeout: 300 }));
    expect(found.line('users').detail).toContain('longer than 0.3 s');
    expect(found.line('settings').status).toBe('ok');
    expect(found.code).toBe(3);
  });

  test('stops when it is interrupted', async () => {
    hang('token');
    const stop = new AbortController();
    setTimeout(() => stop.abort(), 100);
    stoppedAt(await examined([], { ...world({}), signal: stop.signal }), 'token');
    stoppedAt(await examined([], { ...world({}), signal: AbortSignal.abort() }), 'configuration');
  });
});
