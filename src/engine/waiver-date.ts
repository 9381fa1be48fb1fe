import { DAY } from '../contract/index.js';

/** How far ahead a waiver may end, in days after the run's date. */
export const WAIVER_MAX_DAYS = 366;

/**
 * The first millisecond of a calendar date in UTC, or undefined for what no calendar has: 2027-02-30, 2027-1-31.
 */
export function startOfDate(text: string): number | undefined {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return undefined;
  const start = new Date(`${text}T00:00:00.000Z`);
  if (Number.isNaN(start.getTime()) || start.toISOString().slice(0, 10) !== text) return undefined;
  return start.getTime();
}

/** The first millisecond after an inclusive end date, in UTC. */
export function endOfDate(text: string): number | undefined {
  const start = startOfDate(text);
  return start === undefined ? undefined : start + DAY;
}

/** What is wrong with a waiver's end date. A date in the past is fine: the waiver holds nothing and is found. */
export function waiverDateProblem(text: string, now: number): string | undefined {
  const start = startOfDate(text);
  if (start === undefined) return 'no calendar has this date';
  const today = Math.floor(now / DAY) * DAY;
  const last = today + WAIVER_MAX_DAYS * DAY;
  if (start <= last) return undefined;
  return `a waiver ends at most ${WAIVER_MAX_DAYS} days ahead: ${new Date(last).toISOString().slice(0, 10)} is the last date`;
}
