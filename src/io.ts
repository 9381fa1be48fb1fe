import type { Readable, Writable } from 'node:stream';

/** Everything the program touches outside itself, so that tests can hand it a world of their own. */
export interface Io {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly stdin: Readable;
  readonly stdout: Writable & { readonly isTTY?: boolean; readonly columns?: number };
  readonly stderr: Writable & { readonly isTTY?: boolean; readonly columns?: number };
  /** The clock, in milliseconds since the epoch. */
  readonly now: () => number;
  /** Shorter waits and smaller bounds than a real run has, for tests. */
  readonly limits?: Readonly<Record<string, number>>;
  /** Ends the whole program at once with exit 3, saying why; absent: whoever runs it cannot be ended. */
  readonly abandon?: (why: string) => never;
  /** Aborted by Ctrl-C or SIGTERM. */
  readonly signal: AbortSignal;
}
