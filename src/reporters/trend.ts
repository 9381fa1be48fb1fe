import { stringify } from 'csv-stringify/sync';
import { scaleLinear, scaleUtc } from 'd3-scale';
import { line } from 'd3-shape';
import type { Severity } from '../contract/index.js';
import { MOST_SEVERE_FIRST } from '../engine/report.js';
import { type TrendPoint, trendSubject } from '../engine/trend.js';
import { cutTo, forCsv, forTerminal } from './escape.js';
import { type Markup, markup, readable } from './html/markup.js';
import { page } from './html/page.js';
import type { Format } from './index.js';
import { count, minute, number } from './words.js';

/** Points of one tenant and scope, the oldest first; at least one. */
export type Trend = readonly [TrendPoint, ...TrendPoint[]];

/** The formats of a trend. */
const RENDERERS = { text: trendText, html: trendHtml, csv: trendCsv } satisfies Partial<
  Record<Format, (trend: Trend) => string>
>;

export const TREND_FORMATS = Object.keys(RENDERERS) as readonly (keyof typeof RENDERERS)[];

export function renderTrend(format: (typeof TREND_FORMATS)[number], trend: Trend): string {
  return RENDERERS[format](trend);
}

/** What is drawn of each report. Counts of an incomplete one are too low, so that it has no value. */
interface Series {
  readonly name: string;
  /** undefined: no value. */
  readonly read: (point: TrendPoint) => number | undefined;
  readonly severity?: Severity;
}

const complete = (point: TrendPoint, value: number | null) =>
  point.complete && value !== null ? value : undefined;

const SEVERITY_SERIES: readonly Series[] = MOST_SEVERE_FIRST.map((severity) => ({
  name: severity,
  read: (point) => complete(point, point.bySeverity[severity]),
  severity,
}));
const NEWS_SERIES: readonly Series[] = [
  { name: 'new', read: (point) => complete(point, point.new) },
  { name: 'resolved', read: (point) => complete(point, point.resolved) },
];
const AGE_SERIES: Series = {
  name: 'mean age in days',
  read: (point) => complete(point, point.meanAgeDays && days(point.meanAgeDays)),
};
const ALL_SERIES = [...SEVERITY_SERIES, ...NEWS_SERIES, AGE_SERIES];

function days(value: number): number {
  return Math.round(value * 10) / 10;
}

function title(trend: Trend): string {
  return `Trend of ${trendSubject(trend[0])}`;
}

function period(trend: Trend): string {
  const dates = [trend[0], trend.at(-1) ?? trend[0]].map(({ run }) => run.asOf.slice(0, 10));
  return `${count(trend.length, 'report')}, ${dates.join(' to ')}`;
}

/** What a reader must know before believing the numbers. */
function notes(trend: Trend): string[] {
  const incomplete = trend.filter((point) => !point.complete);
  return [
    ...(incomplete.length > 0
      ? [
          `${count(incomplete.length, 'report')} incomplete, without values: ${incomplete.map(({ run }) => run.asOf.slice(0, 10)).join(', ')}.`,
        ]
      : []),
    ...(trend.some(({ compared }) => compared)
      ? []
      : ['No audit had a state (--state), so that nothing counts as new or resolved.']),
  ];
}

const BARS = '▁▂▃▄▅▆▇█';
const MISSING = '·';
/** What fits a line beside a name and its numbers. */
const LONGEST = 60;

function trendText(trend: Trend): string {
  const drawn = trend.slice(-LONGEST);
  const left = trend.length - drawn.length;
  const width = Math.max(...ALL_SERIES.map(({ name }) => name.length));
  const safe = (text: string) => forTerminal(cutTo(text, 1000));
  return `${[
    `${safe(title(trend))}: ${safe(period(trend))}`,
    ...notes(trend).map((note) => `  Note: ${safe(note)}`),
    ...(left > 0 ? [`  The last ${number(drawn.length)} are drawn.`] : []),
    '',
    ...ALL_SERIES.map(({ name, read }) => {
      const values = drawn.map(read);
      const known = values.filter((value) => value !== undefined);
      const [first, last] = [known[0], known.at(-1)];
      const said =
        first === undefined || last === undefined
          ? 'not known'
          : `${number(first)} → ${number(last)}, at most ${number(Math.max(...known))}`;
      return `  ${name.padEnd(width)}  ${sparkline(values)}  ${said}`;
    }),
  ].join('\n')}\n`;
}

/** From 0 to the highest value. */
function sparkline(values: readonly (number | undefined)[]): string {
  const most = Math.max(1, ...values.map((value) => value ?? 0));
  return values
    .map((value) =>
      value === undefined ? MISSING : (BARS[Math.round((value / most) * (BARS.length - 1))] ?? MISSING),
    )
    .join('');
}

/** One row a complete report. */
function trendCsv(trend: Trend): string {
  const columns = ['date', ...MOST_SEVERE_FIRST, 'new', 'resolved', 'meanAgeDays'];
  const rows = trend
    .filter((point) => point.complete)
    .map((point) => [
      forCsv(point.run.asOf.slice(0, 10)),
      ...ALL_SERIES.map(({ read }) => String(read(point) ?? '')),
    ]);
  return stringify(rows, { header: true, columns });
}

function trendHtml(trend: Trend): string {
  const said = notes(trend);
  const body = markup`<main>
<header class="top">
<p class="kicker">API credential audit</p>
<h1><bdi>${readable(title(trend), 200)}</bdi></h1>
<p class="meta">${period(trend)}</p>
</header>
${said.length > 0 && markup`<ul class="notes">${said.map((note) => markup`<li>${note}</li>`)}</ul>`}
${chart('Open findings by severity', SEVERITY_SERIES, trend)}
${chart('New and resolved findings', NEWS_SERIES, trend)}
${chart('Mean age of open findings in days', [AGE_SERIES], trend)}
<section><h2 id="numbers">Numbers</h2>
<div class="drawing" role="region" tabindex="0" aria-labelledby="numbers"><table class="wide">
<thead><tr><th scope="col">As of</th>${ALL_SERIES.map(({ name }) => markup`<th scope="col" class="number">${name}</th>`)}</tr></thead>
<tbody>${trend
    .toReversed()
    .map(
      (point) =>
        markup`<tr><th scope="row">${minute(point.run.asOf)}</th>${
          point.complete
            ? ALL_SERIES.map(({ read }) => markup`<td class="number">${read(point) ?? '–'}</td>`)
            : markup`<td colspan="${ALL_SERIES.length}"><span class="read partial">incomplete</span></td>`
        }</tr>`,
    )}</tbody></table></div></section>
</main>
<footer><p>Written by c1-audit.</p></footer>`;
  return page(readable(title(trend), 200), body);
}

const WIDTH = 1000;
const HEIGHT = 240;
const MARGIN = { top: 12, right: 110, bottom: 26, left: 44 };
/** Lines that differ in more than colour. */
const DASHES: Readonly<Record<string, string>> = {
  high: '9 3',
  medium: '5 3',
  low: '2 3',
  info: '9 3 2 3',
  resolved: '5 3',
};

/** Lines over time, each named at its end. The table below is the text equivalent. */
function chart(name: string, series: readonly Series[], trend: Trend): Markup {
  const times = trend.map(({ run }) => Date.parse(run.asOf));
  const x = scaleUtc(
    [Math.min(...times), Math.max(...times, Math.min(...times) + 1)],
    [MARGIN.left, WIDTH - MARGIN.right],
  );
  const values = trend.flatMap((point) => series.map(({ read }) => read(point) ?? 0));
  const y = scaleLinear([0, Math.max(1, ...values)], [HEIGHT - MARGIN.bottom, MARGIN.top]).nice();
  const at = (point: TrendPoint) => x(Date.parse(point.run.asOf));
  const names = namePlaces(series, trend, y);
  return markup`<section><h2>${name}</h2><div class="card"><div class="drawing" role="region" tabindex="0" aria-label="${name}"><svg viewBox="0 0 ${WIDTH} ${HEIGHT}" aria-hidden="true">
${y.ticks(4).map((tick) => markup`<line class="grid" x1="${MARGIN.left}" x2="${WIDTH - MARGIN.right}" y1="${y(tick)}" y2="${y(tick)}"/><text x="${MARGIN.left - 8}" y="${y(tick) + 4}" text-anchor="end">${tick}</text>`)}
${x.ticks(6).map((tick) => markup`<text x="${px(x(tick))}" y="${HEIGHT - 8}" text-anchor="middle">${tick.toISOString().slice(0, 10)}</text>`)}
${series.map((one) => {
  const { read, severity = one.name === 'resolved' ? 'low' : 'high' } = one;
  const drawn = line<TrendPoint>()
    .defined((point) => read(point) !== undefined)
    .x((point) => px(at(point)))
    .y((point) => px(y(read(point) ?? 0)));
  const points = trend.filter((point) => read(point) !== undefined);
  return markup`<g class="trend ${severity}"><path d="${drawn(trend) ?? ''}" stroke-dasharray="${DASHES[one.name] ?? 'none'}"/>${points.map(
    (point) =>
      markup`<circle cx="${px(at(point))}" cy="${px(y(read(point) ?? 0))}" r="2.5"><title>${`${minute(point.run.asOf)}: ${read(point)} ${one.name}`}</title></circle>`,
  )}<text x="${WIDTH - MARGIN.right + 8}" y="${px((names.get(one.name) ?? 0) + 4)}">${one.name}</text></g>`;
})}
</svg></div></div></section>`;
}

/** Where the names go: at the end of each line, none over another. */
function namePlaces(
  series: readonly Series[],
  trend: Trend,
  y: (value: number) => number,
): ReadonlyMap<string, number> {
  const ends = series
    .map(({ name, read }) => ({
      name,
      at: y(trend.map(read).findLast((value) => value !== undefined) ?? 0),
    }))
    .sort((a, b) => b.at - a.at);
  let free = HEIGHT;
  return new Map(
    ends.map(({ name, at }) => {
      const place = Math.min(at, free);
      free = place - 14;
      return [name, place];
    }),
  );
}

function px(value: number): number {
  return Math.round(value * 10) / 10;
}
