import { createHash } from 'node:crypto';
import { kindName, type Severity } from '../../contract/index.js';
import { hasHistory, MOST_SEVERE_FIRST, type Report, type SourceCoverage } from '../../engine/report.js';
import { jsonForHtml, webAddress } from '../escape.js';
import type { Reporter, ReporterContext } from '../reporter.js';
import { configurationWords, count, gaps, number } from '../words.js';
import { bars, gather, legend, scatter, timeline, worstFindings } from './charts.js';
import { CLIENT_SCRIPT } from './client-script.js';
import { emptyRow, filters, findingsTable, ON_A_WAIVER, viewOf } from './findings.js';
import { Markup, markup, minute, type Part, readable } from './markup.js';
import { STYLE } from './style.js';

const SEEN: Record<SourceCoverage['status'], string> = {
  complete: 'whole',
  partial: 'in part',
  unavailable: 'not at all',
};

/** What was looked at, and what could not be. */
export function coverage({ coverage: { complete, sources, notes } }: Report): Markup {
  const whole = sources.filter(({ status }) => status === 'complete').length;
  return markup`<section class="coverage" aria-labelledby="coverage">
<h2 id="coverage">Coverage</h2>
<p class="note">${complete ? 'Complete' : 'Incomplete'}: ${number(whole)} of ${count(sources.length, 'source')} seen whole.</p>
<div class="drawing" role="region" tabindex="0" aria-labelledby="coverage"><table>
<thead><tr><th scope="col">Source</th><th scope="col">Seen</th><th scope="col" class="number">Judged</th><th scope="col" class="number">Deleted, not judged</th><th scope="col" class="number">Pages</th><th scope="col">Note</th></tr></thead>
<tbody>${sources.map(
    ({ kind, status, credentials, deleted, pages, note }) =>
      markup`<tr><th scope="row">${readable(kindName(kind, 2), 100)}</th><td><span class="seen ${status}">${SEEN[status]}</span></td><td class="number">${number(credentials)}</td><td class="number">${number(deleted)}</td><td class="number">${number(pages)}</td><td><bdi>${readable(note ?? '', 1000)}</bdi></td></tr>`,
  )}</tbody></table></div>
${notes.length > 0 && markup`<h3>Notes</h3><ul class="notes">${notes.map((note) => markup`<li><bdi>${readable(note, 1000)}</bdi></li>`)}</ul>`}
</section>`;
}

const SCOPES: Record<Report['run']['scope'], string> = {
  mine: 'what the auditing account may read (scope: mine)',
  tenant: 'the whole tenant (scope: tenant)',
  file: 'an exported list (scope: file)',
};

/**
 * The report in one sentence. Never reads as clean where something was not seen, or nothing was.
 *
 * @param affected how many credentials have a finding.
 */
export function verdict({ coverage, summary }: Report, affected: number): string {
  const { findings, credentials, bySeverity } = summary;
  if (findings > 0) {
    const worst = MOST_SEVERE_FIRST.filter((severity) => bySeverity[severity] > 0).slice(0, 2);
    return `${count(findings, 'finding')} on ${number(affected)} of ${count(credentials, 'credential')}: ${worst
      .map((severity) => `${number(bySeverity[severity])} ${severity}`)
      .join(' and ')}.`;
  }
  if (!coverage.complete) return `No finding in what could be seen, but not everything was seen.`;
  if (credentials === 0) return `No credential was there to judge.`;
  return `No finding on ${count(credentials, 'credential')}.`;
}

/** Checks without an answer are no findings, and no passes either. */
function undecided({ summary: { unknown } }: Report): Markup | false {
  return (
    unknown > 0 &&
    markup`<p class="undecided">${count(unknown, 'check')} could not tell: listed among the findings, with the reason.</p>`
  );
}

/** For the browser's tab and whoever forwards the file. */
export function pageTitle(report: Report): string {
  const start = report.coverage.complete ? '' : 'INCOMPLETE: ';
  return `${start}${count(report.summary.findings, 'finding')} – ${readable(report.run.tenant, 120) || 'exported credentials'} – ${minute(report.run.asOf)}`;
}

export function headline(report: Report, affected: number, context: ReporterContext): Markup {
  const { run, coverage, summary } = report;
  const state = !coverage.complete
    ? 'incomplete'
    : summary.findings === 0 &&
        summary.credentials > 0 &&
        summary.unknown === 0 &&
        coverage.sources.every(({ status }) => status === 'complete')
      ? 'clean'
      : 'open';
  return markup`<header class="top">
<p class="kicker">API credential audit</p>
<h1><bdi>${readable(run.tenant, 200) || 'Exported credentials'}</bdi></h1>
<p class="meta">As of <time datetime="${readable(run.asOf, 40)}">${minute(run.asOf)}</time> · ${SCOPES[run.scope]} · ${count(summary.credentials, 'credential')} judged${readable(configurationWords(context), 1000)}</p>
</header>
${!coverage.complete && alarm(report)}
<p class="verdict ${state}">${verdict(report, affected)}</p>
${undecided(report)}
${coverage.complete && seenWhole(report)}
${tiles(report)}`;
}

function tile(severity: Severity, findings: number): Markup {
  const text = markup`<b>${number(findings)}</b> ${severity}`;
  return findings === 0
    ? markup`<p>${text}</p>`
    : markup`<a href="#findings" data-filter="severity" data-value="${severity}">${text}</a>`;
}

function alarm(report: Report): Markup {
  return markup`<section class="alarm" aria-labelledby="alarm">
<h2 id="alarm"><span aria-hidden="true">⚠ </span>Incomplete audit: this report does not show everything</h2>
<p>What follows is what could be seen. Whatever is missing may be the worst of it. See <a href="#coverage">coverage</a>.</p>
<ul>${gaps(report).map((gap) => markup`<li><bdi>${readable(gap, 1000)}</bdi></li>`)}</ul>
</section>`;
}

/** A complete audit may still lack a source that the tenant does not offer and nobody asked for by name. */
function seenWhole({ coverage: { sources, notes } }: Report): Markup {
  const absent = sources.filter(({ status }) => status !== 'complete').map(({ kind }) => kindName(kind, 2));
  const seen = sources.length - absent.length;
  const text = `Complete: ${count(seen, 'source')} seen whole${absent.length > 0 ? `, but not available: ${absent.join(', ')}` : ''}.`;
  return markup`<p class="meta">${readable(text, 300)} <a href="#coverage">Coverage${notes.length > 0 && ` and ${count(notes.length, 'note')}`}</a></p>`;
}

function tiles(report: Report): Markup {
  const { summary } = report;
  const { bySeverity, waived, unknown } = summary;
  // Without a state nothing is new or known, and zeros would say that something was compared.
  const compared = hasHistory(report);
  const others = [
    ...(compared
      ? [
          {
            count: summary.new,
            label: 'new since the last run',
            href: '#findings',
            filter: 'status',
            value: 'new',
          },
          {
            count: summary.known,
            label: 'known before',
            href: '#findings',
            filter: 'status',
            value: 'known',
          },
          { count: summary.resolved, label: 'resolved', href: '#resolved' },
        ]
      : []),
    { count: unknown, label: 'could not tell', href: '#findings', filter: 'severity', value: 'unknown' },
    { count: waived, label: 'waived', href: '#waived' },
  ];
  return markup`<ul class="tiles" aria-label="Findings by severity">${MOST_SEVERE_FIRST.map(
    (severity) =>
      markup`<li class="tile ${severity}${bySeverity[severity] === 0 && ' zero'}">${tile(severity, bySeverity[severity])}</li>`,
  )}</ul>
<ul class="others" aria-label="Other counts">${others.map(({ count, label, href, filter, value }) => {
    const text = markup`<b>${number(count)}</b> ${label}`;
    if (count === 0) return markup`<li>${text}</li>`;
    return filter
      ? markup`<li><a href="${href}" data-filter="${filter}" data-value="${value}">${text}</a></li>`
      : markup`<li><a href="${href}">${text}</a></li>`;
  })}</ul>`;
}

/**
 * Nothing may load, be sent or run but the script and the style below, each known by its hash. Text that became markup
 * in spite of everything could still do nothing; and the script itself cannot turn text into markup.
 */
const POLICY = [
  "default-src 'none'",
  `script-src ${hash(CLIENT_SCRIPT)}`,
  `style-src ${hash(STYLE)}`,
  'img-src data:',
  "base-uri 'none'",
  "form-action 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ');

/** The page around its body. */
export function page(title: string, body: Markup): string {
  return `${
    markup`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${new Markup(POLICY)}">
<meta name="referrer" content="no-referrer">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<link rel="icon" href="data:,">
<style>${new Markup(STYLE)}</style>
</head>
<body>
${body}
<script>${new Markup(CLIENT_SCRIPT)}</script>
</body>
</html>
`.html
  }`;
}

function hash(text: string): string {
  return `'sha256-${createHash('sha256').update(text, 'utf8').digest('base64')}'`;
}

/** Good news needs no table of its own: the count says it, these are the examples. */
const LISTED = 100;

export function resolved({ resolved }: Report): Markup {
  if (resolved.length === 0) return markup``;
  return markup`<section aria-labelledby="resolved">
<h2 id="resolved" tabindex="-1">Resolved since the last run</h2>
<p class="note">${number(resolved.length)} found by the last run and no longer there.${resolved.length > LISTED && ` The first ${LISTED}:`}</p>
<ul class="notes">${resolved
    .slice(0, LISTED)
    .map(
      ({ rule, credential }) =>
        markup`<li><code>${readable(rule, 100)}</code> on <bdi>${readable(credential.name ?? credential.id, 200)}</bdi></li>`,
    )}</ul>
</section>`;
}

/**
 * One self-contained page to forward: headline, coverage, charts, and a table of findings with search and filters.
 *
 * Opens from disk, asks the network for nothing, and says the same without scripts, only shorter.
 */
export const html: Reporter = (report, context) => {
  const view = viewOf(report, context);
  const worst = worstFindings(report);
  const runUrl = context.runUrl === undefined ? undefined : webAddress(context.runUrl);
  const body: Part = markup`<a class="skip" href="#findings">Skip to the findings</a>
<main>
${headline(report, worst.size, context)}
<section aria-labelledby="charts"><h2 id="charts" class="unseen">Charts</h2>
${legend()}
<div class="charts"><div>
${timeline(report, worst)}
${bars({
  id: 'by-rule',
  title: 'Findings by rule',
  column: 'Rule',
  filter: 'rule',
  most: 25,
  bars: gather(
    view.findings,
    ({ rule }) => rule,
    (rule) => {
      const { id = '', title = '' } = view.rules[rule] ?? {};
      return { label: id, detail: title === id ? '' : title, value: id };
    },
  ),
})}
</div><div>
${scatter(report, worst)}
${bars({
  id: 'by-owner',
  title: 'Findings by owner',
  column: 'Owner',
  filter: 'owner',
  most: 12,
  bars: gather(
    view.findings,
    ({ credential }) => view.credentials[credential]?.owner ?? -1,
    (owner) => {
      const { label = ON_A_WAIVER, name = ON_A_WAIVER, detail = '' } = view.owners[owner] ?? {};
      return { label: name, detail, value: label };
    },
  ),
})}
</div></div></section>
<section aria-labelledby="findings"><h2 id="findings" tabindex="-1">Findings</h2>
${view.findings.length === 0 ? markup`<p class="note">None.</p>` : markup`${filters(view)}${findingsTable('open', 'Findings', view.findings, view)}`}
</section>
${
  view.waived.length > 0 &&
  markup`<section aria-labelledby="waived"><h2 id="waived" tabindex="-1">Waived</h2>
<p class="note">${count(view.waived.length, 'finding')} accepted for a time, not counted above.</p>
${findingsTable('accepted', 'Waived findings', view.waived, view)}</section>`
}
${resolved(report)}
${coverage(report)}
</main>
<footer><p>Written by ${readable(report.tool.name, 60)} ${readable(report.tool.version, 60)}, ${readable(report.run.finishedAt, 40)}.${
    runUrl !== undefined && markup` <a href="${runUrl}" rel="noopener noreferrer">The run that wrote it</a>.`
  } It names credentials, owners and networks: share it accordingly.</p></footer>
<template id="row"><table><tbody>${emptyRow()}</tbody></table></template>
<script type="application/json" id="report-data">${new Markup(
    jsonForHtml({
      ...view,
      onAWaiver: ON_A_WAIVER,
      gone: report.resolved.map(({ fingerprint }) => fingerprint),
    }),
  )}</script>`;
  return page(pageTitle(report), body);
};
