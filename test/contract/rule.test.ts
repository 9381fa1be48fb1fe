import { describe, expect, test } from '@jest/globals';
import { defineRule, type Rule } from '../../src/contract/index.js';

const common = {
  id: 'sample',
  title: 'A sample',
  severity: 'low',
  kinds: ['personal-client'],
  docs: { why: 'For the types.', fix: 'Nothing.', references: [] },
} as const;

/** What the compiler refuses is checked by the compiler: a directive without an error under it is one. */
describe('defineRule holds a check to what its rule declares', () => {
  const rules: Rule[] = [
    defineRule({
      ...common,
      needs: ['createdAt'],
      optional: ['owner'],
      options: { days: { describe: 'Days', default: 3 } },
      messages: { old: (d: { days: number }) => `${d.days}`, plain: () => 'plain' },
      check({ facts, options }) {
        const instant: number = facts.createdAt.getTime();
        // @ts-expect-error: an optional fact may not be known.
        void facts.owner.name;
        if (facts.owner === undefined) return { unknown: 'owner' };
        return instant > options.days
          ? { messageId: 'old', data: { days: options.days } }
          : { messageId: 'plain', data: {} };
      },
    }),
    defineRule({
      ...common,
      needs: ['name'],
      messages: { bad: () => 'bad' },
      check({ facts }) {
        // @ts-expect-error: a fact that is not declared.
        void facts.createdAt;
        return undefined;
      },
    }),
    defineRule({
      ...common,
      // @ts-expect-error: no such fact.
      needs: ['secret'],
      messages: { bad: () => 'bad' },
      check: () => undefined,
    }),
    defineRule({
      ...common,
      needs: [],
      messages: { bad: () => 'bad' },
      // @ts-expect-error: no such message.
      check: () => ({ messageId: 'good', data: {} }),
    }),
    defineRule({
      ...common,
      needs: [],
      messages: { bad: (d: { days: number }) => `${d.days}` },
      // @ts-expect-error: data of another shape.
      check: () => ({ messageId: 'bad', data: { days: 'three' } }),
    }),
    defineRule({
      ...common,
      needs: ['name'],
      messages: { bad: () => 'bad' },
      // @ts-expect-error: a needed fact is always there.
      check: () => ({ unknown: 'name' }),
    }),
    defineRule({
      ...common,
      needs: [],
      messages: { bad: () => 'bad' },
      // @ts-expect-error: checks are synchronous.
      check: async () => undefined,
    }),
  ];

  test('and returns the rule unchanged', () => {
    expect(rules.map(({ id }) => id)).toEqual(Array(7).fill('sample'));
  });
});
