import rule from '../../rules/scope-beyond-owner.js';
import type { Role } from '../../src/contract/index.js';
import { factsWith, type GivenFacts, testRule } from '../../src/testing.js';

const ROLES: Readonly<Record<string, Role>> = {
  user: { id: 'user', name: 'system:user', displayName: 'Basic User' },
  viewer: { id: 'viewer', name: 'system:viewer', displayName: 'Read-Only Administrator' },
  owner: { id: 'owner', name: 'system:owner', displayName: 'Super Administrator' },
  equal: { id: 'equal', name: 'viewer-2', displayName: 'Viewer', coversOwner: true },
  hidden: { id: 'hidden', name: 'ours', displayName: '' },
};
const role = (name: string): Role => ROLES[name] ?? { id: name, name, displayName: name };

/** A credential that is scoped to some roles, and an owner who has some. */
const facts = (scoped: string[], held: string[] | undefined, owner: object = {}): GivenFacts => ({
  scopedRoles: scoped.map((id) => ({ id, name: ROLES[id]?.name ?? null })),
  tenantRoles: new Map(Object.values(ROLES).map((each) => [each.id, each])),
  owner: factsWith('owner', { roles: held?.map(role), ...owner }),
});

const CURE =
  "Give the audit's credential the right to read users and roles (POST /search/users, GET /iam/roles).";

testRule(rule, {
  pass: [
    { name: 'a role that the owner has', facts: facts(['user'], ['user', 'viewer']) },
    { name: 'no role scope', facts: { ...facts([], ['user']), owner: undefined, tenantRoles: undefined } },
    { name: 'a Super Administrator', facts: facts(['viewer'], ['user', 'owner']) },
    {
      name: "an owner with Super Administrator's permissions",
      facts: facts(['viewer'], ['equal', 'hidden']),
    },
    { name: 'a role that no longer exists', facts: facts(['removed'], ['user']) },
    { name: 'an owner who is gone', facts: facts(['viewer'], undefined, { status: 'gone' }) },
    { name: 'a role that the owner has beside one that shows nothing', facts: facts(['hidden'], ['hidden']) },
  ],
  fail: [
    {
      name: 'a role that the owner lacks',
      facts: facts(['user', 'viewer'], ['user']),
      messageId: 'latent',
      severity: 'info',
      message:
        'scoped to Read-Only Administrator, which its owner does not have: take it out of the role scope',
      data: { role: 'Read-Only Administrator', count: 1 },
    },
    {
      name: 'several',
      kind: 'federation-trust',
      facts: facts(['hidden', 'viewer', 'removed'], ['user'], { status: 'disabled' }),
      messageId: 'latent',
      severity: 'info',
      message: 'scoped to ours and 1 more, which its owner does not have: take it out of the role scope',
      data: { role: 'ours', count: 2 },
    },
  ],
  unknown: [
    { name: 'role scope not known', facts: { scopedRoles: undefined }, unknown: 'scopedRoles' },
    { name: 'owner not known', facts: { ...facts(['viewer'], []), owner: undefined }, unknown: 'owner' },
    {
      name: "the tenant's roles not known",
      facts: { ...facts(['viewer'], ['user']), tenantRoles: undefined },
      unknown: 'tenantRoles',
    },
    ...[undefined, []].map((held) => ({
      name: held ? 'a blank list of roles' : "the owner's roles not known",
      facts: facts(['viewer'], held),
      unknown: { reason: "its owner's roles are not known", cure: CURE },
    })),
    {
      name: 'an owner with a role that shows nothing',
      facts: facts(['viewer'], ['user', 'hidden']),
      unknown: { reason: 'ConductorOne does not show what the roles of its owner can do', cure: CURE },
    },
  ],
});
