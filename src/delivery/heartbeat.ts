import pRetry, { AbortError } from 'p-retry';

/** A dead man's switch must not hold a finished run up. */
const TIME_LIMIT = 10_000;

/**
 * Tells a dead man's switch (healthchecks.io and its like) that the run has ended: GET on the URL after exit 0 or 1, on
 * its `/fail` after any other.
 *
 * The URL is a secret: whoever has it can keep a dead job looking alive. Plain http is allowed, as such services are
 * often run inside a network. Not bound to the run's abort signal: an interrupted run is what it has to report.
 *
 * @param url C1_AUDIT_HEARTBEAT_URL; blank: none.
 * @param exitCode of the run.
 * @param timeLimit of all tries together, in milliseconds.
 * @param send knows the proxy.
 * @returns what went wrong, fit for a log, or undefined. Never throws.
 */
export async function beat(
  url: string | undefined,
  exitCode: number,
  timeLimit: number = TIME_LIMIT,
  send: typeof fetch = fetch,
): Promise<string | undefined> {
  const text = url?.trim();
  if (!text) return undefined;
  const address = heartbeatAddress(text, exitCode === 0 || exitCode === 1);
  if (address === undefined) return 'heartbeat: C1_AUDIT_HEARTBEAT_URL is not an http or https URL';
  const signal = AbortSignal.timeout(timeLimit);
  try {
    await pRetry(() => ping(address, send, signal), { retries: 2, minTimeout: 500, signal });
    return undefined;
  } catch (error) {
    if (signal.aborted) return 'heartbeat: no answer in time';
    return `heartbeat: ${error instanceof Refusal ? error.message : 'could not be reached'}`;
  }
}

class Refusal extends Error {}

async function ping(address: URL, send: typeof fetch, signal: AbortSignal): Promise<void> {
  // The error's own text may hold the URL.
  const response = await send(address, { signal, redirect: 'manual' }).catch(() => {
    throw new Refusal('could not be reached');
  });
  await response.body?.cancel();
  if (response.ok) return;
  const refusal = new Refusal(`answered with HTTP ${response.status}`);
  throw response.status >= 500 || response.status === 429 ? refusal : new AbortError(refusal);
}

/** The convention of healthchecks: `/fail` after the path, before the query. */
export function heartbeatAddress(text: string, success: boolean): URL | undefined {
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return undefined;
  if (!success) url.pathname = `${url.pathname.replace(/\/+$/, '')}/fail`;
  return url;
}
