import { describe, expect, test } from '@jest/globals';
import { type Finding, type Kind, SEVERITIES, type Severity } from '../../src/contract/index.js';
import {
  credentialsByKind,
  exitCode,
  groupBy,
  hasHistory,
  hidesFindings,
  highestSeverity,
  isOpen,
  isWaived,
  openCounts,
  partsOf,
  type SourceCoverage,
  summarize,
} from '../../src/engine/report.js';
import { EXIT } from '../../src/errors.js';
import { sampleCredential, sampleFinding, sampleReport, sampleUnknown } from '../helpers/sample-report.js';

const WAIVER = { reason: 'x', approvedBy: 'y', expires: '2026-12-31' };
const of = (findings: readonly Finding[], complete = true) => sampleReport({ findings, complete });
const medium = sampleFinding({ severity: 'medium' });

test('the exit codes are the documented ones', () => {
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
    ['waived', [{ ...medium, status: 'waived', waiver: WAIVER }], 'info', EXIT.clean],
    ['known from before', [{ ...medium, status: 'known' }], 'medium', EXIT.findings],
    ['not to be told', [sampleUnknown({ severity: 'critical' })], 'info', EXIT.clean],
  ] as const)('%s', (_, findings, failOn, expected) => {
    expect(exitCode(of(findings as readonly Finding[]), failOn)).toBe(expected);
  });
});

describe('findings below the minimum severity', () => {
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

test('an incomplete audit exits 3 whatever the threshold', () => {
  for (const failOn of [...SEVERITIES, 'never'] as const) {
    expect(exitCode(of([], false), failOn)).toBe(EXIT.incomplete);
    expect(exitCode(of([medium], false), failOn)).toBe(EXIT.incomplete);
  }
});

describe('what counts', () => {
  const waiver = { reason: 'x', approvedBy: 'y', expires: '2027-01-01' };
  const open = sampleFinding({ status: 'new' });
  const reopened = sampleFinding({ status: 'reopened', severity: 'critical' });
  const waived = sampleFinding({ status: 'waived', waiver });
  const report = sampleReport({ findings: [waived, reopened, sampleUnknown(), open] });

  test('sorts findings into open, unknown and waived, in the order of the report', () => {
    const parts = partsOf(report);
    expect(parts).toMatchObject({
      open: [reopened, open],
      unknown: [{ outcome: 'unknown' }],
      waived: [waived],
    });
    expect(parts.unknown).toHaveLength(1);
    expect([open, sampleUnknown(), waived].map(isOpen)).toEqual([true, false, false]);
  });

  test('treats a finding as waived by its waiver or by its status', () => {
    expect(isWaived({ waiver, status: null })).toBe(true);
    expect(isWaived({ waiver: null, status: 'waived' })).toBe(true);
    expect(isWaived({ waiver: null, status: 'known' })).toBe(false);
  });

  test('counts reopened findings as new', () => {
    expect(summarize(report)).toMatchObject({ findings: 2, waived: 1, unknown: 1, new: 2, known: 0 });
  });

  test('finds the highest severity among open findings', () => {
    expect(highestSeverity(report)).toBe('critical');
    expect(highestSeverity(sampleReport({ findings: [waived] }))).toBeUndefined();
  });

  test('counts open findings by severity, rule and kind, in the order of the report', () => {
    const onTrust = sampleFinding({
      severity: 'high',
      credential: { ...sampleCredential({ id: 't' }), kind: 'federation-trust' },
    });
    const high = (id: string) => sampleFinding({ severity: 'high', credential: sampleCredential({ id }) });
    const findings = [
      high('a'),
      onTrust,
      high('b'),
      sampleFinding({ severity: 'high', rule: 'waiver-expired', credential: null }),
      { ...high('c'), waiver },
      sampleUnknown(),
      medium,
      { ...high('d') },
    ];
    expect(openCounts({ findings })).toEqual([
      { severity: 'high', rule: 'unused', kind: 'personal-client', findings: 3 },
      { severity: 'high', rule: 'unused', kind: 'federation-trust', findings: 1 },
      { severity: 'high', rule: 'waiver-expired', kind: 'waiver', findings: 1 },
      { severity: 'medium', rule: 'unused', kind: 'personal-client', findings: 1 },
    ]);
    expect(openCounts({ findings: [] })).toEqual([]);
  });

  test('counts credentials by kind, also where a source that was read holds none', () => {
    const source = (kind: Kind, status: SourceCoverage['status']): SourceCoverage => ({
      kind,
      status,
      credentials: 0,
      deleted: 0,
      pages: 1,
      note: null,
    });
    const counted = sampleReport({
      sources: [
        source('personal-client', 'complete'),
        source('service-principal-credential', 'partial'),
        source('federation-trust', 'unavailable'),
      ],
      credentials: [sampleCredential({ id: 'a' }), sampleCredential({ id: 'b' })],
    });
    expect([...credentialsByKind(counted)]).toEqual([
      ['personal-client', 2],
      ['service-principal-credential', 0],
    ]);
  });

  test('knows whether findings were left out, also of a report that was saved without their number', () => {
    const noted = (...notes: string[]) => hidesFindings(sampleReport({ notes }));
    expect(noted()).toBe(false);
    expect(noted('1 finding below low is not shown.')).toBe(true);
    expect(noted('Something else.', '12 findings below critical are not shown.')).toBe(true);
    expect(noted('The source says: 1 finding below low is not shown. Look there.')).toBe(false);
    const none = { critical: 0, high: 0, medium: 0, low: 0, info: 0 };
    const plain = sampleReport();
    expect(hidesFindings({ ...plain, summary: { ...plain.summary, hidden: none } })).toBe(true);
  });

  test('has a history if a finding was resolved', () => {
    const resolved = [
      { fingerprint: 'f', rule: 'unused', credential: { kind: 'personal-client', id: 'x', name: null } },
    ] as const;
    expect(hasHistory(sampleReport({ resolved }))).toBe(true);
    expect(hasHistory(sampleReport())).toBe(false);
  });

  test('has a history only if a finding that is not waived has a status, or one is resolved', () => {
    expect(hasHistory(report)).toBe(true);
    expect(hasHistory(sampleReport({ findings: [waived, sampleFinding({ status: null })] }))).toBe(false);
  });
});

test('only the findings that count decide, whatever else is there or left out', () => {
  const report = of([sampleFinding({ severity: 'critical' })]);
  const hidden = { critical: 2, high: 0, medium: 0, low: 0, info: 0 };
  const hiding = { ...report, summary: { ...report.summary, hidden } };
  expect(exitCode(hiding, 'low', [])).toBe(EXIT.clean);
  expect(exitCode(hiding, 'high', [medium])).toBe(EXIT.clean);
  expect(exitCode(hiding, 'medium', [medium])).toBe(EXIT.findings);
});

test('what has no key is in no group', () => {
  const groups = groupBy(['a1', 'b', 'a2', ''], (text) => text[0]);
  expect([...groups]).toEqual([
    ['a', ['a1', 'a2']],
    ['b', ['b']],
  ]);
});
