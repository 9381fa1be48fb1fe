import type { Rule } from '../contract/index.js';
import type { Report } from '../engine/report.js';

/** What reporters may say about a rule beyond its findings. */
export type RuleInfo = Pick<Rule, 'id' | 'title' | 'severity' | 'docs'>;

/** What a reporter knows beside the report. */
export interface ReporterContext {
  /** Rules by id. A re-rendered report may hold findings of rules (plug-ins) that are not here. */
  readonly rules: ReadonlyMap<string, RuleInfo>;
  /** Terminal colours; only the text reporter looks at it. */
  readonly color: boolean;
  /** The page of the CI run that wrote the report. */
  readonly runUrl?: string | undefined;
}

/** Pure: a report in, the text of one format out, with a final line break. */
export type Reporter = (report: Report, context: ReporterContext) => string;

/** The same text in parts, made one after the other as they are asked for. */
export type PartReporter = (report: Report, context: ReporterContext) => Iterable<string>;
