import { existsSync } from 'node:fs';
import { describe } from '@jest/globals';
import { type Browser, chromium } from 'playwright-core';

const REQUIRED = process.env.REQUIRE_BROWSER === '1';
const EXECUTABLE = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium';

/** Offline and quiet: a browser that calls home would blur what the page itself asks for. */
const ARGS = [
  '--no-sandbox',
  '--headless',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** A running Chromium; the caller closes it. */
export function startBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: EXECUTABLE, args: ARGS, chromiumSandbox: false });
}

/**
 * `describe` for tests that need Chromium (CHROMIUM_PATH, else Debian's). Without one they are skipped, and a line says
 * so; where REQUIRE_BROWSER is 1 they run, and fail.
 */
export function describeInBrowser(name: string, tests: () => void): void {
  if (existsSync(EXECUTABLE) || REQUIRED) {
    describe(name, tests);
    return;
  }
  process.stderr.write(`skipped, no browser at ${EXECUTABLE}: ${name}\n`);
  describe.skip(name, tests);
}
