import type { Writable } from 'node:stream';
import { type Logger, pino } from 'pino';
import type { Io } from '../io.js';
import type { Redactor } from '../redact.js';
import { forGitHubLine } from '../reporters/escape.js';

/** Colour on a terminal only; NO_COLOR and FORCE_COLOR decide where set (no-color.org, force-color.org). */
export function wantsColor({ env, stdout }: Pick<Io, 'env' | 'stdout'>, flag: boolean | undefined): boolean {
  if (flag === false || (env.NO_COLOR ?? '') !== '') return false;
  if ((env.FORCE_COLOR ?? '') !== '') return env.FORCE_COLOR !== '0';
  return stdout.isTTY === true && env.TERM !== 'dumb';
}

type LogLevel = 'error' | 'warn' | 'debug';

/** pino on stderr, one JSON object a line. Secrets are taken out of values: pino's own words stay, and each line is JSON. */
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

/** Messages, and fields that are texts: nothing else is logged. */
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
  /** More records have come in. */
  readonly add: (records: number) => void;
  /** Takes the line away again. */
  readonly clear: () => void;
}

const CLEAR_LINE = '\r\u001b[K';

/** One line on stderr that counts while the lists are read; nothing where stderr is not a terminal that can take it away again. */
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
