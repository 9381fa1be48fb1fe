import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { afterAll, afterEach, beforeAll, expect, jest } from '@jest/globals';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import type { Report } from '../../../src/engine/report.js';
import { html } from '../../../src/reporters/html/index.js';
import { startBrowser } from '../../helpers/browser.js';
import { HOSTILE_NAMES } from '../../helpers/hostile.js';
import { HTML_CONTEXT, tenantReport } from '../../helpers/html-report-samples.js';
import { needs } from '../../helpers/needs.js';
import { type WatchedPage, watchPage } from '../../helpers/page-watch.js';
import {
  daysAgo,
  fullReport,
  sampleCredential,
  sampleFinding,
  sampleReport,
} from '../../helpers/sample-report.js';

const { describe, test } = needs('chromium');

// A browser on a busy machine: what hangs is found by the runner's own limit.
jest.setTimeout(120_000);

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

describe('the html report in Chromium', () => {
  let browser: Browser;
  /** By context options: a new page takes longer than most tests. */
  const pages = new Map<string, WatchedPage>();

  beforeAll(async () => {
    browser = await startBrowser();
  });

  afterEach(async () => {
    // Whatever a test was about: no page says anything, breaks its policy or asks for anything.
    for (const page of pages.values()) expect(page.complaints()).toEqual([]);
  });

  afterAll(async () => {
    for (const page of pages.values()) await page.close();
    await browser?.close();
  });

  async function watched(options: BrowserContextOptions = {}): Promise<WatchedPage> {
    const key = JSON.stringify(options);
    const page = pages.get(key) ?? (await watchPage(browser, options));
    pages.set(key, page);
    await page.page.setViewportSize({ width: 1300, height: 900 });
    await page.page.emulateMedia({ media: null, colorScheme: null, reducedMotion: null });
    return page;
  }

  /** The report, opened anew. */
  async function open(report: Report, fragment = '', options: BrowserContextOptions = {}): Promise<Page> {
    const page = await watched(options);
    await page.show(html(report, HTML_CONTEXT), fragment);
    return page.page;
  }

  const rows = (page: Page) => page.locator('#open tbody tr');
  const result = (page: Page) => page.locator('#result').textContent();
  const column = (page: Page, n: number) => page.locator(`#open tbody td:nth-child(${n})`).allInnerTexts();
  const fingerprintOf = (report: Report, rule: string) =>
    report.findings.find((finding) => finding.rule === rule)?.fingerprint ?? '';

  test('draws its charts', async () => {
    const report = tenantReport(60);
    const page = await open(report);
    const live = report.credentials.filter((credential) => credential.live);
    const dated = live.filter(({ expiresAt }) => expiresAt !== null).length;
    const usable = live.filter(({ kind }) => kind !== 'federation-trust').length;
    expect(dated).toBeGreaterThan(10);
    await expect(page.locator('#timeline path.mark').count()).resolves.toBe(dated);
    await expect(page.locator('#scatter path.mark').count()).resolves.toBe(usable);
    await expect(page.locator('#by-rule rect.mark').count()).resolves.toBe(7);
    for (const id of ['timeline', 'scatter', 'by-rule', 'by-owner']) {
      const boxes = await page.locator(`#${id} svg .mark`).evaluateAll((marks) =>
        marks.map((mark) => {
          const { width, height } = mark.getBoundingClientRect();
          return width > 0 && height > 0;
        }),
      );
      expect(boxes.length).toBeGreaterThan(0);
      expect(boxes).not.toContain(false);
    }
  });

  test('tells the charts as tables too', async () => {
    const page = await open(tenantReport(60));
    for (const id of ['timeline', 'scatter']) {
      await page.locator(`#${id} summary`).click();
      await expect(page.locator(`#${id} .numbers table`).first().isVisible()).resolves.toBe(true);
    }
    await expect(page.getByRole('img', { name: 'When live credentials expire' }).count()).resolves.toBe(1);
  });

  test('searches names, ids, owners and fingerprints, all words in any order', async () => {
    const report = tenantReport(60);
    const page = await open(report);
    const search = page.getByLabel('Search');
    const total = report.findings.filter(({ waiver }) => waiver === null).length;
    expect(await result(page)).toBe(`${total} of ${total} findings`);
    await search.fill('id-4');
    const withId4 = report.findings.filter(
      ({ waiver, credential }) => waiver === null && credential?.id.startsWith('id-4'),
    ).length;
    expect(await rows(page).count()).toBe(withId4);
    expect(await result(page)).toBe(`${withId4} of ${total} findings`);
    const finding = report.findings.find(({ waiver }) => waiver === null);
    const [first = '', last = ''] = (finding?.credential?.owner?.name ?? '').split(' ');
    await search.fill(`${last.toUpperCase()} ${finding?.rule} ${first}`);
    expect(await rows(page).count()).toBeGreaterThan(0);
    for (const text of await column(page, 4)) expect(text).toContain(first);
    await search.fill(finding?.fingerprint ?? '');
    expect(await rows(page).count()).toBe(1);
    await search.fill('no such thing');
    expect(await rows(page).count()).toBe(0);
    expect(await result(page)).toBe(`0 of ${total} findings`);
    await page.getByRole('button', { name: 'Show all' }).click();
    expect(await result(page)).toBe(`${total} of ${total} findings`);
  });

  test('filters by severity, rule, kind, owner and status, and by several at once', async () => {
    const report = tenantReport(60);
    const page = await open(report);
    const expectRows = async (wanted: (finding: Report['findings'][number]) => boolean) => {
      const count = report.findings.filter((finding) => finding.waiver === null && wanted(finding)).length;
      expect(count).toBeGreaterThan(0);
      expect(await result(page)).toBe(`${count} of 55 findings`);
    };
    const showAll = page.getByRole('button', { name: 'Show all' });
    await page.getByLabel('high').check();
    await expectRows(({ severity, outcome }) => severity === 'high' && outcome === 'violation');
    await page.getByLabel('unknown').check();
    await expectRows(({ severity, outcome }) => severity === 'high' || outcome === 'unknown');
    await page.getByLabel('Rule').selectOption('no-expiry');
    await expectRows(({ rule }) => rule === 'no-expiry');
    await showAll.click();
    await page.getByLabel('Kind').selectOption('federation trust');
    await expectRows(({ credential }) => credential?.kind === 'federation-trust');
    await showAll.click();
    await page.getByLabel('Status').selectOption('new or reopened');
    await expectRows(({ status }) => status === 'new');
    await showAll.click();
    await page.getByLabel('Owner').fill('Hana Sato (hana.sato@acme.example)');
    await expectRows(({ credential }) => credential?.owner?.name === 'Hana Sato');
    await page.getByLabel('Owner').fill('hana');
    await expectRows(({ credential }) => credential?.owner?.name.startsWith('Hana') === true);
  });

  test('a count or a bar leads to the rows behind it', async () => {
    const report = fullReport();
    const page = await open(report);
    await page.getByRole('link', { name: '1 critical' }).click();
    expect(await column(page, 1)).toEqual([expect.stringContaining('critical')]);
    await page.getByRole('link', { name: 'unknown' }).click();
    expect(await column(page, 1)).toEqual([expect.stringContaining('unknown')]);
    await page.getByRole('link', { name: 'new since the last run' }).click();
    expect(await rows(page).count()).toBe(report.summary.new);
    await page.locator('#by-rule').getByRole('link', { name: 'expired' }).click();
    expect(await column(page, 2)).toEqual([expect.stringContaining('ended 3 days ago')]);
    await page.locator('#by-owner').getByRole('link', { name: 'a waiver' }).click();
    expect(await column(page, 3)).toEqual(['a waiver']);
    expect(page.url()).toMatch(/#findings$/);
  });

  test('sorts by every column, both ways, and says so to screen readers', async () => {
    const page = await open(
      sampleReport({
        findings: [
          sampleFinding({
            rule: 'a',
            severity: 'low',
            credential: sampleCredential({ id: '1', name: 'key 10', lastUsedAt: null }),
          }),
          sampleFinding({
            rule: 'c',
            severity: 'high',
            credential: sampleCredential({ id: '2', name: 'key 9', expiresAt: daysAgo(-9) }),
          }),
          sampleFinding({
            rule: 'b',
            severity: 'medium',
            credential: sampleCredential({
              id: '3',
              name: 'Key 1',
              expiresAt: daysAgo(-3),
              lastUsedAt: daysAgo(300),
            }),
          }),
        ],
      }),
    );
    const by = async (name: string) => {
      await page.getByRole('columnheader', { name }).getByRole('button').click();
      return (await page.locator('#open .name').allInnerTexts()).map((text) => text.toLowerCase());
    };
    const sorting = () =>
      page
        .locator('#open th[aria-sort]')
        .evaluateAll((cells) => cells.map((cell) => `${cell.textContent} ${cell.getAttribute('aria-sort')}`));
    expect(await by('Credential')).toEqual(['key 1', 'key 9', 'key 10']);
    expect(await by('Credential')).toEqual(['key 10', 'key 9', 'key 1']);
    expect(await sorting()).toEqual([expect.stringMatching(/Credential descending$/)]);
    expect(await by('Finding')).toEqual(['key 10', 'key 1', 'key 9']);
    expect(await by('Last used')).toEqual(['key 10', 'key 1', 'key 9']);
    expect(await by('Expires')).toEqual(['key 1', 'key 9', 'key 10']);
    expect(await by('Severity')).toEqual(['key 9', 'key 1', 'key 10']);
    expect(await by('Severity')).toEqual(['key 10', 'key 1', 'key 9']);
  });

  test('a permalink opens its finding and puts the focus on it, on whatever page and whatever is filtered', async () => {
    const report = tenantReport(300);
    const last = report.findings.filter(({ waiver }) => waiver === null).at(-1)?.fingerprint ?? '';
    const page = await open(report, `#${last}`);
    const focus = (fingerprint: string) =>
      page.locator(`details[open] > [id="${fingerprint}"]:focus`).waitFor();
    await focus(last);
    const waived = report.findings.find(({ waiver }) => waiver !== null)?.fingerprint ?? '';
    await page.getByLabel('Search').fill('no such thing');
    await page.evaluate(`location.hash = '${waived}'`);
    await focus(waived);
    await page.evaluate(`location.hash = '${last}'`);
    await focus(last);
    expect(await page.getByLabel('Search').inputValue()).toBe('');
    await page.evaluate("location.hash = 'nothing'");
  });

  test('shows the exact facts of a credential', async () => {
    const report = fullReport();
    const page = await open(report, `#${fingerprintOf(report, 'expiring-soon')}`);
    const facts = await page.locator('tr.target dl').textContent();
    for (const fact of [
      'service-principal credential',
      'sp-1@acme.conductor.one/spc',
      'Deploy bot (sp-owner), id sp-owner',
      `${daysAgo(400)} (400 days ago)`,
      'no use on record',
      `${daysAgo(-9)} (in 9 days)`,
      'any: no source restriction',
      'none: every right of its owner',
    ])
      expect(facts).toContain(fact);
  });

  test('shows waived findings apart, with who accepted them until when', async () => {
    const page = await open(fullReport());
    expect(await rows(page).count()).toBe(6);
    expect(await page.locator('#accepted tbody tr').textContent()).toContain(
      'Waived until 2026-12-31 by security@acme.example: quarterly job',
    );
  });

  test('can be used with the keyboard alone', async () => {
    const page = await open(tenantReport(300));
    const press = (...keys: string[]) =>
      keys.reduce<Promise<void>>((done, key) => done.then(() => page.keyboard.press(key)), Promise.resolve());
    await press('Tab');
    expect(await page.locator(':focus').textContent()).toBe('Skip to the findings');
    await press('Enter', 'Tab');
    await page.keyboard.type('terraform');
    expect(await result(page)).toMatch(/^\d+ of 273 findings$/);
    await page.getByRole('button', { name: 'Show all' }).focus();
    await press('Enter', 'Tab', 'Tab', 'Tab', 'Enter');
    expect(await page.locator('th[aria-sort]').first().getAttribute('data-column')).toBe('name');
    await page.locator('#open summary').first().focus();
    await press('Enter');
    await expect(page.locator('#open dl').first().isVisible()).resolves.toBe(true);
    const next = page.locator('#open + nav').getByRole('button', { name: 'Next' });
    await next.focus();
    for (let i = 0; i < 9; i++) await press('Enter');
    expect(await page.locator('#open + nav span').textContent()).toBe('251–273 of 273');
    expect(await page.locator(':focus').textContent()).toBe('Next');
    expect(await next.getAttribute('aria-disabled')).toBe('true');
  });

  test('axe finds nothing serious: light and dark, wide and narrow, all opened', async () => {
    const { coverage, ...report } = fullReport();
    // The page's policy would keep axe from running as a script of the page.
    const page = await open({ ...report, coverage: { ...coverage, complete: false } }, '', {
      bypassCSP: true,
    });
    await page.locator('details').evaluateAll((all) => {
      for (const details of all) details.setAttribute('open', '');
    });
    for (const [colorScheme, width] of [
      ['light', 1300],
      ['dark', 390],
    ] as const) {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize({ width, height: 900 });
      expect({ colorScheme, found: await seriousViolations(page) }).toEqual({ colorScheme, found: [] });
    }
  });

  test('axe finds nothing serious where there is nothing to show', async () => {
    expect(await seriousViolations(await open(sampleReport(), '', { bypassCSP: true }))).toEqual([]);
  });

  test('the watch over all these tests notices what would be wrong', async () => {
    const page = await watched();
    const bad = html(sampleReport(), HTML_CONTEXT).replace(
      '<main>',
      '<main><img src="http://127.0.0.1:9/x" onerror="alert(1)"><script>alert(2)</script>',
    );
    await page.show(bad);
    const complaints = page.complaints().join('\n');
    expect(complaints).toContain('policy: img-src http://127.0.0.1:9/x');
    expect(complaints).toContain('policy: script-src');
    expect(complaints).not.toContain('dialog');
    await page.show(bad.replace(/<meta http-equiv[^>]*>/, ''));
    const unguarded = page.complaints().join('\n');
    expect(unguarded).toContain('request: http://127.0.0.1:9/x');
    expect(unguarded).toContain('dialog: 2');
  });

  test('does not scroll sideways, however narrow', async () => {
    for (const report of [tenantReport(60), hostileReport()]) {
      const page = await open(report);
      await page.setViewportSize({ width: 360, height: 800 });
      await page.locator('#open summary').first().click();
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(360);
    }
  });

  test('moves nothing for who does not want motion', async () => {
    const report = fullReport();
    const fragment = `#${fingerprintOf(report, 'unused')}`;
    const animation = async (reducedMotion: 'reduce' | 'no-preference') => {
      const page = await open(report, fragment);
      await page.emulateMedia({ reducedMotion });
      await page.locator('tr.target').waitFor();
      return page.evaluate("getComputedStyle(document.querySelector('tr.target')).animationName");
    };
    expect(await animation('reduce')).toBe('none');
    expect(await animation('no-preference')).toBe('found');
  });

  test('prints more than a screen page, without controls', async () => {
    const page = await open(tenantReport(300));
    expect(await rows(page).count()).toBe(50);
    await page.emulateMedia({ media: 'print' });
    await page.evaluate("dispatchEvent(new Event('beforeprint'))");
    expect(await rows(page).count()).toBe(273);
    await expect(page.locator('#filters').isVisible()).resolves.toBe(false);
    await page.evaluate("dispatchEvent(new Event('afterprint'))");
    expect(await rows(page).count()).toBe(50);
  });

  test('holds 5,000 findings', async () => {
    const report = tenantReport(5000);
    const page = await open(report);
    const total = report.findings.filter(({ waiver }) => waiver === null).length;
    const words = (count: number) =>
      `${count.toLocaleString('en-US')} of ${total.toLocaleString('en-US')} findings`;
    expect(await result(page)).toBe(words(total));
    await page.getByLabel('critical').check();
    expect(await result(page)).toBe(words(report.summary.bySeverity.critical));
    await page.getByRole('button', { name: 'Show all' }).click();
    const { fingerprint = '' } = report.findings.filter(({ waiver }) => waiver === null).at(-1) ?? {};
    await page.getByLabel('Search').fill(fingerprint);
    expect(await rows(page).count()).toBe(1);
    expect(await page.locator('#open summary').first().getAttribute('id')).toBe(fingerprint);
  });

  test('says the same without scripts', async () => {
    const page = await open(tenantReport(300), '', { javaScriptEnabled: false });
    await expect(page.locator('#open tbody tr').count()).resolves.toBe(50);
    await expect(page.getByText('The first 50 of 273 findings.').isVisible()).resolves.toBe(true);
    await expect(page.locator('#filters').isVisible()).resolves.toBe(false);
    await page.locator('#open summary').first().click();
    await expect(page.locator('#open dl').first().isVisible()).resolves.toBe(true);
    await expect(page.locator('#timeline svg').isVisible()).resolves.toBe(true);
  });

  test.each([true, false])(
    'hostile names leave the document as harmless ones do (scripts: %s)',
    async (javaScriptEnabled) => {
      const skeleton = async (report: Report) => {
        const page = await open(report, '', { javaScriptEnabled });
        const shapes = await page.locator('*').evaluateAll((elements) =>
          elements.map((element) => {
            const attributes = element.getAttributeNames().filter((name: string) => name !== 'hidden');
            return [element.tagName, ...attributes.sort()].join(' ');
          }),
        );
        return shapes.sort();
      };
      const hostile = await skeleton(hostileReport());
      expect(hostile).toEqual(await skeleton(hostileReport((i) => `harmless ${i}`)));
      expect(hostile.filter((shape) => / on|IFRAME|OBJECT|IMG|BASE/.test(shape))).toEqual([]);
    },
  );

  test('a hostile name is shown as what it is made of', async () => {
    const page = await open(hostileReport());
    const text = await page.locator('body').textContent();
    expect(text).toContain('<script>alert(1)</script>');
    expect(text).toContain('user\\u{202e}gnp.exe\\u{202c}');
    expect(text).toContain('مفتاح الإنتاج מפתח 123');
  });
});

interface Violation {
  readonly id: string;
  readonly impact: string;
  readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[];
}

async function seriousViolations(page: Page): Promise<readonly unknown[]> {
  await page.evaluate(AXE);
  const { violations } = await page.evaluate<{ violations: Violation[] }>('axe.run()');
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => [
      id,
      ...nodes.slice(0, 3).map(({ html, failureSummary }) => `${html} ${failureSummary}`),
    ]);
}

/** Every text that others write, hostile, in every place where one can stand. */
function hostileReport(textAt: (i: number) => string = (i) => HOSTILE_NAMES[i]?.[1] ?? ''): Report {
  const texts = HOSTILE_NAMES.map((_, i) => textAt(i));
  const report = sampleReport({
    complete: false,
    tenant: textAt(0),
    notes: texts,
    sources: texts.map((note) => ({
      kind: 'personal-client',
      status: 'partial',
      credentials: 1,
      deleted: 0,
      pages: 1,
      note,
    })),
    resolved: texts.map((name, i) => ({
      fingerprint: `gone-${i}`,
      rule: name,
      credential: { kind: 'personal-client', id: name, name },
    })),
    findings: texts.flatMap((text, i) => {
      const credential = sampleCredential({
        id: `pc-${i}`,
        clientId: text,
        name: text,
        expiresAt: daysAgo(-i - 1),
        owner: { id: `${i} ${text}`, name: `${i} ${text}`, email: `${i} ${text}` },
        allowedCidrs: [text],
        scopedRoles: [{ id: text, name: text }],
      });
      return [
        sampleFinding({
          rule: `rule-${i}`,
          message: `m${text}`,
          fix: `f${text}`,
          data: { text, [`k${text}`]: text },
          credential,
        }),
        sampleFinding({
          rule: `waived-${i}`,
          message: `m${text}`,
          status: 'waived',
          waiver: { reason: text, approvedBy: text, expires: text },
          credential,
        }),
      ];
    }),
  });
  return { ...report, tool: { name: textAt(0), version: textAt(1) } };
}
