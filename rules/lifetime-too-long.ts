import { countDays, DAY, dateOf, defineRule, toTimestamp } from '../src/contract/index.js';

export default defineRule({
  id: 'lifetime-too-long',
  title: 'The credential has too long a lifetime',
  severity: 'medium',
  kinds: ['personal-client', 'service-principal-credential'],
  docs: {
    why: 'The longer a credential lives, the longer a leaked copy works, and the more places hold a copy.',
    fix: 'Replace it with one that has a shorter lifetime, and rotate that one before it expires.',
    references: [
      {
        title: 'ConductorOne: service-principal credentials expire within 180 days',
        url: 'https://www.conductorone.com/docs/product/admin/service-principals/client-credentials',
      },
      { title: 'CISA SCuBA, MS.AAD.5.6v1 (180 days)', url: 'https://github.com/cisagov/ScubaGear' },
      {
        title: 'OWASP Non-Human Identities 2025, NHI7 Long-Lived Secrets',
        url: 'https://owasp.org/www-project-non-human-identities-top-10/',
      },
      { title: 'No standard gives the 365 days above which it is high; they are our own' },
    ],
  },
  controls: {
    'owasp-nhi': ['NHI7'],
    'nist-800-53': ['IA-5'],
    'pci-dss-4.0.1': ['8.6.3'],
    'fedramp-20x': ['KSI-IAM-SNU'],
  },
  plan: { way: 'replace' },
  needs: ['expiresAt'],
  optional: ['createdAt'],
  options: {
    maxDays: { describe: 'The longest lifetime, in days, that is not reported', default: 180, min: 1 },
    highDays: { describe: 'The longest lifetime, in days, that is not high', default: 365, min: 1 },
  },
  messages: {
    long: (d: { days: number; limit: number; createdAt: string; expiresAt: string }) =>
      `has a lifetime of ${countDays(d.days)}, until ${dateOf(d.expiresAt)} (limit ${d.limit}): replace it with one that expires sooner`,
  },
  check({ facts, options }) {
    if (facts.expiresAt === null) return undefined;
    if (facts.createdAt === undefined) return { unknown: 'createdAt' };
    const lifetime = facts.expiresAt.getTime() - facts.createdAt.getTime();
    if (lifetime <= options.maxDays * DAY) return undefined;
    return {
      messageId: 'long',
      data: {
        // Begun days: a millisecond over the limit must not read as the limit.
        days: Math.ceil(lifetime / DAY),
        limit: options.maxDays,
        createdAt: toTimestamp(facts.createdAt),
        expiresAt: toTimestamp(facts.expiresAt),
      },
      severity: lifetime > options.highDays * DAY ? 'high' : 'medium',
    };
  },
});
