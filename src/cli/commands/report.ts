import type { LoadedConfig } from '../../config/load.js';
import { parseTargets } from '../../delivery/output.js';
import { compareReports, diffExitCode } from '../../engine/report-diff.js';
import { AuditError, type ExitCode } from '../../errors.js';
import { DIFF_FORMATS, renderDiff } from '../../reporters/diff.js';
import { whyIncomplete } from '../../reporters/incomplete.js';
import { rerender } from '../../run.js';
import type { CommandContext } from '../context.js';
import { documentTargets, readSavedReport, writeDocuments } from '../documents.js';
import type { ReportFlags } from '../flags.js';
import { checkTargets, loadSettings } from '../request.js';
import { lookOf } from '../terminal.js';

/** Renders a saved report again, compares two, or draws several together. The exit code depends on `failOn`, as that of an audit does. */
export async function reportCommand(
  files: readonly string[],
  flags: ReportFlags,
  context: CommandContext,
): Promise<ExitCode> {
  const { io } = context;
  const loaded = await loadSettings(context, { failOn: flags.failOn }, flags);
  refuseContradictions(files, flags);
  if (flags.diff) return compare(files, flags, loaded, context);
  if (flags.merge) {
    const { mergeCommand } = await import('./merge.js');
    return mergeCommand(files, flags, loaded, context);
  }
  if (flags.trend !== undefined) {
    const { trendCommand } = await import('./trend.js');
    return trendCommand(flags.trend, flags, loaded, context);
  }
  const [file, ...others] = files;
  if (file === undefined || others.length > 0)
    throw new AuditError(
      'usage',
      `report takes one saved report, not ${files.length}.`,
      others.length === 1
        ? `To compare two: c1-audit report --diff <old.json> <new.json>; to merge them: --merge.`
        : 'Usage: c1-audit report <report.json>; - reads from stdin.',
    );
  const targets = parseTargets(flags.format ?? [], io.cwd);
  const look = lookOf(io, flags);
  await checkTargets(targets, loaded, [file], io);
  const report = await readSavedReport(file, context);
  return rerender(report, { loaded, targets, look }, context);
}

function refuseContradictions(
  files: readonly string[],
  { diff, merge, trend, maxAge, full, width }: ReportFlags,
): void {
  const given = [diff && '--diff', merge && '--merge', trend !== undefined && '--trend'].filter(
    (name) => name !== undefined && name !== false,
  );
  if (given.length > 1)
    throw new AuditError(
      'usage',
      `${given.join(' and ')} cannot be used together.`,
      'Run one after the other.',
    );
  const detail = full ? '--full' : width !== undefined ? '--width' : undefined;
  if (detail && given[0])
    throw new AuditError('usage', `${detail} has no effect with ${given[0]}.`, `Leave ${detail} out.`);
  if (maxAge !== undefined && !merge)
    throw new AuditError(
      'usage',
      '--max-age has no effect without --merge.',
      'Leave it out, or add --merge.',
    );
  if (trend !== undefined && files.length > 0)
    throw new AuditError(
      'usage',
      `report --trend reads a folder, not files: ${files[0]}.`,
      'Usage: c1-audit report --trend <folder>.',
    );
}

const USAGE = 'Usage: c1-audit report --diff <old.json> <new.json>; - for one of them reads from stdin.';

/** Compares two saved reports of one tenant. */
async function compare(
  files: readonly string[],
  flags: ReportFlags,
  loaded: LoadedConfig,
  context: CommandContext,
): Promise<ExitCode> {
  const { io } = context;
  const [older, newer, ...others] = files;
  if (older === undefined || newer === undefined || others.length > 0)
    throw new AuditError('usage', `report --diff takes two saved reports, not ${files.length}.`, USAGE);
  if (older === '-' && newer === '-')
    throw new AuditError('usage', 'Only one of the two reports can come from stdin.', USAGE);
  const targets = documentTargets(flags.format, DIFF_FORMATS, 'comparison', io.cwd);
  await checkTargets(targets, loaded, [older, newer], io);
  const before = await readSavedReport(older, context);
  const diff = compareReports(before, await readSavedReport(newer, context));
  const why = whyIncomplete(diff.after);
  if (why) context.complain(why);
  const code = diffExitCode(diff, loaded.config.failOn);
  return writeDocuments(targets, (format) => renderDiff(format, diff), code, context);
}
