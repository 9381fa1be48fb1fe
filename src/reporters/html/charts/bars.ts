import { scaleLinear } from 'd3-scale';
import { stack } from 'd3-shape';
import type { Severity } from '../../../contract/index.js';
import { count, MOST_SEVERE_FIRST, number } from '../../words.js';
import { type Markup, markup } from '../markup.js';
import type { FindingView } from '../view.js';
import { px } from './mark.js';

export interface Bar {
  readonly label: string;
  /** A second line under the label. */
  readonly detail: string;
  /** What the table's filter is set to when the label is followed. */
  readonly value: string;
  readonly counts: Record<Severity, number>;
  readonly unknown: number;
}

export interface Bars {
  readonly id: string;
  readonly title: string;
  readonly column: string;
  /** The filter of the table below that a label sets. */
  readonly filter: 'rule' | 'owner';
  readonly bars: readonly Bar[];
  /** How many bars are drawn, the longest first. */
  readonly most: number;
}

const WIDTH = 240;
const HEIGHT = 14;

/** Findings by something, as a table whose middle column is drawn: the chart is its own text equivalent. */
export function bars({ id, title, column, filter, bars, most }: Bars): Markup {
  if (bars.length === 0)
    return markup`<figure class="card bars" id="${id}"><h3>${title}</h3><p class="note">None.</p></figure>`;
  const longestFirst = bars.toSorted((a, b) => total(b) - total(a) || b.unknown - a.unknown || compare(a, b));
  const drawn = longestFirst.slice(0, most);
  const rest = longestFirst.slice(most);
  const x = scaleLinear([0, Math.max(1, ...drawn.map(total))], [0, WIDTH]);
  const layers = stack<Bar, Severity>()
    .keys(MOST_SEVERE_FIRST)
    .value((bar, severity) => bar.counts[severity])(drawn);
  return markup`<figure class="card bars" id="${id}"><table><caption><h3>${title}</h3></caption>
<thead><tr><th scope="col">${column}</th><th scope="col">By severity</th><th scope="col" class="number">Findings</th><th scope="col" class="number">Could not tell</th></tr></thead>
<tbody>${drawn.map(
    (bar, i) =>
      markup`<tr><th scope="row"><a href="#findings" data-filter="${filter}" data-value="${bar.value}"><bdi>${bar.label}</bdi></a>${
        bar.detail && markup`<small><bdi>${bar.detail}</bdi></small>`
      }</th><td><svg viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none" aria-hidden="true">${layers.map(
        (layer) => {
          const [from = 0, to = 0] = layer[i] ?? [];
          return (
            to > from &&
            markup`<rect class="mark ${layer.key}" x="${px(x(from))}" width="${px(x(to) - x(from))}" height="${HEIGHT}"><title>${`${number(to - from)} ${layer.key}`}</title></rect>`
          );
        },
      )}</svg><span class="unseen">${inWords(bar)}</span></td><td class="number">${number(total(bar))}</td><td class="number">${bar.unknown > 0 ? number(bar.unknown) : '–'}</td></tr>`,
  )}</tbody></table>${
    rest.length > 0 &&
    markup`<p class="note">And ${number(rest.length)} more, with ${count(
      rest.reduce((sum, bar) => sum + total(bar), 0),
      'finding',
    )} between them.</p>`
  }</figure>`;
}

/** Findings gathered into bars; `describe` is asked once a bar. */
export function gather(
  findings: readonly FindingView[],
  keyOf: (finding: FindingView) => number,
  describe: (key: number) => Pick<Bar, 'label' | 'detail' | 'value'>,
): Bar[] {
  const bars = new Map<number, { counts: Record<Severity, number>; unknown: number }>();
  for (const finding of findings) {
    const key = keyOf(finding);
    let bar = bars.get(key);
    if (bar === undefined) {
      bar = { counts: { critical: 0, high: 0, medium: 0, low: 0, info: 0 }, unknown: 0 };
      bars.set(key, bar);
    }
    if (finding.level === 'unknown') bar.unknown++;
    else bar.counts[finding.level]++;
  }
  return [...bars].map(([key, bar]) => ({ ...describe(key), ...bar }));
}

function total({ counts }: Bar): number {
  return MOST_SEVERE_FIRST.reduce((sum, severity) => sum + counts[severity], 0);
}

/** By code unit: the same on every machine. */
function compare(a: Bar, b: Bar): number {
  return a.label < b.label ? -1 : a.label > b.label ? 1 : 0;
}

function inWords({ counts }: Bar): string {
  return MOST_SEVERE_FIRST.filter((severity) => counts[severity] > 0)
    .map((severity) => `${number(counts[severity])} ${severity}`)
    .join(', ');
}
