import { type Finding, kindName } from '../contract/index.js';
import { hasHistory, MOST_SEVERE_FIRST, type Report } from '../engine/report.js';
import { cutTo, forMarkdown, webAddress } from './escape.js';
import { type Reporter, type ReporterContext, rulePageAddress } from './reporter.js';
import { unknownGroups, viewOf } from './view.js';
import {
  configurationWords,
  coverageLine,
  credentialName,
  datesOf,
  number,
  ownerWords,
  sourceLine,
  summaryLine,
} from './words.js';

/** The report for issues, wikis and GitHub's job summary. What matters most comes first: a summary may be cut. */
export const markdown: Reporter = (report, context) => {
  const { severities, unknown, waived } = viewOf(report, context);
  const status = hasHistory(report);
  const columns = ['Credential', 'Id', 'Owner', 'Finding', 'Since', ...(status ? ['Status'] : [])];
  const blocks = [
    ...head(report, context),
    ...severities.flatMap(({ severity, findings, rules }) => [
      `## ${capital(severity)} (${number(findings.length)})`,
      ...rules.flatMap(({ rule, title, fix, findings: group }) => [
        `### [${safe(rule)}](<${rulePageAddress(rule, context)}>)${title ? `: ${safe(title)}` : ''}`,
        `**Fix:** ${safe(fix)}`,
        table(
          columns,
          group.map((finding) => row(finding, report.run.asOf, status)),
        ),
      ]),
    ]),
    ...unknownSection(unknown),
    ...waivedSection(waived),
    ...resolvedSection(report),
  ];
  return `${blocks.join('\n\n')}\n`;
};

const NAME = 100;
const MESSAGE = 1000;

const safe = (text: string, length = MESSAGE) => forMarkdown(cutTo(text, length));

const capital = (word: string) => word.slice(0, 1).toUpperCase() + word.slice(1);

function table(columns: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(columns), line(columns.map(() => '---')), ...rows.map(line)].join('\n');
}

function head(report: Report, context: ReporterContext): string[] {
  const { complete, sources, notes } = report.coverage;
  const { bySeverity } = report.summary;
  const address = webAddress(context.runUrl ?? '');
  const page = address ? [`[The run](<${address}>)`] : [];
  return [
    '# API credential audit',
    `${complete ? '✅' : '❌'} **${safe(coverageLine(report), 2000)}${safe(configurationWords(context))}**`,
    `${capital(summaryLine(report))}.`,
    table(MOST_SEVERE_FIRST.map(capital), [
      MOST_SEVERE_FIRST.map((severity) => number(bySeverity[severity])),
    ]),
    [...sources.map(sourceLine), ...notes.map((note) => `Note: ${note}`)]
      .map((line) => `- ${safe(line)}`)
      .join('\n'),
    ...page,
  ].filter((block) => block !== '');
}

function row(
  { credential, fingerprint, message, status, firstSeen }: Finding,
  asOf: string,
  withStatus: boolean,
): string[] {
  const seen = firstSeen && status !== 'new' ? `, since ${firstSeen.slice(0, 10)}` : '';
  return [
    `${safe(credentialName(credential), NAME)}${credential?.self ? ' (runs this audit)' : ''}`,
    credential
      ? `${safe(credential.id)} (${safe(kindName(credential.kind))})`
      : safe(fingerprint.slice(0, 12)),
    credential ? safe(ownerWords(credential.owner), 2 * NAME) : '',
    safe(message),
    credential ? safe(datesOf(credential, asOf)) : '',
    ...(withStatus ? [safe(`${status ?? ''}${seen}`)] : []),
  ];
}

function unknownSection(unknown: readonly Finding[]): string[] {
  if (unknown.length === 0) return [];
  return [
    `## Unknown (${number(unknown.length)})`,
    table(
      ['Rule', 'Credentials', 'Reason', 'Fix'],
      unknownGroups(unknown).map((group) => [
        safe(group.rule),
        `${number(group.count)} (${group.examples.map((id) => safe(id, NAME)).join(', ')}${group.count > group.examples.length ? ', …' : ''})`,
        safe(group.reason),
        safe(group.fix),
      ]),
    ),
  ];
}

function waivedSection(waived: readonly Finding[]): string[] {
  if (waived.length === 0) return [];
  return [
    `## Waived (${number(waived.length)})`,
    table(
      ['Severity', 'Rule', 'Credential', 'Id', 'Finding', 'Until', 'Approved by', 'Reason'],
      waived.map((finding) => [
        finding.severity,
        safe(finding.rule),
        safe(credentialName(finding.credential), NAME),
        safe(finding.credential?.id ?? finding.fingerprint),
        safe(finding.message),
        safe(finding.waiver?.expires ?? ''),
        safe(finding.waiver?.approvedBy ?? ''),
        safe(finding.waiver?.reason ?? ''),
      ]),
    ),
  ];
}

function resolvedSection(report: Report): string[] {
  if (report.resolved.length === 0) return [];
  return [
    `## Resolved since the last run (${number(report.resolved.length)})`,
    report.resolved
      .map(({ rule, credential: { kind, id, name } }) => {
        const label = name ? `${safe(name, NAME)}, ` : '';
        return `- ${safe(rule)}: ${label}${safe(kindName(kind))} ${safe(id)}`;
      })
      .join('\n'),
  ];
}
