import rule from '../../rules/no-scoped-roles.js';
import type { Role } from '../../src/contract/index.js';
import { factsWith, testRule } from '../../src/testing.js';

const role = (name: string): Role => ({ id: `id of ${name}`, name, displayName: name });
const unscopedOf = (...roles: string[]) => ({
  scopedRoles: [],
  owner: factsWith('owner', { roles: roles.map(role) }),
});

const message = (about: string) =>
  `not scoped to any role, and ${about}: scope it to the roles its job needs`;
const NOT_KNOWN = message("its owner's roles are not known");

testRule(rule, {
  pass: [
    { name: 'one scoped role', facts: { scopedRoles: [{ id: 'role-viewer', name: 'system:viewer' }] } },
    {
      name: 'one that nobody can resolve, owner not known',
      facts: { scopedRoles: [{ id: 'gone', name: null }], owner: undefined },
    },
  ],
  fail: [
    {
      name: "a Super Administrator's",
      facts: unscopedOf('system:user', 'system:owner'),
      messageId: 'full',
      severity: 'critical',
      message: message('its owner is a Super Administrator'),
      data: { power: 'superAdministrator' },
    },
    {
      name: 'of somebody with a role of another name that can do everything',
      facts: {
        scopedRoles: [],
        owner: factsWith('owner', { roles: [role('system:user'), { ...role('helper'), coversOwner: true }] }),
      },
      messageId: 'full',
      severity: 'critical',
      message: message('its owner is a Super Administrator'),
    },
    {
      name: 'of somebody whose Basic User role can do everything',
      facts: {
        scopedRoles: [],
        owner: factsWith('owner', { roles: [{ ...role('system:user'), coversOwner: true }] }),
      },
      messageId: 'full',
      severity: 'critical',
      message: message('its owner is a Super Administrator'),
    },
    {
      name: "another administrator's",
      kind: 'service-principal-credential',
      facts: unscopedOf('system:user', 'system:application-admin'),
      messageId: 'full',
      severity: 'high',
      message: message('its owner has an administrator role'),
      data: { power: 'administrator' },
    },
    {
      name: "a read-only administrator's",
      kind: 'federation-trust',
      facts: unscopedOf('system:viewer'),
      messageId: 'full',
      severity: 'high',
      message: message('its owner has an administrator role'),
    },
    {
      name: "a role's of the tenant's own",
      facts: unscopedOf('system:user', ''),
      messageId: 'full',
      severity: 'high',
      message: message('its owner has an administrator role'),
    },
    {
      name: "a Basic User's",
      facts: unscopedOf('system:user'),
      messageId: 'full',
      severity: 'low',
      message: message('its owner is a Basic User'),
      data: { power: 'basicUser' },
    },
    {
      name: 'owner not known',
      facts: { scopedRoles: [], owner: undefined },
      messageId: 'full',
      severity: 'medium',
      message: NOT_KNOWN,
      data: { power: 'notKnown' },
    },
    {
      name: "owner's roles not known",
      facts: { scopedRoles: [], owner: factsWith('owner', { roles: undefined }) },
      messageId: 'full',
      severity: 'medium',
      message: NOT_KNOWN,
    },
    {
      name: "owner's roles blank",
      facts: unscopedOf(),
      messageId: 'full',
      severity: 'medium',
      message: NOT_KNOWN,
    },
  ],
  unknown: [{ name: 'scope not known', facts: { scopedRoles: undefined }, unknown: 'scopedRoles' }],
});
