import { canDoEverything, defineRule, type Role } from '../src/contract/index.js';

export default defineRule({
  id: 'scope-beyond-owner',
  title: 'The credential is scoped to a role that its owner does not have',
  severity: 'info',
  kinds: ['personal-client', 'service-principal-credential', 'federation-trust', 'external-client'],
  docs: {
    why: 'A credential can do what is both in its role scope and in the roles of its owner. A scoped role that the owner lacks is harmless until the owner is given it: then the credential gains it in the same moment, and nobody touches the credential.',
    fix: 'Take the role out of its role scope, unless the owner is about to get it.',
    references: [
      {
        title: 'OWASP Non-Human Identities 2025, NHI5 Overprivileged NHI',
        url: 'https://owasp.org/www-project-non-human-identities-top-10/',
      },
      {
        title: 'FedRAMP 20x, KSI-IAM-ELP Ensuring Least Privilege',
        url: 'https://www.fedramp.gov/2026/providers/20x/key-security-indicators/identity-and-access-management/',
      },
    ],
  },
  controls: {
    'owasp-nhi': ['NHI5'],
    'nist-800-53': ['AC-6'],
    'fedramp-20x': ['KSI-IAM-ELP'],
  },
  plan: { way: 'adjust', sets: 'roles' },
  successor: 'only roles that its owner has',
  needs: ['scopedRoles'],
  optional: ['owner', 'tenantRoles'],
  messages: {
    latent: (d: { role: string; count: number }) =>
      `scoped to ${d.role}${d.count > 1 ? ` and ${d.count - 1} more` : ''}, which its owner does not have: take it out of the role scope`,
  },
  check({ facts }) {
    const { scopedRoles, owner, tenantRoles } = facts;
    if (scopedRoles.length === 0) return undefined;
    if (tenantRoles === undefined) return { unknown: 'tenantRoles' };
    if (owner === undefined) return { unknown: 'owner' };
    // Nobody gives roles to an owner who is no longer there.
    if (owner.status === 'gone') return undefined;
    // Everyone has a role: a blank list was hidden from the audit.
    if (!owner.roles?.length) return { unknown: { reason: "its owner's roles are not known", cure: CURE } };
    const { roles } = owner;
    // unknown-role reports roles that no longer exist.
    const latent = scopedRoles.filter(
      ({ id }) => tenantRoles.has(id) && !roles.some((held) => held.id === id),
    );
    const first = tenantRoles.get(latent[0]?.id ?? '');
    if (first === undefined) return undefined;
    const power = roles.map((role) => canDoEverything(role));
    if (power.includes(true)) return undefined;
    if (power.includes(undefined))
      return {
        unknown: { reason: 'ConductorOne does not show what the roles of its owner can do', cure: CURE },
      };
    return { messageId: 'latent', data: { role: nameOf(first), count: latent.length } };
  },
});

const CURE =
  "Give the audit's credential the right to read users and roles (POST /search/users, GET /iam/roles).";

function nameOf({ displayName, name, id }: Role): string {
  return displayName || name || id;
}
