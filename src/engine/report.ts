import type { Finding, Kind, ReportedCredential, Severity } from '../contract/index.js';

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
