import { describe, expect, test } from '@jest/globals';
import { type MergePart, mergedCounts, mergeExitCode, mergeReports } from '../../src/engine/merge.js';
import type { Report } from '../../src/engine/report.js';
import {
  AS_OF,
  daysAgo,
  type SampleOptions,
  sampleCredential,
  sampleFinding,
  sampleReport,
} from '../helpers/sample-report.js';

const NOW = Date.parse(AS_OF);
const HOUR = 3_600_000;
const LIMITS = { now: NOW, maxAge: 36 * HOUR };

function part(file: string, options: SampleOptions = {}, run: Partial<Report['run']> = {}): MergePart {
  const report = sampleReport(options);
  return { file, report: { ...report, run: { ...report.run, ...run } } };
}

const at = (ms: number) => ({ asOf: new Date(NOW - ms).toISOString() });
const merge = (...parts: MergePart[]) => mergeReports(parts, LIMITS);
const files = ({ reports }: ReturnType<typeof merge>) => reports.map(({ file }) => file);
const why = ({ problems }: ReturnType<typeof merge>) => problems.map(({ file, why }) => [file, why.kind]);

const source = (
  kind: 'personal-client' | 'federation-trust',
  status: 'complete' | 'unavailable' = 'complete',
) => ({
  kind,
  status,
  credentials: 0,
  deleted: 0,
  pages: 1,
  note: null,
});

describe('duplicates of one tenant and scope', () => {
  test('the newest wins, in whatever order they come, and the other is named', () => {
    const older = part('old.json', {}, at(HOUR));
    const newer = part('new.json');
    for (const merged of [merge(older, newer), merge(newer, older)]) {
      expect(files(merged)).toEqual(['new.json']);
      expect(merged.problems).toEqual([
        { file: 'old.json', why: expect.objectContaining({ kind: 'replaced', by: 'new.json' }) },
      ]);
      expect(mergeExitCode(merged, 'high')).toBe(0);
    }
  });

  test('of two of the same time the later on the command line wins', () => {
    expect(files(merge(part('a.json'), part('b.json')))).toEqual(['b.json']);
  });

  test('another tenant, or scope, or caller of --scope mine, is not a duplicate', () => {
    const mine = (user: string) => ({ self: { userId: user, clientId: null } });
    const merged = merge(
      part('a.json'),
      part('b.json', { tenant: 'other.conductor.one' }),
      part('c.json', { scope: 'mine' }, mine('user-1')),
      part('d.json', { scope: 'mine' }, mine('user-2')),
      part('e.json', { scope: 'mine' }, mine('user-2')),
    );
    expect(files(merged)).toEqual(['c.json', 'e.json', 'a.json', 'b.json']);
    expect(why(merged)).toEqual([['d.json', 'replaced']]);
  });

  test.each(['', 'file'])('two files of unnamed tenants (%j) are not duplicates', (tenant) => {
    const findings = [sampleFinding()];
    const merged = merge(
      part('a.json', { tenant, scope: 'file', findings }),
      part('b.json', { tenant, scope: 'file', findings }),
    );
    expect(files(merged)).toEqual(['a.json', 'b.json']);
    expect(merged.findings).toHaveLength(2);
  });

  test('two files of one named tenant are', () => {
    const named = (file: string) => part(file, { scope: 'file' });
    expect(files(merge(named('a.json'), named('b.json')))).toEqual(['b.json']);
  });

  test('a newer report of other sources does not hide those of the older', () => {
    const keys = part('keys.json', { sources: [source('personal-client')] }, at(HOUR));
    const trusts = part('trusts.json', { sources: [source('federation-trust')] });
    const both = part('both.json', { sources: [source('personal-client'), source('federation-trust')] });
    const refused = part('refused.json', {
      sources: [source('personal-client', 'unavailable'), source('federation-trust')],
    });
    expect(files(merge(keys, trusts)).sort()).toEqual(['keys.json', 'trusts.json']);
    expect(files(merge(keys, refused)).sort()).toEqual(['keys.json', 'refused.json']);
    expect(files(merge(keys, both))).toEqual(['both.json']);
  });

  test('a stale report that a fresh one replaces makes nothing incomplete', () => {
    const merged = merge(part('old.json', { complete: false }, at(99 * HOUR)), part('new.json'));
    expect(why(merged)).toEqual([['old.json', 'replaced']]);
    expect(mergeExitCode(merged, 'high')).toBe(0);
  });
});

describe('a report that does not show the tenant as it is now', () => {
  test.each([
    [36 * HOUR, []],
    [36 * HOUR + 1, [['a.json', 'stale']]],
    [-HOUR, []],
    [-HOUR - 1, [['a.json', 'future']]],
  ])('as of %d ms before now', (age, expected) => {
    const merged = merge(part('a.json', {}, at(age)));
    expect(why(merged)).toEqual(expected);
    expect(files(merged)).toEqual(['a.json']);
    expect(mergeExitCode(merged, 'high')).toBe(expected.length > 0 ? 3 : 0);
  });

  test('may be both incomplete and stale, and says both', () => {
    expect(why(merge(part('a.json', { complete: false }, at(40 * HOUR))))).toEqual([
      ['a.json', 'incomplete'],
      ['a.json', 'stale'],
    ]);
  });
});

describe('the exit code is the worst of the parts', () => {
  const high = { findings: [sampleFinding({ severity: 'high' })], tenant: 'b.conductor.one' };
  const unread: MergePart = { file: 'gone.json', report: 'The report gone.json cannot be read (ENOENT).' };
  test.each<[string, MergePart[], number]>([
    ['clean ones', [part('a.json'), part('b.json', { tenant: 'b.conductor.one' })], 0],
    ['one with findings', [part('a.json'), part('b.json', high)], 1],
    ['one incomplete beside findings', [part('a.json', { complete: false }), part('b.json', high)], 3],
    ['one unreadable', [part('a.json'), unread], 3],
    ['none that can be read', [unread], 3],
  ])('%s', (_, parts, code) => {
    expect(mergeExitCode(merge(...parts), 'high')).toBe(code);
    if (code === 1) expect(mergeExitCode(merge(...parts), 'critical')).toBe(0);
  });
});

describe('findings', () => {
  test('come worst first, then by rule, tenant and credential, each with its tenant', () => {
    const finding = (severity: 'high' | 'low', rule: string, id: string) =>
      sampleFinding({ severity, rule, credential: sampleCredential({ id }) });
    const merged = merge(
      part('b.json', {
        tenant: 'b',
        findings: [finding('high', 'unused', '1'), finding('low', 'expired', '9')],
      }),
      part('a.json', {
        tenant: 'a',
        findings: [finding('high', 'unused', '2'), finding('high', 'no-expiry', '7')],
      }),
    );
    expect(
      merged.findings.map(({ tenant, finding }) => `${finding.severity} ${finding.rule} ${tenant}`),
    ).toEqual(['high no-expiry a', 'high unused a', 'high unused b', 'low expired b']);
  });

  test('that two reports of one tenant hold alike come once; where they differ, both stay', () => {
    const open = sampleFinding();
    const waived = sampleFinding({
      status: 'waived',
      waiver: { reason: 'x', approvedBy: 'y', expires: '2026-12-31' },
    });
    const mine = { scope: 'mine' as const };
    expect(
      merge(part('a.json', { findings: [open] }), part('b.json', { ...mine, findings: [open] })).findings,
    ).toHaveLength(1);
    expect(
      merge(part('a.json', { findings: [waived] }), part('b.json', { ...mine, findings: [open] })).findings,
    ).toHaveLength(2);
  });

  test('that a minimum severity keeps out are counted', () => {
    const one = part('a.json', { findings: [sampleFinding()] });
    const report = one.report as Report;
    const hidden = { critical: 0, high: 0, medium: 0, low: 3, info: 0 };
    const merged = merge({ file: 'a.json', report: { ...report, summary: { ...report.summary, hidden } } });
    expect(mergedCounts(merged)).toEqual({ critical: 0, high: 0, medium: 1, low: 3, info: 0 });
  });

  test('changes nothing in the reports', () => {
    const one = part('a.json', { findings: [sampleFinding()] }, { asOf: daysAgo(1) });
    const before = JSON.stringify(one);
    merge(one, part('b.json'));
    expect(JSON.stringify(one)).toBe(before);
  });
});
