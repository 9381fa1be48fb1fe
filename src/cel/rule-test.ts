import {
  type Credential,
  DAY,
  type FactName,
  isKnown,
  type Rule,
  type RuleTest,
  type ScopedRole,
  Unknown,
} from '../contract/index.js';
import { judge, optionsInForce } from '../engine/judge.js';
import { type FactSource, OWN_FACTS } from '../engine/world.js';
import { FACT_TYPES, type FactType, instantOf, readFact } from './facts.js';
import { type ComparisonSource, compile, type Expression } from './language.js';
import { conditionOf, contextOf } from './rule.js';

/** What a rule reported on the credential of a test. */
export interface TestResult {
  readonly test: RuleTest;
  /** `failed`: the rule threw or returned something that is not a verdict. */
  readonly outcome: RuleTest['expect'] | 'failed';
  /** The message of the finding, or why the outcome is unknown. Empty for a pass. */
  readonly detail: string;
  readonly cure?: string;
  readonly passed: boolean;
}

/** The time of the audit in tests that do not say it. */
const NOW = Date.parse('2026-06-01T12:00:00Z');

/** Runs a rule's tests as an audit would judge their credentials. */
export function runTests(rule: Rule): TestResult[] {
  return (rule.tests ?? []).map((test) => runTest(rule, test));
}

function runTest(rule: Rule, test: RuleTest): TestResult {
  const verdict = verdictOn(rule, test);
  const isExpected = test.message === undefined || test.message === verdict.detail;
  return { test, ...verdict, passed: verdict.outcome === test.expect && isExpected };
}

function verdictOn(rule: Rule, test: RuleTest): Omit<TestResult, 'test' | 'passed'> {
  const { kind, now, options } = inputOf(rule, test);
  const setting = { rule, severity: undefined, options, floors: {} };
  const verdict = judge(setting, { kind } as Credential, factsOf(rule, test), now);
  if (!verdict) return { outcome: 'pass', detail: '' };
  if (verdict.outcome === 'violation') return { outcome: 'finding', detail: verdict.message };
  const { outcome, reason } = verdict;
  return { outcome, detail: reason, ...(verdict.outcome === 'unknown' ? { cure: verdict.cure } : {}) };
}

function inputOf(rule: Rule, test: RuleTest) {
  return {
    kind: test.kind ?? (rule.kinds[0] as Credential['kind']),
    now: instantOf(test.now)?.getTime() ?? NOW,
    options: optionsInForce(rule, test.options),
  };
}

function factsOf(rule: Rule, { credential }: RuleTest): FactSource {
  return {
    fact(name) {
      const value = readFact(credential[name], FACT_TYPES[name].type);
      if (value !== undefined) return value as never;
      const condition = readFact(credential.condition, FACT_TYPES.condition.type);
      // It follows from the condition.
      if (name === 'conditionVerdict' && typeof condition === 'string')
        return OWN_FACTS.conditionVerdict({ condition } as Credential) as never;
      if (name === 'tenantRoles' && conditionOf(rule)?.facts.includes('tenantRoles') === false)
        return rolesNamedIn(credential) as never;
      return new Unknown(`the test gives no ${name}`, `Give ${name}.`);
    },
  };
}

/** A rule in CEL that asks for the names of roles only has no test without names. */
function rolesNamedIn({ scopedRoles }: RuleTest['credential']): ReadonlyMap<string, unknown> {
  const roles = readFact(scopedRoles, FACT_TYPES.scopedRoles.type) as readonly ScopedRole[] | undefined;
  return new Map(roles?.flatMap(({ id, name }) => (name ? [[id, { id, name, displayName: name }]] : [])));
}

/** A comparison whose limit no test comes close to on one side. */
export interface MissingCase {
  readonly comparison: string;
  /** Where the value would be. */
  readonly place: 'at the limit' | 'just above the limit' | 'just below the limit';
  /** A test to add; undefined: none can be made from the tests there are. */
  readonly test: RuleTest | undefined;
}

/** A comparison with a number, a date or a duration that is the same for every credential. */
interface Comparison {
  readonly text: string;
  readonly value: Expression;
  readonly limit: Expression;
  /** On which side of the limit the outcome changes. */
  readonly beyond: 1 | -1;
  readonly measure: Measure;
}

/** How numbers, dates and durations are measured: in ones or in milliseconds. */
interface Measure {
  /** From the limit to the nearest value beyond it, in a suggestion. */
  readonly step: number;
  /** A test within this distance counts as close to the limit. */
  readonly close: number;
}

const ONES: Measure = { step: 1, close: 1 };
const TIME: Measure = { step: 1000, close: DAY };
const MEASURES: Readonly<Record<string, Measure>> = {
  int: ONES,
  uint: ONES,
  double: ONES,
  timestamp: TIME,
  duration: TIME,
};

/** The two boundary cases of each comparison of a rule in CEL that its tests lack. */
export function missingCases(rule: Rule): MissingCase[] {
  const comparisons = conditionOf(rule)?.comparisons ?? [];
  return comparisons.flatMap((source) => {
    const comparison = readComparison(rule, source);
    return comparison ? missingOf(rule, comparison) : [];
  });
}

const MIRRORED: Readonly<Record<string, string>> = { '<': '>', '<=': '>=', '>': '<', '>=': '<=' };

/** undefined: not with something fixed, or about the items of a list, which no test can vary alone. */
function readComparison(rule: Rule, { left, sign, right }: ComparisonSource): Comparison | undefined {
  const scope = { kinds: rule.kinds, options: rule.options ?? {}, bareFacts: false };
  const [a, b] = [compile(left, scope), compile(right, scope)];
  if (!('source' in a) || !('source' in b) || isFixed(a) === isFixed(b)) return undefined;
  const [value, limit, facing] = isFixed(b) ? [a, b, sign] : [b, a, MIRRORED[sign] ?? sign];
  const measure = MEASURES[limit.type];
  const text = `${left} ${sign} ${right}`;
  return measure && { text, value, limit, beyond: facing === '>=' || facing === '<' ? -1 : 1, measure };
}

function isFixed({ facts }: Expression): boolean {
  return facts.length === 0;
}

function missingOf(rule: Rule, comparison: Comparison): MissingCase[] {
  const { measure, beyond, text } = comparison;
  const tests = rule.tests ?? [];
  const distances = tests.map((test) => distanceOf(rule, comparison, test));
  const isAt = distances.includes(0);
  const isBeyond = distances.some(
    (distance) => distance !== undefined && distance * beyond > 0 && distance * beyond <= measure.close,
  );
  if (isAt && isBeyond) return [];
  const [at, over] = boundaryTests(rule, comparison);
  const place = beyond > 0 ? 'just above the limit' : 'just below the limit';
  return [
    ...(isAt ? [] : [{ comparison: text, place: 'at the limit', test: at } as const]),
    ...(isBeyond ? [] : [{ comparison: text, place, test: over } as const]),
  ];
}

/** How far a test's value is above the limit; undefined: one of them is not known. */
function distanceOf(rule: Rule, { value, limit }: Comparison, test: RuleTest): number | undefined {
  const context = contextFor(rule, test);
  const [found, fixed] = [value, limit].map((side) => side.evaluate(context));
  const [a, b] = [found, fixed].map((result) =>
    result && 'value' in result ? numberOf(result.value) : undefined,
  );
  return a === undefined || b === undefined ? undefined : a - b;
}

function numberOf(value: unknown): number | undefined {
  if (value === null || !['bigint', 'number', 'object'].includes(typeof value)) return undefined;
  return Number((value as { valueOf(): unknown }).valueOf());
}

function contextFor(rule: Rule, test: RuleTest): object {
  const source = factsOf(rule, test);
  const facts = Object.fromEntries(
    (Object.keys(FACT_TYPES) as FactName[]).map((name) => {
      const fact = source.fact(name, {} as Credential);
      return [name, isKnown<unknown>(fact) ? fact : undefined];
    }),
  );
  return contextOf({ ...inputOf(rule, test), facts }, rule);
}

/** A test at the limit and one just beyond it, preferably a pair in which the comparison decides. */
function boundaryTests(rule: Rule, comparison: Comparison): [RuleTest | undefined, RuleTest | undefined] {
  const { beyond, measure } = comparison;
  let any: [RuleTest, RuleTest] | undefined;
  const isKnownIn = (test: RuleTest) => distanceOf(rule, comparison, test) !== undefined;
  const tests = [...(rule.tests ?? [])].sort((a, b) => Number(isKnownIn(b)) - Number(isKnownIn(a)));
  for (const test of tests) {
    for (const knob of knobsOf(comparison.value, test)) {
      const at = turned(rule, comparison, knob, 0);
      const over = turned(rule, comparison, knob, measure.step * beyond);
      if (!at || !over) continue;
      const pair: [RuleTest, RuleTest] = [withOutcome(rule, at), withOutcome(rule, over)];
      if (pair[0].expect !== pair[1].expect) return pair;
      any ??= pair;
    }
  }
  return any ?? [undefined, undefined];
}

function withOutcome(rule: Rule, test: RuleTest): RuleTest {
  const { outcome } = verdictOn(rule, test);
  return { ...test, expect: outcome === 'failed' ? 'unknown' : outcome };
}

/** A part of a test's credential that a suggestion can change: a date, a whole number, or the length of a list. */
interface Knob {
  readonly start: number;
  /** How far it has to move so that the effect can be measured. */
  readonly unit: number;
  readonly set: (position: number) => RuleTest | undefined;
}

function knobsOf({ facts }: Expression, { expect, message, name, ...test }: RuleTest): Knob[] {
  const plain: RuleTest = { ...test, expect };
  const whole = facts.reduce<RuleTest>((made, fact) => {
    const given = readFact(made.credential[fact], FACT_TYPES[fact].type);
    const { type } = FACT_TYPES[fact];
    return given === undefined || given === null ? withPart(made, [fact], ordinary(type)) : made;
  }, plain);
  // The end of a span of time is easier to read than its beginning.
  return [...facts].reverse().flatMap((fact) => partsOf(whole, [fact], FACT_TYPES[fact].type));
}

const ORDINARY_DAY = '2026-01-01';

/** A value for a fact that a test does not give. */
function ordinary({ is, fields = {} }: FactType): unknown {
  if (is === 'timestamp') return ORDINARY_DAY;
  if (is === 'int') return 0;
  if (is === 'list') return [];
  if (is !== 'record') return is === 'string' ? 'example' : is === 'bool' ? false : {};
  return Object.fromEntries(
    Object.entries(fields)
      .filter(([, type]) => type.is === 'int' || type.is === 'list')
      .map(([name, type]) => [name, ordinary(type)]),
  );
}

function partsOf(test: RuleTest, path: readonly string[], type: FactType): Knob[] {
  const held = readPart(test, path);
  switch (type.is) {
    case 'timestamp': {
      const start = instantOf(held)?.getTime();
      const set = (at: number) => withPart(test, path, writeInstant(at));
      return start === undefined ? [] : [{ start, unit: DAY, set }];
    }
    case 'int':
      return typeof held === 'number'
        ? [{ start: held, unit: 1, set: (at) => (at < 0 ? undefined : withPart(test, path, Math.round(at))) }]
        : [];
    case 'list':
      return Array.isArray(held) ? [lengthOf(test, path, held, type)] : [];
    case 'record':
      return Object.entries(type.fields ?? {}).flatMap(([name, part]) =>
        partsOf(test, [...path, name], part),
      );
    default:
      return [];
  }
}

const LONGEST_LIST = 20;

function lengthOf(test: RuleTest, path: readonly string[], held: readonly unknown[], { of }: FactType): Knob {
  const item = (index: number) =>
    held[index] ?? (of?.is === 'string' ? `item-${index + 1}` : { id: `item-${index + 1}` });
  const set = (length: number) => {
    if (length < 0 || length > LONGEST_LIST) return undefined;
    const items = Array.from({ length: Math.round(length) }, (_, index) => item(index));
    return withPart(test, path, items);
  };
  return { start: held.length, unit: 1, set };
}

function readPart({ credential }: RuleTest, path: readonly string[]): unknown {
  return path.reduce<unknown>((held, name) => (held as Record<string, unknown>)?.[name], credential);
}

function withPart(test: RuleTest, path: readonly string[], value: unknown): RuleTest {
  const put = (held: unknown, [name, ...rest]: readonly string[]): unknown =>
    name === undefined
      ? value
      : { ...(held as object), [name]: put((held as Record<string, unknown>)?.[name], rest) };
  return { ...test, credential: put(test.credential, path) as RuleTest['credential'] };
}

/** A date alone where that is enough. */
function writeInstant(at: number): string {
  const date = new Date(at);
  if (Number.isNaN(date.getTime())) return ORDINARY_DAY;
  return date.toISOString().replace(/T00:00:00\.000Z$|(?<=:\d\d)\.000(?=Z$)/, '');
}

/** The test with the knob turned until the value is `distance` from the limit. */
function turned(rule: Rule, comparison: Comparison, knob: Knob, distance: number): RuleTest | undefined {
  const measure = (position: number) => {
    const test = knob.set(position);
    return test && distanceOf(rule, comparison, test);
  };
  const [here, there] = [measure(knob.start), measure(knob.start + knob.unit)];
  if (here === undefined || there === undefined || here === there) return undefined;
  const position = knob.start + ((distance - here) * knob.unit) / (there - here);
  return measure(position) === distance ? knob.set(position) : undefined;
}
