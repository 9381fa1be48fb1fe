import { type Finding, SEVERITIES } from '../contract/index.js';
import { type Merge, type MergeProblem, mergedCounts, openProblems } from '../engine/merge.js';
import { groupBy, isOpen, isWaived, MOST_SEVERE_FIRST, type Report } from '../engine/report.js';
import { safeMarkdown, safeText } from './escape.js';
import { ownerLabel } from './html/data.js';
import { type Markup, markup, type Part, page, readable, table } from './html/markup.js';
import { badge } from './html/overview.js';
import type { Format } from './index.js';
import { findingInOrder, jsonLists, summaryInOrder } from './json.js';
import {
  count,
  gaps,
  minute,
  number,
  ownerWords,
  severityCounts,
  subjectWords,
  summaryLine,
  tenantName,
} from './words.js';

const RENDERERS = {
  text: mergedText,
  markdown: mergedMarkdown,
  html: (merge) => [mergedHtml(merge)],
  json: mergedJson,
} satisfies Partial<Record<Format, (merge: Merge) => Iterable<string>>>;

export const MERGE_FORMATS = Object.keys(RENDERERS) as readonly (keyof typeof RENDERERS)[];

/** Renders in parts: the findings of many tenants are longer than a string may be. */
export function renderMerge(format: (typeof MERGE_FORMATS)[number], merge: Merge): Iterable<string> {
  return RENDERERS[format](merge);
}

/*
 * The wording that all formats share. Other people's text is in it as it came: each format escapes it.
 */

function problemWords({ why }: MergeProblem, { now, maxAge }: Merge): string {
  if (why.kind === 'unreadable') return why.message;
  const { report } = why;
  const asOf = `as of ${minute(report.run.asOf)}`;
  if (why.kind === 'incomplete') return `${subject(report)} is incomplete: ${gaps(report).join('; ')}.`;
  if (why.kind === 'replaced')
    return `${subject(report)} is left out: ${why.by} is of the same tenant and scope, and not older.`;
  if (why.kind === 'stale')
    return `${subject(report)} is stale: ${asOf}, ${hours(now - Date.parse(report.run.asOf))} ago (--max-age ${hours(maxAge)}).`;
  return `${subject(report)} is ${asOf}, which is in the future: check --as-of and the clock of the audit.`;
}

/** One line for each problem that makes the overview incomplete. */
export function problemLines(merge: Merge): string[] {
  return openProblems(merge).map((problem) => `  - ${problem.file}: ${problemWords(problem, merge)}`);
}

function hours(milliseconds: number): string {
  return `${Math.round(milliseconds / 360_000) / 10}h`;
}

/** Several files may be of tenants without a name. */
function scopeWords({ file, report: { run } }: Merge['reports'][number]): string {
  return run.scope === 'file' ? `file ${file}` : run.scope;
}

function subject(report: Report): string {
  return `${tenantName(report)} (${report.run.scope})`;
}

/** `INCOMPLETE: 3 problems, see below. Read: 50 reports of 50 tenants`. */
function headline(merge: Merge): string {
  const problems = openProblems(merge).length;
  const tenants = new Set(merge.reports.map(({ report }) => tenantName(report))).size;
  const read = `${count(merge.reports.length, 'report')} of ${count(tenants, 'tenant')}`;
  if (merge.reports.length === 0) return 'INCOMPLETE: no report could be read';
  return problems === 0 ? `Complete: ${read}` : `INCOMPLETE: ${count(problems, 'problem')}. Read: ${read}`;
}

/** `12 findings (2 critical, 10 high), 3 waived, 5 unknown; 2 new, 1 resolved`. */
function totals(merge: Merge): string {
  const counts = mergedCounts(merge);
  const open = SEVERITIES.reduce((sum, severity) => sum + counts[severity], 0);
  const severities = severityCounts(counts);
  const numberOf = (wanted: string) =>
    sections(merge).find(({ title }) => title === wanted)?.findings.length ?? 0;
  const [waived, unknown] = [numberOf('Waived'), numberOf('Unknown')];
  const sum = (of: 'new' | 'resolved') =>
    merge.reports.reduce((total, { report }) => total + report.summary[of], 0);
  return [
    `${count(open, 'finding')}${openProblems(merge).length > 0 ? ' so far' : ''}${severities ? ` (${severities})` : ''}`,
    ...(waived > 0 ? [`${number(waived)} waived`] : []),
    ...(unknown > 0 ? [`${number(unknown)} unknown`] : []),
    `${number(sum('new'))} new`,
    `${number(sum('resolved'))} resolved`,
  ].join(', ');
}

type Found = Merge['findings'][number];

const TITLES = ['Findings', 'Unknown', 'Waived'] as const;

/** Sections that hold something, in the order of a reader's interest. */
function sections({ findings }: Merge): { readonly title: string; readonly findings: readonly Found[] }[] {
  const titleOf = ({ finding }: Found): (typeof TITLES)[number] =>
    isWaived(finding) ? 'Waived' : isOpen(finding) ? 'Findings' : 'Unknown';
  const parts = groupBy(findings, titleOf);
  return TITLES.flatMap((title) => {
    const found = parts.get(title);
    return found ? [{ title, findings: found }] : [];
  });
}

/** Whether a report can be relied on; shown with it, and among the problems. */
function state(
  { problems }: Merge,
  file: string,
): 'complete' | 'incomplete' | 'stale' | 'dated in the future' {
  const kinds = new Set(problems.flatMap((problem) => (problem.file === file ? [problem.why.kind] : [])));
  if (kinds.has('incomplete')) return 'incomplete';
  if (kinds.has('stale')) return 'stale';
  return kinds.has('future') ? 'dated in the future' : 'complete';
}

function place(tenant: string): string {
  return tenant || 'an unnamed tenant';
}

function news({ status }: Finding): string {
  return status === 'new' || status === 'reopened' ? status : '';
}

function* mergedText(merge: Merge): Generator<string> {
  yield `${safeText(headline(merge))}\n`;
  if (merge.problems.length > 0) {
    yield '\nPROBLEMS\n';
    for (const problem of merge.problems)
      yield `  ${safeText(problem.file, 200)}: ${safeText(problemWords(problem, merge), 2000)}\n`;
  }
  if (merge.reports.length > 0) yield '\nREPORTS\n';
  for (const { file, report } of merge.reports) {
    const { summary, run } = report;
    const worth = state(merge, file);
    const marked = worth === 'complete' ? worth : worth.toUpperCase();
    yield `  ${safeText(tenantName(report), 200)} (${safeText(scopeWords({ file, report }), 200)}), as of ${minute(run.asOf)}, ${marked}: ${count(summary.credentials, 'credential')}\n`;
    yield `    ${safeText(summaryLine(report))}\n`;
  }
  for (const { title, findings } of sections(merge)) {
    yield `\n${title.toUpperCase()}: ${number(findings.length)}\n`;
    for (const { tenant, finding } of findings) {
      const { severity, credential, rule, message } = finding;
      const mark = news(finding).toUpperCase();
      yield `  ${severity} ${safeText(place(tenant), 200)}: ${safeText(subjectWords(finding), 300)}${mark && ` ${mark}`}\n`;
      yield `    ${safeText(rule, 100)}: ${safeText(message)}\n`;
      if (credential) yield `    owner ${safeText(ownerWords(credential.owner), 200)}\n`;
    }
  }
  yield `\nSummary: ${totals(merge)}\n`;
}

function* mergedMarkdown(merge: Merge): Generator<string> {
  const mark = openProblems(merge).length > 0 ? '❌' : '✅';
  yield `# API credential audit of several tenants\n\n${mark} **${safeMarkdown(headline(merge))}**\n\n${totals(merge)}.\n`;
  if (merge.problems.length > 0) {
    yield '\n## Problems\n\n';
    for (const problem of merge.problems)
      yield `- **${safeMarkdown(problem.file, 200)}**: ${safeMarkdown(problemWords(problem, merge), 2000)}\n`;
  }
  if (merge.reports.length > 0) {
    yield '\n## Reports\n\n';
    yield row(['Tenant', 'Scope', 'As of', 'State', ...MOST_SEVERE_FIRST, 'New', 'Resolved', 'Unknown']);
    yield row(Array(9 + SEVERITIES.length - 1).fill('---'));
  }
  for (const { file, report } of merge.reports) {
    const { summary, run } = report;
    yield row([
      safeMarkdown(tenantName(report), 200),
      safeMarkdown(scopeWords({ file, report }), 200),
      minute(run.asOf),
      state(merge, file),
      ...MOST_SEVERE_FIRST.map((severity) => number(summary.bySeverity[severity])),
      number(summary.new),
      number(summary.resolved),
      number(summary.unknown),
    ]);
  }
  for (const { title, findings } of sections(merge)) {
    yield `\n## ${title} (${number(findings.length)})\n\n`;
    yield row(['Severity', 'Tenant', 'Credential', 'Owner', 'Rule', 'Finding', 'Status']);
    yield row(Array(7).fill('---'));
    for (const { tenant, finding } of findings)
      yield row([
        finding.severity,
        safeMarkdown(place(tenant), 200),
        safeMarkdown(subjectWords(finding), 300),
        finding.credential ? safeMarkdown(ownerWords(finding.credential.owner), 200) : '',
        safeMarkdown(finding.rule, 100),
        safeMarkdown(finding.message),
        news(finding),
      ]);
  }
}

function row(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |\n`;
}

/** A browser shows no more rows than this without delay. */
const LISTED = 2_000;

function mergedHtml(merge: Merge): string {
  const incomplete = openProblems(merge).length > 0;
  const body = markup`<main>
<header class="top">
<p class="kicker">API credential audit</p>
<h1>${count(new Set(merge.reports.map(({ report }) => tenantName(report))).size, 'tenant')}</h1>
<p class="meta">Merged ${minute(new Date(merge.now).toISOString())}</p>
</header>
${problemsHtml(merge)}
<p class="verdict ${incomplete ? 'incomplete' : 'open'}">${totals(merge)}.</p>
${
  merge.reports.length > 0 &&
  markup`<section><h2>Reports</h2>
${table(
  ['Tenant', 'State', 'Scope', 'As of', 'Findings', 'New', 'Resolved', 'Unknown', 'Credentials'],
  merge.reports.map((one) => reportCells(one, merge)),
)}</section>`
}
${sections(merge).map(
  ({ title, findings }) =>
    markup`<section><h2>${title} (${number(findings.length)})</h2>
${table(['Tenant', 'Severity', 'Credential', 'Owner', 'Finding'], findings.slice(0, LISTED).map(findingCells))}${
  findings.length > LISTED &&
  markup`<p class="note">These are the first ${number(LISTED)} of ${number(findings.length)}. The formats json and text have all of them.</p>`
}</section>`,
)}
</main>
<footer><p>Written by c1-audit. It names credentials, owners and networks: share it with care.</p></footer>`;
  const start = incomplete ? 'INCOMPLETE: ' : '';
  return page(`${start}API credential audit of ${count(merge.reports.length, 'report')}`, body);
}

function problemsHtml(merge: Merge): Markup | false {
  const { problems } = merge;
  if (problems.length === 0) return false;
  const items = problems.map(
    (problem) =>
      markup`<li><bdi><b>${readable(problem.file, 200)}</b></bdi>: <bdi>${readable(problemWords(problem, merge), 2000)}</bdi></li>`,
  );
  const open = openProblems(merge).length > 0;
  return markup`<section class="${open ? 'alarm' : 'note'}" aria-labelledby="problems">
<h2 id="problems">${open ? 'Incomplete: this page does not show every tenant as it is now' : 'Left out'}</h2>
<ul>${items}</ul></section>`;
}

function reportCells({ file, report }: Merge['reports'][number], merge: Merge): Part[] {
  const { run, summary } = report;
  const worth = state(merge, file);
  return [
    markup`<bdi>${readable(tenantName(report), 200)}</bdi>`,
    markup`<span class="read ${worth === 'complete' ? worth : 'partial'}">${worth}</span>`,
    markup`<bdi>${readable(scopeWords({ file, report }), 200)}</bdi>`,
    minute(run.asOf),
    severityCounts(summary.bySeverity) || '0',
    summary.new,
    summary.resolved,
    summary.unknown,
    summary.credentials,
  ];
}

function findingCells({ tenant, finding }: Found): Part[] {
  const { severity, credential, rule, message } = finding;
  const status = news(finding);
  return [
    markup`<bdi>${readable(place(tenant), 200)}</bdi>`,
    markup`${badge(severity)}${status && markup` <span class="chip">${status}</span>`}`,
    markup`<bdi>${readable(subjectWords(finding), 300)}</bdi>`,
    markup`<bdi>${credential && ownerLabel(credential)}</bdi>`,
    markup`<code>${readable(rule, 100)}</code> <bdi>${readable(message, 1000)}</bdi>`,
  ];
}

/** `{schemaVersion, reports: [{tenant, scope, asOf, complete, summary, file}], findings, problems}`, an item a line. */
function* mergedJson(merge: Merge): Generator<string> {
  const reportOf = ({ file, report: { run, coverage, summary } }: Merge['reports'][number]) => ({
    tenant: run.tenant,
    scope: run.scope,
    asOf: run.asOf,
    complete: coverage.complete,
    summary: summaryInOrder(summary),
    file,
  });
  const problemOf = (one: MergeProblem) => ({ file: one.file, problem: problemWords(one, merge) });
  yield '{\n  "schemaVersion": 1,\n';
  yield* jsonLists('  ', [
    ['reports', merge.reports, reportOf],
    ['findings', merge.findings, ({ tenant, finding }: Found) => ({ ...findingInOrder(finding), tenant })],
    ['problems', merge.problems, problemOf],
  ]);
  yield '\n}\n';
}
