import { readFile, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Part, Path } from '../check.js';
import { AuditError, codeOf } from '../errors.js';
import type { Position, Problem } from './problem.js';
import { quoteError } from './secrets.js';

/** In the working directory, else in the nearest directory above it that has one. */
export const CONFIG_NAMES = ['yaml', 'yml', 'json', 'mjs', 'js'].map((end) => `c1-audit.config.${end}`);

/** A configuration file as it was found: read, not yet checked. */
export interface ConfigFile {
  /** For messages: relative to the working directory if it is inside. */
  readonly name: string;
  /** Absolute. */
  readonly path: string;
  /** For secrets in comments. */
  readonly text: string;
  /** Plain data; undefined if the file cannot be read in the format of its name. */
  readonly value: unknown;
  readonly problems: readonly Problem[];
  readonly locate: (path: Path, part: Part) => Position | undefined;
}

/** Where a configuration is looked for. */
interface Search {
  readonly cwd: string;
  /** The search does not go above it. */
  readonly home: string | undefined;
}

/**
 * The configuration file to use, absolute; undefined where there is none.
 *
 * Without a name, the working directory is searched first, then those above it. The search ends at the first directory
 * that has a configuration, at the root of a repository (`.git`), at the home directory, or at the file system's root.
 *
 * Throws an AuditError (`config`) where the named one is missing, where several are in one directory, or where the one
 * above the working directory may be a stranger's.
 */
export async function findConfig(
  { cwd, home }: Search,
  named: string | undefined,
): Promise<string | undefined> {
  if (named !== undefined) {
    const file = path.resolve(cwd, named);
    if (await isFile(file)) return file;
    throw new AuditError(
      'config',
      `there is no configuration file ${named}`,
      'Name one that exists, or leave it out.',
    );
  }
  const start = path.resolve(cwd);
  const homes = home === undefined ? [] : [path.resolve(home), await realpath(home).catch(() => home)];
  for (let folder = start; ; folder = path.dirname(folder)) {
    const file = await configIn(folder);
    if (file !== undefined) {
      if (folder !== start) await refuseStrangers(file);
      return file;
    }
    if (homes.includes(folder) || path.dirname(folder) === folder) return undefined;
    if (await exists(path.join(folder, '.git'))) return undefined;
  }
}

async function configIn(folder: string): Promise<string | undefined> {
  const found: string[] = [];
  for (const name of CONFIG_NAMES) if (await isFile(path.join(folder, name))) found.push(name);
  if (found.length > 1) {
    throw new AuditError(
      'config',
      `several configuration files in ${folder}: ${found.join(', ')}`,
      'Keep one of them, or name the one to use with --config.',
    );
  }
  return found[0] === undefined ? undefined : path.join(folder, found[0]);
}

/** Anybody may leave a file in /tmp, and a configuration can run code. */
async function refuseStrangers(file: string): Promise<void> {
  const { uid } = await stat(file);
  const { mode } = await stat(path.dirname(file));
  const own = process.getuid?.();
  if (own === undefined || uid === own || uid === 0 || (mode & 0o002) === 0) return;
  throw new AuditError(
    'config',
    `the configuration file ${file} belongs to another user, in a directory that everybody may write to`,
    'If you trust it, name it with --config. Otherwise work in a directory of your own.',
  );
}

function exists(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  );
}

async function isFile(file: string): Promise<boolean> {
  try {
    return (await stat(file)).isFile();
  } catch (error) {
    // Anything but "not there" must not pass for "no configuration": reading it will say what is wrong.
    const { code } = error as NodeJS.ErrnoException;
    return code !== 'ENOENT' && code !== 'ENOTDIR';
  }
}

/** Reads a configuration file. What is wrong inside of it is in `problems`; only a file that cannot be opened throws. */
export async function readConfig(file: string, cwd: string): Promise<ConfigFile> {
  const relative = path.relative(cwd, file);
  const name = relative.startsWith('..') || path.isAbsolute(relative) ? file : relative;
  const text = await readText(file, name);
  const kind = path.extname(file).toLowerCase();
  if (text === undefined) {
    return unread(file, name, '', 'is not UTF-8 text: save it as UTF-8');
  }
  if (kind === '.mjs' || kind === '.js') return importConfig(file, name, text);
  if (kind !== '.json' && kind !== '.yaml' && kind !== '.yml') {
    return unread(file, name, text, 'its name must end in .yaml, .yml, .json, .mjs or .js');
  }
  if (kind === '.json' && text.trim() === '') {
    return { name, path: file, text, value: null, problems: [], locate: () => undefined };
  }
  // Loaded here only: runs without such a file need no YAML.
  const { parseConfigText } = await import('./yaml.js');
  const { value, problems, locate } = parseConfigText(text, kind === '.json');
  return {
    name,
    path: file,
    text,
    value,
    problems: problems.map((problem) => ({ where: name, ...problem })),
    locate,
  };
}

async function readText(file: string, name: string): Promise<string | undefined> {
  let bytes: Buffer;
  try {
    bytes = await readFile(file);
  } catch (cause) {
    const code = codeOf(cause);
    throw new AuditError(
      'config',
      `cannot read the configuration file ${name} (${code})`,
      'Check that it is a readable file.',
      { cause },
    );
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

function unread(file: string, name: string, text: string, message: string): ConfigFile {
  return {
    name,
    path: file,
    text,
    value: undefined,
    problems: [{ where: name, message }],
    locate: () => undefined,
  };
}

async function importConfig(file: string, name: string, text: string): Promise<ConfigFile> {
  let module: { default?: unknown };
  try {
    module = await import(pathToFileURL(file).href);
  } catch (error) {
    return unread(file, name, text, `cannot be loaded: ${quoteError(error)}`);
  }
  if (!Object.hasOwn(module, 'default')) {
    return unread(file, name, text, 'has no default export: write `export default { … }`');
  }
  return { name, path: file, text, value: module.default, problems: [], locate: () => undefined };
}
