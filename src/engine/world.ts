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
import { groupBy } from './report.js';

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

export function ownUse({ lastUsedAt }: Credential): Fact<Facts['lastUse']> {
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
  readonly holdings: Partial<Record<Kind, Holding>>;
}

/** The live credentials of one owner and kind; in order, and grouped by name, once somebody looks. */
class Holding {
  readonly live: Credential[] = [];
  #isSorted = false;
  #undated = false;
  /** Of names that several have. Nearly all names are unique; lists of one are made on demand. */
  #shared: ReadonlyMap<string, Fact<Siblings>> | undefined;

  /** undefined: it is not live. */
  keys(credential: Credential): Fact<OwnerLiveKeys> | undefined {
    const newer = this.#placeOf(credential);
    if (newer === -1) return undefined;
    return this.#undated ? UNDATED_KEY : { total: this.live.length, newer };
  }

  /** The live credentials with a credential's name. */
  namesakes(credential: Credential, name: string): Fact<Siblings> {
    this.#sort();
    this.#shared ??= sharedNames(this.live);
    const shared = this.#shared.get(name);
    if (shared) return shared;
    return this.live.includes(credential)
      ? alone(credential)
      : toSiblings(this.live.filter((one) => foldedName(one.name) === name));
  }

  #placeOf(credential: Credential): number {
    this.#sort();
    let low = 0;
    let high = this.live.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const there = this.live[middle] as Credential;
      if (there === credential) return middle;
      if (newestFirst(there, credential) < 0) low = middle + 1;
      else high = middle;
    }
    return -1;
  }

  #sort(): void {
    if (this.#isSorted) return;
    this.#isSorted = true;
    this.live.sort(newestFirst);
    this.#undated = this.live.length > 1 && this.live.some(({ createdAt }) => !isKnown(createdAt));
  }
}

interface Latest {
  readonly credential: Credential;
  owner: OwnerSeen | undefined;
  scopedRoles: readonly ScopedRole[] | undefined;
}

/** The facts of every credential of a snapshot. Facts across credentials are computed once. */
export class World implements FactSource {
  readonly #snapshot: Snapshot;
  /** Credentials of one owner share one object. */
  readonly #owners = new Map<string, OwnerSeen>();
  /** Credentials with the same scoped roles share one list. */
  readonly #scopedRoles = new Map<readonly string[], readonly ScopedRole[]>();
  /** The last credential: all rules judge one before the next. */
  #latest: Latest | undefined;

  constructor(snapshot: Snapshot, now: number) {
    this.#snapshot = snapshot;
    for (const credential of snapshot.credentials) {
      const { kind, ownerId } = credential;
      if (ownerId === '' || !isLive(credential, now)) continue;
      const { holdings } = this.#ownerOf(ownerId);
      let holding = holdings[kind];
      if (!holding) {
        holding = new Holding();
        holdings[kind] = holding;
      }
      holding.live.push(credential);
    }
  }

  /** A credential's fact, or why it is not known. */
  fact<Name extends FactName>(name: Name, credential: Credential): Fact<Facts[Name]> {
    return RESOLVERS[name](credential, this);
  }

  get tenant() {
    return this.#snapshot.facts;
  }

  isSelf({ clientId }: Credential): boolean {
    return clientId !== '' && clientId === this.#snapshot.self?.clientId;
  }

  owner(credential: Credential): OwnerSeen {
    const latest = this.#latestFor(credential);
    latest.owner ??= this.#ownerOf(credential.ownerId);
    return latest.owner;
  }

  #ownerOf(id: string): OwnerSeen {
    const seen = this.#owners.get(id);
    if (seen) return seen;
    const fact = id === '' ? NO_OWNER : (this.tenant.owners.get(id) ?? OWNER_NOT_READ);
    const { name = '', email = '' } = ifKnown(fact) ?? {};
    const made: OwnerSeen = { fact, reported: id === '' ? null : { id, name, email }, holdings: {} };
    this.#owners.set(id, made);
    return made;
  }

  #latestFor(credential: Credential): Latest {
    if (this.#latest?.credential === credential) return this.#latest;
    this.#latest = { credential, owner: undefined, scopedRoles: undefined };
    return this.#latest;
  }

  liveKeys(credential: Credential): Fact<OwnerLiveKeys> {
    if (credential.ownerId === '') return NO_OWNER;
    // Without its own creation date nobody can tell which ones are newer.
    if (!isKnown(credential.createdAt)) return credential.createdAt;
    return this.#holdingOf(credential)?.keys(credential) ?? NOT_LIVE;
  }

  siblings(credential: Credential): Fact<Siblings> {
    if (credential.ownerId === '') return NO_OWNER;
    const name = foldedName(credential.name);
    if (name === undefined) return NO_SIBLINGS;
    return this.#holdingOf(credential)?.namesakes(credential, name) ?? NO_SIBLINGS;
  }

  #holdingOf(credential: Credential): Holding | undefined {
    return this.owner(credential).holdings[credential.kind];
  }

  scopedRoles(credential: Credential): Fact<readonly ScopedRole[]> {
    const { scopedRoleIds } = credential;
    if (!isKnown(scopedRoleIds)) return scopedRoleIds;
    const latest = this.#latestFor(credential);
    latest.scopedRoles ??= this.#scopedRolesOf(scopedRoleIds);
    return latest.scopedRoles;
  }

  #scopedRolesOf(scopedRoleIds: readonly string[]): readonly ScopedRole[] {
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

const NO_NAMES: ReadonlyMap<string, Fact<Siblings>> = new Map();

function sharedNames(newestFirst: readonly Credential[]): ReadonlyMap<string, Fact<Siblings>> {
  const names = new Set(newestFirst.map(({ name }) => foldedName(name)));
  if (names.size === newestFirst.length) return NO_NAMES;
  const groups = groupBy(newestFirst, ({ name }) => foldedName(name));
  return new Map(
    [...groups]
      .filter(([, group]) => group.length > 1)
      .map(([name, group]) => [name, group.every(isDated) ? toSiblings(group) : UNDATED_SIBLING]),
  );
}

/** @param newestFirst live credentials of one name */
function toSiblings(newestFirst: readonly Credential[]): Siblings {
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

/** By creation date, then by id; those without a date come last. */
function newestFirst(a: Credential, b: Credential): number {
  const first = ifKnown(a.createdAt) ?? Number.NEGATIVE_INFINITY;
  const second = ifKnown(b.createdAt) ?? Number.NEGATIVE_INFINITY;
  if (first !== second) return second > first ? 1 : -1;
  return a.id < b.id ? 1 : -1;
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
