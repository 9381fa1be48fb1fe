import { describe, expect, test } from '@jest/globals';
import { parse } from 'csv-parse/sync';
import { FORMATS, type Format, isFormat, loadReporter } from '../../src/reporters/index.js';
import { fullReport, sampleContext } from '../helpers/sample-report.js';

const report = fullReport();
const context = sampleContext({ full: true, width: 400 });
const write = async (format: Format) => [...(await loadReporter(format))(report, context)].join('');
const lines = (text: string) =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

/** What a format says of a finding; formats for people show no fingerprint. */
interface Said {
  readonly fingerprint?: string;
  readonly severity: string;
  readonly message: string;
}

const OCSF_SEVERITIES: Record<string, string> = { Informational: 'info' };

/** Violations nobody waived, as each format words them. */
const READERS: Partial<Record<Format, (text: string) => Said[]>> = {
  json: (text) => JSON.parse(text).findings.filter(isOpen),
  ndjson: (text) => lines(text).filter((line) => line.type === 'finding' && isOpen(line)),
  csv: (text) =>
    parse<Record<string, string>>(text, { columns: true })
      .filter((row) => row.outcome === 'violation' && row.status !== 'waived')
      .map(({ fingerprint = '', severity = '', message = '' }) => ({ fingerprint, severity, message })),
  sarif: (text) =>
    JSON.parse(text).runs[0].results.map((result: Record<string, Record<string, string>>) => ({
      fingerprint: result.partialFingerprints?.['c1AuditFinding/v1'],
      severity: result.properties?.severity,
      message: /: (.*)\nFix: /.exec(result.message?.text ?? '')?.[1],
    })),
  ocsf: (text) =>
    lines(text)
      .filter((event) => event.status_id === 1 && event.unmapped.outcome === 'violation')
      .map((event) => ({
        fingerprint: event.finding_info.uid,
        severity: OCSF_SEVERITIES[event.severity] ?? event.severity.toLowerCase(),
        message: event.message,
      })),
  text: (text) =>
    [
      ...text
        .slice(0, text.indexOf('\nSummary: '))
        .matchAll(/^ {2}(critical|high|medium|low|info) +[\w-]+(?: \(.*?\))?: (.*)$/gm),
    ].map(([, severity = '', message = '']) => ({ severity, message })),
  markdown: (text) =>
    [...text.matchAll(/^- (critical|high|medium|low|info) \[.*?\]\(<.*?>\)(?: \(.*?\))?: (.*)$/gm)].map(
      ([, severity = '', message = '']) => ({ severity, message }),
    ),
};

function isOpen({ outcome, waiver }: { outcome: string; waiver: unknown }): boolean {
  return outcome === 'violation' && waiver === null;
}

const expected = report.findings.filter(isOpen).map(({ fingerprint, severity, message }) => ({
  fingerprint,
  severity,
  message,
}));

const FOR_PEOPLE: ReadonlySet<Format> = new Set(['text', 'markdown']);

describe('the same finding in every format', () => {
  test.each(Object.keys(READERS).filter(isFormat))('%s', async (format) => {
    const said = READERS[format]?.(await write(format)) ?? [];
    const inOrder = (list: readonly Said[]) => {
      const plain = list.map(({ severity, message }) => `${severity}: ${message}`);
      // Reports for people start with what is new.
      return FOR_PEOPLE.has(format) ? plain.sort() : plain;
    };
    expect(inOrder(said)).toEqual(inOrder(expected));
    for (const [n, { fingerprint }] of said.entries())
      if (fingerprint !== undefined) expect(fingerprint).toBe(expected[n]?.fingerprint);
  });

  test.each(['json', 'ndjson', 'csv', 'sarif', 'ocsf'] as const)(
    '%s shows the fingerprint',
    async (format) => {
      const text = await write(format);
      for (const { fingerprint } of expected) expect(text).toContain(fingerprint);
    },
  );
});

describe('all formats', () => {
  test.each(FORMATS)('%s ends with a line break and is the same each time', async (format) => {
    const text = await write(format);
    expect(text.endsWith('\n')).toBe(true);
    expect(await write(format)).toBe(text);
  });

  test.each(FORMATS)('%s does not change the report', async (format) => {
    const before = JSON.stringify(report);
    await write(format);
    expect(JSON.stringify(report)).toBe(before);
  });

  test('isFormat rejects other words', () => {
    for (const word of ['', 'xml', 'toString', '__proto__']) expect(isFormat(word)).toBe(false);
  });
});
