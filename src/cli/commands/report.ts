import { rules as builtIns } from '../../../rules/index.js';
import { type LoadedConfig, loadConfig } from '../../config/load.js';
import { parseTargets, prepareTargets } from '../../delivery/output.js';
import type { ExitCode } from '../../engine/exit-code.js';
import { AuditError } from '../../errors.js';
import { rerender } from '../../run.js';
import { wantsColor } from '../color.js';
import type { ReportFlags } from '../definitions/report.js';
import { type CommandContext, complain } from '../main.js';
import { configurationKept, inputsKept, readSavedReport } from '../saved-report.js';

/** Renders a saved report again and exits as the audit that wrote it would have; or compares two of them. */
export async function reportCommand(
  files: readonly string[],
  flags: ReportFlags,
  context: CommandContext,
): Promise<ExitCode> {
  const { io } = context;
  if (flags.diff) {
    const { reportDiffCommand } = await import('./report-diff.js');
    return reportDiffCommand(files, flags, await failOnConfig(flags, context), context);
  }
  const [file, ...others] = files;
  if (file === undefined || others.length > 0)
    throw new AuditError(
      'usage',
      `report takes one saved report, not ${files.length}.`,
      others.length === 1
        ? `To compare two: c1-audit report --diff <old.json> <new.json>.`
        : 'Usage: c1-audit report <report.json>; - reads from stdin.',
    );
  const targets = parseTargets(flags.format ?? [], io.cwd);
  const { config, rules, file: configuration } = await failOnConfig(flags, context);
  const keep = [...inputsKept([file], io), ...configurationKept(configuration)];
  await prepareTargets(targets, { cwd: io.cwd, stdout: io.stdout, keep });
  return rerender(
    await readSavedReport(file, context),
    { targets, rules, failOn: config.failOn, color: wantsColor(io, flags.color) },
    { ...context, complain: (error) => complain(error, context) },
  );
}

/** What makes the audit fail makes its report fail: flag, environment and configuration, as there. */
function failOnConfig({ failOn, config }: ReportFlags, { io }: CommandContext): Promise<LoadedConfig> {
  return loadConfig({
    cwd: io.cwd,
    env: io.env,
    flags: { failOn },
    configPath: config,
    now: io.now(),
    builtIns,
  });
}
