import { defineRule, plural } from '../src/contract/index.js';

export default defineRule({
  id: 'unknown-role',
  title: 'The credential is scoped to a role that no longer exists',
  severity: 'low',
  kinds: ['personal-client', 'service-principal-credential', 'federation-trust', 'external-client'],
  docs: {
    why: 'Nobody can tell what a credential may do if its role no longer exists. At best it can do less than its owner believes.',
    fix: 'Replace it with one scoped to roles that exist.',
    references: [
      {
        title: 'OWASP Non-Human Identities 2025, NHI5 Overprivileged NHI',
        url: 'https://owasp.org/www-project-non-human-identities-top-10/',
      },
    ],
  },
  controls: {
    'owasp-nhi': ['NHI5'],
    'nist-800-53': ['AC-6'],
    'fedramp-20x': ['KSI-IAM-ELP'],
  },
  plan: { way: 'adjust', sets: 'roles' },
  successor: 'only the roles its job needs',
  needs: ['scopedRoles'],
  optional: ['tenantRoles'],
  messages: {
    unresolved: (d: { role: string; count: number; total: number }) =>
      `${d.count} of its ${d.total} scoped roles no longer ${plural(d.count, 'exists', 'exist')} (${d.role}${d.count > 1 ? ', …' : ''}): scope it to roles that do`,
  },
  check({ facts }) {
    const { scopedRoles, tenantRoles } = facts;
    if (scopedRoles.length === 0) return undefined;
    if (tenantRoles === undefined) return { unknown: 'tenantRoles' };
    const gone = scopedRoles.filter((role) => !tenantRoles.has(role.id));
    const [first] = gone;
    if (first === undefined) return undefined;
    return {
      messageId: 'unresolved',
      data: { role: first.id, count: gone.length, total: scopedRoles.length },
    };
  },
});
