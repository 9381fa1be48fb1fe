import type { Kind, Severity } from '../contract/index.js';
import type { Report } from './report.js';

export const STATE_VERSION = 1;

/** What one audit remembers for the next. Only ids, hashes and timestamps: no names, no emails, no secrets. */
export interface State {
  readonly version: typeof STATE_VERSION;
  /** The tenant's host. */
  readonly tenant: string;
  /** The `asOf` of the audit that wrote it. */
  readonly savedAt: string;
  /** The reaches (see `reachOf`) with which each kind was read completely before. */
  readonly seen: Readonly<Partial<Record<Kind, readonly string[]>>>;
  /** Open and waived findings by fingerprint. */
  readonly findings: Readonly<Record<string, RememberedFinding>>;
  /** Findings resolved in the last 90 days by fingerprint, so that one that comes back is `reopened`. */
  readonly resolved: Readonly<Record<string, ResolvedFinding>>;
  /** Live credentials by `credentialKey`. */
  readonly credentials: Readonly<Record<string, RememberedCredential>>;
  /**
   * The credentials that each waiver by name covered so far: `credentialKey`s by a hash of the waiver. Absent: an older
   * version wrote the state.
   */
  readonly covered?: Readonly<Record<string, readonly string[]>>;
  readonly slack: {
    /** The last message of any kind. */
    readonly postedAt: string | null;
    /** The last message with a digest line. */
    readonly digestAt: string | null;
  };
}

export interface FindingMemory {
  readonly rule: string;
  readonly kind: Kind | 'waiver';
  /** For a finding on a waiver: its fingerprint. */
  readonly credentialId: string;
  readonly firstSeen: string;
  readonly severity: Severity;
}

export interface RememberedFinding extends FindingMemory {
  readonly waived: boolean;
  /** When a message last mentioned it. null: never, or not since it changed. */
  readonly toldAt: string | null;
  /** The milestones that messages mentioned, and the expiry date they belong to. */
  readonly milestones: { readonly expiresAt: string; readonly told: readonly number[] } | null;
  /** The reach of the last audit that saw it. */
  readonly seenIn: string;
}

interface ResolvedFinding extends FindingMemory {
  readonly resolvedAt: string;
}

export interface RememberedCredential {
  /** Short hashes of the scoped roles' ids, sorted. null: never known. */
  readonly roles: readonly string[] | null;
  /** Canonical CIDRs of the allowed networks. `any`: no restriction. null: never known. */
  readonly network: 'any' | readonly string[] | null;
  readonly seenIn: string;
  /** The `asOf` of the first audit that should have listed it and did not. Absent: it was listed. */
  readonly goneSince?: string;
}

export function credentialKey(kind: Kind, id: string): string {
  return `${kind}|${id}`;
}

/** What history needs to know about the current audit. */
export interface HistoryRun {
  readonly tenant: string;
  /** RFC 3339. */
  readonly asOf: string;
  readonly scope: Report['run']['scope'];
  /** The caller, if known: two people's own credentials are two different parts of a tenant. */
  readonly userId: string | null;
  /** As in the report: an incomplete audit remembers nothing. */
  readonly complete: boolean;
  /** Kinds whose source was read completely. */
  readonly completeKinds: ReadonlySet<Kind>;
  /** Ids of the rules that judged, those on waivers and drift included. */
  readonly rules: ReadonlySet<string>;
  /** If ConductorOne may leave credentials out: those that it listed, by `credentialKey`. */
  readonly shown?: ReadonlySet<string> | undefined;
  /** Decoys, by `credentialKey`: forgotten without being mentioned. Absent: none are known. */
  readonly decoys?: ReadonlySet<string>;
}

/** The part of the tenant that an audit reads. What one reach lacks may be in another. */
export function reachOf(run: Pick<HistoryRun, 'scope' | 'userId'>): string {
  return run.scope === 'mine' ? `mine:${run.userId ?? ''}` : run.scope;
}

/** True if `run` would have seen a credential of this kind, last seen in `seenIn`, if it still existed. */
export function wouldSee(run: HistoryRun, kind: Kind | 'waiver', seenIn: string): boolean {
  const whole = kind === 'waiver' ? run.complete : run.completeKinds.has(kind);
  return whole && isWithin(reachOf(run), seenIn);
}

/** True if an audit with this reach lists what one with the other listed. A file may hold anything. */
export function isWithin(reach: string, seenIn: string): boolean {
  return reach === seenIn || (reach === 'tenant' && seenIn !== 'file');
}
