import type { Snapshot } from '../contract/index.js';
import type { Report } from '../engine/report.js';
import { gaps, namedGaps } from './words.js';

/**
 * Why a report is incomplete, each cause once, however many sources it affects. undefined: it is complete.
 *
 * @param snapshot the records of the audit; undefined for a saved report.
 */
export function whyIncomplete(
  report: Report,
  snapshot?: Pick<Snapshot, 'failures' | 'sources'>,
): { readonly message: string; readonly hint: string } | undefined {
  const { coverage } = report;
  if (coverage.complete) return undefined;
  // A gap in an optional source does not make the audit incomplete.
  const isOptional = new Map(
    snapshot?.sources.map(({ kind, status, required }) => [kind, status === 'unavailable' && !required]),
  );
  const sources = coverage.sources.filter(({ kind }) => !isOptional.get(kind));
  const failures = snapshot?.failures ?? [];
  const named = namedGaps({ ...report, coverage: { ...coverage, sources } });
  const others = failures.length + named.length === 0 ? gaps(report) : named;
  const found = new Map<string, { message: string; hint: string; isGap: boolean; isOften: boolean }>();
  const add = (message: string, hint: string, isGap: boolean) => {
    const cause = causeOf(message);
    const same = found.get(cause);
    if (same) same.isOften ||= same.isGap === isGap;
    // A gap repeats the failure that caused it.
    else if (![...found.keys()].some((known) => cause.includes(known)))
      found.set(cause, { message, hint, isGap, isOften: false });
  };
  for (const { message, hint } of failures) add(message, hint, false);
  for (const gap of others) add(/[.!?]\)?$/.test(gap) ? gap : `${gap}.`, '', true);
  const causes = [...found.values()].map(({ message, hint, isOften }) => ({
    message: isOften ? `${message} Other requests failed the same way.` : message,
    hint,
  }));
  const [only, ...more] = causes;
  if (only && more.length === 0)
    return { message: `The audit is incomplete: ${only.message}`, hint: only.hint };
  const lines = causes.map(({ message, hint }) => `  - ${message}${hint === '' ? '' : ` ${hint}`}`);
  return { message: `The audit is incomplete:\n${lines.join('\n')}`, hint: '' };
}

/** One cause stops many requests and sources: the message without the request or source it names. */
function causeOf(message: string): string {
  const plain = message
    .replaceAll(/\b(GET|POST|PUT|PATCH|DELETE) \S+ | \[request id [^\]]*\]/g, '')
    .replace(/^[\w ,-]+ were (not read|read only in part) /, '')
    .replace(/\.$/, '');
  // An outage or a refused login is the same for all requests. A missing right concerns one of them.
  return /answered (401|429|5\d\d)\b[^.]*|failed: [^.]*/.exec(plain)?.[0] ?? plain;
}
