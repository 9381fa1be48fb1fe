import type { Finding } from '../../contract/index.js';
import { isDrift } from '../../engine/drift.js';
import { endOfDate } from '../../engine/waiver-date.js';
import type { PushedFinding, StateAction } from './client.js';
import type { Sight } from './sight.js';
import { isResolved, isShut, isUndecided, mayEnd, type Standing } from './standing.js';

/**
 * Findings that are pushed at most. More would help nobody there, and neither them nor us: each is a request, and the next
 * night all of them are read again.
 */
export const MOST = 1000;

export interface Change extends Pick<Standing, 'id' | 'rule' | 'fingerprint'> {
  readonly action: StateAction;
}

/**
 * Why a finding of ours that stands open there is left so.
 *
 * `unseen`: not found, which tells nothing, as this audit need not have found it. `hidden`: found, but less severe than is
 * reported. `unjudged`: its check could not be made. `change`: it is on a change between audits, and for a person to close.
 * `beyond`: found, but beyond {@link MOST}.
 */
export type LeftBecause = 'unseen' | 'hidden' | 'unjudged' | 'change' | 'beyond';

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
