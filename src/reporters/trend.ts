import { stringify } from 'csv-stringify/sync';
import { scaleLinear, scaleUtc } from 'd3-scale';
import { line } from 'd3-shape';
import type { Severity } from '../contract/index.js';
import { MOST_SEVERE_FIRST } from '../engine/report.js';
import { type TrendPoint, trendSubject } from '../engine/trend.js';
import { forCsv, safeText } from './escape.js';
import { type Markup, markup, page, readable, table } from './html/markup.js';
import type { Format } from './index.js';
import { count, minute, number } from './words.js';

/** Points of one tenant and scope, the oldest first; at least one. */
export type Trend = readonly [TrendPoint, ...TrendPoint[]];

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

function ends(trend: Trend): [TrendPoint, TrendPoint] {
  return [trend[0], trend.at(-1) ?? trend[0]];
}

function date({ run }: TrendPoint): string {
  return run.asOf.slice(0, 10);
}

function period(trend: Trend): string {
  return `${count(trend.length, 'report')}, ${ends(trend).map(date).join(' to ')}`;
}

/** What a reader must know before believing the numbers. */
function notes(trend: Trend): string[] {
  const incomplete = trend.filter((point) => !point.complete);
  const left = count(incomplete.length, 'report');
  return [
    ...(incomplete.length > 0
      ? [`${left} incomplete, without values: ${incomplete.map(date).join(', ')}.`]
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
  return `${[
    `${safeText(title(trend))}: ${safeText(period(trend))}`,
    ...notes(trend).map((note) => `  Note: ${safeText(note)}`),
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
    .map((point) => [forCsv(date(point)), ...ALL_SERIES.map(({ read }) => String(read(point) ?? ''))]);
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
<div class="charts">
${chart('Open findings by severity', SEVERITY_SERIES, trend)}
${chart('New and resolved findings', NEWS_SERIES, trend)}
${chart('Mean age of open findings in days', [AGE_SERIES], trend)}
</div>
<section><h2>Numbers</h2>
${table(
  ['As of', ...ALL_SERIES.map(({ name }) => name)],
  trend
    .toReversed()
    .map((point) => [
      markup`${minute(point.run.asOf)}${!point.complete && markup` <span class="read partial">incomplete</span>`}`,
      ...ALL_SERIES.map(({ read }) => (point.complete ? (read(point) ?? '–') : '')),
    ]),
)}</section>
</main>
<footer><p>Written by c1-audit.</p></footer>`;
  return page(readable(title(trend), 200), body);
}

const WIDTH = 640;
const HEIGHT = 220;
const MARGIN = { top: 14, right: 14, bottom: 34, left: 56 };
/** Lines that differ in more than colour. */
const DASHES: Readonly<Record<string, string>> = {
  high: '9 3',
  medium: '5 3',
  low: '2 3',
  info: '9 3 2 3',
  resolved: '5 3',
};

/** Lines over time; nothing if no report has a value. The table below is the text equivalent. */
function chart(name: string, series: readonly Series[], trend: Trend): Markup | false {
  const values = trend.flatMap((point) => series.flatMap(({ read }) => read(point) ?? []));
  if (values.length === 0) return false;
  const [first, last] = ends(trend);
  const [start, end] = [Date.parse(first.run.asOf), Date.parse(last.run.asOf)];
  const [left, right] = [MARGIN.left, WIDTH - MARGIN.right];
  const x = scaleUtc([start, Math.max(end, start + 1)], [left, right]);
  const y = scaleLinear([0, Math.max(1, ...values)], [HEIGHT - MARGIN.bottom, MARGIN.top]).nice();
  const at = (point: TrendPoint) => px(x(Date.parse(point.run.asOf)));
  const lines = series.map((one) => {
    const { read, severity = one.name === 'resolved' ? 'low' : 'high' } = one;
    const height = (point: TrendPoint) => px(y(read(point) ?? 0));
    const points = trend.filter((point) => read(point) !== undefined);
    const dashes = markup`stroke-dasharray="${DASHES[one.name] ?? 'none'}"`;
    const drawn = line<TrendPoint>(at, height).defined((point) => read(point) !== undefined);
    return {
      path: markup`<g class="trend ${severity}"><path d="${drawn(trend) ?? ''}" ${dashes}/>${points.map(
        (point) =>
          markup`<circle cx="${at(point)}" cy="${height(point)}" r="2.5"><title>${`${minute(point.run.asOf)}: ${read(point)} ${one.name}`}</title></circle>`,
      )}</g>`,
      key: markup`<li><svg class="trend ${severity}" width="28" height="8" aria-hidden="true"><path d="M0,4H28" ${dashes}/></svg> ${one.name}</li>`,
    };
  });
  return markup`<figure class="card"><h2>${name}</h2><svg viewBox="0 0 ${WIDTH} ${HEIGHT}" aria-hidden="true">
${y
  .ticks(4)
  .filter(Number.isInteger)
  .map(
    (tick) =>
      markup`<line class="grid" x1="${left}" x2="${right}" y1="${px(y(tick))}" y2="${px(y(tick))}"/><text x="${left - 8}" y="${px(y(tick) + 4)}" text-anchor="end">${tick}</text>`,
  )}
<text x="${left}" y="${HEIGHT - 8}">${date(first)}</text>
<text x="${right}" y="${HEIGHT - 8}" text-anchor="end">${end > start && date(last)}</text>
${lines.map(({ path }) => path)}
</svg>${series.length > 1 && markup`<ul class="legend">${lines.map(({ key }) => key)}</ul>`}</figure>`;
}

function px(value: number): number {
  return Math.round(value * 10) / 10;
}
