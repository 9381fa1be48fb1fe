import type { Report, SourceCoverage } from '../../engine/report.js';
import { count, kindsWord, number } from '../words.js';
import { type Markup, markup } from './markup.js';
import { readable } from './readable.js';

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
      markup`<tr><th scope="row">${readable(kindsWord(kind), 100)}</th><td><span class="seen ${status}">${SEEN[status]}</span></td><td class="number">${number(credentials)}</td><td class="number">${number(deleted)}</td><td class="number">${number(pages)}</td><td><bdi>${readable(note ?? '', 1000)}</bdi></td></tr>`,
  )}</tbody></table></div>
${notes.length > 0 && markup`<h3>Notes</h3><ul class="notes">${notes.map((note) => markup`<li><bdi>${readable(note, 1000)}</bdi></li>`)}</ul>`}
</section>`;
}
