import {
  type Fact,
  ifKnown,
  isKnown,
  type Owner,
  type Person,
  type Role,
  Unknown,
} from '../../contract/index.js';
import { AuditError } from '../../errors.js';
import type { ApiClient } from './client.js';
import { errorNote, postPage, type Reader } from './collect.js';
import { paginate } from './paginate.js';
import { isUnavailable, RequestError } from './request-error.js';
import { asRecord, FieldReader, type WireRecord } from './wire.js';

const CURE = "Give the audit's credential the right to read users (POST /search/users).";

/** Ids in one search: as many as a page of answers holds. */
const BATCH = 100;

export interface OwnersSeen {
  readonly owners: ReadonlyMap<string, Fact<Owner>>;
  readonly note: string | null;
}

/**
 * The owners behind the ids: searched in batches, those missing asked for one by one, since a search may leave out
 * deleted users. Managers are looked up for owners that can no longer answer themselves.
 */
export async function readOwners(
  reader: Reader,
  ids: readonly string[],
  roles: Fact<ReadonlyMap<string, Role>>,
): Promise<OwnersSeen> {
  const { users, failure } = await readUsers(reader, ids);
  const inactive = [...users.values()].filter((user) => user !== 'gone' && statusOf(user) !== 'active');
  const managerIds = [...new Set(inactive.flatMap((user) => managerIdsOf(user as WireRecord)))];
  const known = managerIds.filter((id) => users.has(id));
  const others = await readUsers(
    reader,
    managerIds.filter((id) => !users.has(id)),
  );
  const people = new Map(
    [...known.map((id) => [id, users.get(id)] as const), ...others.users].flatMap(([id, user]) =>
      user === undefined || user === 'gone' ? [] : [[id, toPerson(id, user)] as const],
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
  return { owners, note: failure ? `Some owners are not known: ${errorNote(failure)} ${CURE}` : null };
}

type Users = Map<string, WireRecord | 'gone'>;

/** User records by id. `failure` is what kept some of them back. */
async function readUsers(
  reader: Reader,
  ids: readonly string[],
): Promise<{ users: Users; failure: AuditError | undefined }> {
  const users: Users = new Map();
  let failure: AuditError | undefined;
  const batches = Array.from({ length: Math.ceil(ids.length / BATCH) }, (_, i) =>
    ids.slice(i * BATCH, (i + 1) * BATCH),
  );
  await Promise.all(
    batches.map(async (batch) => {
      try {
        await searchUsers(reader, batch, users);
      } catch (error) {
        if (!(error instanceof AuditError)) throw error;
        failure ??= error;
      }
    }),
  );
  const missing = ids.filter((id) => !users.has(id));
  // A refused search need not mean a refused look-up, but one refused look-up means the others are.
  let refused: AuditError | undefined =
    failure?.code === 'interrupted' || failure?.code === 'auth' ? failure : undefined;
  await Promise.all(
    missing.map(async (id) => {
      if (refused) return;
      try {
        users.set(id, await readUser(reader.client, id));
      } catch (error) {
        if (!(error instanceof AuditError)) throw error;
        if (isUnavailable(error) || error.code === 'interrupted' || error.code === 'auth') refused ??= error;
        failure ??= error;
      }
    }),
  );
  return { users, failure: ids.every((id) => users.has(id)) ? undefined : (refused ?? failure) };
}

async function searchUsers(
  { client, pageLimit }: Reader,
  ids: readonly string[],
  into: Users,
): Promise<void> {
  const wanted = new Set(ids);
  const restriction = { refs: ids.map((id) => ({ id })) };
  const idOfView = (value: unknown) => userIn(value)?.id ?? '';
  const list = paginate(
    (token) => postPage(client, '/search/users', token, restriction),
    idOfView,
    pageLimit,
  );
  for await (const page of list) {
    for (const value of page.records) {
      const user = userIn(value);
      if (user && wanted.has(user.id)) into.set(user.id, user.record);
    }
  }
}

async function readUser(client: ApiClient, id: string): Promise<WireRecord | 'gone'> {
  try {
    const answer = await client.call({ method: 'GET', path: `/users/${encodeURIComponent(id)}` });
    const user = userIn(answer.userView);
    if (user) return user.record;
    throw new RequestError(
      'api',
      'GET /users/{id} answered 200, but holds no user.',
      'This is not the API that c1-audit knows; look for a newer version.',
      { status: 200 },
    );
  } catch (error) {
    if (error instanceof RequestError && error.code === 'api' && error.status === 404) return 'gone';
    throw error;
  }
}

/** The user inside a view (`{user: {id, …}}`). */
function userIn(view: unknown): { id: string; record: WireRecord } | undefined {
  const record = asRecord(asRecord(view)?.user);
  const id = record?.id;
  return record && typeof id === 'string' && id !== '' ? { id, record } : undefined;
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

/** A user record as an owner. `people` holds the managers that were looked up. */
export function toOwner(
  id: string,
  user: WireRecord,
  roles: Fact<ReadonlyMap<string, Role>>,
  people: ReadonlyMap<string, Person> = new Map(),
): Owner {
  const read = new FieldReader(user);
  const { name, email } = toPerson(id, user);
  return {
    id,
    name,
    email,
    status: statusOf(user),
    type: TYPES[read.text('type')] ?? 'unknown',
    roles: rolesOf(read, ifKnown(roles)),
    managers: managerIdsOf(user).map(
      (managerId) => people.get(managerId) ?? { id: managerId, name: '', email: '' },
    ),
  };
}

/**
 * The owner's roles; undefined where they are not known. An id that the tenant's roles do not hold may be a deleted role
 * or one that the list hides: unless the others already say "everything", such an owner's power is not known.
 */
function rolesOf(read: FieldReader, roles: ReadonlyMap<string, Role> | undefined): Role[] | undefined {
  const ids = read.texts('roleIds');
  if (!roles || !isKnown(ids)) return undefined;
  const resolved = ids.flatMap((id) => roles.get(id) ?? []);
  const certain = resolved.length === ids.length || resolved.some(({ name }) => name === 'system:owner');
  return certain ? resolved : undefined;
}

function statusOf(user: WireRecord): Owner['status'] {
  const read = new FieldReader(user);
  const statuses = [read.text('status'), read.text('directoryStatus')];
  if (read.instant('deletedAt') !== null || statuses.includes('DELETED')) return 'deleted';
  return statuses.includes('DISABLED') ? 'disabled' : 'active';
}

function managerIdsOf(user: WireRecord): readonly string[] {
  return ifKnown(new FieldReader(user).texts('managerIds')) ?? [];
}

function toPerson(id: string, user: WireRecord): Person {
  const read = new FieldReader(user);
  return { id, name: read.text('displayName'), email: read.text('email') };
}
