import type { ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { type Front, type Passing, startFront } from '../../helpers/front.js';
import { type ProgramWorld, runProgram } from '../../helpers/program.js';
import { smallTenant } from '../../helpers/small-tenant.js';
import { type Fault, startTenant, type Tenant } from '../../tenant/index.js';

const NOW = Date.parse('2026-11-24T06:00:00Z');
const SEARCH = '/api/v1/search/iam/personal_clients';
const always = Number.POSITIVE_INFINITY;

let tenant: Tenant;
let front: Front | undefined;

beforeEach(async () => {
  tenant = (await startTenant({
    now: () => NOW,
    data: smallTenant(NOW),
    paging: { ignoring: [] },
  })) as Tenant;
});

afterEach(async () => {
  await front?.close();
  front = undefined;
  await tenant.close();
});

const audit = (limits: ProgramWorld['limits'], flags: readonly string[] = [], env = tenant.environment) =>
  runProgram(
    ['-f', 'json', '--fail-on', 'never', '--scope', 'tenant', '--source', 'personal-clients', ...flags],
    {
      env,
      now: () => NOW,
      limits: { retries: 1, firstDelay: 1, ...limits },
    },
  );

const on = (effect: Fault['effect'], times = always): Fault => ({
  on: 'search-personal-clients',
  times,
  effect,
});

describe('one request', () => {
  test.each([
    { kind: 'hang', at: 'before' },
    { kind: 'hang', at: 'body' },
    { kind: 'drip', everyMs: 20 },
  ] as const)('ends after its time limit: %j', async (effect) => {
    tenant.faults.add(on(effect));
    const { code, stderr } = await audit({ requestTimeout: 200 });
    expect(code).toBe(3);
    expect(stderr).toContain(`POST ${tenant.host}${SEARCH} got no complete answer within 0.2 s`);
    expect(tenant.requests.filter(({ target }) => target === 'search-personal-clients')).toHaveLength(2);
  });
});

describe('one run', () => {
  test('ends after its time limit, reports it and shows what was read', async () => {
    tenant.faults.add({ on: '*', times: always, effect: { kind: 'latency', ms: 40 } });
    tenant.faults.add(on({ kind: 'hang', at: 'before' }));
    const { code, stderr, report } = await audit({}, ['--timeout', '0.5']);
    expect(code).toBe(3);
    expect(report.coverage.complete).toBe(false);
    expect(stderr).toContain('longer than 0.5 s');
    expect(stderr).toContain('--timeout');
  });

  test('sends no request after it is stopped', async () => {
    tenant.faults.add(on({ kind: 'hang', at: 'before' }));
    const stop = new AbortController();
    const run = runProgram(['-f', 'json', '--scope', 'tenant'], {
      env: tenant.environment,
      now: () => NOW,
      signal: stop.signal,
    });
    while (!tenant.requests.some(({ target }) => target === 'search-personal-clients'))
      await new Promise((done) => setTimeout(done, 5));
    const before = tenant.requests.length;
    stop.abort();
    const { code, report } = await run;
    expect(code).toBe(3);
    expect(report.coverage.complete).toBe(false);
    expect(tenant.requests.length - before).toBeLessThanOrEqual(3);
  });

  test('waits as long as the tenant asks, up to a limit', async () => {
    tenant.faults.add(on({ kind: 'status', status: 429, retryAfter: { seconds: 3 } }));
    const { code, stderr } = await audit({ longestRetryAfter: 2_999 });
    expect(code).toBe(3);
    expect(stderr).toContain('429');
    expect(tenant.requests.filter(({ target }) => target === 'search-personal-clients')).toHaveLength(1);
  });
});

describe('one answer', () => {
  const LIMIT = 64 * 1024;
  const tooLarge = /search\/iam\/personal_clients answered with more than 64 KiB/;

  const answerWith = async (answer: (response: ServerResponse) => void) => {
    front = await startFront(tenant.url, ({ path }: Passing, response) => {
      if (path !== SEARCH) return false;
      answer(response);
      return true;
    });
    const env = { ...tenant.environment, CONDUCTORONE_SERVER_URL: front.url };
    return audit({ responseBytes: LIMIT }, [], env);
  };

  test('is not read if it announces more than the limit', async () => {
    tenant.faults.add(on({ kind: 'pad', bytes: LIMIT }));
    const { code, stderr } = await audit({ responseBytes: LIMIT });
    expect(code).toBe(3);
    expect(stderr).toMatch(tooLarge);
    expect(tenant.requests.filter(({ target }) => target === 'search-personal-clients')).toHaveLength(1);
  });

  test('is read if it is exactly as large as the limit', async () => {
    const body = (size: number) => '{"list":[],"nextPageToken":""}'.padEnd(size);
    const exact = await answerWith((response) => {
      response.setHeader('content-type', 'application/json');
      response.write(body(LIMIT));
      response.end();
    });
    expect(exact.stderr).not.toMatch(tooLarge);
    await front?.close();
    const over = await answerWith((response) => {
      response.setHeader('content-type', 'application/json');
      response.write(body(LIMIT + 1));
      response.end();
    });
    expect(over.stderr).toMatch(tooLarge);
  });

  test('is given up if its chunks never end', async () => {
    let closed = false;
    const { code, stderr } = await answerWith((response) => {
      response.setHeader('content-type', 'application/json');
      response.on('close', () => {
        closed = true;
      });
      const more = () => {
        while (!closed && response.write(' '.repeat(16 * 1024)));
      };
      response.on('drain', more);
      more();
    });
    expect(code).toBe(3);
    expect(stderr).toMatch(tooLarge);
    expect(closed).toBe(true);
  });

  test.each(['gzip', 'GZIP'])(
    'is given up if it decompresses to more than the limit (%s)',
    async (encoding) => {
      const bomb = gzipSync(Buffer.alloc(32 * 1024 * 1024, ' '));
      expect(bomb.length).toBeLessThan(LIMIT);
      const { code, stderr } = await answerWith((response) => {
        response.writeHead(200, {
          'content-type': 'application/json',
          'content-encoding': encoding,
          'content-length': String(bomb.length),
        });
        response.end(bomb);
      });
      expect(code).toBe(3);
      expect(stderr).toMatch(tooLarge);
    },
  );

  test('is read if it is compressed and small', async () => {
    front = await startFront(tenant.url, ({ path }, response) => {
      if (path !== SEARCH) return false;
      const list = [
        { id: 'a', clientId: 'a@b/pcc', displayName: 'small', createdAt: '2026-01-01T00:00:00Z' },
      ];
      response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' });
      response.end(gzipSync(JSON.stringify({ list, nextPageToken: '' })));
      return true;
    });
    const { report } = await audit({}, [], { ...tenant.environment, CONDUCTORONE_SERVER_URL: front.url });
    expect(report.credentials.map(({ name }) => name)).toEqual(['small']);
  });

  test.each([
    [
      'is damaged',
      (bytes: Buffer) => bytes.fill(0, bytes.length - 8),
      'the compressed answer is damaged (Z_DATA_ERROR)',
    ],
    ['breaks off', (bytes: Buffer) => bytes.subarray(0, -9), 'the connection broke off (Z_BUF_ERROR)'],
  ])('is tried again, and then given up, if it is compressed and %s', async (_, harm, reason) => {
    let asked = 0;
    const bytes = harm(gzipSync(JSON.stringify({ list: [], nextPageToken: '' })));
    const { code, stderr } = await answerWith((response) => {
      asked += 1;
      response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' });
      response.end(bytes);
    });
    expect(code).toBe(3);
    expect(stderr).toContain(`${SEARCH} failed: ${reason}.`);
    expect(asked).toBe(2);
  });
});

describe('one list', () => {
  /** Records that are new on each page, and pages that never end. */
  function endless(records: boolean): Fault[] {
    let count = 0;
    const edit = (json: unknown) => {
      const answer = json as { list: { id: string }[] };
      count += 1;
      const list = answer.list.map((record) => ({ ...record, id: `${record.id}-${count}` }));
      return { ...answer, list: records ? list : [], nextPageToken: `fault-page.${count}` };
    };
    return [on({ kind: 'endless-pages' }), on({ kind: 'edit', edit })];
  }

  test.each([true, false])('is given up with a message if it never ends (records: %s)', async (records) => {
    tenant.faults.add(...endless(records));
    const { code, stderr, report } = await audit({ pages: 7 });
    expect(code).toBe(3);
    expect(stderr).toContain('POST /search/iam/personal_clients did not end within 7 pages');
    expect(report.coverage.sources[0]).toMatchObject({ status: 'partial', pages: 7 });
    expect(tenant.requests.filter(({ target }) => target === 'search-personal-clients')).toHaveLength(7);
  });

  test('is complete if it has exactly as many pages as allowed', async () => {
    tenant.faults.add(on({ kind: 'page-size', size: 5 }));
    expect((await audit({ pages: 5 })).report.coverage.complete).toBe(true);
    expect((await audit({ pages: 4 })).report.coverage.complete).toBe(false);
  });

  test.each([null, undefined, ''])(
    'whose page token is %p is at its end, however long the page',
    async (nextPageToken) => {
      front = await startFront(tenant.url, ({ path }, response) => {
        if (path !== SEARCH) return false;
        const list = [...Array(150).keys()].map((n) => ({
          id: `k${n}`,
          clientId: n === 149 ? tenant.environment.CONDUCTORONE_CLIENT_ID : `k${n}@b/pcc`,
          displayName: `k${n}`,
        }));
        response.setHeader('content-type', 'application/json');
        response.setHeader('date', new Date(NOW).toUTCString());
        response.end(JSON.stringify({ list, nextPageToken }));
        return true;
      });
      const env = { ...tenant.environment, CONDUCTORONE_SERVER_URL: front.url };
      const { report } = await audit({}, [], env);
      expect(report.coverage.complete).toBe(true);
      expect(report.summary.credentials).toBe(150);
      await front.close();
    },
  );

  test('is partial if it is empty, because it lacks the credential that reads it', async () => {
    tenant.faults.add(on({ kind: 'edit', edit: () => ({ list: [], nextPageToken: '' }) }));
    const { code, report } = await audit({});
    expect(code).toBe(3);
    expect(report.coverage.sources[0]?.note).toContain('does not list the credential that runs the audit');
  });
});
