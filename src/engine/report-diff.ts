import { atLeast, type Finding, type Severity, severityRank } from '../contract/index.js';
import { AuditError, EXIT, type ExitCode } from '../errors.js';
import { isDrift } from './drift.js';
import { hidesFindings, hidesFrom, isOpen, isWaived, type Report } from './report.js';
import { credentialKey, reachOf } from './state.js';

type Judged = Report['credentials'][number];

/** What the new report shows of what the old one held. */
class Sight {
  readonly #before: Report;
  readonly #after: Report;
  readonly #old: ReadonlyMap<string, Judged>;
  readonly #now: ReadonlyMap<string, Judged>;
  readonly #whole: ReadonlySet<string>;
  readonly #ran: (rule: string) => boolean;
  readonly #proven: ReadonlySet<string>;
  readonly #sameReach: boolean;
  readonly #sameLimits: boolean;
  readonly #hides: boolean;

  constructor(before: Report, after: Report) {
    this.#before = before;
    this.#after = after;
    this.#old = byKey(before.credentials);
    this.#now = byKey(after.credentials);
    this.#whole = new Set(
      after.coverage.sources.flatMap(({ kind, status }) => (status === 'complete' ? [kind] : [])),
    );
    this.#ran = ranIn(after, before);
    this.#proven = new Set(after.resolved.map(({ fingerprint }) => fingerprint));
    this.#sameReach = seesAllOf(before, after);
    this.#sameLimits = haveSameLimits(before, after);
    this.#hides = hidesFindings(after);
  }

  fateOf(finding: Finding): Pick<ResolvedFinding, 'how'> | Pick<UnseenFinding, 'why'> {
    const { credential } = finding;
    if (!(credential ? this.#whole.has(credential.kind) : this.#after.coverage.complete))
      return { why: 'source' };
    const now = credential && this.#now.get(keyOf(credential));
    if (credential && !now) {
      if (!this.#sameReach) return { why: 'scope' };
      return this.#mayBeLeftOut(credential) ? { why: 'filtered' } : { how: 'gone' };
    }
    // A rule judges either live credentials or ended ones.
    if (credential && now && !now.live && this.#old.get(keyOf(credential))?.live) return { how: 'ended' };
    // A waiver's end is no matter of the rules' limits.
    const sameLimits = credential === null || this.#sameLimits;
    // The audit itself compared with its state, before anything was kept out of the report; but by its own limits.
    if (this.#proven.has(finding.fingerprint) && sameLimits) return { how: 'mended' };
    if (this.#hides) return { why: 'hidden' };
    if (!this.#ran(finding.rule)) return { why: 'rule' };
    return sameLimits ? { how: 'mended' } : { why: 'settings' };
  }

  credentials(): ReportDiff['credentials'] {
    const missing = this.#before.credentials.filter((credential) => !this.#now.has(keyOf(credential)));
    const isGone = (credential: Judged) =>
      this.#whole.has(credential.kind) && this.#sameReach && !this.#mayBeLeftOut(credential);
    return {
      appeared: this.#after.credentials.filter((credential) => !this.#old.has(keyOf(credential))),
      gone: missing.filter(isGone),
      notSeen: missing.filter((credential) => !isGone(credential)),
    };
  }

  /** Everybody is shown their own keys; of the rest, who is no Super Administrator may be shown less, and is not told. */
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
 * Whether a rule ran for the new report. It says which did not; of a plug-in's, or between versions of the program, only
 * what it says of the rule itself proves that the rule was there at all.
 */
function ranIn(after: Report, before: Report): (rule: string) => boolean {
  const not = new Set(after.coverage.rulesNotRun);
  const spokenOf = new Set([...after.findings, ...after.resolved].map(({ rule }) => rule));
  const sameProgram = after.tool.version === before.tool.version;
  return (rule) => spokenOf.has(rule) || (sameProgram && !rule.includes('/') && !not.has(rule));
}

/** True where the new audit would have seen every credential that the old one saw, had ConductorOne shown it. */
export function seesAllOf({ run: before }: Report, { run: after }: Report): boolean {
  if (after.scope === 'tenant') return true;
  // Two callers nobody knows may be two people.
  if (after.scope === 'mine' && !after.self?.userId) return false;
  return reach(before) === reach(after);
}

function reach({ scope, self }: Report['run']): string {
  return reachOf({ scope, userId: self?.userId ?? null });
}

/** True where the rules went by the same limits: with another one a finding goes without anything being mended. */
export function haveSameLimits({ coverage: before }: Report, { coverage: after }: Report): boolean {
  return before.settings === after.settings;
}

/** What is different about a finding that both reports hold. */
export type Change = 'severity' | 'outcome' | 'waiver' | 'status' | 'message';

interface ChangedFinding {
  readonly before: Finding;
  readonly after: Finding;
  readonly changes: readonly Change[];
  /** Open now, and more severe than it was, no longer waived, only now certain, or back again. */
  readonly worsened: boolean;
}

interface ResolvedFinding {
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
