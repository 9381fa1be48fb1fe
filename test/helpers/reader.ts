import { createSend } from '../../src/fetch.js';
import { ApiClient } from '../../src/sources/c1/client.js';
import { readEnvironment } from '../../src/sources/c1/environment.js';
import type { Reader } from '../../src/sources/c1/lists.js';
import { DEFAULT_LIMITS } from '../../src/sources/c1/retry.js';
import { openSession } from '../../src/sources/c1/source.js';
import type { Tenant } from '../tenant/index.js';

/** Reads single lists of a tenant, without retries. */
export function readerOf(
  { environment }: Pick<Tenant, 'environment'>,
  now: number,
  onRecords: (count: number) => void = () => undefined,
): Reader {
  const access = readEnvironment(environment);
  const common = {
    access,
    limits: { ...DEFAULT_LIMITS, retries: 0 },
    log: { debug: () => undefined, info: () => undefined },
    now: () => now,
  };
  const client = new ApiClient({
    ...common,
    origin: access.origin,
    session: openSession({ ...common, hide: () => undefined, send: createSend({}) }),
    scrub: (text) => text,
    signal: new AbortController().signal,
  });
  return { client, pageLimit: 100, latest: now, onRecords };
}
