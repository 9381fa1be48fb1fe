import type { LoadedConfig } from '../../config/load.js';
import { type MergePart, mergeExitCode, mergeReports } from '../../engine/merge.js';
import { AuditError, type ExitCode } from '../../errors.js';
import { MERGE_FORMATS, problemLines, renderMerge } from '../../reporters/merged.js';
import type { CommandContext } from '../context.js';
import { documentTargets, readSavedReport, writeDocuments } from '../documents.js';
import type { ReportFlags } from '../flags.js';
import { checkTargets } from '../request.js';

/** One overview of several saved reports. A report that cannot be read is named and makes it incomplete. */
export async function mergeCommand(
  files: readonly string[],
  flags: ReportFlags,
  loaded: LoadedConfig,
  context: CommandContext,
): Promise<ExitCode> {
  const { io } = context;
  if (files.length === 0)
    throw new AuditError(
      'usage',
      'report --merge needs at least one saved report.',
      'Usage: c1-audit report --merge <a.json> <b.json> …; - for one of them reads from stdin.',
    );
  if (files.filter((file) => file === '-').length > 1)
    throw new AuditError(
      'usage',
      'Only one of the reports can come from stdin.',
      'Name the others as files.',
    );
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
  throw new AuditError(
    'usage',
    `--max-age ${JSON.stringify(text)} is not a duration.`,
    'Write a number above 0 and m, h or d: 36h, 2d.',
  );
}
