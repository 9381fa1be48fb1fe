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

/** A condition's syntax tree, cut down to what judging needs and free of the parser's own state and types. */
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
  /** Any one element of a list that only the token knows. */
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

/** `expression` with each free `name` replaced. `by` must hold no free variable but `claims`, so none is captured. */
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
      if (boundBy(expression) === undefined || !variable) {
        return { ...expression, target, args: expression.args.map(inside) };
      }
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
