import { type Fact, ifKnown, isKnown, type Role } from '../../contract/index.js';
import { AuditError } from '../../errors.js';
import type { ApiClient } from './client.js';
import { errorNote } from './collect.js';
import { FieldReader } from './wire.js';

/** Who the audit runs as. */
export interface Caller {
  /** undefined where it is not known. */
  readonly userId: string | undefined;
  /** The credential it acts with, as the tenant calls it; undefined where the tenant does not say. */
  readonly principal: string | undefined;
  /** What the credential itself may do: service roles, or role ids or names; empty where none were given. */
  readonly roles: readonly string[];
  /** What is not known, as a note. */
  readonly note: string | null;
  /** Why nothing is known. */
  readonly failure?: AuditError;
}

/** Asks who the caller is. A refusal is a note: the lists themselves show whether the run can go on. */
export async function introspect(client: ApiClient): Promise<Caller> {
  try {
    const read = new FieldReader(await client.call({ method: 'GET', path: '/auth/introspect' }));
    const userId = read.text('userId');
    const roles = read.texts('roles');
    return {
      userId: userId === '' ? undefined : userId,
      // The API's own spelling.
      principal: read.text('principleId') || undefined,
      roles: Array.isArray(roles) ? roles : [],
      note:
        userId === ''
          ? "GET /auth/introspect does not say which user this credential acts for. Report it to ConductorOne's support."
          : null,
    };
  } catch (error) {
    if (!(error instanceof AuditError)) throw error;
    return {
      userId: undefined,
      principal: undefined,
      roles: [],
      note: `c1-audit does not know who it runs as: ${errorNote(error)}`,
      failure: error,
    };
  }
}

/** A role of a service (`role/<service>:<role>`), not of the tenant. */
export function isServiceRole(role: string): boolean {
  return role.startsWith('role/');
}

/** What the service roles of a Super Administrator start with. */
const OWNER_ROLES = ['role/c1.api.tenant.v1.Tenant:owner', 'role/c1.api.auth.v1.Auth:owner'];

/** Whether the credential may see everything; undefined where its roles are not known. */
export function isSuperAdministrator(
  { roles: held }: Caller,
  roles: Fact<ReadonlyMap<string, Role>>,
): boolean | undefined {
  if (held.length === 0) return undefined;
  if (held.some((role) => role === 'system:owner' || OWNER_ROLES.some((owner) => role.startsWith(owner))))
    return true;
  const ids = held.filter((role) => !isServiceRole(role));
  if (ids.length === 0) return false;
  if (!isKnown(roles)) return undefined;
  return ids.some((id) => roles.get(id)?.name === 'system:owner');
}

/** True where the roles of the credential, its role scope or its owner are known, and all of them are Basic User. */
export function holdsNoAdministratorRole(
  { roles: held }: Caller,
  roles: Fact<ReadonlyMap<string, Role>>,
  {
    scope = [],
    owner = [],
  }: { readonly scope?: readonly string[] | undefined; readonly owner: readonly Role[] | undefined },
): boolean {
  const all = ifKnown(roles);
  const nameOf = (id: string) => (id.startsWith('system:') ? id : all?.get(id)?.name);
  const lists = [
    held.some(isServiceRole) ? [] : held.map(nameOf),
    scope.map(nameOf),
    owner.map(({ name }) => name),
  ];
  return lists.some((names) => names.length > 0 && names.every((name) => name === 'system:user'));
}
