import { type Finding, type ReportedCredential, type Severity, severityRank } from '../contract/index.js';
import { groupBy, MOST_SEVERE_FIRST, partsOf, type Report } from '../engine/report.js';
import { credentialKey } from '../engine/state.js';
import type { ReporterContext } from './reporter.js';
import { count } from './words.js';

/** A report as people read it: the one place that decides what is grouped with what, and in which order. */
interface ReportView {
  /** Open findings, the most severe first; severities without a finding are missing. */
  readonly severities: readonly SeverityGroup[];
  /** Unknown outcomes. */
  readonly unknown: readonly Finding[];
  readonly waived: readonly Finding[];
}

interface SeverityGroup {
  readonly severity: Severity;
  readonly findings: readonly Finding[];
  readonly rules: readonly RuleGroup[];
}

/** Findings of one rule that have the same fix. */
interface RuleGroup {
  readonly rule: string;
  /** Empty for a rule that is not known here. */
  readonly title: string;
  readonly fix: string;
  readonly findings: readonly Finding[];
}

export function viewOf(report: Report, context: Pick<ReporterContext, 'rules'>): ReportView {
  const { open, unknown, waived } = partsOf(report);
  const severities = MOST_SEVERE_FIRST.flatMap((severity) => {
    const findings = open.filter((finding) => finding.severity === severity);
    return findings.length > 0 ? [{ severity, findings, rules: byRule(findings, context) }] : [];
  });
  return { severities, unknown, waived };
}

/** In the order of each group's first finding. */
function byRule(findings: readonly Finding[], { rules }: Pick<ReporterContext, 'rules'>): RuleGroup[] {
  const groups = groupBy(findings, ({ rule, fix }) => JSON.stringify([rule, fix])).values();
  return [...groups].flatMap((group) => {
    const [first] = group;
    if (!first) return [];
    const { rule, fix } = first;
    return [{ rule, title: rules.get(rule)?.title ?? '', fix, findings: group }];
  });
}

/** One credential and what was found on it. */
interface CredentialGroup {
  readonly credential: ReportedCredential;
  /** That of its worst finding. */
  readonly severity: Severity;
  /** The most severe first, then as in the report. */
  readonly findings: readonly Finding[];
}

/** In the order of each credential's first finding. Findings on waivers are left out. */
export function byCredential(findings: readonly Finding[]): CredentialGroup[] {
  const groups = groupBy(findings, ({ credential }) =>
    credential ? credentialKey(credential.kind, credential.id) : undefined,
  );
  return [...groups.values()].flatMap((group) => {
    const sorted = group.toSorted((a, b) => severityRank(b.severity) - severityRank(a.severity));
    const [worst] = sorted;
    return worst?.credential
      ? [{ credential: worst.credential, severity: worst.severity, findings: sorted }]
      : [];
  });
}

/** Unknown outcomes of one rule that have the same reason. */
interface UnknownGroup {
  readonly rule: string;
  readonly reason: string;
  readonly fix: string;
  readonly count: number;
  /** Ids of the first few credentials. */
  readonly examples: readonly string[];
}

const EXAMPLES = 3;
const REASONS_PER_RULE = 10;

/**
 * The most frequent reasons first within each rule.
 *
 * Further reasons of a rule become one group: a reason may quote a record, and then there are as many as records.
 */
export function unknownGroups(findings: readonly Finding[]): UnknownGroup[] {
  return [...groupBy(findings, ({ rule }) => rule)].flatMap(([rule, ofRule]) => {
    const reasons = [...groupBy(ofRule, ({ message, fix }) => JSON.stringify([message, fix])).values()].sort(
      (a, b) => b.length - a.length,
    );
    const others = reasons.slice(REASONS_PER_RULE);
    const groups = reasons
      .slice(0, REASONS_PER_RULE)
      .map((group) => unknownGroup(rule, group[0]?.message ?? '', group[0]?.fix ?? '', group));
    if (others.length === 0) return groups;
    const reason = count(others.length, 'other reason');
    return [...groups, unknownGroup(rule, reason, 'see the JSON report', others.flat())];
  });
}

function unknownGroup(rule: string, reason: string, fix: string, findings: readonly Finding[]): UnknownGroup {
  const examples = findings
    .slice(0, EXAMPLES)
    .map(({ credential, fingerprint }) => credential?.id ?? fingerprint);
  return { rule, reason, fix, count: findings.length, examples };
}
