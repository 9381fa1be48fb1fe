import { type Browser, chromium } from 'playwright-core';
import { CHROMIUM } from './needs.js';

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
  return chromium.launch({ executablePath: CHROMIUM, args: ARGS, chromiumSandbox: false });
}
