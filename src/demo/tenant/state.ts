import { randomBytes } from 'node:crypto';
import type { CustomFinding, LoggedUse, Role, TenantData } from '../records.js';
import type { Paging } from './call.js';
import type { ClientKind, Jwk } from './login.js';

/** All that endpoints share. What can be changed are the tenant's settings. */
export interface State {
  readonly data: TenantData;
  /** 127.0.0.1:PORT */
  readonly host: string;
  /** The host without port: the audience of assertions and OIDC tokens, and the host in client ids. */
  readonly audience: string;
  readonly now: () => number;
  readonly paging: Paging;
  readonly features: Features;
  readonly lifetimes: Lifetimes;
  readonly sessions: Sessions;
  /** Public keys by complete client id. */
  readonly clientKeys: Map<string, Jwk>;
  /** Public keys by issuer URL. */
  readonly issuerKeys: Map<string, Jwk>;
  /** Ids of the OIDC tokens and proofs that were accepted. */
  readonly seen: Set<string>;
  readonly nonces: DpopNonces;
  readonly findings: CustomFinding[];
  /** The system log since the start, oldest first. */
  readonly log: LoggedUse[];
  /** What a caller gets for users and roles that it may not read: blank fields, or a 403. */
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

/** A feature that is on, or the status that its endpoints answer with. */
export type Switch = 'on' | 403 | 404 | 501;

export interface Features {
  servicePrincipals: Switch;
  federation: Switch;
  decoys: Switch;
  /** Early access: a tenant may not have it. */
  externalClients: Switch;
  tunnels: Switch;
  llmGateway: Switch;
  functions: Switch;
  /** Early access: off by default. */
  findings: Switch;
  systemLog: Switch;
}

/** Seconds that an access token lasts, by what it was given for. */
export type Lifetimes = Record<ClientKind, number>;

/** What an access token gives access to. */
export interface Session {
  readonly clientId: string;
  readonly principalId: string;
  /** The credential's role scope; empty for none. */
  readonly scopedRoleIds: readonly string[];
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
  /** Thumbprint of the key that a DPoP token is bound to. */
  readonly keyThumbprint: string | undefined;
}

/** The valid access tokens. */
export class Sessions {
  readonly #byToken = new Map<string, Session>();

  open(session: Session): string {
    const token = `c1at_${randomBytes(48).toString('base64url')}`;
    this.#byToken.set(token, session);
    return token;
  }

  find(token: string, now: number): Session | undefined {
    const session = this.#byToken.get(token);
    return session && session.expiresAt > now ? session : undefined;
  }

  /** Ends every token issued so far. */
  revokeAll(): void {
    this.#byToken.clear();
  }
}

/** The valid nonces, where proofs must have one. */
export class DpopNonces {
  /** Set it to require one. */
  required = false;
  readonly #valid: string[] = [];

  /** A nonce for the next proof. The last few stay valid, so that no request under way is refused. */
  next(): string {
    const nonce = randomBytes(12).toString('base64url');
    this.#valid.push(nonce);
    if (this.#valid.length > 64) this.#valid.shift();
    return nonce;
  }

  /** Ends all nonces: every client needs a new one. */
  rotate(): void {
    this.#valid.length = 0;
  }

  accepts(nonce: unknown): boolean {
    return typeof nonce === 'string' && this.#valid.includes(nonce);
  }
}
