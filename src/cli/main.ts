import { CommanderError } from 'commander';
import { AuditError, defectText, EXIT, type ExitCode } from '../errors.js';
import type { Io } from '../io.js';
import { hideSecrets, Redactor } from '../redact.js';
import { createProgram } from './command-line.js';
import { type CommandContext, complain, harmless } from './context.js';

/**
 * The program: arguments in, exit code out. It touches nothing but `io`.
 *
 * Commands are loaded when they are called, so that `--version` and `--help` start as fast as Node does.
 */
export async function main(argv: readonly string[], io: Io): Promise<ExitCode> {
  const redactor = new Redactor();
  hideSecrets(redactor, io.env);
  const context = { io, redactor };
  let code: ExitCode = EXIT.clean;
  // Until a command says otherwise, somebody meant to audit.
  let audits = true;
  let started = false;
  const program = createProgram(
    {
      // Help and version: nothing of it is from outside.
      writeOut: (text) => io.stdout.write(text),
      writeErr: (text) => io.stderr.write(harmless(text, redactor)),
    },
    async (command, about) => {
      audits = about?.audits ?? false;
      started = true;
      code = await command(context);
    },
  );
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return code;
  } catch (error) {
    const shown = error instanceof CommanderError;
    if (shown && error.exitCode === 0) return EXIT.clean;
    const failure = shown ? EXIT.usage : reportError(error, audits, context);
    if (!started && io.env.C1_AUDIT_HEARTBEAT_URL && meantToAudit(argv)) {
      const { sendHeartbeat } = await import('./commands/audit.js');
      await sendHeartbeat(failure, context);
    }
    return failure;
  }
}

/** With these nothing is sent, whatever the outcome. */
const SENDS_NOTHING = /^--(dry-run|slack-dry-run|print-config|input(=.*)?)$/s;

/** Whether a command line that could not be read was there to audit a tenant. */
function meantToAudit(argv: readonly string[]): boolean {
  if (argv.some((word) => SENDS_NOTHING.test(word))) return false;
  const nothing = () => undefined;
  const program = createProgram({ writeOut: nothing, writeErr: nothing }, async () => undefined);
  try {
    const [word] = program.parseOptions([...argv]).operands;
    return word === 'audit' || program.commands.every((command) => command.name() !== word);
  } catch {
    // A mistake before any command.
    return true;
  }
}

/** Turns whatever stopped a command into words and an exit code. A defect is told as such, never as a clean run. */
function reportError(error: unknown, audits: boolean, context: CommandContext): ExitCode {
  if (error instanceof AuditError) {
    complain(error, context);
    if (!error.preventsAudit) return EXIT.incomplete;
    if (audits) context.io.stderr.write('Nothing was audited.\n');
    return EXIT.usage;
  }
  complain(defectText(error), context);
  return EXIT.incomplete;
}
