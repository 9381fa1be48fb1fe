import { Command } from 'commander';
import { AuditError } from '../errors.js';
import type { Define, Run } from './define.js';
import { defineAudit, runAudit } from './definitions/audit.js';
import { defineCompletion } from './definitions/completion.js';
import { defineDemo } from './definitions/demo.js';
import { defineDoctor } from './definitions/doctor.js';
import { defineInit } from './definitions/init.js';
import { definePlan } from './definitions/plan.js';
import { defineReport } from './definitions/report.js';
import { defineRules } from './definitions/rules.js';
import { type AuditFlags, auditOptions } from './flags.js';
import { withHelp } from './help.js';

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
];

/** Where a program's words go. */
export interface Words {
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
    .configureOutput(words)
    .showHelpAfterError('Run c1-audit help <command> for its flags.')
    .usage('[command] [flags]')
    .argument('[command]')
    .allowExcessArguments(false);
  for (const option of auditOptions()) program.addOption(option);
  program.action(async (word: string | undefined, flags: AuditFlags) => {
    if (word !== undefined) throw await unknownCommand(word, program);
    return runAudit(flags, run);
  });
  for (const define of COMMANDS) define(program, run);
  return program;
}

async function unknownCommand(word: string, program: Command): Promise<AuditError> {
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
