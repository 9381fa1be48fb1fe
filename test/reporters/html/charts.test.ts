import { describe, expect, test } from '@jest/globals';
import { DAY, type ReportedCredential } from '../../../src/contract/index.js';
import {
  bars,
  gather,
  rangeOf,
  scatter,
  timeline,
  worstFindings,
} from '../../../src/reporters/html/charts.js';
import { pageData } from '../../../src/reporters/html/data.js';
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

  test('draws a mark for each live credential with an end date, and counts the others beside them', () => {
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
      '3 with an end date (2 within 30 days), 1 without one on record, 1 federation trust without an end date.',
    );
  });

  test('counts exactly 30 days as within 30 days, and a millisecond more as not', () => {
    const after = new Date(Date.parse(daysAgo(-30)) + 1).toISOString();
    expect(drawn({ expiresAt: daysAgo(-30) })).toContain('(1 within 30 days)');
    expect(drawn({ expiresAt: after })).toContain('(0 within 30 days)');
  });

  test('keeps the axis readable if a credential expires in the year 9999', () => {
    const html = drawn({ expiresAt: '9999-12-31T00:00:00Z' }, { expiresAt: daysAgo(-200) });
    expect(html).toMatch(/after 2027-10-\d\d/);
    expect(html).toContain('Jan 2027');
  });

  test('has a table that adds up to all live credentials', () => {
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
  test('draws a mark for each credential whose dates are known, and counts those without a use on record', () => {
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
    expect(html).toContain(
      '3 live credentials: 1 without a use on record, 1 last used 90 days ago or longer.',
    );
    expect(html).toContain('Not shown: 2 credentials without these dates.');
  });

  test('draws up to 600 credentials one by one, and more by cells', () => {
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

  test('keeps dates of long ago and of the future inside the frame', () => {
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
  const data = pageData(fullReport(), HTML_CONTEXT);
  const byRule = gather(
    data.findings,
    ({ rule }) => rule,
    (rule) => ({ label: data.rules[rule]?.id ?? '', detail: '', value: '' }),
  );
  const chart = (most: number) =>
    bars({ id: 'x', title: 'X', column: 'X', filter: 'rule', bars: byRule, most }).html;

  test('counts open findings and, separately, unknown outcomes; leaves out waived findings', () => {
    expect(byRule.find(({ label }) => label === 'owner-inactive')).toMatchObject({
      unknown: 1,
      counts: { critical: 0 },
    });
    expect(byRule.find(({ label }) => label === 'unused')?.counts.medium).toBe(1);
    expect(byRule.some(({ label }) => label === 'no-expiry')).toBe(false);
  });

  test('draws the longest bars and says how many are left', () => {
    expect(marks(chart(25))).toBe(5);
    expect(chart(25)).not.toContain('more, with');
    expect(chart(4)).toContain('And 2 more, with 1 finding between them.');
  });

  test('says so if there is nothing to draw', () => {
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

test.each([
  [0, 'within 7 days'],
  [7 * DAY, 'within 7 days'],
  [7 * DAY + 1, '8 to 30 days'],
  [30 * DAY, '8 to 30 days'],
  [30 * DAY + 1, '31 to 90 days'],
  [365 * DAY, '181 to 365 days'],
  [365 * DAY + 1, 'more than 365 days'],
])('a span of %d ms is in the range %s', (milliseconds, name) => {
  expect(rangeOf(milliseconds)).toBe(name);
});
