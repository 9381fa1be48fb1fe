import { didYouMean } from './nearest.js';
import { type Key, mayBeEmpty, type RecordShape, type Shape, type TextRule } from './schema.js';
import { looksSecret, namesSecret, quote, secretMessage } from './secrets.js';

/** Where each key is at home: its name, and the paths it may stand under (empty for the top). */
type Places = ReadonlyMap<string, readonly string[]>;

export function placesOf(shape: Shape): Places {
  const places = new Map<string, string[]>();
  collect(shape, '', places);
  return places;
}

function collect(shape: Shape, path: string, places: Map<string, string[]>): void {
  if (shape.type === 'list') collect(shape.of, `${path}[]`, places);
  if (shape.type === 'either') collect(shape.record, path, places);
  if (shape.type !== 'record') return;
  for (const [name, key] of Object.entries(shape.keys)) {
    const at = places.get(name);
    if (at) at.push(path);
    else places.set(name, [path]);
    collect(key.shape, path === '' ? name : `${path}.${name}`, places);
  }
}

/** More homes than this are not worth listing. */
const LISTED = 4;

/** `; it belongs under slack`, or nothing where the key is at home nowhere else. */
function belongs(name: string, here: string, places: Places): string {
  const homes = (places.get(name) ?? []).filter((path) => path !== here);
  if (homes.length === 0) return '';
  const inRules = homes.filter((path) => path.startsWith('rules.'));
  const shown =
    inRules.length > LISTED ? homes.filter((path) => !inRules.includes(path)).concat('rules.<id>') : homes;
  const named = shown.map((path) => (path === '' ? 'the top level' : path));
  return `; it belongs under ${named.join(', ').replace(/, ([^,]*)$/, ' or $1')}`;
}

export type Path = readonly (string | number)[];

/** What a problem is about: the key itself, or the value under it. */
export type Part = 'key' | 'value';

interface CheckContext {
  /** The run's clock, in milliseconds. */
  readonly now: number;
  readonly places: Places;
  readonly report: (path: Path, part: Part, message: string) => void;
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

/** Reports all that is wrong with a value. */
export function check(value: unknown, shape: Shape, path: Path, context: CheckContext): void {
  switch (shape.type) {
    case 'list':
      checkList(value, shape, path, context);
      break;
    case 'record':
      checkRecord(value, shape, path, context);
      break;
    case 'map':
      checkMap(value, shape, path, context);
      break;
    case 'either':
      check(value, isMapping(value) ? shape.record : shape.scalar, path, context);
      break;
    case 'oneOrMore':
      if (Array.isArray(value)) checkList(value, { type: 'list', of: shape.of, filled: true }, path, context);
      else check(value, shape.of, path, context);
      break;
    default: {
      const wrong = wrongScalar(value, shape, context.now);
      if (wrong !== undefined) context.report(path, 'value', wrong);
    }
  }
}

type Scalar = Exclude<Shape, { type: 'list' | 'record' | 'map' | 'either' | 'oneOrMore' }>;

/** What is wrong with a single value, or undefined. */
function wrongScalar(value: unknown, shape: Scalar, now: number): string | undefined {
  switch (shape.type) {
    case 'choice':
      return wrongChoice(value, shape);
    case 'text':
      return wrongText(value, shape.rule, now);
    case 'boolean':
      return typeof value === 'boolean' ? undefined : `must be true or false, not ${quote(value)}`;
    case 'number':
      return wrongNumber(value, shape);
    case 'anything':
      return undefined;
  }
}

export function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

function matches(text: string, rule: TextRule | undefined): boolean {
  return rule !== undefined && new RegExp(rule.pattern, 'u').test(text);
}

function wrongChoice(
  value: unknown,
  { choices, also, noun }: Extract<Shape, { type: 'choice' }>,
): string | undefined {
  if (typeof value === 'string' && (choices.includes(value) || matches(value, also))) return undefined;
  const near = didYouMean(typeof value === 'string' ? value : '', choices);
  const hint = value === false && choices.includes('off') ? '; did you mean "off"?' : near;
  if (noun !== undefined) return `there is no ${noun} ${quote(value)}${hint}`;
  return `must be one of ${choices.join(', ')}, not ${quote(value)}${hint}`;
}

function wrongText(value: unknown, rule: TextRule, now: number): string | undefined {
  if (typeof value !== 'string') {
    const quoted = typeof value === 'number' || typeof value === 'boolean' ? ': put it in quotes' : '';
    return `must be text, not ${quote(value)}${quoted}`;
  }
  if (!matches(value, rule)) return `${rule.says}, not ${quote(value)}`;
  const refined = rule.refine?.(value, now);
  return refined === undefined ? undefined : `${quote(value)}: ${refined}`;
}

function wrongNumber(value: unknown, shape: Extract<Shape, { type: 'number' }>): string | undefined {
  const { min, max, integer } = shape;
  if (typeof value !== 'number' || !Number.isFinite(value)) return `must be a number, not ${quote(value)}`;
  if (integer && !Number.isInteger(value)) return `must be a whole number, not ${value}`;
  if (min !== undefined && value < min) return `must be at least ${min}, not ${value}`;
  if (max !== undefined && value > max) return `must be at most ${max}, not ${value}`;
  return undefined;
}

function checkList(
  value: unknown,
  shape: Extract<Shape, { type: 'list' }>,
  path: Path,
  context: CheckContext,
): void {
  if (!Array.isArray(value)) {
    context.report(path, 'value', `must be a list, not ${quote(value)}`);
    return;
  }
  if (shape.filled && value.length === 0) context.report(path, 'value', 'must not be an empty list');
  const seen = new Map<unknown, number>();
  for (const [index, item] of value.entries()) {
    check(item, shape.of, [...path, index], context);
    const identity = identityOf(item, shape.same);
    const first = seen.get(identity);
    if (first === undefined) seen.set(identity, index);
    else context.report([...path, index], 'value', `repeats ${writePath([...path, first])}`);
  }
}

/** Written so that it can be compared: what came from JavaScript may hold itself, which JSON cannot write. */
function identityOf(item: unknown, same: readonly string[] | undefined): unknown {
  if (!same || !isMapping(item)) return item;
  return JSON.stringify(same.map((key) => flat(item[key])));
}

function flat(value: unknown): unknown {
  if (isMapping(value)) return Object.entries(value).map(([key, held]) => [key, textsIn(held)]);
  return textsIn(value);
}

function textsIn(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => (typeof item === 'string' ? item : null));
  return typeof value === 'string' ? value : null;
}

function checkRecord(value: unknown, shape: RecordShape, path: Path, context: CheckContext): void {
  if (!isMapping(value)) {
    context.report(path, 'value', `must be a mapping of keys to values, not ${quote(value)}`);
    return;
  }
  for (const [name, held] of Object.entries(value)) {
    const at = [...path, name];
    const key = Object.hasOwn(shape.keys, name) ? shape.keys[name] : undefined;
    if (key) checkKey(held, key, at, context);
    else if (shape.also && matches(name, shape.also.key)) check(held, shape.also.value, at, context);
    else context.report(at, 'key', unknownKey(name, shape, path, context.places));
  }
  for (const [name, key] of Object.entries(shape.keys)) {
    if (key.required && !Object.hasOwn(value, name))
      context.report(path, 'value', `has no ${name}: ${key.missing ?? 'it is required'}`);
  }
}

function checkKey(value: unknown, key: Key, path: Path, context: CheckContext): void {
  if (value !== null || !mayBeEmpty(key)) check(value, key.shape, path, context);
}

function unknownKey(name: string, shape: RecordShape, path: Path, places: Places): string {
  const here = writePath(path).replace(/\[\d+\]/g, '[]');
  const home = belongs(name, here, places);
  if (home === '' && namesSecret(name)) return secretMessage(name);
  return `no such ${shape.noun ?? 'key'}${home}${didYouMean(name, Object.keys(shape.keys))}`;
}

function checkMap(
  value: unknown,
  shape: Extract<Shape, { type: 'map' }>,
  path: Path,
  context: CheckContext,
): void {
  if (!isMapping(value)) {
    context.report(path, 'value', `must be a mapping of keys to values, not ${quote(value)}`);
    return;
  }
  const seen = new Set<string>();
  for (const [name, held] of Object.entries(value)) {
    const at = [...path, name];
    if (!matches(name, shape.key)) context.report(at, 'key', shape.key.says);
    else if (seen.has(name.toLowerCase())) context.report(at, 'key', 'stands here twice, if case is ignored');
    else check(held, shape.value, at, context);
    seen.add(name.toLowerCase());
  }
}
