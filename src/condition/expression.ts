import { type ASTNode, Environment } from '@marcbachmann/cel-js';
import { certainlyMatches } from './pattern.js';

export type BinarySign =
  | '&&'
  | '||'
  | '=='
  | '!='
  | 'in'
  | '<'
  | '<='
  | '>'
  | '>='
  | '+'
  | '-'
  | '*'
  | '/'
  | '%';

/** A condition's syntax tree, with only what judging needs and without the parser's types. */
export type Expression =
  | { readonly op: 'value'; readonly value: unknown }
  | { readonly op: 'id'; readonly name: string }
  /** `of.key` and `of["key"]` alike. */
  | { readonly op: 'select'; readonly of: Expression; readonly key: Expression }
  | {
      readonly op: 'call';
      readonly name: string;
      readonly target: Expression | undefined;
      readonly args: readonly Expression[];
    }
  | { readonly op: 'list'; readonly items: readonly Expression[] }
  | { readonly op: 'map'; readonly entries: readonly (readonly [Expression, Expression])[] }
  | { readonly op: 'not' | 'minus'; readonly of: Expression }
  | { readonly op: 'if'; readonly test: Expression; readonly yes: Expression; readonly no: Expression }
  | {
      readonly op: 'binary';
      readonly sign: BinarySign;
      readonly left: Expression;
      readonly right: Expression;
    }
  /** Some element of a list in the token. */
  | { readonly op: 'element'; readonly name: string; readonly of: Expression };

export const value = (constant: unknown): Expression => ({ op: 'value', value: constant });

export function children(expression: Expression): readonly Expression[] {
  switch (expression.op) {
    case 'value':
    case 'id':
      return [];
    case 'select':
      return [expression.of, expression.key];
    case 'call':
      return expression.target ? [expression.target, ...expression.args] : expression.args;
    case 'list':
      return expression.items;
    case 'map':
      return expression.entries.flat();
    case 'if':
      return [expression.test, expression.yes, expression.no];
    case 'binary':
      return [expression.left, expression.right];
    default:
      return [expression.of];
  }
}

/** Macros that bind a variable: its name is their first argument. */
const BINDING = new Set(['exists', 'exists_one', 'all', 'map', 'filter', 'bind']);

/** The variable that a macro binds, else undefined. */
export function boundBy(expression: Expression): string | undefined {
  if (expression.op !== 'call' || !expression.target || !BINDING.has(expression.name)) return undefined;
  const [variable] = expression.args;
  return variable?.op === 'id' ? variable.name : undefined;
}

/** Replaces each free `name`. `by` must have no free variable except `claims`, so that none is captured. */
export function substitute(expression: Expression, name: string, by: Expression): Expression {
  const inside = (part: Expression) => substitute(part, name, by);
  switch (expression.op) {
    case 'value':
      return expression;
    case 'id':
      return expression.name === name ? by : expression;
    case 'select':
      return { op: 'select', of: inside(expression.of), key: inside(expression.key) };
    case 'call': {
      const target = expression.target && inside(expression.target);
      const [variable, ...rest] = expression.args;
      if (boundBy(expression) === undefined || !variable)
        return { ...expression, target, args: expression.args.map(inside) };
      if (boundBy(expression) !== name)
        return { ...expression, target, args: [variable, ...rest.map(inside)] };
      // The inner variable hides the outer one, except in the value that bind() gives it.
      const [held, ...body] = rest;
      const args = expression.name === 'bind' && held ? [variable, inside(held), ...body] : expression.args;
      return { ...expression, target, args };
    }
    case 'list':
      return { op: 'list', items: expression.items.map(inside) };
    case 'map':
      return {
        op: 'map',
        entries: expression.entries.map(([key, held]) => [inside(key), inside(held)] as const),
      };
    case 'if':
      return {
        op: 'if',
        test: inside(expression.test),
        yes: inside(expression.yes),
        no: inside(expression.no),
      };
    case 'binary':
      return { ...expression, left: inside(expression.left), right: inside(expression.right) };
    default:
      return { ...expression, of: inside(expression.of) };
  }
}

function fromSyntax(node: ASTNode): Expression {
  switch (node.op) {
    case 'value':
      return value(node.args);
    case 'id':
      return { op: 'id', name: node.args };
    case '.':
    case '.?':
      return { op: 'select', of: fromSyntax(node.args[0]), key: value(node.args[1]) };
    case '[]':
    case '[?]':
      return { op: 'select', of: fromSyntax(node.args[0]), key: fromSyntax(node.args[1]) };
    case 'call':
      return { op: 'call', name: node.args[0], target: undefined, args: node.args[1].map(fromSyntax) };
    case 'rcall':
      return {
        op: 'call',
        name: node.args[0],
        target: fromSyntax(node.args[1]),
        args: node.args[2].map(fromSyntax),
      };
    case 'list':
      return { op: 'list', items: node.args.map(fromSyntax) };
    case 'map':
      return {
        op: 'map',
        entries: node.args.map(([key, held]) => [fromSyntax(key), fromSyntax(held)] as const),
      };
    case '!_':
      return { op: 'not', of: fromSyntax(node.args) };
    case '-_':
      return { op: 'minus', of: fromSyntax(node.args) };
    case '?:': {
      const [test, yes, no] = node.args;
      return { op: 'if', test: fromSyntax(test), yes: fromSyntax(yes), no: fromSyntax(no) };
    }
    default:
      return {
        op: 'binary',
        sign: node.op,
        left: fromSyntax(node.args[0]),
        right: fromSyntax(node.args[1]),
      };
  }
}

/** Without recursion: a hostile tree may be deeper than the stack. */
function depthOf(root: ASTNode): number {
  let depth = 0;
  const queue: [unknown, number][] = [[root, 1]];
  for (let next = queue.pop(); next; next = queue.pop()) {
    const [node, level] = next;
    if (Array.isArray(node)) {
      for (const part of node) queue.push([part, level]);
    } else if (typeof node === 'object' && node !== null && 'op' in node && 'args' in node) {
      depth = Math.max(depth, level);
      queue.push([node.args, level + 1]);
    }
  }
  return depth;
}

const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** CEL source of a tree, on one line and in printable ASCII; parentheses wherever two operators meet. */
export function textOf(expression: Expression): string {
  switch (expression.op) {
    case 'value':
      return literal(expression.value);
    case 'id':
    case 'element':
      return expression.name;
    case 'select': {
      const { of, key } = expression;
      const plain = key.op === 'value' && typeof key.value === 'string' && NAME.test(key.value);
      return plain ? `${operand(of)}.${key.value}` : `${operand(of)}[${textOf(key)}]`;
    }
    case 'call': {
      const args = expression.args.map(textOf).join(', ');
      return `${expression.target ? `${operand(expression.target)}.` : ''}${expression.name}(${args})`;
    }
    case 'list':
      return `[${expression.items.map(textOf).join(', ')}]`;
    case 'map':
      return `{${expression.entries.map(([key, held]) => `${textOf(key)}: ${textOf(held)}`).join(', ')}}`;
    case 'not':
      return `!${operand(expression.of)}`;
    case 'minus':
      return `-${operand(expression.of)}`;
    case 'if':
      return `${operand(expression.test)} ? ${operand(expression.yes)} : ${operand(expression.no)}`;
    case 'binary': {
      const { sign, left, right } = expression;
      return `${side(left, sign)} ${sign} ${side(right, sign)}`;
    }
  }
}

const COMPARING = new Set(['==', '!=', 'in', '<', '<=', '>', '>=']);

/** An operand of && and || needs no parentheses if it is a comparison or has the same operator. */
function side(expression: Expression, sign: string): string {
  const logical = sign === '&&' || sign === '||';
  const clear = expression.op === 'binary' && (COMPARING.has(expression.sign) || expression.sign === sign);
  return logical && clear ? textOf(expression) : operand(expression);
}

function operand(expression: Expression): string {
  const bare = expression.op === 'binary' || expression.op === 'if' || expression.op === 'minus';
  return bare ? `(${textOf(expression)})` : textOf(expression);
}

function literal(constant: unknown): string {
  if (typeof constant === 'string') return quoted(constant);
  if (typeof constant === 'number') return /[.e]/.test(`${constant}`) ? `${constant}` : `${constant}.0`;
  if (constant instanceof Uint8Array)
    return `b"${[...constant].map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('')}"`;
  // Integers, booleans and null; unsigned integers have a suffix.
  return typeof constant === 'object' && constant !== null ? `${constant}u` : `${constant}`;
}

function quoted(text: string): string {
  let body = '';
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    if (character === '"' || character === '\\') body += `\\${character}`;
    else if (code >= 0x20 && code < 0x7f) body += character;
    else if (code <= 0xffff) body += `\\u${code.toString(16).padStart(4, '0')}`;
    else body += `\\U${code.toString(16).padStart(8, '0')}`;
  }
  return `"${body}"`;
}

export function brief(text: string, limit = 160): string {
  // Control and direction characters could rewrite the line they are shown in.
  const line = text
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s]+/gu, ' ')
    .toWellFormed()
    .trim();
  const characters = [...line];
  return characters.length <= limit ? line : `${characters.slice(0, limit - 1).join('')}…`;
}

/** ConductorOne accepts conditions of up to 1,024 bytes. Longer ones are judged too, so that padding hides nothing. */
const MAX_LENGTH = 1_000_000;
const MAX_NODES = 10_000;
const MAX_DEPTH = 500;

/** Functions of ConductorOne's CEL library that ours lacks: declared, never run. */
const DECLARED = [
  'url(string): dyn',
  'string.charAt(int): string',
  'string.format(list<dyn>): string',
  'string.replace(string, string): string',
  'string.replace(string, string, int): string',
  'string.reverse(): string',
];

/** What a condition may use: `claims`, CEL's own functions, and `url()` for SPIFFE ids. */
const environment = new Environment({
  // ConductorOne accepts lists of mixed types.
  homogeneousAggregateLiterals: false,
  enableOptionalTypes: true,
  limits: {
    maxAstNodes: MAX_NODES,
    maxDepth: MAX_DEPTH,
    maxListElements: MAX_NODES,
    maxMapEntries: MAX_NODES,
  },
}).registerVariable('claims', 'map<string, dyn>');
for (const signature of DECLARED)
  environment.registerFunction(signature, () => {
    throw new Error('conditions are judged, never run');
  });

/**
 * A tree; or why the text is not a condition, as a short sentence without a full stop; or that it is too large to read.
 */
type Parsed = { readonly tree: Expression } | { readonly problem: string } | { readonly tooLarge: true };

const TOO_LARGE = { tooLarge: true } as const;

/** Parses and type-checks a condition. Never throws, whatever the text. */
export function parseCondition(text: string): Parsed {
  if (text.length > MAX_LENGTH) return TOO_LARGE;
  try {
    const parsed = environment.parse(text);
    if (depthOf(parsed.ast) > MAX_DEPTH) return TOO_LARGE;
    const checked = parsed.check();
    if (!checked.valid) return refusal(checked.error);
    if (checked.type !== 'bool' && checked.type !== 'dyn')
      return { problem: `it is of type ${brief(`${checked.type}`, 40)}, not bool` };
    return { tree: fromSyntax(parsed.ast) };
  } catch (error) {
    return refusal(error);
  }
}

/** Deeply nested text overflows the stack. */
function refusal(error: unknown): Parsed {
  const limited = error instanceof Error && 'code' in error && error.code === 'limit_exceeded';
  return limited || error instanceof RangeError ? TOO_LARGE : { problem: brief(summaryOf(error)) };
}

/** The value of CEL source without claims, or undefined if it has none. */
function evaluateConstant(source: string): unknown {
  try {
    return environment.evaluate(source);
  } catch {
    return undefined;
  }
}

/** The parser's message without the excerpt of the source below it. */
function summaryOf(error: unknown): string {
  if (error instanceof Error && 'summary' in error && typeof error.summary === 'string') return error.summary;
  return error instanceof Error ? error.message : 'it cannot be read';
}

/** Functions that the library computes exactly as ConductorOne does, in a time that is linear in their operands. */
const FOLDED = new Set(
  'size startsWith endsWith contains lowerAscii upperAscii trim string int uint double bool dyn split join'.split(
    ' ',
  ),
);

const constants = new WeakMap<Expression, boolean>();

/** Whether an expression has the same value for every token. */
export function isConstant(expression: Expression): boolean {
  const before = constants.get(expression);
  if (before !== undefined) return before;
  const free = expression.op === 'element' || (expression.op === 'id' && expression.name === 'claims');
  const constant = !free && children(expression).every(isConstant);
  constants.set(expression, constant);
  return constant;
}

/** The value of a constant expression; undefined if it depends on claims, fails, or is not computed here. */
export function constantOf(expression: Expression): unknown {
  if (expression.op === 'value') return expression.value;
  return isConstant(expression) && isFolded(expression) ? evaluateConstant(textOf(expression)) : undefined;
}

/** A constant with more parts is not evaluated, because it could take long. */
const MOST_TRIED = 100;

/**
 * Whether the library evaluates a constant that is not folded to true. ConductorOne may differ in details, but such a
 * condition cannot be shown to keep anyone out.
 */
export function seemsTrue(expression: Expression): boolean {
  if (!isConstant(expression)) return false;
  if (expression.op === 'call' && expression.name === 'matches' && expression.target) {
    const [pattern, text] = [expression.args[0], expression.target].map((part) => part && constantOf(part));
    return typeof pattern === 'string' && typeof text === 'string' && certainlyMatches(pattern, text);
  }
  const { parts, macros, matches } = contentsOf(expression);
  // Patterns are never run, and the cost of nested macros multiplies.
  return parts <= MOST_TRIED && macros <= 1 && !matches && evaluateConstant(textOf(expression)) === true;
}

function contentsOf(expression: Expression): { parts: number; macros: number; matches: boolean } {
  const all = { parts: 0, macros: 0, matches: false };
  const queue = [expression];
  for (let next = queue.pop(); next; next = queue.pop()) {
    all.parts += 1;
    if (boundBy(next) !== undefined) all.macros += 1;
    if (next.op === 'call' && next.name === 'matches') all.matches = true;
    queue.push(...children(next));
  }
  return all;
}

function isFolded(expression: Expression): boolean {
  // The library drops some keys of map literals; a name is a type here.
  if (expression.op === 'map' || expression.op === 'id') return false;
  if (expression.op === 'call' && !FOLDED.has(expression.name)) return false;
  return children(expression).every(isFolded);
}
