import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';

/** A browser page under watch: it shows documents from disk and keeps all they do that a quiet one does not. */
export interface WatchedPage {
  readonly page: Page;
  /** Shows a document, with a fragment such as `#findings`. */
  show(html: string, fragment?: string): Promise<void>;
  /** Console messages, uncaught errors, dialogs, policy violations and addresses asked for, since the last call. */
  complaints(): string[];
  close(): Promise<void>;
}

export async function watchPage(browser: Browser, options: BrowserContextOptions): Promise<WatchedPage> {
  const folder = await mkdtemp(join(tmpdir(), 'c1-audit-page-'));
  const context = await browser.newContext(options);
  const page = await context.newPage();
  let complaints: string[] = [];
  let shown = 0;
  let url = '';
  page.on('console', (message) => complaints.push(`${message.type()}: ${message.text()}`));
  page.on('pageerror', (error) => complaints.push(`error: ${error.message}`));
  page.on('dialog', (dialog) => {
    complaints.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on('request', (request) => {
    const [asked = ''] = request.url().split('#');
    if (asked !== url && !asked.startsWith('data:')) complaints.push(`request: ${asked}`);
  });
  if (options.javaScriptEnabled !== false) {
    await page.exposeFunction('complain', (text: string) => complaints.push(text));
    await page.addInitScript(`addEventListener('securitypolicyviolation', (event) =>
      complain('policy: ' + event.violatedDirective + ' ' + event.blockedURI))`);
  }
  return {
    page,
    async show(html, fragment = '') {
      // Another name each time: the same address with another fragment would not load again.
      const file = join(folder, `report-${++shown}.html`);
      await writeFile(file, html);
      url = pathToFileURL(file).href;
      await page.goto(url + fragment);
    },
    complaints() {
      const all = complaints;
      complaints = [];
      return all;
    },
    async close() {
      await context.close();
      await rm(folder, { recursive: true });
    },
  };
}
