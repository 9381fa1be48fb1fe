import { createHash } from 'node:crypto';
import {
  type Credential,
  FACT_KINDS,
  type FactName,
  ifKnown,
  isKnown,
  type Kind,
  type OptionSpec,
  oneHigher,
  type Rule,
  SEVERITIES,
  type Severity,
  severityRank,
  Unknown,
} from '../contract/index.js';
import type { FactSource, World } from './world.js';

/** A rule with the settings of a run. */
export interface RuleInForce {
  readonly rule: Rule;
  /** Set by the user; undefined: the rule's own. */
  readonly severity: Severity | undefined;
  readonly options: Readonly<Record<string, OptionSpec['default']>>;
  /** Minimum severities by message id, `*` for all messages. */
  readonly floors: Readonly<Record<string, Severity>>;
}

/** What one rule reports on one credential. */
export type Verdict =
  | {
      readonly outcome: 'violation';
      readonly severity: Severity;
      readonly messageId: string;
      readonly message: string;
      readonly data: Readonly<Record<string, unknown>>;
    }
  | { readonly outcome: 'unknown'; readonly reason: string; readonly cure: string }
  /** The rule itself is broken. */
  | { readonly outcome: 'failed'; readonly reason: string };

export type Say = (verdict: Verdict, by: RuleInForce, credential: Credential) => void;

/**
 * Judges one credential by one rule.
 *
 * Never throws: the rule may be a plug-in, and its defects must neither stop other rules nor look like a pass.
 *
 * @returns undefined if the rule has nothing to report
 */
export function judge(
  inForce: RuleInForce,
  credential: Credential,
  world: FactSource,
  now: number,
): Verdict | undefined {
  const { rule } = inForce;
  const guard = isPlugin(rule.id) ? readOnly : <T>(value: T) => value;
  const options = guard(inForce.options);
  const facts: Record<string, unknown> = {};
  for (const name of rule.needs) {
    const fact = world.fact(name, credential);
    if (!isKnown(fact)) return { outcome: 'unknown', reason: fact.reason, cure: fact.cure };
    facts[name] = guard(fact);
  }
  for (const name of rule.optional ?? []) facts[name] = guard(ifKnown<unknown>(world.fact(name, credential)));
  return check(rule, { facts, options, kind: credential.kind, now }, inForce, credential, world);
}

function check(
  asked: Pick<Rule, 'check'>,
  context: unknown,
  inForce: RuleInForce,
  credential: Credential,
  world: FactSource,
): Verdict | undefined {
  try {
    const said = asked.check(context);
    return said === undefined ? undefined : read(said, inForce, credential, world);
  } catch (error) {
    return { outcome: 'failed', reason: `it threw ${thrownText(error)}` };
  }
}

/** A rule with what it is given; undefined for a plug-in, which gets copies of its own. Rules have many shapes, this has one. */
interface Seat extends Pick<Rule, 'needs' | 'check'> {
  readonly inForce: RuleInForce;
  readonly context: unknown;
}

type PanelFacts = Pick<World, 'fact' | 'resolver'>;

/** All facts in one order: objects of one shape are looked at faster. */
const NO_FACTS: Record<FactName, unknown> = { ...FACT_KINDS };
for (const name of Object.keys(NO_FACTS)) NO_FACTS[name as FactName] = undefined;

/**
 * Judges credentials of one kind by the same rules, as {@link judge} does. Each fact is computed once a credential, and
 * built-in rules share one object with all facts: most of the time goes into the facts, not into the rules.
 */
export class Panel {
  readonly #world: PanelFacts;
  readonly #asked: FactSource;
  readonly #now: number;
  readonly #resolvers: readonly {
    readonly name: FactName;
    readonly factOf: (credential: Credential) => unknown;
  }[];
  readonly #facts: Record<FactName, unknown> = { ...NO_FACTS };
  readonly #rules: readonly Seat[];
  /** The facts that are not known of the credential at hand. */
  readonly #unknown = new Map<FactName, Unknown>();
  /** Whether the rule at hand asked for a fact that comes later. */
  #isTooEarly = false;

  /** @param comesLater  facts that the world does not have yet; not for plug-ins */
  constructor(
    rules: readonly RuleInForce[],
    kind: Kind,
    world: PanelFacts,
    now: number,
    comesLater: (name: FactName) => boolean = () => false,
  ) {
    this.#now = now;
    const builtIn = rules.filter(({ rule }) => !isPlugin(rule.id));
    const names = new Set(builtIn.flatMap(({ rule: { needs, optional = [] } }) => [...needs, ...optional]));
    this.#resolvers = [...names]
      .filter((name) => !comesLater(name))
      .map((name) => ({ name, factOf: world.resolver(name) }));
    const tooEarly = () => {
      this.#isTooEarly = true;
      return undefined;
    };
    for (const name of names)
      if (comesLater(name)) Object.defineProperty(this.#facts, name, { get: tooEarly });
    this.#world = world;
    // Only for what rules return: this is slower.
    this.#asked = {
      fact: (name, credential) => (comesLater(name) ? (tooEarly() as never) : world.fact(name, credential)),
    };
    this.#rules = rules.map((inForce) => {
      const { rule, options } = inForce;
      const { needs, check } = rule;
      const context = isPlugin(rule.id) ? undefined : { facts: this.#facts, options, kind, now };
      return { needs, check, inForce, context };
    });
  }

  /**
   * Hands over what each rule has to report, in the order of the rules, and each rule that asked for a fact that comes
   * later.
   */
  judge(credential: Credential, report: Say, postpone?: (rule: RuleInForce) => void): void {
    this.#lookAt(credential);
    for (const seat of this.#rules) {
      const verdict = this.#ask(seat, credential);
      if (this.#isTooEarly) {
        this.#isTooEarly = false;
        postpone?.(seat.inForce);
      } else if (verdict) report(verdict, seat.inForce, credential);
    }
  }

  #lookAt(credential: Credential): void {
    if (this.#unknown.size > 0) this.#unknown.clear();
    for (const { name, factOf } of this.#resolvers) {
      const fact = factOf(credential);
      const isUnknown = fact instanceof Unknown;
      if (isUnknown) this.#unknown.set(name, fact);
      this.#facts[name] = isUnknown ? undefined : fact;
    }
  }

  #ask(seat: Seat, credential: Credential): Verdict | undefined {
    const { inForce, context } = seat;
    if (context === undefined) return judge(inForce, credential, this.#world, this.#now);
    if (this.#unknown.size > 0)
      for (const name of seat.needs) {
        const missing = this.#unknown.get(name);
        if (missing) return { outcome: 'unknown', reason: missing.reason, cure: missing.cure };
      }
    return check(seat, context, inForce, credential, this.#asked);
  }
}

/** Whether a rule is a plug-in's: only their ids have a slash. */
export function isPlugin(id: string): boolean {
  return id.includes('/');
}

/** A plug-in may throw something that cannot be converted to a string. */
function thrownText(error: unknown): string {
  try {
    const { message } = error as { message?: unknown };
    return typeof message === 'string' ? message : String(error);
  } catch {
    return 'something that cannot be shown';
  }
}

/** Checks what a rule returned. */
function read(said: unknown, inForce: RuleInForce, credential: Credential, world: FactSource): Verdict {
  const { rule } = inForce;
  if (typeof said !== 'object' || said === null)
    return failed(`it returned ${said === null ? 'null' : typeof said}`);
  if ('then' in said) {
    // Nobody awaits it: an unhandled rejection would end the process.
    Promise.resolve(said).catch(() => undefined);
    return failed('it returned a promise, and checks are synchronous');
  }
  if ('unknown' in said) return readUnknown(said.unknown, inForce, credential, world);
  const { messageId, data, severity, escalate } = said as Record<string, unknown>;
  if (typeof messageId !== 'string' || !Object.hasOwn(rule.messages, messageId))
    return failed(`it returned the message id ${JSON.stringify(messageId)}, which it does not have`);
  if (severity !== undefined && !isSeverity(severity))
    return failed(`it returned the severity ${JSON.stringify(severity)}, which does not exist`);
  if (typeof data !== 'object' || data === null || Array.isArray(data))
    return failed(`it returned no data with its message ${messageId}`);
  return withMessage(inForce, messageId, data, severityOf(inForce, messageId, severity, escalate === true));
}

function withMessage({ rule }: RuleInForce, messageId: string, data: object, severity: Severity): Verdict {
  const message: unknown = rule.messages[messageId]?.(data);
  if (typeof message !== 'string' || message === '') return failed(`its message ${messageId} is not a text`);
  // What JSON cannot hold would break the report, or change when the report is saved and read again.
  const saved: unknown = isFlat(data) ? { ...data } : JSON.parse(JSON.stringify(data));
  if (typeof saved !== 'object' || saved === null || Array.isArray(saved))
    return failed(`its data with the message ${messageId} is not an object once it is JSON`);
  return {
    outcome: 'violation',
    severity,
    messageId,
    message,
    data: saved as Record<string, unknown>,
  };
}

/** Whether JSON would hold the same: nearly always, and a direct copy is many times as fast. */
function isFlat(data: object): data is Record<string, unknown> {
  if (Object.getPrototypeOf(data) !== Object.prototype) return false;
  for (const name in data) {
    const value: unknown = (data as Record<string, unknown>)[name];
    const flat =
      typeof value === 'string' ||
      typeof value === 'boolean' ||
      value === null ||
      (typeof value === 'number' && Number.isFinite(value) && !Object.is(value, -0));
    if (!flat) return false;
  }
  return true;
}

function readUnknown(
  said: unknown,
  { rule }: RuleInForce,
  credential: Credential,
  world: FactSource,
): Verdict {
  if (typeof said === 'string') {
    if (!rule.optional?.includes(said as FactName))
      return failed(`it misses the fact ${JSON.stringify(said)}, which it does not declare as optional`);
    const fact = world.fact(said as FactName, credential);
    if (fact instanceof Unknown) return { outcome: 'unknown', reason: fact.reason, cure: fact.cure };
    return failed(`it misses the fact ${said}, which is known`);
  }
  const { reason, cure } = (said ?? {}) as Record<string, unknown>;
  if (typeof reason === 'string' && typeof cure === 'string') return { outcome: 'unknown', reason, cure };
  return failed('its outcome is unknown, but it gave no reason and cure');
}

function failed(reason: string): Verdict {
  return { outcome: 'failed', reason };
}

function isSeverity(value: unknown): value is Severity {
  return SEVERITIES.some((severity) => severity === value);
}

/** The configured severity, else the check's, else the rule's; never below a profile's floor. */
function severityOf(
  { rule, severity: configured, floors }: RuleInForce,
  messageId: string,
  returned: Severity | undefined,
  escalate: boolean,
): Severity {
  const base = configured ?? returned ?? rule.severity;
  const floored = atLeastFloor(atLeastFloor(base, floors[messageId]), floors['*']);
  return escalate ? oneHigher(floored) : floored;
}

function atLeastFloor(severity: Severity, floor: Severity | undefined): Severity {
  return floor && severityRank(floor) > severityRank(severity) ? floor : severity;
}

const frozen = new WeakSet<object>();

/**
 * A fact for a plug-in, which cannot change what rules and credentials share: one that tries throws, and is reported as
 * broken. For built-in rules the tests make sure of that.
 */
function readOnly<T>(value: T): T {
  if (value instanceof Date) return new Date(value.getTime()) as T;
  if (typeof value === 'object' && value !== null) freeze(value);
  return value;
}

function freeze(value: object): void {
  if (frozen.has(value)) return;
  frozen.add(value);
  if (value instanceof Map) {
    for (const method of ['set', 'delete', 'clear'] as const)
      Object.defineProperty(value, method, { value: refuse, configurable: false });
    for (const entry of value.values()) if (typeof entry === 'object' && entry !== null) freeze(entry);
  }
  // A Date's value cannot be frozen.
  if (value instanceof Date) return;
  Object.freeze(value);
  for (const part of Object.values(value)) if (typeof part === 'object' && part !== null) freeze(part);
}

function refuse(): never {
  throw new TypeError('a rule may not change the facts');
}

/** A rule's options for a run: those that are set, over the rule's defaults. */
export function optionsInForce(
  rule: Pick<Rule, 'options'>,
  set: Readonly<Record<string, OptionSpec['default']>> = {},
): Readonly<Record<string, OptionSpec['default']>> {
  const entries = Object.entries(rule.options ?? {});
  return Object.fromEntries(
    entries.map(([name, spec]) => [name, (Object.hasOwn(set, name) ? set[name] : undefined) ?? spec.default]),
  );
}

/** What rules that the configuration describes judge. */
export const CONDITIONS = new WeakMap<object, string>();

/**
 * Identifies the options of all rules, and the conditions that the configuration describes: a finding that disappears with
 * another limit or condition is not fixed. undefined if there are no such conditions and all options have their defaults.
 *
 * One value for all rules keeps the report small. Limits change rarely, and then too little is reported as fixed rather
 * than too much. Rules that do not run are included, so that an audit of some rules compares with an audit of all.
 * Severities are not: they say how much a finding counts, not whether there is one.
 */
export function settingsMark(
  rules: readonly Pick<Rule, 'id' | 'options'>[],
  set: Readonly<Record<string, { readonly options: RuleInForce['options'] }>>,
): string | undefined {
  const changed = rules.flatMap((rule) => {
    const condition = CONDITIONS.get(rule);
    const inForce = optionsInForce(rule, Object.hasOwn(set, rule.id) ? set[rule.id]?.options : undefined);
    const limits = Object.entries(rule.options ?? {}).flatMap(([name, { default: own }]) => {
      const held = JSON.stringify(inForce[name]);
      // A default of the configuration may change as well.
      return condition === undefined && held === JSON.stringify(own)
        ? []
        : [JSON.stringify([rule.id, name, held])];
    });
    return condition === undefined ? limits : [...limits, JSON.stringify([rule.id, condition])];
  });
  if (changed.length === 0) return undefined;
  return createHash('sha256').update(changed.sort().join('\n')).digest('hex').slice(0, 16);
}
