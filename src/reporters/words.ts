import { formatDuration } from 'date-fns/formatDuration';
import { DAY, type Finding, kindName, plural, type ReportedCredential } from '../contract/index.js';
import { hasHistory, MOST_SEVERE_FIRST, type Report, type SourceCoverage } from '../engine/report.js';
import type { ReporterContext } from './reporter.js';

/*
 * The wording all reporters share. What is returned holds other people's text as it came: each reporter escapes the
 * whole for its sink.
 */

const HOUR = DAY / 24;
const YEAR = 365.25 * DAY;
/** `1 finding`, `1,204 findings`, `no findings`. */
export function count(n: number, one: string, many = `${one}s`): string {
  if (n === 0) return `no ${many}`;
  return `${number(n)} ${plural(n, one, many)}`;
}

/** `1,204`, the same on every machine. */
export function number(n: number): string {
  return String(n).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** A name to show: never blank. */
export function credentialName(credential: { readonly name: string | null } | null): string {
  if (credential === null) return 'waiver';
  return credential.name?.trim() ? credential.name : '(no name)';
}

/** `Jo Doe <jo@acme.example> (2Kx…)`, or what of it is known. */
export function ownerWords(owner: ReportedCredential['owner']): string {
  if (owner === null) return 'not known';
  const name = owner.name.trim() ? owner.name : '';
  const email = owner.email ? (name ? `<${owner.email}>` : owner.email) : '';
  const person = [name, email].filter(Boolean).join(' ');
  if (!person) return owner.id || 'not known';
  return owner.id ? `${person} (${owner.id})` : person;
}

/** `2026-09-01 02:00 UTC`. */
export function minute(instant: string): string {
  return `${instant.slice(0, 10)} ${instant.slice(11, 16)} UTC`;
}

/**
 * `92 days`, `5 hours`, `3 years`, rounded down as the rules' messages are.
 *
 * date-fns' distances are not used: they count by the machine's time zone, and a report must not depend on it.
 */
export function span(milliseconds: number): string {
  if (milliseconds < HOUR) return 'less than an hour';
  if (milliseconds < DAY) return formatDuration({ hours: Math.floor(milliseconds / HOUR) });
  if (milliseconds < 2 * YEAR) return formatDuration({ days: Math.floor(milliseconds / DAY) });
  return formatDuration({ years: Math.floor(milliseconds / YEAR) });
}

function dated(word: string, instant: string, asOf: string): string {
  const ahead = Date.parse(instant) - Date.parse(asOf);
  const distance = ahead > 0 ? `in ${span(ahead)}` : `${span(-ahead)} ago`;
  return `${word} ${instant.slice(0, 10)} (${distance})`;
}

/**
 * `created 2023-01-04 (3 years ago), last used 2026-06-01 (92 days ago), no end date on record`.
 *
 * A report's null is "never" or "not known": the words must be true of both.
 */
export function datesOf(credential: ReportedCredential, asOf: string): string {
  const { kind, createdAt, lastUsedAt, expiresAt } = credential;
  const parts = [createdAt ? dated('created', createdAt, asOf) : 'no creation date on record'];
  // A trust carries neither a last use nor an end.
  if (kind !== 'federation-trust') {
    parts.push(lastUsedAt ? dated('last used', lastUsedAt, asOf) : 'no use on record');
    const past = expiresAt !== null && Date.parse(expiresAt) <= Date.parse(asOf);
    parts.push(expiresAt ? dated(past ? 'expired' : 'expires', expiresAt, asOf) : 'no end date on record');
  }
  return parts.join(', ');
}

/** A role as people name it. */
export function roleWord(role: { readonly id: string; readonly name: string | null }): string {
  return role.name ?? role.id;
}

/** What was asked for and not seen or judged whole, one phrase each; empty where the run is complete. */
export function gaps(report: Report): string[] {
  const { complete, sources, notes } = report.coverage;
  if (complete) return [];
  const missing = namedGaps(report);
  if (missing.length > 0) return missing;
  if (sources.length === 0) return ['no source was seen'];
  return notes.length > 0 ? [...notes] : ['not every credential could be judged'];
}

/** Those that name a source, a rule, or what else is missing. */
export function namedGaps(report: Report): string[] {
  const { sources, gaps: others = [] } = report.coverage;
  const broken = new Set(
    report.findings
      .filter(({ messageId }) => messageId === RULE_FAILED)
      .map(({ rule }) => `rule ${rule} failed`),
  );
  return [...sources.filter((source) => source.status !== 'complete').map(gap), ...others, ...broken];
}

/** The message id of what a rule could not judge because it is broken itself. */
const RULE_FAILED = 'rule-failed';

function gap(source: SourceCoverage): string {
  const seen = source.status === 'unavailable' ? 'were not seen' : 'were seen only in part';
  return `${kindName(source.kind, 2)} ${seen}${source.note ? ` (${source.note})` : ''}`;
}

/** `12 credentials of everyone in acme.conductor.one, as of 2026-09-01 02:00 UTC`. */
function audited(report: Report): string {
  const { run, coverage, summary } = report;
  const credentials = count(summary.credentials, 'credential');
  const asOf = `as of ${minute(run.asOf)}`;
  const tenant = run.tenant || 'an unnamed tenant';
  if (run.scope === 'file') return `${credentials} from a file (${tenant}), ${asOf}`;
  if (run.scope === 'tenant') return `${credentials} of everyone in ${tenant}, ${asOf}`;
  const own = coverage.sources.every((source) => source.kind === 'personal-client');
  const caller = run.self?.userId ? ` (user ${run.self.userId})` : '';
  return `${credentials} ${own ? 'of your own' : 'you may read'}${caller} in ${tenant}, ${asOf}`;
}

/** The first thing every reader is told: whose credentials, how many, and whether that was all of them. */
export function coverageLine(report: Report): string {
  if (report.coverage.complete) return `Complete: ${audited(report)}`;
  return `INCOMPLETE: ${gaps(report).join('; ')}. Audited: ${audited(report)}`;
}

/** Which settings an audit used, to follow {@link coverageLine}; empty where none are known. */
export function configurationWords({ configuration }: Pick<ReporterContext, 'configuration'>): string {
  return configuration === undefined ? '' : `, with configuration ${configuration}`;
}

/** `personal clients: 40 judged, 2 deleted ones skipped`. */
export function sourceLine(source: SourceCoverage): string {
  const parts =
    source.status === 'unavailable' ? ['not available'] : [`${number(source.credentials)} judged`];
  if (source.deleted > 0) parts.push(`${number(source.deleted)} deleted skipped`);
  if (source.status === 'partial') parts.push('only a part was seen');
  return `${kindName(source.kind, 2)}: ${parts.join(', ')}${source.note ? ` — ${source.note}` : ''}`;
}

/** Findings of one rule that share what to do about them. */
interface RuleGroup {
  readonly rule: string;
  readonly fix: string;
  readonly findings: readonly Finding[];
}

/** Groups in the order of their first finding. */
export function byRule(findings: readonly Finding[]): RuleGroup[] {
  const groups = new Map<string, RuleGroup & { readonly findings: Finding[] }>();
  for (const finding of findings) {
    const key = JSON.stringify([finding.rule, finding.fix]);
    const group = groups.get(key);
    if (group) group.findings.push(finding);
    else groups.set(key, { rule: finding.rule, fix: finding.fix, findings: [finding] });
  }
  return [...groups.values()];
}

/** Credentials a rule could not judge for one reason. */
interface UnknownGroup {
  readonly rule: string;
  readonly reason: string;
  readonly cure: string;
  readonly count: number;
  /** Ids of the first few. */
  readonly examples: readonly string[];
}

const EXAMPLES = 3;
const REASONS_PER_RULE = 10;

/**
 * What could not be told, most frequent first within each rule.
 *
 * Reasons beyond the tenth of a rule become one group: a reason may quote a record, and then there are as many as
 * records.
 */
export function unknownGroups(findings: readonly Finding[]): UnknownGroup[] {
  const rules = new Map<string, Map<string, UnknownGroup & { count: number; readonly examples: string[] }>>();
  for (const finding of findings) {
    const reasons = rules.get(finding.rule) ?? new Map();
    rules.set(finding.rule, reasons);
    const key = JSON.stringify([finding.message, finding.fix]);
    const group = reasons.get(key) ?? {
      rule: finding.rule,
      reason: finding.message,
      cure: finding.fix,
      count: 0,
      examples: [],
    };
    group.count += 1;
    if (group.examples.length < EXAMPLES) group.examples.push(finding.credential?.id ?? finding.fingerprint);
    reasons.set(key, group);
  }
  return [...rules.values()].flatMap((reasons) => {
    const sorted = [...reasons.values()].sort((a, b) => b.count - a.count);
    const [first, ...others] = sorted.splice(REASONS_PER_RULE);
    if (!first) return sorted;
    const rest = others.reduce((sum, group) => sum + group.count, first.count);
    return [
      ...sorted,
      {
        rule: first.rule,
        reason: `${count(others.length + 1, 'other reason')}`,
        cure: 'see the json report',
        count: rest,
        examples: first.examples,
      },
    ];
  });
}

/** `12 findings (2 critical, 10 high), 3 waived, 5 could not be judged; 2 new, 10 known, 1 resolved`. */
export function summaryLine(report: Report): string {
  const { summary } = report;
  const severities = MOST_SEVERE_FIRST.filter((severity) => summary.bySeverity[severity] > 0)
    .map((severity) => `${number(summary.bySeverity[severity])} ${severity}`)
    .join(', ');
  const parts = [`${count(summary.findings, 'finding')}${severities ? ` (${severities})` : ''}`];
  if (summary.waived > 0) parts.push(`${number(summary.waived)} waived`);
  if (summary.unknown > 0) parts.push(`${number(summary.unknown)} could not be judged`);
  const history = hasHistory(report)
    ? `; ${number(summary.new)} new, ${number(summary.known)} known, ${number(summary.resolved)} resolved`
    : '';
  const caution = report.coverage.complete ? '' : ' — in what was seen, which is not all';
  return `${parts.join(', ')}${history}${caution}`;
}
