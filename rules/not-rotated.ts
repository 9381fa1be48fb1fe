import { countDays, DAY, defineRule, toTimestamp, wholeDays } from '../src/contract/index.js';

export default defineRule({
  id: 'not-rotated',
  title: 'The credential has not been replaced for a long time',
  severity: 'medium',
  kinds: ['personal-client', 'service-principal-credential', 'tunnel-credential', 'llm-gateway-key'],
  docs: {
    why: 'An old secret has been on more machines and in more backups than anybody remembers. Rotation makes lost copies worthless.',
    fix: 'Create a new credential, move its users over, then revoke this one.',
    references: [
      {
        title: 'CIS AWS Foundations Benchmark 1.11–1.14 (access keys: 90 days)',
        url: 'https://www.cisecurity.org/benchmark/amazon_web_services',
      },
      {
        title: 'OWASP Non-Human Identities 2025, NHI7 Long-Lived Secrets',
        url: 'https://owasp.org/www-project-non-human-identities-top-10/',
      },
      {
        title:
          'No standard gives the default of 365 days: PCI DSS 4.0.1, 8.6.3 leaves it to your risk analysis; profile cis sets 90',
      },
    ],
  },
  controls: {
    'owasp-nhi': ['NHI7'],
    'nist-800-53': ['IA-5'],
    'pci-dss-4.0.1': ['8.6.3'],
    'fedramp-20x': ['KSI-IAM-SNU', 'KSI-SVC-ASM'],
  },
  plan: { way: 'replace' },
  needs: ['createdAt'],
  options: {
    maxAgeDays: { describe: 'Report at this age in days', default: 365, min: 1 },
  },
  messages: {
    old: (d: { days: number; limit: number; createdAt: string }) =>
      `created ${countDays(d.days)} ago and not replaced since (limit ${d.limit}): rotate it`,
  },
  check({ facts, options, now }) {
    const age = now - facts.createdAt.getTime();
    if (age < options.maxAgeDays * DAY) return undefined;
    return {
      messageId: 'old',
      data: {
        days: wholeDays(age),
        limit: options.maxAgeDays,
        createdAt: toTimestamp(facts.createdAt),
      },
    };
  },
});
