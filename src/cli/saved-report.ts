import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import type { Kept } from '../delivery/output.js';
import { redactReport } from '../engine/redact-report.js';
import type { Report } from '../engine/report.js';
import { parseReport } from '../engine/saved-report.js';
import { AuditError } from '../errors.js';
import type { Io } from '../io.js';
import type { CommandContext } from './main.js';

/**
 * Reads a report that `-f json` wrote.
 *
 * @param file `-` for stdin
 * @throws AuditError `input`
 */
export async function readSavedReport(file: string, { io, redactor }: CommandContext): Promise<Report> {
  const report = await read(file, io);
  return redactReport(report, (text) => redactor.redact(text), 'file');
}

async function read(file: string, { cwd, stdin }: Pick<Io, 'cwd' | 'stdin'>): Promise<Report> {
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

/** What a command reads: no report may take its place. */
export function inputsKept(files: readonly string[], io: Pick<Io, 'stdin'>): Kept[] {
  return files.map((file) => ({ what: 'its own input', at: file === '-' ? io.stdin : file }));
}

/** The configuration in use, likewise. */
export function configurationKept(file: { readonly path: string } | undefined): Kept[] {
  return file ? [{ what: 'the configuration', at: file.path }] : [];
}
