import { canDoEverything, defineRule, type Owner } from '../src/contract/index.js';

export default defineRule({
  id: 'no-scoped-roles',
  title: 'The credential has every permission of its owner',
  severity: 'medium',
  kinds: ['personal-client', 'service-principal-credential', 'federation-trust', 'external-client'],
  docs: {
    why: 'A credential without scoped roles can do everything its owner can, also after the owner gets more roles. The severity depends on the owner.',
    fix: 'Replace it with one that is scoped to the roles that its job needs.',
    references: [
      {
        title: 'OWASP Non-Human Identities 2025, NHI5 Overprivileged NHI',
        url: 'https://owasp.org/www-project-non-human-identities-top-10/',
      },
      {
        title: 'ConductorOne: the scope of an API key',
        url: 'https://www.conductorone.com/docs/conductorone-api/authenticate',
      },
    ],
  },
  controls: {
    'owasp-nhi': ['NHI5'],
    'cis-controls-8': ['6.8'],
    'nist-800-53': ['AC-6'],
    'pci-dss-4.0.1': ['7.2.5'],
    'fedramp-20x': ['KSI-IAM-ELP'],
  },
  plan: { way: 'adjust', sets: 'roles' },
  successor: 'only the roles its job needs',
  needs: ['scopedRoles'],
  optional: ['owner'],
  messages: {
    full: (d: { power: Power }) =>
      `not scoped to any role, and ${POWERS[d.power].words}: scope it to the roles its job needs`,
  },
  check({ facts }) {
    if (facts.scopedRoles.length > 0) return undefined;
    const power = powerOf(facts.owner);
    return { messageId: 'full', data: { power }, severity: POWERS[power].severity };
  },
});

type Power = keyof typeof POWERS;

const POWERS = {
  superAdministrator: { severity: 'critical', words: 'its owner is a Super Administrator' },
  administrator: { severity: 'high', words: 'its owner has an administrator role' },
  basicUser: { severity: 'low', words: 'its owner is a Basic User' },
  notKnown: { severity: 'medium', words: "its owner's roles are not known" },
} as const;

function powerOf(owner: Owner | undefined): Power {
  // Everyone has a role: a blank list was hidden from the audit.
  if (!owner?.roles?.length) return 'notKnown';
  if (owner.roles.some((role) => canDoEverything(role))) return 'superAdministrator';
  // A custom role counts as an administrator's: the audit cannot tell that it is harmless.
  return owner.roles.every((role) => role.name === 'system:user') ? 'basicUser' : 'administrator';
}
