import { describe, expect, test } from '@jest/globals';
import { type Finding, SEVERITIES } from '../../src/contract/index.js';
import { EXIT, exitCode } from '../../src/engine/exit-code.js';
import { sampleFinding, sampleReport, sampleUnknown } from '../helpers/sample-report.js';

const of = (findings: readonly Finding[], complete = true) => sampleReport({ findings, complete });
const medium = sampleFinding({ severity: 'medium' });

test('the codes are those that are documented', () => {
  expect(EXIT).toEqual({ clean: 0, findings: 1, usage: 2, incomplete: 3 });
});

describe('a complete audit', () => {
  test.each([
    ['below the threshold', [medium], 'high', EXIT.clean],
    ['at the threshold', [medium], 'medium', EXIT.findings],
    ['above the threshold', [medium], 'low', EXIT.findings],
    [
      'one of several at the threshold',
      [sampleFinding({ severity: 'info' }), medium],
      'medium',
      EXIT.findings,
    ],
    ['without a threshold', [sampleFinding({ severity: 'critical' })], 'never', EXIT.clean],
    ['without findings', [], 'info', EXIT.clean],
    ['waived', [{ ...medium, status: 'waived' }], 'info', EXIT.clean],
    ['known from before', [{ ...medium, status: 'known' }], 'medium', EXIT.findings],
    ['not to be told', [sampleUnknown({ severity: 'critical' })], 'info', EXIT.clean],
  ] as const)('%s', (_, findings, failOn, expected) => {
    expect(exitCode(of(findings as readonly Finding[]), failOn)).toBe(expected);
  });
});

test('an incomplete audit is neither clean nor found, whatever the threshold', () => {
  for (const failOn of [...SEVERITIES, 'never'] as const) {
    expect(exitCode(of([], false), failOn)).toBe(EXIT.incomplete);
    expect(exitCode(of([medium], false), failOn)).toBe(EXIT.incomplete);
  }
});
