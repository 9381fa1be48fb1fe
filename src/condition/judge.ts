import type { ConditionVerdict } from '../contract/rule.js';
import {
  type BinarySign,
  boundBy,
  brief,
  children,
  constantOf,
  type Expression,
  isConstant,
  parseCondition,
  seemsTrue,
  substitute,
  textOf,
  value,
} from './expression.js';
import {
  type Admission,
  admission,
  both,
  type Claim,
  claimOf,
  containsStrength,
  either,
  equalityStrength,
  everybody,
  memberOf,
  nobody,
  patternStrength,
  prefixStrength,
  type Rank,
  rankOrder,
  type Strength,
  strength,
  type ValueSet,
} from './strength.js';

/** The tokens for which a boolean expression is true, and those for which it is false. An error is neither. */
interface Judged {
  readonly holds: Admission;
  readonly fails: Admission;
}

/** Conditions that people write expand into fewer parts. Each side of && and || may have as many. */
const MAX_PARTS = 20_000;
/** All sides together. */
const MAX_TOTAL = 60_000;

/** The condition expands into more parts than are judged. */
class TooManyParts extends Error {}

const ANYONE = strength('anyone');

type Binary = Extract<Expression, { op: 'binary' }>;
type Call = Extract<Expression, { op: 'call' }>;

/**
 * Judges a condition by what it admits, without running it: a test by the claim it looks at, `&&` by its tighter side, `||`
 * by its looser one. The result never admits less than the condition does.
 *
 * A test that cannot be decoded (such as one on a part of `sub`) counts as `undecoded`. Judging with both extremes shows
 * whether it matters.
 */
class Judge {
  readonly #undecoded: 'never' | 'anyone';
  #parts = 0;
  #total = 0;
  #puzzle: Expression | undefined;

  constructor(undecoded: 'never' | 'anyone') {
    this.#undecoded = undecoded;
  }

  /** The first part that could not be decoded. */
  get puzzle(): Expression | undefined {
    return this.#puzzle;
  }

  /** @throws TooManyParts */
  judge(expression: Expression): Judged {
    this.#count(1);
    const constant = constantOf(expression);
    if (typeof constant === 'boolean') return fixed(constant, expression);
    switch (expression.op) {
      case 'not':
        return inverted(this.judge(expression.of));
      case 'if':
        return choice(
          this.judge(expression.test),
          this.judge(expression.yes),
          this.judge(expression.no),
          expression,
        );
      case 'binary':
        return this.#binary(expression);
      case 'call':
        return this.#call(expression);
      case 'select':
      case 'element':
        return claimOf(expression) ? test(expression, ANYONE) : this.#other(expression);
      default:
        return this.#other(expression);
    }
  }

  #binary(expression: Binary): Judged {
    const { sign, left, right } = expression;
    switch (sign) {
      case '&&':
        return and(this.#side(left), this.#side(right), expression);
      case '||':
        return inverted(and(inverted(this.#side(left)), inverted(this.#side(right)), not(expression)));
      case '==':
        return this.#equality(left, right, expression);
      case '!=':
        return inverted(this.#equality(left, right, { ...expression, sign: '==' }));
      case 'in':
        return this.#membership(left, right, expression);
      default:
        // A range of texts or numbers names nobody.
        return isPlain(left) && isPlain(right) && !isConstant(expression)
          ? test(expression, ANYONE)
          : this.#other(expression);
    }
  }

  /** A side that expands too far is undecodable, but the other side is still judged. */
  #side(expression: Expression): Judged {
    const parts = this.#parts;
    try {
      return this.judge(expression);
    } catch (error) {
      if (!(error instanceof TooManyParts) || this.#total > MAX_TOTAL) throw error;
      this.#parts = parts;
      return this.#undecodable(expression);
    }
  }

  #equality(left: Expression, right: Expression, expression: Binary): Judged {
    const [bare, other] = [this.#unbound(left), this.#unbound(right)];
    if (bare !== left || other !== right)
      return this.#equality(bare, other, { ...expression, left: bare, right: other });
    if (left.op === 'if') return this.judge(distributed(left, (branch) => ({ ...expression, left: branch })));
    if (right.op === 'if')
      return this.judge(distributed(right, (branch) => ({ ...expression, right: branch })));
    if (isBoolean(left) || isBoolean(right)) {
      const same = this.judge(right);
      return choice(this.judge(left), same, inverted(same), expression);
    }
    const claim = claimOf(left);
    const otherClaim = claimOf(right);
    // Two claims may be equal in a stranger's token; a claim always equals itself.
    if ((claim && otherClaim) || (!isConstant(expression) && textOf(left) === textOf(right)))
      return test(expression, ANYONE);
    if (otherClaim) return this.#equality(right, left, expression);
    if (claim && isConstant(right)) return this.#claimEquals(claim, left, right, expression);
    const text = constantOf(right) ?? constantOf(left);
    return this.#negatable(expression, text, { ...expression, sign: '!=' });
  }

  #claimEquals(claim: Claim, left: Expression, right: Expression, expression: Binary): Judged {
    const constant = constantOf(right);
    if (constant === undefined) return this.#other(expression);
    const how = equalityStrength(claim.kind, constant);
    const member = memberOf(constant);
    const unequal: Expression = { ...expression, sign: '!=' };
    if (member === undefined) return { holds: admission(how, expression), fails: admission(ANYONE, unequal) };
    const known = (values: ValueSet) => new Map([[textOf(left), values]]);
    return {
      holds: admission(how, expression, known({ only: new Set([member]) })),
      fails: admission(ANYONE, unequal, known({ not: new Set([member]) })),
    };
  }

  #membership(sought: Expression, range: Expression, expression: Binary): Judged {
    const items = itemsOf(range);
    if (items) {
      const equals = (item: Expression) =>
        this.judge({ op: 'binary', sign: '==', left: sought, right: item });
      return this.#anyOf(items, equals, expression) ?? nothingIn(expression);
    }
    // The token decides what its own lists contain, and `"x" in claims` only tests whether a claim exists.
    const filledByToken = claimOf(range) !== undefined || (range.op === 'id' && range.name === 'claims');
    return filledByToken && isPlain(sought) ? test(expression, ANYONE) : this.#other(expression);
  }

  #call(expression: Call): Judged {
    const { name, target, args } = expression;
    const [first, second] = args;
    if (boundBy(expression) !== undefined && target && first && second)
      return this.#macro(expression, target);
    if (target && first && TEXT_TESTS.has(name)) return this.#textTest(expression, target, first);
    if (!target && first && (name === 'dyn' || name === 'bool') && isBoolean(first)) return this.judge(first);
    // has(), and whatever does not depend on who holds the token.
    return this.#other(expression);
  }

  #textTest(expression: Call, target: Expression, argument: Expression): Judged {
    const claim = claimOf(target);
    if (!claim) return this.#negatable(expression, constantOf(argument), not(expression));
    if (claim.kind === undefined || claimOf(argument)) return test(expression, ANYONE);
    const text = constantOf(argument);
    if (typeof text !== 'string') return this.#other(expression);
    if (text === '' && expression.name !== 'matches')
      return { holds: admission(ANYONE, expression), fails: nobody(not(expression)) };
    switch (expression.name) {
      case 'startsWith':
        return test(expression, prefixStrength(claim.kind, text));
      case 'contains':
        return test(expression, containsStrength(claim.kind, text));
      case 'matches': {
        const how = patternStrength(claim.kind, text);
        return how ? test(expression, how) : this.#undecodable(expression);
      }
      default:
        // Whoever registers a name chooses its end.
        return test(expression, ANYONE);
    }
  }

  #macro(expression: Call, range: Expression): Judged {
    const [variable, predicate, body] = expression.args;
    const name = boundBy(expression);
    if (!variable || !predicate || name === undefined) return this.#other(expression);
    if (expression.name === 'bind') return this.judge(this.#unbound(expression));
    if (!QUANTIFIERS.has(expression.name) || body) return this.#other(expression);
    const judge = (item: Expression) => this.#inside(predicate, name, item);
    const items = itemsOf(range);
    const universal = expression.name === 'all';
    if (items) {
      if (items.length === 0) return fixed(universal, expression);
      if (universal) {
        const negated = (item: Expression) => inverted(judge(item));
        return inverted(this.#anyOf(items, negated, not(expression)) ?? nothingIn(expression));
      }
      const some = this.#anyOf(items, judge, expression) ?? nothingIn(expression);
      if (expression.name === 'exists') return some;
      return { holds: some.holds, fails: admission(ANYONE, not(expression)) };
    }
    // The token decides what is in the list: exists() needs one element, and all() is true for an empty list.
    const { holds, fails } = judge({ op: 'element', name, of: range });
    const someElement = (one: Admission, whole: Expression) =>
      both({ ...one, known: new Map() }, admission(ANYONE, whole), whole);
    if (universal)
      return { holds: admission(ANYONE, expression), fails: someElement(fails, not(expression)) };
    return { holds: someElement(holds, expression), fails: admission(ANYONE, not(expression)) };
  }

  #inside(body: Expression, name: string, by: Expression): Judged {
    return this.judge(this.#substituted(body, name, by));
  }

  /** The body of `cel.bind(name, held, body)` with `held` in place of `name`. */
  #unbound(expression: Expression): Expression {
    const name = boundBy(expression);
    if (expression.op !== 'call' || expression.name !== 'bind' || name === undefined) return expression;
    const [, held, body] = expression.args;
    return held && body ? this.#unbound(this.#substituted(body, name, held)) : expression;
  }

  #substituted(body: Expression, name: string, by: Expression): Expression {
    this.#count(sizeOf(body));
    return substitute(body, name, by);
  }

  #anyOf(
    items: readonly Expression[],
    judge: (item: Expression) => Judged,
    whole: Expression,
  ): Judged | undefined {
    let all: Judged | undefined;
    for (const item of items) {
      const one = judge(item);
      all = all ? inverted(and(inverted(all), inverted(one), not(whole))) : one;
    }
    return all;
  }

  /** Any other test: it names nobody, unless it uses a naming claim in some other way. */
  #other(expression: Expression): Judged {
    return isConstant(expression) || usesName(expression)
      ? this.#undecodable(expression)
      : test(expression, ANYONE);
  }

  /** A test against a text: its negation (not equal, does not contain) names nobody. */
  #negatable(expression: Expression, text: unknown, negated: Expression): Judged {
    const judged = this.#other(expression);
    if (typeof text !== 'string' || isConstant(expression)) return judged;
    return { holds: judged.holds, fails: admission(ANYONE, negated) };
  }

  #undecodable(expression: Expression): Judged {
    if (seemsTrue(expression)) return fixed(true, expression);
    this.#puzzle ??= expression;
    const guess = admission(strength(this.#undecoded, this.#undecoded === 'never'), expression);
    return { holds: guess, fails: guess };
  }

  #count(parts: number): void {
    this.#parts += parts;
    this.#total += parts;
    if (this.#parts > MAX_PARTS || this.#total > MAX_TOTAL) throw new TooManyParts();
  }
}

const TEXT_TESTS = new Set(['startsWith', 'endsWith', 'contains', 'matches']);
const QUANTIFIERS = new Set(['exists', 'exists_one', 'all']);
const COMPARISONS: ReadonlySet<BinarySign> = new Set(['&&', '||', '==', '!=', 'in', '<', '<=', '>', '>=']);

function isBoolean(expression: Expression): boolean {
  switch (expression.op) {
    case 'value':
      return typeof expression.value === 'boolean';
    case 'not':
      return true;
    case 'if':
      return isBoolean(expression.yes) && isBoolean(expression.no);
    case 'binary':
      return COMPARISONS.has(expression.sign);
    case 'call':
      return (
        TEXT_TESTS.has(expression.name) ||
        QUANTIFIERS.has(expression.name) ||
        ['has', 'bool'].includes(expression.name)
      );
    default:
      return false;
  }
}

/** Whether an operand is an unchanged claim or a constant. */
function isPlain(expression: Expression): boolean {
  return claimOf(expression) !== undefined || isConstant(expression);
}

/** Whether the value of an expression depends on a naming claim, or on the claims as a whole. */
function usesName(expression: Expression): boolean {
  // A claim's length, type or presence names nobody.
  if (expression.op === 'call' && ['size', 'type', 'has'].includes(expression.name)) return false;
  if (expression.op === 'id') return expression.name === 'claims';
  const claim = claimOf(expression);
  return claim ? claim.kind !== undefined : children(expression).some(usesName);
}

/** The items of a literal list, or the keys of a literal map. */
function itemsOf(range: Expression): readonly Expression[] | undefined {
  if (range.op === 'list') return range.items;
  if (range.op === 'map') return range.entries.map(([key]) => key);
  const constant = constantOf(range);
  return Array.isArray(constant) ? constant.map(value) : undefined;
}

function distributed(
  choices: Extract<Expression, { op: 'if' }>,
  rest: (branch: Expression) => Expression,
): Expression {
  return { ...choices, yes: rest(choices.yes), no: rest(choices.no) };
}

/** A test with an outcome that is the same wherever it appears in the condition. */
function test(expression: Expression, how: Strength): Judged {
  const known = (outcome: 'true' | 'false') => new Map([[textOf(expression), { only: new Set([outcome]) }]]);
  return {
    holds: admission(how, expression, known('true')),
    fails: admission(ANYONE, not(expression), known('false')),
  };
}

function fixed(constant: boolean, expression: Expression): Judged {
  return constant
    ? { holds: everybody(expression), fails: nobody(not(expression)) }
    : { holds: nobody(expression), fails: everybody(not(expression)) };
}

function nothingIn(expression: Expression): Judged {
  return { holds: nobody(expression), fails: admission(ANYONE, not(expression)) };
}

function inverted({ holds, fails }: Judged): Judged {
  return { holds: fails, fails: holds };
}

function and(a: Judged, b: Judged, whole: Expression): Judged {
  return { holds: both(a.holds, b.holds, whole), fails: either(a.fails, b.fails) };
}

/** `asked ? yes : no` */
function choice(asked: Judged, yes: Judged, no: Judged, whole: Expression): Judged {
  return {
    holds: either(both(asked.holds, yes.holds, whole), both(asked.fails, no.holds, whole)),
    fails: either(both(asked.holds, yes.fails, not(whole)), both(asked.fails, no.fails, not(whole))),
  };
}

function not(expression: Expression): Expression {
  return expression.op === 'not' ? expression.of : { op: 'not', of: expression };
}

function sizeOf(expression: Expression): number {
  let size = 0;
  const queue = [expression];
  for (let next = queue.pop(); next; next = queue.pop()) {
    size++;
    queue.push(...children(next));
  }
  return size;
}

/** Why a text is not a condition. */
export interface UnjudgedCondition {
  readonly unknown: { readonly reason: string; readonly cure: string };
}

/**
 * Judges the CEL condition of a federation trust by whom it admits. Never runs the condition and never throws.
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
