import { judgeCondition } from '../condition/judge.js';
import {
  type ConditionVerdict,
  type Credential,
  type Exposure,
  type Fact,
  type FactName,
  type Facts,
  ifKnown,
  isKnown,
  type Kind,
  namesOf,
  type Owner,
  type OwnerLiveKeys,
  type PrincipalTrust,
  type ReportedCredential,
  type ScopedRole,
  type Sibling,
  type Siblings,
  type Snapshot,
  Unknown,
  type Usage,
} from '../contract/index.js';
import { compareText, groupBy } from './report.js';

/** Where a rule's facts come from. */
export interface FactSource {
  /** A credential's fact, or why it is not known. */
  fact<Name extends FactName>(name: Name, credential: Credential): Fact<Facts[Name]>;
}

/** Facts from a credential's own record: they are known as soon as it is. */
export const OWN_FACTS = {
  name: ({ name }) => name,
  clientId: ({ clientId }) => clientId,
  createdAt: ({ createdAt }) => dateOf<never>(createdAt),
  expiresAt: ({ expiresAt }) => dateOf(expiresAt),
  lastUsedAt: ({ lastUsedAt }) => dateOf(lastUsedAt),
  allowedCidrs: ({ allowedCidrs }) => allowedCidrs,
  connected: ({ connected = false }) => connected,
  requireDpop: ({ requireDpop }) => requireDpop,
  condition: ({ condition }) => condition,
  conditionVerdict: ({ condition }) => (isKnown(condition) ? verdictOn(condition) : condition),
  registration: ({ registration = NOT_REGISTERED }) => registration,
} satisfies { [Name in FactName]?: (credential: Credential) => Fact<Facts[Name]> };

function dateOf<None extends null>(instant: Fact<number | None>): Fact<Date | None> {
  return typeof instant === 'number' ? new Date(instant) : instant;
}

/** Whether the record says when a credential was used last. For others only the system log shows it. */
export function hasOwnUse(kind: Kind): boolean {
  return kind !== 'federation-trust';
}

function ownUse({ lastUsedAt }: Credential): Fact<Facts['lastUse']> {
  const at = dateOf(lastUsedAt);
  return isKnown(at) ? { at, since: null } : at;
}

const NOT_REGISTERED = new Unknown('the record does not say', 'Look at the credential in ConductorOne.');

function verdictOn(condition: string): Fact<ConditionVerdict> {
  const judged = judgeCondition(condition);
  return 'unknown' in judged ? new Unknown(judged.unknown.reason, judged.unknown.cure) : judged;
}

interface OwnerSeen {
  readonly fact: Fact<Owner>;
  readonly reported: ReportedCredential['owner'];
  /** Of one kind, nearly always the only one. */
  holding: Holding | undefined;
}

/** The live credentials of one owner and kind; what they have in common is worked out once somebody looks. */
class Holding {
  readonly kind: Kind;
  /** Of the same owner. */
  readonly next: Holding | undefined;
  /** Their places in the snapshot; the newest first once they are in order. */
  readonly live: number[] = [];
  isInOrder = false;
  isUndated = false;
  /** By their places, those that share a name. Nearly all names are unique; lists of one are made on demand. */
  siblings: ReadonlyMap<number, Fact<Siblings>> | undefined;

  constructor(kind: Kind, next: Holding | undefined) {
    this.kind = kind;
    this.next = next;
  }
}

function holdingOf(owner: OwnerSeen, kind: Kind): Holding {
  let { holding } = owner;
  while (holding && holding.kind !== kind) holding = holding.next;
  if (holding) return holding;
  owner.holding = new Holding(kind, owner.holding);
  return owner.holding;
}

/** The facts of every credential of a snapshot. Facts across credentials are computed once. */
export class World implements FactSource {
  readonly #snapshot: Pick<Snapshot, 'credentials' | 'self' | 'facts'>;
  /** Credentials of one owner share one object. */
  readonly #owners = new Map<string, OwnerSeen>();
  /** Of each credential of the snapshot. */
  readonly #ownersByPlace: OwnerSeen[] = [];
  /** How many live credentials of its holding are newer than each; -1: it is not live, or nobody looked. */
  readonly #newer: Int32Array;
  /** When each was created; -Infinity: not known. Compared in place of the credentials, which are all over the heap. */
  readonly #created: Float64Array;
  /** Credentials with the same scoped roles share one list. */
  readonly #scopedRoles = new Map<readonly string[], readonly ScopedRole[]>();
  /** Where the credential at hand is in the snapshot: all rules judge one before the next. */
  #place = 0;
  #places: ReadonlyMap<Credential, number> | undefined;

  constructor(snapshot: Pick<Snapshot, 'credentials' | 'self' | 'facts'>, now: number) {
    this.#snapshot = snapshot;
    this.#newer = new Int32Array(snapshot.credentials.length).fill(-1);
    this.#created = new Float64Array(snapshot.credentials.length);
    for (const credential of snapshot.credentials) {
      const owner = this.#ownerOf(credential.ownerId);
      const place = this.#ownersByPlace.push(owner) - 1;
      this.#created[place] = ifKnown(credential.createdAt) ?? -Infinity;
      if (isLive(credential, now)) holdingOf(owner, credential.kind).live.push(place);
    }
  }

  /** Looks at each credential, by kind and id. */
  each(look: (credential: Credential, place: number) => void): void {
    const { credentials } = this.#snapshot;
    const at = (place: number) => credentials[place] as Credential;
    const inOrder = [...credentials.keys()].sort(
      (a, b) => compareText(at(a).kind, at(b).kind) || compareText(at(a).id, at(b).id),
    );
    for (const place of inOrder) {
      this.#place = place;
      look(at(place), place);
    }
  }

  /** A credential's fact, or why it is not known. */
  fact<Name extends FactName>(name: Name, credential: Credential): Fact<Facts[Name]> {
    return RESOLVERS[name](credential, this);
  }

  /**
   * What gives a fact of each credential to built-in rules: looking that up every time would take longer. They ask for
   * siblings to find others, so one that is alone gets no list of itself, as nearly all are.
   */
  resolver(name: FactName): (credential: Credential) => unknown {
    if (name === 'siblings') return (credential) => this.siblings(credential, () => NO_SIBLINGS);
    const resolve = RESOLVERS[name];
    return (credential) => resolve(credential, this);
  }

  get tenant() {
    return this.#snapshot.facts;
  }

  isSelf({ clientId }: Credential): boolean {
    return clientId !== '' && clientId === this.#snapshot.self?.clientId;
  }

  owner(credential: Credential): OwnerSeen {
    return this.#ownersByPlace[this.#placeOf(credential)] ?? this.#ownerOf(credential.ownerId);
  }

  /** -1: it is not in the snapshot. */
  #placeOf(credential: Credential): number {
    const { credentials } = this.#snapshot;
    if (credentials[this.#place] === credential) return this.#place;
    this.#places ??= new Map(credentials.map((one, place) => [one, place]));
    const place = this.#places.get(credential);
    if (place === undefined) return -1;
    this.#place = place;
    return place;
  }

  #ownerOf(id: string): OwnerSeen {
    const seen = this.#owners.get(id);
    if (seen) return seen;
    const fact = id === '' ? NO_OWNER : (this.tenant.owners.get(id) ?? OWNER_NOT_READ);
    const { name = '', email = '' } = ifKnown(fact) ?? {};
    const reported = id === '' ? null : { id, name, email };
    const made: OwnerSeen = { fact, reported, holding: undefined };
    this.#owners.set(id, made);
    return made;
  }

  #holdingOf(credential: Credential): Holding {
    return this.#inOrder(holdingOf(this.owner(credential), credential.kind));
  }

  liveKeys(credential: Credential): Fact<OwnerLiveKeys> {
    if (credential.ownerId === '') return NO_OWNER;
    // Without its own creation date nobody can tell which ones are newer.
    if (!isKnown(credential.createdAt)) return credential.createdAt;
    const place = this.#placeOf(credential);
    const holding = this.#holdingOf(credential);
    const newer = this.#newer[place] ?? -1;
    if (newer === -1) return NOT_LIVE;
    return holding.isUndated ? UNDATED_KEY : { total: holding.live.length, newer };
  }

  siblings(credential: Credential, ofOne = alone): Fact<Siblings> {
    if (credential.ownerId === '') return NO_OWNER;
    if (credential.name.trim() === '') return NO_SIBLINGS;
    const place = this.#placeOf(credential);
    const holding = this.#holdingOf(credential);
    holding.siblings ??= siblingsAmong(holding.live, this.#snapshot.credentials);
    const shared = holding.siblings.get(place);
    if (shared) return shared;
    if ((this.#newer[place] ?? -1) !== -1) return ofOne(credential);
    const name = foldedName(credential.name);
    const live = holding.live.map((place) => this.#snapshot.credentials[place] as Credential);
    return sharing(live.filter((one) => foldedName(one.name) === name));
  }

  #inOrder(holding: Holding): Holding {
    if (holding.isInOrder) return holding;
    holding.isInOrder = true;
    const { live } = holding;
    if (live.length > 1) {
      live.sort((a, b) => this.#newestFirst(a, b));
      holding.isUndated = this.#created[live.at(-1) as number] === -Infinity;
    }
    for (let newer = 0; newer < live.length; newer += 1) this.#newer[live[newer] as number] = newer;
    return holding;
  }

  /** By creation date, then by id; those without a date come last. */
  #newestFirst(a: number, b: number): number {
    const first = this.#created[a] as number;
    const second = this.#created[b] as number;
    if (first !== second) return second > first ? 1 : -1;
    const { credentials } = this.#snapshot;
    return compareText(credentials[b]?.id ?? '', credentials[a]?.id ?? '');
  }

  scopedRoles({ scopedRoleIds }: Credential): Fact<readonly ScopedRole[]> {
    if (!isKnown(scopedRoleIds)) return scopedRoleIds;
    let roles = this.#scopedRoles.get(scopedRoleIds);
    if (!roles) {
      const known = ifKnown(this.tenant.roles);
      roles = scopedRoleIds.map((id) => ({ id, name: known?.get(id)?.name ?? null }));
      this.#scopedRoles.set(scopedRoleIds, roles);
    }
    return roles;
  }

  exposure(credential: Credential): Fact<Exposure | null> {
    const { exposures } = this.tenant;
    if (!exposures) return FINDINGS_NOT_READ;
    if (exposures.byText.size === 0) return exposures.rest;
    for (const name of namesOf(credential)) {
      const found = exposures.byText.get(name);
      if (found) return found;
    }
    return exposures.rest;
  }

  usage({ clientId }: Credential): Fact<Usage> {
    const { usage = LOG_NOT_REQUESTED } = this.tenant;
    return isKnown(usage) ? (usage.get(clientId) ?? NO_CLIENT_ID) : usage;
  }

  lastUse(credential: Credential): Fact<Facts['lastUse']> {
    if (hasOwnUse(credential.kind)) return ownUse(credential);
    const usage = this.usage(credential);
    if (!isKnown(usage)) return usage;
    return usage.complete ? { at: usage.lastAt, since: usage.since } : LOG_CUT_OFF;
  }

  principalTrusts({ ownerId }: Credential): Fact<readonly PrincipalTrust[]> {
    const { trusts } = this.tenant;
    if (!trusts)
      return new Unknown('federation trusts were not read', 'Audit --source federation-trusts as well.');
    return trusts.byPrincipal.get(ownerId) ?? trusts.rest ?? [];
  }
}

const RESOLVERS: {
  readonly [Name in FactName]: (credential: Credential, world: World) => Fact<Facts[Name]>;
} = {
  ...OWN_FACTS,
  scopedRoles: (credential, world) => world.scopedRoles(credential),
  tenantRoles: (_, world) => world.tenant.roles,
  owner: (credential, world) => world.owner(credential).fact,
  ownerLiveKeys: (credential, world) => world.liveKeys(credential),
  siblings: (credential, world) => world.siblings(credential),
  tenantAllowList: (_, world) => world.tenant.allowList,
  principalTrusts: (credential, world) => world.principalTrusts(credential),
  provider: ({ providerId }, world) =>
    world.tenant.providers.seen.get(providerId) ?? world.tenant.providers.rest ?? null,
  exposure: (credential, world) => world.exposure(credential),
  usage: (credential, world) => world.usage(credential),
  lastUse: (credential, world) => world.lastUse(credential),
  self: (credential, world) => world.isSelf(credential),
};

const FINDINGS_NOT_READ = new Unknown(
  "ConductorOne's findings were not read",
  'Audit the tenant itself with the right to read findings (POST /findings/search).',
);

const LOG_NOT_REQUESTED = new Unknown(
  'the system log was not read',
  'Audit with --evidence, or set evidence: { systemLog: true } in the configuration.',
);
const LOG_CUT_OFF = new Unknown(
  'the system log was not read completely',
  'Keep a state (--state): the next audit goes on from there.',
);
const NO_CLIENT_ID = new Unknown(
  'its record has no client id to look for in the system log',
  'Look at the credential in ConductorOne.',
);

const NO_OWNER = new Unknown('the record names no owner', 'Look at the credential in ConductorOne.');
const OWNER_NOT_READ = new Unknown(
  'its owner was not looked up',
  'Audit the tenant itself with the right to read users (POST /search/users).',
);
const NOT_LIVE = new Unknown('it is not live', 'Nothing needs to be granted.');
const UNDATED_KEY = new Unknown(
  'another credential of its owner has no readable creation date',
  "Look at the owner's credentials in ConductorOne.",
);
const UNDATED_SIBLING = new Unknown(
  'the creation or last use of another credential of the same owner and name cannot be read',
  "Look at the owner's credentials in ConductorOne.",
);
const NO_SIBLINGS: Siblings = { all: [], used: [] };

function isDated({ createdAt, lastUsedAt }: Credential): boolean {
  return isKnown(createdAt) && isKnown(lastUsedAt);
}

/** Blank names are not shared. */
function foldedName(name: string): string | undefined {
  return name.trim().normalize('NFC').toLowerCase() || undefined;
}

const ALL_ALONE: ReadonlyMap<number, Fact<Siblings>> = new Map();

/** @param newestFirst places of live credentials of one owner and kind */
function siblingsAmong(
  newestFirst: readonly number[],
  credentials: readonly Credential[],
): ReadonlyMap<number, Fact<Siblings>> {
  const at = (place: number) => credentials[place] as Credential;
  const nameAt = (place: number) => foldedName(at(place).name);
  if (newestFirst.length < 2 || new Set(newestFirst.map(nameAt)).size === newestFirst.length)
    return ALL_ALONE;
  const groups = [...groupBy(newestFirst, nameAt).values()].filter((group) => group.length > 1);
  return new Map(
    groups.flatMap((places) => {
      const siblings = sharing(places.map(at));
      return places.map((place): [number, Fact<Siblings>] => [place, siblings]);
    }),
  );
}

/** @param newestFirst live credentials of one name */
function sharing(newestFirst: readonly Credential[]): Fact<Siblings> {
  if (newestFirst.length > 1 && !newestFirst.every(isDated)) return UNDATED_SIBLING;
  const all = newestFirst.flatMap(toSibling);
  return { all, used: all.filter(({ lastUsedAt }) => lastUsedAt !== null) };
}

/** The same for one, as nearly all are. */
function alone(credential: Credential): Siblings {
  const all = toSibling(credential);
  return { all, used: all[0]?.lastUsedAt ? all : [] };
}

function toSibling({ id, createdAt, lastUsedAt }: Credential): Sibling[] {
  if (!isKnown(createdAt)) return [];
  return [{ id, createdAt: new Date(createdAt), lastUsedAt: ifKnown(dateOf(lastUsedAt)) ?? null }];
}

/** Whether a credential still works. One whose end date cannot be read has not expired. */
export function isLive(credential: Credential, now: number): boolean {
  return !isDeleted(credential, now) && !credential.disabled && !isExpired(credential, now);
}

/** A deletion date in the future does not count. */
export function isDeleted({ deletedAt }: Credential, now: number): boolean {
  return deletedAt !== null && deletedAt <= now;
}

/** Expired at `now`, the exact time of its end date included. */
export function isExpired(credential: Credential, now: number): boolean {
  const { expiresAt } = credential;
  return typeof expiresAt === 'number' && expiresAt <= now;
}
