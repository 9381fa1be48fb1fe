import assert from 'node:assert/strict';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { rules } from '../../rules/index.js';
import { type Rule, SEVERITIES } from '../../src/contract/index.js';
import { judgeRule, type RuleVerdict } from '../../src/testing.js';
import { casesFor, NAME } from './arbitrary-facts.js';

describe.each(rules.map((rule) => [rule.id, rule] as const))('%s', (_id, rule) => {
  test('answers any facts and options with a pass, a known message or an unknown, and always the same', () => {
    fc.assert(
      fc.property(casesFor(rule), (given) => {
        const verdict = judgeRule(rule, given);
        expectSound(rule, verdict);
        assert.deepEqual(judgeRule(rule, given), verdict);
      }),
    );
  });

  test('reaches every message', () => {
    const missing = new Set(Object.keys(rule.messages));
    for (let seed = 1; seed <= 20 && missing.size > 0; seed += 1) {
      for (const given of fc.sample(casesFor(rule), { numRuns: 50, seed })) {
        const verdict = judgeRule(rule, given);
        if (verdict.outcome === 'violation') missing.delete(verdict.messageId);
      }
    }
    expect([...missing]).toEqual([]);
  });
});

/** judgeRule() has already refused a changed input, an undeclared fact and an unknown message id. */
function expectSound(rule: Rule, verdict: RuleVerdict): void {
  if (verdict.outcome === 'pass') return;
  if (verdict.outcome === 'unknown') {
    const { unknown } = verdict;
    if (typeof unknown === 'string') expect([...rule.needs, ...(rule.optional ?? [])]).toContain(unknown);
    else {
      expect(unknown.reason).toMatch(/[^.]$/);
      expect(unknown.cure).toMatch(/\S/);
    }
    return;
  }
  const { message, data, severity } = verdict;
  expect(SEVERITIES).toContain(severity);
  expect(JSON.parse(JSON.stringify(data))).toStrictEqual(data);
  expect(message).not.toMatch(/undefined|NaN|Infinity|\[object|^\s*$/);
  expect(`${message} ${JSON.stringify(data)}`).not.toContain(NAME);
}
