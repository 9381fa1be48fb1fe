import * as v from 'valibot';
import { choice, describeFlaws, flawsOf, list, record, type Schema, text } from './check.js';
import { SOURCE_KINDS, type SourceName } from './config/config.js';
import type { Rule } from './contract/index.js';
import { AuditError } from './errors.js';

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
export function checkOptions(options: unknown): asserts options is AuditOptions {
  const flaws = flawsOf(OPTIONS, options);
  if (flaws.length === 0) return;
  throw new AuditError(
    'usage',
    `The options of audit() are wrong: ${describeFlaws(flaws)}`,
    `The options are ${Object.keys(OPTIONS.entries).join(', ')}.`,
  );
}
