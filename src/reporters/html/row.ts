import { type Markup, markup } from './markup.js';
import type { FindingView, RuleView, View } from './view.js';

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

export function findingRow(finding: FindingView, view: View): Markup {
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
