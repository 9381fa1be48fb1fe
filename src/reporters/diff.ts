import type { ReportDiff } from '../engine/report-diff.js';
import type { Format } from './index.js';

/** The forms of a comparison, each loaded on demand. */
const LOADERS = {
  text: async () => (await import('./diff-text.js')).diffText,
  markdown: async () => (await import('./diff-markdown.js')).diffMarkdown,
  json: async () => (await import('./diff-json.js')).diffJson,
} satisfies Partial<Record<Format, () => Promise<(diff: ReportDiff) => Iterable<string>>>>;

export const DIFF_FORMATS = Object.keys(LOADERS) as readonly (keyof typeof LOADERS)[];

/** Renders in parts: a comparison may be as long as the reports. */
export async function renderDiff(
  format: (typeof DIFF_FORMATS)[number],
  diff: ReportDiff,
): Promise<Iterable<string>> {
  return (await LOADERS[format]())(diff);
}
