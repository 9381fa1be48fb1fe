import * as oauth from 'oauth4webapi';
import { AuditError, type ErrorCode } from '../../errors.js';
import type { HeaderFields } from '../../fetch.js';

/** What is known about a failed request, beyond words. */
interface Circumstances {
  readonly status?: number | undefined;
  readonly retryable?: boolean;
  readonly retryAfter?: number | undefined;
  readonly fromApi?: boolean;
  readonly cause?: unknown;
}

/** A request that failed, with what decides whether to try again. */
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

/** True where the API says that the tenant has nothing of the kind. A refusal (403) says nothing about that. */
export function isAbsent(error: unknown): boolean {
  return isUnavailable(error) && error.status !== 403;
}

/** True where the API should have answered but did not. A refusal of its own is a missing right, not an outage. */
export function isOutage(error: AuditError): boolean {
  return !isUnavailable(error);
}

/** True where the API says that the requested thing does not exist. */
export function isNotFound(error: unknown): boolean {
  return isUnavailable(error) && error.status === 404;
}

/** True where the error is about the one requested thing, so that the next request may well succeed. */
export function concernsOneRecord(error: AuditError): boolean {
  return error instanceof RequestError && error.code === 'api' && error.status === 200;
}

/** True for a status that another try may change. */
export function isPassing(status: number): boolean {
  return status === 408 || status === 429 || (status >= 500 && status !== 501);
}

/** `Retry-After` in milliseconds: seconds or an HTTP date (RFC 9110, 10.2.3); undefined when absent or unreadable. */
export function readRetryAfter(header: string | null | undefined, now: number): number | undefined {
  const text = header?.trim() ?? '';
  if (/^\d+(\.\d+)?$/.test(text)) return Math.ceil(Number(text) * 1000);
  // Date.parse reads far more than HTTP dates; those begin with the name of a day.
  const date = /^[A-Za-z]{3,9},? /.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}

/** Foreign text on one line, and short. */
export function oneLine(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length > 300 ? `${line.slice(0, 300)}…` : line;
}

/**
 * The request id of an answer, to end a message with: ConductorOne's support asks for it.
 *
 * @param said  the server's own message; it often ends in the id, which is then not repeated
 */
export function requestId(headers: HeaderFields, said = ''): string {
  const id = oneLine(headers.get('c1-trace-id') ?? '');
  return id === '' || said.includes(id) ? '' : ` [request id ${id}]`;
}

interface AnswerLike {
  readonly status: number;
  readonly headers: HeaderFields;
  readonly body: string;
}

/** An answer of the API with a status other than 200, as an error. */
export function refusal(what: string, { status, headers, body }: AnswerLike, now: number): RequestError {
  const said = messageIn(body);
  const fromApi = said !== undefined;
  return new RequestError(
    status === 401 ? 'auth' : 'api',
    `${what} answered ${status}${said ? ` (${said})` : ''}${requestId(headers, said)}.`,
    refusalHint(status, fromApi),
    {
      status,
      fromApi,
      retryable: isPassing(status),
      retryAfter: readRetryAfter(headers.get('retry-after'), now),
    },
  );
}

/** The `message` of an API error body, short and on one line; undefined where the body is not one. */
function messageIn(body: string): string | undefined {
  try {
    const { code, message } = JSON.parse(body) as { code?: unknown; message?: unknown };
    if (typeof message === 'string') return oneLine(message);
    return typeof code === 'number' ? '' : undefined;
  } catch {
    return undefined;
  }
}

function refusalHint(status: number, fromApi: boolean): string {
  if (!fromApi && status < 500 && status !== 429)
    return 'The answer does not come from the API: check the address, and any proxy between this machine and the tenant.';
  if (status === 401) return 'The credential was refused: check that it was not revoked and has not expired.';
  if (status === 403)
    return 'The credential lacks the right to make this call: give its owner a role that has it (Super Administrator has all).';
  if (status === 404 || status === 501)
    return 'The tenant does not offer this, or not to this credential: it may be a feature that is not switched on.';
  if (status === 429) return 'The tenant asks for a pause: try again later.';
  if (status >= 500) return 'The tenant has a problem of its own: try again later.';
  return 'c1-audit does not expect this answer; look for a newer version.';
}

/** Redirects are not followed. */
export function redirected({ status, headers }: Omit<AnswerLike, 'body'>, what: string): RequestError {
  return new RequestError(
    'api',
    `${what} was redirected (status ${status})${requestId(headers)}. c1-audit does not follow redirects, because its credential would go with them.`,
    'Check CONDUCTORONE_SERVER_URL and CONDUCTORONE_TENANT_DOMAIN: they must name the tenant itself.',
    { status },
  );
}

/** @param limit in bytes */
export function tooLong(status: number, limit: number, what: string): RequestError {
  return new RequestError(
    'api',
    `${what} answered with more than ${Math.floor(limit / 1024)} KiB, which no page of a list needs.`,
    "Check that the address is the tenant's own and that nothing in between rewrites answers.",
    { status },
  );
}

export function timeoutError(what: string, limit: number): RequestError {
  return new RequestError(
    'network',
    `${what} got no complete answer within ${limit / 1000} s.`,
    'Try again later; if it happens every night, the tenant or the network in between is too slow.',
    { retryable: true },
  );
}

/** A `fetch` that failed, as an error. */
export function networkError(what: string, cause: unknown): RequestError {
  const proxyStatus = proxyRefusal(cause);
  if (proxyStatus !== undefined) {
    return new RequestError(
      'network',
      `${what} failed: the proxy answered ${proxyStatus}.`,
      proxyStatus === 407
        ? 'Put user and password into HTTPS_PROXY (http://user:password@proxy.example:3128).'
        : 'Check HTTPS_PROXY and that the proxy lets this host through, or name the host in NO_PROXY.',
      { retryable: proxyStatus >= 500, cause },
    );
  }
  const code = innermostCode(cause);
  return new RequestError('network', `${what} failed: ${explain(code)}.`, networkHint(code), {
    retryable: code !== 'ENOTFOUND' && !CERTIFICATE.test(code),
    cause,
  });
}

/** The status with which a proxy refused a tunnel; undici gives it in words only. */
function proxyRefusal(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  const { message, cause } = error as { message?: unknown; cause?: unknown };
  const [, status] = /^Proxy (?:response|Authentication Required) \((\d{3})\)/.exec(String(message)) ?? [];
  return status === undefined ? proxyRefusal(cause) : Number(status);
}

/** fetch hides the reason behind "fetch failed": it is the code of the innermost cause. */
function innermostCode(error: unknown): string {
  if (typeof error !== 'object' || error === null) return '';
  const { code, cause, errors } = error as { code?: unknown; cause?: unknown; errors?: unknown };
  const inner = Array.isArray(errors) ? errors[0] : cause;
  return innermostCode(inner) || (typeof code === 'string' ? code : '');
}

/** None of these goes away within minutes. */
const CERTIFICATE = /CERT|SELF_SIGNED|UNABLE_TO_VERIFY|ERR_TLS|HOSTNAME_MISMATCH/;

/** The code of a certificate that is not trusted; undefined for any other failure. */
export function certificateProblem(error: unknown): string | undefined {
  const code = innermostCode(error);
  return CERTIFICATE.test(code) ? code : undefined;
}

function explain(code: string): string {
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return `the host name could not be resolved (${code})`;
  if (code === 'ECONNREFUSED') return 'the connection was refused (ECONNREFUSED)';
  if (CERTIFICATE.test(code)) return `the server's certificate is not trusted (${code})`;
  if (code === 'Z_DATA_ERROR') return 'the compressed answer is damaged (Z_DATA_ERROR)';
  return code === '' ? 'the connection broke off' : `the connection broke off (${code})`;
}

function networkHint(code: string): string {
  if (CERTIFICATE.test(code))
    return 'Behind a proxy with a certificate of its own, point NODE_EXTRA_CA_CERTS at its CA file.';
  if (code === 'ENOTFOUND')
    return 'Check the tenant name in CONDUCTORONE_CLIENT_ID or CONDUCTORONE_TENANT_DOMAIN, and the network.';
  return 'Check the network between this machine and the tenant, and HTTPS_PROXY if one is needed.';
}

const NOT_THE_TENANT =
  'Check that CONDUCTORONE_SERVER_URL or CONDUCTORONE_TENANT_DOMAIN names a ConductorOne tenant and that nothing in between rewrites answers.';

/** @param message what answered, and how */
export function notTheTenant(code: 'auth' | 'api', message: string, status = 200): RequestError {
  return new RequestError(code, message, NOT_THE_TENANT, { status });
}

/**
 * An error of oauth4webapi, in words.
 *
 * @param hint what to do where the credential was refused
 */
export function tokenError(
  cause: unknown,
  response: Response | undefined,
  hint: () => string,
  now: number,
  endpoint: string,
): RequestError {
  const status = response?.status;
  const id = response ? requestId(response.headers) : '';
  // 429 and 5xx may carry an OAuth error as well.
  if (status !== undefined && isPassing(status)) {
    return new RequestError('auth', `${endpoint} answered ${status}${id}.`, 'Try again later.', {
      status,
      retryable: true,
      retryAfter: readRetryAfter(response?.headers.get('retry-after'), now),
      cause,
    });
  }
  const said = refusalIn(cause);
  if (said !== undefined)
    return new RequestError('auth', `${endpoint} answered ${status}: ${said}${id}.`, hint(), {
      status,
      cause,
    });
  const broken = cause instanceof oauth.OperationProcessingError && cause.code === oauth.PARSE_ERROR;
  return new RequestError(
    'auth',
    broken
      ? `${endpoint} answered ${status ?? 200} with JSON that is cut off or broken${id}.`
      : `${endpoint} did not answer with an OAuth token response${status === undefined ? '' : ` (status ${status})`}${id}.`,
    NOT_THE_TENANT,
    { status, retryable: broken, cause },
  );
}

/** What the server says where it refuses the credential. */
function refusalIn(error: unknown): string | undefined {
  if (error instanceof oauth.WWWAuthenticateChallengeError) return 'the credential was refused';
  if (!(error instanceof oauth.ResponseBodyError)) return undefined;
  return oneLine([error.error, error.error_description].filter(Boolean).join(': '));
}
