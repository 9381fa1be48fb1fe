import type { ReportDiff } from '../engine/report-diff.js';
import { diffHead, diffSections, diffSummary, diffTitle } from './diff-words.js';
import { cutTo, forTerminal } from './escape.js';

const safe = (text: string, length = 1000) => forTerminal(cutTo(text, length));

/** A comparison for people at a terminal. */
export function* diffText(diff: ReportDiff): Generator<string> {
  yield `${safe(diffTitle(diff))}\n`;
  for (const line of diffHead(diff)) yield `  ${safe(line, 2000)}\n`;
  for (const { title, entries } of diffSections(diff)) {
    yield `\n${title.toUpperCase()}\n`;
    for (const { head, details } of entries) {
      const lines = details.filter((detail) => detail !== '').map((detail) => `    ${safe(detail)}\n`);
      yield `  ${safe(head)}\n${lines.join('')}`;
    }
  }
  yield `\nSummary: ${diffSummary(diff)}\n`;
}
