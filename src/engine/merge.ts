import { compareSeverity, type Finding, type Severity } from '../contract/index.js';
import { EXIT, type ExitCode } from '../errors.js';
import { isDrift } from './drift.js';
import {
  compareText,
  exitCode,
  isOpen,
  isWaived,
  MOST_SEVERE_FIRST,
  noneBySeverity,
  type Report,
} from './report.js';

/** One report to merge: what was read, or why it could not be. */
export interface MergePart {
  /** As the user wrote it. */
  readonly file: string;
  readonly report: Report | string;
}

/** Something that keeps the overview from showing the tenants as they are now. */
export interface MergeProblem {
  readonly file: string;
  readonly why:
    | { readonly kind: 'unreadable'; readonly message: string }
    | { readonly kind: 'incomplete' | 'stale' | 'future'; readonly report: Report }
    /** Left out, as `by` is newer. The only kind that says nothing about today. */
    | { readonly kind: 'replaced'; readonly report: Report; readonly by: string };
}

interface MergedReport {
  readonly file: string;
  readonly report: Report;
}

/** Several reports as one overview. */
export interface Merge {
  /** By tenant, then scope; those that a newer report replaces are left out. */
  readonly reports: readonly MergedReport[];
  /** The findings of all of them, the most severe first. */
  readonly findings: readonly { readonly tenant: string; readonly finding: Finding }[];
  readonly problems: readonly MergeProblem[];
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** Milliseconds. */
  readonly maxAge: number;
}

/** How far the clock of the machine that audited may be ahead of this one. */
const CLOCK_SKEW = 3_600_000;

/**
 * @param maxAge milliseconds: a report that is older is stale; one of exactly this age is not.
 */
export function mergeReports(
  parts: readonly MergePart[],
  { now, maxAge }: { readonly now: number; readonly maxAge: number },
): Merge {
  const problems: MergeProblem[] = [];
  const groups = new Map<string, MergedReport[]>();
  for (const [at, { file, report }] of parts.entries()) {
    if (typeof report === 'string') {
      problems.push({ file, why: { kind: 'unreadable', message: report } });
      continue;
    }
    const key = subjectOf(report) ?? String(at);
    groups.set(key, [...(groups.get(key) ?? []), { file, report }]);
  }
  const kept = [...groups.values()].flatMap((group) => currentOf(group, problems));
  for (const { file, report } of kept) {
    const age = now - whenOf(report);
    if (!report.coverage.complete) problems.push({ file, why: { kind: 'incomplete', report } });
    if (age > maxAge) problems.push({ file, why: { kind: 'stale', report } });
    if (age < -CLOCK_SKEW) problems.push({ file, why: { kind: 'future', report } });
  }
  const order = new Map(parts.map(({ file }, at) => [file, at]));
  const reports = kept.sort(
    (a, b) =>
      compareText(a.report.run.tenant, b.report.run.tenant) ||
      compareText(a.report.run.scope, b.report.run.scope),
  );
  return {
    reports,
    findings: findingsOf(reports),
    problems: problems.sort((a, b) => (order.get(a.file) ?? 0) - (order.get(b.file) ?? 0)),
    now,
    maxAge,
  };
}

/** Of reports about the same, those that no newer one replaces. */
function currentOf(group: readonly MergedReport[], problems: MergeProblem[]): MergedReport[] {
  const newestFirst = group.toReversed().sort((a, b) => whenOf(b.report) - whenOf(a.report));
  const current: MergedReport[] = [];
  for (const one of newestFirst) {
    const by = current.find(({ report }) => replaces(report, one.report));
    if (by) problems.push({ file: one.file, why: { kind: 'replaced', report: one.report, by: by.file } });
    else current.push(one);
  }
  return current;
}

/** What a report is about: two of the same are duplicates. Two unnamed tenants, or callers, may not be the same. */
function subjectOf({ run }: Report): string | undefined {
  const { tenant, scope, self } = run;
  const caller = scope === 'mine' ? self?.userId : 'anyone';
  return isNamed(run) && caller ? JSON.stringify([tenant, scope, caller]) : undefined;
}

/** The audit of an exported list that names no host calls its tenant `file`. */
function isNamed({ tenant, scope }: Report['run']): boolean {
  return tenant !== '' && !(scope === 'file' && tenant === 'file');
}

function whenOf({ run }: Report): number {
  return Date.parse(run.asOf);
}

/** A report of fewer sources does not replace one of more, and no report replaces findings of rules that did not run for it. */
function replaces(newer: Report, older: Report): boolean {
  const read = new Set(sourcesRead(newer));
  const notRun = new Set(newer.coverage.rulesNotRun);
  return (
    sourcesRead(older).every((kind) => read.has(kind)) &&
    !older.findings.some((finding) => isOpen(finding) && !isDrift(finding.rule) && notRun.has(finding.rule))
  );
}

function sourcesRead({ coverage }: Report): string[] {
  return coverage.sources.flatMap(({ kind, status }) => (status === 'unavailable' ? [] : [kind]));
}

/** A finding that two reports of one tenant hold alike comes once. */
function findingsOf(reports: readonly MergedReport[]): Merge['findings'] {
  const found = new Map<string, Merge['findings'][number]>();
  for (const { file, report } of reports) {
    const { tenant } = report.run;
    for (const finding of report.findings) {
      const { fingerprint, severity, outcome } = finding;
      const of = isNamed(report.run) ? tenant : file;
      const key = JSON.stringify([of, fingerprint, severity, outcome, isWaived(finding)]);
      if (!found.has(key)) found.set(key, { tenant, finding });
    }
  }
  return [...found.values()].sort(
    ({ tenant: a, finding: one }, { tenant: b, finding: other }) =>
      compareSeverity(one.severity, other.severity) ||
      compareText(one.rule, other.rule) ||
      compareText(a, b) ||
      compareText(one.credential?.id ?? '', other.credential?.id ?? '') ||
      compareText(one.fingerprint, other.fingerprint),
  );
}

/** The problems that make an overview incomplete. */
export function openProblems({ problems }: Pick<Merge, 'problems'>): readonly MergeProblem[] {
  return problems.filter(({ why }) => why.kind !== 'replaced');
}

/** Open findings of all reports by severity, those that a minimum severity keeps out included. */
export function mergedCounts({
  reports,
  findings,
}: Pick<Merge, 'reports' | 'findings'>): Record<Severity, number> {
  const counts = noneBySeverity();
  for (const { finding } of findings) if (isOpen(finding)) counts[finding.severity] += 1;
  for (const { report } of reports)
    for (const severity of MOST_SEVERE_FIRST) counts[severity] += report.summary.hidden?.[severity] ?? 0;
  return counts;
}

/** The worst of the parts. */
export function mergeExitCode(merge: Merge, failOn: Severity | 'never'): ExitCode {
  if (openProblems(merge).length > 0) return EXIT.incomplete;
  const codes = merge.reports.map(({ report }) => exitCode(report, failOn));
  return codes.includes(EXIT.findings) ? EXIT.findings : EXIT.clean;
}
