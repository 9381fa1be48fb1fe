import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { AuditError } from '../errors.js';
import type { Part, Path } from './check.js';
import type { Position, Problem } from './problem.js';
import { quoteError } from './secrets.js';

/** Looked for in the working directory. */
export const CONFIG_NAMES = ['yaml', 'yml', 'json', 'mjs', 'js'].map((end) => `c1-audit.config.${end}`);

/** A configuration file as it was found: read, not yet checked. */
export interface ConfigFile {
  /** As messages call it: relative to the working directory where it lies in there. */
  readonly name: string;
  /** Absolute. */
  readonly path: string;
  /** For secrets in comments. */
  readonly text: string;
  /** Plain data; undefined where the file cannot be read as what its name says. */
  readonly value: unknown;
  readonly problems: readonly Problem[];
  readonly locate: (path: Path, part: Part) => Position | undefined;
}

/**
 * The configuration file to use, absolute; undefined where there is none.
 *
 * Throws an AuditError (`config`) where the named one is missing, or where several lie in the working directory.
 */
export async function findConfig(cwd: string, named: string | undefined): Promise<string | undefined> {
  if (named !== undefined) {
    const file = path.resolve(cwd, named);
    if (await isFile(file)) return file;
    throw new AuditError(
      'config',
      `there is no configuration file ${named}`,
      'Name one that exists, or leave it out.',
    );
  }
  const found: string[] = [];
  for (const name of CONFIG_NAMES) if (await isFile(path.join(cwd, name))) found.push(name);
  if (found.length > 1) {
    throw new AuditError(
      'config',
      `several configuration files: ${found.join(', ')}`,
      'Keep one of them, or name the one to use with --config.',
    );
  }
  return found[0] === undefined ? undefined : path.join(cwd, found[0]);
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
    const code = (cause as NodeJS.ErrnoException).code ?? 'unknown error';
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
