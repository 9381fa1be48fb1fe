import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { beat, heartbeatAddress } from '../../src/delivery/heartbeat.js';

let server: Server;
let origin: string;
let requests: string[];
let statuses: number[];
let silent: boolean;

beforeEach(async () => {
  requests = [];
  statuses = [];
  silent = false;
  server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`);
    if (!silent) response.writeHead(statuses.shift() ?? 200).end('OK');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterEach(() => {
  server.closeAllConnections();
  return new Promise<void>((resolve) => server.close(() => resolve()));
});

describe('heartbeat', () => {
  test.each([
    [0, '/ping/SECRET'],
    [1, '/ping/SECRET'],
    [2, '/ping/SECRET/fail'],
    [3, '/ping/SECRET/fail'],
  ])('exit %d calls %s', async (exitCode, path) => {
    expect(await beat(`${origin}/ping/SECRET`, exitCode)).toBeUndefined();
    expect(requests).toEqual([`GET ${path}`]);
  });

  test.each([undefined, '', ' '])('is not called if the variable is %j', async (url) => {
    expect(await beat(url, 0)).toBeUndefined();
    expect(requests).toEqual([]);
  });

  test('tries again after a server error, and not after a refusal', async () => {
    statuses = [503];
    expect(await beat(`${origin}/ping/SECRET`, 0)).toBeUndefined();
    expect(requests).toHaveLength(2);
    statuses = [404];
    expect(await beat(`${origin}/ping/SECRET`, 0)).toBe('heartbeat: answered with HTTP 404');
    expect(requests).toHaveLength(3);
  });

  test('gives up at the time limit', async () => {
    silent = true;
    expect(await beat(`${origin}/ping/SECRET`, 0, 50)).toBe('heartbeat: no answer in time');
    expect(requests).toHaveLength(1);
  });

  test.each([
    'not a url SECRET',
    'ftp://example.org/SECRET',
    'http://user:SECRET@127.0.0.1:1/',
    'http://127.0.0.1:1/SECRET',
  ])('%s: a note without the URL, no error', async (url) => {
    const note = await beat(url, 0, 50);
    expect(note).toMatch(/^heartbeat: /);
    expect(note).not.toMatch(/SECRET|127\.0/);
  });

  test.each([
    ['https://hc-ping.com/uuid', 'https://hc-ping.com/uuid/fail'],
    ['https://hc-ping.com/uuid/', 'https://hc-ping.com/uuid/fail'],
    ['https://hc-ping.com/key/slug?create=1', 'https://hc-ping.com/key/slug/fail?create=1'],
    ['https://example.org', 'https://example.org/fail'],
  ])('%s fails at %s', (url, failing) => {
    expect(heartbeatAddress(url, false)?.href).toBe(failing);
    expect(heartbeatAddress(url, true)?.href).toBe(new URL(url).href);
  });
});
