import { randomBytes } from 'node:crypto';

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
