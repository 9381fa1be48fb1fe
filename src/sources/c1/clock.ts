import { formatDuration } from 'date-fns/formatDuration';
import { DAY } from '../../contract/time.js';
import { AuditError } from '../../errors.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
/** A larger difference is reported. */
const NOTED = 5 * MINUTE;

/** How long an assertion holds before and after now, in seconds; ConductorOne accepts five minutes in all. */
export const ASSERTION_SECONDS = 120;

export const SET_CLOCK = "Set this machine's clock, preferably by NTP (timedatectl set-ntp true).";

/** Local time minus the server's, in milliseconds: the earliest and latest that an answer allows. */
export interface Skew {
  readonly least: number;
  readonly most: number;
}

/**
 * What an answer's `Date` says about this machine's clock. The header has whole seconds, and was written at some moment
 * between `before` and `after`.
 */
export function skewFrom(header: string | null | undefined, before: number, after: number): Skew | undefined {
  const date = Date.parse(header ?? '');
  return Number.isNaN(date) ? undefined : { least: before - date - 1000, most: after - date };
}

/** The difference that is certain: a slow answer does not mean a wrong clock. */
export function certainSkew({ least, most }: Skew): number {
  return least > 0 ? least : most < 0 ? most : 0;
}

/** `6 minutes ahead of`, `2 days behind`. */
export function skewWords(skew: number): string {
  return `${words(Math.abs(skew))} ${skew > 0 ? 'ahead of' : 'behind'}`;
}

/** An assertion is good for minutes: with a wrong clock the right credential is refused. */
export function clockHint(header: string | null | undefined, now: number): string | undefined {
  const range = skewFrom(header, now, now);
  const skew = range ? certainSkew(range) : 0;
  if (Math.abs(skew) < ASSERTION_SECONDS * 1000) return undefined;
  return `This machine's clock is ${skewWords(skew)} the date of that answer, and a signed assertion is valid for minutes. ${SET_CLOCK}`;
}

/**
 * What to say where the clock and an answer disagree.
 *
 * @param skew the largest of all answers: one that is a day old may come from a cache, and then the audit saw yesterday.
 */
export function clockProblem(
  skew: number,
): { readonly error: AuditError; readonly grave: boolean } | undefined {
  const off = Math.abs(skew);
  if (off <= NOTED) return undefined;
  const error = new AuditError(
    'api',
    `This machine's clock is ${skewWords(skew)} the date in ConductorOne's answers.`,
    `${SET_CLOCK} If it is right, check that no proxy serves answers from a cache.`,
  );
  return { error, grave: off > DAY };
}

/** Rounded: the header leaves out up to a second, which must not make 25 hours 24. */
function words(off: number): string {
  const minutes = Math.round(off / MINUTE);
  if (minutes < 120) return formatDuration({ minutes });
  const hours = Math.round(off / HOUR);
  return formatDuration(hours < 48 ? { hours } : { days: Math.round(off / DAY) });
}
