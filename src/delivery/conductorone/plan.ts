import type { Finding } from '../../contract/index.js';
import { endOfDate } from '../../engine/waiver-date.js';
import type { PushedFinding, StateAction } from './client.js';
import type { Sight } from './sight.js';
import { isShut, isUndecided, mayEnd, type Standing } from './standing.js';

/**
 * Findings that are pushed at most. More would help nobody there, and neither them nor us: each is a request, and the next
 * night all of them are read again.
 */
export const MOST = 1000;

export interface Change extends Pick<Standing, 'id' | 'rule' | 'fingerprint'> {
  readonly action: StateAction;
}

/** What is to be done in ConductorOne. */
export interface Plan {
  /** New, changed, or to be opened again; the worst first. */
  readonly push: readonly PushedFinding[];
  readonly changes: readonly Change[];
  readonly unchanged: number;
  /** Open, but beyond {@link MOST}. */
  readonly beyond: number;
  /** Ours, not found, and left as they are: this audit need not have found them. */
  readonly left: number;
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
  const isOpen = new Set(open.map(({ fingerprint }) => fingerprint));
  const rest = [...standing.values()].filter(({ fingerprint }) => !isOpen.has(fingerprint));
  const found = new Map(
    rest.length === 0 ? [] : input.all().map((finding) => [finding.fingerprint, finding] as const),
  );
  const changes: Change[] = [];
  let left = 0;
  for (const there of rest) {
    const finding = found.get(there.fingerprint);
    const { id, rule, fingerprint } = there;
    if (finding === undefined) {
      if (!mayEnd(there)) continue;
      if (sight.wouldFind(there)) changes.push({ id, rule, fingerprint, action: resolution(input.asOf) });
      else left += 1;
    } else if (finding.waiver && finding.outcome === 'violation' && isUndecided(there)) {
      const end = endOfDate(finding.waiver.expires);
      if (end !== undefined)
        changes.push({ id, rule, fingerprint, action: input.toAcceptance(finding.waiver, end) });
    }
  }
  return {
    push,
    changes,
    unchanged: wanted.length - push.length,
    beyond: open.length - wanted.length,
    left,
  };
}

function resolution(asOf: string): StateAction {
  return { resolve: { reason: `c1-audit does not find it any more (audit as of ${asOf}).` } };
}
