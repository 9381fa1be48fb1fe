import { setTimeout as wait } from 'node:timers/promises';
import pRetry from 'p-retry';
import { AuditError } from '../../errors.js';
import { RequestError } from './request-error.js';

/** How long and how much a run may take. Times in milliseconds. */
export interface Limits {
  /** One request, from connecting to the last byte of its answer. */
  readonly requestTimeout: number;
  /** All requests of a run together. */
  readonly runTimeout: number;
  /** One answer's body. A page of 100 credentials is some 60 kB. */
  readonly responseBytes: number;
  /** Pages of one list. */
  readonly pages: number;
  /** Requests under way at once. */
  readonly concurrency: number;
  /** Tries of one request beyond the first; official clients make 4 or 5. */
  readonly retries: number;
  /** The first wait before a retry; it doubles from there, with jitter. Official clients start at 500–1000 ms. */
  readonly firstDelay: number;
  /** The longest wait of our own. */
  readonly longestDelay: number;
  /** The longest wait that a server may request. Beyond it the request fails: coming back too early is rude. */
  readonly longestRetryAfter: number;
}

export const DEFAULT_LIMITS: Limits = {
  requestTimeout: 60_000,
  runTimeout: 30 * 60_000,
  responseBytes: 32 * 1024 * 1024,
  pages: 20_000,
  concurrency: 4,
  retries: 4,
  firstDelay: 500,
  longestDelay: 30_000,
  longestRetryAfter: 5 * 60_000,
};

export type RetryLimits = Pick<Limits, 'retries' | 'firstDelay' | 'longestDelay' | 'longestRetryAfter'>;

/**
 * Runs a task until it succeeds, cannot be helped, or has been tried often enough.
 *
 * p-retry cannot be given a delay for each try, so `onFailedAttempt` waits, or ends it by throwing.
 */
export async function withRetries<T>(
  task: () => Promise<T>,
  limits: RetryLimits,
  signal: AbortSignal,
  onRetry: (error: RequestError, delay: number) => void,
): Promise<T> {
  if (signal.aborted) throw abortReason(signal);
  return pRetry(task, {
    retries: limits.retries,
    minTimeout: 0,
    signal,
    onFailedAttempt: async ({ error, attemptNumber }) => {
      const delay = delayBeforeRetry(error, attemptNumber, limits, Math.random());
      if (delay === undefined) throw error;
      onRetry(error as RequestError, delay);
      await sleep(delay, signal);
    },
  });
}

/**
 * How long to wait before the next try, in milliseconds, or undefined to give up.
 *
 * A wait that the server requests comes first. Without one the wait doubles, with full jitter over its upper half so that
 * many clients do not come back together. Only failures marked retryable are repeated: every call we make is a read, or
 * may be made twice without harm.
 *
 * @param attempt the try that failed, from 1
 * @param random  0 ≤ random < 1
 */
export function delayBeforeRetry(
  error: unknown,
  attempt: number,
  limits: RetryLimits,
  random: number,
): number | undefined {
  if (!(error instanceof RequestError) || !error.retryable || attempt > limits.retries) return undefined;
  if (error.retryAfter !== undefined)
    return error.retryAfter <= limits.longestRetryAfter ? error.retryAfter : undefined;
  const ceiling = Math.min(limits.firstDelay * 2 ** (attempt - 1), limits.longestDelay);
  return Math.round(ceiling / 2 + (ceiling / 2) * random);
}

/** Waits, or throws the signal's reason as soon as it is aborted. */
export async function sleep(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await wait(ms, undefined, { signal });
  } catch {
    throw abortReason(signal);
  }
}

/** Why a run was stopped, as an error to show. */
export function abortReason(signal: AbortSignal): AuditError {
  if (signal.reason instanceof AuditError) return signal.reason;
  const options = { cause: signal.reason };
  return new AuditError(
    'interrupted',
    'The run was stopped before it was done.',
    'Run it again to see everything.',
    options,
  );
}
