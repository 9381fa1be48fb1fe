import { apiError, Code } from './errors.js';
import {
  findById,
  type Page,
  type PageAsk,
  type Paging,
  page,
  type Table,
  type UndeclaredList,
} from './paging.js';
import type { Caller, Features, State } from './state.js';

/** One authorised API request, as endpoints see it. */
export interface Call {
  readonly state: State;
  readonly caller: Caller;
  /** Parts of the path, by the name its pattern gives them. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  /** The JSON body; empty for GET. */
  readonly body: Readonly<Record<string, unknown>>;
  readonly paging: Paging;
}

/** One page of a list whose request declares `page_size` and `page_token`. */
export function declaredPage<T>(call: Call, table: Table<T>): Page<T> {
  return page(table, queryAsk(call), call.paging, []);
}

/** One page of a list that declares no parameters: page 1, unless the paging rules say that it reads them. */
export function undeclaredPage<T>(call: Call, name: UndeclaredList, table: Table<T>): Page<T> {
  const ask = call.paging.ignoring.includes(name) ? { size: 0, token: '' } : queryAsk(call);
  return page(table, ask, call.paging, [name, call.params]);
}

/** The fields of every search. */
export const PAGE = { pageSize: 'integer', pageToken: 'string' } as const;

/** One page of a search. The other fields are what it is filtered by. */
export function searchPage<T>(
  { paging }: Call,
  table: Table<T>,
  { pageSize, pageToken, ...query }: { readonly pageSize: number; readonly pageToken: string },
): Page<T> {
  return page(table, { size: pageSize, token: pageToken }, paging, query);
}

export function mapped<T, U>({ list, nextPageToken }: Page<T>, each: (row: T) => U): Page<U> {
  return { list: list.map(each), nextPageToken };
}

function queryAsk({ query }: Call): PageAsk {
  const size = Number(query.get('page_size') ?? 0);
  if (!Number.isInteger(size)) {
    throw apiError(Code.invalidArgument, 'type mismatch, parameter: page_size, error: not an integer');
  }
  return { size, token: query.get('page_token') ?? '' };
}

/** @throws Refusal 403 that names the permission */
export function require(call: Call, permission: string): void {
  if (!call.caller.permissions.has(permission)) {
    throw apiError(Code.permissionDenied, `Permission denied, missing ${permission}`);
  }
}

export function may(call: Call, permission: string): boolean {
  return call.caller.permissions.has(permission);
}

const FEATURES: Readonly<Record<keyof Features, string>> = {
  servicePrincipals: 'service principals',
  federation: 'workload federation',
  decoys: 'decoys',
  externalClients: 'external clients',
  tunnels: 'tunnels',
  llmGateway: 'LLM gateway',
  functions: 'functions',
  findings: 'findings',
  systemLog: 'the system log',
};

/** @throws Refusal with the status that the feature is switched to */
export function requireFeature({ features }: State, feature: keyof Features): void {
  const setting = features[feature];
  if (setting === 'on') return;
  const code = { 403: Code.permissionDenied, 404: Code.notFound, 501: Code.unimplemented }[setting];
  throw apiError(code, `${FEATURES[feature]} is not enabled for this tenant`);
}

/** @throws Refusal 404 without such a record */
export function existing<T extends { readonly id: string }>(
  table: Table<T>,
  id: string | undefined,
  what: string,
): T {
  const record = findById(table, id ?? '');
  if (!record) throw notFound(what);
  return record;
}

export function notFound(what: string): Error {
  return apiError(Code.notFound, `${what} not found`);
}
