import rule from '../../rules/admin-scope.js';
import { testRule } from '../../src/testing.js';

const owner = { id: 'role-owner', name: 'system:owner' };
const viewer = { id: 'role-viewer', name: 'system:viewer' };

testRule(rule, {
  pass: [
    { name: 'a lesser role', facts: { scopedRoles: [viewer] } },
    { name: 'no role', facts: { scopedRoles: [] } },
    { name: "no role, the tenant's not known", facts: { scopedRoles: [], tenantRoles: undefined } },
    { name: 'a role that is gone', facts: { scopedRoles: [{ id: 'gone', name: null }] } },
    { name: 'roles of its own', facts: { scopedRoles: [owner] }, options: { roles: ['system:viewer'] } },
    { name: 'no roles of its own', facts: { scopedRoles: [owner, viewer] }, options: { roles: [] } },
  ],
  fail: [
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
    { name: 'scope not known', facts: { scopedRoles: undefined }, unknown: 'scopedRoles' },
    {
      name: "the tenant's roles not known",
      facts: { scopedRoles: [{ id: 'role-viewer', name: null }], tenantRoles: undefined },
      unknown: 'tenantRoles',
    },
  ],
});
