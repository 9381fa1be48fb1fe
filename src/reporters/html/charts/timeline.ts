import { scaleLinear, scaleUtc } from 'd3-scale';
import { stack } from 'd3-shape';
import { DAY, type Severity, wholeDays } from '../../../contract/index.js';
import type { Report } from '../../../engine/report.js';
import { count, credentialName, number } from '../../words.js';
import { type Markup, markup } from '../markup.js';
import { readable } from '../readable.js';
import { credentialKey, ownerView } from '../view.js';
import { day, fromNow, month, SPANS, spanOf } from '../wording.js';
import { drawing, figure } from './figure.js';
import { mark, px } from './mark.js';
import { WORST_NAMES, WORSTS, type Worst } from './worst.js';

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

const WIDTH = 640;
const HEIGHT = 260;
const PLOT = { left: 46, right: 470, top: 24, bottom: 226 };
const ASIDE = { left: 496, right: WIDTH - 4 };
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
      WIDTH,
      HEIGHT,
      markup`${plot(
        dated.filter(({ at }) => at <= end),
        now,
        end,
      )}${aside(endings, end)}`,
    ),
    table: table(endings, now),
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
  const x = scaleUtc([now, end], [PLOT.left, PLOT.right]);
  const span = spanFor(end - now);
  const bins: Ending[][] = Array.from({ length: Math.ceil((end - now) / span) }, () => []);
  for (const ending of dated) {
    bins[Math.min(bins.length - 1, Math.max(0, Math.floor((ending.at - now) / span)))]?.push(ending);
  }
  const width = (PLOT.right - PLOT.left) / ((end - now) / span);
  const cell = Math.min(width, PLACE);
  const highest = Math.max(1, ...bins.map((bin) => bin.length));
  const fits = highest * cell <= PLOT.bottom - PLOT.top;
  const month30 = px(x(Math.min(end, now + 30 * DAY)));
  const months = end - now > 120 * DAY;
  return markup`<rect class="zone" x="${PLOT.left}" y="${PLOT.top}" width="${px(month30 - PLOT.left)}" height="${PLOT.bottom - PLOT.top}"/>
<text class="label" x="${PLOT.left}" y="${PLOT.top - 7}">30 days</text>
${fits ? dots(bins, width, cell, now) : columns(bins, width, highest, now, span)}
<path class="axis" d="M${PLOT.left},${PLOT.bottom}H${PLOT.right}"/>
${x
  .ticks(5)
  .filter((tick) => x(tick) < PLOT.right - 20)
  .map(
    (tick) =>
      markup`<g class="tick" transform="translate(${px(x(tick))},${PLOT.bottom})"><path class="axis" d="M0,0V5"/><text y="18" text-anchor="middle">${
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
        PLOT.left + (i + 0.5) * width,
        PLOT.bottom - (n + 0.5) * cell,
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
  const y = scaleLinear([0, highest], [PLOT.bottom, PLOT.top]).nice(4);
  const counts = bins.map((bin) => tally(bin.map(({ worst }) => worst)));
  const layers = stack<Record<Worst, number>, Worst>().keys(WORSTS)(counts);
  return markup`${y
    .ticks(4)
    .map(
      (tick) =>
        markup`<path class="grid" d="M${PLOT.left},${px(y(tick))}H${PLOT.right}"/><text class="label" x="${PLOT.left - 5}" y="${px(y(tick)) + 4}" text-anchor="end">${number(tick)}</text>`,
    )}${layers.map((layer) =>
    layer.map(([from, to], i) =>
      to === from
        ? null
        : markup`<rect class="mark ${layer.key}" x="${px(PLOT.left + i * width + 0.5)}" y="${px(y(to))}" width="${px(width - 1)}" height="${px(y(from) - y(to))}"><title>${`${count(to - from, 'credential')} (${WORST_NAMES[layer.key]}) ending in the ${count(span / DAY, 'day')} from ${day(now + i * span)}`}</title></rect>`,
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
  return markup`<path class="axis" d="M${(PLOT.right + ASIDE.left) / 2},${PLOT.top}V${PLOT.bottom}"/>${groups.map(
    ({ label, worsts }, i) =>
      markup`<g transform="translate(${ASIDE.left},${PLOT.top + i * 54})"><text class="count" y="20">${number(worsts.length)}</text><text class="label" y="34">${label}</text>${shares(worsts, label)}</g>`,
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

function table({ dated, never, trusts, unknown }: Endings, now: number): Markup {
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
