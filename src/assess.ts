import type { Config } from './config/config.js';
import type { Rule, Snapshot } from './contract/index.js';
import { EarlyVerdicts } from './engine/early.js';
import type { Evaluation } from './engine/evaluate.js';
import { withLosses } from './engine/losses.js';
import { optionsInForce, type RuleInForce, settingsMark } from './engine/settings.js';
import { AuditError } from './errors.js';
import type { Source } from './sources/source.js';

/** What to audit, and by which rules. */
export interface Assessment {
  readonly source: Source;
  readonly config: Pick<Config, 'rules' | 'waivers' | 'minSeverity'>;
  /** Built-in rules and those of plug-ins. */
  readonly rules: readonly Rule[];
  /** Only these; undefined: all that are switched on. */
  readonly only: ReadonlySet<string> | undefined;
  readonly waivers: boolean;
  /** Milliseconds since the epoch. */
  readonly asOf: number;
  /** Take it for true that most of a list is gone. */
  readonly acceptShrink?: boolean;
}

export interface AssessmentContext {
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  readonly now: () => number;
  readonly signal: AbortSignal;
  /** Handed everything that has been read, before it is judged. */
  readonly onCollected: (snapshot: Snapshot) => void;
}

/**
 * Reads the source, and has judged what could be judged at once. The rest is `evaluate`'s, which is pure.
 *
 * @throws AuditError `config` where no rule is left
 * @param history  what the last complete audit left; undefined: none is kept
 */
export async function assess(
  { source, config, rules: known, only, waivers, asOf, acceptShrink = false }: Assessment,
  { startedAt, now, signal, onCollected }: AssessmentContext,
  history?: Evaluation['history'],
): Promise<Evaluation> {
  const rules = rulesInForce({ rules: known, config, only });
  if (rules.length === 0 && only === undefined)
    throw new AuditError(
      'config',
      'No rule is left to judge by: all of them are off.',
      'Switch at least one on again under "rules" of the configuration.',
    );
  const early = new EarlyVerdicts(rules, asOf);
  const collected = await source.collect(signal, (credentials) => early.judge(credentials));
  const snapshot = withLosses(collected, history?.previous, acceptShrink);
  onCollected(snapshot);
  return {
    tool: { name: 'c1-audit', version: C1_AUDIT_VERSION },
    snapshot,
    rules,
    known: known.map(({ id }) => id),
    early,
    waivers: waivers ? config.waivers : undefined,
    choices: config.rules,
    only,
    history,
    minSeverity: config.minSeverity,
    settings: settingsMark(known, config.rules),
    asOf,
    startedAt,
    finishedAt: now(),
  };
}

/** The rules that are switched on, each with its settings. */
export function rulesInForce({
  rules,
  config,
  only,
}: Pick<Assessment, 'rules' | 'only'> & { readonly config: Pick<Config, 'rules'> }): RuleInForce[] {
  return rules.flatMap((rule) => {
    const setting = config.rules[rule.id];
    if (only ? !only.has(rule.id) : setting && !setting.enabled) return [];
    return [
      {
        rule,
        severity: setting?.severity,
        options: optionsInForce(rule, setting?.options),
        floors: setting?.floors ?? {},
      },
    ];
  });
}
