import pLimit from 'p-limit';
import { type Credential, type Fact, isKnown, type Owner, type Role, Unknown } from '../../contract/index.js';
import { AuditError } from '../../errors.js';
import { concernsOneRecord, isNotFound, isUnavailable, RequestError } from './http.js';
import type { Ending } from './lists.js';
import {
  asRecord,
  type Collected,
  collectList,
  differ,
  errorNote,
  FieldReader,
  idOf,
  joinNotes,
  type KindSeen,
  type List,
  malformedNote,
  nameOf,
  pagesOf,
  type Reader,
  summariseKind,
  unlessDeletedLater,
  type WireRecord,
} from './lists.js';
import { notShownNote, type OwnersSeen, problemsOf, toOwner } from './people.js';

const KIND = 'service-principal-credential';
export const LIST: List = { method: 'GET', path: '/service_principals' };
const REPORT_IT = "Report it to ConductorOne's support.";
/** Lists of credentials in hand; the client lets fewer through at once. */
const LISTS = 8;
/** Lists that may fail in a row of tries each before the others are not asked for: what ails them ails all. */
const FAILURES = 3;

/** The tenant's service principals, as far as their list goes. */
export interface PrincipalsSeen {
  readonly principals: ReadonlyMap<string, WireRecord>;
  readonly pages: number;
  readonly ending: Ending | AuditError;
}

/** Reads the list of service principals, which very likely does not page. */
export async function readPrincipals(reader: Reader): Promise<PrincipalsSeen> {
  const principals = new Map<string, WireRecord>();
  let pages = 0;
  const list = pagesOf(LIST, reader);
  try {
    for (;;) {
      const step = await list.next();
      if (step.done) return { principals, pages, ending: step.value };
      pages += 1;
      for (const value of step.value.records) {
        const id = idOf(value);
        const record = asRecord(value);
        if (record && id !== '' && id.isWellFormed()) {
          const user = asRecord(record.user);
          principals.set(
            id,
            user ? { ...record, user: unlessDeletedLater(user, reader.client.now) } : record,
          );
        } else throw malformedPrincipal();
      }
    }
  } catch (error) {
    if (!(error instanceof AuditError)) throw error;
    return { principals, pages, ending: error };
  }
}

function malformedPrincipal(): RequestError {
  return new RequestError(
    'api',
    `${nameOf(LIST)} lists a service principal without a valid id.`,
    "Report it to ConductorOne's support: its credentials cannot be asked for.",
  );
}

/** What the lists of all service principals' credentials gave together. */
interface Lists {
  readonly credentials: ReadonlyMap<string, Credential>;
  readonly pages: number;
  readonly malformed: readonly string[];
  /** Principals whose list repeats itself. */
  readonly cut: readonly string[];
  /** Principals that are no longer there. */
  readonly gone: readonly string[];
  readonly failed: readonly { readonly id: string; readonly error: AuditError }[];
}

/** The credentials of every service principal that was seen. */
export async function collectPrincipalCredentials(
  reader: Reader,
  { principals, pages, ending }: PrincipalsSeen,
  required: boolean,
): Promise<KindSeen> {
  const lists = await readLists(reader, [...principals.keys()]);
  const { cut, gone, failed } = lists;
  const first = failed[0]?.error;
  const notes = [
    ending === 'repeats'
      ? `${nameOf(LIST)} repeats its first page instead of going on: only ${principals.size} service principals were seen. ${REPORT_IT}`
      : null,
    cut.length > 0
      ? `${nameOf(listOf('{id}'))} repeats its first page instead of going on, so some credentials were not seen, for ${named(cut)}. ${REPORT_IT}`
      : null,
    first
      ? `The credentials of ${named(failed.map(({ id }) => id))} could not be read: ${errorNote(first)}`
      : null,
    gone.length > 0 ? `Deleted while the audit ran: ${named(gone)}.` : null,
  ].filter((note) => note !== null);
  const note = notes.length > 0 ? notes.join(' ') : null;
  const whole = ending === 'end' && cut.length === 0 && !first;
  const collected: Collected = {
    credentials: [...lists.credentials.values()],
    pages: pages + lists.pages,
    what: nameOf(listOf('{id}')),
    ending: ending instanceof AuditError ? ending : whole ? 'end' : 'repeats',
    malformed: [...lists.malformed].sort(),
  };
  // Refused in the middle of the list it is no feature that is switched off.
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
      const credential = ownedBy(listed, id);
      if (differ(credentials.get(credential.id), credential))
        malformed.push(`${credential.id}: listed twice, with other fields`);
      credentials.set(credential.id, credential);
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
 * The service principals that are there now, where that can tell which of those whose credentials are missing were
 * deleted; undefined where it cannot. People do not delete all of them within a minute: then it is the address that is
 * not known there.
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

/** The list was asked for by principal, so a record that does not repeat it still has this owner. */
function ownedBy(credential: Credential, principal: string): Credential {
  return credential.ownerId === '' ? { ...credential, ownerId: principal } : credential;
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
 * One that a whole list does not hold is gone, provided that the caller may see them all.
 */
export function principalOwners(
  ids: readonly string[],
  { principals, ending }: PrincipalsSeen,
  roles: Fact<ReadonlyMap<string, Role>>,
  seesAll: boolean,
): OwnersSeen {
  const unseen = new Unknown(
    'its service principal was not seen',
    'Run the audit as a Super Administrator, who can list all service principals.',
  );
  const owners = new Map(
    ids.map((id): [string, Fact<Owner>] => {
      const record = principals.get(id);
      if (record) return [id, principalOwner(id, record, roles)];
      const missing: Owner = {
        id,
        name: '',
        email: '',
        status: 'gone',
        type: 'service',
        roles: undefined,
        managers: [],
      };
      return [id, ending === 'end' && seesAll ? missing : unseen];
    }),
  );
  const malformed = ids.flatMap((id) => {
    const { user } = principals.get(id) ?? {};
    if (user === undefined || user === null) return [];
    const record = asRecord(user);
    return record ? problemsOf(id, record) : [`${id}: user is no object`];
  });
  const blank = notShownNote(owners);
  const about = blank === null ? null : `Of the service principals (${nameOf(LIST)}): ${blank}`;
  return { owners, note: joinNotes(about, malformedNote(malformed, nameOf(LIST))) };
}

/** Unknown where its user is not shown: only that tells whether it is active and what it may do. */
function principalOwner(id: string, record: WireRecord, roles: Fact<ReadonlyMap<string, Role>>): Fact<Owner> {
  const owner = toOwner(id, asRecord(record.user) ?? {}, roles);
  if (!isKnown(owner)) return owner;
  return { ...owner, name: new FieldReader(record).text('displayName') || owner.name, type: 'service' };
}
