import { createHash } from 'node:crypto';
import { apiError, Code } from './errors.js';

/**
 * An ordered collection of records. Arrays are tables; a large tenant computes its records when asked for them,
 * and then knows how to find them without reading them all.
 */
export interface Table<T> {
  readonly length: number;
  at(index: number): T | undefined;
  byId?(id: string): T | undefined;
  byOwner?(ownerId: string): Table<T>;
}

/** Every record, in order. */
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

/** The records that belong to one of these owners. */
export function ownedBy<T>(
  table: Table<T>,
  owners: ReadonlySet<string>,
  ownerOf: (row: T) => string,
): Table<T> {
  const [first] = owners;
  if (table.byOwner && owners.size === 1 && first !== undefined) return table.byOwner(first);
  return filter(table, (row) => owners.has(ownerOf(row)));
}

/** The GET lists that declare no query parameters: out of the box they ignore the size and the token asked for. */
const UNDECLARED_LISTS = [
  'personal-clients',
  'service-principals',
  'service-principal-credentials',
  'service-principal-trusts',
  'federation-providers',
] as const;

export type UndeclaredList = (typeof UNDECLARED_LISTS)[number];

export interface Paging {
  /** Records on a page where no size is asked for, or the size asked for is not heard. */
  defaultSize: number;
  /** Sizes below it become it. */
  minSize: number;
  /** Sizes above it become it. */
  maxSize: number;
  /** Some endpoints answer 400 to a size out of range instead. */
  outOfRange: 'clamp' | 'refuse';
  /** The lists that answer page 1, and the same token, again and again. */
  ignoring: readonly UndeclaredList[];
}

export const DEFAULT_PAGING: Readonly<Paging> = {
  defaultSize: 25,
  minSize: 10,
  maxSize: 100,
  outOfRange: 'clamp',
  ignoring: UNDECLARED_LISTS,
};

/** What a request asks for. 0 and "" are "not asked". */
export interface PageAsk {
  readonly size: number;
  readonly token: string;
  /** Exactly so many, whatever the rules say: a fault's word. */
  readonly forcedSize?: number | undefined;
}

export interface Page<T> {
  readonly list: T[];
  readonly nextPageToken: string;
}

/**
 * One page of `table`. `query` is whatever the list was narrowed by: a token belongs to its query.
 *
 * @throws Refusal 400 for a token that was never given out for this query, or a size out of range.
 */
export function page<T>(table: Table<T>, ask: PageAsk, rules: Paging, query: unknown): Page<T> {
  const size = ask.forcedSize ?? pageSize(ask.size, rules);
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
  if (outOfRange === 'refuse' && (asked < minSize || asked > maxSize)) {
    throw apiError(
      Code.invalidArgument,
      `invalid page size: value must be between ${minSize} and ${maxSize}`,
    );
  }
  return Math.min(Math.max(asked, minSize), maxSize);
}

function token(from: number, mark: string): string {
  return Buffer.from(`${from}|${mark}`).toString('base64url');
}

function offset(pageToken: string, mark: string): number {
  const [text = ''] = Buffer.from(pageToken, 'base64url').toString('utf8').split('|');
  const from = Number(text);
  // Only what was given out comes back: a token cut short or added to decodes all the same.
  if (!Number.isSafeInteger(from) || from <= 0 || token(from, mark) !== pageToken) {
    throw apiError(Code.invalidArgument, 'invalid page token');
  }
  return from;
}
