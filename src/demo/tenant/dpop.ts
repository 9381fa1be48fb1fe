import { createHash, randomBytes } from 'node:crypto';
import { isSignedBy, type Jwk, parseJws, thumbprint } from './jws.js';
import type { State } from './state.js';

/** Seconds that a proof's `iat` may be off. */
const SKEW = 60;

/** The nonces in force, when proofs must carry one. */
export class DpopNonces {
  /** Turn on to demand one. */
  required = false;
  readonly #valid: string[] = [];

  /** A nonce for the next proof. The last few stay good, so that requests under way are not turned down. */
  next(): string {
    const nonce = randomBytes(12).toString('base64url');
    this.#valid.push(nonce);
    if (this.#valid.length > 64) this.#valid.shift();
    return nonce;
  }

  /** Makes every client ask for a new one. */
  rotate(): void {
    this.#valid.length = 0;
  }

  accepts(nonce: unknown): boolean {
    return typeof nonce === 'string' && this.#valid.includes(nonce);
  }
}

/** Why a proof was not taken. */
export class ProofProblem extends Error {
  readonly error: 'invalid_dpop_proof' | 'use_dpop_nonce';

  constructor(error: ProofProblem['error'], description: string) {
    super(description);
    this.name = 'ProofProblem';
    this.error = error;
  }
}

export interface ProofContext {
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
export async function verifyProof(state: State, context: ProofContext): Promise<string> {
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
  if (typeof iat !== 'number' || Math.abs(state.now() / 1000 - iat) > SKEW) {
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
