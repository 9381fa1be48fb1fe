import { countDays, DAY, defineRule, wholeDays } from '../src/contract/index.js';

export default defineRule({
  id: 'unused',
  title: 'The credential has not been used for a long time',
  severity: 'medium',
  kinds: ['personal-client', 'service-principal-credential', 'external-client', 'tunnel-credential'],
  docs: {
    why: 'Nobody would miss an unused credential, and nobody would notice if someone else used it.',
    fix: 'Ask the owner whether it is still needed; if not, revoke it.',
    references: [
      {
        title: 'CIS Controls 8.1, safeguard 5.3 (dormant accounts: 45 days)',
        url: 'https://www.cisecurity.org/controls',
      },
      {
        title: 'CIS AWS Foundations Benchmark 1.11–1.14 (unused credentials: 45 days)',
        url: 'https://www.cisecurity.org/benchmark/amazon_web_services',
      },
      { title: 'PCI DSS 4.0.1, requirement 8.2.6 (inactive accounts: 90 days)' },
      { title: 'FedRAMP High, AC-2(3) (35 days)' },
      {
        title: 'OWASP Non-Human Identities 2025, NHI1 Improper Offboarding',
        url: 'https://owasp.org/www-project-non-human-identities-top-10/',
      },
    ],
  },
  controls: {
    'owasp-nhi': ['NHI1'],
    'cis-controls-8': ['5.3'],
    'nist-800-53': ['AC-2(3)'],
    'pci-dss-4.0.1': ['8.2.6'],
    'fedramp-20x': ['KSI-IAM-AAM'],
  },
  plan: { way: 'ask' },
  needs: ['lastUsedAt'],
  optional: ['createdAt', 'connected'],
  options: {
    days: { describe: 'Report after this many days unused', default: 90, min: 1 },
  },
  messages: {
    idle: (d: { days: number; limit: number; lastUsedAt: string }) =>
      `last used ${countDays(d.days)} ago (limit ${d.limit}): revoke it unless its owner still needs it`,
    neverUsed: (d: { days: number; limit: number; createdAt: string }) =>
      `never used since it was created ${countDays(d.days)} ago (limit ${d.limit}): revoke it`,
  },
  check({ facts, options, now }) {
    const limit = options.days;
    // Its last use is when it connected.
    if (facts.connected) return undefined;
    if (facts.lastUsedAt !== null) {
      const idle = now - facts.lastUsedAt.getTime();
      if (idle < limit * DAY) return undefined;
      if (facts.connected === undefined) return { unknown: 'connected' };
      return {
        messageId: 'idle',
        data: { days: wholeDays(idle), limit, lastUsedAt: facts.lastUsedAt.toISOString() },
      };
    }
    if (facts.createdAt === undefined) return { unknown: 'createdAt' };
    const age = now - facts.createdAt.getTime();
    if (age < limit * DAY) return undefined;
    if (facts.connected === undefined) return { unknown: 'connected' };
    return {
      messageId: 'neverUsed',
      data: { days: wholeDays(age), limit, createdAt: facts.createdAt.toISOString() },
    };
  },
});
