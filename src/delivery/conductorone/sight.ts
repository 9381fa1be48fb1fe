import type { Finding, Snapshot } from '../../contract/index.js';
import { isDrift } from '../../engine/drift.js';
import { type Evaluation, historyRun } from '../../engine/evaluate.js';
import type { Report } from '../../engine/report.js';
import { reachOf, wouldSee } from '../../engine/state.js';
import type { Standing } from './standing.js';

/** What an audit could see: what it does not find is gone only where it would have been found. */
export interface Sight {
  /** Ids of the rules that ran and whose findings are gone once they are not found: not those on changes. */
  readonly rules: ReadonlySet<string>;
  /** What a finding is annotated with, to be compared with another audit's. */
  reachOf(finding: Pick<Finding, 'credential'>): string;
  /** True where a finding of ours that is not found any more is certainly gone. */
  wouldFind(standing: Standing): boolean;
  /** Why nothing at all could be told to be gone; undefined where something could. */
  readonly blind: string | undefined;
}

/**
 * What the audit of `report` could see. Pure.
 *
 * @param evaluation what the report was made of: the report alone tells neither which rules were asked for nor whether
 *   everything was shown
 */
export function sightOf({ coverage, credentials }: Report, evaluation: Evaluation): Sight {
  const { snapshot, only } = evaluation;
  const { complete, rulesNotRun: notRun = [] } = coverage;
  const run = historyRun(evaluation, { complete, notRun, credentials });
  const rules = new Set([...run.rules].filter((rule) => !isDrift(rule)));
  const reach = reachOf(run);
  // Whether a waiver covers anything depends on which kinds were looked at.
  const waiverReach = [reach, ...snapshot.sources.map(({ kind }) => kind).sort()].join(' ');
  return {
    rules,
    reachOf: ({ credential }) => (credential ? reach : waiverReach),
    wouldFind(standing) {
      if (!run.complete || !rules.has(standing.rule)) return false;
      // Rules on waivers look at all of them together: a run of some rules says nothing of those.
      if (standing.kind === 'waiver') return only === undefined && standing.reach === waiverReach;
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
