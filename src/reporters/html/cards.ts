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
