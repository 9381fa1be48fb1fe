import type { ServerResponse } from 'node:http';

/** gRPC codes, as ConductorOne's error bodies carry them. */
export const Code = {
  invalidArgument: 3,
  notFound: 5,
  permissionDenied: 7,
  resourceExhausted: 8,
  unimplemented: 12,
  internal: 13,
  unavailable: 14,
  unauthenticated: 16,
} as const;

/** HTTP statuses by gRPC code. */
export const STATUS: readonly number[] = [
  200, 499, 500, 400, 504, 404, 409, 403, 429, 400, 409, 400, 501, 500, 503, 500, 401,
];

/** An answer before it is written. */
export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly json?: unknown;
  readonly text?: string;
  /** Sends the body in its own way, after the headers. */
  readonly send?: (response: ServerResponse, body: Buffer) => Promise<void>;
}

/** Thrown by whatever refuses a request; the server answers with its reply. */
export class Refusal extends Error {
  readonly reply: Reply;

  constructor(message: string, reply: Reply) {
    super(message);
    this.name = 'Refusal';
    this.reply = reply;
  }
}

/** An API error body `{code, message, details}`; the server ends the message in the request id. */
export function apiError(
  code: number,
  message: string,
  over: { status?: number; headers?: Readonly<Record<string, string>> } = {},
): Refusal {
  return new Refusal(message, {
    status: over.status ?? STATUS[code] ?? 500,
    headers: over.headers ?? {},
    json: { code, message, details: [] },
  });
}

/** An OAuth error body `{error, error_description}`. */
export function oauthError(
  status: number,
  error: string,
  description: string,
  headers: Readonly<Record<string, string>> = {},
): Refusal {
  return new Refusal(`${error}: ${description}`, {
    status,
    headers: { 'cache-control': 'no-store', ...headers },
    json: { error, error_description: description },
  });
}

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

export type Shape = Readonly<Record<string, FieldType>>;

/** The values of a shape; a field that is absent or null has its zero value. */
export type Values<S extends Shape> = { readonly [K in keyof S]: FieldTypes[S[K]] };

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
    if (!Object.hasOwn(shape, name))
      throw apiError(Code.invalidArgument, `proto: (line 1:1): unknown field "${key}"`);
    if (Object.hasOwn(given, name))
      throw apiError(Code.invalidArgument, `proto: (line 1:1): duplicate field "${key}"`);
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
