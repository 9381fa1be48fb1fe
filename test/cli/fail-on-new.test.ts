import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Report } from '../../src/engine/report.js';
import { emptyFolder, runProgram } from '../helpers/program.js';
import {
  type PersonalClient,
  personalClient,
  ROLE,
  startTenant,
  type Tenant,
  tenantRecords,
} from '../tenant/index.js';

const DAY = 86_400_000;
const START = Date.parse('2026-11-24T06:00:00Z');
const iso = (ms: number) => new Date(ms).toISOString();

let now = START;
let cwd: string;
const tenants: Tenant[] = [];
let tenant: Tenant;

/** A key with nothing wrong about it but that it never expires (high). */
function key(id: string, over: Partial<PersonalClient> = {}): PersonalClient {
  return personalClient({
    id,
    displayName: `key ${id}`,
    userId: tenant.data.users[0]?.id ?? '',
    createdAt: iso(START - 20 * DAY),
    lastUsedAt: iso(START - 3_600_000),
    allowSourceCidr: ['62.176.96.0/24'],
    scopedRoles: [ROLE.viewer],
    ...over,
  });
}

const keys = () => tenant.data.personalClients as PersonalClient[];
const named = (id: string) => keys().find((one) => one.id === id) as PersonalClient;

beforeEach(async () => {
  now = START;
  cwd = emptyFolder();
  tenant = (await startTenant({ data: tenantRecords(START), now: () => now })) as Tenant;
  tenants.push(tenant);
  keys().push(key('old-one'), key('old-two'));
});
afterAll(() => Promise.all(tenants.map((one) => one.close())));

const ONE_SOURCE = ['--scope', 'tenant', '--source', 'personal-clients'];

const audit = (...argv: string[]) =>
  runProgram([...ONE_SOURCE, '--rule', 'no-expiry', '--rule', 'default-name', ...argv], {
    cwd,
    now: () => now,
    env: tenant.environment,
  });

const saved = (name = 'base.json') => JSON.parse(readFileSync(join(cwd, name), 'utf8')) as Report;

/** Saves a changed copy of the baseline. */
function change(edit: (report: ReturnType<typeof JSON.parse>) => void): void {
  const report = JSON.parse(JSON.stringify(saved()));
  edit(report);
  writeFileSync(join(cwd, 'base.json'), JSON.stringify(report));
}

const statusOf = ({ findings }: Report, id: string) =>
  findings.find(({ credential }) => credential?.id === id);

describe.each([
  ['--state', ['--state', 'state.json'], ['--state', 'state.json']],
  ['--baseline', ['-f', 'json:base.json'], ['--baseline', 'base.json']],
])('with %s', (_, before, after) => {
  /** A night before, that remembers everything. */
  const remember = () => audit('--fail-on', 'never', ...before);
  const night = (...argv: string[]) => {
    now += DAY;
    return audit('-f', 'json', '--fail-on-new', ...after, ...argv);
  };

  test('known findings do not make exit 1, and stay in the report with their age', async () => {
    await remember();
    const { code, report } = await night();
    expect(code).toBe(0);
    expect(statusOf(report, 'old-one')).toMatchObject({ status: 'known', firstSeen: iso(START) });
    expect(report.summary).toMatchObject({ new: 0 });
    expect(report.summary.known).toBeGreaterThanOrEqual(2);
  });

  test('without the flag they do, and with --no-fail-on-new', async () => {
    await remember();
    now += DAY;
    expect((await audit(...after)).code).toBe(1);
    expect((await night('--no-fail-on-new')).code).toBe(1);
  });

  test('a new finding makes exit 1, but not below --fail-on', async () => {
    await remember();
    keys().push(key('newcomer'));
    expect((await night('--fail-on', 'critical')).code).toBe(0);
    keys().push(key('newcomer-2'));
    expect((await night('--fail-on', 'never')).code).toBe(0);
    keys().push(key('newcomer-3'));
    const { code, report } = await night();
    expect(code).toBe(1);
    expect(statusOf(report, 'newcomer-3')?.status).toBe('new');
  });

  test('a known finding that became more severe makes exit 1; one that became less severe does not', async () => {
    await remember();
    writeFileSync(join(cwd, 'c1-audit.config.yaml'), 'rules: { no-expiry: critical }\n');
    const { code, report } = await night();
    expect(code).toBe(1);
    expect(statusOf(report, 'old-one')).toMatchObject({ status: 'known', severity: 'critical' });
    writeFileSync(join(cwd, 'c1-audit.config.yaml'), 'rules: { no-expiry: medium }\n');
    expect((await night('--fail-on', 'low')).code).toBe(0);
  });

  test('a finding whose waiver ended makes exit 1', async () => {
    const waiver = `waivers: [{rule: no-expiry, credential: old-one, reason: r, approvedBy: a, expires: ${iso(START).slice(0, 10)}}]\n`;
    writeFileSync(join(cwd, 'c1-audit.config.yaml'), waiver);
    await remember();
    const { code, report } = await night();
    expect(code).toBe(1);
    expect(statusOf(report, 'old-one')?.status).toBe('reopened');
  });

  test('a new finding that the report leaves out makes exit 1; a known one does not', async () => {
    await remember();
    const quiet = ['--min-severity', 'critical'];
    expect((await night(...quiet)).code).toBe(0);
    keys().push(key('newcomer'));
    const { code, report } = await night(...quiet);
    expect(report.findings.filter(({ rule }) => rule === 'no-expiry')).toEqual([]);
    expect(code).toBe(1);
  });

  test('an incomplete audit is exit 3, without any news', async () => {
    await remember();
    expect((await night('--timeout', '0.001')).code).toBe(3);
  });
});

test('a finding that comes back makes exit 1 again', async () => {
  const night = async () => {
    now += DAY;
    return (await audit('--state', 'state.json', '--fail-on-new')).code;
  };
  expect(await night()).toBe(1);
  const [gone] = keys().splice(keys().indexOf(named('old-one')), 1);
  expect(await night()).toBe(0);
  keys().push(gone as PersonalClient);
  expect(await night()).toBe(1);
  expect(await night()).toBe(0);
});

describe('where nothing says what is known', () => {
  test.each([
    ['the flag', ['--fail-on-new'], {}, '', 'failOnNew (--fail-on-new) is set'],
    ['the variable', [], { C1_AUDIT_FAIL_ON_NEW: 'true' }, '', 'failOnNew (C1_AUDIT_FAIL_ON_NEW) is set'],
    ['the file', [], {}, 'failOnNew: true\n', 'failOnNew (c1-audit.config.yaml:1) is set'],
  ])('exit 2 names %s and what to do', async (_, argv, env, file, says) => {
    writeFileSync(join(cwd, 'c1-audit.config.yaml'), file);
    const { code, stdout, stderr } = await runProgram(argv, {
      cwd,
      now: () => now,
      env: { ...tenant.environment, ...env },
    });
    expect(code).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toContain(says);
    expect(stderr).toMatch(/Add --state <file>, or --baseline <report\.json>.*--no-fail-on-new/);
    expect(stderr).toContain('Nothing was audited.');
  });

  test('--no-fail-on-new wins over the file, and the variable false too', async () => {
    writeFileSync(join(cwd, 'c1-audit.config.yaml'), 'failOnNew: true\n');
    expect((await audit('--no-fail-on-new')).code).toBe(1);
    const env = { ...tenant.environment, C1_AUDIT_FAIL_ON_NEW: 'false' };
    expect((await runProgram([...ONE_SOURCE], { cwd, now: () => now, env })).code).toBe(1);
    const wrong = { ...env, C1_AUDIT_FAIL_ON_NEW: 'yes' };
    const { code, stderr } = await runProgram([], { cwd, now: () => now, env: wrong });
    expect(code).toBe(2);
    expect(stderr).toMatch(/C1_AUDIT_FAIL_ON_NEW.*true or false/);
  });

  test('report renders a saved report again, and exits by its own --fail-on', async () => {
    await audit('-f', 'json:base.json', '--state', 'state.json');
    writeFileSync(join(cwd, 'c1-audit.config.yaml'), 'failOnNew: true\n');
    const again = (...argv: string[]) => runProgram(['report', 'base.json', ...argv], { cwd });
    expect((await again()).code).toBe(1);
    expect((await again('--fail-on', 'never')).code).toBe(0);
  });
});

describe('a baseline', () => {
  beforeEach(async () => {
    await audit('-f', 'json:base.json', '--fail-on', 'never');
    now += DAY;
  });

  test('passes its own firstSeen on, and its asOf where it has none', async () => {
    const first = iso(START - 9 * DAY);
    change(({ findings }) => {
      for (const finding of findings) if (finding.credential?.id === 'old-one') finding.firstSeen = first;
    });
    const { report } = await audit('--baseline', 'base.json', '-f', 'json');
    expect(statusOf(report, 'old-one')).toMatchObject({ status: 'known', firstSeen: first });
    expect(statusOf(report, 'old-two')).toMatchObject({ status: 'known', firstSeen: iso(START) });
  });

  test('counts what no longer matches in a note, if the audit would have seen it', async () => {
    keys().splice(keys().indexOf(named('old-one')), 1);
    const note = `1 finding of the baseline (as of ${iso(START)}) no longer matches: save a new baseline to forget it.`;
    const { report } = await audit('--baseline', 'base.json', '-f', 'json');
    expect(report.coverage.notes).toContain(note);
    expect(report.resolved).toEqual([]);
    const narrow = await runProgram(
      [...ONE_SOURCE, '--rule', 'default-name', '--baseline', 'base.json', '-f', 'json'],
      { cwd, now: () => now, env: tenant.environment },
    );
    expect(narrow.report.coverage.notes.join()).not.toContain('no longer match');
  });

  test('that is incomplete is used, with a note', async () => {
    const complete = await audit('--baseline', 'base.json', '-f', 'json');
    expect(complete.report.coverage.notes.join()).not.toContain('The baseline');
    change(({ coverage }) => {
      coverage.complete = false;
    });
    const { code, report } = await audit('--baseline', 'base.json', '-f', 'json', '--fail-on-new');
    expect(code).toBe(0);
    expect(report.coverage.notes).toContain(
      `The baseline (as of ${iso(START)}) is incomplete: findings that it lacks count as new.`,
    );
  });

  test('stays as it is, and is not overwritten by a report', async () => {
    const before = readFileSync(join(cwd, 'base.json'), 'utf8');
    keys().push(key('newcomer'));
    for (const code of [1, 1])
      expect((await audit('--baseline', 'base.json', '--fail-on-new')).code).toBe(code);
    const { code, stderr } = await audit('--baseline', 'base.json', '-f', 'json:base.json');
    expect(code).toBe(2);
    expect(stderr).toContain('its own input');
    expect(readFileSync(join(cwd, 'base.json'), 'utf8')).toBe(before);
  });

  test('can be a setting, relative to its file, or a variable', async () => {
    writeFileSync(join(cwd, 'c1-audit.config.yaml'), 'failOnNew: true\nbaseline: ./base.json\n');
    expect((await audit()).code).toBe(0);
    keys().push(key('newcomer'));
    expect((await audit()).code).toBe(1);
    writeFileSync(join(cwd, 'c1-audit.config.yaml'), 'failOnNew: true\n');
    const env = { ...tenant.environment, C1_AUDIT_BASELINE: 'base.json' };
    const argv = [...ONE_SOURCE, '--rule', 'default-name', '--fail-on', 'info'];
    expect((await runProgram(argv, { cwd, now: () => now, env })).code).toBe(0);
  });

  test.each([
    [
      'together with a state',
      ['--state', 's.json', '--baseline', 'base.json'],
      /state \(--state\) and baseline \(--baseline\) cannot be used together/,
    ],
    ['that is missing', ['--baseline', 'nope.json'], /nope\.json cannot be read \(ENOENT\)/],
    ['from stdin beside an input', ['--baseline', '-', '--input', '-'], /Only one of --input and --baseline/],
    [
      'from later than the audit',
      ['--baseline', 'base.json', '--as-of', iso(START - 1)],
      /later than 2026-11-24T05:59:59\.999Z/,
    ],
  ])('%s is refused with exit 2', async (_, argv, says) => {
    const { code, stdout, stderr } = await runProgram(argv, {
      cwd,
      now: () => now,
      env: tenant.environment,
    });
    expect(stderr).toMatch(says);
    expect(code).toBe(2);
    expect(stdout).toBe('');
  });

  test('of the very time of the audit is used', async () => {
    expect((await audit('--baseline', 'base.json', '--fail-on-new', '--as-of', iso(START))).code).toBe(0);
  });

  test('of another tenant is refused with exit 2', async () => {
    change(({ run }) => {
      run.tenant = 'other.conductor.one';
    });
    const { code, stderr } = await audit('--baseline', 'base.json');
    expect(code).toBe(2);
    expect(stderr).toContain('base.json is of another tenant ("other.conductor.one", not');
    expect(stderr).toContain('Nothing was audited.');
  });

  test('of a demo is enough for another one', async () => {
    const demo = (...argv: string[]) => runProgram(['demo', '--fail-on', 'high', ...argv], { cwd });
    const first = await demo('-f', 'json');
    expect(first.code).toBe(1);
    writeFileSync(join(cwd, 'demo.json'), first.stdout);
    const { code, report } = await demo('--fail-on-new', '--baseline', 'demo.json', '-f', 'json');
    expect(code).toBe(0);
    expect(report.summary).toMatchObject({ new: 0, known: first.report.summary.findings });
    expect((await demo('--fail-on-new')).code).toBe(2);
  });
});

test('the demo needs no memory where the configuration sets failOnNew', async () => {
  writeFileSync(join(cwd, 'c1-audit.config.yaml'), 'failOnNew: true\n');
  const { code, stdout } = await runProgram(['demo'], { cwd });
  expect(code).toBe(0);
  expect(stdout).toMatch(/^Complete: \d+ credentials of everyone /);
});
