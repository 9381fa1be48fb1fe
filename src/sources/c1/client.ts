import pLimit from 'p-limit';
import type { Logger } from 'pino';
import { certainSkew, skewFrom } from './clock.js';
import type { Limits } from './http.js';
import {
  type Answer,
  abortReason,
  describe,
  oneLine,
  parseScrubbed,
  type Request,
  RequestError,
  readRetryAfter,
  requestId,
  type Scrub,
  scrubError,
  withRetries,
} from './http.js';
import type { Session } from './session.js';

interface CallOf<Method extends 'GET' | 'POST', Path extends string> {
  readonly method: Method;
  /** Begins with a slash and has no trailing one, which would be redirected to the collection. */
  readonly path: Path;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: Readonly<Record<string, unknown>>;
}

/** Where the API takes a POST to answer a question. */
export type SearchPath = `/search/${string}` | '/decoys/search';

/** One call of the API that reads, below `/api/v1`: all that an audit can ask. */
type Call = CallOf<'GET', string> | CallOf<'POST', SearchPath>;

/** Any call that may be repeated without harm, reading or not: whoever sends one says why. */
export type RepeatableCall = CallOf<'GET' | 'POST', string>;

export interface ApiClientOptions {
  readonly origin: string;
  readonly session: Session;
  readonly limits: Limits;
  readonly log: Pick<Logger, 'debug' | 'info'>;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly scrub: Scrub;
  /** Stops everything: Ctrl-C, or the run's time limit. */
  readonly signal: AbortSignal;
}

/** The one way to ask ConductorOne anything in an audit. It reads, and cannot be made to do anything else. */
export class ApiClient {
  readonly #sender: Sender;
  readonly #now: () => number;

  constructor(options: ApiClientOptions) {
    this.#sender = new Sender(options);
    this.#now = options.now;
  }

  /** Calls sent so far, retries not counted. */
  get requests(): number {
    return this.#sender.requests;
  }

  /** The run's clock, in milliseconds since the epoch. */
  get now(): number {
    return this.#now();
  }

  /** The largest difference between this machine's clock and the date of an answer, in milliseconds; ahead is positive. */
  get skew(): number {
    return this.#sender.skew;
  }

  /**
   * The JSON object a call answers with.
   *
   * @throws RequestError naming call, status and request id; AuditError `interrupted`.
   */
  call(call: Call): Promise<Record<string, unknown>> {
    return this.#sender.send(call);
  }
}

/** Sends calls: authorised, retried, bounded and checked. Not to be handed on: what wraps it decides what can be called. */
export class Sender {
  readonly #options: ApiClientOptions;
  readonly #limit: ReturnType<typeof pLimit>;
  #requests = 0;
  #skew = 0;

  constructor(options: ApiClientOptions) {
    this.#options = options;
    this.#limit = pLimit(options.limits.concurrency);
  }

  get requests(): number {
    return this.#requests;
  }

  get skew(): number {
    return this.#skew;
  }

  /** As {@link ApiClient.call}. */
  send(call: RepeatableCall): Promise<Record<string, unknown>> {
    const { limits, log, signal, scrub } = this.#options;
    const request = this.#toRequest(call);
    this.#requests += 1;
    return this.#limit(() => {
      if (signal.aborted) throw abortReason(signal);
      return withRetries(
        () => this.#once(request),
        limits,
        signal,
        (error, delay) => {
          log.info({ call: describe(request), status: error.status, delay }, 'will try again');
        },
      ).catch((error: unknown) => {
        throw scrubError(error, scrub);
      });
    });
  }

  #toRequest({ method, path, query = {}, body }: RepeatableCall): Request {
    const url = new URL(`/api/v1${path}`, this.#options.origin);
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
    const headers: Record<string, string> = {
      accept: 'application/json',
      'user-agent': `c1-audit/${C1_AUDIT_VERSION}`,
    };
    if (body === undefined) return { method, url, headers };
    headers['content-type'] = 'application/json';
    return { method, url, headers, body: JSON.stringify(body) };
  }

  async #once(request: Request): Promise<Record<string, unknown>> {
    const { session, signal, log, scrub, now } = this.#options;
    const before = now();
    const answer = await session.send(request, signal);
    this.#compareClocks(answer, before);
    log.debug({ call: describe(request), status: answer.status, bytes: answer.body.length }, 'answered');
    if (answer.status !== 200) throw refusal(request, answer, now());
    return readJson(request, answer, scrub);
  }

  #compareClocks({ headers }: Answer, before: number): void {
    const range = skewFrom(headers.get('date'), before, this.#options.now());
    const skew = range ? certainSkew(range) : 0;
    if (Math.abs(skew) > Math.abs(this.#skew)) this.#skew = skew;
  }
}

function readJson(request: Request, answer: Answer, scrub: Scrub): Record<string, unknown> {
  const what = `${describe(request)} answered 200`;
  const type = answer.headers.get('content-type') ?? '';
  if (!/^application\/(.+\+)?json\b/i.test(type)) {
    throw new RequestError(
      'api',
      `${what} with ${type === '' ? 'no content type' : oneLine(type)} instead of JSON${requestId(answer.headers)}.`,
      'Check that CONDUCTORONE_SERVER_URL or CONDUCTORONE_TENANT_DOMAIN names a ConductorOne tenant and that no proxy or login page answers for it.',
      { status: 200 },
    );
  }
  let value: unknown;
  try {
    value = parseScrubbed(answer.body, scrub);
  } catch (cause) {
    // Proxies cut bodies off now and then; another try usually brings the whole.
    throw new RequestError(
      'api',
      `${what} with JSON that is cut off or broken${requestId(answer.headers)}.`,
      'Try again later.',
      {
        status: 200,
        retryable: true,
        cause,
      },
    );
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new RequestError(
      'api',
      `${what} with JSON that is no object${requestId(answer.headers)}.`,
      'This is not the API that c1-audit knows; look for a newer version.',
      { status: 200 },
    );
  }
  return value as Record<string, unknown>;
}

function refusal(request: Request, answer: Answer, now: number): RequestError {
  const { status } = answer;
  const said = messageIn(answer);
  const fromApi = said !== undefined;
  return new RequestError(
    status === 401 ? 'auth' : 'api',
    `${describe(request)} answered ${status}${said ? ` (${said})` : ''}${requestId(answer.headers, said)}.`,
    hintFor(status, fromApi),
    {
      status,
      fromApi,
      retryable: status === 408 || status === 429 || (status >= 500 && status !== 501),
      retryAfter: readRetryAfter(answer.headers.get('retry-after'), now),
    },
  );
}

function hintFor(status: number, fromApi: boolean): string {
  if (!fromApi && status < 500 && status !== 429)
    return 'The answer does not come from the API: check the address, and what stands between here and the tenant.';
  if (status === 401) return 'The credential was refused: check that it was not revoked and has not expired.';
  if (status === 403)
    return 'The credential lacks the right to make this call: give its owner a role that has it (Super Administrator has all).';
  if (status === 404 || status === 501)
    return 'The tenant does not offer this, or not to this credential: it may be a feature that is not switched on.';
  if (status === 429) return 'The tenant asks for a pause: try again later.';
  if (status >= 500) return 'The tenant has a problem of its own: try again later.';
  return 'This is not an answer that c1-audit expects; look for a newer version.';
}

/** The `message` of an API error body, short and on one line; undefined where the body is none. */
function messageIn(answer: Answer): string | undefined {
  try {
    const { code, message } = JSON.parse(answer.body) as { code?: unknown; message?: unknown };
    if (typeof message === 'string') return oneLine(message);
    return typeof code === 'number' ? '' : undefined;
  } catch {
    return undefined;
  }
}
