import { defineRule } from '../src/contract/index.js';

export default defineRule({
  id: 'owner-inactive',
  title: 'The owner of the credential is gone, disabled or deleted',
  severity: 'critical',
  kinds: ['personal-client', 'service-principal-credential', 'federation-trust', 'external-client'],
  docs: {
    why: 'A live credential of somebody who has left still works, and nobody watches it.',
    fix: 'Revoke it. If a job still needs it, give that job a service-principal credential first.',
    references: [
      {
        title: 'OWASP Non-Human Identities 2025, NHI1 Improper Offboarding',
        url: 'https://owasp.org/www-project-non-human-identities-top-10/',
      },
    ],
  },
  controls: {
    'owasp-nhi': ['NHI1'],
    'cis-controls-8': ['6.2'],
    'nist-800-53': ['AC-2(3)', 'PS-4'],
    'pci-dss-4.0.1': ['8.2.5'],
    'fedramp-20x': ['KSI-IAM-AAM'],
  },
  plan: {
    way: 'end',
    first:
      'An administrator has to do this, because the owner is gone or disabled. If a job still needs the credential, give that job a service-principal credential first, with an end date, the roles it needs and the networks it calls from.',
  },
  needs: ['owner'],
  messages: {
    gone: () => 'still live, but the tenant no longer knows its owner: revoke it',
    disabled: () => 'still live, but its owner is disabled: revoke it',
    deleted: () => 'still live, but its owner is deleted: revoke it',
  },
  check({ facts }) {
    const { status } = facts.owner;
    return status === 'active' ? undefined : { messageId: status, data: {} };
  },
});
