import type { Credential, Kind, SourceSeen } from '../../contract/index.js';
import { AuditError } from '../../errors.js';
import type { ApiClient } from './client.js';
import { normalize } from './normalize.js';
import { type Ending, PAGE_SIZE, type Page, paginate } from './paginate.js';
import { asRecord, idOf, readPage } from './wire.js';

/** What reading a list takes. */
export interface Reader {
  readonly client: ApiClient;
  /** Pages after which a list is given up. */
  readonly pageLimit: number;
  /** Told how many records a page brought. */
  readonly onRecords: (count: number) => void;
}

/** What one list gave. */
export interface Collected {
  readonly credentials: readonly Credential[];
  readonly pages: number;
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

/** A page of a list that is read by GET. */
export async function getPage(client: ApiClient, path: string, token: string): Promise<Page> {
  const query = { page_size: String(PAGE_SIZE), ...(token === '' ? {} : { page_token: token }) };
  return readPage(await client.call({ method: 'GET', path, query }), `GET ${path}`);
}

/** A page of a list that is searched by POST. */
export async function postPage(
  client: ApiClient,
  path: string,
  token: string,
  restriction: Readonly<Record<string, unknown>> = {},
): Promise<Page> {
  const body = { pageSize: PAGE_SIZE, pageToken: token, ...restriction };
  return readPage(await client.call({ method: 'POST', path, body }), `POST ${path}`);
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
export async function collectList(
  kind: Kind,
  reader: Reader,
  fetchPage: (token: string) => Promise<Page>,
): Promise<Collected> {
  const credentials = new Map<string, Credential>();
  const malformed: string[] = [];
  let pages = 0;
  const list = paginate(fetchPage, recordIdOf(kind), reader.pageLimit);
  try {
    for (;;) {
      const step = await list.next();
      if (step.done) return { credentials: [...credentials.values()], pages, ending: step.value, malformed };
      pages += 1;
      reader.onRecords(step.value.records.length);
      for (const [index, record] of step.value.records.entries()) {
        const { credential, problems } = normalize(kind, record);
        if (credential) credentials.set(credential.id, credential);
        if (problems.length > 0)
          malformed.push(
            `${credential?.id ?? `record ${index + 1} of page ${pages}`}: ${problems.join(', ')}`,
          );
      }
    }
  } catch (error) {
    if (!(error instanceof AuditError)) throw error;
    return { credentials: [...credentials.values()], pages, ending: error, malformed };
  }
}

/** How many malformed records a note spells out. */
const SPELT_OUT = 5;

/** The malformed records as one sentence; null where there are none. */
export function malformedNote(malformed: readonly string[]): string | null {
  if (malformed.length === 0) return null;
  const some = malformed.slice(0, SPELT_OUT).join('; ');
  const more = malformed.length > SPELT_OUT ? `; and ${malformed.length - SPELT_OUT} more` : '';
  return `${malformed.length === 1 ? '1 record is' : `${malformed.length} records are`} malformed: ${some}${more}.`;
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

/** A kind's coverage from what its list gave. `note` says more about an ending that is not the end. */
export function summariseKind(
  kind: SourceSeen['kind'],
  collected: Collected,
  note: string | null,
  required: boolean,
): KindSeen {
  const { credentials, pages, ending, malformed } = collected;
  const failure = ending instanceof AuditError ? ending : undefined;
  const ended =
    ending === 'repeats' && note === null
      ? 'The list repeats itself instead of going on: there may be more than was seen.'
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
      note: joinNotes(note, ended, failure ? errorNote(failure) : null, malformedNote(malformed)),
    },
  };
}
