import type { Finding, Kind, ReportedCredential } from '../contract/index.js';
import { atLeast, SEVERITIES, type Severity } from '../contract/severity.js';
import { EXIT, type ExitCode } from '../errors.js';

/** What was read of one source. */
export interface SourceCoverage {
  readonly kind: Kind;
  /** `partial`: read, but not completely. `unavailable`: not read at all. */
  readonly status: 'complete' | 'partial' | 'unavailable';
  /** Judged credentials: live and expired. */
  readonly credentials: number;
  /** Listed as deleted: counted, not judged. */
  readonly deleted: number;
  readonly pages: number;
  readonly note: string | null;
}

/** The JSON report, schema version 1 (schema/report.json). Timestamps are RFC 3339 in UTC. */
export interface Report {
  readonly schemaVersion: 1;
  readonly tool: { readonly name: string; readonly version: string };
  readonly run: {
    /** The tenant's host in lower case, without port. */
    readonly tenant: string;
    readonly scope: 'mine' | 'tenant' | 'file';
    readonly asOf: string;
    readonly startedAt: string;
    readonly finishedAt: string;
    readonly self: { readonly userId: string | null; readonly clientId: string | null } | null;
  };
  readonly coverage: {
    readonly complete: boolean;
    readonly sources: readonly SourceCoverage[];
    readonly notes: readonly string[];
    /** What else makes the audit incomplete, beside sources and rules. Absent: nothing. */
    readonly gaps?: readonly string[];
    /** ConductorOne may not show the caller every credential. Absent: it does, or the audit is of the caller's own. */
    readonly mayBeFiltered?: true;
    /** Rules that were switched off, not requested, or could not run. Absent: all ran. */
    readonly rulesNotRun?: readonly string[];
    /** Identifies the rules' options where any differs from its default (see `settingsMark`). Absent: none does. */
    readonly settings?: string;
  };
  readonly summary: {
    readonly credentials: number;
    /** Open findings; `bySeverity` and `byRule` count the same. */
    readonly findings: number;
    readonly waived: number;
    readonly unknown: number;
    readonly bySeverity: Readonly<Record<Severity, number>>;
    readonly byRule: Readonly<Record<string, number>>;
    readonly new: number;
    readonly known: number;
    readonly resolved: number;
    /** Open findings that the minimum severity keeps out of the report. Absent: none. */
    readonly hidden?: Readonly<Record<Severity, number>>;
  };
  readonly findings: readonly Finding[];
  /** All that were judged, expired ones included. */
  readonly credentials: readonly (ReportedCredential & { readonly live: boolean })[];
  readonly resolved: readonly {
    readonly fingerprint: string;
    readonly rule: string;
    readonly credential: { readonly kind: string; readonly id: string; readonly name: string | null };
  }[];
}

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

/** The `hidden` of a summary, from the findings that the minimum severity keeps out. */
export function summarizeHidden(left: readonly Finding[]): Pick<Report['summary'], 'hidden'> {
  const open = left.filter(isOpen);
  return open.length === 0 ? {} : { hidden: countBySeverity(open) };
}

function countBySeverity(findings: readonly Finding[]): Record<Severity, number> {
  const counts = Object.fromEntries(MOST_SEVERE_FIRST.map((severity) => [severity, 0]));
  for (const { severity } of findings) counts[severity] = (counts[severity] ?? 0) + 1;
  return counts as Record<Severity, number>;
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

/** Incomplete beats findings: an audit that failed in part never looks clean. */
export function exitCode(report: Report, failOn: Severity | 'never'): ExitCode {
  if (!report.coverage.complete) return EXIT.incomplete;
  if (failOn === 'never') return EXIT.clean;
  const found = report.findings.some((finding) => isOpen(finding) && atLeast(finding.severity, failOn));
  // What is left out of the report counts too: a shorter report is not a cleaner tenant.
  return found || hidesFrom(report, failOn) ? EXIT.findings : EXIT.clean;
}
