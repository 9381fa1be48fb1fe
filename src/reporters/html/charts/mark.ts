import {
  type SymbolType,
  symbol,
  symbolCircle,
  symbolCross,
  symbolDiamond2,
  symbolSquare,
  symbolTriangle,
} from 'd3-shape';
import { type Markup, markup } from '../markup.js';
import { WORST_NAMES, WORSTS, type Worst } from './worst.js';

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
export function mark(worst: Worst, x: number, y: number, size: number, title: string): Markup {
  const area = Math.PI * (size / 2) ** 2 * STRETCH[worst];
  const outline = symbol(SHAPES[worst], area).digits(1)() ?? '';
  return markup`<path class="mark ${worst}" transform="translate(${px(x)},${px(y)})" d="${outline}"><title>${title}</title></path>`;
}

/** Pixels to one decimal: finer would only make the file bigger. */
export function px(value: number): number {
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
