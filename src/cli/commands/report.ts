import { rules as builtIns } from '../../../rules/index.js';
import { type LoadedConfig, loadConfig } from '../../config/load.js';
import { parseTargets, prepareTargets } from '../../delivery/output.js';
import { compareReports, diffExitCode } from '../../engine/report-diff.js';
import { AuditError, type ExitCode } from '../../errors.js';
import { DIFF_FORMATS, renderDiff } from '../../reporters/diff.js';
import { rerender, whyIncomplete } from '../../run.js';
import { type CommandContext, complain } from '../context.js';
import {
  configurationKept,
  documentTargets,
  inputsKept,
  readSavedReport,
  writeDocuments,
} from '../documents.js';
import type { ReportFlags } from '../flags.js';
import { wantsColor } from '../terminal.js';

/** Renders a saved report again and exits as the audit that wrote it would have; or compares two of them. */
export async function reportCommand(
  files: readonly string[],
  flags: ReportFlags,
  context: CommandContext,
): Promise<ExitCode> {
  const { io } = context;
  if (flags.diff) {
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

const USAGE = 'Usage: c1-audit report --diff <old.json> <new.json>; - for one of them reads from stdin.';

/** Compares two saved reports of one tenant. */
export async function reportDiffCommand(
  files: readonly string[],
  flags: ReportFlags,
  { config, file }: Pick<LoadedConfig, 'config' | 'file'>,
  context: CommandContext,
): Promise<ExitCode> {
  const { io } = context;
  const [older, newer, ...others] = files;
  if (older === undefined || newer === undefined || others.length > 0)
    throw new AuditError('usage', `report --diff takes two saved reports, not ${files.length}.`, USAGE);
  if (older === '-' && newer === '-')
    throw new AuditError('usage', 'Only one of the two reports can come from stdin.', USAGE);
  const targets = documentTargets(flags.format, DIFF_FORMATS, 'comparison', io.cwd);
  const keep = [...inputsKept([older, newer], io), ...configurationKept(file)];
  await prepareTargets(targets, { cwd: io.cwd, stdout: io.stdout, keep });
  const before = await readSavedReport(older, context);
  const diff = compareReports(before, await readSavedReport(newer, context));
  const why = whyIncomplete(diff.after);
  if (why) complain(why, context);
  return writeDocuments(
    targets,
    (format) => renderDiff(format, diff),
    diffExitCode(diff, config.failOn),
    context,
  );
}
