import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { parse } from 'csv-parse/sync';
import type { Report } from '../../src/engine/report.js';
import { json as parts } from '../../src/reporters/json.js';
import { emptyFolder, runProgram } from '../helpers/program.js';
import { obeyedCommands } from '../helpers/runner.js';
import {
  type SampleOptions,
  sampleContext,
  sampleCredential,
  sampleFinding,
  sampleReport,
} from '../helpers/sample-report.js';

const write = (report: Report) => [...parts(report, sampleContext())].join('');
const DAY = 86_400_000;
const FIRST = Date.parse('2026-11-01T02:00:00.000Z');
const iso = (night: number) => new Date(FIRST + night * DAY).toISOString();

let cwd: string;
beforeEach(() => {
  cwd = emptyFolder();
  mkdirSync(join(cwd, 'nights'));
});

function reportOf(n: number, options: SampleOptions = {}): Report {
  const report = sampleReport(options);
  return { ...report, run: { ...report.run, asOf: iso(n), startedAt: iso(n), finishedAt: iso(n) } };
}

function save(n: number, options: SampleOptions = {}, name = `${iso(n).slice(0, 10)}.json`): void {
  writeFileSync(join(cwd, 'nights', name), write(reportOf(n, options)));
}

const finding = (id: string, over: Parameters<typeof sampleFinding>[0] = {}) =>
  sampleFinding({ credential: sampleCredential({ id }), status: 'known', firstSeen: iso(0), ...over });

/** Three nights: one high and one medium; then a second high; then the medium is resolved. */
function threeNights(): void {
  const high = { severity: 'high' } as const;
  save(0, { findings: [finding('a', { ...high, status: 'new' }), finding('b', { status: 'new' })] });
  save(1, {
    findings: [finding('a', high), finding('b'), finding('c', { ...high, status: 'new', firstSeen: iso(1) })],
  });
  save(2, {
    findings: [finding('a', high), finding('c', { ...high, firstSeen: iso(1) })],
    resolved: [
      {
        fingerprint: finding('b').fingerprint,
        rule: 'unused',
        credential: { kind: 'personal-client', id: 'b', name: null },
      },
    ],
  });
}

const trend = (...argv: string[]) => runProgram(['report', '--trend', 'nights', ...argv], { cwd });

describe('report --trend', () => {
  test('writes one row a report as csv, the oldest first', async () => {
    threeNights();
    const { code, stdout, stderr } = await trend('-f', 'csv');
    expect({ code, stderr }).toEqual({ code: 1, stderr: '' });
    expect(stdout).toBe(
      [
        'date,critical,high,medium,low,info,new,resolved,meanAgeDays',
        '2026-11-01,0,1,1,0,0,2,0,0',
        '2026-11-02,0,2,1,0,0,1,0,0.7',
        '2026-11-03,0,2,0,0,0,0,1,1.5',
        '',
      ].join('\n'),
    );
  });

  test('draws text', async () => {
    threeNights();
    const { stdout } = await trend();
    expect(stdout).toBe(
      [
        'Trend of acme.conductor.one (tenant): 3 reports, 2026-11-01 to 2026-11-03',
        '',
        '  critical          ▁▁▁  0 → 0, at most 0',
        '  high              ▅██  1 → 2, at most 2',
        '  medium            ██▁  1 → 0, at most 1',
        '  low               ▁▁▁  0 → 0, at most 0',
        '  info              ▁▁▁  0 → 0, at most 0',
        '  new               █▅▁  2 → 0, at most 2',
        '  resolved          ▁▁█  0 → 1, at most 1',
        '  mean age in days  ▁▄█  0 → 1.5, at most 1.5',
        '',
      ].join('\n'),
    );
  });

  test('draws charts in HTML, with the numbers as a table', async () => {
    threeNights();
    const { stdout } = await trend('-f', 'html');
    expect(stdout.match(/<figure /g)).toHaveLength(3);
    expect(stdout).toContain('Trend of acme.conductor.one (tenant)');
    expect(stdout).toMatch(
      /2026-11-03 02:00 UTC<\/th><td [^>]*data-label="critical"[^>]*>0<\/td><td [^>]*data-label="high"[^>]*>2<\/td>/,
    );
    expect(stdout).not.toMatch(/NaN|undefined|<script/);
  });

  test('of one report has one point', async () => {
    save(0);
    expect((await trend()).stdout).toContain('1 report, 2026-11-01 to 2026-11-01');
    expect((await trend('-f', 'html')).stdout).not.toMatch(/NaN|Infinity/);
  });

  test('exits as the newest report does, whatever the files are called', async () => {
    const high = { findings: [sampleFinding({ severity: 'high' })] };
    save(0, high, 'z.json');
    save(1, {}, 'a.json');
    expect((await trend()).code).toBe(0);
    save(2, high, 'b.json');
    expect((await trend()).code).toBe(1);
    expect((await trend('--fail-on', 'critical')).code).toBe(0);
    save(3, { complete: false }, 'c.json');
    expect((await trend('--fail-on', 'never')).code).toBe(3);
  });

  test('gives an incomplete report no value, and says so', async () => {
    threeNights();
    save(1, { complete: false });
    const { code, stdout, stderr } = await trend('-f', 'csv');
    expect(parse(stdout, { columns: true }).map((row) => (row as { date: string }).date)).toEqual([
      '2026-11-01',
      '2026-11-03',
    ]);
    expect(stderr).toContain('1 of 3 reports is incomplete');
    expect(code).toBe(1);
    const { stdout: text } = await trend();
    expect(text).toContain('Note: 1 report incomplete, without values: 2026-11-02.');
    expect(text).toContain('high              ▅·█');
    expect((await trend('-f', 'html')).stdout).toContain('incomplete');
  });

  test('counts findings that a minimum severity keeps out', async () => {
    const report = reportOf(0, { findings: [finding('a')] });
    const hidden = { critical: 0, high: 0, medium: 0, low: 7, info: 0 };
    const shorter = { ...report, summary: { ...report.summary, hidden } };
    writeFileSync(join(cwd, 'nights/a.json'), write(shorter));
    expect((await trend('-f', 'csv')).stdout).toContain('2026-11-01,0,0,1,7,0,');
  });

  test('counts a copy of a report once', async () => {
    threeNights();
    save(2, {}, 'copy.json');
    expect((await trend('-f', 'csv')).stdout.trim().split('\n')).toHaveLength(4);
  });

  test('says that nothing is new or resolved without a state, and leaves ages blank', async () => {
    save(0, { findings: [sampleFinding()] });
    expect((await trend()).stdout).toContain('Note: No audit had a state (--state)');
    expect((await trend('-f', 'csv')).stdout).toContain('2026-11-01,0,0,1,0,0,0,0,\n');
  });

  test('draws the last 60 of a long time, and writes all of them as csv', async () => {
    for (let n = 0; n < 65; n += 1) save(n);
    expect((await trend()).stdout).toContain('The last 60 are drawn.');
    expect((await trend('-f', 'csv')).stdout.trim().split('\n')).toHaveLength(66);
  });

  test('names a file that cannot be read, and exits with 3', async () => {
    threeNights();
    writeFileSync(join(cwd, 'nights/state.json'), '{}');
    const { code, stdout, stderr } = await trend();
    expect(code).toBe(3);
    expect(stderr).toContain('state.json is not a c1-audit report');
    expect(stdout).toContain('3 reports');
  });

  test('obeys no name of a tenant', async () => {
    save(0, { tenant: 'x ##[error]owned\n::error::y <script>' });
    for (const format of ['text', 'html', 'csv']) {
      const { stdout } = await runProgram(['report', '--trend', 'nights', '-f', format], {
        cwd,
        env: { GITHUB_ACTIONS: 'true' },
      });
      expect(obeyedCommands(stdout)).toEqual([]);
      expect(stdout).not.toContain('<script>x');
    }
  });

  test('refuses reports of different audits in one folder', async () => {
    save(0);
    save(1, { tenant: 'other.conductor.one' });
    save(2, { scope: 'mine' });
    const { code, stdout, stderr } = await trend();
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain(
      'The reports in nights are of different audits: acme.conductor.one (tenant), other.conductor.one (tenant), acme.conductor.one (mine of user-0).',
    );
  });

  test.each([
    [['--trend', 'gone'], 'The folder gone cannot be read (ENOENT).'],
    [['--trend', 'nights'], 'The folder nights has no .json file.'],
    [['--trend', 'nights', 'a.json'], 'report --trend reads a folder, not files: a.json.'],
    [['--trend', 'nights', '-f', 'json'], 'There is no trend in the format json.'],
  ])('%j is refused', async (argv, says) => {
    const { code, stdout, stderr } = await runProgram(['report', ...argv], { cwd });
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain(says);
  });

  test('a folder where no report can be read is refused, naming the file', async () => {
    writeFileSync(join(cwd, 'nights/state.json'), '{');
    const { code, stderr } = await trend();
    expect(code).toBe(2);
    expect(stderr).toContain('state.json is not JSON');
    expect(stderr).toContain('No report in nights can be read.');
  });
});
