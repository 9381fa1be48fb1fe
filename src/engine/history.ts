import type { Finding, FindingStatus, Kind, Severity } from '../contract/index.js';
import { DAY, severityRank } from '../contract/index.js';
import type { Entry, Mark } from './docket.js';
import { isDrift } from './drift.js';
import type { Report } from './report.js';
import { compareText } from './report.js';
import type { FindingMemory, HistoryRun, RememberedFinding, SlackMessageId, State } from './state.js';
import { credentialKey, MILESTONES, reachOf, STATE_VERSION, sorted, wouldSee } from './state.js';
import { Table } from './table.js';

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
  readonly mentions?: readonly (string | undefined)[];
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
  /** True if that is how it was remembered. */
  readonly isKept: boolean;
  readonly reasons: readonly Reason[];
  /** Milestones. */
  readonly reached: readonly number[];
}

/** Compares the findings of a run with the state: all, before any is left out of the report. */
export class History {
  readonly #previous: State | undefined;
  readonly #run: HistoryRun;
  readonly #reach: string;
  readonly #known: State['findings'];
  /** What became of each of `#known`. */
  readonly #results: Uint8Array;
  /** What was judged, but for those that are as they are remembered, by far the most. */
  readonly #changed = new Map<string, Judged>();

  constructor(previous: State | undefined, run: HistoryRun) {
    this.#previous = previous && withoutDecoys(previous, run);
    this.#run = run;
    this.#reach = reachOf(run);
    this.#known = this.#previous?.findings ?? Table.of();
    this.#results = new Uint8Array(this.#known.size);
  }

  /**
   * What becomes of a finding.
   *
   * @param expiresAt  gives when its credential expires
   */
  judge(finding: Entry, waiver: Finding['waiver'], expiresAt: (credential: number) => string | null): Mark {
    const at = this.#known.find(finding.fingerprint);
    if (finding.isUnknown) {
      this.#results[at] = UNKNOWN;
      return waivedBy(waiver);
    }
    const alike = at < 0 ? undefined : this.#known.alike(at, finding.id);
    const isQuiet = finding.rule !== MILESTONE_RULE && !isDrift(finding.rule);
    if (isQuiet && alike?.milestones === null && this.#isSame(finding, alike, waiver !== null)) {
      this.#results[at] = SAME;
      return { status: waiver ? 'waived' : 'known', waiver, firstSeen: alike.firstSeen };
    }
    this.#results[at] = CHANGED;
    return this.#compare(
      finding,
      waiver,
      at,
      finding.rule === MILESTONE_RULE ? expiresAt(finding.credential) : null,
    );
  }

  /** What becomes of one of which something is to be said, or may be to be remembered. */
  #compare(finding: Entry, waiver: Finding['waiver'], at: number, expiresAt: string | null): Mark {
    const { fingerprint } = finding;
    const memory = at < 0 ? undefined : this.#known.value(at);
    const back = memory ? undefined : this.#resolvedBefore(fingerprint);
    const reached = expiresAt === null ? NONE : milestonesReached(expiresAt, this.#run);
    const told = milestonesTold(memory, expiresAt);
    const isReached = reached.some((days) => !told.includes(days));
    const { status, reasons } = waiver ? WAIVED : becomeOf(finding, memory, back, isReached);
    const now: RememberedFinding = {
      rule: finding.rule,
      kind: finding.kind,
      credentialId: finding.id,
      firstSeen: (memory ?? back)?.firstSeen ?? this.#run.asOf,
      severity: finding.severity,
      waived: waiver !== null,
      ...messagesOf(memory?.messages),
      toldAt: toldBefore(memory, reasons),
      milestones: expiresAt === null ? null : { expiresAt, told: [...told] },
      seenIn: this.#reach,
    };
    const isKept =
      memory?.toldAt === now.toldAt &&
      memory.milestones?.expiresAt === now.milestones?.expiresAt &&
      memory.credentialId === finding.id &&
      this.#isSame(finding, memory, waiver !== null);
    this.#changed.set(fingerprint, { seen: isKept ? memory : now, isKept, reasons, reached });
    return { status, waiver, firstSeen: now.firstSeen };
  }

  /** Whether this credential's finding is remembered as it is, but for messages and milestones. */
  #isSame({ rule, kind, severity }: Entry, memory: RememberedFinding, isWaived: boolean): boolean {
    return (
      memory.rule === rule &&
      memory.kind === kind &&
      memory.severity === severity &&
      memory.waived === isWaived &&
      memory.seenIn === this.#reach
    );
  }

  #resolvedBefore(fingerprint: string): FindingMemory | undefined {
    const gone = this.#previous?.resolved.get(fingerprint);
    return gone && age(gone.resolvedAt, this.#run) <= REMEMBER_RESOLVED ? gone : undefined;
  }

  /** A finding that was judged. */
  #judged(fingerprint: string): Judged | undefined {
    const at = this.#known.find(fingerprint);
    return this.#results[at] === SAME ? unchanged(this.#known.value(at)) : this.#changed.get(fingerprint);
  }

  /** All that were judged. */
  *#all(): Generator<readonly [string, Judged]> {
    for (const at of placesOf(SAME, this.#results))
      yield [this.#known.key(at), unchanged(this.#known.value(at))];
    yield* this.#changed;
  }

  /** What is remembered and did not occur again. */
  #left(): [string, RememberedFinding][] {
    const left: [string, RememberedFinding][] = [];
    for (const at of placesOf(LEFT, this.#results)) left.push([this.#known.key(at), this.#known.value(at)]);
    return left;
  }

  /** What has changed, once all findings were judged. */
  compare(others: Others): Comparison {
    const vanished = vanishedFrom(this.#left(), this.#run);
    const newsOf = () => this.#news(vanished);
    let news: News | undefined;
    return {
      resolved: vanished
        .filter(([, { waived }]) => !waived)
        .map(([fingerprint, { rule, kind, credentialId }]) => ({
          fingerprint,
          rule,
          credential: { kind, id: credentialId, name: null },
        })),
      gone: vanished.length,
      // Not everybody asks for it, and it may name all findings.
      get news() {
        news ??= newsOf();
        return news;
      },
      next: (told) =>
        this.#run.complete
          ? this.#remember({ ...others, vanished, told })
          : this.#previous && rememberDrift({ ...others, previous: this.#previous, judged: this.#changed }),
    };
  }

  #news(vanished: readonly Vanished[]): News {
    const { digestAt = null, postedAt = null } = this.#previous?.slack ?? {};
    const hasDigest = digestAt === null || age(digestAt, this.#run) >= DIGEST_EVERY;
    const items: NewsItem[] = [];
    const digest: string[] = [];
    for (const [fingerprint, { seen, reasons }] of this.#all()) {
      if (reasons.length > 0) items.push({ fingerprint, severity: seen.severity, reasons });
      else if (hasDigest && isDue(seen, this.#run)) digest.push(fingerprint);
    }
    return {
      items,
      resolved: vanished
        .filter(([, { waived, toldAt }]) => !waived && toldAt !== null)
        .map(([fingerprint, memory]) => ({ fingerprint, ...gist(memory) })),
      digest,
      lastPostedAt: postedAt,
      outdated: outdatedMessages(this.#previous, vanished, this.#run),
    };
  }

  #remember(input: Others & { readonly vanished: readonly Vanished[]; readonly told: Told }): State {
    const previous = this.#previous;
    const run = this.#run;
    const { credentials, mentions = [], covered = {}, log = previous?.log, vanished, told } = input;
    const { slack: before = { postedAt: null, digestAt: null } } = previous ?? {};
    const resolved = new Map(
      [...(previous?.resolved ?? [])].filter(([, gone]) => age(gone.resolvedAt, run) <= REMEMBER_RESOLVED),
    );
    for (const [fingerprint, memory] of vanished)
      resolved.set(fingerprint, { ...gist(memory), resolvedAt: run.asOf });
    for (const [fingerprint, { seen }] of this.#changed)
      if (!isDrift(seen.rule)) resolved.delete(fingerprint);
    return {
      version: STATE_VERSION,
      tenant: run.tenant,
      savedAt: run.asOf,
      seen: seenBy(previous, run),
      findings: this.#known.edited(this.#changes(vanished, told)),
      resolved: sorted(resolved),
      credentials,
      ...grantsIn(mentions, input.grants),
      ...(Object.keys(covered).length > 0 ? { covered } : {}),
      ...(log ? { log } : {}),
      slack: {
        postedAt: told.posted ? run.asOf : before.postedAt,
        digestAt: told.digest ? run.asOf : before.digestAt,
      },
    };
  }

  /** What to remember of findings otherwise than before. */
  #changes(vanished: readonly Vanished[], told: Told): Map<string, RememberedFinding | undefined> {
    const changes = new Map<string, RememberedFinding | undefined>();
    for (const [fingerprint] of vanished) changes.set(fingerprint, undefined);
    for (const [fingerprint, { seen, isKept }] of this.#changed)
      if (!isKept && !isDrift(seen.rule)) changes.set(fingerprint, seen);
    for (const fingerprint of told.findings) {
      const judged = this.#judged(fingerprint);
      if (judged && !isDrift(judged.seen.rule)) changes.set(fingerprint, toldOf(judged, this.#run, told));
    }
    return changes;
  }
}

/** What became of a remembered finding: it did not occur again, is unknown now, is as it was, or has changed. */
const [LEFT, UNKNOWN, SAME, CHANGED] = [0, 1, 2, 3];

function* placesOf(result: number, results: Uint8Array): Generator<number> {
  for (let at = results.indexOf(result); at >= 0; at = results.indexOf(result, at + 1)) yield at;
}

function unchanged(memory: RememberedFinding): Judged {
  const { reasons } = memory.waived || memory.toldAt !== null ? KNOWN : UNTOLD;
  return { seen: memory, isKept: true, reasons, reached: NONE };
}

/** What no message mentioned stays news. A missed milestone is simply not marked. */
function toldBefore(memory: RememberedFinding | undefined, reasons: readonly Reason[]): string | null {
  return (reasons.every((reason) => reason === 'milestone') && memory?.toldAt) || null;
}

/**
 * Whether a finding without news is due for the line that repeats: a week after it was last mentioned. Otherwise a message
 * would repeat today what was new yesterday.
 */
function isDue({ waived, toldAt }: RememberedFinding, run: HistoryRun): boolean {
  return !waived && toldAt !== null && age(toldAt, run) >= DIGEST_EVERY;
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
  const isOnDecoy = ([, { kind, credentialId }]: readonly [string, FindingMemory]) =>
    kind !== 'waiver' && decoys.has(credentialKey(kind, credentialId));
  const findings = new Map([...state.findings].filter(isOnDecoy).map(([key]) => [key, undefined]));
  return {
    ...state,
    findings: state.findings.edited(findings),
    resolved: new Map([...state.resolved].filter((entry) => !isOnDecoy(entry))),
  };
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
function vanishedFrom(left: readonly Vanished[], run: HistoryRun): readonly Vanished[] {
  return left
    .filter(
      ([, { rule, kind, credentialId, seenIn }]) =>
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
  if (!heeded.some(([, { messages }]) => messages)) return [];
  const gone = new Set(heeded.map(([fingerprint]) => fingerprint));
  const left = [...(previous?.findings ?? [])].filter(([fingerprint]) => !gone.has(fingerprint));
  const current = new Set(left.flatMap(([, { messages = [] }]) => messages.map(keyOf)));
  const outdated = new Map(
    heeded.flatMap(([, { messages = [] }]) => messages.map((message) => [keyOf(message), message])),
  );
  return [...outdated].map(([key, { channel, ts }]) => ({ channel, ts, isDone: !current.has(key) }));
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
  readonly judged: ReadonlyMap<string, Judged>;
}): State | undefined {
  const drifted = [...judged.values()].flatMap(({ seen }) => (isDrift(seen.rule) ? [seen] : []));
  if (drifted.length === 0) return undefined;
  const changes = new Map<string, string>();
  for (const { kind, credentialId } of drifted) {
    const key = kind === 'waiver' ? '' : credentialKey(kind, credentialId);
    const now = credentials.get(key);
    if (now) changes.set(key, now);
  }
  const remembered = previous.credentials.edited(changes);
  return {
    ...previous,
    credentials: remembered,
    ...grantsIn(remembered.values(), grants),
    ...(covered ? { covered } : {}),
  };
}

/** What remembered credentials refer to. */
function grantsIn(
  mentions: Iterable<string | undefined>,
  grants: State['grants'] = {},
): Pick<State, 'grants'> {
  const used = new Set<string>();
  for (const json of mentions) {
    const [, list = '[]'] = /"grants":(\[[^\]]*\])/.exec(json ?? '') ?? [];
    for (const hash of JSON.parse(list) as string[]) used.add(hash);
  }
  const kept = Object.entries(grants).filter(([hash]) => used.has(hash));
  return kept.length === 0 ? {} : { grants: Object.fromEntries(sorted(new Map(kept))) };
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
