/** What `import … from 'c1-audit'` gives: an audit as a function, everything to write a rule, the shape of the report. */
import type { Rule } from './contract/index.js';
import type { Report } from './engine/report.js';

export * from './contract/index.js';
export type { Report, SourceCoverage } from './engine/report.js';
export { AuditError, type ErrorCode } from './errors.js';

/** An `AbortSignal`, in words that need no other types. */
export interface AbortSignalLike {
  readonly aborted: boolean;
  readonly reason?: unknown;
  addEventListener(type: 'abort', listener: () => void, options?: { once?: boolean }): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

export interface AuditOptions {
  /**
   * Where login, tenant and settings are read from, as on the command line: `process.env`, or an object with
   * CONDUCTORONE_CLIENT_ID and CONDUCTORONE_CLIENT_SECRET.
   */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** `mine` (the default): the caller's own. `tenant`: everyone's. */
  readonly scope?: 'mine' | 'tenant';
  /** Default: personal clients for `mine`, all for `tenant`. What is named here must be there, or the audit is incomplete. */
  readonly sources?: readonly ('personal-clients' | 'service-principals' | 'federation-trusts')[];
  /** The text of an exported list (JSON or NDJSON) to audit instead of a tenant. */
  readonly input?: string;
  /** Path of a configuration file. Without it none is looked for. */
  readonly config?: string;
  /** Rules beside the built-in ones, checked as plug-ins are. */
  readonly rules?: readonly Rule[];
  /** Only these rules, by id. */
  readonly only?: readonly string[];
  /** The moment to judge as of; default now. */
  readonly asOf?: Date;
  /** Ends the audit; what was seen until then is reported, as incomplete. */
  readonly signal?: AbortSignalLike;
}

/**
 * Audits and resolves to the report, an incomplete one included: look at `coverage.complete` before you call a tenant
 * clean. Nothing is printed, sent or remembered.
 *
 * @throws AuditError with a `code` and a `hint` where nothing was audited: `usage`, `config`, `credentials`, `input`.
 */
export async function audit(options: AuditOptions): Promise<Report> {
  const { auditAsLibrary } = await import('./library.js');
  return auditAsLibrary(options);
}
