/** What `import … from 'c1-audit'` gives: everything to write a rule, and the shape of the report. */
export * from './contract/index.js';
export type { Report, SourceCoverage } from './engine/report.js';
