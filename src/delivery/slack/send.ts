import { setTimeout as sleep } from 'node:timers/promises';
import type { IncomingWebhook, IncomingWebhookSendArguments } from '@slack/webhook';
import pRetry from 'p-retry';
import { AuditError } from '../../errors.js';
import { isLoopback } from '../../fetch.js';
import type { SlackPayload } from './payload.js';

/** Where messages go. Every field is a secret or a place. */
export interface SlackTarget {
  readonly webhook: string | undefined;
  readonly bot: { readonly token: string; readonly channel: string | undefined } | undefined;
}

type Environment = Readonly<Record<string, string | undefined>>;

const HOSTS: ReadonlySet<string> = new Set(['hooks.slack.com', 'hooks.slack-gov.com']);

/**
 * Reads `SLACK_WEBHOOK_URL`, `SLACK_BOT_TOKEN` and `SLACK_CHANNEL`. With a webhook, the channel's message goes through it
 * and the bot only looks up owners and writes to them.
 *
 * A webhook must be Slack's own (or on loopback, for tests): a mistyped host would receive the tenant's weak spots, and
 * servers that imitate Slack do not understand the blocks.
 *
 * @returns undefined if Slack is not set up.
 * @throws AuditError `config` that names the variable and never its value.
 */
export function slackTarget(env: Environment): SlackTarget | undefined {
  const webhook = trimmed(env.SLACK_WEBHOOK_URL);
  const token = trimmed(env.SLACK_BOT_TOKEN);
  const channel = trimmed(env.SLACK_CHANNEL);
  if (webhook === undefined && token === undefined) return undefined;
  if (webhook !== undefined && !isWebhook(webhook)) {
    throw new AuditError(
      'config',
      'SLACK_WEBHOOK_URL is not the URL of a Slack incoming webhook.',
      'It must start with https://hooks.slack.com/services/ or https://hooks.slack-gov.com/services/.',
    );
  }
  if (token === undefined) return { webhook, bot: undefined };
  if (!/^xox[a-z][\w.-]+$/.test(token)) {
    throw new AuditError('config', 'SLACK_BOT_TOKEN is not a Slack token.', 'A bot token starts with xoxb-.');
  }
  if (webhook === undefined && channel === undefined) {
    throw new AuditError(
      'config',
      'SLACK_BOT_TOKEN is set, but no channel.',
      'Set SLACK_CHANNEL to the id of a channel that the bot is a member of, or set SLACK_WEBHOOK_URL.',
    );
  }
  return { webhook, bot: { token, channel } };
}

/** GitHub Actions passes an unset secret as an empty string; a pasted one often ends with a line break. */
function trimmed(text: string | undefined): string | undefined {
  return text?.trim() || undefined;
}

function isWebhook(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname, port, pathname, username, password } = new URL(text);
  if (username !== '' || password !== '') return false;
  if (isLoopback(hostname)) return protocol === 'http:' || protocol === 'https:';
  // Workflow triggers are on the same host and take other payloads.
  return protocol === 'https:' && port === '' && HOSTS.has(hostname) && pathname.startsWith('/services/');
}

/**
 * Posts through an incoming webhook.
 *
 * @param url already checked: the client prints a malformed one in its error.
 * @throws SlackFailure; or the signal's reason.
 */
export async function postToWebhook(url: string, payload: SlackPayload, sending: Sending): Promise<void> {
  const { fetch, answer } = watchedFetch(sending);
  const { IncomingWebhook, IncomingWebhookHTTPError } = await import('@slack/webhook');
  const webhook = new IncomingWebhook(url, { fetch, timeout: 0, retryConfig: { retries: 0 } });
  await withRetries(async () => {
    let said: string;
    try {
      said = (await webhook.send(payload as unknown as IncomingWebhookSendArguments)).text;
    } catch (error) {
      throw failureOf(answer(), error instanceof IncomingWebhookHTTPError ? error.body : undefined);
    }
    // A proxy's own page may also answer 200.
    if (said.trim() !== 'ok') throw new SlackFailure({ status: 200, word: 'not an answer from Slack' });
  }, sending);
}

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
 * Few retries: after a time-out it is unknown whether Slack accepted the message, so a retry may post it twice. Twice is
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

/** Slack refused, or did not answer. Its text is only ours: no URL, no token, nothing from the network. */
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

/** @throws SlackFailure; or the signal's reason. */
export async function withRetries<T>(attempt: () => Promise<T>, sending: Sending): Promise<T> {
  const { patience, signal, log } = sending;
  const mayRetry = (error: unknown): error is SlackFailure =>
    error instanceof SlackFailure && error.mayPass && (error.retryAfter ?? 0) <= patience.longestWait;
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
      log.warn(`Slack: ${error.message}; next try in ${Math.ceil(wait / 1000)} s`);
      await sleep(wait, undefined, { signal });
    },
  });
}

type Fetch = NonNullable<NonNullable<ConstructorParameters<typeof IncomingWebhook>[1]>['fetch']>;

/** What Slack's clients do not pass on: the answer, or what came instead of one. */
type Answer =
  | { readonly status: number; readonly retryAfter: number | undefined }
  | { readonly trouble: unknown };

/**
 * A `fetch` for Slack's clients that has a time limit, stops with the run, and remembers how the last request ended,
 * which their errors leave out.
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
        // Findings are only for Slack, not for a host that it redirects to.
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
export function failureOf(answer: Answer, said: string | undefined): SlackFailure {
  if ('trouble' in answer) return new SlackFailure({ word: systemWord(answer.trouble) });
  const word = said !== undefined && /^[a-z][a-z_]{1,40}$/.test(said.trim()) ? said.trim() : undefined;
  return new SlackFailure({ ...answer, word });
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
