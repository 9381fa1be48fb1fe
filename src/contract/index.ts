/** The public face of the contract: all that a rule, built in or plugged in, imports. */
export * from './addresses.js';
export * from './controls.js';
export * from './credential.js';
export type * from './finding.js';
export type * from './report.js';
export * from './rule.js';
export * from './severity.js';
export type * from './snapshot.js';
export { countDays, DAY, dateOf, parseInstant, parseTime, toTimestamp, wholeDays } from './time.js';
export { count, kindName, plural } from './words.js';
