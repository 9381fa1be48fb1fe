import { createHash } from 'node:crypto';
import {
  countDays,
  DAY,
  dateOf,
  type Finding,
  type Kind,
  namesOf,
  type ReportedCredential,
  type Rule,
  type Severity,
  type Waiver,
  wholeDays,
} from '../contract/index.js';
import { startOfDate } from '../contract/time.js';
import type { Statement } from './finding.js';
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
  /** Severities that the user sets for findings on waivers, by id. */
  readonly severities?: ReadonlyMap<string, Severity>;
  /** What each waiver by name covered before, like {@link Waivers.covered}; undefined: no state is kept. */
  readonly covered?: Readonly<Record<string, readonly string[]>> | undefined;
}

/** What is said of a waiver. */
interface OfWaiver {
  readonly rule: WaiverRule;
  /** The waiver's. */
  readonly id: string;
  readonly said: Statement;
}

type Waivable = Pick<ReportedCredential, 'kind' | 'id' | 'clientId' | 'name' | 'owner'>;

/**
 * Applies waivers. One that has ended covers nothing; one that ends today covers until the end of the day in UTC.
 *
 * A waiver covers violations and unknowns. If several cover a finding, the report shows the one that ends last.
 */
export class Waivers {
  readonly #input: WaiverInput;
  readonly #all: readonly Watched[];
  readonly #byId = new Map<string, Watched[]>();
  readonly #byOwner = new Map<string, Watched[]>();
  /** Those by name and owner, for each owner who was seen: credentials share him. */
  readonly #ofOwners = new Map<object, readonly Watched[]>();
  /** Of the credentials by number, those that waivers name. */
  readonly #named: ({ readonly credential: Waivable; readonly by: readonly Watched[] } | undefined)[] = [];
  /** The credentials that each waiver by name covers: `credentialKey`s by `patternId`. Includes waivers that cover none. */
  readonly covered = new Map<string, Set<string>>();
  readonly #first = new Map<string, readonly [Waiver, Waivable]>();

  constructor(input: WaiverInput) {
    this.#input = input;
    this.#all = input.waivers.map((waiver, order) => new Watched(waiver, order, input));
    for (const watched of this.#all) {
      const { credential } = watched.waiver;
      const [index, keys] =
        typeof credential === 'string'
          ? ([this.#byId, [credential]] as const)
          : ([this.#byOwner, new Set(ownersOf(credential.owner).filter((owner) => owner !== ''))] as const);
      for (const key of keys) {
        const same = index.get(key);
        if (same) same.push(watched);
        else index.set(key, [watched]);
      }
      if (watched.patternId !== undefined) this.covered.set(watched.patternId, new Set());
    }
  }

  /** Takes note of the next credential, from number 0. All that were judged: they explain why a waiver covers nothing. */
  see(credential: Omit<Waivable, 'owner'>, owner: Waivable['owner']): void {
    const found = this.#naming(credential, owner);
    for (const one of found) one.kinds.add(credential.kind);
    const by = found.filter(({ left }) => left > 0).sort((a, b) => a.order - b.order);
    if (by.length === 0) return void this.#named.push(undefined);
    const { kind, id, clientId, name } = credential;
    this.#named.push({ credential: { kind, id, clientId, name, owner }, by });
  }

  #naming(credential: Omit<Waivable, 'owner'>, owner: Waivable['owner']): readonly Watched[] {
    const byId =
      this.#byId.size === 0
        ? NO_WAIVERS
        : namesOf(credential).flatMap((name) => this.#byId.get(name) ?? NO_WAIVERS);
    // By name and owner, because anybody can choose a name. An unknown owner is not there.
    const byOwner = owner === null ? NO_WAIVERS : this.#ofOwner(owner);
    if (byId.length + byOwner.length === 0) return NO_WAIVERS;
    return [...new Set([...byId, ...byOwner.filter(({ matches }) => matches(credential.name))])];
  }

  #ofOwner(owner: NonNullable<Waivable['owner']>): readonly Watched[] {
    let named = this.#ofOwners.get(owner);
    if (!named) {
      named = [owner.id, owner.email].flatMap((key) => this.#byOwner.get(key) ?? NO_WAIVERS);
      this.#ofOwners.set(owner, named);
    }
    return named;
  }

  /** The waiver of a finding on a credential, by its number; null: none. */
  covering(credential: number, rule: string): Finding['waiver'] {
    const named = this.#named[credential];
    let last: Watched | undefined;
    for (const one of named?.by ?? []) {
      const { waiver } = one;
      if (waiver.rule !== rule && (waiver.rule !== '*' || NAMED_ONLY.includes(rule))) continue;
      one.isMatched = true;
      if (named) this.#cover(one, named.credential);
      if (last === undefined || waiver.expires > last.waiver.expires) last = one;
    }
    return last?.shown ?? null;
  }

  #cover({ waiver, patternId: id }: Watched, credential: Waivable): void {
    if (id === undefined) return;
    const key = credentialKey(credential.kind, credential.id);
    this.covered.get(id)?.add(key);
    this.#first.set(`${id}|${key}`, [waiver, credential]);
  }

  /**
   * Findings on the waivers themselves.
   *
   * @param wouldSeeAll whether the audit would have seen every finding of this rule (`*`: any rule) on credentials of these
   *   kinds (none: of any): the rule ran and judged them, and the sources of all its kinds were read completely. Otherwise
   *   no waiver of it is reported as unmatched.
   */
  hygiene(wouldSeeAll: (rule: string, kinds: ReadonlySet<Kind>) => boolean): OfWaiver[] {
    const { severities } = this.#input;
    const each = this.#all.flatMap(({ waiver, left, isMatched, kinds }) => {
      if (left <= 0) return [expired(waiver)];
      if (!isMatched && wouldSeeAll(waiver.rule, kinds)) return [unmatched(waiver, kinds.size > 0)];
      return left <= WAIVER_NOTICE_DAYS * DAY ? [expiring(waiver, left)] : [];
    });
    return [...each, ...this.#news()].map(({ rule, id, said }) => ({
      rule,
      id,
      said: { ...said, severity: severities?.get(rule.id) ?? said.severity },
    }));
  }

  #news(): OfWaiver[] {
    const { covered } = this.#input;
    if (!covered) return [];
    const known = new Set(Object.entries(covered).flatMap(([id, keys]) => keys.map((key) => `${id}|${key}`)));
    return [...this.#first]
      .filter(([each]) => !known.has(each))
      .map(([each, [waiver, credential]]) => covers(waiver, credential, each));
  }
}

const NO_WAIVERS: readonly Watched[] = [];

/** A waiver in one audit. */
class Watched {
  readonly waiver: Waiver;
  /** Its place in the file. */
  readonly order: number;
  /** Milliseconds until it ends. A date that does not exist has passed. */
  readonly left: number;
  /** As reports show it. */
  readonly shown: NonNullable<Finding['waiver']>;
  /** Of a waiver by name. */
  readonly patternId: string | undefined;
  readonly matches: (name: string) => boolean;
  /** Of the credentials that it names. */
  readonly kinds = new Set<Kind>();
  /** Whether it covers a finding. */
  isMatched = false;

  constructor(waiver: Waiver, order: number, { tenant, now }: WaiverInput) {
    const { rule, credential, reason, approvedBy, expires } = waiver;
    this.waiver = waiver;
    this.order = order;
    this.left = (endOfDate(expires) ?? now) - now;
    this.shown = { reason, approvedBy, expires };
    const isPattern = typeof credential !== 'string';
    this.patternId = isPattern ? patternId(tenant, rule, credential) : undefined;
    this.matches = isPattern ? nameMatcher(credential.name) : () => true;
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

function expired(waiver: Waiver): OfWaiver {
  return ofWaiver(
    'expired',
    waiver,
    `${words(waiver)} ended on ${waiver.expires} and no longer covers anything`,
  );
}

function expiring(waiver: Waiver, left: number): OfWaiver {
  const days = wholeDays(left);
  const when = days === 0 ? 'today' : `in ${countDays(days)}`;
  return ofWaiver('expiring', waiver, `${words(waiver)} ends ${when}, after ${waiver.expires}`);
}

function unmatched(waiver: Waiver, exists: boolean): OfWaiver {
  const why = exists ? 'the rule reports nothing there' : 'there is no such credential';
  return ofWaiver('unmatched', waiver, `${words(waiver)} covers nothing: ${why}`);
}

function words({ rule, credential }: Waiver): string {
  const of = rule === '*' ? 'all rules' : rule;
  return typeof credential === 'string'
    ? `the waiver of ${of} for ${credential}`
    : `the waiver of ${of} for names like ${credential.name} of ${ownersOf(credential.owner).join(' or ')}`;
}

function covers(waiver: Waiver, { kind, id, clientId, name, owner }: Waivable, first: string): OfWaiver {
  const message = `${words(waiver)} covers ${JSON.stringify(name)} (${kind} ${id}) for the first time`;
  const data = { ...waiver, covers: { kind, id, clientId, name, owner } };
  return ofWaiver('covers', waiver, message, data, first);
}

function ofWaiver(
  messageId: keyof typeof WAIVER_RULES,
  waiver: Waiver,
  message: string,
  data: Finding['data'] = { ...waiver },
  id = waiverId(waiver),
): OfWaiver {
  const rule = WAIVER_RULES[messageId];
  const { severity, docs } = rule;
  return { rule, id, said: { severity, outcome: 'violation', messageId, message, data, fix: docs.fix } };
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
