import pRetry, { AbortError } from 'p-retry';
import { AuditError, EXIT, type ExitCode, exitCodeOfError } from '../errors.js';
import { createFetch } from '../fetch.js';
import type { Io } from '../io.js';
import type { DeliveryContext } from './index.js';

/** How the end of an audit is reported to people who do not watch it, beside its exit code. */
export interface EndReports {
  /** They hear of an audit that ended before it had a report. */
  readonly slack: boolean;
  readonly webhook: boolean;
  /** `failure`: the audit is not today's, so its success is not a sign of life. */
  readonly heartbeat: 'all' | 'failure' | 'none';
}

/** Runs an audit and reports how it ended. A report that fails changes neither the exit code nor the error. */
export async function withEndReported(
  audit: () => Promise<ExitCode>,
  { heartbeat, ...to }: EndReports,
  context: Pick<DeliveryContext, 'io' | 'redactor' | 'complain'>,
): Promise<ExitCode> {
  let code: ExitCode = EXIT.incomplete;
  try {
    code = await audit();
    const trouble = isSuccess(code) ? context.io.trouble?.() : undefined;
    if (trouble !== undefined) {
      code = EXIT.incomplete;
      context.complain({ message: `${trouble}. The audit is INCOMPLETE.`, hint: '' });
    }
    return code;
  } catch (error) {
    code = exitCodeOfError(error);
    if (context.io.env.CI && error instanceof AuditError && !AT_THE_KEYBOARD.has(error.code)) {
      const { sendFailure } = await import('./index.js');
      await sendFailure(error, to, context);
    }
    throw error;
  } finally {
    if (heartbeat === 'all' || (heartbeat === 'failure' && !isSuccess(code)))
      await sendHeartbeat(code, context);
  }
}

function isSuccess(code: ExitCode): boolean {
  return code === EXIT.clean || code === EXIT.findings;
}

/** Mistakes of somebody at a keyboard, who reads the message there. */
const AT_THE_KEYBOARD: ReadonlySet<string> = new Set(['usage', 'input']);

/** Reports to the heartbeat's URL, if there is one, how a run ended. A failure is reported, and changes nothing. */
export async function sendHeartbeat(
  exitCode: number,
  {
    io: { env },
    complain,
  }: { io: Pick<Io, 'env'>; complain: (error: { message: string; hint: string }) => void },
): Promise<void> {
  // Created only for the request: a malformed proxy variable must not hide how the audit ended.
  const send: typeof fetch = async (...request) => createFetch(env)(...request);
  const problem = await beat(env.C1_AUDIT_HEARTBEAT_URL, exitCode, undefined, send);
  if (problem !== undefined)
    complain({
      message: problem,
      hint: 'The exit code does not depend on it; check C1_AUDIT_HEARTBEAT_URL.',
    });
}

/** The heartbeat must not hold up a finished run. */
const TIME_LIMIT = 10_000;

/**
 * Calls a dead man's switch (such as healthchecks.io): GET on the URL after exit 0 or 1, on its `/fail` after any other.
 *
 * The URL is a secret: anybody who has it can keep a dead job looking alive. Plain http is allowed, as such services often
 * run inside a network. Not bound to the run's abort signal: an interrupted run must be reported.
 *
 * @param url C1_AUDIT_HEARTBEAT_URL; blank: none
 * @param timeLimit for all tries together, in milliseconds
 * @param send knows the proxy
 * @returns what went wrong, without the URL, or undefined. Never throws.
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
  const response = await send(address, { signal, redirect: 'manual' }).catch((error: unknown) => {
    // Ours: nothing was sent, and nothing would be. Any other error's text may hold the URL.
    throw error instanceof AuditError
      ? new AbortError(new Refusal(`${error.message} ${error.hint}`))
      : new Refusal('could not be reached');
  });
  await response.body?.cancel();
  if (response.ok) return;
  const refusal = new Refusal(`answered with HTTP ${response.status}`);
  throw response.status >= 500 || response.status === 429 ? refusal : new AbortError(refusal);
}

/** The convention of healthchecks.io: `/fail` after the path, before the query. */
export function heartbeatAddress(text: string, success: boolean): URL | undefined {
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return undefined;
  if (!success) url.pathname = `${url.pathname.replace(/\/+$/, '')}/fail`;
  return url;
}
