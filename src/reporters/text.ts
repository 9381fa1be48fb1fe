import { type Finding, type FindingStatus, kindName, type Severity } from '../contract/index.js';
import { MOST_SEVERE_FIRST, partsOf, type Report } from '../engine/report.js';
import { cutTo, forTerminal } from './escape.js';
import type { Reporter, ReporterContext } from './reporter.js';
import {
  byRule,
  configurationWords,
  count,
  coverageLine,
  credentialName,
  datesOf,
  number,
  ownerWords,
  sourceLine,
  summaryLine,
  unknownGroups,
} from './words.js';

type Paint = (style: keyof typeof STYLES, text: string) => string;

const STYLES = {
  critical: '1;31',
  high: '31',
  medium: '33',
  low: '36',
  info: '2',
  bold: '1',
  dim: '2',
  good: '32',
  bad: '1;31',
} as const satisfies Record<Severity | 'bold' | 'dim' | 'good' | 'bad', string>;

const plain: Paint = (_style, text) => text;
const coloured: Paint = (style, text) => `\u001b[${STYLES[style]}m${text}\u001b[0m`;

/** Nobody reads more of a name; its id stands beside it. */
const NAME = 100;
const MESSAGE = 1000;

const safe = (text: string, length = MESSAGE) => forTerminal(cutTo(text, length));

const STATUS: Record<FindingStatus, string> = { new: 'NEW', known: '', reopened: 'REOPENED', waived: '' };

/** The report for people at a terminal. Its first line says what was, and what was not, audited. */
export const text: Reporter = (report, context) => {
  const paint = context.color ? coloured : plain;
  const { open, unknown, waived } = partsOf(report);
  const blocks = [
    head(report, context, paint),
    ...MOST_SEVERE_FIRST.flatMap((severity) => severitySection(severity, open, report, context, paint)),
    ...unknownSection(unknown, paint),
    ...waivedSection(waived, paint),
    ...resolvedSection(report, paint),
    summary(report, paint),
  ];
  return `${blocks.join('\n\n')}\n`;
};

function head(report: Report, context: ReporterContext, paint: Paint): string {
  const { complete, sources, notes } = report.coverage;
  const detailed = sources.length > 1 || sources.some((source) => source.deleted > 0 || source.note);
  return [
    paint(complete ? 'good' : 'bad', safe(coverageLine(report), 2000) + safe(configurationWords(context))),
    ...(detailed ? sources.map((source) => `  ${safe(sourceLine(source))}`) : []),
    ...notes.map((note) => `  Note: ${safe(note)}`),
  ].join('\n');
}

function severitySection(
  severity: Severity,
  open: readonly Finding[],
  report: Report,
  context: ReporterContext,
  paint: Paint,
): string[] {
  const findings = open.filter((finding) => finding.severity === severity);
  if (findings.length === 0) return [];
  const groups = byRule(findings).map(({ rule, fix, findings: group }) => {
    const title = context.rules.get(rule)?.title;
    return [
      `  ${paint('bold', safe(rule))}${title ? `: ${safe(title)}` : ''}${group.length > 1 ? ` (${number(group.length)})` : ''}`,
      `  ${paint('dim', 'To do:')} ${safe(fix)}`,
      ...group.map((finding) => violation(finding, report, paint)),
    ].join('\n');
  });
  const heading = paint(severity, `${severity.toUpperCase()}: ${count(findings.length, 'finding')}`);
  return [`${heading}\n${groups.join('\n\n')}`];
}

function violation(finding: Finding, report: Report, paint: Paint): string {
  const { credential } = finding;
  const status = finding.status ? STATUS[finding.status] : '';
  const seen =
    finding.firstSeen && finding.status !== 'new' ? ` · first seen ${finding.firstSeen.slice(0, 10)}` : '';
  const lines = [
    `    ${who(finding, paint)}${status ? ` ${paint('bold', status)}` : ''}`,
    `      ${safe(finding.message)}`,
  ];
  if (credential)
    lines.push(
      `      ${paint('dim', safe(`owner ${cutTo(ownerWords(credential.owner), 2 * NAME)} · ${datesOf(credential, report.run.asOf)}${seen}`))}`,
    );
  else if (seen) lines.push(`      ${paint('dim', safe(seen.slice(3)))}`);
  return lines.join('\n');
}

/** `nightly export (2Kx…, personal client)`. */
function who({ credential, fingerprint }: Finding, paint: Paint): string {
  const name = paint('bold', safe(credentialName(credential), NAME));
  if (!credential) return `${name} (${safe(fingerprint.slice(0, 12))})`;
  const self = credential.self ? ', runs this audit' : '';
  return `${name} (${safe(credential.id)}, ${safe(kindName(credential.kind))}${self})`;
}

function unknownSection(unknown: readonly Finding[], paint: Paint): string[] {
  if (unknown.length === 0) return [];
  const lines = unknownGroups(unknown).map((group) => {
    const more = group.count > group.examples.length ? ', …' : '';
    const ids = group.examples.map((id) => safe(id, NAME)).join(', ');
    return [
      `  ${paint('bold', safe(group.rule))}: ${count(group.count, 'credential')} (${ids}${more})`,
      `    ${safe(group.reason)}`,
      `    ${paint('dim', 'To do:')} ${safe(group.cure)}`,
    ].join('\n');
  });
  return [`${paint('bold', `COULD NOT BE JUDGED: ${count(unknown.length, 'check')}`)}\n${lines.join('\n')}`];
}

function waivedSection(waived: readonly Finding[], paint: Paint): string[] {
  if (waived.length === 0) return [];
  const lines = waived.map((finding) => {
    const { reason = '', approvedBy = '', expires = '' } = finding.waiver ?? {};
    return [
      `  ${safe(finding.rule)} (${finding.severity}): ${who(finding, paint)}`,
      `    ${safe(finding.message)}`,
      `    ${paint('dim', safe(`waived until ${expires} by ${approvedBy}: ${reason}`))}`,
    ].join('\n');
  });
  return [`${paint('bold', `WAIVED: ${count(waived.length, 'finding')}`)}\n${lines.join('\n')}`];
}

function resolvedSection(report: Report, paint: Paint): string[] {
  if (report.resolved.length === 0) return [];
  const lines = report.resolved.map(({ rule, credential: { kind, id, name } }) => {
    const label = name
      ? `${safe(name, NAME)} (${safe(id)}, ${safe(kindName(kind))})`
      : `${safe(kindName(kind))} ${safe(id)}`;
    return `  ${safe(rule)}: ${label}`;
  });
  const heading = paint('good', `RESOLVED since the last run: ${count(report.resolved.length, 'finding')}`);
  return [`${heading}\n${lines.join('\n')}`];
}

function summary(report: Report, paint: Paint): string {
  return paint('bold', `Summary: ${summaryLine(report)}`);
}
