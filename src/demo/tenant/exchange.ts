import { isMeantFor } from './assertion.js';
import { evaluateCondition } from './cel.js';
import { fullClientId } from './clients.js';
import { oauthError } from './errors.js';
import { isSignedBy, parseJws } from './jws.js';
import type { State } from './state.js';
import { find, findById } from './tables.js';

/** Seconds. */
const SKEW = 60;
const MAX_AGE = 600;

/**
 * Checks that an OIDC token lets its bearer act through the trust `clientId`.
 *
 * @throws Refusal 400 `invalid_grant`
 */
export async function verifySubjectToken(state: State, clientId: string, token: string): Promise<void> {
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
  if (iat > now + SKEW || (typeof nbf === 'number' && nbf > now + SKEW)) throw refuse('not valid yet');
  if (exp <= now) throw refuse('expired');
  if (now - iat > MAX_AGE) throw refuse('older than ten minutes');
  const used = `oidc|${typeof jti === 'string' ? jti : token}`;
  if (state.seen.has(used)) throw refuse('used before');
  const { matched } = await evaluateCondition(trust.conditionExpression, jws.claims);
  if (!matched) throw refuse('the condition of the trust does not match its claims');
  state.seen.add(used);
}
