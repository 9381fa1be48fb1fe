import { type Finding, KINDS, type Kind, type Snapshot } from '../../contract/index.js';
import { isDrift } from '../../engine/drift.js';
import { type Evaluation, historyRun } from '../../engine/evaluate.js';
import { fingerprint as fingerprintOf } from '../../engine/finding.js';
import type { Report } from '../../engine/report.js';
import { reachOf, wouldSee } from '../../engine/state.js';
import { endOfDate, WAIVER_RULE_IDS } from '../../engine/waivers.js';
import { asRecord } from '../../sources/record.js';
import type { PushedFinding, StateAction } from './client.js';
import { KEY, NOTE, toAcceptance, toPushed, WAIVED, type Wording } from './finding.js';

/**
 * Findings that are pushed at most. Nobody there is helped by more, and each is a request; the next night all of them are
 * read again.
 */
export const MOST = 1000;

interface Change extends Pick<RemoteFinding, 'id' | 'rule' | 'fingerprint'> {
  readonly action: StateAction;
}

/**
 * Why an open remote finding of ours is left open.
 *
 * `unseen`: not found, but this audit does not cover it. `hidden`: found, but below `minSeverity`. `unjudged`: its outcome
 * is unknown. `change`: it is about a change between two audits, which a person must close. `beyond`: found, but beyond
 * {@link MOST}.
 */
type LeftBecause = 'unseen' | 'hidden' | 'unjudged' | 'change' | 'beyond';

/**
 * What to do in ConductorOne. Each remote finding of ours that is not resolved is in one of `changed`, `changes`,
 * `unchanged`, `left` and `decided`.
 */
export interface Plan {
  /** New, changed, or to be reopened; the worst first. */
  readonly push: readonly PushedFinding[];
  /** Fingerprints of those in `push` that exist there already. */
  readonly changed: ReadonlySet<string>;
  readonly changes: readonly Change[];
  readonly unchanged: number;
  /** Open, but beyond {@link MOST}. */
  readonly beyond: number;
  /** Ours, and left open there. */
  readonly left: Readonly<Record<LeftBecause, number>>;
  /** Ours, not sent and not open there: accepted, suppressed or snoozed by a person, or accepted by a waiver. */
  readonly decided: number;
}

const NONE_LEFT: Plan['left'] = { unseen: 0, hidden: 0, unjudged: 0, change: 0, beyond: 0 };

export const NOTHING_TO_DO: Plan = {
  push: [],
  changed: new Set(),
  changes: [],
  unchanged: 0,
  beyond: 0,
  left: NONE_LEFT,
  decided: 0,
};

interface PlanInput {
  /** The report's open findings, the worst first. */
  readonly open: readonly Finding[];
  /** Everything that was found, with what the report hides; called only if a remote finding is not among the open ones. */
  readonly all: () => readonly Finding[];
  readonly remote: ReadonlyMap<string, RemoteFinding>;
  readonly sight: Sight;
  readonly wording: Omit<Wording, 'reachOf'>;
}

/**
 * Compares what was found with what exists there. Pure.
 *
 * A waived finding is neither open nor fixed: if it exists there, it becomes an accepted risk until the waiver ends; if
 * not, it is not sent.
 */
export function plan(input: PlanInput): Plan {
  const { open, remote, sight, wording } = input;
  const wanted = open.slice(0, MOST);
  const all = wanted.map((finding) => toPushed(finding, { ...wording, reachOf: sight.reachOf }));
  const push = all.filter(({ dedupKeyParts: [, fingerprint], annotations }) => {
    const there = remote.get(fingerprint);
    return !there || isShut(there) || there.content !== annotations[NOTE.content];
  });
  const exists = (fingerprint: string) => {
    const there = remote.get(fingerprint);
    return there !== undefined && !isResolved(there);
  };
  return {
    push,
    changed: new Set(push.map(({ dedupKeyParts: [, fingerprint] }) => fingerprint).filter(exists)),
    unchanged: wanted.length - push.length,
    beyond: open.length - wanted.length,
    ...planRest(wanted, input),
  };
}

/** What to do about remote findings that are not pushed. */
function planRest(
  wanted: readonly Finding[],
  { open, all, remote, ...input }: PlanInput,
): Pick<Plan, 'changes' | 'left' | 'decided'> {
  const isWanted = new Set(wanted.map(({ fingerprint }) => fingerprint));
  const isOpen = new Set(open.map(({ fingerprint }) => fingerprint));
  const rest = [...remote.values()].filter((there) => !isWanted.has(there.fingerprint) && !isResolved(there));
  const found = new Map((rest.length === 0 ? [] : all()).map((finding) => [finding.fingerprint, finding]));
  const changes: Change[] = [];
  const left = { ...NONE_LEFT };
  let decided = 0;
  for (const there of rest) {
    const { id, rule, fingerprint } = there;
    const decision = isOpen.has(fingerprint) ? 'beyond' : decide(there, found.get(fingerprint), input);
    if (typeof decision !== 'string') changes.push({ id, rule, fingerprint, action: decision });
    else if (isUndecided(there)) left[decision] += 1;
    else decided += 1;
  }
  return { changes, left, decided };
}

/** @param finding the remote finding in this audit, which is not open; undefined: it was not found */
function decide(
  there: RemoteFinding,
  finding: Finding | undefined,
  { sight, wording }: Pick<PlanInput, 'sight' | 'wording'>,
): StateAction | LeftBecause {
  if (finding === undefined) {
    if (mayEnd(there) && sight.wouldFind(there))
      return {
        resolve: { reason: `c1-audit does not find it any more (audit as of ${wording.report.run.asOf}).` },
      };
    return isDrift(there.rule) ? 'change' : 'unseen';
  }
  if (finding.outcome !== 'violation') return 'unjudged';
  if (!finding.waiver || !isUndecided(there)) return 'hidden';
  const end = endOfDate(finding.waiver.expires);
  return end === undefined ? 'hidden' : toAcceptance(finding.waiver, end);
}

/** What a push does to ConductorOne's list, in findings. */
export interface Counts {
  /** Not on the list before, or resolved there. */
  readonly new: number;
  readonly changed: number;
  readonly resolved: number;
  /** Risks accepted, by waivers. */
  readonly accepted: number;
}

export type Counted = keyof Counts;

export function countedAs(what: PushedFinding | StateAction, changed: Plan['changed']): Counted {
  if ('dedupKeyParts' in what) return changed.has(what.dedupKeyParts[1]) ? 'changed' : 'new';
  return 'resolve' in what ? 'resolved' : 'accepted';
}

export function count(all: readonly Counted[]): Counts {
  const counts = { new: 0, changed: 0, resolved: 0, accepted: 0 };
  for (const one of all) counts[one] += 1;
  return counts;
}

/** The counts once all of a plan is done. */
export function countsOf({ push, changes, changed }: Pick<Plan, 'push' | 'changes' | 'changed'>): Counts {
  return count([...push, ...changes.map(({ action }) => action)].map((one) => countedAs(one, changed)));
}

/** How many are left open, for any reason. */
export function leftOf({ left }: Pick<Plan, 'left'>): number {
  return Object.values(left).reduce((sum, each) => sum + each, 0);
}

const LEFT: Readonly<Record<LeftBecause, string>> = {
  unseen: 'not covered by this audit',
  hidden: 'below minSeverity',
  unjudged: 'unknown in this audit',
  change: 'about changes, for people to close',
  beyond: `beyond the ${MOST} that are pushed`,
};

/** `142 new, 0 changed, 0 resolved, 3 unchanged`, then the others that are not 0. */
export function countsText(counts: Counts, plan: Pick<Plan, 'unchanged' | 'left' | 'decided'>): string {
  const reasons = (Object.keys(LEFT) as LeftBecause[])
    .filter((reason) => plan.left[reason] > 0)
    .map((reason) => `${plan.left[reason]} ${LEFT[reason]}`);
  return [
    `${counts.new} new`,
    `${counts.changed} changed`,
    `${counts.resolved} resolved`,
    ...(counts.accepted > 0 ? [`${counts.accepted} accepted`] : []),
    `${plan.unchanged} unchanged`,
    ...(reasons.length > 0 ? [`${leftOf(plan)} left open (${reasons.join('; ')})`] : []),
    ...(plan.decided > 0 ? [`${plan.decided} decided in ConductorOne`] : []),
  ].join(', ');
}

/** What an audit covers: what it does not find is gone only if it would have been found. */
export interface Sight {
  /** Ids of the rules that ran and whose findings are gone if they are not found: not those on changes. */
  readonly rules: ReadonlySet<string>;
  /** What a finding is annotated with, to be compared with another audit's. */
  reachOf(finding: Pick<Finding, 'credential'>): string;
  /** True if a finding of ours that is not found any more is certainly gone. */
  wouldFind(there: RemoteFinding): boolean;
  /** Why nothing at all can be said to be gone; undefined if something can. */
  readonly blind: string | undefined;
}

/**
 * @param evaluation what the report was made of: the report alone says neither which rules were requested nor whether the
 *   caller sees everything
 */
export function sightOf({ coverage, credentials }: Report, evaluation: Evaluation): Sight {
  const { snapshot, only } = evaluation;
  const { complete, rulesNotRun: notRun = [] } = coverage;
  const run = historyRun(evaluation, { complete, notRun, credentials });
  const rules = new Set([...run.rules].filter((rule) => !isDrift(rule)));
  const reach = reachOf(run);
  // Whether a waiver covers anything depends on the kinds that were read.
  const waiverReach = [reach, ...snapshot.sources.map(({ kind }) => kind).sort()].join(' ');
  return {
    rules,
    reachOf: ({ credential }) => (credential ? reach : waiverReach),
    wouldFind(there) {
      if (!run.complete || !rules.has(there.rule)) return false;
      // Rules on waivers look at all rules together: an audit with some rules says nothing about those.
      if (there.kind === 'waiver') return only === undefined && there.reach === waiverReach;
      if (there.kind === 'federation-trust' && run.notOnTrusts?.has(there.rule)) return false;
      return wouldSee(run, there.kind, there.reach) && seesAllOf(there, snapshot);
    },
    blind: blindnessOf(run.complete, snapshot),
  };
}

/** Everybody sees their own keys. A caller that has lost a right is shown fewer of the others, without a word. */
function seesAllOf({ kind }: RemoteFinding, { seesAll, scope }: Snapshot): boolean {
  return seesAll === true || (scope === 'mine' && kind === 'personal-client');
}

function blindnessOf(complete: boolean, { seesAll, scope }: Snapshot): string | undefined {
  if (!complete) return 'the audit is incomplete';
  if (seesAll || scope === 'mine') return undefined;
  return 'the audit is not known to run as a Super Administrator, who sees everything';
}

/** A finding of ours in ConductorOne. */
export interface RemoteFinding {
  readonly id: string;
  readonly fingerprint: string;
  readonly rule: string;
  readonly kind: Kind | 'waiver';
  readonly reach: string;
  readonly content: string;
  readonly state: string;
  /** True if a waiver of ours, not a person there, accepted the risk. */
  readonly acceptedByWaiver: boolean;
}

/**
 * A record as a finding of ours; undefined if there is any doubt. Key, sub-type and annotations must agree, and the
 * fingerprint must be that of this tenant, rule, kind and credential: neither somebody else's finding passes by accident
 * nor one with edited annotations.
 */
export function readRemote(record: unknown, tenant: string): RemoteFinding | undefined {
  const finding = asRecord(record);
  const id = idIn(finding);
  const notes = asRecord(finding?.annotations);
  if (!finding || id === undefined || !notes) return undefined;
  const text = (name: string) => (typeof notes[name] === 'string' ? notes[name] : '');
  const rule = text(NOTE.rule);
  const kind = ([...KINDS, 'waiver'] as const).find((one) => one === text(NOTE.kind));
  const fingerprint = fingerprintIn(finding.dedupKeyParts);
  if (fingerprint === undefined || fingerprint !== text(NOTE.fingerprint)) return undefined;
  if (kind === undefined || rule === '' || rule !== finding.customSubType) return undefined;
  const isGenuine =
    kind === 'waiver'
      ? // What a waiver's fingerprint is made of is in the configuration, not here.
        WAIVER_RULE_IDS.has(rule)
      : fingerprint === fingerprintOf(tenant, rule, kind, text(NOTE.credential));
  if (!isGenuine) return undefined;
  return {
    id,
    fingerprint,
    rule,
    kind,
    reach: text(NOTE.reach),
    content: text(NOTE.content),
    state: stateOf(finding),
    acceptedByWaiver: acceptedByWaiver(finding),
  };
}

/** The fingerprint in the key of a finding of ours. */
function fingerprintIn(key: unknown): string | undefined {
  if (!Array.isArray(key) || key.length !== 2 || key[0] !== KEY) return undefined;
  const fingerprint: unknown = key[1];
  return typeof fingerprint === 'string' && /^[0-9a-f]{64}$/.test(fingerprint) ? fingerprint : undefined;
}

/** An id that can be part of a path as it is. */
export function idIn(record: unknown): string | undefined {
  const id = asRecord(record)?.id;
  return typeof id === 'string' && /^[\w-]+$/.test(id) ? id : undefined;
}

const RESOLVED = 'FINDING_STATE_RESOLVED';
const UNDECIDED = new Set(['FINDING_STATE_OPEN', 'FINDING_STATE_IN_PROGRESS']);

/** True if neither a person nor a waiver decided about it: an audit may accept or resolve it. */
function isUndecided({ state }: Pick<RemoteFinding, 'state'>): boolean {
  return UNDECIDED.has(state);
}

/**
 * True if it may be resolved once an audit no longer finds it. What a person accepted or suppressed stays decided, and a
 * change since the last audit, which no later audit finds again, is for a person to close.
 */
function mayEnd(there: RemoteFinding): boolean {
  const { state, rule } = there;
  if (isDrift(rule)) return false;
  return isUndecided(there) || state === 'FINDING_STATE_SNOOZED' || there.acceptedByWaiver;
}

/** True if it is off the list, although a search returned it. */
function isResolved({ state }: Pick<RemoteFinding, 'state'>): boolean {
  return state === RESOLVED;
}

/** True if it is not open there although no person decided so. */
function isShut({ state, acceptedByWaiver }: Pick<RemoteFinding, 'state' | 'acceptedByWaiver'>): boolean {
  return isResolved({ state }) || acceptedByWaiver;
}

/** {@link isShut} for the answer to a finding that was sent: it must be reopened. */
export function mustReopen(record: unknown): boolean {
  const finding = asRecord(record);
  return isShut({ state: stateOf(finding), acceptedByWaiver: acceptedByWaiver(finding) });
}

function stateOf(finding: Readonly<Record<string, unknown>> | undefined): string {
  return typeof finding?.state === 'string' ? finding.state : '';
}

function acceptedByWaiver(finding: Readonly<Record<string, unknown>> | undefined): boolean {
  const justification = finding?.riskAcceptanceJustification;
  return (
    finding?.state === 'FINDING_STATE_RISK_ACCEPTED' &&
    typeof justification === 'string' &&
    justification.startsWith(WAIVED)
  );
}
