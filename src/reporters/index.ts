import type { PartReporter, Reporter } from './reporter.js';

/** Each loaded on demand: a run pays for the formats it writes. */
const LOADERS = {
  text: async () => (await import('./text.js')).text,
  json: async () => (await import('./json.js')).json,
  ndjson: async () => (await import('./json.js')).ndjson,
  markdown: async () => (await import('./markdown.js')).markdown,
  csv: async () => (await import('./csv.js')).csv,
  sarif: async () => (await import('./sarif.js')).sarif,
  ocsf: async () => (await import('./ocsf.js')).ocsf,
  html: async () => (await import('./html/index.js')).html,
  ics: async () => (await import('./ics.js')).ics,
  openmetrics: async () => (await import('./openmetrics.js')).openmetrics,
  'openmetrics-owners': async () => (await import('./openmetrics.js')).openmetricsOwners,
} satisfies Record<string, () => Promise<Reporter>>;

export type Format = keyof typeof LOADERS;

export const FORMATS = Object.keys(LOADERS) as readonly Format[];

export function isFormat(word: string): word is Format {
  return Object.hasOwn(LOADERS, word);
}

/** The formats that hold all there is, and so can become longer than a string may be. */
const IN_PARTS: Partial<Record<Format, () => Promise<PartReporter>>> = {
  json: async () => (await import('./json.js')).jsonParts,
  ndjson: async () => (await import('./json.js')).ndjsonParts,
};

/** A format's reporter, which gives its text in as many parts as it needs. */
export async function loadPartReporter(format: Format): Promise<PartReporter> {
  const inParts = await IN_PARTS[format]?.();
  if (inParts) return inParts;
  const render = await loadReporter(format);
  return (report, context) => [render(report, context)];
}

export function loadReporter(format: Format): Promise<Reporter> {
  return LOADERS[format]();
}
