import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { rules } from '../../../rules/index.js';
import type { FailOn } from '../../config/config.js';
import { SEVERITIES } from '../../contract/index.js';
import { parseTargets } from '../../delivery/output.js';
import type { ExitCode } from '../../engine/exit-code.js';
import { parseReport } from '../../engine/saved-report.js';
import { AuditError } from '../../errors.js';
import { rerender } from '../../run.js';
import { wantsColor } from '../color.js';
import type { AuditFlags } from '../flags.js';
import { type CommandContext, complain } from '../main.js';

/** Renders a saved report again and exits as the audit that wrote it would have. */
export async function reportCommand(
  file: string,
  flags: Pick<AuditFlags, 'format' | 'failOn' | 'color'>,
  context: CommandContext,
): Promise<ExitCode> {
  const { io } = context;
  const targets = parseTargets(flags.format ?? []);
  const failOn = readFailOn(flags.failOn);
  const report = parseReport(await readSaved(file, context), file === '-' ? 'stdin' : file);
  return rerender(
    report,
    { targets, rules, failOn, color: wantsColor(io, flags.color) },
    { ...context, complain: (error) => complain(error, context) },
  );
}

function readFailOn(word = 'high'): FailOn {
  const choices: readonly FailOn[] = [...SEVERITIES, 'never'];
  const choice = choices.find((known) => known === word);
  if (choice) return choice;
  throw new AuditError(
    'usage',
    `--fail-on ${JSON.stringify(word)} is no severity.`,
    `Choose ${choices.join(', ')}.`,
  );
}

async function readSaved(file: string, { io }: CommandContext): Promise<string> {
  if (file === '-') return text(io.stdin);
  try {
    return await readFile(resolve(io.cwd, file), 'utf8');
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? 'unknown error';
    throw new AuditError(
      'input',
      `The report ${file} cannot be read (${code}).`,
      'Check the path; - reads from stdin.',
      { cause },
    );
  }
}
