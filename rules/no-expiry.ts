import { defineRule } from '../src/contract/index.js';

export default defineRule({
  id: 'no-expiry',
  title: 'The credential never expires',
  severity: 'high',
  kinds: ['personal-client', 'service-principal-credential', 'tunnel-credential'],
  docs: {
    why: 'A leaked secret of a credential that never expires works until somebody notices.',
    fix: 'Replace it with one that expires within 90 days. ConductorOne allows service principals at most 180 days.',
    references: [
      {
        title: 'OWASP Non-Human Identities 2025, NHI7 Long-Lived Secrets',
        url: 'https://owasp.org/www-project-non-human-identities-top-10/',
      },
      {
        title: 'ConductorOne: the lifespans of a personal API key',
        url: 'https://www.conductorone.com/docs/conductorone-api/authenticate',
      },
    ],
  },
  controls: {
    'owasp-nhi': ['NHI7'],
    'nist-800-53': ['IA-5'],
    'pci-dss-4.0.1': ['8.6.3'],
    'fedramp-20x': ['KSI-IAM-SNU'],
  },
  plan: { way: 'replace' },
  successor:
    'an end date (90 days; ConductorOne offers 30 and 90 days, and for service principals also 60 and 180)',
  needs: ['expiresAt'],
  messages: {
    never: () => 'never expires: replace it with one that does',
  },
  check({ facts }) {
    return facts.expiresAt === null ? { messageId: 'never', data: {} } : undefined;
  },
});
