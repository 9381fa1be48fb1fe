import { MOST_SEVERE_FIRST } from '../../engine/report.js';
import { count, number } from '../words.js';
import { card } from './cards.js';
import type { PageData } from './data.js';
import { type Markup, markup } from './markup.js';

/** Without scripts a page shows so many credentials; with them it pages through all. */
const STATIC_CARDS = 25;

/** How many owners the filter suggests; any can be typed. */
const SUGGESTED = 200;

/** All credentials with an open finding. The script shows the filters and the pager, which do nothing without it. */
export function explorer(data: PageData, hasMemory: boolean): Markup {
  const { credentials, owners, rules, kinds } = data;
  const shown = credentials.slice(0, STATIC_CARDS);
  return markup`<form class="filters card" role="search" aria-label="Credentials" id="filters" hidden>
<div class="field wide"><label for="filter-search">Search</label><input id="filter-search" name="search" type="search" autocomplete="off" spellcheck="false" placeholder="Name, id, owner, message, network, role"></div>
${choice('rule', 'Rule', rules.map(({ id }) => id).sort())}
${choice('kind', 'Kind', kinds.flatMap(({ name }) => name || []).sort())}
<div class="field"><label for="filter-owner">Owner</label><input id="filter-owner" name="owner" type="search" list="owners" autocomplete="off" spellcheck="false" placeholder="Any"><datalist id="owners">${owners
    .filter(Boolean)
    .slice(0, SUGGESTED)
    .map((owner) => markup`<option value="${owner}"></option>`)}</datalist></div>
${hasMemory && choice('status', 'Status', ['new', 'known'])}
<div class="field"><label for="filter-sort">Sort</label><select id="filter-sort" name="sort"><option value="">worst first</option>${[
    ['expires', 'expires soonest'],
    ['used', 'unused longest'],
    ['name', 'name'],
    ['owner', 'owner'],
  ].map(([value, text]) => markup`<option value="${value}">${text}</option>`)}</select></div>
<fieldset><legend>Severity</legend>${MOST_SEVERE_FIRST.map(
    (severity) =>
      markup`<label class="level ${severity}"><input type="checkbox" name="severity" value="${severity}"> ${severity}</label>`,
  )}</fieldset>
<button type="button" id="filter-reset">Show all</button>
</form>
<p class="result" id="result" role="status">${shown.length < credentials.length && `The first ${number(shown.length)} of ${count(credentials.length, 'credential')}. The rest, search and filters need JavaScript, which is off or blocked here.`}</p>
<div id="cards">${shown.map((credential) => card(credential, data, true))}</div>
<nav class="pager" id="pager" aria-label="Pages of credentials" hidden><button type="button" value="-1">Previous</button><span></span><button type="button" value="1">Next</button></nav>`;
}

function choice(name: string, label: string, options: readonly string[]): Markup {
  return markup`<div class="field"><label for="filter-${name}">${label}</label><select id="filter-${name}" name="${name}"><option value="">Any</option>${options.map((option) => markup`<option>${option}</option>`)}</select></div>`;
}
