import type { Finding } from '../contract/index.js';
import { hidesFindings, type Report } from './report.js';
import type { ReportDiff, ResolvedFinding, UnseenFinding } from './report-diff.js';
import { credentialKey, reachOf } from './state.js';

export type Judged = Report['credentials'][number];

/** What the new report shows of what the old one held. */
export class Sight {
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
