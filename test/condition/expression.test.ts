import { describe, expect, test } from '@jest/globals';
import {
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
} from '../../src/condition/expression.js';

function tree(source: string): Expression {
  const parsed = parseCondition(source);
  if ('tree' in parsed) return parsed.tree;
  throw new Error(`${source}: ${'problem' in parsed ? parsed.problem : 'too large'}`);
}

describe('the text of a condition', () => {
  test.each([
    'claims.sub == "repo:acme/infra"',
    'claims["https://sts.amazonaws.com/"].aws_account == "1"',
    'claims["1a"] == "x"',
    'claims["a b"] == "x"',
    'claims[claims.sub] == "x"',
    'claims.groups[0] == "x"',
    'claims.flags[true] == "x"',
    'claims.a == "x" && claims.b != "y" && claims.c in ["z"]',
    'claims.a < 1 || claims.b <= 1 || claims.c > 1 || claims.d >= 1',
    '(claims.a || claims.b) && (claims.c || claims.d)',
    '(claims.a && claims.b) || claims.c',
    '(claims.a + "x") == "y"',
    'claims.a && (claims.b ? true : false)',
    'claims.a ? claims.b : claims.c',
    '(claims.a == "x") ? (claims.b == "y") : (claims.c == "z")',
    '(-int(claims.a)) < 1',
    '!(claims.a && claims.b)',
    '!claims.a',
    'size(claims.a) == 1',
    'claims.a.startsWith("x")',
    '(claims.a + "x").startsWith("x")',
    'claims.a.replace("a", "b", 1) == "c"',
    'claims.a.exists(x, x == "b")',
    '{"a": 1, "b": 2}.a == 1',
    'claims.a in [1, 2.5, 3.0, 4u, null, true, 1e+21, -7]',
    'claims.a == b"\\x01\\xff"',
  ])('%s can be written as it was read', (source) => {
    expect(textOf(tree(source)).replaceAll('-7', '(-7)')).toBe(source.replaceAll('-7', '(-7)'));
  });

  test.each([
    ['"', '\\"'],
    ['\\', '\\\\'],
    [' ~', ' ~'],
    ['\u007f', '\\u007f'],
    ['\n', '\\u000a'],
    ['é', '\\u00e9'],
    ['\uffff', '\\uffff'],
    ['\u{10000}', '\\U00010000'],
    ['😀', '\\U0001f600'],
  ])('quotes %j in printable ASCII', (character, quoted) => {
    expect(textOf(value(`a${character}b`))).toBe(`"a${quoted}b"`);
    expect(constantOf(tree(`${textOf(value(character))} + "" == claims.a`))).toBeUndefined();
  });

  test('of an element is its name', () => {
    expect(textOf({ op: 'element', name: 'x', of: value('a') })).toBe('x');
  });
});

describe('what an expression consists of', () => {
  const names = (source: string) => children(tree(source)).map(textOf);

  test.each([
    ['claims.sub', ['claims', '"sub"']],
    ['claims[?"sub"].orValue("") == "x"', ['claims.sub.orValue("")', '"x"']],
    ['claims.?sub.orValue("") == "x"', ['claims.sub.orValue("")', '"x"']],
    ['size(claims.a) == 1', ['size(claims.a)', '1']],
    ['claims.a.startsWith("x")', ['claims.a', '"x"']],
    ['bool("true")', ['"true"']],
    ['claims.a ? claims.b : claims.c', ['claims.a', 'claims.b', 'claims.c']],
    ['!claims.a', ['claims.a']],
  ])('%s', (source, parts) => {
    expect(names(source)).toEqual(parts);
  });

  test('lists, maps, elements and constants', () => {
    const [a, b] = [value('a'), value('b')];
    expect(children({ op: 'list', items: [a, b] })).toEqual([a, b]);
    expect(children({ op: 'map', entries: [[a, b]] })).toEqual([a, b]);
    expect(children({ op: 'element', name: 'x', of: a })).toEqual([a]);
    expect(children(a)).toEqual([]);
    expect(children({ op: 'id', name: 'claims' })).toEqual([]);
  });
});

describe('the variable that a macro binds', () => {
  test.each([
    ['claims.a.exists(x, x == "b")', 'x'],
    ['claims.a.exists_one(x, x == "b")', 'x'],
    ['claims.a.all(y, y == "b")', 'y'],
    ['claims.a.map(x, x) == [1]', undefined],
    ['cel.bind(x, claims.a, x == "b")', 'x'],
    ['claims.a.startsWith(claims.b)', undefined],
    ['size(claims) == 1', undefined],
    ['claims.a', undefined],
  ])('%s: %s', (source, name) => {
    expect(boundBy(tree(source))).toBe(name);
  });

  test('is none without a target, without arguments, or where a constant is in its place', () => {
    const x: Expression = { op: 'id', name: 'x' };
    const call = (over: object): Expression =>
      ({ op: 'call', name: 'map', target: x, args: [x, x], ...over }) as Expression;
    expect(boundBy(call({}))).toBe('x');
    expect(boundBy(call({ name: 'filter' }))).toBe('x');
    expect(boundBy(call({ target: undefined }))).toBeUndefined();
    expect(boundBy(call({ args: [] }))).toBeUndefined();
    expect(boundBy(call({ args: [{ op: 'element', name: 'x', of: x }] }))).toBeUndefined();
  });
});

describe('a variable that is replaced', () => {
  test.each([
    ['x', 'claims.sub'],
    ['y', 'y'],
    ['x.a[x]', 'claims.sub.a[claims.sub]'],
    ['x.startsWith(x)', 'claims.sub.startsWith(claims.sub)'],
    ['size(x) == 1', 'size(claims.sub) == 1'],
    ['[x, y] == [x]', '[claims.sub, y] == [claims.sub]'],
    ['{x: x} == {"a": y}', '{claims.sub: claims.sub} == {"a": y}'],
    ['x ? x : x', 'claims.sub ? claims.sub : claims.sub'],
    ['!x', '!claims.sub'],
    // Another variable leaves it free; the same one hides it.
    ['x.exists(z, z == x)', 'claims.sub.exists(z, z == claims.sub)'],
    ['x.exists(x, x == "a")', 'claims.sub.exists(x, x == "a")'],
    ['cel.bind(x, x, x == "a")', 'cel.bind(x, claims.sub, x == "a")'],
    ['cel.bind(z, x, z == x)', 'cel.bind(z, claims.sub, z == claims.sub)'],
  ])('%s becomes %s', (source, expected) => {
    // The variable is free inside a macro only.
    const outer = tree(`[dyn("q")].exists(x, [dyn("r")].exists(y, (${source}) == true))`);
    const inner = (of: Expression, depth = 2): Expression =>
      depth === 0 || of.op !== 'call' ? of : inner(of.args[1] ?? of, depth - 1);
    const body = inner(outer);
    const by = tree('claims.sub');
    const written = textOf(substitute(body.op === 'binary' ? body.left : body, 'x', by));
    expect(written).toBe(expected);
  });
});

describe('text on one line', () => {
  test('is cut at the limit, by whole characters', () => {
    expect(brief('abc', 3)).toBe('abc');
    expect(brief('abcd', 3)).toBe('ab…');
    expect(brief('😀😀😀', 3)).toBe('😀😀😀');
    expect(brief('a'.repeat(160))).toBe('a'.repeat(160));
    expect(brief('a'.repeat(161))).toBe(`${'a'.repeat(159)}…`);
  });

  test('has one blank for what could rewrite the line, and none at its ends', () => {
    expect(brief(' a\u001b\u202e\n\t b\u2028 ')).toBe('a b');
    expect(brief('a\ud83d')).toBe('a\ufffd');
  });
});

describe('text that is no condition', () => {
  test.each([
    ['"a', /^(?!.*\n).+/],
    ['claims.sub ==', /.+/],
    ['"a" + 1 == "b"', /overload/],
    ['nothing == "a"', /nothing/],
    ['"a"', /^it is of type string, not bool$/],
    ['1', /^it is of type int, not bool$/],
  ])('%s says why', (source, why) => {
    const parsed = parseCondition(source);
    expect(parsed).toEqual({ problem: expect.stringMatching(why) });
  });

  test('is too large from a million characters, ten thousand parts or 500 levels on', () => {
    const nested = (levels: number) => `${'!'.repeat(levels)}claims.a`;
    expect(parseCondition(`claims.a${' '.repeat(1_000_000 - 8)}`)).toHaveProperty('tree');
    expect(parseCondition(`claims.a${' '.repeat(1_000_001 - 8)}`)).toEqual({ tooLarge: true });
    expect(parseCondition(`claims.a in [${'1, '.repeat(10_001)}1]`)).toEqual({ tooLarge: true });
    expect(parseCondition(nested(100))).toHaveProperty('tree');
    expect(parseCondition(nested(1000))).toEqual({ tooLarge: true });
    expect(parseCondition(`${'('.repeat(100_000)}true${')'.repeat(100_000)}`)).toEqual({ tooLarge: true });
  });
});

describe('a constant', () => {
  test.each([
    ['"a" == "a"', true],
    ['"a".startsWith("b")', false],
    ['size("abc") == 3', true],
    ['claims.a == "b"', undefined],
    ['"abc".matches("a")', undefined],
    ['"a".reverse() == "a"', undefined],
    ['{"a": true}.a', undefined],
    ['{"a": 1} == {"a": 1}', undefined],
    ['type("a") == string', undefined],
    ['string == string', undefined],
    ['["a"].exists(x, x == "a")', undefined],
    ['1 / 0 == 1', undefined],
    ['"a,b".split(",") == ["a", "b"]', true],
    ['["a", "b"].join("-") == "a-b"', true],
    ['" A ".trim().lowerAscii() == "a" && "a".upperAscii() == "A"', true],
    ['"abc".endsWith("c") && "abc".contains("b")', true],
    ['int("1") == 1 && uint("1") == 1u && double("1") == 1.0 && bool("true") && string(1) == "1"', true],
    ['dyn("a") == "a"', true],
  ])('%s is %s', (source, result) => {
    expect(constantOf(tree(source))).toBe(result);
  });

  test('depends on no claim and on no element of a list in the token', () => {
    expect(isConstant(tree('"a" == "a"'))).toBe(true);
    expect(isConstant(tree('claims.a'))).toBe(false);
    expect(isConstant({ op: 'element', name: 'x', of: value(['a']) })).toBe(false);
    expect(isConstant({ op: 'id', name: 'x' })).toBe(true);
    const twice = tree('"a" == "a"');
    expect([isConstant(twice), isConstant(twice)]).toEqual([true, true]);
  });

  test.each([
    ['{"a": true}.a', true],
    ['["a"].exists(x, x == "a")', true],
    ['["a"].exists(x, x == "b")', false],
    ['"abc".matches("a")', true],
    ['"abc".matches("^b")', false],
    ['"5".matches(dyn(5))', false],
    ['dyn(5).matches("5")', false],
    ['"abc".matches(claims.a)', false],
    ['claims.a.matches("a")', false],
    ['"b".contains("a")', false],
    ['claims.a', false],
    // Patterns are never run, wherever they are.
    ['"abc".matches("a") && {"a": true}.a', false],
    ['["a"].exists(x, x.matches("a"))', false],
    // One macro, but not two.
    ['["a"].exists(x, x == "a") && ["a"].exists(x, x == "a")', false],
  ])('%s seems true: %s', (source, seems) => {
    expect(seemsTrue(tree(source))).toBe(seems);
  });

  test('with more than a hundred parts is not evaluated', () => {
    // Nine parts beside the items: comparison, two selections and their keys, map, key, list, 1.
    const list = (items: number) => `{"a": [${'1, '.repeat(items - 1)}1]}.a[0] == 1`;
    expect(seemsTrue(tree(list(91)))).toBe(true);
    expect(seemsTrue(tree(list(92)))).toBe(false);
  });
});
