import { createHash, createPublicKey, type JsonWebKey, verify } from 'node:crypto';
import { parseObject } from './fields.js';

export type Jwk = JsonWebKey;

/** A compact JWS taken apart; nothing about it is verified yet. */
interface Jws {
  readonly header: Readonly<Record<string, unknown>>;
  readonly claims: Readonly<Record<string, unknown>>;
  /** What the signature covers. */
  readonly signed: string;
  readonly signature: Buffer;
}

/** The parts of a compact JWS with JSON objects in the first two; undefined for anything else. */
export function parseJws(text: string): Jws | undefined {
  const [, head = '', body = '', signature = ''] = /^([\w-]+)\.([\w-]+)\.([\w-]+)$/.exec(text) ?? [];
  const header = decodeObject(head);
  const claims = decodeObject(body);
  // An extension marked critical must be understood; none is.
  if (!header || !claims || 'crit' in header) return undefined;
  return { header, claims, signed: `${head}.${body}`, signature: Buffer.from(signature, 'base64url') };
}

function decodeObject(part: string): Record<string, unknown> | undefined {
  return parseObject(Buffer.from(part, 'base64url').toString('utf8'));
}

/** The signature algorithms that the tenant accepts, and the keys that they are used with. */
const ALGORITHMS: Readonly<Record<string, { kty: string; crv?: string; hash: 'sha256' | null }>> = {
  EdDSA: { kty: 'OKP', crv: 'Ed25519', hash: null },
  Ed25519: { kty: 'OKP', crv: 'Ed25519', hash: null },
  ES256: { kty: 'EC', crv: 'P-256', hash: 'sha256' },
  RS256: { kty: 'RSA', hash: 'sha256' },
};

/** True where `jwk` made the signature with `alg`, and `alg` is one that such a key can be used with. */
export function isSignedBy({ signed, signature }: Jws, alg: unknown, jwk: Jwk): boolean {
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
export function thumbprint({ crv, e, kty, n, x, y }: Jwk): string {
  // The members in lexicographic order; JSON leaves out those that a key type lacks.
  return createHash('sha256').update(JSON.stringify({ crv, e, kty, n, x, y })).digest('base64url');
}
