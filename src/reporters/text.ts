import { wrapAnsi } from 'fast-wrap-ansi';
import { type Finding, kindName, type Severity } from '../contract/index.js';
import type { Report } from '../engine/report.js';
import { safeText as safe } from './escape.js';
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
  configurationWords,
  controlsOf,
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
 * The report for people at a terminal. Its first line says what was, and what was not, audited; then come the news. The
 * last lines are enough to know what to do.
 */
export const text: Reporter = (report, context) => {
  const page = layout(report, context);
  const view = viewOf(report, context);
  const sections = [
    [coverageHeadline(report, context, page)],
    newsSection(view, report, page),
    resolvedSection(view, page),
    restSection(view, page),
    unknownSection(view, page),
    waivedSection(view, page),
    coverageSection(report, page),
    summarySection(view, report, page),
  ];
  return `${sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`;
};

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

type Style = keyof typeof STYLES;

/** Where neither a flag nor the terminal sets it. */
const WIDTH = 100;
/** Narrower lines have no room for columns. */
const COLUMNS_FROM = 60;
/** The width of the column that holds severities. */
const COLUMN = 10;

type Layout = ReturnType<typeof layout>;

function layout(report: Report, context: ReporterContext) {
  const { width = WIDTH, color, full = false } = context;
  const paint = (style: Style, text: string) => (color ? `\u001b[${STYLES[style]}m${text}\u001b[0m` : text);
  const linesOf = (text: string, indent: number) => wrapAnsi(text, Math.max(width - indent, 1)).split('\n');
  const hung = (first: string, [head = '', ...others]: readonly string[], indent: number) =>
    [`${first}${head}`, ...others.map((line) => `${' '.repeat(indent)}${line}`)].join('\n');
  /** Lines that fit the terminal; those after the first are indented by `hang` more. */
  const wrap = (text: string, indent = 0, hang = 2) =>
    hung(' '.repeat(indent), linesOf(text, indent + hang), indent + hang);
  return {
    context,
    report,
    full,
    paint,
    wrap,
    /** A text beside a short word, in a column of its own if there is room. Then it has at most `most` lines. */
    beside(word: string, style: Style, text: string, indent = 0, most = Number.POSITIVE_INFINITY) {
      if (width < COLUMNS_FROM) return wrap(`${paint(style, word)} ${text}`, indent);
      const column = indent + COLUMN;
      const first = `${' '.repeat(indent)}${paint(style, word)}${' '.repeat(COLUMN - word.length)}`;
      const all = linesOf(text, column);
      if (all.length <= most) return hung(first, all, column);
      // Room for the ellipsis.
      const [last = '', ...before] = linesOf(text, column + 2)
        .slice(0, most)
        .reverse();
      return hung(first, [...before.reverse(), `${last} …`], column);
    },
  };
}

/** Nobody reads more of a name. */
const NAME = 60;
/** Lines that a message may take unless everything is requested. */
const ENTRY = 2;

function coverageHeadline(report: Report, context: ReporterContext, { paint, wrap }: Layout): string {
  const line = safe(coverageLine(report), 2000) + safe(configurationWords(context));
  return wrap(paint(report.coverage.complete ? 'good' : 'bad', line));
}

function newsSection({ hasMemory, news }: ReportView, report: Report, page: Layout): string[] {
  if (!hasMemory) return [];
  const { paint, wrap, context } = page;
  if (news.length === 0) return [paint('bold', nothingNew(report))];
  return [wrap(paint('bold', `NEW: ${newsWords(news, context)}`)), ...detailed(news, page)];
}

function resolvedSection(view: ReportView, { paint, wrap }: Layout): string[] {
  const { resolved } = view;
  if (resolved.length === 0) return [];
  return [
    paint('good', `RESOLVED: ${count(resolvedIn(view), 'finding')}`),
    ...resolved.map(({ kind, id, name, rules }) => {
      const what = safe(`${kindName(kind)} ${id}`);
      const label = name ? `${safe(name, NAME)} (${what})` : what;
      return wrap(`${label}: ${rules.map((rule) => safe(rule)).join(', ')}`, 2);
    }),
  ];
}

function restSection({ hasMemory, rest }: ReportView, page: Layout): string[] {
  if (rest.length === 0) return [];
  const { full, paint, wrap } = page;
  if (!hasMemory)
    return [wrap(paint('bold', `FOUND: ${groupsWords(rest)}, worst first`)), ...detailed(rest, page)];
  const hint = full ? '' : '; --full prints the details';
  const heading = wrap(paint('bold', `KNOWN: ${groupsWords(rest)}${hint}`));
  return [heading, ...(full ? detailed(rest, page) : rest.map((group) => oneLiner(group, page)))];
}

/** Lines that open findings may take unless everything is requested, and how many credentials have details in any case. */
const LINES = 105;
const LEAST = 5;

/** As many of the worst credentials with details as there is room for; the others take one line each. */
function detailed(groups: readonly FindingGroup[], page: Layout): string[] {
  const { full, paint, wrap } = page;
  const blocks: string[] = [];
  let room = LINES - groups.length;
  for (const group of groups) {
    const block = details(group, page);
    room -= block.split('\n').length - 1;
    if (!full && room < 0 && blocks.length >= LEAST) break;
    blocks.push(block);
  }
  const others = groups.slice(blocks.length);
  // Long blocks are easier to tell apart.
  if (others.length === 0) return [blocks.join(full ? '\n\n' : '\n')];
  const heading = `${number(others.length)} more, one line each; --full prints the details`;
  return [...blocks, '', wrap(paint('bold', heading)), ...others.map((group) => oneLiner(group, page))];
}

/** `high  nightly export (Jo Doe): no-expiry, unused`. */
function oneLiner({ credential, severity, findings }: FindingGroup, { paint, beside }: Layout): string {
  const name = paint('bold', safe(credentialName(credential), NAME));
  const owner = credential ? ` (${safe(ownerName(credential.owner) ?? 'owner not known', NAME)})` : '';
  const rules = findings.map(({ rule }) => safe(rule)).join(', ');
  return beside(severity, severity, `${name}${owner}: ${rules}`, 0, 1);
}

/** A headline, one line a rule, and the fix where rules share it. */
function details({ credential, severity, findings }: FindingGroup, page: Layout): string {
  const { full, paint, wrap, beside } = page;
  const about = full && credential ? [`${credential.id} · ${datesOf(credential, page.report.run.asOf)}`] : [];
  return [
    beside(severity.toUpperCase(), severity, headline(credential, findings, page)),
    ...about.map((line) => wrap(paint('dim', safe(line)), 2)),
    ...findings.flatMap((finding) => [
      beside(finding.severity, finding.severity, ruleWords(finding, page), 2, full ? undefined : ENTRY),
      ...[...fixOf(finding, findings, page), ...pageOf(finding, page)].map((line) =>
        beside('', 'dim', line, 2),
      ),
    ]),
  ].join('\n');
}

function headline(
  credential: FindingGroup['credential'],
  findings: FindingGroup['findings'],
  { full, paint }: Layout,
): string {
  const name = paint('bold', safe(credentialName(credential), NAME));
  if (!credential) return `${name} (${safe(findings[0]?.fingerprint.slice(0, 12) ?? '')})`;
  const { kind, self, owner } = credential;
  const person = full ? ownerWords(owner) : (ownerName(owner) ?? 'not known');
  const notes = self ? ', runs this audit' : '';
  return `${name} (${safe(kindName(kind))}${notes}), owner ${safe(person, 3 * NAME)}`;
}

/** `no-expiry (reopened): never expires: replace it with one that does`. */
function ruleWords(finding: Finding, { paint, context }: Layout): string {
  const { rule, message } = finding;
  return `${paint('bold', safe(rule))}${safe(marksOf(finding, context))}: ${safe(message)}`;
}

/**
 * After the last of the rules that share it. Messages end with the next step, so the fix of one rule is there only if
 * everything is requested.
 */
function fixOf(finding: Finding, findings: readonly Finding[], { full, paint }: Layout): string[] {
  const shared = findings.filter(({ fix }) => fix === finding.fix);
  if (finding !== shared.at(-1) || (shared.length === 1 && !full)) return [];
  const rules = shared.length > 1 ? ` (${shared.map(({ rule }) => safe(rule)).join(', ')})` : '';
  return [`${paint('dim', `Fix${rules}:`)} ${safe(finding.fix)}`];
}

function pageOf({ rule }: Finding, { report, full, paint, context }: Layout): string[] {
  if (!full) return [];
  const controls = controlsOf(report, rule).map(({ standard, ids }) => `${standard} ${ids.join(', ')}`);
  return [
    ...(controls.length > 0 ? [`Controls: ${controls.join('; ')}`] : []),
    rulePageAddress(rule, context),
  ].map((line) => paint('dim', safe(line)));
}

function unknownSection({ unknown }: ReportView, { paint, wrap }: Layout): string[] {
  if (unknown.length === 0) return [];
  const lines = unknownGroups(unknown).flatMap(({ rule, reason, fix, count: checks, examples }) => {
    const ids = [...examples.map((id) => safe(id, NAME)), ...(checks > examples.length ? ['…'] : [])];
    return [
      wrap(`${paint('bold', safe(rule))}: ${count(checks, 'credential')} (${ids.join(', ')})`, 2),
      wrap(safe(reason), 4),
      wrap(`${paint('dim', 'Fix:')} ${safe(fix)}`, 4),
    ];
  });
  return [paint('bold', `UNKNOWN: ${count(unknown.length, 'check')}`), ...lines];
}

function waivedSection({ waived }: ReportView, { full, paint, wrap, beside }: Layout): string[] {
  if (waived.length === 0) return [];
  const lines = waived.flatMap(({ rule, severity, credential, message, waiver }) => {
    const { reason = '', approvedBy = '', expires = '' } = waiver ?? {};
    const until = safe(`waived until ${expires} by ${approvedBy}: ${reason}`);
    const name = paint('bold', safe(credentialName(credential), NAME));
    if (!full) return [beside(severity, severity, `${name}: ${safe(rule)}, ${until}`, 0, 1)];
    const id = credential ? ` (${safe(kindName(credential.kind))} ${safe(credential.id)})` : '';
    return [
      beside(severity, severity, `${name}${id}`),
      wrap(`${safe(rule)}: ${safe(message)}`, 2),
      wrap(paint('dim', until), 2),
    ];
  });
  return [paint('bold', `WAIVED: ${count(waived.length, 'finding')}`), ...lines];
}

function coverageSection(report: Report, { paint, wrap }: Layout): string[] {
  const { sources, notes } = report.coverage;
  const isDetailed = sources.length > 1 || sources.some(({ deleted, note }) => deleted > 0 || note);
  const lines = [
    ...waysLines(report),
    ...(isDetailed ? sources.map(sourceLine) : []),
    ...notes.map((note) => `Note: ${note}`),
  ];
  if (lines.length === 0) return [];
  return [paint('bold', 'COVERAGE'), ...lines.map((line) => wrap(safe(line), 2))];
}

/** Short enough to fit on one screen at the end. */
function summarySection(view: ReportView, report: Report, page: Layout): string[] {
  const { paint, wrap, beside } = page;
  const entries = view.fixFirst.map((group) => {
    const { credential, severity, findings } = group;
    const name = paint('bold', safe(nameToFix(group, view), 2 * NAME));
    const owner = safe(ownerName(credential.owner) ?? 'owner not known', NAME);
    return beside(severity, severity, `${name} (${owner}): ${safe(findings[0]?.message ?? '')}`, 2, ENTRY);
  });
  const steps = nextSteps(report, view);
  return [
    wrap(paint('bold', safe(`Summary: ${summaryLine(report, moreSevereIn(report, page.context))}`))),
    ...(entries.length > 0 ? [paint('bold', 'Fix first:'), ...entries] : []),
    ...steps.map(({ what, about }) =>
      wrap(what === undefined ? safe(about) : `${paint('bold', safe(what))}: ${safe(about)}`),
    ),
  ];
}
