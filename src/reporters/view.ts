import { compareSeverity, type Finding, type ReportedCredential, type Severity } from '../contract/index.js';
import { groupBy, hasHistory, partsOf, type Report } from '../engine/report.js';
import { credentialKey } from '../engine/state.js';
import type { ReporterContext } from './reporter.js';
import { count, credentialName, gapsInShort, number } from './words.js';

/**
 * A report as people read it: the one place that decides what is news, what belongs together, and what comes first.
 *
 * Every output for people shows the parts in this order: news, resolved, the rest. Without a memory (`hasMemory`) nothing
 * is news, and `rest` holds all open findings. Groups are sorted worst first, and so are the findings of a group.
 */
export interface ReportView {
  /** True where the audit had a state or a baseline to compare with. */
  readonly hasMemory: boolean;
  readonly open: readonly FindingGroup[];
  /** Open findings that are new, reopened or more severe than before: see {@link newsKind}. */
  readonly news: readonly FindingGroup[];
  readonly resolved: ReturnType<typeof resolvedOf>;
  readonly rest: readonly FindingGroup[];
  /** The few credentials with the worst open findings, news or not, each with all its open findings. */
  readonly fixFirst: readonly CredentialGroup[];
  readonly unknown: readonly Finding[];
  readonly waived: readonly Finding[];
}

/** Findings on one credential, or one finding on a waiver: then `credential` is null. */
export interface FindingGroup {
  readonly credential: ReportedCredential | null;
  /** That of its worst finding. */
  readonly severity: Severity;
  /** The most severe first, then as in the report. */
  readonly findings: readonly Finding[];
}

interface CredentialGroup extends FindingGroup {
  readonly credential: ReportedCredential;
}

/** Enough to start with, and few enough to read. */
const FIX_FIRST = 4;

export function viewOf(report: Report, context: Pick<ReporterContext, 'raised'>): ReportView {
  const { open, unknown, waived } = partsOf(report);
  const isNews = (finding: Finding) => newsKind(finding, context) !== undefined;
  const groups = groupsOf(open);
  return {
    open: groups,
    hasMemory: hasMemory(report, context),
    news: groupsOf(open.filter(isNews)),
    resolved: resolvedOf(report),
    rest: groupsOf(open.filter((finding) => !isNews(finding))),
    fixFirst: onCredentials(groups).slice(0, FIX_FIRST),
    unknown,
    waived,
  };
}

/** True where the audit had a state or a baseline, also if there is no finding. */
export function hasMemory(report: Report, { raised }: Pick<ReporterContext, 'raised'>): boolean {
  return raised !== undefined || hasHistory(report);
}

const NEWS_KINDS = ['new', 'reopened', 'more severe'] as const;

/** Why an open finding is news. undefined: it is not. */
export function newsKind(
  { status, fingerprint }: Pick<Finding, 'status' | 'fingerprint'>,
  { raised }: Pick<ReporterContext, 'raised'>,
): (typeof NEWS_KINDS)[number] | undefined {
  if (status === 'new' || status === 'reopened') return status;
  return raised?.has(fingerprint) ? 'more severe' : undefined;
}

/** How many known findings are news, as they are more severe than before. */
export function moreSevereIn(report: Report, { raised }: Pick<ReporterContext, 'raised'>): number {
  // Most reports have none, and their findings are made only for those who ask.
  if (!raised?.size) return 0;
  return partsOf(report).open.filter((finding) => newsKind(finding, { raised }) === 'more severe').length;
}

/** ` (reopened, first seen 2026-08-20)`: why a finding is news, and with `full` since when it is known. Empty for neither. */
export function marksOf(
  finding: Finding,
  { raised, full }: Pick<ReporterContext, 'raised' | 'full'>,
): string {
  const kind = newsKind(finding, { raised });
  if (kind === 'new') return '';
  const since = full && finding.firstSeen ? [`first seen ${finding.firstSeen.slice(0, 10)}`] : [];
  const marks = [...(kind ? [kind] : []), ...since];
  return marks.length > 0 ? ` (${marks.join(', ')})` : '';
}

/** What a report with a memory but without news says in place of it. */
export function nothingNew({ coverage }: Report): string {
  return coverage.complete ? 'Nothing is new.' : 'Nothing is new so far; the audit is incomplete.';
}

/** Worst first. Findings on waivers are left out. */
export function byCredential(findings: readonly Finding[]): CredentialGroup[] {
  return onCredentials(groupsOf(findings));
}

function onCredentials(groups: readonly FindingGroup[]): CredentialGroup[] {
  return groups.flatMap((group) => (group.credential ? [{ ...group, credential: group.credential }] : []));
}

function groupsOf(findings: readonly Finding[]): FindingGroup[] {
  const groups = groupBy(findings, ({ credential, fingerprint }) =>
    credential ? credentialKey(credential.kind, credential.id) : fingerprint,
  );
  return [...groups.values()]
    .flatMap((group) => {
      const sorted = group.toSorted((a, b) => compareSeverity(a.severity, b.severity));
      const [worst] = sorted;
      return worst ? [{ credential: worst.credential, severity: worst.severity, findings: sorted }] : [];
    })
    .sort(worstFirst);
}

/** The one with more of the most severe findings first; equal ones as in the report. */
function worstFirst({ findings: a }: FindingGroup, { findings: b }: FindingGroup): number {
  for (const [index, finding] of a.entries()) {
    const other = b[index];
    if (!other) break;
    const difference = compareSeverity(finding.severity, other.severity);
    if (difference !== 0) return difference;
  }
  return b.length - a.length;
}

/** Findings on one credential, or on a waiver, that are gone. The name is null if it is not known. */
function resolvedOf({ resolved, credentials }: Report) {
  if (resolved.length === 0) return [];
  const keyOf = ({ kind, id }: { readonly kind: string; readonly id: string }) => JSON.stringify([kind, id]);
  const names = new Map(credentials.map((credential) => [keyOf(credential), credential.name]));
  return [...groupBy(resolved, ({ credential }) => keyOf(credential)).values()].flatMap((group) => {
    const [first] = group;
    if (!first) return [];
    const { kind, id, name } = first.credential;
    // A state keeps no names, but the credential may still be there.
    const known = name ?? names.get(keyOf(first.credential)) ?? null;
    return [{ kind, id, name: known, rules: group.map(({ rule }) => rule) }];
  });
}

export function findingsIn(groups: readonly FindingGroup[]): number {
  return groups.reduce((sum, { findings }) => sum + findings.length, 0);
}

export function resolvedIn({ resolved }: Pick<ReportView, 'resolved'>): number {
  return resolved.reduce((sum, { rules }) => sum + rules.length, 0);
}

/** `3 findings on 2 credentials`. */
export function groupsWords(groups: readonly FindingGroup[]): string {
  const findings = findingsIn(groups);
  const credentials = groups.filter(({ credential }) => credential !== null).length;
  return `${count(findings, 'finding')}${credentials > 0 ? ` on ${count(credentials, 'credential')}` : ''}`;
}

/** `3 findings on 2 credentials (1 new, 2 reopened)`. */
export function newsWords(news: readonly FindingGroup[], context: Pick<ReporterContext, 'raised'>): string {
  const kinds = groupBy(
    news.flatMap(({ findings }) => findings),
    (finding) => newsKind(finding, context),
  );
  const parts = NEWS_KINDS.flatMap((kind) => {
    const { length } = kinds.get(kind) ?? [];
    return length > 0 ? [`${number(length)} ${kind}`] : [];
  });
  const isAllNew = kinds.size === 1 && kinds.has('new');
  return `${groupsWords(news)}${isAllNew ? '' : ` (${parts.join(', ')})`}`;
}

/** The name of a credential to fix first, with its id where another of them has the same name. */
export function nameToFix(
  { credential }: CredentialGroup,
  { fixFirst }: Pick<ReportView, 'fixFirst'>,
): string {
  const name = credentialName(credential);
  const namesakes = fixFirst.filter((other) => credentialName(other.credential) === name);
  return namesakes.length > 1 ? `${name} ${credential.id}` : name;
}

/** What to do after reading a report, the most important first: what to type, or the file to open, if there is one. */
export function nextSteps(report: Report, { fixFirst, unknown }: Pick<ReportView, 'fixFirst' | 'unknown'>) {
  const rule = fixFirst[0]?.findings[0]?.rule;
  const [cause] = unknownGroups(unknown);
  const missing = report.coverage.complete
    ? []
    : [
        `INCOMPLETE: ${gapsInShort(report).join('; ')}. Fix this and run it again: there may be more findings.`,
      ];
  const causes = cause ? [`Unknown: ${cause.fix}`] : [];
  const commands =
    rule === undefined
      ? []
      : [
          {
            what: 'c1-audit plan report.json',
            about: 'what to do, owner by owner (-f json:report.json writes it)',
          },
          { what: '-f html:report.html', about: 'the whole report to search and filter' },
          { what: `c1-audit rules ${rule}`, about: 'why the rule matters' },
        ];
  return [...[...missing, ...causes].map((about) => ({ what: undefined, about })), ...commands];
}

const EXAMPLES = 3;
const REASONS_PER_RULE = 10;

/**
 * Unknown outcomes of one rule that have the same reason; the most frequent reasons first within each rule.
 *
 * Further reasons of a rule become one group: a reason may quote a record, and then there are as many as records.
 */
export function unknownGroups(findings: readonly Finding[]) {
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

/** `examples`: ids of the first few credentials. */
function unknownGroup(rule: string, reason: string, fix: string, findings: readonly Finding[]) {
  const examples = findings
    .slice(0, EXAMPLES)
    .map(({ credential, fingerprint }) => credential?.id ?? fingerprint);
  return { rule, reason, fix, count: findings.length, examples };
}
