import { describe, expect, test } from '@jest/globals';
import { defineRule, KINDS, type Rule } from '../src/contract/index.js';
import {
  ago,
  type Case,
  judgeRule,
  type RuleTable,
  type TestFramework,
  tableProblems,
  testRule,
} from '../src/testing.js';

const sample = defineRule({
  id: 'sample',
  title: 'A sample',
  severity: 'medium',
  kinds: KINDS,
  docs: { why: 'For the tests.', fix: 'Nothing.', references: [] },
  needs: ['name', 'allowedCidrs'],
  optional: ['createdAt'],
  options: { days: { describe: 'Days', default: 3 } },
  messages: {
    one: (d: { days: number }) => `one of ${d.days}`,
    two: () => 'two',
  },
  check({ facts, options }) {
    if (facts.createdAt === undefined) return { unknown: 'createdAt' };
    if (facts.name === 'one') {
      return { messageId: 'one', data: { days: options.days }, severity: 'low', escalate: true };
    }
    return facts.name === 'two' ? { messageId: 'two', data: {} } : undefined;
  },
});

const one = {
  name: 'one',
  facts: { name: 'one' },
  messageId: 'one',
  severity: 'medium',
  message: '',
} as const;
const two = { ...one, name: 'two', facts: { name: 'two' }, messageId: 'two' } as const;
const sound: RuleTable = { pass: [{ name: 'any' }], fail: [one, two] };

describe('tables', () => {
  test.each<[problem: string, table: RuleTable]>([
    ['no case passes', { ...sound, pass: [] }],
    ['no case reaches the message "two"', { ...sound, fail: [one] }],
    [
      'two cases are named "any"',
      { ...sound, unknown: [{ ...one, name: 'any', facts: {}, kind: KINDS[1], unknown: 'name' }] },
    ],
    ['"twin" is the same case as "one"', { ...sound, fail: [one, two, { ...one, name: 'twin' }] }],
    // A default spelled out is the default.
    [
      '"twin" is the same case as "any"',
      { ...sound, pass: [{ name: 'any' }, { name: 'twin', options: { days: 3 } }] },
    ],
    [
      '"twin" is the same case as "any"',
      { ...sound, pass: [{ name: 'any' }, { name: 'twin', facts: { createdAt: ago(10) } }] },
    ],
  ])('%s', (problem, table) => {
    expect(tableProblems(sample, table)).toEqual([problem]);
  });

  test('no case fails', () => {
    expect(tableProblems(sample, { ...sound, fail: [] })).toContain('no case fails');
  });

  test('sound', () => {
    expect(tableProblems(sample, sound)).toEqual([]);
  });
});

describe('testRule', () => {
  /** The tests that a table declares, and for each why it fails; undefined: it passes. */
  function outcomes(rule: Rule, table: RuleTable): Map<string, string | undefined> {
    const declared = new Map<string, string | undefined>();
    testRule(rule, table, {
      describe: (_, body) => body(),
      test(name, body) {
        declared.set(name, undefined);
        try {
          body();
        } catch (error) {
          declared.set(name, String(error));
        }
      },
    });
    return declared;
  }
  const table: RuleTable = {
    pass: [{ name: 'any' }],
    fail: [
      { ...one, message: 'one of 3', data: { days: 3 } },
      { ...two, message: 'two' },
    ],
    unknown: [{ name: 'undated', facts: { createdAt: undefined }, unknown: 'createdAt' }],
  };

  test('declares a passing test for the table and for each case', () => {
    expect([...outcomes(sample, table)]).toEqual(
      ['has a sound table', 'passes: any', 'fails: one', 'fails: two', 'is unknown: undated'].map((name) => [
        name,
        undefined,
      ]),
    );
  });

  test.each<[string, string, RuleTable]>([
    ['a wrong message', 'fails: two', { ...table, fail: [{ ...two, message: 'too' }] }],
    [
      'a wrong message id',
      'fails: one',
      { ...table, fail: [{ ...one, message: 'one of 3', messageId: 'two' }] },
    ],
    ['a wrong severity', 'fails: two', { ...table, fail: [{ ...two, message: 'two', severity: 'low' }] }],
    ['wrong data', 'fails: two', { ...table, fail: [{ ...two, message: 'two', data: { days: 3 } }] }],
    ['a finding where none is expected', 'passes: one', { ...table, pass: [one] }],
    [
      'no finding where one is expected',
      'fails: any',
      { ...table, fail: [{ ...two, name: 'any', facts: {} }] },
    ],
    [
      'another missing fact',
      'is unknown: undated',
      { ...table, unknown: [{ name: 'undated', facts: { createdAt: undefined }, unknown: 'name' }] },
    ],
    ['an incomplete table', 'has a sound table', { ...table, fail: [] }],
  ])('fails on %s', (_, name, wrong) => {
    const declared = outcomes(sample, wrong);
    expect(declared.has(name)).toBe(true);
    expect(declared.get(name)).toMatch(/AssertionError/);
  });

  test('needs describe and test, global or passed', () => {
    const { describe, test } = globalThis as Partial<TestFramework>;
    Object.assign(globalThis, { describe: undefined, test: undefined });
    try {
      expect(() => testRule(sample, table)).toThrow('testRule(rule, table, { describe, test })');
    } finally {
      Object.assign(globalThis, { describe, test });
    }
  });

  testRule(sample, table);
});

describe('judging', () => {
  test('fills in the message, defaults and escalation', () => {
    expect(judgeRule(sample, one)).toEqual({
      outcome: 'violation',
      messageId: 'one',
      severity: 'medium',
      message: 'one of 3',
      data: { days: 3 },
    });
    expect(judgeRule(sample, two)).toMatchObject({ severity: 'medium', message: 'two' });
    expect(judgeRule(sample, {})).toEqual({ outcome: 'pass' });
  });

  test('is unknown without running the rule if a needed fact is missing', () => {
    expect(judgeRule(sample, { facts: { name: undefined, createdAt: undefined } })).toEqual({
      outcome: 'unknown',
      unknown: 'name',
    });
    expect(judgeRule(sample, { facts: { createdAt: undefined } })).toEqual({
      outcome: 'unknown',
      unknown: 'createdAt',
    });
  });

  const broken = (check: Rule['check']): Rule => ({ ...sample, check });
  // biome-ignore lint/suspicious/noExplicitAny: these rules do what the types forbid.
  type Loose = any;

  test.each<[error: RegExp, rule: Rule, given?: Omit<Case, 'name'>]>([
    [/reads "owner" without declaring it/, broken(({ facts }: Loose) => facts.owner)],
    [/reads "expiresAt" without declaring it/, broken(({ facts }: Loose) => void facts.expiresAt)],
    [/not extensible|read only/, broken(({ facts }: Loose) => void facts.allowedCidrs.push('x'))],
    [/not extensible|read only/, broken(({ options }: Loose) => void Object.assign(options, { days: 1 }))],
    [/changed its input/, broken(({ facts }: Loose) => void facts.createdAt.setTime(0))],
    [/message id "three", which it does not have/, broken(() => ({ messageId: 'three', data: {} }))],
    [/returned null/, broken(() => null)],
    [/returned boolean/, broken(() => false)],
    [
      /it threw out of order/,
      broken(() => {
        throw new Error('out of order');
      }),
    ],
    [/returned a promise/, broken(async () => undefined)],
    [/misses the fact createdAt, which is known/, broken(() => ({ unknown: 'createdAt' }))],
    [/declares no fact "owner"/, sample, { facts: { owner: undefined } }],
    [/has no option "weeks"/, sample, { options: { weeks: 1 } }],
    [/does not judge personal-client/, { ...sample, kinds: [KINDS[1]] }, { kind: KINDS[0] }],
  ])('refuses: %s', (error, rule, given = {}) => {
    expect(() => judgeRule(rule, given)).toThrow(error);
  });
});
