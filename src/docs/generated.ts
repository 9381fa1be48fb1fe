import type { Finding } from '../contract/index.js';
import { type MessageExamples, rulePage, ruleTable } from './rule-page.js';
import { type DocumentedRule, KIND_LEGEND } from './rule-text.js';

/** Where the rules' pages stand, below the project. */
export const RULE_PAGES = 'docs/rules';

/** The first message of each kind that an audit gave. */
export function messageExamples(
  findings: readonly Pick<Finding, 'rule' | 'messageId' | 'message' | 'outcome'>[],
): MessageExamples {
  const examples = new Map<string, Map<string, string>>();
  for (const { rule, messageId, message, outcome } of findings) {
    if (outcome !== 'violation') continue;
    const ofRule = examples.get(rule) ?? new Map<string, string>();
    examples.set(rule, ofRule);
    // Readers know their own tenant by a name.
    if (!ofRule.has(messageId))
      ofRule.set(messageId, message.replaceAll('@127.0.0.1/', '@acme.conductor.one/'));
  }
  return examples;
}

/** A page for every rule, by path. */
export function rulePages(rules: readonly DocumentedRule[], examples: MessageExamples): Map<string, string> {
  return new Map(rules.map((rule) => [`${RULE_PAGES}/${rule.id}.md`, rulePage(rule, examples)]));
}

/** The README with its generated parts made anew: they stand between `<!-- name:begin -->` and `<!-- name:end -->`. */
export function readmeWith(readme: string, parts: Readonly<Record<string, string>>): string {
  return Object.entries(parts).reduce((text, [name, part]) => {
    const [begin, end] = [`<!-- ${name}:begin -->`, `<!-- ${name}:end -->`];
    const from = text.indexOf(begin);
    const to = text.indexOf(end);
    if (from === -1 || to < from) throw new Error(`README.md has no place for ${name}`);
    return `${text.slice(0, from + begin.length)}\n${part}\n${text.slice(to)}`;
  }, readme);
}

/** The README's table of rules. */
export function readmeRules(rules: readonly DocumentedRule[]): string {
  return `${ruleTable(rules, RULE_PAGES)}\n\nJudges: ${KIND_LEGEND}. \`c1-audit rules <id>\` shows the same as the linked page.`;
}
