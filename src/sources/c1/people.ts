import {
  type Fact,
  ifKnown,
  isKnown,
  type Owner,
  type Person,
  type Role,
  Unknown,
} from '../../contract/index.js';
import type { AuditError } from '../../errors.js';
import { errorNote, joinNotes, malformedNote, type Reader } from './collect.js';
import { isOutage } from './request-error.js';
import { UserLookup } from './users.js';
import { FieldReader, type WireRecord } from './wire.js';

const CURE = "Give the audit's credential the right to read users (POST /search/users, GET /users/{id}).";

/** What is said where a user's record does not tell whether the user is active. */
const STATUS_NOT_SHOWN = new Unknown('ConductorOne does not show whether its owner is active', CURE);

export interface OwnersSeen {
  readonly owners: ReadonlyMap<string, Fact<Owner>>;
  readonly note: string | null;
  /** Why some users could not be looked up. */
  readonly failure?: AuditError | undefined;
}

/**
 * The owners behind the ids. Managers are looked up for owners that can no longer answer themselves.
 *
 * @param lookup  may have been given ids before
 */
export async function readOwners(
  reader: Reader,
  lookup: UserLookup,
  ids: readonly string[],
  roles: Fact<ReadonlyMap<string, Role>>,
): Promise<OwnersSeen> {
  for (const id of ids) lookup.add(id);
  const { users, failure } = await lookup.read();
  const inactive = [...users.values()].filter(
    (user) => user !== 'gone' && ['disabled', 'deleted'].includes(statusOf(user) ?? ''),
  );
  const managerIds = [...new Set(inactive.flatMap((user) => managerIdsOf(user as WireRecord)))];
  const known = managerIds.filter((id) => users.has(id));
  const managers = new UserLookup(reader);
  for (const id of managerIds) if (!users.has(id)) managers.add(id);
  const others = await managers.read();
  const people = new Map(
    [...known.map((id) => [id, users.get(id)] as const), ...others.users].map(
      ([id, user]) => [id, toManager(id, user)] as const,
    ),
  );
  const unread = new Unknown(
    failure ? `its owner could not be looked up: ${failure.message}` : 'its owner could not be looked up',
    CURE,
  );
  const owners = new Map<string, Fact<Owner>>();
  for (const id of ids) {
    const user = users.get(id);
    owners.set(
      id,
      user === undefined ? unread : user === 'gone' ? goneOwner(id) : toOwner(id, user, roles, people),
    );
  }
  const malformed = [...users].flatMap(([id, user]) => (user === 'gone' ? [] : problemsOf(id, user)));
  const where = 'POST /search/users and GET /users/{id}';
  return {
    owners,
    note: joinNotes(ownersNote(owners, failure), malformedNote(malformed, where)),
    failure: [failure, others.failure].find((error) => error && isOutage(error)),
  };
}

function ownersNote(
  owners: ReadonlyMap<string, Fact<Owner>>,
  failure: AuditError | undefined,
): string | null {
  if (failure) return `Some owners are not known: ${errorNote(failure)} ${CURE}`;
  return notShownNote(owners);
}

/** How many owners' records are blank; null where none are. */
export function notShownNote(owners: ReadonlyMap<string, Fact<Owner>>): string | null {
  const blank = [...owners.values()].filter((owner) => owner === STATUS_NOT_SHOWN).length;
  if (blank === 0) return null;
  return `${blank === 1 ? '1 owner is' : `${blank} owners are`} not known: ConductorOne does not show whether they are active. ${CURE}`;
}

/** What is wrong with a user's record, as far as the audit reads it. */
export function problemsOf(id: string, user: WireRecord): string[] {
  const read = new FieldReader(user);
  for (const field of ['displayName', 'email', 'status', 'directoryStatus', 'type']) read.text(field);
  for (const field of ['roleIds', 'managerIds']) read.texts(field);
  read.instant('deletedAt');
  return read.problems.length === 0 ? [] : [`${id}: ${read.problems.join(', ')}`];
}

function goneOwner(id: string): Owner {
  return { id, name: '', email: '', status: 'gone', type: 'unknown', roles: undefined, managers: [] };
}

const TYPES: Readonly<Record<string, Owner['type']>> = {
  USER_TYPE_HUMAN: 'human',
  USER_TYPE_SERVICE: 'service',
  USER_TYPE_AGENT: 'agent',
  USER_TYPE_SYSTEM: 'system',
};

/** A user record as an owner, unknown where it is blank for lack of rights. `people`: managers, null for those who are away. */
export function toOwner(
  id: string,
  user: WireRecord,
  roles: Fact<ReadonlyMap<string, Role>>,
  people: ReadonlyMap<string, Person | null> = new Map(),
): Fact<Owner> {
  const status = statusOf(user);
  if (status === undefined) return STATUS_NOT_SHOWN;
  const read = new FieldReader(user);
  const { name, email } = toPerson(id, user);
  return {
    id,
    name,
    email,
    status,
    type: TYPES[read.text('type')] ?? 'unknown',
    roles: rolesOf(read, ifKnown(roles)),
    managers: managerIdsOf(user).flatMap((managerId) => {
      const manager = people.get(managerId);
      return manager === null ? [] : [manager ?? { id: managerId, name: '', email: '' }];
    }),
  };
}

function rolesOf(read: FieldReader, roles: ReadonlyMap<string, Role> | undefined): Role[] | undefined {
  const ids = read.texts('roleIds');
  if (!roles || !isKnown(ids)) return undefined;
  const resolved = ids.flatMap((id) => roles.get(id) ?? []);
  const certain = resolved.length === ids.length || resolved.some(({ name }) => name === 'system:owner');
  return certain ? resolved : undefined;
}

/** undefined where the record does not tell: whoever may not see a user's status gets it blank, or as UNKNOWN. */
function statusOf(user: WireRecord): Exclude<Owner['status'], 'gone'> | undefined {
  const read = new FieldReader(user);
  const statuses = [read.text('status'), read.text('directoryStatus')];
  const deletedAt = read.instant('deletedAt');
  if (statuses.includes('DELETED') || deletedAt instanceof Date) return 'deleted';
  if (statuses.includes('DISABLED')) return 'disabled';
  return read.problems.length === 0 && statuses[0] === 'ENABLED' ? 'active' : undefined;
}

function managerIdsOf(user: WireRecord): readonly string[] {
  return ifKnown(new FieldReader(user).texts('managerIds')) ?? [];
}

/** null: cannot be addressed any more. Without an email nobody is addressed, so one whose state is not shown has none. */
function toManager(id: string, user: WireRecord | 'gone' | undefined): Person | null {
  if (user === 'gone') return null;
  const status = user && statusOf(user);
  if (user === undefined || status === undefined) return { id, name: '', email: '' };
  return status === 'active' ? toPerson(id, user) : null;
}

function toPerson(id: string, user: WireRecord): Person {
  const read = new FieldReader(user);
  return { id, name: read.text('displayName'), email: read.text('email') };
}
