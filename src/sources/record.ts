import { type Credential, type Fact, isKnown, type Kind, parseInstant, Unknown } from '../contract/index.js';

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

/** Brings a wire record of any kind into the one shape of a credential. */
export function normalize(kind: Kind, value: unknown): Normalized {
  const record = asRecord(value);
  if (!record) return { credential: undefined, problems: ['is not an object'] };
  const fields = FIELDS[kind];
  const isTrust = kind === 'federation-trust';
  const read = new FieldReader(record);
  const id = read.id(fields.id);
  const deletedAt = read.instant('deletedAt');
  const credential: Credential = {
    kind,
    id,
    clientId: isTrust ? id : read.id('clientId'),
    name: nameIn(read, id),
    ownerId: read.id(fields.owner),
    // A deletion date that cannot be read does not prove a deletion: the credential is judged.
    deletedAt: isKnown(deletedAt) ? deletedAt : null,
    disabled: isTrust && read.flag('disabled') === true,
    createdAt: read.instant('createdAt') ?? NO_CREATION_DATE,
    expiresAt: read.instant(fields.expires),
    lastUsedAt: read.instant('lastUsedAt'),
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

  /** An instant; null when unset, which years up to 1970 count as. */
  instant(field: string): Fact<Date | null> {
    const value = this.#record[field];
    if (isUnset(value)) return null;
    const instant = typeof value === 'string' ? parseInstant(value) : undefined;
    if (!instant) return this.#malformed(field, 'is not a timestamp');
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

/** The field by which an answer says that something went wrong; a code of 0 does not. */
export function errorBeside(answer: WireRecord): 'error' | 'code' | undefined {
  const isSet = (value: unknown) => !isUnset(value) && value !== false;
  if (isSet(answer.error)) return 'error';
  return isSet(answer.code) && answer.code !== 0 ? 'code' : undefined;
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
 * The malformed records as one sentence; null where there are none.
 *
 * @param what the list that they came from
 */
export function malformedNote(malformed: readonly string[], what?: string): string | null {
  if (malformed.length === 0) return null;
  const some = [...malformed].sort().slice(0, NAMED).join('; ');
  const more = malformed.length > NAMED ? `; and ${malformed.length - NAMED} more` : '';
  const place = what === undefined ? '' : ` of ${what}`;
  const count = malformed.length === 1 ? `1 record${place} is` : `${malformed.length} records${place} are`;
  return `${count} malformed: ${some}${more}. Look at them in ConductorOne, and report the fields to its support.`;
}
