import { createHash } from 'node:crypto';
import { apiError, Code } from './errors.js';
import type { Table } from './tables.js';

/** The GET lists that declare no query parameters: out of the box they ignore the size and the token asked for. */
export const UNDECLARED_LISTS = [
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
