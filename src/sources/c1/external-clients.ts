import { collectList, type KindSeen, type List, type Reader, summariseOptional } from './lists.js';

const KIND = 'external-client';
export const SEARCH: List = { method: 'POST', path: '/search/iam/external_clients' };

/** The OAuth and MCP clients that users approved. */
export async function collectExternalClients(reader: Reader, required: boolean): Promise<KindSeen> {
  return summariseOptional(KIND, await collectList(KIND, reader, SEARCH), null, required);
}

/** Those that the caller approved. `me` is undefined where the caller's user id is not known. */
export async function collectMyExternalClients(
  reader: Reader,
  me: string | undefined,
  required: boolean,
): Promise<KindSeen> {
  if (me === undefined) return notKnownWhose(required);
  const found = await collectList(KIND, reader, { ...SEARCH, narrowed: { users: [{ id: me }] } });
  // The search could show other people's clients to an administrator, should it ever ignore the restriction.
  const credentials = found.credentials.filter(({ ownerId }) => ownerId === me);
  return summariseOptional(KIND, { ...found, credentials }, null, required);
}

function notKnownWhose(required: boolean): KindSeen {
  const note = "the search needs the caller's user id, which is not known.";
  return {
    credentials: [],
    failure: undefined,
    seen: { kind: KIND, status: 'unavailable', required, pages: 0, note },
  };
}
