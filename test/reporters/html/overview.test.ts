import { describe, expect, test } from '@jest/globals';
import type { ReportedCredential } from '../../../src/contract/index.js';
import { dateCharts, ownerChart, ruleList } from '../../../src/reporters/html/overview.js';
import { rulePageAddress } from '../../../src/reporters/reporter.js';
import { HTML_CONTEXT } from '../../helpers/html-report-samples.js';
import {
  daysAgo,
  fullReport,
  sampleContext,
  sampleCredential,
  sampleFinding,
  sampleReport,
} from '../../helpers/sample-report.js';

/** The rows of the only table of a chart: label and number. */
function rows(chart: { readonly html: string } | false | undefined): [string, string][] {
  const found = (chart ? chart.html : '').matchAll(
    /<tr><th scope="row">(.*?)<\/th>.*?<td class="number">(.*?)<\/td>/g,
  );
  return [...found].map(([, label = '', n = '']) => [label.replace(/<[^>]*>/g, ''), n]);
}

function filled(chart: Parameters<typeof rows>[0]): [string, string][] {
  return rows(chart).filter(([, n]) => n !== '0');
}

describe('the rules', () => {
  /** One rule for each severity given, with so many findings. */
  function listed(...rules: readonly (readonly [severity: string, findings: number])[]) {
    const findings = rules.flatMap(([severity, n], rule) =>
      Array.from({ length: n }, (_, i) =>
        sampleFinding({
          rule: `rule-${String(rule).padStart(2, '0')}`,
          severity: severity as 'high',
          credential: sampleCredential({ id: `pc-${i}` }),
        }),
      ),
    );
    return ruleList(sampleReport({ findings }), sampleContext());
  }
  const order = (list: ReturnType<typeof listed>) =>
    [...(list ? list.html : '').matchAll(/<summary><span class="severity (\w+)".*?<code>(.*?)<\/code>/g)].map(
      ([, severity, rule]) => `${severity} ${rule}`,
    );

  test('are sorted by their worst severity, then by how many findings are that bad', () => {
    expect(order(listed(['low', 9], ['high', 1], ['critical', 1], ['high', 3]))).toEqual([
      'critical rule-02',
      'high rule-03',
      'high rule-01',
      'low rule-00',
    ]);
  });

  test('are all shown up to ten', () => {
    expect(listed(...Array.from({ length: 10 }, () => ['low', 1] as const))).toMatchObject({
      html: expect.not.stringContaining('class="rest"'),
    });
  });

  test('are folded from the eleventh on, with the severities that the fold hides', () => {
    const list = listed(
      ...Array.from({ length: 10 }, () => ['high', 1] as const),
      ['medium', 1] as const,
      ['info', 1] as const,
    );
    expect(order(list)).toHaveLength(12);
    const [, folded = ''] = (list ? list.html : '').split('<details class="rest">');
    expect(folded).toContain('<summary>2 more rules: medium, info</summary>');
    expect(folded.match(/<details class="rule">/g)).toHaveLength(2);
  });

  test('name why, controls, page, and ten findings at most', () => {
    const findings = Array.from({ length: 11 }, (_, i) =>
      sampleFinding({ credential: sampleCredential({ id: `pc-${i}`, name: `key ${i}.` }) }),
    );
    const { coverage, ...report } = sampleReport({ findings });
    const controls = { unused: { 'cis-8.1': ['5.3', '5.4'] } };
    const list = ruleList({ ...report, coverage: { ...coverage, controls } }, HTML_CONTEXT);
    const text = list ? list.html : '';
    expect(text).toContain('Nobody would miss an unused credential');
    expect(text).toContain('<b>Controls:</b> cis-8.1 5.3, 5.4');
    expect(text).toContain(`<a href="${rulePageAddress('unused', HTML_CONTEXT)}"`);
    expect(text.match(/key \d+\./g)).toHaveLength(10);
    expect(text).toContain('These are 10 of 11.');
    expect(text).toContain('data-filter="rule=unused"');
  });

  test('leave out waived findings and unknown outcomes', () => {
    expect(order(ruleList(fullReport(), HTML_CONTEXT))).toEqual([
      'critical loose-trust-condition',
      'high expiring-soon',
      'medium unused',
      'low expired',
      'info waiver-expiring',
    ]);
  });

  test('of a report without findings are no list', () => {
    expect(ruleList(sampleReport(), HTML_CONTEXT)).toBe(false);
  });
});

describe('the owners', () => {
  const owned = (...counts: readonly number[]) =>
    ownerChart(
      sampleReport({
        findings: counts.flatMap((n, owner) =>
          Array.from({ length: n }, (_, i) =>
            sampleFinding({
              credential: sampleCredential({
                id: `${owner}-${i}`,
                owner: { id: `u${owner}`, name: `Owner ${owner}`, email: '' },
              }),
            }),
          ),
        ),
      }),
    );

  test('are sorted by their findings', () => {
    expect(rows(owned(1, 3, 2))).toEqual([
      ['Owner 1 (u1)', '3'],
      ['Owner 2 (u2)', '2'],
      ['Owner 0 (u0)', '1'],
    ]);
  });

  test('are eight at most, and the rest is counted', () => {
    expect(rows(owned(...Array(8).fill(2)))).toHaveLength(8);
    const chart = owned(...Array(8).fill(2), 1, 1);
    expect(rows(chart)).toHaveLength(8);
    expect(chart).toMatchObject({ html: expect.stringContaining('And 2 more owners with 2 findings.') });
  });

  test('are no chart if there is only one', () => {
    expect(owned(5)).toBe(false);
  });
});

describe('dates of live credentials', () => {
  const charts = (...credentials: Partial<ReportedCredential>[]) =>
    dateCharts(
      sampleReport({ credentials: credentials.map((c, i) => sampleCredential({ id: `pc-${i}`, ...c })) }),
    );

  test.each([
    [-7, 'up to 7 days'],
    [-7.001, '8–30 days'],
    [-30, '8–30 days'],
    [-30.001, '31–90 days'],
    [-90, '31–90 days'],
    [-180, '91–180 days'],
    [-365, '181–365 days'],
    [-365.001, 'over a year'],
  ])('one that expires %d days ago counts under %s', (days, range) => {
    const [expires] = charts({ expiresAt: daysAgo(days) }, {});
    expect(filled(expires)).toEqual([
      ['no end date', '1'],
      [range, '1'],
    ]);
  });

  test('expired credentials, and kinds without such dates, are not counted', () => {
    const [expires, used] = charts(
      { expiresAt: daysAgo(-3), lastUsedAt: null },
      { expiresAt: daysAgo(-40), lastUsedAt: daysAgo(2) },
      { expiresAt: daysAgo(1) },
      { kind: 'federation-trust', expiresAt: null, lastUsedAt: null },
    );
    expect(filled(expires)).toEqual([
      ['up to 7 days', '1'],
      ['31–90 days', '1'],
    ]);
    expect(filled(used)).toEqual([
      ['no use on record', '1'],
      ['up to 7 days', '1'],
    ]);
  });

  test('are no chart if all fall into one range, or there are none', () => {
    expect(charts({}, {}, { lastUsedAt: daysAgo(90.5) })).toEqual([false, false]);
    expect(charts()).toEqual([false, false]);
  });

  test('have bars by the worst open finding', () => {
    const waiver = { reason: 'r', approvedBy: 'a', expires: '2026-12-31' };
    const credential = sampleCredential({ id: 'a', expiresAt: daysAgo(-3) });
    const [expires] = dateCharts(
      sampleReport({
        credentials: [sampleCredential({ id: 'b' })],
        findings: [
          sampleFinding({ rule: 'a', severity: 'low', credential }),
          sampleFinding({ rule: 'b', severity: 'medium', credential }),
          sampleFinding({ rule: 'c', severity: 'high', status: 'waived', waiver, credential }),
        ],
      }),
    );
    expect(expires ? expires.html.match(/<rect class="\w+"/g) : []).toEqual([
      '<rect class="none"',
      '<rect class="medium"',
    ]);
  });
});
