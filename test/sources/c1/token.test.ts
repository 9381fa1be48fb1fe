import { generateKeyPairSync } from 'node:crypto';
import { beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { AuditError } from '../../../src/errors.js';
import type { Request } from '../../../src/fetch.js';
import type { Login } from '../../../src/sources/c1/environment.js';
import type { Answer } from '../../../src/sources/c1/http.js';
import { RequestError } from '../../../src/sources/c1/request-error.js';
import { Session } from '../../../src/sources/c1/session.js';

/* The run's one token, against a transport that answers what each test says. */

const NOW = Date.parse('2026-11-24T06:00:00Z');
const ORIGIN = 'https://acme.conductor.one';
const TOKEN_CALL = 'POST acme.conductor.one/auth/v1/token';
const NAMES = { clientId: 'CONDUCTORONE_CLIENT_ID', clientSecret: 'CONDUCTORONE_CLIENT_SECRET' };
const NOT_THE_TENANT = expect.stringContaining('CONDUCTORONE_SERVER_URL');

let secretLogin: Login;
const OIDC: Login = { by: 'oidc-token', clientId: 'wfe', oidcToken: 'identity-token' };
const GITHUB: Login = {
  by: 'github-oidc',
  clientId: 'wfe',
  requestUrl: 'https://token.actions.example/x?a=1',
  requestToken: 'request-token',
};

beforeAll(() => {
  const { privateKey } = generateKeyPairSync('ed25519');
  const jwk = Buffer.from(JSON.stringify(privateKey.export({ format: 'jwk' }))).toString('base64url');
  const clientSecret = `secret-token:conductorone.com:v1:${jwk}`;
  secretLogin = { by: 'client-secret', clientId: 'pcc', clientSecret, names: NAMES };
});

let now: number;
let requests: Request[];
let hidden: string[];
let retries: number;
let token: number;
/** The answers of the token endpoint; after them a new token each. */
let grants: (Partial<Answer> | object)[];
/** The answers of everything else, then 200. */
let answers: Partial<Answer>[];

beforeEach(() => {
  now = NOW;
  requests = [];
  hidden = [];
  retries = 0;
  token = 0;
  grants = [];
  answers = [];
});

const json = (body: object, over: Partial<Answer> = {}): Answer => ({
  status: 200,
  headers: new Headers({ 'content-type': 'application/json', ...Object.fromEntries(over.headers ?? []) }),
  body: JSON.stringify(body),
  ...(over.status === undefined ? {} : { status: over.status }),
});
const granted = (over: object = {}) =>
  json({ access_token: `token-000${++token}`, token_type: 'Bearer', expires_in: 300, ...over });
const refused = (error: string, over: object = {}, status = 400, headers?: Headers) =>
  json({ error, ...over }, { status, ...(headers ? { headers } : {}) });

function session(login: Login = secretLogin, isCounted = true) {
  const limits = { retries: 2, firstDelay: 1, longestDelay: 1, longestRetryAfter: 1000 };
  return new Session({
    access: { origin: ORIGIN, tenant: 'acme.conductor.one', clientId: null, login },
    transport: async (request) => {
      requests.push(request);
      const isToken = request.url.pathname === '/auth/v1/token';
      const answer = isToken ? (grants.shift() ?? granted()) : (answers.shift() ?? {});
      return { status: 200, headers: new Headers(), body: '', ...answer };
    },
    limits,
    log: { info: () => undefined },
    now: () => now,
    ...(isCounted && {
      onRetry() {
        retries += 1;
      },
    }),
    hide: (secret) => hidden.push(secret),
  });
}

const signal = new AbortController().signal;
const call: Request = { method: 'GET', url: new URL(`${ORIGIN}/api/v1/x`), headers: { accept: 'a' } };
const tokenRequests = () => requests.filter(({ url }) => url.pathname === '/auth/v1/token');
const form = (request: Request | undefined) => Object.fromEntries(new URLSearchParams(request?.body));
const sentWith = () =>
  requests.filter(({ url }) => url.pathname === '/api/v1/x').map(({ headers }) => headers.authorization);
const failure = (work: Promise<unknown>): Promise<RequestError> =>
  work.then(
    () => undefined as never,
    (error: RequestError) => error,
  );

describe('a token', () => {
  test('is requested with an assertion that holds for two minutes either way, and is hidden', async () => {
    now = NOW + 999;
    expect(await session().send(call, signal)).toMatchObject({ status: 200 });
    const [request] = tokenRequests();
    expect(request).toMatchObject({ method: 'POST', url: new URL(`${ORIGIN}/auth/v1/token`) });
    const { client_assertion: assertion = '', ...fields } = form(request);
    expect(fields).toEqual({
      client_id: 'pcc',
      grant_type: 'client_credentials',
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    });
    const [header, payload] = assertion
      .split('.')
      .slice(0, 2)
      .map((part) => JSON.parse(Buffer.from(part, 'base64url').toString()));
    expect(header).toMatchObject({ alg: 'EdDSA' });
    const seconds = NOW / 1000;
    expect(payload).toMatchObject({
      iss: 'pcc',
      sub: 'pcc',
      aud: ['acme.conductor.one'],
      iat: seconds,
      nbf: seconds - 120,
      exp: seconds + 120,
    });
    expect(hidden).toEqual([assertion, 'token-0001']);
    expect(requests[1]).toMatchObject({ headers: { accept: 'a', authorization: 'Bearer token-0001' } });
  });

  test.each([
    ['of five minutes', { expires_in: 300 }, 270],
    ['of fifty seconds', { expires_in: 50 }, 40],
    ['of an hour', { expires_in: 3600 }, 3570],
    ['without an end', { expires_in: undefined }, 270],
    ['that has ended', { expires_in: 0 }, 270],
  ])('%s is used until shortly before its end', async (_, over, seconds) => {
    grants = [granted(over)];
    const one = session();
    const first = await one.token(signal);
    now = NOW + seconds * 1000 - 1;
    expect(await one.token(signal)).toBe(first);
    now += 1;
    expect((await one.token(signal)).value).toBe('token-0002');
    expect(tokenRequests()).toHaveLength(2);
  });

  test('counts from when it was requested, not from the first try', async () => {
    const one = session();
    grants = [{ status: 503 }, granted()];
    const later = Object.assign(grants[0] as object, {
      get status() {
        now += 100_000;
        return 503;
      },
    });
    grants[0] = later;
    await one.token(signal);
    now += 269_999;
    await one.token(signal);
    expect(tokenRequests()).toHaveLength(2);
    now += 1;
    await one.token(signal);
    expect(tokenRequests()).toHaveLength(3);
  });

  test('is requested once for all that wait, and again once that is over', async () => {
    const one = session();
    await Promise.all([1, 2, 3].map(() => one.send(call, signal)));
    expect(tokenRequests()).toHaveLength(1);
    now += 300_000;
    await Promise.all([1, 2, 3].map(() => one.send(call, signal)));
    expect(tokenRequests()).toHaveLength(2);
  });

  test.each(['bearer ', 'Bearer   ', 'BEARER '])('may be written with "%s" before it', async (prefix) => {
    grants = [granted({ access_token: `${prefix}abcdefgh` })];
    expect(await session(OIDC).token(signal)).toMatchObject({ value: 'abcdefgh', type: 'bearer' });
    expect(hidden).toEqual(['abcdefgh']);
  });

  test('keeps a word like it elsewhere', async () => {
    grants = [granted({ access_token: 'a-bearer b' })];
    expect((await session(OIDC).token(signal)).value).toBe('a-bearer b');
  });

  test('of fewer than eight characters is refused, before it is used', async () => {
    grants = [granted({ access_token: 'Bearer 1234567' })];
    expect(await failure(session(OIDC).send(call, signal))).toMatchObject({
      code: 'auth',
      message: `${TOKEN_CALL} answered with a token of fewer than 8 characters: too short to be hidden in what c1-audit prints.`,
      hint: NOT_THE_TENANT,
    });
    expect(hidden).toEqual([]);
    expect(requests).toHaveLength(1);
  });

  test('that is given is sent as it is, and never renewed', async () => {
    answers = [{ status: 401 }];
    const given = session({ by: 'access-token', accessToken: 'given' });
    expect(await given.send(call, signal)).toMatchObject({ status: 401 });
    expect(requests).toHaveLength(1);
    expect(sentWith()).toEqual(['Bearer given']);
  });
});

describe('a request that answers 401', () => {
  test('is sent again with a new token', async () => {
    answers = [{ status: 401 }, { status: 200, body: 'x' }];
    expect(await session().send(call, signal)).toMatchObject({ status: 200, body: 'x' });
    expect(sentWith()).toEqual(['Bearer token-0001', 'Bearer token-0002']);
  });

  test('is not sent again for another status', async () => {
    answers = [{ status: 403 }];
    expect(await session().send(call, signal)).toMatchObject({ status: 403 });
    expect(requests).toHaveLength(2);
  });

  test('gets no new token any more once three did not help', async () => {
    answers = Array.from({ length: 20 }, () => ({ status: 401 }));
    const one = session();
    for (let n = 0; n < 4; n += 1) expect(await one.send(call, signal)).toMatchObject({ status: 401 });
    expect(tokenRequests()).toHaveLength(4);
    expect(sentWith()).toHaveLength(7);
  });

  test('counts only those that did not help', async () => {
    answers = Array.from({ length: 5 }, () => [{ status: 401 }, { status: 200 }]).flat();
    const one = session();
    for (let n = 0; n < 5; n += 1) expect(await one.send(call, signal)).toMatchObject({ status: 200 });
    expect(tokenRequests()).toHaveLength(6);
  });

  test('uses the token that another request has got by then', async () => {
    answers = [{ status: 401 }, { status: 401 }];
    const one = session();
    await Promise.all([one.send(call, signal), one.send(call, signal)]);
    expect(tokenRequests()).toHaveLength(2);
    expect(sentWith().slice(2)).toEqual(['Bearer token-0002', 'Bearer token-0002']);
  });
});

describe('a token request that fails', () => {
  const check = (login: Login) => {
    if (login.by === 'client-secret')
      return 'Check that CONDUCTORONE_CLIENT_ID and CONDUCTORONE_CLIENT_SECRET belong together, and that the credential was not revoked, has not expired and allows this network.';
    const trust =
      'Check that CONDUCTORONE_CLIENT_ID names an enabled federation trust whose condition admits this workload';
    return login.by === 'github-oidc'
      ? `${trust}.`
      : `${trust}, and that CONDUCTORONE_OIDC_TOKEN is fresh: it is good for one exchange within ten minutes. In GitHub Actions leave it unset, and each exchange gets a token of its own.`;
  };

  test('is not made again, and every request hears why', async () => {
    grants = [refused('invalid_client', { error_description: 'no such client' }, 401)];
    const one = session();
    const first = await failure(one.send(call, signal));
    expect(first).toMatchObject({
      code: 'auth',
      message: `${TOKEN_CALL} answered 401: invalid_client: no such client.`,
      hint: check(secretLogin),
      status: 401,
      retryable: false,
      cause: expect.any(RequestError),
    });
    expect(await failure(one.send(call, signal))).toBe(first);
    expect(requests).toHaveLength(1);
  });

  test('says what to check for each login', async () => {
    const named: Login = {
      ...(secretLogin as Extract<Login, { by: 'client-secret' }>),
      names: { clientId: 'The client-id of x', clientSecret: 'The client-secret of x' },
    };
    for (const [login, hint] of [
      [OIDC, check(OIDC)],
      [named, expect.stringContaining('Check that the client-id of x and the client-secret of x belong')],
    ] as const) {
      grants = [refused('invalid_grant')];
      expect(await failure(session(login).token(signal))).toMatchObject({ hint });
    }
    grants = [refused('invalid_grant')];
    answers = [json({ value: 'github-token' })];
    expect(await failure(session(GITHUB).token(signal))).toMatchObject({ hint: check(GITHUB) });
  });

  test('for a while is made again', async () => {
    grants = [{ status: 503 }, { status: 429 }];
    expect((await session().token(signal)).value).toBe('token-0001');
    expect(retries).toBe(2);
    grants = [{ status: 503 }];
    expect((await session(secretLogin, false).token(signal)).value).toBe('token-0002');
  });

  test('for longer is not made again, whoever asks', async () => {
    grants = Array.from({ length: 9 }, () => ({ status: 503 }));
    const one = session();
    const error = await failure(one.token(signal));
    expect(error).toMatchObject({ status: 503, retryable: false, hint: 'Try again later.' });
    expect(await failure(one.token(signal))).toBe(error);
    expect(tokenRequests()).toHaveLength(3);
  });

  test('because the run is stopped is not remembered', async () => {
    const stop = new AbortController();
    const reason = new AuditError('interrupted', 'stopped', 'again');
    stop.abort(reason);
    const one = session();
    expect(await failure(one.token(stop.signal))).toBe(reason);
    expect((await one.token(signal)).value).toMatch(/^token-/);
  });

  test('with an answer that is cut off is made again', async () => {
    const headers = new Headers({ 'content-type': 'application/json' });
    grants = Array.from({ length: 3 }, () => ({ body: '{"access', headers }));
    expect(await failure(session().token(signal))).toMatchObject({
      code: 'auth',
      message: `${TOKEN_CALL} answered 200 with JSON that is cut off or broken.`,
      hint: NOT_THE_TENANT,
      status: 200,
    });
    expect(tokenRequests()).toHaveLength(3);
  });

  test('with an answer that holds no token is not', async () => {
    grants = [json({})];
    expect(await failure(session().token(signal))).toMatchObject({
      code: 'auth',
      message: `${TOKEN_CALL} did not answer with an OAuth token response (status 200).`,
      hint: NOT_THE_TENANT,
      status: 200,
    });
    expect(tokenRequests()).toHaveLength(1);
  });

  test.each([
    ['invalid_grant', {}, 'invalid_grant'],
    ['invalid_grant', { error_description: 'too\nold' }, 'invalid_grant: too old'],
  ])('quotes the server in one line: %s %j', async (code, over, said) => {
    grants = [refused(code, over, 400, new Headers({ 'c1-trace-id': 'r1' }))];
    expect((await failure(session().token(signal))).message).toBe(
      `${TOKEN_CALL} answered 400: ${said} [request id r1].`,
    );
  });

  const off = (seconds: number) => new Headers({ date: new Date(NOW - seconds * 1000).toUTCString() });
  test.each([
    [
      121,
      /^This machine's clock is 2 minutes ahead of the date of that answer, and a signed assertion is valid for minutes\. Set this machine's clock/,
    ],
    [120, /belong together/],
    [-120, /^This machine's clock is 2 minutes behind the date of that answer/],
    [-119, /belong together/],
  ])('with a clock that is %d s ahead', async (seconds, hint) => {
    grants = [refused('invalid_client', {}, 401, off(seconds))];
    expect((await failure(session().token(signal))).hint).toMatch(hint);
    grants = [refused('invalid_client', {}, 401, off(seconds))];
    expect((await failure(session(OIDC).token(signal))).hint).toBe(check(OIDC));
  });

  test('with a status that is none', async () => {
    grants = [{ status: 600, headers: new Headers({ 'x-request-id': 'abc' }) }];
    expect(await failure(session().token(signal))).toMatchObject({
      code: 'api',
      message: expect.stringMatching(
        /^POST acme\.conductor\.one\/auth\/v1\/token answered 600, which is not an HTTP status.*\.$/,
      ),
      hint: NOT_THE_TENANT,
      status: 600,
    });
  });

  test.each([204, 205, 599])('with %d', async (status) => {
    grants = Array.from({ length: 3 }, () => ({ status, body: '' }));
    expect((await failure(session().token(signal))).message).toContain(String(status));
  });
});

describe('an identity token', () => {
  test('that is given is exchanged', async () => {
    await session(OIDC).token(signal);
    expect(form(requests[0])).toEqual({
      client_id: 'wfe',
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      subject_token: 'identity-token',
      subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
    });
    expect(hidden).toEqual(['token-0001']);
  });

  test('comes from GitHub for this tenant, and is hidden', async () => {
    answers = [json({ value: 'github-token' })];
    await session(GITHUB).token(signal);
    expect(requests[0]).toMatchObject({
      method: 'GET',
      url: new URL('https://token.actions.example/x?a=1&audience=acme.conductor.one'),
      headers: { authorization: 'Bearer request-token', accept: 'application/json' },
    });
    expect(form(requests[1])).toMatchObject({ subject_token: 'github-token' });
    expect(hidden).toEqual(['github-token', 'token-0001']);
  });

  test.each([
    [403, '{"value":"github-token"}'],
    [200, ''],
    [200, '{}'],
    [200, '{"value":""}'],
    [200, '{"value":7}'],
  ])('that GitHub does not give: %d %s', async (status, body) => {
    answers = [{ status, body }];
    expect(await failure(session(GITHUB).token(signal))).toMatchObject({
      code: 'auth',
      message: `GET token.actions.example/x answered ${status} without an OIDC token from GitHub.`,
      hint: 'Check that the job has "permissions: id-token: write".',
      status,
    });
    expect(requests).toHaveLength(1);
  });

  test('that GitHub does not give yet is asked for again', async () => {
    const headers = new Headers({ 'retry-after': '0' });
    answers = [{ status: 503, headers }, json({ value: 'github-token' })];
    expect((await session(GITHUB).token(signal)).value).toBe('token-0001');
    expect(retries).toBe(1);
  });

  test('that GitHub does not give for a long time is not waited for', async () => {
    answers = [{ status: 503, headers: new Headers({ 'retry-after': '2' }) }];
    expect(await failure(session(GITHUB).token(signal))).toMatchObject({ status: 503 });
    expect(requests).toHaveLength(1);
  });

  test('of fewer than eight characters is refused', async () => {
    answers = [json({ value: '1234567' })];
    expect((await failure(session(GITHUB).token(signal))).message).toMatch(
      /^GET token\.actions\.example\/x answered with a token of fewer than 8 characters/,
    );
  });
});

describe('proof of possession', () => {
  const DPOP = { token_type: 'DPoP' };
  const proofs = () => tokenRequests().map(({ headers }) => new Headers(headers).has('dpop'));
  const nonce = () => new Headers({ 'dpop-nonce': 'n1' });

  test.each([
    ['a code', refused('invalid_dpop_proof')],
    ['a nonce that it wants', refused('use_dpop_nonce', {}, 400, nonce())],
    ['a code for a nonce without one', refused('use_dpop_nonce')],
    ['words', refused('invalid_request', { error_description: 'DPoP proof required' })],
  ])('is given when the server asks for it by %s', async (_, answer) => {
    grants = [answer, granted(DPOP)];
    const one = session();
    await one.send(call, signal);
    expect(proofs()).toEqual([false, true]);
    expect(requests.at(-1)).toMatchObject({ headers: { authorization: 'DPoP token-0001' } });
    expect(new Headers(requests.at(-1)?.headers).get('dpop')).toMatch(/^ey/);
  });

  test('is not given for another refusal', async () => {
    grants = [refused('invalid_request')];
    expect((await failure(session().token(signal))).message).toContain('invalid_request');
    expect(proofs()).toEqual([false]);
  });

  test('is given with the nonce that the server asks for next', async () => {
    grants = [refused('invalid_dpop_proof'), refused('use_dpop_nonce', {}, 400, nonce()), granted(DPOP)];
    expect((await session().token(signal)).type).toBe('dpop');
    expect(proofs()).toEqual([false, true, true]);
  });

  test('is given up where it does not help', async () => {
    grants = [refused('invalid_dpop_proof'), refused('invalid_dpop_proof')];
    expect((await failure(session().token(signal))).message).toContain('invalid_dpop_proof');
    expect(proofs()).toEqual([false, true]);
  });

  test('is given up after three tries, whatever nonce is asked for', async () => {
    grants = Array.from({ length: 9 }, () => refused('use_dpop_nonce', {}, 400, nonce()));
    expect((await failure(session().token(signal))).message).toContain('use_dpop_nonce');
    expect(proofs()).toEqual([false, true, true]);
  });

  test('that nobody gave cannot bind a token', async () => {
    grants = [granted(DPOP)];
    expect(await failure(session().token(signal))).toMatchObject({
      code: 'auth',
      message: `${TOKEN_CALL} answered with a DPoP token, although no proof of possession was sent.`,
      hint: NOT_THE_TENANT,
    });
  });

  test('is made by the clock of the run', async () => {
    grants = [refused('invalid_dpop_proof'), granted(DPOP)];
    await session().token(signal);
    const proof = new Headers(tokenRequests()[1]?.headers).get('dpop') ?? '';
    const { iat } = JSON.parse(Buffer.from(proof.split('.')[1] ?? '', 'base64url').toString());
    expect(Math.abs(iat - NOW / 1000)).toBeLessThan(5);
  });

  const wants = (name = 'dpop-nonce') =>
    new Headers({ [name]: 'n2', 'www-authenticate': 'DPoP error="use_dpop_nonce"' });

  test('of a request is made again with a nonce, once', async () => {
    grants = [refused('invalid_dpop_proof'), granted(DPOP)];
    answers = [
      { status: 401, headers: wants() },
      { status: 200, body: 'x' },
    ];
    const one = session();
    expect(await one.send(call, signal)).toMatchObject({ status: 200, body: 'x' });
    expect(tokenRequests()).toHaveLength(2);
    grants = [granted(DPOP)];
    answers = Array.from({ length: 9 }, () => ({ status: 401, headers: wants() }));
    const before = requests.length;
    expect(await one.send(call, signal)).toMatchObject({ status: 401 });
    // Twice with the token, and twice with a new one.
    expect(requests.slice(before).filter(({ url }) => url.pathname === '/api/v1/x')).toHaveLength(4);
  });

  test('that is refused is an answer like any other', async () => {
    grants = [refused('invalid_dpop_proof'), granted(DPOP)];
    answers = Array.from({ length: 2 }, () => ({
      status: 401,
      body: 'no',
      headers: new Headers({ 'www-authenticate': 'DPoP error="invalid_token"', 'x-request-id': 'abc' }),
    }));
    const answer = await session().send(call, signal);
    expect(answer).toMatchObject({ status: 401, body: 'no' });
    expect(answer.headers.get('x-request-id')).toBe('abc');
  });

  test('of a request that fails otherwise is that failure', async () => {
    grants = [refused('invalid_dpop_proof'), granted(DPOP)];
    answers = [{ status: 600 }];
    expect(
      (await failure(session().send({ ...call, method: 'POST', body: '{}' }, signal))).message,
    ).toContain('POST acme.conductor.one/api/v1/x answered 600');
    expect(requests.at(-1)).toMatchObject({ method: 'POST', body: '{}' });
  });
});
