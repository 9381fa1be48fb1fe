import type { Finding, FindingStatus, Kind, Severity } from '../contract/index.js';
import { DAY, severityRank } from '../contract/index.js';
import type { Entry, Mark } from './docket.js';
import { isDrift } from './drift.js';
import type { Report } from './report.js';
import { compareText } from './report.js';
import type { FindingMemory, HistoryRun, RememberedFinding, SlackMessageId, State } from './state.js';
import { credentialKey, MILESTONES, reachOf, STATE_VERSION, wouldSee } from './state.js';

/** Why a finding is in a message. `untold`: it should have been in an earlier message, but none was sent. */
export type Reason = 'new' | 'reopened' | 'waiver-ended' | 'severity-raised' | 'milestone' | 'untold';

interface NewsItem {
  readonly fingerprint: string;
  readonly severity: Severity;
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
export function newFindings({ news }: Pick<Comparison, 'news'>): readonly Pick<Finding, 'severity'>[] {
  return news.items.filter(({ reasons }) => isNews(reasons));
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

/** What to remember beside the findings. */
interface Others {
  /** See `drift`. */
  readonly credentials: State['credentials'];
  readonly grants?: State['grants'];
  /** Of waivers by name. */
  readonly covered?: State['covered'];
  /** Of the system log; absent: as before. */
  readonly log?: State['log'];
}

/** A finding, compared. */
interface Judged {
  /** As it is remembered if no message mentions it. */
  readonly seen: RememberedFinding;
  readonly reasons: readonly Reason[];
  /** Milestones. */
  readonly reached: readonly number[];
}

/** Compares the findings of a run with the state: all, before any is left out of the report. */
export class History {
  readonly #previous: State | undefined;
  readonly #run: HistoryRun;
  readonly #reach: string;
  /** By fingerprint. undefined: it is not known whether it is still a finding. */
  readonly #judged = new Map<string, Judged | undefined>();

  constructor(previous: State | undefined, run: HistoryRun) {
    this.#previous = previous && withoutDecoys(previous, run);
    this.#run = run;
    this.#reach = reachOf(run);
  }

  /** What becomes of a finding. */
  judge(finding: Entry, waiver: Finding['waiver']): Mark {
    const { fingerprint, rule, severity, isUnknown } = finding;
    if (isUnknown) {
      this.#judged.set(fingerprint, undefined);
      return waivedBy(waiver);
    }
    const memory = lookUp(this.#previous?.findings, fingerprint);
    const back = memory ? undefined : this.#resolvedBefore(fingerprint);
    const expiresAt = rule === MILESTONE_RULE ? finding.expiresAt() : null;
    const reached = expiresAt === null ? NONE : milestonesReached(expiresAt, this.#run);
    const told = milestonesTold(memory, expiresAt);
    const { status, reasons } =
      waiver === null
        ? becomeOf(
            finding,
            memory,
            back,
            reached.some((days) => !told.includes(days)),
          )
        : WAIVED;
    const firstSeen = (memory ?? back)?.firstSeen ?? this.#run.asOf;
    // What no message mentioned stays news. A missed milestone is simply not marked.
    const missed = reasons.some((reason) => reason !== 'milestone');
    const seen: RememberedFinding = {
      rule,
      kind: finding.kind,
      credentialId: finding.id,
      firstSeen,
      severity,
      waived: waiver !== null,
      ...messagesOf(memory?.messages),
      toldAt: missed ? null : (memory?.toldAt ?? null),
      milestones: expiresAt === null ? null : { expiresAt, told: [...told] },
      seenIn: this.#reach,
    };
    this.#judged.set(fingerprint, { seen, reasons, reached });
    return { status, waiver, firstSeen };
  }

  #resolvedBefore(fingerprint: string): FindingMemory | undefined {
    const gone = lookUp(this.#previous?.resolved, fingerprint);
    return gone && age(gone.resolvedAt, this.#run) <= REMEMBER_RESOLVED ? gone : undefined;
  }

  /** What has changed, once all findings were judged. */
  compare(others: Others): Comparison {
    const previous = this.#previous;
    const run = this.#run;
    const vanished = vanishedFrom(previous, this.#judged, run);
    const open = vanished.filter(([, { waived }]) => !waived);
    return {
      resolved: open.map(([fingerprint, { rule, kind, credentialId }]) => ({
        fingerprint,
        rule,
        credential: { kind, id: credentialId, name: null },
      })),
      gone: vanished.length,
      news: {
        items: [...this.#judged].flatMap(([fingerprint, judged]) =>
          judged && judged.reasons.length > 0
            ? [{ fingerprint, severity: judged.seen.severity, reasons: judged.reasons }]
            : [],
        ),
        resolved: open
          .filter(([, { toldAt }]) => toldAt !== null)
          .map(([fingerprint, memory]) => ({ fingerprint, ...gist(memory) })),
        digest: digestDue(this.#judged, previous, run),
        lastPostedAt: previous?.slack.postedAt ?? null,
        outdated: outdatedMessages(previous, vanished, run),
      },
      next: (told) =>
        run.complete
          ? remember({ ...others, previous, judged: this.#judged, vanished, run, told })
          : previous && rememberDrift({ ...others, previous, judged: this.#judged }),
    };
  }
}

const NONE: readonly never[] = [];

interface Outcome {
  readonly status: FindingStatus;
  readonly reasons: readonly Reason[];
}

const WAIVED: Outcome = { status: 'waived', reasons: NONE };
const NEW: Outcome = { status: 'new', reasons: ['new'] };
const REOPENED: Outcome = { status: 'reopened', reasons: ['reopened'] };
const WAIVER_ENDED: Outcome = { status: 'reopened', reasons: ['waiver-ended'] };
const KNOWN: Outcome = { status: 'known', reasons: NONE };
const UNTOLD: Outcome = { status: 'known', reasons: ['untold'] };

/** What becomes of a finding that no waiver covers. */
function becomeOf(
  { rule, severity }: Entry,
  memory: RememberedFinding | undefined,
  back: FindingMemory | undefined,
  reachesMilestone: boolean,
): Outcome {
  if (isDrift(rule)) return NEW;
  if (memory === undefined) return back ? REOPENED : NEW;
  if (memory.waived) return WAIVER_ENDED;
  const reasons: Reason[] = [];
  if (severityRank(severity) > severityRank(memory.severity)) reasons.push('severity-raised');
  if (reachesMilestone) reasons.push('milestone');
  // Findings share what most of them have.
  if (reasons.length === 0) return memory.toldAt === null ? UNTOLD : KNOWN;
  return { status: 'known', reasons: memory.toldAt === null ? [...reasons, 'untold'] : reasons };
}

/** What becomes of a finding where there is nothing to compare it with. */
export function waivedBy(waiver: Finding['waiver']): Mark {
  return { status: waiver === null ? null : 'waived', waiver, firstSeen: null };
}

function messagesOf(messages: RememberedFinding['messages'] = NONE): Pick<RememberedFinding, 'messages'> {
  return messages.length > 0 ? { messages } : {};
}

function gist({ rule, kind, credentialId, firstSeen, severity }: FindingMemory): FindingMemory {
  return { rule, kind, credentialId, firstSeen, severity };
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

function lookUp<T>(record: Readonly<Record<string, T>> | undefined, key: string): T | undefined {
  return record !== undefined && Object.hasOwn(record, key) ? record[key] : undefined;
}

/** Milliseconds since an instant. */
function age(instant: string, run: HistoryRun): number {
  return Date.parse(run.asOf) - Date.parse(instant);
}

function milestonesReached(expiresAt: string, run: HistoryRun): readonly number[] {
  const left = -age(expiresAt, run);
  return MILESTONES.filter((days) => left <= days * DAY);
}

/** A new expiry date starts all milestones over. */
function milestonesTold(memory: RememberedFinding | undefined, expiresAt: string | null): readonly number[] {
  const milestones = memory?.milestones;
  return milestones && milestones.expiresAt === expiresAt ? milestones.told : NONE;
}

type Vanished = readonly [fingerprint: string, memory: RememberedFinding];

/**
 * Findings that are remembered, did not occur again, and would have been seen. A finding that is unknown now has not
 * vanished.
 */
function vanishedFrom(
  previous: State | undefined,
  present: ReadonlyMap<string, unknown>,
  run: HistoryRun,
): readonly Vanished[] {
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
function digestDue(
  findings: ReadonlyMap<string, Judged | undefined>,
  previous: State | undefined,
  run: HistoryRun,
): string[] {
  const last = previous?.slack.digestAt ?? null;
  if (last !== null && age(last, run) < DIGEST_EVERY) return [];
  return [...findings].flatMap(([fingerprint, judged]) => {
    if (!judged || judged.reasons.length > 0) return [];
    const { waived, toldAt } = judged.seen;
    return !waived && toldAt !== null && age(toldAt, run) >= DIGEST_EVERY ? [fingerprint] : [];
  });
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

function remember(
  input: Others & {
    readonly previous: State | undefined;
    readonly judged: ReadonlyMap<string, Judged | undefined>;
    readonly vanished: readonly Vanished[];
    readonly run: HistoryRun;
    readonly told: Told;
  },
): State {
  const { previous, judged, vanished, run, told } = input;
  const { slack: before = { postedAt: null, digestAt: null } } = previous ?? {};
  const { credentials, covered = {}, log = previous?.log } = input;
  const findings = new Map(Object.entries(previous?.findings ?? {}));
  const resolved = new Map(
    Object.entries(previous?.resolved ?? {}).filter(
      ([, gone]) => age(gone.resolvedAt, run) <= REMEMBER_RESOLVED,
    ),
  );
  for (const [fingerprint, memory] of vanished) {
    findings.delete(fingerprint);
    resolved.set(fingerprint, { ...gist(memory), resolvedAt: run.asOf });
  }
  for (const [fingerprint, finding] of judged) {
    if (!finding || isDrift(finding.seen.rule)) continue;
    const spokenOf = told.findings.has(fingerprint);
    findings.set(fingerprint, spokenOf ? toldOf(finding, run, told) : finding.seen);
    resolved.delete(fingerprint);
  }
  return {
    version: STATE_VERSION,
    tenant: run.tenant,
    savedAt: run.asOf,
    seen: seenBy(previous, run),
    findings: sorted(findings),
    resolved: sorted(resolved),
    credentials,
    ...grantsUsedBy(credentials, input.grants),
    ...(Object.keys(covered).length > 0 ? { covered } : {}),
    ...(log ? { log } : {}),
    slack: {
      postedAt: told.posted ? run.asOf : before.postedAt,
      digestAt: told.digest ? run.asOf : before.digestAt,
    },
  };
}

/** Drift that an incomplete audit reported is not reported again. */
function rememberDrift({
  previous,
  judged,
  credentials,
  grants,
  covered,
}: Others & {
  readonly previous: State;
  readonly judged: ReadonlyMap<string, Judged | undefined>;
}): State | undefined {
  const drifted = [...judged.values()].flatMap((finding) =>
    finding && isDrift(finding.seen.rule) ? [finding.seen] : [],
  );
  if (drifted.length === 0) return undefined;
  const memory = new Map(Object.entries(previous.credentials));
  for (const { kind, credentialId } of drifted) {
    const key = kind === 'waiver' ? '' : credentialKey(kind, credentialId);
    const now = lookUp(credentials, key);
    if (now) memory.set(key, now);
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

/** How to remember a finding that a message mentions. */
function toldOf({ seen, reasons, reached }: Judged, run: HistoryRun, told: Told): RememberedFinding {
  const { waived, messages = [], milestones, seenIn } = seen;
  // The digest line names only a few of its findings.
  const entry = reasons.length > 0 && told.message ? [told.message] : [];
  return {
    ...gist(seen),
    waived,
    ...messagesOf([...messages, ...entry]),
    toldAt: run.asOf,
    milestones: milestones && { ...milestones, told: [...reached] },
    seenIn,
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
