import type { Finding } from './report.js';

export type Outcome = Finding['outcome'];

export type FindingStatus = NonNullable<Finding['status']>;

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
