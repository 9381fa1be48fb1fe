import type { Middleware, TenantRequest } from '../../src/demo/index.js';
import type { State } from '../../src/demo/tenant/call.js';
import { parseObject } from '../../src/demo/tenant/messages.js';

/** A request without its secrets: no header is kept, and no token, assertion or proof. */
export interface RecordedRequest {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly target: TenantRequest['target'];
  /** The JSON body of an API call; grant type and client id of a token request. */
  readonly body?: unknown;
  /** The scheme of its `Authorization`, in lower case; "" without one. */
  readonly scheme: string;
  /** Milliseconds since the epoch, by the tenant's clock. */
  readonly at: number;
  /** Requests under way when this one came in, itself included. */
  readonly inFlight: number;
  /** The status of the answer, once there is one. */
  status?: number;
}

/** Adds every request to `records`, whatever `next` does with it. */
export function recorded(records: RecordedRequest[], { now }: State, next: Middleware): Middleware {
  let inFlight = 0;
  return async (request, answer, response) => {
    inFlight += 1;
    response.once('close', () => {
      inFlight -= 1;
    });
    const { method, url, target, headers } = request;
    const [scheme = ''] = (headers.authorization ?? '').split(' ');
    const body = bodyOf(request);
    const record: RecordedRequest = {
      method,
      path: url.pathname + url.search,
      target,
      ...(body === undefined ? {} : { body }),
      scheme: scheme.toLowerCase(),
      at: now(),
      inFlight,
    };
    records.push(record);
    const reply = await next(request, answer, response);
    if (reply) record.status = reply.status;
    return reply;
  };
}

/** What may be kept of a body. */
export function bodyOf({ target, text }: TenantRequest): unknown {
  if (target !== 'token' || text === '') return parseObject(text);
  const form = new URLSearchParams(text);
  return { grant_type: form.get('grant_type'), client_id: form.get('client_id') };
}
