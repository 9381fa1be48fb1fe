import { Argument, Command, Help, type HelpConfiguration, Option } from 'commander';
import { PROFILES, SOURCE_KINDS } from '../config/config.js';
import { FRAMEWORK_NAMES } from '../contract/controls.js';
import { SEVERITIES } from '../contract/severity.js';
import { type AuditError, type ExitCode, usageError } from '../errors.js';
import { FORMATS } from '../reporters/index.js';
import type { CommandContext } from './context.js';
import { OF_THE_AUDIT, SHELLS } from './flags.js';

/** Runs a command and keeps its exit code. `audits`: the command audits. */
type Run = (
  command: (context: CommandContext) => Promise<ExitCode>,
  about: { readonly audits: boolean },
) => Promise<void>;

/** Where help and commander's own messages go. */
interface Output {
  readonly writeOut: (text: string) => void;
  readonly writeErr: (text: string) => void;
  /** Columns of the terminal. */
  readonly getOutHelpWidth: () => number;
}

/**
 * The whole command line: commands, flags and help. Every start builds it, so it imports nothing heavy; a command's own
 * module is loaded when the command is called.
 *
 * @param words what was typed, if flags are needed only of the commands that it names
 */
export function createProgram(output: Output, run: Run, words?: readonly string[]): Command {
  const program = new Command('c1-audit')
    .description('Audits the API credentials of a ConductorOne tenant.')
    .version(C1_AUDIT_VERSION, '-V, --version', 'print the version')
    .configureHelp(HELP)
    .helpOption('-h, --help', 'explain a command')
    .helpCommand(false)
    .addHelpText('after', EXAMPLES)
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({
      ...output,
      // As all other messages begin.
      outputError: (text, write) => write(text.replace(/^error: /, 'c1-audit: ')),
    })
    .showHelpAfterError('Run c1-audit help <command> for its flags.')
    .usage('[command] [flags]')
    .argument('[command]')
    .allowExcessArguments(false);
  addFlags(program, AUDIT_FLAGS);
  program.action(async () => {
    const [word] = program.args;
    if (word !== undefined) throw await unknownCommand(word);
    await run((context) => AUDIT.run(program, context, program), { audits: true });
  });
  const isNamed = ({ name }: Row) => !words || words.includes(name) || words.includes(COMPLETE);
  for (const row of COMMANDS) addCommand(program, row, run, isNamed(row));
  return program;
}

function addCommand(program: Command, row: Row, run: Run, isNamed: boolean): void {
  const { name, about, hidden = false, usage, args = [], flags, after } = row;
  const command = program.command(name, { hidden }).description(about);
  if (usage !== undefined) command.usage(usage);
  // What is typed is completed, flags included: none of it is for this program.
  if (hidden) command.allowUnknownOption().helpOption(false);
  for (const argument of args) command.addArgument(argument);
  if (isNamed) addFlags(command, flags?.() ?? []);
  if (after !== undefined) command.addHelpText('after', after);
  command.action(() =>
    run((context) => row.run(command, context, program), { audits: row.audits?.(command) ?? false }),
  );
}

/** One command. Its flags and the values they take are described here only: help, completion and suggestions use this. */
interface Row {
  readonly name: string;
  readonly about: string;
  readonly hidden?: boolean;
  readonly usage?: string;
  readonly args?: readonly Argument[];
  readonly flags?: () => readonly Option[];
  /** Help after the flags. */
  readonly after?: string;
  readonly audits?: (command: Command) => boolean;
  readonly run: (command: Command, context: CommandContext, program: Command) => Promise<ExitCode>;
}

/** @param values what the flag takes, where that is a closed list; the configuration checks them, all mistakes at once */
function flag(names: string, about: string, values?: readonly string[]): Option {
  const option = new Option(names, about);
  if (values) option.argChoices = [...values];
  return option;
}

function repeatable(...described: Parameters<typeof flag>): Option {
  return flag(...described).argParser((value: string, before: string[] | undefined) => [
    ...(before ?? []),
    value,
  ]);
}

/** The command that completes what is typed, and for that knows the flags of all. */
const COMPLETE = 'complete';

const SOURCES = Object.keys(SOURCE_KINDS);
const TEXT_OR_JSON = ['text', 'json'];
const PLAN_FORMATS = ['text', 'markdown'];
const FULL = flag('--full', 'text, markdown: ids, dates and references too');
const WIDTH = flag('--width <columns>', "of text (default: the terminal's, else 100)");
const NO_COLOR = flag('--no-color', 'no colours');
const VERBOSE = flag('-v, --verbose', 'log every request');

/** Flags of `audit`, of `demo`, and of c1-audit without a command. */
const AUDIT_FLAGS: readonly Option[] = [
  flag('--scope <scope>', 'whose: mine, or tenant (as Super Administrator)', ['mine', 'tenant']),
  repeatable('--source <source>', `what to audit, repeatable: ${SOURCES.join(', ')}`, SOURCES),
  flag('--input <file>', 'audit an exported list; - for stdin'),
  flag('-c, --config <file>', 'configuration (default: c1-audit.config.*)'),
  flag('--profile <name>', `limits: ${PROFILES.join(', ')}`, PROFILES),
  repeatable('-f, --format <format[:file]>', `output, repeatable: ${FORMATS.join(', ')}`, FORMATS),
  flag('--fail-on <severity>', `exit 1 at this severity or above: ${SEVERITIES.join(', ')}, never`, [
    ...SEVERITIES,
    'never',
  ]),
  flag('--fail-on-new', 'exit 1 only for news since --state or --baseline'),
  flag('--no-fail-on-new', 'exit 1 for known findings too (default)'),
  flag('--min-severity <severity>', 'leave findings below it out of reports', SEVERITIES),
  repeatable('--rule <id>', 'run only this rule, repeatable'),
  flag('--evidence', "judge use by ConductorOne's system log too"),
  flag('--as-of <time>', 'judge as of this RFC 3339 timestamp or date'),
  flag('--state <file>', 'remember findings from audit to audit'),
  flag('--baseline <report.json>', 'findings of this saved report count as known'),
  flag('--accept-shrink', 'accept that most of a known list is gone'),
  flag('--slack', 'send to Slack (default with SLACK_WEBHOOK_URL)'),
  flag('--no-slack', 'do not send to Slack'),
  flag('--slack-dry-run', 'print the Slack message instead of sending it'),
  flag('--dry-run', 'send and keep nothing; print what would be sent'),
  flag('--no-waivers', 'report waived findings as open'),
  flag('--timeout <seconds>', 'stop reading after this long (default: 1800)'),
  flag('--print-config', 'print the configuration in use and its origin'),
  flag('-q, --quiet', 'no progress, no warnings'),
  VERBOSE,
  FULL,
  WIDTH,
  NO_COLOR,
];

const planAuditFlags = () =>
  AUDIT_FLAGS.filter((option) => OF_THE_AUDIT.some((name) => name === option.attributeName()));

const AUDIT: Row = {
  name: 'audit',
  about: 'audit a tenant; the default command',
  flags: () => AUDIT_FLAGS,
  audits: () => true,
  run: async (command, context) =>
    (await import('./commands/audit.js')).auditCommand(command.opts(), context),
};

/** In the order of `--help`. */
const COMMANDS: readonly Row[] = [
  AUDIT,
  {
    name: 'demo',
    about: 'audit a tenant that runs inside this process',
    flags: () => [
      flag('--serve', 'keep the tenant running and print the environment to reach it'),
      flag('--port <port>', 'with --serve: the port to listen on'),
      ...AUDIT_FLAGS,
    ],
    after: `
All flags of an audit work as well (c1-audit help audit). By default the demo
audits everyone's credentials and exits with 0 whatever it finds.

Examples:
  c1-audit demo
  c1-audit demo -f html:demo.html
  c1-audit demo --scope mine --fail-on high
  c1-audit demo --serve`,
    audits: (command) => !command.opts().serve,
    run: async (command, context) =>
      (await import('./commands/demo.js')).demoCommand(command.opts(), context),
  },
  {
    name: 'init',
    about: 'set up nightly audits in a GitHub repository',
    flags: () => [
      flag('--tenant <domain>', 'the tenant: acme or acme.conductor.one'),
      flag('--auth <login>', 'federation (stores no secret) or secret', ['federation', 'secret']),
      flag('--scope <scope>', "tenant (everyone's credentials) or mine", ['mine', 'tenant']),
      flag('--profile <name>', 'rule settings', PROFILES),
      flag('--fail-on <severity>', 'fail at this severity or above, or never', [...SEVERITIES, 'never']),
      flag('--slack', 'send new findings to Slack'),
      flag('--no-slack', 'do not send to Slack'),
      flag('--repository <owner/name>', 'where it will run (default: from .git)'),
      flag('--branch <name>', 'its default branch (default: from .git, or main)'),
      flag('--schedule <cron>', 'when, in UTC (default: "17 4 * * *")'),
      flag('--dir <folder>', 'root of the repository (default: here)'),
      flag('-y, --yes', 'do not ask, use the defaults'),
      flag('--dry-run', 'print the files instead of writing them'),
      flag('--force', 'overwrite existing files'),
      flag('--update', 'only replace the copy of c1-audit'),
    ],
    after: `
Writes a configuration, a workflow and the copy of c1-audit that it runs, then
prints what to do by hand. Asks for values that are not given.

  c1-audit init
  c1-audit init --tenant acme --repository acme/security --yes
  c1-audit init --tenant acme --auth secret --no-slack --yes --dry-run`,
    run: async (command, context) =>
      (await import('./commands/init.js')).initCommand(command.opts(), context),
  },
  {
    name: 'doctor',
    about: 'check that an audit can run, and print what to fix',
    flags: () => [
      flag('-c, --config <file>', 'configuration to check'),
      flag('--scope <scope>', 'mine or tenant, as for an audit', ['mine', 'tenant']),
      repeatable('--source <source>', 'what would be audited, repeatable', SOURCES),
      flag('--state <file>', 'state file to check'),
      flag('--slack-test', 'send one message to Slack, marked as a test'),
      flag('-f, --format <format>', 'text or json').choices(TEXT_OR_JSON).default('text'),
      flag('--timeout <seconds>', 'stop after this long (default: 60)'),
      VERBOSE,
      NO_COLOR,
    ],
    after: `
Nothing is audited or changed. Exit 0: an audit can run; 2: it would not start;
3: it would start, but fail or be incomplete.

Examples:
  c1-audit doctor
  c1-audit doctor --scope tenant --state .c1-audit/state.json
  c1-audit doctor --slack-test
  c1-audit doctor -f json | jq '.checks[] | select(.status == "problem")'`,
    run: async (command, context) =>
      (await import('./commands/doctor.js')).doctorCommand(command.opts(), context),
  },
  {
    name: 'rules',
    about: 'list or explain rules, test your own, backtest one',
    usage: ['[flags] [id]', 'test [flags] [file]', 'backtest [flags] <rule> <report.json> …'].join(
      '\n       c1-audit rules ',
    ),
    args: [
      new Argument('[id]', 'a rule; or test, or backtest'),
      new Argument('[files...]', 'test: a configuration; backtest: a rule, then saved reports'),
    ],
    flags: () => [
      flag('--control <framework>', 'list the controls of a standard instead', FRAMEWORK_NAMES),
      flag('-c, --config <file>', 'configuration, for your own rules and its plug-ins'),
      flag('-f, --format <format>', 'text or json').choices(TEXT_OR_JSON).default('text'),
    ],
    after: `
test runs the tests beside your rules, and exits with 1 if one fails. backtest
says what a rule would have reported on each night, and on which credentials.
--control prints which rules judge which controls of a standard, and which
controls no rule judges. Standards:
  ${FRAMEWORK_NAMES.join(', ')}

Examples:
  c1-audit rules unused
  c1-audit rules test
  c1-audit rules backtest acme/ci-keys-expire reports/*.json`,
    run: async (command, context) => {
      const { backtestCommand, rulesCommand, testCommand } = await import('./commands/rules.js');
      const [word, ...others] = command.args;
      if (word === 'test') return testCommand(others, command.opts(), context);
      if (word === 'backtest') return backtestCommand(others, command.opts(), context);
      return rulesCommand(command.args, command.opts(), context);
    },
  },
  {
    name: 'report',
    about: 'render a saved JSON report again, compare two, or merge several',
    usage: [
      '[flags] <report.json>',
      '--diff [flags] <old.json> <new.json>',
      '--merge [flags] <a.json> <b.json> …',
      '--trend <folder> [flags]',
    ].join('\n       c1-audit report '),
    args: [new Argument('[files...]', 'reports written with -f json; - for stdin')],
    flags: () => [
      flag('--diff', 'compare two: what is new, changed, resolved or not seen'),
      flag('--merge', 'one overview of reports of several tenants or sources'),
      flag('--max-age <duration>', 'with --merge: older reports are stale (default: 36h)'),
      flag('--trend <folder>', 'counts over time, from all reports of a folder'),
      repeatable(
        '-f, --format <format[:file]>',
        'output, repeatable; --diff: text, markdown, json; --merge: these and html; --trend: text, html, csv',
        FORMATS,
      ),
      flag('--fail-on <severity>', 'exit 1 at this severity or above', [...SEVERITIES, 'never']),
      flag('-c, --config <file>', 'configuration, for failOn and the rules of its plug-ins'),
      FULL,
      WIDTH,
      NO_COLOR,
    ],
    after: `
Examples:
  c1-audit report report.json -f html:report.html
  c1-audit report --diff monday.json tuesday.json
  c1-audit -f json | c1-audit report --diff old.json - -f markdown:diff.md
  c1-audit report --merge reports/*.json -f html:overview.html
  c1-audit report --trend nights -f html:trend.html`,
    run: async (command, context) =>
      (await import('./commands/report.js')).reportCommand(command.args, command.opts(), context),
  },
  {
    name: 'plan',
    about: 'say what to do about each finding, owner by owner',
    args: [new Argument('[report.json]', 'a report written with -f json, - for stdin; without it, audits')],
    flags: () => [
      flag('--owner <email or id>', 'only the part of this owner, ready to send'),
      repeatable('-f, --format <format[:file]>', 'output, repeatable: text, markdown', PLAN_FORMATS),
      ...planAuditFlags(),
    ],
    after: `
Examples:
  c1-audit plan report.json
  c1-audit plan report.json --owner jo@acme.example -f markdown:jo.md
  c1-audit plan --scope tenant --min-severity high`,
    audits: (command) => command.args.length === 0,
    run: async (command, context) => {
      const { planCommand } = await import('./commands/plan.js');
      const given = planAuditFlags().find(
        (option) => command.getOptionValueSource(option.attributeName()) === 'cli',
      );
      return planCommand(command.args[0], command.opts(), given?.long ?? undefined, context);
    },
  },
  {
    name: 'completion',
    about: 'print a shell completion script',
    args: [argument('[shell]', SHELLS.join(', '), SHELLS)],
    after: `
Examples:
  source <(c1-audit completion bash)                         in ~/.bashrc
  c1-audit completion zsh > "\${fpath[1]}/_c1-audit"          once
  c1-audit completion fish > ~/.config/fish/completions/c1-audit.fish

It completes c1-audit, which must be on the PATH.`,
    run: async (command, context) =>
      (await import('./commands/completion.js')).completionCommand(command.args[0], context),
  },
  {
    // What the shells' scripts call with the words typed so far.
    name: COMPLETE,
    about: 'print what completes the last word',
    hidden: true,
    args: [new Argument('[words...]')],
    run: async (command, context, program) =>
      (await import('./commands/completion.js')).completeCommand(program, command.args, context),
  },
  {
    // commander's own does not say that a command does not exist.
    name: 'help',
    about: 'explain a command and its flags',
    args: [new Argument('[command]', 'a command')],
    run: async (command, _context, program) => {
      const [word] = command.args;
      const named = program.commands.find((one) => one.name() === word);
      if (word !== undefined && !named) throw await unknownCommand(word);
      (named ?? program).outputHelp();
      return 0;
    },
  },
];

function argument(name: string, about: string, values: readonly string[]): Argument {
  return Object.assign(new Argument(name, about), { argChoices: [...values] });
}

async function unknownCommand(word: string): Promise<AuditError> {
  const { didYouMean } = await import('../config/problem.js');
  const names = COMMANDS.filter(({ hidden }) => !hidden).map(({ name }) => name);
  return usageError(
    `There is no command ${JSON.stringify(word)}${didYouMean(word, names) || '.'}`,
    `Commands are ${names.join(', ')}; c1-audit --help explains them.`,
  );
}

const EXAMPLES = `
For example:
  c1-audit --scope tenant              audit everyone's credentials
  c1-audit -f text -f html:audit.html  one report to read, one to keep
Exit: 0 fine; 1 findings, see --fail-on; 2 wrong usage; 3 failed or incomplete.`;

/** Commands that take every flag of an audit show only these: `help audit` explains the rest. */
const SHOWN: Readonly<Record<string, ReadonlySet<string | undefined>>> = {
  'c1-audit': new Set(['--version', '--help']),
  demo: new Set(['--serve', '--port', '--help']),
};

/** Help that fits a screen. */
const HELP: HelpConfiguration = {
  // Not `visibleOptions`: commander looks there for what a mistyped flag may have meant.
  formatHelp(command, helper) {
    const form: Help = Object.create(helper);
    const shown = SHOWN[command.name()];
    if (shown)
      form.visibleOptions = () => helper.visibleOptions(command).filter(({ long }) => shown.has(long));
    return Help.prototype.formatHelp.call(form, command, form);
  },
  optionDescription: ({ description, defaultValue }) =>
    typeof defaultValue === 'string' ? `${description} (default: ${defaultValue})` : description,
  argumentDescription: ({ description }) => description,
  subcommandTerm: (command) =>
    [command.name(), ...command.registeredArguments.map((one) => `[${one.name()}]`)].join(' '),
};

function addFlags(command: Command, flags: readonly Option[]): void {
  for (const option of flags) command.addOption(option);
  const format = flags.find(({ long }) => long === '--format');
  if (format) answerGuesses(command, format);
}

/** Answers flags that people know from other tools (`--json`, `-o`) with the one that does it here. */
function answerGuesses(command: Command, { argChoices: formats = [], flags }: Option): void {
  const toFile = flags.includes('[:file]');
  const answer = (names: string, hint: string) => {
    throw usageError(`There is no flag ${names}.`, hint);
  };
  for (const format of formats) {
    command.addOption(new Option(`--${format}`).hideHelp());
    const file = toFile ? `, or -f ${format}:<file> to write a file` : '';
    command.on(`option:${format}`, () => answer(`--${format}`, `Use -f ${format}${file}.`));
  }
  command.addOption(new Option('-o, --output <file>').hideHelp());
  command.on('option:output', (file: string) => {
    const extension = /\.(\w+)$/.exec(file)?.[1]?.toLowerCase() ?? '';
    const format = formats.find((one) => one === (EXTENSIONS[extension] ?? extension)) ?? formats[0];
    answer('-o or --output', `Use -f ${format}${toFile ? ':' : ' > '}${file}.`);
  });
}

const EXTENSIONS: Readonly<Record<string, string>> = {
  md: 'markdown',
  txt: 'text',
  htm: 'html',
  jsonl: 'ndjson',
};
