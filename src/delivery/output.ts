import { fstatSync, type Stats } from 'node:fs';
import { access, constants, open, rm, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { Report } from '../engine/report.js';
import { AuditError, codeOf, usageError } from '../errors.js';
import type { Io } from '../io.js';
import { FORMATS, type Format, isFormat, loadReporter } from '../reporters/index.js';
import type { ReporterContext } from '../reporters/reporter.js';
import { linkedPath, makeDirectory, type Text, temporaryBeside, writeStream, writeTo } from './files.js';
import { inActions, stopCommands } from './github.js';

/** One report to write: to a file, or to stdout. */
export interface OutputTarget<F extends Format = Format> {
  readonly format: F;
  /** As the user wrote it. */
  readonly file: string | undefined;
}

/**
 * Reads every `--format <format>[:<file>]`. Without any, text goes to stdout.
 *
 * @throws AuditError `usage`
 */
export function parseTargets(specs: readonly string[], cwd: string): readonly OutputTarget[] {
  const targets = (specs.length === 0 ? ['text'] : specs).map(parseTarget);
  const onStdout = targets.filter(({ file }) => file === undefined);
  if (onStdout.length > 1)
    throw usageError(
      `Only one format can go to stdout, not ${onStdout.map(({ format }) => format).join(' and ')}.`,
      'Give the others a file: -f text -f json:report.json.',
    );
  const files = targets.flatMap(({ file }) => (file === undefined ? [] : [resolve(cwd, file)]));
  const twice = files.find((file, index) => files.indexOf(file) !== index);
  if (twice !== undefined)
    throw usageError(`Two formats would go to the file ${twice}.`, 'Give each a file of its own.');
  return targets;
}

function parseTarget(spec: string): OutputTarget {
  const colon = spec.indexOf(':');
  const format = colon === -1 ? spec : spec.slice(0, colon);
  const file = colon === -1 ? undefined : spec.slice(colon + 1);
  if (!isFormat(format))
    throw usageError(`There is no format "${format}".`, `Formats are ${FORMATS.join(', ')}.`);
  if (file === '')
    throw usageError(
      `The format ${format} has a colon but no file.`,
      `Write -f ${format}:report.${format}, or leave the colon out.`,
    );
  return { format, file };
}

/** A file, or an open stream, that no report may overwrite. */
export interface Kept {
  /** Its name in messages, as in `the configuration`. */
  readonly what: string;
  readonly at: string | object;
}

/**
 * Checks that every report can be written and overwrites nothing that is in use: neither what is kept nor another report,
 * also through links. Creates missing directories.
 *
 * @throws AuditError `usage`
 */
export async function prepareTargets(
  targets: readonly OutputTarget[],
  { cwd, stdout, keep }: { readonly cwd: string; readonly stdout: object; readonly keep: readonly Kept[] },
): Promise<void> {
  const taken: { readonly what: string; readonly place: Place }[] = [];
  for (const { what, at } of keep)
    taken.push({ what, place: typeof at === 'string' ? await placeOf(resolve(cwd, at)) : placeOfStream(at) });
  const files = targets.flatMap(({ file }) => (file === undefined ? [] : [file]));
  if (files.length < targets.length)
    taken.push({ what: 'the report on stdout', place: placeOfStream(stdout) });
  const paths: { readonly file: string; readonly path: string }[] = [];
  for (const file of files) {
    const place = await placeOf(resolve(cwd, file));
    const clash = taken.find((other) => isSame(other.place, place));
    if (clash)
      throw usageError(
        `The report ${file} would overwrite ${clash.what}: both are the same file.`,
        'Choose another file.',
      );
    taken.push({ what: `the report ${file}`, place });
    paths.push({ file, path: place.path });
  }
  for (const { file, path } of paths) {
    try {
      await proveWritable(path);
    } catch (cause) {
      const code = codeOf(cause);
      throw new AuditError(
        'usage',
        `Cannot write ${file}: ${REASONS[code] ?? 'the file cannot be created'} (${code}).`,
        'Choose another path, or change its permissions.',
        { cause },
      );
    }
  }
}

/** Runs a part of a delivery and reports its failure; false if it failed. */
export type Attempt = (task: () => Promise<void>) => Promise<boolean>;

interface WriteContext {
  readonly io: Pick<Io, 'cwd' | 'env' | 'stdout'>;
  readonly attempt: Attempt;
}

/** Writes the report to every target; returns the files that were written, by format. */
export async function writeReports(
  report: Report,
  targets: readonly OutputTarget[],
  about: ReporterContext,
  { stdoutIsFree = true, ...context }: WriteContext & { readonly stdoutIsFree?: boolean },
): Promise<Record<string, string>> {
  const render = async (format: Format) => (await loadReporter(format))(report, about);
  const wanted = stdoutIsFree ? targets : targets.filter(({ file }) => file !== undefined);
  const written = await writeTargets(wanted, render, context);
  // What was found is not lost with a file that cannot be written.
  const printed = !stdoutIsFree || wanted.some(({ file }) => file === undefined);
  if (!printed && written.length < wanted.length)
    await writeTargets([{ format: 'text', file: undefined }], render, context);
  return Object.fromEntries(
    written.flatMap(({ format, file }) => (file === undefined ? [] : [[format, file]])),
  );
}

/** Writes a document to every target; returns the targets that worked. */
export async function writeTargets<F extends Format>(
  targets: readonly OutputTarget<F>[],
  render: (format: F) => Promise<Iterable<string | Uint8Array>>,
  { io, attempt }: WriteContext,
): Promise<OutputTarget<F>[]> {
  const written: OutputTarget<F>[] = [];
  for (const target of targets) {
    const { format, file } = target;
    const isDone = await attempt(async () => {
      const parts = await render(format);
      const isForPeople = format === 'text' || format === 'markdown';
      if (file !== undefined) await writeReport(file, parts, io.cwd);
      else if (isForPeople && inActions(io.env))
        await writeStream(io.stdout, stopCommands([...parts].join('')));
      else await writeStream(io.stdout, parts);
    });
    if (isDone) written.push(target);
  }
  return written;
}

/** Where a path leads. */
interface Place {
  readonly path: string;
  /** Of an existing regular file; hard links share it. */
  readonly inode: string | undefined;
}

async function placeOf(path: string): Promise<Place> {
  const file = await linkedPath(path);
  return { path: file, inode: inodeOf(await stat(file).catch(() => undefined)) };
}

function placeOfStream(stream: object): Place {
  const fd = 'fd' in stream && typeof stream.fd === 'number' ? stream.fd : undefined;
  try {
    return { path: '', inode: fd === undefined ? undefined : inodeOf(fstatSync(fd)) };
  } catch {
    // Closed: nothing can be lost there.
    return { path: '', inode: undefined };
  }
}

function inodeOf(found: Stats | undefined): string | undefined {
  return found?.isFile() ? `${found.dev}:${found.ino}` : undefined;
}

function isSame(a: Place, b: Place): boolean {
  return a.path === b.path || (a.inode !== undefined && a.inode === b.inode);
}

/** Tries everything but the content: the directory, the permissions, and a file system that takes new files. */
async function proveWritable(path: string): Promise<void> {
  const found = await stat(path).catch((error) => {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  });
  if (found?.isDirectory()) throw Object.assign(new Error('it is a directory'), { code: 'EISDIR' });
  // A socket cannot be opened as a file.
  if (found?.isSocket()) throw Object.assign(new Error('it is a socket'), { code: 'ENXIO' });
  if (found && !found.isFile()) return access(path, constants.W_OK);
  await makeDirectory(dirname(path));
  const temporary = temporaryBeside(path);
  await (await open(temporary, 'wx', 0o600)).close();
  await rm(temporary, { force: true });
}

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EROFS: 'the file system is read-only',
  EISDIR: 'it is a directory',
  EEXIST: 'a part of the path is not a directory',
  ENOTDIR: 'a part of the path is not a directory',
  ENOENT: 'the directory cannot be created',
  ENAMETOOLONG: 'the name is too long',
  ENOSPC: 'no space left',
  ENXIO: 'it is a socket',
};

/**
 * Writes a report completely or not at all. Only its owner can read it.
 *
 * @throws AuditError `delivery`
 */
async function writeReport(file: string, text: Text, cwd: string): Promise<void> {
  try {
    await writeTo(await linkedPath(resolve(cwd, file)), text);
  } catch (cause) {
    const code = codeOf(cause);
    throw new AuditError('delivery', `The report ${file} could not be written (${code}).`, hintFor(code), {
      cause,
    });
  }
}

function hintFor(code: string): string {
  if (code === 'ENOENT') return 'Create its directory first.';
  if (code === 'ENOSPC' || code === 'EDQUOT') return 'Free some disk space.';
  return 'Choose a file that this user can write.';
}
