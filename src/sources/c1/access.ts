import { readClientSecret } from './auth/client-secret.js';
import type { ConeWorld } from './auth/cone-profile.js';
import { accessWith, holdsCredential, readEnvironment, type TenantAccess } from './environment.js';

export interface AccessRead {
  readonly access: TenantAccess;
  /** What whoever started the run should know about where the credential comes from. */
  readonly warnings: readonly string[];
}

/**
 * The tenant to audit and the login to use there: from the environment, or from cone's own settings where the
 * environment names no credential at all. Checked as far as can be without asking the tenant.
 *
 * @throws AuditError `credentials` naming variable or file, never a value.
 */
export async function readAccess(world: ConeWorld): Promise<AccessRead> {
  const read = await find(world);
  const { login } = read.access;
  if (login.by === 'client-secret') await readClientSecret(login.clientSecret, login.names.clientSecret);
  return read;
}

async function find(world: ConeWorld): Promise<AccessRead> {
  const { env } = world;
  if (holdsCredential(env)) return { access: readEnvironment(env), warnings: [] };
  // Loaded on demand, with its YAML parser.
  const { readConeLogin } = await import('./auth/cone-profile.js');
  const cone = await readConeLogin(world);
  if (!cone) return { access: readEnvironment(env), warnings: [] };
  return { access: accessWith(env, cone.login, cone.login.clientId), warnings: cone.warnings };
}
