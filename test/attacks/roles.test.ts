import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { runProgram } from '../helpers/program.js';
import {
  idOf,
  personalClient,
  ROLE,
  type Role,
  role,
  startTenant,
  type Tenant,
  tenantRecords,
  user,
} from '../tenant/index.js';

const NOW = Date.parse('2026-11-24T06:00:00Z');
const JO = idOf('jo');
const CUSTOM = idOf('custom role');

let tenant: Tenant;

beforeEach(async () => {
  const data = tenantRecords(NOW);
  data.users.push(
    user({ id: JO, displayName: 'Jo', email: 'jo@acme.example', roleIds: [ROLE.user, CUSTOM] }),
  );
  data.personalClients.push(
    ...[[CUSTOM], []].map((scopedRoles, n) =>
      personalClient({
        id: `calm-otter-1000${n}`,
        displayName: 'job',
        userId: JO,
        createdAt: '2026-11-01T00:00:00Z',
        scopedRoles,
      }),
    ),
  );
  tenant = await startTenant({ data, now: () => NOW });
});
afterEach(() => tenant.close());

const all = () => tenant.data.roles.find(({ id }) => id === ROLE.owner) as Role;
const add = (over: Partial<Role>) =>
  tenant.data.roles.push(role({ id: CUSTOM, systemBuiltin: false, ...over }));

/** Leaves out what these roles can do. */
const hide = (which: (id: string) => boolean) =>
  tenant.faults.add({
    on: 'roles',
    times: Number.POSITIVE_INFINITY,
    effect: {
      kind: 'edit',
      edit: (json) => {
        const answer = json as { list: Role[] };
        const hidden = { permissions: null, serviceRoles: null };
        return {
          ...answer,
          list: answer.list.map((each) => (which(each.id) ? { ...each, ...hidden } : each)),
        };
      },
    },
  });

/** What is reported of the scoped key's role, and of the power of the owner's unscoped key. */
async function judged() {
  const flags = ['--scope', 'tenant', '--source', 'personal-clients', '--fail-on', 'never', '-f', 'json'];
  const { report } = await runProgram(flags, { env: tenant.environment, now: () => NOW });
  const of = (rule: string) =>
    report.findings.find((finding) => finding.rule === rule && finding.credential?.owner?.id === JO);
  const scope = of('admin-scope');
  return [
    scope && (scope.outcome === 'unknown' ? 'unknown' : scope.messageId),
    of('no-scoped-roles')?.data.power,
  ];
}

describe('a role is judged by what it can do, not by its name', () => {
  test('one called Viewer that has every permission', async () => {
    add({ name: 'viewer', displayName: 'Viewer', permissions: [...all().permissions] });
    expect(await judged()).toEqual(['adminByPermissions', 'superAdministrator']);
  });

  test('one with the service role of Super Administrator', async () => {
    add({ name: 'viewer', displayName: 'Viewer', serviceRoles: ['role/c1.api.tenant.v1.Tenant:owner'] });
    expect(await judged()).toEqual(['adminByPermissions', 'superAdministrator']);
  });

  test('one with every permission but one', async () => {
    add({ name: 'viewer', displayName: 'Viewer', permissions: all().permissions.slice(1) });
    expect(await judged()).toEqual([undefined, 'administrator']);
  });

  test('a custom one called Super Administrator that can do little', async () => {
    add({ name: 'super', displayName: 'Super Administrator', permissions: all().permissions.slice(0, 1) });
    expect(await judged()).toEqual([undefined, 'administrator']);
  });

  test('a custom one that shows no permissions where others do has none', async () => {
    add({ name: 'empty', displayName: 'Empty' });
    expect(await judged()).toEqual([undefined, 'administrator']);
  });

  test('none, where ConductorOne shows no permissions at all', async () => {
    add({ name: 'viewer', displayName: 'Viewer' });
    hide(() => true);
    expect(await judged()).toEqual(['unknown', 'administrator']);
  });

  test('none, where ConductorOne does not show those of Super Administrator', async () => {
    add({ name: 'viewer', displayName: 'Viewer', permissions: ['permission/c1.api.x'] });
    hide((id) => id === ROLE.owner);
    expect(await judged()).toEqual(['unknown', 'administrator']);
  });

  test('a list of permissions that is none makes roles unknown', async () => {
    add({ name: 'viewer', displayName: 'Viewer', permissions: 'all' as never });
    expect((await judged())[0]).toBe('unknown');
  });
});

test('a scoped role whose id has a line break in it does not stand for two others', async () => {
  add({ name: 'harmless' });
  tenant.data.personalClients.push(
    ...[[`${CUSTOM}\n${ROLE.owner}`], [CUSTOM, ROLE.owner]].map((scopedRoles, n) =>
      personalClient({
        id: `calm-otter-2000${n}`,
        displayName: `broken ${n}`,
        userId: JO,
        createdAt: '2026-11-01T00:00:00Z',
        scopedRoles,
      }),
    ),
  );
  const flags = ['--scope', 'tenant', '--rule', 'admin-scope', '--fail-on', 'never', '-f', 'json'];
  const { report } = await runProgram(flags, { env: tenant.environment, now: () => NOW });
  expect(report.findings.map(({ credential }) => credential?.name)).toContain('broken 1');
});

test('a blank role does not pass for a role scope', async () => {
  const [key] = tenant.data.personalClients.filter(({ id }) => id === 'calm-otter-10001');
  Object.assign(key ?? {}, { scopedRoles: [''] });
  const flags = ['--scope', 'tenant', '--rule', 'no-scoped-roles', '--fail-on', 'never', '-f', 'json'];
  const { code, report } = await runProgram(flags, { env: tenant.environment, now: () => NOW });
  const finding = report.findings.find(({ credential }) => credential?.id === 'calm-otter-10001');
  expect([code, finding?.outcome]).toEqual([3, 'unknown']);
  expect(finding?.message).toContain('its scopedRoles holds a blank id');
});
