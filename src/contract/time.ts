import { count } from './words.js';

/** One day in milliseconds. Thresholds use these: calendar days change their length with daylight saving time. */
export const DAY = 86_400_000;

/** Whole days in a span of milliseconds, rounded down: for wording, never for thresholds. */
export function wholeDays(span: number): number {
  return Math.floor(span / DAY);
}

const RFC3339 = /^(\d{4})-(\d{2})-(\d{2})[Tt](\d{2}):(\d{2}):(\d{2})(\.\d{1,9})?([Zz]|[+-]\d{2}:\d{2})$/;

/** Nearly all timestamps: `2026-06-01T12:00:00Z`, with a fraction or without. */
const COMMON = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{3,9})?Z$/;

/** An RFC 3339 timestamp as an instant, or undefined for anything else; see {@link parseTime}. */
export function parseInstant(text: string): Date | undefined {
  const ms = parseTime(text);
  return ms === undefined ? undefined : new Date(ms);
}

/**
 * An RFC 3339 timestamp in milliseconds since the epoch, or undefined for anything else.
 *
 * Fractions are cut to milliseconds; dates that do not exist (30 February) are rejected; `Date` would
 * turn them into March.
 */
export function parseTime(text: string): number | undefined {
  if (COMMON.test(text)) {
    // A tenth of the work below, and an audit may read hundreds of thousands of them.
    const ms = readCommon(text);
    if (ms !== undefined) return ms;
  }
  const match = RFC3339.exec(text);
  if (!match) return undefined;
  const [, year, month, day, hour, minute, second, fraction = '', zone = 'Z'] = match;
  const midnight = new Date(`${year}-${month}-${day}T00:00:00Z`);
  if (Number.isNaN(midnight.getTime()) || midnight.getUTCDate() !== Number(day)) return undefined;
  // RFC 3339 allows a leap second; it reads as the second after it.
  const leap = second === '60' ? 1000 : 0;
  const instant = Date.parse(
    `${year}-${month}-${day}T${hour}:${minute}:${leap ? '59' : second}${fraction.slice(0, 4)}${zone.toUpperCase()}`,
  );
  if (hour === '24' || Number.isNaN(instant)) return undefined;
  return instant + leap;
}

const dates = new Map<number, string>();
/** Some centuries. */
const DATES_KEPT = 100_000;

/** The same as `toISOString`, at a quarter of the work: hundreds of thousands of instants lie on a few thousand days. */
export function toTimestamp(instant: Date | number): string {
  const ms = typeof instant === 'number' ? instant : instant.getTime();
  const day = Math.floor(ms / DAY);
  let date = dates.get(day);
  if (date === undefined) {
    date = new Date(ms).toISOString().slice(0, -'00:00:00.000Z'.length);
    if (dates.size < DATES_KEPT) dates.set(day, date);
  }
  const time = ms - day * DAY;
  const minutes = Math.floor(time / 60_000);
  const left = time - minutes * 60_000;
  return `${date}${MINUTES[minutes]}${TWO[Math.floor(left / 1000)]}.${THREE[left % 1000]}Z`;
}

/** Numbers with leading zeros. */
const TWO = Array.from({ length: 60 }, (_, number) => String(number).padStart(2, '0'));
const THREE = Array.from({ length: 1000 }, (_, number) => String(number).padStart(3, '0'));
/** The minutes of a day: `23:59:`. */
const MINUTES = Array.from(
  { length: 24 * 60 },
  (_, minute) => `${TWO[Math.floor(minute / 60)]}:${TWO[minute % 60]}:`,
);

/** undefined for what is not a time of an ordinary day. */
function readCommon(text: string): number | undefined {
  const year = two(text, 0) * 100 + two(text, 2);
  const month = two(text, 5);
  const day = two(text, 8);
  const hour = two(text, 11);
  const minute = two(text, 14);
  const second = two(text, 17);
  const ms = text.length > 20 ? two(text, 20) * 10 + (two(text, 21) % 10) : 0;
  // The first years would be taken for those of the 20th century.
  const isOrdinary =
    year > 99 && month > 0 && month < 13 && day > 0 && hour < 24 && minute < 60 && second < 60;
  if (!isOrdinary) return undefined;
  const midnight = startOfMonth(year * 12 + month - 1) + (day - 1) * DAY;
  if (day > 28 && midnight >= startOfMonth(year * 12 + month)) return undefined;
  return midnight + (hour * 60 + minute) * 60_000 + second * 1000 + ms;
}

/** Dates lie in few months: looking one up takes a fraction of working it out. */
const months = new Map<number, number>();

function startOfMonth(month: number): number {
  let start = months.get(month);
  if (start === undefined) {
    start = Date.UTC(Math.floor(month / 12), month % 12);
    months.set(month, start);
  }
  return start;
}

/** The number of the two digits at a place. */
function two(text: string, at: number): number {
  return text.charCodeAt(at) * 10 + text.charCodeAt(at + 1) - 528;
}

/** The date of an RFC 3339 timestamp, for messages: `2026-12-02`. */
export function dateOf(timestamp: string): string {
  return timestamp.slice(0, 10);
}

/** "1 day", "30 days": a count of days in words. */
export function countDays(days: number): string {
  return count(days, 'day');
}

/** The first millisecond of a date in UTC, or undefined for anything else: 2027-02-30, 2027-1-31. */
export function startOfDate(text: string): number | undefined {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return undefined;
  const start = new Date(`${text}T00:00:00.000Z`);
  if (Number.isNaN(start.getTime()) || start.toISOString().slice(0, 10) !== text) return undefined;
  return start.getTime();
}
