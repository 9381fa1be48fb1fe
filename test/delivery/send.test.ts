import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import {
  failureOf,
  orInterrupted,
  SendFailure,
  type Sending,
  sendingOf,
  watchedFetch,
  withRetries,
} from '../../src/delivery/send.js';
import { AuditError } from '../../src/errors.js';

const NOW = Date.parse('2026-11-24T06:00:00Z');
let warnings: string[];
const never = new AbortController().signal;

beforeEach(() => {
  warnings = [];
});

function sending(over: Partial<Sending['patience']> = {}, signal = never): Sending {
  return sendingOf('Slack', {
    env: {},
    now: () => NOW,
    signal,
    log: { warn: (message) => warnings.push(message) },
    patience: { backoff: 1, longestWait: 50, ...over },
  });
}

describe('a failure', () => {
  test.each([
    [{ status: 503 }, 'HTTP 503'],
    [{ status: 403, word: 'no_service' }, 'HTTP 403, no_service'],
    [{}, 'no answer'],
    [{ word: 'ECONNREFUSED' }, 'no answer, ECONNREFUSED'],
  ])('%j is told as %s', (about, message) => {
    expect(new SendFailure(about)).toMatchObject({ name: 'SendFailure', message });
  });

  test.each([
    ['invalid_blocks', true],
    ['invalid_attachments', true],
    ['invalid_blocks_format', true],
    ['msg_blocks_too_long', true],
    ['no_service', false],
    [undefined, false],
  ])('by the word %s refuses blocks: %s', (word, refusesBlocks) => {
    expect(new SendFailure({ status: 400, word }).refusesBlocks).toBe(refusesBlocks);
  });

  test.each([
    [undefined, undefined, true],
    [408, undefined, true],
    [429, undefined, true],
    [499, undefined, false],
    [500, undefined, true],
    [403, 'ratelimited', false],
    [200, undefined, false],
    [200, 'no_channel', false],
    [200, 'ratelimited', true],
    [200, 'rate_limited', true],
    [200, 'internal_error', true],
    [200, 'fatal_error', true],
    [200, 'service_unavailable', true],
    [200, 'request_timeout', true],
  ])('of status %s and word %s may pass: %s', (status, word, mayPass) => {
    expect(new SendFailure({ status, word }).mayPass).toBe(mayPass);
  });

  test.each([
    ['no_service', 'no_service'],
    [' no_service\n', 'no_service'],
    ['n', undefined],
    ['No Service', undefined],
    ['no_service <b>', undefined],
    ['x no_service', undefined],
    ['a'.repeat(41), 'a'.repeat(41)],
    ['a'.repeat(42), undefined],
    [undefined, undefined],
  ])('passes on what %j says', (said, word) => {
    const failure = failureOf({ status: 400, retryAfter: 7 }, said);
    expect([failure.status, failure.word, failure.retryAfter]).toEqual([400, word, 7]);
  });

  const coded = (code: unknown) => Object.assign(new Error('x'), { code });
  const nested = (depth: number, inner: object): object =>
    depth === 0 ? inner : { cause: nested(depth - 1, inner) };

  test.each([
    [coded('ECONNREFUSED'), 'ECONNREFUSED'],
    [coded('UND_ERR_SOCKET'), 'UND_ERR_SOCKET'],
    [coded('CERT_HAS_EXPIRED'), 'CERT_HAS_EXPIRED'],
    [coded('DEPTH_ZERO_SELF_SIGNED_CERT'), 'DEPTH_ZERO_SELF_SIGNED_CERT'],
    [coded('UNABLE_TO_GET_ISSUER_CERT_LOCALLY'), 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY'],
    [coded('E'), undefined],
    [coded('https://secret'), undefined],
    [coded('x ECONNREFUSED'), undefined],
    [coded('ECONNREFUSED x'), undefined],
    [coded('CERTAIN'), undefined],
    [coded(7), undefined],
    [{ name: 'TimeoutError', code: 'ECONNRESET' }, 'timed out'],
    [nested(5, coded('EPIPE')), 'EPIPE'],
    [nested(6, coded('EPIPE')), undefined],
    [undefined, undefined],
    [null, undefined],
    ['ECONNREFUSED', undefined],
  ])('names trouble by a code of the system: %#', (trouble, word) => {
    expect(failureOf({ trouble }, 'no_service')).toMatchObject({ status: undefined, word });
  });
});

describe('trying again', () => {
  const fails = (times: number, failure: Error) => {
    let tries = 0;
    const attempt = async () => {
      tries += 1;
      if (tries <= times) throw failure;
      return 'sent';
    };
    return { attempt, tries: () => tries };
  };

  test('waits longer each time, at most three times, and says so', async () => {
    const { attempt, tries } = fails(9, new SendFailure({ status: 503 }));
    await expect(withRetries(attempt, sending())).rejects.toMatchObject({ status: 503 });
    expect(tries()).toBe(4);
    expect(warnings).toEqual(Array(3).fill('Slack: HTTP 503; next try in 1 s'));
  });

  test.each([
    [0, [1000, 2000, 4000]],
    [0.999, [1500, 3000, 6000]],
  ])('doubles the wait, and lengthens it by up to a half (chance %d)', async (chance, waits) => {
    const { random } = Math;
    Math.random = () => chance;
    try {
      for (const [retry, wait] of waits.entries()) {
        const stop = new AbortController();
        let left = retry;
        // With a short wait until the one that is looked at, which is cut off.
        const one = sending({ backoff: 1000 }, stop.signal);
        const log = {
          warn: (message: string) => {
            warnings.push(message);
            stop.abort(new Error('stopped'));
          },
        };
        const failure = () => new SendFailure({ status: 503, ...(left-- > 0 ? { retryAfter: 0 } : {}) });
        const quiet = {
          ...one,
          log: { warn: (message: string) => (left < 0 ? log.warn(message) : undefined) },
        };
        await expect(withRetries(() => Promise.reject(failure()), quiet)).rejects.toThrow('aborted');
        expect(warnings.at(-1)).toBe(`Slack: HTTP 503; next try in ${Math.ceil(wait / 1000)} s`);
      }
    } finally {
      Math.random = random;
    }
  });

  test('succeeds in between', async () => {
    const { attempt } = fails(2, new SendFailure({}));
    expect(await withRetries(attempt, sending())).toBe('sent');
    expect(warnings).toHaveLength(2);
  });

  test.each([
    [50, 2],
    [51, 1],
  ])('waits as the receiver asks, up to a limit: %d ms', async (retryAfter, expected) => {
    const { attempt, tries } = fails(1, new SendFailure({ status: 429, retryAfter }));
    await withRetries(attempt, sending()).catch(() => undefined);
    expect(tries()).toBe(expected);
  });

  test.each([new SendFailure({ status: 404 }), new TypeError('x')])('not after %s', async (failure) => {
    const { attempt, tries } = fails(1, failure);
    await expect(withRetries(attempt, sending())).rejects.toBe(failure);
    expect([tries(), warnings]).toEqual([1, []]);
  });
});

describe('an interruption', () => {
  test('is a failed delivery that may have arrived', async () => {
    const signal = AbortSignal.abort(new Error('x'));
    await expect(
      orInterrupted({ to: 'Slack', signal }, () => Promise.reject(new Error('y'))),
    ).rejects.toMatchObject({
      code: 'delivery',
      message: 'The message to Slack was interrupted.',
      hint: 'It may or may not have arrived. Run again to send it.',
    });
    const ours = new AuditError('delivery', 'x', '');
    await expect(orInterrupted({ to: 'Slack', signal }, () => Promise.reject(ours))).rejects.toBe(ours);
    expect(await orInterrupted({ to: 'Slack', signal }, async () => 7)).toBe(7);
  });

  test('is not what failed without one', async () => {
    const error = new Error('y');
    await expect(orInterrupted({ to: 'Slack', signal: never }, () => Promise.reject(error))).rejects.toBe(
      error,
    );
  });
});

describe('a request', () => {
  let server: Server;
  let url: string;
  let headers: Record<string, string>;
  let status: number;

  beforeEach(async () => {
    headers = {};
    status = 200;
    server = createServer((request, response) => {
      if (request.url !== '/hang') response.writeHead(status, headers).end('x');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterEach(() => {
    server.closeAllConnections();
    server.close();
  });

  test.each([
    [undefined, undefined],
    ['2', 2000],
    [' 2.25 ', 2250],
    ['2x', undefined],
    ['x2', undefined],
    ['Tue, 24 Nov 2026 06:00:05 GMT', 5000],
    ['Tue, 24 Nov 2026 05:00:00 GMT', 0],
    ['soon', undefined],
  ])('whose answer has Retry-After %j', async (value, retryAfter) => {
    if (value !== undefined) headers = { 'retry-after': value };
    status = 503;
    const { fetch, answer } = watchedFetch(sending());
    expect(answer()).toEqual({ trouble: undefined });
    await (await fetch(url)).text();
    expect(answer()).toEqual({ status: 503, retryAfter });
  });

  test('is not redirected', async () => {
    headers = { location: 'http://127.0.0.1:1/' };
    status = 302;
    const { fetch, answer } = watchedFetch(sending());
    expect((await fetch(url)).status).toBe(302);
    expect(answer()).toMatchObject({ status: 302 });
  });

  test('that takes too long, or is stopped by anybody, is trouble', async () => {
    const slow = watchedFetch(sending({ timeout: 20 }));
    await expect(slow.fetch(`${url}/hang`)).rejects.toMatchObject({ name: 'TimeoutError' });
    expect(failureOf(slow.answer(), undefined).message).toBe('no answer, timed out');
    const reason = new Error('stopped');
    const stopped = watchedFetch(sending({}, AbortSignal.abort(reason)));
    await expect(stopped.fetch(url)).rejects.toBe(reason);
    expect(stopped.answer()).toEqual({ trouble: reason });
    const own = watchedFetch(sending());
    await expect(own.fetch(url, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });
});
