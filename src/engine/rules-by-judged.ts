import { type Credential, KINDS, type Kind } from '../contract/index.js';
import type { RuleInForce } from './settings.js';
import { isExpired, isLive } from './world.js';

export type CredentialState = 'live' | 'expired' | 'disabled';

export function stateOf(credential: Credential, now: number): CredentialState {
  return isLive(credential, now) ? 'live' : isExpired(credential, now) ? 'expired' : 'disabled';
}

/** Which rules judge a credential, sorted out once for all credentials. */
export function rulesByJudged(
  rules: readonly RuleInForce[],
): (kind: Kind, state: CredentialState) => readonly RuleInForce[] {
  const of = (kind: Kind, state: CredentialState) =>
    rules.filter(({ rule }) => (rule.judges ?? 'live') === state && rule.kinds.includes(kind));
  const live = new Map(KINDS.map((kind) => [kind, of(kind, 'live')]));
  const expired = new Map(KINDS.map((kind) => [kind, of(kind, 'expired')]));
  const none: readonly RuleInForce[] = [];
  return (kind, state) =>
    (state === 'live' ? live.get(kind) : state === 'expired' ? expired.get(kind) : none) ?? none;
}
