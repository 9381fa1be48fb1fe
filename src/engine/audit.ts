import {
  type Credential,
  type EarlyFacts,
  type FactName,
  type Finding,
  ifKnown,
  type JudgedCredential,
  KINDS,
  type Kind,
  kindName,
  type Rule,
  type Snapshot,
  type TenantFacts,
} from '../contract/index.js';
import { toTimestamp } from '../contract/time.js';
import { Docket, Notes } from './docket.js';
import { type Statement, sayable } from './finding.js';
import { isPlugin, Panel, type RuleInForce, type Say, type Verdict } from './judge.js';
import { Numbers } from './numbers.js';
import { Records, type Remainder } from './records.js';
import { hasOwnUse, isDeleted, isExpired, isLive, OWN_FACTS, World } from './world.js';

/** Everything the rules report on a snapshot. */
export interface Verdicts {
  /** In the order of the report. */
  readonly findings: readonly Finding[];
  /** All that were judged, by kind and id. */
  readonly credentials: readonly JudgedCredential[];
  /** What `findings` and `credentials` are made from when somebody reads them. */
  readonly docket: Docket;
  /** Listed as deleted, by kind. */
  readonly deleted: Readonly<Record<Kind, number>>;
  /** Rules that threw or returned something invalid: the audit is incomplete. */
  readonly brokenRules: readonly BrokenRule[];
  /** Rules that could not run because a source is missing. */
  readonly skippedRules: readonly SkippedRule[];
}

interface BrokenRule {
  readonly rule: string;
  /** How many credentials it failed on. */
  readonly credentials: number;
  /** Of the first of them. */
  readonly reason: string;
}

/** A rule in force that could not run. */
export interface SkippedRule {
  readonly rule: string;
  /** Worded to follow "because": `no federation trusts were read`. */
  readonly because: string;
}

/**
 * Judges every credential of a snapshot by every rule in force. Pure; the order of the snapshot does not matter.
 *
 * @param early  verdicts of the same rules at the same time
 * @param onJudged  called with each credential, in the order of the report
 */
export function audit(
  snapshot: Snapshot,
  rules: readonly RuleInForce[],
  now: number,
  early?: EarlyVerdicts,
  onJudged?: (credential: Credential, remainder: Remainder) => void,
): Verdicts {
  const world = new World(snapshot, now);
  const skippedRules = withoutSource(snapshot, rules);
  const skipped = new Set(skippedRules.map(({ rule }) => rule));
  const running = rules.filter(({ rule }) => !skipped.has(rule.id));
  const panelsFor = byKindAndState(running, (inForce, kind) => {
    const judging = inForce.filter(({ rule }) => canJudge(rule, kind, snapshot));
    const [early, late] = [true, false].map((first) =>
      judging.filter(({ rule }) => isEarly(rule, kind) === first),
    ) as [RuleInForce[], RuleInForce[]];
    const single = new Map<Rule, Panel>();
    const postponed = (inForce: RuleInForce) => {
      const panel = single.get(inForce.rule) ?? new Panel([inForce], kind, world, now);
      single.set(inForce.rule, panel);
      return panel;
    };
    return {
      early: new Panel(early, kind, world, now),
      late: new Panel(late, kind, world, now),
      postponed,
    };
  });
  const notes = early?.notes ?? new Notes();
  const docket = new Docket(snapshot.tenant, notes, early?.records);
  const deleted = Object.fromEntries(KINDS.map((kind) => [kind, 0])) as Record<Kind, number>;
  const broken = new Map<string, BrokenRule>();
  const report = (statement: number) => {
    docket.addFinding(statement);
    const failure = notes.failure(statement);
    if (failure !== undefined) countFailure(broken, notes.voice(statement).rule, failure);
  };
  const say = noting(notes, report);
  // They come in the order of the snapshot.
  const numbers = early && snapshot.credentials.map((credential) => early.numberOf(credential));
  world.each((credential, place) => {
    if (isDeleted(credential, now)) {
      deleted[credential.kind] += 1;
      return;
    }
    const state = stateOf(credential, now);
    const written = numbers?.[place];
    const remainder = remainderOf(credential, world, state === 'live');
    docket.addCredential(credential, remainder, written);
    onJudged?.(credential, remainder);
    const panels = panelsFor(credential, state);
    if (early && written !== undefined)
      early.reportOn(written, report, (rule) => panels.postponed(rule).judge(credential, say));
    else panels.early.judge(credential, say);
    panels.late.judge(credential, say);
  });
  early?.forget();
  return {
    get findings() {
      return docket.findings;
    },
    get credentials() {
      return docket.credentials;
    },
    docket,
    deleted,
    brokenRules: [...broken.values()],
    skippedRules,
  };
}

function countFailure(broken: Map<string, BrokenRule>, rule: string, reason: string): void {
  const before = broken.get(rule);
  broken.set(rule, { rule, credentials: (before?.credentials ?? 0) + 1, reason: before?.reason ?? reason });
}

const OR = new Intl.ListFormat('en-GB', { type: 'disjunction' });

function withoutSource(
  { sources, credentials, facts }: Snapshot,
  rules: readonly RuleInForce[],
): SkippedRule[] {
  const read = new Set<Kind>();
  let last: Kind | undefined;
  for (const { kind } of credentials) {
    if (kind !== last) read.add(kind);
    last = kind;
  }
  for (const { kind, status } of sources) if (status !== 'unavailable') read.add(kind);
  const noneOf = (kinds: readonly Kind[]) =>
    `no ${OR.format(kinds.map((kind) => kindName(kind, 2)))} were read`;
  const reasonFor = ({ kinds, needs }: Rule): string | undefined => {
    // An empty file has no sources.
    if (sources.length > 0 && !kinds.some((kind) => read.has(kind))) return noneOf(kinds);
    if (needs.includes('principalTrusts') && !facts.trusts) return noneOf(['federation-trust']);
    if (needs.includes('usage') && !facts.usage) return 'the system log was not read (--evidence)';
    return lacksExposures({ needs }, facts) ? "ConductorOne's findings were not read" : undefined;
  };
  return rules.flatMap(({ rule }) => {
    const because = reasonFor(rule);
    return because === undefined ? [] : [{ rule: rule.id, because }];
  });
}

function lacksExposures({ needs }: Pick<Rule, 'needs'>, { exposures }: EarlyFacts): boolean {
  return needs.includes('exposure') && !exposures;
}

/** The use of federation trusts stands only in the system log: where nobody asked for that, no rule judges it. */
export function canJudge(
  { needs }: Pick<Rule, 'needs'>,
  kind: Kind,
  { facts }: Pick<Snapshot, 'facts'>,
): boolean {
  return kind !== 'federation-trust' || facts.usage !== undefined || !needs.includes('lastUse');
}

export type CredentialState = 'live' | 'expired' | 'disabled';

export function stateOf(credential: Credential, now: number): CredentialState {
  return isLive(credential, now) ? 'live' : isExpired(credential, now) ? 'expired' : 'disabled';
}

/** Works out once for each kind and state of a credential what judges it. No rule judges a disabled one. */
function byKindAndState<T>(
  rules: readonly RuleInForce[],
  make: (judging: readonly RuleInForce[], kind: Kind) => T,
): (credential: Credential, state: CredentialState) => T {
  const made = (state: CredentialState) =>
    Object.fromEntries(
      KINDS.map((kind) => [
        kind,
        make(
          rules.filter(({ rule }) => (rule.judges ?? 'live') === state && rule.kinds.includes(kind)),
          kind,
        ),
      ]),
    ) as Record<Kind, T>;
  const byState = { live: made('live'), expired: made('expired'), disabled: made('disabled') };
  return ({ kind }, state) => byState[state][kind];
}

/**
 * Whether a rule needs only facts from the credential's own record, and those that are read beside the lists. A built-in
 * rule on the record alone may also use others, which are asked for rarely: then it is judged again when they are known.
 */
export function isEarly(
  { id, needs, optional = [] }: Pick<Rule, 'id' | 'needs' | 'optional'>,
  kind: Kind,
): boolean {
  if ([...needs, ...optional].every((name) => comesEarly(name, kind))) return true;
  // Whether a credential runs the audit is never unknown.
  return !isPlugin(id) && needs.every((name) => isOwn(name, kind) || name === 'self');
}

const BESIDE: ReadonlySet<FactName> = new Set(['scopedRoles', 'tenantRoles', 'tenantAllowList', 'exposure']);

function comesEarly(name: FactName, kind: Kind): boolean {
  return isOwn(name, kind) || BESIDE.has(name);
}

function isOwn(name: FactName, kind: Kind): boolean {
  return Object.hasOwn(OWN_FACTS, name) || (name === 'lastUse' && hasOwnUse(kind));
}

/**
 * Verdicts of early rules. Most rules look at the credential alone, so they run while the next page is being fetched.
 */
export class EarlyVerdicts {
  readonly #panelFor: ReturnType<typeof byKindAndState<Panel>>;
  readonly #now: number;
  readonly #judged: Partial<Record<Kind, Judged>> = {};
  readonly #rules: readonly RuleInForce[];
  /** What was found, a credential after the other: numbers of statements in `notes`; below 0, of rules that come later. */
  readonly #found = new Numbers();
  /** Where what was found on each credential ends. */
  readonly #ends = new Numbers();
  readonly #postpone = (rule: RuleInForce) => void this.#found.push(-1 - this.#rules.indexOf(rule));
  /** What the verdicts say. */
  readonly notes = new Notes();
  readonly #say = noting(this.notes, (statement) => void this.#found.push(statement));
  /** What the credentials' own records say. */
  readonly records = new Records();

  /**
   * @param now  milliseconds since the epoch, the same as for the snapshot
   * @param known  of the snapshot's facts
   */
  constructor(rules: readonly RuleInForce[], now: number, known: EarlyFacts) {
    this.#rules = rules;
    const facts = { ...NOT_YET, ...known };
    const world = new World({ credentials: [], self: null, facts }, now);
    const running = rules.filter(({ rule }) => !lacksExposures(rule, known));
    this.#panelFor = byKindAndState(running, (judging, kind) => {
      const early = judging.filter(({ rule }) => isEarly(rule, kind));
      return new Panel(early, kind, world, now, (name) => !comesEarly(name, kind));
    });
    this.#now = now;
  }

  judge(credentials: readonly Credential[]): void {
    for (const credential of credentials) {
      if (isDeleted(credential, this.#now)) continue;
      const { kind } = credential;
      this.#judged[kind] ??= new Judged();
      this.#judged[kind].add(credential, this.records.write(credential));
      const panel = this.#panelFor(credential, stateOf(credential, this.#now));
      panel.judge(credential, this.#say, this.#postpone);
      this.#ends.push(this.#found.length);
    }
  }

  /** A credential's number in `records`; undefined: it was not judged yet. */
  numberOf(credential: Credential): number | undefined {
    return this.#judged[credential.kind]?.numberOf(credential);
  }

  /** Hands over what was found on the credential with that number, and the rules that have to judge it again. */
  reportOn(
    number: number,
    report: (statement: number) => void,
    postponed: (rule: RuleInForce) => void,
  ): void {
    const end = this.#ends.at(number);
    for (let at = number === 0 ? 0 : this.#ends.at(number - 1); at < end; at += 1) {
      const found = this.#found.at(at);
      const rule = found < 0 ? this.#rules[-1 - found] : undefined;
      if (rule) postponed(rule);
      else report(found);
    }
  }

  /** Keeps nothing but what the verdicts and the records say. */
  forget(): void {
    for (const kind of KINDS) delete this.#judged[kind];
  }
}

/** The numbers of credentials. Asked for nearly always in the order in which they came: then there is nothing to look up. */
class Judged {
  readonly #credentials: Credential[] = [];
  readonly #numbers = new Numbers();
  #next = 0;
  #places: ReadonlyMap<Credential, number> | undefined;

  add(credential: Credential, number: number): void {
    this.#credentials.push(credential);
    this.#numbers.push(number);
  }

  numberOf(credential: Credential): number | undefined {
    if (this.#credentials[this.#next] !== credential) {
      this.#places ??= new Map(this.#credentials.map((one, place) => [one, place]));
      const place = this.#places.get(credential);
      if (place === undefined) return undefined;
      this.#next = place;
    }
    this.#next += 1;
    return this.#numbers.at(this.#next - 1);
  }
}

/** Makes statements of verdicts, and notes them. */
function noting(notes: Notes, report: (statement: number) => void): Say {
  return (verdict, by, credential) => {
    const failure = verdict.outcome === 'failed' ? verdict.reason : undefined;
    report(notes.note(by.rule, sayable(statementOf(verdict, by), credential, by.rule), failure));
  };
}

/** Nobody sees this: rules that ask for it are judged again. */
const NOT_YET: Omit<TenantFacts, keyof EarlyFacts> = {
  owners: new Map(),
  providers: { seen: new Map(), rest: null },
  trusts: undefined,
};

function remainderOf(credential: Credential, world: World, live: boolean): Remainder {
  return {
    self: world.isSelf(credential),
    live,
    owner: world.owner(credential).reported,
    scopedRoles: ifKnown(world.scopedRoles(credential)) ?? [],
    adviceWithheld: credential.adviceWithheld === true,
    use: useOf(credential, world),
  };
}

/** Only what was read completely can show that something was not used. */
function useOf(credential: Credential, world: World): Remainder['use'] {
  if (!world.tenant.usage) return undefined;
  const usage = ifKnown(world.usage(credential));
  if (!usage?.complete) return undefined;
  const { since, addresses, lastAt } = usage;
  return {
    since: toTimestamp(since),
    addresses: addresses.filter(({ address }) => address !== '').length,
    lastAt: lastAt && toTimestamp(lastAt),
  };
}

function statementOf(verdict: Verdict, { rule, severity }: RuleInForce): Statement {
  switch (verdict.outcome) {
    case 'violation': {
      const { messageId, message, data } = verdict;
      return {
        severity: verdict.severity,
        outcome: 'violation',
        messageId,
        message,
        data,
        fix: rule.docs.fix,
      };
    }
    case 'unknown': {
      const { reason, cure } = verdict;
      return {
        severity: severity ?? rule.severity,
        outcome: 'unknown',
        messageId: 'unknown',
        message: `unknown: ${reason}`,
        data: { reason, cure },
        fix: cure,
      };
    }
    case 'failed':
      return {
        severity: severity ?? rule.severity,
        outcome: 'unknown',
        messageId: 'rule-failed',
        message: `unknown: the rule failed (${verdict.reason})`,
        data: { reason: verdict.reason },
        fix: 'Report it to the author of the rule, or turn the rule off.',
      };
  }
}
