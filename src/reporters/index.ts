import type { PartReporter, Reporter } from './reporter.js';

/** Each loaded on demand: a run pays only for the formats it writes. */
const LOADERS = {
  text: async () => inOnePart((await import('./text.js')).text),
  json: async () => (await import('./json.js')).json,
  ndjson: async () => (await import('./json.js')).ndjson,
  markdown: async () => inOnePart((await import('./markdown.js')).markdown),
  csv: async () => inOnePart((await import('./csv.js')).csv),
  sarif: async () => inOnePart((await import('./sarif.js')).sarif),
  ocsf: async () => inOnePart((await import('./ocsf.js')).ocsf),
  html: async () => inOnePart((await import('./html/index.js')).html),
  ics: async () => inOnePart((await import('./ics.js')).ics),
  openmetrics: async () => inOnePart((await import('./openmetrics.js')).openmetrics),
  'openmetrics-owners': async () => inOnePart((await import('./openmetrics.js')).openmetricsOwners),
} satisfies Record<string, () => Promise<PartReporter>>;

export type Format = keyof typeof LOADERS;

export const FORMATS = Object.keys(LOADERS) as readonly Format[];

export function isFormat(word: string): word is Format {
  return Object.hasOwn(LOADERS, word);
}

export function loadReporter(format: Format): Promise<PartReporter> {
  return LOADERS[format]();
}

function inOnePart(render: Reporter): PartReporter {
  return (report, context) => [render(report, context)];
}
