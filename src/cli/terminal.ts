import type { Writable } from 'node:stream';
import { type Logger, pino } from 'pino';
import type { Io } from '../io.js';
import type { Redactor } from '../redact.js';
import { forGitHubLine } from '../reporters/escape.js';

/** Colour only on a terminal, unless NO_COLOR or FORCE_COLOR is set (no-color.org, force-color.org). */
export function wantsColor({ env, stdout }: Pick<Io, 'env' | 'stdout'>, flag: boolean | undefined): boolean {
  if (flag === false || (env.NO_COLOR ?? '') !== '') return false;
  if ((env.FORCE_COLOR ?? '') !== '') return env.FORCE_COLOR !== '0';
  return stdout.isTTY === true && env.TERM !== 'dumb';
}

type LogLevel = 'error' | 'warn' | 'debug';

/** Logs to stderr, one JSON object a line. Secrets are taken out of values only, so each line stays JSON. */
export function createLog(level: LogLevel, stderr: Writable, redactor: Redactor): Logger {
  const options = {
    level,
    base: null,
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label: string) => ({ level: label }) },
    hooks: {
      logMethod(args: unknown[], method: (...args: unknown[]) => void) {
        method.apply(
          this,
          args.map((value) => withoutSecrets(value, redactor)),
        );
      },
    },
  };
  return pino(options, {
    write: (line: string) => stderr.write(`${forGitHubLine(line.trimEnd())}\n`),
  });
}

/** Only messages and fields with texts or numbers are logged. */
function withoutSecrets(value: unknown, redactor: Redactor): unknown {
  if (typeof value === 'string') return redactor.redact(value);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, field]) => [
      name,
      typeof field === 'number' ? field : redactor.redact(String(field)),
    ]),
  );
}

interface Progress {
  readonly add: (records: number) => void;
  /** Removes the line. */
  readonly clear: () => void;
}

const CLEAR_LINE = '\r\u001b[K';

/** Counts the records that are read, on one line of stderr. Does nothing unless stderr is a terminal that can remove it. */
export function createProgress({ stderr, env }: Io, wanted: boolean): Progress {
  if (!wanted || !stderr.isTTY || env.CI || env.TERM === 'dumb')
    return { add: () => undefined, clear: () => undefined };
  let total = 0;
  return {
    add: (records) => {
      total += records;
      stderr.write(`${CLEAR_LINE}Reading credentials… ${total}`);
    },
    clear: () => stderr.write(CLEAR_LINE),
  };
}
