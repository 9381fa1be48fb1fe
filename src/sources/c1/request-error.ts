import { AuditError, type ErrorCode } from '../../errors.js';

/** What is known of a request that failed, beyond words. */
export interface Circumstances {
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
