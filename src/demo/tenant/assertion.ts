import { oauthError } from './errors.js';
import { isSignedBy, parseJws } from './jws.js';
import type { State } from './state.js';

/** Seconds that clocks may differ by. */
const SKEW = 60;
/** Seconds that an assertion may last. */
const MAX_LIFETIME = 300;

/**
 * Checks that `assertion` was made by the client `clientId`, for this tenant, now.
 *
 * @throws Refusal 401 `invalid_client`
 */
export async function verifyAssertion(state: State, clientId: string, assertion: string): Promise<void> {
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
export function isMeantFor(aud: unknown, audience: string): boolean {
  return Array.isArray(aud) ? aud.includes(audience) : aud === audience;
}
