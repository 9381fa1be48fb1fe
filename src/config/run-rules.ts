import type { Rule } from '../contract/index.js';
import { DRIFT_RULES } from '../engine/drift.js';
import { WAIVER_RULES } from '../engine/waivers.js';

/** What can be set under `rules`: an id, a title, perhaps options. */
export type SettableRule = Pick<Rule, 'id' | 'title' | 'severity' | 'options'>;

/** What is found between runs and on waivers: on or off and of some severity as rules are, without options. */
export const RUN_RULES: readonly SettableRule[] = [...DRIFT_RULES, ...Object.values(WAIVER_RULES)];

/** Findings on waivers cannot be waived. */
export const WAIVABLE_RUN_RULES: readonly SettableRule[] = DRIFT_RULES;
