import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { emptyFolder, runProgram } from '../helpers/program.js';
import { SMALL, smallTenant } from '../helpers/small-tenant.js';
import {
  type Effect,
  type Environment,
  Permission,
  ROLE,
  setAnswerField,
  startTenant,
  type Target,
  type Tenant,
} from '../tenant/index.js';

const NOW = Date.parse('2026-11-24T06:00:00Z');
const ROLE_AND_SETTING = /Super Administrator \(system:owner\)[\s\S]*callerSeesAll: true/;
const always = Number.POSITIVE_INFINITY;

let tenant: Tenant;

beforeEach(async () => {
  tenant = await startTenant({ data: smallTenant(NOW), now: () => NOW });
});
afterEach(() => tenant.close());

/** Gives the caller one role; its key keeps the scope of a Super Administrator. */
function demote(roleId: string): void {
  const [caller] = tenant.data.users;
  if (!caller) throw new Error('no caller');
  caller.roleIds = [roleId];
  // A tenant may well let it list everyone's keys, and leave some out.
  for (const role of tenant.data.roles)
    role.permissions.push(Permission.searchPersonalClients, Permission.readUsers, Permission.readRoles);
}

async function audit(
  flags: readonly string[] = [],
  { config = '', env = tenant.environment }: { config?: string; env?: Environment } = {},
) {
  const cwd = emptyFolder();
  if (config !== '') writeFileSync(join(cwd, 'c1-audit.config.yaml'), config);
  return runProgram(['--scope', 'tenant', '--fail-on', 'never', '-f', 'json', ...flags], {
    env,
    cwd,
    now: () => NOW,
  });
}

function strike(on: Target, effect: Effect, from = 1): void {
  tenant.faults.add({ on, effect, from, times: always });
}

describe('a caller with fewer rights than yesterday', () => {
  test('is incomplete, with the role to grant and the setting on stderr, once', async () => {
    expect((await audit()).code).toBe(0);
    demote(ROLE.viewer);
    const { code, report, stderr } = await audit();
    expect([code, report.coverage.complete]).toEqual([3, false]);
    expect(stderr).toMatch(ROLE_AND_SETTING);
    expect(stderr.split('Super Administrator').length - 1).toBe(1);
    expect(report.coverage.notes.join('\n')).toMatch(ROLE_AND_SETTING);
    expect(report.coverage.gaps).toEqual([expect.stringContaining('does not run as a Super Administrator')]);
    // What it did see is still reported.
    expect(report.findings.length).toBeGreaterThan(0);
  });

  test('is complete if it audits only its own credentials', async () => {
    demote(ROLE.viewer);
    const { code, report } = await audit(['--scope', 'mine']);
    expect([code, report.coverage.gaps]).toEqual([0, undefined]);
  });

  test('is complete with callerSeesAll: true, and the coverage repeats it', async () => {
    demote(ROLE.viewer);
    const { code, report } = await audit([], { config: 'callerSeesAll: true\n' });
    expect([code, report.coverage.complete, report.coverage.gaps]).toEqual([0, true, undefined]);
    expect(report.coverage.notes).toContain(
      'The configuration states that the audit sees every credential (callerSeesAll: true); c1-audit cannot confirm it.',
    );
  });

  test('cannot be excused by callerSeesAll: false', async () => {
    demote(ROLE.viewer);
    expect((await audit([], { config: 'callerSeesAll: false\n' })).code).toBe(3);
  });

  test('may not claim to see everything as a Basic User', async () => {
    demote(ROLE.user);
    const { code, stdout, stderr } = await audit([], { config: 'callerSeesAll: true\n' });
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/holds no administrator role\.\nRemove callerSeesAll, or run the audit with/);
  });

  test('may not claim to see everything with a key that is scoped to Basic User', async () => {
    demote(ROLE.viewer);
    const [caller] = tenant.data.users;
    const [own] = tenant.data.personalClients;
    caller?.roleIds.push(ROLE.user);
    if (own) own.scopedRoles = [ROLE.user];
    expect((await audit([], { config: 'callerSeesAll: true\n' })).code).toBe(2);
    if (own) own.scopedRoles = [ROLE.user, ROLE.viewer];
    expect((await audit([], { config: 'callerSeesAll: true\n' })).code).toBe(0);
  });
});

describe('who runs the audit', () => {
  test.each([
    ['the service role of a Super Administrator', ['role/c1.api.tenant.v1.Tenant:owner'], 0],
    ['the older service role', ['role/c1.api.auth.v1.Auth:owner', 'role/x'], 0],
    ['the id of system:owner', [ROLE.owner], 0],
    ['the name of system:owner', ['system:owner'], 0],
    ['another service role', ['role/c1.api.tenant.v1.Tenant:viewer'], 3],
    ['a service role that only mentions an owner', ['role/c1.api.app.v1.App:owner'], 3],
    ['the id of another role', [ROLE.viewer], 3],
    ['the id of no role', ['2nobody'], 3],
    ['no role', [], 3],
    ['a field that is missing', undefined, 3],
    ['a field of the wrong type', 'role/c1.api.tenant.v1.Tenant:owner', 3],
  ])('as %s', async (_, roles, code) => {
    strike('introspect', setAnswerField('roles', roles));
    expect((await audit()).code).toBe(code);
  });

  test('is unknown if introspect is refused, and the reason is named', async () => {
    strike('introspect', { kind: 'status', status: 403 });
    const { code, stderr, report } = await audit();
    expect(code).toBe(3);
    expect(stderr).toMatch(/It is not known whether the audit runs as a Super Administrator/);
    expect(stderr).toMatch(/introspect answered 403/);
    expect(stderr).toMatch(ROLE_AND_SETTING);
    expect(report.run.self).toMatchObject({ userId: null });
  });

  test('is unknown from the role id of system:owner if roles cannot be read', async () => {
    strike('introspect', setAnswerField('roles', [ROLE.owner]));
    strike('roles', { kind: 'status', status: 403 });
    const { code, stderr } = await audit();
    expect([code, /It is not known whether/.test(stderr)]).toEqual([3, true]);
  });
});

describe('a list that lacks the credential that reads it', () => {
  const without = (clientId: string | undefined): Effect => ({
    kind: 'edit',
    edit(json) {
      const answer = json as { list: { clientId: string }[] };
      return { ...answer, list: answer.list.filter((record) => record.clientId !== clientId) };
    },
  });
  const logins: [string, Target, () => Promise<Environment>, string][] = [
    ['a personal client', 'search-personal-clients', () => tenant.issue.secret(), 'personal-client'],
    [
      'a service principal',
      'service-principal-credentials',
      () => tenant.issue.secret(SMALL.bearer, 'service-principal-credential'),
      'service-principal-credential',
    ],
    ['a trust', 'search-federation-trusts', () => tenant.issue.oidc(SMALL.trust), 'federation-trust'],
    ['a ready token', 'search-personal-clients', () => tenant.issue.accessToken(), 'personal-client'],
  ];

  test.each(logins)('is incomplete for %s, although it is not empty', async (_, target, login, kind) => {
    const env = await login();
    expect((await audit([], { env })).code).toBe(0);
    strike(target, without(env.CONDUCTORONE_CLIENT_ID));
    const { code, report } = await audit([], { env: await login() });
    expect(code).toBe(3);
    expect(report.coverage.sources.find((source) => source.kind === kind)).toMatchObject({
      status: 'partial',
      note: expect.stringContaining(
        `does not list the credential that runs the audit (${env.CONDUCTORONE_CLIENT_ID})`,
      ),
    });
    expect(report.coverage.sources.filter(({ status }) => status !== 'complete')).toHaveLength(1);
  });

  test('does not lack one whose host it writes in another way, and marks that one', async () => {
    const env = await tenant.issue.secret();
    strike('search-personal-clients', {
      kind: 'edit',
      edit(json) {
        const answer = json as { list: { clientId: string }[] };
        const list = answer.list.map((record) => ({
          ...record,
          clientId: record.clientId.replace('@127.0.0.1/', '@127.0.0.1:443/'),
        }));
        return { ...answer, list };
      },
    });
    const { code, report } = await audit([], { env });
    const own = env.CONDUCTORONE_CLIENT_ID?.replace('@127.0.0.1/', '@127.0.0.1:443/');
    expect([code, report.run.self?.clientId]).toEqual([0, own]);
    expect(report.credentials.filter(({ self }) => self)).toMatchObject([{ clientId: own }]);
  });

  test('is not mistaken for a feature that is switched off', async () => {
    tenant.features.servicePrincipals = 403;
    const env = await tenant.issue.secret(SMALL.bearer, 'service-principal-credential');
    const { code, report } = await audit([], { env });
    expect(code).toBe(0);
    expect(report.coverage.sources.filter(({ status }) => status !== 'complete')).toMatchObject([
      { kind: 'service-principal-credential', status: 'unavailable' },
    ]);
  });

  test('is not mistaken for one where the case of the host differs', async () => {
    const principal = tenant.environment.CONDUCTORONE_CLIENT_ID?.replace('127.0.0.1', 'acme.conductor.one');
    strike('introspect', setAnswerField('principleId', principal));
    strike('search-personal-clients', {
      kind: 'edit',
      edit: (json) => JSON.parse(JSON.stringify(json).replaceAll('@127.0.0.1/', '@Acme.Conductor.One/')),
    });
    const env = await tenant.issue.accessToken();
    expect((await audit(['--source', 'personal-clients'], { env })).code).toBe(0);
  });

  test('is not mistaken for one where only the port of the host differs', async () => {
    strike('search-personal-clients', {
      kind: 'edit',
      edit: (json) => JSON.parse(JSON.stringify(json).replaceAll('@127.0.0.1/', '@127.0.0.1:8443/')),
    });
    expect((await audit(['--source', 'personal-clients'])).code).toBe(0);
  });

  test("is incomplete for one's own credentials too", async () => {
    strike('personal-clients', without(tenant.environment.CONDUCTORONE_CLIENT_ID));
    expect((await audit(['--scope', 'mine'])).code).toBe(3);
  });
});

describe('an outage of what the rules need', () => {
  const FACTS: [string, readonly Target[], RegExp][] = [
    ['users', ['search-users', 'user'], /^users could not be read/],
    ['roles', ['roles'], /^roles could not be read/],
    ['settings', ['session-settings'], /^the session settings could not be read/],
    ['providers', ['federation-providers'], /^federation providers could not be read/],
  ];
  const OUTAGES: [string, Effect][] = [
    ['503', { kind: 'status', status: 503 }],
    ['a reset', { kind: 'reset', at: 'before' }],
    ['a web page with 200', { kind: 'html' }],
    ['a web page with 403', { kind: 'html', status: 403 }],
  ];

  test.each(
    FACTS.flatMap(([name, targets, gap]) =>
      OUTAGES.map(([what, effect]) => [name, what, targets, effect, gap] as const),
    ),
  )('%s: %s makes the run incomplete', async (_name, _what, targets, effect, gap) => {
    for (const target of targets) strike(target, effect);
    const { code, report, stderr } = await audit();
    expect([code, report.coverage.complete]).toEqual([3, false]);
    expect(report.coverage.gaps).toEqual([expect.stringMatching(gap)]);
    expect(stderr).not.toBe('');
  });

  test.each(FACTS)('%s: a missing right leaves it complete', async (_, targets) => {
    for (const target of targets) strike(target, { kind: 'status', status: 403 });
    const { code, report } = await audit();
    expect([code, report.coverage.gaps]).toEqual([0, undefined]);
    expect(report.coverage.notes.join('\n')).toMatch(/not known/);
  });

  test('users: a time-out makes the run incomplete', async () => {
    for (const target of ['search-users', 'user'] as const) strike(target, { kind: 'hang', at: 'before' });
    const { code, report } = await runProgram(['--scope', 'tenant', '-f', 'json'], {
      env: tenant.environment,
      now: () => NOW,
      limits: { requestTimeout: 100, retries: 0 },
    });
    expect(code).toBe(3);
    expect(report.coverage.gaps).toEqual([expect.stringMatching(/^users could not be read/)]);
  });

  test('users: an outage of the search is not excused by a missing right to look up one', async () => {
    strike('search-users', { kind: 'status', status: 503 });
    strike('user', { kind: 'status', status: 403 });
    expect((await audit()).code).toBe(3);
  });

  test('users: looks each one up if the search fails', async () => {
    strike('search-users', { kind: 'status', status: 503 });
    expect((await audit()).code).toBe(0);
  });
});
