// Not by the contract's index: the entry would load all of the contract with it.
import { atLeast, SEVERITIES, type Severity } from '../contract/severity.js';
import type { Report } from './report.js';

/** Exit codes, the same whatever the format. */
export const EXIT = {
  /** Complete, nothing at or above the threshold. */
  clean: 0,
  /** Complete, findings at or above the threshold. */
  findings: 1,
  /** Usage or configuration error: nothing was audited. */
  usage: 2,
  /** The audit failed or is incomplete, or a report could not be delivered. */
  incomplete: 3,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** What a report means for whoever started the run. Incomplete beats findings: nothing that failed ever looks clean. */
export function exitCode(report: Report, failOn: Severity | 'never'): ExitCode {
  const { coverage, findings } = report;
  if (!coverage.complete) return EXIT.incomplete;
  if (failOn === 'never') return EXIT.clean;
  const shown = findings.some(
    ({ outcome, status, severity }) =>
      outcome === 'violation' && status !== 'waived' && atLeast(severity, failOn),
  );
  // What is left out of the report counts all the same: a quieter report is not a cleaner tenant.
  return shown || hidesFrom(report, failOn) ? EXIT.findings : EXIT.clean;
}

/** Whether a report keeps open findings of this severity or above to itself. */
export function hidesFrom({ summary: { hidden } }: Report, threshold: Severity): boolean {
  return (
    hidden !== undefined &&
    SEVERITIES.some((severity) => hidden[severity] > 0 && atLeast(severity, threshold))
  );
}
