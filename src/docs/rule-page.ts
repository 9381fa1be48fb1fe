import { type DocumentedRule, defaultOf, KIND_LEGEND, kindLetters, optionLines } from './rule-text.js';

/** Messages as a real audit words them, by rule id and message id. */
export type MessageExamples = ReadonlyMap<string, ReadonlyMap<string, string>>;

/** The page of one rule, in Markdown. */
export function rulePage(rule: DocumentedRule, examples: MessageExamples): string {
  const { id, title, severity, kinds, docs } = rule;
  const options = optionLines(rule);
  return `${[
    `# ${id}`,
    `${title}.`,
    `Severity **${severity}** unless a message says otherwise; judges **${kindLetters(kinds)}** (${KIND_LEGEND}).`,
    '## Why',
    docs.why,
    '## What to do',
    docs.fix,
    ...(rule.messages ? ['## Messages', messageList(rule, examples)] : []),
    ...(options.length > 0
      ? [
          '## Options',
          options.map(({ name, about }) => `- \`${name}\`: ${about}`).join('\n'),
          configExample(rule),
        ]
      : []),
    ...(docs.references?.length
      ? [
          '## References',
          docs.references.map(({ title: name, url }) => `- ${url ? `[${name}](${url})` : name}`).join('\n'),
        ]
      : []),
  ].join('\n\n')}\n`;
}

function messageList({ id, messages = {} }: DocumentedRule, examples: MessageExamples): string {
  return Object.keys(messages)
    .map((messageId) => {
      const example = examples.get(id)?.get(messageId);
      return example === undefined
        ? `- \`${messageId}\``
        : `- \`${messageId}\`, for example: “${escapeMarkdown(example)}”`;
    })
    .join('\n');
}

/** Examples hold conditions and networks: nothing in them is meant as Markdown. */
function escapeMarkdown(text: string): string {
  return text.replace(/[\\`*_[\]<>|]/g, '\\$&');
}

function configExample({ id, options = {} }: DocumentedRule): string {
  const values = Object.entries(options).map(([name, spec]) => `${name}: ${defaultOf(spec)}`);
  return ['```yaml', 'rules:', `  ${id}: { ${values.join(', ')} }`, '```'].join('\n');
}

/** All rules as a table, each linked to its page. */
export function ruleTable(rules: readonly DocumentedRule[], folder: string): string {
  const rows = rules.map(
    (rule) =>
      `| [\`${rule.id}\`](${folder}/${rule.id}.md) | ${kindLetters(rule.kinds)} | ${rule.severity} | ${rule.title} |`,
  );
  return [`| rule | judges | severity | finds |`, '|---|---|---|---|', ...rows].join('\n');
}
