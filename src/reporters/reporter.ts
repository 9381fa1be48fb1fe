import type { Rule } from '../contract/index.js';
import { DRIFT_RULES } from '../engine/drift.js';
import type { Report } from '../engine/report.js';
import { WAIVER_RULES } from '../engine/waivers.js';
import { webAddress } from './escape.js';

/** What reporters may say about a rule beyond its findings. */
export type RuleInfo = Pick<Rule, 'id' | 'title' | 'severity' | 'docs' | 'plan' | 'successor'> &
  Partial<Pick<Rule, 'kinds'>>;

/** Every rule that a finding can be of, the rules on waivers and on changes between audits included. */
export function ruleInfos(rules: readonly Rule[]): ReadonlyMap<string, RuleInfo> {
  const all = [...rules, ...DRIFT_RULES, ...Object.values(WAIVER_RULES)];
  return new Map(all.map((rule) => [rule.id, rule]));
}

/** What a reporter knows besides the report. */
export interface ReporterContext {
  /** Rules by id. A re-rendered report may hold findings of rules (plug-ins) that are not here. */
  readonly rules: ReadonlyMap<string, RuleInfo>;
  /** Terminal colours; only for text. */
  readonly color: boolean;
  /** Columns of the terminal; only for text. undefined: not known. */
  readonly width?: number | undefined;
  /** Also ids, full dates and references; only for text and Markdown. */
  readonly full?: boolean;
  /** The page of the CI run that wrote the report. */
  readonly runUrl?: string | undefined;
  /** The configuration file of the audit; undefined: none, or not known (a saved report). */
  readonly configuration?: string | undefined;
  /**
   * Fingerprints of the findings that are more severe than when they were last reported. undefined: the audit had neither a
   * state nor a baseline, or a saved report does not say.
   */
  readonly raised?: ReadonlySet<string> | undefined;
}

/** Pure: a report in, the text of one format out, with a final line break. */
export type Reporter = (report: Report, context: ReporterContext) => string;

/**
 * The same in parts, made one by one: the report of a large tenant is longer than the longest string. Bytes are valid until
 * the next part is asked for.
 */
export type PartReporter = (report: Report, context: ReporterContext) => Iterable<string | Uint8Array>;

/**
 * The address of the page that explains a rule, at the tag of this version. For a plug-in's rule: its first reference
 * that is a link, else the project's own page.
 */
export function rulePageAddress(id: string, { rules }: Pick<ReporterContext, 'rules'>): string {
  if (/^[a-z][a-z0-9-]*$/.test(id))
    return `${C1_AUDIT_HOMEPAGE}/blob/v${C1_AUDIT_VERSION}/docs/rules/${id}.md`;
  const references = rules.get(id)?.docs.references ?? [];
  return (
    references.map(({ url }) => webAddress(url ?? '')).find((url) => url !== undefined) ?? C1_AUDIT_HOMEPAGE
  );
}
