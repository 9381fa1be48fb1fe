import type { Writable } from 'node:stream';
import { type Logger, pino } from 'pino';
import type { Redactor } from '../redact.js';
import { forGitHubLine } from '../reporters/escape.js';

export type LogLevel = 'error' | 'warn' | 'debug';

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
