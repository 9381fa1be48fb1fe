import { collectList, type KindSeen, type List, type Reader, summariseOptional } from './lists.js';
import { isUnavailable } from './request-error.js';

const KIND = 'function';
export const SEARCH: List = { method: 'POST', path: '/search/functions' };
/** Read where there is no search. */
export const LIST: List = { method: 'GET', path: '/functions' };

/** The functions that run inside the tenant. The search pages; the list, which very likely does not, replaces it. */
export async function collectFunctions(reader: Reader, required: boolean): Promise<KindSeen> {
  const searched = await collectList(KIND, reader, SEARCH);
  const isRefused = searched.pages === 0 && isUnavailable(searched.ending);
  const listed = isRefused ? await collectList(KIND, reader, LIST) : searched;
  // A refusal says what to grant, which "not found" does not.
  const isAbsent = listed.pages === 0 && isUnavailable(listed.ending) && listed.ending.status !== 403;
  const found = isAbsent ? searched : listed;
  return summariseOptional(KIND, found, null, required);
}
