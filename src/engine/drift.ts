import { createHash } from 'node:crypto';
import { blocksOf, containsSet, readAddresses } from '../contract/addresses.js';
import type { Credential, Kind, Role, Rule, Severity } from '../contract/index.js';
import {
  count,
  countDays,
  DAY,
  dateOf,
  FACT_KINDS,
  hasFact,
  isKnown,
  KINDS,
  SUPER_ADMINISTRATOR,
  wholeDays,
} from '../contract/index.js';
import { toTimestamp } from '../contract/time.js';
import { type Statement, sayable } from './finding.js';
import { listed } from './records.js';
import { compareText } from './report.js';
import type { HistoryRun, RememberedCredential, State } from './state.js';
import { credentialKey, reachOf, readCredential, wouldSee } from './state.js';
import { Table } from './table.js';
import { WAIVER_RULES } from './waivers.js';
import { isLive } from './world.js';

/** A rule that needs a state: it judges changes. It has no facts. */
type DriftRule = Pick<
  Rule,
  'id' | 'title' | 'severity' | 'kinds' | 'docs' | 'controls' | 'plan' | 'options' | 'messages'
>;

const SCOPE_WIDENED = {
  id: 'scope-widened',
  title: 'The credential can do more than at the last audit',
  severity: 'high',
  kinds: FACT_KINDS.scopedRoles,
  docs: {
    why: 'Scoped roles limit what a leaked credential can do. A credential that loses them or gains a role can do more, by mistake or on purpose. So can one whose role gains permissions, although nobody touched the credential.',
    fix: 'Ask the owner who widened the role scope and why. If nobody knows, restore the roles or revoke the credential.',
    references: [{ title: 'OWASP Non-Human Identities 2025, NHI5 Overprivileged NHI' }],
  },
  controls: {
    'owasp-nhi': ['NHI5'],
    'nist-800-53': ['AC-2(4)', 'AC-6'],
    'fedramp-20x': ['KSI-IAM-ELP'],
  },
  plan: {
    way: 'adjust',
    sets: 'roles',
    first: 'Find out who widened its roles, and why. If they are right, leave them as they are.',
  },
  messages: {
    lost: (d: { had: number }) =>
      `lost its ${count(d.had, 'scoped role')} since the last audit and now has every permission of its owner: scope it again, or revoke it`,
    stronger: (d: { gained: readonly string[] }) =>
      `gained ${list(d.gained)} since the last audit: confirm it with the owner, or remove it`,
    roleGrew: (d: { role: string; gained: readonly string[] }) =>
      `its role ${d.role} gained ${count(d.gained.length, 'permission')} since the last audit (${list(d.gained)}): confirm that the credential needs them, or choose a narrower role`,
  },
} as const satisfies DriftRule;

const NETWORK_WIDENED = {
  id: 'network-widened',
  title: 'The credential can be used from more places than at the last audit',
  severity: 'high',
  kinds: FACT_KINDS.allowedCidrs,
  docs: {
    why: 'The allowed networks decide where a stolen credential works. Whoever wants to use it from elsewhere has to widen them first.',
    fix: 'Ask the owner who widened the allowed networks and why. If nobody knows, restore them or revoke the credential.',
    references: [{ title: 'OWASP Non-Human Identities 2025, NHI5 Overprivileged NHI' }],
  },
  controls: { 'nist-800-53': ['AC-2(4)', 'AC-2(11)'] },
  plan: {
    way: 'adjust',
    sets: 'networks',
    first: 'Find out who widened its networks, and why. If they are right, leave them as they are.',
  },
  messages: {
    wider: (d: { added: readonly string[]; unrestricted: boolean }) =>
      d.unrestricted
        ? 'lost its source restriction since the last audit and now works from anywhere: restore the list, or revoke it'
        : `works from ${list(d.added)} too since the last audit: confirm it with the owner, or restore the list`,
  },
} as const satisfies DriftRule;

const CREDENTIAL_APPEARED = {
  id: 'credential-appeared',
  title: 'The credential was not there at the last audit',
  severity: 'info',
  kinds: KINDS,
  docs: {
    why: 'Each credential is one more way into the tenant. Most new ones are wanted, and an unwanted one is easiest to find on its first day.',
    fix: 'Nothing if the owner knows it. Otherwise revoke it and find out who created it.',
    references: [
      {
        title: 'NIST SP 800-53, AC-2(4) Automated Audit Actions',
        url: 'https://csrc.nist.gov/projects/cprt/catalog#/cprt/framework/version/SP_800_53_5_1_1/home?element=AC-2',
      },
    ],
  },
  controls: { 'cis-controls-8': ['5.1'], 'nist-800-53': ['AC-2(4)'] },
  plan: {
    way: 'look',
    first: 'Ask the owner whether they created it. If not, revoke it and find out who did.',
  },
  messages: {
    appeared: (d: { createdAt: string | null }) =>
      d.createdAt === null
        ? 'not there, or not live, at the last audit: check that its owner knows it'
        : `not there, or not live, at the last audit (created ${d.createdAt.slice(0, 10)}): check that its owner knows it`,
  },
} as const satisfies DriftRule;

const WOKE_UP = {
  id: 'woke-up',
  title: 'The credential was used again after a long time without use',
  severity: 'high',
  kinds: ['personal-client', 'service-principal-credential', 'external-client'],
  docs: {
    why: 'Somebody who finds an old secret tries it. A forgotten credential that is suddenly used may be in the wrong hands.',
    fix: 'Ask the owner whether they used it. If not, revoke it and look in the system log for what it did.',
    references: [
      {
        title: 'NIST SP 800-53, AC-2(12) Account Monitoring for Atypical Usage',
        url: 'https://csrc.nist.gov/projects/cprt/catalog#/cprt/framework/version/SP_800_53_5_1_1/home?element=AC-2',
      },
      {
        title: 'FedRAMP 20x, KSI-IAM-SUS Responding to Suspicious Activity',
        url: 'https://www.fedramp.gov/2026/providers/20x/key-security-indicators/identity-and-access-management/',
      },
      { title: 'No standard gives a number of days for atypical use; the default is that of unused' },
    ],
  },
  controls: {
    'nist-800-53': ['AC-2(12)'],
    'fedramp-20x': ['KSI-IAM-SUS'],
  },
  plan: {
    way: 'end',
    first: 'Ask the owner whether they used it. If they did, and still need it, leave it as it is.',
  },
  options: {
    days: { describe: 'Report use after this many days without use', default: 90, min: 1 },
  },
  messages: {
    used: (d: { days: number; usedAt: string }) =>
      `used on ${dateOf(d.usedAt)} after ${countDays(d.days)} without use: ask its owner, or revoke it`,
  },
} as const satisfies DriftRule;

/** All rules on changes. */
export const DRIFT_RULES: readonly DriftRule[] = [
  SCOPE_WIDENED,
  NETWORK_WIDENED,
  CREDENTIAL_APPEARED,
  WOKE_UP,
];

/** A drift finding is in the report of one audit only: it is neither repeated nor resolved. The same goes for `waiver-covers`. */
export function isDrift(rule: string): boolean {
  return IDS.has(rule);
}

const IDS: ReadonlySet<string> = new Set([WAIVER_RULES.covers, ...DRIFT_RULES].map(({ id }) => id));

export interface DriftInput {
  readonly previous: State | undefined;
  readonly credentials: readonly Credential[];
  /** The tenant's roles by id; undefined if they could not be read. */
  readonly roles: ReadonlyMap<string, Role> | undefined;
  readonly run: HistoryRun;
  /** Configured severities by rule. Absent: the rule's own. */
  readonly severities?: ReadonlyMap<string, Severity>;
  /** The `days` of `woke-up`. Absent: its default. */
  readonly idleDays?: number;
}

interface Drift {
  readonly findings: readonly {
    /** Its place in the list. */
    readonly credential: number;
    readonly rule: DriftRule;
    readonly said: Statement;
  }[];
  /** For the next state. */
  readonly credentials: State['credentials'];
  /** JSON in which each list of grants of those credentials is. */
  readonly mentions: readonly (string | undefined)[];
  /** What the roles of those credentials can do, by the hashes that they are remembered with. */
  readonly grants: NonNullable<State['grants']>;
}

/**
 * Reports what widened since the last audit that saw the credential, and what appeared since the last complete audit, for
 * the drift rules among `run.rules`. Also returns what to remember of each credential. Pure.
 *
 * Only live credentials are judged. Others keep what is remembered of them, so that a change made while a credential is
 * disabled is reported when it is enabled.
 */
export function drift(input: DriftInput): Drift {
  const { previous, run } = input;
  const known: State['credentials'] = previous?.credentials ?? Table.of();
  /** Which of `known` are remembered as they were, or again as unused. */
  const kept = new Uint8Array(known.size);
  const changes = new Map<string, string | undefined>();
  const findings: Drift['findings'][number][] = [];
  const asOf = Date.parse(run.asOf);
  const unchanged = new Unchanged(input);
  for (const [place, credential] of input.credentials.entries()) {
    const key = credentialKey(credential.kind, credential.id);
    const at = known.find(key);
    const how = at >= 0 && isLive(credential, asOf) ? unchanged.how(known, at, credential) : OTHERWISE;
    kept[at] = how;
    if (how !== OTHERWISE) continue;
    const json = at < 0 ? undefined : known.value(at);
    const { said, memory } = isLive(credential, asOf)
      ? compared(json, credential, input)
      : { said: [], memory: json && relisted(json, run) };
    findings.push(...said.map((one) => ({ credential: place, ...one })));
    if (memory) changes.set(key, memory);
  }
  addMissing(known, kept, changes, run);
  const again = (json: string, at: number) => (kept[at] === STILL_UNUSED ? unchanged.unused(json) : json);
  const remembered = new Table<string>({
    size: known.size,
    key: (at) => known.key(at),
    value: (at) => again(known.value(at), at),
    isKey: (at, key) => known.key(at) === key,
    length: (at) => known.length(at),
    bytes: (from, to) => {
      const bytes = Buffer.from(known.bytes(from, to));
      for (let at = from, end = -1; at < to; at += 1) {
        end += 1 + known.length(at);
        if (kept[at] === STILL_UNUSED) unchanged.overwrite(bytes, end);
      }
      return bytes;
    },
  });
  return {
    findings,
    credentials: remembered.edited(changes),
    mentions: [...unchanged.lists, ...changes.values()],
    grants: { ...previous?.grants, ...grantsOf(input).byHash },
  };
}

/** Adds what to remember of credentials that are known and not listed. */
function addMissing(
  known: State['credentials'],
  kept: Uint8Array,
  changes: Map<string, string | undefined>,
  run: HistoryRun,
): void {
  for (let at = kept.indexOf(OTHERWISE); at >= 0; at = kept.indexOf(OTHERWISE, at + 1)) {
    const key = known.key(at);
    if (changes.has(key)) continue;
    const missed = missing(key, readCredential(known.value(at)), run);
    changes.set(key, missed && JSON.stringify(missed));
  }
}

/** What is to be said of a live credential, and remembered. */
function compared(
  json: string | undefined,
  credential: Credential,
  input: DriftInput,
): {
  readonly said: readonly Pick<Drift['findings'][number], 'rule' | 'said'>[];
  readonly memory: string | undefined;
} {
  const before = json === undefined ? undefined : readCredential(json);
  const now = observe(credential, input.run.tenant);
  return {
    said: changes(before, now, credential, input).map((change) => said(change, credential, input)),
    memory: JSON.stringify(remember(before, now, credential, input)),
  };
}

/** How a credential is remembered again: as something else, as it was, or as it was but for when it was seen unused. */
const [OTHERWISE, AS_IT_WAS, STILL_UNUSED] = [0, 1, 2];

/** Finds, without reading it, whether what is remembered of a live credential is still right: nearly always it is. */
class Unchanged {
  readonly #input: DriftInput;
  readonly #asOf: number;
  /** The end of what is remembered of a credential that was listed with this reach. */
  readonly #end: string;
  /** The end if it was not used. */
  readonly #unused: string;
  readonly #judgesAll: boolean;
  /** The JSON of roles and what they can do. Credentials share their lists of roles. */
  readonly #roles = new Map<readonly string[], string>();
  /** Those of credentials that are as they were. */
  readonly lists = new Set<string>();

  constructor(input: DriftInput) {
    const { run } = input;
    this.#input = input;
    this.#asOf = Date.parse(run.asOf);
    this.#end = `,"seenIn":${JSON.stringify(reachOf(run))}}`;
    this.#unused = `","at":"${run.asOf}"}${this.#end}`;
    this.#judgesAll = DRIFT_RULES.every(({ id }) => run.rules.has(id));
  }

  /** `OTHERWISE` if something may have changed. */
  how(known: State['credentials'], at: number, credential: Credential): number {
    const { kind, scopedRoleIds, allowedCidrs, lastUsedAt, createdAt } = credential;
    if (!this.#judgesAll) return OTHERWISE;
    if (!(isKnown(scopedRoleIds) && isKnown(allowedCidrs) && isKnown(lastUsedAt))) return OTHERWISE;
    const since = lastUsedAt ?? createdAt;
    if (!isKnown(since)) return OTHERWISE;
    const roles = hasFact(kind, 'scopedRoles') ? this.#rolesText(scopedRoleIds) : '{"roles":null';
    const network = hasFact(kind, 'allowedCidrs') ? networkText(allowedCidrs) : 'null';
    const isUsed = this.#asOf - since < DAY;
    const parts = isUsed
      ? [roles, ',"network":', network, this.#end]
      : [roles, ',"network":', network, ',"idle":{"since":"', toTimestamp(since), '","at":"'];
    let place = 0;
    for (const part of parts) {
      place = known.after(at, place, part);
      if (place < 0) return OTHERWISE;
    }
    // We write all times at the same length.
    if (!isUsed && known.after(at, place + this.#input.run.asOf.length, `"}${this.#end}`) < 0)
      return OTHERWISE;
    this.lists.add(roles);
    return isUsed ? AS_IT_WAS : STILL_UNUSED;
  }

  /** The same in the bytes of what is remembered, which end there. */
  overwrite(bytes: Buffer, end: number): void {
    bytes.write(this.#unused, end - Buffer.byteLength(this.#unused));
  }

  /** What is remembered of a credential that is `STILL_UNUSED`. */
  unused(before: string): string {
    return before.slice(0, -this.#unused.length) + this.#unused;
  }

  #rolesText(ids: readonly string[]): string {
    let text = this.#roles.get(ids);
    if (text === undefined) {
      const { run } = this.#input;
      const roles = [...new Set(ids.map((id) => roleHash(run.tenant, id)))].sort();
      const grants = grantHashes(roles, undefined, this.#input);
      text = JSON.stringify({ roles, ...(grants ? { grants } : {}) }).slice(0, -1);
      this.#roles.set(ids, text);
    }
    return text;
  }
}

/** As it is remembered if it is written as simply as can be. */
function networkText(entries: readonly string[]): string {
  return entries.length === 0 ? '"any"' : listed(entries);
}

function relisted(json: string, run: HistoryRun): string {
  const { goneSince, ...memory } = readCredential(json);
  return JSON.stringify({ ...memory, seenIn: reachOf(run) });
}

/**
 * A credential that is not listed may have been left out. It is still remembered, so that a change made meanwhile is
 * reported. undefined: it has been missing for too long, or it is a decoy.
 */
function missing(
  key: string,
  memory: RememberedCredential,
  run: HistoryRun,
): RememberedCredential | undefined {
  if (run.decoys?.has(key)) return undefined;
  const { goneSince = run.asOf } = memory;
  if (Date.parse(run.asOf) - Date.parse(goneSince) > REMEMBER_GONE) return undefined;
  const isGone = wouldSee(run, kindOf(key), memory.seenIn) && run.shown === undefined;
  return isGone ? { ...memory, goneSince } : memory;
}

/** Longer than any waiver and than the life of most credentials. */
const REMEMBER_GONE = 366 * DAY;

function kindOf(key: string): Kind {
  return KINDS.find((kind) => key.startsWith(`${kind}|`)) ?? KINDS[0];
}

interface Observed {
  readonly roles: ReadonlyMap<string, string> | null;
  readonly network: 'any' | readonly string[] | null;
}

function observe(credential: Credential, tenant: string): Observed {
  const { kind, scopedRoleIds, allowedCidrs } = credential;
  return {
    roles:
      hasFact(kind, 'scopedRoles') && isKnown(scopedRoleIds)
        ? new Map(scopedRoleIds.map((id) => [roleHash(tenant, id), id]))
        : null,
    network: hasFact(kind, 'allowedCidrs') && isKnown(allowedCidrs) ? networkOf(allowedCidrs) : null,
  };
}

function networkOf(entries: readonly string[]): 'any' | readonly string[] {
  return entries.length === 0 ? 'any' : blocksOf(readAddresses(entries).set);
}

function roleHash(tenant: string, id: string): string {
  return shortHash(tenant, 'role', id, 16);
}

/** Long enough to tell the things of one tenant apart. Includes the tenant, so that states of two tenants share nothing. */
function shortHash(tenant: string, what: string, text: string, digits: number): string {
  return createHash('sha256').update(`${tenant}|${what}|${text}`).digest('hex').slice(0, digits);
}

/** An unknown fact, or a rule that did not run, leaves what is remembered unchanged. */
function remember(
  before: RememberedCredential | undefined,
  now: Observed,
  credential: Credential,
  input: DriftInput,
): RememberedCredential | undefined {
  const { run } = input;
  if (before === undefined && !DRIFT_RULES.some(({ id }) => run.rules.has(id))) return undefined;
  const judges = (rule: DriftRule) => before === undefined || run.rules.has(rule.id);
  const roles = (judges(SCOPE_WIDENED) ? now.roles : null) && [...(now.roles?.keys() ?? [])].sort();
  const grants = roles ? grantHashes(roles, before, input) : before?.grants;
  const idle = judges(WOKE_UP) ? idleTime(before, credential, run) : before?.idle;
  return {
    roles: roles ?? before?.roles ?? null,
    ...(grants ? { grants } : {}),
    network: (judges(NETWORK_WIDENED) ? now.network : null) ?? before?.network ?? null,
    ...(idle ? { idle } : {}),
    seenIn: reachOf(run),
  };
}

/** What each of the roles can do, by hash; for one whose permissions are not shown, what it could do before. */
function grantHashes(
  roles: readonly string[],
  before: RememberedCredential | undefined,
  input: DriftInput,
): readonly string[] | undefined {
  const { ofRole } = grantsOf(input);
  const earlier = new Map(before?.roles?.map((role, at) => [role, before.grants?.[at] ?? '']));
  const hashes = roles.map((role) => ofRole.get(role)?.hash ?? earlier.get(role) ?? '');
  return hashes.some((hash) => hash !== '') ? hashes : undefined;
}

/** Since when a credential has not been used, if that is at least a day; undefined: it is in use. */
function idleTime(
  before: RememberedCredential | undefined,
  { lastUsedAt, createdAt }: Credential,
  run: HistoryRun,
): RememberedCredential['idle'] {
  if (!isKnown(lastUsedAt)) return before?.idle;
  const since = lastUsedAt ?? createdAt;
  if (!isKnown(since)) return before?.idle;
  if (Date.parse(run.asOf) - since < DAY) return undefined;
  return { since: toTimestamp(since), at: run.asOf };
}

interface RoleGrants {
  readonly role: Role;
  /** Of all its permissions. */
  readonly hash: string;
  /** Its permissions by the short hash of each. */
  readonly names: ReadonlyMap<string, string>;
}

interface Grants {
  /** By role hash. */
  readonly ofRole: ReadonlyMap<string, RoleGrants>;
  /** Short hashes of permissions by the hash of them all. */
  readonly byHash: NonNullable<State['grants']>;
}

const NO_GRANTS: Grants = { ofRole: new Map(), byHash: {} };
const knownGrants = new WeakMap<ReadonlyMap<string, Role>, Grants>();

/** What the tenant's roles can do, cached per list of roles: thousands of credentials need it. */
function grantsOf({ roles, run }: DriftInput): Grants {
  if (roles === undefined) return NO_GRANTS;
  const cached = knownGrants.get(roles);
  if (cached) return cached;
  const ofRole = new Map<string, RoleGrants>();
  for (const role of roles.values()) {
    // Super Administrator has every permission, also those that ConductorOne adds.
    if (role.grants === undefined || role.name === SUPER_ADMINISTRATOR) continue;
    const names = new Map(role.grants.map((grant) => [shortHash(run.tenant, 'grant', grant, 8), grant]));
    const hash = shortHash(run.tenant, 'grants', [...names.keys()].sort().join(' '), 16);
    ofRole.set(roleHash(run.tenant, role.id), { role, hash, names });
  }
  const byHash = Object.fromEntries(
    [...ofRole.values()].map(({ hash, names }) => [hash, [...names.keys()].sort()]),
  );
  const made = { ofRole, byHash };
  knownGrants.set(roles, made);
  return made;
}

interface Change {
  readonly rule: DriftRule;
  readonly messageId: string;
  readonly data: Readonly<Record<string, unknown>>;
}

function changes(
  before: RememberedCredential | undefined,
  now: Observed,
  credential: Credential,
  input: DriftInput,
): Change[] {
  const hasAppeared = before === undefined || before.goneSince !== undefined;
  const found = [
    hasAppeared ? appeared(credential, input) : undefined,
    before && scopeChange(before, now, credential.kind, input),
    before && networkChange(before, now),
    before && wokeUp(before, credential, input),
  ];
  return found.filter((change) => change !== undefined).filter(({ rule }) => input.run.rules.has(rule.id));
}

/** Not if its kind was never read completely with this reach: then the credential need not be new. */
function appeared(credential: Credential, { previous, run }: DriftInput): Change | undefined {
  const seen = previous?.seen[credential.kind] ?? [];
  if (!seen.includes('tenant') && !seen.includes(reachOf(run))) return undefined;
  const createdAt = isKnown(credential.createdAt) ? toTimestamp(credential.createdAt) : null;
  return { rule: CREDENTIAL_APPEARED, messageId: 'appeared', data: { createdAt } };
}

function scopeChange(
  before: RememberedCredential,
  now: Observed,
  kind: Kind,
  input: DriftInput,
): Change | undefined {
  if (before.roles === null || now.roles === null) return undefined;
  // Without scoped roles, a function can do nothing, and a credential whatever its owner can.
  const isFunction = kind === 'function';
  if (before.roles.length === 0 && !isFunction) return undefined;
  if (now.roles.size === 0)
    return isFunction
      ? undefined
      : { rule: SCOPE_WIDENED, messageId: 'lost', data: { had: before.roles.length } };
  const old = new Set(before.roles);
  const strongest = Math.max(...[...old].map((hash) => strength(hash, input)));
  const gained = [...now.roles].filter(([hash]) => !old.has(hash) && strength(hash, input) >= strongest);
  if (gained.length === 0) return roleGrowth(before, now.roles, input);
  const names = gained.map(([, id]) => nameOf(input.roles?.get(id)) ?? `role ${id}`);
  return { rule: SCOPE_WIDENED, messageId: 'stronger', data: { gained: names.sort() } };
}

/** The first of its roles, by name, that has permissions which it did not have before. */
function roleGrowth(
  before: RememberedCredential,
  roles: ReadonlyMap<string, string>,
  input: DriftInput,
): Change | undefined {
  const { ofRole } = grantsOf(input);
  const grown = (before.roles ?? []).flatMap((hash, at) => {
    const now = roles.has(hash) ? ofRole.get(hash) : undefined;
    const earlier = input.previous?.grants?.[before.grants?.[at] ?? ''];
    if (!now || !earlier) return [];
    const had = new Set(earlier);
    const gained = [...now.names].filter(([short]) => !had.has(short)).map(([, name]) => name);
    return gained.length === 0 ? [] : [{ role: nameOf(now.role) ?? now.role.id, gained: gained.sort() }];
  });
  const [first] = grown.sort((a, b) => compareText(a.role, b.role));
  return first && { rule: SCOPE_WIDENED, messageId: 'roleGrew', data: first };
}

function wokeUp(
  { idle }: RememberedCredential,
  { kind, lastUsedAt }: Credential,
  { idleDays = WOKE_UP.options.days.default }: DriftInput,
): Change | undefined {
  if (!WOKE_UP.kinds.some((judged) => judged === kind) || !idle) return undefined;
  if (!isKnown(lastUsedAt) || lastUsedAt === null) return undefined;
  const since = Date.parse(idle.since);
  const unused = lastUsedAt - since;
  // A use that the list shows late can be shortly after the one before.
  if (Math.min(unused, Date.parse(idle.at) - since) < idleDays * DAY) return undefined;
  return {
    rule: WOKE_UP,
    messageId: 'used',
    data: { days: wholeDays(unused), usedAt: toTimestamp(lastUsedAt) },
  };
}

function nameOf(role: Role | undefined): string | undefined {
  return role?.displayName || role?.name || undefined;
}

/**
 * Super Administrator has every permission and Basic User the fewest. All other roles count as equally strong, because they
 * cannot be compared. A gained role is not reported only if the credential already had a certainly stronger one.
 */
function strength(hash: string, { roles, run }: DriftInput): number {
  if (hash === systemRole(roles, run.tenant, 'system:owner')) return 2;
  return hash === systemRole(roles, run.tenant, 'system:user') ? 0 : 1;
}

const systemRoles = new WeakMap<ReadonlyMap<string, Role>, Map<string, string | undefined>>();

/** The hash of a built-in role, cached per list of roles: thousands of credentials need it. */
function systemRole(
  roles: ReadonlyMap<string, Role> | undefined,
  tenant: string,
  name: string,
): string | undefined {
  if (roles === undefined) return undefined;
  const cached = systemRoles.get(roles) ?? new Map<string, string | undefined>();
  systemRoles.set(roles, cached);
  if (!cached.has(name)) {
    const role = [...roles.values()].find((candidate) => candidate.name === name);
    cached.set(name, role && roleHash(tenant, role.id));
  }
  return cached.get(name);
}

function networkChange(before: RememberedCredential, now: Observed): Change | undefined {
  if (before.network === null || before.network === 'any' || now.network === null) return undefined;
  if (now.network === 'any') {
    return { rule: NETWORK_WIDENED, messageId: 'wider', data: { added: [], unrestricted: true } };
  }
  const old = readAddresses(before.network).set;
  if (containsSet(old, readAddresses(now.network).set)) return undefined;
  const added = now.network.filter((cidr) => !containsSet(old, readAddresses([cidr]).set));
  return { rule: NETWORK_WIDENED, messageId: 'wider', data: { added, unrestricted: false } };
}

function said(
  { rule, messageId, data }: Change,
  credential: Credential,
  { severities }: DriftInput,
): Pick<Drift['findings'][number], 'rule' | 'said'> {
  const statement: Statement = {
    severity: severities?.get(rule.id) ?? rule.severity,
    outcome: 'violation',
    messageId,
    message: rule.messages[messageId]?.(data) ?? rule.title,
    data,
    fix: rule.docs.fix,
  };
  return { rule, said: sayable(statement, credential, rule) };
}

const LISTED = 5;

function list(items: readonly string[]): string {
  const shown = items.slice(0, LISTED).join(', ');
  return items.length > LISTED ? `${shown} and ${items.length - LISTED} more` : shown;
}
