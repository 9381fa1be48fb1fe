import { cutTo, forHtml, forTerminal } from '../escape.js';
import { number } from '../words.js';

/** HTML that has been written by this reporter, as opposed to text that has not been escaped yet. */
export class Markup {
  readonly html: string;

  constructor(html: string) {
    this.html = html;
  }
}

export type Part = Markup | string | number | null | undefined | false | readonly Part[];

/**
 * A tagged template for HTML: everything that is not markup already is escaped, so that escaping cannot be forgotten.
 * Values belong in text or in double-quoted attributes, never in tag names, scripts or styles.
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

/** A table with a row header in the first column. Cells that are numbers are grouped by thousands and right-aligned. */
export function table(
  caption: string,
  columns: readonly string[],
  rows: readonly (readonly (Markup | string | number)[])[],
): Markup {
  const align = (cell: unknown) => typeof cell === 'number' && markup` class="number"`;
  const text = (cell: Part) => (typeof cell === 'number' ? number(cell) : cell);
  return markup`<table>${caption && markup`<caption>${caption}</caption>`}
<thead><tr>${columns.map((column, i) => markup`<th scope="col"${align(rows[0]?.[i])}>${column}</th>`)}</tr></thead>
<tbody>${rows.map(
    ([first, ...cells]) =>
      markup`<tr><th scope="row">${text(first)}</th>${cells.map((cell) => markup`<td${align(cell)}>${text(cell)}</td>`)}</tr>`,
  )}</tbody></table>`;
}

/**
 * Text by others as plain text that shows what it is made of, at most `length` characters of it.
 *
 * The script puts these texts into the page as they are: what acts without being markup (writing direction, invisible
 * characters) has to be replaced before.
 */
export function readable(text: string, length: number): string {
  return forTerminal(cutTo(text, length));
}

/** `2026-11-24` in UTC. */
export function day(instant: number): string {
  return new Date(instant).toISOString().slice(0, 10);
}
