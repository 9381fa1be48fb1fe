import { readFile, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Flaw, type Part, type Path, writePath } from '../check.js';
import { AuditError, codeOf } from '../errors.js';
import { type Position, type Problem, quoteError } from './problem.js';

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
    if (await stat(path.join(folder, '.git')).catch(() => undefined)) return undefined;
  }
}

async function configIn(folder: string): Promise<string | undefined> {
  const found: string[] = [];
  for (const name of CONFIG_NAMES) if (await isFile(path.join(folder, name))) found.push(name);
  if (found.length > 1)
    throw new AuditError(
      'config',
      `several configuration files in ${folder}: ${found.join(', ')}`,
      'Keep one of them, or name the one to use with --config.',
    );
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
  const read = (found: Read): ConfigFile => ({
    name,
    path: file,
    text: text ?? '',
    value: found.value,
    problems: (found.problems ?? []).map((problem) => ({ where: name, ...problem })),
    locate: found.locate ?? (() => undefined),
  });
  if (text === undefined) return read(unread('is not UTF-8 text: save it as UTF-8'));
  if (kind === '.mjs' || kind === '.js') return read(await importConfig(file));
  if (kind !== '.json' && kind !== '.yaml' && kind !== '.yml')
    return read(unread('its name must end in .yaml, .yml, .json, .mjs or .js'));
  if (kind === '.json' && text.trim() === '') return read({ value: null });
  // Loaded here only: runs without such a file need no YAML.
  const { parseConfigText } = await import('./yaml.js');
  return read(parseConfigText(text, kind === '.json'));
}

/** What a file holds, as far as it can be read. */
interface Read extends Partial<Pick<ConfigFile, 'locate'>> {
  readonly value: unknown;
  readonly problems?: readonly Omit<Problem, 'where'>[];
}

function unread(message: string): Read {
  return { value: undefined, problems: [{ message }] };
}

export function problemIn({ name, locate }: Pick<ConfigFile, 'name' | 'locate'>, flaw: Flaw): Problem {
  const { path: at, part, message } = flaw;
  return { where: name, position: locate(at, part), key: writePath(at), message };
}

async function readText(file: string, name: string): Promise<string | undefined> {
  let bytes: Buffer;
  try {
    bytes = await readFile(file);
  } catch (cause) {
    throw new AuditError(
      'config',
      `cannot read the configuration file ${name} (${codeOf(cause)})`,
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

async function importConfig(file: string): Promise<Read> {
  let module: { default?: unknown };
  try {
    module = await import(pathToFileURL(file).href);
  } catch (error) {
    return unread(`cannot be loaded: ${quoteError(error)}`);
  }
  if (!Object.hasOwn(module, 'default')) return unread('has no default export: write `export default { … }`');
  return { value: module.default };
}

export interface Origin {
  readonly from: 'flag' | 'environment' | 'file' | 'profile' | 'default';
  /** As people look for it: `--scope`, `C1_AUDIT_SCOPE`, `c1-audit.config.yaml:3`, `profile cis`, `default`. */
  readonly at: string;
}

/** By key path: `scope`, `rules.unused.days`, `rules.unused` (on or off), `waivers`, `slack.when`. */
export type Origins = ReadonlyMap<string, Origin>;

export const DEFAULT: Origin = { from: 'default', at: 'default' };

/** Where a value comes from that only the file can set. */
export function originIn(file: ConfigFile | undefined, value: unknown, at: Path): Origin {
  if (value === undefined || value === null || !file) return DEFAULT;
  const line = file.locate(at, 'key')?.line;
  return { from: 'file', at: line === undefined ? file.name : `${file.name}:${line}` };
}
