import { CommanderError } from 'commander';
import { AuditError, describeError, EXIT, type ExitCode, exitCodeOfError } from '../errors.js';
import type { Io } from '../io.js';
import { hideSecrets, Redactor } from '../redact.js';
import { createProgram } from './command-line.js';
import { createContext, harmless } from './context.js';

/**
 * The program: arguments in, exit code out. It touches nothing but `io`.
 *
 * Commands are loaded when they are called. What the arguments alone decide, as `--help`, the command prints without it.
 */
export async function main(argv: readonly string[], io: Io): Promise<ExitCode> {
  const redactor = new Redactor();
  hideSecrets(redactor, io.env);
  const context = createContext(io, redactor);
  let code: ExitCode = EXIT.clean;
  // A command line that cannot be read was most likely meant to audit.
  let audits = true;
  let started = false;
  const program = createProgram(
    {
      // Help and version hold nothing from outside.
      writeOut: (text) => io.stdout.write(text),
      writeErr: (text) => io.stderr.write(harmless(text, redactor)),
      getOutHelpWidth: () => (io.stdout.isTTY && io.stdout.columns) || 80,
    },
    async (command, about) => {
      audits = about.audits;
      started = true;
      code = await command(context);
    },
    argv,
  );
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return code;
  } catch (error) {
    const isPrinted = error instanceof CommanderError;
    if (isPrinted && error.exitCode === 0) return EXIT.clean;
    const failure = isPrinted ? EXIT.usage : exitCodeOfError(error);
    if (!isPrinted) context.complain(describeError(error));
    if (error instanceof AuditError && failure === EXIT.usage && audits)
      io.stderr.write('Nothing was audited.\n');
    if (!started && io.env.C1_AUDIT_HEARTBEAT_URL && meantToAudit(argv)) {
      const { sendHeartbeat } = await import('../delivery/heartbeat.js');
      await sendHeartbeat(failure, context);
    }
    return failure;
  }
}

/** With these no heartbeat is sent, whatever the outcome. */
const SENDS_NOTHING = /^--(dry-run|slack-dry-run|print-config|input(=.*)?)$/s;

/** True if a command line that could not be read was meant to audit a tenant. */
function meantToAudit(argv: readonly string[]): boolean {
  if (argv.some((word) => SENDS_NOTHING.test(word))) return false;
  const nothing = () => undefined;
  const program = createProgram(
    { writeOut: nothing, writeErr: nothing, getOutHelpWidth: () => 80 },
    async () => undefined,
  );
  try {
    const [word] = program.parseOptions([...argv]).operands;
    return word === 'audit' || program.commands.every((command) => command.name() !== word);
  } catch {
    // A mistake before any command.
    return true;
  }
}
