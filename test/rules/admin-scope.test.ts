import rule from '../../rules/admin-scope.js';
import type { Role } from '../../src/contract/index.js';
import { testRule } from '../../src/testing.js';

const owner = { id: 'role-owner', name: 'system:owner' };
const viewer = { id: 'role-viewer', name: 'system:viewer' };

/** A custom role, and the facts of a credential that is scoped to it. */
const scopedTo = (role: Partial<Role>) => {
  const custom: Role = { id: 'role-custom', name: 'custom', displayName: '', ...role };
  return {
    scopedRoles: [{ id: custom.id, name: custom.name }],
    tenantRoles: new Map([[custom.id, custom]]),
  };
};

testRule(rule, {
  pass: [
    {
      name: 'a role that is only called Super Administrator',
      facts: scopedTo({ name: 'super', displayName: 'Super Administrator', coversOwner: false }),
    },
    {
      name: 'a built-in role whose permissions are not shown',
      facts: scopedTo({ name: 'system:campaign-admin' }),
    },
    {
      name: 'a role like Super Administrator, if Super Administrator is allowed',
      facts: scopedTo({ coversOwner: true }),
      options: { roles: ['system:viewer'] },
    },
    {
      name: 'a role whose permissions are not shown, if Super Administrator is allowed',
      facts: scopedTo({}),
      options: { roles: [] },
    },
    { name: 'a lesser role', facts: { scopedRoles: [viewer] } },
    { name: 'no role', facts: { scopedRoles: [] } },
    { name: "no role, the tenant's not known", facts: { scopedRoles: [], tenantRoles: undefined } },
    { name: 'a role that is gone', facts: { scopedRoles: [{ id: 'gone', name: null }] } },
    { name: 'roles of its own', facts: { scopedRoles: [owner] }, options: { roles: ['system:viewer'] } },
    { name: 'no roles of its own', facts: { scopedRoles: [owner, viewer] }, options: { roles: [] } },
  ],
  fail: [
    {
      name: 'a role called Viewer that can do everything',
      facts: scopedTo({ name: 'viewer', displayName: 'Viewer', coversOwner: true }),
      messageId: 'adminByPermissions',
      severity: 'high',
      message:
        'scoped to Viewer, which has every permission of a Super Administrator: choose a narrower role',
      data: { role: 'Viewer' },
    },
    {
      name: 'a built-in role that can do everything',
      facts: scopedTo({ name: 'system:viewer', coversOwner: true }),
      messageId: 'adminByPermissions',
      severity: 'high',
      message:
        'scoped to system:viewer, which has every permission of a Super Administrator: choose a narrower role',
    },
    {
      name: 'Super Administrator',
      facts: { scopedRoles: [viewer, owner] },
      messageId: 'admin',
      severity: 'high',
      message: 'scoped to system:owner, which limits nothing: choose a narrower role',
      data: { role: 'system:owner' },
    },
    {
      name: 'a name of its own',
      kind: 'service-principal-credential',
      facts: { scopedRoles: [viewer] },
      options: { roles: ['system:owner', 'system:viewer'] },
      messageId: 'admin',
      severity: 'high',
      message: 'scoped to system:viewer, which limits nothing: choose a narrower role',
    },
    {
      name: 'an id of its own',
      kind: 'federation-trust',
      facts: { scopedRoles: [{ id: 'role-custom', name: 'everything' }] },
      options: { roles: ['role-custom'] },
      messageId: 'admin',
      severity: 'high',
      message: 'scoped to role-custom, which limits nothing: choose a narrower role',
    },
    {
      name: "an id of its own, the tenant's roles not known",
      facts: { scopedRoles: [{ id: 'role-custom', name: null }], tenantRoles: undefined },
      options: { roles: ['role-custom'] },
      messageId: 'admin',
      severity: 'high',
      message: 'scoped to role-custom, which limits nothing: choose a narrower role',
    },
  ],
  unknown: [
    {
      name: 'a custom role whose permissions are not shown',
      facts: scopedTo({ displayName: 'Auditors' }),
      unknown: {
        reason: 'ConductorOne does not show what the role Auditors can do',
        cure: "Give the audit's credential the right to read roles with their permissions (GET /iam/roles).",
      },
    },
    { name: 'scope not known', facts: { scopedRoles: undefined }, unknown: 'scopedRoles' },
    {
      name: "the tenant's roles not known",
      facts: { scopedRoles: [{ id: 'role-viewer', name: null }], tenantRoles: undefined },
      unknown: 'tenantRoles',
    },
  ],
});
