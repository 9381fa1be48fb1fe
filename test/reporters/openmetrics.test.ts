import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import type { Report } from '../../src/engine/report.js';
import { openmetrics, openmetricsOwners } from '../../src/reporters/openmetrics.js';
import { HOSTILE, HOSTILE_NAMES } from '../helpers/hostile.js';
import { needs, PROMTOOL } from '../helpers/needs.js';
import { parseOpenMetrics, valuesOf } from '../helpers/openmetrics.js';
import { emptyFolder, runProgram } from '../helpers/program.js';
import { obeyedCommands } from '../helpers/runner.js';
import {
  AS_OF,
  daysAgo,
  fullReport,
  sampleContext,
  sampleCredential,
  sampleFinding,
  sampleReport,
} from '../helpers/sample-report.js';

const write = (report: Report) => openmetrics(report, sampleContext());
const byOwner = (report: Report) => openmetricsOwners(report, sampleContext());

describe('the strict parser of these tests', () => {
  test.each([
    ['an end', 'x 1\n'],
    ['nothing after the end', '# TYPE x gauge\n# HELP x y\nx 1\n# EOF\nx 2\n'],
    ['a type', '# HELP x y\nx 1\n# EOF\n'],
    ['units in names', '# TYPE x gauge\n# UNIT x days\n# HELP x y\n# EOF\n'],
    ['escaped quotes', '# TYPE x gauge\n# HELP x y\nx{a="b"c"} 1\n# EOF\n'],
    ['known escapes', '# TYPE x gauge\n# HELP x y\nx{a="\\u"} 1\n# EOF\n'],
    ['each sample once', '# TYPE x gauge\n# HELP x y\nx{a="1"} 1\nx{a="1"} 2\n# EOF\n'],
    ['families in one block', '# TYPE x gauge\n# HELP x y\n# TYPE z gauge\n# HELP z y\nx 1\n# EOF\n'],
  ])('wants %s', (_, text) => {
    expect(() => parseOpenMetrics(text)).toThrow();
  });
});

describe('metrics', () => {
  test('count open findings by severity, rule and kind, waived and unknown ones left out', () => {
    expect(valuesOf(write(fullReport()), 'c1_audit_open_findings')).toEqual({
      'critical loose-trust-condition federation-trust': 1,
      'high expiring-soon service-principal-credential': 1,
      'medium unused personal-client': 1,
      'low expired personal-client': 1,
      'info waiver-expiring waiver': 1,
    });
  });

  test('add up to the summary', () => {
    const findings = ['a', 'b', 'c'].map((id) => sampleFinding({ credential: sampleCredential({ id }) }));
    const report = sampleReport({ findings });
    expect(valuesOf(write(report), 'c1_audit_open_findings')).toEqual({ 'medium unused personal-client': 3 });
    const { summary } = fullReport();
    const values = Object.values(valuesOf(write(fullReport()), 'c1_audit_open_findings'));
    expect(values.reduce((a, b) => a + b)).toBe(summary.findings);
  });

  test('count credentials by kind; a source that was read and is empty is 0, one that was not read is absent', () => {
    const source = (kind: 'personal-client' | 'federation-trust' | 'service-principal-credential') => ({
      kind,
      status: 'complete' as const,
      credentials: 0,
      deleted: 0,
      pages: 1,
      note: null,
    });
    const report = sampleReport({
      credentials: [sampleCredential(), sampleCredential({ id: 'pc-2', expiresAt: daysAgo(1) })],
      sources: [
        source('personal-client'),
        source('federation-trust'),
        { ...source('service-principal-credential'), status: 'unavailable' },
      ],
    });
    expect(valuesOf(write(report), 'c1_audit_credentials')).toEqual({
      'personal-client': 2,
      'federation-trust': 0,
    });
  });

  test('give the days to the nearest expiry of a live credential, by kind', () => {
    const at = (id: string, days: number) => sampleCredential({ id, expiresAt: daysAgo(-days) });
    const report = sampleReport({
      credentials: [at('a', 40), at('b', 9.5), at('c', -3), sampleCredential({ id: 'd' })],
    });
    expect(valuesOf(write(report), 'c1_audit_nearest_expiry_days')).toEqual({ 'personal-client': 9.5 });
    const never = sampleReport({ credentials: [sampleCredential()] });
    expect(valuesOf(write(never), 'c1_audit_nearest_expiry_days')).toEqual({});
  });

  test('name owners only on request', () => {
    const owned = (id: string, days: number, email: string) =>
      sampleCredential({ id, expiresAt: daysAgo(-days), owner: { id: `u-${email}`, name: 'Jo', email } });
    const report = sampleReport({
      credentials: [
        owned('a', 40, 'jo@acme.example'),
        owned('b', 20, 'jo@acme.example'),
        owned('c', 5, ''),
        { ...owned('d', 6, ''), owner: null },
      ],
    });
    expect(write(report)).not.toMatch(/jo@acme|u-|owner/i);
    expect(valuesOf(byOwner(report), 'c1_audit_nearest_expiry_days')).toEqual({
      'personal-client jo@acme.example': 20,
      'personal-client u-': 5,
      'personal-client unknown': 6,
    });
  });

  test('say when the audit ended, and whether it was complete', () => {
    const time = (text: string) => valuesOf(text, 'c1_audit_last_run_timestamp_seconds')[''];
    const complete = (text: string) => valuesOf(text, 'c1_audit_complete')[''];
    expect(time(write(sampleReport()))).toBe(Date.parse(AS_OF) / 1000 + 7);
    expect(complete(write(sampleReport()))).toBe(1);
    expect(complete(write(sampleReport({ complete: false })))).toBe(0);
  });

  test('say how many findings the minimum severity keeps out', () => {
    const report = sampleReport();
    expect(write(report)).not.toContain('hidden');
    const hidden = { critical: 0, high: 0, medium: 0, low: 4, info: 2 };
    const text = write({ ...report, summary: { ...report.summary, hidden } });
    expect(valuesOf(text, 'c1_audit_hidden_findings')).toEqual(hidden);
  });

  test('carry units where the name ends in one', () => {
    const units = parseOpenMetrics(write(fullReport())).map(({ name, unit }) => [name, unit]);
    expect(units).toEqual([
      ['c1_audit_open_findings', undefined],
      ['c1_audit_credentials', undefined],
      ['c1_audit_nearest_expiry_days', 'days'],
      ['c1_audit_complete', undefined],
      ['c1_audit_last_run_timestamp_seconds', 'seconds'],
    ]);
  });

  test.each(HOSTILE_NAMES)('stay whole whatever a rule, a kind or an owner is called: %s', (_, name) => {
    const credential = sampleCredential({
      kind: name as 'personal-client',
      name,
      owner: { id: name, name, email: name },
      expiresAt: daysAgo(-5),
    });
    const text = byOwner(sampleReport({ findings: [sampleFinding({ rule: name, credential })] }));
    const families = parseOpenMetrics(text);
    expect(families).toHaveLength(5);
    expect(families.flatMap(({ samples }) => samples)).toHaveLength(6);
    expect(text).not.toMatch(/[\p{Cs}\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/u);
    expect(obeyedCommands(text)).toEqual([]);
  });

  test('two labels that are cut to the same text are one sample', () => {
    const findings = ['a', 'b'].map((end) => sampleFinding({ rule: `${'x'.repeat(300)}${end}` }));
    expect(Object.values(valuesOf(write(sampleReport({ findings })), 'c1_audit_open_findings'))).toEqual([2]);
  });
});

const withPromtool = needs('promtool');

withPromtool.describe('promtool', () => {
  /** Everything hostile at once. */
  const report = sampleReport({
    findings: HOSTILE_NAMES.map(([id, name]) =>
      sampleFinding({
        rule: name,
        credential: sampleCredential({ id, name, expiresAt: daysAgo(-5), owner: { id, name, email: name } }),
      }),
    ),
  });

  test.each([
    ['a full report', write(fullReport())],
    ['no finding at all', write(sampleReport())],
    ['hostile names', byOwner(report)],
  ])('finds nothing but the unit days, which people set alerts in, in %s', (_, input) => {
    const { status, stdout, stderr } = spawnSync(PROMTOOL, ['check', 'metrics'], { input, encoding: 'utf8' });
    const days = 'c1_audit_nearest_expiry_days use base unit "seconds" instead of "days"\n';
    expect(stdout).toBe('');
    expect([0, 3]).toContain(status);
    expect(['', days]).toContain(stderr);
  });

  test.each([
    ['a full report', write(fullReport())],
    ['hostile names', byOwner(report)],
  ])('reads %s as OpenMetrics', (_, text) => {
    // This command wants timestamps, which node_exporter refuses.
    const stamped = text.replace(/^(?!#)(.+)$/gm, `$1 ${Date.parse(AS_OF) / 1000}`);
    const folder = emptyFolder();
    const read = (content: string) => {
      const file = join(folder, 'metrics.txt');
      writeFileSync(file, content);
      const argv = ['tsdb', 'create-blocks-from', 'openmetrics', file, join(folder, 'blocks')];
      return spawnSync(PROMTOOL, argv, { encoding: 'utf8' });
    };
    const { status, stderr } = read(stamped);
    expect([status, stderr]).toEqual([0, '']);
    expect(read(stamped.replace('# EOF\n', '')).status).not.toBe(0);
  });
});

test('-f openmetrics:<file> writes the metrics of the demo', async () => {
  const cwd = emptyFolder();
  const { code, stdout } = await runProgram(['demo', '-f', 'openmetrics'], { cwd });
  expect(code).toBe(0);
  expect(valuesOf(stdout, 'c1_audit_complete')).toEqual({ '': 1 });
  expect(Object.keys(valuesOf(stdout, 'c1_audit_credentials')).length).toBeGreaterThan(2);
  for (const name of Object.values(HOSTILE).filter((text) => text.length > 5 && text.trim() !== ''))
    expect(stdout).not.toContain(name);
});
