import { MOST_SEVERE_FIRST } from '../../engine/report.js';
import { count, number } from '../words.js';
import type { CredentialData, FindingData, PageData } from './data.js';
import { type Markup, markup } from './markup.js';

/**
 * A credential with its findings. The script draws the same (`card` in client-script.ts); a test compares both.
 *
 * @param linkable gives each finding its fingerprint as its id, which only one card on the page may do.
 */
export function card(credential: CredentialData, data: PageData, linkable = false): Markup {
  const { name, owner, self, facts, findings } = credential;
  const kind = data.kinds[credential.kind];
  return markup`<article class="card credential ${findings[0]?.severity}">
<header><h3><bdi>${name}</bdi></h3>
<p class="who">${kind?.name}${data.owners[owner] && markup`<br><bdi>${data.owners[owner]}</bdi>`}${self && markup`<br><b>runs this audit</b>`}</p></header>
<ul>${findings.map((finding) => item(finding, data, linkable))}</ul>
${facts.length > 0 && markup`<details><summary>Details</summary><dl>${facts.map(([fact, value]) => markup`<dt>${fact}</dt><dd><bdi>${value}</bdi></dd>`)}${kind?.place && markup`<dt>In ConductorOne</dt><dd>${kind.place}</dd>`}</dl></details>`}
</article>`;
}

function item(finding: FindingData, data: PageData, linkable: boolean): Markup {
  const { fingerprint, severity, news, since, message, fix } = finding;
  const rule = data.rules[finding.rule];
  return markup`<li${linkable && markup` id="${fingerprint}" tabindex="-1"`}><p>${badge(severity)} ${message}${news && markup` <span class="chip">${news}</span>`}</p>
<p class="fix"><a href="${rule?.page}" title="${rule?.title}" rel="noopener noreferrer">${rule?.id}</a> · Fix: ${data.fixes[fix]}${since && ` · ${since}`}<a class="permalink" href="#${fingerprint}" aria-label="Link to this finding">#</a></p></li>`;
}

export function badge(severity: string): Markup {
  return markup`<span class="severity ${severity}">${severity}</span>`;
}

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
