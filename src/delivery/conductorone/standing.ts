import { KINDS, type Kind } from '../../contract/index.js';
import { isDrift } from '../../engine/drift.js';
import { fingerprint as fingerprintOf } from '../../engine/fingerprint.js';
import { WAIVER_RULE_IDS } from '../../engine/waivers.js';
import { asRecord } from '../../sources/c1/wire.js';
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
export function isUndecided({ state }: Pick<Standing, 'state'>): boolean {
  return UNDECIDED.has(state);
}

/**
 * True where what an audit no longer finds may be called resolved. What a person accepted or suppressed stays decided, and a
 * change since the last audit, which no later one finds again, is for a person to close.
 */
export function mayEnd(standing: Standing): boolean {
  const { state, rule } = standing;
  if (isDrift(rule)) return false;
  return isUndecided(standing) || state === 'FINDING_STATE_SNOOZED' || standing.acceptedByWaiver;
}

/** True where it is off the list, though a search gave it back. */
export function isResolved({ state }: Pick<Standing, 'state'>): boolean {
  return state === RESOLVED;
}

/** True where a finding that is open does not stand so, and no person there decided that it should not. */
export function isShut({ state, acceptedByWaiver }: Pick<Standing, 'state' | 'acceptedByWaiver'>): boolean {
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
