import { DAY, parseInstant } from '../contract/index.js';
import { startOfDate } from '../engine/waiver-date.js';
import { AuditError } from '../errors.js';

/**
 * Reads `--as-of`, in milliseconds since the epoch. A date is its midnight in UTC.
 *
 * @throws AuditError `usage`
 */
export function readAsOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const instant = parse(text);
  if (instant !== undefined) return instant;
  throw new AuditError(
    'usage',
    `--as-of ${JSON.stringify(text)} is not valid: it must be an RFC 3339 timestamp or a date.`,
    'Write it like 2027-01-31T06:00:00Z or 2027-01-31.',
  );
}

function parse(text: string): number | undefined {
  return parseInstant(text)?.getTime() ?? startOfDate(text);
}

/** Whether `--as-of` names a time so far from the clock that the audit says nothing about today. */
export function isAnotherDay(text: string | undefined, now: number): boolean {
  const instant = text === undefined ? undefined : parse(text);
  return instant !== undefined && Math.abs(instant - now) > DAY;
}
