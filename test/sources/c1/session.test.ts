import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import { emptyFolder, type ProgramWorld, runProgram } from '../../helpers/program.js';
import { beforeRequest, SMALL, smallTenant } from '../../helpers/small-tenant.js';
import { type Environment, startTenant, type Tenant, type TenantOptions } from '../../tenant/index.js';

const NOW = Date.parse('2026-11-24T06:00:00Z');

const tenants: Tenant[] = [];

async function start(options: TenantOptions = {}): Promise<Tenant> {
  const data = smallTenant(NOW);
  const tenant = await startTenant({ now: () => NOW, data, paging: { ignoring: [] }, ...options });
  tenants.push(tenant as Tenant);
  return tenant as Tenant;
}

afterEach(async () => {
  await Promise.all(tenants.splice(0).map((tenant) => tenant.close()));
});

const audit = (env: Environment, world: ProgramWorld = {}) =>
  runProgram(['-f', 'json', '--fail-on', 'never', '--scope', 'tenant'], { now: () => NOW, env, ...world });

const tokenRequests = (tenant: Tenant) => tenant.requests.filter(({ target }) => target === 'token');
const schemes = (tenant: Tenant) =>
  new Set(tenant.requests.filter(({ target }) => target !== 'token').map(({ scheme }) => scheme));

/** A clock that both sides share. */
function clock() {
  let time = NOW;
  return {
    now: () => time,
    pass: (seconds: number) => {
      time += seconds * 1000;
    },
  };
}

describe('each login audits the whole tenant', () => {
  const ALL = 25 + 7 + 4;

  test('a client secret, with one token for all requests', async () => {
    const tenant = await start();
    const { code, report } = await audit(tenant.environment);
    expect(code).toBe(0);
    expect(report.summary.credentials).toBe(ALL);
    expect(report.run.self?.clientId).toBe(tenant.environment.CONDUCTORONE_CLIENT_ID);
    expect(report.credentials.filter(({ self }) => self)).toHaveLength(1);
    expect(tokenRequests(tenant)).toHaveLength(1);
  });

  test.each(['', 'Bearer ', 'bearer '])('an access token, written with "%s" before it', async (prefix) => {
    const tenant = await start();
    const env = await tenant.issue.accessToken();
    const { code, report } = await audit({
      ...env,
      CONDUCTORONE_ACCESS_TOKEN: prefix + env.CONDUCTORONE_ACCESS_TOKEN,
    });
    expect(code).toBe(0);
    expect(report.summary.credentials).toBe(ALL);
    expect(tokenRequests(tenant)).toHaveLength(0);
  });

  test('an OIDC token, exchanged', async () => {
    const tenant = await start();
    const { code, report } = await audit(await tenant.issue.oidc());
    expect(code).toBe(0);
    expect(report.summary.credentials).toBe(ALL);
    expect(report.credentials.filter(({ self }) => self).map(({ kind }) => kind)).toEqual([
      'federation-trust',
    ]);
    expect(tokenRequests(tenant)[0]?.body).toMatchObject({
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    });
  });

  test('an OIDC token for the tenant that a GitHub Actions job requests', async () => {
    const tenant = await start();
    const job = await tenant.issue.actions();
    const { code, report } = await audit(job.environment);
    expect(code).toBe(0);
    expect(report.summary.credentials).toBe(ALL);
    expect(job.requests).toEqual([{ audience: '127.0.0.1', status: 200 }]);
  });

  test.each([
    { nonces: false, name: 'without nonces' },
    { nonces: true, name: 'with nonces' },
  ])('a credential that must prove possession, $name', async ({ nonces }) => {
    const tenant = await start();
    tenant.nonces.required = nonces;
    const env = await tenant.issue.secret(SMALL.dpop, 'service-principal-credential');
    const { code, report, stderr } = await runProgram(['-f', 'json', '--verbose', '--scope', 'tenant'], {
      now: () => NOW,
      env,
    });
    expect(code).toBe(1);
    expect(report.summary.credentials).toBe(ALL);
    expect(schemes(tenant)).toEqual(new Set(['dpop']));
    expect(stderr).not.toMatch(/c1at_|eyJ/);
  });
});

describe('the order of precedence', () => {
  test('prefers an access token to an OIDC token, and that to a secret', async () => {
    const tenant = await start();
    const secret = await tenant.issue.secret();
    const oidc = await tenant.issue.oidc();
    const token = await tenant.issue.accessToken();
    await audit({ ...secret, ...oidc, ...token });
    expect(tokenRequests(tenant)).toHaveLength(0);
    await audit({ ...secret, ...oidc });
    expect(tokenRequests(tenant).at(-1)?.body).toMatchObject({
      grant_type: expect.stringMatching(/exchange$/),
    });
    await audit(secret);
    expect(tokenRequests(tenant).at(-1)?.body).toMatchObject({ grant_type: 'client_credentials' });
  });
});

describe('a token that ends during the run', () => {
  test('is refreshed once before it ends', async () => {
    const time = clock();
    const tenant = await start({ now: time.now, lifetimes: { 'personal-client': 600 } });
    beforeRequest(tenant, 3, () => time.pass(575));
    const { code } = await audit(tenant.environment, { now: time.now });
    expect(code).toBe(0);
    expect(tokenRequests(tenant)).toHaveLength(2);
    expect(tenant.requests.some(({ status }) => status === 401)).toBe(false);
  });

  test('is renewed once after a 401', async () => {
    const tenant = await start({ faults: [{ on: '*', from: 4, effect: { kind: 'revoke-tokens' } }] });
    const { code, report } = await audit(tenant.environment);
    expect(code).toBe(0);
    expect(report.coverage.complete).toBe(true);
    expect(tokenRequests(tenant)).toHaveLength(2);
  });

  test('is exchanged for a fresh OIDC token each time in GitHub Actions', async () => {
    const time = clock();
    const tenant = await start({ now: time.now, lifetimes: { 'federation-trust': 60 } });
    const job = await tenant.issue.actions();
    for (const n of [3, 6, 9]) beforeRequest(tenant, n, () => time.pass(59));
    const { code } = await audit(job.environment, { now: time.now });
    expect(code).toBe(0);
    // The tenant takes each OIDC token once.
    expect(tokenRequests(tenant).length).toBeGreaterThanOrEqual(3);
    expect(job.requests).toHaveLength(tokenRequests(tenant).length);
  });

  test('ends a run whose OIDC token can be used once, and the message says why', async () => {
    const tenant = await start({ faults: [{ on: '*', from: 4, effect: { kind: 'revoke-tokens' } }] });
    const { code, stderr } = await audit(await tenant.issue.oidc());
    expect(code).toBe(3);
    expect(stderr).toMatch(/auth\/v1\/token answered 400: invalid_grant: subject token: used before/);
    expect(stderr).toContain('good for one exchange');
  });

  test('is renewed with proofs, and with the nonces that the tenant asks for', async () => {
    const tenant = await start();
    tenant.nonces.required = true;
    for (const n of [2, 5, 9]) beforeRequest(tenant, n, () => tenant.nonces.rotate());
    beforeRequest(tenant, 7, () => {
      tenant.nonces.rotate();
      tenant.sessions.revokeAll();
    });
    const env = await tenant.issue.secret(SMALL.dpop, 'service-principal-credential');
    const { code, report } = await audit(env);
    expect(code).toBe(0);
    expect(report.coverage.complete).toBe(true);
    expect(schemes(tenant)).toEqual(new Set(['dpop']));
  });
});

describe('a lasting refusal', () => {
  test('requests one token, however many requests wait for it', async () => {
    const tenant = await start();
    tenant.faults.add({ on: 'token', times: Infinity, effect: { kind: 'status', status: 401 } });
    const { code, stderr } = await audit(tenant.environment);
    expect(code).toBe(3);
    expect(tenant.requests).toHaveLength(1);
    expect(stderr.match(/auth\/v1\/token answered 401/g)).toHaveLength(1);
    expect(stderr).toContain('belong together');
  });

  test('tries a token endpoint that is down five times', async () => {
    const tenant = await start();
    tenant.faults.add({ on: 'token', times: Infinity, effect: { kind: 'status', status: 503 } });
    const { code } = await audit(tenant.environment);
    expect(code).toBe(3);
    expect(tenant.requests).toHaveLength(5);
  });

  test('requests only a few new tokens if all are refused', async () => {
    const tenant = await start();
    tenant.faults.add({ on: '*', times: Infinity, effect: { kind: 'status', status: 401 } });
    const { code, stderr } = await audit(tenant.environment);
    expect(code).toBe(3);
    expect(tokenRequests(tenant).length).toBeLessThanOrEqual(8);
    expect(stderr).toContain('401');
  });

  test('does not retry with a given access token', async () => {
    const tenant = await start();
    const env = await tenant.issue.accessToken();
    tenant.sessions.revokeAll();
    const { code, stderr } = await audit(env);
    expect(code).toBe(3);
    expect(new Set(tenant.requests.map(({ path }) => path)).size).toBe(tenant.requests.length);
    expect(stderr).toMatch(/search\/iam\/personal_clients answered 401 .*request-id/);
  });
});

describe('GitHub Actions', () => {
  test('retries an OIDC endpoint that fails for a moment', async () => {
    const tenant = await start();
    const job = await tenant.issue.actions();
    job.fail(500, 2);
    expect((await audit(job.environment)).code).toBe(0);
    expect(job.requests.map(({ status }) => status)).toEqual([500, 500, 200]);
  });

  test('names the permission if the job gets no token', async () => {
    const tenant = await start();
    const job = await tenant.issue.actions();
    job.fail(403, Infinity);
    const { code, stderr } = await audit(job.environment);
    expect(code).toBe(3);
    expect(stderr).toContain('id-token: write');
    expect(job.requests).toHaveLength(1);
  });

  test.each([
    { change: { ACTIONS_ID_TOKEN_REQUEST_URL: '' }, says: 'id-token: write' },
    { change: { ACTIONS_ID_TOKEN_REQUEST_TOKEN: '' }, says: 'id-token: write' },
    { change: { ACTIONS_ID_TOKEN_REQUEST_URL: 'http://oidc.example/x' }, says: 'https://' },
    { change: { ACTIONS_ID_TOKEN_REQUEST_URL: 'oidc' }, says: 'https://' },
  ])('exits 2 with $change', async ({ change, says }) => {
    const tenant = await start();
    const job = await tenant.issue.actions();
    const { code, stderr } = await audit({ ...job.environment, ...change });
    expect(code).toBe(2);
    expect(stderr).toContain(says);
    expect(job.requests).toHaveLength(0);
  });

  test('reports that the condition does not admit the workload', async () => {
    const tenant = await start();
    const job = await tenant.issue.actions(SMALL.trust, { repository: 'acme/other' });
    const { code, stderr } = await audit(job.environment);
    expect(code).toBe(3);
    expect(stderr).toContain('condition');
  });

  test('reports that an OIDC token is older than ten minutes', async () => {
    const tenant = await start();
    const iat = NOW / 1000 - 601;
    const { code, stderr } = await audit(await tenant.issue.oidc(SMALL.trust, { iat, exp: NOW / 1000 + 60 }));
    expect(code).toBe(3);
    expect(stderr).toContain('ten minutes');
  });
});

describe("cone's profile", () => {
  interface Home {
    readonly HOME: string;
    readonly file: string;
  }

  function home(
    content: string | ((id: string, secret: string) => string),
    env: Environment,
    mode = 0o600,
  ): Home {
    const folder = emptyFolder();
    mkdirSync(join(folder, '.conductorone'));
    const file = join(folder, '.conductorone', 'config.yaml');
    const text =
      typeof content === 'string'
        ? content
        : content(env.CONDUCTORONE_CLIENT_ID ?? '', env.CONDUCTORONE_CLIENT_SECRET ?? '');
    writeFileSync(file, text);
    chmodSync(file, mode);
    return { HOME: folder, file };
  }

  const profile = (name: string, id: string, secret: string) =>
    `profiles:\n  ${name}:\n    client-id: ${id}\n    client-secret: ${secret}\n`;
  const server = (tenant: Tenant) => ({ CONDUCTORONE_SERVER_URL: tenant.url });

  test.each([
    { name: 'default', spelling: 'dashes', vars: {} },
    { name: 'default', spelling: 'underscores', vars: {} },
    { name: 'prod', spelling: 'dashes', vars: { CONE_PROFILE: 'prod' } },
    { name: 'Prod', spelling: 'dashes', vars: { CONE_PROFILE: 'pROD' } },
  ])('$name, written with $spelling', async ({ name, spelling, vars }) => {
    const tenant = await start();
    const write = (id: string, secret: string) => {
      const text = profile(name, id, secret);
      return spelling === 'dashes'
        ? text
        : text.replace('client-id', 'client_id').replace('client-secret', 'client_secret');
    };
    const { HOME } = home(write, tenant.environment);
    const { code, report, stderr } = await audit({ HOME, ...vars, ...server(tenant) });
    expect(stderr).toBe('');
    expect(code).toBe(0);
    expect(report.summary.credentials).toBe(36);
  });

  test('names the tenant if nothing else does', async () => {
    const tenant = await start();
    const { HOME } = home(
      (id, secret) => profile('default', id.replace('@127.0.0.1/', `@${tenant.host}/`), secret),
      tenant.environment,
    );
    const { code, stderr } = await runProgram(['--quiet'], {
      now: () => NOW,
      env: { HOME },
      limits: { retries: 0 },
    });
    // A host from a client id is spoken to over https alone, and the tenant speaks http.
    expect(code).toBe(3);
    expect(stderr).toContain(`POST ${tenant.host}/auth/v1/token failed`);
  });

  test('is found by USERPROFILE instead of HOME, and by CONE_CONFIG_PATH instead of both', async () => {
    const tenant = await start();
    const { HOME } = home((id, secret) => profile('default', id, secret), tenant.environment);
    const worlds = [
      { USERPROFILE: HOME },
      { HOME: '/nowhere', CONE_CONFIG_PATH: join(HOME, '.conductorone') },
      { HOME: '/nowhere', CONE_CONFIG_PATH: '.conductorone' },
    ];
    for (const vars of worlds) {
      const { code, stderr } = await audit({ ...vars, ...server(tenant) }, { cwd: HOME });
      expect(stderr).toBe('');
      expect(code).toBe(0);
    }
  });

  test('is not needed with CONE_CLIENT_ID and CONE_CLIENT_SECRET, which win over it', async () => {
    const tenant = await start();
    const { CONDUCTORONE_CLIENT_ID = '', CONDUCTORONE_CLIENT_SECRET = '' } = tenant.environment;
    const both = { CONE_CLIENT_ID: CONDUCTORONE_CLIENT_ID, CONE_CLIENT_SECRET: CONDUCTORONE_CLIENT_SECRET };
    expect((await audit({ ...both, ...server(tenant) })).code).toBe(0);
    const { HOME } = home(
      (_, secret) => profile('default', 'wrong@wrong.example/pcc', secret),
      tenant.environment,
    );
    const half = { CONE_CLIENT_ID: CONDUCTORONE_CLIENT_ID };
    expect((await audit({ HOME, ...half, ...server(tenant) })).code).toBe(0);
  });

  test('is not read if the environment names a credential', async () => {
    const tenant = await start();
    const { HOME } = home('profiles: [', tenant.environment, 0o644);
    const { code, stderr } = await audit({ HOME, ...tenant.environment });
    expect(code).toBe(0);
    expect(stderr).toBe('');
    const half = await audit({ HOME, CONDUCTORONE_CLIENT_ID: 'a@b.example/pcc' });
    expect(half.code).toBe(2);
    expect(half.stderr).toContain('CONDUCTORONE_CLIENT_SECRET is not');
  });

  const onPosix = process.platform === 'win32' ? test.skip : test;
  onPosix.each([
    { mode: 0o600, warns: false },
    { mode: 0o400, warns: false },
    { mode: 0o640, warns: true },
    { mode: 0o604, warns: true },
    { mode: 0o660, warns: true },
    { mode: 0o601, warns: true },
  ])('is warned about ($warns) with mode $mode', async ({ mode, warns }) => {
    const tenant = await start();
    const { HOME, file } = home((id, secret) => profile('default', id, secret), tenant.environment, mode);
    const { code, stderr } = await audit({ HOME, ...server(tenant) });
    expect(code).toBe(0);
    if (warns) expect(stderr).toMatch(new RegExp(`${file} .*mode 0${mode.toString(8)}.*chmod 600`));
    else expect(stderr).toBe('');
  });

  const SECRET = `secret-token:conductorone.com:v1:${'c3VwZXItc2VjcmV0'.repeat(4)}`;

  test.each([
    {
      what: 'no YAML',
      text: `profiles:\n  default:\n    client-secret: "${SECRET}\n`,
      says: /not valid YAML.*line \d/,
    },
    { what: 'an unknown anchor', text: `profiles: *nothing # ${SECRET}\n`, says: /not valid YAML/ },
    {
      what: 'no profiles',
      text: `client-secret: ${SECRET}\n`,
      says: /no profile "default"[\s\S]*cone login/,
    },
    {
      what: 'other profiles',
      text: `profiles:\n  prod:\n    client-secret: ${SECRET}\n`,
      says: /no profile "default"[\s\S]*CONE_PROFILE[\s\S]*"prod"/,
    },
    {
      what: 'no id',
      text: profile('default', '""', SECRET),
      says: /client-id of the profile "default" .* is missing/,
    },
    {
      what: 'a number for an id',
      text: profile('default', '5', SECRET),
      says: /client-id of the profile "default" .* is not text/,
    },
    {
      what: 'no secret',
      text: profile('default', 'a@b.example/pcc', ''),
      says: /client-secret of the profile "default" .* is missing/,
    },
    {
      what: 'a malformed id',
      text: profile('default', 'nobody', SECRET.replace('v1', 'v1')),
      says: /client-id of the profile "default" .* is not a ConductorOne client id/,
    },
    {
      what: 'a malformed secret',
      text: profile('default', 'a@b.example/pcc', SECRET),
      says: /client-secret of the profile "default" .* is malformed/,
    },
  ])('exits 2 with $what, names the file and the fix, and prints no secret', async ({ text, says }) => {
    const { HOME, file } = home(text, {});
    const { code, stderr, stdout } = await audit({ HOME });
    expect(code).toBe(2);
    expect(stderr).toContain(file);
    expect(stderr).toMatch(says);
    expect(stderr + stdout).not.toContain('c3VwZXItc2VjcmV0');
  });

  test.each(['CONE_PROFILE', 'CONE_CONFIG_PATH', 'CONE_CLIENT_ID', 'CONE_CLIENT_SECRET'])(
    'exits 2 if %s is set without a file',
    async (name) => {
      const { code, stderr } = await audit({ HOME: emptyFolder(), [name]: 'x' });
      expect(code).toBe(2);
      expect(stderr).toContain(name);
      expect(stderr).toContain('config.yaml');
    },
  );
});

describe('a client secret that cannot be read is reported before the audit', () => {
  test.each([
    { secret: 'secret-token:conductorone.com:v2:abc', says: 'version' },
    { secret: 'conductorone:v1:abc', says: 'does not begin' },
    { secret: 'secret-token:conductorone.com:v1:a+b=', says: 'base64url' },
    { secret: 'secret-token:conductorone.com:v1:aGVsbG8', says: 'not a JSON Web Key' },
    {
      secret: `secret-token:conductorone.com:v1:${Buffer.from('{"kty":"OKP","crv":"Ed25519","x":"AA"}').toString('base64url')}`,
      says: 'does not hold a private Ed25519 key',
    },
  ])('$says', async ({ secret, says }) => {
    const tenant = await start();
    const { code, stderr } = await audit({ ...tenant.environment, CONDUCTORONE_CLIENT_SECRET: secret });
    expect(code).toBe(2);
    expect(stderr).toContain('CONDUCTORONE_CLIENT_SECRET');
    expect(stderr).toContain(says);
    expect(tenant.requests).toHaveLength(0);
  });
});

describe('plain http is for loopback only', () => {
  test.each([
    'http://acme.conductor.one',
    'http://127.0.0.1.evil.example',
    'http://localhost.evil.example',
    'ftp://x',
  ])('%s is refused', async (url) => {
    const { code, stderr } = await audit({
      CONDUCTORONE_ACCESS_TOKEN: 'x'.repeat(20),
      CONDUCTORONE_SERVER_URL: url,
    });
    expect(code).toBe(2);
    expect(stderr).toContain('https://');
  });
});
