import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import type { OutputTarget } from '../delivery/output.js';
import type { Report } from '../engine/report.js';
import { parseReport } from '../engine/saved-report.js';
import { AuditError } from '../errors.js';
import type { Io } from '../io.js';

/**
 * Reads a report that `-f json` wrote.
 *
 * @param file `-` for stdin
 * @throws AuditError `input`
 */
export async function readSavedReport(
  file: string,
  { cwd, stdin }: Pick<Io, 'cwd' | 'stdin'>,
): Promise<Report> {
  if (file === '-') return parseReport(await text(stdin), 'stdin');
  try {
    return parseReport(await readFile(resolve(cwd, file), 'utf8'), file);
  } catch (cause) {
    if (cause instanceof AuditError) throw cause;
    const code = (cause as NodeJS.ErrnoException).code ?? 'unknown error';
    throw new AuditError(
      'input',
      `The report ${file} cannot be read (${code}).`,
      'Check the path; - reads from stdin.',
      { cause },
    );
  }
}

/** @throws AuditError `usage` where what is written would take the place of what is read. */
export function refuseOverwriting(
  files: readonly string[],
  targets: readonly OutputTarget[],
  cwd: string,
): void {
  const read = files.map((file) => resolve(cwd, file));
  const clash = targets.find(({ file }) => file !== undefined && read.includes(resolve(cwd, file)));
  if (clash)
    throw new AuditError(
      'usage',
      `The report ${clash.file} would be written over itself.`,
      'Name another file.',
    );
}
