import { describe, expect, test } from '@jest/globals';
import type { Severity } from '../../src/contract/index.js';
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

  test('an unknown caller counts only for what depends on the caller', () => {
    const unknown = { self: null };
    expect(files(merge(part('a.json', {}, unknown), part('b.json')))).toEqual(['b.json']);
    const mine = (file: string) => part(file, { scope: 'mine' }, unknown);
    expect(files(merge(mine('a.json'), mine('b.json')))).toEqual(['a.json', 'b.json']);
  });

  test('two audits of a tenant that is called file are', () => {
    expect(files(merge(part('a.json', { tenant: 'file' }), part('b.json', { tenant: 'file' })))).toEqual([
      'b.json',
    ]);
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
    const older = part(
      'older.json',
      { sources: [source('personal-client'), source('federation-trust')] },
      at(HOUR),
    );
    expect(files(merge(older, trusts)).sort()).toEqual(['older.json', 'trusts.json']);
    const oldRefused = part(
      'old-refused.json',
      { sources: [source('personal-client', 'unavailable'), source('federation-trust')] },
      at(HOUR),
    );
    expect(files(merge(oldRefused, trusts))).toEqual(['trusts.json']);
  });

  test('a newer report does not hide findings of rules that did not run for it', () => {
    const without = (...rules: string[]) => {
      const { file, report } = part(`without ${rules}.json`) as { file: string; report: Report };
      return { file, report: { ...report, coverage: { ...report.coverage, rulesNotRun: rules } } };
    };
    const older = part('old.json', { findings: [sampleFinding({ severity: 'high' })] }, at(HOUR));
    const merged = merge(older, without('exposed', 'unused'));
    expect(files(merged).sort()).toEqual(['old.json', 'without exposed,unused.json']);
    expect(mergeExitCode(merged, 'high')).toBe(1);
    expect(files(merge(older, without('exposed')))).toEqual(['without exposed.json']);
    const changed = part('old.json', { findings: [sampleFinding({ rule: 'scope-widened' })] }, at(HOUR));
    expect(files(merge(changed, without('scope-widened')))).toEqual(['without scope-widened.json']);
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

  test('is named in the order of the command line', () => {
    const merged = merge(
      part('a.json', {}, at(40 * HOUR)),
      { file: 'b.json', report: 'no such file' },
      part('c.json', { complete: false, tenant: 'c' }),
    );
    expect(why(merged)).toEqual([
      ['a.json', 'stale'],
      ['b.json', 'unreadable'],
      ['c.json', 'incomplete'],
    ]);
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
    const finding = (severity: Severity, rule: string, id: string) =>
      sampleFinding({ severity, rule, credential: sampleCredential({ id }) });
    const merged = merge(
      part('b.json', {
        tenant: 'b',
        findings: [
          finding('critical', 'no-expiry', '3'),
          finding('high', 'unused', '1'),
          finding('low', 'expired', '9'),
        ],
      }),
      part('a.json', {
        tenant: 'a',
        findings: [finding('high', 'unused', '2'), finding('high', 'no-expiry', '7')],
      }),
    );
    expect(
      merged.findings.map(({ tenant, finding }) => `${finding.severity} ${finding.rule} ${tenant}`),
    ).toEqual([
      'critical no-expiry b',
      'high no-expiry a',
      'high unused a',
      'high unused b',
      'low expired b',
    ]);
  });

  test('of one rule and tenant come by credential, those on waivers first', () => {
    const on = (id: string) =>
      sampleFinding({ rule: 'waiver-expired', credential: sampleCredential({ id }) });
    const onWaiver = (message: string) =>
      sampleFinding({ rule: 'waiver-expired', credential: null, message });
    const merged = merge(
      part('a.json', { findings: [on('2'), onWaiver('x')] }),
      part('b.json', { scope: 'mine', findings: [on('1'), on('3'), onWaiver('y')] }),
    );
    const [first, second, ...rest] = merged.findings.map(({ finding }) => finding);
    expect(rest.map(({ credential }) => credential?.id)).toEqual(['1', '2', '3']);
    const prints = [onWaiver('x'), onWaiver('y')].map(({ fingerprint }) => fingerprint).sort();
    expect([first?.fingerprint, second?.fingerprint]).toEqual(prints);
  });

  test('that two reports hold alike are those of the first', () => {
    const seenSince = (firstSeen: string) => [sampleFinding({ firstSeen })];
    const merged = merge(
      part('b.json', { findings: seenSince(daysAgo(2)) }),
      part('a.json', { scope: 'mine', findings: seenSince(daysAgo(1)) }),
    );
    expect(merged.findings).toMatchObject([{ finding: { firstSeen: daysAgo(1) } }]);
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
