import type { Writable } from 'node:stream';
import { type Logger, pino } from 'pino';
import type { Redactor } from '../redact.js';
import { forGitHubLine } from '../reporters/escape.js';

export type LogLevel = 'error' | 'warn' | 'debug';

/** pino on stderr, one JSON object a line; every line passes the redactor on its way out. */
export function createLog(level: LogLevel, stderr: Writable, redactor: Redactor): Logger {
  const options = {
    level,
    base: null,
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  return pino(options, {
    write: (line: string) => stderr.write(`${forGitHubLine(redactor.redact(line.trimEnd()))}\n`),
  });
}
