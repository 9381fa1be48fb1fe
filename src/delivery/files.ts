import {
  constants,
  lstat,
  mkdir,
  open,
  readFile,
  readlink,
  realpath,
  rename,
  rm,
  stat,
} from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import type { Writable } from 'node:stream';
import { AuditError, codeOf } from '../errors.js';

/** What is written: one text, or parts of one. */
export type Text = string | Iterable<string | Uint8Array>;

/**
 * Writes each part when the stream has taken the one before, until it has taken everything or its reader has left.
 *
 * @throws AuditError `delivery` if it cannot be written
 */
export async function writeStream(stream: Writable, text: Text): Promise<void> {
  for (const part of partsOf(text)) if (!(await writePart(stream, part))) return;
}

/** False if the reader has left. */
function writePart(stream: Writable, part: string | Uint8Array): Promise<boolean> {
  return new Promise((done, fail) => {
    stream.write(part, (cause) => {
      if (cause && READER_LEFT.has(codeOf(cause))) done(false);
      else if (cause) {
        fail(
          new AuditError(
            'delivery',
            `The report could not be written to stdout (${codeOf(cause)}).`,
            'Check where stdout goes, and that there is space.',
            { cause },
          ),
        );
      } else done(true);
    });
  });
}

/** How writing fails if the reader has closed its end (`| head`, leaving `less`), which is not an error. */
const READER_LEFT: ReadonlySet<string> = new Set(['EPIPE', 'ECONNRESET', 'EOF', 'ERR_STREAM_DESTROYED']);

/** Reads a file that somebody else may have put there. A pipe, which would be waited for without end, reads as empty. */
export function readAtOnce(path: string): Promise<Buffer> {
  // Windows has no such flag.
  const { O_RDONLY, O_NONBLOCK = 0 } = constants;
  return readFile(path, { flag: O_RDONLY | O_NONBLOCK });
}

/** Replaces a file, or writes to a device or pipe. */
export async function writeTo(path: string, text: Text): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  const isSpecial = found && !found.isFile() && !found.isDirectory();
  return isSpecial ? writeThrough(path, text) : replaceFile(path, text);
}

async function writeThrough(path: string, text: Text): Promise<void> {
  try {
    const handle = await open(path, 'a');
    try {
      for (const part of partsOf(text)) await handle.writeFile(part);
    } finally {
      await handle.close();
    }
  } catch (cause) {
    if (!READER_LEFT.has(codeOf(cause))) throw cause;
  }
}

/** Whoever reads the file, at any moment and after any crash, finds the old content or the new. Only its owner can read it. */
export async function replaceFile(
  path: string,
  text: Text,
  temporary = temporaryBeside(path),
): Promise<void> {
  try {
    const handle = await open(temporary, 'wx', 0o600);
    try {
      for (const part of partsOf(text)) await handle.writeFile(part);
      // Without it the rename may reach the disk before the content.
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, path);
  } catch (cause) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw cause;
  }
}

/** A new name beside `path` for its next content. */
export function temporaryBeside(path: string): string {
  return join(dirname(path), `.${basename(path)}.${crypto.randomUUID().slice(-12)}.tmp`);
}

function partsOf(text: Text): Exclude<Text, string> {
  return typeof text === 'string' ? [text] : text;
}

/**
 * Creates a directory and those above it.
 *
 * Not with `recursive`: below /proc, where nothing can be created, Node.js then never returns.
 */
export async function makeDirectory(path: string): Promise<void> {
  const make = () =>
    mkdir(path).catch(async (error) => {
      if (codeOf(error) !== 'EEXIST' || !(await stat(path)).isDirectory()) throw error;
    });
  const found = await stat(path).catch(() => undefined);
  if (found?.isDirectory()) return;
  const parent = dirname(path);
  if (parent !== path && (await lstat(parent).catch(() => undefined)) === undefined)
    await makeDirectory(parent);
  await make();
}

/**
 * Follows all links in a path, also if nothing exists there yet.
 *
 * @param path absolute
 */
export async function linkedPath(path: string, links = 0): Promise<string> {
  // A pipe behind /dev/stdout exists and has no other name.
  if (await isThere(path)) return realpath(path).catch(() => path);
  const target = await readlink(path).catch(() => undefined);
  if (target !== undefined) return links < 40 ? linkedPath(resolve(dirname(path), target), links + 1) : path;
  const parent = dirname(path);
  return parent === path ? path : join(await linkedPath(parent, links), basename(path));
}

function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
