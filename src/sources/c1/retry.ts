import pRetry from 'p-retry';
import { AuditError } from '../../errors.js';
import type { Limits } from './limits.js';
import { RequestError } from './request-error.js';

export type RetryLimits = Pick<Limits, 'retries' | 'firstDelay' | 'longestDelay' | 'longestRetryAfter'>;

/**
 * How long to wait before the next try, in milliseconds, or undefined to give up.
 *
 * The server's word comes first; without one the wait doubles, with full jitter over its upper half so that many
 * clients do not come back together. Only failures marked retryable are repeated: every call we make is a read, or may be
 * made twice without harm.
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

/** `Retry-After` in milliseconds: seconds or an HTTP date (RFC 9110, 10.2.3); undefined when absent or unreadable. */
export function readRetryAfter(header: string | null, now: number): number | undefined {
  const text = header?.trim() ?? '';
  if (/^\d+(\.\d+)?$/.test(text)) return Math.ceil(Number(text) * 1000);
  // Date.parse reads far more than HTTP dates; those begin with the name of a day.
  const date = /^[A-Za-z]{3,9},? /.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}

/**
 * Runs a task until it succeeds, cannot be helped, or has been tried often enough.
 *
 * p-retry cannot be given a delay, so it waits for nothing itself and the wait is taken in `onFailedAttempt`.
 */
export function withRetries<T>(
  task: () => Promise<T>,
  limits: RetryLimits,
  signal: AbortSignal,
  onRetry: (error: RequestError, delay: number) => void,
): Promise<T> {
  return pRetry(task, {
    retries: limits.retries,
    minTimeout: 0,
    signal,
    shouldRetry: ({ error, attemptNumber }) =>
      delayBeforeRetry(error, attemptNumber, limits, 0) !== undefined,
    onFailedAttempt: async ({ error, attemptNumber }) => {
      const delay = delayBeforeRetry(error, attemptNumber, limits, Math.random());
      if (delay === undefined) return;
      onRetry(error as RequestError, delay);
      await sleep(delay, signal);
    },
  });
}

/** Waits, or throws the signal's reason as soon as it is aborted. */
export function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(abortReason(signal));
    const onAbort = () => {
      clearTimeout(timer);
      reject(abortReason(signal));
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', onAbort);
      resolve();
    }, ms);
    signal.addEventListener('abort', onAbort, { once: true });
  });
}

/** Why a run was stopped, as an error to show. */
export function abortReason(signal: AbortSignal): AuditError {
  if (signal.reason instanceof AuditError) return signal.reason;
  return new AuditError(
    'interrupted',
    'The run was stopped before it was done.',
    'Run it again to see everything.',
    {
      cause: signal.reason,
    },
  );
}

/**
 * Runs a task with a signal that is aborted with the given one, or with `reason` once the time (ms) is over. What the task
 * leaves behind is stopped when it ends.
 */
export async function within<T>(
  time: number,
  reason: AuditError,
  signal: AbortSignal,
  task: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  // Not AbortSignal.any: on Node 20 it keeps every signal alive as long as the run's (nodejs/node#54614).
  const stop = new AbortController();
  const onAbort = () => stop.abort(signal.reason);
  const timer = setTimeout(() => stop.abort(reason), time);
  if (signal.aborted) onAbort();
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await task(stop.signal);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
    stop.abort();
  }
}
