import {
  type Collected,
  collectList,
  type KindSeen,
  type List,
  type Reader,
  summariseKind,
} from './lists.js';
import { isUnavailable, RequestError } from './request-error.js';

const KIND = 'personal-client';
export const LIST: List = { method: 'GET', path: '/iam/personal_clients' };
export const SEARCH: List = { method: 'POST', path: '/search/iam/personal_clients' };

/** What lets a credential see everyone's keys. */
export const GRANT_OWNER =
  'Give its owner the role Super Administrator (system:owner) and do not scope it below that, or audit only your own keys with --scope mine.';

/**
 * The caller's own personal clients.
 *
 * The documented list very likely ignores page tokens. If it does, the search endpoint, which pages, is read for the same
 * user. `me` is undefined where the caller's user id is not known.
 */
export async function collectMine(reader: Reader, me: string | undefined): Promise<KindSeen> {
  const listed = await collectList(KIND, reader, LIST);
  if (listed.ending !== 'repeats') return summarise(listed);
  if (me === undefined) {
    return summarise(
      listed,
      `${listed.what} repeats its first page instead of going on, and the search needs the caller's user id, which is not known.`,
    );
  }
  const searched = await search(reader, me);
  // The search could show other people's keys to an administrator, should it ever ignore the restriction.
  const mine = searched.credentials.filter(({ ownerId }) => ownerId === me || ownerId === '');
  const credentials = new Map(
    [...listed.credentials, ...mine].map((credential) => [credential.id, credential]),
  );
  const both: Collected = {
    credentials: [...credentials.values()],
    pages: listed.pages + searched.pages,
    drafts: 0,
    what: searched.what,
    ending: searched.ending,
    malformed: [...new Set([...listed.malformed, ...searched.malformed])],
  };
  const searchFailed =
    searched.ending === 'end'
      ? null
      : `${listed.what} repeats its first page instead of going on, and ${searched.what}, which replaces it, was not read completely.`;
  return summarise(both, searchFailed);
}

/** Everyone's personal clients. */
export async function collectEveryones(reader: Reader): Promise<KindSeen> {
  const found = await search(reader);
  if (isUnavailable(found.ending) && found.ending.status === 403) {
    return summarise({ ...found, ending: searchRefused(found.ending) });
  }
  return summarise(found);
}

/** What a refusal to search everyone's keys means. */
export function searchRefused({ message }: RequestError): RequestError {
  return new RequestError(
    'api',
    `ConductorOne does not let this credential search everyone's personal clients: ${message}`,
    GRANT_OWNER,
    { status: 403 },
  );
}

export const NOT_EVEN_SELF =
  'ConductorOne lists no personal client at all, not even the one that runs the audit: its owner probably lacks the role Super Administrator (system:owner).';

function search(reader: Reader, user?: string): Promise<Collected> {
  const narrowed = user === undefined ? {} : { users: [{ id: user }] };
  return collectList(KIND, reader, { ...SEARCH, narrowed });
}

function summarise(collected: Collected, note: string | null = null): KindSeen {
  return summariseKind(KIND, collected, note, true);
}
