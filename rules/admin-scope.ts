import { canDoEverything, defineRule, type Role, SUPER_ADMINISTRATOR } from '../src/contract/index.js';

export default defineRule({
  id: 'admin-scope',
  title: 'The credential is scoped to a role that can do everything',
  severity: 'high',
  kinds: [
    'personal-client',
    'service-principal-credential',
    'federation-trust',
    'external-client',
    'function',
  ],
  docs: {
    why: 'A role scope that includes Super Administrator limits nothing: anyone with the secret controls the tenant. The same goes for a role of any name that has all of its permissions.',
    fix: 'Replace it with one that is scoped to the narrowest role for its job. A read-only role is enough for reading.',
    references: [
      {
        title: 'OWASP Non-Human Identities 2025, NHI5 Overprivileged NHI',
        url: 'https://owasp.org/www-project-non-human-identities-top-10/',
      },
    ],
  },
  controls: {
    'owasp-nhi': ['NHI5'],
    'cis-controls-8': ['5.4'],
    'nist-800-53': ['AC-6', 'AC-6(5)'],
    'pci-dss-4.0.1': ['7.2.5'],
    'fedramp-20x': ['KSI-IAM-ELP'],
  },
  plan: { way: 'adjust', sets: 'roles' },
  successor: 'only the roles its job needs',
  needs: ['scopedRoles'],
  optional: ['tenantRoles'],
  options: {
    roles: { describe: 'Names or ids of the roles that are reported', default: ['system:owner'] },
  },
  messages: {
    admin: (d: { role: string }) => `scoped to ${d.role}, which limits nothing: choose a narrower role`,
    adminByPermissions: (d: { role: string }) =>
      `scoped to ${d.role}, which has every permission of a Super Administrator: choose a narrower role`,
  },
  check({ facts, options }) {
    const { scopedRoles, tenantRoles } = facts;
    for (const { id, name } of scopedRoles) {
      const role = options.roles.find((wanted) => wanted === name || wanted === id);
      if (role !== undefined) return { messageId: 'admin', data: { role } };
    }
    if (scopedRoles.length === 0) return undefined;
    // Without the tenant's roles an id may stand for any of them.
    if (tenantRoles === undefined) return { unknown: 'tenantRoles' };
    // A role is what it can do: whoever allows Super Administrator allows its equals.
    if (!options.roles.includes(SUPER_ADMINISTRATOR)) return undefined;
    let hidden: Role | undefined;
    for (const { id } of scopedRoles) {
      const role = tenantRoles.get(id);
      const everything = role && canDoEverything(role);
      if (role && everything) return { messageId: 'adminByPermissions', data: { role: nameOf(role) } };
      if (everything === undefined) hidden ??= role;
    }
    return (
      hidden && {
        unknown: { reason: `ConductorOne does not show what the role ${nameOf(hidden)} can do`, cure: CURE },
      }
    );
  },
});

const CURE = "Give the audit's credential the right to read roles with their permissions (GET /iam/roles).";

function nameOf({ displayName, name, id }: Role): string {
  return displayName || name || id;
}
