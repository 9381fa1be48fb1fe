import { randomBytes } from 'node:crypto';
import { open, realpath, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import type { Writable } from 'node:stream';
import { AuditError } from '../errors.js';
import { FORMATS, type Format, isFormat } from '../reporters/index.js';

/** One report to write: to a file, or to stdout. */
export interface OutputTarget {
  readonly format: Format;
  /** As the user wrote it. */
  readonly file: string | undefined;
}

/**
 * Reads `--format <format>[:<file>]`, as often as it was given. Without any, text goes to stdout.
 *
 * @throws AuditError `usage`
 */
export function parseTargets(specs: readonly string[], cwd: string): readonly OutputTarget[] {
  const targets = (specs.length === 0 ? ['text'] : specs).map(parseTarget);
  const onStdout = targets.filter(({ file }) => file === undefined);
  if (onStdout.length > 1) {
    throw new AuditError(
      'usage',
      `Only one format can go to stdout, not ${onStdout.map(({ format }) => format).join(' and ')}.`,
      'Give the others a file: -f text -f json:report.json.',
    );
  }
  const files = targets.flatMap(({ file }) => (file === undefined ? [] : [resolve(cwd, file)]));
  const twice = files.find((file, index) => files.indexOf(file) !== index);
  if (twice !== undefined)
    throw new AuditError(
      'usage',
      `Two formats would go to the file ${twice}.`,
      'Give each a file of its own.',
    );
  return targets;
}

function parseTarget(spec: string): OutputTarget {
  const colon = spec.indexOf(':');
  const format = colon === -1 ? spec : spec.slice(0, colon);
  const file = colon === -1 ? undefined : spec.slice(colon + 1);
  if (!isFormat(format))
    throw new AuditError('usage', `There is no format "${format}".`, `Formats are ${FORMATS.join(', ')}.`);
  if (file === '')
    throw new AuditError(
      'usage',
      `The format ${format} has a colon but no file.`,
      `Write -f ${format}:report.${format}, or leave the colon out.`,
    );
  return { format, file };
}

/**
 * Writes a report whole or not at all: into a temporary file beside it, which then takes its name. Only its owner can
 * read it.
 *
 * @throws AuditError `delivery`
 */
export async function writeReport(file: string, text: string | Iterable<string>, cwd: string): Promise<void> {
  // What a link points to is replaced, not the link; and a device or pipe is written to, never replaced.
  const path = await realpath(resolve(cwd, file)).catch(() => resolve(cwd, file));
  if (await isSpecial(path)) return writeThrough(file, path, text);
  const temporary = temporaryBeside(path);
  try {
    const handle = await open(temporary, 'wx', 0o600);
    try {
      for (const part of partsOf(text)) await handle.writeFile(part);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, path);
  } catch (cause) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw notWritten(file, cause);
  }
}

/** A name of its own for what is to take the place of `path` once it is whole. */
export function temporaryBeside(path: string): string {
  return join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}.tmp`);
}

async function isSpecial(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => !found.isFile() && !found.isDirectory(),
    () => false,
  );
}

async function writeThrough(file: string, path: string, text: string | Iterable<string>): Promise<void> {
  try {
    const handle = await open(path, 'a');
    try {
      for (const part of partsOf(text)) await handle.writeFile(part);
    } finally {
      await handle.close();
    }
  } catch (cause) {
    throw notWritten(file, cause);
  }
}

function notWritten(file: string, cause: unknown): AuditError {
  const code = (cause as NodeJS.ErrnoException).code ?? 'unknown error';
  return new AuditError('delivery', `The report ${file} could not be written (${code}).`, hintFor(code), {
    cause,
  });
}

function hintFor(code: string): string {
  if (code === 'ENOENT') return 'Make its folder first.';
  if (code === 'ENOSPC' || code === 'EDQUOT') return 'Make room on the disk.';
  return 'Name a file that this user may write.';
}

function partsOf(text: string | Iterable<string>): Iterable<string> {
  return typeof text === 'string' ? [text] : text;
}

/**
 * Writes to a stream, each part once the stream has taken the one before, and waits until it has taken everything.
 *
 * @throws AuditError `delivery` when the reader has gone away.
 */
export async function writeStream(stream: Writable, text: string | Iterable<string>): Promise<void> {
  for (const part of partsOf(text)) await writePart(stream, part);
}

function writePart(stream: Writable, text: string): Promise<void> {
  return new Promise((done, fail) => {
    stream.write(text, (cause) => {
      if (cause) {
        fail(
          new AuditError(
            'delivery',
            `The report could not be written to stdout (${(cause as NodeJS.ErrnoException).code ?? cause.message}).`,
            'Check what reads it.',
            { cause },
          ),
        );
      } else done();
    });
  });
}
