import { createSend } from '../../src/fetch.js';
import { ApiClient, type ApiClientOptions } from '../../src/sources/c1/client.js';
import { readEnvironment } from '../../src/sources/c1/environment.js';
import type { Reader } from '../../src/sources/c1/lists.js';
import { DEFAULT_LIMITS } from '../../src/sources/c1/retry.js';
import { openSession } from '../../src/sources/c1/source.js';
import type { Tenant } from '../tenant/index.js';

/** What a client of a tenant needs; it does not try again. */
export function clientOptions({ environment }: Pick<Tenant, 'environment'>, now: number): ApiClientOptions {
  const access = readEnvironment(environment);
  const common = {
    access,
    limits: { ...DEFAULT_LIMITS, retries: 0 },
    log: { debug: () => undefined, info: () => undefined },
    now: () => now,
  };
  return {
    ...common,
    origin: access.origin,
    session: openSession({ ...common, hide: () => undefined, send: createSend({}) }),
    scrub: (text) => text,
    signal: new AbortController().signal,
  };
}

/** Reads single lists of a tenant, without retries. */
export function readerOf(
  tenant: Pick<Tenant, 'environment'>,
  now: number,
  onRecords: (count: number) => void = () => undefined,
): Reader {
  return { client: new ApiClient(clientOptions(tenant, now)), pageLimit: 100, latest: now, onRecords };
}
