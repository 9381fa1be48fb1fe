import {
  atLeast,
  count,
  type Finding,
  ifKnown,
  type Kind,
  plural,
  type Rule,
  type Severity,
  type Snapshot,
} from '../contract/index.js';
import { toTimestamp } from '../contract/time.js';
import { AuditError } from '../errors.js';
import {
  audit,
  canJudge,
  type EarlyVerdicts,
  type SkippedRule,
  sortFindings,
  type Verdicts,
} from './audit.js';
import { compareWithBaseline } from './baseline.js';
import { type Docket, reportOn } from './docket.js';
import { DRIFT_RULES, drift } from './drift.js';
import { type Comparison, compare } from './history.js';
import type { RuleInForce } from './judge.js';
import { ledger } from './ledger.js';
import {
  compareText,
  groupBy,
  type Report,
  type SourceCoverage,
  summarize,
  summarizeHidden,
} from './report.js';
import { credentialKey, type HistoryRun, type State } from './state.js';
import { applyWaivers, WAIVER_RULE_IDS, WAIVER_RULES, type WaiverInput } from './waivers.js';

/** Rules on changes and on waivers: they have no facts of their own. */
const HISTORY_RULE_IDS: readonly string[] = [...DRIFT_RULES.map(({ id }) => id), ...WAIVER_RULE_IDS];

/** How the configuration sets a rule. */
interface RuleChoice {
  readonly enabled: boolean;
  readonly severity: Severity | undefined;
  readonly options?: Readonly<Record<string, unknown>>;
}

export interface Evaluation {
  readonly tool: Report['tool'];
  readonly snapshot: Snapshot;
  readonly rules: readonly RuleInForce[];
  /** Ids of all rules on credentials, in force or not. */
  readonly known: readonly string[];
  /** Verdicts of those rules at `asOf`, as far as they are known. */
  readonly early?: EarlyVerdicts | undefined;
  /** undefined: switched off, and not reported on either. */
  readonly waivers: WaiverInput['waivers'] | undefined;
  /** Configured drift and waiver rules by id. Absent: the defaults. */
  readonly choices: Readonly<Record<string, RuleChoice>>;
  /** Only these rules. undefined: all that are in force. */
  readonly only: ReadonlySet<string> | undefined;
  /** The state; `previous` is undefined for the first audit. undefined: no state is kept. */
  readonly history: { readonly previous: State | undefined } | undefined;
  /** A saved report whose findings count as known. Only without `history`. */
  readonly baseline?: Report | undefined;
  readonly minSeverity: Severity;
  /** See `settingsMark`. */
  readonly settings?: string | undefined;
  /** Milliseconds since the epoch. */
  readonly asOf: number;
  readonly startedAt: number;
  readonly finishedAt: number;
}

export interface Evaluated {
  readonly report: Report;
  /** What changed since the last audit, or since the baseline, and what to remember. undefined: there is neither. */
  readonly comparison: Comparison | undefined;
}

/**
 * From the snapshot to the report: rules, then drift, waivers and history. Pure.
 *
 * @throws AuditError `usage` where no requested rule could run
 */
export function evaluate(evaluation: Evaluation): Evaluated {
  const { snapshot, rules, asOf } = evaluation;
  const verdicts = audit(snapshot, rules, asOf, evaluation.early);
  const skipped = [...verdicts.skippedRules, ...withoutState(evaluation)];
  const run = historyRun(evaluation, {
    complete: isComplete(snapshot, verdicts),
    notRun: skipped.map(({ rule }) => rule),
    get credentials() {
      return verdicts.credentials;
    },
  });
  if (run.complete && snapshot.sources.length > 0) refuseEmpty(evaluation, run, skipped);
  const { findings, comparison, baselineNotes } = followUp(evaluation, verdicts, run);
  const report = assembleReport({
    ...evaluation,
    verdicts,
    skipped,
    findings,
    resolved: comparison?.resolved ?? [],
    baselineNotes,
    ran: evaluation.rules.map(({ rule }) => rule.id).filter((id) => run.rules.has(id)),
    ...controlsOf(evaluation, run),
    notRun: [...evaluation.known, ...HISTORY_RULE_IDS].filter((id) => !run.rules.has(id)),
  });
  return { report, comparison };
}

interface FollowedUp {
  /** undefined: those of the verdicts, as they are. */
  readonly findings: readonly Finding[] | undefined;
  readonly comparison: Comparison | undefined;
  readonly baselineNotes: readonly string[];
}

/** What waivers and earlier audits make of the findings. */
function followUp(evaluation: Evaluation, verdicts: Verdicts, run: HistoryRun): FollowedUp {
  const { snapshot, asOf, history, baseline, waivers = [] } = evaluation;
  if (!history && !baseline && waivers.length === 0)
    return { findings: undefined, comparison: undefined, baselineNotes: [] };
  const changes = history ? driftOf(evaluation, verdicts, run, history.previous) : undefined;
  const waived = applyWaivers({
    tenant: snapshot.tenant,
    now: asOf,
    waivers,
    findings: [...verdicts.findings, ...(changes?.findings ?? [])],
    credentials: verdicts.credentials,
    wouldSeeAll: (rule) => wouldSeeAll(rule, evaluation, run),
    severities: severitiesOf(evaluation.choices),
    covered: history && (history.previous?.covered ?? {}),
  });
  const hygiene = waived.hygiene.filter(({ rule }) => isWanted(rule, evaluation));
  const all = [...waived.findings, ...hygiene];
  const sinceBaseline = baseline && !history ? compareWithBaseline(baseline, all, run) : undefined;
  const comparison =
    history && changes
      ? compare({
          previous: history.previous,
          findings: all,
          credentials: changes.credentials,
          grants: changes.grants,
          covered: coveredSoFar(history.previous, waived.covered, run),
          log: snapshot.log,
          run,
        })
      : sinceBaseline;
  return { findings: comparison?.findings ?? all, comparison, baselineNotes: sinceBaseline?.notes ?? [] };
}

function controlsOf({ rules }: Evaluation, run: HistoryRun): Pick<ReportParts, 'controls'> {
  const named = [...rules.map(({ rule }) => rule), ...DRIFT_RULES].flatMap(({ id, controls = {} }) =>
    run.rules.has(id) && Object.keys(controls).length > 0 ? [[id, controls] as const] : [],
  );
  if (named.length === 0) return {};
  return { controls: Object.fromEntries(named.sort(([a], [b]) => compareText(a, b))) };
}

function withoutState(evaluation: Evaluation): SkippedRule[] {
  if (evaluation.history) return [];
  return [...DRIFT_RULES, WAIVER_RULES.covers]
    .filter(({ id }) => isWanted(id, evaluation))
    .map(({ id }) => ({
      rule: id,
      because: 'no state is kept (--state)',
    }));
}

/** An audit in which no requested rule could run must not look like one without findings. */
function refuseEmpty({ only }: Evaluation, { rules }: HistoryRun, skipped: readonly SkippedRule[]): void {
  const ran = [...rules].some((id) => only !== undefined || !WAIVER_RULE_IDS.has(id));
  if (ran) return;
  const reasons = skipped.map(({ rule, because }) => ` ${rule}: ${because}.`);
  throw new AuditError(
    'usage',
    `Nothing was audited, because no requested rule could run.${reasons.join('')}`,
    'Request the missing source (--scope tenant, --source), keep a state (--state FILE), or request other rules.',
  );
}

function driftOf(
  { snapshot, choices }: Evaluation,
  verdicts: Verdicts,
  run: HistoryRun,
  previous: State | undefined,
): ReturnType<typeof drift> {
  const reported = new Map(
    verdicts.credentials.map((credential) => [credentialKey(credential.kind, credential.id), credential]),
  );
  return drift({
    previous,
    credentials: snapshot.credentials.flatMap((credential) => {
      const judged = reported.get(credentialKey(credential.kind, credential.id));
      if (!judged) return [];
      const { live, ...about } = judged;
      return [{ credential, reported: about, live }];
    }),
    roles: ifKnown(snapshot.facts.roles),
    run,
    severities: severitiesOf(choices),
    ...idleDaysOf(choices),
  });
}

function idleDaysOf(choices: Evaluation['choices']): { readonly idleDays?: number } {
  const days = choices['woke-up']?.options?.days;
  return typeof days === 'number' ? { idleDays: days } : {};
}

/**
 * A waiver that is no longer configured is forgotten. If `waiver-covers` did not run, nothing is added: the next audit
 * reports it.
 */
function coveredSoFar(
  previous: State | undefined,
  covered: ReturnType<typeof applyWaivers>['covered'],
  run: HistoryRun,
): NonNullable<State['covered']> {
  const looked = run.rules.has(WAIVER_RULES.covers.id);
  return Object.fromEntries(
    [...covered]
      .map(([id, now]): [string, string[]] => {
        const before = (previous?.covered?.[id] ?? []).filter((key) => !run.decoys?.has(key));
        return [id, [...new Set([...before, ...(looked ? now : [])])].sort()];
      })
      .filter(([, keys]) => keys.length > 0)
      .sort(([a], [b]) => compareText(a, b)),
  );
}

function severitiesOf(choices: Evaluation['choices']): ReadonlyMap<string, Severity> {
  return new Map(
    Object.entries(choices).flatMap(([id, { severity }]) => (severity ? [[id, severity] as const] : [])),
  );
}

/**
 * What an audit could read and judge. Pure.
 *
 * @param judged as in the report; `notRun` are ids of rules in force that could not run, and maybe others
 */
export function historyRun(
  evaluation: Evaluation,
  judged: { readonly complete: boolean; readonly notRun: readonly string[] } & Pick<Verdicts, 'credentials'>,
): HistoryRun {
  const { snapshot, rules, asOf } = evaluation;
  const skipped = new Set(judged.notRun);
  const others = HISTORY_RULE_IDS.filter((id) => isWanted(id, evaluation));
  return {
    tenant: snapshot.tenant,
    asOf: toTimestamp(asOf),
    scope: snapshot.scope,
    userId: snapshot.self?.userId ?? null,
    complete: judged.complete,
    completeKinds: new Set(
      snapshot.sources.flatMap(({ kind, status }) => (status === 'complete' ? [kind] : [])),
    ),
    shown: mayBeFiltered(snapshot)
      ? new Set(judged.credentials.map(({ kind, id }) => credentialKey(kind, id)))
      : undefined,
    decoys: new Set(snapshot.decoys?.map(({ kind, id }) => credentialKey(kind, id))),
    notOnTrusts: new Set(
      rules.filter(({ rule }) => !canJudge(rule, 'federation-trust', snapshot)).map(({ rule }) => rule.id),
    ),
    rules: new Set([...rules.map(({ rule }) => rule.id), ...others].filter((id) => !skipped.has(id))),
  };
}

function isWanted(id: string, { choices, only, waivers }: Evaluation): boolean {
  if (waivers === undefined && WAIVER_RULE_IDS.has(id)) return false;
  return (only === undefined || only.has(id)) && (choices[id]?.enabled ?? true);
}

/**
 * Whether the audit would have seen every finding of this rule (`*`: of any rule) in the requested sources.
 */
function wouldSeeAll(id: string, { rules, only, snapshot }: Evaluation, run: HistoryRun): boolean {
  // A tenant that does not offer a kind, or does not show it, holds nothing of it that this audit could have seen.
  const asked = snapshot.sources
    .filter(({ status, required }) => status !== 'unavailable' || required)
    .map(({ kind }) => kind);
  if (id === '*') return only === undefined && asked.every((kind) => run.completeKinds.has(kind));
  const rule: Pick<Rule, 'kinds'> | undefined =
    rules.find(({ rule: { id: own } }) => own === id)?.rule ?? DRIFT_RULES.find(({ id: own }) => own === id);
  const judged = asked.filter((kind) => rule?.kinds.includes(kind));
  return run.rules.has(id) && judged.length > 0 && judged.every((kind) => run.completeKinds.has(kind));
}

/** Everything a report is made of. */
export interface ReportParts {
  readonly tool: Report['tool'];
  readonly snapshot: Snapshot;
  readonly verdicts: Verdicts;
  /** Rules in force that could not run, and why. */
  readonly skipped: readonly SkippedRule[];
  /** The verdicts' findings after waivers and history, and those on waivers and drift. undefined: the verdicts' own. */
  readonly findings: readonly Finding[] | undefined;
  readonly resolved: Report['resolved'];
  /** What to know about the baseline. Absent: nothing, or there is none. */
  readonly baselineNotes?: readonly string[];
  /** Ids of known rules that were not in force or could not run. */
  readonly notRun: readonly string[];
  /** Ids of rules on credentials that ran. */
  readonly ran: readonly string[];
  /** Of the rules that ran. */
  readonly controls?: Report['coverage']['controls'];
  /** See `settingsMark`. */
  readonly settings?: string | undefined;
  /** Findings below it are left out; the coverage says how many. */
  readonly minSeverity: Severity;
  /** Milliseconds since the epoch. */
  readonly asOf: number;
  readonly startedAt: number;
  readonly finishedAt: number;
}

/** The one report that every output is made from. */
export function assembleReport(parts: ReportParts): Report {
  const { snapshot, verdicts, minSeverity, resolved } = parts;
  const { summary, left, make } = contentOf(parts);
  return make({
    schemaVersion: 1,
    tool: parts.tool,
    run: {
      tenant: snapshot.tenant,
      scope: snapshot.scope,
      asOf: toTimestamp(parts.asOf),
      startedAt: toTimestamp(parts.startedAt),
      finishedAt: toTimestamp(parts.finishedAt),
      self: snapshot.self,
    },
    coverage: {
      complete: isComplete(snapshot, verdicts),
      sources: sourcesOf(snapshot, verdicts),
      ledger: ledger(snapshot),
      notes: [
        ...snapshot.notes,
        ...ruleNotes(parts),
        ...(parts.baselineNotes ?? []),
        ...leftOutNote(left, minSeverity),
      ],
      ...(snapshot.gaps?.length ? { gaps: snapshot.gaps } : {}),
      ...(mayBeFiltered(snapshot) ? { mayBeFiltered: true } : {}),
      ...(parts.notRun.length > 0 ? { rulesNotRun: [...parts.notRun].sort() } : {}),
      ...(parts.controls === undefined ? {} : { controls: parts.controls }),
      ...(parts.settings === undefined ? {} : { settings: parts.settings }),
    },
    summary,
    resolved,
  });
}

interface Content {
  readonly summary: Report['summary'];
  /** How many findings are left out. */
  readonly left: number;
  /** The report with its findings and credentials. */
  readonly make: (about: Omit<Report, 'findings' | 'credentials'>) => Report;
}

function contentOf(parts: ReportParts): Content {
  const { verdicts, minSeverity, resolved } = parts;
  if (!parts.findings && verdicts.docket) return contentOfDocket(verdicts.docket, minSeverity);
  const { credentials } = verdicts;
  const all = parts.findings ?? verdicts.findings;
  const findings = sortFindings(all.filter(({ severity }) => atLeast(severity, minSeverity)));
  const left = all.filter(({ severity }) => !atLeast(severity, minSeverity));
  return {
    summary: { ...summarize({ findings, credentials, resolved }), ...summarizeHidden(left) },
    left: left.length,
    make: (about) => ({ ...about, findings, credentials }),
  };
}

function contentOfDocket(docket: Docket, minSeverity: Severity): Content {
  const shown = docket.part(minSeverity, 'from');
  const left = docket.part(minSeverity, 'below').count();
  const { open, bySeverity, byRule, unknown } = shown.count();
  return {
    summary: {
      credentials: docket.size,
      findings: open,
      waived: 0,
      unknown,
      bySeverity,
      byRule,
      new: 0,
      known: 0,
      resolved: 0,
      ...(left.open > 0 ? { hidden: left.bySeverity } : {}),
    },
    left: left.open + left.unknown,
    make: (about) => reportOn(shown, about),
  };
}

/** Every requested source was read completely, nothing else is missing, and no rule failed. */
export function isComplete({ sources, gaps = [] }: Snapshot, { brokenRules }: Verdicts): boolean {
  const isRead = sources.every(
    ({ status, required }) => status === 'complete' || (status === 'unavailable' && !required),
  );
  return isRead && gaps.length === 0 && brokenRules.length === 0;
}

/** ConductorOne may leave credentials out for a caller who is not a Super Administrator, without saying so. */
function mayBeFiltered({ scope, seesAll }: Snapshot): boolean {
  return scope === 'tenant' && seesAll === false;
}

function sourcesOf({ sources }: Snapshot, verdicts: Verdicts): SourceCoverage[] {
  const judged = new Map<Kind, number>();
  for (const kind of verdicts.docket?.kinds ?? verdicts.credentials.map((credential) => credential.kind))
    judged.set(kind, (judged.get(kind) ?? 0) + 1);
  return sources.map(({ kind, status, pages, note }) => ({
    kind,
    status,
    credentials: judged.get(kind) ?? 0,
    deleted: verdicts.deleted[kind],
    pages,
    note,
  }));
}

/** A report must not look as if every rule had run where rules failed, were skipped, are off or were not requested. */
function ruleNotes({ verdicts, skipped, ran, notRun }: ReportParts): string[] {
  const broken = verdicts.brokenRules.map(
    ({ rule, credentials, reason }) =>
      `Rule ${rule} failed on ${count(credentials, 'credential')}: ${reason}. Report it to the rule's author, or turn the rule off.`,
  );
  const skippedBy = [...groupBy(skipped, ({ because }) => because)].map(([because, rules]) => {
    const ids = rules.map(({ rule }) => rule).sort();
    return `Not run, because ${because}: ${ids.join(', ')}.`;
  });
  return [...broken, ...skippedBy, ...offNote(ran, notRun, skipped)];
}

function offNote(
  ran: readonly string[],
  notRun: readonly string[],
  skipped: readonly SkippedRule[],
): string[] {
  const others = new Set([...skipped.map(({ rule }) => rule), ...HISTORY_RULE_IDS]);
  const off = notRun.filter((id) => !others.has(id)).sort();
  if (off.length === 0) return [];
  const all = `${ran.length + off.length} rules`;
  if (ran.length === 0) return [`None of ${all} ran: no credential was judged.`];
  return off.length > ran.length
    ? [`Only ${ran.length} of ${all} ran: ${[...ran].sort().join(', ')}.`]
    : [`${off.length} of ${all} did not run: ${off.join(', ')}.`];
}

/** `hidesFindings` recognizes this note in saved reports. */
function leftOutNote(left: number, minSeverity: Severity): string[] {
  return left === 0
    ? []
    : [`${count(left, 'finding')} below ${minSeverity} ${plural(left, 'is', 'are')} not shown.`];
}
