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
  let watched: WatchedPage;

  beforeAll(async () => {
    browser = await startBrowser();
    // The page's policy would keep axe from running as a script of the page.
    watched = await watchPage(browser, { bypassCSP: true });
  });

  afterAll(async () => {
    await watched?.close();
    await browser?.close();
  });

  describe.each([
    ['an overview of several reports', overview],
    ['a trend', trend],
  ])('%s', (_, html) => {
    test('keeps to its policy, runs nothing and asks for nothing', async () => {
      const strict = await watchPage(browser, {});
      await strict.show(html());
      expect(strict.complaints()).toEqual([]);
      expect(await strict.page.locator('main').isVisible()).toBe(true);
      await strict.close();
    });

    test.each([
      [375, 'dark'],
      [768, 'light'],
      [1600, 'light'],
    ] as const)(
      'needs no sideways scrolling at %d px, and axe finds nothing (%s)',
      async (width, colorScheme) => {
        const { page } = watched;
        await page.setViewportSize({ width, height: 900 });
        await page.emulateMedia({ colorScheme });
        await watched.show(html());
        expect(await page.evaluate<number>('document.documentElement.scrollWidth')).toBeLessThanOrEqual(
          width,
        );
        expect(await axeViolations(page)).toEqual([]);
      },
    );
  });
});
