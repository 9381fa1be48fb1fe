/** One day in milliseconds. Thresholds count these, never calendar days, which daylight saving bends. */
export const DAY = 86_400_000;

/** Whole days in a span of milliseconds, rounded down: for wording, never for thresholds. */
export function wholeDays(span: number): number {
  return Math.floor(span / DAY);
}

const RFC3339 = /^(\d{4})-(\d{2})-(\d{2})[Tt](\d{2}):(\d{2}):(\d{2})(\.\d{1,9})?([Zz]|[+-]\d{2}:\d{2})$/;

/**
 * An RFC 3339 timestamp as an instant, or undefined for anything else.
 *
 * Fractions are cut to milliseconds; dates that no calendar has (30 February) are refused, which `Date` would bend
 * into March.
 */
export function parseInstant(text: string): Date | undefined {
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
  return new Date(instant + leap);
}

/** "1 day", "30 days": a count of days in words. */
export function countDays(days: number): string {
  return `${days} ${days === 1 ? 'day' : 'days'}`;
}
