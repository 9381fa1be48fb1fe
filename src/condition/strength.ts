import type { ConditionVerdict } from '../contract/rule.js';
import { constantOf, type Expression } from './expression.js';
import { type Word, wordsOf } from './pattern.js';

/** What a value can be: one of `only`, or anything but `not`, which is never empty. */
export type ValueSet = { readonly only: ReadonlySet<string> } | { readonly not: ReadonlySet<string> };

/** A constant as a member of a set, where strings, numbers and booleans differ. Undefined for anything else. */
export function memberOf(constant: unknown): string | undefined {
  if (typeof constant === 'string') return `"${constant}`;
  // Beyond 2^53 two integers may read as the same number.
  const number = typeof constant === 'bigint' ? Number(constant) : constant;
  if (typeof number === 'number')
    return Math.abs(number) <= Number.MAX_SAFE_INTEGER ? `${number}` : undefined;
  return typeof constant === 'boolean' ? `${constant}` : undefined;
}

function intersect(a: ValueSet, b: ValueSet): ValueSet {
  if ('only' in a) return { only: new Set([...a.only].filter((member) => holds(b, member))) };
  if ('only' in b) return intersect(b, a);
  return { not: new Set([...a.not, ...b.not]) };
}

/** Values in either set; undefined where that is every value. */
function unite(a: ValueSet, b: ValueSet): ValueSet | undefined {
  if ('only' in a && 'only' in b) return { only: new Set([...a.only, ...b.only]) };
  if ('only' in b) return unite(b, a);
  const excluded =
    'only' in a
      ? [...b.not].filter((member) => !a.only.has(member))
      : [...a.not].filter((member) => b.not.has(member));
  return excluded.length > 0 ? { not: new Set(excluded) } : undefined;
}

function isEmpty(set: ValueSet): boolean {
  return 'only' in set && set.only.size === 0;
}

function holds(set: ValueSet, member: string): boolean {
  return 'only' in set ? set.only.has(member) : !set.not.has(member);
}

export type Rank = Exclude<ConditionVerdict['admits'], 'undecided'>;

/** From least to most. */
export const RANKS: readonly Rank[] = ['never', 'named', 'loose', 'ownerWide', 'anyone', 'always'];

export function rankOrder(rank: Rank): number {
  return RANKS.indexOf(rank);
}

function tighter(a: Rank, b: Rank): Rank {
  return rankOrder(a) <= rankOrder(b) ? a : b;
}

function looser(a: Rank, b: Rank): Rank {
  return rankOrder(a) >= rankOrder(b) ? a : b;
}

/** How much one test restricts who is admitted. */
export interface Strength {
  readonly rank: Rank;
  /** The rank in combination with a test of the Terraform organization: workspace names are unique within one only. */
  readonly withinOrganization: Rank;
  /** Whether the test names the Terraform organization. */
  readonly organization: boolean;
}

export function strength(rank: Rank, organization = false): Strength {
  return { rank, withinOrganization: rank, organization };
}

function tightest(a: Strength, b: Strength): Strength {
  return {
    rank: tighter(a.rank, b.rank),
    withinOrganization: tighter(a.withinOrganization, b.withinOrganization),
    organization: a.organization || b.organization,
  };
}

function loosest(a: Strength, b: Strength): Strength {
  return {
    rank: looser(a.rank, b.rank),
    withinOrganization: looser(a.withinOrganization, b.withinOrganization),
    organization: a.organization && b.organization,
  };
}

/** The tokens for which a part of the condition is true; never too few. */
export interface Admission extends Strength {
  /** What their values can be, by the text of the tested expression. */
  readonly known: ReadonlyMap<string, ValueSet>;
  /** The part of the condition that the rank comes from. */
  readonly because: Expression;
}

/** The rest is ignored: a contradiction among so many tests is an accident. */
const MAX_KNOWN = 200;

const NOTHING: ReadonlyMap<string, ValueSet> = new Map();

export function admission(
  how: Strength,
  because: Expression,
  known: ReadonlyMap<string, ValueSet> = NOTHING,
): Admission {
  const rank = how.organization ? tighter(how.rank, how.withinOrganization) : how.rank;
  return { ...how, rank, known, because };
}

export function nobody(because: Expression): Admission {
  return admission(strength('never', true), because);
}

export function everybody(because: Expression): Admission {
  return admission(strength('always'), because);
}

/** Tokens in both: as tight as the tighter one, and nobody where the two contradict each other. */
export function both(a: Admission, b: Admission, whole: Expression): Admission {
  if (a.rank === 'never') return a;
  if (b.rank === 'never') return b;
  const known = new Map(a.known);
  for (const [subject, values] of b.known) {
    const before = known.get(subject);
    const together = before ? intersect(before, values) : values;
    if (isEmpty(together)) return nobody(whole);
    if (before || known.size < MAX_KNOWN) known.set(subject, together);
  }
  const met = admission(tightest(a, b), whole, known);
  if (met.rank === a.rank && a.rank !== b.rank) return { ...met, because: a.because };
  if (met.rank === b.rank && a.rank !== b.rank) return { ...met, because: b.because };
  return met;
}

/** Tokens in either: as loose as the looser one. */
export function either(a: Admission, b: Admission): Admission {
  if (a.rank === 'never') return b;
  if (b.rank === 'never') return a;
  const known = new Map<string, ValueSet>();
  for (const [subject, values] of a.known) {
    const other = b.known.get(subject);
    const together = other && unite(values, other);
    if (together) known.set(subject, together);
  }
  return admission(loosest(a, b), rankOrder(a.rank) >= rankOrder(b.rank) ? a.because : b.because, known);
}

/** The kind of name in a claim. It decides how much a test on the claim restricts. */
type ClaimKind =
  /** An issuer's own composite: `repo:acme/infra:ref:…`, `spiffe://…`, an ARN. */
  | 'subject'
  /** `owner/name`. */
  | 'repository'
  /** `group/subgroup/name`. */
  | 'project'
  /** An identifier without inner structure, unique at its issuer. */
  | 'id'
  /** The path of a SPIFFE id: the issuer implies the trust domain. */
  | 'path'
  /** A name that many organizations may use: it names a workload only together with its organization. */
  | 'workspace'
  /** Owner of many workloads. */
  | 'owner'
  /** `group/subgroup`. */
  | 'namespace'
  /** Owner of Terraform workspaces. */
  | 'organization';

const AWS = 'https://sts.amazonaws.com/';

/** In a claim's address: the step from a SPIFFE id to one of its parts. */
const URL_OF = 'url()';

const address = (...keys: readonly string[]) => JSON.stringify(keys);

/**
 * The claims that name a workload or its owner. All others (`actor`, `ref`, `environment`, `aud`, `iss`,
 * `job_workflow_ref`, …) say when and how a workload runs, or a stranger can choose them.
 *
 * Sources: GitHub, "OpenID Connect reference"; GitLab, "ID token authentication"; HCP Terraform, "Workload identity
 * tokens"; AWS IAM, "Understanding token claims"; SPIFFE-ID specification, section 2.
 */
const CLAIMS: ReadonlyMap<string, ClaimKind> = new Map<string, ClaimKind>([
  [address('sub'), 'subject'],
  [address('sub', URL_OF, 'path'), 'path'],
  [address('sub', URL_OF, 'host'), 'owner'],
  // GitHub Actions
  [address('repository'), 'repository'],
  [address('repository_id'), 'id'],
  [address('repository_owner'), 'owner'],
  [address('repository_owner_id'), 'owner'],
  [address('enterprise'), 'owner'],
  [address('enterprise_id'), 'owner'],
  // GitLab
  [address('project_path'), 'project'],
  [address('project_id'), 'id'],
  [address('namespace_path'), 'namespace'],
  [address('namespace_id'), 'owner'],
  // HCP Terraform; ConductorOne's own examples leave `_name` out of the organization's claim.
  [address('terraform_workspace_id'), 'id'],
  [address('terraform_workspace_name'), 'workspace'],
  [address('terraform_organization'), 'organization'],
  [address('terraform_organization_name'), 'organization'],
  [address('terraform_organization_id'), 'organization'],
  [address('terraform_project_id'), 'organization'],
  // AWS
  [address(AWS, 'aws_account'), 'id'],
  [address(AWS, 'principal_id'), 'subject'],
  [address(AWS, 'org_id'), 'owner'],
]);

export interface Claim {
  /** Undefined: the claim names neither a workload nor an owner. */
  readonly kind: ClaimKind | undefined;
}

/** Functions that only change how their operand is written. */
const SPELLINGS = new Set(['lowerAscii', 'upperAscii', 'trim', 'string', 'int', 'uint', 'double', 'dyn']);

/** The claim that an expression reads unchanged, except for its spelling; undefined for anything else. */
export function claimOf(expression: Expression): Claim | undefined {
  const keys = keysOf(expression);
  return keys && keys.length > 0 ? { kind: CLAIMS.get(address(...keys)) } : undefined;
}

function keysOf(expression: Expression): string[] | undefined {
  if (expression.op === 'id') return expression.name === 'claims' ? [] : undefined;
  // An element of a list is not the claim itself, and names nothing.
  if (expression.op === 'element') return keysOf(expression.of)?.concat('[]');
  if (expression.op === 'select') {
    const key = constantOf(expression.key);
    return typeof key === 'string' ? keysOf(expression.of)?.concat(key) : undefined;
  }
  return expression.op === 'call' ? keysOfCall(expression) : undefined;
}

/** `lowerAscii(claims.sub)` and `claims.sub.lowerAscii()` alike. */
function keysOfCall({ name, target, args }: Extract<Expression, { op: 'call' }>): string[] | undefined {
  const operands = target ? [target, ...args] : args;
  const [operand] = operands;
  const keys = operand && operands.length === 1 ? keysOf(operand) : undefined;
  if (!keys?.length) return undefined;
  if (name === 'url' && !target) return keys.concat(URL_OF);
  return SPELLINGS.has(name) ? keys : undefined;
}

const ANYONE = strength('anyone');
const LOOSE = strength('loose');
const OWNER = strength('ownerWide');
const ORGANIZATION = strength('ownerWide', true);
const NAMED = strength('named');

/** How much it restricts that a claim of this kind begins with `prefix`. */
export function prefixStrength(kind: ClaimKind, prefix: string): Strength {
  switch (kind) {
    case 'subject':
      return subjectPrefix(prefix);
    case 'repository':
    case 'project':
      return ownedPrefix(prefix, kind === 'project');
    case 'path':
      return pathPrefix(prefix.replace(/^\//, ''), ANYONE);
    case 'workspace':
      return { rank: 'anyone', withinOrganization: prefix === '' ? 'anyone' : 'loose', organization: false };
    case 'namespace':
      return prefix.indexOf('/') > 0 ? OWNER : ANYONE;
    default:
      // Identifiers and owners have no delimiter inside: a stranger's may begin with the same prefix.
      return ANYONE;
  }
}

function subjectPrefix(prefix: string): Strength {
  for (const [scheme, strengthOf] of SCHEMES)
    if (prefix.startsWith(scheme)) return strengthOf(prefix.slice(scheme.length));
  // CircleCI
  const circle = /^org\/[^/]+\/(?:project\/(?:([^/]+)(\/)?)?)?/.exec(prefix);
  if (circle) return circle[2] ? NAMED : circle[1] ? LOOSE : OWNER;
  return pairsPrefix(prefix);
}

/** What a subject's prefix restricts, by its scheme. */
const SCHEMES: readonly (readonly [scheme: string, strengthOf: (rest: string) => Strength])[] = [
  ['spiffe://', spiffePrefix],
  ['arn:', arnPrefix],
  ['system:serviceaccount:', serviceAccountPrefix],
];

function spiffePrefix(rest: string): Strength {
  const slash = rest.indexOf('/');
  return slash > 0 ? pathPrefix(rest.slice(slash + 1), OWNER) : ANYONE;
}

function arnPrefix(rest: string): Strength {
  const [, , , account = '', ...resource] = rest.split(':');
  return /^\d{12}$/.test(account) && resource.length > 0 ? NAMED : ANYONE;
}

/** `namespace:name` in Kubernetes. */
function serviceAccountPrefix(rest: string): Strength {
  const colon = rest.indexOf(':');
  if (colon <= 0) return ANYONE;
  return colon === rest.length - 1 ? OWNER : LOOSE;
}

/** What follows a key of a `key:value:key:value…` subject. */
const PAIR_KEYS = {
  owned: 'repo repository',
  grouped: 'project_path',
  owner: 'repository_owner repository_owner_id',
  organization: 'organization',
  member: 'workspace pipeline',
  id: 'repository_id project_id',
  other: 'project ref ref_type environment run_phase actor workflow workflow_ref job_workflow_ref event_name',
};

type PairRole = keyof typeof PAIR_KEYS;

const PAIRS: ReadonlyMap<string, PairRole> = new Map(
  Object.entries(PAIR_KEYS).flatMap(([role, keys]) =>
    keys.split(' ').map((key) => [key, role as PairRole] as const),
  ),
);

function pairsPrefix(prefix: string): Strength {
  let found = ANYONE;
  const parts = prefix.split(':');
  if (!PAIRS.has(parts[0] ?? '')) {
    // An unknown format: a scheme and a complete name restrict something, but it is not known how much.
    return prefix.split(/[:/|]/).filter((part) => part !== '').length > 1 && /[:/|].*[:/|]/.test(prefix)
      ? LOOSE
      : ANYONE;
  }
  for (let at = 0; at + 1 < parts.length; at += 2) {
    const held = parts[at + 1] ?? '';
    const whole = at + 2 < parts.length;
    found = narrower(found, pairStrength(PAIRS.get(parts[at] ?? ''), held, whole, found));
  }
  return found;
}

function pairStrength(role: PairRole | undefined, held: string, whole: boolean, before: Strength): Strength {
  if (held === '') return ANYONE;
  switch (role) {
    case 'owned':
    case 'grouped':
      return ownedPrefix(whole ? `${held}:` : held, role === 'grouped');
    case 'owner':
      return whole ? OWNER : ANYONE;
    case 'organization':
      return whole ? ORGANIZATION : ANYONE;
    case 'member':
      return before.organization ? (whole ? NAMED : LOOSE) : ANYONE;
    case 'id':
      return whole ? NAMED : ANYONE;
    default:
      return ANYONE;
  }
}

const ORDER = [NAMED, LOOSE, ORGANIZATION, OWNER, ANYONE];

function narrower(a: Strength, b: Strength): Strength {
  return ORDER.indexOf(a) <= ORDER.indexOf(b) ? a : b;
}

/**
 * `owner/name`; GitHub may add ids to both (`acme@123/infra@456`). Names of owners and repositories hold no `@` and no `:`,
 * so these end a name.
 */
function ownedPrefix(prefix: string, groups: boolean): Strength {
  const slash = prefix.indexOf('/');
  if (slash < 0) return prefix.indexOf('@') > 0 ? OWNER : ANYONE;
  if (slash === 0) return ANYONE;
  const name = prefix.slice(slash + 1);
  if (/^[^/].*[@:]/.test(name)) return NAMED;
  if (name === '') return OWNER;
  // A GitLab path may continue below the group: what ends with a slash ends after an owner.
  if (groups) return name.endsWith('/') ? OWNER : LOOSE;
  return /^[^/]+\//.test(name) ? NAMED : LOOSE;
}

/** Keys of a SPIFFE path such as `/ns/prod/sa/build`. */
const SPIFFE_KEYS = new Set(['ns', 'sa']);

function pathPrefix(path: string, nothingNamed: Strength): Strength {
  const segments = path.split('/');
  const open = segments.pop() ?? '';
  const names = segments.filter((segment) => segment !== '' && !SPIFFE_KEYS.has(segment)).length;
  // A complete service account is enough. Any other open end may be the beginning of another name.
  if (open !== '' && !SPIFFE_KEYS.has(open)) return namesServiceAccount(segments) ? NAMED : LOOSE;
  return names > 0 ? NAMED : nothingNamed;
}

function namesServiceAccount(segments: readonly string[]): boolean {
  const key = segments.lastIndexOf('sa');
  return key >= 0 && (segments[key + 1] ?? '') !== '';
}

/** How much it restricts that a claim of this kind equals a constant. */
export function equalityStrength(kind: ClaimKind | undefined, constant: unknown): Strength {
  const names =
    typeof constant === 'string' ? constant !== '' : ['number', 'bigint'].includes(typeof constant);
  if (!names || kind === undefined) return ANYONE;
  switch (kind) {
    case 'workspace':
      return { rank: 'anyone', withinOrganization: 'named', organization: false };
    case 'organization':
      return strength('ownerWide', true);
    case 'owner':
    case 'namespace':
      return strength('ownerWide');
    default:
      return strength('named');
  }
}

/** Keys of subjects that are not a name, and those whose value is not a name either. */
const STRUCTURE = new Set('repo repository project_path organization workspace project pipeline'.split(' '));
const CIRCUMSTANCES = new Set('ref ref_type environment run_phase pull_request actor event_name'.split(' '));

/** How much it restricts that a claim of this kind contains `text`. */
export function containsStrength(kind: ClaimKind, text: string): Strength {
  if (!holdsName(text)) return ANYONE;
  switch (kind) {
    case 'subject':
      // A text that ends before or inside the account number restricts nothing, not even at the start.
      return text.startsWith('arn:') && prefixStrength(kind, text).rank === 'anyone'
        ? ANYONE
        : strength('loose');
    case 'repository':
    case 'project':
    case 'path':
      return strength('loose');
    case 'workspace':
      return { rank: 'anyone', withinOrganization: 'loose', organization: false };
    default:
      // A stranger's identifier or owner may contain it too.
      return ANYONE;
  }
}

function holdsName(text: string): boolean {
  const parts = text.split(':');
  return parts.some((part, at) => {
    if (CIRCUMSTANCES.has(part) || CIRCUMSTANCES.has(parts[at - 1] ?? '')) return false;
    return !STRUCTURE.has(part) && !/^refs(\/|$)/.test(part) && /[\p{L}\p{N}]/u.test(part);
  });
}

/** How much an RE2 pattern restricts a claim of this kind; undefined if the pattern cannot be read. */
export function patternStrength(kind: ClaimKind, pattern: string): Strength | undefined {
  return wordsOf(pattern)
    ?.map((word) => wordStrength(kind, word))
    .reduce(loosest);
}

function wordStrength(kind: ClaimKind, word: Word): Strength {
  const starts = word[0] === 'start';
  const ends = word.at(-1) === 'end';
  // `^.*` and `.*$` restrict nothing.
  const inner = word.slice(starts ? 1 : 0, ends ? -1 : undefined);
  const startOpen = !starts || inner[0] === 'anything';
  const endOpen = !ends || inner.at(-1) === 'anything';
  if (!startOpen) {
    const [head, ...rest] = inner;
    const whole = !endOpen && rest.length === 0 && (head === undefined || typeof head === 'object');
    return whole ? equalityStrength(kind, head?.text ?? '') : prefixStrength(kind, beginningOf(inner));
  }
  if (!endOpen) return ANYONE;
  return inner
    .map((piece) => (typeof piece === 'object' ? containsStrength(kind, piece.text) : ANYONE))
    .reduce(tightest, ANYONE);
}

/**
 * The text that a word begins with. GitHub may add ids to the owner's and the repository's name
 * (`repo:acme@12/infra@34:…`): a pattern that leaves these ids open still tests the names.
 */
function beginningOf(word: Word): string {
  let text = '';
  for (const piece of word) {
    if (typeof piece === 'object') text += piece.text;
    else if (piece === 'segment' && text.endsWith('@')) text += '0';
    else break;
  }
  return text;
}
