import { forHtml } from '../escape.js';

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
