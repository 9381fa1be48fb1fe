import { didYouMean } from '../config/problem.js';
import {
  FACT_KINDS,
  type FactName,
  hasFact,
  type Kind,
  kindName,
  type OptionSpecs,
} from '../contract/index.js';
import { FACT_TYPES, type FactType, factsOf } from './facts.js';

/** What an expression may refer to. */
export interface Scope {
  readonly kinds: readonly Kind[];
  readonly options: OptionSpecs;
  /** In a message, facts are written without `credential.` too. */
  readonly bareFacts: boolean;
}

/** Why a text is not a usable expression. */
export interface Mistake {
  readonly message: string;
  /** The part of the text that it is about. */
  readonly part: string;
}

/** The engine's nodes as they are; its types describe only what the parser makes. */
export interface EngineNode {
  readonly op: string;
  readonly args: unknown;
  readonly start: number;
  readonly end: number;
  readonly input: string;
  readonly meta?: { readonly alternate?: unknown; readonly macro?: Macro };
  handle?: Handle;
}

interface Macro {
  readonly args: readonly unknown[];
  typeCheck: (checker: Checker, macro: Macro, context: unknown) => unknown;
}

interface Checker {
  readonly check: (node: unknown, context: unknown) => unknown;
}

export type Handle = (...given: unknown[]) => unknown;

export function isNode(value: unknown): value is EngineNode {
  return typeof value === 'object' && value !== null && 'op' in value && 'meta' in value;
}

export function textOf({ input, start, end }: EngineNode): string {
  return input.slice(start, end);
}

export const TIMESTAMP = 'google.protobuf.Timestamp';
export const DURATION = 'google.protobuf.Duration';

/** Type names as people write them. */
export function plainTypes(text: string): string {
  return text
    .replace(/\bdyn<((?:[^<>]|<[^<>]*>)*)>/g, '$1')
    .replaceAll(TIMESTAMP, 'timestamp')
    .replaceAll(DURATION, 'duration');
}

/** What the engine says about a mistake. */
export function partsOf(error: unknown) {
  const {
    code = '',
    summary,
    message,
    node,
    range,
  } = error as {
    readonly code?: string;
    readonly summary?: string;
    readonly message?: string;
    readonly node?: EngineNode & { readonly input?: string };
    readonly range?: { readonly start: number; readonly end: number };
  };
  const part = node?.input !== undefined && range ? node.input.slice(range.start, range.end) : '';
  return { code, summary: summary ?? message ?? String(error), node, part };
}

/** The engine's mistake in the words of a rule's author, with the most likely remedy. */
export function explain(error: unknown, scope: Scope, functions: ReadonlySet<string>): Mistake {
  if (error instanceof RangeError) return { message: 'is nested too deep', part: '' };
  const { code, summary, node, part } = partsOf(error);
  switch (code) {
    case 'limit_exceeded':
      return { message: `is too large: ${summary.replace(/^Exceeded /, '')}`, part: '' };
    case 'unknown_variable':
      return { message: unknownVariable(part, scope), part };
    case 'no_such_key':
      return { message: unknownKey(node, scope), part };
    case 'no_such_overload':
      return { message: wrongTypes(node, plainTypes(summary)), part };
    case 'no_matching_overload':
      return { message: unknownFunction(node, plainTypes(summary), functions), part };
    default:
      return { message: plainTypes(summary).replace(/^[A-Z]/, (letter) => letter.toLowerCase()), part };
  }
}

function unknownVariable(name: string, { kinds, options, bareFacts }: Scope): string {
  const facts = factsOf(kinds);
  if (name === 'options') return 'the rule has no options';
  if (!bareFacts && facts.includes(name as FactName))
    return `there is no variable ${name}; write credential.${name}`;
  if (Object.hasOwn(FACT_KINDS, name)) return missingFact(name as FactName, kinds);
  const known = [
    'credential',
    'now',
    ...(Object.keys(options).length > 0 ? ['options'] : []),
    ...(bareFacts ? facts : []),
  ];
  return `there is no variable ${name}${didYouMean(name, known)}`;
}

function missingFact(fact: FactName, kinds: readonly Kind[]): string {
  const without = kinds.filter((kind) => !hasFact(kind, fact));
  return `${without.join(', ')} has no ${fact}: drop the kind or the fact`;
}

function unknownKey(node: EngineNode | undefined, { kinds, options }: Scope): string {
  const [of, named] = (node?.args ?? []) as readonly [
    EngineNode & { checkedType?: { name: string } },
    unknown,
  ];
  const key = isNode(named) ? `${named.args}` : `${named}`;
  const type = of?.checkedType?.name ?? '';
  if (type === 'Options') return `the rule has no option ${key}${didYouMean(key, Object.keys(options))}`;
  if (type !== 'Credential')
    return `${of ? textOf(of) : 'it'} has no ${key}${didYouMean(key, fieldsOf(type))}`;
  if (Object.hasOwn(FACT_KINDS, key)) return missingFact(key as FactName, kinds);
  const subject = kinds.length === 1 && kinds[0] ? `a ${kindName(kinds[0])}` : 'a credential of these kinds';
  return `${subject} has no fact ${key}${didYouMean(key, [...factsOf(kinds), 'kind'])}`;
}

function fieldsOf(name: string): string[] {
  const queue: FactType[] = Object.values(FACT_TYPES).map(({ type }) => type);
  for (let next = queue.pop(); next; next = queue.pop()) {
    if (next.name === name) return Object.keys(next.fields ?? {});
    queue.push(...(next.of ? [next.of] : []), ...Object.values(next.fields ?? {}));
  }
  return [];
}

function wrongTypes(node: EngineNode | undefined, summary: string): string {
  const [, unary] = /^no such overload: ([!-]\S.*)$/.exec(summary) ?? [];
  if (unary !== undefined)
    return `${unary} does not work: ${unary.startsWith('!') ? '! takes true or false' : '- takes a number'}`;
  const [, left = '', sign = '', right = ''] = /^no such overload: (.+) (\S+) (.+)$/.exec(summary) ?? [];
  const [first, second] = Array.isArray(node?.args) ? (node.args as EngineNode[]) : [];
  const hints = REMEDIES.map(([type, remedy]) => {
    const [own, other] = left === type ? [first, second] : right === type ? [second, first] : [];
    return own && other && remedy({ own: textOf(own), other, type: left === type ? right : left }, sign);
  });
  const hint = hints.find((found) => found);
  const said = sign === '' ? summary : `${left} ${sign} ${right} does not work`;
  return hint ? `${said}: ${hint}` : said;
}

/** One side of a comparison or calculation as written, and the other one with its type. */
interface Side {
  readonly own: string;
  readonly other: EngineNode;
  readonly type: string;
}

const NUMBERS: ReadonlySet<string> = new Set(['int', 'uint', 'double']);

/** What people mean by a side of some type beside one of another type that does not work; the first that fits. */
const REMEDIES: readonly (readonly [string, (side: Side, sign: string) => string | false | undefined])[] = [
  [
    'duration',
    ({ own, other, type }) => {
      const days = other.op === 'value' ? Number(other.args) : 30;
      const written = `write duration("${days * 24}h") for ${days} days`;
      return NUMBERS.has(type) && `${written}, or count whole days with days(${own})`;
    },
  ],
  [
    'timestamp',
    ({ own, type }, sign) =>
      type === 'duration' &&
      sign !== '-' &&
      `a point in time is not a length of time; subtract first, as in now - ${own}`,
  ],
  ['string', ({ type }) => type === 'timestamp' && 'write timestamp("2026-01-31T00:00:00Z")'],
  ['string', ({ type }) => type === 'duration' && 'write duration("720h")'],
  [
    'timestamp',
    ({ type }) =>
      NUMBERS.has(type) && 'compare it with timestamp("2026-01-31T00:00:00Z"), or subtract it from now',
  ],
  ['null', ({ other }) => `${textOf(other)} is never null`],
  [
    'string',
    ({ own, other, type }) => type.startsWith('list<') && `write ${own} in ${textOf(other)}, or use exists()`,
  ],
];

/** Macros and functions that people are likely to mean. */
function unknownFunction(node: EngineNode | undefined, summary: string, names: ReadonlySet<string>): string {
  const name = Array.isArray(node?.args) ? `${node.args[0]}` : '';
  if (names.has(name)) {
    const types = summary.replace(/^found no matching overload for/, 'no function takes these types:');
    return name === 'contains' && types.includes("'list")
      ? `${types}; use exists(), or in for a list of texts`
      : types;
  }
  return `there is no function ${name}()${didYouMean(name, names)}`;
}
