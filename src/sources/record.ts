import {
  type Credential,
  DAY,
  dateOf,
  type Fact,
  isKnown,
  type Kind,
  parseInstant,
  Unknown,
} from '../contract/index.js';

/**
 * What the API sends, checked where it comes in. Unset is null, absent or "" alike; anything of another type than
 * documented is reported as a problem and never used as a value.
 */
export type WireRecord = Readonly<Record<string, unknown>>;

export function asRecord(value: unknown): WireRecord | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as WireRecord)
    : undefined;
}

/** The record's id, '' where it has none. */
export function idOf(value: unknown): string {
  const id = asRecord(value)?.id;
  return typeof id === 'string' ? id : '';
}

/** A record as a credential, and what was wrong with it; no credential where not even its id could be read. */
interface Normalized {
  readonly credential: Credential | undefined;
  readonly problems: readonly string[];
}

/** Where the three kinds keep the same things. */
const FIELDS: Record<Kind, { id: string; owner: string; expires: string; cidrs: string; roles: string }> = {
  'personal-client': {
    id: 'id',
    owner: 'userId',
    expires: 'expiresTime',
    cidrs: 'allowSourceCidr',
    roles: 'scopedRoles',
  },
  'service-principal-credential': {
    id: 'id',
    owner: 'servicePrincipalId',
    expires: 'expiresAt',
    cidrs: 'allowSourceCidrs',
    roles: 'scopedRoleIds',
  },
  'federation-trust': {
    id: 'clientId',
    owner: 'servicePrincipalId',
    expires: 'expiresAt',
    cidrs: 'allowSourceCidrs',
    roles: 'scopedRoleIds',
  },
};

const NO_CREATION_DATE = new Unknown(
  'the record has no creation date',
  'Look at the credential in ConductorOne; nothing needs to be granted.',
);

/** The latest date that something in the past may have: clocks differ, but not by more than a day. */
export function latestBelieved(now: number, asOf: number): number {
  return Math.max(now, asOf) + DAY;
}

/**
 * Brings a wire record of any kind into the one shape of a credential.
 *
 * @param latest  a later date of something in the past is malformed, because it could hide that a credential is unused or old
 */
export function normalize(kind: Kind, value: unknown, latest: number): Normalized {
  const record = asRecord(value);
  if (!record) return { credential: undefined, problems: ['is not an object'] };
  const fields = FIELDS[kind];
  const isTrust = kind === 'federation-trust';
  const read = new FieldReader(record);
  const id = read.id(fields.id);
  const createdAt = read.instant('createdAt', latest);
  const deletedAt = read.instant('deletedAt');
  const isBackwards = deletedAt instanceof Date && createdAt instanceof Date && deletedAt < createdAt;
  if (isBackwards) read.problems.push('deletedAt is before createdAt');
  const credential: Credential = {
    kind,
    id,
    clientId: isTrust ? id : read.id('clientId'),
    name: nameIn(read, id),
    ownerId: read.id(fields.owner),
    // Dates that cannot be read, or contradict each other, do not prove a deletion: the credential is judged.
    deletedAt: isKnown(deletedAt) && isKnown(createdAt) && !isBackwards ? deletedAt : null,
    disabled: isTrust && read.flag('disabled') === true,
    createdAt: createdAt ?? NO_CREATION_DATE,
    expiresAt: read.instant(fields.expires),
    lastUsedAt: read.instant('lastUsedAt', latest),
    allowedCidrs: read.texts(fields.cidrs),
    scopedRoleIds: read.texts(fields.roles),
    requireDpop: read.flag('requireDpop'),
    condition: isTrust ? conditionOf(record, read) : '',
    providerId: isTrust ? read.id('providerId') : '',
  };
  if (id === '') return { credential: undefined, problems: [`has no ${fields.id}`] };
  return { credential, problems: read.problems };
}

/** A name that is not text is neither blank, which would be a finding, nor the same as another. */
function nameIn(read: FieldReader, id: string): string {
  const before = read.problems.length;
  const name = read.text('displayName');
  return read.problems.length === before ? name : `(unreadable name of ${id})`;
}

function conditionOf(record: WireRecord, read: FieldReader): Fact<string> {
  const before = read.problems.length;
  const text = read.text('conditionExpression');
  if (read.problems.length === before) return text;
  return new Unknown(
    `its conditionExpression is not text but ${typeof record.conditionExpression}`,
    'Look at the trust in ConductorOne.',
  );
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
    if (value !== undefined && value !== null) this.#malformed(field, 'is not text');
    return '';
  }

  /** An id; '' when unset. With half a character in it, it cannot be sent in a request. */
  id(field: string): string {
    const value = this.#record[field];
    if (typeof value === 'string' && !value.isWellFormed()) this.#malformed(field, 'is not valid Unicode');
    return this.text(field);
  }

  /** An instant up to `latest`; null when unset, which years up to 1970 count as. */
  instant(field: string, latest = Number.POSITIVE_INFINITY): Fact<Date | null> {
    const value = this.#record[field];
    if (isUnset(value)) return null;
    const instant = typeof value === 'string' ? parseInstant(value) : undefined;
    if (!instant) return this.#malformed(field, 'is not a timestamp');
    if (instant.getTime() > latest)
      return this.#malformed(field, `is in the future (${dateOf(instant.toISOString())})`);
    return instant.getUTCFullYear() <= 1970 ? null : instant;
  }

  /** Texts; [] when unset. */
  texts(field: string): Fact<readonly string[]> {
    const value = this.#record[field];
    if (isUnset(value)) return [];
    if (Array.isArray(value) && value.every((entry) => typeof entry === 'string'))
      return value.every((entry) => entry.isWellFormed())
        ? value
        : value.map((entry) => entry.toWellFormed());
    return this.#malformed(field, 'is not a list of texts');
  }

  /** A flag; false when unset. */
  flag(field: string): Fact<boolean> {
    const value = this.#record[field];
    if (typeof value === 'boolean') return value;
    return isUnset(value) ? false : this.#malformed(field, 'is neither true nor false');
  }

  #malformed(field: string, problem: string): Unknown {
    this.problems.push(`${field} ${problem}`);
    return new Unknown(
      `its ${field} ${problem}`,
      'Look at the credential in ConductorOne; report the field to its support.',
    );
  }
}

function isUnset(value: unknown): boolean {
  return value === undefined || value === null || value === '';
}

/** The record; without its deletion date where that is still to come. */
export function unlessDeletedLater(record: WireRecord, now: number): WireRecord {
  const deletedAt = typeof record.deletedAt === 'string' ? parseInstant(record.deletedAt) : undefined;
  return deletedAt && deletedAt.getTime() > now ? { ...record, deletedAt: null } : record;
}

/**
 * The field by which an answer says that records may be missing: an error, or a page token in a spelling that no request
 * goes on with. A code of 0 and an empty list of errors do not.
 */
export function doubtBeside(answer: WireRecord): string | undefined {
  const isSet = (value: unknown) => !isUnset(value) && value !== false && value !== 0;
  const { errors } = answer;
  const isEmpty = typeof errors === 'object' && errors !== null && Object.keys(errors).length === 0;
  return ['error', 'code', 'errors', 'next_page_token'].find(
    (field) => isSet(answer[field]) && !(field === 'errors' && isEmpty),
  );
}

/** What is said of an id that stands for two things. */
export const LISTED_TWICE = 'listed twice, with other fields';

/** Whether one id stands for two things; the same record may well come twice where a list grows while it is read. */
export function differ(before: unknown, after: unknown): boolean {
  return before !== undefined && JSON.stringify(before) !== JSON.stringify(after);
}

/** How many malformed records a note names. */
const NAMED = 50;

/**
 * The malformed records in words, and what to do about them; undefined where there are none.
 *
 * @param what the list that they came from
 */
export function malformedRecords(
  malformed: readonly string[],
  what?: string,
): { readonly message: string; readonly hint: string } | undefined {
  if (malformed.length === 0) return undefined;
  const some = [...malformed].sort().slice(0, NAMED).join('; ');
  const more = malformed.length > NAMED ? `; and ${malformed.length - NAMED} more` : '';
  const place = what === undefined ? '' : ` of ${what}`;
  const count = malformed.length === 1 ? `1 record${place} is` : `${malformed.length} records${place} are`;
  return {
    message: `${count} malformed: ${some}${more}.`,
    hint: 'Look at them in ConductorOne, and report the fields to its support.',
  };
}

/** The same as one note; null where there are none. */
export function malformedNote(malformed: readonly string[], what?: string): string | null {
  const found = malformedRecords(malformed, what);
  return found ? `${found.message} ${found.hint}` : null;
}
