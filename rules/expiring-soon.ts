import { countDays, DAY, dateOf, defineRule, toTimestamp, wholeDays } from '../src/contract/index.js';

export default defineRule({
  id: 'expiring-soon',
  title: 'The credential expires soon',
  severity: 'medium',
  kinds: ['personal-client', 'service-principal-credential', 'tunnel-credential'],
  docs: {
    why: 'When a credential expires, everything that calls the API with it stops, often at night and without warning. The window is limited to a share of the lifetime, so that a short-lived credential is not reported all its life.',
    fix: 'Create a replacement now, move its users over, then revoke this one.',
    references: [
      {
        title: 'Microsoft Entra recommendation applicationCredentialExpiry (30 days)',
        url: 'https://learn.microsoft.com/en-us/entra/identity/monitoring-health/recommendation-renew-expiring-application-credential',
      },
      {
        title:
          'No standard gives the 7 days within which it is high, or a share of the lifetime; they are our own',
      },
    ],
  },
  controls: {
    'nist-800-53': ['IA-5'],
  },
  plan: { way: 'replace' },
  needs: ['expiresAt', 'self'],
  optional: ['createdAt'],
  options: {
    days: { describe: 'Report this many days before it expires', default: 30, min: 1 },
    urgentDays: { describe: 'Severity high from this many days before it expires', default: 7, min: 0 },
    lifetimeShare: {
      describe: 'The window is never longer than this share of the lifetime',
      default: 1 / 3,
      min: 0.01,
      max: 1,
    },
  },
  messages: {
    expiring: (d: { days: number; window: number; expiresAt: string; self: boolean }) =>
      `expires in ${d.days < 1 ? 'less than a day' : countDays(d.days)}, on ${dateOf(d.expiresAt)} (window ${countDays(d.window)}): ` +
      (d.self ? 'replace it, or this audit stops working then' : 'replace it before then'),
  },
  check({ facts, options, now }) {
    if (facts.expiresAt === null) return undefined;
    const end = facts.expiresAt.getTime();
    const lifetime = facts.createdAt === undefined ? Infinity : end - facts.createdAt.getTime();
    // An end before its own beginning says nothing about a lifetime.
    const share = lifetime > 0 ? options.lifetimeShare * lifetime : Infinity;
    const window = Math.min(options.days * DAY, share);
    const left = end - now;
    if (left > window) return undefined;
    const urgent = left <= Math.min(options.urgentDays * DAY, window / 2);
    return {
      messageId: 'expiring',
      data: {
        days: wholeDays(left),
        window: Math.round((window / DAY) * 10) / 10,
        expiresAt: toTimestamp(facts.expiresAt),
        self: facts.self,
      },
      severity: urgent ? 'high' : 'medium',
      escalate: facts.self,
    };
  },
});
