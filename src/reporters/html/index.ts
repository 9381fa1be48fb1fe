import { kindName } from '../../contract/index.js';
import { MOST_SEVERE_FIRST, type Report, type SourceCoverage } from '../../engine/report.js';
import { jsonForHtml, webAddress } from '../escape.js';
import { type Reporter, type ReporterContext, rulePageAddress } from '../reporter.js';
import { findingsIn, moreSevereIn, resolvedIn, unknownGroups, viewOf } from '../view.js';
import { configurationWords, count, credentialName, gaps, minute, number, waysLines } from '../words.js';
import { CLIENT_SCRIPT } from './client-script.js';
import { type CredentialData, pageData } from './data.js';
import { Markup, markup, type Part, page, readable, table } from './markup.js';
import { badge, card, dateCharts, explorer, filterLink, ownerChart, ruleList } from './overview.js';

type View = ReturnType<typeof viewOf>;

/**
 * One self-contained page to forward: what is new, what to fix first, rules, credentials, coverage.
 *
 * Opens from disk and requests nothing from the network. Without scripts it shows the same, but not all credentials.
 */
export const html: Reporter = (report, context) => {
  const view = viewOf(report, context);
  const { data, cardOf } = pageData(report, view.open, context);
  const cards = (credentials: readonly CredentialData[]) => credentials.map((one) => card(one, data));
  const charts = [ownerChart(report), ...dateCharts(report)].filter((chart) => chart !== false);
  const body = markup`${data.credentials.length > 0 && markup`<a class="skip" href="#credentials">Skip to the credentials</a>`}
<main>
${headline(report, view, context)}
${section('news', 'New', news(view, view.news.slice(0, NEWS).map(cardOf), cards))}
${section('resolved', 'Resolved', view.resolved.length > 0 && resolvedFindings(view))}
${section('fix-first', 'Fix first', view.fixFirst.length > 0 && cards(view.fixFirst.map(cardOf)))}
${section('rules', 'By rule', ruleList(report, context))}
${section('charts', 'At a glance', charts.length > 0 && markup`<div class="charts">${charts}</div>`)}
${section('credentials', 'By credential', data.credentials.length > 0 && explorer(data, view.hasMemory))}
${section('unknown', `Unknown (${number(view.unknown.length)})`, view.unknown.length > 0 && unknownOutcomes(view, context))}
${section('waived', `Waived (${number(view.waived.length)})`, view.waived.length > 0 && waivedFindings(view))}
${section('coverage', 'Coverage', coverage(report))}
</main>
${footer(report, context)}
<script type="application/json" id="report-data">${new Markup(jsonForHtml(data))}</script>`;
  return page(pageTitle(report), body, CLIENT_SCRIPT);
};

/** Nothing where there is nothing to show. */
function section(id: string, title: string, content: Part): Markup | false {
  return (
    content !== false &&
    markup`<section aria-labelledby="${id}"><h2 id="${id}" tabindex="-1">${title}</h2>
${content}
</section>`
  );
}

/** For the browser's tab, and for whoever forwards the file. */
function pageTitle({ run, coverage, summary }: Report): string {
  const start = coverage.complete ? '' : 'INCOMPLETE: ';
  return `${start}${count(summary.findings, 'finding')} – ${readable(run.tenant, 120) || 'exported credentials'} – ${minute(run.asOf)}`;
}

const SCOPES: Record<Report['run']['scope'], string> = {
  mine: 'what the auditing account may read (scope: mine)',
  tenant: 'the whole tenant (scope: tenant)',
  file: 'an exported list (scope: file)',
};

function headline(report: Report, view: View, context: ReporterContext): Markup {
  const affected = view.open.filter(({ credential }) => credential !== null).length;
  const { run, coverage, summary } = report;
  return markup`<header class="top">
<p class="kicker">API credential audit</p>
<h1><bdi>${readable(run.tenant, 200) || 'Exported credentials'}</bdi></h1>
<p class="meta">As of <time datetime="${readable(run.asOf, 40)}">${minute(run.asOf)}</time> · ${SCOPES[run.scope]} · ${count(summary.credentials, 'credential')} audited${readable(configurationWords(context), 1000)}</p>
</header>
${!coverage.complete && alarm(report)}
<p class="verdict ${state(report)}">${verdict(report, affected)}</p>
${coverage.complete && completeLine(report)}
${totals(report, view, context)}`;
}

function alarm(report: Report): Markup {
  return markup`<section class="alarm" aria-labelledby="alarm">
<h2 id="alarm"><span aria-hidden="true">⚠ </span>Incomplete audit: this report does not show everything</h2>
<p>This report covers only what could be read; the missing part may hold worse findings. See <a href="#coverage">coverage</a>.</p>
<ul>${gaps(report).map((gap) => markup`<li><bdi>${readable(gap, 1000)}</bdi></li>`)}</ul>
</section>`;
}

function state({ coverage, summary }: Report): 'incomplete' | 'open' | 'clean' {
  if (!coverage.complete) return 'incomplete';
  const clean =
    summary.findings === 0 &&
    summary.credentials > 0 &&
    summary.unknown === 0 &&
    coverage.sources.every(({ status }) => status === 'complete');
  return clean ? 'clean' : 'open';
}

/** The report in one sentence, which never reads as clean if something, or everything, was not read. */
function verdict({ coverage, summary }: Report, affected: number): string {
  const { findings, credentials, bySeverity } = summary;
  if (findings > 0) {
    const worst = MOST_SEVERE_FIRST.filter((severity) => bySeverity[severity] > 0)
      .slice(0, 2)
      .map((severity) => `${number(bySeverity[severity])} ${severity}`);
    return `${count(findings, 'finding')}${coverage.complete ? '' : ' so far'} on ${number(affected)} of ${count(credentials, 'credential')}: ${worst.join(' and ')}.`;
  }
  if (!coverage.complete) return 'No findings so far; the audit is incomplete.';
  if (credentials === 0) return 'There were no credentials to audit.';
  return `No findings on ${count(credentials, 'credential')}.`;
}

/** A complete audit may lack an optional source that the tenant does not offer. */
function completeLine({ coverage: { sources, notes } }: Report): Markup {
  const absent = sources.filter(({ status }) => status !== 'complete').map(({ kind }) => kindName(kind, 2));
  const read = count(sources.length - absent.length, 'source');
  const text = `Complete: ${read} read in full${absent.length > 0 ? `, not available: ${absent.join(', ')}` : ''}.`;
  return markup`<p class="meta">${readable(text, 300)} <a href="#coverage">Coverage${notes.length > 0 && ` and ${count(notes.length, 'note')}`}</a></p>`;
}

function totals(report: Report, view: View, context: ReporterContext): Markup {
  const { summary } = report;
  const { hasMemory, news, unknown, waived } = view;
  const moreSevere = moreSevereIn(report, context);
  const compared = [
    [findingsIn(news) - moreSevere, 'new', '#news'],
    ...(moreSevere > 0 ? ([[moreSevere, 'more severe', '#news']] as const) : []),
    [resolvedIn(view), 'resolved', '#resolved'],
  ] as const;
  const others = [
    // Without a memory nothing is new, and zeros would look like the result of a comparison.
    ...(hasMemory ? compared : []),
    [unknown.length, 'unknown', '#unknown'],
    [waived.length, 'waived', '#waived'],
  ] as const;
  return markup`<ul class="tiles" aria-label="Findings by severity">${MOST_SEVERE_FIRST.map((severity) => {
    const text = markup`<b>${number(summary.bySeverity[severity])}</b> ${severity}`;
    return summary.bySeverity[severity] === 0
      ? markup`<li class="tile zero"><span>${text}</span></li>`
      : markup`<li class="tile ${severity}">${filterLink({ severity }, text)}</li>`;
  })}</ul>
<ul class="others" aria-label="Other counts">${others.map(([items, label, address]) => {
    const text = markup`<b>${number(items)}</b> ${label}`;
    return markup`<li>${items === 0 ? text : markup`<a href="${address}">${text}</a>`}</li>`;
  })}</ul>`;
}

/** More would push what to fix first out of sight. */
const NEWS = 10;

function news(
  { hasMemory, news: all }: View,
  shown: readonly CredentialData[],
  cards: (credentials: readonly CredentialData[]) => readonly Markup[],
): Part {
  if (!hasMemory) return false;
  if (all.length === 0) return markup`<p class="note">Nothing new.</p>`;
  return [
    cards(shown),
    all.length > NEWS &&
      markup`<p>${filterLink({ status: 'new' }, `Show all ${number(all.length)} credentials with new findings`)}</p>`,
  ];
}

/** The count says it; these are examples. */
const RESOLVED = 100;

function resolvedFindings({ resolved }: View): Markup {
  const items = resolved
    .slice(0, RESOLVED)
    .map(
      ({ kind, id, name, rules }) =>
        markup`<li><bdi>${readable(name ?? id, 200)}</bdi> <span class="note">(${readable(kindName(kind), 100)})</span> ${rules.map((rule) => markup`<code>${readable(rule, 100)}</code> `)}</li>`,
    );
  const more = resolved.length - items.length;
  return markup`<ul class="plain card">${items}${more > 0 && markup`<li class="note">and ${number(more)} more</li>`}</ul>`;
}

function unknownOutcomes({ unknown }: View, context: ReporterContext): Markup {
  return markup`<p class="note">These checks need facts that could not be read. They are neither passed nor failed.</p>
${table(
  ['Rule', 'Checks', 'For example', 'Fix', 'Reason'],
  unknownGroups(unknown).map(({ rule, count: checks, reason, fix, examples }) => [
    ruleLink(rule, context),
    checks,
    markup`<bdi>${readable(examples.join(', '), 300)}</bdi>`,
    readable(fix, 1000),
    markup`<bdi>${readable(reason, 1000)}</bdi>`,
  ]),
)}`;
}

function ruleLink(rule: string, context: ReporterContext): Markup {
  return markup`<a href="${rulePageAddress(rule, context)}" rel="noopener noreferrer">${readable(rule, 100)}</a>`;
}

/** The JSON report has all of them. */
const WAIVED = 200;

function waivedFindings({ waived }: View): Markup {
  return markup`<p class="note">Accepted until a date, and not counted above.${waived.length > WAIVED && ` These are the first ${WAIVED}; the JSON report has all.`}</p>
${table(
  ['Credential', 'Severity', 'Rule', 'Finding', 'Waiver'],
  waived
    .slice(0, WAIVED)
    .map(({ credential, severity, rule, message, waiver }) => [
      markup`<bdi>${readable(credentialName(credential), 200)}</bdi>`,
      badge(severity),
      readable(rule, 100),
      readable(message, 1000),
      waiver &&
        markup`Until ${readable(waiver.expires, 40)} by <bdi>${readable(waiver.approvedBy, 200)}</bdi>: <bdi>${readable(waiver.reason, 500)}</bdi>`,
    ]),
)}`;
}

const READ: Record<SourceCoverage['status'], string> = {
  complete: 'in full',
  partial: 'in part',
  unavailable: 'not at all',
};

/** What was read, and what could not be. */
function coverage(report: Report): Markup {
  const { complete, sources, notes, ledger = [] } = report.coverage;
  const full = sources.filter(({ status }) => status === 'complete').length;
  const rows = sources.map(({ kind, status, credentials, deleted, pages, note }) => [
    readable(kindName(kind, 2), 100),
    markup`<span class="read ${status}">${READ[status]}</span>`,
    credentials,
    deleted,
    pages,
    note && markup`<bdi>${readable(note, 1000)}</bdi>`,
  ]);
  const unread = ledger
    .filter(({ status }) => status === 'not-coverable')
    .map(({ way, reason }) => markup`<li>${readable(`${way}: ${reason}.`, 1000)}</li>`);
  return markup`<p class="note">${complete ? 'Complete' : 'Incomplete'}: ${number(full)} of ${count(sources.length, 'source')} read in full.</p>
${table(['Source', 'Read', 'Checked', 'Deleted, skipped', 'Pages', 'Note'], rows)}
${waysLines(report).map((line) => markup`<p class="note">${readable(line, 1000)}.</p>`)}
${unread.length > 0 && markup`<ul class="notes">${unread}</ul>`}
${notes.length > 0 && markup`<h3>Notes</h3><ul class="notes">${notes.map((note) => markup`<li><bdi>${readable(note, 1000)}</bdi></li>`)}</ul>`}`;
}

function footer({ tool, run }: Report, { runUrl = '' }: ReporterContext): Markup {
  const address = webAddress(runUrl);
  return markup`<footer><p>Written by ${readable(tool.name, 60)} ${readable(tool.version, 60)}, ${readable(run.finishedAt, 40)}.${
    address && markup` <a href="${address}" rel="noopener noreferrer">The run that wrote it</a>.`
  } Share it with care: it names credentials, owners and networks.</p></footer>`;
}
