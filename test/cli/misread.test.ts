import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { rules } from '../../rules/index.js';
import { KINDS } from '../../src/contract/index.js';
import { emptyFolder, runProgram } from '../helpers/program.js';
import { seed, startTenant, type Tenant } from '../tenant/index.js';

/* What a hasty reader could take for a clean tenant, and what is said against it. */

const NOW = Date.parse('2026-11-24T06:00:00Z');
let tenant: Tenant;

beforeAll(async () => {
  tenant = (await startTenant({ now: () => NOW, data: seed(NOW) })) as Tenant;
});
afterAll(() => tenant.close());

function folderWith(files: Readonly<Record<string, string>>): string {
  const folder = emptyFolder();
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return folder;
}

const audit = (argv: string[], cwd = emptyFolder(), now = NOW) =>
  runProgram(argv, { env: tenant.environment, now: () => now, cwd });

const NEED_THE_LOG = ['network-wider-than-use', 'refused-use'];
const NEED_A_STATE = ['credential-appeared', 'network-widened', 'scope-widened', 'waiver-covers', 'woke-up'];

const off = (...ids: string[]) => ({
  'c1-audit.config.yaml': `rules:\n${ids.map((id) => `  ${id}: off\n`).join('')}`,
});

describe('rules that did not run', () => {
  test('are named in every report for people', async () => {
    const cwd = folderWith(off('owner-inactive', 'loose-trust-condition'));
    const said = `2 of ${rules.length - NEED_THE_LOG.length} rules did not run: loose-trust-condition, owner-inactive.`;
    const files = ['r.txt', 'r.md', 'r.html'];
    const formats = ['json', 'text:r.txt', 'markdown:r.md', 'html:r.html'].flatMap((format) => [
      '-f',
      format,
    ]);
    const { report } = await audit(['--scope', 'tenant', ...formats], cwd);
    for (const file of files)
      expect(readFileSync(join(cwd, file), 'utf8').replaceAll('\\', '')).toContain(said);
    expect(report.coverage.notes).toContain(said);
    expect(report.coverage.rulesNotRun).toEqual(
      [...NEED_A_STATE, ...NEED_THE_LOG, 'loose-trust-condition', 'owner-inactive'].sort(),
    );
  });

  test('are counted if other rules were requested', async () => {
    const { report } = await audit(['--rule', 'expired', '-f', 'json']);
    expect(report.coverage.notes).toContain(`Only 1 of ${rules.length} rules ran: expired.`);
  });

  test.each<[string, readonly string[], string]>([
    [
      'a source',
      ['--rule', 'loose-trust-condition', '--rule', 'trust-leftover', '--scope', 'mine'],
      'loose-trust-condition: no federation trusts were read. trust-leftover: no federation trusts were read.',
    ],
    ['evidence', ['--rule', 'refused-use'], 'refused-use: the system log was not read (--evidence).'],
    ['a state', ['--rule', 'scope-widened'], 'scope-widened: no state is kept (--state).'],
  ])('for want of %s, when nothing else ran: nothing is audited', async (_, flags, reason) => {
    const { code, stdout, stderr } = await audit([...flags]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(`Nothing was audited, because no requested rule could run. ${reason}\n`);
    expect(stderr).toContain('Request the missing source (--scope tenant, --source), keep a state');
  });

  test('because a source or a state is missing are named beside those that did', async () => {
    const lacking = ['--rule', 'loose-trust-condition', '--rule', 'scope-widened'];
    const { code, report } = await audit([...lacking, '--rule', 'malformed-cidr', '-f', 'json']);
    expect(code).toBe(0);
    expect(report.coverage.notes).toEqual(
      expect.arrayContaining([
        'Not run, because no federation trusts were read: loose-trust-condition.',
        'Not run, because no state is kept (--state): scope-widened.',
      ]),
    );
    expect(report.coverage.rulesNotRun).toEqual(
      expect.arrayContaining(['loose-trust-condition', 'scope-widened']),
    );
    expect(report.coverage.rulesNotRun).not.toContain('malformed-cidr');
  });

  test('a first audit with a state keeps what the next one compares with', async () => {
    const { code, report } = await audit(['--rule', 'scope-widened', '--state', 's.json', '-f', 'json']);
    expect(code).toBe(0);
    expect(report.coverage.rulesNotRun).not.toContain('scope-widened');
  });

  test('leave nothing to run: nothing is audited', async () => {
    const { code, stdout, stderr } = await audit([], folderWith(off(...rules.map(({ id }) => id))));
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain('All rules are switched off.');
  });

  test('are not mentioned if all rules ran', async () => {
    const { report } = await audit(['--scope', 'tenant', '--evidence', '--state', 's.json', '-f', 'json']);
    expect(report.coverage.rulesNotRun).toBeUndefined();
    expect(report.coverage.notes.join()).not.toMatch(/rules (did not run|ran)|Not run/);
  });
});

describe('a file', () => {
  test('that is empty gets a note', async () => {
    for (const text of ['[]', '{"list": []}']) {
      const { report } = await audit(['--input', 'a.json', '-f', 'json'], folderWith({ 'a.json': text }));
      expect(report.coverage.notes.join()).toContain('make sure that it is the right export');
    }
  });

  test.each([
    ['a report', '{"schemaVersion": 1, "findings": []}', 'a.json is a report of c1-audit'],
    ['another list', '{"clients": []}', 'a.json'],
    ['an object of its own', '{"name": "x"}', 'a.json'],
  ])('that is %s is refused', async (_, text, says) => {
    const { code, stdout, stderr } = await audit(['--input', 'a.json'], folderWith({ 'a.json': text }));
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(says);
  });

  test('does not turn the state of the tenant into one with everything resolved', async () => {
    const list = [{ id: 'k1', displayName: 'ci', userId: 'u1', createdAt: '2020-01-01T00:00:00Z' }];
    const cwd = folderWith({ 'a.json': JSON.stringify(list) });
    await audit(['--input', 'a.json', '--state', 's.json'], cwd);
    const { report } = await audit(['--state', 's.json', '-f', 'json'], cwd, NOW + 1000);
    expect(report.resolved).toEqual([]);
  });
});

test('a cause that stopped everything is named by each source, without rights to grant', async () => {
  // Nobody listens where a server has just gone.
  const gone = await startTenant({ now: () => NOW });
  await gone.close();
  const env = {
    ...gone.environment,
    CONDUCTORONE_CLIENT_SECRET: undefined,
    CONDUCTORONE_ACCESS_TOKEN: 'some-token',
  };
  const { code, stdout, stderr } = await runProgram(['--scope', 'tenant', '-f', 'json'], {
    env,
    now: () => NOW,
  });
  expect(code).toBe(3);
  const { coverage } = JSON.parse(stdout);
  expect(coverage.sources.map(({ kind }: { kind: string }) => kind)).toEqual(KINDS);
  expect(coverage.notes.join()).not.toMatch(/ECONNREFUSED|right to/);
  expect(stderr.match(/ECONNREFUSED/g)).toHaveLength(1);
});

test('a Slack message that would not be sent is explained', async () => {
  const cwd = emptyFolder();
  const quiet = ['--rule', 'credential-appeared', '--state', 's.json'];
  await audit(quiet, cwd);
  const { stdout, stderr } = await audit([...quiet, '--slack-dry-run'], cwd, NOW + 1000);
  expect(stdout).toBe('null\n');
  expect(stderr).toContain('Nothing would be sent to Slack');
});
