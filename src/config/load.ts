import { homedir } from 'node:os';
import path from 'node:path';
import { isMapping } from '../check.js';
import type { Rule } from '../contract/index.js';
import { loadCustomRules, loadPlugins } from './plugins.js';
import { problemsError } from './problem.js';
import { type ConfigFile, findConfig, readConfig } from './read.js';
import { type ConfigFlags, configProblems, type Resolved, readVariable, resolveConfig } from './resolve.js';

interface LoadInput {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly flags: ConfigFlags;
  /** `--config`. */
  readonly configPath?: string | undefined;
  /** false: a file is read only if one is named. Default: it is searched for. */
  readonly discover?: boolean;
  /** The run's clock, in milliseconds. */
  readonly now: number;
  readonly builtIns: readonly Rule[];
  /** Called before plug-ins or a configuration that is a module run: they may block the program. */
  readonly beforeForeignCode?: (() => void) | undefined;
}

export interface LoadedConfig extends Resolved {
  /** The built-in rules, then those of plug-ins and of the configuration. */
  readonly rules: readonly Rule[];
  /** undefined: there is no configuration file. */
  readonly file: ConfigFile | undefined;
}

/**
 * Finds, reads, checks and merges all settings of a run, its plug-ins included.
 *
 * Throws an AuditError (`config`, or `usage` for flags alone) that lists every mistake at once.
 */
export async function loadConfig({
  cwd,
  env,
  flags,
  configPath,
  discover = true,
  now,
  builtIns,
  beforeForeignCode,
}: LoadInput): Promise<LoadedConfig> {
  const named = configPath ?? readVariable(env, 'C1_AUDIT_CONFIG');
  const found =
    named !== undefined || discover ? await findConfig({ cwd, home: homeOf(env) }, named) : undefined;
  if (found !== undefined && /\.m?js$/i.test(found)) beforeForeignCode?.();
  const file = found === undefined ? undefined : await readConfig(found, cwd);
  const specs = pluginsOf(file);
  if (specs.length > 0) beforeForeignCode?.();
  const homes = new Map(builtIns.map(({ id }) => [id, 'the built-in rules']));
  const plugins = await loadPlugins(specs, file ? path.dirname(file.path) : cwd, homes);
  const custom = file ? await loadCustomRules(file, homes) : { rules: [], problems: [] };
  const rules = [...builtIns, ...plugins.rules, ...custom.rules];
  const foreign = [...plugins.problems, ...custom.problems];
  const input = { flags, env, file, now, rules, foreignRules: foreign.length > 0 };
  const problems = [...configProblems(input), ...foreign];
  if (problems.length > 0) throw problemsError(problems);
  return { ...resolveConfig(input), rules, file };
}

function homeOf(env: LoadInput['env']): string | undefined {
  const named = process.platform === 'win32' ? env.USERPROFILE : env.HOME;
  if (named) return named;
  try {
    return homedir();
  } catch {
    // A user without an entry, as in many containers.
    return undefined;
  }
}

/** The plug-ins a file names, each once, as far as it can be read; the check says what is wrong with the rest. */
function pluginsOf(file: ConfigFile | undefined): string[] {
  if (!isMapping(file?.value) || !Array.isArray(file.value.plugins)) return [];
  const specs = file.value.plugins.filter(
    (spec): spec is string => typeof spec === 'string' && spec.trim() !== '',
  );
  return [...new Set(specs)];
}
