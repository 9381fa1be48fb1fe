import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { type ConfigFlags, type LoadedConfig, type LoadInput, loadConfig } from '../config/resolve.js';
import { type Kept, type OutputTarget, prepareTargets } from '../delivery/output.js';
import { AuditError, codeOf, usageError } from '../errors.js';
import type { Io } from '../io.js';
import type { AuditRequest, RunContext } from '../run.js';
import { namedTenant } from '../sources/c1/environment.js';
import { DEFAULT_LIMITS } from '../sources/c1/retry.js';
import type { ExportedList } from '../sources/file.js';
import type { CommandContext } from './context.js';
import { type AuditFlags, timeoutOf } from './flags.js';
import { createLog, createProgress } from './terminal.js';

export function loadSettings(
  { io }: Pick<CommandContext, 'io'>,
  flags: ConfigFlags,
  more: { readonly config?: string | undefined } & Partial<Pick<LoadInput, 'now' | 'beforeForeignCode'>>,
): Promise<LoadedConfig> {
  const { config: configPath, now = io.now(), beforeForeignCode } = more;
  const builtIns = async () => (await import('../../rules/index.js')).rules;
  return loadConfig({ cwd: io.cwd, env: io.env, flags, configPath, now, builtIns, beforeForeignCode });
}

export function loadAuditSettings(
  flags: AuditFlags,
  context: Pick<CommandContext, 'io'>,
  now: number,
  beforeForeignCode?: () => Promise<void>,
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
