import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { rules as builtIns } from '../../../rules/index.js';
import { loadConfig } from '../../config/load.js';
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
  flags: Pick<AuditFlags, 'format' | 'failOn' | 'color' | 'config'>,
  context: CommandContext,
): Promise<ExitCode> {
  const { io } = context;
  const targets = parseTargets(flags.format ?? [], io.cwd);
  const own = targets.find(
    (target) => target.file !== undefined && resolve(io.cwd, target.file) === resolve(io.cwd, file),
  );
  if (own)
    throw new AuditError('usage', `The report ${file} would be written over itself.`, 'Name another file.');
  // What made the audit fail makes its report fail: flag, environment and configuration, as there.
  const { config, rules } = await loadConfig({
    cwd: io.cwd,
    env: io.env,
    flags: { failOn: flags.failOn },
    configPath: flags.config,
    now: io.now(),
    builtIns,
  });
  const report = parseReport(await readSaved(file, context), file === '-' ? 'stdin' : file);
  return rerender(
    report,
    { targets, rules, failOn: config.failOn, color: wantsColor(io, flags.color) },
    { ...context, complain: (error) => complain(error, context) },
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
