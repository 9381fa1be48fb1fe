import { apiError, Code } from './errors.js';

/** The JSON object in `text`; undefined for anything else. */
export function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What a field may hold: `refs` are `[{id}]`. */
interface FieldTypes {
  readonly string: string;
  readonly integer: number;
  readonly boolean: boolean;
  readonly strings: readonly string[];
  readonly refs: readonly string[];
  readonly object: Readonly<Record<string, unknown>> | null;
}

type FieldType = keyof FieldTypes;

type Shape = Readonly<Record<string, FieldType>>;

/** The values of a shape; a field that is absent or null has its zero value. */
type Values<S extends Shape> = { readonly [K in keyof S]: FieldTypes[S[K]] };

const ZERO: FieldTypes = { string: '', integer: 0, boolean: false, strings: [], refs: [], object: null };

/**
 * The body's fields as `shape` names them; refs come as plain ids.
 *
 * @throws Refusal 400 for a key that the message does not have, or a value of another type.
 */
export function readFields<S extends Shape>(body: Readonly<Record<string, unknown>>, shape: S): Values<S> {
  const given: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(body)) {
    const name = jsonName(key);
    if (!Object.hasOwn(shape, name)) {
      throw apiError(Code.invalidArgument, `proto: (line 1:1): unknown field "${key}"`);
    }
    if (Object.hasOwn(given, name)) {
      throw apiError(Code.invalidArgument, `proto: (line 1:1): duplicate field "${key}"`);
    }
    given[name] = value;
  }
  const values = Object.entries(shape).map(([key, type]) => [key, readField(key, given[key] ?? null, type)]);
  return Object.fromEntries(values) as Values<S>;
}

/** A field may be spelt as in JSON (`pageSize`) or as in the proto file (`page_size`). */
export function jsonName(key: string): string {
  return key.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

function readField(key: string, value: unknown, type: FieldType): unknown {
  const refuse = () =>
    apiError(Code.invalidArgument, `proto: (line 1:1): invalid value for ${type} field ${key}`);
  if (value === null) return ZERO[type];
  switch (type) {
    case 'integer':
      if (!Number.isInteger(value) || Math.abs(value as number) > 2 ** 31 - 1) throw refuse();
      return value;
    case 'strings':
      if (!Array.isArray(value) || !value.every((item) => typeof item === 'string')) throw refuse();
      return value;
    case 'refs':
      if (!Array.isArray(value)) throw refuse();
      return value.map((ref: unknown) => {
        if (!isObject(ref)) throw refuse();
        return readFields(ref, { id: 'string' }).id;
      });
    case 'object':
      if (!isObject(value)) throw refuse();
      return value;
    default:
      // The remaining types are named as typeof names them.
      if (typeof value !== type) throw refuse();
      return value;
  }
}
