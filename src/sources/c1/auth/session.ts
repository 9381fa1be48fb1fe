import * as oauth from 'oauth4webapi';
import type { Logger } from 'pino';
import type { AuditError } from '../../../errors.js';
import { isLoopback } from '../../../network.js';
import type { TenantAccess } from '../environment.js';
import { RequestError } from '../request-error.js';
import { type RetryLimits, withRetries } from '../retry.js';
import type { Answer, Request, Transport } from '../transport.js';
import { asFetch, requestToken, type Token } from './grants.js';

/** Refresh this long before the end (ms), but never earlier than in the last fifth of a token's life. */
const EARLY = 30_000;
/** The life of a token whose server does not tell it, in seconds: the shortest that ConductorOne gives is twice as long. */
const UNTOLD_LIFE = 300;
/** New tokens after a 401 that did not help, until no more are asked for: the refusal is not the token's fault. */
const FUTILE_RENEWALS = 3;

export interface SessionOptions {
  readonly access: TenantAccess;
  readonly transport: Transport;
  readonly limits: RetryLimits;
  readonly log: Pick<Logger, 'info'>;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly hide: (secret: string) => void;
}

/**
 * One token for all requests of a run: got once, refreshed before it ends and once after a 401, by one request for all
 * that wait (each new token writes an event into the tenant's audit log).
 */
export class Session {
  readonly #options: SessionOptions;
  #token: (Token & { readonly refreshAt: number }) | undefined;
  #pending: Promise<Token> | undefined;
  /** Why no token can be got any more: whoever asks next hears it at once. */
  #refused: AuditError | undefined;
  #futile = 0;
  #dpop: oauth.DPoPHandle | undefined;

  constructor(options: SessionOptions) {
    this.#options = options;
  }

  /**
   * Sends a request with the run's token. An answer of 401 means that a new token did not help either.
   *
   * @throws RequestError where no token is to be had; it has been tried often enough and is not to be tried again.
   */
  async send(request: Request, signal: AbortSignal): Promise<Answer> {
    const token = await this.#current(signal);
    const answer = await this.#sendWith(token, request, signal);
    if (answer.status !== 401 || !this.#canRenew()) return answer;
    if (this.#token?.value === token.value) this.#token = undefined;
    const second = await this.#sendWith(await this.#current(signal), request, signal);
    if (second.status === 401) this.#futile += 1;
    return second;
  }

  /** The run's token, got where there is none yet. Throws as {@link send} does. */
  token(signal: AbortSignal): Promise<Token> {
    return this.#current(signal);
  }

  #canRenew(): boolean {
    return this.#options.access.login.by !== 'access-token' && this.#futile < FUTILE_RENEWALS;
  }

  #current(signal: AbortSignal): Promise<Token> {
    const { login } = this.#options.access;
    if (login.by === 'access-token')
      return Promise.resolve({ value: login.accessToken, type: 'bearer', expiresIn: undefined });
    if (this.#token && this.#options.now() < this.#token.refreshAt) return Promise.resolve(this.#token);
    this.#pending ??= this.#renew(signal).finally(() => {
      this.#pending = undefined;
    });
    return this.#pending;
  }

  async #renew(signal: AbortSignal): Promise<Token> {
    if (this.#refused) throw this.#refused;
    const { limits, log, now } = this.#options;
    let asked = now();
    const ask = () => {
      asked = now();
      return this.#request(signal);
    };
    try {
      const token = await withRetries(ask, limits, signal, (error, delay) => {
        log.info({ call: 'token', status: error.status, delay }, 'will try again');
      });
      const life = (token.expiresIn && token.expiresIn > 0 ? token.expiresIn : UNTOLD_LIFE) * 1000;
      this.#token = { ...token, refreshAt: asked + life - Math.min(EARLY, life / 5) };
      return this.#token;
    } catch (error) {
      throw this.#remember(error);
    }
  }

  #remember(error: unknown): unknown {
    if (!(error instanceof RequestError)) return error;
    const { code, message, hint, status } = error;
    this.#refused = new RequestError(code, message, hint, { status, cause: error });
    return this.#refused;
  }

  async #request(signal: AbortSignal): Promise<Token> {
    const { access, transport, hide, now } = this.#options;
    const { login, origin, tenant } = access;
    if (login.by === 'access-token') throw new TypeError('A ready token is not asked for.');
    const ask = () => requestToken(login, { origin, tenant, transport, signal, now, hide, dpop: this.#dpop });
    // At most three: without proof, with proof, and with the nonce that the server then asks for.
    for (let left = 2; ; left -= 1) {
      try {
        return await ask();
      } catch (error) {
        if (left === 0 || !wantsProof(error) || (this.#dpop && !isNonceError(error))) throw error;
        this.#dpop ??= oauth.DPoP(
          { [oauth.clockSkew]: Math.round((now() - Date.now()) / 1000) },
          await oauth.generateKeyPair('ES256'),
        );
      }
    }
  }

  async #sendWith(token: Token, request: Request, signal: AbortSignal): Promise<Answer> {
    if (token.type === 'bearer' || !this.#dpop) {
      const headers = { ...request.headers, authorization: `Bearer ${token.value}` };
      return this.#options.transport({ ...request, headers }, signal);
    }
    return this.#sendWithProof(token, request, signal, true);
  }

  async #sendWithProof(token: Token, request: Request, signal: AbortSignal, again: boolean): Promise<Answer> {
    try {
      const response = await oauth.protectedResourceRequest(
        token.value,
        request.method,
        request.url,
        new Headers(request.headers),
        request.body ?? null,
        {
          ...(this.#dpop ? { DPoP: this.#dpop } : {}),
          [oauth.customFetch]: asFetch({ transport: this.#options.transport, signal }),
          [oauth.allowInsecureRequests]: isLoopback(request.url.hostname),
        },
      );
      return { status: response.status, headers: response.headers, body: await response.text() };
    } catch (error) {
      if (again && oauth.isDPoPNonceError(error)) return this.#sendWithProof(token, request, signal, false);
      if (error instanceof oauth.WWWAuthenticateChallengeError)
        return { status: error.status, headers: error.response.headers, body: await error.response.text() };
      throw error;
    }
  }
}

/** The token endpoint's ways of saying that this credential must prove possession of a key (RFC 9449, sections 5 and 8). */
function wantsProof(error: unknown): boolean {
  if (isNonceError(error)) return true;
  if (!(error instanceof RequestError && error.cause instanceof oauth.ResponseBodyError)) return false;
  const { error: code, error_description: said } = error.cause;
  return code === 'invalid_dpop_proof' || code === 'use_dpop_nonce' || /dpop/i.test(said ?? '');
}

function isNonceError(error: unknown): boolean {
  return error instanceof RequestError && oauth.isDPoPNonceError(error.cause);
}
