import { Command, Help, type HelpConfiguration } from 'commander';
import { AuditError, type ExitCode } from '../errors.js';
import { FORMATS } from '../reporters/index.js';
import type { CommandContext } from './context.js';
import {
  type AuditFlags,
  answerGuesses,
  auditOptions,
  type DoctorFlags,
  each,
  type InitFlags,
  OF_THE_AUDIT,
  type PlanFlags,
  type ReportFlags,
  SHELLS,
} from './flags.js';

/**
 * Adds one command to the program: its words, arguments and flags, and what loads and runs it. All of them are read at
 * every start, so that they import nothing heavy; what a command needs comes with its module in `commands/`.
 */
type Define = (program: Command, run: Run) => void;

/** Runs a command in the program's world and keeps its exit code. `audits`: it is there to audit. */
type Run = (
  command: (context: CommandContext) => Promise<ExitCode>,
  about?: { readonly audits: boolean },
) => Promise<void>;

const defineAudit: Define = (program, run) => {
  const audit = program.command('audit').description('audit a tenant; what c1-audit alone does');
  for (const option of auditOptions()) audit.addOption(option);
  answerGuesses(audit, FORMATS);
  audit.action((flags: AuditFlags) => runAudit(flags, run));
};

function runAudit(flags: AuditFlags, run: Run): Promise<void> {
  return run(
    async (context) => {
      const { auditCommand } = await import('./commands/audit.js');
      return auditCommand(flags, context);
    },
    { audits: true },
  );
}

const defineCompletion: Define = (program, run) => {
  program
    .command('completion')
    .description('print what makes a shell complete words')
    .argument('[shell]', SHELLS.join(', '))
    .addHelpText(
      'after',
      `
Examples:
  source <(c1-audit completion bash)                         in ~/.bashrc
  c1-audit completion zsh > "\${fpath[1]}/_c1-audit"          once
  c1-audit completion fish > ~/.config/fish/completions/c1-audit.fish

It completes c1-audit, which must be on the PATH.`,
    )
    .action((shell: string | undefined) =>
      run(async (context) => {
        const { completionCommand } = await import('./commands/completion.js');
        return completionCommand(shell, context);
      }),
    );

  // What the shells' scripts call with the words typed so far.
  program
    .command('complete', { hidden: true })
    .argument('[words...]')
    .allowUnknownOption()
    .helpOption(false)
    .action((words: string[]) =>
      run(async (context) => {
        const { completeCommand } = await import('./commands/completion.js');
        return completeCommand(words, context);
      }),
    );
};

const defineDemo: Define = (program, run) => {
  const demo = program
    .command('demo')
    .description('audit a tenant that runs inside this process')
    .option('--serve', 'keep the tenant running and print the environment to reach it')
    .option('--port <port>', 'with --serve: the port to listen on');
  for (const option of auditOptions()) demo.addOption(option);
  answerGuesses(demo, FORMATS);
  demo.addHelpText(
    'after',
    `
All flags of an audit work as well (c1-audit help audit). It looks at everyone's
credentials and exits with 0 whatever it finds, unless told otherwise.

Examples:
  c1-audit demo
  c1-audit demo -f html:demo.html
  c1-audit demo --scope mine --fail-on high
  c1-audit demo --serve`,
  );
  demo.action((flags: AuditFlags & { serve?: boolean; port?: string }) =>
    run(
      async (context) => {
        const { demoCommand } = await import('./commands/demo.js');
        return demoCommand(flags, context);
      },
      { audits: !flags.serve },
    ),
  );
};

const defineDoctor: Define = (program, run) => {
  const doctor = program
    .command('doctor')
    .description('check that an audit can run, and say what to mend')
    .option('-c, --config <file>', 'configuration to check')
    .option('--scope <scope>', 'mine or tenant, as for an audit')
    .option('--source <source>', 'what would be audited, repeatable', each)
    .option('--state <file>', 'state file to check')
    .option('--slack-test', 'send one message to Slack, marked as a test')
    .option('-f, --format <format>', 'text or json', 'text')
    .option('--timeout <seconds>', 'stop after this long (default: 60)')
    .option('-v, --verbose', 'log every request')
    .option('--no-color', 'no colours')
    .addHelpText(
      'after',
      `
Nothing is audited or changed. Exit 0: an audit can run; 2: it would not start;
3: it would start, but fail or be incomplete.

Examples:
  c1-audit doctor
  c1-audit doctor --scope tenant --state .c1-audit/state.json
  c1-audit doctor --slack-test
  c1-audit doctor -f json | jq '.checks[] | select(.status == "problem")'`,
    )
    .action((flags: DoctorFlags) =>
      run(async (context) => {
        const { doctorCommand } = await import('./commands/doctor.js');
        return doctorCommand(flags, context);
      }),
    );
  answerGuesses(doctor, ['text', 'json'], false);
};

/** commander's own does not say why it shows the general help where a command is not there. */
const defineHelp: Define = (program, run) => {
  program
    .command('help')
    .description('explain a command and its flags')
    .argument('[command]', 'a command')
    .action((word: string | undefined) =>
      run(async () => {
        const named = program.commands.find((command) => command.name() === word);
        if (word !== undefined && !named) throw await unknownCommand(word, program);
        (named ?? program).outputHelp();
        return 0;
      }),
    );
};

/** What to tell whoever typed a command that is not there. */
async function unknownCommand(word: string, program: Parameters<Define>[0]): Promise<AuditError> {
  const { didYouMean } = await import('../config/nearest.js');
  const names = program
    .createHelp()
    .visibleCommands(program)
    .map((command) => command.name());
  return new AuditError(
    'usage',
    `There is no command ${JSON.stringify(word)}${didYouMean(word, names) || '.'}`,
    `Commands are ${names.join(', ')}; c1-audit --help explains them.`,
  );
}

const defineInit: Define = (program, run) => {
  program
    .command('init')
    .description('set up nightly audits in a GitHub repository')
    .option('--tenant <domain>', 'the tenant: acme or acme.conductor.one')
    .option('--auth <login>', 'federation (stores no secret) or secret')
    .option('--scope <scope>', "tenant (everyone's credentials) or mine")
    .option('--profile <name>', 'rule settings')
    .option('--fail-on <severity>', 'fail at this severity or above, or never')
    .option('--slack', 'send new findings to Slack')
    .option('--no-slack', 'do not send to Slack')
    .option('--repository <owner/name>', 'where it will run (default: from .git)')
    .option('--branch <name>', 'its default branch (default: from .git, or main)')
    .option('--schedule <cron>', 'when, in UTC (default: "17 4 * * *")')
    .option('--dir <folder>', 'root of the repository (default: here)')
    .option('-y, --yes', 'do not ask, use the defaults')
    .option('--dry-run', 'print the files instead of writing them')
    .option('--force', 'overwrite existing files')
    .option('--update', 'only replace the copy of c1-audit')
    .addHelpText(
      'after',
      `
Writes a configuration, a workflow and the copy of c1-audit that it runs, then
prints what to do by hand. Asks for values that are not given.

  c1-audit init
  c1-audit init --tenant acme --repository acme/security --yes
  c1-audit init --tenant acme --auth secret --no-slack --yes --dry-run`,
    )
    .action((flags: InitFlags) =>
      run(async (context) => {
        const { initCommand } = await import('./commands/init.js');
        return initCommand(flags, context);
      }),
    );
};

const definePlan: Define = (program, run) => {
  const plan = program
    .command('plan')
    .description('say what to do about each finding, owner by owner')
    .argument('[report.json]', 'a report that -f json wrote, - for stdin; without it, audits')
    .option('--owner <email or id>', 'only the part of this owner, ready to send')
    .option('-f, --format <format[:file]>', 'output, repeatable: text, markdown', each);
  const names: readonly string[] = OF_THE_AUDIT;
  const options = auditOptions().filter((option) => names.includes(option.attributeName()));
  for (const option of options) plan.addOption(option);
  answerGuesses(plan, ['text', 'markdown']);
  plan
    .addHelpText(
      'after',
      `
Examples:
  c1-audit plan report.json
  c1-audit plan report.json --owner jo@acme.example -f markdown:jo.md
  c1-audit plan --scope tenant --min-severity high`,
    )
    .action((file: string | undefined, flags: PlanFlags) =>
      run(
        async (context) => {
          const { planCommand } = await import('./commands/plan.js');
          const given = options.filter(
            (option) => plan.getOptionValueSource(option.attributeName()) === 'cli',
          );
          return planCommand(file, flags, given, context);
        },
        { audits: file === undefined },
      ),
    );
};

const defineReport: Define = (program, run) => {
  const report = program
    .command('report')
    .description('render a saved JSON report again, or compare two')
    .usage('[flags] <report.json>\n       c1-audit report --diff [flags] <old.json> <new.json>')
    .argument('[files...]', 'reports that -f json wrote; - for stdin')
    .option('--diff', 'compare two: what is new, changed, resolved or not seen')
    .option('-f, --format <format[:file]>', 'output, repeatable; with --diff text, markdown or json', each)
    .option('--fail-on <severity>', 'exit 1 from this severity on')
    .option('-c, --config <file>', 'configuration, for failOn and the rules of its plug-ins')
    .option('--no-color', 'no colours')
    .addHelpText(
      'after',
      `
Examples:
  c1-audit report report.json -f html:report.html
  c1-audit report --diff monday.json tuesday.json
  c1-audit -f json | c1-audit report --diff old.json - -f markdown:diff.md`,
    )
    .action((files: string[], flags: ReportFlags) =>
      run(async (context) => {
        const { reportCommand } = await import('./commands/report.js');
        return reportCommand(files, flags, context);
      }),
    );
  answerGuesses(report, FORMATS);
};

const defineRules: Define = (program, run) => {
  const rules = program
    .command('rules')
    .description('list the rules, or explain one')
    .argument('[id]', 'a rule')
    .option('-c, --config <file>', 'configuration, for the rules of its plug-ins')
    .option('-f, --format <format>', 'text or json', 'text')
    .action((id: string | undefined, flags: { config?: string; format: string }) =>
      run(async (context) => {
        const { rulesCommand } = await import('./commands/rules.js');
        return rulesCommand(id, flags, context);
      }),
    );
  answerGuesses(rules, ['text', 'json'], false);
};

const EXAMPLES = `
For example:
  c1-audit --scope tenant              audit everyone's credentials
  c1-audit -f text -f html:audit.html  one report to read, one to keep
Exit: 0 fine; 1 findings, see --fail-on; 2 wrong usage; 3 failed or incomplete.`;

/** All that is shown of commands that take every flag of an audit, which `help audit` explains. */
const SHOWN: Readonly<Record<string, ReadonlySet<string | undefined>>> = {
  'c1-audit': new Set(['--version', '--help']),
  demo: new Set(['--serve', '--port', '--help']),
};

/** Help that fits a screen: the program's own has commands and examples, the flags stand in that of each command. */
function withHelp(program: Command): Command {
  const help: HelpConfiguration = {
    // Not `visibleOptions`: what a mistyped flag may have meant is looked for there.
    formatHelp(command, helper) {
      const form: Help = Object.create(helper);
      const shown = SHOWN[command.name()];
      if (shown)
        form.visibleOptions = () => helper.visibleOptions(command).filter(({ long }) => shown.has(long));
      return Help.prototype.formatHelp.call(form, command, form);
    },
    optionDescription: ({ description, defaultValue }) =>
      typeof defaultValue === 'string' ? `${description} (default: ${defaultValue})` : description,
    subcommandTerm: (command) =>
      [command.name(), ...command.registeredArguments.map((argument) => `[${argument.name()}]`)].join(' '),
  };
  return program
    .configureHelp(help)
    .helpOption('-h, --help', 'explain a command')
    .helpCommand(false)
    .addHelpText('after', EXAMPLES);
}

/** In the order of `--help`. */
const COMMANDS: readonly Define[] = [
  defineAudit,
  defineDemo,
  defineInit,
  defineDoctor,
  defineRules,
  defineReport,
  definePlan,
  defineCompletion,
  defineHelp,
];

/** Where a program's words go. */
interface Words {
  readonly writeOut: (text: string) => void;
  readonly writeErr: (text: string) => void;
}

/** The whole command line: commands, flags and help. Commands are loaded when they are called. */
export function createProgram(words: Words, run: Run): Command {
  const program = withHelp(new Command('c1-audit'))
    .description('Audits the API credentials of a ConductorOne tenant.')
    .version(C1_AUDIT_VERSION, '-V, --version', 'print the version')
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({
      ...words,
      // As all other messages begin.
      outputError: (text, write) => write(text.replace(/^error: /, 'c1-audit: ')),
    })
    .showHelpAfterError('Run c1-audit help <command> for its flags.')
    .usage('[command] [flags]')
    .argument('[command]')
    .allowExcessArguments(false);
  for (const option of auditOptions()) program.addOption(option);
  answerGuesses(program, FORMATS);
  program.action(async (word: string | undefined, flags: AuditFlags) => {
    if (word !== undefined) throw await unknownCommand(word, program);
    return runAudit(flags, run);
  });
  for (const define of COMMANDS) define(program, run);
  return program;
}
