import type { Browser } from 'playwright-core';
import { rules as builtIns } from '../rules/index.js';
import { FACT_TYPES, type FactType } from '../src/cel/facts.js';
import {
  coverageOf,
  coverageSummary,
  type DocumentedRule,
  defaultOf,
  extraRules,
  judgedWords,
  KIND_LEGEND,
  kindLetters,
  optionLines,
} from '../src/cli/commands/rules.js';
import { controlTexts, FACT_KINDS, type FactName, FRAMEWORK_NAMES } from '../src/contract/index.js';
import type { Report } from '../src/engine/report.js';
import { cutTo, forTerminal } from '../src/reporters/escape.js';
import { configJsonSchema, reportJsonSchema, reportTypes } from './schemas.js';

/** The clock of the audits that the generated files quote, so that each generation quotes the same text. */
export const DOCS_NOW = Date.parse('2026-11-24T06:00:00Z');

interface DocsInput {
  /** docs/configuration.md as it is. */
  readonly configuration: string;
  /** docs/rules-in-cel.md as it is. */
  readonly rulesInCel: string;
  /** An audit of the whole demo tenant. */
  readonly report: Report;
  /** The text report of the demo user's own credentials, in colour. */
  readonly text: string;
  /** The text report of the whole demo tenant, by width. */
  readonly texts: ReadonlyMap<number, string>;
}

/** Pictures of the HTML report: the part of the page that is at the top of the window. */
const PICTURES = [
  { path: 'docs/report.png', part: 'top', width: 1200, height: 800, colorScheme: 'light' },
  { path: 'docs/report-phone.png', part: '#rules', width: 390, height: 780, colorScheme: 'dark' },
] as const;

/** PNGs of an HTML report by their paths. */
export async function screenshots(html: string, browser: Browser): Promise<Map<string, Buffer>> {
  const pictures = new Map<string, Buffer>();
  for (const { path, part, width, height, colorScheme } of PICTURES) {
    const page = await browser.newPage({ viewport: { width, height }, colorScheme, offline: true });
    await page.setContent(withTenantName(html));
    if (part !== 'top') await page.evaluate(`document.querySelector('${part}').scrollIntoView()`);
    pictures.set(path, await page.screenshot());
    await page.close();
  }
  return pictures;
}

/** Readers know their own tenant by a name. */
function withTenantName(text: string): string {
  return text.replaceAll('127.0.0.1', 'acme.conductor.one');
}

/** Every generated file by its path below the project. */
export function generatedFiles({
  configuration,
  rulesInCel,
  report,
  text,
  texts,
}: DocsInput): Map<string, string> {
  const rules = [...builtIns, ...extraRules()];
  const examples = messageExamples(report.findings);
  const schema = configJsonSchema(builtIns);
  return new Map([
    ...rules.map((rule): [string, string] => [`docs/rules/${rule.id}.md`, rulePage(rule, examples)]),
    ['docs/rules/README.md', ruleIndex(rules)],
    ['docs/controls.md', controlsPage(rules)],
    ['docs/rules-in-cel.md', withPart(rulesInCel, 'facts', factsTable())],
    ['docs/configuration.md', withPart(configuration, 'settings', settingsTable(schema))],
    ...[...texts].map(([width, shown]): [string, string] => [`docs/text-${width}.txt`, shown]),
    ['docs/demo.svg', terminalPicture('c1-audit demo --scope mine', text)],
    ['schema/config.json', jsonFile(schema)],
    ['schema/report.json', jsonFile(reportJsonSchema())],
    ['src/contract/report.ts', reportTypes()],
  ]);
}

/** Messages as an audit words them, by rule id and message id. */
type MessageExamples = ReadonlyMap<string, ReadonlyMap<string, string>>;

/** The first message of each kind. */
function messageExamples(findings: Report['findings']): MessageExamples {
  const examples = new Map<string, Map<string, string>>();
  for (const { rule, messageId, message, outcome } of findings) {
    if (outcome !== 'violation') continue;
    const ofRule = examples.get(rule) ?? new Map<string, string>();
    examples.set(rule, ofRule);
    if (!ofRule.has(messageId)) ofRule.set(messageId, withTenantName(message));
  }
  return examples;
}

function rulePage(rule: DocumentedRule, examples: MessageExamples): string {
  const { id, title, severity, kinds, docs } = rule;
  const options = optionLines(rule).map(({ name, about }) => `- \`${name}\`: ${about}`);
  const references = (docs.references ?? []).map(
    ({ title: name, url }) => `- ${url ? `[${name}](${url})` : name}`,
  );
  const controls = controlTexts(rule.controls ?? {}).map(({ name, ids }) => `- ${name}: ${ids.join(', ')}`);
  return `${[
    `# ${id}`,
    `${title}.`,
    `Severity **${severity}** unless a message says otherwise; judges **${kindLetters(kinds)}** (${KIND_LEGEND}).`,
    '## Why',
    docs.why,
    '## What to do',
    docs.fix,
    ...(rule.messages ? ['## Messages', messageList(rule, examples)] : []),
    ...(options.length > 0 ? ['## Options', options.join('\n'), configExample(rule)] : []),
    ...(controls.length > 0 ? ['## Controls', controls.join('\n'), CONTROLS_NOTE] : []),
    ...(references.length > 0 ? ['## References', references.join('\n')] : []),
  ].join('\n\n')}\n`;
}

const CONTROLS_NOTE =
  'Findings are evidence on these controls. [Controls](../controls.md) lists which of each standard c1-audit judges, and which it cannot.';

function controlsPage(rules: readonly DocumentedRule[]): string {
  const parts = FRAMEWORK_NAMES.map((framework) => {
    const coverage = coverageOf(framework, rules);
    const rows = coverage.controls.map(
      (control) => `| ${control.id} | ${control.title} | ${judgedWords(control)} |`,
    );
    return `## ${coverage.name}

[Source](${coverage.source}). In a rule and on the command line: \`${framework}\`.

| control | title | judged by |
|---|---|---|
${rows.join('\n')}

${coverageSummary(coverage)}
`;
  });
  return `# Controls

Rules name the controls that their findings are evidence on. The JSON report (\`coverage.controls\`), SARIF (tags), OCSF (\`compliance\`) and the page of each rule show them. \`c1-audit rules --control owasp-nhi\` prints the first of the tables below, with the rules of your plug-ins.

${parts.join('\n')}`;
}

function messageList({ id, messages = {} }: DocumentedRule, examples: MessageExamples): string {
  const lines = Object.keys(messages).map((messageId) => {
    const example = examples.get(id)?.get(messageId);
    return `- \`${messageId}\`${example === undefined ? '' : `, for example: “${escapeMarkdown(example)}”`}`;
  });
  return lines.join('\n');
}

/** Examples contain conditions and networks: nothing in them is meant as Markdown. */
function escapeMarkdown(text: string): string {
  return text.replace(/[\\`*_[\]<>|]/g, '\\$&');
}

function configExample({ id, options = {} }: DocumentedRule): string {
  const values = Object.entries(options).map(([name, spec]) => `${name}: ${defaultOf(spec)}`);
  return ['```yaml', 'rules:', `  ${id}: { ${values.join(', ')} }`, '```'].join('\n');
}

function ruleIndex(rules: readonly DocumentedRule[]): string {
  const rows = rules.map(
    ({ id, kinds, severity, title }) =>
      `| [\`${id}\`](${id}.md) | ${kindLetters(kinds)} | ${severity} | ${title} |`,
  );
  return `# Rules

| rule | judges | severity | finds |
|---|---|---|---|
${rows.join('\n')}

Judges: ${KIND_LEGEND}. \`c1-audit rules <id>\` prints the page of a rule.
`;
}

/** The settings of the configuration file, from its JSON Schema. */
function settingsTable({ properties }: Record<string, unknown>): string {
  const rows = Object.entries(properties as Record<string, { description?: string; default?: unknown }>)
    .filter(([name]) => name !== '$schema')
    .map(([name, { description = '', default: value }]) => {
      const shown = value === undefined ? '' : ` Default: \`${JSON.stringify(value)}\`.`;
      return `| \`${name}\` | ${description.replaceAll('|', '\\|')}.${shown} |`;
    });
  return ['| setting | meaning |', '|---|---|', ...rows].join('\n');
}

/** The facts of rules in CEL, and the parts of those that are records. */
function factsTable(): string {
  const facts = Object.entries(FACT_TYPES).map(
    ([name, { type, about }]) =>
      `| \`${name}\` | ${typeWords(type)} | ${kindLetters(FACT_KINDS[name as FactName])} | ${about.replaceAll('|', '\\|')} |`,
  );
  const records = new Map(Object.values(FACT_TYPES).flatMap(({ type }) => recordsIn(type)));
  const parts = [...records].map(
    ([name, fields]) =>
      `| ${name} | ${Object.entries(fields)
        .map(([field, type]) => `\`${field}\`: ${typeWords(type)}`)
        .join('; ')} |`,
  );
  return [
    `Kinds: ${KIND_LEGEND.replace(', W waiver', '')}.`,
    ['| fact | type | kinds | meaning |', '|---|---|---|---|', ...facts].join('\n'),
    ['| record | its parts |', '|---|---|', ...parts].join('\n'),
  ].join('\n\n');
}

const TYPE_WORDS: Readonly<Record<string, string>> = {
  string: 'text',
  bool: 'true or false',
  int: 'whole number',
};

function typeWords({ is, of, name, nullable }: FactType): string {
  const inner = of ? typeWords(of) : '';
  const words =
    is === 'list'
      ? `list of ${inner}`
      : is === 'map'
        ? `map from text to ${inner}`
        : (name ?? TYPE_WORDS[is] ?? is);
  return nullable ? `${words}, or null` : words;
}

function recordsIn({
  of,
  name,
  fields = {},
}: FactType): (readonly [string, NonNullable<FactType['fields']>])[] {
  const inner = [...(of ? [of] : []), ...Object.values(fields)].flatMap(recordsIn);
  return name === undefined ? inner : [[name, fields], ...inner];
}

/** A document with what is between `<!-- name:begin -->` and `<!-- name:end -->` replaced. */
export function withPart(document: string, name: string, part: string): string {
  const [begin, end] = [`<!-- ${name}:begin -->`, `<!-- ${name}:end -->`];
  const from = document.indexOf(begin);
  const to = document.indexOf(end);
  if (from === -1 || to < from) throw new Error(`The document has no place for ${name}.`);
  return `${document.slice(0, from + begin.length)}\n${part}\n${document.slice(to)}`;
}

/** After this many lines the picture skips from the next headline to the last section of the output. */
const PICTURE_LINES = 14;
/** Characters in a line; longer lines are cut. */
const COLUMNS = 118;
/** In pixels. */
const CHARACTER = 7.8;
const LINE = 18;
const MARGIN = 16;

/** The colours of a dark terminal, by the parameter that switches them on (ECMA-48, 8.3.117). */
const STYLES: Readonly<Record<string, string>> = { 1: 'b', 2: 'd', 31: 'r', 32: 'g', 33: 'y', 36: 'c' };

const SHEET = `text{font:13px ui-monospace,Menlo,Consolas,monospace;fill:#e6edf3;white-space:pre}
.b{font-weight:bold}.d{fill:#8b949e}.r{fill:#ff7b72}.g{fill:#7ee787}.y{fill:#e3b341}.c{fill:#79c0ff}`;

/** What a terminal shows after a command, as an SVG picture: each `ESC[…m` starts a style. */
function terminalPicture(command: string, output: string): string {
  const all = output.trimEnd().split('\n');
  const end = all.findIndex((line, index) => index >= PICTURE_LINES && !line.startsWith(' '));
  const last = all.slice(all.lastIndexOf('') + 1);
  const lines = [`$ ${command}`, ...all.slice(0, end), '…', '', ...last];
  const height = lines.length * LINE + 2 * MARGIN;
  const width = Math.ceil(COLUMNS * CHARACTER) + 2 * MARGIN;
  const rows = lines.map((line, index) => {
    const y = MARGIN + LINE * (index + 0.75);
    return line === '' ? '' : `<text x="${MARGIN}" y="${y}" xml:space="preserve">${spans(line)}</text>\n`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${escapeXml(command)} in a terminal">
<style>${SHEET}</style>
<rect width="100%" height="100%" rx="8" fill="#0d1117"/>
${rows.join('')}</svg>
`;
}

function spans(line: string): string {
  let columns = COLUMNS;
  let styles: string[] = [];
  let out = '';
  for (const [, codes, text = ''] of line.matchAll(/(?:\u001b\[([\d;]*)m)?([^\u001b]*)/g)) {
    if (codes !== undefined) styles = codes.split(';').flatMap((code) => STYLES[code] ?? []);
    if (text === '' || columns <= 0) continue;
    const cut = forTerminal(cutTo(text, columns));
    columns -= cut.length;
    out +=
      styles.length === 0 ? escapeXml(cut) : `<tspan class="${styles.join(' ')}">${escapeXml(cut)}</tspan>`;
  }
  return out;
}

function escapeXml(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&quot;');
}

function jsonFile(value: object): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
