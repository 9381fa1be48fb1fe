import { readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { LoadedConfig } from '../../config/load.js';
import { count } from '../../contract/words.js';
import { exitCode } from '../../engine/report.js';
import { inTime, type TrendPoint, trendPoint, trendSubject } from '../../engine/trend.js';
import { AuditError, codeOf, EXIT, type ExitCode } from '../../errors.js';
import { renderTrend, TREND_FORMATS, type Trend } from '../../reporters/trend.js';
import type { CommandContext } from '../context.js';
import { documentTargets, readSavedReport, writeDocuments } from '../documents.js';
import type { ReportFlags } from '../flags.js';
import { checkTargets } from '../request.js';

/** What the saved reports of a folder say over time. Exits as its newest report does, and with 3 if a file cannot be read. */
export async function trendCommand(
  folder: string,
  flags: ReportFlags,
  loaded: LoadedConfig,
  context: CommandContext,
): Promise<ExitCode> {
  const { io } = context;
  const targets = documentTargets(flags.format, TREND_FORMATS, 'trend', io.cwd);
  const files = await reportsIn(folder, io.cwd);
  await checkTargets(targets, loaded, files, io);
  const { points, unread, newest } = await readPoints(files, loaded.config.failOn, context);
  if (unread.length > 0)
    context.complain({
      message: `Not every file of ${folder} is in the trend:\n${unread.map((line) => `  - ${line}`).join('\n')}`,
      hint: 'Keep nothing but saved reports in the folder.',
    });
  const [first, ...others] = inTime(points);
  if (first === undefined || newest === undefined)
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

/** What the files say, the exit code of the newest report, and why files cannot be read. */
async function readPoints(
  files: readonly string[],
  failOn: LoadedConfig['config']['failOn'],
  context: CommandContext,
) {
  const points: TrendPoint[] = [];
  const unread: string[] = [];
  let newest: { readonly at: number; readonly code: ExitCode } | undefined;
  // One at a time: a year of reports does not fit into memory.
  for (const file of files) {
    try {
      const report = await readSavedReport(file, context);
      const at = Date.parse(report.run.asOf);
      if (newest === undefined || at >= newest.at) newest = { at, code: exitCode(report, failOn) };
      points.push(trendPoint(report));
    } catch (error) {
      if (!(error instanceof AuditError)) throw error;
      unread.push(error.message);
    }
  }
  return { points, unread, newest };
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
  throw new AuditError(
    'usage',
    `The reports in ${folder} are of different audits: ${subjects.slice(0, 3).join(', ')}${more}.`,
    'Keep the reports of each tenant and scope in a folder of their own.',
  );
}
