import { MOST_SEVERE_FIRST } from '../../engine/report.js';
import { count, number } from '../words.js';
import { type FindingData, type PageData, rowParts, type Slot, slotTexts } from './data.js';
import { type Markup, markup } from './markup.js';

/** How many owners the filter suggests, those with the most findings first; any can be typed. */
const SUGGESTED = 200;

/** The controls above the table, hidden until the script shows them. */
export function filters(data: PageData): Markup {
  const counts = { critical: 0, high: 0, medium: 0, low: 0, info: 0, unknown: 0 };
  const kinds = new Set<string>();
  const owners = new Map<string, number>();
  const rules = new Set<string>();
  let compared = false;
  for (const finding of data.findings) {
    const { credential, owner, rule } = rowParts(finding, data);
    counts[finding.level]++;
    if (rule) rules.add(rule.id);
    if (credential?.kind) kinds.add(credential.kind);
    if (owner) owners.set(owner.label, (owners.get(owner.label) ?? 0) + 1);
    compared ||= finding.status !== '';
  }
  const suggested = [...owners].sort(([, a], [, b]) => b - a).slice(0, SUGGESTED);
  return markup`<form class="filters" role="search" aria-label="Findings" id="filters" hidden>
<div class="field wide"><label for="filter-search">Search</label><input id="filter-search" name="search" type="search" autocomplete="off" spellcheck="false" placeholder="Name, id, owner, message, fingerprint"></div>
${choice('rule', 'Rule', words(rules))}
${choice('kind', 'Kind', words(kinds))}
<div class="field"><label for="filter-owner">Owner</label><input id="filter-owner" name="owner" type="text" list="owners" autocomplete="off" spellcheck="false" placeholder="Any"><datalist id="owners">${suggested.map(([label]) => markup`<option value="${label}"></option>`)}</datalist></div>
${choice('status', 'Status', compared ? STATUSES : [])}
<fieldset><legend>Severity and outcome</legend>${[...MOST_SEVERE_FIRST, 'unknown' as const].map(
    (level) =>
      markup`<label class="level ${level}"><input type="checkbox" name="severity" value="${level}"> ${level} <span class="tally">${number(counts[level])}</span></label>`,
  )}</fieldset>
<button type="button" id="filter-reset">Show all</button>
</form>
<p class="result" id="result" role="status"></p>`;
}

type Option = readonly [value: string, label: string];

/** As the summary counts them: a finding that came back is new again. */
const STATUSES: readonly Option[] = [
  ['new', 'new or reopened'],
  ['reopened', 'reopened'],
  ['known', 'known'],
];

function words(values: ReadonlySet<string>): readonly Option[] {
  return [...values].sort().map((value) => [value, value]);
}

/** A choice without options is hidden. */
function choice(name: string, label: string, options: readonly Option[]): Markup {
  return markup`<div class="field"${options.length === 0 && ' hidden'}><label for="filter-${name}">${label}</label><select id="filter-${name}" name="${name}"><option value="">Any</option>${options.map(([value, text]) => markup`<option value="${value}">${text}</option>`)}</select></div>`;
}

/** Without scripts a page shows so many rows of each table; with them it pages through all. */
const STATIC_ROWS = 50;

const COLUMNS = [
  ['severity', 'Severity'],
  ['rule', 'Finding'],
  ['name', 'Credential'],
  ['owner', 'Owner'],
  ['used', 'Last used'],
  ['ends', 'Expires'],
] as const;

/**
 * A table of findings with its first rows. The script takes over from there: it activates the buttons of the header and
 * shows the pager, which do nothing without it.
 */
export function findingsTable(
  id: string,
  caption: string,
  findings: readonly FindingData[],
  data: PageData,
): Markup {
  const rows = findings.slice(0, STATIC_ROWS);
  return markup`${
    rows.length < findings.length &&
    markup`<p class="note static">The first ${number(rows.length)} of ${count(findings.length, 'finding')}. The rest, search and filters need JavaScript, which is off or blocked here.</p>`
  }
<table class="findings" role="table" id="${id}"><caption class="unseen">${caption}</caption>
<thead role="rowgroup"><tr role="row">${COLUMNS.map(
    ([key, label]) =>
      markup`<th role="columnheader" scope="col" data-column="${key}"><span class="static">${label}</span><button type="button" hidden>${label}</button></th>`,
  )}</tr></thead>
<tbody role="rowgroup">${rows.map((finding) => row(finding, data))}</tbody></table>
<nav class="pager" aria-label="${caption}: pages" hidden><button type="button" data-step="-1">Previous</button><span></span><button type="button" data-step="1">Next</button></nav>`;
}

/**
 * The row of a finding; without one, an empty row for the script to fill. Its slots are the elements with `data-slot`.
 *
 * The fingerprint is the id of the element that can take the focus, so that a link to it moves the focus there. Explicit
 * roles: on small screens rows look like cards, and without roles they would be no table for screen readers.
 */
export function row(finding: FindingData | undefined, data: PageData): Markup {
  const texts: Partial<Record<Slot, string>> = finding ? slotTexts(finding, data) : {};
  const { rule, credential } = finding ? rowParts(finding, data) : {};
  const references = rule?.references ?? [];
  const facts = [...data.facts.map((name, i) => [name, credential?.facts[i]]), ...(finding?.evidence ?? [])];
  const slot = (name: Slot, element: keyof typeof TAGS, style = '') =>
    markup`<${TAGS[element]} class="${style}" data-slot="${name}"${!texts[name] && ' hidden'}>${texts[name]}</${TAGS[element]}>`;
  return markup`<tr role="row">
<td role="cell">${slot('severity', 'span', `severity ${texts.severity ?? ''}`)}${slot('status', 'span', `chip ${texts.status ?? ''}`)}</td>
<td role="cell" class="finding">${slot('rule', 'code', 'rule')}<details><summary id="${texts.fingerprint}" data-slot="message">${texts.message}</summary><div class="more">
<p><b>Fix:</b> ${slot('fix', 'span')}</p>
${slot('about', 'p')}
<dl data-slot="facts">${facts.map(([name, fact]) => fact && markup`<dt>${name}</dt><dd><bdi>${fact}</bdi></dd>`)}</dl>
<ul data-slot="references"${references.length === 0 && ' hidden'}>${references.map(
    ({ title, url }) =>
      markup`<li>${url === null ? title : markup`<a href="${url}" rel="noopener noreferrer">${title}</a>`}</li>`,
  )}</ul>
<p><a data-slot="permalink" href="#${texts.fingerprint}">Link to this finding</a> ${slot('fingerprint', 'code', 'fingerprint')}</p>
</div></details>${slot('waiver', 'p', 'waiver')}</td>
<td role="cell">${slot('name', 'bdi', 'name')}${slot('kind', 'small')}${slot('self', 'span', 'chip')}</td>
<td role="cell">${slot('owner', 'bdi')}${slot('ownerDetail', 'small')}</td>
<td role="cell" class="when" data-label="Last used">${slot('used', 'span')}${slot('usedDay', 'small')}</td>
<td role="cell" class="when" data-label="Expires">${slot('ends', 'span')}${slot('endsDay', 'small')}</td>
</tr>`;
}

const TAGS = { span: markup`span`, small: markup`small`, p: markup`p`, bdi: markup`bdi`, code: markup`code` };
