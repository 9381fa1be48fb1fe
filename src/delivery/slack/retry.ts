import { setTimeout as sleep } from 'node:timers/promises';
import pRetry from 'p-retry';

/** How patiently messages are sent. */
export interface Patience {
  /** Per request, in milliseconds. */
  readonly timeout: number;
  readonly retries: number;
  /** The first wait where Slack names none; it doubles. */
  readonly backoff: number;
  /** The longest wait that Slack may ask for. */
  readonly longestWait: number;
  /** Between two messages: Slack takes one a second. */
  readonly pause: number;
}

/**
 * Few retries: after a time-out nobody knows whether Slack took the message, so a retry may post it twice. Twice is
 * better than never, and more than twice is noise.
 */
export const PATIENCE: Patience = {
  timeout: 10_000,
  retries: 3,
  backoff: 1000,
  longestWait: 60_000,
  pause: 1100,
};

export interface Sending {
  /** Knows the proxy. */
  readonly fetch: typeof fetch;
  readonly patience: Patience;
  readonly signal: AbortSignal;
  /** Milliseconds since the epoch: Retry-After may be a date. */
  readonly now: () => number;
  readonly log: { warn(message: string): void };
}

/** Slack's refusal, or its silence. Its text is ours alone: no URL, no token, nothing from the network. */
export class SlackFailure extends Error {
  /** HTTP status; undefined: no answer. */
  readonly status: number | undefined;
  /** Slack's word for it (`no_service`), or the system's (`ECONNREFUSED`). */
  readonly word: string | undefined;
  /** Milliseconds that Slack asks to wait. */
  readonly retryAfter: number | undefined;

  constructor(failure: {
    status?: number | undefined;
    word?: string | undefined;
    retryAfter?: number | undefined;
  }) {
    const status = failure.status === undefined ? 'no answer' : `HTTP ${failure.status}`;
    super(failure.word === undefined ? status : `${status}, ${failure.word}`);
    this.name = 'SlackFailure';
    this.status = failure.status;
    this.word = failure.word;
    this.retryAfter = failure.retryAfter;
  }

  /** Slack refused this message's form; another form of it may pass. */
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
/** Of the Web API, which answers 200 to everything. */
const PASSING: ReadonlySet<string> = new Set([
  'ratelimited',
  'rate_limited',
  'internal_error',
  'fatal_error',
  'service_unavailable',
  'request_timeout',
]);

/** @throws SlackFailure; or the signal's reason. */
export async function withRetries<T>(attempt: () => Promise<T>, sending: Sending): Promise<T> {
  const { patience, signal, log } = sending;
  const waitFor = (failure: SlackFailure, retry: number) =>
    failure.retryAfter ?? patience.backoff * 2 ** retry * (1 + Math.random() / 2);
  const mayRetry = (error: unknown): error is SlackFailure =>
    error instanceof SlackFailure && error.mayPass && (error.retryAfter ?? 0) <= patience.longestWait;
  return await pRetry(attempt, {
    retries: patience.retries,
    minTimeout: 0,
    signal,
    shouldRetry: ({ error }) => mayRetry(error),
    // p-retry cannot be told how long to wait.
    onFailedAttempt: async ({ error, retriesConsumed, retriesLeft }) => {
      if (retriesLeft === 0 || !mayRetry(error)) return;
      const wait = waitFor(error, retriesConsumed);
      log.warn(`Slack: ${error.message}; next try in ${Math.ceil(wait / 1000)} s`);
      await sleep(wait, undefined, { signal });
    },
  });
}

type Fetch = NonNullable<
  NonNullable<ConstructorParameters<typeof import('@slack/webhook').IncomingWebhook>[1]>['fetch']
>;

/** What Slack's clients do not pass on: the answer, or what came instead of one. */
type Answer =
  | { readonly status: number; readonly retryAfter: number | undefined }
  | { readonly trouble: unknown };

/**
 * A `fetch` for Slack's clients that has a time limit, stops with the run, and remembers how the last request ended:
 * their errors leave that out.
 */
export function watchedFetch({ fetch: send, patience, signal, now }: Sending): {
  fetch: Fetch;
  answer: () => Answer;
} {
  let answer: Answer = { trouble: undefined };
  const watched: Fetch = async (url, init) => {
    const signals = [signal, AbortSignal.timeout(patience.timeout), ...(init?.signal ? [init.signal] : [])];
    try {
      const response = await send(url, {
        ...init,
        // What was found is for Slack alone, not for whoever it points to.
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

/** @param said what Slack said; only words of a known form are let through. */
export function failureOf(answer: Answer, said: string | undefined): SlackFailure {
  if ('trouble' in answer) return new SlackFailure({ word: systemWord(answer.trouble) });
  const word = said !== undefined && /^[a-z][a-z_]{1,40}$/.test(said.trim()) ? said.trim() : undefined;
  return new SlackFailure({ ...answer, word });
}

/** `ECONNREFUSED` and the like from the depths of an error; a time-out by its own name. */
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
