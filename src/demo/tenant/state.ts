import type { DpopNonces } from './dpop.js';
import type { CustomFinding } from './findings.js';
import type { Jwk } from './jws.js';
import type { Paging } from './paging.js';
import type { TenantData } from './records.js';
import type { Sessions } from './sessions.js';

/** A feature that is on, or the status that its endpoints answer with. */
export type Switch = 'on' | 403 | 404 | 501;

export interface Features {
  servicePrincipals: Switch;
  federation: Switch;
  decoys: Switch;
  /** Early access: off unless asked for. */
  findings: Switch;
}

/** Seconds that an access token lasts, by what it was given for. */
export interface Lifetimes {
  personalClient: number;
  servicePrincipal: number;
  exchange: number;
}

/** All that endpoints share. Mutable parts are the tenant's controls. */
export interface State {
  readonly data: TenantData;
  /** 127.0.0.1:PORT */
  readonly host: string;
  /** The host without port: what an assertion or an OIDC token must be meant for, and what stands in client ids. */
  readonly audience: string;
  readonly now: () => number;
  readonly paging: Paging;
  readonly features: Features;
  readonly lifetimes: Lifetimes;
  readonly sessions: Sessions;
  /** Public keys by whole client id. */
  readonly clientKeys: Map<string, Jwk>;
  /** Public keys by issuer URL. */
  readonly issuerKeys: Map<string, Jwk>;
  /** Ids of OIDC tokens and of proofs that were taken once. */
  readonly seen: Set<string>;
  readonly nonces: DpopNonces;
  readonly findings: CustomFinding[];
  /** What a caller sees of users and roles that it may not read: blank fields, or a 403. */
  withoutRights: 'blank' | 'refuse';
}
