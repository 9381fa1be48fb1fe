import {
  canDoEverything,
  defineRule,
  type Owner,
  type Role,
  type ScopedRole,
} from '../src/contract/index.js';

export default defineRule({
  id: 'unverified-client',
  title: 'Nobody has verified who is behind the approved client',
  severity: 'medium',
  kinds: ['external-client'],
  docs: {
    why: 'Any program can register itself as an OAuth client, under a name of its choice. A user who approves it gives it their rights. If it has no verified domain, and ConductorOne does not know it, only its name says who it is. With administrator rights the severity is high.',
    fix: 'Ask the user who approved it what it is. If they do not know it, or its maker offers a client with a verified domain, revoke the approval.',
    references: [
      {
        title: 'OWASP Non-Human Identities 2025, NHI3 Vulnerable Third-Party NHI',
        url: 'https://owasp.org/www-project-non-human-identities-top-10/',
      },
      {
        title: 'RFC 7591, OAuth 2.0 Dynamic Client Registration, section 5',
        url: 'https://www.rfc-editor.org/rfc/rfc7591#section-5',
      },
    ],
  },
  controls: { 'owasp-nhi': ['NHI3'], 'fedramp-20x': ['KSI-IAM-SNU'] },
  plan: { way: 'ask' },
  needs: ['registration'],
  optional: ['scopedRoles', 'tenantRoles', 'owner'],
  messages: {
    unverified: (d: { rights: Rights }) =>
      `registered itself, without a verified domain, and ${RIGHTS[d.rights].words}: revoke the approval unless its user knows it`,
  },
  check({ facts: { registration, scopedRoles, tenantRoles, owner } }) {
    const { type, verifiedDomain, wellKnownClient } = registration;
    if (type !== 'dynamic' || verifiedDomain !== '' || wellKnownClient !== '') return undefined;
    const rights = rightsOf(scopedRoles, tenantRoles, owner);
    return { messageId: 'unverified', data: { rights }, severity: RIGHTS[rights].severity };
  },
});

type Rights = keyof typeof RIGHTS;

const RIGHTS = {
  administrator: { severity: 'high', words: 'has administrator rights' },
  others: { severity: 'medium', words: 'has no administrator rights' },
  notKnown: { severity: 'medium', words: 'its rights are not known' },
} as const;

/** What admin-scope and no-scoped-roles say of an administrator. */
function rightsOf(
  scope: readonly ScopedRole[] | undefined,
  roles: ReadonlyMap<string, Role> | undefined,
  owner: Owner | undefined,
): Rights {
  if (scope?.length === 0) {
    if (!owner?.roles?.length) return 'notKnown';
    const isBasic = owner.roles.every((role) => role.name === 'system:user' && !canDoEverything(role));
    return isBasic ? 'others' : 'administrator';
  }
  if (scope === undefined || roles === undefined) return 'notKnown';
  const power = scope.map(({ id }) => {
    const role = roles.get(id);
    return role === undefined ? false : canDoEverything(role);
  });
  if (power.includes(true)) return 'administrator';
  return power.includes(undefined) ? 'notKnown' : 'others';
}
