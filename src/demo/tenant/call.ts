import { createHash, randomBytes } from 'node:crypto';
import type { CustomFinding, LoggedUse, Role, TenantData } from '../records.js';
import type { ClientKind, Jwk } from './login.js';
import { apiError, Code } from './messages.js';

/** One authorised API request, as endpoints see it. */
export interface Call {
  readonly state: State;
  readonly caller: Caller;
  readonly name: string;
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
export function undeclaredPage<T>(call: Call, table: Table<T>): Page<T> {
  const ask = call.paging.ignoring.includes(call.name) ? { size: 0, token: '' } : queryAsk(call);
  return page(table, ask, call.paging, [call.name, call.params]);
}

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

function queryAsk({ query }: Call) {
  const size = Number(query.get('page_size') ?? 0);
  if (!Number.isInteger(size))
    throw apiError(Code.invalidArgument, 'type mismatch, parameter: page_size, error: not an integer');
  return { size, token: query.get('page_token') ?? '' };
}

/** @throws Refusal 403 that names the permission */
export function require(call: Call, permission: string): void {
  if (!call.caller.permissions.has(permission))
    throw apiError(Code.permissionDenied, `Permission denied, missing ${permission}`);
}

export function may(call: Call, permission: string): boolean {
  return call.caller.permissions.has(permission);
}

export const FEATURES = {
  servicePrincipals: 'service principals',
  federation: 'workload federation',
  decoys: 'decoys',
  // Early access: a tenant may not have it.
  externalClients: 'external clients',
  tunnels: 'tunnels',
  llmGateway: 'LLM gateway',
  functions: 'functions',
  // Early access.
  findings: 'findings',
  systemLog: 'the system log',
} as const;

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

/**
 * An ordered collection of records. Arrays are tables. A large tenant computes its records when they are read, and
 * finds some of them without reading all.
 */
export interface Table<T> {
  readonly length: number;
  at(index: number): T | undefined;
  byId?(id: string): T | undefined;
  byOwner?(ownerId: string): Table<T>;
}

export function* rows<T>(table: Table<T>): Generator<T> {
  for (let index = 0; index < table.length; index += 1) {
    const row = table.at(index);
    if (row !== undefined) yield row;
  }
}

export function filter<T>(table: Table<T>, wanted: (row: T) => boolean): T[] {
  const found: T[] = [];
  for (const row of rows(table)) if (wanted(row)) found.push(row);
  return found;
}

export function find<T>(table: Table<T>, wanted: (row: T) => boolean): T | undefined {
  for (const row of rows(table)) if (wanted(row)) return row;
  return undefined;
}

export function findById<T extends { readonly id: string }>(table: Table<T>, id: string): T | undefined {
  return table.byId ? table.byId(id) : find(table, (row) => row.id === id);
}

/** The records with these ids, each once, in the table's order where it has to be read through. */
export function findByIds<T extends { readonly id: string }>(table: Table<T>, ids: ReadonlySet<string>): T[] {
  const byId = table.byId?.bind(table);
  if (!byId) return filter(table, (row) => ids.has(row.id));
  return [...ids].flatMap((id) => byId(id) ?? []);
}

export function ownedBy<T>(
  table: Table<T>,
  owners: ReadonlySet<string>,
  ownerOf: (row: T) => string,
): Table<T> {
  const [first] = owners;
  if (table.byOwner && owners.size === 1 && first !== undefined) return table.byOwner(first);
  return filter(table, (row) => owners.has(ownerOf(row)));
}

/** The GET lists that declare no query parameters: by default they ignore the page size and the page token. */
const UNDECLARED_LISTS = [
  'personal-clients',
  'service-principals',
  'service-principal-credentials',
  'federation-providers',
  'tunnel-bridges',
  'tunnel-credentials',
  'llm-gateway-keys',
  'functions',
];

export const DEFAULT_PAGING = {
  /** Records on a page if no size is requested, or the list ignores it. */
  defaultSize: 25,
  /** Smaller sizes are raised to this one. */
  minSize: 10,
  /** Larger sizes are lowered to this one. */
  maxSize: 100,
  /** `refuse` answers 400 to a size out of range. */
  outOfRange: 'clamp' as 'clamp' | 'refuse',
  /** The lists that always answer with page 1 and its token. */
  ignoring: UNDECLARED_LISTS as readonly string[],
};

export type Paging = typeof DEFAULT_PAGING;

export interface Page<T> {
  readonly list: T[];
  readonly nextPageToken: string;
}

/**
 * One page of `table`. Size 0 and token "" mean that the request does not say. `query` is what the list is filtered by:
 * a token is valid for its query only.
 *
 * @throws Refusal 400 for a token that was not issued for this query, or a size out of range.
 */
function page<T>(
  table: Table<T>,
  ask: { readonly size: number; readonly token: string },
  rules: Paging,
  query: unknown,
): Page<T> {
  const size = pageSize(ask.size, rules);
  const mark = createHash('sha256').update(JSON.stringify(query)).digest('base64url').slice(0, 12);
  const from = ask.token === '' ? 0 : offset(ask.token, mark);
  const list: T[] = [];
  for (let index = from; index < Math.min(from + size, table.length); index += 1) {
    const row = table.at(index);
    if (row !== undefined) list.push(row);
  }
  const next = from + size;
  return { list, nextPageToken: next < table.length ? token(next, mark) : '' };
}

function pageSize(asked: number, { defaultSize, minSize, maxSize, outOfRange }: Paging): number {
  if (asked === 0) return defaultSize;
  if (outOfRange === 'refuse' && (asked < minSize || asked > maxSize))
    throw apiError(
      Code.invalidArgument,
      `invalid page size: value must be between ${minSize} and ${maxSize}`,
    );
  return Math.min(Math.max(asked, minSize), maxSize);
}

function token(from: number, mark: string): string {
  return Buffer.from(`${from}|${mark}`).toString('base64url');
}

function offset(pageToken: string, mark: string): number {
  const [text = ''] = Buffer.from(pageToken, 'base64url').toString('utf8').split('|');
  const from = Number(text);
  // Compares with the token that was issued: one that was shortened or extended can still decode.
  if (!Number.isSafeInteger(from) || from <= 0 || token(from, mark) !== pageToken)
    throw apiError(Code.invalidArgument, 'invalid page token');
  return from;
}

/** Whether a filter admits `value`; an empty one admits all. */
export function admits(wanted: readonly string[], value: string): boolean {
  return wanted.length === 0 || wanted.includes(value);
}

/** All that endpoints share. What can be changed are the tenant's settings. */
export interface State {
  readonly data: TenantData;
  /** 127.0.0.1:PORT */
  readonly host: string;
  /** The host without port: the audience of assertions and OIDC tokens, and the host in client ids. */
  readonly audience: string;
  readonly now: () => number;
  readonly paging: Paging;
  readonly features: Features;
  readonly lifetimes: Lifetimes;
  readonly sessions: Sessions;
  /** Public keys by complete client id. */
  readonly clientKeys: Map<string, Jwk>;
  /** Public keys by issuer URL. */
  readonly issuerKeys: Map<string, Jwk>;
  /** Ids of the OIDC tokens and proofs that were accepted. */
  readonly seen: Set<string>;
  readonly nonces: DpopNonces;
  readonly findings: CustomFinding[];
  /** The system log since the start, oldest first. */
  readonly log: LoggedUse[];
  /** What a caller gets for users and roles that it may not read: blank fields, or a 403. */
  withoutRights: 'blank' | 'refuse';
}

/** Who makes an API call, and what it may do. */
export interface Caller {
  readonly userId: string;
  readonly clientId: string;
  /** The roles of the principal that the credential's scope leaves. */
  readonly roles: readonly Role[];
  readonly permissions: ReadonlySet<string>;
}

/** A feature that is on, or the status that its endpoints answer with. */
type Switch = 'on' | 403 | 404 | 501;

export type Features = Record<keyof typeof FEATURES, Switch>;

/** Seconds that an access token lasts, by what it was given for. */
export type Lifetimes = Record<ClientKind, number>;

/** What an access token gives access to. */
export interface Session {
  readonly clientId: string;
  readonly principalId: string;
  /** The credential's role scope; empty for none. */
  readonly scopedRoleIds: readonly string[];
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
  /** Thumbprint of the key that a DPoP token is bound to. */
  readonly keyThumbprint: string | undefined;
}

export class Sessions {
  readonly #byToken = new Map<string, Session>();

  open(session: Session): string {
    const token = `c1at_${randomBytes(48).toString('base64url')}`;
    this.#byToken.set(token, session);
    return token;
  }

  find(token: string, now: number): Session | undefined {
    const session = this.#byToken.get(token);
    return session && session.expiresAt > now ? session : undefined;
  }

  revokeAll(): void {
    this.#byToken.clear();
  }
}

/** The valid nonces, where proofs must have one. */
export class DpopNonces {
  /** Set it to require one. */
  required = false;
  readonly #valid: string[] = [];

  /** A nonce for the next proof. The last few stay valid, so that no request under way is refused. */
  next(): string {
    const nonce = randomBytes(12).toString('base64url');
    this.#valid.push(nonce);
    if (this.#valid.length > 64) this.#valid.shift();
    return nonce;
  }

  /** Ends all nonces: every client needs a new one. */
  rotate(): void {
    this.#valid.length = 0;
  }

  accepts(nonce: unknown): boolean {
    return typeof nonce === 'string' && this.#valid.includes(nonce);
  }
}
