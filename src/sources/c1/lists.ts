import { setImmediate as turn } from 'node:timers/promises';
import {
  type Credential,
  type Fact,
  isKnown,
  type Kind,
  parseInstant,
  type SourceSeen,
  Unknown,
} from '../../contract/index.js';
import { AuditError } from '../../errors.js';
import type { ApiClient, SearchPath } from './client.js';
import { RequestError } from './http.js';

/** One page as it came. */
export interface Page {
  readonly records: readonly unknown[];
  readonly nextPageToken: string;
}

/** How a list came to its end, if it did. */
export type Ending =
  /** The server gave no further token. */
  | 'end'
  /** The server repeats itself: it ignores the token it was given. */
  | 'repeats';

/** ConductorOne documents 10–100. */
const PAGE_SIZE = 100;

/**
 * All pages of a list, in order; returns how it ended. Only an empty token is the end: pages may be short, even empty,
 * while a token remains.
 *
 * Lists whose page parameters are not declared in the API's description very likely ignore them and answer page 1 for
 * ever. A token seen before, or a page that holds only ids seen before, tells.
 *
 * The next page is asked for before a page is handed out, so that the work on one goes on while the other is on its way.
 *
 * @param fetchPage  asks for the page behind a token ('' for the first)
 * @param idOf       a record's id; '' where it has none (such a record is never "seen before")
 * @param limit      pages after which a list is given up
 * @param what       how messages call the list
 * @throws whatever `fetchPage` throws; RequestError when `limit` is reached
 */
export async function* paginate(
  fetchPage: (token: string) => Promise<Page>,
  idOf: (record: unknown) => string,
  limit: number,
  what: string,
): AsyncGenerator<Page, Ending, undefined> {
  const tokens = new Set<string>(['']);
  const ids = new Set<string>();
  let coming = fetchPage('');
  for (let pages = 0; pages < limit; pages += 1) {
    const page = await coming;
    const before = ids.size;
    let nameless = false;
    for (const record of page.records) {
      const id = idOf(record);
      if (id === '') nameless = true;
      else ids.add(id);
    }
    const nothingNew = page.records.length > 0 && ids.size === before && !nameless;
    if (nothingNew && pages > 0) return 'repeats';
    const { nextPageToken } = page;
    const goesOn = nextPageToken !== '' && !tokens.has(nextPageToken);
    if (goesOn && pages + 1 < limit) {
      coming = fetchPage(nextPageToken);
      // Whoever stops listening early must not leave a failure behind that nobody hears.
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

/**
 * What the API sends, checked where it comes in. Unset is null, absent or "" alike; anything of another type than
 * documented is a problem that is told, never a value.
 */

export type WireRecord = Readonly<Record<string, unknown>>;

export function asRecord(value: unknown): WireRecord | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as WireRecord)
    : undefined;
}

/** The record, or as it is until then where its deletion is still to come. */
export function unlessDeletedLater(record: WireRecord, now: number): WireRecord {
  const deletedAt = typeof record.deletedAt === 'string' ? parseInstant(record.deletedAt) : undefined;
  return deletedAt && deletedAt.getTime() > now ? { ...record, deletedAt: null } : record;
}

/** The record's id, '' where it has none. */
export function idOf(value: unknown): string {
  const id = asRecord(value)?.id;
  return typeof id === 'string' ? id : '';
}

/**
 * A page of a list. A page token that is null, absent or "" is the end, as unset fields are in this API; a list that is
 * not there at all is none of its answers: taken for one, it would make a whole list vanish.
 *
 * @throws RequestError when `list` or `nextPageToken` is not what it should be: a proxy's JSON, or another API.
 */
export function readPage(answer: WireRecord, what: string): Page {
  const { list } = answer;
  const nextPageToken = answer.nextPageToken ?? '';
  const error = errorBeside(answer);
  if (Array.isArray(list) && typeof nextPageToken === 'string' && error === undefined)
    return { records: list, nextPageToken };
  const problem = !Array.isArray(list)
    ? `has ${list === undefined ? 'no "list"' : 'a "list" that is no list'}`
    : error === undefined
      ? 'has a "nextPageToken" that is no text'
      : `has "${error}" beside the "list", so records may be missing`;
  throw new RequestError(
    'api',
    `${what} answered 200, but the answer ${problem}.`,
    'This is not the API that c1-audit knows; check the address, or look for a newer version.',
    { status: 200 },
  );
}

/** The field that says of an answer that something went wrong; a code of 0 is none. */
export function errorBeside(answer: WireRecord): 'error' | 'code' | undefined {
  const isSet = (value: unknown) => value !== undefined && value !== null && value !== '' && value !== false;
  if (isSet(answer.error)) return 'error';
  return isSet(answer.code) && answer.code !== 0 ? 'code' : undefined;
}

/** Reads the fields of one record and collects what is wrong with them. */
export class FieldReader {
  readonly #record: WireRecord;
  readonly problems: string[] = [];

  constructor(record: WireRecord) {
    this.#record = record;
  }

  /** Text; '' when unset. Half a character, as a name cut short may end in, is replaced. */
  text(field: string): string {
    const value = this.#record[field];
    if (typeof value === 'string') return value.toWellFormed();
    if (value !== undefined && value !== null) this.#malformed(field, 'is no text');
    return '';
  }

  /** An id; '' when unset. With half a character in it, it names nothing that could be asked for. */
  id(field: string): string {
    const value = this.#record[field];
    if (typeof value === 'string' && !value.isWellFormed()) this.#malformed(field, 'is not valid Unicode');
    return this.text(field);
  }

  /** An instant; null when unset, which years up to 1970 count as. */
  instant(field: string): Fact<Date | null> {
    const value = this.#record[field];
    if (value === undefined || value === null || value === '') return null;
    const instant = typeof value === 'string' ? parseInstant(value) : undefined;
    if (!instant) return this.#malformed(field, 'is no timestamp');
    return instant.getUTCFullYear() <= 1970 ? null : instant;
  }

  /** Texts; [] when unset. */
  texts(field: string): Fact<readonly string[]> {
    const value = this.#record[field];
    if (value === undefined || value === null || value === '') return [];
    if (Array.isArray(value) && value.every((entry) => typeof entry === 'string'))
      return value.every((entry) => entry.isWellFormed())
        ? value
        : value.map((entry) => entry.toWellFormed());
    return this.#malformed(field, 'is no list of texts');
  }

  /** A flag; false when unset. */
  flag(field: string): Fact<boolean> {
    const value = this.#record[field];
    if (typeof value === 'boolean') return value;
    if (value === undefined || value === null || value === '') return false;
    return this.#malformed(field, 'is neither true nor false');
  }

  #malformed(field: string, problem: string): Unknown {
    this.problems.push(`${field} ${problem}`);
    return new Unknown(
      `its ${field} ${problem}`,
      'Look at the credential in ConductorOne; report the field to its support.',
    );
  }
}

/** A record as a credential, and what was wrong with it; no credential where not even its id could be read. */
interface Normalized {
  readonly credential: Credential | undefined;
  readonly problems: readonly string[];
}

const NO_CREATION_DATE = new Unknown(
  'the record has no creation date',
  'Look at the credential in ConductorOne; nothing needs to be granted.',
);

/** Where the three kinds keep the same things. */
const FIELDS: Record<Kind, { id: string; owner: string; expires: string; cidrs: string; roles: string }> = {
  'personal-client': {
    id: 'id',
    owner: 'userId',
    expires: 'expiresTime',
    cidrs: 'allowSourceCidr',
    roles: 'scopedRoles',
  },
  'service-principal-credential': {
    id: 'id',
    owner: 'servicePrincipalId',
    expires: 'expiresAt',
    cidrs: 'allowSourceCidrs',
    roles: 'scopedRoleIds',
  },
  'federation-trust': {
    id: 'clientId',
    owner: 'servicePrincipalId',
    expires: 'expiresAt',
    cidrs: 'allowSourceCidrs',
    roles: 'scopedRoleIds',
  },
};

/** Brings a wire record of any kind into the one shape of a credential. */
export function normalize(kind: Kind, value: unknown): Normalized {
  const record = asRecord(value);
  if (!record) return { credential: undefined, problems: ['is no object'] };
  const fields = FIELDS[kind];
  const read = new FieldReader(record);
  const id = read.id(fields.id);
  const credential: Credential = {
    kind,
    id,
    clientId: fields.id === 'clientId' ? id : read.id('clientId'),
    name: nameIn(read, id),
    ownerId: read.id(fields.owner),
    deletedAt: known(read.instant('deletedAt')),
    disabled: kind === 'federation-trust' && read.flag('disabled') === true,
    createdAt: creation(read.instant('createdAt')),
    expiresAt: read.instant(fields.expires),
    lastUsedAt: read.instant('lastUsedAt'),
    allowedCidrs: read.texts(fields.cidrs),
    scopedRoleIds: read.texts(fields.roles),
    requireDpop: read.flag('requireDpop'),
    condition: kind === 'federation-trust' ? conditionOf(record, read) : '',
    providerId: kind === 'federation-trust' ? read.id('providerId') : '',
  };
  if (id === '') return { credential: undefined, problems: [`has no ${fields.id}`] };
  return { credential, problems: read.problems };
}

/** A name that is no text is not a blank one, which would be found fault with, and no two are the same. */
function nameIn(read: FieldReader, id: string): string {
  const before = read.problems.length;
  const name = read.text('displayName');
  return read.problems.length === before ? name : `(unreadable name of ${id})`;
}

/** A deletion date that cannot be read is no proof of deletion: the credential is judged. */
function known(instant: Fact<Date | null>): Date | null {
  return isKnown(instant) ? instant : null;
}

function creation(instant: Fact<Date | null>): Fact<Date> {
  return instant ?? NO_CREATION_DATE;
}

function conditionOf(record: WireRecord, read: FieldReader): Fact<string> {
  const before = read.problems.length;
  const text = read.text('conditionExpression');
  if (read.problems.length === before) return text;
  return new Unknown(
    `its conditionExpression is no text but ${typeof record.conditionExpression}`,
    'Look at the trust in ConductorOne.',
  );
}

/** A list of the API, and how to ask for it. Paths are below `/api/v1`; `narrowed` is what a search is narrowed to. */
export type List = (
  | { readonly method: 'GET'; readonly path: string }
  | { readonly method: 'POST'; readonly path: SearchPath }
) & { readonly narrowed?: Readonly<Record<string, unknown>> };

/** How messages call a list. */
export function nameOf({ method, path }: List): string {
  return `${method} ${path}`;
}

/** What reading a list takes. */
export interface Reader {
  readonly client: ApiClient;
  /** Pages after which a list is given up. */
  readonly pageLimit: number;
  /** Told how many records a page brought. */
  readonly onRecords: (count: number) => void;
  /** Handed the credentials of each page while the next page is on its way. */
  readonly onCredentials?: ((credentials: readonly Credential[]) => void) | undefined;
}

/** What one list gave. */
export interface Collected {
  readonly credentials: readonly Credential[];
  readonly pages: number;
  /** How messages call the list. */
  readonly what: string;
  /** How the list ended: by itself, by repeating itself, or by an error. */
  readonly ending: Ending | AuditError;
  /** One line a record that could not be read as it should, naming it and the field. */
  readonly malformed: readonly string[];
}

/** One kind's credentials and its part of the coverage. */
export interface KindSeen {
  readonly credentials: Collected['credentials'];
  readonly seen: SourceSeen;
  readonly failure: AuditError | undefined;
}

/**
 * The pages of a list.
 *
 * @param idOfRecord a record's id; '' where it has none
 */
export function pagesOf(
  list: List,
  { client, pageLimit }: Reader,
  idOfRecord: (record: unknown) => string = idOf,
): AsyncGenerator<Page, Ending, undefined> {
  return paginate((token) => readOnePage(client, list, token), idOfRecord, pageLimit, nameOf(list));
}

/** One page of a list; its size is a wish. */
export async function readOnePage(
  client: ApiClient,
  list: List,
  token: string,
  size = PAGE_SIZE,
): Promise<Page> {
  const answer =
    list.method === 'GET'
      ? await client.call({
          method: list.method,
          path: list.path,
          query: { page_size: String(size), ...(token === '' ? {} : { page_token: token }) },
        })
      : await client.call({
          method: list.method,
          path: list.path,
          body: { pageSize: size, pageToken: token, ...list.narrowed },
        });
  return readPage(answer, nameOf(list));
}

/** A trust has no id of its own: its client id stands in. */
function recordIdOf(kind: Kind): (record: unknown) => string {
  if (kind !== 'federation-trust') return idOf;
  return (record) => {
    const clientId = asRecord(record)?.clientId;
    return typeof clientId === 'string' ? clientId : '';
  };
}

/** Reads a list of credentials to its end, or as far as it goes: what was seen before an error is kept. */
export async function collectList(kind: Kind, reader: Reader, list: List): Promise<Collected> {
  const credentials = new Map<string, Credential>();
  const malformed: string[] = [];
  const what = nameOf(list);
  let pages = 0;
  const steps = pagesOf(list, reader, recordIdOf(kind));
  const collected = (ending: Collected['ending']): Collected => ({
    credentials: [...credentials.values()],
    pages,
    what,
    ending,
    malformed,
  });
  try {
    for (;;) {
      const step = await steps.next();
      if (step.done) return collected(step.value);
      pages += 1;
      reader.onRecords(step.value.records.length);
      const ofPage: Credential[] = [];
      for (const [index, record] of step.value.records.entries()) {
        const { credential, problems } = normalize(kind, record);
        if (credential) {
          if (differ(credentials.get(credential.id), credential))
            malformed.push(`${credential.id}: listed twice, with other fields`);
          credentials.set(credential.id, credential);
          ofPage.push(credential);
        }
        if (problems.length > 0)
          malformed.push(
            `${credential?.id ?? `record ${index + 1} of page ${pages}`}: ${problems.join(', ')}`,
          );
      }
      reader.onCredentials?.(ofPage);
    }
  } catch (error) {
    if (!(error instanceof AuditError)) throw error;
    return collected(error);
  }
}

/** Whether one id stands for two things; the same record may well come twice where a list grows while it is read. */
export function differ(before: Credential | undefined, after: Credential): boolean {
  return before !== undefined && JSON.stringify(before) !== JSON.stringify(after);
}

/** How many malformed records a note spells out. */
const SPELT_OUT = 50;

/**
 * The malformed records as one sentence; null where there are none.
 *
 * @param what the list that they came from
 */
export function malformedNote(malformed: readonly string[], what?: string): string | null {
  if (malformed.length === 0) return null;
  const some = [...malformed].sort().slice(0, SPELT_OUT).join('; ');
  const more = malformed.length > SPELT_OUT ? `; and ${malformed.length - SPELT_OUT} more` : '';
  const place = what === undefined ? '' : ` of ${what}`;
  const count = malformed.length === 1 ? `1 record${place} is` : `${malformed.length} records${place} are`;
  return `${count} malformed: ${some}${more}. Look at them in ConductorOne, and report the fields to its support.`;
}

/** An error as a note: what happened, and what to do. */
export function errorNote(error: AuditError): string {
  return `${error.message} ${error.hint}`;
}

/** Sentences as one note; null where there are none. */
export function joinNotes(...notes: readonly (string | null)[]): string | null {
  const said = notes.filter((note) => note !== null);
  return said.length === 0 ? null : said.join(' ');
}

/** The end of client ids, by kind. */
const SUFFIXES: Record<Kind, string> = {
  'personal-client': '/pcc',
  'service-principal-credential': '/spc',
  'federation-trust': '/wfe',
};

/** A list that lacks the credential that asks for it may lack others: it is partial, however long it is. */
export function holdingSelf(kind: KindSeen, self: string | null): KindSeen {
  const { seen, credentials } = kind;
  if (self === null || !self.endsWith(SUFFIXES[seen.kind]) || seen.status !== 'complete') return kind;
  const own = comparable(self);
  if (credentials.some(({ clientId }) => comparable(clientId) === own)) return kind;
  const note = `ConductorOne does not list the credential that runs the audit (${self}), so other credentials may be missing too. Check that its owner has the role Super Administrator (system:owner).`;
  return { ...kind, seen: { ...seen, status: 'partial', note: joinNotes(seen.note, note) } };
}

/** A client id with its host in lower case and without port. */
function comparable(clientId: string): string {
  return clientId.replace(/@([^/:]+)(:[0-9]+)?/, (_, host: string) => `@${host.toLowerCase()}`);
}

/** A kind's coverage from what its list gave. `note` says more about an ending that is not the end. */
export function summariseKind(
  kind: SourceSeen['kind'],
  collected: Collected,
  note: string | null,
  required: boolean,
): KindSeen {
  const { credentials, pages, what, ending, malformed } = collected;
  const failure = ending instanceof AuditError ? ending : undefined;
  const ended =
    ending === 'repeats' && note === null
      ? `${what} repeats itself instead of going on: there may be more than was seen. Report it to ConductorOne's support.`
      : null;
  const whole = ending === 'end' && malformed.length === 0;
  return {
    credentials,
    failure,
    seen: {
      kind,
      status: whole ? 'complete' : pages === 0 ? 'unavailable' : 'partial',
      required,
      pages,
      note: joinNotes(note, ended, failure ? errorNote(failure) : null, malformedNote(malformed, what)),
    },
  };
}
