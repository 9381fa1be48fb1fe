import type { Kind, Severity } from '../contract/index.js';
import type { Report } from './report.js';

export const STATE_VERSION = 1;

/** What is remembered from one audit to the next. Ids, hashes and instants only: no names, no emails, no secrets. */
export interface State {
  readonly version: typeof STATE_VERSION;
  /** The tenant's host. */
  readonly tenant: string;
  /** The `asOf` of the audit that wrote it. */
  readonly savedAt: string;
  /** The reaches (see `reachOf`) in which each kind has been seen whole before. */
  readonly seen: Readonly<Partial<Record<Kind, readonly string[]>>>;
  /** Open and waived findings by fingerprint. */
  readonly findings: Readonly<Record<string, RememberedFinding>>;
  /** Findings resolved in the last 90 days by fingerprint, so that one that comes back is known again. */
  readonly resolved: Readonly<Record<string, ResolvedFinding>>;
  /** Live credentials by `credentialKey`. */
  readonly credentials: Readonly<Record<string, RememberedCredential>>;
  /**
   * Waivers by name by the hash of what they cover, and the credentials that each has covered so far, by `credentialKey`.
   * Absent: a program that did not know them wrote the state.
   */
  readonly covered?: Readonly<Record<string, readonly string[]>>;
  readonly slack: {
    /** The last message of any sort. */
    readonly postedAt: string | null;
    /** The last message with a digest line. */
    readonly digestAt: string | null;
  };
}

export interface FindingMemory {
  readonly rule: string;
  readonly kind: Kind | 'waiver';
  /** A waiver's finding has its own fingerprint here. */
  readonly credentialId: string;
  readonly firstSeen: string;
  readonly severity: Severity;
}

export interface RememberedFinding extends FindingMemory {
  readonly waived: boolean;
  /** When a message last spoke of it; null: never, or not of what became of it since. */
  readonly toldAt: string | null;
  /** Which milestones were told, and of which expiry date. */
  readonly milestones: { readonly expiresAt: string; readonly told: readonly number[] } | null;
  /** The reach of the audit that last saw it. */
  readonly seenIn: string;
}

interface ResolvedFinding extends FindingMemory {
  readonly resolvedAt: string;
}

export interface RememberedCredential {
  /** Short hashes of the scoped roles' ids, sorted; null: never known. */
  readonly roles: readonly string[] | null;
  /** Canonical CIDRs of the allowed sources; `any`: no restriction; null: never known. */
  readonly network: 'any' | readonly string[] | null;
  readonly seenIn: string;
  /** The `asOf` of the first audit that should have listed it and did not; absent: it was listed. */
  readonly goneSince?: string;
}

export function credentialKey(kind: Kind, id: string): string {
  return `${kind}|${id}`;
}

/** What history must know of the audit that has just ended. */
export interface HistoryRun {
  readonly tenant: string;
  /** RFC 3339. */
  readonly asOf: string;
  readonly scope: Report['run']['scope'];
  /** The caller, where known: two people's own credentials are two different views of a tenant. */
  readonly userId: string | null;
  /** As in the report: an incomplete audit leaves no memory. */
  readonly complete: boolean;
  /** Kinds whose source was seen whole. */
  readonly completeKinds: ReadonlySet<Kind>;
  /** Ids of the rules that judged, those on waivers and drift included. */
  readonly rules: ReadonlySet<string>;
  /** Where ConductorOne may have left credentials out: those that were there, by `credentialKey`. */
  readonly shown?: ReadonlySet<string> | undefined;
  /** Decoys, by `credentialKey`: forgotten without a word. Absent: none are known. */
  readonly decoys?: ReadonlySet<string>;
}

/** Which part of the tenant a run can see. What one reach does not show is not gone: another may still show it. */
export function reachOf(run: Pick<HistoryRun, 'scope' | 'userId'>): string {
  return run.scope === 'mine' ? `mine:${run.userId ?? ''}` : run.scope;
}

/** True where `run` would have seen a credential of this kind, last seen in `seenIn`, if it still existed. */
export function wouldSee(run: HistoryRun, kind: Kind | 'waiver', seenIn: string): boolean {
  const whole = kind === 'waiver' ? run.complete : run.completeKinds.has(kind);
  return whole && isWithin(reachOf(run), seenIn);
}

/** True where an audit with this reach lists what one with the other listed. A file may be of anything, and at any time. */
export function isWithin(reach: string, seenIn: string): boolean {
  return reach === seenIn || (reach === 'tenant' && seenIn !== 'file');
}
