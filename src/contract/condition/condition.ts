import type { Rank } from './admission.js';
import { rankOrder } from './admission.js';
import { claimOf } from './claims.js';
import type { Expression } from './expression.js';
import { Judge, TooManyParts } from './judge.js';
import { parseCondition } from './parse.js';
import { brief, textOf } from './text.js';

/**
 * How much a condition admits, and by which part of it, on one line (`''`: it is empty). `undecided`: it may be true for
 * tokens that it does not name.
 */
export interface ConditionVerdict {
  readonly admits: Rank | 'undecided';
  readonly part: string;
}

/** Why a text is not a condition. */
export interface UnjudgedCondition {
  readonly unknown: { readonly reason: string; readonly cure: string };
}

/**
 * Judges the CEL condition of a federation trust by whom it admits. It never runs the condition, and never throws,
 * whatever the text.
 */
export function judgeCondition(text: string): ConditionVerdict | UnjudgedCondition {
  if (text.trim() === '') return { admits: 'always', part: '' };
  const parsed = parseCondition(text);
  if ('problem' in parsed) return unreadable(parsed.problem);
  if ('tooLarge' in parsed) return { admits: 'undecided', part: brief(text) };
  try {
    return judgeTree(parsed.tree);
  } catch (error) {
    if (error instanceof TooManyParts || error instanceof RangeError)
      return { admits: 'undecided', part: brief(text) };
    throw error;
  }
}

function judgeTree(tree: Expression): ConditionVerdict | UnjudgedCondition {
  if (claimOf(tree)?.kind !== undefined) return unreadable('it is the text of a claim, not a bool');
  const judge = new Judge('anyone');
  const atMost = judge.judge(tree).holds;
  const verdict = ({ rank, because }: typeof atMost) => ({ admits: rank, part: brief(textOf(because)) });
  if (!judge.puzzle || !isLoose(atMost.rank)) return verdict(atMost);
  const atLeast = new Judge('never').judge(tree).holds;
  return isLoose(atLeast.rank)
    ? verdict(atLeast)
    : { admits: 'undecided', part: brief(textOf(judge.puzzle)) };
}

function isLoose(rank: Rank): boolean {
  return rankOrder(rank) > rankOrder('named');
}

function unreadable(problem: string): UnjudgedCondition {
  return {
    unknown: {
      reason: `the trust's condition cannot be read: ${problem}`,
      cure: 'Correct the condition; ConductorOne can test it against sample claims.',
    },
  };
}
