import { type Finding, KINDS, type Kind, type Snapshot } from '../../contract/index.js';
import { isDrift } from '../../engine/drift.js';
import { type Evaluation, historyRun } from '../../engine/evaluate.js';
import { fingerprint as fingerprintOf } from '../../engine/finding.js';
import type { Report } from '../../engine/report.js';
import { reachOf, wouldSee } from '../../engine/state.js';
import { endOfDate, WAIVER_RULE_IDS } from '../../engine/waivers.js';
import { asRecord } from '../../sources/record.js';
import type { PushedFinding, StateAction } from './client.js';
import { KEY, NOTE, WAIVED } from './finding.js';

/** A finding of ours as it stands in ConductorOne. */
export interface Standing {
  readonly id: string;
  readonly fingerprint: string;
  readonly rule: string;
  readonly kind: Kind | 'waiver';
  readonly reach: string;
  readonly content: string;
  readonly state: string;
  /** True where a waiver of ours, not a person there, accepted the risk. */
  readonly acceptedByWaiver: boolean;
}

const RESOLVED = 'FINDING_STATE_RESOLVED';
const UNDECIDED = new Set(['FINDING_STATE_OPEN', 'FINDING_STATE_IN_PROGRESS']);

/** True where neither a person nor a waiver decided what becomes of it: an audit may accept or end it. */
function isUndecided({ state }: Pick<Standing, 'state'>): boolean {
  return UNDECIDED.has(state);
}

/**
 * True where what an audit no longer finds may be called resolved. What a person accepted or suppressed stays decided, and a
 * change since the last audit, which no later one finds again, is for a person to close.
 */
function mayEnd(standing: Standing): boolean {
  const { state, rule } = standing;
  if (isDrift(rule)) return false;
  return isUndecided(standing) || state === 'FINDING_STATE_SNOOZED' || standing.acceptedByWaiver;
}

/** True where it is off the list, though a search gave it back. */
function isResolved({ state }: Pick<Standing, 'state'>): boolean {
  return state === RESOLVED;
}

/** True where a finding that is open does not stand so, and no person there decided that it should not. */
function isShut({ state, acceptedByWaiver }: Pick<Standing, 'state' | 'acceptedByWaiver'>): boolean {
  return isResolved({ state }) || acceptedByWaiver;
}

/** {@link isShut} for a record as the tenant gives it back: whether it must be reopened after it was sent. */
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

/** An id that can stand in a path as it is. */
export function idIn(record: unknown): string | undefined {
  const id = asRecord(record)?.id;
  return typeof id === 'string' && /^[\w-]+$/.test(id) ? id : undefined;
}

/**
 * A record as a finding of ours; undefined where there is any doubt. Key, sub-type and annotations must agree, and the
 * fingerprint must be that of this tenant, rule, kind and credential: nobody else's finding passes by accident, nor one
 * whose annotations somebody edited.
 */
export function readStanding(record: unknown, tenant: string): Standing | undefined {
  const finding = asRecord(record);
  const id = idIn(finding);
  const notes = asRecord(finding?.annotations);
  const key = finding?.dedupKeyParts;
  if (!finding || id === undefined || !notes || !Array.isArray(key)) return undefined;
  const text = (name: string) => (typeof notes[name] === 'string' ? notes[name] : '');
  const [prefix, fingerprint, ...others] = key as unknown[];
  const rule = text(NOTE.rule);
  const kind = ([...KINDS, 'waiver'] as const).find((each) => each === text(NOTE.kind));
  const isOurs =
    prefix === KEY &&
    typeof fingerprint === 'string' &&
    /^[0-9a-f]{64}$/.test(fingerprint) &&
    others.length === 0 &&
    fingerprint === text(NOTE.fingerprint) &&
    rule !== '' &&
    rule === finding.customSubType;
  if (!isOurs || kind === undefined) return undefined;
  const isWhole =
    kind === 'waiver'
      ? // What a waiver's fingerprint is made of stands in the configuration, not here.
        WAIVER_RULE_IDS.has(rule)
      : fingerprint === fingerprintOf(tenant, rule, kind, text(NOTE.credential));
  if (!isWhole) return undefined;
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

/** What an audit could see: what it does not find is gone only where it would have been found. */
export interface Sight {
  /** Ids of the rules that ran and whose findings are gone once they are not found: not those on changes. */
  readonly rules: ReadonlySet<string>;
  /** What a finding is annotated with, to be compared with another audit's. */
  reachOf(finding: Pick<Finding, 'credential'>): string;
  /** True where a finding of ours that is not found any more is certainly gone. */
  wouldFind(standing: Standing): boolean;
  /** Why nothing at all could be told to be gone; undefined where something could. */
  readonly blind: string | undefined;
}

/**
 * What the audit of `report` could see. Pure.
 *
 * @param evaluation what the report was made of: the report alone tells neither which rules were asked for nor whether
 *   everything was shown
 */
export function sightOf({ coverage, credentials }: Report, evaluation: Evaluation): Sight {
  const { snapshot, only } = evaluation;
  const { complete, rulesNotRun: notRun = [] } = coverage;
  const run = historyRun(evaluation, { complete, notRun, credentials });
  const rules = new Set([...run.rules].filter((rule) => !isDrift(rule)));
  const reach = reachOf(run);
  // Whether a waiver covers anything depends on which kinds were looked at.
  const waiverReach = [reach, ...snapshot.sources.map(({ kind }) => kind).sort()].join(' ');
  return {
    rules,
    reachOf: ({ credential }) => (credential ? reach : waiverReach),
    wouldFind(standing) {
      if (!run.complete || !rules.has(standing.rule)) return false;
      // Rules on waivers look at all of them together: a run of some rules says nothing of those.
      if (standing.kind === 'waiver') return only === undefined && standing.reach === waiverReach;
      return wouldSee(run, standing.kind, standing.reach) && isShownAll(standing, snapshot);
    },
    blind: run.complete
      ? snapshot.seesAll || snapshot.scope === 'mine'
        ? undefined
        : 'the audit is not known to run as a Super Administrator, whom everything is shown'
      : 'the audit is incomplete',
  };
}

/** Everybody sees their own keys. Of the rest, who has lost a right is shown less, and not told so. */
function isShownAll({ kind }: Standing, { seesAll, scope }: Snapshot): boolean {
  return seesAll === true || (scope === 'mine' && kind === 'personal-client');
}

/**
 * Findings that are pushed at most. More would help nobody there, and neither them nor us: each is a request, and the next
 * night all of them are read again.
 */
export const MOST = 1000;

interface Change extends Pick<Standing, 'id' | 'rule' | 'fingerprint'> {
  readonly action: StateAction;
}

/**
 * Why a finding of ours that stands open there is left so.
 *
 * `unseen`: not found, which tells nothing, as this audit need not have found it. `hidden`: found, but less severe than is
 * reported. `unjudged`: its check could not be made. `change`: it is on a change between audits, and for a person to close.
 * `beyond`: found, but beyond {@link MOST}.
 */
type LeftBecause = 'unseen' | 'hidden' | 'unjudged' | 'change' | 'beyond';

/**
 * What is to be done in ConductorOne. What stands there, of ours and not resolved, is in one of `changed`, `changes`,
 * `unchanged`, `left` and `decided`.
 */
export interface Plan {
  /** New, changed, or to be opened again; the worst first. */
  readonly push: readonly PushedFinding[];
  /** Fingerprints of those of `push` that stand there already. */
  readonly changed: ReadonlySet<string>;
  readonly changes: readonly Change[];
  readonly unchanged: number;
  /** Open, but beyond {@link MOST}. */
  readonly beyond: number;
  /** Ours, standing open, and left as they are. */
  readonly left: Readonly<Record<LeftBecause, number>>;
  /** Ours, not sent, and not open either: accepted, suppressed or put off by a person, or accepted by a waiver. */
  readonly decided: number;
}

/**
 * Sets what was found against what stands there. Pure.
 *
 * A waived finding is not open, and not mended either: one that stands there becomes an accepted risk until the waiver
 * ends; one that does not is not sent.
 *
 * @param open the report's open findings, the worst first
 * @param all what was found, with what the report hides: called only where something there was not found open
 */
export function plan(input: {
  readonly open: readonly Finding[];
  readonly all: () => readonly Finding[];
  readonly standing: ReadonlyMap<string, Standing>;
  readonly sight: Sight;
  readonly asOf: string;
  readonly toPushed: (finding: Finding) => PushedFinding;
  readonly toAcceptance: (waiver: NonNullable<Finding['waiver']>, end: number) => StateAction;
  readonly contentOf: (pushed: PushedFinding) => string | undefined;
}): Plan {
  const { open, standing, sight, toPushed, contentOf } = input;
  const wanted = open.slice(0, MOST);
  const push = wanted.map(toPushed).filter((pushed) => {
    const there = standing.get(pushed.dedupKeyParts[1]);
    return !there || isShut(there) || there.content !== contentOf(pushed);
  });
  const isWanted = new Set(wanted.map(({ fingerprint }) => fingerprint));
  const isOpen = new Set(open.map(({ fingerprint }) => fingerprint));
  const isThere = (fingerprint: string) => {
    const there = standing.get(fingerprint);
    return there !== undefined && !isResolved(there);
  };
  const rest = [...standing.values()].filter(
    (there) => !isWanted.has(there.fingerprint) && !isResolved(there),
  );
  const found = new Map(
    rest.length === 0 ? [] : input.all().map((finding) => [finding.fingerprint, finding] as const),
  );
  const fateOf = (there: Standing): StateAction | LeftBecause => {
    if (isOpen.has(there.fingerprint)) return 'beyond';
    const finding = found.get(there.fingerprint);
    if (finding === undefined) {
      if (mayEnd(there) && sight.wouldFind(there)) return resolution(input.asOf);
      return isDrift(there.rule) ? 'change' : 'unseen';
    }
    if (finding.outcome !== 'violation') return 'unjudged';
    const end = finding.waiver && isUndecided(there) ? endOfDate(finding.waiver.expires) : undefined;
    return finding.waiver && end !== undefined ? input.toAcceptance(finding.waiver, end) : 'hidden';
  };
  const changes: Change[] = [];
  const left = { ...NONE_LEFT };
  let decided = 0;
  for (const there of rest) {
    const { id, rule, fingerprint } = there;
    const fate = fateOf(there);
    if (typeof fate !== 'string') changes.push({ id, rule, fingerprint, action: fate });
    else if (isUndecided(there)) left[fate] += 1;
    else decided += 1;
  }
  return {
    push,
    changed: new Set(push.map(({ dedupKeyParts: [, fingerprint] }) => fingerprint).filter(isThere)),
    changes,
    unchanged: wanted.length - push.length,
    beyond: open.length - wanted.length,
    left,
    decided,
  };
}

export const NONE_LEFT: Plan['left'] = { unseen: 0, hidden: 0, unjudged: 0, change: 0, beyond: 0 };

function resolution(asOf: string): StateAction {
  return { resolve: { reason: `c1-audit does not find it any more (audit as of ${asOf}).` } };
}

/** What a push does to ConductorOne's list, in findings. */
export interface Tally {
  /** Not on the list before, or resolved there. */
  readonly new: number;
  readonly changed: number;
  readonly resolved: number;
  /** Risks accepted, by waivers. */
  readonly accepted: number;
}

export type Deed = keyof Tally;

const LEFT: Readonly<Record<LeftBecause, string>> = {
  unseen: 'not looked for, or not certainly gone',
  hidden: 'below the least severity',
  unjudged: 'that could not be judged',
  change: 'on changes, for people to close',
  beyond: 'beyond the most that are pushed',
};

export function deedOf(what: PushedFinding | StateAction, changed: Plan['changed']): Deed {
  if ('dedupKeyParts' in what) return changed.has(what.dedupKeyParts[1]) ? 'changed' : 'new';
  return 'resolve' in what ? 'resolved' : 'accepted';
}

export function tally(deeds: readonly Deed[]): Tally {
  const sums = { new: 0, changed: 0, resolved: 0, accepted: 0 };
  for (const deed of deeds) sums[deed] += 1;
  return sums;
}

/** What a plan comes to once all of it is done. */
export function tallyOf({ push, changes, changed }: Pick<Plan, 'push' | 'changes' | 'changed'>): Tally {
  return tally([...push, ...changes.map(({ action }) => action)].map((each) => deedOf(each, changed)));
}

/** How many are left as they are, whatever the reason. */
export function leftOf({ left }: Pick<Plan, 'left'>): number {
  return Object.values(left).reduce((sum, count) => sum + count, 0);
}

/** `142 new, 0 changed, 0 resolved, 3 unchanged`, and what became of the rest where there is any. */
export function tallyWords(tally: Tally, plan: Pick<Plan, 'unchanged' | 'left' | 'decided'>): string {
  const reasons = (Object.keys(LEFT) as LeftBecause[])
    .filter((reason) => plan.left[reason] > 0)
    .map((reason) => `${plan.left[reason]} ${LEFT[reason]}`);
  return [
    `${tally.new} new`,
    `${tally.changed} changed`,
    `${tally.resolved} resolved`,
    ...(tally.accepted > 0 ? [`${tally.accepted} accepted`] : []),
    `${plan.unchanged} unchanged`,
    ...(reasons.length > 0 ? [`${leftOf(plan)} left alone (${reasons.join('; ')})`] : []),
    ...(plan.decided > 0 ? [`${plan.decided} decided there`] : []),
  ].join(', ');
}
