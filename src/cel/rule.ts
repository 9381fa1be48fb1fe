import { flawsOf, type Path, type Schema } from '../check.js';
import type { CustomRule } from '../config/config.js';
import {
  countDays,
  DAY,
  dateOf,
  type FactName,
  type Kind,
  type OptionSpec,
  type OptionSpecs,
  type Rule,
  type RuleTest,
  type ScopedRole,
} from '../contract/index.js';
import { CONDITIONS } from '../engine/judge.js';
import type { Mistake, Scope } from './explain.js';
import { credentialSchema, define, FACT_TYPES, INSTANT } from './facts.js';
import { compile, type Expression, isWhole, type Result } from './language.js';

/** One mistake in a rule: where in its description, and the part of the text there that it is about. */
export interface RuleMistake extends Mistake {
  readonly path: Path;
}

const MESSAGE = 'found';

interface Parts {
  readonly when: Expression;
  readonly message: readonly MessagePart[];
}

type MessagePart = string | { readonly key: string; readonly value: Expression };

const parts = new WeakMap<Rule, Parts>();

/** The condition of a rule in CEL; undefined for any other rule. */
export function conditionOf(rule: Rule): Expression | undefined {
  return parts.get(rule)?.when;
}

/** Turns a description into a rule, or lists its mistakes. */
export function toRule(custom: CustomRule): Rule | readonly RuleMistake[] {
  const options = optionSpecs(custom.options);
  const { kinds } = custom;
  const when = compile(custom.when, { kinds, options, bareFacts: false });
  const { message, mistakes } = readMessage(custom.message, { kinds, options, bareFacts: true });
  const found: RuleMistake[] = [
    ...conditionMistakes(when).map((mistake) => ({ ...mistake, path: ['when'] })),
    ...mistakes.map((mistake) => ({ ...mistake, path: ['message'] })),
  ];
  if (found.length > 0 || !('source' in when)) return found;
  const usesNow = [when, ...valuesIn(message)].some((expression) => expression.usesNow);
  const wrongTests = testMistakes(custom.tests ?? [], { kinds, options, usesNow });
  if (wrongTests.length > 0) return wrongTests;
  return makeRule(custom, options, { when, message });
}

function conditionMistakes(when: Expression | Mistake): Mistake[] {
  if (!('source' in when)) return [when];
  return when.type === 'bool' || when.type === 'dyn'
    ? []
    : [{ message: `must be true or false, but it is of type ${when.type}`, part: '' }];
}

function makeRule(custom: CustomRule, options: OptionSpecs, { when, message }: Parts): Rule {
  const facts = new Set([when, ...valuesIn(message)].flatMap((expression) => expression.facts));
  if (facts.has('scopedRoles')) facts.add('tenantRoles');
  const { id, title, severity, kinds, fix, why, controls, judges, tests } = custom;
  const rule: Rule = {
    id,
    title,
    severity,
    kinds,
    docs: { why: why ?? `It reports a credential when this is true: ${oneLine(custom.when)}`, fix },
    needs: [],
    optional: [...facts],
    options,
    messages: {
      [MESSAGE]: (data: Readonly<Record<string, string>>) => {
        const text = message.map((part) => (typeof part === 'string' ? part : data[part.key])).join('');
        // A name may be blank.
        return text.trim() === '' ? title : text;
      },
    },
    ...(controls === undefined ? {} : { controls }),
    ...(judges === undefined ? {} : { judges }),
    ...(tests === undefined ? {} : { tests }),
    check: (given: Given) => check(when, message, given, rule),
  };
  parts.set(rule, { when, message });
  CONDITIONS.set(rule, JSON.stringify([custom.when, kinds, judges]));
  return rule;
}

function oneLine(text: string): string {
  return text.trim().replace(/\s+/g, ' ');
}

interface Given {
  readonly facts: Readonly<Record<string, unknown>>;
  readonly options: Readonly<Record<string, OptionSpec['default']>>;
  readonly kind: Kind;
  readonly now: number;
}

interface Context {
  readonly credential: Readonly<Record<string, unknown>>;
  readonly now: Date;
  readonly options: object;
}

export function contextOf(
  { facts, options, kind, now }: Given,
  { options: specs = {} }: Pick<Rule, 'options'>,
): Context {
  const credential: Record<string, unknown> = {};
  for (const name of Object.keys(facts) as FactName[])
    define(credential, name, name === 'scopedRoles' ? rolesIn(facts) : facts[name], FACT_TYPES[name].type);
  credential.kind = kind;
  return { credential, now: new Date(now), options: optionsFor(options, specs) };
}

/** One run has the same options for every credential. */
const converted = new WeakMap<object, object>();

function optionsFor(options: Given['options'], specs: OptionSpecs): object {
  const before = converted.get(options);
  if (before) return before;
  const whole = Object.entries(options).map(([name, value]) => {
    const spec = specs[name];
    return [name, spec && isWhole(spec) ? BigInt(value as number) : value];
  });
  const made = Object.fromEntries(whole);
  converted.set(options, made);
  return made;
}

/** A role without a name has none only if the tenant's roles are known. */
function rolesIn({ scopedRoles, tenantRoles }: Given['facts']): unknown {
  if (tenantRoles !== undefined || !Array.isArray(scopedRoles)) return scopedRoles;
  return scopedRoles.map(({ id, name }: ScopedRole) => (name === null ? { id } : { id, name }));
}

function check(when: Expression, message: readonly MessagePart[], given: Given, rule: Rule): unknown {
  const context = contextOf(given, rule);
  const result = when.evaluate(context);
  if ('value' in result && typeof result.value === 'boolean')
    return result.value ? { messageId: MESSAGE, data: dataOf(message, withBareFacts(context)) } : undefined;
  return { unknown: reasonOf(result) };
}

/** Messages name facts without `credential.` too. */
function withBareFacts(context: Context): object {
  return Object.assign(Object.create(context.credential), context);
}

function reasonOf(result: Result): FactName | { reason: string; cure: string } {
  if ('missing' in result) {
    const { fact, path } = result.missing;
    const cure = 'See the notes on coverage for the permission to grant.';
    return path === fact ? fact : { reason: `${path} could not be read`, cure };
  }
  const ofNull = 'ofNull' in result && result.ofNull;
  return {
    reason: `the condition has no value: ${'error' in result ? result.error : 'it is neither true nor false'}`,
    cure: ofNull
      ? 'Compare with null in the rule before it computes with a fact that may be null.'
      : 'Change the rule so that its condition can be computed for this credential.',
  };
}

/** What a message shows, by placeholder. */
function dataOf(message: readonly MessagePart[], context: object): Record<string, string> {
  return Object.fromEntries(
    message.flatMap((part) => (typeof part === 'string' ? [] : [[part.key, shown(part.value, context)]])),
  );
}

/** A finding is never lost because a part of its message has no value. */
function shown({ evaluate, type }: Expression, context: object): string {
  const result = evaluate(context);
  if ('value' in result) return result.value === null && type === 'timestamp' ? 'never' : show(result.value);
  if ('missing' in result) return '(unknown)';
  return result.ofNull ? '(none)' : '(error)';
}

/** Longer texts are cut: names can be of any length. */
const LONGEST_SHOWN = 200;
const ITEMS_SHOWN = 5;

function show(value: unknown): string {
  if (value === null) return 'none';
  if (value instanceof Date) return dateOf(value.toISOString());
  if (Array.isArray(value)) {
    const more = value.length > ITEMS_SHOWN ? [`and ${value.length - ITEMS_SHOWN} more`] : [];
    return value.length === 0 ? 'none' : [...value.slice(0, ITEMS_SHOWN).map(show), ...more].join(', ');
  }
  if (typeof value === 'object') return spanOf(value.valueOf() as number);
  const text = String(value);
  return text.length > LONGEST_SHOWN ? `${text.slice(0, LONGEST_SHOWN).toWellFormed()}…` : text;
}

function spanOf(milliseconds: number): string {
  const days = Math.trunc(milliseconds / DAY);
  return days === 0 ? `${Math.round(milliseconds / 3_600_000)} hours` : countDays(days);
}

function valuesIn(message: readonly MessagePart[]): Expression[] {
  return message.flatMap((part) => (typeof part === 'string' ? [] : [part.value]));
}

/** The types that a message can show. */
const SHOWN = /^(?:list<)?(?:string|bool|int|uint|double|timestamp|duration|dyn|null)>?$/;

/** A message's texts and placeholders. Braces stand for themselves when they are doubled. */
function readMessage(
  source: string,
  scope: Scope,
): { message: readonly MessagePart[]; mistakes: readonly Mistake[] } {
  const message: MessagePart[] = [];
  const mistakes: Mistake[] = [];
  for (let rest = source; rest !== ''; ) {
    const [plain = ''] = /^(?:[^{}]|\{\{|\}\})*/.exec(rest) ?? [];
    if (plain !== '') message.push(plain.replaceAll('{{', '{').replaceAll('}}', '}'));
    const { part, length } = readPlaceholder(rest.slice(plain.length), scope);
    if (part !== undefined) (isMistake(part) ? mistakes : message).push(part as never);
    rest = rest.slice(plain.length + length);
  }
  return { message, mistakes };
}

function isMistake(part: MessagePart | Mistake): part is Mistake {
  return typeof part !== 'string' && 'message' in part;
}

interface Placeholder {
  readonly part: MessagePart | Mistake | undefined;
  readonly length: number;
}

/** The shortest text in braces that is an expression: one may contain braces itself. */
function readPlaceholder(rest: string, scope: Scope): Placeholder {
  if (rest === '') return { part: undefined, length: 0 };
  let first: Placeholder | undefined;
  for (let end = rest.indexOf('}'); rest.startsWith('{') && end !== -1; end = rest.indexOf('}', end + 1)) {
    const value = compile(rest.slice(1, end), scope);
    if ('source' in value) return { part: showable(value), length: end + 1 };
    first ??= { part: value, length: end + 1 };
  }
  const message = 'a brace has no partner; write {{ or }} for a brace itself';
  return first ?? { part: { message, part: rest.slice(0, 20) }, length: rest.length };
}

function showable(value: Expression): MessagePart | Mistake {
  if (SHOWN.test(value.type)) return { key: value.source.trim(), value };
  return { message: `a message cannot show a value of type ${value.type}`, part: value.source };
}

function optionSpecs(options: CustomRule['options'] = {}): OptionSpecs {
  return Object.fromEntries(
    Object.entries(options).map(([name, given]) => {
      const spec: OptionSpec =
        typeof given === 'object' && 'default' in given
          ? given
          : ({ describe: '', default: given } as OptionSpec);
      const describe = spec.describe || 'Used by its condition';
      const { integer = Number.isInteger(spec.default) } = spec as { integer?: boolean };
      const isNumber = typeof spec.default === 'number';
      return [name, { ...spec, describe, ...(isNumber && { integer }) }];
    }),
  ) as OptionSpecs;
}

/** What is wrong with the tests of a rule beyond their form. */
export function testMistakes(
  tests: readonly RuleTest[],
  { kinds, options, usesNow }: Pick<Scope, 'kinds' | 'options'> & { readonly usesNow: boolean },
): RuleMistake[] {
  return tests.flatMap((test, index) => {
    const at = ['tests', index];
    const wrong = (message: string, ...path: Path): RuleMistake => ({
      path: [...at, ...path],
      message,
      part: '',
    });
    const flaws = (schema: Schema, value: unknown, name: string) =>
      flawsOf(schema, value, [name]).map(({ path, message }) => wrong(message, ...path));
    const kind = test.kind ?? kinds[0];
    const unsaid =
      'has no now: the rule compares with the time of the audit, so say what it is, as in now: 2026-06-01';
    const others = Object.keys(test.options ?? {}).filter((name) => !Object.hasOwn(options, name));
    return [
      ...flaws(credentialSchema(kind ? [kind] : kinds), test.credential, 'credential'),
      ...(test.now === undefined ? [] : flaws(INSTANT, test.now, 'now')),
      ...(test.now === undefined && usesNow ? [wrong(unsaid)] : []),
      ...(test.kind !== undefined && !kinds.includes(test.kind)
        ? [wrong(`the rule does not judge ${test.kind}`, 'kind')]
        : []),
      ...others.map((name) => wrong('the rule has no such option', 'options', name)),
    ];
  });
}
