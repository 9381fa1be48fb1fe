import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { emptyFolder, runProgram } from '../helpers/program.js';
import { BOT_TOKEN, CHANNEL, type SlackServer, startSlack, textOf } from '../helpers/slack-server.js';
import { personalClient, ROLE, startTenant, type Tenant, tenantRecords } from '../tenant/index.js';

const DAY = 86_400_000;
const FIRST = Date.parse('2026-09-01T02:00:00.000Z');

let now = FIRST;
let tenant: Tenant;
let slack: SlackServer;
const cwd = emptyFolder();

beforeAll(async () => {
  const data = tenantRecords(FIRST);
  const userId = data.personalClients[0]?.userId ?? '';
  for (const id of ['one', 'two'])
    data.personalClients.push(
      personalClient({
        id,
        displayName: `key ${id}`,
        userId,
        createdAt: new Date(FIRST - 20 * DAY).toISOString(),
        lastUsedAt: new Date(FIRST).toISOString(),
        allowSourceCidr: ['62.176.96.0/24'],
        scopedRoles: [ROLE.viewer],
      }),
    );
  tenant = await startTenant({ data, now: () => now });
  let clock = 0;
  slack = await startSlack({ now: () => (clock += 2000) });
});

afterAll(async () => {
  await Promise.all([tenant.close(), slack.close()]);
});

function audit(argv: readonly string[] = []) {
  const env = {
    ...tenant.environment,
    SLACK_BOT_TOKEN: BOT_TOKEN,
    SLACK_CHANNEL: CHANNEL,
    C1_AUDIT_SLACK_API_URL: slack.apiUrl,
  };
  const all = ['--scope', 'tenant', '--rule', 'no-expiry', '--state', 'state.json', '--fail-on', 'never'];
  return runProgram([...all, ...argv], { cwd, now: () => now, env });
}

const remove = (id: string) => {
  const { personalClients } = tenant.data;
  personalClients.splice(
    personalClients.findIndex((client) => client.id === id),
    1,
  );
};

test('a bot marks its message on the nights when the findings in it are gone', async () => {
  expect(await audit()).toMatchObject({ code: 0, stderr: '' });
  const [message] = slack.posted;
  const at = { channel: CHANNEL, ts: message?.ts };
  expect(textOf(message?.payload ?? {})).toContain('2 new');
  const state = readFileSync(join(cwd, 'state.json'), 'utf8');
  expect(state).toContain(JSON.stringify(at));
  expect(state).not.toMatch(/key (one|two)|acme\.example/);

  remove('one');
  now += DAY;
  expect(await audit()).toMatchObject({ code: 0, stderr: '' });
  expect(textOf(slack.posted[1]?.payload ?? {})).toContain('✅ Resolved: one (no-expiry).');
  expect(slack.reactions).toEqual([{ ...at, name: 'hourglass_flowing_sand' }]);

  remove('two');
  now += DAY;
  expect(await audit()).toMatchObject({ code: 0, stderr: '' });
  expect(slack.reactions[1]).toEqual({ ...at, name: 'white_check_mark' });

  now += DAY;
  expect(await audit()).toMatchObject({ code: 0, stderr: '' });
  expect([slack.posted.length, slack.reactions.length]).toEqual([3, 2]);
});

test.each([
  ['channel', { channel: 'general\n', ts: '1.1' }],
  ['ts', { channel: 'C01', ts: 'now' }],
])('a state whose message has a bad %s is refused', async (key, message) => {
  const path = join(cwd, 'state.json');
  const kept = readFileSync(path, 'utf8');
  const state = JSON.parse(kept);
  const finding = {
    ...Object.values<object>(state.resolved)[0],
    ...{ resolvedAt: undefined, waived: false, toldAt: null, milestones: null, seenIn: 'tenant' },
    messages: [message],
  };
  writeFileSync(path, JSON.stringify({ ...state, findings: { ['0'.repeat(64)]: finding } }));
  const { code, stderr } = await audit();
  writeFileSync(path, kept);
  expect(code).toBe(2);
  expect(stderr).toContain(`messages[0].${key}`);
});
