import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Rule } from '../contract/index.js';
import { isMapping } from './check.js';
import { checkRule } from './check-rule.js';
import { type Problem, problemsError } from './problem.js';
import { looksSecret, quoteError } from './secrets.js';

export { checkRule } from './check-rule.js';

export interface LoadedPlugins {
  readonly rules: readonly Rule[];
  readonly problems: readonly Problem[];
}

/**
 * The rules of plug-ins, in the order named.
 *
 * `specs`: paths (`./rules/ours.mjs`, relative to `baseDir`) or packages (resolved from `baseDir`). Throws an
 * AuditError (`config`) that lists every mistake of every plug-in.
 */
export async function loadPlugins(
  specs: readonly string[],
  baseDir: string,
  builtInIds: Iterable<string>,
): Promise<readonly Rule[]> {
  const { rules, problems } = await tryPlugins(specs, baseDir, builtInIds);
  if (problems.length > 0) throw problemsError(problems);
  return rules;
}

/** The same, with the mistakes as data. Rules that have none are in `rules`. */
export async function tryPlugins(
  specs: readonly string[],
  baseDir: string,
  builtInIds: Iterable<string>,
): Promise<LoadedPlugins> {
  const rules: Rule[] = [];
  const problems: Problem[] = [];
  const homes = new Map([...builtInIds].map((id) => [id, 'the built-in rules']));
  for (const spec of specs) {
    const where = `plug-in ${looksSecret(spec) ? '(a secret)' : spec}`;
    const exported = await importPlugin(spec, baseDir);
    if ('problem' in exported) {
      problems.push({ where, message: exported.problem });
      continue;
    }
    const several = Array.isArray(exported.value);
    for (const [index, candidate] of (several ? (exported.value as unknown[]) : [exported.value]).entries()) {
      const found = checkRule(candidate, { plugin: true });
      const label = labelOf(candidate, several ? index : undefined);
      for (const { field, message } of found) {
        problems.push({ where, key: [label, field].filter((part) => part !== '').join(': '), message });
      }
      if (found.length > 0) continue;
      const rule = candidate as Rule;
      const home = homes.get(rule.id);
      if (home) problems.push({ where, key: `${label}: id`, message: `is taken already, by ${home}` });
      else rules.push(rule);
      homes.set(rule.id, home ?? where);
    }
  }
  return { rules, problems };
}

/** What a rule is called before it is known to be one: its id, or its place in the list. */
function labelOf(candidate: unknown, index: number | undefined): string {
  try {
    if (isMapping(candidate) && typeof candidate.id === 'string' && /^[\w/-]{1,80}$/.test(candidate.id)) {
      return candidate.id;
    }
  } catch {
    // A getter that throws: checkRule says so.
  }
  return index === undefined ? '' : `rule ${index + 1}`;
}

type Imported = { readonly value: unknown } | { readonly problem: string };

async function importPlugin(spec: string, baseDir: string): Promise<Imported> {
  if (looksSecret(spec)) return { problem: 'its name looks like a secret' };
  const file = await resolvePlugin(spec, baseDir);
  if (file === undefined) {
    const hint = /[\\/]|\.[cm]?js$/.test(spec) && !isPath(spec) ? `; a path begins with ./ (./${spec})` : '';
    return { problem: `${isPath(spec) ? 'there is no such file' : 'no such package is installed'}${hint}` };
  }
  let module: Record<string, unknown>;
  try {
    module = await import(pathToFileURL(file).href);
  } catch (error) {
    return { problem: `cannot be loaded: ${quoteError(error)}` };
  }
  if (!Object.hasOwn(module, 'default'))
    return { problem: 'has no default export: export a rule or a list of rules' };
  // A module compiled to CommonJS keeps its default export one level down.
  const outer = module.default;
  const value = isMapping(outer) && outer.__esModule === true ? outer.default : outer;
  if (Array.isArray(value) && value.length === 0)
    return { problem: 'exports an empty list: export a rule or a list of rules' };
  return { value };
}

function isPath(spec: string): boolean {
  return /^\.{1,2}[\\/]|^file:/.test(spec) || path.isAbsolute(spec);
}

/** The file of a plug-in, absolute; undefined where there is none. */
async function resolvePlugin(spec: string, baseDir: string): Promise<string | undefined> {
  if (spec.startsWith('file:')) return existing(fileURLToPath(spec));
  if (isPath(spec)) return existing(path.resolve(baseDir, spec));
  const require = createRequire(path.join(baseDir, 'c1-audit.config.js'));
  try {
    const found = require.resolve(spec);
    return path.isAbsolute(found) ? found : undefined;
  } catch {
    return importOnly(spec, require.resolve.paths(spec) ?? []);
  }
}

async function existing(file: string): Promise<string | undefined> {
  return (await read(file)) === undefined ? undefined : file;
}

async function read(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch {
    return undefined;
  }
}

/** A package that can only be imported: `require.resolve` does not see it, and no stable API resolves from a folder. */
async function importOnly(spec: string, folders: readonly string[]): Promise<string | undefined> {
  const [, name = '', rest = ''] = /^((?:@[^/]+\/)?[^/]+)(\/.*)?$/.exec(spec) ?? [];
  for (const folder of folders) {
    const manifest = await read(path.join(folder, name, 'package.json'));
    if (manifest === undefined) continue;
    const target = exportTarget(parse(manifest)?.exports, `.${rest}`);
    return target === undefined ? undefined : existing(path.join(folder, name, target));
  }
  return undefined;
}

function parse(manifest: string): { exports?: unknown } | undefined {
  try {
    return JSON.parse(manifest);
  } catch {
    return undefined;
  }
}

const CONDITIONS = ['node', 'import', 'default'];

function exportTarget(exported: unknown, entry: string): string | undefined {
  if (typeof exported === 'string') return entry === '.' ? exported : undefined;
  if (!isMapping(exported)) return undefined;
  const isSubpaths = Object.keys(exported).some((key) => key.startsWith('.'));
  if (isSubpaths) return Object.hasOwn(exported, entry) ? conditional(exported[entry]) : undefined;
  return entry === '.' ? conditional(exported) : undefined;
}

function conditional(target: unknown): string | undefined {
  if (typeof target === 'string') return target;
  if (!isMapping(target)) return undefined;
  for (const [condition, inner] of Object.entries(target)) {
    const found = CONDITIONS.includes(condition) ? conditional(inner) : undefined;
    if (found !== undefined) return found;
  }
  return undefined;
}
