import { type Command, Option } from 'commander';
import { PROFILES, SOURCE_KINDS } from '../config/config.js';

import { SEVERITIES } from '../contract/severity.js';
import { DAY, parseInstant, startOfDate } from '../contract/time.js';
import { AuditError } from '../errors.js';
import { FORMATS } from '../reporters/index.js';

/** Flags of every command that audits, as commander hands them over. */
export interface AuditFlags {
  readonly scope?: string;
  readonly source?: string[];
  readonly input?: string;
  readonly config?: string;
  readonly profile?: string;
  readonly format?: string[];
  readonly failOn?: string;
  readonly minSeverity?: string;
  readonly rule?: string[];
  readonly asOf?: string;
  readonly state?: string;
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
  /** false with `--no-color`. */
  readonly color?: boolean;
}

/** The flags in the order `--help` shows them. Values are checked where the configuration is, all mistakes in one go. */
export const auditOptions = (): readonly Option[] => (options ??= makeOptions());

/** Several commands have them, and every start pays for each that is made. */
let options: readonly Option[] | undefined;

function makeOptions(): Option[] {
  return [
    new Option(
      '--scope <scope>',
      "whose credentials: mine (your own) or tenant (everyone's; needs Super Administrator)",
    ),
    new Option(
      '--source <source>',
      `what to audit, repeatable: ${Object.keys(SOURCE_KINDS).join(', ')}`,
    ).argParser(each),
    new Option('--input <file>', 'audit an exported list; - for stdin'),
    new Option(
      '-c, --config <file>',
      'configuration (default: the nearest c1-audit.config.{yaml,yml,json,mjs,js})',
    ),
    new Option('--profile <name>', `rule settings: ${PROFILES.join(', ')}`),
    new Option('-f, --format <format[:file]>', `output, repeatable: ${FORMATS.join(', ')}`).argParser(each),
    new Option('--fail-on <severity>', `exit 1 from this severity on: ${SEVERITIES.join(', ')}, never`),
    new Option('--min-severity <severity>', 'leave findings below it out of reports'),
    new Option('--rule <id>', 'run only this rule, repeatable').argParser(each),
    new Option('--as-of <time>', 'judge as of this RFC 3339 timestamp or date'),
    new Option('--state <file>', 'remember findings from audit to audit'),
    new Option('--accept-shrink', 'accept that most of a known list is gone'),
    new Option('--slack', 'send to Slack (default where SLACK_WEBHOOK_URL is set)'),
    new Option('--no-slack', 'do not send to Slack'),
    new Option('--slack-dry-run', 'print the Slack message instead of sending it'),
    new Option('--dry-run', 'send and keep nothing; print what would be pushed to ConductorOne'),
    new Option('--no-waivers', 'report waived findings as if they were not'),
    new Option('--timeout <seconds>', 'stop reading the tenant after this long (default: 1800)'),
    new Option('--print-config', 'print the configuration in force and where it comes from, and stop'),
    new Option('-q, --quiet', 'no progress, no warnings'),
    new Option('-v, --verbose', 'log every request'),
    new Option('--no-color', 'no colours'),
  ];
}

/** Flags that people know from other tools: each is answered with the one that does it here. */
export function answerGuesses(command: Command, formats: readonly string[], toFile = true): void {
  const answer = (flag: string, hint: string) => {
    throw new AuditError('usage', `There is no flag ${flag}.`, hint);
  };
  for (const format of formats) {
    command.addOption(new Option(`--${format}`).hideHelp());
    const file = toFile ? `, or -f ${format}:<file> to write a file` : '';
    command.on(`option:${format}`, () => answer(`--${format}`, `Use -f ${format}${file}.`));
  }
  command.addOption(new Option('-o, --output <file>').hideHelp());
  command.on('option:output', (file: string) => {
    const extension = /\.(\w+)$/.exec(file)?.[1]?.toLowerCase() ?? '';
    const format =
      formats.find((one) => one === (EXTENSIONS[extension] ?? extension)) ?? formats[0] ?? 'text';
    const hint = toFile ? `Use -f ${format}:${file}.` : `Use -f ${format} > ${file}.`;
    answer('-o or --output', hint);
  });
}

const EXTENSIONS: Readonly<Record<string, string>> = {
  md: 'markdown',
  txt: 'text',
  htm: 'html',
  jsonl: 'ndjson',
};

/** For a flag that may be given several times. */
export const each = (value: string, before: string[] | undefined): string[] => [...(before ?? []), value];

export const SHELLS = ['bash', 'zsh', 'fish'] as const;

/** Flags of `doctor`, as commander hands them over. */
export interface DoctorFlags {
  readonly config?: string;
  readonly scope?: string;
  readonly source?: string[];
  readonly state?: string;
  readonly slackTest?: boolean;
  readonly format: string;
  readonly timeout?: string;
  readonly verbose?: boolean;
  /** false with `--no-color`. */
  readonly color?: boolean;
}

/** Flags of `init`, as commander hands them over. */
export interface InitFlags {
  readonly tenant?: string;
  readonly auth?: string;
  readonly scope?: string;
  readonly profile?: string;
  readonly failOn?: string;
  /** false with `--no-slack`. */
  readonly slack?: boolean;
  readonly repository?: string;
  readonly branch?: string;
  readonly schedule?: string;
  readonly dir?: string;
  readonly yes?: boolean;
  readonly dryRun?: boolean;
  readonly force?: boolean;
  readonly update?: boolean;
}

/** Flags of `plan`, as commander hands them over. */
export type PlanFlags = Pick<AuditFlags, (typeof OF_THE_AUDIT)[number] | 'format'> & {
  readonly owner?: string;
};

/** The audit's flags that decide what is found. The others say what becomes of it. */
export const OF_THE_AUDIT = [
  'scope',
  'source',
  'input',
  'config',
  'profile',
  'minSeverity',
  'rule',
  'asOf',
  'waivers',
  'timeout',
  'quiet',
  'verbose',
] as const;

/** Flags of `report`, as commander hands them over. */
export interface ReportFlags {
  readonly diff?: boolean;
  readonly format?: string[];
  readonly failOn?: string;
  readonly config?: string;
  /** false with `--no-color`. */
  readonly color?: boolean;
}

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
