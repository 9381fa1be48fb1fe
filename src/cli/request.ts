import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { rules as builtIns } from '../../rules/index.js';
import { type ConfigFlags, type LoadedConfig, loadConfig } from '../config/resolve.js';
import { deliverDocument } from '../delivery/index.js';
import { type Kept, type OutputTarget, parseTargets, prepareTargets } from '../delivery/output.js';
import { redactReport } from '../engine/redact-report.js';
import type { Report } from '../engine/report.js';
import { parseReport } from '../engine/saved-report.js';
import { AuditError, codeOf, EXIT, type ExitCode, usageError } from '../errors.js';
import type { Io } from '../io.js';
import type { Format } from '../reporters/index.js';
import type { AuditRequest, RunContext } from '../run.js';
import { namedTenant } from '../sources/c1/environment.js';
import { DEFAULT_LIMITS } from '../sources/c1/retry.js';
import type { ExportedList } from '../sources/file.js';
import type { CommandContext } from './context.js';
import { type AuditFlags, timeoutOf } from './flags.js';
import { createLog, createProgress } from './terminal.js';

/** The settings of a command, from its flags, the environment and the configuration file. */
export function loadSettings(
  { io }: Pick<CommandContext, 'io'>,
  flags: ConfigFlags,
  {
    config: configPath,
    now = io.now(),
    beforeForeignCode,
  }: {
    readonly config?: string | undefined;
    readonly now?: number;
    readonly beforeForeignCode?: (() => void) | undefined;
  },
): Promise<LoadedConfig> {
  return loadConfig({ cwd: io.cwd, env: io.env, flags, configPath, now, builtIns, beforeForeignCode });
}

/** The settings of a command that audits. */
export function loadAuditSettings(
  flags: AuditFlags,
  context: Pick<CommandContext, 'io'>,
  now: number,
  beforeForeignCode?: () => void,
): Promise<LoadedConfig> {
  const { source: sources, rule: rules, config } = flags;
  return loadSettings(context, { ...flags, sources, rules }, { config, now, beforeForeignCode });
}

/**
 * What the flags of a command ask to audit.
 *
 * @throws AuditError `usage` or `input`
 */
export async function auditRequest(
  flags: AuditFlags,
  loaded: LoadedConfig,
  asOf: number,
  io: Io,
): Promise<AuditRequest> {
  return {
    loaded,
    input: await readInput(flags, io),
    timeLimit: timeoutOf(flags),
    only: flags.rule && new Set(flags.rule),
    waivers: flags.waivers !== false,
    acceptShrink: flags.acceptShrink === true,
    asOf,
  };
}

async function readInput(
  { input, scope, source, evidence }: AuditFlags,
  { cwd, env, stdin }: Io,
): Promise<ExportedList | undefined> {
  if (input === undefined) return undefined;
  const others = { '--scope': scope, '--source': source, '--evidence': evidence };
  const conflict = Object.entries(others).find(([, value]) => value !== undefined)?.[0];
  if (conflict)
    throw usageError(
      `${conflict} has no effect with --input.`,
      `Everything in the file is audited: leave ${conflict} out.`,
    );
  const tenant = namedTenant(env);
  if (input === '-') return { text: await text(stdin), name: 'stdin', tenant };
  try {
    return { text: await readFile(resolve(cwd, input), 'utf8'), name: input, tenant };
  } catch (cause) {
    throw unreadable('file', input, cause);
  }
}

/** How long an audit may read the tenant, in milliseconds. */
export function timeLimit(flags: Pick<AuditFlags, 'timeout'>): number {
  return timeoutOf(flags) ?? DEFAULT_LIMITS.runTimeout;
}

/** @param what how messages call it, as in `report` */
export function unreadable(what: string, file: string, cause: unknown): AuditError {
  return new AuditError(
    'input',
    `The ${what} ${file} cannot be read (${codeOf(cause)}).`,
    'Check the path; - reads from stdin.',
    { cause },
  );
}

/** Where an audit's log, progress and warnings go. */
export function auditContext(
  { verbose = false, quiet = false }: Pick<AuditFlags, 'verbose' | 'quiet'>,
  context: CommandContext,
): RunContext {
  const { io, redactor } = context;
  const progress = createProgress(io, !quiet && !verbose);
  return {
    ...context,
    log: createLog(verbose ? 'debug' : quiet ? 'error' : 'warn', io.stderr, redactor),
    onRecords: progress.onRecords,
    onRetry: progress.onRetry,
    onCollected: progress.clear,
  };
}

/** Checks that every target can be written and overwrites nothing that the command reads. */
export async function checkTargets(
  targets: readonly OutputTarget[],
  { file }: { readonly file?: LoadedConfig['file'] },
  inputs: readonly (string | undefined)[],
  { cwd, stdin, stdout }: Io,
  others: readonly Kept[] = [],
): Promise<void> {
  const read = inputs.filter((input) => input !== undefined);
  const keep = [
    ...read.map((input) => ({ what: 'its own input', at: input === '-' ? stdin : input })),
    ...(file ? [{ what: 'the configuration', at: file.path }] : []),
    ...others,
  ];
  await prepareTargets(targets, { cwd, stdout, keep });
}

/**
 * Reads `--format <format>[:<file>]` for a document that is not available in every format.
 *
 * @param what how messages call the document, as in `a plan`
 * @throws AuditError `usage`
 */
export function documentTargets<F extends Format>(
  specs: readonly string[] | undefined,
  formats: readonly F[],
  what: string,
  cwd: string,
): readonly OutputTarget<F>[] {
  return parseTargets(specs ?? [], cwd).map(({ format, file }) => {
    const known = formats.find((one) => one === format);
    if (known) return { format: known, file };
    throw usageError(`There is no ${what} in the format ${format}.`, `Formats are ${formats.join(', ')}.`);
  });
}

/** Writes a document to every target. Returns `code`, or exit 3 if any target failed. */
export async function writeDocuments<F extends Format>(
  targets: readonly OutputTarget<F>[],
  render: (format: F) => Iterable<string>,
  code: ExitCode,
  context: CommandContext,
): Promise<ExitCode> {
  const delivered = await deliverDocument(targets, async (format) => inBatches(render(format)), context);
  return delivered ? code : EXIT.incomplete;
}

const BATCH = 64 * 1024;

/** Parts of some tens of kilobytes: each is a write of its own. */
function* inBatches(parts: Iterable<string>): Generator<string> {
  let batch = '';
  for (const part of parts) {
    batch += part;
    if (batch.length < BATCH) continue;
    yield batch;
    batch = '';
  }
  if (batch !== '') yield batch;
}

/**
 * Reads a report that was written with `-f json`.
 *
 * @param file `-` for stdin
 * @throws AuditError `input`
 */
export async function readSavedReport(file: string, { io, redactor }: CommandContext): Promise<Report> {
  const isStdin = file === '-';
  const written = isStdin
    ? await text(io.stdin)
    : await readFile(resolve(io.cwd, file), 'utf8').catch((cause) => {
        throw unreadable('report', file, cause);
      });
  const report = parseReport(written, isStdin ? 'stdin' : file);
  return redactReport(report, (text) => redactor.redact(text), 'file');
}
