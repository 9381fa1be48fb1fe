import { jsonForHtml, webAddress } from '../escape.js';
import type { Reporter } from '../reporter.js';
import { count } from '../words.js';
import { bars, gather } from './charts/bars.js';
import { legend } from './charts/mark.js';
import { scatter } from './charts/scatter.js';
import { timeline } from './charts/timeline.js';
import { worstFindings } from './charts/worst.js';
import { coverage } from './coverage.js';
import { filters } from './filters.js';
import { headline, pageTitle } from './headline.js';
import { Markup, markup, type Part } from './markup.js';
import { page } from './page.js';
import { readable } from './readable.js';
import { resolved } from './resolved.js';
import { emptyRow, ON_A_WAIVER } from './row.js';
import { findingsTable } from './table.js';
import { viewOf } from './view.js';

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
