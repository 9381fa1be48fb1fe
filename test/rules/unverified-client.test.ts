import rule from '../../rules/unverified-client.js';
import type { Registration, Role } from '../../src/contract/index.js';
import { factsWith, type GivenFacts, testRule } from '../../src/testing.js';

const DYNAMIC: Registration = { type: 'dynamic', verifiedDomain: '', wellKnownClient: '' };
const ROLES: readonly Role[] = [
  { id: 'user', name: 'system:user', displayName: 'Basic User' },
  { id: 'viewer', name: 'system:viewer', displayName: 'Read-Only Administrator' },
  { id: 'owner', name: 'system:owner', displayName: 'Super Administrator' },
  { id: 'equal', name: 'ours', displayName: 'Viewer', coversOwner: true },
  { id: 'hidden', name: 'theirs', displayName: '' },
];
const roleOf = (id: string): Role =>
  ROLES.find((role) => role.id === id) ?? { id, name: id, displayName: '' };
const given = (scoped: string[], held: string[] | undefined = ['user']): GivenFacts => ({
  registration: DYNAMIC,
  scopedRoles: scoped.map((id) => ({ id, name: roleOf(id).name })),
  tenantRoles: new Map(ROLES.map((role) => [role.id, role])),
  owner: factsWith('owner', { roles: held?.map(roleOf) }),
});

const words = {
  administrator: 'has administrator rights',
  others: 'has no administrator rights',
  notKnown: 'its rights are not known',
};
const fails = (name: string, facts: GivenFacts, rights: keyof typeof words) => ({
  name,
  facts,
  messageId: 'unverified',
  severity: rights === 'administrator' ? ('high' as const) : ('medium' as const),
  message: `registered itself, without a verified domain, and ${words[rights]}: revoke the approval unless its user knows it`,
  data: { rights },
});

testRule(rule, {
  pass: [
    {
      name: 'a verified domain',
      facts: { ...given([]), registration: { ...DYNAMIC, verifiedDomain: 'claude.ai' } },
    },
    {
      name: 'a well-known client',
      facts: { ...given([]), registration: { ...DYNAMIC, wellKnownClient: 'CURSOR' } },
    },
    {
      name: 'a client with metadata of its own',
      facts: { ...given([]), registration: { ...DYNAMIC, type: 'metadata-url' } },
    },
    {
      name: "a client of the tenant's own",
      facts: { ...given([]), registration: { ...DYNAMIC, type: 'app' } },
    },
  ],
  fail: [
    fails('scoped to a lesser role', given(['viewer'], ['owner']), 'others'),
    fails('scoped to Super Administrator', given(['viewer', 'owner']), 'administrator'),
    fails('scoped to a role that can do as much', given(['equal']), 'administrator'),
    fails('scoped to a role that shows nothing', given(['viewer', 'hidden']), 'notKnown'),
    fails('scoped to a role that is gone', given(['removed']), 'others'),
    fails("the tenant's roles not known", { ...given(['viewer']), tenantRoles: undefined }, 'notKnown'),
    fails('role scope not known', { ...given([]), scopedRoles: undefined }, 'notKnown'),
    fails('no role scope, of a Basic User', given([]), 'others'),
    fails('no role scope, of an administrator', given([], ['user', 'viewer']), 'administrator'),
    fails('no role scope, of somebody with a role of their own', given([], ['hidden']), 'administrator'),
    fails(
      'no role scope, roles of its user not known',
      { ...given([]), owner: factsWith('owner', { roles: undefined }) },
      'notKnown',
    ),
    fails('no role scope, roles of its user blank', given([], []), 'notKnown'),
    fails('no role scope, its user not known', { ...given([]), owner: undefined }, 'notKnown'),
  ],
  unknown: [{ name: 'registration not known', facts: { registration: undefined }, unknown: 'registration' }],
});
