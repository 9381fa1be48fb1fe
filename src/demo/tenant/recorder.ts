import type { Target } from './endpoints.js';

/** A request as it came in, without its secrets: no header is kept, and no token, assertion or proof. */
export interface RecordedRequest {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly target: Target;
  /** The JSON body of an API call; grant type and client id of a token request. */
  readonly body?: unknown;
  /** The scheme of its `Authorization`, in lower case; "" without one. */
  readonly scheme: string;
  /** Milliseconds since the epoch, by the tenant's clock. */
  readonly at: number;
  /** API calls under way when this one came in, itself included. */
  readonly inFlight: number;
  /** The status it was answered with, once it was. */
  status?: number;
}
