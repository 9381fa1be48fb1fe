import { countDays, DAY, defineRule, type Sibling, toTimestamp, wholeDays } from '../src/contract/index.js';

export default defineRule({
  id: 'rotation-unfinished',
  title: 'The credential was replaced, but never revoked',
  severity: 'low',
  kinds: ['personal-client', 'service-principal-credential'],
  docs: {
    why: 'Rotation helps only once the old secret stops working. A newer credential of the same owner and name is in use, and this one still works.',
    fix: 'Move what still uses the old credential over to the new one, then revoke the old one.',
    references: [
      {
        title: 'OWASP Non-Human Identities 2025, NHI7 Long-Lived Secrets',
        url: 'https://owasp.org/www-project-non-human-identities-top-10/',
      },
      { title: 'No standard gives a number of days for two credentials to overlap; the default is our own' },
    ],
  },
  controls: {
    'owasp-nhi': ['NHI7'],
    'nist-800-53': ['IA-5'],
    'fedramp-20x': ['KSI-SVC-ASM'],
  },
  plan: { way: 'finish' },
  needs: ['createdAt', 'siblings'],
  optional: ['lastUsedAt'],
  options: {
    days: {
      describe: 'Days for which an old and a new credential may both be live',
      default: 14,
      min: 0,
    },
  },
  messages: {
    overlap: (d: {
      days: number;
      limit: number;
      newerId: string;
      newerCreatedAt: string;
      stillUsed: boolean | null;
    }) =>
      `a credential of the same name (${d.newerId}) was created ${countDays(d.days)} ago and is in use (limit ${d.limit}); ` +
      (d.stillUsed === null
        ? 'whether this one is still used is not known: check, then revoke it'
        : d.stillUsed
          ? 'this one has been used since as well: finish the move, then revoke it'
          : 'this one has not been used since: it looks safe to revoke'),
  },
  check({ facts, options, now }) {
    const newer = newestBefore(facts.siblings.used, now - options.days * DAY);
    if (newer === undefined || newer.createdAt.getTime() <= facts.createdAt.getTime()) return undefined;
    const { lastUsedAt } = facts;
    return {
      messageId: 'overlap',
      data: {
        days: wholeDays(now - newer.createdAt.getTime()),
        limit: options.days,
        newerId: newer.id,
        newerCreatedAt: toTimestamp(newer.createdAt),
        stillUsed: lastUsedAt === undefined ? null : lastUsedAt !== null && lastUsedAt >= newer.createdAt,
      },
    };
  },
});

/** The first of a newest-first list that was created at `cutoff` or before; by halves, as one name may have thousands. */
function newestBefore(newestFirst: readonly Sibling[], cutoff: number): Sibling | undefined {
  let low = 0;
  let high = newestFirst.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const created = newestFirst[middle]?.createdAt.getTime() ?? -Infinity;
    if (created > cutoff) low = middle + 1;
    else high = middle;
  }
  return newestFirst[low];
}
