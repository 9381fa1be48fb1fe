import { afterAll, beforeAll, expect, jest } from '@jest/globals';
import type { Browser } from 'playwright-core';
import { mergeReports } from '../../../src/engine/merge.js';
import { trendPoint } from '../../../src/engine/trend.js';
import { renderMerge } from '../../../src/reporters/merged.js';
import { renderTrend } from '../../../src/reporters/trend.js';
import { axeViolations, startBrowser } from '../../helpers/browser.js';
import { HOSTILE_NAMES } from '../../helpers/hostile.js';
import { needs } from '../../helpers/needs.js';
import { type WatchedPage, watchPage } from '../../helpers/page-watch.js';
import {
  AS_OF,
  daysAgo,
  fullReport,
  sampleCredential,
  sampleFinding,
  sampleReport,
} from '../../helpers/sample-report.js';

const { describe, test } = needs('chromium');

jest.setTimeout(120_000);

const hostile = HOSTILE_NAMES.map(([id, name]) =>
  sampleFinding({
    rule: name,
    message: name,
    credential: sampleCredential({ id, name, owner: { id: name, name, email: name } }),
  }),
);

function overview(): string {
  const parts = [
    { file: 'acme.json', report: fullReport() },
    { file: 'part.json', report: sampleReport({ tenant: 'part.conductor.one', complete: false }) },
    {
      file: 'hostile.json',
      report: sampleReport({ tenant: '<script>alert(1)</script>', findings: hostile }),
    },
    { file: '<img src=x>', report: '<script>alert(1)</script> cannot be read' },
  ];
  const merge = mergeReports(parts, { now: Date.parse(AS_OF), maxAge: 1_000 });
  return [...renderMerge('html', merge)].join('');
}

function trend(): string {
  const point = (days: number, complete: boolean) => {
    const report = sampleReport({
      tenant: '<script>alert(1)</script>',
      findings: hostile.slice(days),
      complete,
    });
    return trendPoint({ ...report, run: { ...report.run, asOf: daysAgo(days) } });
  };
  return renderTrend('html', [point(3, true), point(2, true), point(1, false), point(0, true)]);
}

describe('in Chromium', () => {
  let browser: Browser;
  let strict: WatchedPage;
  let lax: WatchedPage;

  beforeAll(async () => {
    browser = await startBrowser();
    strict = await watchPage(browser, {});
    // The page's policy would keep axe from running as a script of the page.
    lax = await watchPage(browser, { bypassCSP: true });
  });

  afterAll(async () => {
    await strict?.close();
    await lax?.close();
    await browser?.close();
  });

  describe.each([
    ['an overview of several reports', overview],
    ['a trend', trend],
  ])('%s', (_, html) => {
    test('keeps to its policy, runs and asks for nothing, and needs no sideways scrolling', async () => {
      const { page } = strict;
      await strict.show(html());
      expect(strict.complaints()).toEqual([]);
      expect(await page.locator('main').isVisible()).toBe(true);
      for (const width of [375, 768, 1600]) {
        await page.setViewportSize({ width, height: 900 });
        expect(await page.evaluate<number>('document.documentElement.scrollWidth')).toBeLessThanOrEqual(
          width,
        );
      }
    });

    test('axe finds nothing, narrow and dark or wide and light', async () => {
      const { page } = lax;
      await lax.show(html());
      for (const [width, colorScheme] of [
        [375, 'dark'],
        [1600, 'light'],
      ] as const) {
        await page.setViewportSize({ width, height: 900 });
        await page.emulateMedia({ colorScheme });
        expect(await axeViolations(page)).toEqual([]);
      }
    });
  });
});
