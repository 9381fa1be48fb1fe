import { createHash } from 'node:crypto';
import {
  countDays,
  DAY,
  dateOf,
  type Finding,
  namesOf,
  type ReportedCredential,
  type Rule,
  type Severity,
  type Waiver,
  wholeDays,
} from '../contract/index.js';
import { startOfDate } from '../contract/time.js';
import { findingOn } from './finding.js';
import { credentialKey } from './state.js';

/** A waiver that ends within this many days is reported, so that there is time to renew it. */
const WAIVER_NOTICE_DAYS = 14;

/**
 * Rules that `*` does not cover: whoever accepts a credential as it is has not accepted later changes to it or its owner.
 */
export const NAMED_ONLY: readonly string[] = [
  'owner-inactive',
  'exposed',
  'scope-widened',
  'network-widened',
  'woke-up',
  'credential-appeared',
];

type WaiverRule = Pick<Rule, 'id' | 'title' | 'severity' | 'docs'>;

/** Findings on the waivers themselves, described like rules. They cannot be waived. */
export const WAIVER_RULES = {
  expired: {
    id: 'waiver-expired',
    title: 'A waiver has ended',
    severity: 'medium',
    docs: {
      why: 'Accepting a risk is a decision for a limited time. After its end date a waiver covers nothing, and its findings count again.',
      fix: 'Remove the waiver, or have it approved again with a new end date.',
      references: [],
    },
  },
  unmatched: {
    id: 'waiver-unmatched',
    title: 'A waiver covers no finding',
    severity: 'low',
    docs: {
      why: 'A waiver that covers nothing may later cover a finding that nobody has accepted. What it was meant for is fixed or gone, or it is misspelled.',
      fix: 'Remove the waiver, or correct its rule or credential.',
      references: [],
    },
  },
  expiring: {
    id: 'waiver-expiring',
    title: 'A waiver ends soon',
    severity: 'info',
    docs: {
      why: 'When a waiver ends, its findings count again and may change the exit code.',
      fix: 'Fix what it covers before it ends, or have it approved again.',
      references: [],
    },
  },
  covers: {
    id: 'waiver-covers',
    title: 'A waiver by name covers a credential for the first time',
    severity: 'info',
    docs: {
      why: 'A waiver by name also covers credentials that are created later. The owner of the pattern can bring a new credential under it by choosing a matching name.',
      fix: 'Check that the waiver is meant for this credential. If it is not, narrow its pattern or waive single credentials by id.',
      references: [],
    },
  },
} as const satisfies Record<string, WaiverRule>;

export const WAIVER_RULE_IDS: ReadonlySet<string> = new Set(Object.values(WAIVER_RULES).map(({ id }) => id));

export interface WaiverInput {
  readonly tenant: string;
  /** The audit's clock, in milliseconds. */
  readonly now: number;
  readonly waivers: readonly Waiver[];
  readonly findings: readonly Finding[];
  /** All that were judged: they explain why a waiver covers nothing. */
  readonly credentials: readonly Pick<ReportedCredential, 'id' | 'clientId' | 'name' | 'owner'>[];
  /**
   * Whether the audit would have seen every finding of this rule (`*`: any rule): the rule ran, and the sources of all
   * its kinds were read completely. Otherwise no waiver of it is reported as unmatched.
   */
  readonly wouldSeeAll: (rule: string) => boolean;
  /** Severities that the user sets for findings on waivers, by id. */
  readonly severities?: ReadonlyMap<string, Severity>;
  /** What each waiver by name covered before, like {@link Waived.covered}; undefined: no state is kept. */
  readonly covered?: Readonly<Record<string, readonly string[]>> | undefined;
}

interface Waived {
  /** The same findings in the same order, those covered by a waiver with `waiver` and status `waived`. */
  readonly findings: readonly Finding[];
  /** Findings on the waivers, without `status` and `firstSeen`. */
  readonly hygiene: readonly Finding[];
  /** The credentials that each waiver by name covers: `credentialKey`s by `patternId`. Includes waivers that cover none. */
  readonly covered: ReadonlyMap<string, ReadonlySet<string>>;
}

/**
 * Applies waivers. One that has ended covers nothing; one that ends today covers until the end of the day in UTC.
 *
 * A waiver covers violations and unknowns. If several cover a finding, the report shows the one that ends last.
 */
export function applyWaivers({
  tenant,
  now,
  waivers,
  findings,
  credentials,
  wouldSeeAll,
  severities,
  covered: before,
}: WaiverInput): Waived {
  const holding = waivers.filter((waiver) => remaining(waiver, now) > 0);
  const index = new WaiverIndex(holding);
  const matched = new Set<Waiver>();
  const coverage = new Coverage(tenant, waivers);
  const result = findings.map((finding): Finding => {
    if (holding.length === 0) return finding;
    const covering = index.covering(finding);
    for (const waiver of covering) {
      matched.add(waiver);
      coverage.add(waiver, finding);
    }
    const [first, ...others] = covering;
    if (!first) return finding;
    const { reason, approvedBy, expires } = others.reduce((a, b) => (b.expires > a.expires ? b : a), first);
    return { ...finding, status: 'waived', waiver: { reason, approvedBy, expires } };
  });
  const exists = existence(credentials);
  const hygiene = waivers.flatMap((waiver) => {
    const about = { waiver, left: remaining(waiver, now), tenant };
    if (about.left <= 0) return [expired(about)];
    if (!matched.has(waiver) && wouldSeeAll(waiver.rule)) return [unmatched(about, exists(waiver))];
    return about.left <= WAIVER_NOTICE_DAYS * DAY ? [expiring(about)] : [];
  });
  const asSet = (finding: Finding) => ({
    ...finding,
    severity: severities?.get(finding.rule) ?? finding.severity,
  });
  const news = before ? coverage.beyond(before) : [];
  return { findings: result, hygiene: [...hygiene, ...news].map(asSet), covered: coverage.covered };
}

/** Which credentials the waivers by name cover. */
class Coverage {
  readonly covered = new Map<string, Set<string>>();
  readonly #first = new Map<string, readonly [Waiver, ReportedCredential]>();
  readonly #tenant: string;
  readonly #ids = new Map<Waiver, string>();

  constructor(tenant: string, waivers: readonly Waiver[]) {
    this.#tenant = tenant;
    for (const waiver of waivers) {
      if (typeof waiver.credential === 'string') continue;
      const id = patternId(tenant, waiver.rule, waiver.credential);
      this.#ids.set(waiver, id);
      this.covered.set(id, new Set());
    }
  }

  add(waiver: Waiver, { credential }: Finding): void {
    const id = this.#ids.get(waiver);
    if (id === undefined || !credential) return;
    const key = credentialKey(credential.kind, credential.id);
    this.covered.get(id)?.add(key);
    this.#first.set(`${id}|${key}`, [waiver, credential]);
  }

  beyond(before: Readonly<Record<string, readonly string[]>>): Finding[] {
    const known = new Set(Object.entries(before).flatMap(([id, keys]) => keys.map((key) => `${id}|${key}`)));
    return [...this.#first]
      .filter(([each]) => !known.has(each))
      .map(([each, [waiver, credential]]) => covers(waiver, credential, this.#tenant, each));
  }
}

/** Stays the same when a waiver is renewed: a new end date covers nothing new. */
function patternId(tenant: string, rule: string, { name, owner }: NamePattern): string {
  return createHash('sha256')
    .update(JSON.stringify([tenant, rule, name, ownersOf(owner)]))
    .digest('hex');
}

type NamePattern = Exclude<Waiver['credential'], string>;

function ownersOf(owner: NamePattern['owner']): string[] {
  return [owner].flat().sort();
}

/** Milliseconds until a waiver ends. A date that does not exist has passed. */
function remaining({ expires }: Waiver, now: number): number {
  const end = endOfDate(expires);
  return end === undefined ? 0 : end - now;
}

interface Entry {
  readonly waiver: Waiver;
  /** Its place in the file. */
  readonly order: number;
}

interface Globbed extends Entry {
  readonly matches: Matcher;
}

type Matcher = (credential: Pick<ReportedCredential, 'name' | 'owner'>) => boolean;

/** By name and owner, because anybody can choose a name. An unknown owner never matches. */
function patternMatcher({ name, owner }: NamePattern): Matcher {
  const matches = nameMatcher(name);
  const owners = new Set(ownersOf(owner));
  return (credential) => {
    const { id = '', email = '' } = credential.owner ?? {};
    return ((id !== '' && owners.has(id)) || (email !== '' && owners.has(email))) && matches(credential.name);
  };
}

/** Finds a finding's waivers: by id in one step, by pattern one after the other. */
class WaiverIndex {
  readonly #byId = new Map<string, Entry[]>();
  readonly #globs: Globbed[] = [];
  readonly #known = new Map<ReportedCredential, readonly Waiver[]>();

  constructor(waivers: readonly Waiver[]) {
    for (const [order, waiver] of waivers.entries()) {
      const { credential } = waiver;
      if (typeof credential === 'string') {
        const same = this.#byId.get(credential);
        if (same) same.push({ waiver, order });
        else this.#byId.set(credential, [{ waiver, order }]);
        continue;
      }
      this.#globs.push({ waiver, order, matches: patternMatcher(credential) });
    }
  }

  /** In the order they were written. */
  covering({ rule, credential }: Finding): Waiver[] {
    if (!credential) return [];
    return this.#naming(credential).filter(
      (waiver) => waiver.rule === rule || (waiver.rule === '*' && !NAMED_ONLY.includes(rule)),
    );
  }

  /** Waivers of any rule for a credential: looked up once, however many findings it has. */
  #naming(credential: ReportedCredential): readonly Waiver[] {
    const known = this.#known.get(credential);
    if (known) return known;
    const byId = namesOf(credential).flatMap((id) => this.#byId.get(id) ?? []);
    const byName = this.#globs.filter(({ matches }) => matches(credential));
    const entries: Entry[] = [...byId, ...byName];
    const found = entries.sort((a, b) => a.order - b.order).map(({ waiver }) => waiver);
    this.#known.set(credential, found);
    return found;
  }
}

interface About {
  readonly waiver: Waiver;
  readonly left: number;
  readonly tenant: string;
}

function expired({ waiver, tenant }: About): Finding {
  const message = `${words(waiver)} ended on ${waiver.expires} and no longer covers anything`;
  return findingOnWaiver('expired', waiver, tenant, message);
}

function expiring({ waiver, left, tenant }: About): Finding {
  const days = wholeDays(left);
  const when = days === 0 ? 'today' : `in ${countDays(days)}`;
  return findingOnWaiver(
    'expiring',
    waiver,
    tenant,
    `${words(waiver)} ends ${when}, after ${waiver.expires}`,
  );
}

function unmatched({ waiver, tenant }: About, exists: boolean): Finding {
  const why = exists ? 'the rule reports nothing there' : 'there is no such credential';
  return findingOnWaiver('unmatched', waiver, tenant, `${words(waiver)} covers nothing: ${why}`);
}

/** Whether any credential is the one that a waiver names. */
function existence(credentials: WaiverInput['credentials']): (waiver: Waiver) => boolean {
  let ids: Set<string> | undefined;
  return ({ credential }) => {
    if (typeof credential === 'string') {
      ids ??= new Set(credentials.flatMap(namesOf));
      return ids.has(credential);
    }
    return credentials.some(patternMatcher(credential));
  };
}

function words({ rule, credential }: Waiver): string {
  const of = rule === '*' ? 'all rules' : rule;
  return typeof credential === 'string'
    ? `the waiver of ${of} for ${credential}`
    : `the waiver of ${of} for names like ${credential.name} of ${ownersOf(credential.owner).join(' or ')}`;
}

function covers(
  waiver: Waiver,
  { kind, id, clientId, name, owner }: ReportedCredential,
  tenant: string,
  first: string,
): Finding {
  const message = `${words(waiver)} covers ${JSON.stringify(name)} (${kind} ${id}) for the first time`;
  const data = { ...waiver, covers: { kind, id, clientId, name, owner } };
  return findingOnWaiver('covers', waiver, tenant, message, data, first);
}

function findingOnWaiver(
  messageId: keyof typeof WAIVER_RULES,
  waiver: Waiver,
  tenant: string,
  message: string,
  data: Finding['data'] = { ...waiver },
  id = waiverId(waiver),
): Finding {
  const rule = WAIVER_RULES[messageId];
  const { severity, docs } = rule;
  const statement = { severity, outcome: 'violation', messageId, message, data, fix: docs.fix } as const;
  return findingOn({ kind: 'waiver', id }, tenant, rule, statement);
}

/** Does not depend on a waiver's place in the file; changes when it is renewed. */
export function waiverId({ rule, credential, approvedBy, expires }: Waiver): string {
  const selector =
    typeof credential === 'string'
      ? ['id', credential]
      : ['name', credential.name, ...ownersOf(credential.owner)];
  return createHash('sha256')
    .update(JSON.stringify([rule, selector, approvedBy, expires]))
    .digest('hex');
}

/** How far ahead a waiver may end, in days after the run's date. */
export const WAIVER_MAX_DAYS = 366;

/** The first millisecond after an inclusive end date, in UTC. */
export function endOfDate(text: string): number | undefined {
  const start = startOfDate(text);
  return start === undefined ? undefined : start + DAY;
}

/** What is wrong with a waiver's end date. A date in the past is allowed: `waiver-expired` reports it. */
export function waiverDateProblem(text: string, now: number): string | undefined {
  const start = startOfDate(text);
  if (start === undefined) return 'this date does not exist';
  const today = Math.floor(now / DAY) * DAY;
  const last = today + WAIVER_MAX_DAYS * DAY;
  if (start <= last) return undefined;
  return `a waiver ends at most ${WAIVER_MAX_DAYS} days ahead: the last allowed date is ${dateOf(new Date(last).toISOString())}`;
}

/** Longer patterns are rejected. */
const PATTERN_MAX = 256;
/** Longer names match no pattern: names are hostile text. */
const NAME_MAX = 256;

/** What is wrong with a pattern on names, or undefined. */
export function globProblem(glob: string): string | undefined {
  if (glob.length > PATTERN_MAX) return `a pattern has at most ${PATTERN_MAX} characters`;
  const plain = tokensOf(glob).filter((token) => token.length === 1);
  if (/\{[^{}]*(,|\.\.)[^{}]*\}/.test(plain.join('')))
    return 'braces are not supported in patterns; write one waiver for each name, or [{] for a brace itself';
  try {
    compile(glob);
    return undefined;
  } catch {
    return 'a range in brackets must be in ascending order, as in [a-z]';
  }
}

/** An escaped character, a set, a run of stars, or any other character. */
const TOKEN = /\\.|\[[!^]?(?:\\.|[^\\])(?:\\.|[^\]\\])*\]|\*+|./gsu;

/**
 * Whether a name matches a pattern, as in a shell, case-sensitive: `*` is any text without a line break, slashes and dots
 * included; `?` is one character except a slash; `[…]` is one character of a set; a backslash escapes the next character.
 *
 * Names are hostile text, so the time must depend only on the lengths of both. picomatch cannot promise that: its
 * expressions backtrack over every star and brace.
 */
export function nameMatcher(glob: string): (name: string) => boolean {
  const pattern = compile(glob);
  return (name) => name !== '' && name.length <= NAME_MAX && (name === glob || pattern.test(name));
}

function tokensOf(glob: string): readonly string[] {
  return glob.match(TOKEN) ?? [];
}

/** @throws SyntaxError for an invalid set */
function compile(glob: string): RegExp {
  const [first = '', ...others] = tokensOf(glob).map(expressionOf).join('').split(STAR);
  const last = others.pop();
  // A lookahead is never tried again: the leftmost match of each part is as good as any later one.
  const between = others.map((part, index) => `(?=(?<p${index}>.*?${part}))\\k<p${index}>`).join('');
  return new RegExp(`^${first}${between}${last === undefined ? '' : `.*${last}`}$`, 'u');
}

/** Never part of an expression. */
const STAR = '\0*';
const ONE = '[^/\\n\\r\\u2028\\u2029]';

function expressionOf(token: string): string {
  if (token.startsWith('*')) return STAR;
  if (token === '?') return ONE;
  if (token.length > 1 && token.startsWith('[')) return setOf(token);
  return literal(token.length > 1 && token.startsWith('\\') ? token.slice(1) : token);
}

function setOf(token: string): string {
  const [, negated, members = ''] = /^\[([!^](?!\]$))?(.*)\]$/s.exec(token) ?? [];
  const set = members.replace(/\\(.)|[^-]/gsu, (all, escaped?: string) =>
    escaped === '-' ? '\\-' : literal(escaped ?? all),
  );
  return negated ? `(?=${ONE})[^${set}]` : `[${set}]`;
}

function literal(character: string): string {
  return character.replace(/[\\^$.*+?()[\]{}|/]/u, '\\$&');
}
