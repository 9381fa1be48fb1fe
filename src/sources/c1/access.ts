import type { webcrypto } from 'node:crypto';
import { AuditError } from '../../errors.js';
import { CLIENT_SECRET_PREFIX } from '../../redact.js';
import type { ConeWorld } from './cone-profile.js';
import { accessWith, holdsCredential, readEnvironment, type TenantAccess } from './environment.js';

interface AccessRead {
  readonly access: TenantAccess;
  /** What the user should know about where the credential comes from. */
  readonly warnings: readonly string[];
}

/**
 * The tenant to audit and the login to use there: from the environment, or from cone's own settings where the
 * environment names no credential at all. Checked as far as is possible without the tenant.
 *
 * @param hide  called with a client secret, as cone's settings may hold one that the environment does not
 * @throws AuditError `credentials` naming variable or file, never a value.
 */
export async function readAccess(world: ConeWorld, hide: (secret: string) => void): Promise<AccessRead> {
  const read = await find(world);
  const { login } = read.access;
  if (login.by === 'client-secret') {
    hide(login.clientSecret);
    await readClientSecret(login.clientSecret, login.names.clientSecret);
  }
  return read;
}

async function find(world: ConeWorld): Promise<AccessRead> {
  const { env } = world;
  // Loaded on demand, with its YAML parser.
  const cone = holdsCredential(env)
    ? undefined
    : await (await import('./cone-profile.js')).readConeLogin(world);
  if (!cone) return { access: readEnvironment(env), warnings: [] };
  return { access: accessWith(env, cone.login, cone.login.clientId), warnings: cone.warnings };
}

/**
 * The private key inside a client secret: `secret-token:conductorone.com:v1:` and the base64url of an Ed25519 JWK.
 *
 * @param name what messages call it
 * @throws AuditError `credentials` saying which part is wrong, never what it holds.
 */
export async function readClientSecret(secret: string, name: string): Promise<webcrypto.CryptoKey> {
  const malformed = (why: string) =>
    new AuditError(
      'credentials',
      `${name} is malformed: ${why}.`,
      'Copy the complete secret again; ConductorOne shows it once, when the credential is created. If it is lost, create a new one.',
    );
  const parts = secret.split(':');
  if (parts.length !== 4 || parts[0] !== 'secret-token' || parts[1] !== 'conductorone.com')
    throw malformed(`it does not begin with "${CLIENT_SECRET_PREFIX}"`);
  if (parts[2] !== 'v1') throw malformed('its version is not v1');
  const encoded = parts[3] ?? '';
  if (!/^[\w-]+$/.test(encoded)) throw malformed('its last part is not unpadded base64url');
  const jwk = readJwk(encoded);
  if (!jwk) throw malformed('its last part is not a JSON Web Key');
  if (jwk.kty !== 'OKP' || jwk.crv !== 'Ed25519' || typeof jwk.x !== 'string' || typeof jwk.d !== 'string')
    throw malformed('it does not hold a private Ed25519 key');
  try {
    const { kty, crv, x, d } = jwk;
    return await crypto.subtle.importKey('jwk', { kty, crv, x, d }, { name: 'Ed25519' }, false, ['sign']);
  } catch {
    throw malformed('its Ed25519 key cannot be read');
  }
}

function readJwk(encoded: string): webcrypto.JsonWebKey | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(encoded, 'base64url').toString('utf8'));
    if (typeof value === 'object' && value !== null) return value;
  } catch {
    // JSON.parse quotes its input in the error, and that is the secret.
  }
  return undefined;
}
