import { createHash, createPublicKey, type JsonWebKey, randomBytes, verify } from 'node:crypto';
import { type LoggedUse, Permission, type Role, type Timestamp } from '../records.js';
import { type Caller, find, findById, findByIds, type Session, type State } from './call.js';
import { apiError, Code, oauthError, parseObject, Refusal, type Reply } from './messages.js';

export const TOKEN_PATH = '/auth/v1/token';

const JWT_BEARER = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
const JWT = 'urn:ietf:params:oauth:token-type:jwt';

interface TokenRequest {
  readonly form: URLSearchParams;
  /** The value of the `DPoP` header. */
  readonly proof: string | undefined;
  readonly address: string;
}

/**
 * Answers a token request and writes it to the system log: a signed assertion, or an OIDC token to exchange.
 *
 * @throws Refusal with an OAuth error body
 */
export async function answerTokenRequest(state: State, request: TokenRequest): Promise<Reply> {
  try {
    const reply = await giveToken(state, request);
    logLogin(state, request, '');
    return reply;
  } catch (error) {
    if (error instanceof Refusal && !isHandshake(error, request)) logLogin(state, request, detailOf(error));
    throw error;
  }
}

async function giveToken(state: State, { form, proof }: TokenRequest): Promise<Reply> {
  for (const name of new Set(form.keys())) {
    if (form.getAll(name).length > 1) throw oauthError(400, 'invalid_request', `${name} is given twice`);
  }
  const client = await authenticate(state, form);
  const keyThumbprint = proofOfPossession(state, client, proof);
  const seconds = state.lifetimes[client.kind];
  const token = state.sessions.open({
    clientId: client.clientId,
    principalId: client.principalId,
    scopedRoleIds: client.scopedRoleIds,
    expiresAt: state.now() + seconds * 1000,
    keyThumbprint,
  });
  const nonce = state.nonces.required && keyThumbprint ? { 'dpop-nonce': state.nonces.next() } : {};
  return {
    status: 200,
    headers: { 'cache-control': 'no-store', ...nonce },
    json: {
      access_token: token,
      token_type: keyThumbprint === undefined ? 'bearer' : 'DPoP',
      expires_in: seconds,
    },
  };
}

/** How a client learns that it needs a proof, or a nonce for it, is part of a login that succeeds. */
function isHandshake({ message }: Refusal, { proof }: TokenRequest): boolean {
  return message.startsWith('use_dpop_nonce') || (message.startsWith('invalid_dpop_proof') && !proof);
}

/** What the log calls a refusal, by what its answer says. */
const DETAILS: readonly (readonly [RegExp, string])[] = [
  [/unknown trust/, 'trust_not_found'],
  [/unknown client/, 'client_not_found'],
  [/iss is not/, 'issuer_mismatch'],
  [/malformed/, 'invalid_jwt_format'],
  [/the condition/, 'cel_condition_not_met'],
  [/older than/, 'token_too_old'],
  [/not active/, 'sp_disabled'],
  [/trust is disabled/, 'trust_disabled'],
  [/provider is disabled/, 'provider_disabled'],
  [/expired/, 'expired'],
  [/signature/, 'invalid_signature'],
];

function detailOf({ message }: Refusal): string {
  return DETAILS.find(([pattern]) => pattern.test(message))?.[1] ?? 'invalid_request';
}

function logLogin(state: State, { form, address }: TokenRequest, refused: string): void {
  const clientId = form.get('client_id') ?? '';
  const client = findClient(state, clientId);
  const grant = form.get('grant_type') === EXCHANGE ? 'token_exchange' : 'client_credentials';
  const kind = client?.kind ?? (grant === 'token_exchange' ? 'federation-trust' : 'personal-client');
  log(state, { clientId, kind, principalId: client?.principalId ?? '', address, grant, refused });
}

export function logCall(
  state: State,
  { clientId, userId: principalId }: Caller,
  address: string,
  call: LoggedUse['call'] & object,
): void {
  const kind = 'personal-client';
  const refused = call.status === 200 ? '' : `http_${call.status}`;
  log(state, { clientId, kind, principalId, address, grant: '', refused, call });
}

function log(state: State, use: Omit<LoggedUse, 'uid' | 'at'>): void {
  const uid = `evt${String(state.log.length).padStart(9, '0')}${randomBytes(8).toString('hex')}`;
  state.log.push({ uid, at: state.now(), ...use });
}

async function authenticate(state: State, form: URLSearchParams): Promise<Client> {
  const grant = required(form, 'grant_type');
  if (grant !== 'client_credentials' && grant !== EXCHANGE)
    throw oauthError(400, 'unsupported_grant_type', 'client_credentials or token exchange');
  const client = findClient(state, required(form, 'client_id'));
  if (grant === EXCHANGE) {
    if (required(form, 'subject_token_type') !== JWT)
      throw oauthError(400, 'invalid_request', `subject_token_type must be ${JWT}`);
    const subjectToken = required(form, 'subject_token');
    if (client?.kind !== 'federation-trust') throw oauthError(401, 'invalid_client', 'unknown trust');
    if (client.barred) throw oauthError(400, 'invalid_grant', client.barred);
    await verifySubjectToken(state, client.clientId, subjectToken);
    return admitted(state, client);
  }
  if (required(form, 'client_assertion_type') !== JWT_BEARER)
    throw oauthError(400, 'invalid_request', `client_assertion_type must be ${JWT_BEARER}`);
  const assertion = required(form, 'client_assertion');
  if (!client || client.kind === 'federation-trust')
    throw oauthError(401, 'invalid_client', 'unknown client');
  // First, because only the key's holder may know whether the credential is deleted or expired.
  verifyAssertion(state, client.clientId, assertion);
  if (client.barred) throw oauthError(401, 'invalid_client', client.barred);
  return admitted(state, client);
}

function required(form: URLSearchParams, name: string): string {
  const value = form.get(name);
  if (value === null || value === '') throw oauthError(400, 'invalid_request', `${name} is missing`);
  return value;
}

/** No credential of a disabled or deleted principal is accepted. */
function admitted(state: State, client: Client): Client {
  const user = findById(state.data.users, client.principalId);
  if (!user || user.deletedAt !== null || user.status === 'DISABLED' || user.status === 'DELETED')
    throw oauthError(401, 'invalid_client', 'the principal of this client is not active');
  return client;
}

/** What follows the slash of a client id, by kind of credential. */
const SUFFIXES = {
  'personal-client': 'pcc',
  'service-principal-credential': 'spc',
  'federation-trust': 'wfe',
} as const;

export type ClientKind = keyof typeof SUFFIXES;

/**
 * `<name>@<host>/<suffix>`, from a bare name or from a complete id.
 *
 * @param host without port, as in the ids of a real tenant: an id is the same whatever port the tenant listens on
 */
export function fullClientId(nameOrId: string, host: string, kind: ClientKind): string {
  return nameOrId.includes('@') ? nameOrId : `${nameOrId}@${host}/${SUFFIXES[kind]}`;
}

/** A credential as the token endpoint sees it. */
interface Client {
  readonly kind: ClientKind;
  readonly clientId: string;
  readonly principalId: string;
  readonly scopedRoleIds: readonly string[];
  /** Why it is refused, or undefined. */
  readonly barred: string | undefined;
  readonly requireDpop: boolean;
}

export function findClient(state: State, clientId: string): Client | undefined {
  const { data, now } = state;
  const suffix = clientId.slice(clientId.lastIndexOf('/') + 1);
  const kind = (Object.keys(SUFFIXES) as ClientKind[]).find((one) => SUFFIXES[one] === suffix);
  const is = (record: { readonly clientId: string }) =>
    kind !== undefined && fullClientId(record.clientId, state.audience, kind) === clientId;
  switch (kind) {
    case 'personal-client': {
      const found = find(data.personalClients, is);
      if (!found) return undefined;
      const { userId: principalId, scopedRoles: scopedRoleIds, deletedAt, expiresTime } = found;
      const barred = deletedAt === null ? expiredBy(now(), expiresTime) : 'the credential is deleted';
      return { kind, clientId, principalId, scopedRoleIds, barred, requireDpop: false };
    }
    case 'service-principal-credential': {
      const found = find(data.credentials, is);
      if (!found) return undefined;
      const { servicePrincipalId: principalId, scopedRoleIds, expiresAt, requireDpop } = found;
      return { kind, clientId, principalId, scopedRoleIds, barred: expiredBy(now(), expiresAt), requireDpop };
    }
    case 'federation-trust': {
      const found = find(data.trusts, is);
      if (!found) return undefined;
      const { servicePrincipalId: principalId, scopedRoleIds, disabled } = found;
      const barred = disabled ? 'the trust is disabled' : undefined;
      return { kind, clientId, principalId, scopedRoleIds, barred, requireDpop: false };
    }
    default:
      return undefined;
  }
}

function expiredBy(now: number, end: Timestamp): string | undefined {
  return end !== null && Date.parse(end) <= now ? 'the credential has expired' : undefined;
}

/** Seconds that clocks may differ by. */
const SKEW = 60;
/** Seconds that an assertion may last. */
const MAX_LIFETIME = 300;
/** Seconds after which an OIDC token is too old to be exchanged. */
const MAX_AGE = 600;

/**
 * Checks that `assertion` was made by the client `clientId`, for this tenant, now.
 *
 * @throws Refusal 401 `invalid_client`
 */
function verifyAssertion(state: State, clientId: string, assertion: string): void {
  const refuse = (why: string) => oauthError(401, 'invalid_client', `client assertion: ${why}`);
  const jws = parseJws(assertion);
  if (!jws) throw refuse('malformed');
  if (jws.header.alg !== 'EdDSA') throw refuse('alg must be EdDSA');
  const key = state.clientKeys.get(clientId);
  if (!key || !isSignedBy(jws, 'EdDSA', key)) throw refuse('the signature does not verify');
  const { iss, sub, aud } = jws.claims;
  if (iss !== clientId || sub !== clientId) throw refuse('iss and sub must be the client id');
  if (!isMeantFor(aud, state.audience)) throw refuse('aud is not this tenant');
  const now = state.now() / 1000;
  const { iat, exp } = readTimes(jws.claims, now, refuse);
  if (exp <= now - SKEW) throw refuse('expired');
  if (exp - iat > MAX_LIFETIME) throw refuse('valid for more than five minutes');
}

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
  const { iss, aud, jti } = jws.claims;
  if (iss !== provider.issuerUrl) throw refuse('iss is not the issuer of the provider');
  const key = state.issuerKeys.get(provider.issuerUrl);
  if (!key || !isSignedBy(jws, jws.header.alg, key)) throw refuse('the signature does not verify');
  if (!isMeantFor(aud, state.audience)) throw refuse('aud is not this tenant');
  const now = state.now() / 1000;
  const { iat, exp } = readTimes(jws.claims, now, refuse);
  if (exp <= now) throw refuse('expired');
  if (now - iat > MAX_AGE) throw refuse('older than ten minutes');
  const used = `oidc|${typeof jti === 'string' ? jti : token}`;
  if (state.seen.has(used)) throw refuse('used before');
  if (!(await conditionMatches(trust.conditionExpression, jws.claims)))
    throw refuse('the condition of the trust does not match its claims');
  state.seen.add(used);
}

/** True where an `aud` claim, one or several, names `audience`. */
function isMeantFor(aud: unknown, audience: string): boolean {
  return Array.isArray(aud) ? aud.includes(audience) : aud === audience;
}

/** When the token was issued and when it ends, in seconds. */
function readTimes(
  { iat, nbf, exp }: Readonly<Record<string, unknown>>,
  now: number,
  refuse: (why: string) => Refusal,
): { readonly iat: number; readonly exp: number } {
  if (typeof iat !== 'number' || typeof exp !== 'number') throw refuse('iat and exp are required');
  if (nbf !== undefined && typeof nbf !== 'number') throw refuse('nbf is not a date');
  if (Math.max(iat, nbf ?? iat) > now + SKEW) throw refuse('not valid yet');
  return { iat, exp };
}

/** Whether a trust's condition is true of a token; not where it has no value. */
export async function conditionMatches(expression: string, claims: Readonly<Record<string, unknown>>) {
  // Loaded when it is first needed.
  const { evaluate } = await import('@marcbachmann/cel-js');
  try {
    return evaluate(expression, { claims }) === true;
  } catch {
    return false;
  }
}

/** The thumbprint of the key that a token request proves. */
function proofOfPossession(state: State, client: Client, proof: string | undefined): string | undefined {
  if (proof === undefined) {
    if (!client.requireDpop) return undefined;
    throw oauthError(400, 'invalid_dpop_proof', 'this client must prove possession of a key (DPoP)');
  }
  const checked = verifyProof(state, { proof, method: 'POST', path: TOKEN_PATH });
  if ('thumbprint' in checked) return checked.thumbprint;
  throw oauthError(400, checked.error, checked.why, freshNonce(state, checked));
}

interface ProofContext {
  readonly proof: string;
  readonly method: string;
  readonly path: string;
  /** Given on API calls: the proof must be bound to it. */
  readonly accessToken?: string;
}

interface ProofProblem {
  readonly error: 'invalid_dpop_proof' | 'use_dpop_nonce';
  readonly why: string;
}

/** The thumbprint of the key that made the proof (RFC 9449, section 4.3). */
function verifyProof(state: State, context: ProofContext): { readonly thumbprint: string } | ProofProblem {
  const invalid = (why: string) => ({ error: 'invalid_dpop_proof', why }) as const;
  const jws = parseJws(context.proof);
  if (jws?.header.typ !== 'dpop+jwt') return invalid('the proof is not a JWT of type dpop+jwt');
  const { alg, jwk } = jws.header;
  if (alg !== 'ES256' && alg !== 'EdDSA' && alg !== 'Ed25519') return invalid('unsupported alg');
  if (typeof jwk !== 'object' || jwk === null || 'd' in jwk) return invalid('jwk is not a public key');
  if (!isSignedBy(jws, alg, jwk as Jwk)) return invalid('the signature does not verify');
  const why = claimsProblem(jws.claims, state, context);
  if (why !== undefined) return invalid(why);
  if (state.nonces.required && !state.nonces.accepts(jws.claims.nonce))
    return { error: 'use_dpop_nonce', why: 'a nonce of this server is required' };
  const key = `proof|${jws.claims.jti}`;
  if (state.seen.has(key)) return invalid('the proof was used before');
  state.seen.add(key);
  return { thumbprint: thumbprint(jwk as Jwk) };
}

function claimsProblem(
  { htm, htu, iat, jti, ath }: Readonly<Record<string, unknown>>,
  { host, now }: State,
  { method, path, accessToken }: ProofContext,
): string | undefined {
  if (htm !== method) return 'htm is not the method of the request';
  if (!isSameTarget(htu, `http://${host}${path}`)) return 'htu is not the address of the request';
  if (typeof iat !== 'number' || Math.abs(now() / 1000 - iat) > SKEW) return 'iat is too far from now';
  if (typeof jti !== 'string' || jti === '') return 'jti is missing';
  if (accessToken === undefined) return undefined;
  const expected = createHash('sha256').update(accessToken).digest('base64url');
  return ath === expected ? undefined : 'ath does not match the access token';
}

function isSameTarget(htu: unknown, expected: string): boolean {
  if (typeof htu !== 'string' || !URL.canParse(htu)) return false;
  const { origin, pathname } = new URL(htu);
  return origin + pathname === expected;
}

function freshNonce(state: State, { error }: ProofProblem): Record<string, string> {
  return error === 'use_dpop_nonce' ? { 'dpop-nonce': state.nonces.next() } : {};
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
export function authorize(state: State, request: Authorization): Caller {
  const [scheme = '', token = ''] = (request.authorization ?? '').split(' ');
  const isDpop = scheme.toLowerCase() === 'dpop';
  if (token === '' || (!isDpop && scheme.toLowerCase() !== 'bearer'))
    throw unauthenticated('no access token', 'Bearer');
  const session = state.sessions.find(token, state.now());
  if (!session)
    throw unauthenticated('the access token is invalid or has expired', challenge(isDpop, 'invalid_token'));
  if (isDpop !== (session.keyThumbprint !== undefined)) {
    const wanted = challenge(!isDpop, 'invalid_token');
    throw unauthenticated('the token is of another type than the scheme says', wanted);
  }
  if (isDpop) checkBinding(state, request, session, token);
  return callerOf(state, session);
}

/** A token that is bound to a key is accepted only with a proof by that key. */
function checkBinding(
  state: State,
  { method, path, proof = '' }: Authorization,
  { keyThumbprint }: Session,
  accessToken: string,
): void {
  const refused = (problem: ProofProblem) =>
    unauthenticated(problem.why, challenge(true, problem.error), freshNonce(state, problem));
  const checked = verifyProof(state, { proof, method, path, accessToken });
  if ('error' in checked) throw refused(checked);
  if (checked.thumbprint !== keyThumbprint)
    throw refused({ error: 'invalid_dpop_proof', why: 'the token is bound to another key' });
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
    // Any role lets its holder ask who they are.
    permissions: new Set(roles.length === 0 ? [] : [Permission.introspect, ...permissions]),
  };
}

/** The roles that are in both the role scope and the owner's roles. Super Administrator contains all the others. */
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

export type Jwk = JsonWebKey;

type Jws = NonNullable<ReturnType<typeof parseJws>>;

/**
 * The parts of a compact JWS with JSON objects in the first two; undefined for anything else. Nothing is verified yet.
 * `signed` is what the signature covers.
 */
function parseJws(text: string) {
  const [, head = '', body = '', signature = ''] = /^([\w-]+)\.([\w-]+)\.([\w-]+)$/.exec(text) ?? [];
  const header = decodeObject(head);
  const claims = decodeObject(body);
  // An extension marked critical must be understood; none is.
  if (!header || !claims || 'crit' in header) return undefined;
  return { header, claims, signed: `${head}.${body}`, signature: Buffer.from(signature, 'base64url') };
}

const decodeObject = (part: string) => parseObject(Buffer.from(part, 'base64url').toString('utf8'));

/** The signature algorithms that the tenant accepts, and the keys that they are used with. */
const ALGORITHMS: Readonly<Record<string, { kty: string; crv?: string; hash: 'sha256' | null }>> = {
  EdDSA: { kty: 'OKP', crv: 'Ed25519', hash: null },
  Ed25519: { kty: 'OKP', crv: 'Ed25519', hash: null },
  ES256: { kty: 'EC', crv: 'P-256', hash: 'sha256' },
  RS256: { kty: 'RSA', hash: 'sha256' },
};

/** True where `jwk` made the signature with `alg`, and `alg` is one that such a key can be used with. */
function isSignedBy({ signed, signature }: Jws, alg: unknown, jwk: Jwk): boolean {
  const algorithm = typeof alg === 'string' ? ALGORITHMS[alg] : undefined;
  if (!algorithm || jwk.kty !== algorithm.kty || jwk.crv !== algorithm.crv) return false;
  const { kty, crv, x, y, n, e } = jwk;
  try {
    const key = createPublicKey({ key: { kty, crv, x, y, n, e } as Jwk, format: 'jwk' });
    return verify(algorithm.hash, Buffer.from(signed), { key, dsaEncoding: 'ieee-p1363' }, signature);
  } catch {
    // A key that cannot be imported signs nothing.
    return false;
  }
}

/** RFC 7638, with SHA-256. */
function thumbprint({ crv, e, kty, n, x, y }: Jwk): string {
  // The members in lexicographic order; JSON leaves out those that a key type lacks.
  return createHash('sha256').update(JSON.stringify({ crv, e, kty, n, x, y })).digest('base64url');
}
