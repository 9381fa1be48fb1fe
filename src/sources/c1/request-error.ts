import { AuditError, type ErrorCode } from '../../errors.js';

/** A request that did not bring what was asked for, with what decides whether to try again. */
export class RequestError extends AuditError {
  /** HTTP status; undefined where no complete answer came. */
  readonly status: number | undefined;
  readonly retryable: boolean;
  /** How long the server asked to wait, in milliseconds. */
  readonly retryAfter: number | undefined;

  constructor(
    code: ErrorCode,
    message: string,
    hint: string,
    about: { status?: number; retryable?: boolean; retryAfter?: number | undefined; cause?: unknown } = {},
  ) {
    super(code, message, hint, { cause: about.cause });
    this.status = about.status;
    this.retryable = about.retryable ?? false;
    this.retryAfter = about.retryAfter;
  }
}

/** True where the tenant has not switched a feature on, or does not show it to this caller. */
export function isUnavailable(error: unknown): error is RequestError {
  return error instanceof RequestError && error.code === 'api' && [403, 404, 501].includes(error.status ?? 0);
}
