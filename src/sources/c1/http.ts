import { BUILT_IN_ROLE } from '../../contract/credential.js';
import { isRedirect, type Received, type Request, type Send, TOO_SLOW } from '../../fetch.js';
import { networkError, RequestError, redirected, timeoutError, tooLong } from './request-error.js';
import { abortReason, type Limits } from './retry.js';

/** An answer with its body read to the end. */
export type Answer = Received & { readonly body: string };

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
export function createTransport(
  send: Send,
  { requestTimeout: timeLimit, responseBytes: byteLimit }: Pick<Limits, 'requestTimeout' | 'responseBytes'>,
): Transport {
  return async (request, signal) => {
    if (signal.aborted) throw abortReason(signal);
    const received = await send(request, { signal, timeLimit, byteLimit }).catch((error: unknown) => {
      if (error === TOO_SLOW) throw timeoutError(describe(request), timeLimit);
      throw signal.aborted ? abortReason(signal) : networkError(describe(request), error);
    });
    if (isRedirect(received.status)) throw redirected(received, describe(request));
    if (received.body === undefined) throw tooLong(received.status, byteLimit, describe(request));
    return { ...received, body: received.body };
  };
}

/** Takes secrets out of a text. */
export type Scrub = (text: string) => string;

/** Fields whose texts are words of the API. Rules go by them, and they are never shown. */
const WORDS_OF_THE_API: ReadonlySet<string> = new Set(['status', 'directoryStatus', 'type', 'kind']);

/**
 * Parses JSON and scrubs every text in it: a server that sends our own secrets back must not get them into a report, where
 * some formats would escape them beyond recognition. Words that rules go by stay, even if a secret equals one.
 *
 * @throws SyntaxError
 */
export function parseScrubbed(json: string, scrub: Scrub): unknown {
  // Without escapes, what the full text does not hold no text inside of it holds; one look is much cheaper than many.
  if (!json.includes('\\') && scrub(json) === json) return JSON.parse(json);
  return JSON.parse(json, (name, value) => {
    const isWord = typeof value !== 'string' || WORDS_OF_THE_API.has(name) || BUILT_IN_ROLE.test(value);
    return isWord ? value : scrub(value);
  });
}

/** The same error, its message without secrets. */
export function scrubError(error: unknown, scrub: Scrub): unknown {
  if (!(error instanceof RequestError)) return error;
  const message = scrub(error.message);
  return message === error.message ? error : new RequestError(error.code, message, error.hint, error);
}
