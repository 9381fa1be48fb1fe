import { nearest } from '../../config/nearest.js';
import {
  type Controls,
  controlTexts,
  FRAMEWORK_NAMES,
  KINDS,
  type Kind,
  kindName,
  type Messages,
  type OptionSpec,
  type OptionSpecs,
  type Rule,
} from '../../contract/index.js';
import { writeStream } from '../../delivery/files.js';
import { DRIFT_RULES } from '../../engine/drift.js';
import { WAIVER_RULES } from '../../engine/waivers.js';
import { AuditError, EXIT, type ExitCode } from '../../errors.js';
import type { CommandContext } from '../context.js';
import type { RulesFlags } from '../flags.js';
import { loadSettings } from '../request.js';

/** Lists the rules, those of plug-ins included, or explains one. */
export async function rulesCommand(
  [id, ...others]: readonly string[],
  flags: RulesFlags,
  context: CommandContext,
): Promise<ExitCode> {
  if (others.length > 0)
    throw new AuditError(
      'usage',
      `rules explains one rule at a time, not ${others.length + 1}.`,
      'Usage: c1-audit rules <id>, rules test [file], or rules backtest <rule> <reports…>.',
    );
  const { rules } = await loadSettings(context, {}, flags);
  const all: readonly DocumentedRule[] = [...rules, ...extraRules()];
  if (flags.control !== undefined) {
    await writeStream(context.io.stdout, await controlText(flags.control, id, flags.format, all));
    return EXIT.clean;
  }
  const wanted = id === undefined ? all : all.filter((rule) => rule.id === id);
  if (id !== undefined && wanted.length === 0) throw unknownRule(id, all);
  const [only] = wanted;
  const text =
    flags.format === 'json'
      ? `${JSON.stringify(id === undefined ? wanted.map(toJson) : only && toJson(only), null, 2)}\n`
      : id !== undefined && only
        ? describeRule(only)
        : describeRules(all);
  await writeStream(context.io.stdout, text);
  return EXIT.clean;
}

async function controlText(
  wanted: string,
  id: string | undefined,
  format: string,
  rules: readonly DocumentedRule[],
): Promise<string> {
  const framework = FRAMEWORK_NAMES.find((name) => name === wanted);
  if (framework === undefined) {
    const near = nearest(wanted, FRAMEWORK_NAMES);
    throw new AuditError(
      'usage',
      `There is no framework "${wanted}".`,
      near ? `Did you mean ${near}?` : `Choose one of ${FRAMEWORK_NAMES.join(', ')}.`,
    );
  }
  if (id !== undefined)
    throw new AuditError(
      'usage',
      '--control lists the controls of all rules, so it takes no rule.',
      `c1-audit rules ${id} shows the controls of one rule.`,
    );
  const { coverageOf, describeCoverage } = await import('./controls.js');
  const coverage = coverageOf(framework, rules);
  return format === 'json' ? `${JSON.stringify(coverage, null, 2)}\n` : describeCoverage(coverage);
}

export function unknownRule(id: string, rules: readonly Pick<Rule, 'id'>[]): AuditError {
  const near = nearest(
    id,
    rules.map((rule) => rule.id),
  );
  return new AuditError(
    'usage',
    `There is no rule "${id}".`,
    near ? `Did you mean ${near}?` : 'c1-audit rules lists them.',
  );
}

function toJson({ id, title, severity, kinds, docs, controls, options = {}, messages = {} }: DocumentedRule) {
  return { id, title, severity, kinds, ...docs, controls, options, messages: Object.keys(messages) };
}

/** What is documented of a rule, whether it judges credentials, waivers or changes. */
export type DocumentedRule = Pick<Rule, 'id' | 'title' | 'severity' | 'docs'> & {
  readonly kinds: readonly Kind[];
  readonly controls?: Controls;
  readonly options?: OptionSpecs;
  readonly messages?: Messages;
};

/** The rules on changes between audits and on waivers, which have no rule files. */
export function extraRules(): readonly DocumentedRule[] {
  return [...DRIFT_RULES, ...Object.values(WAIVER_RULES).map((rule) => ({ ...rule, kinds: [] }))];
}

const KIND_LETTERS: Record<Kind, string> = {
  'personal-client': 'P',
  'service-principal-credential': 'S',
  'federation-trust': 'T',
  'external-client': 'G',
  'tunnel-credential': 'B',
  'llm-gateway-key': 'L',
  function: 'F',
};

/** The kinds as letters, as in tables; W for waivers. */
export function kindLetters(kinds: readonly Kind[]): string {
  return kinds.length === 0
    ? 'W'
    : KINDS.filter((kind) => kinds.includes(kind))
        .map((kind) => KIND_LETTERS[kind])
        .join(' ');
}

export const KIND_LEGEND = `${KINDS.map((kind) => `${KIND_LETTERS[kind]} ${kindName(kind)}`).join(', ')}, W waiver`;

/** An option's default as a user would write it in YAML. */
export function defaultOf({ default: value }: OptionSpec): string {
  if (Array.isArray(value)) return `[${value.join(', ')}]`;
  return typeof value === 'number' ? String(Math.round(value * 10_000) / 10_000) : String(value);
}

function boundsOf(spec: OptionSpec): string {
  if (typeof spec.default !== 'number') return '';
  const { min, max } = spec as { min?: number; max?: number };
  if (min !== undefined && max !== undefined) return `, ${min} to ${max}`;
  if (min !== undefined) return `, at least ${min}`;
  return max === undefined ? '' : `, at most ${max}`;
}

/** `days` (default 90, at least 1): what it does. */
export function optionLines({
  options = {},
}: Pick<DocumentedRule, 'options'>): { name: string; about: string }[] {
  return Object.entries(options).map(([name, spec]) => ({
    name,
    about: `${spec.describe} (default ${defaultOf(spec)}${boundsOf(spec)})`,
  }));
}

/** All rules, a line each. */
export function describeRules(rules: readonly DocumentedRule[]): string {
  const idWidth = Math.max(...rules.map(({ id }) => id.length));
  const kindsWidth = Math.max(...rules.map(({ kinds }) => kindLetters(kinds).length));
  const lines = rules.map(
    ({ id, kinds, severity, title }) =>
      `${id.padEnd(idWidth)}  ${kindLetters(kinds).padEnd(kindsWidth)}  ${severity.padEnd(8)}  ${title}`,
  );
  return `${lines.join('\n')}\n\n${KIND_LEGEND}.\nc1-audit rules <id> explains one.\n`;
}

/** One rule in full, for a terminal. */
export function describeRule(rule: DocumentedRule): string {
  const options = optionLines(rule).map(({ name, about }) => `  ${name}: ${about}`);
  const references = (rule.docs.references ?? []).map(
    ({ title, url }) => `  ${title}${url ? `\n    ${url}` : ''}`,
  );
  const controls = controlTexts(rule.controls ?? {}).map(({ name, ids }) => `  ${name}: ${ids.join(', ')}`);
  return [
    `${rule.id}: ${rule.title}`,
    `Severity ${rule.severity}; judges ${kindLetters(rule.kinds)} (${KIND_LEGEND}).`,
    '',
    `Why: ${rule.docs.why}`,
    `Fix: ${rule.docs.fix}`,
    ...(rule.messages ? ['', `Messages: ${Object.keys(rule.messages).join(', ')}`] : []),
    ...(options.length > 0 ? ['', 'Options:', ...options] : []),
    ...(controls.length > 0 ? ['', 'Controls:', ...controls] : []),
    ...(references.length > 0 ? ['', 'References:', ...references] : []),
    '',
  ].join('\n');
}
