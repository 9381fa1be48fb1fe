import pRetry from 'p-retry';
import { BUILT_IN_ROLE } from '../../contract/index.js';
import { AuditError, type ErrorCode } from '../../errors.js';

/** What is known of a request that failed, beyond words. */
interface Circumstances {
  readonly status?: number | undefined;
  readonly retryable?: boolean;
  readonly retryAfter?: number | undefined;
  readonly fromApi?: boolean;
  readonly cause?: unknown;
}

/** A request that did not bring what was asked for, with what decides whether to try again. */
export class RequestError extends AuditError {
  /** HTTP status; undefined where no complete answer came. */
  readonly status: number | undefined;
  readonly retryable: boolean;
  /** How long the server asked to wait, in milliseconds. */
  readonly retryAfter: number | undefined;
  /** True where the refusal has the form of the API's own: a proxy on the way refuses in other words. */
  readonly fromApi: boolean;

  constructor(code: ErrorCode, message: string, hint: string, about: Circumstances = {}) {
    super(code, message, hint, { cause: about.cause });
    this.status = about.status;
    this.retryable = about.retryable ?? false;
    this.retryAfter = about.retryAfter;
    this.fromApi = about.fromApi ?? false;
  }
}

/** True where the tenant has not switched a feature on, or does not show it to this caller. */
export function isUnavailable(error: unknown): error is RequestError {
  return (
    error instanceof RequestError &&
    error.code === 'api' &&
    error.fromApi &&
    [403, 404, 501].includes(error.status ?? 0)
  );
}

/** True where the API should have answered but did not. A refusal of its own is a missing right, not an outage. */
export function isOutage(error: AuditError): boolean {
  return !isUnavailable(error);
}

/** True where the API says that what was asked for does not exist. */
export function isNotFound(error: unknown): boolean {
  return isUnavailable(error) && error.status === 404;
}

/** True where the error is about the one thing that was asked for, so that the next request may well succeed. */
export function concernsOneRecord(error: AuditError): boolean {
  return error instanceof RequestError && error.code === 'api' && error.status === 200;
}

/** How long and how much a run may take. Times in milliseconds. */
export interface Limits {
  /** One request, from connecting to the last byte of its answer. */
  readonly requestTimeout: number;
  /** All requests of a run together. */
  readonly runTimeout: number;
  /** One answer's body. A page of 100 credentials is some 60 kB. */
  readonly responseBytes: number;
  /** Pages of one list. */
  readonly pages: number;
  /** Requests under way at once. */
  readonly concurrency: number;
  /** Tries of one request beyond the first; official clients make 4 or 5. */
  readonly retries: number;
  /** The first wait before a retry; it doubles from there, with jitter. Official clients start at 500–1000 ms. */
  readonly firstDelay: number;
  /** The longest wait of our own. */
  readonly longestDelay: number;
  /** The longest wait that a server may ask for. Beyond it the request fails: coming back earlier than told is rude. */
  readonly longestRetryAfter: number;
}

export const DEFAULT_LIMITS: Limits = {
  requestTimeout: 60_000,
  runTimeout: 30 * 60_000,
  responseBytes: 32 * 1024 * 1024,
  pages: 20_000,
  concurrency: 4,
  retries: 4,
  firstDelay: 500,
  longestDelay: 30_000,
  longestRetryAfter: 5 * 60_000,
};

export type RetryLimits = Pick<Limits, 'retries' | 'firstDelay' | 'longestDelay' | 'longestRetryAfter'>;

/**
 * How long to wait before the next try, in milliseconds, or undefined to give up.
 *
 * The server's word comes first; without one the wait doubles, with full jitter over its upper half so that many
 * clients do not come back together. Only failures marked retryable are repeated: every call we make is a read, or may be
 * made twice without harm.
 *
 * @param attempt the try that failed, from 1
 * @param random  0 ≤ random < 1
 */
export function delayBeforeRetry(
  error: unknown,
  attempt: number,
  limits: RetryLimits,
  random: number,
): number | undefined {
  if (!(error instanceof RequestError) || !error.retryable || attempt > limits.retries) return undefined;
  if (error.retryAfter !== undefined)
    return error.retryAfter <= limits.longestRetryAfter ? error.retryAfter : undefined;
  const ceiling = Math.min(limits.firstDelay * 2 ** (attempt - 1), limits.longestDelay);
  return Math.round(ceiling / 2 + (ceiling / 2) * random);
}

/** `Retry-After` in milliseconds: seconds or an HTTP date (RFC 9110, 10.2.3); undefined when absent or unreadable. */
export function readRetryAfter(header: string | null, now: number): number | undefined {
  const text = header?.trim() ?? '';
  if (/^\d+(\.\d+)?$/.test(text)) return Math.ceil(Number(text) * 1000);
  // Date.parse reads far more than HTTP dates; those begin with the name of a day.
  const date = /^[A-Za-z]{3,9},? /.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}

/**
 * Runs a task until it succeeds, cannot be helped, or has been tried often enough.
 *
 * p-retry cannot be given a delay, so it waits for nothing itself and the wait is taken in `onFailedAttempt`.
 */
export function withRetries<T>(
  task: () => Promise<T>,
  limits: RetryLimits,
  signal: AbortSignal,
  onRetry: (error: RequestError, delay: number) => void,
): Promise<T> {
  return pRetry(task, {
    retries: limits.retries,
    minTimeout: 0,
    signal,
    shouldRetry: ({ error, attemptNumber }) =>
      delayBeforeRetry(error, attemptNumber, limits, 0) !== undefined,
    onFailedAttempt: async ({ error, attemptNumber }) => {
      const delay = delayBeforeRetry(error, attemptNumber, limits, Math.random());
      if (delay === undefined) return;
      onRetry(error as RequestError, delay);
      await sleep(delay, signal);
    },
  });
}

/** Waits, or throws the signal's reason as soon as it is aborted. */
export function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(abortReason(signal));
    const onAbort = () => {
      clearTimeout(timer);
      reject(abortReason(signal));
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', onAbort);
      resolve();
    }, ms);
    signal.addEventListener('abort', onAbort, { once: true });
  });
}

/** Why a run was stopped, as an error to show. */
export function abortReason(signal: AbortSignal): AuditError {
  if (signal.reason instanceof AuditError) return signal.reason;
  return new AuditError(
    'interrupted',
    'The run was stopped before it was done.',
    'Run it again to see everything.',
    {
      cause: signal.reason,
    },
  );
}

/**
 * Runs a task with a signal that is aborted with the given one, or with `reason` once the time (ms) is over. What the task
 * leaves behind is stopped when it ends.
 */
export async function within<T>(
  time: number,
  reason: AuditError,
  signal: AbortSignal,
  task: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  // Not AbortSignal.any: on Node 20 it keeps every signal alive as long as the run's (nodejs/node#54614).
  const stop = new AbortController();
  const onAbort = () => stop.abort(signal.reason);
  const timer = setTimeout(() => stop.abort(reason), time);
  if (signal.aborted) onAbort();
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await task(stop.signal);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
    stop.abort();
  }
}

/** Somebody else's text on one line, and short. */
export function oneLine(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length > 300 ? `${line.slice(0, 300)}…` : line;
}

/**
 * The request id of an answer, to be put behind a message: ConductorOne's support asks for it.
 *
 * Its error messages end in the id as well; then it is not said twice.
 */
export function requestId(headers: Headers, said = ''): string {
  const id = oneLine(headers.get('c1-trace-id') ?? '');
  return id === '' || said.includes(id) ? '' : ` [request id ${id}]`;
}

export interface Request {
  readonly method: 'GET' | 'POST';
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
}

/** An answer with its body read to the end. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
}

export type Transport = (request: Request, signal: AbortSignal) => Promise<Answer>;

interface TransportOptions {
  readonly fetch: typeof fetch;
  /** Milliseconds for one request, body included. */
  readonly requestTimeout: number;
  readonly responseBytes: number;
}

/**
 * One HTTP exchange: within a time and a size, and never to another place than was asked for.
 *
 * Redirects are not followed: an official client once carried its bearer token to another host that way.
 *
 * @throws RequestError for anything but a complete answer below status 300 or from 400 on; AuditError `interrupted`
 *   when `signal` is aborted.
 */
export function createTransport({ fetch, requestTimeout, responseBytes }: TransportOptions): Transport {
  return async (request, signal) => {
    if (signal.aborted) throw abortReason(signal);
    const what = describe(request);
    // Not AbortSignal.any: on Node 20 it keeps every request's signal alive as long as the run's (nodejs/node#54614).
    const stop = new AbortController();
    let timedOut = false;
    const timer = setTimeout(() => {
      timedOut = true;
      stop.abort();
    }, requestTimeout);
    const onAbort = () => stop.abort();
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      const response = await fetch(request.url, {
        method: request.method,
        headers: { ...request.headers },
        redirect: 'manual',
        signal: stop.signal,
        ...(request.body === undefined ? {} : { body: request.body }),
      });
      if (response.status >= 300 && response.status < 400) {
        await response.body?.cancel();
        throw new RequestError(
          'api',
          `${what} was redirected (status ${response.status}), and redirects are not followed with a credential in hand${requestId(response.headers)}.`,
          'Check CONDUCTORONE_SERVER_URL and CONDUCTORONE_TENANT_DOMAIN: they must name the tenant itself.',
          { status: response.status },
        );
      }
      return {
        status: response.status,
        headers: response.headers,
        body: await readBody(response, responseBytes, what),
      };
    } catch (error) {
      if (error instanceof RequestError) throw error;
      if (signal.aborted) throw abortReason(signal);
      if (timedOut) {
        throw new RequestError(
          'network',
          `${what} got no complete answer within ${requestTimeout / 1000} s.`,
          'Try again later; if it happens every night, the tenant or the network in between is too slow.',
          { retryable: true, cause: error },
        );
      }
      throw networkError(what, error);
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
    }
  };
}

/** Method and path; the query may hold a page token and stays out. */
export function describe(request: Pick<Request, 'method' | 'url'>): string {
  return `${request.method} ${request.url.host}${request.url.pathname}`;
}

async function readBody(response: Response, limit: number, what: string): Promise<string> {
  const announced = Number(response.headers.get('content-length') ?? Number.NaN);
  // fetch holds a plain body to its announced length; an encoded one can unfold to any size.
  if (announced <= limit && !response.headers.has('content-encoding')) return response.text();
  if (!response.body) return '';
  const decoder = new TextDecoder();
  let text = '';
  let bytes = 0;
  for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
    bytes += chunk.byteLength;
    if (bytes > limit) {
      throw new RequestError(
        'api',
        `${what} answered with more than ${Math.floor(limit / 1024)} KiB, which no page of a list needs.`,
        "Check that the address is the tenant's own and that nothing in between rewrites answers.",
        { status: response.status },
      );
    }
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

function networkError(what: string, error: unknown): RequestError {
  const refused = proxyRefusal(error);
  if (refused !== undefined) {
    return new RequestError(
      'network',
      `${what} failed: the proxy answered ${refused}.`,
      refused === 407
        ? 'Put user and password into HTTPS_PROXY (http://user:password@proxy.example:3128).'
        : 'Check HTTPS_PROXY and that the proxy lets this host through, or name the host in NO_PROXY.',
      { retryable: refused >= 500, cause: error },
    );
  }
  const code = innermostCode(error);
  return new RequestError('network', `${what} failed: ${explain(code)}.`, hintFor(code), {
    retryable: code !== 'ENOTFOUND' && !CERTIFICATE.test(code),
    cause: error,
  });
}

interface ErrorLike {
  readonly code?: unknown;
  readonly cause?: unknown;
  readonly errors?: unknown;
}

/** fetch hides the reason behind "fetch failed": it is the code of the innermost cause. */
function innermostCode(error: unknown): string {
  if (typeof error !== 'object' || error === null) return '';
  const { code, cause, errors } = error as ErrorLike;
  const inner = Array.isArray(errors) ? errors[0] : cause;
  return innermostCode(inner) || (typeof code === 'string' ? code : '');
}

/** The status with which a proxy would not open a tunnel; undici tells it in words alone. */
function proxyRefusal(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  const { message, cause } = error as { message?: unknown; cause?: unknown };
  const [, status] = /^Proxy (?:response|Authentication Required) \((\d{3})\)/.exec(String(message)) ?? [];
  return status === undefined ? proxyRefusal(cause) : Number(status);
}

/** None of these mends within minutes. */
const CERTIFICATE = /CERT|SELF_SIGNED|UNABLE_TO_VERIFY|ERR_TLS|HOSTNAME_MISMATCH/;

/** The code of a certificate that is not trusted; undefined for any other failure. */
export function certificateProblem(error: unknown): string | undefined {
  const code = innermostCode(error);
  return CERTIFICATE.test(code) ? code : undefined;
}

function explain(code: string): string {
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return `the host name could not be resolved (${code})`;
  if (code === 'ECONNREFUSED') return 'the connection was refused (ECONNREFUSED)';
  if (code === 'ECONNRESET' || code === 'UND_ERR_SOCKET') return `the connection broke off (${code})`;
  if (CERTIFICATE.test(code)) return `the server's certificate is not trusted (${code})`;
  return code === '' ? 'the connection broke off' : `the connection broke off (${code})`;
}

function hintFor(code: string): string {
  if (CERTIFICATE.test(code))
    return 'Behind a proxy with a certificate of its own, point NODE_EXTRA_CA_CERTS at its CA file.';
  if (code === 'ENOTFOUND')
    return 'Check the tenant name in CONDUCTORONE_CLIENT_ID or CONDUCTORONE_TENANT_DOMAIN, and the network.';
  return 'Check the network between here and the tenant, and HTTPS_PROXY if one is needed.';
}

/** Takes secrets out of a text. */
export type Scrub = (text: string) => string;

/** Shorter texts hold no part of a secret worth hiding. */
const SHORTEST = 6;

/**
 * Parses JSON and scrubs every text in it: a server that sends our own secrets back must not get them into a report, where
 * some formats would escape them beyond recognition.
 *
 * @throws SyntaxError
 */
export function parseScrubbed(json: string, scrub: Scrub): unknown {
  const value: unknown = JSON.parse(json);
  // Without escapes, what the whole text does not hold no text inside of it holds; one look is much cheaper than many.
  const clean = !json.includes('\\') && scrub(json) === json;
  return clean ? value : scrubTexts(value, scrub);
}

/** Fields whose texts are words of the API. They are judged by, and never shown. */
const WORDS_OF_THE_API: ReadonlySet<string> = new Set(['status', 'directoryStatus', 'type', 'kind']);

/** Scrubs every text in parsed JSON, in place; not what a secret may equal by accident and rules go by. */
function scrubTexts(value: unknown, scrub: Scrub): unknown {
  if (typeof value === 'string') {
    return value.length < SHORTEST || BUILT_IN_ROLE.test(value) ? value : scrub(value);
  }
  if (typeof value !== 'object' || value === null) return value;
  const fields = value as Record<string, unknown>;
  for (const [name, field] of Object.entries(fields)) {
    if (typeof field === 'string' && WORDS_OF_THE_API.has(name)) continue;
    const clean = scrubTexts(field, scrub);
    if (clean !== field) fields[name] = clean;
  }
  return value;
}

/** The same error, its message without secrets. */
export function scrubError(error: unknown, scrub: Scrub): unknown {
  if (!(error instanceof RequestError)) return error;
  const message = scrub(error.message);
  return message === error.message ? error : new RequestError(error.code, message, error.hint, error);
}
