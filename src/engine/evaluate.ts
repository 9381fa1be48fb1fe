import {
  type Credential,
  count,
  ifKnown,
  type Kind,
  plural,
  type Rule,
  type Severity,
  type Snapshot,
} from '../contract/index.js';
import { toTimestamp } from '../contract/time.js';
import { AuditError } from '../errors.js';
import { audit, canJudge, type EarlyVerdicts, type SkippedRule, type Verdicts } from './audit.js';
import { asState, sinceBaseline } from './baseline.js';
import { type Entry, reportOn } from './docket.js';
import { DRIFT_RULES, drift } from './drift.js';
import { type Comparison, History, waivedBy } from './history.js';
import type { RuleInForce } from './judge.js';
import { ledger } from './ledger.js';
import type { Remainder } from './records.js';
import { compareText, groupBy, type Report, type SourceCoverage } from './report.js';
import { credentialKey, type HistoryRun, type State } from './state.js';
import { Table } from './table.js';
import { WAIVER_RULE_IDS, WAIVER_RULES, type WaiverInput, Waivers } from './waivers.js';

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
  const judged: Credential[] = [];
  const waivers = waiversOf(evaluation);
  const see = (credential: Credential, { owner }: Remainder) => {
    judged.push(credential);
    waivers.see(credential, owner);
  };
  const verdicts = audit(snapshot, rules, asOf, evaluation.early, isPlain(evaluation) ? undefined : see);
  const skipped = [...verdicts.skippedRules, ...withoutState(evaluation)];
  const run = historyRun(evaluation, {
    complete: isComplete(snapshot, verdicts),
    notRun: skipped.map(({ rule }) => rule),
    get credentials() {
      return verdicts.docket.subjects;
    },
  });
  if (run.complete && snapshot.sources.length > 0) refuseEmpty(evaluation, run, skipped);
  const { comparison, baselineNotes } = followUp(evaluation, { verdicts, judged, waivers, run });
  const report = assembleReport({
    ...evaluation,
    verdicts,
    skipped,
    resolved: comparison?.resolved ?? [],
    baselineNotes,
    ran: evaluation.rules.map(({ rule }) => rule.id).filter((id) => run.rules.has(id)),
    ...controlsOf(evaluation, run),
    notRun: [...evaluation.known, ...HISTORY_RULE_IDS].filter((id) => !run.rules.has(id)),
  });
  return { report, comparison };
}

/** Neither waivers nor earlier audits change what was found. */
function isPlain({ history, baseline, waivers }: Evaluation): boolean {
  return !history && !baseline && !waivers?.length;
}

interface FollowedUp {
  readonly comparison: Comparison | undefined;
  readonly baselineNotes: readonly string[];
}

/** Adds findings on drift and waivers, and marks what waivers and earlier audits make of each finding. */
function followUp(
  evaluation: Evaluation,
  {
    verdicts,
    judged,
    waivers,
    run,
  }: {
    readonly verdicts: Verdicts;
    /** In the order of the docket. */
    readonly judged: readonly Credential[];
    readonly waivers: Waivers;
    readonly run: HistoryRun;
  },
): FollowedUp {
  const { snapshot, history, baseline } = evaluation;
  const { docket } = verdicts;
  if (isPlain(evaluation)) return { comparison: undefined, baselineNotes: [] };
  const memory = historyOf(evaluation, run);
  const expiresAt = (credential: number) => {
    const instant = judged[credential]?.expiresAt;
    return typeof instant === 'number' ? toTimestamp(instant) : null;
  };
  const mark = (finding: Entry) => {
    const waiver = waivers.covering(finding.credential, finding.rule);
    return memory ? memory.judge(finding, waiver, expiresAt) : waivedBy(waiver);
  };
  const changes = history && driftOf(evaluation, judged, run);
  for (const { rule, said, credential } of changes?.findings ?? []) docket.say(rule, said, credential);
  docket.mark(mark);
  const hygiene = waivers.hygiene(
    (rule, kinds) =>
      wouldSeeAll(rule, evaluation, run) && !(kinds.has('federation-trust') && run.notOnTrusts?.has(rule)),
  );
  for (const { rule, said, id } of hygiene.filter(({ rule: { id } }) => isWanted(id, evaluation)))
    docket.sayOfWaiver(rule, said, id);
  docket.mark(mark);
  if (history && changes) {
    const { credentials, mentions, grants } = changes;
    const covered = coveredSoFar(history.previous, waivers.covered, run);
    const comparison = memory?.compare({ credentials, mentions, grants, covered, log: snapshot.log });
    return { comparison, baselineNotes: [] };
  }
  const comparison = memory?.compare({ credentials: Table.of() });
  return {
    comparison,
    baselineNotes: [],
    ...(baseline && comparison && sinceBaseline(baseline, comparison)),
  };
}

function historyOf({ history, baseline }: Evaluation, run: HistoryRun): History | undefined {
  if (history) return new History(history.previous, run);
  return baseline && new History(asState(baseline), run);
}

function waiversOf({ snapshot, asOf, waivers = [], choices, history }: Evaluation): Waivers {
  return new Waivers({
    tenant: snapshot.tenant,
    now: asOf,
    waivers,
    severities: severitiesOf(choices),
    covered: history && (history.previous?.covered ?? {}),
  });
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
  { snapshot, choices, history }: Evaluation,
  judged: readonly Credential[],
  run: HistoryRun,
): ReturnType<typeof drift> {
  return drift({
    previous: history?.previous,
    credentials: judged,
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
  covered: Waivers['covered'],
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
  judged: {
    readonly complete: boolean;
    readonly notRun: readonly string[];
    readonly credentials: readonly Pick<Credential, 'kind' | 'id'>[];
  },
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
  readonly verdicts: Pick<Verdicts, 'docket' | 'deleted' | 'brokenRules'>;
  /** Rules in force that could not run, and why. */
  readonly skipped: readonly SkippedRule[];
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
  const { docket } = verdicts;
  const shown = docket.part(minSeverity, 'from');
  const { all: _, ...counts } = shown.count();
  const left = docket.part(minSeverity, 'below').count();
  return reportOn(shown, {
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
        ...leftOutNote(left.all, minSeverity),
      ],
      ...(snapshot.gaps?.length ? { gaps: snapshot.gaps } : {}),
      ...(mayBeFiltered(snapshot) ? { mayBeFiltered: true } : {}),
      ...(parts.notRun.length > 0 ? { rulesNotRun: [...parts.notRun].sort() } : {}),
      ...(parts.controls === undefined ? {} : { controls: parts.controls }),
      ...(parts.settings === undefined ? {} : { settings: parts.settings }),
    },
    summary: {
      credentials: docket.size,
      ...counts,
      resolved: resolved.length,
      ...(left.findings > 0 ? { hidden: left.bySeverity } : {}),
    },
    resolved,
  });
}

/** Every requested source was read completely, nothing else is missing, and no rule failed. */
export function isComplete(
  { sources, gaps = [] }: Snapshot,
  { brokenRules }: Pick<Verdicts, 'brokenRules'>,
): boolean {
  const isRead = sources.every(
    ({ status, required }) => status === 'complete' || (status === 'unavailable' && !required),
  );
  return isRead && gaps.length === 0 && brokenRules.length === 0;
}

/** ConductorOne may leave credentials out for a caller who is not a Super Administrator, without saying so. */
function mayBeFiltered({ scope, seesAll }: Snapshot): boolean {
  return scope === 'tenant' && seesAll === false;
}

function sourcesOf({ sources }: Snapshot, verdicts: ReportParts['verdicts']): SourceCoverage[] {
  const judged = new Map<Kind, number>();
  for (const kind of verdicts.docket.kinds) judged.set(kind, (judged.get(kind) ?? 0) + 1);
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
