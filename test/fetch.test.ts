import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { getEventListeners, once } from 'node:events';
import { writeFileSync } from 'node:fs';
import {
  createServer as createPlainServer,
  type Server,
  type ServerResponse,
  request as send,
} from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { build } from 'esbuild';
import { beat } from '../src/delivery/heartbeat.js';
import { createFetch, createSend, isLoopback, readProxies, TOO_SLOW } from '../src/fetch.js';
import { makeCertificates } from './helpers/certificates.js';
import { emptyFolder, runProgram } from './helpers/program.js';
import { type ForwardProxy, startProxy } from './helpers/proxy.js';
import { smallTenant } from './helpers/small-tenant.js';
import { startTenant, type Tenant } from './tenant/index.js';

const NOW = Date.now();
const TENANT = 'acme.conductor.test';
const WATCH = 'watch.test';
const PASSWORD = 'pr0xy/Passw0rd';
const LOGIN = `auditor:${encodeURIComponent(PASSWORD)}`;

const folder = emptyFolder();
let tenant: Tenant;
/** The tenant, Slack and a dead man's switch, by the requested host. */
let servers: { secure: number; plain: number };
let access: Record<string, string>;
const heard: string[] = [];
const open: Server[] = [];
const proxies: ForwardProxy[] = [];

async function listen(server: Server): Promise<number> {
  open.push(server);
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return (server.address() as AddressInfo).port;
}

beforeAll(async () => {
  tenant = (await startTenant({ data: smallTenant(NOW), paging: { ignoring: [] } })) as Tenant;
  const token = await tenant.issue.accessToken();
  access = {
    CONDUCTORONE_ACCESS_TOKEN: token.CONDUCTORONE_ACCESS_TOKEN ?? '',
    CONDUCTORONE_SERVER_URL: `https://${TENANT}`,
  };
  const { ca, cert, key } = makeCertificates([TENANT, 'hooks.slack.com', WATCH]);
  writeFileSync(join(folder, 'ca.pem'), ca);
  const secure = createServer({ cert, key }, (request, response) => {
    heard.push(`${request.headers.host}${request.url}`);
    if (request.headers.host !== TENANT) {
      response.end('ok');
      return;
    }
    const { host: _, ...headers } = request.headers;
    const options = { method: request.method ?? 'GET', headers };
    const onward = send(new URL(request.url ?? '/', tenant.url), options, (answer) => {
      response.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(response);
    });
    request.pipe(onward);
  });
  const plain = createPlainServer((request, response) => {
    heard.push(`${request.url}`);
    response.end('ok');
  });
  servers = { secure: await listen(secure as unknown as Server), plain: await listen(plain) };
});

afterEach(async () => {
  heard.length = 0;
  await Promise.all(proxies.splice(0).map((proxy) => proxy.close()));
});

afterAll(async () => {
  for (const server of open) {
    server.closeAllConnections();
    server.close();
  }
  await tenant.close();
});

async function proxyTo(port: number, credentials?: string): Promise<ForwardProxy> {
  const proxy = await startProxy(port, credentials);
  proxies.push(proxy);
  return proxy;
}

describe('the proxies of the environment', () => {
  test.each([
    [{}, undefined, undefined],
    [{ HTTPS_PROXY: 'http://p:1' }, undefined, 'http://p:1/'],
    [{ https_proxy: 'http://p:1', HTTPS_PROXY: 'http://q:2' }, undefined, 'http://p:1/'],
    [{ https_proxy: ' ', HTTPS_PROXY: 'http://q:2' }, undefined, 'http://q:2/'],
    [{ HTTP_PROXY: 'p:1' }, 'http://p:1/', undefined],
    [{ http_proxy: 'user:word@p:1', https_proxy: 'https://p' }, 'http://user:word@p:1/', 'https://p/'],
  ])('%j', (env, http, https) => {
    const found = readProxies(env);
    expect([found.http?.href, found.https?.href]).toEqual([http, https]);
  });

  test.each(['ftp://secret-host', 'socks5://secret-host:1', 'http://', 'http://secret host', '://'])(
    'and "%s" is none',
    async (value) => {
      const { code, stderr } = await runProgram([], { env: { ...access, HTTPS_PROXY: value } });
      expect(code).toBe(2);
      expect(stderr).toContain('HTTPS_PROXY is not the URL of an HTTP proxy');
      expect(stderr).not.toContain('secret');
    },
  );

  test.each([
    ['localhost', true],
    ['127.0.0.1', true],
    ['127.255.3.4', true],
    ['[::1]', true],
    ['127.0.0.1.evil.example', false],
    ['localhost.evil.example', false],
    ['128.0.0.1', false],
    ['[::2]', false],
  ])('loopback: %s is %s', (host, expected) => {
    expect(isLoopback(host)).toBe(expected);
  });
});

describe('within this process', () => {
  const audit = (env: Record<string, string>) =>
    runProgram(['--scope', 'tenant', '--verbose'], { env: { ...access, ...env }, limits: { retries: 0 } });

  test.each(['HTTPS_PROXY', 'https_proxy'])('%s is used for the tenant', async (name) => {
    const proxy = await proxyTo(servers.secure, `auditor:${PASSWORD}`);
    const { code, stderr } = await audit({ [name]: `http://${LOGIN}@127.0.0.1:${proxy.port}` });
    expect(new Set(proxy.asked)).toEqual(new Set([`${TENANT}:443`]));
    // The authority is one that this process does not trust.
    expect(code).toBe(3);
    expect(stderr).toContain("the server's certificate is not trusted");
    expect(stderr).toContain('NODE_EXTRA_CA_CERTS');
  });

  test.each([
    { NO_PROXY: TENANT },
    { no_proxy: `other.test, ${TENANT}` },
    { NO_PROXY: '.conductor.test' },
    { NO_PROXY: '*.conductor.test' },
    { NO_PROXY: `${TENANT}:443` },
    { NO_PROXY: '*' },
  ])('%j bypasses the proxy', async (except) => {
    const proxy = await proxyTo(servers.secure);
    const { code } = await audit({ HTTPS_PROXY: `http://127.0.0.1:${proxy.port}`, ...except });
    expect(code).toBe(3);
    expect(proxy.asked).toEqual([]);
  });

  test.each([{ NO_PROXY: 'other.test' }, { NO_PROXY: `${TENANT}:8443` }, { NO_PROXY: 'conductor' }])(
    '%j does not',
    async (except) => {
      const proxy = await proxyTo(servers.secure);
      await audit({ HTTPS_PROXY: `http://127.0.0.1:${proxy.port}`, ...except });
      expect(proxy.asked).not.toEqual([]);
    },
  );

  test('loopback never goes through a proxy', async () => {
    const proxy = await proxyTo(servers.plain);
    const env = {
      ...tenant.environment,
      HTTP_PROXY: `127.0.0.1:${proxy.port}`,
      HTTPS_PROXY: `127.0.0.1:${proxy.port}`,
    };
    const { code } = await runProgram(['--scope', 'tenant', '--fail-on', 'never'], { env });
    expect(code).toBe(0);
    expect(proxy.asked).toEqual([]);
  });

  test('HTTP_PROXY is not used for https', async () => {
    const proxy = await proxyTo(servers.secure);
    await audit({ HTTP_PROXY: `http://127.0.0.1:${proxy.port}` });
    expect(proxy.asked).toEqual([]);
  });

  test('plain http goes to HTTP_PROXY itself, without a tunnel', async () => {
    const proxy = await proxyTo(servers.plain, `auditor:${PASSWORD}`);
    const send = createFetch({ HTTP_PROXY: `http://${LOGIN}@127.0.0.1:${proxy.port}` });
    expect(await beat(`http://${WATCH}/ping/1`, 3, undefined, send)).toBeUndefined();
    expect(proxy.asked).toEqual([`http://${WATCH}/ping/1/fail`]);
    expect(heard).toEqual(['/ping/1/fail']);
  });

  test('a password that the proxy refuses is reported without it', async () => {
    const proxy = await proxyTo(servers.secure, 'auditor:another');
    const { code, stderr, stdout } = await audit({ HTTPS_PROXY: `http://${LOGIN}@127.0.0.1:${proxy.port}` });
    expect(code).toBe(3);
    expect(stderr).toContain('the proxy answered 407');
    expect(stderr + stdout).not.toContain(PASSWORD);
    expect(stderr + stdout).not.toContain(encodeURIComponent(PASSWORD));
  });

  test('a proxy that cannot be reached is reported', async () => {
    const { code, stderr } = await audit({ HTTPS_PROXY: 'http://127.0.0.1:1' });
    expect(code).toBe(3);
    expect(stderr).toContain('refused (ECONNREFUSED)');
    expect(stderr).toContain('HTTPS_PROXY');
  });

  test('variables of the process itself have no effect', async () => {
    const proxy = await proxyTo(servers.secure);
    process.env.HTTPS_PROXY = `http://127.0.0.1:${proxy.port}`;
    process.env.NO_PROXY = TENANT;
    try {
      await audit({});
      expect(proxy.asked).toEqual([]);
      await audit({ HTTPS_PROXY: `http://127.0.0.1:${proxy.port}` });
      expect(proxy.asked).not.toEqual([]);
    } finally {
      delete process.env.HTTPS_PROXY;
      delete process.env.NO_PROXY;
    }
  });
});

describe('what the calls of the API are sent with', () => {
  const TEXT = `${'Zoë €'.repeat(30_000)}😀`;
  const at = (port: number) =>
    ({ method: 'GET', url: new URL(`http://127.0.0.1:${port}/`), headers: {} }) as const;
  const within = (byteLimit: number, signal = new AbortController().signal) => ({
    signal,
    byteLimit,
    timeLimit: 60_000,
  });

  test.each(['', 'gzip', 'x-gzip'])('decodes a body that comes in parts, encoding "%s"', async (encoding) => {
    let accepted: string | undefined;
    const port = await listen(
      createPlainServer((request, response) => {
        accepted = request.headers['accept-encoding'];
        const bytes = encoding === '' ? Buffer.from(`\ufeff${TEXT}`) : gzipSync(TEXT);
        response.writeHead(200, encoding === '' ? {} : { 'content-encoding': encoding });
        response.write(bytes.subarray(0, 4));
        setImmediate(() => response.end(bytes.subarray(4)));
      }),
    );
    const received = await createSend({})(at(port), within(Buffer.byteLength(TEXT) + 3));
    expect(received).toMatchObject({ status: 200, body: TEXT });
    expect(accepted).toBe('gzip');
  });

  test('tells when the request is on its way, and not where nothing is connected', async () => {
    const server = createPlainServer((_, response) => {
      response.setHeader('connection', 'close').end('12345');
    });
    const port = await listen(server);
    let told = 0;
    const sending = {
      ...within(5),
      onSent: () => {
        told += 1;
      },
    };
    expect((await createSend({})(at(port), sending)).status).toBe(200);
    expect(told).toBe(1);
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
    await expect(createSend({})(at(port), sending)).rejects.toThrow('ECONNREFUSED');
    expect(told).toBe(1);
  });

  test('gives up a body with more bytes than allowed', async () => {
    const port = await listen(createPlainServer((_, response) => response.end('12345')));
    expect((await createSend({})(at(port), within(4))).body).toBeUndefined();
    expect((await createSend({})(at(port), within(5))).body).toBe('12345');
  });

  test('fails where the body ends early, or is no gzip', async () => {
    const cut = await listen(
      createPlainServer((_, response) => {
        response.writeHead(200, { 'content-length': 10 }).write('12345', () => response.destroy());
      }),
    );
    await expect(createSend({})(at(cut), within(99))).rejects.toThrow('aborted');
    const garbage = await listen(
      createPlainServer((_, response) => {
        response.writeHead(200, { 'content-encoding': 'gzip' }).end('12345');
      }),
    );
    await expect(createSend({})(at(garbage), within(99))).rejects.toThrow('incorrect header');
  });

  /** Sends the bytes over and over; `closed` when the connection is. */
  async function endless(headers: Record<string, string>, bytes: Buffer) {
    let closed = (): void => undefined;
    const end = new Promise<void>((done) => {
      closed = done;
    });
    const port = await listen(
      createPlainServer((request, response) => {
        request.socket.on('close', closed);
        response.writeHead(200, headers);
        const more = (): void => {
          if (!response.destroyed) response.write(bytes, () => setImmediate(more));
        };
        more();
      }),
    );
    return { port, end };
  }

  const BODIES = [
    { what: 'plain', headers: {}, bytes: Buffer.from('x'.repeat(10_000)) },
    { what: 'gzip', headers: { 'content-encoding': 'gzip' }, bytes: gzipSync(randomBytes(100_000)) },
  ];

  /** Each listener left behind would be kept until the end of the run. */
  async function nobodyListens(signal: AbortSignal): Promise<void> {
    while (getEventListeners(signal, 'abort').length > 0) await new Promise(setImmediate);
  }

  test.each(BODIES)('closes the connection of a $what body that never ends', async ({ headers, bytes }) => {
    const { port, end } = await endless(headers, bytes);
    expect((await createSend({})(at(port), within(150_000))).body).toBeUndefined();
    await end;
  });

  test('closes the connection of a body that never ends behind a proxy', async () => {
    const { port, end } = await endless({}, Buffer.from('x'.repeat(10_000)));
    const proxy = await proxyTo(port);
    const send = createSend({ HTTP_PROXY: `http://127.0.0.1:${proxy.port}` });
    expect(
      (await send({ ...at(1), url: new URL(`http://${WATCH}/x`) }, within(150_000))).body,
    ).toBeUndefined();
    await end;
  });

  test('inflates no more of a small answer than allowed', async () => {
    const bomb = gzipSync(Buffer.alloc(60_000_000), { level: 1 });
    const port = await listen(
      createPlainServer((_, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb)),
    );
    const before = process.memoryUsage().arrayBuffers;
    expect((await createSend({})(at(port), within(1_000_000))).body).toBeUndefined();
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(20_000_000);
  });

  test.each(BODIES)('stopped in the middle of a $what body, it fails', async ({ headers, bytes }) => {
    const { port, end } = await endless(headers, bytes);
    const stop = new AbortController();
    const bounds = within(Number.MAX_SAFE_INTEGER, stop.signal);
    const sent = createSend({})(at(port), bounds);
    setTimeout(() => stop.abort(new Error('enough')), 20);
    await expect(sent).rejects.toThrow('enough');
    await end;
    await nobodyListens(stop.signal);
    await expect(createSend({})(at(port), bounds)).rejects.toThrow('enough');
  });

  test.each(BODIES)(
    'a $what body that never ends takes no longer than allowed',
    async ({ headers, bytes }) => {
      const { port, end } = await endless(headers, bytes);
      const bounds = { ...within(Number.MAX_SAFE_INTEGER), timeLimit: 20 };
      await expect(createSend({})(at(port), bounds)).rejects.toBe(TOO_SLOW);
      await end;
      await nobodyListens(bounds.signal);
    },
  );

  test('no answer takes no longer than allowed, nor one behind a proxy', async () => {
    const port = await listen(createPlainServer(() => undefined));
    const bounds = { ...within(9), timeLimit: 20 };
    await expect(createSend({})(at(port), bounds)).rejects.toBe(TOO_SLOW);
    const proxy = await proxyTo((await endless({}, Buffer.from('x'))).port);
    const send = createSend({ HTTP_PROXY: `http://127.0.0.1:${proxy.port}` });
    const request = { ...at(1), url: new URL(`http://${WATCH}/x`) };
    await expect(send(request, { ...bounds, byteLimit: 1e9 })).rejects.toBe(TOO_SLOW);
  });

  test('does not read the body of a redirect', async () => {
    const port = await listen(
      createPlainServer((_, response) => {
        response.writeHead(302, { location: '/else' }).write('x');
      }),
    );
    expect(await createSend({})(at(port), within(99))).toMatchObject({ status: 302, body: '' });
    const proxy = await proxyTo(port);
    const send = createSend({ HTTP_PROXY: `http://127.0.0.1:${proxy.port}` });
    const request = { ...at(1), url: new URL(`http://${WATCH}/x`) };
    expect(await send(request, within(99))).toMatchObject({ status: 302, body: '' });
  });

  test('uses one connection for requests after each other, and leaves nothing at the signal', async () => {
    const ports = new Set<number | undefined>();
    const port = await listen(
      createPlainServer(({ socket }, response) => {
        ports.add(socket.remotePort);
        response.end('ok');
      }),
    );
    const bounds = within(9);
    for (let count = 0; count < 3; count += 1) await createSend({})(at(port), bounds);
    expect(ports.size).toBe(1);
    await nobodyListens(bounds.signal);
  });

  describe.each(BODIES)('a $what body that is cut off', ({ headers, bytes }) => {
    const half = bytes.subarray(0, bytes.length / 2);

    test.each([
      { how: 'by a close', cut: (response: ServerResponse) => response.socket?.end() },
      { how: 'by a reset', cut: (response: ServerResponse) => response.socket?.resetAndDestroy() },
    ])('$how is an error', async ({ cut }) => {
      const port = await listen(
        createPlainServer((_, response) => {
          response.writeHead(200, { ...headers, 'content-length': bytes.length });
          response.write(half, () => cut(response));
        }),
      );
      await expect(createSend({})(at(port), within(1_000_000))).rejects.toThrow();
    });
  });

  test('keeps every value of a header', async () => {
    const port = await listen(
      createPlainServer((_, response) => {
        response.writeHead(200, { 'set-cookie': ['a=1', 'b=2'], 'x-one': 'é', 'x-two': ['1', '2'] }).end();
      }),
    );
    const { headers } = await createSend({})(at(port), within(99));
    expect(headers.get('x-two')).toBe('1, 2');
    expect(headers.get('set-cookie')).toContain('b=2');
    expect(headers.get('x-one')).toBe('é');
  });

  test('fails where the server switches to another protocol', async () => {
    const server = createPlainServer();
    server.on('request', ({ socket }) => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: other\r\n\r\n');
    });
    await expect(createSend({})(at(await listen(server)), within(99))).rejects.toThrow('no answer');
  });

  test('is stopped by its signal', async () => {
    const port = await listen(createPlainServer(() => undefined));
    const stop = new AbortController();
    const sent = createSend({})(at(port), within(9, stop.signal));
    stop.abort();
    await expect(sent).rejects.toThrow();
  });

  test('sends nothing where certificates are not checked or NODE_DEBUG is set', async () => {
    const send = createSend({ NODE_TLS_REJECT_UNAUTHORIZED: '0' });
    await expect(send({ ...at(1), url: new URL('https://127.0.0.1:1/') }, within(99))).rejects.toThrow(
      'NODE_TLS_REJECT_UNAUTHORIZED',
    );
    expect(() => createSend({ NODE_DEBUG: 'http' })).toThrow('NODE_DEBUG');
  });

  test('goes through a proxy, within the same limit', async () => {
    const proxy = await proxyTo(servers.plain);
    const send = createSend({ HTTP_PROXY: `http://127.0.0.1:${proxy.port}` });
    expect((await send({ ...at(1), url: new URL(`http://${WATCH}/x`) }, within(2))).body).toBe('ok');
    expect((await send({ ...at(1), url: new URL(`http://${WATCH}/x`) }, within(1))).body).toBeUndefined();
    expect(proxy.asked).toHaveLength(2);
  });
});

describe('redirects are not followed', () => {
  test('to Slack, to the webhook or to the heartbeat', async () => {
    let trapped = 0;
    const trap = await listen(
      createPlainServer((_, response) => {
        trapped += 1;
        response.end('ok');
      }),
    );
    const away = await listen(
      createPlainServer((_, response) => {
        response.writeHead(307, { location: `http://127.0.0.1:${trap}/` }).end();
      }),
    );
    const { code, stderr } = await runProgram(['--scope', 'tenant', '--fail-on', 'never'], {
      env: {
        ...tenant.environment,
        SLACK_WEBHOOK_URL: `http://127.0.0.1:${away}/services/a/b/c`,
        C1_AUDIT_WEBHOOK_URL: `http://127.0.0.1:${away}/hook`,
        C1_AUDIT_HEARTBEAT_URL: `http://127.0.0.1:${away}/ping`,
      },
    });
    expect(code).toBe(3);
    expect(stderr.match(/HTTP 307/g)).toHaveLength(3);
    expect(stderr).toContain('heartbeat');
    expect(trapped).toBe(0);
  });
});

describe('as a separate process, behind a proxy and a private certificate authority', () => {
  const bundle = join(folder, 'bin.mjs');

  beforeAll(async () => {
    await build({
      entryPoints: [resolve('src/cli/bin.ts')],
      outfile: bundle,
      bundle: true,
      format: 'esm',
      platform: 'node',
      target: 'node20',
      logLevel: 'silent',
      define: {
        C1_AUDIT_VERSION: '"0.0.0"',
        C1_AUDIT_HOMEPAGE: '"https://c1-audit.example"',
        C1_AUDIT_ANSWERS: '{"at":{},"texts":[]}',
      },
      banner: {
        js: "import { createRequire as make } from 'node:module'; const require = make(import.meta.url);",
      },
    });
  });

  async function runBundle(env: Record<string, string>) {
    const child = spawn(process.execPath, [bundle, '--scope', 'tenant', '--fail-on', 'never'], {
      cwd: folder,
      env: { PATH: process.env.PATH ?? '', ...access, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const [stdout, stderr, [code]] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, 'exit') as Promise<[number]>,
    ]);
    return { code, stdout, stderr };
  }

  test('reaches tenant, Slack and heartbeat, and nothing else, through the proxy', async () => {
    const proxy = await proxyTo(servers.secure, `auditor:${PASSWORD}`);
    const { code, stdout, stderr } = await runBundle({
      HTTPS_PROXY: `http://${LOGIN}@127.0.0.1:${proxy.port}`,
      NODE_EXTRA_CA_CERTS: join(folder, 'ca.pem'),
      SLACK_WEBHOOK_URL: 'https://hooks.slack.com/services/T0/B0/secretsecret',
      C1_AUDIT_HEARTBEAT_URL: `https://${WATCH}/ping/1`,
    });
    expect(stderr).toBe('');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Complete/);
    expect(new Set(proxy.asked)).toEqual(new Set([`${TENANT}:443`, 'hooks.slack.com:443', `${WATCH}:443`]));
    expect(heard).toContain('hooks.slack.com/services/T0/B0/secretsecret');
    expect(heard).toContain(`${WATCH}/ping/1`);
  });

  test('does not trust the authority without NODE_EXTRA_CA_CERTS, and the message says what to do', async () => {
    const proxy = await proxyTo(servers.secure);
    const { code, stdout, stderr } = await runBundle({ HTTPS_PROXY: `http://127.0.0.1:${proxy.port}` });
    expect(code).toBe(3);
    expect(stdout).toMatch(/^INCOMPLETE/);
    expect(stderr).toContain('NODE_EXTRA_CA_CERTS');
    expect(heard).toEqual([]);
  });
});
