import type { Target } from './endpoints.js';

/** What goes wrong. */
export type Effect =
  /** An answer by status alone. Without `body` it has the error body proper to the endpoint. */
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
  /** The answer's `Date` is so many milliseconds ahead of the tenant's clock, or behind it. */
  | { readonly kind: 'date'; readonly ms: number }
  /** Every access token given out so far ends now. */
  | { readonly kind: 'revoke-tokens' }
  /** Whatever token is asked for, page 1 and its token again. */
  | { readonly kind: 'repeat-page' }
  /** Two pages whose tokens lead to each other, for ever. */
  | { readonly kind: 'cursor-loop' }
  /** Pages whose tokens are always new and whose records are always those of page 1. */
  | { readonly kind: 'endless-pages' }
  /** An empty page whose token leads to the page that should have come. */
  | { readonly kind: 'empty-page' }
  /** Pages of this size, whatever was asked for. */
  | { readonly kind: 'page-size'; readonly size: number }
  /** Each page begins with the last record of the page before. */
  | { readonly kind: 'duplicate-ids' }
  /** The JSON as `edit` returns it; it gets a copy. */
  | { readonly kind: 'edit'; readonly edit: (json: unknown) => unknown };

/** What is known of a request when faults are chosen. */
export interface FaultRequest {
  readonly target: Target;
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: unknown;
}

export interface Fault {
  /** `*` is every endpoint of the API, the token endpoint not among them. */
  readonly on: Target | '*' | readonly Target[] | ((request: FaultRequest) => boolean);
  /** The first of the requests it is on that it strikes, counted from 1. Default 1. */
  readonly from?: number;
  /** How many it strikes from there on. Default 1; `Infinity` for all. */
  readonly times?: number;
  readonly effect: Effect;
}

/** The faults in force. Add and remove at will; a fault's own count begins with its first request. */
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

  /** The faults that strike this request, in their order. */
  strike(request: FaultRequest): Fault[] {
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
 * An edit that sets a field in every record of `list` — or in those that `only` picks — to `value`;
 * `undefined` takes the field away. Dots lead inwards: `user.roleIds`.
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

interface ListAnswer {
  list: unknown[];
  nextPageToken: string;
}

/** What a page fault makes of a request and of its answer. */
export interface PageTwist {
  /** Asked for instead. */
  readonly force: { token?: string; size?: number };
  reshape(json: unknown): unknown;
}

const NONE: PageTwist = { force: {}, reshape: (json) => json };

/** Tokens of the faults' own making: what they stand for is looked up, not read out of them. */
const OWN = /^fault-(first|second|skipped|page)\./;

/** Bends pages. Remembers, per fault and path, what it needs of earlier answers. */
export class PageFaults {
  readonly #memory = new WeakMap<Fault, Map<string, { last?: unknown; second?: string; count: number }>>();

  /** `asked` is the request's page token, "" for none. */
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

/** The token that a fault's own token stands for: faults end, and their tokens must lead on. */
export function meantBy(pageToken: string): string {
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
