import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import type { Report } from '../../src/engine/report.js';
import { json } from '../../src/reporters/json.js';
import { emptyFolder, runProgram } from '../helpers/program.js';
import { schemaErrors } from '../helpers/report-schema.js';
import { sampleContext, sampleCredential, sampleFinding, sampleReport } from '../helpers/sample-report.js';

const write = (report: Report) => [...json(report, sampleContext())].join('');
const high = sampleFinding({ severity: 'high' });
const other = sampleFinding({ credential: sampleCredential({ id: 'other' }) });

const run = (report: Report, asOf: string): Report => ({ ...report, run: { ...report.run, asOf } });

let cwd: string;
beforeAll(() => {
  cwd = emptyFolder();
  const reports: Record<string, Report> = {
    'none.json': sampleReport({ findings: [other], credentials: [sampleCredential()] }),
    'high.json': sampleReport({ findings: [other, high] }),
    'part.json': sampleReport({ findings: [other], complete: false }),
    'undated.json': run(sampleReport(), '2026-13-45T99:99:99Z'),
    'stranger.json': sampleReport({ tenant: 'other.conductor.one' }),
  };
  for (const [name, report] of Object.entries(reports)) writeFileSync(join(cwd, name), write(report));
});

const diff = (argv: readonly string[], over: Parameters<typeof runProgram>[1] = {}) =>
  runProgram(['report', ...argv, '--diff'], { cwd, ...over });

test('says what is new, and exits as fail-on says, wherever that comes from', async () => {
  const { code, stdout } = await diff(['none.json', 'high.json']);
  expect(stdout).toContain('NEW: 1 FINDING\n  high unused: nightly export (pc-1, personal client)');
  expect(code).toBe(1);
  expect((await diff(['none.json', 'high.json', '--fail-on', 'critical'])).code).toBe(0);
  expect((await diff(['none.json', 'high.json'], { env: { C1_AUDIT_FAIL_ON: 'never' } })).code).toBe(0);
});

test('says what is resolved, and exits with 0', async () => {
  const { code, stdout } = await diff(['high.json', 'none.json']);
  expect(stdout).toContain('RESOLVED: 1 FINDING');
  expect(code).toBe(0);
});

test('an incomplete new report exits with 3, an incomplete old one does not', async () => {
  expect((await diff(['none.json', 'part.json'])).code).toBe(3);
  expect((await diff(['part.json', 'none.json'])).code).toBe(0);
});

test.each([
  ['-', 'high.json', 'none.json'],
  ['none.json', '-', 'high.json'],
])('%s %s: one of the two comes from stdin', async (older, newer, piped) => {
  const stdin = readFileSync(join(cwd, piped), 'utf8');
  expect((await diff([older, newer], { stdin })).stdout).toContain('1 ');
  expect((await diff([older, newer], { stdin: '{' })).stderr).toContain('stdin is not JSON');
});

describe('of audits of one list', () => {
  const now = () => Date.parse('2026-11-24T06:00:00Z');
  const unused = {
    id: 'a',
    clientId: 'a@acme.conductor.one/pcc',
    userId: 'u1',
    displayName: 'export',
    createdAt: '2026-06-01T00:00:00Z',
    expiresAt: '2026-12-30T00:00:00Z',
    lastUsedAt: '2026-09-20T00:00:00Z',
    allowSourceCidr: ['62.1.2.0/24'],
    scopedRoles: ['r1'],
  };
  const audit = async (file: string, ...argv: readonly string[]) => {
    const stdin = JSON.stringify([unused]);
    const folder = { cwd, stdin, now };
    await runProgram(['--input', '-', '-f', `json:${file}`, '--fail-on', 'never', ...argv], folder);
    return JSON.parse(readFileSync(join(cwd, file), 'utf8')) as Report;
  };

  test('another limit does not resolve what it hides', async () => {
    const usual = await audit('usual.json');
    const cis = await audit('cis.json', '--profile', 'cis');
    expect(usual.coverage.settings).toBeUndefined();
    expect(usual.coverage.rulesNotRun).toEqual([
      'credential-appeared',
      'default-name',
      'exposed',
      'loose-trust-condition',
      'network-widened',
      'network-wider-than-use',
      'owner-leaving',
      'refused-use',
      'scope-widened',
      'static-beside-federation',
      'too-many-credentials',
      'trust-leftover',
      'unverified-client',
      'waiver-covers',
      'woke-up',
    ]);
    expect(schemaErrors(cis)).toEqual([]);
    expect(cis.coverage.settings).toMatch(/^[0-9a-f]{16}$/);
    const fewer = await audit('fewer.json', '--profile', 'cis', '--rule', 'no-expiry');
    expect(fewer.coverage.settings).toBe(cis.coverage.settings);
    const { stdout } = await diff(['cis.json', 'usual.json'], { now });
    expect(stdout).toContain('NOT COVERED: 2 FINDINGS\n  medium not-rotated: export');
    expect(stdout).toMatch(
      / {2}medium unused: export[^\n]*\n {4}may still exist: .* other options or conditions/,
    );
    expect(stdout).not.toContain('RESOLVED');
  });

  test('another condition in CEL does not resolve what it no longer finds', async () => {
    const auditWith = (when: string, file: string) => {
      writeFileSync(
        join(cwd, 'acme.yaml'),
        `customRules: [{ id: acme/export, title: T, severity: high, kinds: [service-principal-credential], when: '${when}', message: m, fix: f }]`,
      );
      writeFileSync(join(cwd, 'acme.config.yaml'), 'plugins: [./acme.yaml]');
      const keys = JSON.stringify([
        unused,
        { ...unused, id: 'b', clientId: 'b@acme.conductor.one/pcc', displayName: 'export-2' },
      ]);
      const argv = ['--input', '-', '-c', 'acme.config.yaml', '-f', `json:${file}`, '--fail-on', 'never'];
      return runProgram(argv, { cwd, stdin: keys, now });
    };
    await auditWith('credential.name.startsWith("export")', 'wide.json');
    await auditWith('credential.name == "export-2"', 'narrow.json');
    const { stdout } = await diff(['wide.json', 'narrow.json'], { now });
    expect(stdout).toMatch(
      /NOT COVERED: 1 FINDING\n {2}high acme\/export: export [^\n]*\n {4}may still exist: .* other options or conditions/,
    );
    expect(stdout).not.toContain('RESOLVED');
    await auditWith('credential.name == "export-2"', 'same.json');
    expect((await diff(['narrow.json', 'same.json'], { now })).stdout).not.toContain('NOT COVERED');
  });

  test('waivers switched off mend nothing', async () => {
    writeFileSync(
      join(cwd, 'waivers.yaml'),
      'waivers: [{rule: unused, credential: a, reason: x, approvedBy: y, expires: 2026-01-31}]\n',
    );
    await audit('with.json', '-c', 'waivers.yaml');
    await audit('without.json', '-c', 'waivers.yaml', '--no-waivers');
    const { stdout } = await diff(['with.json', 'without.json'], { now });
    expect(stdout).toContain('NOT COVERED: 1 FINDING\n  medium waiver-expired');
    expect(stdout).not.toContain('RESOLVED');
  });
});

test('writes every format it has, to files as well', async () => {
  const { code, stdout } = await diff([
    ...['none.json', 'high.json', '--fail-on', 'never'],
    ...['-f', 'json', '-f', 'text:diff.txt', '-f', 'markdown:diff.md'],
  ]);
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ summary: { new: 1, resolved: 0 } });
  expect(readFileSync(join(cwd, 'diff.txt'), 'utf8')).toMatch(/^What changed in acme/);
  expect(readFileSync(join(cwd, 'diff.md'), 'utf8')).toMatch(/^# What changed in acme/);
});

test('a file that cannot be written makes it 3, and the others are written', async () => {
  const { code, stdout, stderr } = await diff([
    ...['none.json', 'none.json', '-f', 'json:/dev/full', '-f', 'text'],
  ]);
  expect(code).toBe(3);
  expect(stderr).toContain('could not be written');
  expect(stdout).toContain('Summary:');
});

test('GitHub takes nothing in it for a command', async () => {
  const env = { GITHUB_ACTIONS: 'true' };
  expect((await diff(['none.json', 'none.json'], { env })).stdout).toMatch(
    /^::stop-commands::([\w-]+)\n[\s\S]*\n::\1::\n$/,
  );
  expect((await diff(['none.json', 'none.json', '-f', 'json'], { env })).stdout).toMatch(/^\{/);
});

describe('refused', () => {
  test.each([
    { argv: [], says: /takes two saved reports, not 0[\s\S]*--diff <old\.json> <new\.json>/ },
    { argv: ['none.json'], says: /takes two saved reports, not 1/ },
    { argv: ['none.json', 'none.json', 'none.json'], says: /takes two saved reports, not 3/ },
    { argv: ['-', '-'], says: /Only one of the two reports can come from stdin/ },
    { argv: ['none.json', 'nil.json'], says: /nil\.json cannot be read \(ENOENT\)/ },
    {
      argv: ['undated.json', 'none.json'],
      says: /undated\.json is not a c1-audit report[\s\S]*run\.asOf: [\s\S]*this date does not exist/,
    },
    { argv: ['none.json', 'stranger.json'], says: /different tenants[\s\S]*one tenant/ },
    {
      argv: ['none.json', 'none.json', '-f', 'csv'],
      says: /no comparison in the format csv[\s\S]*text, markdown, json/,
    },
    { argv: ['none.json', 'high.json', '-f', 'json:./high.json'], says: /would overwrite its own input/ },
    { argv: ['none.json', 'high.json', '--fail-on', 'hihg'], says: /--fail-on/ },
  ])('$argv', async ({ argv, says }) => {
    const { code, stderr, stdout } = await diff(argv);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(says);
  });

  test.each([
    { argv: ['report'], says: /takes one saved report, not 0[\s\S]*report <report\.json>/ },
    { argv: ['report', 'none.json', 'high.json'], says: /not 2[\s\S]*report --diff/ },
    { argv: ['report', 'none.json', 'high.json', 'none.json'], says: /not 3/ },
  ])('without --diff: $argv', async ({ argv, says }) => {
    const { code, stderr } = await runProgram(argv, { cwd });
    expect(code).toBe(2);
    expect(stderr).toMatch(says);
  });
});

test('its help fits 80 columns', async () => {
  const { stdout } = await runProgram(['report', '--help']);
  expect(stdout).toContain('--diff');
  expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
});
