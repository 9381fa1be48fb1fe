import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { lstat, readdir, readFile, realpath } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { type AuditError, usageError } from '../errors.js';
import { COPY_FOLDER, PROGRAM, SUMS_FILE } from './interview.js';

/** Contents by path below the directory, with `/`. */
export type Files = ReadonlyMap<string, Buffer>;

/** Copied from the package besides the bundle. Editors check the configuration with the schema. */
const BESIDE_THE_BUNDLE = ['LICENSE', 'THIRD_PARTY_LICENSES.txt', 'sbom.cdx.json', 'schema/config.json'];

/**
 * These override the repository's own files. Converted line endings would break the sums, and an ignored dist directory
 * would not be committed.
 */
const GENERATED: Readonly<Record<string, string>> = {
  '.gitattributes': '* -text !eol !filter !ident !working-tree-encoding\n',
  '.gitignore': '!*\n',
};

/** The fields that the copy's manifest keeps. Not the dependencies, which bots would offer to update. */
const MANIFEST_FIELDS = 'name version description license repository homepage private type engines bin'.split(
  ' ',
);

/**
 * The running program as `init` copies it into a repository, with the sums of all its files.
 *
 * @throws AuditError `usage` if a part of the package is missing.
 */
export async function programFiles(): Promise<Files> {
  const { root, manifest } = await runningPackage();
  const bundle = await namesBelow(join(root, 'dist')).catch(() => []);
  const names = bundle.map((name) => `dist/${name}`).filter((name) => !name.startsWith('dist/types/'));
  if (!names.includes(PROGRAM)) throw incomplete(root, PROGRAM);
  const files = new Map<string, Buffer>();
  for (const name of [...BESIDE_THE_BUNDLE, ...names]) {
    try {
      // At once: of hundreds of small files, each would wait for a thread.
      files.set(name, readFileSync(join(root, name)));
    } catch {
      throw incomplete(root, name);
    }
  }
  const kept = Object.fromEntries(
    MANIFEST_FIELDS.filter((field) => field in manifest).map((field) => [field, manifest[field]]),
  );
  files.set('package.json', Buffer.from(`${JSON.stringify(kept, null, 2)}\n`));
  for (const [name, text] of Object.entries(GENERATED)) files.set(name, Buffer.from(text));
  files.set(SUMS_FILE, Buffer.from(sums(files)));
  return files;
}

/** In the format of `sha256sum`. */
function sums(files: Files): string {
  const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
  const names = [...files.keys()].sort();
  return names.map((name) => `${sha256(files.get(name) as Buffer)}  ${name}\n`).join('');
}

/** The package that this module is part of: a clone, an installed package, or a copy. */
async function runningPackage(): Promise<{ root: string; manifest: Readonly<Record<string, unknown>> }> {
  const start = import.meta.dirname;
  for (let root = start; ; root = dirname(root)) {
    const text = await readFile(join(root, 'package.json'), 'utf8').catch(() => '{}');
    const manifest = JSON.parse(text);
    // The one in dist has only a type.
    if ('name' in manifest) return { root, manifest };
    if (dirname(root) === root) throw incomplete(start, 'package.json');
  }
}

function incomplete(root: string, name: string): AuditError {
  return usageError(
    `c1-audit cannot copy itself: ${name} is missing in ${root}.`,
    'In a clone, run npm ci && npm run build first. Otherwise install the package again.',
  );
}

/**
 * The copy in a repository, and whether it is the running program; undefined without one.
 *
 * @throws AuditError `usage` if a file that c1-audit did not put there would be lost.
 */
export async function currentCopy(folder: string) {
  const path = join(folder, COPY_FOLDER);
  const found = await lstat(path).catch(() => undefined);
  if (found === undefined) return undefined;
  if (!found.isDirectory())
    throw usageError(`${COPY_FOLDER} is not a directory. Nothing was written.`, 'Move it away first.');
  const files = new Map<string, Buffer>();
  for (const name of await namesBelow(path)) {
    // c1-audit writes no links, so their targets are not read.
    const isFile = (await lstat(join(path, name))).isFile();
    files.set(name, isFile ? await readFile(join(path, name)) : Buffer.alloc(0));
  }
  const listed = (files.get(SUMS_FILE)?.toString() ?? '').split('\n').map((line) => line.slice(66).trim());
  const ours = new Set([SUMS_FILE, ...listed]);
  const strangers = [...files.keys()].filter((name) => !ours.has(name)).sort();
  if (strangers.length > 0) {
    const more = strangers.length > 3 ? ` and ${strangers.length - 3} more` : '';
    throw usageError(
      `${COPY_FOLDER} holds files that c1-audit did not put there: ${strangers.slice(0, 3).join(', ')}${more}. Nothing was written.`,
      'Move them elsewhere: init replaces the whole directory.',
    );
  }
  const running = (await realpath(path)) === (await realpath((await runningPackage()).root));
  return { version: versionIn(files.get('package.json')), files, running };
}

function versionIn(manifest: Buffer | undefined): string {
  const version = /"version": "([\w.+-]+)"/.exec(manifest?.toString() ?? '')?.[1];
  return version ?? 'of an unknown version';
}

/** Everything but directories, by path below `path`. */
async function namesBelow(path: string): Promise<string[]> {
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => relative(path, join(entry.parentPath, entry.name)).replaceAll(sep, '/'))
    .sort();
}

export function differences(before: Files, after: Files): string[] {
  const names = [...new Set([...before.keys(), ...after.keys()])].sort();
  return names.flatMap((name) => {
    const [old, next] = [before.get(name), after.get(name)];
    if (old === undefined) return [`added    ${name}`];
    if (next === undefined) return [`removed  ${name}`];
    return old.equals(next) ? [] : [`changed  ${name}`];
  });
}
