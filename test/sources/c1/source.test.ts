import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Credential } from '../../../src/contract/index.js';
import { createSend } from '../../../src/fetch.js';
import { readEnvironment } from '../../../src/sources/c1/environment.js';
import { type C1Options, c1Source, openSession } from '../../../src/sources/c1/source.js';
import { clientOptions } from '../../helpers/reader.js';
import { smallTenant } from '../../helpers/small-tenant.js';
import { startTenant, type Tenant } from '../../tenant/index.js';

const NOW = Date.parse('2026-11-24T06:00:00Z');
let tenant: Tenant;

beforeEach(async () => {
  tenant = await startTenant({ data: smallTenant(NOW), now: () => NOW, paging: { ignoring: [] } });
});
afterEach(() => tenant.close());

function options(over: { runTimeout?: number } = {}): C1Options {
  const common = clientOptions(tenant, NOW);
  const access = readEnvironment(tenant.environment);
  const limits = { ...common.limits, ...over };
  return {
    ...common,
    access,
    limits,
    session: openSession({ ...common, access, limits, hide: () => undefined, send: createSend({}) }),
    scope: 'tenant',
    kinds: ['personal-client'],
    callerSeesAll: false,
    required: new Set(),
    asOf: NOW,
    onRecords: () => undefined,
  };
}
const never = new AbortController().signal;

describe('a tenant as a source', () => {
  test('is called by its host, and collects what it holds', async () => {
    const source = c1Source(options());
    expect(source.tenant).toBe('127.0.0.1');
    expect((await source.collect(never)).credentials).toHaveLength(25);
  });

  test('hands every credential on, whenever somebody is ready to take them', async () => {
    for (const pause of [0, 30]) {
      const taken: Credential[] = [];
      let isReady = false;
      const { credentials } = await c1Source(options()).collect(never, async () => {
        await new Promise((done) => setTimeout(done, pause));
        isReady = true;
        return (some) => {
          expect(isReady).toBe(true);
          taken.push(...some);
        };
      });
      expect(taken.map(({ id }) => id).sort()).toEqual(credentials.map(({ id }) => id).sort());
    }
  });

  test('fails if nobody can get ready', async () => {
    const error = new Error('not ready');
    await expect(c1Source(options()).collect(never, () => Promise.reject(error))).rejects.toBe(error);
  });

  test('is given up after its time, with what to do', async () => {
    tenant.faults.add({ on: 'introspect', effect: { kind: 'hang', at: 'before' } });
    await expect(c1Source(options({ runTimeout: 300 })).collect(never)).resolves.toMatchObject({
      failures: [
        { code: 'api' },
        {
          code: 'interrupted',
          message: 'The run took longer than 0.3 s.',
          hint: 'Give it more time with --timeout, or audit less at once with --source.',
        },
      ],
    });
  });

  test('says why there is no login', async () => {
    tenant.faults.add({
      on: 'token',
      times: Number.POSITIVE_INFINITY,
      effect: { kind: 'status', status: 401 },
    });
    const { failures } = await c1Source(options()).collect(never);
    expect(failures).toMatchObject([{ code: 'auth' }]);
  });
});

test('a session tells when its first request has left, and not before', async () => {
  const { session } = options();
  let isSent = false;
  const sent = (session as ReturnType<typeof openSession>).sent.then(() => {
    isSent = true;
  });
  await new Promise(setImmediate);
  expect(isSent).toBe(false);
  await session.token(never);
  await sent;
  expect(isSent).toBe(true);
});
