import * as v from 'valibot';
import { didYouMean, looksSecret, quote } from './config/problem.js';

/*
 * The one way in which data from outside is described and checked: settings, rules of plug-ins, state files, saved
 * reports, answers in `--input` files and the options of `audit()`. A description is a valibot schema. From it come the
 * check with its messages, the TypeScript type (`Described`) and the JSON Schema (scripts/schemas.ts).
 *
 * Texts, lists, mappings and choices are valibot's own schemas with another `~run`: valibot stops at the first unknown
 * key, skips `__proto__` and `constructor`, and copies what it reads, which doubles the time for a large report.
 */

export type Schema<T = unknown> = v.GenericSchema<unknown, T>;

export type Described<S extends Schema> = v.InferOutput<S>;

export type Path = readonly (string | number)[];

/** What a flaw is about: the key itself, or the value under it. */
export type Part = 'key' | 'value';

/** One thing that is wrong with a value. */
export interface Flaw {
  readonly path: Path;
  readonly part: Part;
  /** Never holds a secret. */
  readonly message: string;
}

/** Everything that is wrong with a value; empty if it is as described. `at` is the way to the value itself. */
export function flawsOf(schema: Schema, value: unknown, at: Path = []): Flaw[] {
  const { issues = [] } = v.safeParse(schema, value, { message: wording, abortPipeEarly: true });
  return issues.map(({ path: steps = [], type, requirement, message }) => {
    const path = [...at, ...steps.map(({ key }) => key as string | number)];
    return {
      path,
      part: steps.at(-1)?.origin === 'key' ? 'key' : 'value',
      message:
        type === REPEATED ? `repeats ${writePath([...path.slice(0, -1), requirement as number])}` : message,
    };
  });
}

/** The type of an issue on an item of a list that repeats the one at the index `requirement`. */
const REPEATED = 'repeated';

/** How many flaws a sentence names. */
const NAMED = 3;

/** The first flaws as the end of a sentence: `run.asOf: must be text, not 3; and 2 more.` */
export function describeFlaws(flaws: readonly Flaw[]): string {
  const named = flaws
    .slice(0, NAMED)
    .map(({ path, message }) => (path.length === 0 ? message : `${writePath(path)}: ${message}`));
  if (flaws.length > NAMED) named.push(`and ${flaws.length - NAMED} more`);
  const text = named.join('; ');
  return text.endsWith('?') ? text : `${text}.`;
}

/** `waivers[2].credential.name` */
export function writePath(path: Path): string {
  return path
    .map((step, index) => {
      if (typeof step === 'number') return `[${step}]`;
      const shown = looksSecret(step)
        ? '(a secret)'
        : step.slice(0, 60).replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '?');
      return index === 0 ? shown : `.${shown}`;
    })
    .join('');
}

export function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

/** How the schemas that valibot brings put a wrong value. */
function wording({ type, input, requirement, expected }: v.BaseIssue<unknown>): string {
  switch (type) {
    case 'boolean':
      return `must be true or false, not ${quote(input)}`;
    case 'number':
    case 'finite':
      return `must be a number, not ${quote(input)}`;
    case 'integer':
      return `must be a whole number, not ${quote(input)}`;
    case 'min_value':
      return `must be at least ${requirement}, not ${quote(input)}`;
    case 'max_value':
      return `must be at most ${requirement}, not ${quote(input)}`;
    case 'date':
      return 'must be a valid Date';
    case 'function':
      return `must be a function, not ${quote(input)}`;
    default:
      return `must be ${expected}, not ${quote(input)}`;
  }
}

/** A schema with a text for people: the description in JSON Schema and in the TypeScript types. */
export function about<S extends Schema>(description: string, schema: S): S {
  // As v.pipe does it, but without running a pipe for each value.
  return { ...schema, pipe: [schema, v.description(description)] };
}

/** For the JSON Schema only: the check adds no defaults. */
export function withDefault<S extends Schema>(schema: S, value: unknown): S {
  return { ...schema, json: { default: value } };
}

/** A key that may be missing, with a text for people and the value it then has, if that is one. */
export function optional<S extends Schema>(description: string, schema: S, fallback?: unknown) {
  const base = v.exactOptional(schema);
  return about(description, fallback === undefined ? base : withDefault(base, fallback));
}

type Dataset = v.UnknownDataset & { issues?: [v.BaseIssue<unknown>, ...v.BaseIssue<unknown>[]] };
type Config = v.Config<v.BaseIssue<unknown>>;
type Refuse = (message: string, key?: string) => void;

/** valibot's schema for types and JSON Schema, with a check of our own that says what is wrong. */
function checkedBy<T>(
  base: Schema,
  check: (value: unknown, refuse: Refuse, dataset: Dataset, config: Config) => void,
  extra: { readonly json?: object; readonly also?: object } = {},
): Schema<T> {
  const schema = {
    ...base,
    ...extra,
    '~run'(dataset: Dataset, config: Config) {
      const { value } = dataset;
      // An issue sets it to false again.
      (dataset as { typed?: boolean }).typed = true;
      const refuse: Refuse = (message, key) =>
        v._addIssue(this as never, 'value', dataset as never, config, {
          message,
          ...(key === undefined ? {} : { path: [stepTo(value, key, 'key')] }),
        } as never);
      check(value, refuse, dataset, config);
      return dataset;
    },
  };
  return schema as unknown as Schema<T>;
}

function stepTo(input: unknown, key: string | number, origin: Part): v.IssuePathItem {
  const value = (input as Record<string | number, unknown>)[key];
  return { type: 'unknown', origin, input, key, value } as v.UnknownPathItem;
}

/** Checks one part of a value, and takes its issues over with the way to it. */
function checkPart(schema: Schema, key: string | number, dataset: Dataset, config: Config): void {
  const value = (dataset.value as Record<string | number, unknown>)[key];
  const { issues, typed } = schema['~run']({ value } as Dataset, config);
  if (!issues) return;
  const into = dataset as { issues?: v.BaseIssue<unknown>[]; typed?: boolean };
  into.issues ??= [];
  for (const issue of issues) {
    const step = stepTo(dataset.value, key, 'value');
    into.issues.push({ ...issue, path: [step, ...(issue.path ?? [])] });
  }
  if (!typed) into.typed = false;
}

/** What the text at some place must look like. */
export interface TextRule {
  readonly pattern: RegExp;
  /** The pattern in words: `must be …`. */
  readonly says: string;
  /** What no pattern can express: what is wrong, or undefined. */
  readonly refine?: (text: string) => string | undefined;
  /** For JSON Schema: `date-time`. */
  readonly format?: string;
}

export function text(rule?: TextRule): Schema<string> {
  const base = rule?.format ? { ...v.string(), json: { format: rule.format } } : v.string();
  return checkedBy(rule ? v.pipe(base, v.regex(rule.pattern)) : base, (value, refuse) => {
    if (typeof value !== 'string') {
      const quoted = typeof value === 'number' || typeof value === 'boolean' ? ': put it in quotes' : '';
      refuse(`must be text, not ${quote(value)}${quoted}`);
    } else if (rule && !rule.pattern.test(value)) {
      refuse(`${rule.says}, not ${quote(value)}`);
    } else {
      const refined = rule?.refine?.(value);
      if (refined !== undefined) refuse(`${quote(value)}: ${refined}`);
    }
  });
}

/** Text that is not blank. */
export const FILLED: TextRule = { pattern: /\S/, says: 'must not be blank' };

interface ChoiceOptions {
  /** Other texts that will do. */
  readonly also?: TextRule | undefined;
  /** What a choice is called in messages. */
  readonly noun?: string;
}

export function choice<const C extends readonly string[]>(
  choices: C,
  { also, noun }: ChoiceOptions = {},
): Schema<C[number]> {
  const list = v.picklist(choices);
  return checkedBy(also ? v.union([list, text(also)]) : list, (value, refuse) => {
    if (typeof value === 'string' && (choices.includes(value) || also?.pattern.test(value))) return;
    const near = didYouMean(typeof value === 'string' ? value : '', choices);
    const hint = value === false && choices.includes('off') ? '; did you mean "off"?' : near;
    if (noun !== undefined) refuse(`there is no ${noun} ${quote(value)}${hint}`);
    else refuse(`must be one of ${choices.join(', ')}, not ${quote(value)}${hint}`);
  });
}

interface Bounds {
  readonly min?: number | undefined;
  readonly max?: number | undefined;
  readonly integer?: boolean | undefined;
}

/** A number within bounds, both inclusive. */
export function number({ min, max, integer }: Bounds = {}): Schema<number> {
  const limits = [
    ...(integer ? [v.integer()] : []),
    ...(min === undefined ? [] : [v.minValue(min)]),
    ...(max === undefined ? [] : [v.maxValue(max)]),
  ] as v.PipeItem<number, number, v.BaseIssue<unknown>>[];
  return v.pipe(v.number(), v.finite(), ...limits) as Schema<number>;
}

export function func(): Schema<(...given: unknown[]) => unknown> {
  return v.function() as Schema<(...given: unknown[]) => unknown>;
}

interface ListOptions {
  readonly filled?: boolean;
  /** No two items are the same: equal, or with an equal result. */
  readonly unique?: true | ((item: unknown) => unknown);
}

/** A list. Without `item`, its items are not looked at. */
export function list<T>(item?: Schema<T>, { filled, unique }: ListOptions = {}): Schema<readonly T[]> {
  const json = { ...(unique ? { uniqueItems: true } : {}), ...(filled ? { minItems: 1 } : {}) };
  const identity = typeof unique === 'function' ? unique : (value: unknown) => value;
  return checkedBy(
    v.array(item ?? v.unknown()),
    (value, refuse, dataset, config) => {
      if (!Array.isArray(value)) {
        refuse(`must be a list, not ${quote(value)}`);
        return;
      }
      if (filled && value.length === 0) refuse('must not be an empty list');
      for (let index = 0; item && index < value.length; index += 1) checkPart(item, index, dataset, config);
      if (unique) checkUnique(value, identity, dataset, config);
    },
    { json },
  );
}

function checkUnique(
  items: readonly unknown[],
  identity: (item: unknown) => unknown,
  dataset: Dataset,
  config: Config,
): void {
  const seen = new Map<unknown, number>();
  for (const [index, item] of items.entries()) {
    const same = identity(item);
    const first = seen.get(same);
    if (first === undefined) seen.set(same, index);
    else checkPart(repeating(first), index, dataset, config);
  }
}

const repeating = (first: number): Schema =>
  checkedBy({ ...v.unknown(), type: REPEATED, requirement: first } as Schema, (_, refuse) =>
    refuse(REPEATED),
  );

interface RecordOptions {
  /** What a key is called in messages. */
  readonly noun?: string;
  /** Keys that are not described are accepted. */
  readonly open?: boolean;
  /** Keys beside those known by name. */
  readonly also?: { readonly key: TextRule; readonly value: Schema };
  /** What to do if a key is missing, by key. Default: it is required. */
  readonly missing?: Readonly<Record<string, string>>;
  /** What is wrong with a key that is not described. */
  readonly unknownKey?: (name: string, noun: string, known: readonly string[]) => string;
}

const noSuchKey = (name: string, noun: string, known: readonly string[]) =>
  `no such ${noun}${didYouMean(name, known)}`;

const OPTIONAL = ['optional', 'exact_optional', 'nullish'];

type RecordSchema<E extends v.ObjectEntries> = Schema<
  Readonly<v.InferOutput<v.StrictObjectSchema<E, undefined>>>
> & {
  readonly entries: E;
};

/** A mapping with known keys. */
export function record<const E extends v.ObjectEntries>(
  entries: E,
  options: RecordOptions = {},
): RecordSchema<E> {
  const { open = false, also } = options;
  const parts = Object.entries(entries) as [string, Schema][];
  const checkOther = otherKeys(parts, options);
  const schema = checkedBy(
    open ? v.looseObject(entries) : v.strictObject(entries),
    (value, refuse, dataset, config) => {
      if (!isMapping(value)) {
        refuse(notAMapping(value));
        return;
      }
      for (const [name, part] of parts) {
        if (value[name] !== undefined || Object.hasOwn(value, name)) checkPart(part, name, dataset, config);
        else if (!OPTIONAL.includes(part.type)) refuse(missingKey(name, options));
      }
      if (open) return;
      for (const name of Object.keys(value)) checkOther(name, refuse, dataset, config);
    },
    also ? { also } : {},
  );
  return schema as RecordSchema<E>;
}

function missingKey(name: string, { missing = {} }: RecordOptions): string {
  return `has no ${name}: ${missing[name] ?? 'it is required'}`;
}

type CheckKey = (name: string, refuse: Refuse, dataset: Dataset, config: Config) => void;

/** The check of a key that may be none of the known ones. */
function otherKeys(parts: readonly (readonly [string, Schema])[], options: RecordOptions): CheckKey {
  const { noun = 'key', also, unknownKey = noSuchKey } = options;
  const names = parts.map(([name]) => name);
  const known = new Set(names);
  return (name, refuse, dataset, config) => {
    if (known.has(name)) return;
    if (also?.key.pattern.test(name)) checkPart(also.value, name, dataset, config);
    else refuse(unknownKey(name, noun, names), name);
  };
}

function notAMapping(value: unknown): string {
  return `must be a mapping of keys to values, not ${quote(value)}`;
}

/** A mapping with free keys. */
export function map<T>(
  key: TextRule | undefined,
  value: Schema<T>,
  { ignoreCase = false }: { ignoreCase?: boolean } = {},
): Schema<Readonly<Record<string, T>>> {
  const wrongKey = (name: string) => key && (key.pattern.test(name) ? key.refine?.(name) : key.says);
  return checkedBy(v.record(text(key) as never, value), (given, refuse, dataset, config) => {
    if (!isMapping(given)) {
      refuse(notAMapping(given));
      return;
    }
    const seen = new Set<string>();
    for (const name of Object.keys(given)) {
      const same = ignoreCase ? name.toLowerCase() : name;
      const wrong = wrongKey(name);
      if (wrong !== undefined) refuse(wrong, name);
      else if (seen.has(same)) refuse('is given twice; upper and lower case are the same here', name);
      else checkPart(value, name, dataset, config);
      seen.add(same);
    }
  });
}

/** One of two forms, told apart by a test, so that messages are about the intended form. */
export function either<A, B>(
  isFirst: (value: unknown) => boolean,
  first: Schema<A>,
  second: Schema<B>,
): Schema<A | B> {
  const base = v.union([first, second]);
  return {
    ...base,
    '~run': (dataset: Dataset, config: Config) =>
      (isFirst(dataset.value) ? first : second)['~run'](dataset, config),
  } as unknown as Schema<A | B>;
}

/** A schema with a check over several parts, made only if each part is right. `refuse` takes the way to the part. */
export function refined<T>(
  schema: Schema<T>,
  check: (value: T, refuse: (message: string, ...path: readonly string[]) => void) => void,
): Schema<T> {
  return {
    ...schema,
    '~run'(dataset: Dataset, config: Config) {
      const checked = schema['~run'](dataset, config);
      if (checked.issues) return checked;
      check(dataset.value as T, (message, ...keys) => {
        const path = keys.map((key) => ({
          type: 'unknown',
          origin: 'value',
          input: undefined,
          key,
          value: undefined,
        }));
        v._addIssue(this as never, 'value', dataset as never, config, { message, path } as never);
      });
      return dataset;
    },
  } as unknown as Schema<T>;
}
