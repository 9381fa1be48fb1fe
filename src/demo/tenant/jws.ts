import { createHash, webcrypto } from 'node:crypto';

const { subtle } = webcrypto;

export type Key = webcrypto.CryptoKey;
export type Jwk = webcrypto.JsonWebKey & { kid?: string };

/** How WebCrypto names the signature algorithms that the tenant takes. */
const ALGORITHMS: Readonly<
  Record<
    string,
    {
      readonly kty: string;
      readonly crv?: string;
      readonly key: webcrypto.EcKeyImportParams | webcrypto.RsaHashedImportParams;
      readonly sign: webcrypto.EcdsaParams | webcrypto.Algorithm;
    }
  >
> = {
  EdDSA: { kty: 'OKP', crv: 'Ed25519', key: { name: 'Ed25519' } as never, sign: { name: 'Ed25519' } },
  Ed25519: { kty: 'OKP', crv: 'Ed25519', key: { name: 'Ed25519' } as never, sign: { name: 'Ed25519' } },
  ES256: {
    kty: 'EC',
    crv: 'P-256',
    key: { name: 'ECDSA', namedCurve: 'P-256' },
    sign: { name: 'ECDSA', hash: 'SHA-256' },
  },
  RS256: {
    kty: 'RSA',
    key: { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' },
    sign: { name: 'RSASSA-PKCS1-v1_5' },
  },
};

/** A compact JWS taken apart; nothing about it is verified yet. */
interface Jws {
  readonly header: Readonly<Record<string, unknown>>;
  readonly claims: Readonly<Record<string, unknown>>;
  /** What the signature covers. */
  readonly signed: string;
  readonly signature: Buffer;
}

/** The three parts of a compact JWS with JSON objects in the first two; undefined for anything else. */
export function parseJws(text: string): Jws | undefined {
  const parts = text.split('.');
  if (parts.length !== 3 || !parts.every((part) => /^[A-Za-z0-9_-]+$/.test(part))) return undefined;
  const [header, claims, signature] = parts as [string, string, string];
  const head = jsonObject(header);
  const body = jsonObject(claims);
  // An extension marked critical must be understood; none is.
  if (!head || !body || 'crit' in head) return undefined;
  return {
    header: head,
    claims: body,
    signed: `${header}.${claims}`,
    signature: Buffer.from(signature, 'base64url'),
  };
}

function jsonObject(part: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

/** True where `jwk` made the signature with `alg`, and `alg` is one that such a key can be used with. */
export async function isSignedBy(jws: Jws, alg: string, jwk: Jwk): Promise<boolean> {
  const algorithm = ALGORITHMS[alg];
  if (!algorithm || jwk.kty !== algorithm.kty || jwk.crv !== algorithm.crv) return false;
  try {
    const key = await subtle.importKey('jwk', bare(jwk), algorithm.key, false, ['verify']);
    return await subtle.verify(algorithm.sign, key, jws.signature, Buffer.from(jws.signed));
  } catch {
    // A key that WebCrypto will not import signs nothing.
    return false;
  }
}

/** `alg`, `use` and `key_ops` are hints by whoever wrote the key: the caller says what it is used for. */
function bare(jwk: Jwk): Jwk {
  const { kty, crv, x, y, n, e } = jwk;
  return Object.fromEntries(
    Object.entries({ kty, crv, x, y, n, e }).filter(([, value]) => value !== undefined),
  ) as Jwk;
}

/** A compact JWS over `claims`. */
export async function signJws(
  header: Readonly<Record<string, unknown>> & { readonly alg: string },
  claims: Readonly<Record<string, unknown>>,
  key: Key,
): Promise<string> {
  const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const signed = `${encode(header)}.${encode(claims)}`;
  const algorithm = ALGORITHMS[header.alg];
  if (!algorithm) throw new TypeError(`no such signature algorithm: ${header.alg}`);
  const signature = await subtle.sign(algorithm.sign, key, Buffer.from(signed));
  return `${signed}.${Buffer.from(signature).toString('base64url')}`;
}

/** A fresh key pair for `alg`, extractable. WebCrypto, because node's own generator can deadlock on Node 20. */
export async function generateKeys(alg: 'EdDSA' | 'ES256'): Promise<webcrypto.CryptoKeyPair> {
  const params = alg === 'EdDSA' ? { name: 'Ed25519' } : { name: 'ECDSA', namedCurve: 'P-256' };
  return (await subtle.generateKey(params, true, ['sign', 'verify'])) as webcrypto.CryptoKeyPair;
}

export async function exportJwk(key: Key): Promise<Jwk> {
  return await subtle.exportKey('jwk', key);
}

/** RFC 7638, with SHA-256. */
export function thumbprint(jwk: Jwk): string {
  const { crv, e, kty, n, x, y } = jwk;
  // The members in lexicographic order; those a key type lacks fall away.
  return createHash('sha256').update(JSON.stringify({ crv, e, kty, n, x, y })).digest('base64url');
}
