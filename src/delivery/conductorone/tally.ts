import type { PushedFinding, StateAction } from './client.js';
import type { LeftBecause, Plan } from './plan.js';

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
