import { Readable, Writable } from 'node:stream';
import * as v from 'valibot';
import { rules as builtIns } from '../rules/index.js';
import { choice, describeFlaws, flawsOf, list, record, type Schema, text } from './check.js';
import { SOURCE_KINDS, type SourceName } from './config/config.js';
import { checkRule } from './config/plugins.js';
import { loadConfig } from './config/resolve.js';
import type { Rule } from './contract/index.js';
import type { Report } from './engine/report.js';
import { AuditError, usageError } from './errors.js';
import type { Io } from './io.js';
import { hideSecrets, Redactor } from './redact.js';
import { audit } from './run.js';

export interface AuditOptions {
  /**
   * The variables with login, tenant and settings, as on the command line: `process.env`, or an object with
   * CONDUCTORONE_CLIENT_ID and CONDUCTORONE_CLIENT_SECRET.
   */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** `mine` (the default): the caller's own. `tenant`: everyone's. */
  readonly scope?: 'mine' | 'tenant';
  /** Default: personal and external clients for `mine`, all for `tenant`. If one that is named here cannot be read, the audit is incomplete. */
  readonly sources?: readonly SourceName[];
  /** The text of an exported list (JSON or NDJSON) to audit instead of a tenant. */
  readonly input?: string;
  /** Path of a configuration file. Without it, no file is searched for. */
  readonly config?: string;
  /** Rules beside the built-in ones, checked as plug-ins are. */
  readonly rules?: readonly Rule[];
  /** Only these rules, by id. */
  readonly only?: readonly string[];
  /** The moment to judge as of; default now. */
  readonly asOf?: Date;
  /** Ends the audit; what was read until then is reported, as incomplete. */
  readonly signal?: AbortSignalLike;
}

/** An `AbortSignal`, for programs without its types. */
export interface AbortSignalLike {
  readonly aborted: boolean;
  readonly reason?: unknown;
  addEventListener(type: 'abort', listener: () => void, options?: { once?: boolean }): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

const OBJECT = record({}, { open: true });

const OPTIONS = record(
  {
    env: OBJECT,
    scope: v.optional(choice(['mine', 'tenant'])),
    sources: v.optional(list(choice(Object.keys(SOURCE_KINDS)))),
    input: v.optional(text()),
    config: v.optional(text()),
    rules: v.optional(list()),
    only: v.optional(list(text())),
    asOf: v.optional(v.date()),
    signal: v.optional(OBJECT),
  } satisfies Record<keyof AuditOptions, Schema>,
  { noun: 'option' },
);

/**
 * Checks the options of a program without types: with a misspelt option, the audit would cover less than intended, and
 * look clean.
 *
 * @throws AuditError `usage`
 */
function checkOptions(options: unknown): asserts options is AuditOptions {
  const flaws = flawsOf(OPTIONS, options);
  if (flaws.length === 0) return;
  throw usageError(
    `The options of audit() are wrong: ${describeFlaws(flaws)}`,
    `The options are ${Object.keys(OPTIONS.entries).join(', ')}.`,
  );
}

const nothing = () => undefined;
const SILENT = { debug: nothing, info: nothing, warn: nothing, isLevelEnabled: () => false };

/** Implements `audit` of the package. */
export async function auditAsLibrary(options: AuditOptions): Promise<Report> {
  checkOptions(options);
  const { env, scope, sources, only, input } = options;
  const asOf = options.asOf?.getTime() ?? Date.now();
  const rules = [...builtIns, ...checked(options.rules ?? [])];
  const loaded = await loadConfig({
    cwd: '.',
    env,
    flags: { scope, sources: sources && [...sources], rules: only && [...only] },
    configPath: options.config,
    discover: false,
    now: asOf,
    builtIns: async () => rules,
  });
  const redactor = new Redactor();
  hideSecrets(redactor, env);
  const { report } = await audit(
    {
      loaded,
      input: input === undefined ? undefined : { text: input, name: 'the input', tenant: undefined },
      only: only && new Set(only),
      waivers: true,
      asOf,
    },
    {
      io: silentIo(env, (options.signal ?? new AbortController().signal) as AbortSignal),
      redactor,
      log: SILENT,
      complain: nothing,
      onRecords: nothing,
      onRetry: nothing,
      onCollected: nothing,
    },
  );
  return report;
}

function silentIo(env: Io['env'], signal: AbortSignal): Io {
  const nowhere = () =>
    new Writable({
      write(_chunk, _encoding, done) {
        done();
      },
    });
  return {
    env,
    cwd: '.',
    stdin: Readable.from([]),
    stdout: nowhere(),
    stderr: nowhere(),
    now: Date.now,
    signal,
  };
}

function checked(rules: readonly Rule[]): readonly Rule[] {
  const problems = rules.flatMap((rule, index) =>
    checkRule(rule, { plugin: true }).map(({ field, message }) =>
      [`rule ${index + 1}`, ...(field === '' ? [] : [field]), message].join(': '),
    ),
  );
  if (problems.length === 0) return rules;
  throw new AuditError('config', problems.join('\n'), 'See CONTRIBUTING.md for what a rule needs.');
}
