import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { main } from '../../src/cli/main.js';
import type { Report } from '../../src/engine/report.js';
import type { Io } from '../../src/io.js';

/** What a run of the program left behind. */
export interface ProgramResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** stdout as the JSON report. */
  readonly report: Report;
}

export interface ProgramWorld {
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly stdin?: string;
  readonly cwd?: string;
  readonly now?: () => number;
  readonly signal?: AbortSignal;
  readonly limits?: Readonly<Record<string, number>>;
  readonly isTTY?: boolean;
  /** Of the terminal; default: 100. */
  readonly columns?: number;
}

/** Retries as many as in a real run, but in milliseconds. */
export const QUICK = { firstDelay: 1, longestDelay: 5, requestTimeout: 2_000, longestRetryAfter: 2_000 };

/** Keeps what is written to it. */
export class Sink extends Writable {
  readonly isTTY: boolean;
  readonly columns: number;
  text = '';

  constructor(isTTY = false, columns = 100) {
    super({ decodeStrings: false });
    this.isTTY = isTTY;
    this.columns = columns;
  }

  override _write(chunk: unknown, _: BufferEncoding, done: () => void): void {
    this.text += String(chunk);
    done();
  }
}

/** An empty folder of its own. */
export function emptyFolder(): string {
  return mkdtempSync(join(tmpdir(), 'c1-audit-'));
}

/** Runs the program inside this process, in a world that holds only what it is given. */
export async function runProgram(argv: readonly string[], world: ProgramWorld = {}): Promise<ProgramResult> {
  const stdout = new Sink(world.isTTY, world.columns);
  const stderr = new Sink(world.isTTY, world.columns);
  const io: Io = {
    env: world.env ?? {},
    cwd: world.cwd ?? emptyFolder(),
    stdin: Readable.from([world.stdin ?? '']),
    stdout,
    stderr,
    now: world.now ?? Date.now,
    signal: world.signal ?? new AbortController().signal,
    limits: { ...QUICK, ...world.limits },
  };
  const code = await main(argv, io);
  return {
    code,
    stdout: stdout.text,
    stderr: stderr.text,
    get report() {
      return JSON.parse(stdout.text) as Report;
    },
  };
}
