import type { Readable, Writable } from 'node:stream';

/** Everything the program touches outside itself, so that tests can replace it. */
export interface Io {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly stdin: Readable;
  readonly stdout: Writable & { readonly isTTY?: boolean; readonly columns?: number };
  readonly stderr: Writable & { readonly isTTY?: boolean; readonly columns?: number };
  /** The clock, in milliseconds since the epoch. */
  readonly now: () => number;
  /** Shorter waits and smaller bounds, for tests. */
  readonly limits?: Readonly<Record<string, number>>;
  /** Ends the program at once with exit 3 and this reason; absent where it runs inside another program. */
  readonly abandon?: (why: string) => never;
  /** What failed outside the audit, so that it cannot be trusted; undefined: nothing did. Whoever calls it reports it. */
  readonly trouble?: () => string | undefined;
  /** Aborted by Ctrl-C or SIGTERM. */
  readonly signal: AbortSignal;
}
