import { defineRule } from '../src/contract/index.js';

export default defineRule({
  id: 'exposed',
  title: 'ConductorOne has found the credential in public',
  severity: 'critical',
  kinds: ['personal-client', 'service-principal-credential', 'federation-trust'],
  docs: {
    why: "ConductorOne's scanners, or those it works with, have found the credential in public, and the finding is open. Whoever reads that page can use it. c1-audit searches for no secrets itself: it reads these findings and reports the credential that they name. A federation trust has no secret: its client id is enough for everyone whom its condition admits.",
    fix: 'Revoke it now and give its job a new one. Then look in the system log for what it did, and remove it from where it was found.',
    references: [
      {
        title: 'OWASP Non-Human Identities 2025, NHI2 Secret Leakage',
        url: 'https://owasp.org/www-project-non-human-identities-top-10/',
      },
      {
        title: 'FedRAMP 20x, KSI-IAM-SUS Responding to Suspicious Activity',
        url: 'https://www.fedramp.gov/2026/providers/20x/key-security-indicators/identity-and-access-management/',
      },
      { title: 'PCI DSS 4.0.1, requirement 8.6.3 (changed upon suspicion of compromise)' },
    ],
  },
  controls: {
    'owasp-nhi': ['NHI2'],
    'nist-800-53': ['IA-5'],
    'pci-dss-4.0.1': ['8.6.3'],
    'fedramp-20x': ['KSI-IAM-SUS'],
  },
  plan: {
    way: 'end',
    first:
      'Do this now: it is public. Give its job a new credential, and look in the system log for what this one did.',
  },
  needs: ['exposure'],
  messages: {
    exposed: (d: { source: string | null }) =>
      `ConductorOne found it in public${d.source === null ? '' : ` (${d.source})`}: revoke it now`,
  },
  check({ facts }) {
    const { exposure } = facts;
    return exposure === null ? undefined : { messageId: 'exposed', data: { source: exposure.source } };
  },
});
