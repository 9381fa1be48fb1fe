import type { ReportDiff } from '../engine/report-diff.js';
import { diffHead, diffMark, diffSections, diffSummary, diffTitle } from './diff-words.js';
import { cutTo, forMarkdown } from './escape.js';

const safe = (text: string, length = 1000) => forMarkdown(cutTo(text, length));

/** A comparison for issues, wikis and GitHub's job summary. What matters most stands first: a summary may be cut. */
export function* diffMarkdown(diff: ReportDiff): Generator<string> {
  yield `# ${safe(diffTitle(diff))}\n\n${diffMark(diff)} **${diffSummary(diff)}**\n\n`;
  for (const line of diffHead(diff)) yield `- ${safe(line, 2000)}\n`;
  for (const { title, entries } of diffSections(diff)) {
    yield `\n## ${title}\n\n`;
    for (const { head, details } of entries) {
      const lines = details.filter((detail) => detail !== '').map((detail) => `  - ${safe(detail)}\n`);
      yield `- **${safe(head)}**\n${lines.join('')}`;
    }
  }
}
