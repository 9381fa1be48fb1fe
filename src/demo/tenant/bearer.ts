import { ProofProblem, verifyProof } from './dpop.js';
import { apiError, Code, type Refusal } from './errors.js';
import { Permission } from './permissions.js';
import type { Role } from './records.js';
import type { Session } from './sessions.js';
import type { State } from './state.js';
import { findById, findByIds } from './tables.js';

/** Who makes an API call, and what it may do. */
export interface Caller {
  readonly userId: string;
  readonly clientId: string;
  /** The roles of the principal that the credential's scope leaves. */
  readonly roles: readonly Role[];
  readonly permissions: ReadonlySet<string>;
}

export interface Authorization {
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
