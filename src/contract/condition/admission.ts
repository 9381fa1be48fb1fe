import type { Expression } from './expression.js';
import { intersect, isEmpty, unite, type ValueSet } from './values.js';

/**
 * How much a condition admits, from least to most.
 *
 * `never`: no token. `named`: one workload, or those of a list. `loose`: look-alikes of a name as well. `ownerWide`:
 * every workload of an owner. `anyone`: workloads of strangers. `always`: every token, whatever it holds.
 */
export const RANKS = ['never', 'named', 'loose', 'ownerWide', 'anyone', 'always'] as const;

export type Rank = (typeof RANKS)[number];

export function rankOrder(rank: Rank): number {
  return RANKS.indexOf(rank);
}

function tighter(a: Rank, b: Rank): Rank {
  return rankOrder(a) <= rankOrder(b) ? a : b;
}

function looser(a: Rank, b: Rank): Rank {
  return rankOrder(a) >= rankOrder(b) ? a : b;
}

/** How far one test narrows things down. */
export interface Strength {
  readonly rank: Rank;
  /** The rank beside a test that names the Terraform organization: a workspace's name is unique within one only. */
  readonly withinOrganization: Rank;
  /** Whether the test names the Terraform organization. */
  readonly organization: boolean;
}

export function strength(rank: Rank, organization = false): Strength {
  return { rank, withinOrganization: rank, organization };
}

/** What a value that passes both tests has passed. */
export function tightest(a: Strength, b: Strength): Strength {
  return {
    rank: tighter(a.rank, b.rank),
    withinOrganization: tighter(a.withinOrganization, b.withinOrganization),
    organization: a.organization || b.organization,
  };
}

/** What a value that passes one test or the other has passed. */
export function loosest(a: Strength, b: Strength): Strength {
  return {
    rank: looser(a.rank, b.rank),
    withinOrganization: looser(a.withinOrganization, b.withinOrganization),
    organization: a.organization && b.organization,
  };
}

/** The tokens for which a part of the condition holds: never fewer than there are. */
export interface Admission extends Strength {
  /** What those tokens have in common, by the text of what was tested. */
  readonly known: ReadonlyMap<string, ValueSet>;
  /** The part of the condition that the rank comes from. */
  readonly because: Expression;
}

/** What more is known is forgotten: a condition with that many tests contradicts itself by accident only. */
const MAX_KNOWN = 200;

const NOTHING: ReadonlyMap<string, ValueSet> = new Map();

export function admission(
  how: Strength,
  because: Expression,
  known: ReadonlyMap<string, ValueSet> = NOTHING,
): Admission {
  const rank = how.organization ? tighter(how.rank, how.withinOrganization) : how.rank;
  return { ...how, rank, known, because };
}

/** Nobody. */
export function nobody(because: Expression): Admission {
  return admission(strength('never', true), because);
}

/** Every token. */
export function everybody(because: Expression): Admission {
  return admission(strength('always'), because);
}

/** Tokens in both: as tight as the tighter one, and nobody where the two contradict each other. */
export function both(a: Admission, b: Admission, whole: Expression): Admission {
  if (a.rank === 'never') return a;
  if (b.rank === 'never') return b;
  const known = new Map(a.known);
  for (const [subject, values] of b.known) {
    const before = known.get(subject);
    const together = before ? intersect(before, values) : values;
    if (isEmpty(together)) return nobody(whole);
    if (before || known.size < MAX_KNOWN) known.set(subject, together);
  }
  const met = admission(tightest(a, b), whole, known);
  if (met.rank === a.rank && a.rank !== b.rank) return { ...met, because: a.because };
  if (met.rank === b.rank && a.rank !== b.rank) return { ...met, because: b.because };
  return met;
}

/** Tokens in either: as loose as the looser one. */
export function either(a: Admission, b: Admission): Admission {
  if (a.rank === 'never') return b;
  if (b.rank === 'never') return a;
  const known = new Map<string, ValueSet>();
  for (const [subject, values] of a.known) {
    const other = b.known.get(subject);
    const together = other && unite(values, other);
    if (together) known.set(subject, together);
  }
  return admission(loosest(a, b), rankOrder(a.rank) >= rankOrder(b.rank) ? a.because : b.because, known);
}
