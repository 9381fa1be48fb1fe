import {
  type Credential,
  type FactName,
  type Finding,
  ifKnown,
  type JudgedCredential,
  KINDS,
  type Kind,
  kindName,
  type Rule,
  type Snapshot,
} from '../contract/index.js';
import { toTimestamp } from '../contract/time.js';
import { Docket, type Noted, Notes } from './docket.js';
import { type Statement, sayable } from './finding.js';
import { Panel, type RuleInForce, type Verdict } from './judge.js';
import { Records, type Remainder } from './records.js';
import { compareText } from './report.js';
import { type FactSource, isDeleted, isExpired, isLive, OWN_FACTS, World } from './world.js';

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
      judging.filter(({ rule }) => isEarly(rule) === first),
    ) as [RuleInForce[], RuleInForce[]];
    return { early: new Panel(early, kind, world, now), late: new Panel(late, kind, world, now) };
  });
  const notes = early?.notes ?? new Notes();
  const docket = new Docket(snapshot.tenant, notes, early?.records);
  const deleted = Object.fromEntries(KINDS.map((kind) => [kind, 0])) as Record<Kind, number>;
  const broken = new Map<string, BrokenRule>();
  const report = (found: readonly Found[]) => {
    for (const finding of found) {
      docket.addFinding(finding);
      if (finding.failure !== undefined) countFailure(broken, finding.rule, finding.failure);
    }
  };
  for (const credential of inOrder(snapshot.credentials)) {
    if (isDeleted(credential, now)) {
      deleted[credential.kind] += 1;
      continue;
    }
    const state = stateOf(credential, now);
    const written = early?.numberOf(credential);
    const remainder = remainderOf(credential, world, state === 'live');
    docket.addCredential(credential, remainder, written);
    onJudged?.(credential, remainder);
    const panels = panelsFor(credential, state);
    report(early?.foundOn(written) ?? foundBy(panels.early, credential, notes));
    report(foundBy(panels.late, credential, notes));
  }
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
  const read = new Set(credentials.map(({ kind }) => kind));
  for (const { kind, status } of sources) if (status !== 'unavailable') read.add(kind);
  const noneOf = (kinds: readonly Kind[]) =>
    `no ${OR.format(kinds.map((kind) => kindName(kind, 2)))} were read`;
  const reasonFor = ({ kinds, needs }: Rule): string | undefined => {
    // An empty file has no sources.
    if (sources.length > 0 && !kinds.some((kind) => read.has(kind))) return noneOf(kinds);
    if (needs.includes('principalTrusts') && !facts.trusts) return noneOf(['federation-trust']);
    if (needs.includes('usage') && !facts.usage) return 'the system log was not read (--evidence)';
    return needs.includes('exposure') && !facts.exposures
      ? "ConductorOne's findings were not read"
      : undefined;
  };
  return rules.flatMap(({ rule }) => {
    const because = reasonFor(rule);
    return because === undefined ? [] : [{ rule: rule.id, because }];
  });
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

/** Whether a rule needs only facts from the credential's own record. */
export function isEarly({ needs, optional = [] }: Pick<Rule, 'needs' | 'optional'>): boolean {
  return [...needs, ...optional].every((name: FactName) => Object.hasOwn(OWN_FACTS, name));
}

/**
 * Verdicts of early rules. Most rules look at the credential alone, so they run while the next page is being fetched.
 */
export class EarlyVerdicts {
  readonly #panelFor: ReturnType<typeof byKindAndState<Panel>>;
  readonly #now: number;
  /** The numbers of credentials in `records`. */
  readonly #numbers = new Map<Credential, number>();
  /** By those numbers. */
  readonly #found: (readonly Found[])[] = [];
  /** What the verdicts say. */
  readonly notes = new Notes();
  /** What the credentials' own records say. */
  readonly records = new Records();

  /** @param now milliseconds since the epoch, the same as for the snapshot */
  constructor(rules: readonly RuleInForce[], now: number) {
    this.#panelFor = byKindAndState(
      rules.filter(({ rule }) => isEarly(rule)),
      (judging, kind) => new Panel(judging, kind, ownFacts, now),
    );
    this.#now = now;
  }

  judge(credentials: readonly Credential[]): void {
    for (const credential of credentials) {
      if (isDeleted(credential, this.#now)) continue;
      const panel = this.#panelFor(credential, stateOf(credential, this.#now));
      this.#numbers.set(credential, this.records.write(credential));
      this.#found.push(foundBy(panel, credential, this.notes));
    }
  }

  /** A credential's number in `records`; undefined: it was not judged yet. */
  numberOf(credential: Credential): number | undefined {
    return this.#numbers.get(credential);
  }

  /** What was found on the credential with that number; undefined: it was not judged yet. */
  foundOn(number: number | undefined): readonly Found[] | undefined {
    return number === undefined ? undefined : this.#found[number];
  }

  /** Keeps nothing but what the verdicts and the records say. */
  forget(): void {
    this.#numbers.clear();
    this.#found.length = 0;
  }
}

interface Found extends Noted {
  /** How the rule is broken. Absent: it is not. */
  readonly failure?: string;
}

const NOTHING: readonly Found[] = [];

/** The findings of a panel on a credential, noted. */
function foundBy(panel: Panel, credential: Credential, notes: Notes): readonly Found[] {
  let found: Found[] | undefined;
  panel.judge(credential, (verdict, by) => {
    const noted = notes.note(by.rule, sayable(statementOf(verdict, by), credential, by.rule));
    found ??= [];
    found.push(verdict.outcome === 'failed' ? { ...noted, failure: verdict.reason } : noted);
  });
  // Most have none, and there may be hundreds of thousands.
  return found ?? NOTHING;
}

const ownFacts: FactSource = {
  fact(name, credential) {
    return OWN_FACTS[name as keyof typeof OWN_FACTS](credential) as never;
  },
};

function inOrder(credentials: readonly Credential[]): Credential[] {
  return [...credentials].sort((a, b) => compareText(a.kind, b.kind) || compareText(a.id, b.id));
}

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
