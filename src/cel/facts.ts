import * as v from 'valibot';
import { either, list, map, number, record, type Schema, text } from '../check.js';
import { canDoEverything } from '../contract/credential.js';
import { type FactName, hasFact, type Kind, type Owner, parseInstant } from '../contract/index.js';
import { startOfDate } from '../contract/time.js';

/** The type of a fact, or of a part of one, in expressions. */
export interface FactType {
  readonly is: 'string' | 'bool' | 'int' | 'timestamp' | 'list' | 'map' | 'record';
  readonly nullable?: true;
  /** An empty list was hidden from the audit: it is unknown. */
  readonly filled?: true;
  /** Where a part of a record follows from others. */
  readonly read?: (record: never) => unknown;
  /** The items of a list, or the values of a map, whose keys are texts. */
  readonly of?: FactType;
  /** Of a record. */
  readonly name?: string;
  readonly fields?: Readonly<Record<string, FactType>>;
}

const STRING: FactType = { is: 'string' };
const BOOL: FactType = { is: 'bool' };
const INT: FactType = { is: 'int' };
const TIMESTAMP: FactType = { is: 'timestamp' };
const listOf = (of: FactType): FactType => ({ is: 'list', of });
const orNull = (type: FactType): FactType => ({ ...type, nullable: true });
const group = (name: string, fields: FactType['fields'] & object): FactType => ({
  is: 'record',
  name,
  fields,
});

const ROLE = group('Role', {
  id: STRING,
  name: STRING,
  displayName: STRING,
  grants: listOf(STRING),
  coversOwner: { ...BOOL, read: canDoEverything },
});

/** A directory may have none; a report, which knows only a part of an owner, does not say. */
function employmentOf({ status, employmentStatus }: Partial<Owner>): string | undefined {
  return employmentStatus ?? (status === undefined ? undefined : '');
}

/** An audit does not look for the managers of active owners. */
function managersOf({ status, managers }: Partial<Owner>): Owner['managers'] | undefined {
  return status === 'active' && managers?.length === 0 ? undefined : managers;
}

const SIBLING = group('Sibling', { id: STRING, createdAt: TIMESTAMP, lastUsedAt: orNull(TIMESTAMP) });
const ALLOW_LIST = group('AllowList', { enabled: BOOL, cidrs: listOf(STRING) });

const fact = (type: FactType, about: string) => ({ type, about });

/** Every fact as rules in CEL see it. */
export const FACT_TYPES: Readonly<Record<FactName, ReturnType<typeof fact>>> = {
  name: fact(STRING, 'Its name, as its owner wrote it; empty if blank'),
  clientId: fact(STRING, 'The client id that it signs in with'),
  createdAt: fact(TIMESTAMP, 'When it was created'),
  expiresAt: fact(orNull(TIMESTAMP), 'When it ends; null: never'),
  lastUsedAt: fact(orNull(TIMESTAMP), 'When it was last used; null: never'),
  lastUse: fact(
    group('LastUse', { at: orNull(TIMESTAMP), since: orNull(TIMESTAMP) }),
    'Its last use, of federation trusts too: at is null if there was none since the given time, which is null if that is all of its life. Of trusts it is known only with evidence: {systemLog: true}',
  ),
  connected: fact(
    BOOL,
    'Whether something is connected with it now. Only tunnel credentials show this: false for other kinds',
  ),
  allowedCidrs: fact(listOf(STRING), 'The networks it can be used from, as written; empty: any'),
  scopedRoles: fact(
    listOf(group('ScopedRole', { id: STRING, name: orNull(STRING) })),
    'The roles it is limited to; empty: every permission of its owner. A name is null if no role has the id',
  ),
  tenantRoles: fact(
    { is: 'map', of: ROLE },
    "The tenant's roles by id. Grants are permissions and service roles; coversOwner is true for roles that can do everything a Super Administrator can",
  ),
  owner: fact(
    group('Owner', {
      id: STRING,
      name: STRING,
      email: STRING,
      employmentStatus: { ...STRING, read: employmentOf },
      status: STRING,
      type: STRING,
      // Everyone has a role.
      roles: { ...listOf(ROLE), filled: true },
      managers: {
        ...listOf(group('Person', { id: STRING, name: STRING, email: STRING })),
        read: managersOf,
      },
    }),
    'Its owner. The employment status is what the directory writes, empty if it has none; the status is active, disabled, deleted or gone; the type is human, service, agent, system or unknown. No roles are unknown roles: everyone has one. Managers are unknown for active owners',
  ),
  ownerLiveKeys: fact(
    group('OwnerLiveKeys', { total: INT, newer: INT }),
    'How many live credentials of this kind its owner has, and how many of them are newer',
  ),
  siblings: fact(
    group('Siblings', { all: listOf(SIBLING), used: listOf(SIBLING) }),
    'The live credentials of the same owner, kind and name, this one included, newest first; used: those that have been used',
  ),
  tenantAllowList: fact(
    group('TenantAllowList', { user: ALLOW_LIST, admin: ALLOW_LIST }),
    "The tenant's allow lists for personal clients: of Super Administrators, and of other users",
  ),
  requireDpop: fact(BOOL, 'Whether it must prove possession of a key (DPoP)'),
  principalTrusts: fact(
    listOf(group('PrincipalTrust', { id: STRING, name: STRING, disabled: BOOL, providerDisabled: BOOL })),
    'The federation trusts of the same service principal',
  ),
  condition: fact(STRING, 'The condition on tokens, as written'),
  conditionVerdict: fact(
    group('ConditionVerdict', { admits: STRING, part: STRING }),
    'Whom the condition admits (never, named, loose, ownerWide, anyone, always or undecided), and the part of it that decides this',
  ),
  provider: fact(
    orNull(group('Provider', { id: STRING, name: STRING, disabled: BOOL })),
    'The provider of the trust; null: the tenant has no such provider',
  ),
  registration: fact(
    group('Registration', { type: STRING, verifiedDomain: STRING, wellKnownClient: STRING }),
    'The program behind it. The type is dynamic, metadata-url or app; the domain and the well-known client are empty if there is none',
  ),
  exposure: fact(
    orNull(group('Exposure', { source: orNull(STRING) })),
    'What ConductorOne found in public; null: nothing. The source is the address that its finding names',
  ),
  usage: fact(
    group('Usage', {
      since: TIMESTAMP,
      complete: BOOL,
      addresses: listOf(group('UsedAddress', { address: STRING, count: INT, lastAt: TIMESTAMP })),
      refused: listOf(
        group('RefusedLogin', { reason: STRING, address: STRING, count: INT, lastAt: TIMESTAMP }),
      ),
      lastAt: orNull(TIMESTAMP),
    }),
    'What the system log shows since a time: addresses it was used from, logins that were refused in the last 30 days, its last use (null: none). Known only with evidence: {systemLog: true}. It shows that something was not used only if it is complete',
  ),
  self: fact(BOOL, 'True for the credential that runs the audit'),
};

const FACTS = Object.keys(FACT_TYPES) as FactName[];

/** The facts that all of these kinds have. */
export function factsOf(kinds: readonly Kind[]): FactName[] {
  return FACTS.filter((name) => kinds.every((kind) => hasFact(kind, name)));
}

export function celName({ is, of, name }: FactType): string {
  if (is === 'timestamp') return 'google.protobuf.Timestamp';
  if (is === 'list') return `list<${of ? celName(of) : 'dyn'}>`;
  if (is === 'map') return `map<string, ${of ? celName(of) : 'dyn'}>`;
  return name ?? is;
}

/** Thrown where an expression reads a fact, or a part of one, that could not be read. */
export class UnknownFact extends Error {
  readonly fact: FactName;
  /** The way to the part that is missing, as written in an expression: `owner.roles`. */
  readonly path: string;

  constructor(path: string) {
    super(`${path} is unknown`);
    this.path = path;
    this.fact = path.split('.', 1)[0] as FactName;
  }
}

/** Facts and parts of them are shared by many credentials. */
const converted = new WeakMap<object, unknown>();

/** A value as the engine takes it: whole numbers as bigints, records with only the described fields. */
function toCel(value: unknown, type: FactType, path: string): unknown {
  if (value === null || typeof value !== 'object' || value instanceof Date)
    return type.is === 'int' && typeof value === 'number' ? BigInt(value) : value;
  const before = converted.get(value);
  if (before !== undefined) return before;
  const made = convert(value, type, path);
  converted.set(value, made);
  return made;
}

function convert(value: object, { of = STRING, fields = {} }: FactType, path: string): unknown {
  if (Array.isArray(value)) return value.map((item) => toCel(item, of, path));
  if (value instanceof Map)
    return new Map([...value].map(([key, item]) => [key, toCel(item, of, path)] as const));
  const object = {};
  const record = value as Record<string, unknown>;
  const parts = Object.fromEntries(
    Object.entries(fields).map(([name, { read }]) => [name, read ? read(record as never) : record[name]]),
  );
  // Known ones first: to find a type, the engine reads the first.
  const names = Object.keys(fields).sort(
    (a, b) => Number(parts[a] === undefined) - Number(parts[b] === undefined),
  );
  for (const name of names) define(object, name, parts[name], fields[name] ?? STRING, `${path}.${name}`);
  return object;
}

/** Gives an object a property that reads as the value; `undefined` is unknown. */
export function define(object: object, name: string, value: unknown, type: FactType, path = name): void {
  const isHidden = type.filled && Array.isArray(value) && value.length === 0;
  if (value !== undefined && !isHidden) (object as Record<string, unknown>)[name] = toCel(value, type, path);
  else Object.defineProperty(object, name, unknownAt(path));
}

/** One of each: to make an error takes longer than the rest of an evaluation. */
const unknowns = new Map<string, PropertyDescriptor>();

function unknownAt(path: string): PropertyDescriptor {
  const known = unknowns.get(path);
  if (known) return known;
  const error = new UnknownFact(path);
  const made: PropertyDescriptor = {
    enumerable: true,
    get: () => {
      throw error;
    },
  };
  unknowns.set(path, made);
  return made;
}

/** How a test of a rule writes a fact: dates as text, and `unknown` for anything but a text. */
function factSchema(type: FactType): Schema {
  const known = type.nullable ? v.nullable(knownSchema(type)) : knownSchema(type);
  return type.is === 'string' ? known : either((value) => value === UNKNOWN, v.literal(UNKNOWN), known);
}

const UNKNOWN = 'unknown';

function knownSchema({ is, of = STRING, fields = {} }: FactType): Schema {
  switch (is) {
    case 'string':
      return text();
    case 'bool':
      return v.boolean();
    case 'int':
      return number({ integer: true, min: Number.MIN_SAFE_INTEGER, max: Number.MAX_SAFE_INTEGER });
    case 'timestamp':
      return INSTANT;
    case 'list':
      return list(factSchema(of));
    case 'map':
      return map(undefined, factSchema(of));
    default:
      return recordOf(Object.entries(fields), 'field');
  }
}

/** A test writes only the facts that matter. */
export function credentialSchema(kinds: readonly Kind[]): Schema {
  return recordOf(
    factsOf(kinds).map((name) => [name, FACT_TYPES[name].type]),
    'fact',
  );
}

function recordOf(fields: readonly (readonly [string, FactType])[], noun: string): Schema {
  const entries = fields.map(([name, type]) => [name, v.exactOptional(factSchema(type))]);
  return record(Object.fromEntries(entries) as never, { noun }) as Schema;
}

/** A date, a timestamp, or the Date of a configuration in JavaScript. */
export const INSTANT: Schema = either(
  (value) => value instanceof Date,
  v.date(),
  text({
    pattern: /^\d{4}-\d{2}-\d{2}/,
    says: 'must be a date such as 2026-01-31, or a timestamp such as 2026-01-31T12:00:00Z',
    refine: (value) => (instantOf(value) ? undefined : 'is not a date, or not a timestamp in RFC 3339'),
  }),
);

export function instantOf(given: unknown): Date | undefined {
  if (typeof given !== 'string') return given instanceof Date ? given : undefined;
  const day = startOfDate(given);
  return day === undefined ? parseInstant(given) : new Date(day);
}

/** The fact that a test writes as described by its schema; undefined: unknown. */
export function readFact(given: unknown, type: FactType): unknown {
  if (given === null || given === undefined) return given;
  if (given === UNKNOWN && type.is !== 'string') return undefined;
  const { is, of = STRING, fields = {} } = type;
  if (is === 'timestamp') return instantOf(given);
  if (is === 'list') return (given as readonly unknown[]).map((item) => readFact(item, of));
  if (is !== 'map' && is !== 'record') return given;
  const entries = Object.entries(given as object);
  if (is === 'map') return new Map(entries.map(([key, item]) => [key, readFact(item, of)]));
  return Object.fromEntries(entries.map(([name, part]) => [name, readFact(part, fields[name] ?? STRING)]));
}
