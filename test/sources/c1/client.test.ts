import { beforeEach, describe, expect, test } from '@jest/globals';
import { AuditError } from '../../../src/errors.js';
import type { Request } from '../../../src/fetch.js';
import { ApiClient, type ApiClientOptions } from '../../../src/sources/c1/client.js';
import type { Answer } from '../../../src/sources/c1/http.js';
import { RequestError } from '../../../src/sources/c1/request-error.js';
import { DEFAULT_LIMITS } from '../../../src/sources/c1/retry.js';

/* What a call makes of an answer. */

const NOW = Date.parse('2026-11-24T06:00:00Z');
let requests: Request[];
let answers: (Partial<Answer> | Error)[];
let logged: unknown[];
let retries: number;

beforeEach(() => {
  requests = [];
  answers = [];
  logged = [];
  retries = 0;
});

const JSON_TYPE = { 'content-type': 'application/json' };

function client(
  over: Partial<ApiClientOptions> = {},
  whileSent: () => Promise<void> = async () => undefined,
) {
  const log = (about: unknown, message: unknown) => void logged.push([about, message]);
  const send = async (request: Request): Promise<Answer> => {
    requests.push(request);
    await whileSent();
    const answer = answers.shift() ?? {};
    if (answer instanceof Error) throw answer;
    return { status: 200, headers: new Headers(JSON_TYPE), body: '{"a":1}', ...answer };
  };
  return new ApiClient({
    origin: 'https://acme.conductor.one',
    session: { send } as unknown as ApiClientOptions['session'],
    limits: { ...DEFAULT_LIMITS, retries: 1, firstDelay: 1, concurrency: 2 },
    log: { debug: log, info: log } as ApiClientOptions['log'],
    now: () => NOW,
    scrub: (text) => text.replaceAll('SECRET', '***'),
    onRetry: () => {
      retries += 1;
    },
    signal: new AbortController().signal,
    ...over,
  });
}

const get = { method: 'GET', path: '/iam/roles' } as const;
const failure = async (answer: Partial<Answer> | Error, over: Partial<ApiClientOptions> = {}) => {
  answers = [answer, answer];
  return client(over)
    .call(get)
    .then(
      (value) => ({ value }) as never,
      (error: RequestError) => error,
    );
};

describe('a call', () => {
  test('is one request, and answers with its JSON', async () => {
    const agent = `c1-audit/${C1_AUDIT_VERSION}`;
    expect(await client().call({ ...get, query: { page_token: 'a&b' } })).toEqual({ a: 1 });
    expect(requests).toEqual([
      {
        method: 'GET',
        url: new URL('https://acme.conductor.one/api/v1/iam/roles?page_token=a%26b'),
        headers: { accept: 'application/json', 'user-agent': agent },
        body: undefined,
      },
    ]);
    expect(logged).toEqual([
      [{ call: 'GET acme.conductor.one/api/v1/iam/roles', status: 200, bytes: 7 }, 'answered'],
    ]);
    await client().call({ method: 'POST', path: '/search/users', body: { b: 2 } });
    expect(requests[1]).toMatchObject({
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"b":2}',
    });
  });

  test.each([
    'application/json',
    'application/json; charset=utf-8',
    'Application/JSON',
    'application/problem+json',
  ])('answers in %s', async (type) => {
    answers = [{ headers: new Headers({ 'content-type': type }) }];
    expect(await client().call(get)).toEqual({ a: 1 });
  });

  test('that may pass is made again, and said to be', async () => {
    answers = [{ status: 503 }];
    expect(await client().call(get)).toEqual({ a: 1 });
    expect(retries).toBe(1);
    expect(logged).toContainEqual([
      {
        call: 'GET acme.conductor.one/api/v1/iam/roles',
        status: 503,
        delay: expect.any(Number),
      },
      'will try again',
    ]);
  });

  test('waits for its turn', async () => {
    let running = 0;
    let most = 0;
    const one = client({}, async () => {
      running += 1;
      most = Math.max(most, running);
      await new Promise(setImmediate);
      running -= 1;
    });
    await Promise.all(Array.from({ length: 6 }, () => one.call(get)));
    expect([most, requests.length]).toEqual([2, 6]);
  });

  test('is not made once the run is stopped', async () => {
    const reason = new AuditError('interrupted', 'stopped', 'again');
    await expect(client({ signal: AbortSignal.abort(reason) }).call(get)).rejects.toBe(reason);
    expect(requests).toEqual([]);
  });
});

describe('an answer', () => {
  const id = { 'c1-trace-id': 'r1' };
  const CALL = 'GET acme.conductor.one/api/v1/iam/roles';

  test.each([
    [{ 'content-type': 'text/html', ...id }, /^text\/html instead of JSON/],
    [{ 'content-type': 'text/application/json', ...id }, /^text\/application\/json instead of JSON/],
    [{ 'content-type': 'application/jsonx', ...id }, /^application\/jsonx instead of JSON/],
    [{ ...id }, /^no content type instead of JSON/],
  ])('that is no JSON: %j', async (headers, said) => {
    const error = await failure({ headers: new Headers(headers) });
    expect(error).toMatchObject({
      code: 'api',
      hint: 'Check that CONDUCTORONE_SERVER_URL or CONDUCTORONE_TENANT_DOMAIN names a ConductorOne tenant and that no proxy or login page answers for it.',
      status: 200,
      retryable: false,
    });
    expect(error.message.slice(`${CALL} answered 200 with `.length)).toMatch(said);
    expect(error.message).toMatch(/r1.*\.$/);
    expect(requests).toHaveLength(1);
  });

  test('that is cut off is asked for again', async () => {
    const error = await failure({ body: '{"a":', headers: new Headers({ ...JSON_TYPE, ...id }) });
    expect(error).toMatchObject({ code: 'api', hint: 'Try again later.', status: 200, retryable: true });
    expect(error.message).toMatch(/^GET \S+ answered 200 with JSON that is cut off or broken.*r1.*\.$/);
    expect(error.cause).toBeInstanceOf(Error);
    expect(requests).toHaveLength(2);
  });

  test.each(['[]', 'null', '7', '"x"'])('that is no object: %s', async (body) => {
    const error = await failure({ body, headers: new Headers({ ...JSON_TYPE, ...id }) });
    expect(error).toMatchObject({
      code: 'api',
      hint: 'This is not the API that c1-audit knows; look for a newer version.',
      status: 200,
      retryable: false,
    });
    expect(error.message).toMatch(/^GET \S+ answered 200 with JSON that is not an object.*r1.*\.$/);
  });

  test('of another status is a refusal', async () => {
    expect(await failure({ status: 201 })).toMatchObject({ status: 201 });
    expect(await failure({ status: 403 })).toMatchObject({
      status: 403,
      message: expect.stringMatching(/^GET \S+ answered 403/),
    });
  });

  test('loses its secrets, in what it says and in errors', async () => {
    answers = [{ body: '{"a":"a SECRET"}' }];
    expect(await client().call(get)).toEqual({ a: 'a ***' });
    const error = await failure(new RequestError('network', 'no SECRET', 'Look.'));
    expect([error.message, error.hint]).toEqual(['no ***', 'Look.']);
  });
});

describe('the clock', () => {
  const dated = (seconds: number) => ({
    headers: new Headers({ ...JSON_TYPE, date: new Date(NOW - seconds * 1000).toUTCString() }),
  });

  test('differs by the most that any answer shows, either way', async () => {
    const one = client();
    expect([one.now, one.skew]).toEqual([NOW, 0]);
    answers = [dated(10), dated(5), dated(-20), dated(15), {}];
    const skews: number[] = [];
    for (let n = 0; n < 5; n += 1) {
      await one.call(get);
      skews.push(one.skew);
    }
    expect(skews).toEqual([9000, 9000, -20_000, -20_000, -20_000]);
  });

  test('a slow answer is no difference', async () => {
    let now = NOW;
    const one = client({ now: () => now }, async () => {
      now += 30_000;
    });
    answers = [dated(-20)];
    await one.call(get);
    expect(one.skew).toBe(0);
  });

  test('also of an answer that is refused', async () => {
    const one = client();
    answers = [{ status: 403, ...dated(10) }];
    await one.call(get).catch(() => undefined);
    expect(one.skew).toBe(9000);
  });
});
