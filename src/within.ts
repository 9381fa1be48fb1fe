import type { AuditError } from './errors.js';

/**
 * Runs a task with a signal that is aborted with the given one, or with `reason` once the time (ms) is over. Whatever the
 * task leaves running is stopped when the task ends.
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
  signal.addEventListener('abort', onAbort);
  try {
    return await task(stop.signal);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
    stop.abort(reason);
  }
}
