/** What an audit needs of the engine once the tenant is being asked. */
export { EarlyVerdicts } from './audit.js';
export { evaluate } from './evaluate.js';
export { newFindings, raisedFindings } from './history.js';
export { settingsMark } from './judge.js';
export { withLosses } from './losses.js';
export { redactReport } from './redact-report.js';
export { exitCode } from './report.js';
