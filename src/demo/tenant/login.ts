import { createHash } from 'node:crypto';
import { Permission, type Role, type TenantData } from '../records.js';
import { apiError, Code, oauthError, type Refusal, type Reply } from './errors.js';
import { isSignedBy, type Jwk, parseJws, thumbprint } from './jws.js';
import { find, findById, findByIds } from './paging.js';
import type { Caller, Session, State } from './state.js';

/** Seconds that clocks may differ by. */
const SKEW = 60;
/** Seconds that an assertion may last. */
const MAX_LIFETIME = 300;

/**
 * Checks that `assertion` was made by the client `clientId`, for this tenant, now.
 *
 * @throws Refusal 401 `invalid_client`
 */
async function verifyAssertion(state: State, clientId: string, assertion: string): Promise<void> {
  const refuse = (why: string) => oauthError(401, 'invalid_client', `client assertion: ${why}`);
  const jws = parseJws(assertion);
  if (!jws) throw refuse('malformed');
  if (jws.header.alg !== 'EdDSA') throw refuse('alg must be EdDSA');
  const key = state.clientKeys.get(clientId);
  if (!key || !(await isSignedBy(jws, 'EdDSA', key))) throw refuse('the signature does not verify');

  const { iss, sub, aud, iat, nbf, exp } = jws.claims;
  if (iss !== clientId || sub !== clientId) throw refuse('iss and sub must be the client id');
  if (!isMeantFor(aud, state.audience)) throw refuse('aud is not this tenant');
  if (typeof iat !== 'number' || typeof exp !== 'number') throw refuse('iat and exp are required');
  if (nbf !== undefined && typeof nbf !== 'number') throw refuse('nbf is no date');
  const now = state.now() / 1000;
  if (iat > now + SKEW || (nbf !== undefined && nbf > now + SKEW)) throw refuse('not valid yet');
  if (exp <= now - SKEW) throw refuse('expired');
  if (exp - iat > MAX_LIFETIME) throw refuse('valid for more than five minutes');
}

/** True where an `aud` claim, one or several, names `audience`. */
function isMeantFor(aud: unknown, audience: string): boolean {
  return Array.isArray(aud) ? aud.includes(audience) : aud === audience;
}

/** What follows the slash of a client id, by kind of credential. */
const SUFFIXES = {
  'personal-client': 'pcc',
  'service-principal-credential': 'spc',
  'federation-trust': 'wfe',
} as const;

export type ClientKind = keyof typeof SUFFIXES;

/** A credential as the token endpoint sees it. */
interface Client {
  readonly kind: ClientKind;
  readonly clientId: string;
  readonly principalId: string;
  readonly scopedRoleIds: readonly string[];
  /** Why it lets nobody in, or undefined. */
  readonly barred: string | undefined;
  readonly requireDpop: boolean;
}

/**
 * `<name>@<host>/<suffix>`, from a bare name or from an id that is whole already.
 *
 * @param host without port, as in the ids of a real tenant: an id is the same whatever port the tenant listens on
 */
export function fullClientId(nameOrId: string, host: string, kind: ClientKind): string {
  return nameOrId.includes('@') ? nameOrId : `${nameOrId}@${host}/${SUFFIXES[kind]}`;
}

/** The credential with this whole client id. */
export function findClient(
  data: TenantData,
  host: string,
  clientId: string,
  now: number,
): Client | undefined {
  const is = (kind: ClientKind) => (record: { readonly clientId: string }) =>
    fullClientId(record.clientId, host, kind) === clientId;
  switch (clientId.slice(clientId.lastIndexOf('/') + 1)) {
    case 'pcc': {
      const client = find(data.personalClients, is('personal-client'));
      return (
        client && {
          kind: 'personal-client',
          clientId,
          principalId: client.userId,
          scopedRoleIds: client.scopedRoles,
          barred: barred(client.deletedAt, client.expiresTime, now),
          requireDpop: false,
        }
      );
    }
    case 'spc': {
      const credential = find(data.credentials, is('service-principal-credential'));
      return (
        credential && {
          kind: 'service-principal-credential',
          clientId,
          principalId: credential.servicePrincipalId,
          scopedRoleIds: credential.scopedRoleIds,
          barred: barred(null, credential.expiresAt, now),
          requireDpop: credential.requireDpop,
        }
      );
    }
    case 'wfe': {
      const trust = find(data.trusts, is('federation-trust'));
      return (
        trust && {
          kind: 'federation-trust',
          clientId,
          principalId: trust.servicePrincipalId,
          scopedRoleIds: trust.scopedRoleIds,
          barred: trust.disabled ? 'the trust is disabled' : undefined,
          requireDpop: false,
        }
      );
    }
    default:
      return undefined;
  }
}

function barred(deletedAt: string | null, expiresAt: string | null, now: number): string | undefined {
  if (deletedAt !== null) return 'the credential is deleted';
  if (expiresAt !== null && Date.parse(expiresAt) <= now) return 'the credential has expired';
  return undefined;
}

/** Seconds that a proof's `iat` may be off. */
const DPOP_SKEW = 60;

/** Why a proof was not taken. */
class ProofProblem extends Error {
  readonly error: 'invalid_dpop_proof' | 'use_dpop_nonce';

  constructor(error: ProofProblem['error'], description: string) {
    super(description);
    this.name = 'ProofProblem';
    this.error = error;
  }
}

interface ProofContext {
  readonly proof: string;
  readonly method: string;
  readonly path: string;
  /** Given on API calls: the proof must be bound to it. */
  readonly accessToken?: string;
}

/**
 * The thumbprint of the key that made the proof (RFC 9449, section 4.3).
 *
 * @throws ProofProblem
 */
async function verifyProof(state: State, context: ProofContext): Promise<string> {
  const invalid = (description: string) => new ProofProblem('invalid_dpop_proof', description);
  const jws = parseJws(context.proof);
  if (jws?.header.typ !== 'dpop+jwt') throw invalid('the proof is no JWT of type dpop+jwt');
  const { alg, jwk } = jws.header;
  if (alg !== 'ES256' && alg !== 'EdDSA' && alg !== 'Ed25519') throw invalid('unsupported alg');
  if (typeof jwk !== 'object' || jwk === null || 'd' in jwk) throw invalid('jwk is no public key');
  if (!(await isSignedBy(jws, alg, jwk as Jwk))) throw invalid('the signature does not verify');
  const { htm, htu, iat, jti, nonce, ath } = jws.claims;
  if (htm !== context.method) throw invalid('htm is not the method of the request');
  if (typeof htu !== 'string' || !isSameTarget(htu, `http://${state.host}${context.path}`)) {
    throw invalid('htu is not the address of the request');
  }
  if (typeof iat !== 'number' || Math.abs(state.now() / 1000 - iat) > DPOP_SKEW) {
    throw invalid('iat is too far from now');
  }
  if (typeof jti !== 'string' || jti === '') throw invalid('jti is missing');
  if (context.accessToken !== undefined) {
    const expected = createHash('sha256').update(context.accessToken).digest('base64url');
    if (ath !== expected) throw invalid('ath does not match the access token');
  }
  if (state.nonces.required && !state.nonces.accepts(nonce)) {
    throw new ProofProblem('use_dpop_nonce', 'a nonce of this server is required');
  }
  const key = `proof|${jti}`;
  if (state.seen.has(key)) throw invalid('the proof was used before');
  state.seen.add(key);
  return thumbprint(jwk as Jwk);
}

function isSameTarget(htu: string, expected: string): boolean {
  if (!URL.canParse(htu)) return false;
  const url = new URL(htu);
  return url.origin + url.pathname === expected;
}

/** What a condition says of some claims. `error` is empty unless it could not be evaluated. */
interface Verdict {
  readonly matched: boolean;
  readonly error: string;
}

/** Evaluates a trust's condition. The library is loaded when the first condition is. */
export async function evaluateCondition(
  expression: string,
  claims: Readonly<Record<string, unknown>>,
): Promise<Verdict> {
  const { evaluate } = await import('@marcbachmann/cel-js');
  try {
    const result: unknown = evaluate(expression, { claims });
    return typeof result === 'boolean'
      ? { matched: result, error: '' }
      : { matched: false, error: 'the expression must return bool' };
  } catch (cause) {
    return { matched: false, error: cause instanceof Error ? cause.message : String(cause) };
  }
}

/** Seconds. */
const EXCHANGE_SKEW = 60;
const MAX_AGE = 600;

/**
 * Checks that an OIDC token lets its bearer act through the trust `clientId`.
 *
 * @throws Refusal 400 `invalid_grant`
 */
async function verifySubjectToken(state: State, clientId: string, token: string): Promise<void> {
  const refuse = (why: string) => oauthError(400, 'invalid_grant', `subject token: ${why}`);
  const trust = find(
    state.data.trusts,
    (row) => fullClientId(row.clientId, state.audience, 'federation-trust') === clientId,
  );
  const provider = trust && findById(state.data.providers, trust.providerId);
  if (!provider) throw refuse('the trust has no provider');
  if (provider.disabled) throw refuse('the provider is disabled');

  const jws = parseJws(token);
  if (!jws) throw refuse('malformed');
  const { iss, aud, iat, nbf, exp, jti } = jws.claims;
  if (iss !== provider.issuerUrl) throw refuse('iss is not the issuer of the provider');
  const key = state.issuerKeys.get(provider.issuerUrl);
  const { alg } = jws.header;
  if (!key || typeof alg !== 'string' || !(await isSignedBy(jws, alg, key))) {
    throw refuse('the signature does not verify');
  }
  if (!isMeantFor(aud, state.audience)) throw refuse('aud is not this tenant');
  const now = state.now() / 1000;
  if (typeof iat !== 'number' || typeof exp !== 'number') throw refuse('iat and exp are required');
  if (iat > now + EXCHANGE_SKEW || (typeof nbf === 'number' && nbf > now + EXCHANGE_SKEW))
    throw refuse('not valid yet');
  if (exp <= now) throw refuse('expired');
  if (now - iat > MAX_AGE) throw refuse('older than ten minutes');
  const used = `oidc|${typeof jti === 'string' ? jti : token}`;
  if (state.seen.has(used)) throw refuse('used before');
  const { matched } = await evaluateCondition(trust.conditionExpression, jws.claims);
  if (!matched) throw refuse('the condition of the trust does not match its claims');
  state.seen.add(used);
}

export const TOKEN_PATH = '/auth/v1/token';

const JWT_BEARER = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
const JWT = 'urn:ietf:params:oauth:token-type:jwt';

interface TokenRequest {
  readonly form: URLSearchParams;
  /** The value of the `DPoP` header, if there is one. */
  readonly proof: string | undefined;
}

/**
 * Answers a token request: a signed assertion, or an OIDC token to be exchanged.
 *
 * @throws Refusal with an OAuth error body
 */
export async function answerTokenRequest(state: State, request: TokenRequest): Promise<Reply> {
  const { form } = request;
  for (const name of new Set(form.keys())) {
    if (form.getAll(name).length > 1) throw oauthError(400, 'invalid_request', `${name} is given twice`);
  }
  const client = await authenticate(state, form);
  const keyThumbprint = await proofOfPossession(state, client, request.proof);
  const seconds = lifetime(state, client);
  const token = state.sessions.open({
    clientId: client.clientId,
    principalId: client.principalId,
    scopedRoleIds: client.scopedRoleIds,
    expiresAt: state.now() + seconds * 1000,
    keyThumbprint,
  });
  const fresh = state.nonces.required && keyThumbprint ? { 'dpop-nonce': state.nonces.next() } : {};
  return {
    status: 200,
    headers: { 'cache-control': 'no-store', ...fresh },
    json: {
      access_token: token,
      token_type: keyThumbprint === undefined ? 'bearer' : 'DPoP',
      expires_in: seconds,
    },
  };
}

async function authenticate(state: State, form: URLSearchParams): Promise<Client> {
  const grant = required(form, 'grant_type');
  if (grant !== 'client_credentials' && grant !== EXCHANGE) {
    throw oauthError(400, 'unsupported_grant_type', 'client_credentials or token exchange');
  }
  const clientId = required(form, 'client_id');
  const client = findClient(state.data, state.audience, clientId, state.now());
  if (grant === EXCHANGE) {
    if (required(form, 'subject_token_type') !== JWT) {
      throw oauthError(400, 'invalid_request', `subject_token_type must be ${JWT}`);
    }
    const subjectToken = required(form, 'subject_token');
    if (client?.kind !== 'federation-trust') throw oauthError(401, 'invalid_client', 'unknown trust');
    if (client.barred) throw oauthError(400, 'invalid_grant', client.barred);
    await verifySubjectToken(state, clientId, subjectToken);
    return admitted(state, client);
  }
  if (required(form, 'client_assertion_type') !== JWT_BEARER) {
    throw oauthError(400, 'invalid_request', `client_assertion_type must be ${JWT_BEARER}`);
  }
  const assertion = required(form, 'client_assertion');
  if (!client || client.kind === 'federation-trust') {
    throw oauthError(401, 'invalid_client', 'unknown client');
  }
  // Before the word about deletion or expiry, which is for nobody but the key's holder.
  await verifyAssertion(state, clientId, assertion);
  if (client.barred) throw oauthError(401, 'invalid_client', client.barred);
  return admitted(state, client);
}

/** A disabled or deleted principal gets in through none of its credentials. */
function admitted(state: State, client: Client): Client {
  const user = findById(state.data.users, client.principalId);
  if (!user || user.deletedAt !== null || user.status === 'DISABLED' || user.status === 'DELETED') {
    throw oauthError(401, 'invalid_client', 'the principal of this client is not active');
  }
  return client;
}

async function proofOfPossession(
  state: State,
  client: Client,
  proof: string | undefined,
): Promise<string | undefined> {
  if (proof === undefined) {
    if (!client.requireDpop) return undefined;
    throw oauthError(400, 'invalid_dpop_proof', 'this client must prove possession of a key (DPoP)');
  }
  try {
    return await verifyProof(state, { proof, method: 'POST', path: TOKEN_PATH });
  } catch (problem) {
    if (!(problem instanceof ProofProblem)) throw problem;
    const fresh = problem.error === 'use_dpop_nonce' ? { 'dpop-nonce': state.nonces.next() } : undefined;
    throw oauthError(400, problem.error, problem.message, fresh);
  }
}

function lifetime({ lifetimes }: State, { kind }: Client): number {
  if (kind === 'personal-client') return lifetimes.personalClient;
  return kind === 'federation-trust' ? lifetimes.exchange : lifetimes.servicePrincipal;
}

function required(form: URLSearchParams, name: string): string {
  const value = form.get(name);
  if (value === null || value === '') throw oauthError(400, 'invalid_request', `${name} is missing`);
  return value;
}

interface Authorization {
  readonly authorization: string | undefined;
  readonly proof: string | undefined;
  readonly method: string;
  readonly path: string;
}

/**
 * The caller behind the `Authorization` header.
 *
 * @throws Refusal 401
 */
export async function authorize(state: State, request: Authorization): Promise<Caller> {
  const [scheme = '', token = ''] = (request.authorization ?? '').split(' ');
  const isDpop = scheme.toLowerCase() === 'dpop';
  if (token === '' || (!isDpop && scheme.toLowerCase() !== 'bearer')) {
    throw unauthenticated('no access token', 'Bearer');
  }
  const session = state.sessions.find(token, state.now());
  if (!session) {
    throw unauthenticated('the access token is invalid or has expired', challenge(isDpop, 'invalid_token'));
  }
  await checkBinding(state, request, session, token, isDpop);
  return callerOf(state, session);
}

/** A token bound to a key is good only with a proof by that key, and never as a plain bearer token. */
async function checkBinding(
  state: State,
  request: Authorization,
  session: Session,
  accessToken: string,
  isDpop: boolean,
): Promise<void> {
  if (isDpop !== (session.keyThumbprint !== undefined)) {
    const wanted = challenge(!isDpop, 'invalid_token');
    throw unauthenticated('the token is of another type than the scheme says', wanted);
  }
  if (!isDpop) return;
  try {
    const { method, path, proof = '' } = request;
    const key = await verifyProof(state, { proof, method, path, accessToken });
    if (key !== session.keyThumbprint) {
      throw new ProofProblem('invalid_dpop_proof', 'the token is bound to another key');
    }
  } catch (problem) {
    if (!(problem instanceof ProofProblem)) throw problem;
    const fresh = problem.error === 'use_dpop_nonce' ? { 'dpop-nonce': state.nonces.next() } : {};
    throw unauthenticated(problem.message, challenge(true, problem.error), fresh);
  }
}

function callerOf(state: State, session: Session): Caller {
  const user = findById(state.data.users, session.principalId);
  const rolesOf = (ids: readonly string[]) =>
    findByIds(state.data.roles, new Set(ids)).filter((role) => role.deletedAt === null);
  const held = rolesOf(user?.roleIds ?? []);
  const roles = session.scopedRoleIds.length === 0 ? held : commonRoles(held, rolesOf(session.scopedRoleIds));
  const permissions = roles.flatMap((role) => role.permissions);
  return {
    userId: session.principalId,
    clientId: session.clientId,
    roles,
    // Any role allows to ask who one is.
    permissions: new Set(roles.length === 0 ? [] : [Permission.introspect, ...permissions]),
  };
}

/** What scope and owner's rights have in common. The Super Administrator's role contains all the others. */
function commonRoles(held: readonly Role[], scope: readonly Role[]): Role[] {
  const contains = (roles: readonly Role[], { id }: Role) =>
    roles.some((role) => role.id === id || role.name === 'system:owner');
  const common = [
    ...held.filter((role) => contains(scope, role)),
    ...scope.filter((role) => contains(held, role)),
  ];
  return [...new Map(common.map((role) => [role.id, role])).values()];
}

function challenge(isDpop: boolean, error: string): string {
  return isDpop ? `DPoP error="${error}", algs="ES256 EdDSA"` : `Bearer error="${error}"`;
}

function unauthenticated(
  message: string,
  wwwAuthenticate: string,
  headers: Readonly<Record<string, string>> = {},
): Refusal {
  return apiError(Code.unauthenticated, `unauthenticated: ${message}`, {
    headers: { 'www-authenticate': wwwAuthenticate, ...headers },
  });
}
