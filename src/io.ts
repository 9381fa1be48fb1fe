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
  /** Aborted by Ctrl-C or SIGTERM. */
  readonly signal: AbortSignal;
}
