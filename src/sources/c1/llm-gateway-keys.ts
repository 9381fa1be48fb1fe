import { collectList, type KindSeen, type List, type Reader, summariseOptional } from './lists.js';

const KIND = 'llm-gateway-key';
export const LIST: List = { method: 'GET', path: '/llm-gateway/keys' };

/** The keys of the tenant's LLM gateway. */
export async function collectGatewayKeys(reader: Reader, required: boolean): Promise<KindSeen> {
  return summariseOptional(KIND, await collectList(KIND, reader, LIST), null, required);
}
