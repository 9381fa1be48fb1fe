import { compareSeverity, DAY, type Finding, hasFact, type Severity } from '../../contract/index.js';
import { groupBy, MOST_SEVERE_FIRST, partsOf, type Report } from '../../engine/report.js';
import { credentialKey } from '../../engine/state.js';
import { type ReporterContext, rulePageAddress } from '../reporter.js';
import { controlsOf, count, credentialName, number, severityCounts } from '../words.js';
import { type CredentialData, type FindingData, ownerLabel, type PageData } from './data.js';
import { type Markup, markup, readable, table } from './markup.js';

type Counts = Readonly<Record<Severity, number>> & { readonly none?: number };

const LEVELS = [...MOST_SEVERE_FIRST, 'none'] as const;

function countBy<T>(items: readonly T[], levelOf: (item: T) => keyof Counts): Counts {
  const counts = { critical: 0, high: 0, medium: 0, low: 0, info: 0, none: 0 };
  for (const item of items) counts[levelOf(item)]++;
  return counts;
}

/** A bar with a part for each level, as long as its share of `most`. Numbers beside it say the same. */
function bar(counts: Counts, most: number): Markup {
  let from = 0;
  const parts = LEVELS.flatMap((level) => {
    const width = Math.round(((counts[level] ?? 0) / most) * 1000) / 10;
    const x = from;
    from += width;
    return width > 0
      ? [markup`<rect class="${level}" x="${Math.round(x * 10) / 10}" width="${width}" height="10"/>`]
      : [];
  });
  return markup`<svg class="bar" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">${parts}</svg>`;
}

const severityOf = ({ severity }: Finding) => severity;

/** How many rules are not folded. */
const RULES = 10;

/** Rules by their worst severity, then by how many findings are that bad. */
export function ruleList(report: Report, context: ReporterContext): Markup | false {
  const groups = [...groupBy(partsOf(report).open, ({ rule }) => rule)].map(([rule, findings]) => {
    const counts = countBy(findings, severityOf);
    return { rule, findings, worst: MOST_SEVERE_FIRST.find((level) => counts[level] > 0) ?? 'info', counts };
  });
  groups.sort((a, b) => compareSeverity(a.worst, b.worst) || b.counts[b.worst] - a.counts[a.worst]);
  const most = Math.max(...groups.map(({ findings }) => findings.length));
  const items = groups.map(
    ({ rule, findings, worst, counts }) =>
      markup`<li><details class="rule"><summary>${badge(worst)} <span><code>${readable(rule, 100)}</code> ${readable(context.rules.get(rule)?.title ?? '', 200)}</span> ${bar(counts, most)}<b class="number">${number(findings.length)}<span class="unseen"> findings: ${severityCounts(counts)}</span></b></summary>
${ruleBody(rule, findings, report, context)}</details></li>`,
  );
  const rest = items.slice(RULES);
  const levels = new Set(groups.slice(RULES).map(({ worst }) => worst));
  return (
    items.length > 0 &&
    markup`<ul class="rules card">${items.slice(0, RULES)}</ul>${
      rest.length > 0 &&
      markup`<details class="rest"><summary>${count(rest.length, 'more rule')}: ${[...levels].join(', ')}</summary><ul class="rules card">${rest}</ul></details>`
    }`
  );
}

/** Findings of a rule that its entry names; the cards show all. */
const EXAMPLES = 10;

function ruleBody(
  rule: string,
  findings: readonly Finding[],
  report: Report,
  context: ReporterContext,
): Markup {
  const why = context.rules.get(rule)?.docs.why;
  const controls = controlsOf(report, rule).map(({ standard, ids }) => `${standard} ${ids.join(', ')}`);
  const fixes = [...new Set(findings.map(({ fix }) => fix))];
  return markup`${why && markup`<p>${readable(why, 2000)}</p>`}
${controls.length > 0 && markup`<p><b>Controls:</b> ${readable(controls.join('; '), 1000)}</p>`}
<p><b>Fix:</b> ${fixes.slice(0, 3).map((fix) => `${readable(fix, 1000)} `)}</p>
${table(
  ['Credential', 'Severity', 'Owner', 'Finding'],
  findings
    .slice(0, EXAMPLES)
    .map(({ severity, credential, message }) => [
      markup`<bdi>${readable(credentialName(credential), 300)}</bdi>`,
      badge(severity),
      markup`<bdi>${credential ? ownerLabel(credential) : ''}</bdi>`,
      readable(message, 1000),
    ]),
)}
<p>${findings.length > EXAMPLES && `These are ${EXAMPLES} of ${number(findings.length)}. `}${filterLink({ rule: readable(rule, 100) }, 'Show them by credential')} · <a href="${rulePageAddress(rule, context)}" rel="noopener noreferrer">About this rule</a></p>`;
}

/** Without scripts it leads to the cards; the script puts the filters into its address. */
export function filterLink(filters: Readonly<Record<string, string>>, text: Markup | string): Markup {
  return markup`<a href="#credentials" data-filter="${new URLSearchParams(filters).toString()}">${text}</a>`;
}

interface Row {
  readonly label: Markup | string;
  readonly counts: Counts;
}

/** Rows with a bar each; nothing where there is nothing to compare. */
function barTable(
  title: string,
  columns: readonly [string, string],
  rows: readonly Row[],
  note = '',
): Markup | false {
  const totals = rows.map(({ counts }) => LEVELS.reduce((sum, level) => sum + (counts[level] ?? 0), 0));
  if (totals.filter((n) => n > 0).length < 2) return false;
  const most = Math.max(...totals);
  return markup`<figure class="card"><h3>${title}</h3><table class="bars">
<thead><tr><th scope="col">${columns[0]}</th><td></td><th scope="col" class="number">${columns[1]}</th></tr></thead>
<tbody>${rows.map(
    ({ label, counts }, i) =>
      markup`<tr><th scope="row">${label}</th><td>${bar(counts, most)}</td><td class="number">${number(totals[i] ?? 0)}</td></tr>`,
  )}</tbody></table>${note && markup`<p class="note">${note}</p>`}</figure>`;
}

const OWNERS = 8;

export function ownerChart(report: Report): Markup | false {
  const groups = groupBy(partsOf(report).open, ({ credential }) =>
    credential ? ownerLabel(credential) : undefined,
  );
  const owners = [...groups].sort(([, a], [, b]) => b.length - a.length);
  const rest = owners.slice(OWNERS);
  const left = count(rest.flatMap(([, findings]) => findings).length, 'finding');
  return barTable(
    'Findings by owner',
    ['Owner', 'Findings'],
    owners.slice(0, OWNERS).map(([owner, findings]) => ({
      label: filterLink({ owner }, markup`<bdi>${owner}</bdi>`),
      counts: countBy(findings, severityOf),
    })),
    rest.length > 0 ? `And ${count(rest.length, 'more owner')} with ${left}.` : '',
  );
}

/** Each ends with its own last day. */
const RANGES = [
  { days: 7, name: 'up to 7 days' },
  { days: 30, name: '8–30 days' },
  { days: 90, name: '31–90 days' },
  { days: 180, name: '91–180 days' },
  { days: 365, name: '181–365 days' },
  { days: Number.POSITIVE_INFINITY, name: 'over a year' },
] as const;

/** Live credentials by when they expire and when they were last used, and by their worst finding. */
export function dateCharts(report: Report): readonly (Markup | false)[] {
  const worst = new Map<string, Severity>();
  // The most severe come first in a report.
  for (const { credential, severity } of partsOf(report).open.toReversed())
    if (credential) worst.set(credentialKey(credential.kind, credential.id), severity);
  const live = report.credentials.filter((credential) => credential.live);
  const now = Date.parse(report.run.asOf);
  const chart = (title: string, column: string, none: string, field: 'expiresAt' | 'lastUsedAt') => {
    const dated = live.filter(({ kind }) => hasFact(kind, field));
    const groups = groupBy(dated, (credential) => {
      const instant = credential[field];
      if (instant === null) return none;
      const distance = Math.abs(Date.parse(instant) - now);
      return RANGES.find(({ days }) => distance <= days * DAY)?.name;
    });
    const rows = [none, ...RANGES.map(({ name }) => name)].map((label) => ({
      label,
      counts: countBy(
        groups.get(label) ?? [],
        ({ kind, id }) => worst.get(credentialKey(kind, id)) ?? 'none',
      ),
    }));
    return barTable(title, [column, 'Credentials'], rows, 'Colour: the worst finding. Grey: no finding.');
  };
  return [
    chart('When live credentials expire', 'In', 'no end date', 'expiresAt'),
    chart('When live credentials were last used', 'Ago', 'no use on record', 'lastUsedAt'),
  ];
}

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
