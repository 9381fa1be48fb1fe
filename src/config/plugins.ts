import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { isMapping } from '../check.js';
import {
  FACT_KINDS,
  KINDS,
  type Kind,
  type OptionSpec,
  type Rule,
  SETTINGS,
  SEVERITIES,
  WAYS,
} from '../contract/index.js';
import { didYouMean } from './nearest.js';
import { type Problem, problemsError } from './problem.js';
import { looksSecret, quote, quoteError } from './secrets.js';

/** Longest title that fits a line of every report. */
const TITLE_MAX = 80;

const WORDS = '[a-z][a-z0-9]*(?:-[a-z0-9]+)*';
const BUILT_IN_ID = new RegExp(`^${WORDS}$`);
const PLUGIN_ID = new RegExp(`^${WORDS}/${WORDS}$`);
const NAME = /^[a-zA-Z][a-zA-Z0-9]*$/;

const FIELDS = [
  'id',
  'title',
  'severity',
  'kinds',
  'docs',
  'plan',
  'successor',
  'needs',
  'optional',
  'judges',
  'options',
  'messages',
  'check',
];

/** One mistake in a rule: the field, and what is wrong with it. */
interface RuleProblem {
  readonly field: string;
  readonly message: string;
}

type Report = (field: string, message: string) => void;

/** All that keeps a value from being a rule, built in or of a plug-in. Never throws, whatever the value. */
export function checkRule(rule: unknown, { plugin }: { plugin: boolean }): RuleProblem[] {
  const problems: RuleProblem[] = [];
  const report: Report = (field, message) => problems.push({ field, message });
  try {
    if (!isMapping(rule)) report('', `a rule is an object, not ${quote(rule)}`);
    else checkFields(rule, plugin, report);
  } catch {
    report('', 'its fields cannot be read');
  }
  return problems;
}

function checkFields(rule: Record<string, unknown>, plugin: boolean, report: Report): void {
  checkId(rule.id, plugin, report);
  checkTitle(rule.title, report);
  checkOneOf('severity', rule.severity, SEVERITIES, report);
  const kinds = checkNames('kinds', rule.kinds, KINDS, report);
  if (kinds?.length === 0) report('kinds', 'must name at least one kind');
  checkDocs(rule.docs, report);
  checkFacts(rule, (kinds ?? []) as Kind[], report);
  if (rule.judges !== undefined) checkOneOf('judges', rule.judges, ['live', 'expired'], report);
  if (rule.options !== undefined) checkOptions(rule.options, report);
  checkMessages(rule.messages, report);
  if (rule.plan !== undefined) checkPlan(rule.plan, rule.messages, report);
  if (rule.successor !== undefined && isBlank(rule.successor))
    report('successor', `must be text, not ${quote(rule.successor)}`);
  if (typeof rule.check !== 'function') report('check', `must be a function, not ${quote(rule.check)}`);
  else if (rule.check.constructor?.name !== 'Function') report('check', 'must be a synchronous function');
  for (const field of Object.keys(rule)) {
    if (!FIELDS.includes(field)) report(field, `no such field${didYouMean(field, FIELDS)}`);
  }
}

function checkId(id: unknown, plugin: boolean, report: Report): void {
  const shape = plugin ? PLUGIN_ID : BUILT_IN_ID;
  if (typeof id === 'string' && shape.test(id)) return;
  const says = plugin ? '<prefix>/<name>, both in kebab-case (acme/no-shared-keys)' : 'kebab-case';
  report('id', `must be ${says}, not ${quote(id)}`);
}

function checkTitle(title: unknown, report: Report): void {
  if (typeof title !== 'string' || isBlank(title)) report('title', `must be text, not ${quote(title)}`);
  else if (/[\p{Cc}\p{Zl}\p{Zp}]/u.test(title))
    report('title', 'must be one line without control characters');
  else if (title.length > TITLE_MAX) {
    report('title', `must be at most ${TITLE_MAX} characters, not ${title.length}`);
  }
}

function isBlank(text: unknown): boolean {
  return typeof text !== 'string' || text.trim() === '';
}

function checkOneOf(field: string, value: unknown, choices: readonly string[], report: Report): void {
  if (typeof value === 'string' && choices.includes(value)) return;
  const hint = typeof value === 'string' ? didYouMean(value, choices) : '';
  report(field, `must be one of ${choices.join(', ')}, not ${quote(value)}${hint}`);
}

/** A list of known names without repetition; undefined where it is no such list. */
function checkNames(
  field: string,
  value: unknown,
  known: readonly string[],
  report: Report,
): string[] | undefined {
  if (!Array.isArray(value)) {
    report(field, `must be a list, not ${quote(value)}`);
    return undefined;
  }
  const good: string[] = [];
  for (const [index, name] of value.entries()) {
    if (typeof name !== 'string' || !known.includes(name)) {
      const hint = typeof name === 'string' ? didYouMean(name, known) : '';
      report(`${field}[${index}]`, `${quote(name)} is none of ${known.join(', ')}${hint}`);
    } else if (good.includes(name)) report(`${field}[${index}]`, `repeats ${quote(name)}`);
    else good.push(name);
  }
  return good;
}

function checkFacts(rule: Record<string, unknown>, kinds: readonly Kind[], report: Report): void {
  const known = Object.keys(FACT_KINDS) as (keyof typeof FACT_KINDS)[];
  const needs = checkNames('needs', rule.needs, known, report) ?? [];
  const optional =
    rule.optional === undefined ? [] : (checkNames('optional', rule.optional, known, report) ?? []);
  for (const [field, facts] of [
    ['needs', needs],
    ['optional', optional],
  ] as const) {
    for (const fact of known.filter((name) => facts.includes(name))) {
      const without = kinds.filter((kind) => !FACT_KINDS[fact].includes(kind));
      if (without.length > 0)
        report(field, `${without.join(', ')} has no ${fact}: drop the kind or the fact`);
    }
  }
  for (const fact of optional) {
    if (needs.includes(fact)) report('optional', `${fact} is needed already`);
  }
}

function checkDocs(docs: unknown, report: Report): void {
  if (!isMapping(docs)) {
    report('docs', `must be an object {why, fix, references?}, not ${quote(docs)}`);
    return;
  }
  if (isBlank(docs.why)) report('docs.why', `must be text, not ${quote(docs.why)}`);
  if (isBlank(docs.fix)) report('docs.fix', `must be text, not ${quote(docs.fix)}`);
  if (docs.references === undefined) return;
  if (!Array.isArray(docs.references)) {
    report('docs.references', `must be a list, not ${quote(docs.references)}`);
    return;
  }
  for (const [index, reference] of docs.references.entries()) {
    const field = `docs.references[${index}]`;
    if (!isMapping(reference) || isBlank(reference.title)) report(field, 'must be {title, url?}');
    else if (reference.url !== undefined && !isWebAddress(reference.url)) {
      report(`${field}.url`, `must be an https address, not ${quote(reference.url)}`);
    }
  }
}

function isWebAddress(url: unknown): boolean {
  return typeof url === 'string' && URL.canParse(url) && new URL(url).protocol === 'https:';
}

function checkOptions(options: unknown, report: Report): void {
  if (!isMapping(options)) {
    report('options', `must be an object, not ${quote(options)}`);
    return;
  }
  for (const [name, spec] of Object.entries(options)) {
    const field = `options.${name}`;
    if (!NAME.test(name)) report(field, 'its name must be letters and digits');
    if (name === 'severity') report(field, 'every rule has a severity setting already');
    if (!isMapping(spec)) report(field, `must be {describe, default, …}, not ${quote(spec)}`);
    else checkOption(spec, field, report);
  }
}

function checkOption(spec: Record<string, unknown>, field: string, report: Report): void {
  if (isBlank(spec.describe)) report(`${field}.describe`, `must be text, not ${quote(spec.describe)}`);
  const value = spec.default as OptionSpec['default'];
  const numeric = typeof value === 'number';
  const allowed = ['describe', 'default', ...(numeric ? ['min', 'max', 'integer'] : [])];
  for (const key of Object.keys(spec)) {
    if (!allowed.includes(key)) report(`${field}.${key}`, `no such field here${didYouMean(key, allowed)}`);
  }
  if (numeric) checkNumberOption(spec, value, field, report);
  else if (Array.isArray(value)) {
    if (value.some(isBlank)) report(`${field}.default`, 'must be a list of texts');
  } else if (typeof value !== 'boolean' && typeof value !== 'string') {
    report(
      `${field}.default`,
      `must be a number, true or false, a text or a list of texts, not ${quote(value)}`,
    );
  }
}

function checkNumberOption(
  { min, max, integer }: Record<string, unknown>,
  value: number,
  field: string,
  report: Report,
): void {
  for (const [key, bound] of Object.entries({ min, max })) {
    if (bound !== undefined && !Number.isFinite(bound))
      report(`${field}.${key}`, `must be a number, not ${quote(bound)}`);
  }
  if (integer !== undefined && typeof integer !== 'boolean') {
    report(`${field}.integer`, `must be true or false, not ${quote(integer)}`);
  }
  if (!Number.isFinite(value)) report(`${field}.default`, `must be a finite number, not ${value}`);
  else if (typeof min === 'number' && value < min)
    report(`${field}.default`, `is below min: ${value} < ${min}`);
  else if (typeof max === 'number' && value > max)
    report(`${field}.default`, `is above max: ${value} > ${max}`);
  else if (integer === true && !Number.isInteger(value))
    report(`${field}.default`, `must be whole, not ${value}`);
}

function checkMessages(messages: unknown, report: Report): void {
  if (!isMapping(messages)) {
    report('messages', `must be an object of functions, not ${quote(messages)}`);
    return;
  }
  const entries = Object.entries(messages);
  if (entries.length === 0) report('messages', 'must hold at least one message');
  for (const [id, message] of entries) {
    if (!NAME.test(id)) report(`messages.${id}`, 'its id must be letters and digits');
    if (typeof message !== 'function') report(`messages.${id}`, `must be a function, not ${quote(message)}`);
  }
}

function checkPlan(plan: unknown, messages: unknown, report: Report): void {
  checkRemedy(plan, 'plan', ['messages'], report);
  if (!isMapping(plan) || plan.messages === undefined) return;
  if (!isMapping(plan.messages)) {
    report('plan.messages', `must be an object, not ${quote(plan.messages)}`);
    return;
  }
  for (const [id, remedy] of Object.entries(plan.messages)) {
    if (!isMapping(messages) || !Object.hasOwn(messages, id))
      report(`plan.messages.${id}`, 'the rule has no such message');
    checkRemedy(remedy, `plan.messages.${id}`, [], report);
  }
}

function checkRemedy(remedy: unknown, field: string, others: readonly string[], report: Report): void {
  if (!isMapping(remedy)) {
    report(field, `must be an object {way, sets?, first?}, not ${quote(remedy)}`);
    return;
  }
  checkOneOf(`${field}.way`, remedy.way, WAYS, report);
  if (remedy.sets !== undefined) checkOneOf(`${field}.sets`, remedy.sets, SETTINGS, report);
  if (remedy.first !== undefined && isBlank(remedy.first))
    report(`${field}.first`, `must be text, not ${quote(remedy.first)}`);
  const known = ['way', 'sets', 'first', ...others];
  for (const key of Object.keys(remedy)) {
    if (!known.includes(key)) report(`${field}.${key}`, `no such field here${didYouMean(key, known)}`);
  }
}

interface LoadedPlugins {
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
