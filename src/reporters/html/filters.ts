import { MOST_SEVERE_FIRST, number } from '../words.js';
import { type Markup, markup } from './markup.js';
import type { View } from './view.js';

/** So many owners are offered as one types, those with the most findings first; all can be typed. */
const SUGGESTED = 200;

/** The controls over the table, hidden until the script can answer them. */
export function filters(view: View): Markup {
  const counts = { critical: 0, high: 0, medium: 0, low: 0, info: 0, unknown: 0 };
  const kinds = new Set<string>();
  const owners = new Map<string, number>();
  const rules = new Set<string>();
  const statuses = new Set<string>();
  for (const { level, credential, rule, status } of view.findings) {
    counts[level]++;
    rules.add(view.rules[rule]?.id ?? '');
    if (status) statuses.add(status);
    const held = view.credentials[credential];
    if (!held) continue;
    kinds.add(held.kind);
    const owner = view.owners[held.owner]?.label ?? '';
    owners.set(owner, (owners.get(owner) ?? 0) + 1);
  }
  const suggested = [...owners].sort(([, a], [, b]) => b - a).slice(0, SUGGESTED);
  return markup`<div class="filters" role="search" aria-label="Findings" id="filters" hidden>
<div class="field wide"><label for="filter-search">Search</label><input id="filter-search" type="search" autocomplete="off" spellcheck="false" placeholder="Name, id, owner, message, fingerprint"></div>
${choice('rule', 'Rule', plain(rules))}
${choice('kind', 'Kind', plain(kinds))}
<div class="field"><label for="filter-owner">Owner</label><input id="filter-owner" type="text" list="owners" autocomplete="off" spellcheck="false" placeholder="Any"><datalist id="owners">${suggested.map(([label]) => markup`<option value="${label}"></option>`)}</datalist></div>
${choice('status', 'Status', statuses.size === 0 ? [] : STATUSES)}
<fieldset><legend>Severity and outcome</legend>${[...MOST_SEVERE_FIRST, 'unknown' as const].map(
    (level) =>
      markup`<label class="level ${level}"><input type="checkbox" name="severity" value="${level}"> ${level === 'unknown' ? 'could not tell' : level} <span class="tally">${number(counts[level])}</span></label>`,
  )}</fieldset>
<button type="button" id="filter-reset">Show all</button>
</div>
<p class="result" id="result" role="status"></p>`;
}

interface Option {
  readonly value: string;
  readonly label: string;
}

/** As the summary counts them: what came back is new again. */
const STATUSES: readonly Option[] = [
  { value: 'new', label: 'new or reopened' },
  { value: 'reopened', label: 'reopened' },
  { value: 'known', label: 'known' },
];

function plain(words: ReadonlySet<string>): readonly Option[] {
  return [...words].sort().map((word) => ({ value: word, label: word }));
}

/** A choice that offers nothing is hidden. */
function choice(name: string, label: string, options: readonly Option[]): Markup {
  return markup`<div class="field"${options.length === 0 && ' hidden'}><label for="filter-${name}">${label}</label><select id="filter-${name}"><option value="">Any</option>${options.map((option) => markup`<option value="${option.value}">${option.label}</option>`)}</select></div>`;
}
