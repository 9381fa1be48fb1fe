// Generated from src/engine/saved-report.ts: run npm run generate.
import type { Kind } from './credential.js';
import type { Severity } from './severity.js';

/** The result of one audit of a ConductorOne tenant's API credentials. Instants are RFC 3339 in UTC. Names, reasons and messages can contain text written by others: escape it wherever it is shown. */
export interface Report {
  /** Changes when a reader of the version before would misread the report. */
  readonly schemaVersion: 1;
  /** The program that wrote the report. */
  readonly tool: {
    /** The program's name. */
    readonly name: string;
    /** Its version. */
    readonly version: string;
  };
  /** Which tenant was audited, when, and by whom. */
  readonly run: {
    /** The tenant's host in lower case, without port. */
    readonly tenant: string;
    /** mine: the caller's own credentials. tenant: everyone's. file: an exported list. */
    readonly scope: 'mine' | 'tenant' | 'file';
    /** The time that all rules judged by. */
    readonly asOf: string;
    /** When the run began. */
    readonly startedAt: string;
    /** When the run ended. */
    readonly finishedAt: string;
    /** Who ran the audit; null if nobody was signed in, as for a file. */
    readonly self: {
      /** The user that the audit's credential acts for. */
      readonly userId: string | null;
      /** The audit's own client id. */
      readonly clientId: string | null;
    } | null;
  };
  /** What was read, and what was not. */
  readonly coverage: {
    /** True if every requested source was read in full, no record was malformed and no rule failed. If it is false, there can be findings that the report does not list. */
    readonly complete: boolean;
    /** One entry for each kind of credential that was requested. */
    readonly sources: readonly SourceCoverage[];
    /** Every way into a tenant that the API description knows, and what became of it. Absent in reports of older versions. */
    readonly ledger?: readonly {
      /** The name of the source, or a short name of what no source reads. */
      readonly way: string;
      /** refused: nothing was read, because ConductorOne refused it or did not answer. absent: the tenant does not have it. not-coverable: ConductorOne does not list it for a whole tenant. */
      readonly status: 'read' | 'partial' | 'refused' | 'absent' | 'not-requested' | 'not-coverable';
      /** Why it was not read, or anything else to know; null: nothing. */
      readonly reason: string | null;
    }[];
    /** What could not be read, with the permission to grant. */
    readonly notes: readonly string[];
    /** Reasons beside its sources and rules why the run is not complete. Absent if there are none. */
    readonly gaps?: readonly string[];
    /** True if the caller is not known to be a Super Administrator, so that credentials may be missing from a tenant-wide audit. Absent otherwise. */
    readonly mayBeFiltered?: true;
    /** Ids of rules that are off, were not requested, or could not run. Absent if all ran. */
    readonly rulesNotRun?: readonly string[];
    /** The controls that findings are evidence on, by rule and standard, of each rule that ran and names any. Absent if there are none. */
    readonly controls?: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;
    /** A hash of the rules' options if any differs from its default; reports with another hash used other limits. Absent if none differs. */
    readonly settings?: string;
  };
  /** Counts. `findings`, `bySeverity`, `byRule`, `new` and `known` count violations that are not waived. */
  readonly summary: {
    /** All that were judged. */
    readonly credentials: number;
    /** Violations that are not waived. */
    readonly findings: number;
    /** Findings that a waiver covers. */
    readonly waived: number;
    /** Checks for which a needed fact could not be read. */
    readonly unknown: number;
    /** Findings of each severity. */
    readonly bySeverity: {
      readonly critical: number;
      readonly high: number;
      readonly medium: number;
      readonly low: number;
      readonly info: number;
    };
    /** Findings of each rule that has any. */
    readonly byRule: Readonly<Record<string, number>>;
    /** Not in the run before, or reopened. 0 without a state. */
    readonly new: number;
    /** Also in the run before. 0 without a state. */
    readonly known: number;
    /** In the run before, and no longer there. 0 without a state. */
    readonly resolved: number;
    /** Violations below the lowest severity shown, by severity, waived ones aside: they are not in `findings`, but count for the exit code. Absent if there are none. */
    readonly hidden?: {
      readonly critical: number;
      readonly high: number;
      readonly medium: number;
      readonly low: number;
      readonly info: number;
    };
  };
  /** Ordered by severity (most severe first), then rule, then credential id. */
  readonly findings: readonly Finding[];
  /** All that were judged: expired ones too, deleted ones not. */
  readonly credentials: readonly JudgedCredential[];
  /** Findings of the run before that are no longer there. */
  readonly resolved: readonly {
    /** sha256(tenant | rule | kind | credential id) in hex: the same from run to run. */
    readonly fingerprint: string;
    /** A built-in rule's id, or `<prefix>/<name>` for one of a plug-in. */
    readonly rule: string;
    /** A state keeps no names. */
    readonly credential: {
      /** The credential's kind, or `waiver` for a finding on a waiver. */
      readonly kind: string;
      /** The credential's id. */
      readonly id: string;
      /** The credential's name if it is known. */
      readonly name: string | null;
    };
  }[];
}

export interface SourceCoverage {
  readonly kind: Kind;
  /** partial: read, but not completely. unavailable: not read at all. */
  readonly status: 'complete' | 'partial' | 'unavailable';
  /** Judged credentials: live and expired. */
  readonly credentials: number;
  /** Listed as deleted: counted, not judged. */
  readonly deleted: number;
  /** API answers that were read. */
  readonly pages: number;
  /** Why it is not complete, or anything else to know. */
  readonly note: string | null;
}

export interface Finding {
  /** sha256(tenant | rule | kind | credential id) in hex: the same from run to run. */
  readonly fingerprint: string;
  /** A built-in rule's id, or `<prefix>/<name>` for one of a plug-in. */
  readonly rule: string;
  readonly severity: Severity;
  /** violation: the rule's condition holds. unknown: a needed fact could not be read; neither a pass nor a violation. */
  readonly outcome: 'violation' | 'unknown';
  /** Compared with the run before; null if no state is kept. */
  readonly status: 'new' | 'known' | 'reopened' | 'waived' | null;
  /** Which of the rule's messages. */
  readonly messageId: string;
  /** The value, the limit and the next step, in words. */
  readonly message: string;
  /** What the message says, as values; its keys depend on the rule. */
  readonly data: Readonly<Record<string, unknown>>;
  /** What to do; for an unknown outcome, what to grant. */
  readonly fix: string;
  /** null for findings on a waiver. */
  readonly credential: ReportedCredential | null;
  /** The waiver that covers it. */
  readonly waiver: AppliedWaiver | null;
  /** The first run that found it; null without a state. */
  readonly firstSeen: string | null;
}

export interface ReportedCredential {
  readonly kind: Kind;
  /** Unique within kind and tenant; a federation trust's is its client id, an external client's its client id and user id. */
  readonly id: string;
  /** The client id that it signs in with; empty for LLM gateway keys and functions. */
  readonly clientId: string;
  /** As written by its owner; empty if blank. */
  readonly name: string;
  /** True for the credential that ran the audit. */
  readonly self: boolean;
  /** The user or service principal it acts for; null if its kind has none or the record names none. Name and email are empty if they could not be read. */
  readonly owner: {
    readonly id: string;
    readonly name: string;
    readonly email: string;
  } | null;
  /** null: not known. */
  readonly createdAt: string | null;
  /** null: never, or its kind has none, or not known; then findings with outcome unknown say so. */
  readonly expiresAt: string | null;
  /** null: never, or its kind does not show it, or not known; then findings with outcome unknown say so. */
  readonly lastUsedAt: string | null;
  /** The networks it can be used from, as written; empty: any, or its kind has no such limit. */
  readonly allowedCidrs: readonly string[];
  /** The roles it is limited to; empty: every permission of its owner, or its kind has no roles. */
  readonly scopedRoles: readonly {
    readonly id: string;
    /** null if the tenant's roles do not include the id. */
    readonly name: string | null;
  }[];
  /** True if the report gives no advice on the credential and its owner is not notified: ask a Super Administrator. Absent otherwise. */
  readonly adviceWithheld?: true;
  /** What the system log shows, which was read from `since` on without a gap. Absent: it was not requested, or not read completely. */
  readonly use?: {
    readonly since: string;
    /** From how many addresses, or networks of them, it was used. */
    readonly addresses: number;
    /** Its last use; null: none. */
    readonly lastAt: string | null;
  };
}

export interface JudgedCredential extends ReportedCredential {
  /** Neither expired nor disabled. */
  readonly live: boolean;
}

export interface AppliedWaiver {
  /** Why it is accepted. */
  readonly reason: string;
  /** Who accepted it. */
  readonly approvedBy: string;
  /** The last day it holds, in UTC. */
  readonly expires: string;
}
