import { afterAll, afterEach, beforeAll, expect, jest } from '@jest/globals';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import type { Report } from '../../../src/engine/report.js';
import { html } from '../../../src/reporters/html/index.js';
import { axeViolations, startBrowser } from '../../helpers/browser.js';
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
    // Each lays the page out anew that the test before has left.
    if (page.page.viewportSize()?.width !== 1300)
      await page.page.setViewportSize({ width: 1300, height: 900 });
    return page;
  }

  /** The report, opened anew. */
  async function open(report: Report, fragment = '', options: BrowserContextOptions = {}): Promise<Page> {
    const page = await watched(options);
    await page.show(html(report, HTML_CONTEXT), fragment);
    return page.page;
  }

  const names = (page: Page) => page.locator('#cards h3').allInnerTexts();
  const result = (page: Page) => page.locator('#result').textContent();
  const hash = (page: Page) => page.evaluate<string>('location.hash');
  const openOf = (of: Report) =>
    of.findings.filter(({ waiver, outcome }) => !waiver && outcome === 'violation');

  test('draws the same cards as the page has without scripts', async () => {
    const cards = (page: Page) =>
      page
        .locator('#cards article')
        .evaluateAll((all) => all.map(({ outerHTML }) => outerHTML.replaceAll('\n', '')));
    for (const report of [fullReport(), tenantReport(60), hostileReport()]) {
      const drawn = await cards(await open(report));
      expect(drawn.length).toBeGreaterThan(3);
      expect(drawn).toEqual(await cards(await open(report, '', { javaScriptEnabled: false })));
    }
  });

  test('searches names, ids, owners, rules and fingerprints, all words in any order', async () => {
    const report = tenantReport(60);
    const page = await open(report);
    const search = page.getByLabel('Search');
    const findings = openOf(report);
    const all = `${new Set(findings.map((f) => f.credential?.id)).size} of`;
    expect(await result(page)).toMatch(`${all} ${all.replace(' of', '')} credentials, ${findings.length} of`);
    const [first] = findings;
    const id = first?.credential?.id ?? '';
    await search.fill(`${id} ${first?.rule}`);
    expect(await names(page)).toContain(first?.credential?.name);
    const [given = '', family = ''] = (first?.credential?.owner?.name ?? '').split(' ');
    await search.fill(`${family.toUpperCase()} ${first?.rule} ${given}`);
    expect((await names(page)).length).toBeGreaterThan(0);
    for (const owner of await page.locator('#cards .who').allInnerTexts()) expect(owner).toContain(given);
    await search.fill(first?.fingerprint ?? '');
    expect(await page.locator('#cards li').count()).toBe(1);
    await search.fill('no such thing');
    expect(await names(page)).toEqual([]);
    expect(await result(page)).toMatch(/^0 of \d+ credentials, 0 of \d+ findings$/);
    await page.getByRole('button', { name: 'Show all' }).click();
    expect(await result(page)).toContain(`${findings.length} of ${findings.length} findings`);
  });

  test('filters by severity, rule, kind, owner and status, and by several at once', async () => {
    const report = tenantReport(60);
    const findings = openOf(report);
    const page = await open(report);
    const expectFindings = async (wanted: (finding: Report['findings'][number]) => boolean) => {
      const count = findings.filter(wanted).length;
      expect(count).toBeGreaterThan(0);
      expect(await result(page)).toContain(`credentials, ${count} of ${findings.length} findings`);
    };
    const showAll = page.getByRole('button', { name: 'Show all' });
    await page.getByLabel('high').check();
    await expectFindings(({ severity }) => severity === 'high');
    await page.getByLabel('low').check();
    await expectFindings(({ severity }) => severity === 'high' || severity === 'low');
    await page.getByLabel('Rule', { exact: true }).selectOption('no-expiry');
    await expectFindings(({ rule }) => rule === 'no-expiry');
    await showAll.click();
    await page.getByLabel('Kind').selectOption('federation trust');
    await expectFindings(({ credential }) => credential?.kind === 'federation-trust');
    await showAll.click();
    await page.getByLabel('Status').selectOption('new');
    await expectFindings(({ status }) => status === 'new');
    await page.getByLabel('Status').selectOption('known');
    await expectFindings(({ status }) => status === 'known');
    await showAll.click();
    await page.getByLabel('Owner').fill('Hana Sato (hana.sato@acme.example)');
    await expectFindings(({ credential }) => credential?.owner?.name === 'Hana Sato');
    await page.getByLabel('Owner').fill('hana');
    await expectFindings(({ credential }) => credential?.owner?.name.startsWith('Hana') === true);
  });

  test('keeps filters, order and page in the address, to share and to go back to', async () => {
    const page = await open(tenantReport(300));
    const first = async () => (await names(page))[0];
    await page.getByLabel('high').check();
    await page.getByLabel('medium').check();
    await page.getByLabel('Owner').fill('hana & co <x>');
    await page.getByLabel('Owner').press('Enter');
    expect(await hash(page)).toBe('#owner=hana+%26+co+%3Cx%3E&severity=high&severity=medium');
    await page.getByLabel('Owner').fill('');
    await page.getByLabel('Sort').selectOption('name');
    await page.getByRole('button', { name: 'Next' }).click();
    expect(await hash(page)).toBe('#sort=name&severity=high&severity=medium&page=2');
    const [shown, name] = [await result(page), await first()];

    await page.goBack();
    expect(await hash(page)).toBe('#sort=name&severity=high&severity=medium');
    expect(await first()).not.toBe(name);
    await page.goForward();
    expect(await first()).toBe(name);
    await page.reload();
    expect([await result(page), await first()]).toEqual([shown, name]);
    expect(await page.getByLabel('medium').isChecked()).toBe(true);
    expect(await page.getByLabel('critical').isChecked()).toBe(false);
    await page.getByRole('button', { name: 'Show all' }).click();
    expect(await hash(page)).toBe('');
    await page.goBack();
    expect(await first()).toBe(name);
  });

  test.each([
    ['#page=999', 'the last page', '126–148 of 148'],
    ['#page=-3', 'the first page', '1–25 of 148'],
    ['#page=x&rule=nothing-like-it&kind=%F0%9F&severity=none', 'all', '1–25 of 148'],
    ['#__proto__=1&search=%3Cimg src=x onerror=alert(1)%3E', 'nothing', ''],
  ])('an address that nobody meant (%s) shows %s', async (address, _, pages) => {
    const page = await open(tenantReport(300), address);
    expect(await page.locator('#pager').isVisible()).toBe(pages !== '');
    if (pages) expect(await page.locator('#pager span').textContent()).toBe(pages);
  });

  test('a count, a rule or an owner leads to the credentials behind it', async () => {
    const page = await open(fullReport());
    await page.getByRole('link', { name: '1 critical' }).click();
    expect(await names(page)).toEqual(['github']);
    expect(await hash(page)).toBe('#severity=critical');
    expect(await page.locator(':focus').textContent()).toBe('By credential');
    await page.locator('.rule', { hasText: 'expired' }).locator('summary').click();
    await page.locator('.rule[open]').getByRole('link', { name: 'Show them' }).click();
    expect(await names(page)).toEqual(['old']);
    await page.locator('.charts').getByRole('link', { name: 'Deploy bot' }).click();
    expect(await names(page)).toEqual(['deploy']);
    await page.goBack();
    expect(await names(page)).toEqual(['old']);
  });

  test('sorts by severity, end date, use, name and owner', async () => {
    const credential = (id: string, name: string, more: Parameters<typeof sampleCredential>[0] = {}) =>
      sampleCredential({ id, name, owner: { id, name: `Owner ${id}`, email: '' }, ...more });
    const findings = [
      sampleFinding({ severity: 'low', credential: credential('1', 'key 10', { lastUsedAt: null }) }),
      sampleFinding({ severity: 'high', credential: credential('3', 'key 9', { expiresAt: daysAgo(-9) }) }),
      sampleFinding({
        severity: 'medium',
        credential: credential('2', 'Key 1', { expiresAt: daysAgo(-3), lastUsedAt: daysAgo(300) }),
      }),
      sampleFinding({
        severity: 'info',
        credential: credential('4', 'trust', { kind: 'federation-trust', lastUsedAt: null }),
      }),
    ];
    const page = await open(sampleReport({ findings }));
    const by = async (order: string) => {
      await page.getByLabel('Sort').selectOption(order);
      return names(page);
    };
    expect(await names(page)).toEqual(['key 9', 'Key 1', 'key 10', 'trust']);
    expect(await by('name')).toEqual(['Key 1', 'key 9', 'key 10', 'trust']);
    expect(await by('owner')).toEqual(['key 10', 'Key 1', 'key 9', 'trust']);
    expect((await by('expires soonest')).slice(0, 2)).toEqual(['Key 1', 'key 9']);
    expect(await by('unused longest')).toEqual(['key 10', 'Key 1', 'key 9', 'trust']);
    expect(await by('worst first')).toEqual(['key 9', 'Key 1', 'key 10', 'trust']);
  });

  test('a permalink leads to its finding, on whatever page and whatever is filtered', async () => {
    const report = tenantReport(300);
    const findings = openOf(report);
    const last = findings.findLast(({ severity }) => severity === 'info')?.fingerprint ?? '';
    const page = await open(report, `#${last}`);
    const focus = (fingerprint: string) => page.locator(`li[id="${fingerprint}"]:focus`).waitFor();
    await focus(last);
    await page.getByLabel('Search').fill('no such thing');
    const link = page.locator('#fix-first ~ article .permalink').first();
    const first = (await link.getAttribute('href'))?.slice(1) ?? '';
    await link.click();
    await focus(first);
    expect(await page.getByLabel('Search').inputValue()).toBe('');
    await page.goBack();
    expect(await page.getByLabel('Search').inputValue()).toBe('no such thing');
    await page.goBack();
    await focus(last);
    await page.evaluate("location.hash = 'nothing'");
  });

  test('can be used with the keyboard alone', async () => {
    const page = await open(tenantReport(300));
    const press = (...keys: string[]) =>
      keys.reduce<Promise<void>>((done, key) => done.then(() => page.keyboard.press(key)), Promise.resolve());
    await press('Tab');
    expect(await page.locator(':focus').textContent()).toBe('Skip to the credentials');
    await press('Enter', 'Tab');
    await page.keyboard.type('terraform');
    expect(await result(page)).toMatch(/^\d\d? of 148 credentials/);
    await press('Enter');
    expect(await hash(page)).toBe('#search=terraform');
    await page.getByRole('button', { name: 'Show all' }).focus();
    await press('Enter', 'Tab', 'Tab', 'Tab');
    await page.locator('#cards summary').first().focus();
    await press('Enter');
    await expect(page.locator('#cards dl').first().isVisible()).resolves.toBe(true);
    const next = page.getByRole('button', { name: 'Next' });
    await next.focus();
    for (let i = 0; i < 9; i++) await press('Enter');
    expect(await page.locator('#pager span').textContent()).toBe('126–148 of 148');
    expect(await page.locator(':focus').textContent()).toBe('Next');
    expect(await next.getAttribute('aria-disabled')).toBe('true');
  });

  test.each([
    ['with everything, light and narrow', incomplete(), 'light', 375],
    ['with everything, dark and wide', incomplete(), 'dark', 1300],
    ['with nothing', sampleReport(), 'light', 1300],
  ] as const)('axe finds nothing in a report %s', async (_, report, colorScheme, width) => {
    // The page's policy would keep axe from running as a script of the page.
    const page = await open(report, '', { bypassCSP: true });
    await page.locator('details').evaluateAll((all) => {
      for (const details of all) details.setAttribute('open', '');
    });
    await page.emulateMedia({ colorScheme });
    await page.setViewportSize({ width, height: 900 });
    expect(await axeViolations(page)).toEqual([]);
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

  test('needs no sideways scrolling and cuts nothing off, however narrow', async () => {
    for (const [report, cut] of [
      [tenantReport(60), 0],
      [fullReport(), 0],
      // A single character of one of its names is wider than a phone.
      [hostileReport(), Number.POSITIVE_INFINITY],
    ] as const) {
      const page = await open(report);
      await page.locator('details').evaluateAll((all) => {
        for (const details of all) details.setAttribute('open', '');
      });
      for (const width of [320, 768, 1600]) {
        await page.setViewportSize({ width, height: 800 });
        expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
        const beyond = await page
          .locator('main *:not(.unseen, thead, thead *)')
          .evaluateAll(
            (all, edge) => all.filter((one) => one.getBoundingClientRect().right > edge).length,
            width,
          );
        expect(beyond).toBeLessThanOrEqual(cut);
      }
    }
  });

  test('prints more than a screen page, without controls', async () => {
    const page = await open(tenantReport(300));
    expect(await names(page)).toHaveLength(25);
    await page.emulateMedia({ media: 'print' });
    await page.evaluate("dispatchEvent(new Event('beforeprint'))");
    expect(await names(page)).toHaveLength(148);
    await expect(page.locator('#filters').isVisible()).resolves.toBe(false);
    expect(await page.locator('.rule > summary:visible').count()).toBe(7);
    await page.evaluate("dispatchEvent(new Event('afterprint'))");
    expect(await names(page)).toHaveLength(25);
    await page.emulateMedia({ media: null });
  });

  test('holds thousands of credentials', async () => {
    const report = tenantReport(11_500, 5_000);
    const page = await open(report);
    const { high, critical } = report.summary.bySeverity;
    expect(await result(page)).toContain(`of ${report.summary.findings.toLocaleString('en-US')} findings`);
    expect(await page.locator('*').count()).toBeLessThan(6000);
    await page.getByLabel('critical').check();
    expect(await result(page)).toContain(`, ${critical.toLocaleString('en-US')} of`);
    await page.getByLabel('high').check();
    expect(await result(page)).toContain(`, ${(critical + high).toLocaleString('en-US')} of`);
    await page.getByRole('button', { name: 'Show all' }).click();
    const { fingerprint = '' } = openOf(report).at(-1) ?? {};
    await page.getByLabel('Search').fill(fingerprint);
    expect(await page.locator('#cards li').evaluateAll((all) => all.map(({ id }) => id))).toEqual([
      fingerprint,
    ]);
  });

  test('shows the essentials without scripts', async () => {
    const page = await open(tenantReport(300), '', { javaScriptEnabled: false });
    expect(await names(page)).toHaveLength(25);
    await expect(page.getByText('The first 25 of 148 credentials.').isVisible()).resolves.toBe(true);
    await expect(page.locator('#filters').isVisible()).resolves.toBe(false);
    await page.locator('#cards summary').first().click();
    await expect(page.locator('#cards dl').first().isVisible()).resolves.toBe(true);
    await page.locator('.rule summary').first().click();
    await expect(page.locator('.rule table').first().isVisible()).resolves.toBe(true);
    await page.getByRole('link', { name: 'critical' }).first().click();
    expect(await page.evaluate('location.hash')).toBe('#credentials');
  });

  // Without scripts the page has the same cards, as the first test shows, and all else is there already.
  test('hostile names leave the document as harmless ones do, and are shown as what they are made of', async () => {
    const skeleton = async (page: Page) => {
      const shapes = await page.locator('*').evaluateAll((elements) =>
        elements.map((element) => {
          const attributes = element.getAttributeNames().filter((name: string) => name !== 'hidden');
          return [element.tagName, ...attributes.sort()].join(' ');
        }),
      );
      return shapes.sort();
    };
    const harmless = await skeleton(await open(hostileReport((i) => `harmless ${i}`)));
    const page = await open(hostileReport());
    const hostile = await skeleton(page);
    expect(hostile).toEqual(harmless);
    expect(hostile.filter((shape) => / on|IFRAME|OBJECT|IMG|BASE/.test(shape))).toEqual([]);
    const text = await page.locator('body').textContent();
    expect(text).toContain('<script>alert(1)</script>');
    expect(text).toContain('user\\u{202e}gnp.exe\\u{202c}');
    expect(text).toContain('مفتاح الإنتاج מפתח 123');
  });
});

/** A report that shows everything a page can show, also each severity. */
function incomplete(): Report {
  const { coverage, ...report } = fullReport();
  return { ...report, coverage: { ...coverage, complete: false } };
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
