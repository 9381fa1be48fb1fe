import { BUILT_IN_ROLE } from '../../contract/index.js';
import { networkError, RequestError, requestId } from './request-error.js';
import { abortReason, type Limits } from './retry.js';

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

/** Method and path; the query may hold a page token and is left out. */
export function describe(request: Pick<Request, 'method' | 'url'>): string {
  return `${request.method} ${request.url.host}${request.url.pathname}`;
}

/**
 * One HTTP exchange: within a time and a size, and never with another host than the requested one.
 *
 * Redirects are not followed: an official client once carried its bearer token to another host that way.
 *
 * @throws RequestError for anything but a complete answer below status 300 or from 400 on; AuditError `interrupted`
 *   when `signal` is aborted.
 */
export function createTransport({
  fetch,
  requestTimeout,
  responseBytes,
}: Pick<Limits, 'requestTimeout' | 'responseBytes'> & {
  readonly fetch: typeof globalThis.fetch;
}): Transport {
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
      await refuseRedirect(response, what);
      const { status, headers } = response;
      return { status, headers, body: await readBody(response, responseBytes, what) };
    } catch (error) {
      if (error instanceof RequestError) throw error;
      if (signal.aborted) throw abortReason(signal);
      if (!timedOut) throw networkError(what, error);
      throw new RequestError(
        'network',
        `${what} got no complete answer within ${requestTimeout / 1000} s.`,
        'Try again later; if it happens every night, the tenant or the network in between is too slow.',
        { retryable: true, cause: error },
      );
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
    }
  };
}

async function refuseRedirect({ status, headers, body }: Response, what: string): Promise<void> {
  if (status < 300 || status >= 400) return;
  await body?.cancel();
  throw new RequestError(
    'api',
    `${what} was redirected (status ${status}). c1-audit does not follow redirects, because its credential would go with them${requestId(headers)}.`,
    'Check CONDUCTORONE_SERVER_URL and CONDUCTORONE_TENANT_DOMAIN: they must name the tenant itself.',
    { status },
  );
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

/** Fields whose texts are words of the API. Rules go by them, and they are never shown. */
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
