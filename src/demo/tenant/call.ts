import { apiError, Code } from './errors.js';
import type { Table } from './paging.js';
import { type Page, type PageAsk, page, type UndeclaredList } from './paging.js';
import type { Caller, State, Switch } from './state.js';

/** One authorised API request, as endpoints see it. */
export interface Call {
  readonly state: State;
  readonly caller: Caller;
  /** Parts of the path, by the name its pattern gives them. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  /** The JSON body; empty for GET. */
  readonly body: Readonly<Record<string, unknown>>;
  /** Set by faults: what to page by, whatever was asked for. */
  readonly force: { readonly token?: string; readonly size?: number };
}

/** One page of a list whose request declares `page_size` and `page_token`. */
export function declaredPage<T>(call: Call, table: Table<T>): Page<T> {
  return page(table, queryAsk(call), call.state.paging, []);
}

/** One page of a list that declares no parameters: page 1, unless the tenant is told to hear them. */
export function undeclaredPage<T>(call: Call, name: UndeclaredList, table: Table<T>): Page<T> {
  const ignores = call.state.paging.ignoring.includes(name);
  const heard = ignores ? { size: 0, token: '', forcedSize: call.force.size } : queryAsk(call);
  return page(table, heard, call.state.paging, [name, call.params]);
}

/** One page of a search. `query` is what narrowed it. */
export function searchPage<T>(
  call: Call,
  table: Table<T>,
  ask: { readonly pageSize: number; readonly pageToken: string },
  query: unknown,
): Page<T> {
  const { size, token } = call.force;
  const heard = { size: ask.pageSize, token: token ?? ask.pageToken, forcedSize: size };
  return page(table, heard, call.state.paging, query);
}

function queryAsk({ query, force }: Call): PageAsk {
  const size = Number(query.get('page_size') ?? 0);
  if (!Number.isInteger(size)) {
    throw apiError(Code.invalidArgument, 'type mismatch, parameter: page_size, error: not an integer');
  }
  return { size, token: force.token ?? query.get('page_token') ?? '', forcedSize: force.size };
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

/** @throws Refusal with the status that the feature is switched to */
export function requireFeature(feature: string, setting: Switch): void {
  if (setting === 'on') return;
  const message = `${feature} is not enabled for this tenant`;
  if (setting === 403) throw apiError(Code.permissionDenied, message);
  throw apiError(setting === 404 ? Code.notFound : Code.unimplemented, message);
}

export function notFound(what: string): Error {
  return apiError(Code.notFound, `${what} not found`);
}
