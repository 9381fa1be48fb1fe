import pLimit from 'p-limit';
import {
  type Credential,
  type Fact,
  isKnown,
  type Owner,
  type Person,
  type Role,
  Unknown,
} from '../../contract/index.js';
import { AuditError } from '../../errors.js';
import { asRecord, differ, FieldReader, idOf, unlessDeletedLater, type WireRecord } from '../record.js';
import {
  addCredential,
  type Collected,
  collectList,
  errorNote,
  joinNotes,
  type KindSeen,
  type List,
  type ListRead,
  nameOf,
  type Reader,
  readList,
  summariseKind,
} from './lists.js';
import {
  goneOwner,
  malformedUsers,
  notShownNote,
  type OwnersSeen,
  problemsOf,
  readManagers,
  toOwner,
} from './people.js';
import { concernsOneRecord, isNotFound, isUnavailable, RequestError } from './request-error.js';

const KIND = 'service-principal-credential';
export const LIST: List = { method: 'GET', path: '/service_principals' };
const REPORT_IT = "Report it to ConductorOne's support.";
/** Lists of credentials read at once; the client lets fewer requests through. */
const LISTS = 8;
/** Lists that may fail, each after its retries, until no more are read: the problem is a general one. */
const FAILURES = 3;

/** The tenant's service principals, as far as their list was read. */
export interface PrincipalsSeen extends ListRead {
  readonly principals: ReadonlyMap<string, WireRecord>;
}

/** Reads the list of service principals, which very likely does not page. */
export async function readPrincipals(reader: Reader): Promise<PrincipalsSeen> {
  const principals = new Map<string, WireRecord>();
  let twice: string | undefined;
  const { pages, ending } = await readList(LIST, reader, (records) => {
    for (const value of records) {
      const id = idOf(value);
      if (id === '' || !id.isWellFormed()) throw malformedPrincipal();
      const record = toPrincipal(asRecord(value) ?? {}, reader.client.now);
      if (differ(principals.get(id), record)) twice ??= id;
      principals.set(id, record);
    }
  });
  return { principals, pages, ending: ending === 'end' && twice !== undefined ? listedTwice(twice) : ending };
}

function toPrincipal(record: WireRecord, now: number): WireRecord {
  const user = asRecord(record.user);
  return user ? { ...record, user: unlessDeletedLater(user, now) } : record;
}

function listedTwice(id: string): RequestError {
  return new RequestError(
    'api',
    `${nameOf(LIST)} lists the service principal ${id} twice, with other fields.`,
    `${REPORT_IT} It is not known which of the two is right.`,
  );
}

function malformedPrincipal(): RequestError {
  return new RequestError(
    'api',
    `${nameOf(LIST)} lists a service principal without a valid id.`,
    "Report it to ConductorOne's support: its credentials cannot be read.",
  );
}

/** An empty list is not believed while trusts name service principals: it may just not be shown. */
export function emptyInVain(
  { principals, ending }: PrincipalsSeen,
  credentials: readonly Credential[],
): RequestError | undefined {
  const isNamed = ({ kind, ownerId, deletedAt }: Credential) =>
    kind === 'federation-trust' && ownerId !== '' && deletedAt === null;
  if (ending !== 'end' || principals.size > 0 || !credentials.some(isNamed)) return undefined;
  return new RequestError(
    'api',
    `${nameOf(LIST)} lists none, but federation trusts name some.`,
    "Check that the audit's credential may see service principals (Super Administrator).",
  );
}

/** What the lists of all service principals' credentials gave together. */
interface Lists {
  readonly credentials: ReadonlyMap<string, Credential>;
  readonly pages: number;
  readonly malformed: readonly string[];
  /** Principals whose list repeats itself. */
  readonly cut: readonly string[];
  /** Principals that no longer exist. */
  readonly gone: readonly string[];
  readonly failed: readonly { readonly id: string; readonly error: AuditError }[];
}

/** The credentials of every service principal that is listed. */
export async function collectPrincipalCredentials(
  reader: Reader,
  { principals, pages, ending }: PrincipalsSeen,
  required: boolean,
): Promise<KindSeen> {
  const lists = await readLists(reader, [...principals.keys()]);
  const { cut, gone, failed } = lists;
  const first = failed[0]?.error;
  const note = joinNotes(
    ending === 'repeats'
      ? `${nameOf(LIST)} repeats its first page instead of going on: only ${principals.size} service principals are known. ${REPORT_IT}`
      : null,
    cut.length > 0
      ? `${nameOf(listOf('{id}'))} repeats its first page instead of going on, so credentials may be missing, for ${named(cut)}. ${REPORT_IT}`
      : null,
    first
      ? `The credentials of ${named(failed.map(({ id }) => id))} could not be read: ${errorNote(first)}`
      : null,
    gone.length > 0 ? `Deleted while the audit ran: ${named(gone)}.` : null,
  );
  const isComplete = ending === 'end' && cut.length === 0 && !first;
  const collected: Collected = {
    credentials: [...lists.credentials.values()],
    pages: pages + lists.pages,
    what: nameOf(listOf('{id}')),
    ending: ending instanceof AuditError ? ending : isComplete ? 'end' : 'repeats',
    malformed: [...lists.malformed].sort(),
  };
  // A refusal in the middle of the list does not mean that the feature is switched off.
  const switchedOff = pages === 0 && isUnavailable(ending);
  const kind = summariseKind(KIND, collected, note, required || !switchedOff);
  return { ...kind, failure: kind.failure ?? first };
}

async function readLists(reader: Reader, principals: readonly string[]): Promise<Lists> {
  const credentials = new Map<string, Credential>();
  const malformed: string[] = [];
  const cut: string[] = [];
  const failed: { id: string; error: AuditError }[] = [];
  const missing: { id: string; error: AuditError }[] = [];
  let pages = 0;
  let inVain: AuditError | undefined;
  const inTurn = pLimit(LISTS);
  const readOne = async (id: string) => {
    if (inVain) {
      failed.push({ id, error: inVain });
      return;
    }
    const one = await collectList(KIND, reader, listOf(id));
    pages += one.pages;
    malformed.push(...one.malformed);
    for (const listed of one.credentials) {
      // A record of a principal's own list belongs to it, even if it does not say so.
      addCredential(credentials, { ...listed, ownerId: listed.ownerId || id }, malformed);
    }
    if (one.ending === 'repeats') cut.push(id);
    if (!(one.ending instanceof AuditError)) return;
    if (isNotFound(one.ending) && one.pages === 0) {
      missing.push({ id, error: one.ending });
      return;
    }
    failed.push({ id, error: one.ending });
    if (one.ending.code === 'interrupted' || failed.filter(isGeneral).length >= FAILURES) inVain = one.ending;
  };
  await Promise.all(principals.map((id) => inTurn(() => readOne(id))));
  const stillListed = await listedAgain(reader, missing.length, principals.length);
  const isGone = ({ id }: { readonly id: string }) => stillListed !== undefined && !stillListed.has(id);
  return {
    credentials,
    pages,
    malformed,
    cut,
    gone: missing.filter(isGone).map(({ id }) => id),
    failed: [...failed, ...missing.filter((each) => !isGone(each))],
  };
}

/**
 * The service principals that exist now, to find out which of those whose credentials are missing were deleted; undefined
 * where that is not possible. Nobody deletes all of them within a minute: then the address is wrong.
 */
async function listedAgain(
  reader: Reader,
  missing: number,
  all: number,
): Promise<PrincipalsSeen['principals'] | undefined> {
  if (missing === 0 || missing === all) return undefined;
  const { principals, ending } = await readPrincipals(reader);
  return ending === 'end' ? principals : undefined;
}

function isGeneral({ error }: { readonly error: AuditError }): boolean {
  return !concernsOneRecord(error);
}

/** The list of a service principal's credentials. */
export function listOf(principal: string): List {
  const id = principal === '{id}' ? principal : encodeURIComponent(principal);
  return { method: 'GET', path: `${LIST.path}/${id}/credentials` };
}

/** How many principals a note names. */
const NAMED = 50;

function named(ids: readonly string[]): string {
  const sorted = [...ids].sort();
  const more = sorted.length > NAMED ? ` and ${sorted.length - NAMED} more` : '';
  return `service principal${ids.length === 1 ? '' : 's'} ${sorted.slice(0, NAMED).join(', ')}${more}`;
}

/**
 * Service principals as the owners of credentials and trusts.
 *
 * One that a complete list does not hold is gone, provided that the caller may see them all.
 */
export async function principalOwners(
  reader: Reader,
  ids: readonly string[],
  { principals, ending }: PrincipalsSeen,
  roles: Fact<ReadonlyMap<string, Role>>,
  seesAll: boolean,
): Promise<OwnersSeen> {
  const unseen = new Unknown(
    'its service principal is not listed',
    'Run the audit as a Super Administrator, who can list all service principals.',
  );
  const { people, failure } = await readManagers(
    reader,
    ids.map((id) => asRecord(principals.get(id)?.user) ?? {}),
  );
  const owners = new Map(
    ids.map((id): [string, Fact<Owner>] => {
      const record = principals.get(id);
      if (record) return [id, principalOwner(id, record, roles, people)];
      return [id, ending === 'end' && seesAll ? goneOwner(id, 'service') : unseen];
    }),
  );
  const malformed = ids.flatMap((id) => {
    const { user } = principals.get(id) ?? {};
    if (user === undefined || user === null) return [];
    const record = asRecord(user);
    return record ? problemsOf(id, record) : [`${id}: user is not an object`];
  });
  const blank = notShownNote(owners);
  const about = blank === null ? null : `Of the service principals (${nameOf(LIST)}): ${blank}`;
  return { owners, note: about, failure: failure ?? malformedUsers(malformed, nameOf(LIST)) };
}

/** Unknown where its user is not shown: only the user says whether it is active and what it may do. */
function principalOwner(
  id: string,
  record: WireRecord,
  roles: Fact<ReadonlyMap<string, Role>>,
  people: ReadonlyMap<string, Person | null>,
): Fact<Owner> {
  const owner = toOwner(id, asRecord(record.user) ?? {}, roles, people);
  if (!isKnown(owner)) return owner;
  return { ...owner, name: new FieldReader(record).text('displayName') || owner.name, type: 'service' };
}
