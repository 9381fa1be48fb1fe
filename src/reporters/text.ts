import { type Finding, type FindingStatus, kindName, type Severity } from '../contract/index.js';
import type { Report } from '../engine/report.js';
import { cutTo, forTerminal } from './escape.js';
import type { Reporter, ReporterContext } from './reporter.js';
import { unknownGroups, viewOf } from './view.js';
import {
  configurationWords,
  count,
  coverageLine,
  credentialName,
  datesOf,
  number,
  ownerWords,
  sourceLine,
  summaryLine,
} from './words.js';

/** The report for people at a terminal. Its first line says what was, and what was not, audited. */
export const text: Reporter = (report, context) => {
  const paint = context.color ? coloured : plain;
  const { severities, unknown, waived } = viewOf(report, context);
  const blocks = [
    head(report, context, paint),
    ...severities.map(({ severity, findings, rules }) => {
      const heading = paint(severity, `${severity.toUpperCase()}: ${count(findings.length, 'finding')}`);
      const groups = rules.map(({ rule, title, fix, findings: group }) =>
        [
          `  ${paint('bold', safe(rule))}${title ? `: ${safe(title)}` : ''}${group.length > 1 ? ` (${number(group.length)})` : ''}`,
          `  ${paint('dim', 'Fix:')} ${safe(fix)}`,
          ...group.map((finding) => violation(finding, report, paint)),
        ].join('\n'),
      );
      return `${heading}\n${groups.join('\n\n')}`;
    }),
    ...unknownSection(unknown, paint),
    ...waivedSection(waived, paint),
    ...resolvedSection(report, paint),
    paint('bold', `Summary: ${summaryLine(report)}`),
  ];
  return `${blocks.join('\n\n')}\n`;
};

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

/** Nobody reads more of a name, and its id follows. */
const NAME = 100;
const MESSAGE = 1000;

const safe = (text: string, length = MESSAGE) => forTerminal(cutTo(text, length));

function head(report: Report, context: ReporterContext, paint: Paint): string {
  const { complete, sources, notes } = report.coverage;
  const detailed = sources.length > 1 || sources.some((source) => source.deleted > 0 || source.note);
  return [
    paint(complete ? 'good' : 'bad', safe(coverageLine(report), 2000) + safe(configurationWords(context))),
    ...(detailed ? sources.map((source) => `  ${safe(sourceLine(source))}`) : []),
    ...notes.map((note) => `  Note: ${safe(note)}`),
  ].join('\n');
}

const STATUS: Record<FindingStatus, string> = { new: 'NEW', known: '', reopened: 'REOPENED', waived: '' };

function violation(finding: Finding, report: Report, paint: Paint): string {
  const { credential, firstSeen } = finding;
  const status = finding.status ? STATUS[finding.status] : '';
  const details = [
    ...(credential
      ? [`owner ${cutTo(ownerWords(credential.owner), 2 * NAME)}`, datesOf(credential, report.run.asOf)]
      : []),
    ...(firstSeen && finding.status !== 'new' ? [`first seen ${firstSeen.slice(0, 10)}`] : []),
  ];
  return [
    `    ${who(finding, paint)}${status ? ` ${paint('bold', status)}` : ''}`,
    `      ${safe(finding.message)}`,
    ...(details.length > 0 ? [`      ${paint('dim', safe(details.join(' · ')))}`] : []),
  ].join('\n');
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
  const lines = unknownGroups(unknown).map(({ rule, reason, fix, count: checks, examples }) => {
    const ids = [...examples.map((id) => safe(id, NAME)), ...(checks > examples.length ? ['…'] : [])];
    return [
      `  ${paint('bold', safe(rule))}: ${count(checks, 'credential')} (${ids.join(', ')})`,
      `    ${safe(reason)}`,
      `    ${paint('dim', 'Fix:')} ${safe(fix)}`,
    ].join('\n');
  });
  return [`${paint('bold', `UNKNOWN: ${count(unknown.length, 'check')}`)}\n${lines.join('\n')}`];
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

function resolvedSection({ resolved }: Report, paint: Paint): string[] {
  if (resolved.length === 0) return [];
  const lines = resolved.map(({ rule, credential: { kind, id, name } }) => {
    const label = name
      ? `${safe(name, NAME)} (${safe(id)}, ${safe(kindName(kind))})`
      : `${safe(kindName(kind))} ${safe(id)}`;
    return `  ${safe(rule)}: ${label}`;
  });
  const heading = paint('good', `RESOLVED since the last run: ${count(resolved.length, 'finding')}`);
  return [`${heading}\n${lines.join('\n')}`];
}
