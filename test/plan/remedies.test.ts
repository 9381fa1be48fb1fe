import { describe, expect, test } from '@jest/globals';
import { rules } from '../../rules/index.js';
import type { Kind, Rule } from '../../src/contract/index.js';
import { DRIFT_RULES } from '../../src/engine/drift.js';
import { WAIVER_RULES } from '../../src/engine/waivers.js';
import { REMEDIES, remedyFor } from '../../src/plan/remedies.js';
import { stepsFor } from '../../src/plan/steps.js';
import { sampleCredential, sampleFinding, TENANT } from '../helpers/sample-report.js';

const built: readonly Pick<Rule, 'id' | 'kinds' | 'messages'>[] = [...rules, ...DRIFT_RULES];
const cases = built.flatMap(({ id, kinds, messages }) =>
  kinds.flatMap((kind) => Object.keys(messages).map((messageId) => ({ id, kind, messageId }))),
);

test('every rule that is built in has a remedy, and nothing else has', () => {
  const ids = [...built, ...Object.values(WAIVER_RULES)].map(({ id }) => id);
  expect(Object.keys(REMEDIES).sort()).toEqual([...ids].sort());
});

test('a remedy for a message names a message that the rule has', () => {
  for (const [id, { messages = {} }] of Object.entries(REMEDIES)) {
    const known = Object.keys(built.find((rule) => rule.id === id)?.messages ?? {});
    expect(known).toEqual(expect.arrayContaining(Object.keys(messages)));
  }
});

test.each(['__proto__', 'constructor', 'acme/ours'])('%s is no rule of ours', (rule) => {
  expect(remedyFor(rule, 'x')).toBeUndefined();
});

describe('each message on each kind becomes steps', () => {
  test.each(cases)(
    '$id, $messageId, $kind',
    ({ id, kind, messageId }: { id: string; kind: Kind; messageId: string }) => {
      const credential = sampleCredential({ kind });
      const steps = stepsFor(TENANT, credential, [sampleFinding({ rule: id, messageId, credential })]);
      expect(steps.length).toBeGreaterThan(0);
      for (const { text } of steps) {
        expect(text).toMatch(/^[A-Z].*\.$/s);
        expect(text).not.toMatch(/undefined|\[object/);
      }
    },
  );
});
