import type { Reply } from './errors.js';

/** The web application's shell: what every path outside the API answers. */
export function webPage(status = 200): Reply {
  return {
    status,
    headers: { 'content-type': 'text/html; charset=utf-8' },
    text: '<!doctype html><html lang="en"><head><title>ConductorOne</title></head><body><div id="root"></div></body></html>\n',
  };
}
