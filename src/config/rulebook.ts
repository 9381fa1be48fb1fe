import path from 'node:path';
import { flawsOf, isMapping, type Path } from '../check.js';
import type { OptionSpec, Rule } from '../contract/index.js';
import { isPlugin, optionsInForce, type RuleInForce } from '../engine/judge.js';
import { PROFILE_RULES, type ProfileName, type RuleSetting } from './config.js';
import { type Loaded, loadCustomRules, loadPlugins } from './plugins.js';
import {
  didYouMean,
  isSecretMessage,
  looksSecret,
  type Problem,
  secretMessage,
  secretOffsets,
} from './problem.js';
import { type ConfigFile, type Origin, type Origins, originIn, problemIn } from './read.js';
import type { ConfigFlags } from './resolve.js';
import { configSchema, type FileConfig, RUN_RULES, type SettableRule } from './schema.js';

/** All rules, and how each is set. */
export interface Rulebook {
  /** The built-in rules, then those of plug-ins and of the configuration. */
  readonly rules: readonly Rule[];
  /** By id; also of the rules on changes between audits and on waivers. */
  readonly settings: Readonly<Record<string, RuleSetting>>;
  /** Of the keys under `rules`. */
  readonly origins: Origins;
  /** Those that are switched on, each with its settings; with `only`, those that it names. */
  readonly inForce: (only: ReadonlySet<string> | undefined) => RuleInForce[];
}

interface RulesInput {
  readonly cwd: string;
  readonly flags: ConfigFlags;
  readonly file: ConfigFile | undefined;
  /** The run's clock, in milliseconds: waivers end at most 366 days after it. */
  readonly now: number;
  readonly builtIns: readonly Rule[];
  /** Called before plug-ins run. */
  readonly beforeForeignCode?: (() => void | Promise<void>) | undefined;
}

/** Everything that depends on which rules there are. */
interface LoadedRules {
  /** Mistakes in `--rule`. */
  readonly flagProblems: readonly Problem[];
  /** Mistakes in the file and its plug-ins. */
  readonly fileProblems: readonly Problem[];
  /** Only where there are no mistakes. */
  readonly rulebook: (profile: ProfileName) => Rulebook;
}

export async function loadRules(input: RulesInput): Promise<LoadedRules> {
  const { cwd, flags, file, builtIns, beforeForeignCode } = input;
  const specs = pluginsOf(file);
  if (specs.length > 0) await beforeForeignCode?.();
  const homes = new Map(builtIns.map(({ id }) => [id, 'the built-in rules']));
  const own: Loaded = { rules: [], problems: [], homes };
  await loadPlugins(specs, file ? path.dirname(file.path) : cwd, own);
  if (file) await loadCustomRules(file, own);
  const rules = [...builtIns, ...own.rules];
  const all: readonly SettableRule[] = [...rules, ...RUN_RULES];
  const isForeign = own.problems.length > 0;
  return {
    flagProblems: idProblems(flags.rules ?? [], all, isForeign),
    fileProblems: [...fileProblems(input, rules, isForeign), ...own.problems],
    rulebook(profile) {
      const origins = new Map<string, Origin>();
      const settings = Object.fromEntries(
        all.map((rule) => [rule.id, settingOf(rule, profile, input, origins)]),
      );
      return { rules, settings, origins, inForce: (only) => rulesInForce(rules, settings, only) };
    },
  };
}

/** The plug-ins a file names, each once, as far as it can be read; the check says what is wrong with the rest. */
function pluginsOf(file: ConfigFile | undefined): string[] {
  if (!isMapping(file?.value) || !Array.isArray(file.value.plugins)) return [];
  const specs = file.value.plugins.filter(
    (spec): spec is string => typeof spec === 'string' && spec.trim() !== '',
  );
  return [...new Set(specs)];
}

/** @param foreign plug-ins could not be loaded: their rules' ids are accepted */
function idProblems(wanted: readonly string[], rules: readonly SettableRule[], foreign: boolean): Problem[] {
  const ids = rules.map(({ id }) => id);
  const unknown = wanted.filter((id) => !ids.includes(id) && !(foreign && isPlugin(id)));
  return unknown.map((id) => ({
    where: '--rule',
    message: `there is no rule ${JSON.stringify(id)}${didYouMean(id, ids)}`,
  }));
}

function fileProblems(
  { file, now }: RulesInput,
  rules: readonly Rule[],
  foreign: boolean,
): readonly Problem[] {
  if (!file) return [];
  const empty = file.value === null || file.value === undefined;
  const flaws = empty ? [] : flawsOf(configSchema({ rules, foreign, now }), file.value);
  const problems = [...file.problems, ...flaws.map((flaw) => problemIn(file, flaw))];
  return [...problems, ...fileSecrets(file, problems)];
}

/** JavaScript can nest without end: a list that holds itself. */
const DEPTH = 20;

/** Secrets in a configuration file that no problem names yet: in keys, values, and anywhere else in its text. */
function fileSecrets(file: ConfigFile, named: readonly Problem[]): Problem[] {
  const found = named.filter(({ message }) => isSecretMessage(message));
  const already = found.length;
  walk(file.value, [], (path, text) => {
    const problem = problemIn(file, { path, part: 'value', message: secretMessage(text) });
    if (!found.some(({ key }) => key === problem.key)) found.push(problem);
  });
  const lines = new Set(found.map(({ position }) => position?.line));
  for (const offset of secretOffsets(file.text)) {
    const before = file.text.slice(0, offset);
    const line = before.split('\n').length;
    if (lines.has(line)) continue;
    const position = { line, column: offset - before.lastIndexOf('\n') };
    found.push({ where: file.name, position, message: secretMessage(file.text.slice(offset, offset + 80)) });
  }
  return found.slice(already);
}

function walk(value: unknown, path: Path, visit: (path: Path, text: string) => void): void {
  if (path.length > DEPTH) return;
  if (typeof value === 'string') {
    if (looksSecret(value)) visit(path, value);
  } else if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) walk(item, [...path, index], visit);
  } else if (isMapping(value)) {
    for (const [key, held] of Object.entries(value)) {
      const at = [...path, key];
      if (looksSecret(key)) visit(at, key);
      walk(held, at, visit);
    }
  }
}

/** How one rule is set, by its file, its profile and `--rule`. */
function settingOf(
  rule: SettableRule,
  profile: ProfileName,
  { flags: { rules: only }, file }: RulesInput,
  origins: Map<string, Origin>,
): RuleSetting {
  const key = `rules.${rule.id}`;
  const said = ownValue(((file?.value ?? {}) as FileConfig).rules, rule.id);
  const preset = PROFILE_RULES[profile][rule.id] ?? {};
  const short = typeof said !== 'object';
  const { severity, ...options } = short ? { severity: said === 'off' ? undefined : said } : said;
  const note = (name: string, value: unknown, ...at: Path) =>
    origins.set(name, originIn(file, value, ['rules', rule.id, ...at]));
  note(key, said);
  if (only) origins.set(key, { from: 'flag', at: '--rule' });
  note(`${key}.severity`, severity, ...(short ? [] : ['severity']));
  for (const name of Object.keys(rule.options ?? {})) {
    note(`${key}.${name}`, ownValue(options, name), name);
    if (ownValue(options, name) === undefined && ownValue(preset.options, name) !== undefined)
      origins.set(`${key}.${name}`, { from: 'profile', at: `profile ${profile}` });
  }
  return {
    enabled: only ? only.includes(rule.id) : said !== 'off',
    severity,
    options: { ...preset.options, ...(options as Record<string, OptionSpec['default']>) },
    floors: severity === undefined ? (preset.floors ?? {}) : {},
  };
}

function rulesInForce(
  rules: readonly Rule[],
  settings: Rulebook['settings'],
  only: ReadonlySet<string> | undefined,
): RuleInForce[] {
  const isOn = ({ id }: Rule) => only?.has(id) ?? settings[id]?.enabled ?? true;
  return rules.filter(isOn).map((rule) => {
    const setting = settings[rule.id];
    return {
      rule,
      severity: setting?.severity,
      options: optionsInForce(rule, setting?.options),
      floors: setting?.floors ?? {},
    };
  });
}

function ownValue<T>(values: Readonly<Record<string, T>> | null | undefined, name: string): T | undefined {
  return values && Object.hasOwn(values, name) ? values[name] : undefined;
}
