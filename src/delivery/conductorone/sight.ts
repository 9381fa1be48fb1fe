import type { Finding, Snapshot } from '../../contract/index.js';
import { isDrift } from '../../engine/drift.js';
import type { Evaluation } from '../../engine/evaluate.js';
import type { Report } from '../../engine/report.js';
import { type HistoryRun, reachOf, wouldSee } from '../../engine/state.js';
import { WAIVER_RULES } from '../../engine/waivers.js';
import type { Standing } from './standing.js';

/** What an audit could see: what it does not find is gone only where it would have been found. */
export interface Sight {
  readonly rules: ReadonlySet<string>;
  /** What a finding is annotated with, to be compared with another audit's. */
  reachOf(finding: Pick<Finding, 'credential'>): string;
  /** True where a finding of ours that is not found any more is certainly gone. */
  wouldFind(standing: Standing): boolean;
  /** Why nothing at all could be told to be gone; undefined where something could. */
  readonly blind: string | undefined;
}

export function sightOf(report: Report, evaluation: Evaluation): Sight {
  const { snapshot } = evaluation;
  const run: HistoryRun = {
    tenant: snapshot.tenant,
    asOf: report.run.asOf,
    scope: snapshot.scope,
    userId: snapshot.self?.userId ?? null,
    complete: report.coverage.complete,
    completeKinds: new Set(
      snapshot.sources.flatMap(({ kind, status }) => (status === 'complete' ? [kind] : [])),
    ),
    rules: rulesThatRan(report, evaluation),
  };
  const reach = reachOf(run);
  // Whether a waiver covers anything depends on which kinds were looked at.
  const waiverReach = [reach, ...snapshot.sources.map(({ kind }) => kind).sort()].join(' ');
  return {
    rules: run.rules,
    reachOf: ({ credential }) => (credential ? reach : waiverReach),
    wouldFind(standing) {
      if (!run.complete || !run.rules.has(standing.rule) || isDrift(standing.rule)) return false;
      if (standing.kind === 'waiver') return standing.reach === waiverReach;
      return wouldSee(run, standing.kind, standing.reach) && isShownAll(standing, snapshot);
    },
    blind: run.complete
      ? snapshot.seesAll || snapshot.scope === 'mine'
        ? undefined
        : 'the audit is not known to run as a Super Administrator, whom everything is shown'
      : 'the audit is incomplete',
  };
}

/** Everybody sees their own keys. Of the rest, who has lost a right is shown less, and not told so. */
function isShownAll({ kind }: Standing, { seesAll, scope }: Snapshot): boolean {
  return seesAll === true || (scope === 'mine' && kind === 'personal-client');
}

/** Rules on waivers look at all of them together: a run of some rules says nothing of those. */
function rulesThatRan({ coverage }: Report, { rules, choices, only }: Evaluation): ReadonlySet<string> {
  const notRun = new Set(coverage.rulesNotRun);
  const onWaivers = Object.values(WAIVER_RULES)
    .map(({ id }) => id as string)
    .filter((id) => only === undefined && (choices[id]?.enabled ?? true));
  return new Set([...rules.map(({ rule }) => rule.id).filter((id) => !notRun.has(id)), ...onWaivers]);
}
