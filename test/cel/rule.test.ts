import { describe, expect, test } from '@jest/globals';
import { toRule } from '../../src/cel/rule.js';
import type { CustomRule } from '../../src/config/config.js';
import type { Rule } from '../../src/contract/index.js';
import { ago, judgeRule } from '../../src/testing.js';
import { HOSTILE_NAMES } from '../helpers/hostile.js';

const CUSTOM: CustomRule = {
  id: 'acme/ci-keys-expire-in-30-days',
  title: 'A CI key lives longer than 30 days',
  severity: 'high',
  kinds: ['personal-client'],
  when: 'credential.name.startsWith("ci-") && (credential.expiresAt == null || credential.expiresAt - credential.createdAt > duration("720h"))',
  message: '"{name}" lives {days(expiresAt - createdAt)} days; CI keys may live 30',
  fix: 'Create it again with an end date within 30 days.',
};

function made(changes: Partial<CustomRule> = {}): Rule {
  const rule = toRule({ ...CUSTOM, ...changes });
  if ('check' in rule) return rule;
  throw new Error(rule.map(({ path, message }) => `${path.join('.')}: ${message}`).join('\n'));
}

const mistakes = (changes: Partial<CustomRule>) => {
  const rule = toRule({ ...CUSTOM, ...changes });
  return 'check' in rule
    ? []
    : rule.map(({ path, message, part }) => ({ at: path.join('.'), message, part }));
};

const messageOf = (message: string, facts = {}, changes: Partial<CustomRule> = {}) => {
  const verdict = judgeRule(made({ when: 'true', message, ...changes }), { facts });
  return verdict.outcome === 'violation' ? verdict.message : verdict;
};

describe('a rule in CEL', () => {
  test('is an ordinary rule', () => {
    expect(made()).toMatchObject({
      id: 'acme/ci-keys-expire-in-30-days',
      title: 'A CI key lives longer than 30 days',
      severity: 'high',
      kinds: ['personal-client'],
      needs: [],
      optional: ['name', 'createdAt', 'expiresAt'],
      options: {},
      docs: { fix: 'Create it again with an end date within 30 days.' },
    });
    expect(made().docs.why).toBe(`It reports a credential when this is true: ${CUSTOM.when}`);
    expect(made({ why: 'Because.' }).docs.why).toBe('Because.');
  });

  test('reports, passes, and does not know', () => {
    const facts = { name: 'ci-deploy', createdAt: ago(40), expiresAt: ago(9) };
    expect(judgeRule(made(), { facts })).toEqual({
      outcome: 'violation',
      messageId: 'found',
      severity: 'high',
      message: '"ci-deploy" lives 31 days; CI keys may live 30',
      data: { name: 'ci-deploy', 'days(expiresAt - createdAt)': '31' },
    });
    expect(judgeRule(made(), { facts: { ...facts, name: 'deploy', expiresAt: undefined } })).toEqual({
      outcome: 'pass',
    });
    expect(judgeRule(made(), { facts: { ...facts, expiresAt: undefined } })).toEqual({
      outcome: 'unknown',
      unknown: 'expiresAt',
    });
  });

  test('is never a pass where its condition has no value', () => {
    expect(
      judgeRule(made({ when: 'credential.expiresAt - now < duration("24h")' }), {
        facts: { expiresAt: null },
      }),
    ).toEqual({
      outcome: 'unknown',
      unknown: {
        reason: 'the condition has no value: null - timestamp cannot be computed',
        cure: 'Compare with null in the rule before it computes with a fact that may be null.',
      },
    });
    expect(
      judgeRule(made({ when: '1 / size(credential.allowedCidrs) > 2' }), { facts: { allowedCidrs: [] } }),
    ).toEqual({
      outcome: 'unknown',
      unknown: {
        reason: 'the condition has no value: division by zero',
        cure: 'Change the rule so that its condition can be computed for this credential.',
      },
    });
    const noOwnerRoles = {
      owner: {
        id: 'u',
        name: '',
        email: '',
        status: 'active',
        type: 'human',
        roles: undefined,
        managers: [],
      },
    } as const;
    expect(
      judgeRule(made({ when: 'credential.owner.roles.exists(r, r.name == "x")' }), { facts: noOwnerRoles }),
    ).toEqual({
      outcome: 'unknown',
      unknown: {
        reason: 'owner.roles could not be read',
        cure: 'See the notes on coverage for the permission to grant.',
      },
    });
    expect(judgeRule(made({ when: 'dyn(credential.name)' }), {})).toMatchObject({
      unknown: { reason: 'the condition has no value: it is neither true nor false' },
    });
  });

  test('has options with bounds', () => {
    const rule = made({
      when: 'days(now - credential.createdAt) >= options.days && credential.name in options.names',
      message: '{options.days} {options.share} {options.on}',
      options: {
        days: { describe: 'Days', default: 30, min: 1 },
        names: ['a', 'b'],
        share: 0.5,
        on: true,
      },
    });
    expect(rule.options).toEqual({
      days: { describe: 'Days', default: 30, min: 1, integer: true },
      names: { describe: 'Used by its condition', default: ['a', 'b'] },
      share: { describe: 'Used by its condition', default: 0.5, integer: false },
      on: { describe: 'Used by its condition', default: true },
    });
    const facts = { name: 'b', createdAt: ago(7) };
    expect(judgeRule(rule, { facts })).toEqual({ outcome: 'pass' });
    expect(judgeRule(rule, { facts, options: { days: 7 } })).toMatchObject({ message: '7 0.5 true' });
    expect(judgeRule(rule, { facts: { ...facts, createdAt: ago(7, 1) }, options: { days: 7 } })).toEqual({
      outcome: 'pass',
    });
  });
});

describe('a message', () => {
  test.each([
    ['a date', '{createdAt}', { createdAt: ago(1) }, '2026-05-31'],
    ['a date that is null', '{expiresAt}', { expiresAt: null }, 'never'],
    ['a calculation with null', '{days(expiresAt - createdAt)}', { expiresAt: null }, '(none)'],
    ['a fact that could not be read', '{lastUsedAt}', { lastUsedAt: undefined }, '(unknown)'],
    ['an error', '{1 / 0}', {}, '(error)'],
    ['a span of days', '{now - createdAt}', { createdAt: ago(3) }, '3 days'],
    ['a span of hours', '{now - createdAt}', { createdAt: ago(0.5) }, '12 hours'],
    [
      'a list',
      '{allowedCidrs}',
      { allowedCidrs: ['1.1.1.1', '2.2.2.2', '3', '4', '5', '6', '7'] },
      '1.1.1.1, 2.2.2.2, 3, 4, 5, and 2 more',
    ],
    ['an empty list', '{allowedCidrs}', { allowedCidrs: [] }, 'none'],
    ['credential. and kind', '{credential.name} {credential.kind}', { name: 'x' }, 'x personal-client'],
    ['braces', '{{{name}}}', { name: 'x' }, '{x}'],
    ['a map in braces', '{ {"a": name}["a"]}', { name: 'x' }, 'x'],
    [
      'a choice',
      '{expiresAt == null ? "for ever" : string(days(expiresAt - now))}',
      { expiresAt: null },
      'for ever',
    ],
    ['a long name', '{name}', { name: 'a'.repeat(300) }, `${'a'.repeat(200)}…`],
    ['the title in place of nothing', ' {name}', { name: '' }, 'A CI key lives longer than 30 days'],
    ['no placeholder', 'plain', {}, 'plain'],
  ])('shows %s', (_, message, facts, expected) => {
    expect(messageOf(message, facts)).toBe(expected);
  });

  test.each(HOSTILE_NAMES)('repeats %s as it is, for the reports to neutralise', (_, name) => {
    expect(messageOf('"{name}"', { name: name.slice(0, 100) })).toBe(`"${name.slice(0, 100)}"`);
  });

  test.each([
    ['{nme}', 'there is no variable nme; did you mean "name"?'],
    ['{requireDpop}', 'personal-client has no requireDpop: drop the kind or the fact'],
    ['{owner}', 'a message cannot show a value of type Owner'],
    ['{name', 'a brace has no partner; write {{ or }} for a brace itself'],
    ['name}', 'a brace has no partner; write {{ or }} for a brace itself'],
    ['{}', 'unexpected token: EOF'],
  ])('is refused: %s', (message, said) => {
    expect(mistakes({ message })).toMatchObject([{ at: 'message', message: said }]);
  });
});

describe('a mistake', () => {
  test('is named with its place and the part it is about', () => {
    expect(mistakes({ when: 'credential.nme == "x"', message: '{nme}' })).toEqual([
      { at: 'when', message: 'a personal client has no fact nme; did you mean "name"?', part: 'nme' },
      { at: 'message', message: 'there is no variable nme; did you mean "name"?', part: 'nme' },
    ]);
    expect(mistakes({ when: 'credential.name' })).toEqual([
      { at: 'when', message: 'must be true or false, but it is of type string', part: '' },
    ]);
    expect(mistakes({ when: 'credential.createdAt' })).toMatchObject([
      { message: 'must be true or false, but it is of type timestamp' },
    ]);
  });

  test('in a test is one of its facts, its kind, its options or its time', () => {
    const tests = [
      { credential: { nme: 'x', createdAt: '2026-13-01', owner: { mail: '' } }, expect: 'pass' },
      {
        credential: { expiresAt: 'unknown', createdAt: null, ownerLiveKeys: { total: 1.5 } },
        expect: 'pass',
      },
      { kind: 'federation-trust', credential: {}, options: { x: 1 }, now: 'today', expect: 'pass' },
    ] as const;
    expect(mistakes({ tests }).map(({ at, message }) => `${at}: ${message}`)).toEqual([
      'tests.0.credential.createdAt: "2026-13-01": is not a date, or not a timestamp in RFC 3339',
      'tests.0.credential.owner.mail: no such field; did you mean "email"?',
      'tests.0.credential.nme: no such fact; did you mean "name"?',
      'tests.1.credential.createdAt: must be text, not nothing',
      'tests.1.credential.ownerLiveKeys.total: must be a whole number, not 1.5',
      'tests.2.now: must be a date such as 2026-01-31, or a timestamp such as 2026-01-31T12:00:00Z, not "today"',
      'tests.2.kind: the rule does not judge federation-trust',
      'tests.2.options.x: the rule has no such option',
    ]);
  });

  test('is a test without a time if the rule compares with now', () => {
    const tests = [{ credential: {}, expect: 'pass' }] as const;
    expect(mistakes({ tests })).toEqual([]);
    expect(mistakes({ tests, when: 'credential.createdAt < now' })).toMatchObject([
      { at: 'tests.0', message: expect.stringMatching(/^has no now: /) },
    ]);
    expect(mistakes({ tests, message: '{now - createdAt}' })).toHaveLength(1);
  });
});
