import pLimit from 'p-limit';
import type { Request } from '../../fetch.js';
import type { Log } from '../source.js';
import { certainSkew, skewFrom } from './clock.js';
import { type Answer, describe, parseScrubbed, type Scrub, scrubError } from './http.js';
import { oneLine, RequestError, refusal, requestId } from './request-error.js';
import { type Limits, withRetries } from './retry.js';
import type { Session } from './session.js';

interface CallOf<Method extends 'GET' | 'POST', Path extends string> {
  readonly method: Method;
  /** Begins with a slash and has no trailing one, which would be redirected to the collection. */
  readonly path: Path;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: Readonly<Record<string, unknown>>;
}

/** Where the API takes a POST to answer a question. */
export type SearchPath = `/search/${string}` | '/decoys/search' | '/findings/search' | '/systemlog/events';

/** One call of the API that reads, below `/api/v1`: all that an audit can send. */
type ReadingCall = CallOf<'GET', string> | CallOf<'POST', SearchPath>;

/** Any call that may be repeated without harm, reading or not: whoever sends one says why. */
export type RepeatableCall = CallOf<'GET' | 'POST', string>;

export interface ApiClientOptions {
  readonly origin: string;
  readonly session: Session;
  readonly limits: Limits;
  readonly log: Pick<Log, 'debug' | 'info'>;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly scrub: Scrub;
  /** Called before a request is sent again. */
  readonly onRetry?: () => void;
  /** Stops everything: Ctrl-C, or the run's time limit. */
  readonly signal: AbortSignal;
}

/**
 * The one way to call ConductorOne: authorised, retried, bounded and checked.
 *
 * It sends the calls that its type allows. An audit has one that reads and cannot be made to do anything else.
 */
export class ApiClient<Allowed extends RepeatableCall = ReadingCall> {
  readonly #options: ApiClientOptions;
  readonly #limit: ReturnType<typeof pLimit>;
  #skew = 0;

  constructor(options: ApiClientOptions) {
    this.#options = options;
    this.#limit = pLimit(options.limits.concurrency);
  }

  /** The run's clock, in milliseconds since the epoch. */
  get now(): number {
    return this.#options.now();
  }

  /** The largest difference between this machine's clock and the date of an answer, in milliseconds; ahead is positive. */
  get skew(): number {
    return this.#skew;
  }

  /**
   * The JSON object a call answers with.
   *
   * @throws RequestError naming call, status and request id; AuditError `interrupted`.
   */
  call(call: Allowed): Promise<Record<string, unknown>> {
    const { limits, log, signal, scrub, onRetry } = this.#options;
    const request = this.#toRequest(call);
    const onFailure = (error: RequestError, delay: number) => {
      log.info({ call: describe(request), status: error.status, delay }, 'will try again');
      onRetry?.();
    };
    return this.#limit(async () => {
      try {
        return await withRetries(() => this.#once(request), limits, signal, onFailure);
      } catch (error) {
        throw scrubError(error, scrub);
      }
    });
  }

  #toRequest({ method, path, query = {}, body }: RepeatableCall): Request {
    const url = new URL(`/api/v1${path}`, this.#options.origin);
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
    const typed = body && { 'content-type': 'application/json' };
    const headers = { accept: 'application/json', 'user-agent': `c1-audit/${C1_AUDIT_VERSION}`, ...typed };
    return { method, url, headers, body: body && JSON.stringify(body) };
  }

  async #once(request: Request): Promise<Record<string, unknown>> {
    const { session, signal, log, scrub, now } = this.#options;
    const before = now();
    const answer = await session.send(request, signal);
    this.#compareClocks(answer, before);
    log.debug({ call: describe(request), status: answer.status, bytes: answer.body.length }, 'answered');
    if (answer.status !== 200) throw refusal(describe(request), answer, now());
    return readJson(`${describe(request)} answered 200`, answer, scrub);
  }

  #compareClocks({ headers }: Answer, before: number): void {
    const range = skewFrom(headers.get('date'), before, this.#options.now());
    const skew = range ? certainSkew(range) : 0;
    if (Math.abs(skew) > Math.abs(this.#skew)) this.#skew = skew;
  }
}

/** The JSON object in an answer. `what` says whose answer it is. */
function readJson(what: string, { headers, body }: Answer, scrub: Scrub): Record<string, unknown> {
  const type = headers.get('content-type') ?? '';
  if (!/^application\/(.+\+)?json\b/i.test(type)) {
    throw new RequestError(
      'api',
      `${what} with ${type === '' ? 'no content type' : oneLine(type)} instead of JSON${requestId(headers)}.`,
      'Check that CONDUCTORONE_SERVER_URL or CONDUCTORONE_TENANT_DOMAIN names a ConductorOne tenant and that no proxy or login page answers for it.',
      { status: 200 },
    );
  }
  let value: unknown;
  try {
    value = parseScrubbed(body, scrub);
  } catch (cause) {
    // Proxies cut bodies off now and then; another try usually brings all of it.
    throw new RequestError(
      'api',
      `${what} with JSON that is cut off or broken${requestId(headers)}.`,
      'Try again later.',
      { status: 200, retryable: true, cause },
    );
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as Record<string, unknown>;
  throw new RequestError(
    'api',
    `${what} with JSON that is not an object${requestId(headers)}.`,
    'This is not the API that c1-audit knows; look for a newer version.',
    { status: 200 },
  );
}
