import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { compile, type Expression } from '../../src/cel/language.js';
import { contextOf } from '../../src/cel/rule.js';
import type { Kind, OptionSpecs } from '../../src/contract/index.js';

const OPTIONS: OptionSpecs = {
  days: { describe: 'd', default: 30, integer: true },
  pattern: { describe: 'p', default: '^ci-' },
};
const P: readonly Kind[] = ['personal-client'];

const compiled = (source: string, kinds = P) =>
  compile(source, { kinds, options: OPTIONS, bareFacts: false });

function expression(source: string): Expression {
  const made = compiled(source);
  if (!('source' in made)) throw new Error(made.message);
  return made;
}

const NOW = Date.parse('2026-06-01T00:00:00Z');
const at = (text: string) => new Date(text);

/** true, false, `unknown: <fact>` or `error: <why>`. */
function resultOf(source: string, facts: Readonly<Record<string, unknown>> = {}): unknown {
  const { evaluate, facts: used } = expression(source);
  const given = Object.fromEntries(used.map((name) => [name, facts[name]]));
  const options = { days: 30, pattern: '^ci-' };
  const result = evaluate(
    contextOf({ facts: given, options, kind: 'personal-client', now: NOW }, { options: OPTIONS }),
  );
  if ('value' in result) return result.value;
  return 'missing' in result ? `unknown: ${result.missing.path}` : `error: ${result.error}`;
}

describe('the type check', () => {
  test.each([
    ['credential.expiresOn == null', 'a personal client has no fact expiresOn; did you mean "expiresAt"?'],
    ['credental.self', 'there is no variable credental; did you mean "credential"?'],
    ['name == "x"', 'there is no variable name; write credential.name'],
    ['credential.requireDpop', 'personal-client has no requireDpop: drop the kind or the fact'],
    ['credential.owner.mail == ""', 'credential.owner has no mail; did you mean "email"?'],
    ['credential.scopedRoles.exists(r, r.nme == "")', 'r has no nme; did you mean "name"?'],
    ['options.dys > 3', 'the rule has no option dys; did you mean "days"?'],
    ['credential.name.startWith("x")', 'there is no function startWith(); did you mean "startsWith"?'],
    ['credential.name.startsWith(3)', "no function takes these types: 'string.startsWith(int)'"],
    [
      'credential.expiresAt - credential.createdAt > 30',
      'duration > int does not work: write duration("720h") for 30 days, or count whole days with days(credential.expiresAt - credential.createdAt)',
    ],
    [
      'options.days < now - credential.createdAt',
      'int < duration does not work: write duration("720h") for 30 days, or count whole days with days(now - credential.createdAt)',
    ],
    [
      'credential.createdAt > duration("1h")',
      'timestamp > duration does not work: a point in time is not a length of time; subtract first, as in now - credential.createdAt',
    ],
    [
      'credential.createdAt > "2026-01-01"',
      'timestamp > string does not work: write timestamp("2026-01-31T00:00:00Z")',
    ],
    ['now - credential.createdAt > "720h"', 'duration > string does not work: write duration("720h")'],
    [
      'credential.createdAt > 1767225600',
      'timestamp > int does not work: compare it with timestamp("2026-01-31T00:00:00Z"), or subtract it from now',
    ],
    ['credential.self == null', 'bool == null does not work: credential.self is never null'],
    [
      'credential.allowedCidrs == "x"',
      'list<string> == string does not work: write "x" in credential.allowedCidrs, or use exists()',
    ],
    ['duration("30d") > duration("1h")', '"30d" is not a duration; write duration("720h")'],
    [
      'duration("soon") > duration("1h")',
      '"soon" is not a duration; its units are h, m, s and ms, as in duration("720h")',
    ],
    [
      'timestamp("2026-01-01") < now',
      '"2026-01-01" is not a timestamp; write timestamp("2026-01-31T00:00:00Z")',
    ],
    [
      'timestamp("2026-02-30T00:00:00Z") < now',
      '"2026-02-30T00:00:00Z" is not a timestamp; write timestamp("2026-01-31T00:00:00Z")',
    ],
    ['credential.name.matches("(?=a)")', 'the pattern is not RE2: invalid or unsupported Perl syntax: `(?=`'],
    [
      'credential.name.matches(credential.clientId)',
      'matches() takes its pattern as a text in quotes, or as an option',
    ],
    ['now.getHours("Europe/Berlin") > 3', 'getHours() takes no time zone: it answers in UTC'],
    ['now.getDayOfYear() > 3', 'getDayOfYear() is not supported'],
    [
      'credential.scopedRoles.contains("x")',
      "no function takes these types: 'list.contains(string)'; use exists(), or in for a list of texts",
    ],
    ['credential.name && true', "logical operator requires bool operands, got 'string'"],
    ['!credential.name', '!string does not work: ! takes true or false'],
    ['-credential.name == ""', '-string does not work: - takes a number'],
    ['has(credential.expires)', 'a personal client has no fact expires; did you mean "expiresAt"?'],
    ['has(credential.owner.emial)', 'credential.owner has no emial; did you mean "email"?'],
    ['credential.scopedRoles.exists(r, has(r.nam))', 'r has no nam; did you mean "name"?'],
    ['1 +', 'unexpected token: EOF'],
  ])('refuses %s', (source, message) => {
    expect(compiled(source)).toMatchObject({ message });
  });

  test('names the kind that lacks a fact', () => {
    expect(compiled('credential.expiresAt == null', ['personal-client', 'federation-trust'])).toMatchObject({
      message: 'federation-trust has no expiresAt: drop the kind or the fact',
      part: 'expiresAt',
    });
  });

  test('finds the facts that an expression reads, also by index, in macros and through the credential as a whole', () => {
    const factsIn = (source: string) => expression(source).facts;
    expect(factsIn('credential["name"] == "x" && [1].exists(i, credential.self)')).toEqual(['name', 'self']);
    expect(factsIn('has(credential.expiresAt)')).toEqual(['expiresAt']);
    expect(factsIn('credential.scopedRoles.exists(r, has(r.name))')).toEqual(['scopedRoles']);
    expect(factsIn('credential.kind == "x"')).toEqual([]);
    expect(factsIn('[credential].exists(c, c.name == "x")')).toContain('owner');
  });
});

describe('evaluation', () => {
  const READ = { name: 'ci-1', createdAt: at('2026-01-01'), expiresAt: null, self: false };

  test.each([
    ['false && unknown', 'credential.self && credential.owner.name == ""', false],
    ['unknown && false', 'credential.owner.name == "" && credential.self', false],
    ['true && unknown', '!credential.self && credential.owner.name == ""', 'unknown: owner'],
    ['true || unknown', '!credential.self || credential.owner.name == ""', true],
    ['unknown || true', 'credential.owner.name == "" || !credential.self', true],
    ['false || unknown', 'credential.self || credential.owner.name == ""', 'unknown: owner'],
    ['not unknown', '!(credential.lastUsedAt == null)', 'unknown: lastUsedAt'],
    ['unknown in a condition', 'credential.lastUsedAt == null ? true : true', 'unknown: lastUsedAt'],
    ['an unknown branch that is not taken', 'credential.self ? credential.lastUsedAt == null : true', true],
    ['exists() with an answer', '[1, 2].exists(i, i == 2 || credential.lastUsedAt == null)', true],
    [
      'all() with an unknown item',
      '[1, 2].all(i, i < 2 || credential.lastUsedAt == null)',
      'unknown: lastUsedAt',
    ],
    ['has() of what could not be read', 'has(credential.lastUsedAt)', 'unknown: lastUsedAt'],
    ['division by zero', '1 / 0 == 1', 'error: division by zero'],
    ['an error that does not matter', '1 / 0 == 1 || !credential.self', true],
    [
      'a calculation with null',
      'credential.expiresAt - now > duration("1h")',
      'error: null - timestamp cannot be computed',
    ],
    ['a comparison with null', 'credential.expiresAt == null && null == credential.expiresAt', true],
    ['days are cut', 'days(now - credential.createdAt) == 151', true],
    ['a moment less than a day', 'days(now - timestamp("2026-05-31T00:00:00.001Z")) == 0', true],
    ['a negative span', 'days(timestamp("2026-05-31T23:59:59Z") - now) == -1', true],
    [
      'an option',
      'now - credential.createdAt > duration("720h") && days(now - credential.createdAt) > options.days',
      true,
    ],
    ['a pattern in an option', 'credential.name.matches(options.pattern)', true],
    [
      'a date beyond all dates',
      'credential.createdAt + duration("9999999999h") < now',
      'error: the date is not a timestamp',
    ],
    [
      'a timestamp that is calculated',
      'timestamp("2026-01-" + "01T00:00:00Z") == credential.createdAt',
      true,
    ],
    [
      'a calculated timestamp without a zone',
      'timestamp("2026-01-01T00:00:00" + ".000") == credential.createdAt',
      'error: 2026-01-01T00:00:00.000 is not a timestamp',
    ],
    [
      'a timestamp of seconds',
      'int(timestamp(int(credential.createdAt))) == int(credential.createdAt)',
      true,
    ],
    ['a timestamp as text', 'string(credential.createdAt) == "2026-01-01T00:00:00Z"', true],
  ])('%s', (_, source, expected) => {
    expect(resultOf(source, READ)).toBe(expected);
  });

  test('an owner of whom only a part is known', () => {
    const owner = { id: 'u', status: 'active', roles: undefined };
    expect(resultOf('credential.owner.status == "active"', { owner })).toBe(true);
    expect(resultOf('credential.owner.roles.exists(r, r.name == "system:owner")', { owner })).toBe(
      'unknown: owner.roles',
    );
    expect(
      resultOf('credential.owner.roles.exists(r, r.name == "system:owner")', {
        owner: { ...owner, roles: [] },
      }),
    ).toBe('unknown: owner.roles');
  });

  test('the name of a role is null only if the roles of the tenant are known', () => {
    const scopedRoles = [{ id: 'a', name: null }];
    const source =
      'credential.scopedRoles.exists(r, r.name == null) && (size(credential.tenantRoles) >= 0 || true)';
    expect(resultOf(source, { scopedRoles, tenantRoles: new Map() })).toBe(true);
    expect(resultOf(source, { scopedRoles })).toBe('unknown: scopedRoles.name');
  });

  test('is the same in every time zone, also across a change of the clock', () => {
    const before = process.env.TZ;
    process.env.TZ = 'America/New_York';
    try {
      expect(
        resultOf('timestamp("2026-03-08T12:00:00Z") - timestamp("2026-03-07T12:00:00Z") == duration("24h")'),
      ).toBe(true);
      expect(resultOf('timestamp("2026-03-08T07:30:00Z").getHours() == 7')).toBe(true);
      expect(resultOf('now - duration("5184h") == timestamp("2025-10-28T00:00:00Z")')).toBe(true);
    } finally {
      if (before === undefined) delete process.env.TZ;
      else process.env.TZ = before;
    }
  });
});

describe('an expression that would explode', () => {
  const nested = (depth: number): string =>
    depth === 0 ? 'true' : `[1,2,3,4,5,6,7,8,9,10].all(a${depth}, ${nested(depth - 1)})`;
  const long = {
    name: 'a'.repeat(50_000),
    allowedCidrs: Array.from({ length: 2000 }, (_, i) => `10.0.0.${i}`),
  };

  test.each([
    ['nested lists', nested(9)],
    ['a text that doubles', `["a"]${'.map(a, a + a)'.repeat(40)}[0].size() > 3`],
    ['a list that doubles', `[[1]]${'.map(a, a + a)'.repeat(40)}[0].size() > 3`],
    [
      'bindings that double',
      `cel.bind(v, "aaaaaaaa", ${'cel.bind(v, v + v + v + v, '.repeat(20)}v.size() > 1${')'.repeat(21)}`,
    ],
    [
      'a product of lists',
      'credential.allowedCidrs.exists(a, credential.allowedCidrs.exists(b, a + b == ""))',
    ],
    [
      'a text as often as it has letters',
      'credential.name.split("").map(a, credential.name).join("").size() > 1',
    ],
  ])('%s stops', (_, source) => {
    const start = process.cpuUsage();
    expect(resultOf(source, long)).toBe('error: it takes more than 200000 steps');
    expect(process.cpuUsage(start).user).toBeLessThan(2_000_000);
  });

  test('patterns take linear time', () => {
    expect(resultOf('credential.name.matches("^(a+)+$")', { name: `${'a'.repeat(5000)}b` })).toBe(false);
  });

  test('an error does not repeat a long name', () => {
    const { name } = long;
    expect(resultOf('timestamp(credential.name) < now', { name })).toBe(`error: ${name.slice(0, 200)}`);
  });

  test('a long list is no problem', () => {
    expect(resultOf('credential.allowedCidrs.exists(c, c == "0.0.0.0/0")', long)).toBe(false);
  });

  test.each([
    ['of many parts', `${'1+'.repeat(1100)}1 > 1`, /^is too large: maxAstNodes/],
    [
      'nested deep',
      `${'('.repeat(3000)}true${')'.repeat(3000)}`,
      /^is longer than 4000 characters|^is too large/,
    ],
    ['with braces', `${'['.repeat(200)}`, /^is too large: maxDepth/],
    ['with a long pattern', `credential.name.matches("${'a'.repeat(501)}")`, /^the pattern is longer/],
    ['with a repeated pattern', 'credential.name.matches("(x{1000}){1000}")', /^the pattern is not RE2/],
  ])('is refused: %s', (_, source, message) => {
    expect(compiled(source)).toMatchObject({ message: expect.stringMatching(message) });
  });
});

describe('dates and durations', () => {
  const instants = fc
    .integer({ min: Date.parse('2000-01-01'), max: Date.parse('2040-01-01') })
    .map((ms) => new Date(ms));
  const spans = fc.integer({ min: -400_000_000_000, max: 400_000_000_000 });

  test('are calculated to the millisecond', () => {
    fc.assert(
      fc.property(instants, instants, instants, spans, (createdAt, expiresAt, lastUsedAt, span) => {
        const facts = { createdAt, expiresAt, lastUsedAt };
        const text = `${span < 0 ? '-' : ''}${Math.abs(span)}ms`;
        const [a, b, c] = [createdAt.getTime(), expiresAt.getTime(), lastUsedAt.getTime()];
        const is = (source: string, expected: boolean) =>
          expect([source, resultOf(source, facts)]).toEqual([source, expected]);
        is(`credential.expiresAt - credential.createdAt > duration("${text}")`, b - a > span);
        is(`credential.expiresAt - credential.createdAt <= duration("${text}")`, b - a <= span);
        is(`credential.createdAt + duration("${text}") < credential.expiresAt`, a + span < b);
        is(`credential.createdAt - duration("${text}") >= credential.expiresAt`, a - span >= b);
        is(`days(credential.expiresAt - credential.createdAt) == ${Math.floor((b - a) / 86_400_000)}`, true);
        is(
          `(credential.expiresAt - credential.createdAt) + (credential.lastUsedAt - credential.expiresAt) == credential.lastUsedAt - credential.createdAt`,
          true,
        );
        is(
          `(credential.expiresAt - credential.createdAt) - (credential.expiresAt - credential.lastUsedAt) == credential.lastUsedAt - credential.createdAt`,
          true,
        );
        is(
          `(credential.expiresAt - credential.createdAt) + duration("${text}") > duration("0s")`,
          b - a + span > 0,
        );
        is(
          `(credential.expiresAt - credential.createdAt) - duration("${text}") > duration("0s")`,
          b - a - span > 0,
        );
        is(
          'credential.expiresAt - credential.createdAt < credential.lastUsedAt - credential.createdAt',
          b < c,
        );
      }),
      { numRuns: 60, seed: 20261127 },
    );
  });
});
