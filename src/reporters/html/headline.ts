import type { Severity } from '../../contract/index.js';
import type { Report } from '../../engine/report.js';
import type { ReporterContext } from '../reporter.js';
import { configurationWords, count, gaps, kindsWord, MOST_SEVERE_FIRST, number } from '../words.js';
import { type Markup, markup } from './markup.js';
import { readable } from './readable.js';
import { minute } from './wording.js';

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
  const absent = sources.filter(({ status }) => status !== 'complete').map(({ kind }) => kindsWord(kind));
  const seen = sources.length - absent.length;
  const text = `Complete: ${count(seen, 'source')} seen whole${absent.length > 0 ? `, but not available: ${absent.join(', ')}` : ''}.`;
  return markup`<p class="meta">${readable(text, 300)} <a href="#coverage">Coverage${notes.length > 0 && ` and ${count(notes.length, 'note')}`}</a></p>`;
}

function tiles({ findings, summary, resolved }: Report): Markup {
  const { bySeverity, waived, unknown } = summary;
  // Without a state nothing is new or known, and zeros would say that something was compared.
  const compared =
    resolved.length > 0 || findings.some(({ status }) => status !== null && status !== 'waived');
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
