import type { Writable } from 'node:stream';
import type { Logger } from 'pino';
import { kindName, number, plural } from '../contract/words.js';
import { usageError } from '../errors.js';
import type { Io } from '../io.js';
import type { Redactor } from '../redact.js';
import { cutTo, forGitHubLine } from '../reporters/escape.js';
import type { Look } from '../run.js';
import type { Log } from '../sources/source.js';
import type { AuditFlags } from './flags.js';

/** Colour only on a terminal, unless NO_COLOR or FORCE_COLOR is set (no-color.org, force-color.org). */
export function wantsColor({ env, stdout }: Pick<Io, 'env' | 'stdout'>, flag: boolean | undefined): boolean {
  if (flag === false || (env.NO_COLOR ?? '') !== '') return false;
  if ((env.FORCE_COLOR ?? '') !== '') return env.FORCE_COLOR !== '0';
  return stdout.isTTY === true && env.TERM !== 'dumb';
}

const NARROWEST = 20;
const WIDEST = 1000;

/**
 * How reports for people look: their width is that of `--width`, else the terminal's, else that in COLUMNS.
 *
 * @throws AuditError `usage` if `--width` is not a number of columns
 */
export function lookOf(
  io: Pick<Io, 'env' | 'stdout'>,
  { color, full = false, width }: Pick<AuditFlags, 'color' | 'full' | 'width'>,
): Look {
  const columns = [width, io.stdout.isTTY ? io.stdout.columns : undefined, io.env.COLUMNS]
    .map(Number)
    .find((number) => number >= 1);
  if (width !== undefined && !(Number(width) >= NARROWEST && Number(width) <= WIDEST && /^\d+$/.test(width)))
    throw usageError(
      `--width ${JSON.stringify(width)} is not a number of columns.`,
      `Give a number from ${NARROWEST} to ${WIDEST}.`,
    );
  return {
    color: wantsColor(io, color),
    full,
    width: columns && Math.min(Math.max(Math.floor(columns), NARROWEST), WIDEST),
  };
}

const LEVELS = ['debug', 'info', 'warn', 'error'] as const;
type LogLevel = (typeof LEVELS)[number];

/** Logs to stderr, one JSON object a line. Secrets are taken out of values only, so each line stays JSON. */
export function createLog(least: LogLevel, stderr: Writable, redactor: Redactor): Log {
  const isLevelEnabled = (level: LogLevel) => LEVELS.indexOf(level) >= LEVELS.indexOf(least);
  // Few audits log anything, and loading pino would delay the first request of all others.
  let logger: Promise<Logger> | undefined;
  const log = (level: LogLevel, fields: object, message: string) => {
    if (!isLevelEnabled(level)) return;
    logger ??= openLogger(least, stderr);
    const clean = [withoutSecrets(fields, redactor), redactor.redact(message)] as const;
    void logger.then((to) => to[level](...clean));
  };
  return {
    debug: (fields, message) => log('debug', fields, message),
    info: (fields, message) => log('info', fields, message),
    warn: (message) => log('warn', {}, message),
    isLevelEnabled,
  };
}

async function openLogger(level: LogLevel, stderr: Writable): Promise<Logger> {
  const { default: pino } = await import('pino');
  const options = {
    level,
    base: null,
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  return pino(options, {
    write: (line: string) => stderr.write(`${forGitHubLine(line.trimEnd())}\n`),
  });
}

/** Only fields with texts or numbers are logged. */
function withoutSecrets(fields: object, redactor: Redactor): object {
  return Object.fromEntries(
    Object.entries(fields).map(([name, field]) => [
      name,
      typeof field === 'number' ? field : redactor.redact(String(field)),
    ]),
  );
}

const CLEAR_LINE = '\r\u001b[K';
const SECOND = 1000;

/**
 * What is being read, on one line of stderr: the source of the last page, the records so far, the time, and the requests
 * that were sent again; `clear` removes the line. Does nothing unless stderr is a terminal that can remove it.
 */
export function createProgress({ stderr, env, now }: Pick<Io, 'stderr' | 'env' | 'now'>, wanted: boolean) {
  const nothing = () => undefined;
  if (!wanted || !stderr.isTTY || env.CI || env.TERM === 'dumb')
    return { onRecords: nothing, onRetry: nothing, clear: nothing };
  const startedAt = now();
  let total = 0;
  let retries = 0;
  let source = '';
  const draw = () => {
    const parts = [
      ...(source ? [`${source}, ${number(total)} so far`] : []),
      `${Math.floor((now() - startedAt) / SECOND)} s`,
      ...(retries > 0 ? [`${number(retries)} ${plural(retries, 'retry', 'retries')}`] : []),
    ];
    // A longer line would wrap, and only its last part would be removed.
    const line = cutTo(`Reading credentials: ${parts.join(', ')}`, (stderr.columns || 80) - 1);
    stderr.write(`${CLEAR_LINE}${line}`);
  };
  const clock = setInterval(draw, SECOND);
  // It never keeps the program alive.
  clock.unref();
  return {
    onRecords(records: number, kind: string) {
      total += records;
      source = kindName(kind, 2);
      draw();
    },
    onRetry() {
      retries += 1;
      draw();
    },
    clear() {
      clearInterval(clock);
      stderr.write(CLEAR_LINE);
    },
  };
}
