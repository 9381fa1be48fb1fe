import { countDays, DAY, dateOf, defineRule, toTimestamp, wholeDays } from '../src/contract/index.js';

export default defineRule({
  id: 'expired',
  title: 'The credential has expired and is still listed',
  severity: 'low',
  kinds: ['personal-client', 'service-principal-credential', 'tunnel-credential'],
  judges: 'expired',
  docs: {
    why: 'An expired credential lets nobody in, but it clutters every list, and something may still try to use it.',
    fix: 'Check that nothing depends on it any more, then delete it.',
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
    'nist-800-53': ['AC-2(3)'],
    'fedramp-20x': ['KSI-IAM-AAM'],
  },
  plan: { way: 'end' },
  needs: ['expiresAt'],
  options: {
    graceDays: { describe: 'Report this many days after it expired', default: 0, min: 0 },
  },
  messages: {
    expired: (d: { days: number; limit: number; expiresAt: string }) =>
      `expired ${d.days < 1 ? 'less than a day' : countDays(d.days)} ago, on ${dateOf(d.expiresAt)} (grace ${countDays(d.limit)}): delete it`,
  },
  check({ facts, options, now }) {
    if (facts.expiresAt === null) return undefined;
    const since = now - facts.expiresAt.getTime();
    if (since < options.graceDays * DAY) return undefined;
    return {
      messageId: 'expired',
      data: {
        days: wholeDays(since),
        limit: options.graceDays,
        expiresAt: toTimestamp(facts.expiresAt),
      },
    };
  },
});
