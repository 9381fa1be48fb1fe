import type { Reporter } from './reporter.js';

/** Each loaded on demand: a run pays for the formats it writes. */
const LOADERS = {
  text: async () => (await import('./text.js')).text,
  json: async () => (await import('./json.js')).json,
  ndjson: async () => (await import('./ndjson.js')).ndjson,
  markdown: async () => (await import('./markdown.js')).markdown,
  csv: async () => (await import('./csv.js')).csv,
  sarif: async () => (await import('./sarif.js')).sarif,
  ocsf: async () => (await import('./ocsf.js')).ocsf,
  html: async () => (await import('./html/index.js')).html,
  ics: async () => (await import('./ics.js')).ics,
} satisfies Record<string, () => Promise<Reporter>>;

export type Format = keyof typeof LOADERS;

export const FORMATS = Object.keys(LOADERS) as readonly Format[];

export function isFormat(word: string): word is Format {
  return Object.hasOwn(LOADERS, word);
}

export function loadReporter(format: Format): Promise<Reporter> {
  return LOADERS[format]();
}
