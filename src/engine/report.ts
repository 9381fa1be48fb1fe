import type { Finding, Kind, ReportedCredential } from '../contract/index.js';
import { atLeast, SEVERITIES, type Severity } from '../contract/severity.js';
import { EXIT, type ExitCode } from '../errors.js';

/** One source's part of the coverage. */
export interface SourceCoverage {
  readonly kind: Kind;
  /** `partial`: seen, but not whole. `unavailable`: not seen at all. */
  readonly status: 'complete' | 'partial' | 'unavailable';
  /** Judged ones: live and expired. */
  readonly credentials: number;
  /** Listed as deleted: counted, not judged. */
  readonly deleted: number;
  readonly pages: number;
  readonly note: string | null;
}

/** The JSON report, schema version 1 (schema/report.json). Instants are RFC 3339 in UTC. */
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
    /** What beside its sources and rules keeps the run from being complete; absent: nothing. */
    readonly gaps?: readonly string[];
    /** The caller is not known to be shown everything there is; absent: it is, or audits its own. */
    readonly mayBeFiltered?: true;
    /** Rules that are there, but were switched off, not asked for or could not be run; absent: all ran. */
    readonly rulesNotRun?: readonly string[];
    /** A mark of the rules' limits where any is not its rule's own, the same for the same ones; absent: none is. */
    readonly settings?: string;
  };
  readonly summary: {
    readonly credentials: number;
    /** Violations that are not waived; `bySeverity` and `byRule` count the same. */
    readonly findings: number;
    readonly waived: number;
    readonly unknown: number;
    readonly bySeverity: Readonly<Record<Severity, number>>;
    readonly byRule: Readonly<Record<string, number>>;
    readonly new: number;
    readonly known: number;
    readonly resolved: number;
    /** Violations that the least severity keeps out of `findings`, waived ones aside; absent where there are none. */
    readonly hidden?: Readonly<Record<Severity, number>>;
  };
  readonly findings: readonly Finding[];
  /** All that were judged, expired ones too. */
  readonly credentials: readonly (ReportedCredential & { readonly live: boolean })[];
  readonly resolved: readonly {
    readonly fingerprint: string;
    readonly rule: string;
    readonly credential: { readonly kind: string; readonly id: string; readonly name: string | null };
  }[];
}

/** The note that the audit leaves where a least severity kept anything out of the report. */
const LEFT_OUT = / below (?:info|low|medium|high|critical) (?:is|are) not shown\.$/;

/** True where findings, open or not, were kept out of a report. */
export function hidesFindings({ summary, coverage }: Report): boolean {
  return summary.hidden !== undefined || coverage.notes.some((note) => LEFT_OUT.test(note));
}

export function partsOf(report: Report): Parts {
  const open: Finding[] = [];
  const unknown: Finding[] = [];
  const waived: Finding[] = [];
  for (const finding of report.findings) {
    if (finding.waiver !== null || finding.status === 'waived') waived.push(finding);
    else if (finding.outcome === 'unknown') unknown.push(finding);
    else open.push(finding);
  }
  return { open, unknown, waived };
}

/** Findings by what readers do with them. */
interface Parts {
  /** Violations nobody waived. */
  readonly open: readonly Finding[];
  readonly unknown: readonly Finding[];
  readonly waived: readonly Finding[];
}

/** True where the run kept a state to compare with. */
export function hasHistory(report: Report): boolean {
  // A waived finding has a status without any state as well.
  return (
    report.resolved.length > 0 || report.findings.some(({ status }) => status !== null && status !== 'waived')
  );
}

/** The most severe open finding's severity, or undefined where there is none. */
export function highestSeverity(report: Report): Severity | undefined {
  return MOST_SEVERE_FIRST.find((severity) => report.summary.bySeverity[severity] > 0);
}

/** Severities as reports list them, the most severe first. */
export const MOST_SEVERE_FIRST: readonly Severity[] = [...SEVERITIES].reverse();

/** What a report means for whoever started the run. Incomplete beats findings: nothing that failed ever looks clean. */
export function exitCode(report: Report, failOn: Severity | 'never'): ExitCode {
  const { coverage, findings } = report;
  if (!coverage.complete) return EXIT.incomplete;
  if (failOn === 'never') return EXIT.clean;
  const shown = findings.some(
    ({ outcome, status, severity }) =>
      outcome === 'violation' && status !== 'waived' && atLeast(severity, failOn),
  );
  // What is left out of the report counts all the same: a quieter report is not a cleaner tenant.
  return shown || hidesFrom(report, failOn) ? EXIT.findings : EXIT.clean;
}

/** Whether a report keeps open findings of this severity or above to itself. */
export function hidesFrom({ summary: { hidden } }: Report, threshold: Severity): boolean {
  return (
    hidden !== undefined &&
    SEVERITIES.some((severity) => hidden[severity] > 0 && atLeast(severity, threshold))
  );
}
