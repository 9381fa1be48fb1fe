import {
  type Finding,
  kindName,
  type ReportedCredential,
  type Severity,
  severityRank,
} from '../../contract/index.js';
import { isWaived, MOST_SEVERE_FIRST, type Report } from '../../engine/report.js';
import { webAddress } from '../escape.js';
import { type ReporterContext, rulePageAddress } from '../reporter.js';
import { count, credentialName, number } from '../words.js';
import { day, fromNow, type Markup, markup, minute, readable } from './markup.js';

/** What a row's first column and the severity filter go by: an outcome that is not known has no severity to show. */
type Level = Severity | 'unknown';

interface RuleView {
  readonly id: string;
  readonly title: string;
  /** What it states and why that matters; empty for a rule that is not known here. */
  readonly about: string;
  readonly references: readonly { readonly title: string; readonly url: string | null }[];
}

interface OwnerView {
  /** Unlike any other owner's: `Ann Lee (ann@acme.example)`. */
  readonly label: string;
  readonly name: string;
  readonly detail: string;
}

interface CredentialView {
  readonly name: string;
  readonly kind: string;
  readonly owner: number;
  readonly self: boolean;
  readonly used: string;
  readonly usedDay: string;
  /** Sorts by last use: 0 is never, null not known. */
  readonly usedAt: number | null;
  readonly ends: string;
  readonly endsDay: string;
  /** Sorts by end; null (never, not known) comes last. */
  readonly endsAt: number | null;
  /** In the order of FACTS; null where there is nothing to say. */
  readonly facts: readonly (string | null)[];
}

export interface FindingView {
  readonly fingerprint: string;
  readonly level: Level;
  readonly rank: number;
  readonly rule: number;
  readonly status: string;
  readonly message: string;
  readonly fix: number;
  /** -1: a finding on a waiver. */
  readonly credential: number;
  readonly waiver: string;
  readonly firstSeen: string;
  readonly evidence: readonly (readonly [string, string])[];
}

/** The report in words: all that the page shows in its tables, each text once. Plain text, not yet escaped. */
interface View {
  readonly facts: readonly string[];
  readonly rules: readonly RuleView[];
  readonly owners: readonly OwnerView[];
  readonly credentials: readonly CredentialView[];
  readonly fixes: readonly string[];
  readonly findings: readonly FindingView[];
  readonly waived: readonly FindingView[];
}

const FACTS = [
  'Kind',
  'Name',
  'Id',
  'Client id',
  'Owner',
  'Created',
  'Last used',
  'Ends',
  'Allowed networks',
  'Scoped roles',
] as const;

/** So many entries of a list are named; a rule that minds the rest says so in its message. */
const LISTED = 40;

/** Hands out one index a distinct key. */
class Shelf<T> {
  readonly items: T[] = [];
  readonly #places = new Map<string, number>();

  place(key: string, make: () => T): number {
    let place = this.#places.get(key);
    if (place === undefined) {
      place = this.items.length;
      this.#places.set(key, place);
      this.items.push(make());
    }
    return place;
  }
}

export function viewOf(report: Report, context: ReporterContext): View {
  const now = Date.parse(report.run.asOf);
  const rules = new Shelf<RuleView>();
  const owners = new Shelf<OwnerView>();
  const credentials = new Shelf<CredentialView>();
  const fixes = new Shelf<string>();

  const view = (finding: Finding): FindingView => {
    const { credential } = finding;
    return {
      fingerprint: finding.fingerprint,
      level: finding.outcome === 'unknown' ? 'unknown' : finding.severity,
      rank: severityRank(finding.severity),
      rule: rules.place(finding.rule, () => ruleView(finding.rule, context)),
      status: finding.status === 'waived' ? '' : (finding.status ?? ''),
      message: readable(finding.message, 1000),
      fix: fixes.place(finding.fix, () => readable(finding.fix, 1000)),
      credential:
        credential === null
          ? -1
          : credentials.place(credentialKey(credential), () => {
              const owner = ownerView(credential);
              return credentialView(
                credential,
                owners.place(owner.label, () => owner),
                owner.label,
                now,
              );
            }),
      waiver:
        finding.waiver === null
          ? ''
          : `Waived until ${readable(finding.waiver.expires, 40)} by ${readable(finding.waiver.approvedBy, 200)}: ${readable(finding.waiver.reason, 500)}`,
      firstSeen: finding.firstSeen === null ? '' : readable(minute(finding.firstSeen), 60),
      evidence: Object.entries(finding.data).map(
        ([name, value]) =>
          [
            readable(name, 60),
            readable(typeof value === 'string' ? value : String(JSON.stringify(value)), 500),
          ] as const,
      ),
    };
  };

  const open: FindingView[] = [];
  const waived: FindingView[] = [];
  for (const finding of report.findings) (isWaived(finding) ? waived : open).push(view(finding));
  return {
    facts: FACTS,
    rules: rules.items,
    owners: owners.items,
    credentials: credentials.items,
    fixes: fixes.items,
    findings: open,
    waived,
  };
}

/** The same for the same credential, in whatever list it stands. */
export function credentialKey(credential: Pick<ReportedCredential, 'kind' | 'id'>): string {
  return `${credential.kind} ${credential.id}`;
}

function ruleView(id: string, context: ReporterContext): RuleView {
  const rule = context.rules.get(id);
  return {
    id: readable(id, 100),
    title: readable(rule?.title ?? id, 200),
    about: rule === undefined ? '' : readable(`${rule.title}. ${rule.docs.why}`, 2000),
    references: [
      { title: `About ${readable(id, 100)}`, url: rulePageAddress(id, context) },
      ...(rule?.docs.references ?? []).map(({ title, url }) => ({
        title: readable(title, 200),
        url: (url && webAddress(url)) || null,
      })),
    ],
  };
}

export function ownerView({ owner }: Pick<ReportedCredential, 'owner'>): OwnerView {
  if (owner === null) return { label: 'no owner known', name: 'no owner known', detail: '' };
  const name = readable(owner.name || owner.email || owner.id, 120);
  const detail = readable(owner.email || owner.id, 200);
  return {
    label: name === detail ? name : `${name} (${detail})`,
    name,
    detail: name === detail ? '' : detail,
  };
}

function credentialView(
  credential: ReportedCredential,
  owner: number,
  ownerLabel: string,
  now: number,
): CredentialView {
  const trust = credential.kind === 'federation-trust';
  const used = moment(credential.lastUsedAt, now, trust ? 'not recorded' : 'never used');
  const ends = moment(credential.expiresAt, now, trust ? 'no end date' : 'never');
  const ownerId = credential.owner?.id;
  return {
    name: readable(credentialName(credential), 300),
    kind: readable(kindName(credential.kind), 100),
    owner,
    self: credential.self,
    used: used.relative,
    usedDay: used.day,
    usedAt: credential.lastUsedAt === null && !trust ? 0 : used.at,
    ends: ends.relative,
    endsDay: ends.day,
    endsAt: ends.at,
    facts: [
      readable(kindName(credential.kind), 100),
      readable(credential.name, 2000) || '(blank)',
      readable(credential.id, 300),
      readable(credential.clientId, 300),
      ownerId ? `${ownerLabel}, id ${readable(ownerId, 200)}` : ownerLabel,
      exactly(credential.createdAt, now, 'not known'),
      exactly(credential.lastUsedAt, now, used.relative),
      exactly(credential.expiresAt, now, ends.relative),
      list(credential.allowedCidrs, 'any: no source restriction'),
      list(
        credential.scopedRoles?.map(({ id, name }) => (name === null ? id : `${name} (${id})`)),
        'none: every right of its owner',
      ),
    ],
  };
}

interface Moment {
  readonly relative: string;
  readonly day: string;
  readonly at: number | null;
}

/** Reports leave an instant out where it is not known; null is an answer. */
function moment(instant: string | null | undefined, now: number, never: string): Moment {
  if (instant === undefined) return { relative: 'not known', day: '', at: null };
  if (instant === null) return { relative: never, day: '', at: null };
  const at = Date.parse(instant);
  if (Number.isNaN(at)) return { relative: readable(instant, 60), day: '', at: null };
  return { relative: fromNow(at, now), day: day(at), at };
}

function exactly(instant: string | null | undefined, now: number, never: string): string {
  const { relative, at } = moment(instant, now, never);
  return at === null || typeof instant !== 'string' ? relative : `${readable(instant, 60)} (${relative})`;
}

function list(items: readonly string[] | undefined, none: string): string {
  if (items === undefined) return 'not known';
  if (items.length === 0) return none;
  const named = items.slice(0, LISTED).map((item) => readable(item, 200));
  return items.length > LISTED ? `${named.join(', ')} and ${items.length - LISTED} more` : named.join(', ');
}

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

/** The texts of one row of the findings table; empty ones are hidden. */
interface Row {
  readonly fingerprint: string;
  readonly level: string;
  readonly severity: string;
  readonly status: string;
  readonly message: string;
  readonly rule: string;
  readonly waiver: string;
  readonly name: string;
  readonly kind: string;
  readonly self: string;
  readonly owner: string;
  readonly ownerDetail: string;
  readonly used: string;
  readonly usedDay: string;
  readonly ends: string;
  readonly endsDay: string;
  readonly fix: string;
  readonly about: string;
  readonly facts: readonly (readonly [string, string])[];
  readonly references: RuleView['references'];
}

const EMPTY: Row = {
  fingerprint: '',
  level: '',
  severity: '',
  status: '',
  message: '',
  rule: '',
  waiver: '',
  name: '',
  kind: '',
  self: '',
  owner: '',
  ownerDetail: '',
  used: '',
  usedDay: '',
  ends: '',
  endsDay: '',
  fix: '',
  about: '',
  facts: [],
  references: [],
};

/** Where a finding's credential and owner stand if it is about a waiver. */
export const ON_A_WAIVER = 'a waiver';

/** A row with nothing in it, which the script fills: its slots are the elements with `data-slot`. */
export function emptyRow(): Markup {
  return row(EMPTY);
}

function findingRow(finding: FindingView, view: View): Markup {
  const credential = view.credentials[finding.credential];
  const owner = credential && view.owners[credential.owner];
  const rule = view.rules[finding.rule];
  return row({
    fingerprint: finding.fingerprint,
    level: finding.level,
    severity: finding.level === 'unknown' ? 'could not tell' : finding.level,
    status: finding.status,
    message: finding.message,
    rule: rule?.id ?? '',
    waiver: finding.waiver,
    name: credential?.name ?? ON_A_WAIVER,
    kind: credential?.kind ?? '',
    self: credential?.self ? 'runs this audit' : '',
    owner: owner?.name ?? '',
    ownerDetail: owner?.detail ?? '',
    used: credential?.used ?? '',
    usedDay: credential?.usedDay ?? '',
    ends: credential?.ends ?? '',
    endsDay: credential?.endsDay ?? '',
    fix: view.fixes[finding.fix] ?? '',
    about: rule?.about ?? '',
    facts: [
      ...view.facts.flatMap((name, i) => {
        const fact = credential?.facts[i];
        return typeof fact === 'string' ? [[name, fact] as const] : [];
      }),
      ...(finding.firstSeen ? [['First seen', finding.firstSeen] as const] : []),
      ...finding.evidence,
    ],
    references: rule?.references ?? [],
  });
}

/**
 * The fingerprint is the id of what can take the focus, so that a browser that follows a link to it puts the focus there.
 * Explicit roles: the small-screen style lays rows out as cards, which would end the table for screen readers.
 */
function row(row: Row): Markup {
  return markup`<tr role="row">
<td role="cell"><span class="severity ${row.level}" data-slot="severity">${row.severity}</span>${slot('status', row.status, 'span', `chip ${row.status}`)}</td>
<td role="cell" class="finding"><code class="rule" data-slot="rule">${row.rule}</code><details><summary id="${row.fingerprint}" data-slot="message">${row.message}</summary><div class="more">
<p><b>Fix:</b> <span data-slot="fix">${row.fix}</span></p>
${slot('about', row.about, 'p')}
<dl data-slot="facts">${row.facts.map(([name, fact]) => markup`<dt>${name}</dt><dd><bdi>${fact}</bdi></dd>`)}</dl>
<ul data-slot="references"${row.references.length === 0 && ' hidden'}>${row.references.map(
    ({ title, url }) =>
      markup`<li>${url === null ? title : markup`<a href="${url}" rel="noopener noreferrer">${title}</a>`}</li>`,
  )}</ul>
<p><a data-slot="permalink" href="#${row.fingerprint}">Link to this finding</a> <code class="fingerprint" data-slot="fingerprint">${row.fingerprint}</code></p>
</div></details>${slot('waiver', row.waiver, 'p', 'waiver')}</td>
<td role="cell"><bdi class="name" data-slot="name">${row.name}</bdi>${slot('kind', row.kind, 'small')}${slot('self', row.self, 'span', 'chip')}</td>
<td role="cell">${slot('owner', row.owner, 'bdi')}${slot('ownerDetail', row.ownerDetail, 'small')}</td>
<td role="cell" class="when" data-label="Last used">${slot('used', row.used, 'span')}${slot('usedDay', row.usedDay, 'small')}</td>
<td role="cell" class="when" data-label="Ends">${slot('ends', row.ends, 'span')}${slot('endsDay', row.endsDay, 'small')}</td>
</tr>`;
}

const OPEN = { span: markup`span`, small: markup`small`, p: markup`p`, bdi: markup`bdi` };

function slot(name: string, text: string, element: keyof typeof OPEN, style = ''): Markup {
  const tag = OPEN[element];
  return markup`<${tag} class="${style}" data-slot="${name}"${text === '' && ' hidden'}>${text}</${tag}>`;
}

/** Without scripts a page shows so many rows of each table; with them it pages through all. */
const STATIC_ROWS = 50;

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
