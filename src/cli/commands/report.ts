import { readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { LoadedConfig } from '../../config/resolve.js';
import { count } from '../../contract/words.js';
import { parseTargets } from '../../delivery/output.js';
import { type MergePart, mergeExitCode, mergeReports } from '../../engine/merge.js';
import { exitCode } from '../../engine/report.js';
import { compareReports, diffExitCode } from '../../engine/report-diff.js';
import { inTime, type TrendPoint, trendPoint, trendSubject } from '../../engine/trend.js';
import { AuditError, codeOf, EXIT, type ExitCode, usageError } from '../../errors.js';
import { DIFF_FORMATS, renderDiff } from '../../reporters/diff.js';
import type { Trend } from '../../reporters/trend.js';
import { whyIncomplete } from '../../reporters/words.js';
import { rerender } from '../../run.js';
import type { CommandContext } from '../context.js';
import { documentTargets, readEach, readSavedReport, writeDocuments } from '../documents.js';
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
  const asked = { files, flags, loaded, context };
  if (flags.diff) return compare(asked);
  if (flags.merge) return mergeAll(asked);
  if (flags.trend !== undefined) return drawTrend(flags.trend, asked);
  const [file, ...others] = files;
  if (file === undefined || others.length > 0)
    throw usageError(
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

interface Asked {
  readonly files: readonly string[];
  readonly flags: ReportFlags;
  readonly loaded: LoadedConfig;
  readonly context: CommandContext;
}

function refuseContradictions(
  files: readonly string[],
  { diff, merge, trend, maxAge, full, width }: ReportFlags,
): void {
  const given = [diff && '--diff', merge && '--merge', trend !== undefined && '--trend'].filter(
    (name) => name !== undefined && name !== false,
  );
  if (given.length > 1)
    throw usageError(`${given.join(' and ')} cannot be used together.`, 'Run one after the other.');
  const detail = full ? '--full' : width !== undefined ? '--width' : undefined;
  if (detail && given[0])
    throw usageError(`${detail} has no effect with ${given[0]}.`, `Leave ${detail} out.`);
  if (maxAge !== undefined && !merge)
    throw usageError('--max-age has no effect without --merge.', 'Leave it out, or add --merge.');
  if (trend !== undefined && files.length > 0)
    throw usageError(
      `report --trend reads a folder, not files: ${files[0]}.`,
      'Usage: c1-audit report --trend <folder>.',
    );
}

const USAGE = 'Usage: c1-audit report --diff <old.json> <new.json>; - for one of them reads from stdin.';

async function compare({ files, flags, loaded, context }: Asked): Promise<ExitCode> {
  const { io } = context;
  const [older, newer, ...others] = files;
  if (older === undefined || newer === undefined || others.length > 0)
    throw usageError(`report --diff takes two saved reports, not ${files.length}.`, USAGE);
  if (older === '-' && newer === '-')
    throw usageError('Only one of the two reports can come from stdin.', USAGE);
  const targets = documentTargets(flags.format, DIFF_FORMATS, 'comparison', io.cwd);
  await checkTargets(targets, loaded, [older, newer], io);
  const before = await readSavedReport(older, context);
  const diff = compareReports(before, await readSavedReport(newer, context));
  const why = whyIncomplete(diff.after);
  if (why) context.complain(why);
  const code = diffExitCode(diff, loaded.config.failOn);
  return writeDocuments(targets, (format) => renderDiff(format, diff), code, context);
}

/** One overview of several saved reports. A report that cannot be read is named and makes it incomplete. */
async function mergeAll({ files, flags, loaded, context }: Asked): Promise<ExitCode> {
  const { io } = context;
  if (files.length === 0)
    throw usageError(
      'report --merge needs at least one saved report.',
      'Usage: c1-audit report --merge <a.json> <b.json> …; - for one of them reads from stdin.',
    );
  if (files.filter((file) => file === '-').length > 1)
    throw usageError('Only one of the reports can come from stdin.', 'Name the others as files.');
  const { MERGE_FORMATS, problemLines, renderMerge } = await import('../../reporters/merged.js');
  const maxAge = readMaxAge(flags.maxAge);
  const targets = documentTargets(flags.format, MERGE_FORMATS, 'overview', io.cwd);
  await checkTargets(targets, loaded, files, io);
  const parts: MergePart[] = [];
  for (const file of files) parts.push({ file, report: await readPart(file, context) });
  const merge = mergeReports(parts, { now: io.now(), maxAge });
  const problems = problemLines(merge);
  if (problems.length > 0)
    context.complain({ message: `The overview is incomplete:\n${problems.join('\n')}`, hint: '' });
  const code = mergeExitCode(merge, loaded.config.failOn);
  return writeDocuments(targets, (format) => renderMerge(format, merge), code, context);
}

async function readPart(file: string, context: CommandContext): Promise<MergePart['report']> {
  try {
    // The overview shows no credentials, and they are most of a report: those of many tenants may not fit into memory.
    return { ...(await readSavedReport(file, context)), credentials: [] };
  } catch (error) {
    if (!(error instanceof AuditError)) throw error;
    return context.redactor.redact(error.message);
  }
}

const HOUR = 3_600_000;
const UNITS: Readonly<Record<string, number>> = { m: HOUR / 60, h: HOUR, d: 24 * HOUR };

/** In milliseconds. */
function readMaxAge(text = '36h'): number {
  const [, amount = '', unit = ''] = /^(\d+(?:\.\d+)?)([mhd])$/.exec(text) ?? [];
  const age = Number(amount) * (UNITS[unit] ?? 0);
  if (age > 0) return age;
  throw usageError(
    `--max-age ${JSON.stringify(text)} is not a duration.`,
    'Write a number above 0 and m, h or d: 36h, 2d.',
  );
}

/** What the saved reports of a folder say over time. Exits as its newest report does, and with 3 if a file cannot be read. */
async function drawTrend(folder: string, { flags, loaded, context }: Asked): Promise<ExitCode> {
  const { io } = context;
  const { renderTrend, TREND_FORMATS } = await import('../../reporters/trend.js');
  const targets = documentTargets(flags.format, TREND_FORMATS, 'trend', io.cwd);
  const files = await reportsIn(folder, io.cwd);
  await checkTargets(targets, loaded, files, io);
  const points: TrendPoint[] = [];
  let newest = { at: Number.NEGATIVE_INFINITY, code: EXIT.clean as ExitCode };
  const unread = await readEach(files, context, (report) => {
    const at = Date.parse(report.run.asOf);
    if (at >= newest.at) newest = { at, code: exitCode(report, loaded.config.failOn) };
    points.push(trendPoint(report));
  });
  if (unread.length > 0)
    context.complain({
      message: `Not every file of ${folder} is in the trend:\n${unread.map((line) => `  - ${line}`).join('\n')}`,
      hint: 'Keep nothing but saved reports in the folder.',
    });
  const [first, ...others] = inTime(points);
  if (first === undefined)
    throw new AuditError(
      'input',
      `No report in ${folder} can be read.`,
      'Check the files with c1-audit report.',
    );
  refuseOthers([first, ...others], folder);
  const left = others.concat(first).filter(({ complete }) => !complete).length;
  if (left > 0)
    context.complain({
      message: `${left} of ${count(points.length, 'report')} ${left === 1 ? 'is' : 'are'} incomplete. Counts of incomplete reports are too low: the trend leaves them out.`,
      hint: '',
    });
  const code = unread.length > 0 ? EXIT.incomplete : newest.code;
  const trend: Trend = [first, ...others];
  return writeDocuments(targets, (format) => [renderTrend(format, trend)], code, context);
}

async function reportsIn(folder: string, cwd: string): Promise<string[]> {
  const names = await readdir(resolve(cwd, folder)).catch((cause) => {
    const code = codeOf(cause);
    throw new AuditError('input', `The folder ${folder} cannot be read (${code}).`, 'Check the path.', {
      cause,
    });
  });
  const files = names.filter((name) => name.endsWith('.json')).sort();
  if (files.length === 0)
    throw new AuditError(
      'input',
      `The folder ${folder} has no .json file.`,
      'Save reports there: c1-audit -f json:reports/2026-11-26.json.',
    );
  return files.map((name) => join(folder, name));
}

function refuseOthers(points: readonly TrendPoint[], folder: string): void {
  const subjects = [...new Set(points.map(trendSubject))];
  if (subjects.length < 2) return;
  const more = subjects.length > 3 ? ` and ${subjects.length - 3} more` : '';
  throw usageError(
    `The reports in ${folder} are of different audits: ${subjects.slice(0, 3).join(', ')}${more}.`,
    'Keep the reports of each tenant and scope in a folder of their own.',
  );
}
