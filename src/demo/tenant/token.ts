import { verifyAssertion } from './assertion.js';
import { type Client, findClient } from './clients.js';
import { ProofProblem, verifyProof } from './dpop.js';
import { oauthError, type Reply } from './errors.js';
import { verifySubjectToken } from './exchange.js';
import type { State } from './state.js';
import { findById } from './tables.js';

export const TOKEN_PATH = '/auth/v1/token';

const JWT_BEARER = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
const JWT = 'urn:ietf:params:oauth:token-type:jwt';

export interface TokenRequest {
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
