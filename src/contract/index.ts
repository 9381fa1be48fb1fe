/** The public face of the contract: all that a rule, built in or plugged in, imports. */
export type { ConditionVerdict, UnjudgedCondition } from './condition/condition.js';
export { judgeCondition } from './condition/condition.js';
export type { AllowList, Credential, Kind, Owner, Person, Provider, Role } from './credential.js';
export { BUILT_IN_ROLE, KINDS } from './credential.js';
export type {
  FactName,
  Facts,
  OwnerLiveKeys,
  PrincipalTrust,
  ScopedRole,
  Sibling,
  Siblings,
} from './facts.js';
export { FACT_KINDS } from './facts.js';
export type {
  AppliedWaiver,
  Finding,
  FindingStatus,
  Outcome,
  ReportedCredential,
  Waiver,
} from './finding.js';
export type { Addresses, AddressSet, Block, MalformedEntry } from './network.js';
export {
  alignedBlocks,
  blocksOf,
  containsSet,
  coversFamily,
  isEmpty,
  isGloballyReachable,
  reachableBlocks,
  readAddresses,
  shareOf,
} from './network.js';
export type {
  CannotTell,
  CheckContext,
  Messages,
  OptionSpec,
  OptionSpecs,
  OptionValues,
  Remedy,
  Rule,
  RuleDocs,
  RulePlan,
  RuleSpec,
  Setting,
  Way,
} from './rule.js';
export { defineRule, SETTINGS, WAYS } from './rule.js';
export type { Severity } from './severity.js';
export { atLeast, oneHigher, SEVERITIES, severityRank } from './severity.js';
export type { Failure, Snapshot, SourceSeen, TenantFacts } from './snapshot.js';
export { countDays, DAY, parseInstant, wholeDays } from './time.js';
export type { Fact } from './unknown.js';
export { ifKnown, isKnown, Unknown } from './unknown.js';
