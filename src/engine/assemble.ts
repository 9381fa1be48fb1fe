import {
  atLeast,
  type Finding,
  type Kind,
  SEVERITIES,
  type Severity,
  type Snapshot,
} from '../contract/index.js';
import { type SkippedRule, sortFindings, type Verdicts } from './audit.js';
import { DRIFT_RULES } from './drift.js';
import type { Report, SourceCoverage } from './report.js';
import { WAIVER_RULE_IDS } from './waivers.js';
import { groupBy } from './world.js';

export interface ReportParts {
  readonly tool: Report['tool'];
  readonly snapshot: Snapshot;
  readonly verdicts: Verdicts;
  /** Rules in force that could not run, and why. */
  readonly skipped: readonly SkippedRule[];
  /** The verdicts' findings after waivers and history, and those on waivers and drift. */
  readonly findings: readonly Finding[];
  readonly resolved: Report['resolved'];
  /** Ids of rules that are there, but were not in force or could not be run. */
  readonly notRun: readonly string[];
  /** Ids of rules that judge credentials and were in force. */
  readonly ran: readonly string[];
  /** See `settingsMark`. */
  readonly settings?: string | undefined;
  /** Findings below it are left out, and the coverage says how many. */
  readonly minSeverity: Severity;
  /** Milliseconds since the epoch. */
  readonly asOf: number;
  readonly startedAt: number;
  readonly finishedAt: number;
}

/** Brings everything a run learnt into the one report that all outputs are made of. */
export function assembleReport(parts: ReportParts): Report {
  const { snapshot, verdicts, minSeverity } = parts;
  const findings = sortFindings(parts.findings.filter(({ severity }) => atLeast(severity, minSeverity)));
  const left = parts.findings.filter(({ severity }) => !atLeast(severity, minSeverity));
  const hidden = left.length;
  return {
    schemaVersion: 1,
    tool: parts.tool,
    run: {
      tenant: snapshot.tenant,
      scope: snapshot.scope,
      asOf: instant(parts.asOf),
      startedAt: instant(parts.startedAt),
      finishedAt: instant(parts.finishedAt),
      self: snapshot.self,
    },
    coverage: {
      complete: isComplete(snapshot, verdicts),
      sources: sourcesOf(snapshot, verdicts),
      notes: [
        ...snapshot.notes,
        ...verdicts.brokenRules.map(
          ({ rule, credentials, reason }) =>
            `Rule ${rule} failed on ${count(credentials, 'credential')}: ${reason}. Report it to the rule's author, or turn the rule off.`,
        ),
        ...skippedNotes(parts.skipped),
        ...rulesNote(parts),
        ...(hidden > 0
          ? [`${count(hidden, 'finding')} below ${minSeverity} ${hidden === 1 ? 'is' : 'are'} not shown.`]
          : []),
      ],
      ...(snapshot.gaps?.length ? { gaps: snapshot.gaps } : {}),
      ...(mayBeFiltered(snapshot) ? { mayBeFiltered: true } : {}),
      ...(parts.notRun.length > 0 ? { rulesNotRun: [...parts.notRun].sort() } : {}),
      ...(parts.settings === undefined ? {} : { settings: parts.settings }),
    },
    summary: {
      ...summarise({ findings, credentials: verdicts.credentials, resolved: parts.resolved }),
      ...hiddenCounts(left),
    },
    findings,
    credentials: verdicts.credentials,
    resolved: parts.resolved,
  };
}

function skippedNotes(skipped: readonly SkippedRule[]): string[] {
  const byReason = groupBy(skipped, ({ because }) => because);
  return [...byReason].map(
    ([because, rules]) =>
      `Not run, because ${because}: ${rules
        .map(({ rule }) => rule)
        .sort()
        .join(', ')}.`,
  );
}

/** A report must not look as if every rule had run where rules are off or others were requested. */
function rulesNote({ ran, notRun, skipped }: ReportParts): string[] {
  const others = [...skipped, ...DRIFT_RULES].map((one) => ('rule' in one ? one.rule : one.id));
  const told = new Set([...others, ...WAIVER_RULE_IDS]);
  const off = notRun.filter((id) => !told.has(id)).sort();
  if (off.length === 0) return [];
  const all = `${ran.length + off.length} rules`;
  if (ran.length === 0) return [`None of ${all} ran: no credential was judged.`];
  return off.length > ran.length
    ? [`Only ${ran.length} of ${all} ran: ${[...ran].sort().join(', ')}.`]
    : [`${off.length} of ${all} did not run: ${off.join(', ')}.`];
}

/** Whoever is not known to be a Super Administrator may not be shown everything: what is missing need not be gone. */
export function mayBeFiltered({ scope, seesAll }: Snapshot): boolean {
  return scope === 'tenant' && seesAll === false;
}

/** Every requested source was read completely, nothing else was missing, and no rule failed. */
export function isComplete({ sources, gaps = [] }: Snapshot, { brokenRules }: Verdicts): boolean {
  const seen = sources.every(
    ({ status, required }) => status === 'complete' || (status === 'unavailable' && !required),
  );
  return seen && gaps.length === 0 && brokenRules.length === 0;
}

function sourcesOf(snapshot: Snapshot, verdicts: Verdicts): SourceCoverage[] {
  const judged = new Map<Kind, number>();
  for (const { kind } of verdicts.credentials) judged.set(kind, (judged.get(kind) ?? 0) + 1);
  return snapshot.sources.map(({ kind, status, pages, note }) => ({
    kind,
    status,
    credentials: judged.get(kind) ?? 0,
    deleted: verdicts.deleted[kind],
    pages,
    note,
  }));
}

function hiddenCounts(left: readonly Finding[]): Pick<Report['summary'], 'hidden'> {
  const counting = left.filter(({ outcome, status }) => outcome === 'violation' && status !== 'waived');
  if (counting.length === 0) return {};
  const hidden = noneOfEach();
  for (const { severity } of counting) hidden[severity] += 1;
  return { hidden };
}

function noneOfEach(): Record<Severity, number> {
  return Object.fromEntries([...SEVERITIES].reverse().map((severity) => [severity, 0])) as Record<
    Severity,
    number
  >;
}

/** What a report's own parts add up to. */
export function summarise({
  findings,
  credentials,
  resolved,
}: Pick<Report, 'findings' | 'credentials' | 'resolved'>): Omit<Report['summary'], 'hidden'> {
  const bySeverity = noneOfEach();
  const byRule: Record<string, number> = {};
  const counts = { findings: 0, waived: 0, unknown: 0, new: 0, known: 0 };
  for (const { outcome, status, severity, rule } of findings) {
    if (status === 'waived') {
      counts.waived += 1;
      continue;
    }
    if (outcome === 'unknown') {
      counts.unknown += 1;
      continue;
    }
    counts.findings += 1;
    bySeverity[severity] += 1;
    byRule[rule] = (byRule[rule] ?? 0) + 1;
    if (status === 'new' || status === 'reopened') counts.new += 1;
    if (status === 'known') counts.known += 1;
  }
  return {
    credentials: credentials.length,
    findings: counts.findings,
    waived: counts.waived,
    unknown: counts.unknown,
    bySeverity,
    byRule: Object.fromEntries(Object.entries(byRule).sort(([a], [b]) => (a < b ? -1 : 1))),
    new: counts.new,
    known: counts.known,
    resolved: resolved.length,
  };
}

function instant(ms: number): string {
  return new Date(ms).toISOString();
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
