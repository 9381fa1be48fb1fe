import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import * as v from 'valibot';
import type { RuleMistake } from '../cel/rule.js';
import {
  about,
  choice,
  either,
  FILLED,
  flawsOf,
  func,
  isMapping,
  list,
  map,
  number,
  optional,
  type Path,
  record,
  refined,
  type Schema,
  type TextRule,
  text,
  writePath,
} from '../check.js';
import {
  EXPECTATIONS,
  FACT_KINDS,
  type FactName,
  FRAMEWORK_NAMES,
  FRAMEWORKS,
  KINDS,
  type Kind,
  type OptionSpec,
  type Rule,
  SETTINGS,
  SEVERITIES,
  WAYS,
} from '../contract/index.js';
import type { CustomRule } from './config.js';
import { looksSecret, type Position, type Problem, quote, quoteError } from './problem.js';
import { type ConfigFile, problemIn, readConfig } from './read.js';

/** One mistake in a rule: the field, and what is wrong with it. */
interface RuleProblem {
  readonly field: string;
  readonly message: string;
}

/** Everything that keeps a value from being a rule, built in or of a plug-in. Never throws. */
export function checkRule(rule: unknown, { plugin }: { plugin: boolean }): RuleProblem[] {
  try {
    return flawsOf(ruleSchema(plugin), rule).map(({ path: at, message }) => ({
      field: writePath(at),
      message,
    }));
  } catch {
    return [{ field: '', message: 'its fields cannot be read' }];
  }
}

/** Longest title that fits a line of every report. */
const TITLE_MAX = 80;

const WORDS = '[a-z][a-z0-9]*(?:-[a-z0-9]+)*';
const BUILT_IN_ID: TextRule = { pattern: new RegExp(`^${WORDS}$`), says: 'must be kebab-case' };
const PLUGIN_ID: TextRule = {
  pattern: new RegExp(`^${WORDS}/${WORDS}$`),
  says: 'must be <prefix>/<name>, both in kebab-case (acme/no-shared-keys)',
};
const TITLE: TextRule = {
  ...FILLED,
  refine: (title) => {
    if (/[\p{Cc}\p{Zl}\p{Zp}]/u.test(title)) return 'must be one line without control characters';
    return title.length > TITLE_MAX
      ? `must be at most ${TITLE_MAX} characters, not ${title.length}`
      : undefined;
  },
};
const NAME: TextRule = { pattern: /^[a-zA-Z][a-zA-Z0-9]*$/, says: 'its name must be letters and digits' };
const WEB_ADDRESS: TextRule = {
  pattern: /^https:/,
  says: 'must be an https address',
  refine: (url) => (URL.canParse(url) ? undefined : 'must be an https address'),
};

const FACTS = Object.keys(FACT_KINDS) as FactName[];
const FIELD = { noun: 'field' };
const OPEN = { open: true };

const DOCS = record(
  {
    why: text(FILLED),
    fix: text(FILLED),
    references: v.optional(list(record({ title: text(FILLED), url: v.optional(text(WEB_ADDRESS)) }, OPEN))),
  },
  OPEN,
);

const CONTROLS = record(
  Object.fromEntries(
    FRAMEWORK_NAMES.map((framework) => {
      const { name, id, example } = FRAMEWORKS[framework];
      const form: TextRule = { pattern: id, says: `must be a control of ${name} such as ${example}` };
      return [framework, v.optional(list(text(form), { filled: true, unique: true }))];
    }),
  ),
  { noun: 'framework' },
);

const VALUE = v.custom<OptionSpec['default']>(
  (value) => ['number', 'boolean', 'string'].includes(typeof value) || Array.isArray(value),
  ({ input }) => `must be a number, true or false, a text or a list of texts, not ${quote(input)}`,
);

/** An option of a rule; `describe` is its description. */
function optionSchema(describe: Schema): Schema {
  const numeric = record(
    {
      describe,
      default: number(),
      min: v.optional(number()),
      max: v.optional(number()),
      integer: v.optional(v.boolean()),
    },
    FIELD,
  );
  return either(
    (spec) => isMapping(spec) && typeof spec.default === 'number',
    refined(numeric, ({ default: value, ...bounds }, refuse) => {
      for (const { message } of flawsOf(number(bounds), value)) refuse(message, 'default');
    }),
    record({ describe, default: either(Array.isArray, list(text(FILLED)), VALUE) }, FIELD),
  );
}

const OPTION_NAME: TextRule = {
  ...NAME,
  refine: (name) => (name === 'severity' ? 'every rule has a severity setting already' : undefined),
};

const REMEDY = {
  way: choice(WAYS),
  sets: v.optional(choice(SETTINGS)),
  first: v.optional(text(FILLED)),
};

const CHECK = refined(func(), (check, refuse) => {
  if (check.constructor?.name !== 'Function') refuse('must be a synchronous function');
});

const TEST = record(
  {
    name: v.exactOptional(text(FILLED)),
    kind: v.exactOptional(choice(KINDS)),
    credential: about(
      'Facts by name; those that are not given are unknown',
      map(undefined, v.unknown() as Schema),
    ),
    options: optional('Options that differ from their defaults', map(undefined, VALUE)),
    now: optional(
      'The time of the audit',
      v.custom<string | Date>(
        (value) => typeof value === 'string' || value instanceof Date,
        ({ input }) => `must be a date, not ${quote(input)}`,
      ),
    ),
    expect: choice(EXPECTATIONS),
    message: optional('The message of the finding, in full', text(FILLED)),
  },
  { noun: 'key of a test' },
);

const FIELDS = {
  title: text(TITLE),
  severity: choice(SEVERITIES),
  kinds: list(choice(KINDS), { filled: true, unique: true }),
  docs: DOCS,
  controls: v.optional(CONTROLS),
  plan: v.optional(record({ ...REMEDY, messages: v.optional(map(undefined, record(REMEDY, FIELD))) }, FIELD)),
  successor: v.optional(text(FILLED)),
  needs: list(choice(FACTS), { unique: true }),
  optional: v.optional(list(choice(FACTS), { unique: true })),
  judges: v.optional(choice(['live', 'expired'])),
  options: v.optional(map(OPTION_NAME, optionSchema(text(FILLED)))),
  messages: map(NAME, func()),
  tests: v.optional(list(TEST)),
  check: CHECK,
};

function ruleSchema(plugin: boolean): Schema {
  const fields = record({ id: text(plugin ? PLUGIN_ID : BUILT_IN_ID), ...FIELDS }, FIELD);
  return refined(fields, ({ kinds, needs, optional = [], messages, plan }, refuse) => {
    if (Object.keys(messages).length === 0) refuse('must have at least one message', 'messages');
    for (const id of Object.keys(plan?.messages ?? {}).filter((name) => !Object.hasOwn(messages, name)))
      refuse('the rule has no such message', 'plan', 'messages', id);
    for (const wrong of factsWithoutKind(needs, kinds)) refuse(wrong, 'needs');
    for (const wrong of factsWithoutKind(optional, kinds)) refuse(wrong, 'optional');
    for (const fact of optional.filter((name) => needs.includes(name)))
      refuse(`${fact} is needed already`, 'optional');
  });
}

function factsWithoutKind(facts: readonly FactName[], kinds: readonly Kind[]): string[] {
  return facts.flatMap((fact) => {
    const without = kinds.filter((kind) => !FACT_KINDS[fact].includes(kind));
    return without.length === 0 ? [] : `${without.join(', ')} has no ${fact}: drop the kind or the fact`;
  });
}

const MESSAGE: TextRule = {
  ...FILLED,
  refine: (message) => (message.length > 1000 ? 'must be at most 1000 characters' : undefined),
};

/** A rule in CEL, in a configuration or in a file of rules. */
const CUSTOM_RULE: Schema<CustomRule> = record({
  id: about('<prefix>/<name>, both in kebab-case', text(PLUGIN_ID)),
  title: about('States the fact, in at most 80 characters', text(TITLE)),
  severity: choice(SEVERITIES),
  kinds: about('The kinds of credentials it judges', list(choice(KINDS), { filled: true, unique: true })),
  when: about('In CEL: a credential is a finding when this is true', text(FILLED)),
  message: about('What the finding says; CEL in braces', text(MESSAGE)),
  fix: about('What to do about a finding', text(FILLED)),
  why: optional('Why it matters', text(FILLED)),
  controls: optional('The controls of standards that its findings are evidence on', CONTROLS),
  judges: optional('Live credentials, or expired ones that are still listed', choice(['live', 'expired'])),
  options: optional(
    'Options by name: a default, or {default, describe, min, max, integer}',
    map(OPTION_NAME, either(isMapping, optionSchema(v.exactOptional(text(FILLED))), VALUE)),
  ),
  tests: optional('Credentials, and what the rule is expected to report on them', list(TEST)),
}) as Schema<CustomRule>;

export const CUSTOM_RULES: Schema<readonly CustomRule[]> = list(CUSTOM_RULE);

const RULE_FILE = record({ $schema: v.exactOptional(text(FILLED)), customRules: CUSTOM_RULES });

/** A file with `customRules`: the configuration, or one that it names as a plug-in. */
type RuleFile = Pick<ConfigFile, 'name' | 'text' | 'value' | 'locate'>;

/**
 * Adds the rules under `customRules` of a file that have no mistake, and the mistakes of the others. What is wrong with
 * their form is not repeated: the file's own check lists it.
 */
export async function loadCustomRules(file: RuleFile, { rules, problems, homes }: Loaded): Promise<void> {
  const given = isMapping(file.value) && Array.isArray(file.value.customRules) ? file.value.customRules : [];
  for (const [index, item] of given.entries()) {
    if (flawsOf(CUSTOM_RULE, item).length > 0) continue;
    const custom = item as CustomRule;
    const at = ['customRules', index];
    const home = homes.get(custom.id);
    if (home !== undefined) {
      const message = `${custom.id} is already used by ${home}`;
      problems.push(problemIn(file, { path: [...at, 'id'], part: 'value', message }));
      continue;
    }
    // Loaded here only: most configurations have no such rules.
    const { toRule } = await import('../cel/rule.js');
    const made = toRule(custom);
    homes.set(custom.id, file.name);
    if (isMistakes(made)) problems.push(...made.map((mistake) => mistakeIn(file, at, mistake)));
    else rules.push(made);
  }
}

function isMistakes(made: Rule | readonly RuleMistake[]): made is readonly RuleMistake[] {
  return Array.isArray(made);
}

function mistakeIn(file: RuleFile, at: Path, { path: way, message, part }: RuleMistake): Problem {
  const quoted = part === '' || part.length > 100 ? '' : ` (in ${quote(part)})`;
  const whole = { path: [...at, ...way], part: 'value', message: `${message}${quoted}` } as const;
  const problem = problemIn(file, whole);
  return { ...problem, position: problem.position && placeOf(part, file.text, problem.position) };
}

/** Where a part of a value is, which may be lines below the beginning of the value. */
function placeOf(part: string, source: string, start: Position): Position {
  const lines = source.split('\n');
  const from = lines.slice(0, start.line - 1).join('\n').length + (start.line > 1 ? 1 : 0) + start.column - 1;
  const found = part === '' ? -1 : source.indexOf(part, from);
  // Far away it is another one: an escaped text is not found as it was parsed.
  if (found === -1 || found > from + LONGEST_VALUE) return start;
  const before = source.slice(0, found);
  return { line: before.split('\n').length, column: found - before.lastIndexOf('\n') };
}

const LONGEST_VALUE = 4000;

/** Rules that are not built in, and what is wrong with others. */
export interface Loaded {
  readonly rules: Rule[];
  readonly problems: Problem[];
  /** Where the ids of all rules come from, built-in ones too. */
  readonly homes: Map<string, string>;
}

/**
 * Adds the rules of plug-ins that have no mistake, in the order named, and the mistakes of the others.
 *
 * `specs`: paths (`./rules/ours.mjs`, relative to `baseDir`) or packages (resolved from `baseDir`).
 */
export async function loadPlugins(specs: readonly string[], baseDir: string, into: Loaded): Promise<void> {
  const { rules, problems, homes } = into;
  for (const spec of specs) {
    const where = `plug-in ${looksSecret(spec) ? '(a secret)' : spec}`;
    if (isPath(spec) && /\.(?:ya?ml|json)$/i.test(spec)) {
      await loadRuleFile(spec, baseDir, into);
      continue;
    }
    const exported = await importPlugin(spec, baseDir);
    if ('problem' in exported) {
      problems.push({ where, message: exported.problem });
      continue;
    }
    for (const { candidate, label } of candidatesIn(exported.value)) {
      const found = problemsOf(candidate, label, homes);
      problems.push(...found.map((problem) => ({ where, ...problem })));
      if (found.length > 0) continue;
      const rule = candidate as Rule;
      rules.push(rule);
      homes.set(rule.id, where);
    }
  }
}

/** The rules of a YAML or JSON file that is named as a plug-in. */
async function loadRuleFile(spec: string, baseDir: string, into: Loaded): Promise<void> {
  const file = await resolvePlugin(spec, baseDir);
  if (file === undefined) {
    into.problems.push({ where: `plug-in ${spec}`, message: 'there is no such file' });
    return;
  }
  const read = await readConfig(file, baseDir);
  const flaws = read.problems.length > 0 ? [] : flawsOf(RULE_FILE, read.value);
  into.problems.push(...read.problems, ...flaws.map((flaw) => problemIn(read, flaw)));
  await loadCustomRules(read, into);
}

/** What a plug-in exports as rules, each with its name in messages. */
function candidatesIn(exported: unknown): { candidate: unknown; label: string }[] {
  if (!Array.isArray(exported)) return [{ candidate: exported, label: labelOf(exported, undefined) }];
  return exported.map((candidate, index) => ({ candidate, label: labelOf(candidate, index) }));
}

function problemsOf(
  candidate: unknown,
  label: string,
  homes: ReadonlyMap<string, string>,
): Omit<Problem, 'where'>[] {
  const found = checkRule(candidate, { plugin: true });
  if (found.length > 0)
    return found.map(({ field, message }) => ({
      key: [label, field].filter((part) => part !== '').join(': '),
      message,
    }));
  const home = homes.get((candidate as Rule).id);
  return home ? [{ key: `${label}: id`, message: `is already used by ${home}` }] : [];
}

/** The name of a rule in messages, before it is checked: its id, or its place in the list. */
function labelOf(candidate: unknown, index: number | undefined): string {
  try {
    if (isMapping(candidate) && typeof candidate.id === 'string' && /^[\w/-]{1,80}$/.test(candidate.id))
      return candidate.id;
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

/** The file of a plug-in, absolute; undefined if there is none. */
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
