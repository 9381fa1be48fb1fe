import { scaleSqrt, scaleSymlog } from 'd3-scale';
import { DAY, type Severity, wholeDays } from '../../../contract/index.js';
import type { Report } from '../../../engine/report.js';
import { count, credentialName, number } from '../../words.js';
import { type Markup, markup } from '../markup.js';
import { readable } from '../readable.js';
import { credentialKey, ownerView } from '../view.js';
import { SPANS, spanOf } from '../wording.js';
import { drawing, figure } from './figure.js';
import { mark, px } from './mark.js';
import { WORST_NAMES, WORSTS, type Worst } from './worst.js';

interface Point {
  readonly name: string;
  readonly owner: string;
  /** Days since it was created. */
  readonly age: number;
  /** Days since it was used last; null is never. */
  readonly idle: number | null;
  readonly worst: Worst;
}

const WIDTH = 640;
const HEIGHT = 300;
const PLOT = { left: 62, right: WIDTH - 10, top: 62, bottom: 252 };
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
      WIDTH,
      HEIGHT,
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
<text class="label" x="${(PLOT.left + PLOT.right) / 2}" y="${HEIGHT - 8}" text-anchor="middle">created … ago</text>
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
