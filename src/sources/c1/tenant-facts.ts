import {
  type AllowList,
  type Fact,
  ifKnown,
  isKnown,
  type Role,
  SUPER_ADMINISTRATOR,
  type TenantFacts,
  Unknown,
} from '../../contract/index.js';
import { AuditError } from '../../errors.js';
import { asRecord, FieldReader, unlessDeletedLater, type WireRecord } from '../record.js';
import type { ApiClient } from './client.js';
import { errorNote, type List, nameOf, type Reader, readById } from './lists.js';

export const LIST: List = { method: 'GET', path: '/iam/roles' };
const CURE = "Give the audit's credential the right to read roles (GET /iam/roles).";

export interface RolesSeen {
  readonly roles: Fact<ReadonlyMap<string, Role>>;
  readonly note: string | null;
  /** Why the list could not be read. */
  readonly failure?: AuditError;
}

/** The tenant's undeleted roles by id; unknown unless the list was read completely, or a role would look deleted. */
export async function readRoles(reader: Reader): Promise<RolesSeen> {
  const { now } = reader.client;
  let hasBlank = false;
  const read = await readById(LIST, reader, (value) => {
    const role = toRole(unlessDeletedLater(asRecord(value) ?? {}, now));
    hasBlank ||= role === 'blank';
    return role === 'blank' ? undefined : role;
  });
  const { failure } = read;
  const roles = withPower(read.byId);
  if (failure)
    return {
      roles: new Unknown("the tenant's roles could not be read", CURE),
      note: `Roles are not known: ${errorNote(failure)} ${CURE}`,
      failure,
    };
  // Every tenant has it: a list without it is not complete, and would make the most powerful credentials look harmless.
  const isPlausible = [...roles.values()].some(({ name }) => name === SUPER_ADMINISTRATOR);
  const problem =
    read.problem ??
    (hasBlank ? `${nameOf(LIST)} lists a role whose name is blank` : undefined) ??
    (isPlausible
      ? undefined
      : `${nameOf(LIST)} does not list ${SUPER_ADMINISTRATOR}, which every tenant has`);
  if (problem === undefined) return { roles, note: null };
  return {
    roles: new Unknown(problem, CURE),
    note: `Roles are not known: ${problem}. ${CURE}`,
    ...(read.malformed && { failure: read.malformed }),
  };
}

/** The role; undefined for a deleted one; `blank` for one that is not shown; or what is wrong with its record. */
function toRole(record: WireRecord): Role | 'blank' | string | undefined {
  const read = new FieldReader(record);
  const permissions = read.texts('permissions');
  const serviceRoles = read.texts('serviceRoles');
  const role = {
    id: read.text('id'),
    name: read.text('name'),
    displayName: read.text('displayName'),
    grants: [...(ifKnown(permissions) ?? []), ...(ifKnown(serviceRoles) ?? [])],
  };
  const deletedAt = read.instant('deletedAt');
  const builtIn = read.flag('systemBuiltin') === true;
  if (read.problems[0]) return `a role whose ${read.problems[0]}`;
  if (role.id === '') return 'a role without an id';
  if (deletedAt !== null) return undefined;
  // A caller who may not read it gets blanks. A built-in role cannot be recognised without its name.
  return role.name === '' && (builtIn || role.displayName === '') ? 'blank' : role;
}

/**
 * Says of each role whether it can do everything. ConductorOne may leave out what roles can do: then nothing is said, and
 * a role that looks empty is not taken for harmless.
 */
function withPower(roles: ReadonlyMap<string, Role>): ReadonlyMap<string, Role> {
  const all = [...roles.values()];
  const isShown = all.some(({ grants = [] }) => grants.length > 0);
  const owner = all.find(({ name }) => name === SUPER_ADMINISTRATOR)?.grants ?? [];
  return new Map(
    all.map((role): [string, Role] => {
      const { grants = [], ...named } = role;
      if (!isShown) return [role.id, named];
      const covers = grants.some(isOwnerRole) || includesPermissions(grants, owner);
      // Where the permissions of Super Administrator are hidden, nothing can be compared with them.
      return [role.id, covers || owner.length > 0 ? { ...role, coversOwner: covers } : role];
    }),
  );
}

/** Whether the permissions among `grants` include all among `wanted`. Service roles are names for the same permissions. */
function includesPermissions(grants: readonly string[], wanted: readonly string[]): boolean {
  const permissions = wanted.filter((grant) => !isServiceRole(grant));
  const held = new Set(grants);
  return permissions.length > 0 && permissions.every((permission) => held.has(permission));
}

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

/** Reads who the caller is. A refusal is a note: the lists themselves show whether the run can go on. */
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

function isOwnerRole(role: string): boolean {
  return OWNER_ROLES.some((owner) => role.startsWith(owner));
}

/** Whether the credential may see everything; undefined where its roles are not known. */
export function isSuperAdministrator(
  { roles: held }: Caller,
  roles: Fact<ReadonlyMap<string, Role>>,
): boolean | undefined {
  if (held.length === 0) return undefined;
  if (held.some((role) => role === SUPER_ADMINISTRATOR || isOwnerRole(role))) return true;
  const ids = held.filter((role) => !isServiceRole(role));
  if (ids.length === 0) return false;
  if (!isKnown(roles)) return undefined;
  return ids.some((id) => roles.get(id)?.name === SUPER_ADMINISTRATOR);
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
  const lists = [held.map(nameOf), scope.map(nameOf), owner.map(({ name }) => name)];
  return lists.some((names) => names.length > 0 && names.every((name) => name === 'system:user'));
}

const SETTINGS_CURE =
  "Give the audit's credential the right to read the session settings (GET /settings/session).";

/** The tenant-wide source networks for personal clients. */
export async function readAllowList(
  client: ApiClient,
): Promise<{ allowList: TenantFacts['allowList']; note: string | null; failure?: AuditError }> {
  try {
    const answer = await client.call({ method: 'GET', path: '/settings/session' });
    const settings = settingsIn(answer);
    const user = settings && restriction(settings.pccUserSource);
    const admin = settings && restriction(settings.pccAdminSource);
    if (user && admin && isKnown(user) && isKnown(admin)) return { allowList: { user, admin }, note: null };
    return {
      allowList: new Unknown('the session settings hold no readable allow lists', SETTINGS_CURE),
      note: "The tenant's own allow lists are not known: GET /settings/session does not answer as documented. Look for a newer version of c1-audit.",
    };
  } catch (error) {
    if (!(error instanceof AuditError)) throw error;
    return {
      allowList: new Unknown("the tenant's session settings could not be read", SETTINGS_CURE),
      note: `The tenant's own allow lists are not known: ${errorNote(error)} ${SETTINGS_CURE}`,
      failure: error,
    };
  }
}

/** The settings, which may be in a field of their own; undefined where there are none. */
function settingsIn(answer: WireRecord): WireRecord | undefined {
  const inner = asRecord(answer.sessionSettings);
  return [inner, answer].find(
    (record) => record && ('pccUserSource' in record || 'pccAdminSource' in record),
  );
}

/** Unset is "off". */
function restriction(value: unknown): Fact<AllowList> {
  const record = asRecord(value ?? {});
  if (!record) return new Unknown('it is not an object', SETTINGS_CURE);
  const read = new FieldReader(record);
  const enabled = read.flag('enabled');
  const cidrs = read.texts('sourceCidr');
  if (!isKnown(enabled)) return enabled;
  return isKnown(cidrs) ? { enabled, cidrs } : cidrs;
}
