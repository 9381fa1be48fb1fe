import { describe, expect, test } from '@jest/globals';
import { defineRule, KINDS, type Rule } from '../../src/contract/index.js';
import { ago, type Case, judge, type RuleTable, tableProblems } from '../helpers/test-rule.js';

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

describe('judging', () => {
  test('fills in message, defaults and escalation', () => {
    expect(judge(sample, one)).toEqual({
      outcome: 'violation',
      messageId: 'one',
      severity: 'medium',
      message: 'one of 3',
      data: { days: 3 },
    });
    expect(judge(sample, two)).toMatchObject({ severity: 'medium', message: 'two' });
    expect(judge(sample, {})).toEqual({ outcome: 'pass' });
  });

  test('a needed fact that is not known is unknown before the rule is asked', () => {
    expect(judge(sample, { facts: { name: undefined, createdAt: undefined } })).toEqual({
      outcome: 'unknown',
      unknown: 'name',
    });
    expect(judge(sample, { facts: { createdAt: undefined } })).toEqual({
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
    [/has no message "three"/, broken(() => ({ messageId: 'three', data: {} }))],
    [/returned null/, broken(() => null)],
    [/returned false/, broken(() => false)],
    [/declares no fact "owner"/, sample, { facts: { owner: undefined } }],
    [/has no option "weeks"/, sample, { options: { weeks: 1 } }],
    [/does not judge personal-client/, { ...sample, kinds: [KINDS[1]] }, { kind: KINDS[0] }],
  ])('refuses: %s', (error, rule, given = {}) => {
    expect(() => judge(rule, given)).toThrow(error);
  });
});
