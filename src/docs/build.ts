import { rules } from '../../rules/index.js';
import { configSchema } from '../config/schema.js';
import type { Report } from '../engine/report.js';
import { messageExamples, readmeRules, readmeWith, rulePages } from './generated.js';
import { terminalPicture } from './picture.js';
import { extraRules } from './rule-text.js';

/** What the generated files are made of beside the rules: two audits of the demo tenant. */
export interface DocsInput {
  /** The README as it is. */
  readonly readme: string;
  /** An audit of the whole demo tenant. */
  readonly report: Report;
  /** The text report of the demo tenant's own keys, in colour. */
  readonly text: string;
}

/** The clock of the audits that the generated files quote: the same text at every generation. */
export const DOCS_NOW = Date.parse('2026-11-24T06:00:00Z');

/** Every generated file by its path below the project. */
export function generatedFiles({ readme, report, text }: DocsInput): Map<string, string> {
  const all = [...rules, ...extraRules()];
  return new Map([
    ...rulePages(all, messageExamples(report.findings)),
    ['schema/config.json', `${JSON.stringify(configSchema(rules), null, 2)}\n`],
    ['README.md', readmeWith(readme, { rules: readmeRules(all) })],
    ['docs/demo.svg', terminalPicture('c1-audit demo --scope mine', text, PICTURE_LINES)],
  ]);
}

const PICTURE_LINES = 24;
