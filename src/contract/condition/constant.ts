import type { Expression } from './expression.js';
import { children } from './expression.js';
import { evaluateConstant } from './parse.js';
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

function isFolded(expression: Expression): boolean {
  // The library drops some keys of map literals; names stand for types here.
  if (expression.op === 'map' || expression.op === 'id') return false;
  if (expression.op === 'call' && !FOLDED.has(expression.name)) return false;
  return children(expression).every(isFolded);
}
