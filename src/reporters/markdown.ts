import { type Finding, kindName } from '../contract/index.js';
import { groupBy, type Report } from '../engine/report.js';
import { safeMarkdown as safe, webAddress } from './escape.js';
import { type Reporter, type ReporterContext, rulePageAddress } from './reporter.js';
import {
  type FindingGroup,
  groupsWords,
  marksOf,
  moreSevereIn,
  nameToFix,
  newsWords,
  nextSteps,
  nothingNew,
  type ReportView,
  resolvedIn,
  unknownGroups,
  viewOf,
} from './view.js';
import {
  capital,
  configurationWords,
  count,
  coverageLine,
  credentialName,
  datesOf,
  number,
  ownerName,
  ownerWords,
  sourceLine,
  summaryLine,
  waysLines,
} from './words.js';

/**
 * The report for issues, wikis and GitHub's job summary: news first, then what was resolved, what to fix first, and the rest.
 *
 * An issue holds 64 kB, and nobody reads more, so lists end with a pointer to the full report unless it is requested.
 */
export const markdown: Reporter = (report, context) => {
  const view = viewOf(report, context);
  const blocks = [
    ...head(report, context),
    ...newsSection(view, report, context),
    ...resolvedSection(view, context),
    ...fixFirstSection(view, report),
    ...restSection(view, report, context),
    ...unknownSection(view),
    ...waivedSection(view, context),
    ...coverageSection(report),
  ];
  return `${blocks.join('\n\n')}\n`;
};

/** Credentials with details, and rows of a list, unless everything is requested. */
const DETAILED = 10;
const ROWS = 60;

const NAME = 100;
/** Of a name or message, unless everything is requested. */
const SHORT = 200;

function table(columns: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(columns), line(columns.map(() => '---')), ...rows.map(line)].join('\n');
}

/** The first items, and a pointer to the others. */
function listed<T>(
  items: readonly T[],
  { full = false }: ReporterContext,
  write: (items: readonly T[]) => string,
): string[] {
  const shown = full ? items : items.slice(0, ROWS);
  const left = items.length - shown.length;
  return [
    write(shown),
    ...(left > 0 ? [`And ${number(left)} more: \`--full\` or \`-f html:report.html\` lists them all.`] : []),
  ];
}

function head(report: Report, context: ReporterContext): string[] {
  const { complete } = report.coverage;
  const address = webAddress(context.runUrl ?? '');
  return [
    '# API credential audit',
    `${complete ? '✅' : '❌'} **${safe(coverageLine(report), 2000)}${safe(configurationWords(context))}**`,
    `${capital(summaryLine(report, moreSevereIn(report, context)))}.`,
    ...(address ? [`[The run](<${address}>)`] : []),
  ];
}

function newsSection({ hasMemory, news }: ReportView, report: Report, context: ReporterContext): string[] {
  if (!hasMemory) return [];
  if (news.length > 0)
    return [`## New: ${newsWords(news, context)}`, ...detailed(news, report.run.asOf, context)];
  return [nothingNew(report)];
}

function resolvedSection(view: ReportView, context: ReporterContext): string[] {
  const { resolved } = view;
  if (resolved.length === 0) return [];
  return [
    `## Resolved: ${count(resolvedIn(view), 'finding')}`,
    ...listed(resolved, context, (items) =>
      items
        .map(({ kind, id, name, rules }) => {
          const label = name ? `${safe(name, NAME)}, ` : '';
          return `- ${label}${safe(kindName(kind))} ${safe(id)}: ${rules.map((rule) => safe(rule)).join(', ')}`;
        })
        .join('\n'),
    ),
  ];
}

function fixFirstSection(view: ReportView, report: Report): string[] {
  const entries = view.fixFirst.map((group) => {
    const { credential, severity, findings } = group;
    const owner = safe(ownerName(credential.owner) ?? 'owner not known', NAME);
    return `- **${severity}** ${safe(nameToFix(group, view), 2 * NAME)} (${owner}): ${safe(findings[0]?.message ?? '', SHORT)}`;
  });
  const steps = nextSteps(report, view).map(({ what, about }) => {
    if (what === undefined) return `- ${safe(about)}`;
    const isPlain = /^[\w./: -]+$/.test(what);
    return `- ${isPlain ? `\`${what}\`` : safe(what)}: ${safe(about)}`;
  });
  return [
    ...(entries.length > 0 ? ['## Fix first', entries.join('\n')] : []),
    ...(steps.length > 0 ? [steps.join('\n')] : []),
  ];
}

function restSection({ hasMemory, rest }: ReportView, { run }: Report, context: ReporterContext): string[] {
  if (rest.length === 0) return [];
  const heading = `## ${hasMemory ? 'Known' : 'Found'}: ${groupsWords(rest)}`;
  // Without a memory this is all there is.
  return [
    heading,
    ...(context.full || !hasMemory ? detailed(rest, run.asOf, context) : overview(rest, context)),
  ];
}

/** The worst credentials with details, the others in a table. */
function detailed(groups: readonly FindingGroup[], asOf: string, context: ReporterContext): string[] {
  const shown = context.full ? groups : groups.slice(0, DETAILED);
  const others = groups.slice(shown.length);
  return [
    ...shown.flatMap((group) => details(group, asOf, context)),
    ...(others.length > 0 ? [`### ${number(others.length)} more`, ...overview(others, context)] : []),
  ];
}

function overview(groups: readonly FindingGroup[], context: ReporterContext): string[] {
  return listed(groups, context, (items) =>
    table(
      ['Severity', 'Credential', 'Owner', 'Rules'],
      items.map(({ severity, credential, findings }) => [
        severity,
        safe(credentialName(credential), NAME),
        credential ? safe(ownerName(credential.owner) ?? '', NAME) : '',
        findings.map(({ rule }) => safe(rule)).join(', '),
      ]),
    ),
  );
}

function details(
  { credential, severity, findings }: FindingGroup,
  asOf: string,
  context: ReporterContext,
): string[] {
  const { full = false } = context;
  const about = full && credential ? [`${safe(credential.id)}: ${safe(datesOf(credential, asOf))}`] : [];
  const fixes = [...groupBy(findings, ({ fix }) => fix)].filter(([, { length }]) => full || length > 1);
  return [
    `### ${capital(severity)}: ${headline(credential, findings, full)}`,
    ...about,
    [
      ...findings.map((finding) => ruleItem(finding, context)),
      ...fixes.map(([fix, shared]) => {
        const rules =
          shared.length < findings.length ? ` (${shared.map(({ rule }) => safe(rule)).join(', ')})` : '';
        return `- **Fix**${rules}: ${safe(fix)}`;
      }),
    ].join('\n'),
  ];
}

function headline(
  credential: FindingGroup['credential'],
  findings: FindingGroup['findings'],
  full: boolean,
): string {
  const name = safe(credentialName(credential), NAME);
  if (!credential) return `${name} (${safe(findings[0]?.fingerprint.slice(0, 12) ?? '')})`;
  const { kind, self, owner } = credential;
  const person = full ? ownerWords(owner) : (ownerName(owner) ?? 'not known');
  return `${name} (${safe(kindName(kind))}${self ? ', runs this audit' : ''}), owner ${safe(person, 3 * NAME)}`;
}

function ruleItem(finding: Finding, context: ReporterContext): string {
  const { rule, severity, message } = finding;
  const link = `[${safe(rule)}](<${rulePageAddress(rule, context)}>)`;
  return `- ${severity} ${link}${safe(marksOf(finding, context))}: ${safe(message, context.full ? undefined : SHORT)}`;
}

function unknownSection({ unknown }: ReportView): string[] {
  if (unknown.length === 0) return [];
  return [
    `## Unknown: ${count(unknown.length, 'check')}`,
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

function waivedSection({ waived }: ReportView, context: ReporterContext): string[] {
  if (waived.length === 0) return [];
  return [
    `## Waived: ${count(waived.length, 'finding')}`,
    ...listed(waived, context, (items) =>
      table(
        ['Severity', 'Rule', 'Credential', 'Id', 'Finding', 'Until', 'Approved by', 'Reason'],
        items.map((finding) => [
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
    ),
  ];
}

function coverageSection(report: Report): string[] {
  const { sources, notes } = report.coverage;
  const lines = [...waysLines(report), ...sources.map(sourceLine), ...notes.map((note) => `Note: ${note}`)];
  return lines.length > 0 ? ['## Coverage', lines.map((line) => `- ${safe(line)}`).join('\n')] : [];
}
