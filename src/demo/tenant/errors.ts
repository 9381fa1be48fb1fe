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
export const STATUS: Readonly<Record<number, number>> = {
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
