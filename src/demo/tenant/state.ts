import { randomBytes } from 'node:crypto';
import type { CustomFinding, Role, TenantData } from '../records.js';
import type { Jwk } from './jws.js';
import type { Paging } from './paging.js';

/** What an access token stands for. */
export interface Session {
  readonly clientId: string;
  readonly principalId: string;
  /** The roles that the credential is cut down to; empty for none. */
  readonly scopedRoleIds: readonly string[];
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
  /** Thumbprint of the key that must be proven, for a DPoP token. */
  readonly keyThumbprint: string | undefined;
}

/** The access tokens in force. */
export class Sessions {
  readonly #byToken = new Map<string, Session>();
  /** How many tokens were ever given out. */
  issued = 0;

  open(session: Session): string {
    const token = `c1at_${randomBytes(48).toString('base64url')}`;
    this.#byToken.set(token, session);
    this.issued += 1;
    return token;
  }

  find(token: string, now: number): Session | undefined {
    const session = this.#byToken.get(token);
    return session && session.expiresAt > now ? session : undefined;
  }

  /** Ends every token given out so far. */
  revokeAll(): void {
    this.#byToken.clear();
  }
}

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

/** Who makes an API call, and what it may do. */
export interface Caller {
  readonly userId: string;
  readonly clientId: string;
  /** The roles of the principal that the credential's scope leaves. */
  readonly roles: readonly Role[];
  readonly permissions: ReadonlySet<string>;
}

/** The nonces in force, when proofs must carry one. */
export class DpopNonces {
  /** Turn on to demand one. */
  required = false;
  readonly #valid: string[] = [];

  /** A nonce for the next proof. The last few stay good, so that requests under way are not turned down. */
  next(): string {
    const nonce = randomBytes(12).toString('base64url');
    this.#valid.push(nonce);
    if (this.#valid.length > 64) this.#valid.shift();
    return nonce;
  }

  /** Makes every client ask for a new one. */
  rotate(): void {
    this.#valid.length = 0;
  }

  accepts(nonce: unknown): boolean {
    return typeof nonce === 'string' && this.#valid.includes(nonce);
  }
}
