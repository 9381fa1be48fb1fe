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
