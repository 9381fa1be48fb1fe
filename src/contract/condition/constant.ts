import type { Expression } from './expression.js';
import { boundBy, children } from './expression.js';
import { evaluateConstant } from './parse.js';
import { certainlyMatches } from './pattern.js';
import { textOf } from './text.js';

/** Functions that the library computes exactly as the service does, in a time that grows with their operands. */
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

/** The value of a constant expression; undefined for one that depends on claims, fails, or is not computed here. */
export function constantOf(expression: Expression): unknown {
  if (expression.op === 'value') return expression.value;
  return isConstant(expression) && isFolded(expression) ? evaluateConstant(textOf(expression)) : undefined;
}

/** Parts beyond which a constant is not tried: it could be made to take long. */
const MOST_TRIED = 100;

/**
 * Whether a constant that is not folded comes out true in the library. The service may differ in details, but then nobody
 * can show that such a condition keeps anyone out.
 */
export function seemsTrue(expression: Expression): boolean {
  if (!isConstant(expression)) return false;
  if (expression.op === 'call' && expression.name === 'matches' && expression.target) {
    const [pattern, text] = [expression.args[0], expression.target].map((part) => part && constantOf(part));
    return typeof pattern === 'string' && typeof text === 'string' && certainlyMatches(pattern, text);
  }
  const { parts, macros, matches } = contentsOf(expression);
  // Patterns are never run, and macros within macros multiply.
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
  // The library drops some keys of map literals; names stand for types here.
  if (expression.op === 'map' || expression.op === 'id') return false;
  if (expression.op === 'call' && !FOLDED.has(expression.name)) return false;
  return children(expression).every(isFolded);
}
