import { setImmediate as turn } from 'node:timers/promises';
import { type Credential, isKnown, isPersonal, type Kind, type SourceSeen } from '../../contract/index.js';
import { AuditError } from '../../errors.js';
import {
  differ,
  doubtBeside,
  draftNote,
  idOf,
  idOfKind,
  LISTED_TWICE,
  malformedNote,
  normalize,
  type WireRecord,
} from '../record.js';
import type { ApiClient, SearchPath } from './client.js';
import { isAbsent, isUnavailable, RequestError } from './request-error.js';

/** A list of the API, and how to request it. Paths are below `/api/v1`; `narrowed` is what a search is narrowed to. */
export type List = (
  | { readonly method: 'GET'; readonly path: string }
  | { readonly method: 'POST'; readonly path: SearchPath }
) & { readonly narrowed?: Readonly<Record<string, unknown>> };

/** What messages call a list. */
export function nameOf({ method, path }: List): string {
  return `${method} ${path}`;
}

/** What reading a list takes. */
export interface Reader {
  readonly client: ApiClient;
  /** Pages after which a list is given up. */
  readonly pageLimit: number;
  /** Later dates of something in the past are malformed. */
  readonly latest: number;
  /** Takes note of an owner who is a person, and gives the one text for the same owner. */
  readonly shareOwner?: ((id: string) => string) | undefined;
  /** Called with the number of records of each page, and their kind. */
  readonly onRecords: (count: number, kind: Kind) => void;
  /** Called with the credentials of each page while the next page is on its way. */
  readonly onCredentials?: ((credentials: readonly Credential[]) => void) | undefined;
}

/** What one list of credentials gave. */
export interface Collected extends ListRead {
  readonly credentials: readonly Credential[];
  /** What messages call the list. */
  readonly what: string;
  /** One line a record that is not as documented, naming it and the field. */
  readonly malformed: readonly string[];
  /** How many records are drafts. */
  readonly drafts: number;
}

/** Reads a list of credentials to its end, or as far as it goes: what was read before an error is kept. */
export async function collectList(kind: Kind, reader: Reader, list: List): Promise<Collected> {
  const found = new Found();
  const { malformed } = found;
  const drafts = new Set<string>();
  const idOf = idOfKind(kind);
  const share = isPersonal(kind) ? reader.shareOwner : undefined;
  const onPage = (records: readonly unknown[], page: number) => {
    reader.onRecords(records.length, kind);
    const ofPage: Credential[] = [];
    records.forEach((record, index) => {
      const { credential, problems, draft } = normalize(kind, record, reader.latest, share);
      if (draft) drafts.add(idOf(record));
      if (credential) {
        found.add(credential);
        ofPage.push(credential);
      }
      if (problems.length > 0)
        malformed.push(`${credential?.id ?? `record ${index + 1} of page ${page}`}: ${problems.join(', ')}`);
    });
    reader.onCredentials?.(ofPage);
  };
  // What was read is known by its id already: a second set of all ids would only take memory.
  const seen = {
    has: (id: string) => found.has(id.toWellFormed()) || drafts.has(id),
  };
  const read = await readList(list, reader, onPage, idOf, seen);
  return { ...read, credentials: found.credentials, what: nameOf(list), malformed, drafts: drafts.size };
}

/**
 * Credentials in the order in which they come, one for each id. While every id is greater than the one before, none is
 * looked up: among a hundred thousand that takes longer than to read a record.
 */
export class Found {
  readonly credentials: Credential[] = [];
  /** One line for each id that came twice, with other fields. */
  readonly malformed: string[] = [];
  #places: Map<string, number> | undefined;

  has(id: string): boolean {
    return this.#placeOf(id) !== undefined;
  }

  add(credential: Credential): void {
    const { credentials, malformed } = this;
    const { id } = credential;
    const place = this.#placeOf(id) ?? credentials.length;
    const before = credentials[place];
    const used = before && usedBetween(before, credential);
    if (!used && differ(before, credential)) malformed.push(`${id}: ${LISTED_TWICE}`);
    credentials[place] = used ?? credential;
    this.#places?.set(id, place);
  }

  #placeOf(id: string): number | undefined {
    if (!this.#places) {
      const last = this.credentials.at(-1);
      if (!last || last.id < id) return undefined;
      this.#places = new Map(this.credentials.map((credential, place) => [credential.id, place]));
    }
    return this.#places.get(id);
  }
}

/** The credential with its later use, where it was used between two pages that list it; undefined: something else differs. */
function usedBetween(before: Credential, after: Credential): Credential | undefined {
  const [one, other] = [before.lastUsedAt, after.lastUsedAt];
  if (!(isKnown(one) && isKnown(other)) || one === other) return undefined;
  const latest = (one ?? 0) > (other ?? 0) ? before : after;
  return differ({ ...before, lastUsedAt: null }, { ...after, lastUsedAt: null }) ? undefined : latest;
}

/** How far a list was read. */
export interface ListRead {
  readonly pages: number;
  readonly ending: Ending | AuditError;
}

/**
 * Reads a list to its end, or as far as it goes.
 *
 * @param onPage      receives the records of a page and the page's number, from 1
 * @param idOfRecord  a record's id; '' where it has none
 */
export async function readList(
  list: List,
  { client, pageLimit }: Reader,
  onPage: (records: readonly unknown[], page: number) => void,
  idOfRecord: (record: unknown) => string = idOf,
  seen: SeenIds = new Set(),
): Promise<ListRead> {
  let pages = 0;
  const fetchPage = (token: string) => readOnePage(client, list, token);
  const steps = paginate(fetchPage, idOfRecord, pageLimit, nameOf(list), seen);
  try {
    for (;;) {
      const step = await steps.next();
      if (step.done) return { pages, ending: step.value };
      pages += 1;
      onPage(step.value.records, pages);
    }
  } catch (error) {
    if (!(error instanceof AuditError)) throw error;
    return { pages, ending: error };
  }
}

/** Records by id. `problem` says why they cannot be relied on. */
interface ById<T> {
  readonly byId: ReadonlyMap<string, T>;
  readonly problem: string | undefined;
  /** Why the list could not be read. */
  readonly failure: AuditError | undefined;
  /** A record is not as documented. */
  readonly malformed: AuditError | undefined;
}

/**
 * Reads a list of records that are looked up by id.
 *
 * @param parse  the record; undefined for one to leave out; or what is wrong with it
 */
export async function readById<T extends { readonly id: string }>(
  list: List,
  reader: Reader,
  parse: (record: unknown) => T | string | undefined,
): Promise<ById<T>> {
  const byId = new Map<string, T>();
  let malformed: string | undefined;
  const { ending } = await readList(list, reader, (records) => {
    for (const record of records) {
      const value = parse(record);
      if (typeof value === 'string') malformed ??= value;
      else if (value) {
        if (differ(byId.get(value.id), value)) malformed ??= `${value.id} twice, with other fields`;
        byId.set(value.id, value);
      }
    }
  });
  const lists = malformed && `${nameOf(list)} lists ${malformed}`;
  const read = { byId, malformed: lists === undefined ? undefined : malformedError(`${lists}.`) };
  if (ending instanceof AuditError) return { ...read, problem: ending.message, failure: ending };
  const problem = ending === 'repeats' ? `${nameOf(list)} repeats itself instead of going on` : lists;
  return { ...read, problem, failure: undefined };
}

/** Records that are not as documented keep the audit from being complete. */
export function malformedError(message: string): AuditError {
  return new AuditError('api', message, "Report it to ConductorOne's support.");
}

/** One page as it came. */
export interface Page {
  readonly records: readonly unknown[];
  readonly nextPageToken: string;
}

/** The ids of the records that were read. */
type SeenIds = Pick<Set<string>, 'has'> & { readonly add?: (id: string) => unknown };

/** How a list came to its end, if it did. */
export type Ending =
  /** The server gave no further token. */
  | 'end'
  /** The server repeats itself: it ignores the token it was given. */
  | 'repeats';

/**
 * All pages of a list, in order; returns how it ended. Only an empty token is the end: pages may be short, even empty,
 * while a token remains.
 *
 * Lists whose page parameters are not declared in the API's description very likely ignore them and always answer page 1.
 * A token seen before, or a page that holds only ids seen before, shows it.
 *
 * The next page is requested before a page is handed out, so that the work on one goes on while the other is on its way.
 *
 * @param fetchPage  requests the page behind a token ('' for the first)
 * @param idOf       a record's id; '' where it has none (such a record is never "seen before")
 * @param limit      pages after which a list is given up
 * @param what       what messages call the list
 * @param seen       the ids of the pages so far
 * @throws whatever `fetchPage` throws; RequestError when `limit` is reached
 */
export async function* paginate(
  fetchPage: (token: string) => Promise<Page>,
  idOf: (record: unknown) => string,
  limit: number,
  what: string,
  seen: SeenIds = new Set(),
): AsyncGenerator<Page, Ending, undefined> {
  const tokens = new Set<string>(['']);
  let coming = fetchPage('');
  for (let pages = 0; pages < limit; pages += 1) {
    const page = await coming;
    if (!addNewIds(page.records, idOf, seen) && pages > 0) return 'repeats';
    const { nextPageToken } = page;
    const goesOn = nextPageToken !== '' && !tokens.has(nextPageToken);
    if (goesOn && pages + 1 < limit) {
      coming = fetchPage(nextPageToken);
      // A consumer that stops early must not leave an unhandled rejection behind.
      coming.catch(() => undefined);
      // Until the request has left.
      await turn();
    }
    yield page;
    if (!goesOn) return nextPageToken === '' ? 'end' : 'repeats';
    tokens.add(nextPageToken);
  }
  throw new RequestError(
    'api',
    `${what} did not end within ${limit} pages.`,
    "Report it to ConductorOne's support: a list that never ends cannot be audited.",
  );
}

/** False where all ids of a page were seen before. */
function addNewIds(page: readonly unknown[], idOf: (record: unknown) => string, seen: SeenIds): boolean {
  // Nearly always the first one is new.
  const isNew = page.length === 0 || page.some((record) => !seen.has(idOf(record)));
  if (seen.add)
    for (const record of page) {
      const id = idOf(record);
      if (id !== '') seen.add(id);
    }
  return isNew;
}

/** ConductorOne documents 10–100. */
const PAGE_SIZE = 100;

/** One page of a list. The server may choose another size. */
export async function readOnePage(
  client: ApiClient,
  { method, path, narrowed }: List,
  token: string,
  size = PAGE_SIZE,
): Promise<Page> {
  const answer =
    method === 'GET'
      ? await client.call({
          method,
          path,
          query: { page_size: String(size), ...(token === '' ? {} : { page_token: token }) },
        })
      : await client.call({ method, path, body: { pageSize: size, pageToken: token, ...narrowed } });
  return readPage(answer, `${method} ${path}`);
}

/**
 * A page of a list. A page token that is null, absent or "" is the end, as unset fields are in this API. An answer without
 * a list is not one of the API's: taken for an empty page, it would make every credential of a list vanish.
 *
 * @throws RequestError when `list` or `nextPageToken` is not what it should be: a proxy's JSON, or another API.
 */
export function readPage(answer: WireRecord, what: string): Page {
  const { list } = answer;
  const nextPageToken = answer.nextPageToken ?? '';
  const doubt = doubtBeside(answer);
  if (Array.isArray(list) && typeof nextPageToken === 'string' && doubt === undefined)
    return { records: list, nextPageToken };
  const problem = !Array.isArray(list)
    ? `has ${list === undefined ? 'no "list"' : 'a "list" that is not a list'}`
    : doubt === undefined
      ? 'has a "nextPageToken" that is not text'
      : `has "${doubt}" beside the "list", so records may be missing`;
  throw new RequestError(
    'api',
    `${what} answered 200, but the answer ${problem}.`,
    'This is not the API that c1-audit knows; check the address, or look for a newer version.',
    { status: 200 },
  );
}

/** One kind's credentials and its part of the coverage. */
export interface KindSeen {
  readonly credentials: Collected['credentials'];
  readonly seen: SourceSeen;
  readonly failure: AuditError | undefined;
}

/** A kind's coverage from what its list gave. `note` says more about an ending that is not the end. */
export function summariseKind(
  kind: Kind,
  { credentials, pages, what, ending, malformed, drafts }: Collected,
  note: string | null,
  required: boolean,
): KindSeen {
  const failure = ending instanceof AuditError ? ending : undefined;
  const ended =
    ending === 'repeats' && note === null
      ? `${what} repeats itself instead of going on: there may be more records. Report it to ConductorOne's support.`
      : null;
  const isComplete = ending === 'end' && malformed.length === 0;
  return {
    credentials,
    failure,
    seen: {
      kind,
      status: isComplete ? 'complete' : pages === 0 ? 'unavailable' : 'partial',
      required,
      ...(pages === 0 && isAbsent(failure) ? { absent: true } : {}),
      pages,
      note: joinNotes(
        note,
        ended,
        failure ? errorNote(failure) : null,
        malformedNote(malformed, what),
        draftNote(drafts),
      ),
    },
  };
}

/** A list that another list contradicts is partial, although it came to its end. */
export function contradicted(kind: KindSeen, failure: AuditError): KindSeen {
  const note = joinNotes(kind.seen.note, errorNote(failure));
  return { ...kind, failure: kind.failure ?? failure, seen: { ...kind.seen, status: 'partial', note } };
}

/** The same for a kind that the tenant need not offer. */
export function summariseOptional(
  kind: Kind,
  found: Collected,
  note: string | null,
  required: boolean,
): KindSeen {
  // A refusal in the middle of the list does not mean that the feature is switched off.
  const switchedOff = found.pages === 0 && isUnavailable(found.ending);
  return summariseKind(kind, found, note, required || !switchedOff);
}

/** The end of client ids, by kind. */
const SUFFIXES: { readonly [K in Kind]?: string } = {
  'personal-client': '/pcc',
  'service-principal-credential': '/spc',
  'federation-trust': '/wfe',
  'tunnel-credential': '/tcc',
};

/** A list that lacks the credential that reads it may lack others: it is partial, however long it is. */
export function holdingSelf(kind: KindSeen, self: string | null): KindSeen {
  const { seen, credentials } = kind;
  const suffix = SUFFIXES[seen.kind];
  if (suffix === undefined || !self?.endsWith(suffix) || seen.status !== 'complete') return kind;
  if (listedAs(self, credentials) !== undefined) return kind;
  const note = `ConductorOne does not list the credential that runs the audit (${self}), so other credentials may be missing too. Check that its owner has the role Super Administrator (system:owner).`;
  return { ...kind, seen: { ...seen, status: 'partial', note: joinNotes(seen.note, note) } };
}

/** A client id as the tenant lists it, where it does: hosts can be written in several ways. */
export function asListed(clientId: string | null, credentials: readonly Credential[]): string | null {
  return clientId === null ? null : (listedAs(clientId, credentials) ?? clientId);
}

function listedAs(clientId: string, credentials: readonly Credential[]): string | undefined {
  const own = comparable(clientId);
  // There may be hundreds of thousands, and few that begin like it.
  const bare = own.slice(0, own.indexOf('@') + 1);
  const isOwn = (listed: string) => listed.startsWith(bare) && comparable(listed) === own;
  return credentials.find((listed) => isOwn(listed.clientId))?.clientId;
}

/** A client id with its host in lower case and without port. */
function comparable(clientId: string): string {
  return clientId.replace(/@([^/:]+)(:[0-9]+)?/, (_, host: string) => `@${host.toLowerCase()}`);
}

/** An error as a note: what happened, and what to do. */
export function errorNote(error: AuditError): string {
  return `${error.message} ${error.hint}`;
}

/** Sentences as one note; null where there are none. */
export function joinNotes(...notes: readonly (string | null)[]): string | null {
  return notes.filter((note) => note !== null).join(' ') || null;
}
