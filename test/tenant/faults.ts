import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Middleware, type TenantRequest, webPage } from '../../src/demo/index.js';
import type { State } from '../../src/demo/tenant/call.js';
import type { Target } from '../../src/demo/tenant/endpoints.js';
import {
  apiError,
  Code,
  oauthError,
  parseObject,
  type Reply,
  STATUS,
} from '../../src/demo/tenant/messages.js';
import { bodyOf } from './requests.js';

/** How a fault changes an answer. */
export type Effect =
  /** An answer by status alone. Without `body` it has the error body of the endpoint. */
  | {
      readonly kind: 'status';
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: string;
      /** Seconds, as a number or as the HTTP date that many seconds ahead. */
      readonly retryAfter?: { readonly seconds: number; readonly as?: 'seconds' | 'date' };
    }
  /** Status 200 (or another) with a web page. */
  | { readonly kind: 'html'; readonly status?: number }
  /** The right body under another content type. */
  | { readonly kind: 'content-type'; readonly value: string }
  /** `collection`: the path without its last part. `elsewhere`: another host, where nothing is. Or a URL. */
  | { readonly kind: 'redirect'; readonly to: 'collection' | 'elsewhere' | URL; readonly status?: number }
  /** The connection is reset before the answer, or half way through the body. */
  | { readonly kind: 'reset'; readonly at: 'before' | 'body' }
  /** No answer, or half a body, and then nothing until the tenant closes. */
  | { readonly kind: 'hang'; readonly at: 'before' | 'body' }
  /** The body in pieces of `bytes` (1), one every `everyMs` milliseconds. */
  | { readonly kind: 'drip'; readonly everyMs: number; readonly bytes?: number }
  /** Half of the JSON, properly ended as far as HTTP goes. */
  | { readonly kind: 'truncate' }
  /** `bytes` of JSON white space before the body: an answer far larger than any page. */
  | { readonly kind: 'pad'; readonly bytes: number }
  | { readonly kind: 'latency'; readonly ms: number }
  /** Milliseconds between the answer's `Date` and the tenant's clock; negative for behind. */
  | { readonly kind: 'date'; readonly ms: number }
  /** Ends every access token issued so far. */
  | { readonly kind: 'revoke-tokens' }
  /** Page 1 and its token for every page token. */
  | { readonly kind: 'repeat-page' }
  /** Two pages with each other's token. */
  | { readonly kind: 'cursor-loop' }
  /** The records of page 1 with a new token each time. */
  | { readonly kind: 'endless-pages' }
  /** An empty page whose token leads to the page that it replaces. */
  | { readonly kind: 'empty-page' }
  /** Pages of this size for every page size. */
  | { readonly kind: 'page-size'; readonly size: number }
  /** Each page begins with the last record of the page before. */
  | { readonly kind: 'duplicate-ids' }
  /** The JSON as `edit` returns it; it gets a copy. */
  | { readonly kind: 'edit'; readonly edit: (json: unknown) => unknown };

/** The request that a fault may apply to. */
interface FaultRequest {
  readonly target: Target;
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: unknown;
}

export interface Fault {
  /** `*` is every endpoint of the API, without the token endpoint. */
  readonly on: Target | '*' | readonly Target[] | ((request: FaultRequest) => boolean);
  /** The first request that it applies to, counted from 1. Default 1. */
  readonly from?: number;
  /** The number of requests that it applies to. Default 1; `Infinity` for all. */
  readonly times?: number;
  readonly effect: Effect;
}

/** The active faults. A fault counts the requests since it was added. */
export class Faults {
  readonly list: Fault[];
  readonly #counts = new WeakMap<Fault, number>();

  constructor(list: readonly Fault[] = []) {
    this.list = [...list];
  }

  add(...faults: Fault[]): void {
    this.list.push(...faults);
  }

  clear(): void {
    this.list.length = 0;
  }

  /** Lets the faults change what the tenant does. */
  middleware(state: State): Middleware {
    const pages = new PageFaults();
    return async (request, answer, response) => {
      const { target, method, url } = request;
      const body = bodyOf(request);
      const faults = this.#strike({ target, method, path: url.pathname, query: url.searchParams, body });
      const effects = faults.map(({ effect }) => effect);
      for (const effect of effects) await prepare(effect, state, response);
      const travel = effects.find(isTravel);
      if (travel && 'at' in travel && travel.at === 'before') {
        if (travel.kind === 'reset') response.socket?.resetAndDestroy();
        return undefined;
      }
      const reply =
        effects.map((effect) => replyInstead(effect, request, state.now())).find(Boolean) ??
        (await bentReply(request, faults, pages, answer));
      return travel ? travelling(travel, reply) : reply;
    };
  }

  /** The faults that apply to this request, in their order. */
  #strike(request: FaultRequest): Fault[] {
    return this.list.filter((fault) => {
      if (!isOn(fault.on, request)) return false;
      const count = (this.#counts.get(fault) ?? 0) + 1;
      this.#counts.set(fault, count);
      const from = fault.from ?? 1;
      return count >= from && count < from + (fault.times ?? 1);
    });
  }
}

function isOn(on: Fault['on'], request: FaultRequest): boolean {
  if (typeof on === 'function') return on(request);
  if (on === '*') return request.target !== 'token' && request.target !== 'other';
  return typeof on === 'string' ? on === request.target : on.includes(request.target);
}

/**
 * An edit that sets a field to `value` in every record of `list`, or in those that `only` selects. `undefined` removes
 * the field. Dots are for nested fields: `user.roleIds`.
 */
export function setField(
  field: string,
  value: unknown,
  only: (record: Record<string, unknown>, index: number) => boolean = () => true,
): Effect {
  const path = field.split('.');
  return {
    kind: 'edit',
    edit: (json) => {
      const { list } = json as { list?: Record<string, unknown>[] };
      for (const [index, record] of (list ?? []).entries()) if (only(record, index)) put(record, path, value);
      return json;
    },
  };
}

/** The same for a field of the answer itself: `list`, `nextPageToken`, `sessionSettings.pccUserSource`. */
export function setAnswerField(field: string, value: unknown): Effect {
  return {
    kind: 'edit',
    edit: (json) => {
      put(json as Record<string, unknown>, field.split('.'), value);
      return json;
    },
  };
}

function put(record: Record<string, unknown>, path: readonly string[], value: unknown): void {
  const [name = '', ...rest] = path;
  if (rest.length > 0) {
    const inner = record[name];
    if (typeof inner === 'object' && inner !== null) put(inner as Record<string, unknown>, rest, value);
  } else if (value === undefined) delete record[name];
  else record[name] = value;
}

async function prepare(effect: Effect, state: State, response: ServerResponse): Promise<void> {
  if (effect.kind === 'latency') await sleep(effect.ms, undefined, { ref: false });
  if (effect.kind === 'date') response.setHeader('date', new Date(state.now() + effect.ms).toUTCString());
  if (effect.kind === 'revoke-tokens') state.sessions.revokeAll();
}

/** The reply of a fault that leaves the endpoint out. */
function replyInstead(effect: Effect, { url, target }: TenantRequest, now: number): Reply | undefined {
  switch (effect.kind) {
    case 'status':
      return statusReply(effect, target, now);
    case 'html':
      return webPage(effect.status);
    case 'redirect': {
      const { to, status = 302 } = effect;
      if (typeof to !== 'string') return { status, headers: { location: to.href } };
      const { pathname } = url;
      const location =
        to === 'elsewhere' ? `https://elsewhere.invalid${pathname}` : pathname.replace(/\/[^/]*$/, '');
      return { status, headers: { location } };
    }
    default:
      return undefined;
  }
}

function statusReply(effect: Extract<Effect, { kind: 'status' }>, target: Target, now: number): Reply {
  const { status, retryAfter, body } = effect;
  const headers: Record<string, string> = { ...effect.headers };
  if (retryAfter) {
    headers['retry-after'] =
      retryAfter.as === 'date'
        ? new Date(now + retryAfter.seconds * 1000).toUTCString()
        : String(retryAfter.seconds);
  }
  if (body !== undefined) return { status, headers, text: body };
  const { reply } =
    target === 'token'
      ? oauthError(status, status < 500 ? 'invalid_client' : 'server_error', `status ${status}`)
      : apiError(codeOf(status), `status ${status}`, { status });
  return { ...reply, headers: { ...reply.headers, ...headers } };
}

/** The API's gRPC code for an HTTP status. */
function codeOf(status: number): number {
  if (status === 401) return Code.unauthenticated;
  if (status === 500) return Code.internal;
  if (status === 400) return Code.invalidArgument;
  const code = Object.keys(STATUS).find((key) => STATUS[Number(key)] === status);
  return code === undefined ? 2 : Number(code);
}

async function bentReply(
  request: TenantRequest,
  faults: readonly Fault[],
  pages: PageFaults,
  answer: (request: TenantRequest) => Promise<Reply>,
): Promise<Reply> {
  const asked = askedToken(request);
  const twists = faults.map((fault) => pages.twist(fault, request.url.pathname, asked));
  const force = Object.assign({ token: meantBy(asked) }, ...twists.map((twist) => twist.force));
  const reply = await answer(pagedBy(request, asked, force));
  return reply.status === 200 ? bend(reply, faults, twists) : reply;
}

/** The page token of a request; "" for none. */
function askedToken({ url, text }: TenantRequest): string {
  const { pageToken, page_token } = parseObject(text) ?? {};
  const inBody = pageToken ?? page_token;
  return typeof inBody === 'string' ? inBody : (url.searchParams.get('page_token') ?? '');
}

/** The request with another page token and page size. */
function pagedBy(request: TenantRequest, asked: string, { token, size }: Force): TenantRequest {
  const paging =
    size === undefined
      ? request.paging
      : { ...request.paging, outOfRange: 'clamp' as const, defaultSize: size, minSize: size, maxSize: size };
  if (token === undefined || token === asked) return { ...request, paging };
  const url = new URL(request.url);
  url.searchParams.set('page_token', token);
  const { page_token: _, ...body } = parseObject(request.text) ?? {};
  const text = request.text === '' ? '' : JSON.stringify({ ...body, pageToken: token });
  return { ...request, paging, url, text };
}

function bend(reply: Reply, faults: readonly Fault[], twists: readonly PageTwist[]): Reply {
  // The records belong to the tenant: faults change a copy.
  let json = faults.length === 0 ? reply.json : structuredClone(reply.json);
  for (const twist of twists) json = twist.reshape(json);
  let bent: Reply = { ...reply, json };
  for (const { effect } of faults) {
    if (effect.kind === 'edit') bent = { ...bent, json: effect.edit(bent.json) };
    if (effect.kind === 'content-type') {
      bent = { ...bent, headers: { ...bent.headers, 'content-type': effect.value } };
    }
    if (effect.kind === 'pad') {
      const text = ' '.repeat(effect.bytes) + JSON.stringify(bent.json);
      bent = { status: bent.status, headers: { 'content-type': 'application/json', ...bent.headers }, text };
    }
  }
  return bent;
}

interface ListAnswer {
  list: unknown[];
  nextPageToken: string;
}

/** The page that a fault requests instead. */
interface Force {
  readonly token?: string;
  readonly size?: number;
}

/** How a page fault changes a request and its answer. */
interface PageTwist {
  readonly force: Force;
  reshape(json: unknown): unknown;
}

const NONE: PageTwist = { force: {}, reshape: (json) => json };

/** Page tokens made by faults. */
const OWN = /^fault-(first|second|skipped|page)\./;

/** Changes pages. Keeps what it needs of earlier answers, by fault and path. */
class PageFaults {
  readonly #memory = new WeakMap<Fault, Map<string, { last?: unknown; second?: string; count: number }>>();

  /** @param asked the request's page token, "" for none */
  twist(fault: Fault, path: string, asked: string): PageTwist {
    const { effect } = fault;
    const memory = this.#recall(fault, path);
    switch (effect.kind) {
      case 'page-size':
        return { ...NONE, force: { size: effect.size } };
      case 'repeat-page':
        return { ...NONE, force: { token: '' } };
      case 'empty-page':
        return {
          force: {},
          reshape: reshaped(() => ({ list: [], nextPageToken: `fault-skipped.${meantBy(asked)}` })),
        };
      case 'endless-pages':
        memory.count += 1;
        return {
          force: { token: '' },
          reshape: reshaped((answer) => ({ ...answer, nextPageToken: `fault-page.${memory.count}` })),
        };
      case 'cursor-loop': {
        const second = asked.startsWith('fault-first.');
        return {
          force: { token: second ? (memory.second ?? '') : '' },
          reshape: reshaped((answer) => {
            if (second) return { ...answer, nextPageToken: 'fault-second.' };
            memory.second = answer.nextPageToken;
            return { ...answer, nextPageToken: 'fault-first.' };
          }),
        };
      }
      case 'duplicate-ids':
        return {
          force: {},
          reshape: reshaped((answer) => {
            const list =
              asked !== '' && memory.last !== undefined ? [memory.last, ...answer.list] : answer.list;
            memory.last = answer.list.at(-1);
            return { ...answer, list };
          }),
        };
      default:
        return NONE;
    }
  }

  #recall(fault: Fault, path: string) {
    const paths = this.#memory.get(fault) ?? new Map();
    this.#memory.set(fault, paths);
    const memory = paths.get(path) ?? { count: 0 };
    paths.set(path, memory);
    return memory as { last?: unknown; second?: string; count: number };
  }
}

/** The tenant's token behind a fault's: after the fault ends, its tokens must still work. */
function meantBy(pageToken: string): string {
  const [, kind] = OWN.exec(pageToken) ?? [];
  if (kind === undefined) return pageToken;
  return kind === 'skipped' ? pageToken.slice('fault-skipped.'.length) : '';
}

function reshaped(bend: (answer: ListAnswer) => ListAnswer) {
  return (json: unknown): unknown => {
    const isList = typeof json === 'object' && json !== null && Array.isArray((json as ListAnswer).list);
    return isList ? { ...json, ...bend(json as ListAnswer) } : json;
  };
}

/** The effects that change how an answer is sent. The first of them decides. */
const TRAVEL = ['reset', 'hang', 'drip', 'truncate'] as const;

type Travel = Extract<Effect, { kind: (typeof TRAVEL)[number] }>;

function isTravel(effect: Effect): effect is Travel {
  return (TRAVEL as readonly string[]).includes(effect.kind);
}

function travelling(travel: Travel, reply: Reply): Reply {
  switch (travel.kind) {
    case 'truncate': {
      const { json, text = '', headers, ...rest } = reply;
      if (json === undefined) return { ...rest, headers, text: firstHalf(text) };
      const type = { 'content-type': 'application/json', ...headers };
      return { ...rest, headers: type, text: firstHalf(JSON.stringify(json)) };
    }
    case 'drip':
      return { ...reply, send: (response, body) => drip(response, body, travel) };
    default:
      return {
        ...reply,
        async send(response, body) {
          await new Promise<void>((done) => {
            response.write(firstHalf(body), () => done());
          });
          if (travel.kind === 'hang') return;
          // Lets the half arrive first: a reset discards what the client has not read yet.
          await sleep(10, undefined, { ref: false });
          response.socket?.resetAndDestroy();
        },
      };
  }
}

function firstHalf<T extends string | Buffer>(whole: T): T {
  const half = Math.floor(whole.length / 2);
  return (typeof whole === 'string' ? whole.slice(0, half) : whole.subarray(0, half)) as T;
}

async function drip(
  response: ServerResponse,
  body: Buffer,
  { bytes = 1, everyMs }: Extract<Effect, { kind: 'drip' }>,
): Promise<void> {
  for (let at = 0; at < body.length && !response.destroyed; at += bytes) {
    response.write(body.subarray(at, at + bytes));
    await sleep(everyMs, undefined, { ref: false });
  }
  response.end();
}
