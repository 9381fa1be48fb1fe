import { setTimeout as sleep } from 'node:timers/promises';
import pRetry from 'p-retry';
import type { MessageSettings } from '../config/config.js';
import type { Owner } from '../contract/index.js';
import type { News } from '../engine/history.js';
import type { Report } from '../engine/report.js';
import { AuditError } from '../errors.js';
import { createFetch } from '../fetch.js';

/** What there is to report. */
export interface NewsToSend<Settings extends MessageSettings> {
  /** Without secrets. */
  readonly report: Report;
  /** undefined: no history is kept. */
  readonly news: News | undefined;
  readonly settings: Settings;
  /** Owners by id: their state, and the managers of those who are away. */
  readonly owners?: ReadonlyMap<string, Owner> | undefined;
  /** The page of the CI run. */
  readonly runUrl?: string | undefined;
}

/** How to reach a receiver. */
export interface Connection {
  /** Where the receiver is, and the proxy. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Milliseconds since the epoch: Retry-After may be a date. */
  readonly now: () => number;
  readonly signal: AbortSignal;
  readonly log: { warn(message: string): void };
  readonly patience?: Partial<Patience>;
}

/** How patiently messages are sent. */
interface Patience {
  /** Per request, in milliseconds. */
  readonly timeout: number;
  readonly retries: number;
  /** The first wait where the receiver names none; it doubles. */
  readonly backoff: number;
  /** The longest wait that the receiver may ask for. */
  readonly longestWait: number;
  /** Between two messages: Slack takes one a second. */
  readonly pause: number;
}

/**
 * Few retries: after a time-out it is unknown whether the message was accepted, so a retry may post it twice where the
 * receiver does not know it by an id. Twice is better than never, and more than twice is noise.
 */
const PATIENCE: Patience = {
  timeout: 10_000,
  retries: 3,
  backoff: 1000,
  longestWait: 60_000,
  pause: 1100,
};

export interface Sending extends Pick<Connection, 'now' | 'signal' | 'log'> {
  /** Who receives, as the log names them. */
  readonly to: string;
  /** Knows the proxy. */
  readonly fetch: typeof fetch;
  readonly patience: Patience;
}

export function sendingOf(to: string, { env, patience, now, signal, log }: Connection): Sending {
  return { to, fetch: createFetch(env), patience: { ...PATIENCE, ...patience }, now, signal, log };
}

/** @throws AuditError `delivery` if the run was interrupted */
export async function orInterrupted<T>(
  { to, signal }: Pick<Sending, 'to' | 'signal'>,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof AuditError || !signal.aborted) throw error;
    throw new AuditError(
      'delivery',
      `The message to ${to} was interrupted.`,
      'It may or may not have arrived. Run again to send it.',
    );
  }
}

/** The receiver refused, or did not answer. Its text is only ours: no URL, no token, nothing from the network. */
export class SendFailure extends Error {
  /** HTTP status; undefined: no answer. */
  readonly status: number | undefined;
  /** Slack's word for it (`no_service`), or the system's (`ECONNREFUSED`). */
  readonly word: string | undefined;
  /** Milliseconds that the receiver asks to wait. */
  readonly retryAfter: number | undefined;

  constructor(failure: {
    status?: number | undefined;
    word?: string | undefined;
    retryAfter?: number | undefined;
  }) {
    const status = failure.status === undefined ? 'no answer' : `HTTP ${failure.status}`;
    super(failure.word === undefined ? status : `${status}, ${failure.word}`);
    this.name = 'SendFailure';
    this.status = failure.status;
    this.word = failure.word;
    this.retryAfter = failure.retryAfter;
  }

  /** Slack refused the blocks; text alone may pass. */
  get refusesBlocks(): boolean {
    return this.word !== undefined && BLOCKS_REFUSED.has(this.word);
  }

  get mayPass(): boolean {
    if (this.status === undefined) return true;
    if (this.status === 200) return this.word !== undefined && PASSING.has(this.word);
    return this.status === 408 || this.status === 429 || this.status >= 500;
  }
}

const BLOCKS_REFUSED: ReadonlySet<string> = new Set([
  'invalid_blocks',
  'invalid_attachments',
  'invalid_blocks_format',
  'msg_blocks_too_long',
]);
/** Errors of the Web API, which answers 200 to everything. */
const PASSING: ReadonlySet<string> = new Set([
  'ratelimited',
  'rate_limited',
  'internal_error',
  'fatal_error',
  'service_unavailable',
  'request_timeout',
]);

/** @throws SendFailure; or the signal's reason. */
export async function withRetries<T>(attempt: () => Promise<T>, sending: Sending): Promise<T> {
  const { to, patience, signal, log } = sending;
  const mayRetry = (error: unknown): error is SendFailure =>
    error instanceof SendFailure && error.mayPass && (error.retryAfter ?? 0) <= patience.longestWait;
  return await pRetry(attempt, {
    retries: patience.retries,
    minTimeout: 0,
    signal,
    shouldRetry: ({ error }) => mayRetry(error),
    // p-retry takes no wait from an error.
    onFailedAttempt: async ({ error, retriesConsumed, retriesLeft }) => {
      if (retriesLeft === 0 || !mayRetry(error)) return;
      const backoff = patience.backoff * 2 ** retriesConsumed * (1 + Math.random() / 2);
      const wait = error.retryAfter ?? backoff;
      log.warn(`${to}: ${error.message}; next try in ${Math.ceil(wait / 1000)} s`);
      await sleep(wait, undefined, { signal });
    },
  });
}

/** What Slack's clients do not pass on: the answer, or what came instead of one. */
type Answer =
  | { readonly status: number; readonly retryAfter: number | undefined }
  | { readonly trouble: unknown };

/**
 * A `fetch` that has a time limit, stops with the run, and remembers how the last request ended,
 * which the errors of Slack's clients leave out.
 */
export function watchedFetch({ fetch: send, patience, signal, now }: Sending): {
  fetch: typeof fetch;
  answer: () => Answer;
} {
  let answer: Answer = { trouble: undefined };
  const watched: typeof fetch = async (url, init) => {
    const signals = [signal, AbortSignal.timeout(patience.timeout), ...(init?.signal ? [init.signal] : [])];
    try {
      const response = await send(url, {
        ...init,
        // Findings are only for the receiver, not for a host that it redirects to.
        redirect: 'manual',
        signal: AbortSignal.any(signals),
      } as RequestInit);
      answer = {
        status: response.status,
        retryAfter: retryAfterOf(response.headers.get('retry-after'), now()),
      };
      return response;
    } catch (trouble) {
      answer = { trouble };
      throw trouble;
    }
  };
  return { fetch: watched, answer: () => answer };
}

/** Seconds or an HTTP date, in milliseconds from now. */
function retryAfterOf(header: string | null, now: number): number | undefined {
  if (header === null) return undefined;
  const text = header.trim();
  const milliseconds = /^\d+(\.\d+)?$/.test(text) ? Number(text) * 1000 : Date.parse(text) - now;
  return Number.isFinite(milliseconds) ? Math.max(0, milliseconds) : undefined;
}

/** @param said Slack's answer; only words of a known form are passed on. */
export function failureOf(answer: Answer, said: string | undefined): SendFailure {
  if ('trouble' in answer) return new SendFailure({ word: systemWord(answer.trouble) });
  const word = said !== undefined && /^[a-z][a-z_]{1,40}$/.test(said.trim()) ? said.trim() : undefined;
  return new SendFailure({ ...answer, word });
}

/** `ECONNREFUSED` and the like from an error or its causes; `timed out` for a time-out. */
function systemWord(error: unknown): string | undefined {
  let current = error as { name?: unknown; code?: unknown; cause?: unknown } | null | undefined;
  for (let depth = 0; typeof current === 'object' && current !== null && depth < 6; depth += 1) {
    if (current.name === 'TimeoutError') return 'timed out';
    const { code } = current;
    if (
      typeof code === 'string' &&
      /^(E[A-Z_]+|UND_ERR_[A-Z_]+|CERT_[A-Z_]+|[A-Z_]+_CERT[A-Z_]*)$/.test(code)
    ) {
      return code;
    }
    current = current.cause as typeof current;
  }
  return undefined;
}
