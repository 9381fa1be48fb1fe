import { DAY, parseTime, startOfDate } from '../contract/time.js';
import { usageError } from '../errors.js';

export interface AuditFlags {
  readonly scope?: string;
  readonly source?: string[];
  readonly input?: string;
  readonly config?: string;
  readonly profile?: string;
  readonly format?: string[];
  readonly failOn?: string;
  /** false with `--no-fail-on-new`. */
  readonly failOnNew?: boolean;
  readonly minSeverity?: string;
  readonly rule?: string[];
  readonly evidence?: boolean;
  readonly asOf?: string;
  readonly state?: string;
  readonly baseline?: string;
  /** false with `--no-slack`. */
  readonly slack?: boolean;
  readonly slackDryRun?: boolean;
  readonly acceptShrink?: boolean;
  readonly dryRun?: boolean;
  /** false with `--no-waivers`. */
  readonly waivers?: boolean;
  readonly timeout?: string;
  readonly printConfig?: boolean;
  readonly quiet?: boolean;
  readonly verbose?: boolean;
  readonly full?: boolean;
  readonly width?: string;
  /** false with `--no-color`. */
  readonly color?: boolean;
}

export const SHELLS = ['bash', 'zsh', 'fish'] as const;

/** The flags of an audit that decide what is found; the others decide what happens with it. */
export const OF_THE_AUDIT = [
  'scope',
  'source',
  'input',
  'config',
  'profile',
  'minSeverity',
  'rule',
  'evidence',
  'asOf',
  'waivers',
  'timeout',
  'quiet',
  'verbose',
] as const;

export type ReportFlags = Pick<AuditFlags, 'format' | 'failOn' | 'config' | 'full' | 'width' | 'color'> & {
  readonly diff?: boolean;
  readonly merge?: boolean;
  readonly maxAge?: string;
  /** A folder of saved reports. */
  readonly trend?: string;
};

/**
 * Reads `--as-of`, in milliseconds since the epoch. A date is its midnight in UTC.
 *
 * @throws AuditError `usage`
 */
export function readAsOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const instant = parse(text);
  if (instant !== undefined) return instant;
  throw usageError(
    `--as-of ${JSON.stringify(text)} is not valid: it must be an RFC 3339 timestamp or a date.`,
    'Write it like 2027-01-31T06:00:00Z or 2027-01-31.',
  );
}

function parse(text: string): number | undefined {
  return parseTime(text) ?? startOfDate(text);
}

/** True if `--as-of` is so far from the clock that the audit says nothing about today. */
export function isAnotherDay(text: string | undefined, now: number): boolean {
  const instant = text === undefined ? undefined : parse(text);
  return instant !== undefined && Math.abs(instant - now) > DAY;
}

/** A day, in seconds: the longest `--timeout` of an audit. */
const LONGEST_AUDIT = 86_400;

/**
 * The time limit that `--timeout` sets, in milliseconds; undefined if the flag is not given.
 *
 * @param most seconds
 * @throws AuditError `usage` if it is not a number of seconds above 0, up to `most`
 */
export function timeoutOf(
  { timeout }: { readonly timeout?: string },
  most = LONGEST_AUDIT,
): number | undefined {
  if (timeout === undefined) return undefined;
  const seconds = Number(timeout);
  if (Number.isFinite(seconds) && seconds > 0 && seconds <= most) return seconds * 1000;
  throw usageError(
    `--timeout ${JSON.stringify(timeout)} is not a number of seconds.`,
    `Give a number above 0, up to ${most}.`,
  );
}

export type RulesFlags = Pick<AuditFlags, 'config'> & { readonly control?: string; readonly format: string };
