import { DAY } from '../../contract/index.js';
import { cutTo, forHtml, forTerminal } from '../escape.js';
import { span } from '../words.js';

/** HTML that has been written by this reporter, as opposed to text that has not been escaped yet. */
export class Markup {
  readonly html: string;

  constructor(html: string) {
    this.html = html;
  }
}

export type Part = Markup | string | number | null | undefined | false | readonly Part[];

/**
 * A tagged template for HTML: whatever is not markup already is escaped, so that forgetting to escape is not
 * possible. Values belong in text or in double-quoted attributes, never in tag names, scripts or styles.
 */
export function markup(strings: TemplateStringsArray, ...parts: readonly Part[]): Markup {
  let html = strings[0] ?? '';
  for (const [i, part] of parts.entries()) html += render(part) + (strings[i + 1] ?? '');
  return new Markup(html);
}

function render(part: Part): string {
  if (part === null || part === undefined || part === false) return '';
  if (part instanceof Markup) return part.html;
  if (typeof part === 'number') return String(part);
  if (typeof part === 'string') return forHtml(part);
  return part.map(render).join('');
}

/**
 * Text by others as plain text that shows what it is made of, at most `length` characters of it.
 *
 * The script puts these texts into the page as they are, so what acts without being markup (writing direction,
 * invisible characters) has to be gone before.
 */
export function readable(text: string, length: number): string {
  return forTerminal(cutTo(text, length));
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** `24 Nov 2026` in UTC; `24 Nov` without the year. */
export function day(instant: number, year: 'with year' | 'without year' = 'with year'): string {
  const date = new Date(instant);
  const text = `${date.getUTCDate()} ${MONTHS[date.getUTCMonth()]}`;
  return year === 'with year' ? `${text} ${date.getUTCFullYear()}` : text;
}

/** `Nov 2026` in UTC. */
export function month(instant: number): string {
  const date = new Date(instant);
  return `${MONTHS[date.getUTCMonth()]} ${date.getUTCFullYear()}`;
}

/** `24 Nov 2026, 05:00 UTC`; text that is no instant is given back as it is. */
export function minute(instant: string): string {
  const at = Date.parse(instant);
  return Number.isNaN(at) ? instant : `${day(at)}, ${new Date(at).toISOString().slice(11, 16)} UTC`;
}

/** `92 days ago`, `in 5 hours` */
export function fromNow(instant: number, now: number): string {
  return instant > now ? `in ${span(instant - now)}` : `${span(now - instant)} ago`;
}

/** Spans of days and their names: each ends with its own last day, the next begins after it. */
export const SPANS = [
  { days: 7, within: 'within 7 days' },
  { days: 30, within: '8 to 30 days' },
  { days: 90, within: '31 to 90 days' },
  { days: 180, within: '91 to 180 days' },
  { days: 365, within: '181 to 365 days' },
  { days: Number.POSITIVE_INFINITY, within: 'more than 365 days' },
] as const;

/** Index into SPANS of a span of milliseconds. */
export function spanOf(milliseconds: number): number {
  return SPANS.findIndex(({ days }) => milliseconds <= days * DAY);
}
