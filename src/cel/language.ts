import { type ASTNode, Environment } from '@marcbachmann/cel-js';
import { Duration } from '@marcbachmann/cel-js/evaluator';
import { serialize } from '@marcbachmann/cel-js/serialize';
import { RE2JS } from 're2js';
import { type FactName, type OptionSpecs, parseInstant, wholeDays } from '../contract/index.js';
import {
  DURATION,
  type EngineNode,
  explain,
  type Handle,
  isNode,
  type Mistake,
  partsOf,
  plainTypes,
  type Scope,
  TIMESTAMP,
  textOf,
} from './explain.js';
import { celName, FACT_TYPES, type FactType, factsOf, UnknownFact } from './facts.js';

/*
 * Rules in CEL. The parser, the type checker and the evaluation are cel-js's. As in every CEL engine, `&&`, `||`, exists()
 * and all() pass over an error that the other side makes irrelevant, and any other operation passes it on. A fact that
 * could not be read is such an error, so an expression has a value only if no such fact can change it.
 */

/** An expression that has passed the type check. */
export interface Expression {
  readonly source: string;
  /** Its type, as in messages: `bool`, `timestamp`, `list<string>`. */
  readonly type: string;
  readonly facts: readonly FactName[];
  readonly usesNow: boolean;
  readonly comparisons: readonly ComparisonSource[];
  readonly evaluate: (context: object) => Result;
}

/** A comparison, each side as CEL source. */
export interface ComparisonSource {
  readonly left: string;
  readonly sign: string;
  readonly right: string;
}

/** The value of an expression, or why it has none. */
export type Result =
  | { readonly value: unknown }
  | { readonly missing: UnknownFact }
  | { readonly error: string; readonly ofNull: boolean };

/** Longer expressions are not read. */
const LONGEST = 4000;
const MOST_NODES = 1000;
const LIMITS = { maxAstNodes: MOST_NODES, maxDepth: 50, maxListElements: 200, maxMapEntries: 200 };
/** What one evaluation may cost: a step is an operation, an item of a list, or eight characters of a text. */
const MOST_STEPS = 200_000;
const LONGEST_PATTERN = 500;
const LONGEST_ERROR = 200;

/** Facts are of type `dyn` here, because null is a value of theirs; the type check below has run before. */
const running = new Environment({ homogeneousAggregateLiterals: false, limits: LIMITS });
for (const name of ['credential', 'options', ...Object.keys(FACT_TYPES)])
  running.registerVariable(name, 'dyn');
addLanguage(running);
const FUNCTIONS = new Set(running.getDefinitions().functions.map(({ name }) => name));

/** What cel-js lacks of CEL, and `days`. */
function addLanguage(environment: Environment): void {
  environment
    .registerVariable('now', TIMESTAMP)
    .registerFunction(`days(${DURATION}): int`, (span: Duration) => BigInt(wholeDays(span.valueOf())))
    .registerFunction(`string(${TIMESTAMP}): string`, (at: Date) => at.toISOString().replace('.000Z', 'Z'))
    .registerFunction(`string(${DURATION}): string`, (span: Duration) => `${span.valueOf() / 1000}s`)
    .registerFunction(`int(${TIMESTAMP}): int`, (at: Date) => BigInt(Math.floor(at.getTime() / 1000)));
}

/** The environment that checks types: facts have their own, and those that may be null can be compared with it. */
function checkingEnvironment({ kinds, options, bareFacts }: Scope): Environment {
  const environment = new Environment({ limits: LIMITS });
  const nullable = new Set<string>();
  const records = new Set<string>();
  const declare = (type: FactType): string => {
    const name = celName(type);
    if (type.of) declare(type.of);
    if (type.fields && !records.has(name)) {
      records.add(name);
      const fields = Object.entries(type.fields).map(([field, part]) => [field, declare(part)]);
      environment.registerType(name, { fields: Object.fromEntries(fields) });
    }
    if (type.nullable) nullable.add(name);
    return name;
  };
  const facts = factsOf(kinds).map((name) => [name, declare(FACT_TYPES[name].type)] as const);
  environment.registerType('Credential', { fields: { ...Object.fromEntries(facts), kind: 'string' } });
  environment.registerVariable('credential', 'Credential');
  if (bareFacts) for (const [name, type] of facts) environment.registerVariable(name, type);
  const optionTypes = Object.entries(options).map(([name, spec]) => [name, optionType(spec)]);
  if (optionTypes.length > 0) {
    environment.registerType('Options', { fields: Object.fromEntries(optionTypes) });
    environment.registerVariable('options', 'Options');
  }
  for (const type of nullable) environment.registerOperator(`${type} == null: bool`, () => false);
  addLanguage(environment);
  return environment;
}

function optionType(spec: OptionSpecs[string]): string {
  if (typeof spec.default === 'boolean') return 'bool';
  if (typeof spec.default === 'string') return 'string';
  if (typeof spec.default !== 'number') return 'list<string>';
  return isWhole(spec) ? 'int' : 'double';
}

/** Whether an option is a whole number in expressions. */
export function isWhole(spec: OptionSpecs[string]): boolean {
  return 'integer' in spec && spec.integer === true;
}

export function compile(source: string, scope: Scope): Expression | Mistake {
  if (source.length > LONGEST) return { message: `is longer than ${LONGEST} characters`, part: '' };
  try {
    const checked = checkingEnvironment(scope).parse(source);
    for (const node of allNodes(checked.ast)) checkName(node);
    const { valid, type = 'dyn', error } = checked.check();
    if (!valid) return explain(error, scope, FUNCTIONS);
    const parsed = running.parse(source);
    const verdict = parsed.check();
    if (!verdict.valid) return explain(verdict.error, scope, FUNCTIONS);
    const nodes = allNodes(parsed.ast);
    const refused = nodes.map(refusal).find((mistake) => mistake !== undefined);
    if (refused) return refused;
    for (const node of nodes) limit(node);
    return {
      source,
      type: plainTypes(type),
      facts: factsIn(nodes, scope),
      usesNow: nodes.some((node) => isVariable(node, 'now')),
      comparisons: nodes.flatMap(comparisonIn),
      evaluate: (context) => evaluate(parsed, context),
    };
  } catch (error) {
    return explain(error, scope, FUNCTIONS);
  }
}

/** cel-js takes any name in has(), which would then be false for every credential. */
function checkName({ op, args, meta }: EngineNode): void {
  const { macro } = meta ?? {};
  if (op !== 'call' || (args as unknown[])[0] !== 'has' || !macro) return;
  const { typeCheck } = macro;
  macro.typeCheck = (checker, given, context) => {
    const type = typeCheck(checker, given, context);
    checker.check(given.args[0], context);
    return type;
  };
}

/** All nodes that an evaluation can reach, macros expanded. */
function allNodes(root: ASTNode): EngineNode[] {
  const found = new Set<EngineNode>();
  const seen = new Set<unknown>();
  const queue: unknown[] = [root];
  while (queue.length > 0) {
    const next = queue.pop();
    if (typeof next !== 'object' || next === null || seen.has(next)) continue;
    seen.add(next);
    if (isNode(next)) {
      found.add(next);
      queue.push(next.args, next.meta?.alternate, next.meta?.macro);
    } else if (Array.isArray(next) || Object.getPrototypeOf(next) === Object.prototype) {
      queue.push(...Object.values(next));
    }
  }
  return [...found];
}

function isVariable(node: unknown, name: string): boolean {
  return isNode(node) && node.op === 'id' && node.args === name;
}

/** The facts that an expression reads; all of them if it uses the credential as a whole. */
function factsIn(nodes: readonly EngineNode[], { kinds, bareFacts }: Scope): FactName[] {
  const known = factsOf(kinds);
  const named = new Set<unknown>();
  const accounted = new Set<unknown>();
  for (const { op, args } of nodes) {
    const [of, key] = Array.isArray(args) ? args : [];
    if (!isVariable(of, 'credential')) continue;
    if (op === '.') named.add(key);
    else if (op === '[]' && isNode(key) && key.op === 'value') named.add(key.args);
    else continue;
    accounted.add(of);
  }
  if (nodes.some((node) => isVariable(node, 'credential') && !accounted.has(node))) return known;
  return known.filter(
    (name) => named.has(name) || (bareFacts && nodes.some((node) => isVariable(node, name))),
  );
}

const COMPARING: ReadonlySet<string> = new Set(['<', '<=', '>', '>=', '==', '!=']);

function comparisonIn(node: EngineNode): ComparisonSource[] {
  if (!COMPARING.has(node.op)) return [];
  const [left, right] = node.args as readonly ASTNode[];
  return left && right ? [{ left: serialize(left), sign: node.op, right: serialize(right) }] : [];
}

/** Functions that cel-js computes in the time zone of the machine. */
const ZONED = /^get(?:Date|DayOf\w+|FullYear|Hours|Milliseconds|Minutes|Month|Seconds)$/;

/** What is wrong with a call, although its types are right. */
function refusal(node: EngineNode): Mistake | undefined {
  const [name, first, second] = Array.isArray(node.args) ? node.args : [];
  const message =
    node.op === 'rcall' ? wrongMethod(name, second) : node.op === 'call' ? wrongCall(name, first) : undefined;
  return message === undefined ? undefined : { message, part: textOf(node) };
}

function wrongMethod(name: string, given: readonly EngineNode[]): string | undefined {
  if (name === 'getDayOfYear') return 'getDayOfYear() is not supported';
  if (ZONED.test(name) && given.length > 0) return `${name}() takes no time zone: it answers in UTC`;
  const [pattern] = given;
  if (name !== 'matches' || !pattern) return undefined;
  if (pattern.op === 'value') return wrongPattern(`${pattern.args}`);
  const isOption = pattern.op === '.' && isVariable((pattern.args as unknown[])[0], 'options');
  return isOption ? undefined : 'matches() takes its pattern as a text in quotes, or as an option';
}

function wrongCall(name: string, [given]: readonly EngineNode[]): string | undefined {
  if (given?.op !== 'value' || typeof given.args !== 'string') return undefined;
  if (name === 'timestamp' && parseInstant(given.args) === undefined)
    return `${JSON.stringify(given.args)} is not a timestamp; write timestamp("2026-01-31T00:00:00Z")`;
  return name === 'duration' ? wrongDuration(given.args) : undefined;
}

function wrongDuration(text: string): string | undefined {
  try {
    running.evaluate(`duration(${JSON.stringify(text)})`);
    return undefined;
  } catch {
    const days = /^(\d+) ?d(?:ays?)?$/.exec(text)?.[1];
    const units = 'its units are h, m, s and ms, as in duration("720h")';
    const hint = days === undefined ? units : `write duration("${Number(days) * 24}h")`;
    return `${JSON.stringify(text)} is not a duration; ${hint}`;
  }
}

function wrongPattern(pattern: string): string | undefined {
  try {
    patternFor(pattern);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

const patterns = new Map<string, RE2JS>();

/** CEL's patterns are RE2's: matching takes linear time. */
function patternFor(pattern: string): RE2JS {
  const known = patterns.get(pattern);
  if (known) return known;
  if (pattern.length > LONGEST_PATTERN)
    throw new Error(`the pattern is longer than ${LONGEST_PATTERN} characters`);
  try {
    const made = RE2JS.compile(pattern);
    patterns.set(pattern, made);
    return made;
  } catch (error) {
    const said = (error as Error).message.replace(/^error parsing regexp: /, '');
    throw new Error(`the pattern is not RE2: ${said}`);
  }
}

/** Of the evaluation that runs. */
let stepsLeft = 0;

class TooManySteps extends Error {}

function spend(steps: number): void {
  stepsLeft -= steps;
  if (stepsLeft < 0) throw new TooManySteps();
}

function sizeOf(value: unknown): number {
  if (typeof value === 'string' || value instanceof Uint8Array) return value.length >> 3;
  if (!Array.isArray(value)) return 0;
  let size = value.length;
  for (const item of value) if (typeof item === 'string') size += item.length >> 3;
  return size;
}

function inWords(summary: string): string {
  const [, operation] =
    /^(?:no such overload: |found no matching overload for ')(.+?)'?$/.exec(summary) ?? [];
  // It may quote a name, of any length.
  return (operation === undefined ? summary : `${operation} cannot be computed`).slice(0, LONGEST_ERROR);
}

/** Counts what each operation of a node costs before it runs. Every node computes with a `handle` that the check gave it. */
function limit(node: EngineNode): void {
  const { handle } = node;
  if (!handle) return;
  const own = replacementFor(node, handle) ?? handle;
  node.handle = (first, second, ...others) => {
    spend(1 + sizeOf(first) + sizeOf(second));
    return own(first, second, ...others);
  };
}

/**
 * Where cel-js differs from CEL: its patterns are JavaScript's, its timestamps may lack a zone, its sums of durations are
 * inexact, and its dates may be out of range.
 */
function replacementFor({ op, args }: EngineNode, own: Handle): Handle | undefined {
  const [name] = Array.isArray(args) ? args : [];
  if (op === '+' || op === '-')
    return (left, right, ...others) => sum(op, left, right, () => own(left, right, ...others));
  if (op === 'rcall' && name === 'matches') return (given) => matches(given as readonly [string, string]);
  if (op === 'call' && name === 'timestamp') return (given) => instantOf((given as readonly unknown[])[0]);
  return undefined;
}

function sum(sign: '+' | '-', left: unknown, right: unknown, otherwise: () => unknown): unknown {
  if (left instanceof Duration && right instanceof Duration) {
    const [a, b] = [nanosOf(left), nanosOf(right)];
    return durationOf(sign === '+' ? a + b : a - b);
  }
  if (left instanceof Date && right instanceof Date)
    return durationOf(BigInt(left.getTime() - right.getTime()) * 1_000_000n);
  const result = otherwise();
  if (result instanceof Date) refuseInvalid(result, 'the date');
  return result;
}

const NANOS = 1_000_000_000n;

function nanosOf({ seconds, nanos }: Duration): bigint {
  return seconds * NANOS + BigInt(nanos);
}

function durationOf(nanos: bigint): Duration {
  return new Duration(nanos / NANOS, Number(nanos % NANOS));
}

function matches([text, pattern]: readonly [string, string]): boolean {
  const compiled = patternFor(pattern);
  spend((text.length >> 3) * (compiled.programSize() >> 2));
  return compiled.matcher(text).find();
}

function instantOf(from: unknown): Date {
  if (from instanceof Date) return from;
  const instant = typeof from === 'string' ? parseInstant(from) : new Date(Number(from) * 1000);
  return refuseInvalid(instant, `${from}`);
}

function refuseInvalid(instant: Date | undefined, what: string): Date {
  if (instant === undefined || Number.isNaN(instant.getTime())) throw new Error(`${what} is not a timestamp`);
  return instant;
}

function evaluate(run: (context: never) => unknown, context: object): Result {
  stepsLeft = MOST_STEPS;
  try {
    return { value: run(context as never) };
  } catch (error) {
    if (error instanceof UnknownFact) return { missing: error };
    if (error instanceof TooManySteps || error instanceof RangeError)
      return { error: `it takes more than ${MOST_STEPS} steps`, ofNull: false };
    const { summary } = partsOf(error);
    return { error: inWords(plainTypes(summary)), ofNull: /\bnull\b/.test(summary) };
  }
}
