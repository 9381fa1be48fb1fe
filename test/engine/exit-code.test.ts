import { describe, expect, test } from '@jest/globals';
import { type Finding, SEVERITIES, type Severity } from '../../src/contract/index.js';
import { exitCode } from '../../src/engine/report.js';
import { EXIT } from '../../src/errors.js';
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

describe('what the report leaves out for want of severity', () => {
  const none = { critical: 0, high: 0, medium: 0, low: 0, info: 0 };
  const hiding = (hidden: Record<Severity, number>) => {
    const report = of([]);
    return { ...report, summary: { ...report.summary, hidden } };
  };

  test.each([
    ['at the threshold', { ...none, medium: 1 }, 'medium', EXIT.findings],
    ['above it', { ...none, high: 2 }, 'medium', EXIT.findings],
    ['below it', { ...none, low: 3, info: 1 }, 'medium', EXIT.clean],
    ['nothing', none, 'info', EXIT.clean],
    ['without a threshold', { ...none, critical: 1 }, 'never', EXIT.clean],
  ] as const)('%s', (_, hidden, failOn, expected) => {
    expect(exitCode(hiding(hidden), failOn)).toBe(expected);
  });
});

test('an incomplete audit is neither clean nor found, whatever the threshold', () => {
  for (const failOn of [...SEVERITIES, 'never'] as const) {
    expect(exitCode(of([], false), failOn)).toBe(EXIT.incomplete);
    expect(exitCode(of([medium], false), failOn)).toBe(EXIT.incomplete);
  }
});
