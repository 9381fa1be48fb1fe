import type { LoadedConfig } from '../../config/load.js';
import { prepareTargets } from '../../delivery/output.js';
import type { ExitCode } from '../../engine/exit-code.js';
import { compareReports, diffExitCode } from '../../engine/report-diff.js';
import { AuditError } from '../../errors.js';
import { DIFF_FORMATS, renderDiff } from '../../reporters/diff.js';
import { whyIncomplete } from '../../run.js';
import type { ReportFlags } from '../definitions/report.js';
import { documentTargets, writeDocuments } from '../documents.js';
import { type CommandContext, complain } from '../main.js';
import { configurationKept, inputsKept, readSavedReport } from '../saved-report.js';

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
