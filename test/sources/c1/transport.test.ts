import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { AuditError } from '../../../src/errors.js';
import { createSend, type Request } from '../../../src/fetch.js';
import { createTransport, parseScrubbed, scrubError } from '../../../src/sources/c1/http.js';
import { RequestError } from '../../../src/sources/c1/request-error.js';

/* One exchange over loopback. */

let server: Server;
let origin: string;
let answer: (request: IncomingMessage, response: ServerResponse, body: string) => void;

beforeEach(async () => {
  server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    answer(request, response, body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  origin = `http://127.0.0.1:${port}`;
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

const exchange = (
  over: Partial<Request> = {},
  signal = new AbortController().signal,
  requestTimeout = 5000,
) =>
  createTransport(createSend({}), { requestTimeout, responseBytes: 2048 })(
    { method: 'GET', url: new URL(`${origin}/a/b?page_token=SECRET`), headers: {}, ...over },
    signal,
  );
const failure = (work: Promise<unknown>): Promise<RequestError> =>
  work.then(
    () => undefined as never,
    (error: RequestError) => error,
  );
const what = () => `GET ${new URL(origin).host}/a/b`;

describe('an exchange', () => {
  test('sends the request as it is, and reads the answer to its end', async () => {
    answer = ({ method, url, headers }, response, body) =>
      response
        .writeHead(403, { 'c1-trace-id': 'r1' })
        .end(JSON.stringify([method, url, headers['x-a'], body]));
    const { status, headers, body } = await exchange({ method: 'POST', headers: { 'x-a': '1' }, body: '{}' });
    expect([status, headers.get('c1-trace-id')]).toEqual([403, 'r1']);
    expect(JSON.parse(body)).toEqual(['POST', '/a/b?page_token=SECRET', '1', '{}']);
  });

  test.each([300, 302, 307, 399])('is not redirected (%d)', async (status) => {
    answer = (_, response) =>
      response.writeHead(status, { location: `${origin}/else`, 'c1-trace-id': 'r1' }).end();
    expect(await failure(exchange())).toMatchObject({
      code: 'api',
      message: `${what()} was redirected (status ${status}) [request id r1]. c1-audit does not follow redirects, because its credential would go with them.`,
      hint: 'Check CONDUCTORONE_SERVER_URL and CONDUCTORONE_TENANT_DOMAIN: they must name the tenant itself.',
      status,
      retryable: false,
    });
  });

  test.each([299, 400])('of status %d is no redirect', async (status) => {
    answer = (_, response) => response.writeHead(status, { location: `${origin}/else` }).end('x');
    expect(await exchange()).toMatchObject({ status, body: 'x' });
  });

  test('is as large as the limit, and no larger', async () => {
    answer = (_, response) => response.end('x'.repeat(2048));
    expect((await exchange()).body).toHaveLength(2048);
    answer = (_, response) => response.end('x'.repeat(2049));
    expect(await failure(exchange())).toMatchObject({
      code: 'api',
      message: `${what()} answered with more than 2 KiB, which no page of a list needs.`,
      hint: "Check that the address is the tenant's own and that nothing in between rewrites answers.",
      status: 200,
    });
  });

  test.each(['no answer', 'half an answer'])('that gets %s in time is stopped', async (kind) => {
    answer = (_, response) => {
      if (kind !== 'no answer') response.writeHead(200).write('x');
    };
    expect(await failure(exchange({}, undefined, 50))).toMatchObject({
      code: 'network',
      message: `${what()} got no complete answer within 0.05 s.`,
      hint: 'Try again later; if it happens every night, the tenant or the network in between is too slow.',
      retryable: true,
    });
  });

  test('is stopped with the run, for its reason', async () => {
    const stop = new AbortController();
    const reason = new AuditError('interrupted', 'stopped', 'again');
    answer = () => stop.abort(reason);
    expect(await failure(exchange({}, stop.signal))).toBe(reason);
    answer = () => {
      throw new Error('not sent');
    };
    expect(await failure(exchange({}, stop.signal))).toBe(reason);
  });

  test('that breaks off is a failure of the network', async () => {
    answer = ({ socket }) => socket.destroy();
    expect(await failure(exchange())).toMatchObject({
      code: 'network',
      message: expect.stringMatching(/ failed: the connection broke off/),
      retryable: true,
    });
    answer = (_, response) => {
      response.writeHead(200, { 'content-length': '9' }).write('x');
      setImmediate(() => response.socket?.destroy());
    };
    expect(await failure(exchange())).toMatchObject({ code: 'network', retryable: true });
  });
});

describe('secrets', () => {
  const scrub = (text: string) => text.replaceAll('SECRET', '***');

  test.each<[string, unknown]>([
    ['{"a":["SECRET",{"b":"x SECRET"}],"n":1}', { a: ['***', { b: 'x ***' }], n: 1 }],
    // Hidden by an escape.
    ['{"a":"SECR\\u0045T"}', { a: '***' }],
    ['{"a":"x\\ny"}', { a: 'x\ny' }],
    [
      '{"status":"SECRET","directoryStatus":"SECRET","type":"SECRET","kind":"SECRET","kinds":"SECRET"}',
      { status: 'SECRET', directoryStatus: 'SECRET', type: 'SECRET', kind: 'SECRET', kinds: '***' },
    ],
    ['"SECRET"', '***'],
    ['{"SECRET":1}', { SECRET: 1 }],
  ])('are taken out of the texts of %s', (json, value) => {
    expect(parseScrubbed(json, scrub)).toEqual(value);
  });

  test('may equal the name of a built-in role, which stays', () => {
    const hide = (text: string) => text.replaceAll('system:owner', '***');
    expect(parseScrubbed('{"name":"system:owner","displayName":"my system:owner"}', hide)).toEqual({
      name: 'system:owner',
      displayName: 'my ***',
    });
  });

  test('are looked for once where a text has none', () => {
    let looks = 0;
    const count = (text: string) => {
      looks += 1;
      return text;
    };
    expect(parseScrubbed('{"a":"b","c":"d"}', count)).toEqual({ a: 'b', c: 'd' });
    expect(looks).toBe(1);
  });

  test('cut off JSON is an error', () => {
    expect(() => parseScrubbed('{"a', scrub)).toThrow(SyntaxError);
    expect(() => parseScrubbed('{"SECRET', scrub)).toThrow(SyntaxError);
  });

  test('are taken out of errors, which stay what they are', () => {
    const about = { status: 403, retryable: true, retryAfter: 7, fromApi: true };
    const scrubbed = scrubError(new RequestError('auth', 'no SECRET', 'Look.', about), scrub);
    expect(scrubbed).toBeInstanceOf(RequestError);
    expect(scrubbed).toMatchObject({ code: 'auth', message: 'no ***', hint: 'Look.', ...about });
    for (const error of [new RequestError('api', 'x', ''), new TypeError('SECRET')])
      expect(scrubError(error, scrub)).toBe(error);
  });
});
