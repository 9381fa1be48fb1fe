import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { inActions, stopCommands } from '../delivery/github.js';
import { type Kept, type OutputTarget, parseTargets, writeReport, writeStream } from '../delivery/output.js';
import { redactReport } from '../engine/redact-report.js';
import type { Report } from '../engine/report.js';
import { parseReport } from '../engine/saved-report.js';
import { AuditError, EXIT, type ExitCode } from '../errors.js';
import type { Io } from '../io.js';
import type { Format } from '../reporters/index.js';
import { type CommandContext, complain } from './context.js';

/** Where to write what is no report, and so does not come in every format. */
type DocumentTarget<F extends Format> = OutputTarget & { readonly format: F };

/**
 * Reads `--format <format>[:<file>]` where only some formats are there.
 *
 * @param what how messages call the document, as in `a plan`
 * @throws AuditError `usage`
 */
export function documentTargets<F extends Format>(
  specs: readonly string[] | undefined,
  formats: readonly F[],
  what: string,
  cwd: string,
): readonly DocumentTarget<F>[] {
  return parseTargets(specs ?? [], cwd).map(({ format, file }) => {
    const known = formats.find((one) => one === format);
    if (known) return { format: known, file };
    throw new AuditError(
      'usage',
      `There is no ${what} in the format ${format}.`,
      `Formats are ${formats.join(', ')}.`,
    );
  });
}

/** Writes a document to every target. One that cannot be written is told, and the others are written all the same. */
export async function writeDocuments<F extends Format>(
  targets: readonly DocumentTarget<F>[],
  render: (format: F) => Promise<Iterable<string>>,
  code: ExitCode,
  context: CommandContext,
): Promise<ExitCode> {
  const { io } = context;
  let failed = false;
  for (const { format, file } of targets) {
    try {
      const parts = inBatches(await render(format));
      if (file !== undefined) await writeReport(file, parts, io.cwd);
      else if (format !== 'json' && inActions(io.env))
        await writeStream(io.stdout, stopCommands([...parts].join('')));
      else await writeStream(io.stdout, parts);
    } catch (error) {
      if (!(error instanceof AuditError)) throw error;
      failed = true;
      complain(error, context);
    }
  }
  return failed ? EXIT.incomplete : code;
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
