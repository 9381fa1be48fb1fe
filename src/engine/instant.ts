import { DAY } from '../contract/index.js';

const DAYS_KEPT = 4096;
const datesOfDays = new Map<number, string>();
const TWO_DIGITS = Array.from({ length: 60 }, (_, number) => String(number).padStart(2, '0'));

/**
 * What `toISOString` gives, at a third of its cost, as a large tenant has hundreds of thousands of instants on few days.
 *
 * @throws RangeError for an invalid date
 */
export function formatInstant(date: Date): string {
  const ms = date.getTime();
  const day = Math.floor(ms / DAY);
  const inDay = ms - day * DAY;
  const seconds = Math.floor(inDay / 1000);
  const time = `${TWO_DIGITS[Math.floor(seconds / 3600)]}:${TWO_DIGITS[Math.floor(seconds / 60) % 60]}:${TWO_DIGITS[seconds % 60]}`;
  return `${dateOfDay(day, date)}T${time}.${String(inDay % 1000).padStart(3, '0')}Z`;
}

/** @param day days since the epoch */
function dateOfDay(day: number, date: Date): string {
  const known = datesOfDays.get(day);
  if (known !== undefined) return known;
  const text = date.toISOString();
  const made = text.slice(0, text.indexOf('T'));
  if (datesOfDays.size === DAYS_KEPT) datesOfDays.clear();
  datesOfDays.set(day, made);
  return made;
}
