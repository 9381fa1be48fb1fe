import type { Finding, Report } from '../contract/index.js';
import { atLeast, SEVERITIES, type Severity } from '../contract/severity.js';
import { EXIT, type ExitCode } from '../errors.js';

export type { Report, SourceCoverage } from '../contract/index.js';

/** Severities as reports list them, the most severe first. */
export const MOST_SEVERE_FIRST: readonly Severity[] = [...SEVERITIES].reverse();

export function isWaived({ waiver, status }: Pick<Finding, 'waiver' | 'status'>): boolean {
  return waiver !== null || status === 'waived';
}

/** A violation that nobody waived. */
export function isOpen(finding: Pick<Finding, 'outcome' | 'waiver' | 'status'>): boolean {
  return finding.outcome === 'violation' && !isWaived(finding);
}

/** Findings by what a reader does with them, in the order of the report. */
export function partsOf({ findings }: Pick<Report, 'findings'>): Parts {
  const open: Finding[] = [];
  const unknown: Finding[] = [];
  const waived: Finding[] = [];
  for (const finding of findings) {
    if (isWaived(finding)) waived.push(finding);
    else if (isOpen(finding)) open.push(finding);
    else unknown.push(finding);
  }
  return { open, unknown, waived };
}

interface Parts {
  readonly open: readonly Finding[];
  /** Not waived, and a needed fact could not be read. */
  readonly unknown: readonly Finding[];
  readonly waived: readonly Finding[];
}

/** Everything that the parts of a report add up to. */
export function summarize({
  findings,
  credentials,
  resolved,
}: Pick<Report, 'findings' | 'credentials' | 'resolved'>): Omit<Report['summary'], 'hidden'> {
  const { open, unknown, waived } = partsOf({ findings });
  const byRule = new Map<string, number>();
  for (const { rule } of open) byRule.set(rule, (byRule.get(rule) ?? 0) + 1);
  return {
    credentials: credentials.length,
    findings: open.length,
    waived: waived.length,
    unknown: unknown.length,
    bySeverity: countBySeverity(open),
    byRule: Object.fromEntries([...byRule].sort(([a], [b]) => (a < b ? -1 : 1))),
    new: open.filter(({ status }) => status === 'new' || status === 'reopened').length,
    known: open.filter(({ status }) => status === 'known').length,
    resolved: resolved.length,
  };
}

export function countBySeverity(findings: readonly Finding[]): Record<Severity, number> {
  const counts = noneBySeverity();
  for (const { severity } of findings) counts[severity] += 1;
  return counts;
}

/** Counts to begin with, the most severe first. */
export function noneBySeverity(): Record<Severity, number> {
  return Object.fromEntries(MOST_SEVERE_FIRST.map((severity) => [severity, 0])) as Record<Severity, number>;
}

/** Open findings that share severity, rule and kind, in the order of the report. The kind is `waiver` on a waiver. */
export function openCounts(report: Pick<Report, 'findings'>): OpenCount[] {
  const counts = new Map<string, OpenCount>();
  for (const { severity, rule, credential } of partsOf(report).open) {
    const kind = credential?.kind ?? 'waiver';
    const key = JSON.stringify([severity, rule, kind]);
    counts.set(key, { severity, rule, kind, findings: (counts.get(key)?.findings ?? 0) + 1 });
  }
  return [...counts.values()];
}

interface OpenCount {
  readonly severity: Severity;
  readonly rule: string;
  readonly kind: string;
  readonly findings: number;
}

/** `summary.credentials` by kind. A source that was read and is empty counts 0. */
export function credentialsByKind({
  coverage,
  credentials,
}: Pick<Report, 'coverage' | 'credentials'>): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { kind, status } of coverage.sources) if (status !== 'unavailable') counts.set(kind, 0);
  for (const { kind } of credentials) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return counts;
}

/** True where the audit had a state to compare with. */
export function hasHistory({ resolved, findings }: Report): boolean {
  // A waived finding has a status without any state as well.
  return resolved.length > 0 || findings.some(({ status }) => status !== null && status !== 'waived');
}

/** The most severe open finding's severity, or undefined where there is none. */
export function highestSeverity({ summary }: Report): Severity | undefined {
  return MOST_SEVERE_FIRST.find((severity) => summary.bySeverity[severity] > 0);
}

/** The note that an audit adds where a minimum severity keeps findings out of its report. */
const LEFT_OUT = / below (?:info|low|medium|high|critical) (?:is|are) not shown\.$/;

/** True where findings, open or not, were kept out of a report. */
export function hidesFindings({ summary, coverage }: Report): boolean {
  return summary.hidden !== undefined || coverage.notes.some((note) => LEFT_OUT.test(note));
}

/** True where open findings of this severity or above were kept out of a report. */
export function hidesFrom({ summary: { hidden } }: Report, threshold: Severity): boolean {
  return (
    hidden !== undefined &&
    SEVERITIES.some((severity) => hidden[severity] > 0 && atLeast(severity, threshold))
  );
}

/**
 * Incomplete beats findings: an audit that failed in part never looks clean.
 *
 * @param only the open findings that count, also those left out of the report; undefined: all
 */
export function exitCode(
  report: Report,
  failOn: Severity | 'never',
  only: readonly Pick<Finding, 'severity'>[] | undefined = undefined,
): ExitCode {
  if (!report.coverage.complete) return EXIT.incomplete;
  if (failOn === 'never') return EXIT.clean;
  const found = only
    ? only.some(({ severity }) => atLeast(severity, failOn))
    : SEVERITIES.some((severity) => report.summary.bySeverity[severity] > 0 && atLeast(severity, failOn));
  // What is left out of the report counts too: a shorter report is not a cleaner tenant.
  return found || (only === undefined && hidesFrom(report, failOn)) ? EXIT.findings : EXIT.clean;
}

/** Groups in the order of their first item; items without a key are left out. */
export function groupBy<T>(items: readonly T[], keyOf: (item: T) => string | undefined): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    if (key === undefined) continue;
    const group = groups.get(key);
    if (group) group.push(item);
    else groups.set(key, [item]);
  }
  return groups;
}

/** By code units: the same on every machine. */
export function compareText(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}
