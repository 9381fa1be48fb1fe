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
const STATUS: Readonly<Record<number, number>> = {
  1: 499,
  2: 500,
  3: 400,
  4: 504,
  5: 404,
  6: 409,
  7: 403,
  8: 429,
  9: 400,
  10: 409,
  11: 400,
  12: 501,
  13: 500,
  14: 503,
  15: 500,
  16: 401,
};

/** An answer before it is written. Without `headers['content-type']` a `json` goes out as JSON. */
export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly json?: unknown;
  readonly text?: string;
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

/** The API's gRPC code for an HTTP status. */
export function codeOf(status: number): number {
  if (status === 401) return Code.unauthenticated;
  if (status === 500) return Code.internal;
  if (status === 400) return Code.invalidArgument;
  const code = Object.keys(STATUS).find((key) => STATUS[Number(key)] === status);
  return code === undefined ? 2 : Number(code);
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

/** What a body's field may hold: `refs` are `[{id}]`. */
type FieldType = 'string' | 'integer' | 'boolean' | 'strings' | 'refs' | 'object';

type Shape = Readonly<Record<string, FieldType>>;

/** The values behind a shape; a field that is absent or null reads as its zero value. */
type Values<S extends Shape> = {
  readonly [K in keyof S]: S[K] extends 'string'
    ? string
    : S[K] extends 'integer'
      ? number
      : S[K] extends 'boolean'
        ? boolean
        : S[K] extends 'strings' | 'refs'
          ? readonly string[]
          : Readonly<Record<string, unknown>> | null;
};

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
        if (typeof ref !== 'object' || ref === null || Array.isArray(ref)) throw refuse();
        return readFields(ref as Record<string, unknown>, { id: 'string' }).id;
      });
    case 'object':
      if (typeof value !== 'object' || Array.isArray(value)) throw refuse();
      return value;
    default:
      // The remaining types are named as typeof names them.
      if (typeof value !== type) throw refuse();
      return value;
  }
}

const ZERO: Readonly<Record<FieldType, unknown>> = {
  string: '',
  integer: 0,
  boolean: false,
  strings: [],
  refs: [],
  object: null,
};
