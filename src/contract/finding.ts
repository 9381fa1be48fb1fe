import type { Kind } from './credential.js';
import type { ScopedRole } from './rule.js';
import type { Severity } from './severity.js';

export type Outcome = 'violation' | 'unknown';

export type FindingStatus = 'new' | 'known' | 'reopened' | 'waived';

/** A credential as reports show it. Instants are RFC 3339 in UTC; null is "never" or "not known". */
export interface ReportedCredential {
  readonly kind: Kind;
  readonly id: string;
  readonly clientId: string;
  readonly name: string;
  readonly self: boolean;
  readonly owner: { readonly id: string; readonly name: string; readonly email: string } | null;
  readonly createdAt: string | null;
  readonly expiresAt: string | null;
  readonly lastUsedAt: string | null;
  readonly allowedCidrs: readonly string[];
  readonly scopedRoles: readonly ScopedRole[];
  /** Nobody is advised what to do about it, and its owner is not written to; absent: no. */
  readonly adviceWithheld?: true;
}

/** A finding that somebody accepted, for a time. */
export interface Waiver {
  /** A rule id or `*`. */
  readonly rule: string;
  /** A credential's id or client id, or a pattern on its name together with its owner: id or email, one or several. */
  readonly credential: string | { readonly name: string; readonly owner: string | readonly string[] };
  readonly reason: string;
  readonly approvedBy: string;
  /** The last day it holds, `YYYY-MM-DD` in UTC. */
  readonly expires: string;
}

/** A waiver as a finding shows it. */
export interface AppliedWaiver {
  readonly reason: string;
  readonly approvedBy: string;
  /** Inclusive, `YYYY-MM-DD` in UTC. */
  readonly expires: string;
}

export interface Finding {
  /** sha256(tenant | rule | kind | credential id) in hex: the same from night to night. */
  readonly fingerprint: string;
  readonly rule: string;
  readonly severity: Severity;
  readonly outcome: Outcome;
  /** null where no history is kept. */
  readonly status: FindingStatus | null;
  readonly messageId: string;
  readonly message: string;
  readonly data: Readonly<Record<string, unknown>>;
  readonly fix: string;
  /** null for findings on a waiver. */
  readonly credential: ReportedCredential | null;
  readonly waiver: AppliedWaiver | null;
  /** RFC 3339. */
  readonly firstSeen: string | null;
}
