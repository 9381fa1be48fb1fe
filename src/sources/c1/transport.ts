import { RequestError } from './request-error.js';
import { abortReason } from './retry.js';
import { requestId } from './wording.js';

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

export interface TransportOptions {
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
