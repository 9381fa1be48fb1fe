import { AuditError } from '../errors.js';

/**
 * The time limit that `--timeout` sets, in milliseconds; nothing where the flag is not given.
 *
 * @param most seconds
 * @throws AuditError `usage` where it is no number of seconds above 0, up to `most`
 */
export function timeoutOf(
  { timeout }: { readonly timeout?: string },
  most: number,
): { readonly runTimeout?: number } {
  if (timeout === undefined) return {};
  const seconds = Number(timeout);
  if (Number.isFinite(seconds) && seconds > 0 && seconds <= most) return { runTimeout: seconds * 1000 };
  throw new AuditError(
    'usage',
    `--timeout ${JSON.stringify(timeout)} is no number of seconds.`,
    `Give a number above 0, up to ${most}.`,
  );
}
