/** A sample of OpenMetrics text: its metric, its labels and its value. */
export interface MetricSample {
  readonly metric: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface MetricFamily {
  readonly name: string;
  readonly help: string;
  readonly type: string;
  readonly unit: string | undefined;
  readonly samples: readonly MetricSample[];
}

const NAME = '[a-zA-Z_:][a-zA-Z0-9_:]*';
const METADATA = new RegExp(`^# (HELP|TYPE|UNIT) (${NAME}) (.+)$`);
const SAMPLE = new RegExp(`^(${NAME})(\\{(.*)\\})? (\\S+)$`);
/** The whole of the labels, so that nothing is left between two of them. */
const LABELS = /^(?:[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\["\\n])*"(?:,|$))*$/;
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"/g;
const UNESCAPED: Readonly<Record<string, string>> = { '\\n': '\n', '\\"': '"', '\\\\': '\\' };

/**
 * Reads OpenMetrics 1.0 text of gauges without timestamps, strictly: one block a family, metadata before samples, units
 * in names, no sample twice, `# EOF` at the end and nothing after it.
 */
export function parseOpenMetrics(text: string): readonly MetricFamily[] {
  const lines = text.split('\n');
  if (lines.pop() !== '' || lines.pop() !== '# EOF') throw new Error('does not end in "# EOF"');
  const families: ReadFamily[] = [];
  for (const line of lines) {
    if (METADATA.test(line)) readMetadata(line, families);
    else readSample(line, families.at(-1));
  }
  const samples = families.flatMap((family) => family.samples);
  const series = samples.map(({ metric, labels }) => JSON.stringify([metric, Object.entries(labels).sort()]));
  const twice = series.find((one, index) => series.indexOf(one) !== index);
  if (twice !== undefined) throw new Error(`a sample twice: ${twice}`);
  return families.map(finished);
}

interface ReadFamily {
  readonly name: string;
  readonly metadata: Map<string, string>;
  readonly samples: MetricSample[];
}

function readMetadata(line: string, families: ReadFamily[]): void {
  const [, what = '', about = '', value = ''] = METADATA.exec(line) ?? [];
  let family = families.at(-1);
  if (family?.name !== about) {
    if (families.some(({ name }) => name === about)) throw new Error(`${about} comes twice`);
    family = { name: about, metadata: new Map(), samples: [] };
    families.push(family);
  }
  if (family.samples.length > 0) throw new Error(`${line} comes after samples`);
  if (family.metadata.has(what)) throw new Error(`a second ${line}`);
  family.metadata.set(what, value);
}

function readSample(line: string, family: ReadFamily | undefined): void {
  const [, metric, , inner = '', number = ''] = SAMPLE.exec(line) ?? [];
  if (metric === undefined) throw new Error(`not a line of OpenMetrics: ${line}`);
  if (family?.name !== metric) throw new Error(`${metric} is not in its family`);
  if (!LABELS.test(inner)) throw new Error(`labels are malformed: ${line}`);
  if (!/^-?\d+(\.\d+)?$/.test(number)) throw new Error(`not a number: ${line}`);
  const labels = Object.fromEntries(
    [...inner.matchAll(LABEL)].map(([, name = '', escaped = '']) => [
      name,
      escaped.replace(/\\["\\n]/g, (pair) => UNESCAPED[pair] ?? pair),
    ]),
  );
  family.samples.push({ metric, labels, value: Number(number) });
}

function finished({ name, metadata, samples }: ReadFamily): MetricFamily {
  const [help, type, unit] = ['HELP', 'TYPE', 'UNIT'].map((what) => metadata.get(what));
  if (help === undefined || type !== 'gauge') throw new Error(`${name} lacks HELP or TYPE gauge`);
  if (unit !== undefined && !name.endsWith(`_${unit}`)) throw new Error(`${name} does not end in ${unit}`);
  return { name, help, type, unit, samples };
}

/** Values of one metric by its labels, written `a b c`. */
export function valuesOf(text: string, metric: string): Readonly<Record<string, number>> {
  const family = parseOpenMetrics(text).find(({ name }) => name === metric);
  return Object.fromEntries(
    (family?.samples ?? []).map(({ labels, value }) => [Object.values(labels).join(' '), value]),
  );
}
