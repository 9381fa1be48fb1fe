import { chmodSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { examined } from '../helpers/doctor.js';
import { emptyFolder, runProgram } from '../helpers/program.js';
import { SECRET_PATH, type SlackServer, startSlack } from '../helpers/slack-server.js';
import { smallTenant } from '../helpers/small-tenant.js';
import { startTenant, type Tenant } from '../tenant/index.js';

const NOW = Date.parse('2026-11-24T06:00:00Z');

let tenant: Tenant;

beforeAll(async () => {
  tenant = (await startTenant({
    now: () => NOW,
    data: smallTenant(NOW),
    paging: { ignoring: [] },
  })) as Tenant;
});

afterAll(() => tenant.close());

const examine = (flags: readonly string[] = [], env: Record<string, string> = {}, cwd = emptyFolder()) =>
  examined(flags, { env: { ...tenant.environment, ...env }, now: () => NOW, cwd });

describe('the state', () => {
  let cwd: string;
  beforeEach(() => {
    cwd = emptyFolder();
  });

  const STATE = {
    version: 1,
    tenant: '127.0.0.1',
    savedAt: '2026-11-23T06:00:00.000Z',
    seen: {},
    findings: {},
    resolved: {},
    credentials: {},
    slack: { postedAt: null, digestAt: null },
  };

  function write(state: object | string): void {
    const file = join(cwd, 'state.json');
    writeFileSync(file, typeof state === 'string' ? state : JSON.stringify(state), { mode: 0o600 });
  }

  const look = (file = 'state.json') => examine(['--state', file], {}, cwd);

  test('reads a valid state and changes nothing', async () => {
    write(STATE);
    const before = readFileSync(join(cwd, 'state.json'), 'utf8');
    const found = await look();
    expect(found.line('state')).toMatchObject({
      status: 'ok',
      detail: 'state.json, saved as of 2026-11-23T06:00:00.000Z, with 0 findings',
    });
    expect(found.code).toBe(0);
    expect(readdirSync(cwd)).toEqual(['state.json']);
    expect(readFileSync(join(cwd, 'state.json'), 'utf8')).toBe(before);
  });

  test('that failOnNew needs is missed, unless there is a baseline', async () => {
    writeFileSync(join(cwd, 'c1-audit.config.yaml'), 'failOnNew: true\n');
    const found = await examine([], {}, cwd);
    expect(found.line('state')).toMatchObject({
      status: 'warning',
      detail: 'none set, and failOnNew needs one: an audit without --state or --baseline does not start',
    });
    expect((await look()).line('state').status).toBe('ok');
    writeFileSync(join(cwd, 'c1-audit.config.yaml'), 'failOnNew: true\nbaseline: base.json\n');
    expect((await examine([], {}, cwd)).line('state').status).toBe('skipped');
  });

  test('does not create a missing state or its directory', async () => {
    const found = await look('a/b/state.json');
    expect([found.line('state').status, found.code]).toEqual(['ok', 0]);
    expect(readdirSync(cwd)).toEqual([]);
  });

  test.each([
    ['of another tenant', { ...STATE, tenant: 'acme.conductor.one' }, 'of another tenant'],
    ['of another version', { ...STATE, version: 2 }, 'of version 2'],
    ['corrupt', '{"version":1', 'is corrupt'],
    ['later than now', { ...STATE, savedAt: new Date(NOW + 1).toISOString() }, 'which is later than'],
  ])('%s: reports that no audit would start', async (_, state, words) => {
    write(state);
    const found = await look();
    expect([found.having('problem'), found.code]).toEqual([['state'], 2]);
    expect(found.line('state').detail).toContain(words);
    expect(found.line('state').fix).not.toBeNull();
  });

  test('accepts a state saved now', async () => {
    write({ ...STATE, savedAt: new Date(NOW).toISOString() });
    expect((await look()).code).toBe(0);
  });

  test('reports a file in place of its directory', async () => {
    write(STATE);
    const found = await look('state.json/deep/state.json');
    expect([found.having('problem'), found.code]).toEqual([['state'], 2]);
    expect(found.line('state').detail).toContain('cannot be read (ENOTDIR)');
  });

  test('warns if other users can read it', async () => {
    write(STATE);
    chmodSync(join(cwd, 'state.json'), 0o640);
    const found = await look();
    expect(found.line('state')).toMatchObject({ status: 'warning', fix: 'chmod 600 state.json' });
    expect(found.line('state').detail).toContain('0640');
    expect(found.code).toBe(0);
    expect(statSync(join(cwd, 'state.json')).mode & 0o777).toBe(0o640);
  });

  test.each([
    ['alive', process.ppid, 2],
    ['dead', 2 ** 30, 0],
  ])('locked by a %s process', async (_, pid, code) => {
    write(STATE);
    const lock = JSON.stringify({ pid, host: hostname(), createdAt: NOW, token: 'x' });
    writeFileSync(join(cwd, 'state.json.lock'), lock);
    const found = await look();
    expect(found.code).toBe(code);
    expect(found.line('state').status).toBe(code === 0 ? 'ok' : 'problem');
    expect(readFileSync(join(cwd, 'state.json.lock'), 'utf8')).toBe(lock);
  });
});

describe('Slack', () => {
  let slack: SlackServer;
  beforeEach(async () => {
    slack = await startSlack();
  });
  afterEach(() => slack.close());

  test('gets no message without --slack-test', async () => {
    const found = await examine([], { SLACK_WEBHOOK_URL: slack.webhookUrl });
    expect([found.line('slack').status, found.code]).toEqual(['ok', 0]);
    expect(slack.requests).toEqual([]);
    expect(found.stdout).not.toContain(SECRET_PATH.slice(-12));
  });

  test('gets one test message with --slack-test', async () => {
    const found = await examine(['--slack-test'], { SLACK_WEBHOOK_URL: slack.webhookUrl });
    expect([found.line('slack').status, found.code]).toEqual(['ok', 0]);
    expect(slack.posted).toHaveLength(1);
    expect(slack.posted[0]?.payload.text).toMatch(/^TEST/);
    expect(JSON.stringify(slack.posted[0]?.payload.blocks)).toContain('nothing to do');
  });

  test('reports that Slack refused the message', async () => {
    slack.faults.push({ status: 404, body: 'no_service' });
    const found = await examine(['--slack-test'], { SLACK_WEBHOOK_URL: slack.webhookUrl });
    expect([found.having('problem'), found.code]).toEqual([['slack'], 3]);
    expect(found.line('slack').fix).toContain('Create another one');
    expect(found.stdout + found.stderr).not.toContain(SECRET_PATH.slice(-12));
  });

  test.each([
    [[], { SLACK_WEBHOOK_URL: 'https://hooks.example/services/sEcReTsEcReT' }],
    [[], { SLACK_BOT_TOKEN: 'xoxb-sEcReTsEcReT' }],
    [['--slack-test'], {}],
  ])('%j %j: reports that no audit would start', async (flags, env) => {
    const found = await examine(flags, env as Record<string, string>);
    expect([found.having('problem'), found.code]).toEqual([['slack'], 2]);
    expect(found.line('slack').fix).not.toBeNull();
    expect(found.stdout).not.toContain('sEcReT');
  });

  test.each(['notifyOwners: true', 'heartbeat: weekly'])(
    'warns if %s lacks what it needs',
    async (setting) => {
      const cwd = emptyFolder();
      writeFileSync(join(cwd, 'c1-audit.config.yaml'), `slack: { ${setting} }\n`);
      const found = await examine([], { SLACK_WEBHOOK_URL: slack.webhookUrl }, cwd);
      expect(found.line('slack').status).toBe('warning');
    },
  );
});

describe('the webhook', () => {
  const URL = 'https://hooks.example/invoke?sig=sEcReTsEcReT';
  const TEAMS = 'webhook: { format: teams }\n';
  test.each([
    [TEAMS, URL, 'ok', 'for teams (nothing was sent)', 0],
    ['', URL, 'ok', 'for json (nothing was sent)', 0],
    ['', undefined, 'skipped', 'not set up', 0],
    [TEAMS, ' ', 'problem', 'webhook is set in the configuration, but C1_AUDIT_WEBHOOK_URL is not', 2],
    ['', URL.replace('https', 'http'), 'problem', 'C1_AUDIT_WEBHOOK_URL is not the URL of a webhook', 2],
  ])('%j with %s: %s', async (config, url, status, detail, code) => {
    const cwd = emptyFolder();
    writeFileSync(join(cwd, 'c1-audit.config.yaml'), config);
    const found = await examine([], url === undefined ? {} : { C1_AUDIT_WEBHOOK_URL: url }, cwd);
    expect([found.line('webhook').status, found.code]).toEqual([status, code]);
    expect(found.line('webhook').detail).toContain(detail);
    expect(found.stdout).not.toContain('sEcReT');
  });
});

describe('GitHub Actions', () => {
  const JOB = {
    GITHUB_ACTIONS: 'true',
    GITHUB_EVENT_NAME: 'push',
    GITHUB_OUTPUT: '/tmp/o',
    GITHUB_STEP_SUMMARY: '/tmp/s',
  };

  test.each([
    ['a job', {}, 'ok', 'started by push; no id-token: write'],
    ['without its files', { GITHUB_OUTPUT: '' }, 'warning', 'GITHUB_OUTPUT not set'],
    ['on a schedule', { GITHUB_EVENT_NAME: 'schedule' }, 'warning', 'ends schedules'],
    [
      'on a schedule with a heartbeat',
      { GITHUB_EVENT_NAME: 'schedule', C1_AUDIT_HEARTBEAT_URL: 'https://hc.example/1234567890abcdef' },
      'ok',
      'started by schedule',
    ],
  ])('%s', async (_, env, status, words) => {
    const found = await examine([], { ...JOB, ...(env as Record<string, string>) });
    expect(found.line('github')).toMatchObject({ status, detail: expect.stringContaining(words) });
    expect(found.code).toBe(0);
    expect(found.stdout).not.toContain('1234567890abcdef');
  });

  test('warns of a heartbeat that is not a URL', async () => {
    const found = await examine([], { C1_AUDIT_HEARTBEAT_URL: 'hc.example/abcdefghijkl' });
    expect([found.line('heartbeat').status, found.code]).toEqual(['warning', 0]);
  });
});

test('the help fits on a screen', async () => {
  const { code, stdout } = await runProgram(['doctor', '--help']);
  expect(code).toBe(0);
  const lines = stdout.split('\n');
  expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(80);
  expect(lines.length).toBeLessThanOrEqual(30);
});
