import { type Markup, markup } from '../markup.js';

export interface Figure {
  readonly id: string;
  readonly title: string;
  /** One or two sentences: what the drawing shows, with its numbers. */
  readonly summary: string;
  readonly drawing: Markup;
  /** The same in rows: for who cannot see the drawing, or wants the numbers. */
  readonly table: Markup;
}

/** A drawing with its title, its summary and the same as a table. */
export function figure({ id, title, summary, drawing, table }: Figure): Markup {
  return markup`<figure class="card" id="${id}">
<h3 id="${id}-title">${title}</h3>
<p class="note" id="${id}-summary">${summary}</p>
<div class="drawing" role="region" tabindex="0" aria-labelledby="${id}-title">${drawing}</div>
<details class="numbers"><summary>The same as a table</summary>${table}</details>
</figure>`;
}

/** A labelled drawing; `width` and `height` are pixels at full size. */
export function drawing(id: string, width: number, height: number, content: Markup): Markup {
  return markup`<svg role="img" aria-labelledby="${id}-title" aria-describedby="${id}-summary" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}">${content}</svg>`;
}
