import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { deliverDocument } from '../delivery/index.js';
import { type OutputTarget, parseTargets } from '../delivery/output.js';
import { redactReport } from '../engine/redact-report.js';
import type { Report } from '../engine/report.js';
import { parseReport } from '../engine/saved-report.js';
import { AuditError, EXIT, type ExitCode, usageError } from '../errors.js';
import type { Format } from '../reporters/index.js';
import type { CommandContext } from './context.js';
import { unreadable } from './request.js';

/**
 * Reads `--format <format>[:<file>]` for a document that is not available in every format.
 *
 * @param what how messages call the document, as in `a plan`
 * @throws AuditError `usage`
 */
export function documentTargets<F extends Format>(
  specs: readonly string[] | undefined,
  formats: readonly F[],
  what: string,
  cwd: string,
): readonly OutputTarget<F>[] {
  return parseTargets(specs ?? [], cwd).map(({ format, file }) => {
    const known = formats.find((one) => one === format);
    if (known) return { format: known, file };
    throw usageError(`There is no ${what} in the format ${format}.`, `Formats are ${formats.join(', ')}.`);
  });
}

/** Writes a document to every target. Returns `code`, or exit 3 if any target failed. */
export async function writeDocuments<F extends Format>(
  targets: readonly OutputTarget<F>[],
  render: (format: F) => Iterable<string>,
  code: ExitCode,
  context: CommandContext,
): Promise<ExitCode> {
  const delivered = await deliverDocument(targets, async (format) => inBatches(render(format)), context);
  return delivered ? code : EXIT.incomplete;
}

const BATCH = 64 * 1024;

/** Parts of some tens of kilobytes: each is a write of its own. */
function* inBatches(parts: Iterable<string>): Generator<string> {
  let batch = '';
  for (const part of parts) {
    batch += part;
    if (batch.length < BATCH) continue;
    yield batch;
    batch = '';
  }
  if (batch !== '') yield batch;
}

/**
 * Reads a report that was written with `-f json`.
 *
 * @param file `-` for stdin
 * @throws AuditError `input`
 */
export async function readSavedReport(file: string, { io, redactor }: CommandContext): Promise<Report> {
  const isStdin = file === '-';
  const written = isStdin
    ? await text(io.stdin)
    : await readFile(resolve(io.cwd, file), 'utf8').catch((cause) => {
        throw unreadable('report', file, cause);
      });
  const report = parseReport(written, isStdin ? 'stdin' : file);
  return redactReport(report, (text) => redactor.redact(text), 'file');
}

/**
 * Reads saved reports one at a time: a year of them does not fit into memory.
 *
 * @returns why files cannot be read
 */
export async function readEach(
  files: readonly string[],
  context: CommandContext,
  use: (report: Report, file: string) => void,
): Promise<string[]> {
  const unread: string[] = [];
  for (const file of files) {
    try {
      use(await readSavedReport(file, context), file);
    } catch (error) {
      if (!(error instanceof AuditError)) throw error;
      unread.push(error.message);
    }
  }
  return unread;
}
