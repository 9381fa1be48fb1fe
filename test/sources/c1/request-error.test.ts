import { describe, expect, test } from '@jest/globals';
import { AuditError } from '../../../src/errors.js';
import {
  certificateProblem,
  concernsOneRecord,
  isNotFound,
  isOutage,
  isPassing,
  isUnavailable,
  networkError,
  oneLine,
  RequestError,
  refusal,
  requestId,
  timeoutError,
} from '../../../src/sources/c1/request-error.js';

const NOW = Date.parse('2026-06-01T00:00:00Z');
const body = (message: string, code = 7) => JSON.stringify({ code, message });
const answer = (status: number, text: string, headers: Record<string, string> = {}) =>
  refusal('GET /x', { status, headers: new Headers(headers), body: text }, NOW);

describe('a refusal of the API', () => {
  test.each([
    [400, 'api', /does not expect this answer/, false],
    [401, 'auth', /check that it was not revoked/, false],
    [403, 'api', /lacks the right to make this call/, false],
    [404, 'api', /feature that is not switched on/, false],
    [408, 'api', /does not expect this answer/, true],
    [429, 'api', /asks for a pause/, true],
    [500, 'api', /a problem of its own/, true],
    [501, 'api', /feature that is not switched on/, false],
    [503, 'api', /a problem of its own/, true],
  ])('%d says what to do, and whether to try again', (status, code, hint, retryable) => {
    const error = answer(status, body('why not'), { 'retry-after': '3' });
    expect(error).toMatchObject({
      code,
      message: `GET /x answered ${status} (why not).`,
      hint: expect.stringMatching(hint),
      status,
      fromApi: true,
      retryable,
      retryAfter: 3000,
    });
    expect(isPassing(status)).toBe(retryable);
  });

  test.each([
    ['a message', body('no'), ' (no)', true],
    ['a blank message', body(''), '', true],
    ['a code alone', '{"code": 7}', '', true],
    ['a text for a code', '{"code": "7"}', '', false],
    ['another object', '{"error": "x"}', '', false],
    ['null', 'null', '', false],
    ['HTML', '<html>', '', false],
    ['nothing', '', '', false],
  ])('with %s', (_, text, words, fromApi) => {
    const error = answer(403, text);
    expect([error.message, error.fromApi]).toEqual([`GET /x answered 403${words}.`, fromApi]);
    if (!fromApi) expect(error.hint).toMatch(/does not come from the API: check the address/);
  });

  test('of 429 or a server says so, whoever answers', () => {
    expect(answer(429, '').hint).toMatch(/asks for a pause/);
    expect(answer(500, '').hint).toMatch(/a problem of its own/);
    expect(answer(499, '').hint).toMatch(/does not come from the API/);
    expect(answer(499, body('x')).hint).toMatch(/does not expect/);
  });

  test('ends in the request id, unless the message has it', () => {
    const headers = { 'c1-trace-id': 'abc' };
    expect(answer(403, body('no'), headers).message).toBe('GET /x answered 403 (no) [request id abc].');
    expect(answer(403, body('no (abc)'), headers).message).toBe('GET /x answered 403 (no (abc)).');
    expect(requestId(new Headers())).toBe('');
    expect(requestId(new Headers(headers))).toBe(' [request id abc]');
  });
});

describe('what a failure means', () => {
  const failed = (status: number | undefined, over: object = {}, code: 'api' | 'auth' = 'api') =>
    new RequestError(code, 'm', 'h', { status, fromApi: true, ...over });

  test.each([
    [403, true, false],
    [404, true, true],
    [501, true, false],
    [400, false, false],
    [500, false, false],
    [undefined, false, false],
  ])('%s of the API: not available %s, not found %s', (status, unavailable, missing) => {
    const error = failed(status);
    expect([isUnavailable(error), isNotFound(error), isOutage(error)]).toEqual([
      unavailable,
      missing,
      !unavailable,
    ]);
  });

  test('is an outage where something else answered, the login failed, or no request did', () => {
    for (const error of [
      failed(403, { fromApi: false }),
      failed(403, {}, 'auth'),
      new AuditError('api', 'm', 'h'),
    ])
      expect([isUnavailable(error), isNotFound(error), isOutage(error)]).toEqual([false, false, true]);
    expect(isNotFound('x')).toBe(false);
  });

  test('concerns one record where a call answered 200', () => {
    expect(concernsOneRecord(failed(200))).toBe(true);
    expect(concernsOneRecord(failed(403))).toBe(false);
    expect(concernsOneRecord(failed(200, {}, 'auth'))).toBe(false);
    expect(concernsOneRecord(new AuditError('api', 'm', 'h'))).toBe(false);
  });

  test('is neither to be repeated nor from the API unless it says so', () => {
    expect(new RequestError('api', 'm', 'h')).toMatchObject({ retryable: false, fromApi: false });
  });
});

test.each([
  [' a\n\t b ', 'a b'],
  ['x'.repeat(300), 'x'.repeat(300)],
  ['x'.repeat(301), `${'x'.repeat(300)}…`],
])('foreign text is one line and short', (text, line) => {
  expect(oneLine(text)).toBe(line);
});

test('an answer that takes too long is named with its limit', () => {
  expect(timeoutError('GET /x', 1500)).toMatchObject({
    code: 'network',
    message: 'GET /x got no complete answer within 1.5 s.',
    hint: expect.stringMatching(/Try again later/),
    retryable: true,
  });
});

describe('a request that fails on its way', () => {
  const because = (code: string) =>
    new TypeError('fetch failed', { cause: Object.assign(new Error('x'), { code }) });

  test.each([
    ['ENOTFOUND', 'the host name could not be resolved (ENOTFOUND)', /Check the tenant name/, false],
    ['EAI_AGAIN', 'the host name could not be resolved (EAI_AGAIN)', /Check the network/, true],
    ['ECONNREFUSED', 'the connection was refused (ECONNREFUSED)', /Check the network/, true],
    [
      'CERT_HAS_EXPIRED',
      "the server's certificate is not trusted (CERT_HAS_EXPIRED)",
      /NODE_EXTRA_CA_CERTS/,
      false,
    ],
    [
      'SELF_SIGNED_CERT_IN_CHAIN',
      "the server's certificate is not trusted (SELF_SIGNED_CERT_IN_CHAIN)",
      /NODE_EXTRA/,
      false,
    ],
    ['UND_ERR_SOCKET', 'the connection broke off (UND_ERR_SOCKET)', /Check the network/, true],
  ])('%s', (code, why, hint, retryable) => {
    const error = networkError('GET /x', because(code));
    expect(error).toMatchObject({
      code: 'network',
      message: `GET /x failed: ${why}.`,
      hint: expect.stringMatching(hint),
      retryable,
    });
    expect(error.cause).toBeInstanceOf(TypeError);
    expect(certificateProblem(because(code))).toBe(/certificate/.test(why) ? code : undefined);
  });

  test.each([undefined, null, 'text', new Error('x'), { code: 5 }])('without a code: %p', (cause) => {
    expect(networkError('GET /x', cause).message).toBe('GET /x failed: the connection broke off.');
  });

  test('has the innermost code, also of several addresses', () => {
    const inner = Object.assign(new Error('x'), { code: 'ECONNREFUSED' });
    const many = Object.assign(new AggregateError([inner, new Error('y')]), { code: 'OTHER' });
    expect(networkError('GET /x', new TypeError('f', { cause: many })).message).toContain('(ECONNREFUSED)');
    const outer = Object.assign(new Error('x', { cause: new Error('no code') }), { code: 'ETIMEDOUT' });
    expect(networkError('GET /x', outer).message).toContain('(ETIMEDOUT)');
  });

  test.each([
    ['Proxy response (403) !== 200 when HTTP Tunneling', 403, /lets this host through/, false],
    ['Proxy response (502) !== 200 when HTTP Tunneling', 502, /lets this host through/, true],
    ['Proxy response (500) x', 500, /NO_PROXY/, true],
    ['Proxy response (499) x', 499, /NO_PROXY/, false],
    ['Proxy Authentication Required (407)', 407, /user and password into HTTPS_PROXY/, false],
  ])('at a proxy: %s', (message, status, hint, retryable) => {
    const error = networkError('GET /x', new TypeError('fetch failed', { cause: new Error(message) }));
    expect(error).toMatchObject({
      message: `GET /x failed: the proxy answered ${status}.`,
      hint: expect.stringMatching(hint),
      retryable,
    });
  });

  test('is not a proxy that only says so in the middle', () => {
    const error = networkError('GET /x', new Error('not Proxy response (403)'));
    expect(error.message).toBe('GET /x failed: the connection broke off.');
  });
});
