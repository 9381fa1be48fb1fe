import { collectList, type KindSeen, type List, type Reader, summariseOptional } from './lists.js';
import { isOutage } from './request-error.js';
import type { Caller } from './tenant-facts.js';

const KIND = 'external-client';
export const SEARCH: List = { method: 'POST', path: '/search/iam/external_clients' };

/** The OAuth and MCP clients that users approved. */
export async function collectExternalClients(reader: Reader, required: boolean): Promise<KindSeen> {
  return summariseOptional(KIND, await collectList(KIND, reader, SEARCH), null, required);
}

/** Those that the caller approved. */
export async function collectMyExternalClients(
  reader: Reader,
  { userId: me, failure }: Pick<Caller, 'userId' | 'failure'>,
  required: boolean,
): Promise<KindSeen> {
  if (me === undefined) return notKnownWhose(failure, required);
  const found = await collectList(KIND, reader, { ...SEARCH, narrowed: { users: [{ id: me }] } });
  // The search could show other people's clients to an administrator, should it ever ignore the restriction.
  const credentials = found.credentials.filter(({ ownerId }) => ownerId === me);
  return summariseOptional(KIND, { ...found, credentials }, null, required);
}

function notKnownWhose(failure: Caller['failure'], required: boolean): KindSeen {
  const note = "The search needs the caller's user id, which is not known.";
  const isOut = failure !== undefined && isOutage(failure);
  return {
    credentials: [],
    failure: isOut ? failure : undefined,
    seen: { kind: KIND, status: 'unavailable', required: required || isOut, pages: 0, note },
  };
}
