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
