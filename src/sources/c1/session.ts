import * as oauth from 'oauth4webapi';
import type { Logger } from 'pino';
import { AuditError } from '../../errors.js';
import { isLoopback } from '../../fetch.js';
import { readClientSecret } from './access.js';
import { certainSkew, SET_CLOCK, skewFrom, skewWords } from './clock.js';
import type { Login, TenantAccess } from './environment.js';
import {
  type Answer,
  describe,
  oneLine,
  type Request,
  RequestError,
  type RetryLimits,
  readRetryAfter,
  requestId,
  type Transport,
  withRetries,
} from './http.js';

/** An access token and how it is used. */
interface Token {
  readonly value: string;
  readonly type: 'bearer' | 'dpop';
  /** Seconds from when it was asked for; undefined where the server did not say. */
  readonly expiresIn: number | undefined;
}

interface GrantContext {
  readonly origin: string;
  /** Host without port: the audience. */
  readonly tenant: string;
  readonly transport: Transport;
  readonly signal: AbortSignal;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Sent along once the server has asked for proof of possession. */
  readonly dpop: oauth.DPoPHandle | undefined;
  /** Told every secret that comes to be, before it goes anywhere. */
  readonly hide: (secret: string) => void;
}

/** How long an assertion holds before and after now, in seconds; ConductorOne accepts five minutes in all. */
export const ASSERTION_SECONDS = 120;

/**
 * Asks the token endpoint for an access token.
 *
 * @throws RequestError with the OAuth error; its `cause` is oauth4webapi's.
 */
async function requestToken(
  login: Exclude<Login, { by: 'access-token' }>,
  context: GrantContext,
): Promise<Token> {
  const { origin, dpop } = context;
  const server: oauth.AuthorizationServer = { issuer: origin, token_endpoint: `${origin}/auth/v1/token` };
  const client: oauth.Client = { client_id: login.clientId };
  let answered: Response | undefined;
  const options = {
    ...(dpop ? { DPoP: dpop } : {}),
    [oauth.customFetch]: watchedFetch(context, (response) => {
      answered = response;
    }),
    // oauth4webapi would then take http to any host; only loopback gets this far (see readEnvironment).
    [oauth.allowInsecureRequests]: isLoopback(new URL(origin).hostname),
  };
  try {
    const response =
      login.by === 'client-secret'
        ? await oauth.clientCredentialsGrantRequest(
            server,
            client,
            await assertion(login, context),
            {},
            options,
          )
        : await oauth.genericTokenEndpointRequest(
            server,
            client,
            oauth.None(),
            'urn:ietf:params:oauth:grant-type:token-exchange',
            {
              subject_token: await subjectToken(login, context),
              subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
            },
            options,
          );
    const answer = await oauth.processGenericTokenEndpointResponse(server, client, response);
    const value = answer.access_token.replace(/^bearer\s+/i, '');
    context.hide(value);
    // Whoever bound the token to a key, it was not ours: it would be used without proof, or not work at all.
    if (answer.token_type === 'dpop' && !dpop)
      throw new RequestError(
        'auth',
        `${tokenCall(origin)} answered with a DPoP token, although no proof of possession was sent.`,
        'Check that CONDUCTORONE_SERVER_URL or CONDUCTORONE_TENANT_DOMAIN names a ConductorOne tenant and that nothing in between rewrites answers.',
        { status: answered?.status },
      );
    return { value, type: answer.token_type === 'dpop' ? 'dpop' : 'bearer', expiresIn: answer.expires_in };
  } catch (error) {
    throw toRequestError(error, answered, login, context.now(), tokenCall(origin));
  }
}

/** How messages call the token request. */
function tokenCall(origin: string): string {
  return `POST ${new URL(origin).host}/auth/v1/token`;
}

async function assertion(
  { clientSecret, names }: Extract<Login, { by: 'client-secret' }>,
  { tenant, now }: GrantContext,
): Promise<oauth.ClientAuth> {
  const key = await readClientSecret(clientSecret, names.clientSecret);
  return oauth.PrivateKeyJwt(key, {
    [oauth.modifyAssertion](header, payload) {
      // RFC 9864 renames this algorithm to "Ed25519"; ConductorOne knows it as "EdDSA" alone.
      header.alg = 'EdDSA';
      const seconds = Math.floor(now() / 1000);
      payload.aud = [tenant];
      payload.iat = seconds;
      payload.nbf = seconds - ASSERTION_SECONDS;
      payload.exp = seconds + ASSERTION_SECONDS;
    },
  });
}

/** The identity token to exchange: given, or a fresh one from GitHub, since each lives for minutes only. */
async function subjectToken(
  login: Extract<Login, { by: 'oidc-token' | 'github-oidc' }>,
  { transport, signal, tenant, hide, now }: GrantContext,
): Promise<string> {
  if (login.by === 'oidc-token') return login.oidcToken;
  const url = new URL(login.requestUrl);
  url.searchParams.set('audience', tenant);
  const headers = { authorization: `Bearer ${login.requestToken}`, accept: 'application/json' };
  const request = { method: 'GET' as const, url, headers };
  const answer = await transport(request, signal);
  const value = tokenIn(answer);
  if (value === undefined) {
    throw new RequestError(
      'auth',
      `${describe(request)} answered ${answer.status}, and with no OIDC token of GitHub's.`,
      'Check that the job has "permissions: id-token: write".',
      {
        status: answer.status,
        retryable: answer.status >= 500 || answer.status === 429,
        retryAfter: readRetryAfter(answer.headers.get('retry-after'), now()),
      },
    );
  }
  hide(value);
  return value;
}

function tokenIn(answer: Answer): string | undefined {
  if (answer.status !== 200) return undefined;
  try {
    const { value } = JSON.parse(answer.body) as { value?: unknown };
    return typeof value === 'string' && value !== '' ? value : undefined;
  } catch {
    return undefined;
  }
}

/**
 * {@link asFetch} that tells the answer, which not every error of oauth4webapi has with it, and hides the assertion
 * before it is sent: whoever sees it may use it for minutes.
 */
function watchedFetch(
  context: GrantContext,
  onAnswer: (response: Response) => void,
): ReturnType<typeof asFetch> {
  const send = asFetch(context);
  return async (url, init) => {
    const assertion = new URLSearchParams(String(init.body ?? '')).get('client_assertion');
    if (assertion) context.hide(assertion);
    const response = await send(url, init);
    onAnswer(response);
    return response;
  };
}

/** Statuses that come without a body, which `Response` insists on. */
const BODILESS = new Set([204, 205]);

/** The transport in the form oauth4webapi asks for. */
function asFetch({ transport, signal }: Pick<GrantContext, 'transport' | 'signal'>) {
  return async (url: string, init: { method: string; headers: Record<string, string>; body?: unknown }) => {
    const body = init.body === undefined || init.body === null ? undefined : String(init.body);
    const method = init.method === 'POST' ? ('POST' as const) : ('GET' as const);
    const request = { method, url: new URL(url), headers: init.headers, body };
    const { status, headers, body: text } = await transport(request, signal);
    if (status > 599) {
      throw new RequestError(
        'api',
        `${describe(request)} answered ${status}, which is no HTTP status${requestId(headers)}.`,
        'Check the address, and what stands between here and the tenant.',
        { status },
      );
    }
    return new Response(BODILESS.has(status) ? null : text, { status, headers });
  };
}

function toRequestError(
  error: unknown,
  response: Response | undefined,
  login: Login,
  now: number,
  endpoint: string,
): AuditError {
  if (error instanceof AuditError) return error;
  const status = response?.status;
  const id = response ? requestId(response.headers) : '';
  if (error instanceof oauth.ResponseBodyError || error instanceof oauth.WWWAuthenticateChallengeError) {
    const said =
      error instanceof oauth.ResponseBodyError
        ? oneLine([error.error, error.error_description].filter(Boolean).join(': '))
        : 'the credential was refused';
    // 429 and 5xx may carry an OAuth error as well.
    if (!isPassing(status)) {
      const about = { status, cause: error };
      const hint = clockHint(login, response, now) ?? hintFor(login);
      return new RequestError('auth', `${endpoint} answered ${status}: ${said}${id}.`, hint, about);
    }
  }
  if (isPassing(status)) {
    return new RequestError('auth', `${endpoint} answered ${status}${id}.`, 'Try again later.', {
      status,
      retryable: true,
      retryAfter: readRetryAfter(response?.headers.get('retry-after') ?? null, now),
      cause: error,
    });
  }
  const cutOff = error instanceof oauth.OperationProcessingError && error.code === oauth.PARSE_ERROR;
  return new RequestError(
    'auth',
    cutOff
      ? `${endpoint} answered ${status ?? 200} with JSON that is cut off or broken${id}.`
      : `${endpoint} gave an answer that is no OAuth token response${status === undefined ? '' : ` (status ${status})`}${id}.`,
    'Check that CONDUCTORONE_SERVER_URL or CONDUCTORONE_TENANT_DOMAIN names a ConductorOne tenant.',
    { status, retryable: cutOff, cause: error },
  );
}

function isPassing(status: number | undefined): boolean {
  return status === 408 || status === 429 || (status !== undefined && status >= 500 && status !== 501);
}

/** An assertion is good for minutes: by a wrong clock the right credential is refused. */
function clockHint(login: Login, response: Response | undefined, now: number): string | undefined {
  const range = skewFrom(response?.headers.get('date') ?? null, now, now);
  const skew = range ? certainSkew(range) : 0;
  if (login.by !== 'client-secret' || Math.abs(skew) < ASSERTION_SECONDS * 1000) return undefined;
  return `This machine's clock is ${skewWords(skew)} the date of that answer, and a signed assertion is valid for minutes. ${SET_CLOCK}`;
}

function hintFor(login: Login): string {
  if (login.by === 'client-secret') {
    const { clientId, clientSecret } = login.names;
    return `Check that ${lowerFirst(clientId)} and ${lowerFirst(clientSecret)} belong together, and that the credential was not revoked, has not expired and allows this network.`;
  }
  const trust =
    'Check that CONDUCTORONE_CLIENT_ID names an enabled federation trust whose condition admits this workload';
  return login.by === 'github-oidc'
    ? `${trust}.`
    : `${trust}, and that CONDUCTORONE_OIDC_TOKEN is fresh: it is good for one exchange within ten minutes. In GitHub Actions leave it unset, and each exchange gets a token of its own.`;
}

/** "The client-id of …" in the middle of a sentence. */
function lowerFirst(text: string): string {
  return text.startsWith('The ') ? `the ${text.slice(4)}` : text;
}

/** Refresh this long before the end (ms), but never earlier than in the last fifth of a token's life. */
const EARLY = 30_000;
/** The life of a token whose server does not tell it, in seconds: the shortest that ConductorOne gives is twice as long. */
const UNTOLD_LIFE = 300;
/** New tokens after a 401 that did not help, until no more are asked for: the refusal is not the token's fault. */
const FUTILE_RENEWALS = 3;

interface SessionOptions {
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
