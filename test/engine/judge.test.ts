import { describe, expect, test } from '@jest/globals';
import { defineRule, type Rule } from '../../src/contract/index.js';
import { audit } from '../../src/engine/audit.js';
import { credential, NOW, snapshot } from '../helpers/snapshot.js';

const spoken = defineRule({
  id: 'acme/spoken',
  title: 'The credential is spoken of',
  severity: 'medium',
  kinds: ['personal-client'],
  docs: { why: 'Because.', fix: 'Fix it.', references: [] },
  needs: ['name'],
  messages: { said: (d: Record<string, unknown>) => `said ${Object.keys(d).join()}`, blank: () => '' },
  check: () => undefined,
});

class Duration {
  readonly hours: number;
  constructor(days: number) {
    this.hours = 24 * days;
  }
  toJSON() {
    return { days: this.hours / 24 };
  }
}

/** What becomes of an answer that a plug-in's check may give. */
function verdictOn(answer: unknown) {
  const rule = { ...spoken, check: () => answer } as unknown as Rule;
  const { findings } = audit(
    snapshot([credential()]),
    [{ rule, severity: undefined, options: {}, floors: {} }],
    NOW,
  );
  const [finding] = findings;
  if (!finding) throw new Error('no finding');
  return finding;
}

describe('the data of a finding', () => {
  const dataOf = (data: unknown) => verdictOn({ messageId: 'said', data }).data;

  test('is a copy of what the check returned', () => {
    const given = { text: 'x', flag: false, none: null, count: 3, share: 0.5 };
    const data = dataOf(given);
    expect(data).toStrictEqual(given);
    expect(data).not.toBe(given);
  });

  test.each([
    ['an instant', { at: new Date(NOW) }, { at: '2026-11-24T06:00:00.000Z' }],
    ['what is not set', { days: undefined, limit: 3 }, { limit: 3 }],
    ['no number', { days: Number.NaN }, { days: null }],
    ['an endless number', { days: Infinity }, { days: null }],
    ['minus zero', { days: -0 }, { days: 0 }],
    ['a list', { roles: ['a', undefined] }, { roles: ['a', null] }],
    ['a map', { roles: new Map([['a', 1]]) }, { roles: {} }],
    [
      'what writes itself',
      Object.assign(Object.create({ toJSON: () => ({ days: 1 }) }), { a: 2 }),
      { days: 1 },
    ],
    ['an object whose class writes it', new Duration(2), { days: 2 }],
  ])('holds %s as JSON does', (_, given, expected) => {
    expect(dataOf(given)).toStrictEqual(expected);
  });
});

describe('invalid results of a check', () => {
  test.each([
    ['a message id that is no text', { messageId: ['said'], data: {} }, /message id \["said"\]/],
    ['data that is null', { messageId: 'said', data: null }, /no data with its message said/],
    ['data that is a list', { messageId: 'said', data: [] }, /no data with its message said/],
    [
      'data that writes itself as null',
      { messageId: 'said', data: { toJSON: () => null } },
      /once it is JSON/,
    ],
    ['a message without words', { messageId: 'blank', data: {} }, /its message blank is not a text/],
    ['a missing fact, where none is optional', { unknown: 'clientId' }, /does not declare as optional/],
    ['a reason without a cure', { unknown: { reason: 'it is hidden' } }, /no reason and cure/],
    ['a cure without a reason', { unknown: { cure: 'Show it.' } }, /no reason and cure/],
    ['nothing as what is unknown', { unknown: null }, /no reason and cure/],
  ])('%s', (_, answer, why) => {
    const finding = verdictOn(answer);
    expect(finding).toMatchObject({ outcome: 'unknown', messageId: 'rule-failed' });
    expect(finding.message).toMatch(why);
  });

  test('a reason and a cure make an ordinary unknown', () => {
    expect(verdictOn({ unknown: { reason: 'it is hidden', cure: 'Show it.' } })).toMatchObject({
      outcome: 'unknown',
      messageId: 'unknown',
      message: 'unknown: it is hidden',
      fix: 'Show it.',
    });
  });
});
