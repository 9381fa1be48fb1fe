import { describe, expect, test } from '@jest/globals';
import { mergeReports } from '../../src/engine/merge.js';
import { MERGE_FORMATS, renderMerge } from '../../src/reporters/merged.js';
import { HOSTILE_NAMES } from '../helpers/hostile.js';
import { obeyedCommands } from '../helpers/runner.js';
import {
  AS_OF,
  fullReport,
  sampleCredential,
  sampleFinding,
  sampleReport,
} from '../helpers/sample-report.js';

const NOW = Date.parse(AS_OF);
const maxAge = 36 * 3_600_000;
const merged = mergeReports(
  [
    { file: 'acme.json', report: fullReport() },
    { file: 'part.json', report: sampleReport({ tenant: 'part.conductor.one', complete: false }) },
    { file: 'gone.json', report: 'The report gone.json cannot be read (ENOENT).' },
  ],
  { now: NOW, maxAge },
);
const write = (format: (typeof MERGE_FORMATS)[number], of = merged) => [...renderMerge(format, of)].join('');

const named = (name: string) => {
  const credential = sampleCredential({ name, owner: { id: name, name, email: name } });
  const finding = sampleFinding({ rule: name, message: name, fix: name, credential });
  return mergeReports(
    [
      { file: name, report: sampleReport({ tenant: name, findings: [finding] }) },
      { file: `${name}.json`, report: name },
    ],
    { now: NOW, maxAge },
  );
};

describe('an overview of several reports', () => {
  test.each(['text', 'markdown', 'html'] as const)('in %s starts with what is missing', (format) => {
    const text = write(format).replace(/<style>[\s\S]*<\/style>/, '');
    const [problem, tenant] = ['gone.json', 'loose-trust-condition'].map((word) => text.indexOf(word));
    expect(text).toContain('INCOMPLETE');
    expect(problem).toBeGreaterThan(-1);
    expect(tenant).toBeGreaterThan(problem ?? 0);
  });

  test.each(MERGE_FORMATS)('in %s holds each tenant and each finding', (format) => {
    const text = write(format);
    for (const tenant of ['acme.conductor.one', 'part.conductor.one'])
      expect(text.replaceAll('\\', '')).toContain(tenant);
    for (const { finding } of merged.findings) expect(text.replaceAll('\\', '')).toContain(finding.rule);
    expect(text.endsWith('\n')).toBe(true);
  });

  test('in text is this', () => {
    expect(write('text').split('\n').slice(0, 13)).toEqual([
      'INCOMPLETE: 2 problems. Read: 2 reports of 2 tenants',
      '',
      'PROBLEMS',
      '  part.json: part.conductor.one (tenant) is incomplete: not every credential could be checked.',
      '  gone.json: The report gone.json cannot be read (ENOENT).',
      '',
      'REPORTS',
      '  acme.conductor.one (tenant), as of 2026-09-01 02:00 UTC, complete: 6 credentials',
      '    5 findings (1 critical, 1 high, 1 medium, 1 low, 1 info), 1 waived, 1 unknown; 4 new, 1 known, 1 resolved',
      '  part.conductor.one (tenant), as of 2026-09-01 02:00 UTC, INCOMPLETE: no credentials',
      '    no findings so far; the audit is incomplete',
      '',
      'FINDINGS: 5',
    ]);
    expect(write('text')).toMatch(
      /\nSummary: 5 findings so far \(1 critical, 1 high, 1 medium, 1 low, 1 info\), 1 waived, 1 unknown, 4 new, 1 resolved\n$/,
    );
  });

  test('in HTML lists what a browser can show, and says so; other formats list all', () => {
    const findings = Array.from({ length: 2_001 }, (_, n) =>
      sampleFinding({ credential: sampleCredential({ id: `id-${n}` }) }),
    );
    const many = mergeReports([{ file: 'a.json', report: sampleReport({ findings }) }], { now: NOW, maxAge });
    const html = write('html', many);
    expect(html).toContain('These are the first 2,000 of 2,001. The formats json and text have all of them.');
    expect(html.match(/(id-\d+, personal client)/g)).toHaveLength(2_000);
    expect(write('text', many).match(/(id-\d+, personal client)/g)).toHaveLength(2_001);
    expect(write('html')).not.toContain('These are the first');
  });

  test('in JSON has the documented shape', () => {
    const value = JSON.parse(write('json'));
    expect(Object.keys(value)).toEqual(['schemaVersion', 'reports', 'findings', 'problems']);
    expect(value.schemaVersion).toBe(1);
    expect(value.reports).toEqual([
      {
        tenant: 'acme.conductor.one',
        scope: 'tenant',
        asOf: AS_OF,
        complete: true,
        summary: fullReport().summary,
        file: 'acme.json',
      },
      expect.objectContaining({ tenant: 'part.conductor.one', complete: false, file: 'part.json' }),
    ]);
    expect(value.findings).toHaveLength(fullReport().findings.length);
    expect(value.findings[0]).toEqual({ ...fullReport().findings[0], tenant: 'acme.conductor.one' });
    expect(value.problems).toEqual([
      { file: 'part.json', problem: expect.stringContaining('incomplete') },
      { file: 'gone.json', problem: 'The report gone.json cannot be read (ENOENT).' },
    ]);
  });

  test('of complete reports says so', () => {
    const fine = mergeReports([{ file: 'a.json', report: sampleReport() }], { now: NOW, maxAge });
    expect(write('text', fine)).toMatch(/^Complete: 1 report of 1 tenant\n/);
    expect(write('markdown', fine)).toContain('✅');
    expect(write('html', fine)).not.toContain('INCOMPLETE');
  });

  test.each(HOSTILE_NAMES)('obeys nobody who may choose a name: %s', (_, name) => {
    const hostile = named(name);
    const [text, markdown, html, json] = MERGE_FORMATS.map((format) => write(format, hostile));
    for (const written of [html, json]) expect(obeyedCommands(written ?? '')).toEqual([]);
    for (const written of [text, markdown, html])
      expect(written).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/);
    expect(text?.split('\n')).toHaveLength(write('text', named('plain')).split('\n').length);
    expect(html).not.toMatch(/<(?:script|svg\/|image|a )/);
    expect(markdown).not.toMatch(/<(?:script|svg|a )/);
    const [found] = JSON.parse(json ?? '').findings;
    expect(found.tenant).toBe(JSON.parse(JSON.stringify(name)));
  });
});
