import { createHash } from 'node:crypto';
import { cutTo, forHtml, forTerminal } from '../escape.js';
import { number } from '../words.js';
import { STYLE } from './style.js';

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

/**
 * A table with a row header in the first column. Cells that are numbers are grouped by thousands and right-aligned.
 *
 * On small screens each row becomes a list of labelled values. The roles keep it a table for screen readers.
 */
export function table(columns: readonly string[], rows: readonly (readonly Part[])[]): Markup {
  const align = (cell: Part) => typeof cell === 'number' && markup` class="number"`;
  const text = (cell: Part) => (typeof cell === 'number' ? number(cell) : cell);
  return markup`<table class="card" role="table">
<thead role="rowgroup"><tr role="row">${columns.map((column, i) => markup`<th role="columnheader" scope="col"${align(rows[0]?.[i])}>${column}</th>`)}</tr></thead>
<tbody role="rowgroup">${rows.map(
    ([first, ...cells]) =>
      markup`<tr role="row"><th role="rowheader" scope="row">${text(first)}</th>${cells.map((cell, i) => markup`<td role="cell" data-label="${columns[i + 1]}"${align(cell)}>${text(cell)}</td>`)}</tr>`,
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

/**
 * One self-contained page in the look of the report.
 *
 * Nothing may load, be sent or run but the script and the style, each known by its hash. Text that became markup in spite
 * of everything could still do nothing; and the script itself cannot turn text into markup.
 */
export function page(title: string, body: Markup, script = ''): string {
  const policy = [
    "default-src 'none'",
    ...(script ? [`script-src ${hash(script)}`] : []),
    `style-src ${STYLE_HASH}`,
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ];
  return markup`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${new Markup(policy.join('; '))}">
<meta name="referrer" content="no-referrer">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<link rel="icon" href="data:,">
<style>${new Markup(STYLE)}</style>
</head>
<body>
${body}${script && markup`\n<script>${new Markup(script)}</script>`}
</body>
</html>
`.html;
}

const STYLE_HASH = hash(STYLE);

function hash(text: string): string {
  return `'sha256-${createHash('sha256').update(text, 'utf8').digest('base64')}'`;
}
