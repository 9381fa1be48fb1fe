import { setImmediate as turn } from 'node:timers/promises';
import { RequestError } from './request-error.js';

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
export const PAGE_SIZE = 100;

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
