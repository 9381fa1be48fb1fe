import { rules } from '../rules/index.js';
import {
  type DocumentedRule,
  defaultOf,
  extraRules,
  KIND_LEGEND,
  kindLetters,
  optionLines,
} from '../src/cli/commands/rules.js';
import type { Finding } from '../src/contract/index.js';
import type { Report } from '../src/engine/report.js';
import { cutTo, forTerminal } from '../src/reporters/escape.js';
import { configJsonSchema, reportJsonSchema, reportTypes } from './schemas.js';

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

/** Characters of a line; longer ones are cut. */
const COLUMNS = 118;
/** In pixels. */
const CHARACTER = 7.8;
const LINE = 18;
const MARGIN = 16;

/** The colours of a dark terminal, by the parameter that switches them on (ECMA-48, 8.3.117). */
const STYLES: Readonly<Record<string, string>> = {
  1: 'b',
  2: 'd',
  31: 'r',
  32: 'g',
  33: 'y',
  36: 'c',
};

const SHEET = `text{font:13px ui-monospace,Menlo,Consolas,monospace;fill:#e6edf3;white-space:pre}
.b{font-weight:bold}.d{fill:#8b949e}.r{fill:#ff7b72}.g{fill:#7ee787}.y{fill:#e3b341}.c{fill:#79c0ff}`;

/**
 * What a terminal shows, as an SVG picture: styles of `ESC[…m`, one line of text a line, nothing that runs or is fetched.
 *
 * @param command  what was typed
 * @param output   what it printed, in colour
 * @param lines    after so many, at the next blank one, the picture is cut off, but for the last line
 */
export function terminalPicture(command: string, output: string, lines: number): string {
  const all = output.trimEnd().split('\n');
  const end = all.findIndex((line, index) => index >= lines && line === '');
  const shown = [
    `$ ${command}`,
    ...all.slice(0, end === -1 ? all.length - 1 : end),
    '',
    '…',
    all.at(-1) ?? '',
  ];
  const height = shown.length * LINE + 2 * MARGIN;
  const width = Math.ceil(COLUMNS * CHARACTER) + 2 * MARGIN;
  const rows = shown.map((line, index) => {
    const y = MARGIN + LINE * (index + 0.75);
    return line === '' ? '' : `<text x="${MARGIN}" y="${y}" xml:space="preserve">${spans(line)}</text>\n`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${escaped(command)} in a terminal">
<style>${SHEET}</style>
<rect width="100%" height="100%" rx="8" fill="#0d1117"/>
${rows.join('')}</svg>
`;
}

function spans(line: string): string {
  let room = COLUMNS;
  let styles: string[] = [];
  let out = '';
  for (const [, codes, text = ''] of line.matchAll(/(?:\u001b\[([\d;]*)m)?([^\u001b]*)/g)) {
    if (codes !== undefined) styles = codes.split(';').flatMap((code) => STYLES[code] ?? []);
    if (text === '' || room <= 0) continue;
    const cut = forTerminal(cutTo(text, room));
    room -= cut.length;
    out += styles.length === 0 ? escaped(cut) : `<tspan class="${styles.join(' ')}">${escaped(cut)}</tspan>`;
  }
  return out;
}

function escaped(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&quot;');
}

/** What the generated files are made of beside the rules: two audits of the demo tenant. */
export interface DocsInput {
  /** The README as it is. */
  readonly readme: string;
  /** An audit of the whole demo tenant. */
  readonly report: Report;
  /** The text report of the demo tenant's own keys, in colour. */
  readonly text: string;
}

/** The clock of the audits that the generated files quote: the same text at every generation. */
export const DOCS_NOW = Date.parse('2026-11-24T06:00:00Z');

/** Every generated file by its path below the project. */
export function generatedFiles({ readme, report, text }: DocsInput): Map<string, string> {
  const all = [...rules, ...extraRules()];
  return new Map([
    ...rulePages(all, messageExamples(report.findings)),
    ['schema/config.json', jsonFile(configJsonSchema(rules))],
    ['schema/report.json', jsonFile(reportJsonSchema())],
    ['src/contract/report.ts', reportTypes()],
    ['README.md', readmeWith(readme, { rules: readmeRules(all) })],
    ['docs/demo.svg', terminalPicture('c1-audit demo --scope mine', text, PICTURE_LINES)],
  ]);
}

function jsonFile(value: object): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

const PICTURE_LINES = 24;
