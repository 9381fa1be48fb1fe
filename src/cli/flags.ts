import { type Command, Option } from 'commander';
import { PROFILES, SOURCE_KINDS } from '../config/config.js';
import { SEVERITIES } from '../contract/severity.js';
import { AuditError } from '../errors.js';
import { FORMATS } from '../reporters/index.js';
import { each } from './define.js';

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
