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
  sharedList,
  unlessDeletedLater,
  type WireRecord,
} from '../record.js';
import type { ApiClient } from './client.js';
import { errorNote, malformedError, nameOf, type Reader, readList } from './lists.js';
import { concernsOneRecord, isNotFound, isOutage, RequestError } from './request-error.js';

/** Ids in one search: as many as a page of answers holds. */
const BATCH = 100;
/** Pages without a new owner, after which those who wait for a full batch are searched for. */
const QUIET_PAGES = 10;
/** Single look-ups started at once; the client lets fewer requests through. */
const LOOKUPS = 8;
const SEARCH = { method: 'POST', path: '/search/users' } as const;

/** What the audit reads of a user's record; more is not kept. */
export interface User {
  readonly id: string;
  readonly name: string;
  readonly email: string;
  /** undefined where it is not shown: a caller who may not see a user's status gets it blank, or as UNKNOWN. */
  readonly status: Exclude<Owner['status'], 'gone'> | undefined;
  readonly employmentStatus: string;
  readonly type: Owner['type'];
  readonly roleIds: Fact<readonly string[]>;
  readonly managerIds: readonly string[];
  /** What is not as documented. */
  readonly problems: readonly string[];
}

/** `gone`: the tenant does not know the id. `twice`: it lists the id twice, with different content. */
type UserFound = User | 'gone' | 'twice';

/**
 * Looks users up by their ids: searched in batches, each on its way as soon as it is full. Those missing are read one by
 * one, since a search may leave out deleted users.
 */
export class UserLookup {
  readonly #reader: Reader;
  readonly #ids = new Map<string, string>();
  readonly #users = new Map<string, UserFound>();
  readonly #searches: Promise<void>[] = [];
  #waiting: string[] = [];
  #quietPages = 0;
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
    this.#quietPages = 0;
    if (this.#waiting.length === BATCH) this.#startSearch();
    return id;
  }

  /** Called after each page. In a long list most owners come early, and the last of them should not wait for its end. */
  pageIsRead(): void {
    this.#quietPages += 1;
    if (this.#quietPages === QUIET_PAGES && this.#waiting.length > 0) this.#startSearch();
  }

  #startSearch(): void {
    const search = this.#search(this.#waiting);
    this.#waiting = [];
    // A defect is met where it is awaited, which may be much later.
    search.catch(() => undefined);
    this.#searches.push(search);
  }

  async #search(ids: readonly string[]): Promise<void> {
    const users = this.#users;
    const wanted = new Map(ids.map((id) => [id, id]));
    const narrowed = { refs: ids.map((id) => ({ id })) };
    const onPage = (records: readonly unknown[]) => {
      for (const value of records) {
        if (!asRecord(value))
          this.#malformed ??= malformedError(`${nameOf(SEARCH)} lists a record that is not an object.`);
        const { id, record } = userIn(value) ?? {};
        const known = wanted.get(id ?? '');
        if (!record || known === undefined) continue;
        const user = userOf(known, unlessDeletedLater(record, this.#reader.client.now));
        users.set(known, differ(users.get(known), user) ? 'twice' : user);
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
    readonly users: ReadonlyMap<string, UserFound>;
    readonly failure: AuditError | undefined;
  }> {
    if (this.#waiting.length > 0) this.#startSearch();
    await Promise.all(this.#searches);
    const users = this.#users;
    // Only those were added to the users, too.
    const missing = users.size === this.#ids.size ? [] : [...this.#ids.keys()].filter((id) => !users.has(id));
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
function listedTwice(users: ReadonlyMap<string, UserFound>): AuditError | undefined {
  const ids = [...users].flatMap(([id, user]) => (user === 'twice' ? [id] : []));
  if (ids.length === 0) return undefined;
  return new AuditError(
    'api',
    `${nameOf(SEARCH)} lists users twice, with other fields: ${ids.sort().join(', ')}.`,
    "Report it to ConductorOne's support: it is not known which of the records is right.",
  );
}

/** The user, or `gone` where the tenant does not know the id. @throws AuditError */
export async function readUser(client: ApiClient, id: string): Promise<User | 'gone'> {
  try {
    const answer = await client.call({ method: 'GET', path: `/users/${encodeURIComponent(id)}` });
    const user = userIn(answer.userView);
    if (user?.id === id) return userOf(id, unlessDeletedLater(user.record, client.now));
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
  readonly owners: Map<string, Fact<Owner>>;
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
  const read = [...users.values()].filter((user) => typeof user !== 'string');
  const managers = await readManagers(reader, read, users);
  const unread = new Unknown(
    failure ? `its owner could not be looked up: ${failure.message}` : 'its owner could not be looked up',
    CURE,
  );
  const rolesOf = rolesAmong(roles);
  const ownerOf = (id: string): Fact<Owner> => {
    const user = users.get(id);
    if (user === undefined) return unread;
    if (user === 'twice') return LISTED_TWICE;
    return user === 'gone' ? goneOwner(id) : toOwner(user, rolesOf, managers.people);
  };
  const owners = new Map(ids.map((id) => [id, ownerOf(id)]));
  const notKnown = failure
    ? `Some owners are not known: ${errorNote(failure)} ${CURE}`
    : notShownNote(owners);
  const malformed = malformedUsers(read.flatMap(problemsOf), 'POST /search/users and GET /users/{id}');
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
  users: readonly User[],
  known: ReadonlyMap<string, UserFound> = new Map(),
): Promise<{
  readonly people: ReadonlyMap<string, Person | null>;
  readonly failure: AuditError | undefined;
}> {
  const away = users.filter(({ status }) => status === 'disabled' || status === 'deleted');
  const ids = [...new Set(away.flatMap(({ managerIds }) => managerIds))];
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
export function problemsOf({ id, problems }: User): string[] {
  return problems.length === 0 ? [] : [`${id}: ${problems.join(', ')}`];
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

/** A user's record, checked. */
export function userOf(id: string, record: WireRecord): User {
  const read = new FieldReader(record);
  const name = read.text('displayName');
  const email = read.text('email');
  const status = statusIn(read);
  const employmentStatus = read.text('employmentStatus');
  const type = TYPES.get(read.text('type')) ?? 'unknown';
  const roleIds = sharedList(read.texts('roleIds'));
  const managerIds = ifKnown(read.texts('managerIds')) ?? [];
  return { id, name, email, status, employmentStatus, type, roleIds, managerIds, problems: read.problems };
}

function statusIn(read: FieldReader): User['status'] {
  const before = read.problems.length;
  const status = read.text('status');
  const inDirectory = read.text('directoryStatus');
  const deletedAt = read.instant('deletedAt');
  const isReadable = read.problems.length === before;
  if (status === 'DELETED' || inDirectory === 'DELETED' || typeof deletedAt === 'number') return 'deleted';
  if (status === 'DISABLED' || inDirectory === 'DISABLED') return 'disabled';
  return isReadable && status === 'ENABLED' && HARMLESS.has(inDirectory) ? 'active' : undefined;
}

/** Of the directory, for a user who is enabled. A newer API may know other ways of not being active. */
const HARMLESS: ReadonlySet<string> = new Set(['', 'UNKNOWN', 'ENABLED']);

/** A user as an owner, unknown where the record is blank for lack of rights. `people`: managers, null for those who are away. */
export function toOwner(
  { id, name, email, status, employmentStatus, type, roleIds, managerIds }: User,
  rolesOf: RolesOf,
  people: ReadonlyMap<string, Person | null> = new Map(),
): Fact<Owner> {
  if (status === undefined) return STATUS_NOT_SHOWN;
  const managers = managerIds.flatMap((managerId) => {
    const manager = people.get(managerId);
    return manager === null ? [] : [manager ?? { id: managerId, name: '', email: '' }];
  });
  return { id, name, email, employmentStatus, status, type, roles: rolesOf(roleIds), managers };
}

type RolesOf = (ids: Fact<readonly string[]>) => readonly Role[] | undefined;

/** Gives the roles behind ids, undefined where they are not certain; the same list for the same list. */
export function rolesAmong(roles: Fact<ReadonlyMap<string, Role>>): RolesOf {
  const resolved = new Map<readonly string[], readonly Role[] | undefined>();
  return (ids) => {
    if (!isKnown(roles) || !isKnown(ids)) return undefined;
    if (!resolved.has(ids)) resolved.set(ids, certainRoles(ids, roles));
    return resolved.get(ids);
  };
}

function certainRoles(ids: readonly string[], roles: ReadonlyMap<string, Role>): Role[] | undefined {
  const found = ids.flatMap((id) => roles.get(id) ?? []);
  return found.length === ids.length || found.some((role) => canDoEverything(role)) ? found : undefined;
}

/** null: cannot be addressed any more. Without an email nobody is addressed, so one whose status is not known has none. */
function toManager(id: string, user: UserFound | undefined): Person | null {
  if (user === 'gone') return null;
  if (user === undefined || user === 'twice' || user.status === undefined) return { id, name: '', email: '' };
  return user.status === 'active' ? { id, name: user.name, email: user.email } : null;
}
