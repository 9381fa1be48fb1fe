import { Command, CommanderError } from 'commander';
import { didYouMean } from '../config/nearest.js';
import { EXIT, type ExitCode } from '../engine/exit-code.js';
import { AuditError } from '../errors.js';
import type { Io } from '../io.js';
import { Redactor } from '../redact.js';
import { forGitHubLine, forTerminal } from '../reporters/escape.js';
import { type AuditFlags, auditOptions } from './flags.js';
import { environmentSecrets } from './secrets.js';

/** What every command gets: the world, and the one redactor that all output passes. */
export interface CommandContext {
  readonly io: Io;
  readonly redactor: Redactor;
}

/**
 * The program: arguments in, exit code out. It touches nothing but `io`.
 *
 * Commands are loaded when they are called, so that `--version` and `--help` start as fast as Node does.
 */
export async function main(argv: readonly string[], io: Io): Promise<ExitCode> {
  const redactor = new Redactor();
  for (const { value, publicPrefix } of environmentSecrets(io.env)) redactor.add(value, publicPrefix);
  const context = { io, redactor };
  let code: ExitCode = EXIT.clean;
  const program = createProgram(context, (result) => {
    code = result;
  });
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.clean : EXIT.usage;
    return reportError(error, context);
  }
}

function createProgram(context: CommandContext, done: (code: ExitCode) => void): Command {
  const { io, redactor } = context;
  const write = (stream: Io['stdout']) => (text: string) => {
    stream.write(redactor.redact(text));
  };
  const program = new Command('c1-audit')
    .description('Audits the API credentials of a ConductorOne tenant.')
    .version(C1_AUDIT_VERSION, '-V, --version')
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({
      writeOut: write(io.stdout),
      writeErr: (text) => io.stderr.write(harmless(text, redactor)),
    })
    .showHelpAfterError('Run c1-audit --help for the flags.')
    .usage('[command] [flags]')
    .argument('[command]')
    .allowExcessArguments(false);

  for (const option of auditOptions()) program.addOption(option);
  program.action(async (word: string | undefined, flags: AuditFlags) => {
    if (word !== undefined) throw unknownCommand(word, program);
    const { auditCommand } = await import('./commands/audit.js');
    done(await auditCommand(flags, context));
  });

  const audit = program.command('audit', { hidden: true }).description('the default command');
  for (const option of auditOptions()) audit.addOption(option);
  audit.action(async (flags: AuditFlags) => {
    const { auditCommand } = await import('./commands/audit.js');
    done(await auditCommand(flags, context));
  });

  const demo = program
    .command('demo')
    .description('audit a tenant that runs inside this process')
    .option('--serve', 'keep the tenant running and print the environment to reach it')
    .option('--port <port>', 'with --serve: the port to listen on');
  for (const option of auditOptions()) demo.addOption(option);
  demo.action(async (flags: AuditFlags & { serve?: boolean; port?: string }) => {
    const { demoCommand } = await import('./commands/demo.js');
    done(await demoCommand(flags, context));
  });

  program
    .command('rules')
    .description('list the rules, or explain one')
    .argument('[id]', 'a rule')
    .option('-c, --config <file>', 'configuration, for the rules of its plug-ins')
    .option('-f, --format <format>', 'text or json', 'text')
    .action(async (id: string | undefined, flags: { config?: string; format: string }) => {
      const { rulesCommand } = await import('./commands/rules.js');
      done(await rulesCommand(id, flags, context));
    });

  program
    .command('report')
    .description('render a saved JSON report again')
    .argument('<report.json>', 'a report that -f json wrote; - for stdin')
    .option('-f, --format <format[:file]>', 'output, repeatable', (value: string, before: string[] = []) => [
      ...before,
      value,
    ])
    .option('--fail-on <severity>', 'exit 1 from this severity on')
    .option('-c, --config <file>', 'configuration, for failOn and the rules of its plug-ins')
    .option('--no-color', 'no colours')
    .action(async (file: string, flags: Pick<AuditFlags, 'format' | 'failOn' | 'color' | 'config'>) => {
      const { reportCommand } = await import('./commands/report.js');
      done(await reportCommand(file, flags, context));
    });

  return program;
}

function unknownCommand(word: string, program: Command): AuditError {
  const names = program.commands.map((command) => command.name());
  return new AuditError(
    'usage',
    `There is no command ${JSON.stringify(word)}${didYouMean(word, names) || '.'}`,
    `Commands are ${names.join(', ')}; c1-audit --help explains them.`,
  );
}

/** Turns whatever stopped a command into words and an exit code. A defect is told as such, never as a clean run. */
function reportError(error: unknown, context: CommandContext): ExitCode {
  if (error instanceof AuditError) {
    complain(error, context);
    if (!error.preventsAudit) return EXIT.incomplete;
    context.io.stderr.write('Nothing was audited.\n');
    return EXIT.usage;
  }
  const what = error instanceof Error ? (error.stack ?? error.message) : String(error);
  complain(
    {
      message: `Something went wrong inside c1-audit: ${what}`,
      hint: 'This is a defect: please report it with the text above.',
    },
    context,
  );
  return EXIT.incomplete;
}

/** Says on stderr what went wrong and what to do next. */
export function complain(
  { message, hint }: Pick<AuditError, 'message' | 'hint'>,
  { io, redactor }: CommandContext,
): void {
  const text = [`c1-audit: ${message}`, hint].filter((line) => line !== '').join('\n');
  io.stderr.write(`${harmless(text, redactor)}\n`);
}

/** Without secrets, and with nothing that a terminal or GitHub's runner would obey. */
function harmless(text: string, redactor: Redactor): string {
  return redactor
    .redact(text)
    .split('\n')
    .map((line) => forGitHubLine(forTerminal(line)))
    .join('\n');
}
