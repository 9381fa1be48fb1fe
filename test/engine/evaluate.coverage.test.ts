import { expect, test } from '@jest/globals';
import { rules } from '../../rules/index.js';
import { type Evaluation, evaluate } from '../../src/engine/evaluate.js';
import { optionsInForce } from '../../src/engine/judge.js';
import { schemaErrors } from '../helpers/report-schema.js';
import { PLAIN_EVALUATION, snapshot } from '../helpers/snapshot.js';

const coverage = (over: Partial<Evaluation['snapshot']>) => {
  const { report } = evaluate({
    ...PLAIN_EVALUATION,
    snapshot: { ...snapshot([]), ...over },
    rules: rules.map((rule) => ({
      rule,
      severity: undefined,
      options: optionsInForce(rule, undefined),
      floors: {},
    })),
    known: rules.map(({ id }) => id),
  });
  expect(schemaErrors(JSON.parse(JSON.stringify(report)))).toEqual([]);
  return report.coverage;
};

test.each([
  { what: 'everyone, as who sees all', over: { scope: 'tenant', seesAll: true }, expected: undefined },
  { what: 'everyone, as who may not', over: { scope: 'tenant', seesAll: false }, expected: true },
  { what: 'oneself', over: { scope: 'mine', seesAll: false }, expected: undefined },
  { what: 'a file', over: { scope: 'file' }, expected: undefined },
] as const)('a report of $what says so', ({ over, expected }) => {
  expect(coverage(over).mayBeFiltered).toBe(expected);
});
