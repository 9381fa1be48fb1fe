/** The public face of the contract: all that a rule, built in or plugged in, imports. */
export type { Addresses, AddressSet, Block, MalformedEntry } from './addresses.js';
export {
  addressCount,
  alignedBlocks,
  blocksBroaderThan,
  blocksOf,
  containsSet,
  coversFamily,
  isEmpty,
  isGloballyReachable,
  openFamilies,
  reachableBlocks,
  readAddresses,
  shareOf,
  singleAddress,
  smallestCover,
  wholeFamilies,
} from './addresses.js';
export type { Controls, FrameworkName } from './controls.js';
export { controlTexts, FRAMEWORK_NAMES, FRAMEWORKS } from './controls.js';
export type {
  AllowList,
  Credential,
  Exposure,
  Fact,
  Kind,
  Owner,
  Person,
  Provider,
  Registration,
  Role,
} from './credential.js';
export {
  BUILT_IN_ROLE,
  canDoEverything,
  ifKnown,
  isKnown,
  isPersonal,
  KINDS,
  namesOf,
  SUPER_ADMINISTRATOR,
  Unknown,
} from './credential.js';
export type { FindingStatus, Outcome, Waiver } from './finding.js';
export type {
  AppliedWaiver,
  Finding,
  JudgedCredential,
  Report,
  ReportedCredential,
  SourceCoverage,
} from './report.js';
export type {
  CannotTell,
  CheckContext,
  ConditionVerdict,
  FactName,
  Facts,
  Messages,
  OptionSpec,
  OptionSpecs,
  OptionValues,
  OwnerLiveKeys,
  PrincipalTrust,
  Remedy,
  Rule,
  RuleDocs,
  RulePlan,
  RuleSpec,
  RuleTest,
  ScopedRole,
  Setting,
  Sibling,
  Siblings,
  Usage,
  Way,
} from './rule.js';
export { defineRule, EXPECTATIONS, FACT_KINDS, hasFact, SETTINGS, WAYS } from './rule.js';
export type { Severity } from './severity.js';
export { atLeast, compareSeverity, oneHigher, SEVERITIES, severityRank } from './severity.js';
export type { ClientMemory, Failure, LogMemory, Snapshot, SourceSeen, TenantFacts } from './snapshot.js';
export { countDays, DAY, dateOf, parseInstant, parseTime, wholeDays } from './time.js';
export { count, kindName, plural } from './words.js';
