import { count, number } from '../words.js';
import { type Markup, markup } from './markup.js';
import { findingRow } from './row.js';
import type { FindingView, View } from './view.js';

/** Without scripts a page shows so many rows of each table; with them it pages through all. */
export const STATIC_ROWS = 50;

const COLUMNS = [
  { key: 'severity', label: 'Severity' },
  { key: 'rule', label: 'Finding' },
  { key: 'name', label: 'Credential' },
  { key: 'owner', label: 'Owner' },
  { key: 'used', label: 'Last used' },
  { key: 'ends', label: 'Ends' },
] as const;

/**
 * A table of findings, its first rows written out. The script takes over from there: it brings the header's buttons to
 * life and shows the pager, both of which are of no use without it.
 */
export function findingsTable(
  id: string,
  caption: string,
  findings: readonly FindingView[],
  view: View,
): Markup {
  const rows = findings.slice(0, STATIC_ROWS);
  return markup`${
    rows.length < findings.length &&
    markup`<p class="note static">The first ${number(rows.length)} of ${count(findings.length, 'finding')}. The rest, search and filters need JavaScript, which is off or blocked here.</p>`
  }
<table class="findings" role="table" id="${id}"><caption class="unseen">${caption}</caption>
<thead role="rowgroup"><tr role="row">${COLUMNS.map(
    ({ key, label }) =>
      markup`<th role="columnheader" scope="col" data-column="${key}"><span class="static">${label}</span><button type="button" hidden>${label}</button></th>`,
  )}</tr></thead>
<tbody role="rowgroup">${rows.map((finding) => findingRow(finding, view))}</tbody></table>
<nav class="pager" aria-label="${caption}: pages" hidden><button type="button" data-step="-1">Previous</button><span></span><button type="button" data-step="1">Next</button></nav>`;
}
