import type { Report } from '../../engine/report.js';
import { number } from '../words.js';
import { type Markup, markup } from './markup.js';
import { readable } from './readable.js';

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
