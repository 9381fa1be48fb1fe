import * as oauth from 'oauth4webapi';
import { AuditError } from '../../errors.js';
import { isLoopback, type Request } from '../../fetch.js';
import { SHORTEST_SECRET } from '../../redact.js';
import type { Log } from '../source.js';
import { readClientSecret } from './access.js';
import { ASSERTION_SECONDS, clockHint } from './clock.js';
import type { Login, TenantAccess } from './environment.js';
import { type Answer, describe, type Transport } from './http.js';
import {
  isPassing,
  notTheTenant,
  RequestError,
  readRetryAfter,
  requestId,
  tokenError,
} from './request-error.js';
import { type RetryLimits, withRetries } from './retry.js';

/** Refresh this long before the end (ms), but never earlier than in the last fifth of a token's life. */
const EARLY = 30_000;
/** The assumed life of a token without `expires_in`, in seconds: the shortest that ConductorOne gives is twice as long. */
const ASSUMED_LIFE = 300;
/** New tokens after a 401 that did not help, until no more are requested: the refusal is not the token's fault. */
const FUTILE_RENEWALS = 3;

export interface SessionOptions {
  readonly access: TenantAccess;
  readonly transport: Transport;
  readonly limits: RetryLimits;
  readonly log: Pick<Log, 'info'>;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Called before a token is requested again. */
  readonly onRetry?: () => void;
  /** Called with every secret that comes to be, before it is sent or used. */
  readonly hide: (secret: string) => void;
}

/** An access token and how it is used. */
interface Token {
  readonly value: string;
  readonly type: 'bearer' | 'dpop';
  /** Seconds from the request; undefined where the server did not say. */
  readonly expiresIn: number | undefined;
}

/**
 * One token for all requests of a run: requested once, refreshed before it ends and once after a 401, by one request for
 * all that wait (each new token writes an event into the tenant's audit log).
 */
export class Session {
  readonly #options: SessionOptions;
  #token: (Token & { readonly refreshAt: number }) | undefined;
  #pending: Promise<Token> | undefined;
  /** Why no token can be had any more: later requests fail with it at once. */
  #refused: AuditError | undefined;
  #futile = 0;
  /** Proves possession of a key, once the server has asked for it. */
  #dpop: oauth.DPoPHandle | undefined;

  constructor(options: SessionOptions) {
    this.#options = options;
  }

  /**
   * Sends a request with the run's token. An answer of 401 means that a new token did not help either.
   *
   * @throws RequestError where no token can be had; it has been retried and must not be retried again.
   */
  async send(request: Request, signal: AbortSignal): Promise<Answer> {
    const token = await this.token(signal);
    const answer = await this.#sendWith(token, request, signal);
    const { login } = this.#options.access;
    if (answer.status !== 401 || login.by === 'access-token' || this.#futile >= FUTILE_RENEWALS)
      return answer;
    if (this.#token?.value === token.value) this.#token = undefined;
    const second = await this.#sendWith(await this.token(signal), request, signal);
    if (second.status === 401) this.#futile += 1;
    return second;
  }

  /** The run's token, requested where there is none yet. Throws as {@link send} does. */
  async token(signal: AbortSignal): Promise<Token> {
    const { access, now } = this.#options;
    const { login } = access;
    if (login.by === 'access-token')
      return { value: login.accessToken, type: 'bearer', expiresIn: undefined };
    if (this.#token && now() < this.#token.refreshAt) return this.#token;
    this.#pending ??= this.#renew(login, signal).finally(() => {
      this.#pending = undefined;
    });
    return this.#pending;
  }

  async #renew(login: MintingLogin, signal: AbortSignal): Promise<Token> {
    if (this.#refused) throw this.#refused;
    const { limits, log, now, onRetry } = this.#options;
    let asked = now();
    const ask = () => {
      asked = now();
      return this.#mint(login, signal);
    };
    try {
      const token = await withRetries(ask, limits, signal, (error, delay) => {
        log.info({ call: 'token', status: error.status, delay }, 'will try again');
        onRetry?.();
      });
      const life = (token.expiresIn && token.expiresIn > 0 ? token.expiresIn : ASSUMED_LIFE) * 1000;
      this.#token = { ...token, refreshAt: asked + life - Math.min(EARLY, life / 5) };
      return this.#token;
    } catch (error) {
      if (!(error instanceof RequestError)) throw error;
      const { code, message, hint, status } = error;
      this.#refused = new RequestError(code, message, hint, { status, cause: error });
      throw this.#refused;
    }
  }

  async #mint(login: MintingLogin, signal: AbortSignal): Promise<Token> {
    const { now } = this.#options;
    // At most three: without proof, with proof, and with the nonce that the server then asks for.
    for (let left = 2; ; left -= 1) {
      try {
        return await requestToken(login, { ...this.#options, signal, dpop: this.#dpop });
      } catch (error) {
        if (left === 0 || !wantsProof(error) || (this.#dpop && !isNonceError(error))) throw error;
        this.#dpop ??= oauth.DPoP(
          { [oauth.clockSkew]: Math.round((now() - Date.now()) / 1000) },
          await oauth.generateKeyPair('ES256'),
        );
      }
    }
  }

  async #sendWith({ value, type }: Token, request: Request, signal: AbortSignal): Promise<Answer> {
    const { transport } = this.#options;
    if (type === 'dpop' && this.#dpop)
      return sendWithProof(value, this.#dpop, request, { transport, signal });
    const headers = { ...request.headers, authorization: `Bearer ${value}` };
    return transport({ ...request, headers }, signal);
  }
}

async function sendWithProof(
  token: string,
  DPoP: oauth.DPoPHandle,
  request: Request,
  way: Pick<Minting, 'transport' | 'signal'>,
  again = true,
): Promise<Answer> {
  const { method, url, headers, body = null } = request;
  try {
    const response = await oauth.protectedResourceRequest(token, method, url, new Headers(headers), body, {
      DPoP,
      [oauth.customFetch]: asFetch(way),
      [oauth.allowInsecureRequests]: isLoopback(url.hostname),
    });
    return { status: response.status, headers: response.headers, body: await response.text() };
  } catch (error) {
    if (again && oauth.isDPoPNonceError(error)) return sendWithProof(token, DPoP, request, way, false);
    if (error instanceof oauth.WWWAuthenticateChallengeError)
      return { status: error.status, headers: error.response.headers, body: await error.response.text() };
    throw error;
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

/** The logins that a token must be requested for. */
type MintingLogin = Exclude<Login, { by: 'access-token' }>;

/** What a token request needs besides the login. */
interface Minting extends Pick<SessionOptions, 'access' | 'transport' | 'now' | 'hide'> {
  readonly signal: AbortSignal;
  readonly dpop: oauth.DPoPHandle | undefined;
}

/**
 * Requests an access token.
 *
 * @throws RequestError with the OAuth error; its `cause` is oauth4webapi's.
 */
async function requestToken(login: MintingLogin, minting: Minting): Promise<Token> {
  const { access, dpop, now, hide } = minting;
  const { origin } = access;
  const server: oauth.AuthorizationServer = { issuer: origin, token_endpoint: `${origin}/auth/v1/token` };
  const client: oauth.Client = { client_id: login.clientId };
  const endpoint = `POST ${new URL(origin).host}/auth/v1/token`;
  const send = asFetch(minting);
  // Not every error of oauth4webapi carries the answer.
  let answered: Response | undefined;
  const options = {
    ...(dpop ? { DPoP: dpop } : {}),
    async [oauth.customFetch](...[url, init]: Parameters<typeof send>) {
      // Whoever sees the assertion may use it for minutes.
      const assertion = new URLSearchParams(String(init.body ?? '')).get('client_assertion');
      if (assertion) hide(assertion);
      answered = await send(url, init);
      return answered;
    },
    // oauth4webapi would then take http to any host; only loopback gets this far (see readEnvironment).
    [oauth.allowInsecureRequests]: isLoopback(new URL(origin).hostname),
  };
  try {
    const [auth, grant, parameters] = await proofOf(login, minting);
    const response = await oauth.genericTokenEndpointRequest(
      server,
      client,
      auth,
      grant,
      parameters,
      options,
    );
    const answer = await oauth.processGenericTokenEndpointResponse(server, client, response);
    return readToken(answer, endpoint, minting);
  } catch (error) {
    if (error instanceof AuditError) throw error;
    const date = login.by === 'client-secret' ? answered?.headers.get('date') : undefined;
    const hint = () => clockHint(date, now()) ?? hintFor(login);
    throw tokenError(error, answered, hint, now(), endpoint);
  }
}

/** How the client proves itself, the grant and its parameters. */
async function proofOf(
  login: MintingLogin,
  minting: Minting,
): Promise<[oauth.ClientAuth, string, Record<string, string>]> {
  if (login.by === 'client-secret') return [await assertion(login, minting), 'client_credentials', {}];
  const token = {
    subject_token: await subjectToken(login, minting),
    subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
  };
  return [oauth.None(), 'urn:ietf:params:oauth:grant-type:token-exchange', token];
}

function readToken(answer: oauth.TokenEndpointResponse, endpoint: string, { hide, dpop }: Minting): Token {
  const value = answer.access_token.replace(/^bearer\s+/i, '');
  const type = answer.token_type === 'dpop' ? 'dpop' : 'bearer';
  refuseShortToken(value, endpoint);
  hide(value);
  // Whoever bound the token to a key, it was not ours: it would be used without proof, or not work at all.
  if (type === 'dpop' && !dpop)
    throw notTheTenant(
      'auth',
      `${endpoint} answered with a DPoP token, although no proof of possession was sent.`,
    );
  return { value, type, expiresIn: answer.expires_in };
}

/** A shorter text cannot be hidden without hiding other words as well. */
function refuseShortToken(token: string, call: string): void {
  if (token.length >= SHORTEST_SECRET) return;
  throw notTheTenant(
    'auth',
    `${call} answered with a token of fewer than ${SHORTEST_SECRET} characters: too short to be hidden in what c1-audit prints.`,
  );
}

async function assertion(
  { clientSecret, names }: Extract<Login, { by: 'client-secret' }>,
  { access, now }: Minting,
): Promise<oauth.ClientAuth> {
  const key = await readClientSecret(clientSecret, names.clientSecret);
  return oauth.PrivateKeyJwt(key, {
    [oauth.modifyAssertion](header, payload) {
      // RFC 9864 renames this algorithm to "Ed25519"; ConductorOne knows it as "EdDSA" only.
      header.alg = 'EdDSA';
      const seconds = Math.floor(now() / 1000);
      payload.aud = [access.tenant];
      payload.iat = seconds;
      payload.nbf = seconds - ASSERTION_SECONDS;
      payload.exp = seconds + ASSERTION_SECONDS;
    },
  });
}

/** The identity token to exchange: given, or a fresh one from GitHub, since each lives for minutes only. */
async function subjectToken(
  login: Extract<Login, { by: 'oidc-token' | 'github-oidc' }>,
  { transport, signal, access, hide, now }: Minting,
): Promise<string> {
  if (login.by === 'oidc-token') return login.oidcToken;
  const url = new URL(login.requestUrl);
  url.searchParams.set('audience', access.tenant);
  const headers = { authorization: `Bearer ${login.requestToken}`, accept: 'application/json' };
  const request = { method: 'GET' as const, url, headers };
  const answer = await transport(request, signal);
  const { status } = answer;
  const value = oidcTokenIn(answer);
  if (value === undefined) {
    throw new RequestError(
      'auth',
      `${describe(request)} answered ${status} without an OIDC token from GitHub.`,
      'Check that the job has "permissions: id-token: write".',
      {
        status,
        retryable: isPassing(status),
        retryAfter: readRetryAfter(answer.headers.get('retry-after'), now()),
      },
    );
  }
  refuseShortToken(value, describe(request));
  hide(value);
  return value;
}

function oidcTokenIn({ status, body }: Answer): string | undefined {
  if (status !== 200) return undefined;
  try {
    const { value } = JSON.parse(body) as { value?: unknown };
    return typeof value === 'string' && value !== '' ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Statuses that come without a body, which `Response` insists on. */
const BODILESS = new Set([204, 205]);

/** The transport in the form that oauth4webapi needs. */
function asFetch({ transport, signal }: Pick<Minting, 'transport' | 'signal'>) {
  return async (url: string, init: { method: string; headers: Record<string, string>; body?: unknown }) => {
    const body = init.body === undefined || init.body === null ? undefined : String(init.body);
    const method = init.method === 'POST' ? ('POST' as const) : ('GET' as const);
    const request = { method, url: new URL(url), headers: init.headers, body };
    const { status, headers, body: text } = await transport(request, signal);
    if (status > 599)
      throw notTheTenant(
        'api',
        `${describe(request)} answered ${status}, which is not an HTTP status${requestId(headers)}.`,
        status,
      );
    return new Response(BODILESS.has(status) ? null : text, { status, headers: [...headers] });
  };
}

function hintFor(login: MintingLogin): string {
  if (login.by === 'client-secret') {
    const { clientId, clientSecret } = login.names;
    return `Check that ${inSentence(clientId)} and ${inSentence(clientSecret)} belong together, and that the credential was not revoked, has not expired and allows this network.`;
  }
  const trust =
    'Check that CONDUCTORONE_CLIENT_ID names an enabled federation trust whose condition admits this workload';
  return login.by === 'github-oidc'
    ? `${trust}.`
    : `${trust}, and that CONDUCTORONE_OIDC_TOKEN is fresh: it is good for one exchange within ten minutes. In GitHub Actions leave it unset, and each exchange gets a token of its own.`;
}

const inSentence = (name: string): string => name.replace(/^The /, 'the ');
