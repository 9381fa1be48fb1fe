import { scaleLinear, scaleSqrt, scaleSymlog, scaleUtc } from 'd3-scale';
import {
  type SymbolType,
  symbol,
  symbolCircle,
  symbolCross,
  symbolDiamond2,
  symbolSquare,
  symbolTriangle,
} from 'd3-shape';
import { DAY, hasFact, kindName, type Severity, wholeDays } from '../../contract/index.js';
import { compareText, groupBy, MOST_SEVERE_FIRST, partsOf, type Report } from '../../engine/report.js';
import { credentialKey } from '../../engine/state.js';
import { byCredential } from '../view.js';
import { count, credentialName, fromNow, number, severityCounts } from '../words.js';
import { type FindingData, ownerData } from './data.js';
import { day, type Markup, markup, readable, table } from './markup.js';

/** How bad a credential is: the severity of its worst open finding. */
type Worst = Severity | 'none';

const WORSTS = [...MOST_SEVERE_FIRST, 'none'] as const satisfies readonly Worst[];

/** By credential key; credentials without an open finding are missing. */
export function worstFindings(report: Report): ReadonlyMap<string, Severity> {
  const groups = byCredential(partsOf(report).open);
  return new Map(
    groups.map(({ credential, severity }) => [credentialKey(credential.kind, credential.id), severity]),
  );
}

function worstName(worst: Worst): string {
  return worst === 'none' ? 'no open finding' : worst;
}

function byWorst(a: { readonly worst: Worst }, b: { readonly worst: Worst }): number {
  return WORSTS.indexOf(a.worst) - WORSTS.indexOf(b.worst);
}

type Counts = Record<Worst, number>;

function countWorst(items: readonly { readonly worst: Worst }[]): Counts {
  const counts: Counts = { critical: 0, high: 0, medium: 0, low: 0, info: 0, none: 0 };
  for (const { worst } of items) counts[worst]++;
  return counts;
}

/** One part of a bar for each severity with a count, the worst first; `from` and `to` are counts. */
function stacked(
  counts: Readonly<Record<Severity, number>> & Partial<Counts>,
  part: (worst: Worst, from: number, to: number) => Markup,
): Markup[] {
  let to = 0;
  return WORSTS.flatMap((worst) => {
    const from = to;
    to += counts[worst] ?? 0;
    return to > from ? [part(worst, from, to)] : [];
  });
}

/** Every severity has a shape as well as a colour. Shapes of the same area do not look equally large. */
const SHAPES: Record<Worst, { readonly type: SymbolType; readonly stretch: number }> = {
  critical: { type: symbolTriangle, stretch: 0.9 },
  high: { type: symbolDiamond2, stretch: 1.1 },
  medium: { type: symbolSquare, stretch: 0.9 },
  low: { type: symbolCircle, stretch: 1 },
  info: { type: symbolCross, stretch: 0.8 },
  none: { type: symbolCircle, stretch: 0.8 },
};

function outline(worst: Worst, size: number): string {
  const { type, stretch } = SHAPES[worst];
  return symbol(type, Math.PI * (size / 2) ** 2 * stretch).digits(1)() ?? '';
}

/** A point of a chart, `size` pixels across, with a tooltip. */
function mark(worst: Worst, x: number, y: number, size: number, title: string): Markup {
  return markup`<path class="mark ${worst}" transform="translate(${px(x)},${px(y)})" d="${outline(worst, size)}"><title>${title}</title></path>`;
}

function block(worst: Worst, x: number, y: number, width: number, height: number, title: string): Markup {
  return markup`<rect class="mark ${worst}" x="${px(x)}" y="${px(y)}" width="${px(width)}" height="${px(height)}"><title>${title}</title></rect>`;
}

function label(x: number, y: number, anchor: 'start' | 'middle' | 'end', text: string): Markup {
  return markup`<text class="label" x="${px(x)}" y="${px(y)}" text-anchor="${anchor}">${text}</text>`;
}

/** Pixels to one decimal: more would only make the file larger. */
function px(value: number): number {
  return Math.round(value * 10) / 10;
}

export function legend(): Markup {
  return markup`<ul class="legend" aria-label="Marks, by the worst open finding of a credential">${WORSTS.map(
    (worst) =>
      markup`<li><svg width="14" height="14" viewBox="-7 -7 14 14" aria-hidden="true"><path class="${worst}" d="${outline(worst, 10)}"/></svg>${worstName(worst)}</li>`,
  )}</ul>`;
}

interface Figure {
  readonly id: string;
  readonly title: string;
  /** One or two sentences: what the drawing shows, with its numbers. */
  readonly summary: string;
  /** In pixels at full size. */
  readonly height: number;
  readonly drawing: Markup;
  /** The same in rows: for people who cannot see the drawing, or want the numbers. */
  readonly tables: readonly Markup[];
}

const WIDTH = 640;

/** A drawing with its title, its summary and the same as a table. */
function figure({ id, title, summary, height, drawing, tables }: Figure): Markup {
  return markup`<figure class="card" id="${id}">
<h3 id="${id}-title">${title}</h3>
<p class="note" id="${id}-summary">${summary}</p>
<div class="drawing" role="region" tabindex="0" aria-labelledby="${id}-title"><svg role="img" aria-labelledby="${id}-title" aria-describedby="${id}-summary" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}">${drawing}</svg></div>
<details class="numbers"><summary>The same as a table</summary>${tables}</details>
</figure>`;
}

/** Ranges of days: each ends with its own last day. */
const RANGES = [
  { days: 7, name: 'within 7 days' },
  { days: 30, name: '8 to 30 days' },
  { days: 90, name: '31 to 90 days' },
  { days: 180, name: '91 to 180 days' },
  { days: 365, name: '181 to 365 days' },
  { days: Number.POSITIVE_INFINITY, name: 'more than 365 days' },
] as const;

export function rangeOf(milliseconds: number): string {
  return RANGES.find(({ days }) => milliseconds <= days * DAY)?.name ?? '';
}

interface Bar {
  readonly label: string;
  /** A second line below the label. */
  readonly detail: string;
  /** What the findings' filter is set to when the label is followed. */
  readonly value: string;
  readonly counts: Readonly<Record<Severity, number>>;
  readonly unknown: number;
}

/** Findings gathered into bars; `describe` is called once for each. */
export function gather(
  findings: readonly FindingData[],
  keyOf: (finding: FindingData) => number,
  describe: (key: number) => Pick<Bar, 'label' | 'detail' | 'value'>,
): Bar[] {
  const bars = new Map<number, Record<Severity | 'unknown', number>>();
  for (const finding of findings) {
    const key = keyOf(finding);
    const counts = bars.get(key) ?? { critical: 0, high: 0, medium: 0, low: 0, info: 0, unknown: 0 };
    bars.set(key, counts);
    counts[finding.level]++;
  }
  return [...bars].map(([key, counts]) => ({ ...describe(key), counts, unknown: counts.unknown }));
}

interface Bars {
  readonly id: string;
  readonly title: string;
  readonly column: string;
  /** The filter that a label sets. */
  readonly filter: 'rule' | 'owner';
  readonly bars: readonly Bar[];
  /** How many bars are drawn, the longest first. */
  readonly most: number;
}

const BAR = { width: 240, height: 14 };

/** Findings by something, as a table with a drawn column: the chart needs no other text. */
export function bars({ id, title, column, filter, bars, most }: Bars): Markup {
  if (bars.length === 0)
    return markup`<figure class="card bars" id="${id}"><h3>${title}</h3><p class="note">None.</p></figure>`;
  const longestFirst = bars.toSorted(
    (a, b) => total(b) - total(a) || b.unknown - a.unknown || compareText(a.label, b.label),
  );
  const drawn = longestFirst.slice(0, most);
  const rest = longestFirst.slice(most);
  const x = scaleLinear([0, Math.max(1, ...drawn.map(total))], [0, BAR.width]);
  return markup`<figure class="card bars" id="${id}"><table><caption><h3>${title}</h3></caption>
<thead><tr><th scope="col">${column}</th><th scope="col">By severity</th><th scope="col" class="number">Findings</th><th scope="col" class="number">Unknown</th></tr></thead>
<tbody>${drawn.map(
    (bar) =>
      markup`<tr><th scope="row"><a href="#findings" data-filter="${filter}" data-value="${bar.value}"><bdi>${bar.label}</bdi></a>${
        bar.detail && markup`<small><bdi>${bar.detail}</bdi></small>`
      }</th><td><svg viewBox="0 0 ${BAR.width} ${BAR.height}" preserveAspectRatio="none" aria-hidden="true">${stacked(
        bar.counts,
        (severity, from, to) =>
          block(severity, x(from), 0, x(to) - x(from), BAR.height, `${number(to - from)} ${severity}`),
      )}</svg><span class="unseen">${severityCounts(bar.counts)}</span></td><td class="number">${number(total(bar))}</td><td class="number">${bar.unknown > 0 ? number(bar.unknown) : '–'}</td></tr>`,
  )}</tbody></table>${
    rest.length > 0 &&
    markup`<p class="note">And ${number(rest.length)} more, with ${count(
      rest.reduce((sum, bar) => sum + total(bar), 0),
      'finding',
    )} between them.</p>`
  }</figure>`;
}

function total({ counts }: Bar): number {
  return MOST_SEVERE_FIRST.reduce((sum, severity) => sum + counts[severity], 0);
}

type Credential = Report['credentials'][number];

/** A live credential in a chart. */
interface Point {
  readonly credential: Credential;
  readonly worst: Worst;
}

function livePoints(report: Report, findings: ReadonlyMap<string, Severity>): Point[] {
  return report.credentials
    .filter(({ live }) => live)
    .map((credential) => ({
      credential,
      worst: findings.get(credentialKey(credential.kind, credential.id)) ?? 'none',
    }));
}

function nameAndOwner(credential: Credential): string {
  return `${readable(credentialName(credential), 80)}, ${ownerData(credential).name}`;
}

interface Aged extends Point {
  /** Days since it was created. */
  readonly age: number;
  /** Days since it was used last; null: no use on record. */
  readonly idle: number | null;
}

const SCATTER = { left: 62, right: WIDTH - 10, top: 62, bottom: 252, height: 300 };
/** The strip above the plot, for credentials without a use on record. */
const UNUSED = { top: 14, bottom: 50, middle: 32 };
/** Up to so many credentials have a mark each; more are drawn as one mark per cell, sized by their number. */
const SINGLE_MARKS = 600;

export function scatter(report: Report, findings: ReadonlyMap<string, Severity>): Markup {
  const all = livePoints(report, findings);
  const points = all.flatMap((point) => agedPoint(point, Date.parse(report.run.asOf)));
  const unused = points.filter(({ idle }) => idle === null).length;
  const forgotten = points.filter(({ idle }) => idle !== null && idle >= 90).length;
  const left = all.length - points.length;
  const oldest = points.reduce((days, { age }) => Math.max(days, age), 120);
  // The constant bends the axis: days count near zero, years far out.
  const x = scaleSymlog([0, oldest], [SCATTER.left, SCATTER.right]).constant(20);
  const y = scaleSymlog([0, oldest], [SCATTER.bottom, SCATTER.top]).constant(20);
  const placed = points.map((point, i) => ({
    ...point,
    x: x(point.age),
    y: point.idle === null ? UNUSED.top + 6 + ((i * 7) % 25) : y(point.idle),
  }));
  return figure({
    id: 'scatter',
    title: 'Age and last use',
    summary: `${count(points.length, 'live credential')}: ${number(unused)} without a use on record, ${number(forgotten)} last used 90 days ago or longer. Credentials at the top right are old and unused.${
      left > 0 ? ` Not shown: ${count(left, 'credential')} without these dates.` : ''
    }`,
    height: SCATTER.height,
    drawing: markup`${scatterFrame(x, y, oldest)}${points.length > SINGLE_MARKS ? cells(placed) : singles(placed)}`,
    tables: [scatterTable(points)],
  });
}

/** A creation date of long ago is a mistake in the record: it must not press all others into a corner. */
const OLDEST = 20 * 365;

function agedPoint({ credential, worst }: Point, now: number): Aged[] {
  const { kind, createdAt, lastUsedAt } = credential;
  if (!hasFact(kind, 'lastUsedAt') || createdAt === null) return [];
  const daysSince = (instant: string) => Math.min(OLDEST, Math.max(0, (now - Date.parse(instant)) / DAY));
  const idle = lastUsedAt === null ? null : daysSince(lastUsedAt);
  return [{ credential, worst, age: daysSince(createdAt), idle }];
}

const TICKS = [0, 7, 30, 90, 180, 365, 730, 1825, 3650];
const TICK_NAMES: Readonly<Record<number, string>> = { 365: '1 y', 730: '2 y', 1825: '5 y', 3650: '10 y' };
/** Closer together, in pixels, two labels would overlap. */
const APART = 15;

function scatterFrame(x: (days: number) => number, y: (days: number) => number, oldest: number): Markup {
  const { left, right, top, bottom, height } = SCATTER;
  const ticks = TICKS.filter(
    (days, i) => days <= oldest && (i === 0 || y(TICKS[i - 1] ?? 0) - y(days) >= APART),
  );
  return markup`<rect class="zone" x="${left}" y="${UNUSED.top}" width="${right - left}" height="${UNUSED.bottom - UNUSED.top}"/>
${label(left - 6, UNUSED.middle + 4, 'end', 'no use')}
${ticks.map((days) => {
  const name = TICK_NAMES[days] ?? `${days} d`;
  return markup`<path class="grid" d="M${left},${px(y(days))}H${right}M${px(x(days))},${UNUSED.top}V${bottom}"/>${label(left - 6, y(days) + 4, 'end', name)}${label(x(days), bottom + 16, 'middle', name)}`;
})}
<path class="diagonal" d="M${px(x(0))},${px(y(0))}L${px(x(oldest))},${px(y(oldest))}"/>
${label((left + right) / 2, height - 8, 'middle', 'created … ago')}
<g transform="translate(13,${(top + bottom) / 2}) rotate(-90)">${label(0, 0, 'middle', 'last used … ago')}</g>`;
}

type Placed = Aged & { readonly x: number; readonly y: number };

/** The worst are drawn last, on top. */
function singles(points: readonly Placed[]): Markup[] {
  const daysAgo = (days: number) => `${count(wholeDays(days * DAY), 'day')} ago`;
  return points
    .toSorted((a, b) => byWorst(b, a))
    .map(({ credential, age, idle, worst, x, y }) => {
      const used = idle === null ? 'no use on record' : `last used ${daysAgo(idle)}`;
      const title = `${nameAndOwner(credential)}: created ${daysAgo(age)}, ${used} (${worstName(worst)})`;
      return mark(worst, x, y, 9, title);
    });
}

const CELL = 14;

/** A disc for all credentials in a cell, and on it the mark of the worst severity, sized by how many have it. */
function cells(points: readonly Placed[]): Markup[] {
  const middle = (value: number, from: number, to: number) =>
    Math.min(to - CELL / 2, from + (Math.floor((value - from) / CELL) + 0.5) * CELL);
  const moved = points.map(({ worst, idle, x, y }) => ({
    worst,
    x: middle(x, SCATTER.left, SCATTER.right),
    y: idle === null ? UNUSED.middle : middle(y, SCATTER.top, SCATTER.bottom),
  }));
  const grid = [...groupBy(moved, ({ x, y }) => `${x} ${y}`).values()];
  const size = scaleSqrt([0, Math.max(...grid.map((cell) => cell.length))], [3, CELL]);
  return grid.flatMap((cell) => {
    const [first] = cell.toSorted(byWorst);
    if (!first) return [];
    const { x, y, worst } = first;
    const those = cell.filter((point) => point.worst === worst).length;
    const title = `${count(cell.length, 'credential')}, ${number(those)} of them at the worst: ${worstName(worst)}`;
    return markup`<circle class="all" cx="${px(x)}" cy="${px(y)}" r="${px(size(cell.length) / 2)}"/>${mark(worst, x, y, size(worst === 'none' ? 0 : those), title)}`;
  });
}

function scatterTable(points: readonly Aged[]): Markup {
  const use = (idle: number | null) => (idle === null ? 'no use on record' : rangeOf(idle * DAY));
  const groups = groupBy(points, ({ age, idle }) => `${use(idle)}, ${rangeOf(age * DAY)}`);
  const names = RANGES.map(({ name }) => name);
  return table(
    'Live credentials by days since creation (columns) and days since last use (rows)',
    ['Last used', ...names],
    ['no use on record', ...names.toReversed()].map((used) => [
      used,
      ...names.map((created) => groups.get(`${used}, ${created}`)?.length ?? 0),
    ]),
  );
}

interface Ending extends Point {
  readonly at: number;
}

/** When live credentials end: on a date, or in one of the ways that have none. */
interface Endings {
  /** By date, soonest first. */
  readonly dated: readonly Ending[];
  readonly none: readonly Point[];
  /** Of kinds that have no end date. */
  readonly endless: readonly Point[];
}

const TIMELINE = { left: 46, right: 470, top: 24, bottom: 226, height: 260 };
/** The column to the right of the plot. */
const ASIDE = { left: 496, right: WIDTH - 4 };
/** The axis ends here at the latest: one that ends in the year 9999 would press all others into a corner. */
const FARTHEST = 400 * DAY;

export function timeline(report: Report, findings: ReadonlyMap<string, Severity>): Markup {
  const now = Date.parse(report.run.asOf);
  const endings = endingsOf(livePoints(report, findings));
  const { dated, none, endless } = endings;
  const end = now + Math.min(FARTHEST, Math.max(30 * DAY, (dated.at(-1)?.at ?? now) - now));
  const soon = dated.filter(({ at }) => at - now <= 30 * DAY).length;
  return figure({
    id: 'timeline',
    title: 'When live credentials expire',
    summary: `Live credentials: ${[
      `${number(dated.length)} with an end date (${number(soon)} within 30 days)`,
      `${number(none.length)} without one on record`,
      ...[...groupBy(endless, ({ credential }) => credential.kind)].map(
        ([kind, { length }]) => `${number(length)} ${kindName(kind, length)} without an end date`,
      ),
    ].join(', ')}.`,
    height: TIMELINE.height,
    drawing: markup`${timelinePlot(dated, now, end)}${timelineAside(endings, end)}`,
    tables: timelineTables(endings, now),
  });
}

function endingsOf(points: readonly Point[]): Endings {
  const canEnd = ({ credential }: Point) => hasFact(credential.kind, 'expiresAt');
  const open = points.filter(({ credential }) => credential.expiresAt === null);
  return {
    dated: points
      .flatMap((point) => {
        const { expiresAt } = point.credential;
        return expiresAt === null ? [] : [{ ...point, at: Date.parse(expiresAt) }];
      })
      .sort((a, b) => a.at - b.at),
    none: open.filter(canEnd),
    endless: open.filter((point) => !canEnd(point)),
  };
}

/** The widest a mark's place may be: a few marks should not look like many. */
const PLACE = 15;

function timelinePlot(dated: readonly Ending[], now: number, end: number): Markup {
  const { left, right, top, bottom } = TIMELINE;
  const x = scaleUtc([now, end], [left, right]);
  const bin = binFor(end - now);
  const bins: Ending[][] = Array.from({ length: Math.ceil((end - now) / bin) }, () => []);
  for (const ending of dated.filter(({ at }) => at <= end))
    bins[Math.min(bins.length - 1, Math.max(0, Math.floor((ending.at - now) / bin)))]?.push(ending);
  const width = (right - left) / ((end - now) / bin);
  const cell = Math.min(width, PLACE);
  const highest = Math.max(1, ...bins.map(({ length }) => length));
  const fits = highest * cell <= bottom - top;
  const months = end - now > 120 * DAY;
  return markup`<rect class="zone" x="${left}" y="${top}" width="${px(x(Math.min(end, now + 30 * DAY)) - left)}" height="${bottom - top}"/>
${label(left, top - 7, 'start', '30 days')}
${fits ? dots(bins, width, cell, now) : columns(bins, width, highest, now, bin)}
<path class="axis" d="M${left},${bottom}H${right}"/>
${x
  .ticks(5)
  .filter((tick) => x(tick) < right - 20)
  .map((tick) => {
    // `Tue, 24 Nov 2026 05:00:00 GMT`.
    const name = months ? tick.toUTCString().slice(8, 16) : tick.toUTCString().slice(5, 11);
    return markup`<path class="axis" d="M${px(x(tick))},${bottom}v5"/>${label(x(tick), bottom + 18, 'middle', name)}`;
  })}`;
}

/** Days, weeks or fortnights, so that there are some thirty of them. */
function binFor(range: number): number {
  if (range <= 45 * DAY) return DAY;
  return range <= 250 * DAY ? 7 * DAY : 14 * DAY;
}

/** One mark per credential, stacked in its bin, the worst at the bottom. */
function dots(bins: readonly Ending[][], width: number, cell: number, now: number): Markup[] {
  return bins.flatMap((bin, i) =>
    bin.toSorted(byWorst).map(({ credential, at, worst }, n) => {
      const title = `${nameAndOwner(credential)}: expires ${day(at)}, ${fromNow(at, now)} (${worstName(worst)})`;
      const x = TIMELINE.left + (i + 0.5) * width;
      return mark(worst, x, TIMELINE.bottom - (n + 0.5) * cell, Math.min(cell - 1, 11), title);
    }),
  );
}

/** One column per bin, by severity. */
function columns(
  bins: readonly Ending[][],
  width: number,
  highest: number,
  now: number,
  bin: number,
): Markup {
  const { left, right, top, bottom } = TIMELINE;
  const y = scaleLinear([0, highest], [bottom, top]).nice(4);
  return markup`${y
    .ticks(4)
    .map(
      (tick) =>
        markup`<path class="grid" d="M${left},${px(y(tick))}H${right}"/>${label(left - 5, y(tick) + 4, 'end', number(tick))}`,
    )}${bins.map((endings, i) =>
    stacked(countWorst(endings), (worst, from, to) => {
      const title = `${count(to - from, 'credential')} (${worstName(worst)}) expiring in the ${count(bin / DAY, 'day')} from ${day(now + i * bin)}`;
      return block(worst, left + i * width + 0.5, y(to), width - 1, y(from) - y(to), title);
    }),
  )}`;
}

/** Credentials that the axis cannot show, each group with its count and a bar of its severities. */
function timelineAside({ dated, none, endless }: Endings, end: number): Markup {
  const { top, bottom, right } = TIMELINE;
  const groups = [
    { name: 'no end date', points: none },
    { name: 'no end for the kind', points: endless },
    { name: `after ${day(end)}`, points: dated.filter(({ at }) => at > end) },
  ].filter(({ points }) => points === none || points.length > 0);
  return markup`<path class="axis" d="M${(right + ASIDE.left) / 2},${top}V${bottom}"/>${groups.map(
    ({ name, points }, i) => {
      const x = scaleLinear([0, points.length], [0, ASIDE.right - ASIDE.left]);
      const shares = stacked(countWorst(points), (worst, from, to) => {
        const title = `${count(to - from, 'credential')}, ${name} (${worstName(worst)})`;
        return block(worst, x(from), 39, Math.max(1, x(to) - x(from) - 1), 7, title);
      });
      return markup`<g transform="translate(${ASIDE.left},${top + i * 54})"><text class="count" y="20">${number(points.length)}</text>${label(0, 34, 'start', name)}${shares}</g>`;
    },
  )}`;
}

const NEXT = 12;

function kindsOf(points: readonly Point[]): string {
  const kinds = [...new Set(points.map(({ credential }) => credential.kind))];
  return kinds.length === 0 ? 'its kind has none' : kinds.map((kind) => kindName(kind, 2)).join(', ');
}

function timelineTables({ dated, none, endless }: Endings, now: number): Markup[] {
  const ranges = groupBy(dated, ({ at }) => rangeOf(at - now));
  const groups: readonly (readonly [string, readonly Point[]])[] = [
    ...RANGES.map(({ name }) => [name, ranges.get(name) ?? []] as const),
    ['no end date on record', none],
    [`no end date (${kindsOf(endless)})`, endless],
  ];
  const next = dated.slice(0, NEXT);
  return [
    table(
      'Live credentials by end date',
      ['Expires', 'Credentials', 'with a critical or high finding'],
      groups.map(([name, points]) => {
        const { critical, high } = countWorst(points);
        return [name, points.length, critical + high];
      }),
    ),
    ...(next.length > 0
      ? [
          table(
            next.length < dated.length ? `The first ${next.length} to expire` : 'All with an end date',
            ['Credential', 'Owner', 'Expires', 'Days left'],
            next.map(({ credential, at }) => [
              markup`<bdi>${readable(credentialName(credential), 80)}</bdi>`,
              markup`<bdi>${ownerData(credential).name}</bdi>`,
              day(at),
              wholeDays(at - now),
            ]),
          ),
        ]
      : []),
  ];
}
