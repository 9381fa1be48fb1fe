import { describe, expect, test } from '@jest/globals';
import type { ReportedCredential } from '../../../src/contract/index.js';
import type { Report } from '../../../src/engine/report.js';
import { bars, gather, scatter, timeline, worstFindings } from '../../../src/reporters/html/charts.js';
import { viewOf } from '../../../src/reporters/html/findings.js';
import { credentialAt, HTML_CONTEXT, tenantReport } from '../../helpers/html-report-samples.js';
import {
  daysAgo,
  fullReport,
  sampleCredential,
  sampleFinding,
  sampleReport,
  sampleUnknown,
} from '../../helpers/sample-report.js';

function reportOf(...credentials: Partial<ReportedCredential>[]) {
  return sampleReport({ credentials: credentials.map((c, i) => sampleCredential({ id: `pc-${i}`, ...c })) });
}

function marks(html: string): number {
  return html.match(/<(path|rect) class="mark /g)?.length ?? 0;
}

describe('timeline', () => {
  const drawn = (...credentials: Partial<ReportedCredential>[]) =>
    timeline(reportOf(...credentials), new Map()).html;

  test('gives each live credential with an end date a mark, and sets the others apart', () => {
    const html = drawn(
      { expiresAt: daysAgo(-3) },
      { expiresAt: daysAgo(-3) },
      { expiresAt: daysAgo(-100) },
      { expiresAt: null },
      { expiresAt: daysAgo(1) },
      { kind: 'federation-trust', id: 'ft', expiresAt: null },
    );
    expect(html.match(/<path class="mark /g)).toHaveLength(3);
    expect(html).toContain(
      '3 with an end date (2 within 30 days), 1 that never ends, 1 federation trust without an end date.',
    );
  });

  test('counts thirty days as within thirty days, and a millisecond more as not', () => {
    const after = new Date(Date.parse(daysAgo(-30)) + 1).toISOString();
    expect(drawn({ expiresAt: daysAgo(-30) })).toContain('(1 within 30 days)');
    expect(drawn({ expiresAt: after })).toContain('(0 within 30 days)');
  });

  test('does not take an end that is not known for one that never comes', () => {
    const { expiresAt: _, ...unknown } = { ...sampleCredential(), live: true };
    const report = { ...sampleReport(), credentials: [unknown as Report['credentials'][number]] };
    const html = timeline(report, new Map()).html;
    expect(html).toContain('0 that never end, 1 whose end is not known.');
  });

  test('one key that ends in the year 9999 does not press the others into a corner', () => {
    const html = drawn({ expiresAt: '9999-12-31T00:00:00Z' }, { expiresAt: daysAgo(-200) });
    expect(html).toMatch(/after \d+ Oct 2027/);
    expect(html).toContain('Jan 2027');
  });

  test('adds up to all live credentials as a table', () => {
    const report = tenantReport(60, 200);
    const table = timeline(report, worstFindings(report)).html.split('Live credentials by end date')[1] ?? '';
    const counts = [...(table.split('</table>')[0] ?? '').matchAll(/<\/th><td class="number">([\d,]+)/g)];
    const sum = counts.reduce((total, [, count]) => total + Number(count?.replace(',', '')), 0);
    expect(sum).toBe(report.credentials.filter(({ live }) => live).length);
  });

  test('draws thousands of credentials with few marks', () => {
    const report = tenantReport(60, 20_000);
    expect(marks(timeline(report, worstFindings(report)).html)).toBeLessThan(250);
  });
});

describe('scatter', () => {
  test('gives each credential whose dates are known a mark, the never used in a strip of their own', () => {
    const html = scatter(
      reportOf(
        { lastUsedAt: daysAgo(90) },
        { lastUsedAt: daysAgo(89) },
        { lastUsedAt: null },
        { createdAt: null },
        { kind: 'federation-trust', id: 'ft', lastUsedAt: null },
      ),
      new Map(),
    ).html;
    expect(marks(html)).toBe(3);
    expect(html).toContain('3 live credentials: 1 never used, 1 last used 90 days ago or longer.');
    expect(html).toContain('2 credentials without these dates (federation trusts, or not known) left out.');
  });

  test('shows 600 one by one, more by cells', () => {
    const some = (n: number) =>
      scatter(
        reportOf(
          ...Array.from({ length: n }, (_, i) => ({
            ...credentialAt(i),
            kind: 'personal-client' as const,
            expiresAt: null,
          })),
        ),
        new Map(),
      ).html;
    expect(marks(some(600))).toBe(600);
    expect(marks(some(601))).toBeLessThan(400);
  });

  test('draws dates of before there were computers, and of the future, inside the frame', () => {
    const html = scatter(
      reportOf({ createdAt: '0001-01-01T00:00:00Z', lastUsedAt: daysAgo(-5) }, { createdAt: daysAgo(-9) }),
      new Map(),
    ).html;
    for (const [, x, y] of html.matchAll(/class="mark [^>]*translate\((-?[\d.]+),(-?[\d.]+)\)/g)) {
      expect(Number(x)).toBeGreaterThanOrEqual(62);
      expect(Number(x)).toBeLessThanOrEqual(630);
      expect(Number(y)).toBeLessThanOrEqual(252);
    }
    expect(marks(html)).toBe(2);
  });
});

describe('bars', () => {
  const view = viewOf(fullReport(), HTML_CONTEXT);
  const byRule = gather(
    view.findings,
    ({ rule }) => rule,
    (rule) => ({ label: view.rules[rule]?.id ?? '', detail: '', value: '' }),
  );
  const chart = (most: number) =>
    bars({ id: 'x', title: 'X', column: 'X', filter: 'rule', bars: byRule, most }).html;

  test('counts open findings; what could not be told stands beside, waived ones nowhere', () => {
    expect(byRule.find(({ label }) => label === 'owner-inactive')).toMatchObject({
      unknown: 1,
      counts: { critical: 0 },
    });
    expect(byRule.find(({ label }) => label === 'unused')?.counts.medium).toBe(1);
    expect(byRule.some(({ label }) => label === 'no-expiry')).toBe(false);
  });

  test('draws the longest and says how many are left', () => {
    expect(marks(chart(25))).toBe(5);
    expect(chart(25)).not.toContain('more, with');
    expect(chart(4)).toContain('And 2 more, with 1 finding between them.');
  });

  test('says so where there is nothing to draw', () => {
    expect(bars({ id: 'x', title: 'X', column: 'X', filter: 'rule', bars: [], most: 9 }).html).toContain(
      'None.',
    );
  });
});

test('a credential is as bad as its worst finding that is neither waived nor unknown', () => {
  const waiver = { reason: 'r', approvedBy: 'a', expires: '2026-12-31' };
  const worst = worstFindings(
    sampleReport({
      findings: [
        sampleFinding({ rule: 'a', severity: 'low' }),
        sampleFinding({ rule: 'b', severity: 'medium' }),
        sampleFinding({ rule: 'c', severity: 'high', status: 'waived', waiver }),
        sampleUnknown(),
      ],
    }),
  );
  expect([...worst.values()]).toEqual(['medium']);
});
