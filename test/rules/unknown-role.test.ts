import rule from '../../rules/unknown-role.js';
import { testRule } from '../../src/testing.js';

const viewer = { id: 'role-viewer', name: 'system:viewer' };

testRule(rule, {
  pass: [
    { name: 'a role that exists', facts: { scopedRoles: [viewer] } },
    { name: 'no role', facts: { scopedRoles: [] } },
    { name: "no role, the tenant's not known", facts: { scopedRoles: [], tenantRoles: undefined } },
  ],
  fail: [
    {
      name: 'one of two is gone',
      facts: { scopedRoles: [viewer, { id: 'gone', name: null }] },
      messageId: 'unresolved',
      severity: 'low',
      message: '1 of its 2 scoped roles no longer exists (gone): scope it to roles that do',
      data: { role: 'gone', count: 1, total: 2 },
    },
    {
      name: 'all are gone',
      kind: 'service-principal-credential',
      facts: {
        scopedRoles: [
          { id: 'gone', name: null },
          { id: 'gone-too', name: null },
        ],
      },
      messageId: 'unresolved',
      severity: 'low',
      message: '2 of its 2 scoped roles no longer exist (gone, …): scope it to roles that do',
    },
    {
      name: 'the tenant has no roles',
      kind: 'federation-trust',
      facts: { scopedRoles: [viewer], tenantRoles: new Map() },
      messageId: 'unresolved',
      severity: 'low',
      message: '1 of its 1 scoped roles no longer exists (role-viewer): scope it to roles that do',
    },
  ],
  unknown: [
    { name: 'scope not known', facts: { scopedRoles: undefined }, unknown: 'scopedRoles' },
    { name: "the tenant's roles not known", facts: { tenantRoles: undefined }, unknown: 'tenantRoles' },
  ],
});
