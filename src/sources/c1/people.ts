import pLimit from 'p-limit';
import {
  canDoEverything,
  type Fact,
  ifKnown,
  isKnown,
  type Owner,
  type Person,
  type Role,
  Unknown,
} from '../../contract/index.js';
import { AuditError } from '../../errors.js';
import {
  asRecord,
  differ,
  FieldReader,
  malformedRecords,
  unlessDeletedLater,
  type WireRecord,
} from '../record.js';
import type { ApiClient } from './client.js';
import { errorNote, malformedError, nameOf, type Reader, readList } from './lists.js';
import { concernsOneRecord, isNotFound, isOutage, RequestError } from './request-error.js';

/** Ids in one search: as many as a page of answers holds. */
const BATCH = 100;
/** Single look-ups started at once; the client lets fewer requests through. */
const LOOKUPS = 8;
const SEARCH = { method: 'POST', path: '/search/users' } as const;

/** `gone`: the tenant does not know the id. `twice`: it lists the id twice, with different content. */
type User = WireRecord | 'gone' | 'twice';

/**
 * Looks users up by their ids: searched in batches, each on its way as soon as it is full. Those missing are read one by
 * one, since a search may leave out deleted users.
 */
export class UserLookup {
  readonly #reader: Reader;
  readonly #ids = new Map<string, string>();
  readonly #users = new Map<string, User>();
  readonly #searches: Promise<void>[] = [];
  #waiting: string[] = [];
  #failure: AuditError | undefined;
  #malformed: AuditError | undefined;

  constructor(reader: Reader) {
    this.#reader = reader;
  }

  /** Takes note of an id to look up, and gives the text that it has always given for it. A blank one is nobody's. */
  add(id: string): string {
    const known = this.#ids.get(id);
    if (known !== undefined || id === '') return known ?? id;
    this.#ids.set(id, id);
    this.#waiting.push(id);
    if (this.#waiting.length === BATCH) this.#startSearch();
    return id;
  }

  #startSearch(): void {
    const search = this.#search(new Set(this.#waiting));
    this.#waiting = [];
    // A defect is met where it is awaited, which may be much later.
    search.catch(() => undefined);
    this.#searches.push(search);
  }

  async #search(wanted: ReadonlySet<string>): Promise<void> {
    const users = this.#users;
    const narrowed = { refs: [...wanted].map((id) => ({ id })) };
    const onPage = (records: readonly unknown[]) => {
      for (const value of records) {
        if (!asRecord(value))
          this.#malformed ??= malformedError(`${nameOf(SEARCH)} lists a record that is not an object.`);
        const user = userIn(value);
        if (!user || !wanted.has(user.id)) continue;
        const record = unlessDeletedLater(user.record, this.#reader.client.now);
        users.set(user.id, differ(users.get(user.id), record) ? 'twice' : record);
      }
    };
    const { ending } = await readList(
      { ...SEARCH, narrowed },
      this.#reader,
      onPage,
      (value) => userIn(value)?.id ?? '',
    );
    // Beside a missing right, an outage must not be overlooked.
    if (ending instanceof AuditError && (!this.#failure || !isOutage(this.#failure))) this.#failure = ending;
  }

  /** Records of all that were added. `failure` is what kept some of them back. */
  async read(): Promise<{
    readonly users: ReadonlyMap<string, User>;
    readonly failure: AuditError | undefined;
  }> {
    if (this.#waiting.length > 0) this.#startSearch();
    await Promise.all(this.#searches);
    const users = this.#users;
    const missing = [...this.#ids.keys()].filter((id) => !users.has(id));
    let failure = this.#failure;
    // A refused search need not mean a refused look-up, but one refused look-up means the others are.
    let refused = failure?.code === 'interrupted' || failure?.code === 'auth' ? failure : undefined;
    const inTurn = pLimit(LOOKUPS);
    const lookUp = async (id: string) => {
      if (refused) return;
      try {
        users.set(id, await readUser(this.#reader.client, id));
      } catch (error) {
        if (!(error instanceof AuditError)) throw error;
        if (!concernsOneRecord(error)) refused ??= error;
        failure ??= error;
      }
    };
    await Promise.all(missing.map((id) => inTurn(() => lookUp(id))));
    const malformed = listedTwice(users) ?? this.#malformed;
    if (missing.every((id) => users.has(id))) return { users, failure: malformed };
    // Beside a missing right, an outage must not be overlooked.
    const outage = [refused, failure].find((error) => error && isOutage(error));
    return { users, failure: outage ?? malformed ?? refused ?? failure };
  }
}

/** An id that stands for two users keeps the audit from being complete, as it does for credentials. */
function listedTwice(users: ReadonlyMap<string, User>): AuditError | undefined {
  const ids = [...users].flatMap(([id, user]) => (user === 'twice' ? [id] : []));
  if (ids.length === 0) return undefined;
  return new AuditError(
    'api',
    `${nameOf(SEARCH)} lists users twice, with other fields: ${ids.sort().join(', ')}.`,
    "Report it to ConductorOne's support: it is not known which of the records is right.",
  );
}

/** The user, or `gone` where the tenant does not know the id. @throws AuditError */
export async function readUser(client: ApiClient, id: string): Promise<WireRecord | 'gone'> {
  try {
    const answer = await client.call({ method: 'GET', path: `/users/${encodeURIComponent(id)}` });
    const user = userIn(answer.userView);
    if (user?.id === id) return unlessDeletedLater(user.record, client.now);
    throw new RequestError(
      'api',
      'GET /users/{id} answered 200, but does not hold the requested user.',
      'This is not the API that c1-audit knows; look for a newer version.',
      { status: 200 },
    );
  } catch (error) {
    if (isNotFound(error)) return 'gone';
    throw error;
  }
}

/** The user inside a view (`{user: {id, …}}`). */
function userIn(view: unknown): { id: string; record: WireRecord } | undefined {
  const record = asRecord(asRecord(view)?.user);
  const id = record?.id;
  return record && typeof id === 'string' && id !== '' ? { id, record } : undefined;
}

const CURE = "Give the audit's credential the right to read users (POST /search/users, GET /users/{id}).";

/** For an owner whose record does not show whether they are active. */
const STATUS_NOT_SHOWN = new Unknown('ConductorOne does not show whether its owner is active', CURE);

const LISTED_TWICE = new Unknown(
  'ConductorOne lists its owner twice, with different content',
  "Report it to ConductorOne's support.",
);

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
  const records = [...users].filter((entry): entry is [string, WireRecord] => typeof entry[1] !== 'string');
  const managers = await readManagers(
    reader,
    records.map(([, user]) => user),
    users,
  );
  const unread = new Unknown(
    failure ? `its owner could not be looked up: ${failure.message}` : 'its owner could not be looked up',
    CURE,
  );
  const ownerOf = (id: string): Fact<Owner> => {
    const user = users.get(id);
    if (user === undefined) return unread;
    if (user === 'twice') return LISTED_TWICE;
    return user === 'gone' ? goneOwner(id) : toOwner(id, user, roles, managers.people);
  };
  const owners = new Map(ids.map((id) => [id, ownerOf(id)]));
  const notKnown = failure
    ? `Some owners are not known: ${errorNote(failure)} ${CURE}`
    : notShownNote(owners);
  const malformed = malformedUsers(
    records.flatMap(([id, user]) => problemsOf(id, user)),
    'POST /search/users and GET /users/{id}',
  );
  return {
    owners,
    note: notKnown,
    failure: [failure, managers.failure].find((error) => error && isOutage(error)) ?? malformed,
  };
}

/**
 * The managers of those users who are disabled or deleted; null for a manager who cannot be addressed.
 *
 * @param known  users that were read before
 */
export async function readManagers(
  reader: Reader,
  users: readonly WireRecord[],
  known: ReadonlyMap<string, User> = new Map(),
): Promise<{
  readonly people: ReadonlyMap<string, Person | null>;
  readonly failure: AuditError | undefined;
}> {
  const away = users.filter((user) => ['disabled', 'deleted'].includes(statusOf(user) ?? ''));
  const ids = [...new Set(away.flatMap(managerIdsOf))];
  const lookup = new UserLookup(reader);
  for (const id of ids) if (!known.has(id)) lookup.add(id);
  const { users: read, failure } = await lookup.read();
  return { people: new Map(ids.map((id) => [id, toManager(id, known.get(id) ?? read.get(id))])), failure };
}

/** How many owners' records are blank; null where none are. */
export function notShownNote(owners: ReadonlyMap<string, Fact<Owner>>): string | null {
  const blank = [...owners.values()].filter((owner) => owner === STATUS_NOT_SHOWN).length;
  if (blank === 0) return null;
  return `${blank === 1 ? '1 owner is' : `${blank} owners are`} not known: ConductorOne does not show whether they are active. ${CURE}`;
}

/** Users whose records are not as documented keep the audit from being complete. */
export function malformedUsers(problems: readonly string[], what: string): AuditError | undefined {
  const found = malformedRecords(problems, what);
  return found && new AuditError('api', found.message, found.hint);
}

/** What is wrong with a user's record, as far as the audit reads it. */
export function problemsOf(id: string, user: WireRecord): string[] {
  const read = new FieldReader(user);
  for (const field of ['displayName', 'email', 'status', 'directoryStatus', 'employmentStatus', 'type'])
    read.text(field);
  for (const field of ['roleIds', 'managerIds']) read.texts(field);
  read.instant('deletedAt');
  return read.problems.length === 0 ? [] : [`${id}: ${read.problems.join(', ')}`];
}

/** An owner whom the tenant no longer knows. */
export function goneOwner(id: string, type: Owner['type'] = 'unknown'): Owner {
  return { id, name: '', email: '', status: 'gone', type, roles: undefined, managers: [] };
}

const TYPES: ReadonlyMap<string, Owner['type']> = new Map([
  ['USER_TYPE_HUMAN', 'human'],
  ['USER_TYPE_SERVICE', 'service'],
  ['USER_TYPE_AGENT', 'agent'],
  ['USER_TYPE_SYSTEM', 'system'],
]);

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
    employmentStatus: read.text('employmentStatus'),
    status,
    type: TYPES.get(read.text('type')) ?? 'unknown',
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
  const certain = resolved.length === ids.length || resolved.some((role) => canDoEverything(role));
  return certain ? resolved : undefined;
}

/** undefined where it is not shown: a caller who may not see a user's status gets it blank, or as UNKNOWN. */
function statusOf(user: WireRecord): Exclude<Owner['status'], 'gone'> | undefined {
  const read = new FieldReader(user);
  const statuses = [read.text('status'), read.text('directoryStatus')];
  const deletedAt = read.instant('deletedAt');
  if (statuses.includes('DELETED') || typeof deletedAt === 'number') return 'deleted';
  if (statuses.includes('DISABLED')) return 'disabled';
  const [status = '', inDirectory = ''] = statuses;
  return read.problems.length === 0 && status === 'ENABLED' && HARMLESS.has(inDirectory)
    ? 'active'
    : undefined;
}

/** Of the directory, for a user who is enabled. A newer API may know other ways of not being active. */
const HARMLESS: ReadonlySet<string> = new Set(['', 'UNKNOWN', 'ENABLED']);

function managerIdsOf(user: WireRecord): readonly string[] {
  return ifKnown(new FieldReader(user).texts('managerIds')) ?? [];
}

/** null: cannot be addressed any more. Without an email nobody is addressed, so one whose status is not known has none. */
function toManager(id: string, user: User | undefined): Person | null {
  if (user === 'gone') return null;
  const unaddressed = { id, name: '', email: '' };
  if (user === undefined || user === 'twice') return unaddressed;
  const status = statusOf(user);
  if (status === undefined) return unaddressed;
  return status === 'active' ? toPerson(id, user) : null;
}

function toPerson(id: string, user: WireRecord): Person {
  const read = new FieldReader(user);
  return { id, name: read.text('displayName'), email: read.text('email') };
}
