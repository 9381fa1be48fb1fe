import { Command } from 'commander';
import { FORMATS } from '../reporters/index.js';
import type { Define, Run } from './define.js';
import { defineAudit, runAudit } from './definitions/audit.js';
import { defineCompletion } from './definitions/completion.js';
import { defineDemo } from './definitions/demo.js';
import { defineDoctor } from './definitions/doctor.js';
import { defineHelp, unknownCommand } from './definitions/help.js';
import { defineInit } from './definitions/init.js';
import { definePlan } from './definitions/plan.js';
import { defineReport } from './definitions/report.js';
import { defineRules } from './definitions/rules.js';
import { type AuditFlags, answerGuesses, auditOptions } from './flags.js';
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
  defineHelp,
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
