import type { Finding, Severity } from '../contract/index.js';
import { atLeast, severityRank } from '../contract/index.js';
import { AuditError } from '../errors.js';
import { isDrift } from './drift.js';
import { EXIT, type ExitCode, hidesFrom } from './exit-code.js';
import type { Report } from './report.js';
import { type Judged, Sight } from './report-sight.js';

/** What is different about a finding that both reports hold. */
export type Change = 'severity' | 'outcome' | 'waiver' | 'status' | 'message';

export interface ChangedFinding {
  readonly before: Finding;
  readonly after: Finding;
  readonly changes: readonly Change[];
  /** Open now, and more severe than it was, no longer waived, only now certain, or back again. */
  readonly worsened: boolean;
}

export interface ResolvedFinding {
  readonly finding: Finding;
  /**
   * `mended`: the rule ran and finds nothing any more. `ended`: the credential has expired or was disabled. `gone`: the
   * credential is no longer there.
   */
  readonly how: 'mended' | 'ended' | 'gone';
}

export interface UnseenFinding {
  readonly finding: Finding;
  /**
   * Why nobody can say that it is resolved. `source`: its source was not seen whole. `scope`: the new audit could see
   * less of the tenant. `filtered`: ConductorOne may have left its credential out. `hidden`: a least severity kept
   * findings out of the new report. `rule`: nothing shows that the rule ran. `settings`: the rules go by other limits.
   */
  readonly why: 'source' | 'scope' | 'filtered' | 'hidden' | 'rule' | 'settings';
}

/** What lies between two reports of one tenant. Lists are in the order of the report they come from. */
export interface ReportDiff {
  readonly before: Report;
  readonly after: Report;
  readonly added: readonly Finding[];
  readonly changed: readonly ChangedFinding[];
  readonly resolved: readonly ResolvedFinding[];
  readonly notSeen: readonly UnseenFinding[];
  readonly unchanged: number;
  readonly credentials: {
    readonly appeared: readonly Judged[];
    readonly gone: readonly Judged[];
    /** Missing in the new report, which did not see all that the old one saw. */
    readonly notSeen: readonly Judged[];
  };
}

/**
 * Compares two reports by the fingerprints of their findings. Linear in their size.
 *
 * What is missing in the new report is resolved only where it would have been seen. Drift findings exist in one run
 * alone, so that a missing one says nothing.
 *
 * @throws AuditError `usage` for reports of different tenants, or in the wrong order.
 */
export function compareReports(before: Report, after: Report): ReportDiff {
  refuseOthers(before, after);
  const known = new Map(before.findings.map((finding) => [finding.fingerprint, finding]));
  const added: Finding[] = [];
  const changed: ChangedFinding[] = [];
  let unchanged = 0;
  for (const finding of after.findings) {
    const earlier = known.get(finding.fingerprint);
    known.delete(finding.fingerprint);
    if (!earlier) {
      added.push(finding);
      continue;
    }
    const changes = changesBetween(earlier, finding);
    if (changes.length === 0) unchanged += 1;
    else changed.push({ before: earlier, after: finding, changes, worsened: worsened(earlier, finding) });
  }
  const sight = new Sight(before, after);
  const resolved: ResolvedFinding[] = [];
  const notSeen: UnseenFinding[] = [];
  for (const finding of known.values()) {
    if (isDrift(finding.rule)) continue;
    const fate = sight.fateOf(finding);
    if ('how' in fate) resolved.push({ finding, ...fate });
    else notSeen.push({ finding, ...fate });
  }
  return {
    before,
    after,
    added,
    changed,
    resolved,
    notSeen,
    unchanged,
    credentials: sight.credentials(),
  };
}

function refuseOthers({ run: before }: Report, { run: after }: Report): void {
  if (before.tenant !== after.tenant)
    throw new AuditError(
      'usage',
      `The reports are of different tenants, ${JSON.stringify(before.tenant)} and ${JSON.stringify(after.tenant)}.`,
      'Compare two reports of one tenant.',
    );
  // In the wrong order everything new would be told as resolved.
  if (Date.parse(before.asOf) > Date.parse(after.asOf))
    throw new AuditError(
      'usage',
      `The first report (as of ${before.asOf}) is later than the second (as of ${after.asOf}).`,
      'Name the old report first: c1-audit report --diff old.json new.json.',
    );
}

export function isWaived({ waiver, status }: Finding): boolean {
  return waiver !== null || status === 'waived';
}

function isOpen(finding: Finding): boolean {
  return finding.outcome === 'violation' && !isWaived(finding);
}

/**
 * What differs, but for what time alone changes: a finding that was new is known the next night, and "unused for 91
 * days" follows 90.
 */
function changesBetween(before: Finding, after: Finding): Change[] {
  const changes: Change[] = [];
  if (before.severity !== after.severity) changes.push('severity');
  if (before.outcome !== after.outcome) changes.push('outcome');
  if (isWaived(before) !== isWaived(after)) changes.push('waiver');
  if (isBack(before, after)) changes.push('status');
  if (before.outcome === after.outcome && saying(before) !== saying(after)) changes.push('message');
  return changes;
}

function isBack(before: Finding, after: Finding): boolean {
  return after.status === 'reopened' && before.status !== 'reopened';
}

const SPAN = /\b\d+ (?:hour|day|week|month|year)s?\b|\bless than an? (?:hour|day)\b/g;

function saying({ messageId, message }: Finding): string {
  return `${messageId} ${message.replace(SPAN, '…')}`;
}

function worsened(before: Finding, after: Finding): boolean {
  if (!isOpen(after)) return false;
  return (
    !isOpen(before) || isBack(before, after) || severityRank(after.severity) > severityRank(before.severity)
  );
}

/**
 * Incomplete where the new report is; else findings where something is new or worse at or above the threshold, or may be
 * among what the new report leaves out.
 */
export function diffExitCode({ after, added, changed }: ReportDiff, failOn: Severity | 'never'): ExitCode {
  if (!after.coverage.complete) return EXIT.incomplete;
  if (failOn === 'never') return EXIT.clean;
  const news = [
    ...added.filter(isOpen),
    ...changed.filter((change) => change.worsened).map((change) => change.after),
  ];
  const found = news.some(({ severity }) => atLeast(severity, failOn));
  return found || hidesFrom(after, failOn) ? EXIT.findings : EXIT.clean;
}
