import { scaleLinear, scaleSqrt, scaleSymlog, scaleUtc } from 'd3-scale';
import {
  type SymbolType,
  stack,
  symbol,
  symbolCircle,
  symbolCross,
  symbolDiamond2,
  symbolSquare,
  symbolTriangle,
} from 'd3-shape';
import { DAY, type Severity, severityRank, wholeDays } from '../../contract/index.js';
import { MOST_SEVERE_FIRST, partsOf, type Report } from '../../engine/report.js';
import { count, credentialName, number } from '../words.js';
import { credentialKey, type FindingView, ownerView } from './findings.js';
import { day, fromNow, type Markup, markup, month, readable, SPANS, spanOf } from './markup.js';

/** How bad a credential is: the severity of its worst finding that is neither waived nor unknown. */
type Worst = Severity | 'none';

const WORSTS = [...MOST_SEVERE_FIRST, 'none'] as const satisfies readonly Worst[];

const WORST_NAMES: Record<Worst, string> = {
  critical: 'critical',
  high: 'high',
  medium: 'medium',
  low: 'low',
  info: 'info',
  none: 'no open finding',
};

/** By credential key; credentials without a finding are missing. */
export function worstFindings(report: Report): ReadonlyMap<string, Severity> {
  const worst = new Map<string, Severity>();
  for (const { credential, severity } of partsOf(report).open) {
    if (credential === null) continue;
    const key = credentialKey(credential);
    const known = worst.get(key);
    if (known === undefined || severityRank(severity) > severityRank(known)) worst.set(key, severity);
  }
  return worst;
}

/** Every severity has a shape of its own beside its colour. */
const SHAPES: Record<Worst, SymbolType> = {
  critical: symbolTriangle,
  high: symbolDiamond2,
  medium: symbolSquare,
  low: symbolCircle,
  info: symbolCross,
  none: symbolCircle,
};

/** Shapes of the same area do not look of the same size. */
const STRETCH: Record<Worst, number> = {
  critical: 0.9,
  high: 1.1,
  medium: 0.9,
  low: 1,
  info: 0.8,
  none: 0.8,
};

/** A point of a chart, `size` pixels across, with a tooltip. */
function mark(worst: Worst, x: number, y: number, size: number, title: string): Markup {
  const area = Math.PI * (size / 2) ** 2 * STRETCH[worst];
  const outline = symbol(SHAPES[worst], area).digits(1)() ?? '';
  return markup`<path class="mark ${worst}" transform="translate(${px(x)},${px(y)})" d="${outline}"><title>${title}</title></path>`;
}

/** Pixels to one decimal: finer would only make the file bigger. */
function px(value: number): number {
  return Math.round(value * 10) / 10;
}

export function legend(): Markup {
  return markup`<ul class="legend" aria-label="Marks, by the worst open finding of a credential">${WORSTS.map(
    (worst) =>
      markup`<li><svg width="14" height="14" viewBox="-7 -7 14 14" aria-hidden="true"><path class="${worst}" d="${
        symbol(SHAPES[worst], 78 * STRETCH[worst]).digits(1)() ?? ''
      }"/></svg>${WORST_NAMES[worst]}</li>`,
  )}</ul>`;
}

interface Bar {
  readonly label: string;
  /** A second line under the label. */
  readonly detail: string;
  /** What the table's filter is set to when the label is followed. */
  readonly value: string;
  readonly counts: Record<Severity, number>;
  readonly unknown: number;
}

interface Bars {
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

interface Figure {
  readonly id: string;
  readonly title: string;
  /** One or two sentences: what the drawing shows, with its numbers. */
  readonly summary: string;
  readonly drawing: Markup;
  /** The same in rows: for who cannot see the drawing, or wants the numbers. */
  readonly table: Markup;
}

/** A drawing with its title, its summary and the same as a table. */
function figure({ id, title, summary, drawing, table }: Figure): Markup {
  return markup`<figure class="card" id="${id}">
<h3 id="${id}-title">${title}</h3>
<p class="note" id="${id}-summary">${summary}</p>
<div class="drawing" role="region" tabindex="0" aria-labelledby="${id}-title">${drawing}</div>
<details class="numbers"><summary>The same as a table</summary>${table}</details>
</figure>`;
}

/** A labelled drawing; `width` and `height` are pixels at full size. */
function drawing(id: string, width: number, height: number, content: Markup): Markup {
  return markup`<svg role="img" aria-labelledby="${id}-title" aria-describedby="${id}-summary" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}">${content}</svg>`;
}

interface Point {
  readonly name: string;
  readonly owner: string;
  /** Days since it was created. */
  readonly age: number;
  /** Days since it was used last; null is never. */
  readonly idle: number | null;
  readonly worst: Worst;
}

const SCATTER_WIDTH = 640;
const SCATTER_HEIGHT = 300;
const PLOT = { left: 62, right: SCATTER_WIDTH - 10, top: 62, bottom: 252 };
/** The strip above the plot, for those never used. */
const NEVER = { top: 14, bottom: 50 };
/** Up to so many credentials have a mark each; more are drawn as one mark a cell, sized by their number. */
const SINGLE_MARKS = 600;
const CELL = 14;
const TICKS = [0, 7, 30, 90, 180, 365, 730, 1825, 3650];
/** Nearer to each other, in pixels, two labels would run together. */
const APART = 15;
const TICK_NAMES: Readonly<Record<number, string>> = { 365: '1 y', 730: '2 y', 1825: '5 y', 3650: '10 y' };
/** A creation date of long ago is a mistake in the record: it must not press all others into a corner. */
const OLDEST = 20 * 365;

export function scatter(report: Report, findings: ReadonlyMap<string, Severity>): Markup {
  const { points, left } = pointsOf(report, findings);
  const never = points.filter(({ idle }) => idle === null).length;
  const forgotten = points.filter(({ idle }) => idle !== null && idle >= 90).length;
  const oldest = points.reduce((days, { age }) => Math.max(days, age), 120);
  // The constant bends the axis: days count near zero, years far out.
  const x = scaleSymlog([0, oldest], [PLOT.left, PLOT.right]).constant(20);
  const y = scaleSymlog([0, oldest], [PLOT.bottom, PLOT.top]).constant(20);
  const placed = points.map((point, i) => ({
    ...point,
    x: x(point.age),
    y: point.idle === null ? NEVER.top + 6 + ((i * 7) % 25) : y(point.idle),
  }));
  return figure({
    id: 'scatter',
    title: 'Age against last use',
    summary: `${count(points.length, 'live credential')}: ${number(never)} never used, ${number(forgotten)} last used 90 days ago or longer. The higher up and the further right, the more forgotten.${
      left > 0
        ? ` ${count(left, 'credential')} without these dates (federation trusts, or not known) left out.`
        : ''
    }`,
    drawing: drawing(
      'scatter',
      SCATTER_WIDTH,
      SCATTER_HEIGHT,
      markup`${frame(x, y, oldest)}${points.length > SINGLE_MARKS ? cells(placed) : singles(placed)}`,
    ),
    table: table(points),
  });
}

function pointsOf(
  report: Report,
  findings: ReadonlyMap<string, Severity>,
): { points: Point[]; left: number } {
  const now = Date.parse(report.run.asOf);
  const points: Point[] = [];
  let left = 0;
  for (const credential of report.credentials) {
    if (!credential.live) continue;
    const age = daysSince(credential.createdAt, now);
    const idle = daysSince(credential.lastUsedAt, now);
    if (credential.kind === 'federation-trust' || typeof age !== 'number' || idle === undefined) {
      left++;
      continue;
    }
    points.push({
      name: readable(credentialName(credential), 80),
      owner: ownerView(credential).name,
      age,
      idle,
      worst: findings.get(credentialKey(credential)) ?? 'none',
    });
  }
  return { points, left };
}

function daysSince(instant: string | null | undefined, now: number): number | null | undefined {
  if (typeof instant !== 'string') return instant;
  const days = (now - Date.parse(instant)) / DAY;
  return Number.isNaN(days) ? undefined : Math.min(OLDEST, Math.max(0, days));
}

function frame(x: (days: number) => number, y: (days: number) => number, oldest: number): Markup {
  const ticks = TICKS.filter(
    (days, i) => days <= oldest && (i === 0 || y(TICKS[i - 1] ?? 0) - y(days) >= APART),
  );
  const middle = (PLOT.top + PLOT.bottom) / 2;
  return markup`<rect class="zone" x="${PLOT.left}" y="${NEVER.top}" width="${PLOT.right - PLOT.left}" height="${NEVER.bottom - NEVER.top}"/>
<text class="label" x="${PLOT.left - 6}" y="${(NEVER.top + NEVER.bottom) / 2 + 4}" text-anchor="end">never</text>
${ticks.map(
  (days) =>
    markup`<path class="grid" d="M${PLOT.left},${px(y(days))}H${PLOT.right}M${px(x(days))},${NEVER.top}V${PLOT.bottom}"/><text class="label" x="${PLOT.left - 6}" y="${px(y(days)) + 4}" text-anchor="end">${tickName(days)}</text><text class="label" x="${px(x(days))}" y="${PLOT.bottom + 16}" text-anchor="middle">${tickName(days)}</text>`,
)}
<path class="diagonal" d="M${px(x(0))},${px(y(0))}L${px(x(oldest))},${px(y(oldest))}"/>
<text class="label" x="${(PLOT.left + PLOT.right) / 2}" y="${SCATTER_HEIGHT - 8}" text-anchor="middle">created … ago</text>
<text class="label" transform="translate(13,${middle}) rotate(-90)" text-anchor="middle">last used … ago</text>`;
}

function tickName(days: number): string {
  return TICK_NAMES[days] ?? `${days} d`;
}

type Placed = Point & { readonly x: number; readonly y: number };

/** The worst are drawn last, on top. */
function singles(points: readonly Placed[]): Markup {
  return markup`${points
    .toSorted((a, b) => WORSTS.indexOf(b.worst) - WORSTS.indexOf(a.worst))
    .map(({ name, owner, age, idle, worst, x, y }) =>
      mark(
        worst,
        x,
        y,
        9,
        `${name}, ${owner}: created ${daysAgo(age)}, ${idle === null ? 'never used' : `last used ${daysAgo(idle)}`} (${WORST_NAMES[worst]})`,
      ),
    )}`;
}

/** A disc a cell for all that lie in it, and on it the mark of the worst severity for those that have it. */
function cells(points: readonly Placed[]): Markup {
  const grid = new Map<string, { x: number; y: number; all: number; worst: Worst; worstOnes: number }>();
  for (const { x, y, idle, worst } of points) {
    const column = Math.floor((x - PLOT.left) / CELL);
    const row = idle === null ? 'never' : Math.floor((y - PLOT.top) / CELL);
    const key = `${column} ${row}`;
    const cell = grid.get(key) ?? {
      x: Math.min(PLOT.right - CELL / 2, PLOT.left + (column + 0.5) * CELL),
      y:
        row === 'never'
          ? (NEVER.top + NEVER.bottom) / 2
          : Math.min(PLOT.bottom - CELL / 2, PLOT.top + (row + 0.5) * CELL),
      all: 0,
      worst,
      worstOnes: 0,
    };
    grid.set(key, cell);
    cell.all++;
    const worse = WORSTS.indexOf(cell.worst) - WORSTS.indexOf(worst);
    if (worse > 0) {
      cell.worst = worst;
      cell.worstOnes = 0;
    }
    if (worse >= 0) cell.worstOnes++;
  }
  const fullest = Math.max(...[...grid.values()].map(({ all }) => all));
  const size = scaleSqrt([0, fullest], [3, CELL]);
  return markup`${[...grid.values()].map(({ x, y, all, worst, worstOnes }) => {
    const title = `${count(all, 'credential')}, ${number(worstOnes)} of them at the worst: ${WORST_NAMES[worst]}`;
    return markup`<circle class="all" cx="${px(x)}" cy="${px(y)}" r="${px(size(all) / 2)}"/>${mark(worst, x, y, size(worst === 'none' ? 0 : worstOnes), title)}`;
  })}`;
}

function daysAgo(days: number): string {
  return `${count(wholeDays(days * DAY), 'day')} ago`;
}

function table(points: readonly Point[]): Markup {
  const counts = new Map<string, number>();
  for (const { age, idle } of points) {
    const key = `${idle === null ? 'never' : spanOf(idle * DAY)} ${spanOf(age * DAY)}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  const rows = [
    { key: 'never', label: 'never' },
    ...SPANS.map(({ within }, i) => ({ key: String(i), label: within })).reverse(),
  ];
  return markup`<table><caption>Live credentials by days since creation (columns) and days since last use (rows)</caption>
<thead><tr><th scope="col">Last used</th>${SPANS.map(({ within }) => markup`<th scope="col" class="number">${within}</th>`)}</tr></thead>
<tbody>${rows.map(
    ({ key, label }) =>
      markup`<tr><th scope="row">${label}</th>${SPANS.map((_, i) => markup`<td class="number">${number(counts.get(`${key} ${i}`) ?? 0)}</td>`)}</tr>`,
  )}</tbody></table>`;
}

type Credential = Report['credentials'][number];

interface Ending {
  readonly credential: Credential;
  readonly at: number;
  readonly worst: Worst;
}

/** Where live credentials end: on a date, or in one of the ways that have none. */
interface Endings {
  /** By date, soonest first. */
  readonly dated: readonly Ending[];
  readonly never: readonly Worst[];
  readonly trusts: readonly Worst[];
  readonly unknown: readonly Worst[];
}

const TIMELINE_WIDTH = 640;
const TIMELINE_HEIGHT = 260;
const TIMELINE_PLOT = { left: 46, right: 470, top: 24, bottom: 226 };
const ASIDE = { left: 496, right: TIMELINE_WIDTH - 4 };
/** The axis ends here at the latest: one key that ends in the year 9999 would press all others into a corner. */
const FARTHEST = 400 * DAY;
/** The widest a mark's place may be: a few marks should not look like many. */
const PLACE = 15;

export function timeline(report: Report, findings: ReadonlyMap<string, Severity>): Markup {
  const now = Date.parse(report.run.asOf);
  const endings = endingsOf(report, findings);
  const { dated } = endings;
  const end = now + Math.min(FARTHEST, Math.max(30 * DAY, (dated.at(-1)?.at ?? now) - now));
  return figure({
    id: 'timeline',
    title: 'When live credentials end',
    summary: summaryOf(endings, now),
    drawing: drawing(
      'timeline',
      TIMELINE_WIDTH,
      TIMELINE_HEIGHT,
      markup`${plot(
        dated.filter(({ at }) => at <= end),
        now,
        end,
      )}${aside(endings, end)}`,
    ),
    table: timelineTable(endings, now),
  });
}

function summaryOf({ dated, never, trusts, unknown }: Endings, now: number): string {
  const soon = dated.filter(({ at }) => at - now <= 30 * DAY).length;
  return `Live credentials: ${[
    `${number(dated.length)} with an end date (${number(soon)} within 30 days)`,
    `${number(never.length)} that never ${never.length === 1 ? 'ends' : 'end'}`,
    ...(trusts.length > 0 ? [`${count(trusts.length, 'federation trust')} without an end date`] : []),
    ...(unknown.length > 0 ? [`${number(unknown.length)} whose end is not known`] : []),
  ].join(', ')}.`;
}

function endingsOf(report: Report, findings: ReadonlyMap<string, Severity>): Endings {
  const dated: Ending[] = [];
  const never: Worst[] = [];
  const trusts: Worst[] = [];
  const unknown: Worst[] = [];
  for (const credential of report.credentials) {
    if (!credential.live) continue;
    const worst = findings.get(credentialKey(credential)) ?? 'none';
    const at = typeof credential.expiresAt === 'string' ? Date.parse(credential.expiresAt) : Number.NaN;
    if (!Number.isNaN(at)) dated.push({ credential, at, worst });
    else if (credential.kind === 'federation-trust') trusts.push(worst);
    else if (credential.expiresAt === null) never.push(worst);
    else unknown.push(worst);
  }
  dated.sort((a, b) => a.at - b.at);
  return { dated, never, trusts, unknown };
}

function plot(dated: readonly Ending[], now: number, end: number): Markup {
  const x = scaleUtc([now, end], [TIMELINE_PLOT.left, TIMELINE_PLOT.right]);
  const span = spanFor(end - now);
  const bins: Ending[][] = Array.from({ length: Math.ceil((end - now) / span) }, () => []);
  for (const ending of dated) {
    bins[Math.min(bins.length - 1, Math.max(0, Math.floor((ending.at - now) / span)))]?.push(ending);
  }
  const width = (TIMELINE_PLOT.right - TIMELINE_PLOT.left) / ((end - now) / span);
  const cell = Math.min(width, PLACE);
  const highest = Math.max(1, ...bins.map((bin) => bin.length));
  const fits = highest * cell <= TIMELINE_PLOT.bottom - TIMELINE_PLOT.top;
  const month30 = px(x(Math.min(end, now + 30 * DAY)));
  const months = end - now > 120 * DAY;
  return markup`<rect class="zone" x="${TIMELINE_PLOT.left}" y="${TIMELINE_PLOT.top}" width="${px(month30 - TIMELINE_PLOT.left)}" height="${TIMELINE_PLOT.bottom - TIMELINE_PLOT.top}"/>
<text class="label" x="${TIMELINE_PLOT.left}" y="${TIMELINE_PLOT.top - 7}">30 days</text>
${fits ? dots(bins, width, cell, now) : columns(bins, width, highest, now, span)}
<path class="axis" d="M${TIMELINE_PLOT.left},${TIMELINE_PLOT.bottom}H${TIMELINE_PLOT.right}"/>
${x
  .ticks(5)
  .filter((tick) => x(tick) < TIMELINE_PLOT.right - 20)
  .map(
    (tick) =>
      markup`<g class="tick" transform="translate(${px(x(tick))},${TIMELINE_PLOT.bottom})"><path class="axis" d="M0,0V5"/><text y="18" text-anchor="middle">${
        months ? month(tick.getTime()) : day(tick.getTime(), 'without year')
      }</text></g>`,
  )}`;
}

/** Days, weeks or fortnights, so that there are some thirty of them. */
function spanFor(range: number): number {
  if (range <= 45 * DAY) return DAY;
  return range <= 250 * DAY ? 7 * DAY : 14 * DAY;
}

/** One mark a credential, stacked on its span of days, the worst at the bottom. */
function dots(bins: readonly Ending[][], width: number, cell: number, now: number): Markup {
  return markup`${bins.map((bin, i) =>
    worstFirst(bin).map(({ credential, at, worst }, n) =>
      mark(
        worst,
        TIMELINE_PLOT.left + (i + 0.5) * width,
        TIMELINE_PLOT.bottom - (n + 0.5) * cell,
        Math.min(cell - 1, 11),
        `${readable(credentialName(credential), 80)}, ${ownerView(credential).name}: ends ${day(at)}, ${fromNow(at, now)} (${WORST_NAMES[worst]})`,
      ),
    ),
  )}`;
}

/** One column a span of days, by severity. */
function columns(
  bins: readonly Ending[][],
  width: number,
  highest: number,
  now: number,
  span: number,
): Markup {
  const y = scaleLinear([0, highest], [TIMELINE_PLOT.bottom, TIMELINE_PLOT.top]).nice(4);
  const counts = bins.map((bin) => tally(bin.map(({ worst }) => worst)));
  const layers = stack<Record<Worst, number>, Worst>().keys(WORSTS)(counts);
  return markup`${y
    .ticks(4)
    .map(
      (tick) =>
        markup`<path class="grid" d="M${TIMELINE_PLOT.left},${px(y(tick))}H${TIMELINE_PLOT.right}"/><text class="label" x="${TIMELINE_PLOT.left - 5}" y="${px(y(tick)) + 4}" text-anchor="end">${number(tick)}</text>`,
    )}${layers.map((layer) =>
    layer.map(([from, to], i) =>
      to === from
        ? null
        : markup`<rect class="mark ${layer.key}" x="${px(TIMELINE_PLOT.left + i * width + 0.5)}" y="${px(y(to))}" width="${px(width - 1)}" height="${px(y(from) - y(to))}"><title>${`${count(to - from, 'credential')} (${WORST_NAMES[layer.key]}) ending in the ${count(span / DAY, 'day')} from ${day(now + i * span)}`}</title></rect>`,
    ),
  )}`;
}

/** Those that no axis can show, each with its count and a bar of its severities. */
function aside({ dated, never, trusts, unknown }: Endings, end: number): Markup {
  const later = dated.filter(({ at }) => at > end).map(({ worst }) => worst);
  const groups = [
    { label: 'never end', worsts: never, always: true },
    { label: 'trusts, no end date', worsts: trusts, always: false },
    { label: `after ${day(end)}`, worsts: later, always: false },
    { label: 'end not known', worsts: unknown, always: false },
  ].filter(({ worsts, always }) => always || worsts.length > 0);
  return markup`<path class="axis" d="M${(TIMELINE_PLOT.right + ASIDE.left) / 2},${TIMELINE_PLOT.top}V${TIMELINE_PLOT.bottom}"/>${groups.map(
    ({ label, worsts }, i) =>
      markup`<g transform="translate(${ASIDE.left},${TIMELINE_PLOT.top + i * 54})"><text class="count" y="20">${number(worsts.length)}</text><text class="label" y="34">${label}</text>${shares(worsts, label)}</g>`,
  )}`;
}

function shares(worsts: readonly Worst[], label: string): Markup {
  const x = scaleLinear([0, worsts.length], [0, ASIDE.right - ASIDE.left]);
  const layers = stack<Record<Worst, number>, Worst>().keys(WORSTS)([tally(worsts)]);
  return markup`${layers.map((layer) =>
    layer.map(([from, to]) =>
      to === from
        ? null
        : markup`<rect class="mark ${layer.key}" x="${px(x(from))}" y="39" width="${px(Math.max(1, x(to) - x(from) - 1))}" height="7"><title>${`${count(to - from, 'credential')}, ${label} (${WORST_NAMES[layer.key]})`}</title></rect>`,
    ),
  )}`;
}

function timelineTable({ dated, never, trusts, unknown }: Endings, now: number): Markup {
  const spans: Worst[][] = SPANS.map(() => []);
  for (const { at, worst } of dated) spans[spanOf(at - now)]?.push(worst);
  const rows = [
    ...SPANS.map(({ within }, i) => ({ label: within, worsts: spans[i] ?? [] })),
    { label: 'never', worsts: never },
    { label: 'no end date (federation trusts)', worsts: trusts },
    { label: 'not known', worsts: unknown },
  ];
  const next = dated.slice(0, 12);
  return markup`<table><caption>Live credentials by end date</caption>
<thead><tr><th scope="col">Ends</th><th scope="col" class="number">Credentials</th><th scope="col" class="number">with a critical or high finding</th></tr></thead>
<tbody>${rows.map(({ label, worsts }) => {
    const { critical, high } = tally(worsts);
    return markup`<tr><th scope="row">${label}</th><td class="number">${number(worsts.length)}</td><td class="number">${number(critical + high)}</td></tr>`;
  })}</tbody></table>${
    next.length > 0 &&
    markup`<table><caption>${next.length < dated.length ? `The first ${next.length} to end` : 'All with an end date'}</caption>
<thead><tr><th scope="col">Credential</th><th scope="col">Owner</th><th scope="col">Ends</th><th scope="col" class="number">Days left</th></tr></thead>
<tbody>${next.map(
      ({ credential, at }) =>
        markup`<tr><th scope="row"><bdi>${readable(credentialName(credential), 80)}</bdi></th><td><bdi>${ownerView(credential).name}</bdi></td><td>${day(at)}</td><td class="number">${number(wholeDays(at - now))}</td></tr>`,
    )}</tbody></table>`
  }`;
}

function tally(worsts: readonly Worst[]): Record<Worst, number> {
  const counts: Record<Worst, number> = { critical: 0, high: 0, medium: 0, low: 0, info: 0, none: 0 };
  for (const worst of worsts) counts[worst]++;
  return counts;
}

function worstFirst(bin: readonly Ending[]): readonly Ending[] {
  return bin.toSorted((a, b) => WORSTS.indexOf(a.worst) - WORSTS.indexOf(b.worst));
}
