import { type Fact, parseInstant, Unknown } from '../../contract/index.js';
import type { Page } from './paginate.js';
import { RequestError } from './request-error.js';

/**
 * What the API sends, checked where it comes in. Unset is null, absent or "" alike; anything of another type than
 * documented is a problem that is told, never a value.
 */

export type WireRecord = Readonly<Record<string, unknown>>;

export function asRecord(value: unknown): WireRecord | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as WireRecord)
    : undefined;
}

/** The record, or as it is until then where its deletion is still to come. */
export function unlessDeletedLater(record: WireRecord, now: number): WireRecord {
  const deletedAt = typeof record.deletedAt === 'string' ? parseInstant(record.deletedAt) : undefined;
  return deletedAt && deletedAt.getTime() > now ? { ...record, deletedAt: null } : record;
}

/** The record's id, '' where it has none. */
export function idOf(value: unknown): string {
  const id = asRecord(value)?.id;
  return typeof id === 'string' ? id : '';
}

/**
 * A page of a list. A page token that is null, absent or "" is the end, as unset fields are in this API; a list that is
 * not there at all is none of its answers: taken for one, it would make a whole list vanish.
 *
 * @throws RequestError when `list` or `nextPageToken` is not what it should be: a proxy's JSON, or another API.
 */
export function readPage(answer: WireRecord, what: string): Page {
  const { list } = answer;
  const nextPageToken = answer.nextPageToken ?? '';
  const error = errorBeside(answer);
  if (Array.isArray(list) && typeof nextPageToken === 'string' && error === undefined)
    return { records: list, nextPageToken };
  const problem = !Array.isArray(list)
    ? `has ${list === undefined ? 'no "list"' : 'a "list" that is no list'}`
    : error === undefined
      ? 'has a "nextPageToken" that is no text'
      : `has "${error}" beside the "list", so records may be missing`;
  throw new RequestError(
    'api',
    `${what} answered 200, but the answer ${problem}.`,
    'This is not the API that c1-audit knows; check the address, or look for a newer version.',
    { status: 200 },
  );
}

/** The field that says of an answer that something went wrong; a code of 0 is none. */
export function errorBeside(answer: WireRecord): 'error' | 'code' | undefined {
  const isSet = (value: unknown) => value !== undefined && value !== null && value !== '' && value !== false;
  if (isSet(answer.error)) return 'error';
  return isSet(answer.code) && answer.code !== 0 ? 'code' : undefined;
}

/** Reads the fields of one record and collects what is wrong with them. */
export class FieldReader {
  readonly #record: WireRecord;
  readonly problems: string[] = [];

  constructor(record: WireRecord) {
    this.#record = record;
  }

  /** Text; '' when unset. Half a character, as a name cut short may end in, is replaced. */
  text(field: string): string {
    const value = this.#record[field];
    if (typeof value === 'string') return value.toWellFormed();
    if (value !== undefined && value !== null) this.#malformed(field, 'is no text');
    return '';
  }

  /** An id; '' when unset. With half a character in it, it names nothing that could be asked for. */
  id(field: string): string {
    const value = this.#record[field];
    if (typeof value === 'string' && !value.isWellFormed()) this.#malformed(field, 'is not valid Unicode');
    return this.text(field);
  }

  /** An instant; null when unset, which years up to 1970 count as. */
  instant(field: string): Fact<Date | null> {
    const value = this.#record[field];
    if (value === undefined || value === null || value === '') return null;
    const instant = typeof value === 'string' ? parseInstant(value) : undefined;
    if (!instant) return this.#malformed(field, 'is no timestamp');
    return instant.getUTCFullYear() <= 1970 ? null : instant;
  }

  /** Texts; [] when unset. */
  texts(field: string): Fact<readonly string[]> {
    const value = this.#record[field];
    if (value === undefined || value === null || value === '') return [];
    if (Array.isArray(value) && value.every((entry) => typeof entry === 'string'))
      return value.every((entry) => entry.isWellFormed())
        ? value
        : value.map((entry) => entry.toWellFormed());
    return this.#malformed(field, 'is no list of texts');
  }

  /** A flag; false when unset. */
  flag(field: string): Fact<boolean> {
    const value = this.#record[field];
    if (typeof value === 'boolean') return value;
    if (value === undefined || value === null || value === '') return false;
    return this.#malformed(field, 'is neither true nor false');
  }

  #malformed(field: string, problem: string): Unknown {
    this.problems.push(`${field} ${problem}`);
    return new Unknown(
      `its ${field} ${problem}`,
      'Look at the credential in ConductorOne; report the field to its support.',
    );
  }
}
