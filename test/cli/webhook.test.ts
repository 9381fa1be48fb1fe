import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { emptyFolder, runProgram } from '../helpers/program.js';
import { type SlackServer, startSlack, textOf } from '../helpers/slack-server.js';
import {
  startWebhook,
  teamsProblems,
  WEBHOOK_SECRET,
  type WebhookServer,
} from '../helpers/webhook-server.js';
import { personalClient, startTenant, type Tenant, tenantRecords } from '../tenant/index.js';

const DAY = 86_400_000;
const FIRST = Date.parse('2026-09-01T02:00:00.000Z');

let now: number;
let tenant: Tenant;
let receiver: WebhookServer;
let slack: SlackServer;
let cwd: string;

beforeAll(async () => {
  tenant = await startTenant({ data: tenantRecords(FIRST), now: () => now });
  slack = await startSlack({ now: () => (now += 2000) });
});

afterAll(async () => {
  await Promise.all([tenant.close(), slack.close()]);
});

beforeEach(async () => {
  now = FIRST;
  cwd = emptyFolder();
  receiver = await startWebhook();
});

afterEach(() => receiver.close());

const config = (text: string) => writeFileSync(join(cwd, 'c1-audit.config.yaml'), text);

async function audit(argv: readonly string[] = [], env: Readonly<Record<string, string>> = {}) {
  const all = ['--scope', 'tenant', '--source', 'personal-clients', '--fail-on', 'never', ...argv];
  const result = await runProgram(all, {
    cwd,
    now: () => now,
    env: { ...tenant.environment, C1_AUDIT_WEBHOOK_URL: receiver.url, ...env },
  });
  expect(result.stdout + result.stderr).not.toContain(WEBHOOK_SECRET);
  return result;
}

test('sends news once, as JSON if no format is set', async () => {
  const state = ['--state', 'state.json'];
  expect(await audit(state)).toMatchObject({ code: 0, stderr: '' });
  expect(receiver.taken).toEqual([expect.objectContaining({ version: 1, event: 'audit', complete: true })]);
  now += DAY;
  expect((await audit(state)).code).toBe(0);
  expect(receiver.taken).toHaveLength(1);
  const added = personalClient({
    id: 'added-later',
    displayName: 'added later',
    userId: tenant.data.personalClients[0]?.userId ?? '',
    createdAt: new Date(now - DAY).toISOString(),
  });
  tenant.data.personalClients.push(added);
  now += DAY;
  expect((await audit(state)).code).toBe(0);
  tenant.data.personalClients.pop();
  const [, news] = receiver.taken as { findings: { credential: { id: string }; reasons: string[] }[] }[];
  expect(new Set(news?.findings.map(({ credential }) => credential.id))).toEqual(new Set(['added-later']));
  expect(news?.findings[0]?.reasons).toEqual(['new']);
});

test('sends a card to Teams, and to Slack as well', async () => {
  config('webhook: { format: teams }\n');
  const { code } = await audit([], { SLACK_WEBHOOK_URL: slack.webhookUrl });
  expect(code).toBe(0);
  expect(receiver.taken.map(teamsProblems)).toEqual([[]]);
  expect(slack.posted).toHaveLength(1);
});

test('exits with 3 and keeps the news if it cannot be sent', async () => {
  receiver.faults.push({ status: 404, body: receiver.url });
  const state = ['--state', 'state.json'];
  const { code, stdout, stderr } = await audit(state);
  expect(code).toBe(3);
  expect(stdout).toContain('admin-scope');
  expect(stderr).toContain('Cannot send the message to the webhook (HTTP 404).');
  await audit(state);
  expect(receiver.taken).toHaveLength(1);
});

test('says so if the audit is incomplete', async () => {
  tenant.faults.add({ on: 'search-personal-clients', times: 20, effect: { kind: 'status', status: 500 } });
  const { code } = await audit();
  tenant.faults.clear();
  expect(code).toBe(3);
  expect(receiver.taken).toEqual([
    expect.objectContaining({ complete: false, text: expect.stringMatching(/^INCOMPLETE AUDIT/) }),
  ]);
});

test.each(['c1-audit.config.yaml:1:12: webhook.url', 'webhook.uri', 'webhook.webhookUrl'])(
  'refuses the URL in the configuration as %s',
  async (key) => {
    config(`webhook: { ${key.split('.').at(-1)}: "${receiver.url}", format: teams }\n`);
    const { code, stderr } = await audit();
    expect(code).toBe(2);
    expect(stderr).toContain('a secret does not belong in this file');
    expect(stderr).toContain('as C1_AUDIT_WEBHOOK_URL');
  },
);

test.each([
  ['webhook: {}\n', { C1_AUDIT_WEBHOOK_URL: '' }, /C1_AUDIT_WEBHOOK_URL is not/],
  ['webhook: { format: teams }\n', { C1_AUDIT_WEBHOOK_URL: ' ' }, /C1_AUDIT_WEBHOOK_URL is not/],
  ['webhook: { format: slack }\n', {}, /webhook\.format: must be one of json, teams, not "slack"/],
  ['webhook: { fromat: teams }\n', {}, /webhook\.fromat: no such key; did you mean "format"\?/],
  [
    `webhook: https://hooks.acme.example/${WEBHOOK_SECRET}\n`,
    {},
    /must be a mapping .* not "https:\/\/hooks\.acme\.example\/…"/,
  ],
  [
    'scope: mine\n',
    { C1_AUDIT_WEBHOOK_URL: `https://me:${WEBHOOK_SECRET}@acme.example/` },
    /is not the URL of a webhook/,
  ],
  ['scope: mine\n', { NODE_DEBUG: 'undici,http' }, /NODE_DEBUG is set/],
])('%s with %j is refused before the audit', async (text, env, says) => {
  config(text);
  const before = tenant.requests.length;
  const { code, stderr } = await audit([], env);
  expect(code).toBe(2);
  expect(stderr).toMatch(says);
  expect([receiver.requests, tenant.requests.length - before]).toEqual([[], 0]);
});

test('a wrong URL is reported once, also where the failure would be sent to it', async () => {
  const env = { CI: 'true', C1_AUDIT_WEBHOOK_URL: 'http://hooks.acme.example/', SLACK_WEBHOOK_URL: '' };
  const { code, stderr } = await audit([], env);
  expect([code, stderr.match(/is not the URL of a webhook/g)?.length]).toEqual([2, 1]);
});

test('hears of an audit that ended before it had a report', async () => {
  config('webhook: { format: tems }\n');
  expect((await audit(['--no-slack'], { CI: 'true' })).code).toBe(2);
  expect(receiver.taken).toEqual([expect.objectContaining({ event: 'failure', tenant: null })]);
  expect(receiver.taken.map(teamsProblems)).toEqual([[]]);
  expect((await audit(['--dry-run'], { CI: 'true' })).code).toBe(2);
  expect(receiver.taken).toHaveLength(1);
});

describe('a dry run', () => {
  const dry = async (argv: readonly string[] = [], env: Readonly<Record<string, string>> = {}) => {
    const result = await audit(['--dry-run', ...argv], env);
    const sent = receiver.requests.length + slack.requests.length;
    const { code, stdout, stderr } = result;
    return { code, stdout, stderr, sent, printed: stdout === '' ? undefined : JSON.parse(stdout) };
  };

  beforeEach(() => {
    slack.requests.length = 0;
  });

  test('prints each message under its name, and sends none', async () => {
    const { code, stderr, sent, printed } = await dry(['--state', 'state.json'], {
      SLACK_WEBHOOK_URL: slack.webhookUrl,
    });
    expect([code, stderr, sent]).toEqual([0, '', 0]);
    expect(Object.keys(printed)).toEqual(['slack', 'webhook']);
    expect(printed.webhook).toMatchObject({ version: 1, event: 'audit' });
    expect(textOf(printed.slack)).toContain(printed.webhook.text);
  });

  test('needs no URL for what the configuration describes', async () => {
    config('slack: { minSeverity: low }\nwebhook: { format: teams }\n');
    const { code, sent, printed } = await dry([], { C1_AUDIT_WEBHOOK_URL: '' });
    expect([code, sent]).toEqual([0, 0]);
    expect(Object.keys(printed)).toEqual(['slack', 'webhook']);
    expect(teamsProblems(printed.webhook)).toEqual([]);
  });

  test('prints null where there is no news', async () => {
    const input = join(cwd, 'list.json');
    writeFileSync(input, '[]');
    const { stdout } = await runProgram(['--input', input, '--dry-run'], {
      cwd,
      env: { C1_AUDIT_WEBHOOK_URL: receiver.url },
    });
    expect(JSON.parse(stdout)).toEqual({ webhook: null });
  });

  test('is a usage error if nothing is set up', async () => {
    const before = tenant.requests.length;
    const { code, stdout, stderr } = await dry([], { C1_AUDIT_WEBHOOK_URL: '' });
    expect([code, stdout, tenant.requests.length - before]).toEqual([2, '', 0]);
    expect(stderr).toContain('--dry-run prints what would be sent, but nothing is set up to get it.');
  });
});
