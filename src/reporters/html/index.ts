import { kindName, type Severity } from '../../contract/index.js';
import { hasHistory, MOST_SEVERE_FIRST, type Report, type SourceCoverage } from '../../engine/report.js';
import { jsonForHtml, webAddress } from '../escape.js';
import type { Reporter, ReporterContext } from '../reporter.js';
import { configurationWords, count, gaps, minute, number } from '../words.js';
import { bars, gather, legend, scatter, timeline, worstFindings } from './charts.js';
import { CLIENT_SCRIPT } from './client-script.js';
import { type PageData, pageData } from './data.js';
import { filters, findingsTable, row } from './findings.js';
import { Markup, markup, readable, table } from './markup.js';
import { page } from './page.js';

/**
 * One self-contained page to forward: headline, charts, findings with search and filters, coverage.
 *
 * Opens from disk, requests nothing from the network, and shows the same without scripts, only less of it.
 */
export const html: Reporter = (report, context) => {
  const data = pageData(report, context);
  const worst = worstFindings(report);
  const body = markup`<a class="skip" href="#findings">Skip to the findings</a>
<main>
${headline(report, worst.size, context)}
<section aria-labelledby="charts"><h2 id="charts" class="unseen">Charts</h2>
${legend()}
<div class="charts"><div>
${timeline(report, worst)}
${findingsByRule(data)}
</div><div>
${scatter(report, worst)}
${findingsByOwner(data)}
</div></div></section>
<section aria-labelledby="findings"><h2 id="findings" tabindex="-1">Findings</h2>
${data.findings.length === 0 ? markup`<p class="note">None.</p>` : [filters(data), findingsTable('open', 'Findings', data.findings, data)]}
</section>
${
  data.waived.length > 0 &&
  markup`<section aria-labelledby="waived"><h2 id="waived" tabindex="-1">Waived</h2>
<p class="note">${count(data.waived.length, 'finding')} accepted until a date, not counted above.</p>
${findingsTable('accepted', 'Waived findings', data.waived, data)}</section>`
}
${resolvedFindings(report)}
${coverage(report)}
</main>
${footer(report, context)}
<template id="row"><table><tbody>${row(undefined, data)}</tbody></table></template>
<script type="application/json" id="report-data">${new Markup(jsonForHtml(data))}</script>`;
  return page(pageTitle(report), body, CLIENT_SCRIPT);
};

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

/** @param affected how many credentials have an open finding. */
function headline(report: Report, affected: number, context: ReporterContext): Markup {
  const { run, coverage, summary } = report;
  return markup`<header class="top">
<p class="kicker">API credential audit</p>
<h1><bdi>${readable(run.tenant, 200) || 'Exported credentials'}</bdi></h1>
<p class="meta">As of <time datetime="${readable(run.asOf, 40)}">${minute(run.asOf)}</time> · ${SCOPES[run.scope]} · ${count(summary.credentials, 'credential')} audited${readable(configurationWords(context), 1000)}</p>
</header>
${!coverage.complete && alarm(report)}
<p class="verdict ${state(report)}">${verdict(report, affected)}</p>
${summary.unknown > 0 && markup`<p class="undecided">Unknown: ${count(summary.unknown, 'check')}, listed among the findings with the reason.</p>`}
${coverage.complete && completeLine(report)}
${tiles(report)}`;
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
    return `${count(findings, 'finding')} on ${number(affected)} of ${count(credentials, 'credential')}: ${worst.join(' and ')}.`;
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

interface Total {
  readonly count: number;
  readonly label: string;
  readonly href: string;
  /** What the findings' filters are set to when it is followed. */
  readonly filter?: readonly [name: 'severity' | 'status', value: Severity | 'unknown' | 'new' | 'known'];
}

function tiles(report: Report): Markup {
  const { waived, unknown, bySeverity, ...summary } = report.summary;
  // Without a state nothing is new or known, and zeros would look like the result of a comparison.
  const compared: readonly Total[] = hasHistory(report)
    ? [
        {
          count: summary.new,
          label: 'new since the last run',
          href: '#findings',
          filter: ['status', 'new'],
        },
        { count: summary.known, label: 'known before', href: '#findings', filter: ['status', 'known'] },
        { count: summary.resolved, label: 'resolved', href: '#resolved' },
      ]
    : [];
  const others: readonly Total[] = [
    ...compared,
    { count: unknown, label: 'unknown', href: '#findings', filter: ['severity', 'unknown'] },
    { count: waived, label: 'waived', href: '#waived' },
  ];
  return markup`<ul class="tiles" aria-label="Findings by severity">${MOST_SEVERE_FIRST.map((severity) => {
    const findings = bySeverity[severity];
    return markup`<li class="tile ${severity}${findings === 0 && ' zero'}">${linked({ count: findings, label: severity, href: '#findings', filter: ['severity', severity] })}</li>`;
  })}</ul>
<ul class="others" aria-label="Other counts">${others.map((total) => markup`<li>${linked(total)}</li>`)}</ul>`;
}

function linked({ count: items, label, href, filter }: Total): Markup {
  const text = markup`<b>${number(items)}</b> ${label}`;
  if (items === 0) return markup`<span>${text}</span>`;
  const sets = filter && markup` data-filter="${filter[0]}" data-value="${filter[1]}"`;
  return markup`<a href="${href}"${sets}>${text}</a>`;
}

function findingsByRule({ findings, rules }: PageData): Markup {
  return bars({
    id: 'by-rule',
    title: 'Findings by rule',
    column: 'Rule',
    filter: 'rule',
    most: 25,
    bars: gather(
      findings,
      ({ rule }) => rule,
      (rule) => {
        const { id = '', title = '' } = rules[rule] ?? {};
        return { label: id, detail: title === id ? '' : title, value: id };
      },
    ),
  });
}

function findingsByOwner({ findings, credentials, owners }: PageData): Markup {
  return bars({
    id: 'by-owner',
    title: 'Findings by owner',
    column: 'Owner',
    filter: 'owner',
    most: 12,
    bars: gather(
      findings,
      ({ credential }) => credentials[credential]?.owner ?? 0,
      (owner) => {
        const { label = '', name = '', detail = '' } = owners[owner] ?? {};
        return { label: name || label, detail, value: label };
      },
    ),
  });
}

/** The count says it; these are examples. */
const LISTED = 100;

function resolvedFindings({ resolved }: Report): Markup | false {
  return (
    resolved.length > 0 &&
    markup`<section aria-labelledby="resolved">
<h2 id="resolved" tabindex="-1">Resolved since the last run</h2>
<p class="note">${count(resolved.length, 'finding')} of the last run no longer found.${resolved.length > LISTED && ` The first ${LISTED}:`}</p>
<ul class="notes">${resolved
      .slice(0, LISTED)
      .map(
        ({ rule, credential }) =>
          markup`<li><code>${readable(rule, 100)}</code> on <bdi>${readable(credential.name ?? credential.id, 200)}</bdi></li>`,
      )}</ul>
</section>`
  );
}

const READ: Record<SourceCoverage['status'], string> = {
  complete: 'in full',
  partial: 'in part',
  unavailable: 'not at all',
};

/** What was read, and what could not be. */
function coverage({ coverage: { complete, sources, notes } }: Report): Markup {
  const full = sources.filter(({ status }) => status === 'complete').length;
  const rows = sources.map(({ kind, status, credentials, deleted, pages, note }) => [
    readable(kindName(kind, 2), 100),
    markup`<span class="read ${status}">${READ[status]}</span>`,
    credentials,
    deleted,
    pages,
    markup`<bdi>${readable(note ?? '', 1000)}</bdi>`,
  ]);
  return markup`<section class="coverage" aria-labelledby="coverage">
<h2 id="coverage">Coverage</h2>
<p class="note">${complete ? 'Complete' : 'Incomplete'}: ${number(full)} of ${count(sources.length, 'source')} read in full.</p>
<div class="drawing" role="region" tabindex="0" aria-labelledby="coverage">${table('', ['Source', 'Read', 'Checked', 'Deleted, skipped', 'Pages', 'Note'], rows)}</div>
${notes.length > 0 && markup`<h3>Notes</h3><ul class="notes">${notes.map((note) => markup`<li><bdi>${readable(note, 1000)}</bdi></li>`)}</ul>`}
</section>`;
}

function footer({ tool, run }: Report, { runUrl = '' }: ReporterContext): Markup {
  const address = webAddress(runUrl);
  return markup`<footer><p>Written by ${readable(tool.name, 60)} ${readable(tool.version, 60)}, ${readable(run.finishedAt, 40)}.${
    address && markup` <a href="${address}" rel="noopener noreferrer">The run that wrote it</a>.`
  } Share it with care: it names credentials, owners and networks.</p></footer>`;
}
