import type { Report } from './engine/report.js';
import type { AuditOptions } from './library.js';

export { judgeCondition } from './condition/judge.js';
export * from './contract/index.js';
export type { Report, SourceCoverage } from './engine/report.js';
export { AuditError, type ErrorCode } from './errors.js';
export type { AbortSignalLike, AuditOptions } from './library.js';

/**
 * Audits and resolves to the report, which may be incomplete: check `coverage.complete` before you call a tenant clean.
 * Nothing is printed, sent or remembered.
 *
 * @throws AuditError with a `code` and a `hint` if nothing was audited: `usage`, `config`, `credentials`, `input`
 */
export async function audit(options: AuditOptions): Promise<Report> {
  const { auditAsLibrary } = await import('./library.js');
  return auditAsLibrary(options);
}
