/**
 * How a finding is put right.
 *
 * `end`: the credential has to go. `finish`: its successor is there already; move over, then end it. `ask`: end it unless
 * somebody needs it. `replace`: rotate it. `adjust`: change it where it stands. `federate`: a federation trust can take
 * its place. `look`: a person has to judge. `waiver`: a matter of the configuration.
 */
export type Way = 'end' | 'finish' | 'ask' | 'replace' | 'adjust' | 'federate' | 'look' | 'waiver';

/** What is set on the credential, or on its successor where there is to be one. */
export type Setting = 'networks' | 'roles' | 'name' | 'dpop' | 'condition';

export interface Remedy {
  readonly way: Way;
  readonly sets?: Setting;
  /** What to do before anything else. */
  readonly first?: string;
}

type RuleRemedy = Remedy & {
  /** Where a message asks for something else, by its id. */
  readonly messages?: Readonly<Record<string, Remedy>>;
};

/** Rule by rule. Rules of plug-ins are not here: their findings bring their own words. */
export const REMEDIES: Readonly<Record<string, RuleRemedy>> = {
  'expiring-soon': { way: 'replace' },
  expired: { way: 'end' },
  'no-expiry': { way: 'replace' },
  'lifetime-too-long': { way: 'replace' },
  'not-rotated': { way: 'replace' },
  unused: { way: 'ask' },
  'open-cidr': { way: 'adjust', sets: 'networks' },
  'malformed-cidr': { way: 'adjust', sets: 'networks' },
  'unreachable-cidr': { way: 'adjust', sets: 'networks' },
  'no-scoped-roles': { way: 'adjust', sets: 'roles' },
  'admin-scope': { way: 'adjust', sets: 'roles' },
  'unknown-role': { way: 'adjust', sets: 'roles' },
  'owner-inactive': {
    way: 'end',
    first:
      'An administrator has to do this, as the owner is gone or disabled. If a job still needs it, give that job a credential of a service principal first, with an end date, the roles it needs and the networks it calls from.',
  },
  'too-many-credentials': { way: 'ask' },
  'default-name': { way: 'adjust', sets: 'name', messages: { cliLogin: { way: 'ask' } } },
  'rotation-unfinished': { way: 'finish' },
  'no-proof-of-possession': { way: 'adjust', sets: 'dpop' },
  'static-beside-federation': { way: 'federate' },
  'loose-trust-condition': { way: 'adjust', sets: 'condition' },
  'trust-leftover': { way: 'end' },
  'scope-widened': {
    way: 'adjust',
    sets: 'roles',
    first: 'Find out who widened its roles, and why. If they are right, nothing about them is to be done.',
  },
  'network-widened': {
    way: 'adjust',
    sets: 'networks',
    first: 'Find out who widened its networks, and why. If they are right, nothing about them is to be done.',
  },
  'credential-appeared': {
    way: 'look',
    first: 'Ask the owner whether they made it. If not, revoke it and look into who did.',
  },
  'waiver-expired': { way: 'waiver' },
  'waiver-unmatched': { way: 'waiver' },
  'waiver-expiring': { way: 'waiver' },
};

/** undefined for a rule that is not built in. */
export function remedyFor(rule: string, messageId: string): Remedy | undefined {
  const remedy = Object.hasOwn(REMEDIES, rule) ? REMEDIES[rule] : undefined;
  const { messages } = remedy ?? {};
  return (messages && Object.hasOwn(messages, messageId) ? messages[messageId] : undefined) ?? remedy;
}
