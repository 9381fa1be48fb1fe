import type { Finding, FindingStatus, Kind } from '../contract/index.js';
import { DAY, severityRank } from '../contract/index.js';
import { isDrift } from './drift.js';
import type { Report } from './report.js';
import { compareText } from './report.js';
import type { FindingMemory, HistoryRun, RememberedFinding, SlackMessageId, State } from './state.js';
import { credentialKey, MILESTONES, reachOf, STATE_VERSION, wouldSee } from './state.js';

/** Why a finding is in a message. `untold`: it should have been in an earlier message, but none was sent. */
export type Reason = 'new' | 'reopened' | 'waiver-ended' | 'severity-raised' | 'milestone' | 'untold';

interface NewsItem {
  readonly fingerprint: string;
  readonly reasons: readonly Reason[];
}

export interface ResolvedNews extends FindingMemory {
  readonly fingerprint: string;
}

/** What has changed, for messages. */
export interface News {
  readonly items: readonly NewsItem[];
  /** Only those that an earlier message mentioned. */
  readonly resolved: readonly ResolvedNews[];
  /** Known findings due for their weekly repetition: a line in a message that is sent anyway, never a message of its own. */
  readonly digest: readonly string[];
  /** When the last message went out; null: none yet. */
  readonly lastPostedAt: string | null;
  /** Earlier messages about findings that are gone. Absent: none is known. */
  readonly outdated?: readonly OutdatedMessage[];
}

interface OutdatedMessage extends SlackMessageId {
  /** True if nothing is left of what it reports. */
  readonly isDone: boolean;
}

/** What the messages of a run mentioned. */
export interface Told {
  /** Any message at all. */
  readonly posted: boolean;
  /** Fingerprints of the findings in the message, including those in "and N more". */
  readonly findings: ReadonlySet<string>;
  /** True if the message had the digest line. */
  readonly digest: boolean;
  /** The message, if it can be marked later. */
  readonly message?: SlackMessageId | undefined;
}

export const NOTHING_TOLD: Told = { posted: false, findings: new Set(), digest: false };

export interface Comparison {
  /** In the order given, with `status` and `firstSeen`. */
  readonly findings: readonly Finding[];
  readonly resolved: Report['resolved'];
  /** How many remembered findings, waived ones included, are no longer there. */
  readonly gone: number;
  readonly news: News;
  /**
   * What to remember after all deliveries. An incomplete audit keeps the state of the last complete one, except for the
   * drift that it reported. undefined: nothing.
   */
  next(told: Told): State | undefined;
}

/**
 * What `--fail-on-new` counts: findings that are new, reopened or more severe than before, also those that the report
 * leaves out. What only a message mentions again is not new.
 */
export function newFindings({ findings, news }: Pick<Comparison, 'findings' | 'news'>): Finding[] {
  const fresh = new Set(
    news.items.filter(({ reasons }) => isNews(reasons)).map(({ fingerprint }) => fingerprint),
  );
  return findings.filter(({ fingerprint }) => fresh.has(fingerprint));
}

/** True where something happened to the finding since the last audit. */
export function isNews(reasons: readonly Reason[]): boolean {
  return reasons.some((reason) => !ABOUT_MESSAGES.has(reason));
}

/** Fingerprints of the findings that are more severe than when they were last reported. */
export function raisedFindings({ news }: Pick<Comparison, 'news'>): ReadonlySet<string> {
  return new Set(
    news.items
      .filter(({ reasons }) => reasons.includes('severity-raised'))
      .map(({ fingerprint }) => fingerprint),
  );
}

const ABOUT_MESSAGES: ReadonlySet<Reason> = new Set(['milestone', 'untold']);

const MILESTONE_RULE = 'expiring-soon';

const REMEMBER_RESOLVED = 90 * DAY;
const DIGEST_EVERY = 7 * DAY;

/**
 * Compares findings with the state. Pure.
 *
 * @param findings all of the run, before any is left out of the report: also unknown, waived and drift findings
 * @param credentials what to remember of credentials (see `drift`), and `covered` of waivers by name
 */
export function compare(input: {
  readonly previous: State | undefined;
  readonly findings: readonly Finding[];
  readonly credentials: State['credentials'];
  readonly grants?: State['grants'];
  readonly covered?: State['covered'];
  /** What to remember of the system log; absent: as before. */
  readonly log?: State['log'];
  readonly run: HistoryRun;
}): Comparison {
  const { run } = input;
  const previous = input.previous && withoutDecoys(input.previous, run);
  const verdicts = input.findings.map((finding) => judge(finding, previous, run));
  const vanished = vanishedFrom(previous, input.findings, run);
  const items = verdicts.flatMap(({ finding, reasons }) =>
    reasons.length > 0 ? [{ fingerprint: finding.fingerprint, reasons }] : [],
  );
  return {
    findings: verdicts.map(({ finding }) => finding),
    resolved: vanished
      .filter(([, memory]) => !memory.waived)
      .map(([fingerprint, { rule, kind, credentialId }]) => ({
        fingerprint,
        rule,
        credential: { kind, id: credentialId, name: null },
      })),
    gone: vanished.length,
    news: {
      items,
      resolved: vanished
        .filter(([, memory]) => !memory.waived && memory.toldAt !== null)
        .map(([fingerprint, { rule, kind, credentialId, firstSeen, severity }]) => ({
          fingerprint,
          rule,
          kind,
          credentialId,
          firstSeen,
          severity,
        })),
      digest: digestDue(verdicts, previous, run),
      lastPostedAt: previous?.slack.postedAt ?? null,
      outdated: outdatedMessages(previous, vanished, run),
    },
    next: (told) =>
      run.complete
        ? remember({ ...input, previous, verdicts, vanished, told })
        : previous && rememberDrift({ ...input, previous }),
  };
}

/** A finding on a decoy is not resolved, because that would reveal the decoy. */
function withoutDecoys(state: State, { decoys }: HistoryRun): State {
  if (!decoys?.size) return state;
  const others = <T extends FindingMemory>(findings: Readonly<Record<string, T>>) =>
    Object.fromEntries(
      Object.entries(findings).filter(
        ([, { kind, credentialId }]) => kind === 'waiver' || !decoys.has(credentialKey(kind, credentialId)),
      ),
    );
  return { ...state, findings: others(state.findings), resolved: others(state.resolved) };
}

interface Verdict {
  readonly finding: Finding;
  readonly memory: RememberedFinding | undefined;
  readonly reasons: readonly Reason[];
  readonly reached: readonly number[];
}

function judge(finding: Finding, previous: State | undefined, run: HistoryRun): Verdict {
  const memory = lookUp(previous?.findings, finding.fingerprint);
  if (finding.outcome === 'unknown') return { finding, memory, reasons: [], reached: [] };
  const gone = lookUp(previous?.resolved, finding.fingerprint);
  const back = gone !== undefined && age(gone.resolvedAt, run) <= REMEMBER_RESOLVED ? gone : undefined;
  const firstSeen = (memory ?? back)?.firstSeen ?? run.asOf;
  const reached = milestonesReached(finding, run);
  const verdict = (status: FindingStatus, ...reasons: Reason[]): Verdict => ({
    finding: { ...finding, status, firstSeen },
    memory,
    reasons,
    reached,
  });
  if (finding.waiver !== null) return verdict('waived');
  if (isDrift(finding.rule)) return verdict('new', 'new');
  if (memory?.waived) return verdict('reopened', 'waiver-ended');
  if (memory === undefined) return back ? verdict('reopened', 'reopened') : verdict('new', 'new');
  const reasons: Reason[] = [];
  if (severityRank(finding.severity) > severityRank(memory.severity)) reasons.push('severity-raised');
  const told = milestonesTold(finding, memory);
  if (reached.some((days) => !told.includes(days))) reasons.push('milestone');
  if (memory.toldAt === null) reasons.push('untold');
  return verdict('known', ...reasons);
}

function lookUp<T>(record: Readonly<Record<string, T>> | undefined, key: string): T | undefined {
  return record !== undefined && Object.hasOwn(record, key) ? record[key] : undefined;
}

/** Milliseconds since an instant. */
function age(instant: string, run: HistoryRun): number {
  return Date.parse(run.asOf) - Date.parse(instant);
}

function expiryOf(finding: Finding): string | null {
  return finding.rule === MILESTONE_RULE ? (finding.credential?.expiresAt ?? null) : null;
}

function milestonesReached(finding: Finding, run: HistoryRun): readonly number[] {
  const expiresAt = expiryOf(finding);
  if (expiresAt === null) return [];
  return MILESTONES.filter((days) => -age(expiresAt, run) <= days * DAY);
}

/** A new expiry date starts all milestones over. */
function milestonesTold(finding: Finding, memory: RememberedFinding | undefined): readonly number[] {
  const milestones = memory?.milestones;
  return milestones && milestones.expiresAt === expiryOf(finding) ? milestones.told : [];
}

type Vanished = readonly [fingerprint: string, memory: RememberedFinding];

/**
 * Findings that are remembered, did not occur again, and would have been seen. A finding that is unknown now has not
 * vanished.
 */
function vanishedFrom(
  previous: State | undefined,
  findings: readonly Finding[],
  run: HistoryRun,
): readonly Vanished[] {
  const present = new Set(findings.map(({ fingerprint }) => fingerprint));
  return Object.entries(previous?.findings ?? {})
    .filter(
      ([fingerprint, { rule, kind, credentialId, seenIn }]) =>
        !present.has(fingerprint) &&
        run.rules.has(rule) &&
        !(kind === 'federation-trust' && run.notOnTrusts?.has(rule)) &&
        wouldSee(run, kind, seenIn) &&
        (kind === 'waiver' || (run.shown?.has(credentialKey(kind, credentialId)) ?? true)),
    )
    .sort(
      ([, a], [, b]) =>
        compareText(a.rule, b.rule) ||
        compareText(a.kind, b.kind) ||
        compareText(a.credentialId, b.credentialId),
    );
}

/**
 * At least a week after the last digest line, and a week after each finding was last mentioned. Otherwise a message would
 * repeat today what was new yesterday.
 */
function digestDue(verdicts: readonly Verdict[], previous: State | undefined, run: HistoryRun): string[] {
  const last = previous?.slack.digestAt ?? null;
  if (last !== null && age(last, run) < DIGEST_EVERY) return [];
  return verdicts
    .filter(
      ({ finding, memory, reasons }) =>
        finding.status === 'known' &&
        reasons.length === 0 &&
        memory !== undefined &&
        memory.toldAt !== null &&
        age(memory.toldAt, run) >= DIGEST_EVERY,
    )
    .map(({ finding }) => finding.fingerprint);
}

function outdatedMessages(
  previous: State | undefined,
  vanished: readonly Vanished[],
  run: HistoryRun,
): OutdatedMessage[] {
  const keyOf = ({ channel, ts }: SlackMessageId) => `${channel}|${ts}`;
  // A warning that ended because the credential expired was not heeded: its message is not done.
  const heeded = vanished.filter(
    ([, { milestones }]) => !(milestones && age(milestones.expiresAt, run) >= 0),
  );
  const gone = new Set(heeded.map(([fingerprint]) => fingerprint));
  const left = Object.entries(previous?.findings ?? {}).filter(([fingerprint]) => !gone.has(fingerprint));
  const current = new Set(left.flatMap(([, { messages = [] }]) => messages.map(keyOf)));
  const outdated = new Map(
    heeded.flatMap(([, { messages = [] }]) => messages.map((message) => [keyOf(message), message])),
  );
  return [...outdated].map(([key, { channel, ts }]) => ({ channel, ts, isDone: !current.has(key) }));
}

function remember(input: {
  readonly previous: State | undefined;
  readonly verdicts: readonly Verdict[];
  readonly vanished: readonly Vanished[];
  readonly credentials: State['credentials'];
  readonly grants?: State['grants'];
  readonly covered?: State['covered'];
  readonly log?: State['log'];
  readonly run: HistoryRun;
  readonly told: Told;
}): State {
  const { previous, verdicts, vanished, run, told } = input;
  const log = input.log ?? previous?.log;
  const findings = new Map(Object.entries(previous?.findings ?? {}));
  const resolved = new Map(
    Object.entries(previous?.resolved ?? {}).filter(
      ([, gone]) => age(gone.resolvedAt, run) <= REMEMBER_RESOLVED,
    ),
  );
  for (const [fingerprint, { rule, kind, credentialId, firstSeen, severity }] of vanished) {
    findings.delete(fingerprint);
    resolved.set(fingerprint, { rule, kind, credentialId, firstSeen, severity, resolvedAt: run.asOf });
  }
  for (const verdict of verdicts) {
    const { fingerprint, outcome, rule } = verdict.finding;
    if (outcome === 'unknown' || isDrift(rule)) continue;
    findings.set(fingerprint, memoryOf(verdict, run, told));
    resolved.delete(fingerprint);
  }
  return {
    version: STATE_VERSION,
    tenant: run.tenant,
    savedAt: run.asOf,
    seen: seenBy(previous, run),
    findings: sorted(findings),
    resolved: sorted(resolved),
    credentials: input.credentials,
    ...grantsUsedBy(input.credentials, input.grants),
    ...(input.covered && Object.keys(input.covered).length > 0 ? { covered: input.covered } : {}),
    ...(log ? { log } : {}),
    slack: {
      postedAt: told.posted ? run.asOf : (previous?.slack.postedAt ?? null),
      digestAt: told.digest ? run.asOf : (previous?.slack.digestAt ?? null),
    },
  };
}

/** Drift that an incomplete audit reported is not reported again. */
function rememberDrift({
  previous,
  findings,
  credentials,
  grants,
  covered,
}: {
  readonly previous: State;
  readonly findings: readonly Finding[];
  readonly credentials: State['credentials'];
  readonly grants?: State['grants'];
  readonly covered?: State['covered'];
}): State | undefined {
  const drifted = findings.filter(({ rule }) => isDrift(rule));
  if (drifted.length === 0) return undefined;
  const memory = new Map(Object.entries(previous.credentials));
  for (const { credential } of drifted) {
    const key = credential && credentialKey(credential.kind, credential.id);
    const now = lookUp(credentials, key ?? '');
    if (key && now) memory.set(key, now);
  }
  const remembered = sorted(memory);
  return {
    ...previous,
    credentials: remembered,
    ...grantsUsedBy(remembered, grants),
    ...(covered ? { covered } : {}),
  };
}

/** What the remembered credentials refer to. */
function grantsUsedBy(
  credentials: State['credentials'],
  grants: State['grants'] = {},
): Pick<State, 'grants'> {
  const used = new Set(Object.values(credentials).flatMap((memory) => memory.grants ?? []));
  const kept = Object.entries(grants).filter(([hash]) => used.has(hash));
  return kept.length === 0 ? {} : { grants: sorted(new Map(kept)) };
}

function memoryOf(
  { finding, memory, reasons, reached }: Verdict,
  run: HistoryRun,
  told: Told,
): RememberedFinding {
  const spokenOf = told.findings.has(finding.fingerprint);
  // What no message mentioned stays news. A missed milestone is simply not marked.
  const missed = reasons.some((reason) => reason !== 'milestone');
  const expiresAt = expiryOf(finding);
  // The digest line names only a few of its findings.
  const entry = spokenOf && reasons.length > 0 && told.message ? [told.message] : [];
  const messages = [...(memory?.messages ?? []), ...entry];
  return {
    rule: finding.rule,
    kind: finding.credential?.kind ?? 'waiver',
    credentialId: finding.credential?.id ?? finding.fingerprint,
    firstSeen: finding.firstSeen ?? run.asOf,
    severity: finding.severity,
    waived: finding.waiver !== null,
    ...(messages.length > 0 ? { messages } : {}),
    toldAt: spokenOf ? run.asOf : missed ? null : (memory?.toldAt ?? null),
    milestones:
      expiresAt === null
        ? null
        : { expiresAt, told: spokenOf ? [...reached] : [...milestonesTold(finding, memory)] },
    seenIn: reachOf(run),
  };
}

function seenBy(previous: State | undefined, run: HistoryRun): State['seen'] {
  const seen: Partial<Record<Kind, readonly string[]>> = { ...previous?.seen };
  for (const kind of run.completeKinds) {
    seen[kind] = [...new Set([...(seen[kind] ?? []), reachOf(run)])].sort();
  }
  return seen;
}

/** Sorted by key: the same memory gives the same bytes. */
function sorted<T>(entries: ReadonlyMap<string, T>): Record<string, T> {
  return Object.fromEntries([...entries].sort(([a], [b]) => compareText(a, b)));
}
