import { defineRule } from '../src/contract/index.js';

export default defineRule({
  id: 'owner-leaving',
  title: 'The owner of the credential is leaving or has left, but is still enabled',
  severity: 'medium',
  kinds: ['personal-client', 'external-client'],
  docs: {
    why: 'The directory says that somebody is going or gone, and their account still works. Their credentials work as well, and the jobs that depend on them stop when the account is disabled.',
    fix: 'Ask the owner or their manager what uses it. Give that a service-principal credential, then revoke this one.',
    references: [
      {
        title: 'OWASP Non-Human Identities 2025, NHI1 Improper Offboarding',
        url: 'https://owasp.org/www-project-non-human-identities-top-10/',
      },
      { title: 'NIST SP 800-53, PS-4 Personnel Termination' },
      { title: 'PCI DSS 4.0.1, requirement 8.2.5 (terminated users: immediately)' },
    ],
  },
  controls: {
    'owasp-nhi': ['NHI1'],
    'cis-controls-8': ['6.2'],
    'nist-800-53': ['PS-4'],
    'pci-dss-4.0.1': ['8.2.5'],
    'fedramp-20x': ['KSI-IAM-AAM'],
  },
  plan: {
    way: 'end',
    first:
      'Ask the owner or their manager what uses it. Give that a service-principal credential first, with an end date, the roles it needs and the networks it calls from.',
  },
  needs: ['owner'],
  messages: {
    leaving: (d: { employmentStatus: string }) =>
      `its owner's employment status is "${d.employmentStatus}", but the account is enabled: move its job elsewhere and revoke it`,
  },
  check({ facts }) {
    const { status, employmentStatus = '' } = facts.owner;
    // owner-inactive reports owners who are no longer enabled.
    if (status !== 'active' || !LEAVING.has(folded(employmentStatus))) return undefined;
    return { messageId: 'leaving', data: { employmentStatus: employmentStatus.trim() } };
  },
});

const LEAVING: ReadonlySet<string> = new Set(
  ['terminated', 'resigned', 'offboarding', 'notice period', 'departed', 'inactive', 'former'].map(folded),
);

/** Each directory writes it in its own way: `Notice Period`, `NOTICE_PERIOD`. */
function folded(status: string): string {
  return status.toLowerCase().replace(/[\s\p{P}\p{S}]+/gu, '');
}
