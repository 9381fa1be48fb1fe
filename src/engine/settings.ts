import { createHash } from 'node:crypto';
import type { OptionSpec, Rule, Severity } from '../contract/index.js';

/** A rule's options as they hold for a run: what was set, over the rule's own defaults. */
export function optionsInForce(
  rule: Pick<Rule, 'options'>,
  set: Readonly<Record<string, OptionSpec['default']>> = {},
): Readonly<Record<string, OptionSpec['default']>> {
  const entries = Object.entries(rule.options ?? {});
  return Object.fromEntries(
    entries.map(([name, spec]) => [name, (Object.hasOwn(set, name) ? set[name] : undefined) ?? spec.default]),
  );
}

/** A rule as it holds for a run. */
export interface RuleInForce {
  readonly rule: Rule;
  /** Set by the user; undefined: the rule's own. */
  readonly severity: Severity | undefined;
  readonly options: Readonly<Record<string, OptionSpec['default']>>;
  /** Least severities by message id, `*` for all messages. */
  readonly floors: Readonly<Record<string, Severity>>;
}

/**
 * A short mark of the limits that rules go by, to tell two reports apart: a finding that another limit takes away is not
 * mended. undefined where all are the rules' own.
 *
 * One for all rules rather than one each keeps the report small; that a limit changed is rare, and then too little is
 * called mended rather than too much. Rules that do not run count as well, so that an audit of some rules has the mark of
 * an audit of all. Options alone: a profile acts through them, and severities and their floors say how much a finding
 * counts, not whether it is there.
 */
export function settingsMark(
  rules: readonly Pick<Rule, 'id' | 'options'>[],
  set: Readonly<Record<string, { readonly options: RuleInForce['options'] }>>,
): string | undefined {
  const changed = rules.flatMap((rule) => {
    const inForce = optionsInForce(rule, Object.hasOwn(set, rule.id) ? set[rule.id]?.options : undefined);
    return Object.entries(rule.options ?? {}).flatMap(([name, { default: own }]) => {
      const held = JSON.stringify(inForce[name]);
      return held === JSON.stringify(own) ? [] : [JSON.stringify([rule.id, name, held])];
    });
  });
  if (changed.length === 0) return undefined;
  return createHash('sha256').update(changed.sort().join('\n')).digest('hex').slice(0, 16);
}
