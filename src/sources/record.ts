import {
  type Credential,
  DAY,
  dateOf,
  type Fact,
  isKnown,
  type Kind,
  parseTime,
  type Registration,
  Unknown,
} from '../contract/index.js';
import { toTimestamp } from '../contract/time.js';

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
  return textOf(asRecord(value)?.id);
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** A record as a credential, and what was wrong with it; no credential where not even its id could be read. */
interface Normalized {
  readonly credential: Credential | undefined;
  readonly problems: readonly string[];
  /** A draft is no way in yet: it is not judged, and nothing is wrong with it. */
  readonly draft?: true;
}

/** Where the kinds keep the same things; '' where a kind has none. */
interface Fields {
  readonly clientId: string;
  readonly owner: string;
  readonly expires: string;
  readonly used: string;
  readonly cidrs: string;
  readonly roles: string;
  /** Dates of its end: starting at the first of them it no longer exists. */
  readonly ends: readonly string[];
}

const DELETED = ['deletedAt'];
/** A revocation counts as a deletion. */
const DELETED_OR_REVOKED = ['deletedAt', 'revokedAt'];

const OF_PRINCIPAL: Fields = {
  clientId: 'clientId',
  owner: 'servicePrincipalId',
  expires: 'expiresAt',
  used: 'lastUsedAt',
  cidrs: 'allowSourceCidrs',
  roles: 'scopedRoleIds',
  ends: DELETED,
};
const NO_FIELDS: Fields = {
  clientId: '',
  owner: '',
  expires: '',
  used: '',
  cidrs: '',
  roles: '',
  ends: DELETED,
};

const FIELDS: Record<Kind, Fields> = {
  'personal-client': {
    clientId: 'clientId',
    owner: 'userId',
    expires: 'expiresTime',
    used: 'lastUsedAt',
    cidrs: 'allowSourceCidr',
    roles: 'scopedRoles',
    ends: DELETED,
  },
  'service-principal-credential': OF_PRINCIPAL,
  'federation-trust': OF_PRINCIPAL,
  'external-client': {
    ...NO_FIELDS,
    clientId: 'clientId',
    owner: 'userId',
    used: 'lastUsedAt',
    roles: 'roleIds',
  },
  'tunnel-credential': {
    ...NO_FIELDS,
    clientId: 'clientId',
    expires: 'expiresTime',
    used: 'lastUsedAt',
    ends: DELETED_OR_REVOKED,
  },
  'llm-gateway-key': { ...NO_FIELDS, ends: DELETED_OR_REVOKED },
  function: { ...NO_FIELDS, roles: 'scopedRoleIds' },
};

/** The fields that make the id of a record. */
const ID_FIELDS: Readonly<Record<Kind, readonly string[]>> = {
  'personal-client': ['id'],
  'service-principal-credential': ['id'],
  'federation-trust': ['clientId'],
  // Many people approve one client.
  'external-client': ['clientId', 'userId'],
  'tunnel-credential': ['id'],
  'llm-gateway-key': ['id'],
  function: ['id'],
};

/** The id of a record of a kind; '' where it has none. */
export function idOfKind(kind: Kind): (value: unknown) => string {
  const [only = '', ...others] = ID_FIELDS[kind];
  if (others.length === 0) return (value) => textOf(asRecord(value)?.[only]);
  return (value) => {
    const parts = ID_FIELDS[kind].map((field) => asRecord(value)?.[field]);
    return parts.every((part) => typeof part === 'string' && part !== '') ? parts.join(' ') : '';
  };
}

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
 * @param share   called with the owner's id, and gives the text to keep
 */
export function normalize(
  kind: Kind,
  value: unknown,
  latest: number,
  share: (ownerId: string) => string = (ownerId) => ownerId,
): Normalized {
  const record = asRecord(value);
  if (!record) return { credential: undefined, problems: ['is not an object'] };
  const fields = FIELDS[kind];
  const read = new FieldReader(record);
  const idFields = ID_FIELDS[kind];
  const [only = ''] = idFields;
  const id = idFields.length === 1 ? read.id(only) : idFields.map((field) => read.id(field)).join(' ');
  if (id === '' || idFields.length > 1) {
    const missing = idFields.filter((field) => read.text(field) === '');
    if (missing.length > 0)
      return { credential: undefined, problems: [`has no ${missing.join(' and no ')}`] };
  }
  const createdAt = read.instant('createdAt', latest);
  const base: Credential = {
    kind,
    id,
    clientId: read.id(fields.clientId),
    name: nameIn(read, id),
    ownerId: share(read.id(fields.owner)),
    deletedAt: deletionIn(read, fields.ends, createdAt),
    disabled: false,
    createdAt: createdAt ?? NO_CREATION_DATE,
    expiresAt: read.end(fields.expires, createdAt),
    lastUsedAt: read.instant(fields.used, latest),
    allowedCidrs: read.texts(fields.cidrs),
    scopedRoleIds: sharedList(read.ids(fields.roles)),
    requireDpop: read.flag('requireDpop'),
    condition: '',
    providerId: '',
    registration: undefined,
    connected: undefined,
  };
  if (kind === 'function' && read.flag('isDraft') === true)
    return { credential: undefined, problems: [], draft: true };
  // All credentials have the same fields in the same order: else everything that looks at them is compiled again and again.
  const credential = Object.assign(base, OWN_FIELDS[kind]?.(read, base, record));
  return { credential, problems: read.problems };
}

const NO_TEXTS: readonly string[] = [];

/** Lists of roles, which many records repeat, kept once. */
const sharedLists = new Map<string, readonly string[]>();
let latestList = NO_TEXTS;
const SHARED = 65_536;

export function sharedList(list: Fact<readonly string[]>): Fact<readonly string[]> {
  if (!isKnown(list) || list.length === 0) return list;
  // One credential's are often those of the next.
  if (isSame(latestList, list)) return latestList;
  const key = list.join('\n');
  const known = sharedLists.get(key);
  // An id may hold a line break.
  latestList = known && isSame(known, list) ? known : list;
  if (!known) {
    if (sharedLists.size === SHARED) sharedLists.clear();
    sharedLists.set(key, list);
  }
  return latestList;
}

function isSame(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((text, at) => text === other[at]);
}

/** What only records of one kind say. */
const OWN_FIELDS: {
  readonly [K in Kind]?: (read: FieldReader, base: Credential, record: WireRecord) => Partial<Credential>;
} = {
  'federation-trust': (read, _, record) => ({
    disabled: read.flag('disabled') === true,
    condition: conditionOf(record, read),
    providerId: read.id('providerId'),
  }),
  'external-client': (read, { id, name }) => {
    const registered = nameIn(read, id, 'clientName');
    return { name: name || registered, registration: registrationOf(read) };
  },
  'tunnel-credential': (read, base) => ({
    name: base.id,
    connected: BRIDGE_NOT_KNOWN,
    ...endOfTunnel(read, base),
  }),
};

const BRIDGE_NOT_KNOWN = new Unknown(
  'the record does not say whether its bridge is connected',
  'Audit the tenant itself, without --input.',
);

const REGISTRATION_TYPES: ReadonlyMap<string, Registration['type']> = new Map([
  ['CLIENT_ID_TYPE_DCR', 'dynamic'],
  ['CLIENT_ID_TYPE_METADATA_URL', 'metadata-url'],
  ['CLIENT_ID_TYPE_APP', 'app'],
]);

function registrationOf(read: FieldReader): Fact<Registration> {
  const before = read.problems.length;
  const type = REGISTRATION_TYPES.get(read.text('clientIdType'));
  const verifiedDomain = read.text('verifiedDomain');
  const wellKnown = read.text('wellKnownClient').replace(/^WELL_KNOWN_CLIENT_/, '');
  if (type === undefined || read.problems.length > before)
    return new Unknown(
      'its record does not say how it was registered',
      'Look at the client in ConductorOne; nothing needs to be granted.',
    );
  const wellKnownClient = /^(UNSPECIFIED|UNKNOWN)?$/.test(wellKnown) ? '' : wellKnown;
  return { type, verifiedDomain, wellKnownClient };
}

/** The list holds revoked and expired credentials too; the status decides where the dates do not. */
function endOfTunnel(read: FieldReader, { deletedAt, expiresAt }: Credential): Partial<Credential> {
  const status = read.text('credentialStatus').replace(/^TUNNEL_CREDENTIAL_STATUS_/, '');
  if (status === 'REVOKED') return { deletedAt: deletedAt ?? LONG_AGO };
  return { disabled: status === 'EXPIRED' && expiresAt === null };
}

/** For an end whose date is not known. */
const LONG_AGO = 0;

/** The first date of its end. Dates that cannot be read, or contradict each other, prove none: the credential is judged. */
function deletionIn(
  read: FieldReader,
  fields: readonly string[],
  createdAt: Fact<number | null>,
): number | null {
  let first: number | null = null;
  for (const field of fields) {
    const end = read.end(field, createdAt);
    if (typeof end === 'number' && isKnown(createdAt) && (first === null || end < first)) first = end;
  }
  return first;
}

/** A name that is not text is neither blank, which would be a finding, nor the same as another. */
function nameIn(read: FieldReader, id: string, field = 'displayName'): string {
  const before = read.problems.length;
  const name = read.text(field);
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

  #value(field: string): unknown {
    return field === '' ? undefined : this.#record[field];
  }

  /** Text; '' when unset. Half a character, as a name cut short may end in, is replaced. */
  text(field: string): string {
    const value = this.#value(field);
    if (typeof value === 'string') return value.toWellFormed();
    if (value !== undefined && value !== null) this.#malformed(field, 'is not text');
    return '';
  }

  /** An id; '' when unset. With half a character in it, it cannot be sent in a request. */
  id(field: string): string {
    const value = this.#value(field);
    if (typeof value === 'string') {
      if (value.isWellFormed()) return value;
      this.#malformed(field, 'is not valid Unicode');
    }
    return this.text(field);
  }

  /** An instant up to `latest` in milliseconds since the epoch; null when unset, which years up to 1970 count as. */
  instant(field: string, latest = Number.POSITIVE_INFINITY): Fact<number | null> {
    const value = this.#value(field);
    if (isUnset(value)) return null;
    const instant = typeof value === 'string' ? parseTime(value) : undefined;
    if (instant === undefined) return this.#malformed(field, 'is not a timestamp');
    if (instant > latest) return this.#malformed(field, `is in the future (${dateOf(toTimestamp(instant))})`);
    return instant < FIRST_BELIEVED ? null : instant;
  }

  /** The instant at which something ends, which is not before its creation. */
  end(field: string, createdAt: Fact<number | null>): Fact<number | null> {
    const end = this.instant(field);
    const isBackwards = typeof end === 'number' && typeof createdAt === 'number' && end < createdAt;
    return isBackwards ? this.#malformed(field, 'is before createdAt') : end;
  }

  /** Texts; [] when unset. */
  texts(field: string): Fact<readonly string[]> {
    const value = this.#value(field);
    if (isUnset(value) || (Array.isArray(value) && value.length === 0)) return NO_TEXTS;
    if (Array.isArray(value) && value.every((entry) => typeof entry === 'string'))
      return value.every((entry) => entry.isWellFormed())
        ? value
        : value.map((entry) => entry.toWellFormed());
    return this.#malformed(field, 'is not a list of texts');
  }

  /** Ids; [] when unset. A blank one names nothing, so it must not pass for a limit. */
  ids(field: string): Fact<readonly string[]> {
    const ids = this.texts(field);
    return isKnown(ids) && ids.includes('') ? this.#malformed(field, 'holds a blank id') : ids;
  }

  /** A flag; false when unset. */
  flag(field: string): Fact<boolean> {
    const value = this.#value(field);
    if (typeof value === 'boolean') return value;
    return isUnset(value) ? false : this.#malformed(field, 'is neither true nor false');
  }

  #malformed(field: string, problem: string): Unknown {
    const line = `${field} ${problem}`;
    if (!this.problems.includes(line)) this.problems.push(line);
    return new Unknown(
      `its ${field} ${problem}`,
      'Look at the credential in ConductorOne; report the field to its support.',
    );
  }
}

const FIRST_BELIEVED = Date.UTC(1971);

function isUnset(value: unknown): boolean {
  return value === undefined || value === null || value === '';
}

/** The record; without its deletion date where that is still to come. */
export function unlessDeletedLater(record: WireRecord, now: number): WireRecord {
  const deletedAt = typeof record.deletedAt === 'string' ? parseTime(record.deletedAt) : undefined;
  return deletedAt !== undefined && deletedAt > now ? { ...record, deletedAt: null } : record;
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
  if (before === undefined) return false;
  try {
    return JSON.stringify(before) !== JSON.stringify(after);
  } catch {
    // They are nested deeper than the stack.
    return true;
  }
}

/** How many drafts were left out; null where there are none. */
export function draftNote(drafts: number): string | null {
  if (drafts === 0) return null;
  return `${drafts === 1 ? '1 function is a draft and was' : `${drafts} functions are drafts and were`} not judged.`;
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
