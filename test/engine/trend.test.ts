import { describe, expect, test } from '@jest/globals';
import type { Report } from '../../src/engine/report.js';
import { inTime, type TrendPoint, trendPoint, trendSubject } from '../../src/engine/trend.js';
import {
  AS_OF,
  daysAgo,
  fullReport,
  sampleCredential,
  sampleFinding,
  sampleReport,
} from '../helpers/sample-report.js';

const waiver = { reason: 'x', approvedBy: 'y', expires: '2026-12-31' };
const aged = (id: string, firstSeen: string | null) =>
  sampleFinding({ credential: sampleCredential({ id }), firstSeen });

describe('the point of a report', () => {
  test('has its run, counts and history', () => {
    const report = fullReport();
    const { tenant, scope, asOf, startedAt, self } = report.run;
    expect(trendPoint(report)).toEqual({
      run: { tenant, scope, asOf, startedAt, self },
      complete: true,
      bySeverity: { critical: 1, high: 1, medium: 1, low: 1, info: 1 },
      new: 4,
      resolved: 1,
      meanAgeDays: 14,
      compared: true,
    });
  });

  test('says that its counts are too low, or that it had nothing to compare with', () => {
    expect(trendPoint(sampleReport({ complete: false }))).toMatchObject({ complete: false, compared: false });
  });

  test('counts what a minimum severity keeps out', () => {
    const report = sampleReport({ findings: [sampleFinding({ severity: 'high' })] });
    const hidden = { critical: 0, high: 2, medium: 0, low: 3, info: 0 };
    const hiding: Report = { ...report, summary: { ...report.summary, hidden } };
    expect(trendPoint(hiding).bySeverity).toEqual({ critical: 0, high: 3, medium: 0, low: 3, info: 0 });
    expect(Object.keys(trendPoint(hiding).bySeverity)[0]).toBe('critical');
  });

  test.each<[string, Report['findings'], number | null]>([
    ['no findings', [], null],
    ['one of unknown age', [aged('a', null)], null],
    ['one of unknown age beside another', [aged('a', null), aged('b', daysAgo(4))], 4],
    ['two', [aged('a', daysAgo(1)), aged('b', daysAgo(4))], 2.5],
    ['one of this audit', [aged('a', AS_OF)], 0],
    ['one that a later clock saw first', [aged('a', daysAgo(-9)), aged('b', daysAgo(4))], 2],
    ['a waived one', [{ ...aged('a', daysAgo(9)), waiver, status: 'waived' }], null],
  ])('has the mean age of %s', (_, findings, expected) => {
    expect(trendPoint(sampleReport({ findings })).meanAgeDays).toBe(expected);
  });
});

describe('points in time', () => {
  const point = (asOf: string, startedAt = asOf, over: Partial<TrendPoint> = {}): TrendPoint => {
    const made = trendPoint(sampleReport());
    return { ...made, run: { ...made.run, asOf, startedAt }, ...over };
  };

  test('come the oldest first, and a copy only once', () => {
    const points = [
      point('2026-03-01T00:00:00Z'),
      point('2026-03-01T00:30:00+01:00'),
      point('2026-01-01T00:00:00Z'),
      point('2026-03-01T00:00:00Z', undefined, { resolved: 7 }),
    ];
    expect(inTime(points).map(({ run: { asOf }, resolved }) => [asOf, resolved])).toEqual([
      ['2026-01-01T00:00:00Z', 0],
      ['2026-03-01T00:30:00+01:00', 0],
      ['2026-03-01T00:00:00Z', 7],
    ]);
  });

  test('of one time are two if the audits began at two times', () => {
    expect(inTime([point(AS_OF), point(AS_OF, daysAgo(1))])).toHaveLength(2);
  });
});

describe('what a trend is of', () => {
  const self = { userId: 'user-1', clientId: null };
  test.each<[Partial<Report['run']>, string]>([
    [{}, 'acme.conductor.one (tenant)'],
    [{ scope: 'file', tenant: '' }, 'an unnamed tenant (file)'],
    [{ scope: 'mine', self }, 'acme.conductor.one (mine of user-1)'],
    [{ scope: 'mine', self: { ...self, userId: null } }, 'acme.conductor.one (mine)'],
    [{ scope: 'mine', self: null }, 'acme.conductor.one (mine)'],
    [{ scope: 'tenant', self }, 'acme.conductor.one (tenant)'],
  ])('%j', (run, expected) => {
    const made = trendPoint(sampleReport());
    expect(trendSubject({ ...made, run: { ...made.run, ...run } })).toBe(expected);
  });
});
