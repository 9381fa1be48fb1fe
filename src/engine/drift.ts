import { createHash } from 'node:crypto';
import { blocksOf, containsSet, readAddresses } from '../contract/addresses.js';
import type {
  Credential,
  Finding,
  Kind,
  ReportedCredential,
  Role,
  Rule,
  Severity,
} from '../contract/index.js';
import { count, DAY, FACT_KINDS, hasFact, isKnown, KINDS } from '../contract/index.js';
import { findingOn } from './finding.js';
import { compareText } from './report.js';
import type { HistoryRun, RememberedCredential, State } from './state.js';
import { credentialKey, reachOf, wouldSee } from './state.js';
import { WAIVER_RULES } from './waivers.js';

/** A rule that needs a state: it judges changes. It has no options and no facts. */
type DriftRule = Pick<
  Rule,
  'id' | 'title' | 'severity' | 'kinds' | 'docs' | 'controls' | 'plan' | 'messages'
>;

const SCOPE_WIDENED = {
  id: 'scope-widened',
  title: 'The credential can do more than at the last audit',
  severity: 'high',
  kinds: FACT_KINDS.scopedRoles,
  docs: {
    why: 'Scoped roles limit what a leaked credential can do. A credential that loses them or gains a role can do more, by mistake or on purpose.',
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

/** All rules on changes. */
export const DRIFT_RULES: readonly DriftRule[] = [SCOPE_WIDENED, NETWORK_WIDENED, CREDENTIAL_APPEARED];

/** A drift finding is in the report of one audit only: it is neither repeated nor resolved. The same goes for `waiver-covers`. */
export function isDrift(rule: string): boolean {
  return rule === WAIVER_RULES.covers.id || DRIFT_RULES.some(({ id }) => id === rule);
}

export interface DriftInput {
  readonly previous: State | undefined;
  readonly credentials: readonly {
    readonly credential: Credential;
    readonly reported: ReportedCredential;
    readonly live: boolean;
  }[];
  /** The tenant's roles by id; undefined if they could not be read. */
  readonly roles: ReadonlyMap<string, Role> | undefined;
  readonly run: HistoryRun;
  /** Configured severities by rule. Absent: the rule's own. */
  readonly severities?: ReadonlyMap<string, Severity>;
}

interface Drift {
  /** Before waivers and history. */
  readonly findings: readonly Finding[];
  /** For the next state. */
  readonly credentials: State['credentials'];
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
  const known = new Map(Object.entries(previous?.credentials ?? {}));
  const next = new Map<string, RememberedCredential>();
  const findings: Finding[] = [];
  for (const { credential, reported, live } of input.credentials) {
    const key = credentialKey(credential.kind, credential.id);
    const before = known.get(key);
    known.delete(key);
    if (!live) {
      if (before) next.set(key, listed(before, run));
      continue;
    }
    const now = observe(credential, run.tenant);
    const found = changes(before, now, credential, input);
    findings.push(...found.map((change) => toFinding(change, reported, input)));
    const memory = remember(before, now, input);
    if (memory) next.set(key, memory);
  }
  for (const [key, memory] of known) {
    const missed = missing(key, memory, run);
    if (missed) next.set(key, missed);
  }
  return {
    findings,
    credentials: Object.fromEntries([...next].sort(([a], [b]) => compareText(a, b))),
  };
}

function listed({ roles, network }: RememberedCredential, run: HistoryRun): RememberedCredential {
  return { roles, network, seenIn: reachOf(run) };
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

/** Long enough to tell the roles of one tenant apart. Includes the tenant, so that states of two tenants share nothing. */
function roleHash(tenant: string, id: string): string {
  return createHash('sha256').update(`${tenant}|role|${id}`).digest('hex').slice(0, 16);
}

/** An unknown fact, or a rule that did not run, leaves what is remembered unchanged. */
function remember(
  before: RememberedCredential | undefined,
  now: Observed,
  { run }: DriftInput,
): RememberedCredential | undefined {
  if (before === undefined && !DRIFT_RULES.some(({ id }) => run.rules.has(id))) return undefined;
  const roles = now.roles && [...now.roles.keys()].sort();
  const judges = (rule: DriftRule) => before === undefined || run.rules.has(rule.id);
  return {
    roles: (judges(SCOPE_WIDENED) ? roles : null) ?? before?.roles ?? null,
    network: (judges(NETWORK_WIDENED) ? now.network : null) ?? before?.network ?? null,
    seenIn: reachOf(run),
  };
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
    before && scopeChange(before, now, input),
    before && networkChange(before, now),
  ];
  return found.filter((change) => change !== undefined).filter(({ rule }) => input.run.rules.has(rule.id));
}

/** Not if its kind was never read completely with this reach: then the credential need not be new. */
function appeared(credential: Credential, { previous, run }: DriftInput): Change | undefined {
  const seen = previous?.seen[credential.kind] ?? [];
  if (!seen.includes('tenant') && !seen.includes(reachOf(run))) return undefined;
  const createdAt = isKnown(credential.createdAt) ? credential.createdAt.toISOString() : null;
  return { rule: CREDENTIAL_APPEARED, messageId: 'appeared', data: { createdAt } };
}

function scopeChange(before: RememberedCredential, now: Observed, input: DriftInput): Change | undefined {
  if (before.roles === null || before.roles.length === 0 || now.roles === null) return undefined;
  if (now.roles.size === 0)
    return { rule: SCOPE_WIDENED, messageId: 'lost', data: { had: before.roles.length } };
  const old = new Set(before.roles);
  const strongest = Math.max(...[...old].map((hash) => strength(hash, input)));
  const gained = [...now.roles].filter(([hash]) => !old.has(hash) && strength(hash, input) >= strongest);
  if (gained.length === 0) return undefined;
  const names = gained.map(([, id]) => nameOf(input.roles?.get(id)) ?? `role ${id}`);
  return { rule: SCOPE_WIDENED, messageId: 'stronger', data: { gained: names.sort() } };
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

function toFinding(
  { rule, messageId, data }: Change,
  reported: ReportedCredential,
  { run, severities }: DriftInput,
): Finding {
  return findingOn(reported, run.tenant, rule, {
    severity: severities?.get(rule.id) ?? rule.severity,
    outcome: 'violation',
    messageId,
    message: rule.messages[messageId]?.(data) ?? rule.title,
    data,
    fix: rule.docs.fix,
  });
}

const LISTED = 5;

function list(items: readonly string[]): string {
  const shown = items.slice(0, LISTED).join(', ');
  return items.length > LISTED ? `${shown} and ${items.length - LISTED} more` : shown;
}
