import type { Credential, Kind, SourceSeen } from '../../contract/index.js';
import { AuditError } from '../../errors.js';
import type { ApiClient, SearchPath } from './client.js';
import { normalize } from './normalize.js';
import { type Ending, PAGE_SIZE, type Page, paginate } from './paginate.js';
import { asRecord, idOf, readPage } from './wire.js';

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
export function recordIdOf(kind: Kind): (record: unknown) => string {
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
