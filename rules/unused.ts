import { countDays, DAY, defineRule, toTimestamp, wholeDays } from '../src/contract/index.js';

export default defineRule({
  id: 'unused',
  title: 'The credential has not been used for a long time',
  severity: 'medium',
  kinds: [
    'personal-client',
    'service-principal-credential',
    'federation-trust',
    'external-client',
    'tunnel-credential',
  ],
  docs: {
    why: 'Nobody would miss an unused credential, and nobody would notice if someone else used it. ConductorOne does not show the last use of federation trusts: they are judged only with evidence: { systemLog: true }, once the system log covers the whole time.',
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
  needs: ['lastUse'],
  optional: ['createdAt', 'connected'],
  options: {
    days: { describe: 'Report after this many days unused', default: 90, min: 1 },
  },
  messages: {
    idle: (d: { days: number; limit: number; lastUsedAt: string | null }) =>
      `${d.lastUsedAt === null ? `no use in the ${countDays(d.days)} that the system log covers` : `last used ${countDays(d.days)} ago`} (limit ${d.limit}): revoke it unless its owner still needs it`,
    neverUsed: (d: { days: number; limit: number; createdAt: string }) =>
      `never used since it was created ${countDays(d.days)} ago (limit ${d.limit}): revoke it`,
  },
  check({ facts, options, now }) {
    const limit = options.days;
    const { at, since } = facts.lastUse;
    // Its last use is when it connected.
    if (facts.connected) return undefined;
    if (at !== null && now - at.getTime() < limit * DAY) return undefined;
    const age = facts.createdAt && now - facts.createdAt.getTime();
    if (at === null && age !== undefined && age < limit * DAY) return undefined;
    const covered = now - (since?.getTime() ?? 0);
    if (covered < limit * DAY) return notCovered(covered, limit);
    if (facts.connected === undefined && (at ?? since ?? facts.createdAt)) return { unknown: 'connected' };
    if (at !== null)
      return {
        messageId: 'idle',
        data: { days: wholeDays(now - at.getTime()), limit, lastUsedAt: toTimestamp(at) },
      };
    if (since !== null)
      return { messageId: 'idle', data: { days: wholeDays(covered), limit, lastUsedAt: null } };
    if (facts.createdAt === undefined || age === undefined) return { unknown: 'createdAt' };
    return {
      messageId: 'neverUsed',
      data: { days: wholeDays(age), limit, createdAt: toTimestamp(facts.createdAt) },
    };
  },
});

function notCovered(covered: number, limit: number) {
  return {
    unknown: {
      reason: `the system log covers ${wholeDays(covered)} of ${countDays(limit)}`,
      cure: 'Keep a state (--state): what the log covers adds up from audit to audit.',
    },
  };
}
