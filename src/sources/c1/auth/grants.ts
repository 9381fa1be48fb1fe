import * as oauth from 'oauth4webapi';
import { AuditError } from '../../../errors.js';
import { isLoopback, type Login } from '../environment.js';
import { RequestError } from '../request-error.js';
import { readRetryAfter } from '../retry.js';
import type { Answer, Transport } from '../transport.js';
import { readClientSecret } from './client-secret.js';

/** An access token and how it is used. */
export interface Token {
  readonly value: string;
  readonly type: 'bearer' | 'dpop';
  /** Seconds from when it was asked for; undefined where the server did not say. */
  readonly expiresIn: number | undefined;
}

export interface GrantContext {
  readonly origin: string;
  /** Host without port: the audience. */
  readonly tenant: string;
  readonly transport: Transport;
  readonly signal: AbortSignal;
  /** Sent along once the server has asked for proof of possession. */
  readonly dpop: oauth.DPoPHandle | undefined;
  /** Told every secret that comes to be, before it goes anywhere. */
  readonly hide: (secret: string) => void;
}

/** How long an assertion holds before and after now, in seconds; ConductorOne accepts five minutes in all. */
const ASSERTION_SECONDS = 120;

/**
 * Asks the token endpoint for an access token.
 *
 * @throws RequestError with the OAuth error; its `cause` is oauth4webapi's.
 */
export async function requestToken(
  login: Exclude<Login, { by: 'access-token' }>,
  context: GrantContext,
): Promise<Token> {
  const { origin, dpop } = context;
  const server: oauth.AuthorizationServer = { issuer: origin, token_endpoint: `${origin}/auth/v1/token` };
  const client: oauth.Client = { client_id: login.clientId };
  const options = {
    ...(dpop ? { DPoP: dpop } : {}),
    [oauth.customFetch]: asFetch(context),
    // oauth4webapi would then take http to any host; only loopback gets this far (see readEnvironment).
    [oauth.allowInsecureRequests]: isLoopback(new URL(origin).hostname),
  };
  try {
    const response =
      login.by === 'client-secret'
        ? await oauth.clientCredentialsGrantRequest(
            server,
            client,
            await assertion(login.clientSecret, context),
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
    return { value, type: answer.token_type === 'dpop' ? 'dpop' : 'bearer', expiresIn: answer.expires_in };
  } catch (error) {
    throw toRequestError(error, login, `POST ${new URL(origin).host}/auth/v1/token`);
  }
}

async function assertion(clientSecret: string, { tenant }: GrantContext): Promise<oauth.ClientAuth> {
  const key = await readClientSecret(clientSecret);
  return oauth.PrivateKeyJwt(key, {
    [oauth.modifyAssertion](header, payload) {
      // RFC 9864 renames this algorithm to "Ed25519"; ConductorOne knows it as "EdDSA" alone.
      header.alg = 'EdDSA';
      const now = Math.floor(Date.now() / 1000);
      payload.aud = [tenant];
      payload.iat = now;
      payload.nbf = now - ASSERTION_SECONDS;
      payload.exp = now + ASSERTION_SECONDS;
    },
  });
}

/** The identity token to exchange: given, or a fresh one from GitHub, since each lives for minutes only. */
async function subjectToken(
  login: Extract<Login, { by: 'oidc-token' | 'github-oidc' }>,
  { transport, signal, tenant, hide }: GrantContext,
): Promise<string> {
  if (login.by === 'oidc-token') return login.oidcToken;
  const url = new URL(login.requestUrl);
  url.searchParams.set('audience', tenant);
  const answer = await transport(
    {
      method: 'GET',
      url,
      headers: { authorization: `Bearer ${login.requestToken}`, accept: 'application/json' },
    },
    signal,
  );
  const value = tokenIn(answer);
  if (value === undefined) {
    throw new RequestError(
      'auth',
      `GitHub gave no OIDC token (status ${answer.status}).`,
      'Check that the job has "permissions: id-token: write".',
      { status: answer.status, retryable: answer.status >= 500 || answer.status === 429 },
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

/** The transport in the form oauth4webapi asks for. */
export function asFetch({ transport, signal }: Pick<GrantContext, 'transport' | 'signal'>) {
  return async (url: string, init: { method: string; headers: Record<string, string>; body?: unknown }) => {
    const body = init.body === undefined || init.body === null ? undefined : String(init.body);
    const answer = await transport(
      { method: init.method === 'POST' ? 'POST' : 'GET', url: new URL(url), headers: init.headers, body },
      signal,
    );
    return new Response(answer.status === 204 ? null : answer.body, {
      status: answer.status,
      headers: answer.headers,
    });
  };
}

function toRequestError(error: unknown, login: Login, endpoint: string): AuditError {
  if (error instanceof AuditError) return error;
  const status = statusOf(error);
  if (error instanceof oauth.ResponseBodyError || error instanceof oauth.WWWAuthenticateChallengeError) {
    const said =
      error instanceof oauth.ResponseBodyError
        ? [error.error, error.error_description].filter(Boolean).join(': ')
        : 'the credential was refused';
    return new RequestError('auth', `${endpoint} answered ${status}: ${said}.`, hintFor(login), {
      ...(status === undefined ? {} : { status }),
      retryable: false,
      cause: error,
    });
  }
  if (status !== undefined && (status === 429 || status >= 500)) {
    const response = responseOf(error);
    return new RequestError('auth', `${endpoint} answered ${status}.`, 'Try again later.', {
      status,
      retryable: true,
      retryAfter: readRetryAfter(response?.headers.get('retry-after') ?? null, Date.now()),
      cause: error,
    });
  }
  return new RequestError(
    'auth',
    `${endpoint} gave an answer that is no OAuth token response${status === undefined ? '' : ` (status ${status})`}.`,
    'Check that CONDUCTORONE_SERVER_URL or CONDUCTORONE_TENANT_DOMAIN names a ConductorOne tenant.',
    { ...(status === undefined ? {} : { status }), cause: error },
  );
}

function responseOf(error: unknown): Response | undefined {
  if (error instanceof oauth.ResponseBodyError || error instanceof oauth.WWWAuthenticateChallengeError)
    return error.response;
  const cause = error instanceof Error ? error.cause : undefined;
  if (cause instanceof Response) return cause;
  const inner = (cause as { response?: unknown } | undefined)?.response;
  return inner instanceof Response ? inner : undefined;
}

function statusOf(error: unknown): number | undefined {
  return responseOf(error)?.status;
}

function hintFor(login: Login): string {
  if (login.by === 'client-secret')
    return 'Check that CONDUCTORONE_CLIENT_ID and CONDUCTORONE_CLIENT_SECRET belong together, and that the credential was not revoked, has not expired and allows this network.';
  return 'Check that CONDUCTORONE_CLIENT_ID names an enabled federation trust whose condition admits this workload.';
}
