import { atLeast, type Finding, type Severity, severityRank } from '../contract/index.js';
import { AuditError, EXIT, type ExitCode } from '../errors.js';
import { isDrift } from './drift.js';
import { isPlugin } from './judge.js';
import { hidesFindings, hidesFrom, isOpen, isWaived, type Report } from './report.js';
import { credentialKey, reachOf } from './state.js';

type Judged = Report['credentials'][number];

/** What is different about a finding that is in both reports. */
export type Change = 'severity' | 'outcome' | 'waiver' | 'status' | 'message';

interface ChangedFinding {
  readonly before: Finding;
  readonly after: Finding;
  readonly changes: readonly Change[];
  /** Open, and more severe than before, no longer waived, no longer unknown, or reopened. */
  readonly worsened: boolean;
}

interface ResolvedFinding {
  readonly finding: Finding;
  /**
   * `mended`: the rule ran and reports nothing any more. `ended`: the credential expired or was disabled. `gone`: the
   * credential no longer exists.
   */
  readonly how: 'mended' | 'ended' | 'gone';
}

export interface UnseenFinding {
  readonly finding: Finding;
  /**
   * Why nobody can tell whether it is resolved. `source`: its source was not read completely. `scope`: the new audit
   * reads less of the tenant. `filtered`: ConductorOne may have left its credential out. `hidden`: a minimum severity
   * keeps findings out of the new report. `rule`: nothing shows that the rule ran. `settings`: rules have other options.
   */
  readonly why: 'source' | 'scope' | 'filtered' | 'hidden' | 'rule' | 'settings';
}

/** What changed between two reports of one tenant. Lists are in the order of the report they come from. */
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
    /** Missing in the new report, which did not read everything that the old one read. */
    readonly notSeen: readonly Judged[];
  };
}

/**
 * Compares two reports by the fingerprints of their findings. Linear in their size.
 *
 * A missing finding is resolved only if the new audit would have reported it. Drift findings exist in one audit only, so
 * that a missing one means nothing.
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
    const explanation = sight.explain(finding);
    if ('how' in explanation) resolved.push({ finding, ...explanation });
    else notSeen.push({ finding, ...explanation });
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
  // In the wrong order, new findings would be reported as resolved.
  if (Date.parse(before.asOf) > Date.parse(after.asOf))
    throw new AuditError(
      'usage',
      `The first report (as of ${before.asOf}) is later than the second (as of ${after.asOf}).`,
      'Name the old report first: c1-audit report --diff old.json new.json.',
    );
}

/**
 * Incomplete if the new report is. Otherwise findings if something at or above the threshold is new or worse, or may be
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

type Explanation = Pick<ResolvedFinding, 'how'> | Pick<UnseenFinding, 'why'>;

/** What the new report can show of the old one. */
class Sight {
  readonly #before: Report;
  readonly #after: Report;
  readonly #old: ReadonlyMap<string, Judged>;
  readonly #now: ReadonlyMap<string, Judged>;
  readonly #complete: ReadonlySet<string>;
  readonly #ran: (rule: string) => boolean;
  readonly #resolved: ReadonlySet<string>;
  readonly #sameReach: boolean;
  readonly #sameOptions: boolean;
  readonly #hides: boolean;

  constructor(before: Report, after: Report) {
    this.#before = before;
    this.#after = after;
    this.#old = byKey(before.credentials);
    this.#now = byKey(after.credentials);
    this.#complete = new Set(
      after.coverage.sources.flatMap(({ kind, status }) => (status === 'complete' ? [kind] : [])),
    );
    this.#ran = ranIn(after, before);
    this.#resolved = new Set(after.resolved.map(({ fingerprint }) => fingerprint));
    this.#sameReach = seesAllOf(before, after);
    this.#sameOptions = haveSameLimits(before, after);
    this.#hides = hidesFindings(after);
  }

  /** Why a finding of the old report is missing in the new one. */
  explain(finding: Finding): Explanation {
    const { credential } = finding;
    const isRead = credential ? this.#complete.has(credential.kind) : this.#after.coverage.complete;
    if (!isRead) return { why: 'source' };
    return (credential && this.#explainByCredential(credential)) ?? this.#explainByRule(finding);
  }

  #explainByCredential(credential: NonNullable<Finding['credential']>): Explanation | undefined {
    const key = keyOf(credential);
    const now = this.#now.get(key);
    // A rule judges either live or expired credentials.
    if (now) return this.#old.get(key)?.live && !now.live ? { how: 'ended' } : undefined;
    if (!this.#sameReach) return { why: 'scope' };
    return this.#mayBeLeftOut(credential) ? { why: 'filtered' } : { how: 'gone' };
  }

  #explainByRule({ credential, fingerprint, rule }: Finding): Explanation {
    // A waiver's end does not depend on the rules' options.
    const sameOptions = credential === null || this.#sameOptions;
    // The audit compared with its state before anything was kept out of the report, but by its own options.
    if (this.#resolved.has(fingerprint) && sameOptions) return { how: 'mended' };
    if (this.#hides) return { why: 'hidden' };
    if (!this.#ran(rule) || (credential && this.#isNotOnTrust(rule, credential))) return { why: 'rule' };
    return sameOptions ? { how: 'mended' } : { why: 'settings' };
  }

  /** Without the system log, that rule judges all kinds but trusts. */
  #isNotOnTrust(rule: string, { kind, id }: Pick<Judged, 'kind' | 'id'>): boolean {
    return rule === 'unused' && kind === 'federation-trust' && !this.#now.get(keyOf({ kind, id }))?.use;
  }

  credentials(): ReportDiff['credentials'] {
    const missing = this.#before.credentials.filter((credential) => !this.#now.has(keyOf(credential)));
    const isGone = (credential: Judged) =>
      this.#complete.has(credential.kind) && this.#sameReach && !this.#mayBeLeftOut(credential);
    return {
      appeared: this.#after.credentials.filter((credential) => !this.#old.has(keyOf(credential))),
      gone: missing.filter(isGone),
      notSeen: missing.filter((credential) => !isGone(credential)),
    };
  }

  /** Everybody sees their own personal clients. ConductorOne may leave out others if the caller is not a Super Administrator. */
  #mayBeLeftOut({ kind, owner }: Pick<Judged, 'kind' | 'owner'>): boolean {
    const { coverage, run } = this.#after;
    if (!coverage.mayBeFiltered) return false;
    const caller = run.self?.userId;
    return !(kind === 'personal-client' && caller && owner?.id === caller);
  }
}

function keyOf({ kind, id }: Pick<Judged, 'kind' | 'id'>): string {
  return credentialKey(kind, id);
}

function byKey(credentials: readonly Judged[]): ReadonlyMap<string, Judged> {
  return new Map(credentials.map((credential) => [keyOf(credential), credential]));
}

/**
 * Whether a rule ran for the new report. The report names rules that did not run. For a plug-in's rule, or another version
 * of c1-audit, only a finding of the rule proves that the rule existed.
 */
function ranIn(after: Report, before: Report): (rule: string) => boolean {
  const not = new Set(after.coverage.rulesNotRun);
  const seen = new Set([...after.findings, ...after.resolved].map(({ rule }) => rule));
  const sameProgram = after.tool.version === before.tool.version;
  return (rule) => seen.has(rule) || (sameProgram && !isPlugin(rule) && !not.has(rule));
}

/** True if the new audit read everything that the old one read, as far as ConductorOne shows it. */
export function seesAllOf({ run: before }: Report, { run: after }: Report): boolean {
  if (after.scope === 'tenant') return true;
  // Two unknown callers may be two people.
  if (after.scope === 'mine' && !after.self?.userId) return false;
  return reach(before) === reach(after);
}

function reach({ scope, self }: Report['run']): string {
  return reachOf({ scope, userId: self?.userId ?? null });
}

/** True if the rules had the same options: with another limit a finding may disappear without a fix. */
export function haveSameLimits({ coverage: before }: Report, { coverage: after }: Report): boolean {
  return before.settings === after.settings;
}

/**
 * What differs, except for what time alone changes: a new finding is known the next night, and "unused for 91 days"
 * follows 90.
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
