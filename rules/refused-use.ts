import { count, countDays, DAY, dateOf, defineRule, plural, wholeDays } from '../src/contract/index.js';

/** Days that a refused login counts for. */
const RECENT = 30;

export default defineRule({
  id: 'refused-use',
  title: 'Logins with the credential were refused',
  severity: 'medium',
  kinds: ['personal-client', 'service-principal-credential', 'federation-trust'],
  docs: {
    why: 'ConductorOne refused logins with the credential: from an address that it does not allow, with a token that its condition does not match, or because it or its owner is disabled. Either a job is broken, or somebody tries a credential that is not theirs. Judged only with evidence: { systemLog: true }.',
    fix: 'Find out what is behind the addresses that the finding lists. If it is a job of yours, repair or stop it. If nobody knows them, replace the credential.',
    references: [
      {
        title: 'NIST SP 800-53, AC-2(12) Account Monitoring for Atypical Usage',
        url: 'https://csrc.nist.gov/projects/cprt/catalog#/cprt/framework/version/SP_800_53_5_1_1/home?element=AC-2',
      },
    ],
  },
  controls: {
    'nist-800-53': ['AC-2(12)'],
  },
  plan: {
    way: 'look',
    first: 'Find out who tried to log in from the addresses in the finding, and why.',
  },
  needs: ['usage'],
  optional: ['createdAt'],
  options: {
    many: { describe: 'High from this many refused logins on', default: 10, min: 1, integer: true },
  },
  messages: {
    refused: (d: { times: number; days: number; lastAt: string; reasons: string[]; addresses: string[] }) => {
      const from = d.addresses.length === 0 ? '' : ` from ${listed(d.addresses)}`;
      return `${count(d.times, 'login')} refused in ${d.days} days${from} (${listed(d.reasons)}), the last on ${dateOf(d.lastAt)}: find out who tried`;
    },
  },
  check({ facts, options, now }) {
    const { usage, createdAt } = facts;
    const recent = usage.refused.filter(({ lastAt }) => now - lastAt.getTime() <= RECENT * DAY);
    const times = recent.reduce((sum, refused) => sum + refused.count, 0);
    if (times > 0)
      return {
        messageId: 'refused',
        data: {
          times,
          days: RECENT,
          lastAt: new Date(Math.max(...recent.map(({ lastAt }) => lastAt.getTime()))).toISOString(),
          reasons: inOrder(recent.map(({ reason, count }) => [reason, count])),
          addresses: inOrder(recent.map(({ address, count }) => [address, count])).filter(
            (one) => one !== '',
          ),
        },
        ...(times >= options.many ? { severity: 'high' } : {}),
      };
    const from = Math.max(now - RECENT * DAY, createdAt?.getTime() ?? 0);
    if (usage.complete && usage.since.getTime() <= from) return undefined;
    const covered = wholeDays(Math.max(0, now - usage.since.getTime()));
    const reason = usage.complete
      ? `the system log covers ${covered} of ${countDays(RECENT)}`
      : 'the system log was not read completely';
    return {
      unknown: { reason, cure: 'Keep a state (--state): what the log covers adds up from audit to audit.' },
    };
  },
});

const LISTED = 3;

function listed(texts: readonly string[]): string {
  const more = texts.length - LISTED;
  return `${texts.slice(0, LISTED).join(', ')}${more > 0 ? ` and ${more} ${plural(more, 'other')}` : ''}`;
}

/** Each text once, the most frequent first. */
function inOrder(counted: readonly (readonly [string, number])[]): string[] {
  const sums = new Map<string, number>();
  for (const [text, n] of counted) sums.set(text, (sums.get(text) ?? 0) + n);
  return [...sums].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1)).map(([text]) => text);
}
