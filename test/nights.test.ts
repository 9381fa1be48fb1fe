import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { emptyFolder, runProgram } from './helpers/program.js';
import { type SlackServer, startSlack, textOf } from './helpers/slack-server.js';
import {
  type PersonalClient,
  personalClient,
  ROLE,
  startTenant,
  type Tenant,
  tenantRecords,
  user,
} from './tenant/index.js';

const DAY = 86_400_000;
const FIRST = Date.parse('2026-09-01T02:00:00.000Z');
const at = (night: number) => FIRST + (night - 1) * DAY;
const iso = (ms: number) => new Date(ms).toISOString();

let now = FIRST;
let tenant: Tenant;
let slack: SlackServer;
const cwd = emptyFolder();
const statePath = join(cwd, 'state.json');

/** A key with nothing wrong about it but that it never expires. */
function key(name: string, night: number, over: Partial<PersonalClient> = {}): PersonalClient {
  return personalClient({
    id: `id-of-${name}`,
    displayName: name,
    userId: `user-${name.length % 20}-${name.charCodeAt(name.length - 1) % 10}`,
    createdAt: iso(at(night) - 20 * DAY),
    lastUsedAt: iso(at(night)),
    allowSourceCidr: ['62.176.96.0/24'],
    scopedRoles: [ROLE.viewer],
    ...over,
  });
}

const names = Array.from(
  { length: 39 },
  (_, index) => `key-${String.fromCharCode(97 + (index % 20))}-${index}`,
);

beforeAll(async () => {
  const data = tenantRecords(FIRST);
  data.personalClients.push(...names.map((name) => key(name, 1)));
  const people = new Set(data.personalClients.map(({ userId }) => userId));
  for (const id of people)
    if (!data.users.some((each) => each.id === id))
      data.users.push(
        user({ id, displayName: `Person ${id}`, email: `${id}@acme.example`, roleIds: [ROLE.user] }),
      );
  tenant = (await startTenant({ data, now: () => now })) as Tenant;
  // A night later, Slack takes the next message at once.
  slack = await startSlack({ now: () => now });
});

afterAll(async () => {
  await Promise.all([tenant.close(), slack.close()]);
});

/** Plays one night: the text of the one message that was posted, if any, and the exit code. */
async function play(night: number, ...flags: string[]) {
  now = at(night);
  for (const client of tenant.data.personalClients) client.lastUsedAt = iso(now - 3_600_000);
  const before = slack.posted.length;
  const { code, stdout, stderr } = await runProgram(
    [
      ...['--scope', 'tenant', '--source', 'personal-clients', '--state', 'state.json'],
      ...['--fail-on', 'never', ...flags],
    ],
    { cwd, now: () => now, env: { ...tenant.environment, SLACK_WEBHOOK_URL: slack.webhookUrl } },
  );
  const posted = slack.posted.slice(before);
  expect(posted.length).toBeLessThanOrEqual(1);
  return { code, stdout, stderr, text: posted[0] && textOf(posted[0].payload) };
}

const state = () => readFileSync(statePath, 'utf8');

/** What changes in the tenant before a night. */
function changeBefore(night: number, clients: readonly PersonalClient[]): void {
  const named = (name: string) => clients.find(({ displayName }) => displayName === name) as PersonalClient;
  // It is reported 29 days before its end, and then 14, 7, 3 and 1 days before.
  if (night === 10)
    Object.assign(named('key-e-4'), { expiresTime: iso(at(28)), createdAt: iso(at(10) - 90 * DAY) });
  if (night === 20) named('key-f-5').allowSourceCidr = ['62.176.96.0/23'];
}

/** Red for news, whatever its severity. */
const RED = ['--fail-on', 'info', '--fail-on-new'];

test('thirty nights of the whole program against a tenant and a Slack', async () => {
  const diary: string[] = [];
  const say = (night: number, { code, text, stdout }: Awaited<ReturnType<typeof play>>) => {
    const headline = text?.split('\n')[0] ?? '(silence)';
    const [, news = ''] = /^Complete.*\n(?: .*\n)*\n(.*)/.exec(stdout) ?? [];
    diary.push(`night ${String(night).padStart(2)}  exit ${code}  ${headline}  ${news}`);
    // The report starts with the news, and a night is red if and only if there is some.
    if (code === 3) return;
    expect(news).toMatch(code === 1 ? /^NEW: \d+ findings? on / : /^Nothing is new\.$/);
  };

  const first = await play(1, ...RED);
  say(1, first);
  expect(first.stderr).toBe('');
  expect(first.code).toBe(1);
  expect(first.text).toContain('40 new');

  const second = await play(2, ...RED);
  say(2, second);
  expect(second).toMatchObject({ code: 0, text: undefined });

  // One new, two gone, and Slack is down.
  const clients = tenant.data.personalClients as PersonalClient[];
  const gone = ['key-a-0', 'key-b-1'];
  for (const name of gone)
    clients.splice(
      clients.findIndex(({ displayName }) => displayName === name),
      1,
    );
  clients.push(key('newcomer', 3, { userId: clients[3]?.userId ?? '' }));
  slack.faults.push({ status: 404, body: 'no_service' });
  const before = state();
  const third = await play(3, ...RED);
  say(3, third);
  expect(third).toMatchObject({ code: 3, text: undefined });
  expect(third.stderr).toContain('Slack');
  expect(third.stderr + third.stdout).not.toContain('sEcReT');
  expect(third.stdout).toContain('newcomer');
  expect(state()).toBe(before);

  const fourth = await play(4, ...RED);
  say(4, fourth);
  expect(fourth.code).toBe(1);
  expect(fourth.text).toContain('1 new, 2 resolved');
  expect(fourth.text).toContain('newcomer');
  for (const name of gone) expect(fourth.text).toContain(`id-of-${name}`);
  for (const name of names.filter((each) => !gone.includes(each)))
    expect(fourth.text).not.toContain(`${name} `);

  for (let night = 5; night <= 30; night += 1) {
    changeBefore(night, clients);
    say(night, await play(night, ...RED));
  }
  process.stdout.write(`${diary.join('\n')}\n`);

  const spoke = diary.filter((line) => !line.includes('(silence)')).map((line) => Number(line.slice(6, 8)));
  // Told: the first night, the fourth; when the date is set (one resolved, one in sight); 14, 7, 3 and 1 days before it;
  // the widened network; the day the key has ended.
  expect(spoke).toEqual([1, 4, 10, 14, 20, 21, 25, 27, 28]);
  const ended = (code: number) =>
    diary.filter((line) => line.includes(`exit ${code}`)).map((line) => Number(line.slice(6, 8)));
  expect(ended(1)).toEqual([1, 4, 10, 20, 21, 28]);
  expect(ended(3)).toEqual([3]);
  expect(ended(0)).toHaveLength(30 - ended(1).length - 1);

  const remembered = state();
  for (const { displayName } of clients) expect(remembered).not.toContain(`"${displayName}"`);
  expect(remembered).not.toContain('acme.example');
});

test('in GitHub Actions only news is annotated, and the job summary starts with it', async () => {
  const folder = emptyFolder();
  const clients = tenant.data.personalClients as PersonalClient[];
  const night = async (hour: number) => {
    const summary = join(folder, `summary-${hour}.md`);
    now = at(31) + hour;
    const { code, stderr } = await runProgram(
      [
        ...['--scope', 'tenant', '--source', 'personal-clients', '--state', 'state.json'],
        ...['--rule', 'no-expiry', '--fail-on', 'low', '--fail-on-new', '-f', 'json:report.json'],
      ],
      {
        cwd: folder,
        now: () => now,
        env: { ...tenant.environment, GITHUB_ACTIONS: 'true', GITHUB_STEP_SUMMARY: summary },
      },
    );
    const titles = [...stderr.matchAll(/^::error title=(.*?)::/gm)].map(([, title]) => title);
    return { code, titles, summary: readFileSync(summary, 'utf8') };
  };
  const first = await night(1);
  expect(first.code).toBe(1);
  expect(first.titles).toHaveLength(10);
  const second = await night(2);
  expect(second).toMatchObject({ code: 0, titles: [] });
  expect(second.summary).toContain('\n\nNothing is new.\n');
  clients.push(key('latecomer', 31));
  const third = await night(3);
  clients.pop();
  expect(third).toMatchObject({ code: 1, titles: ['high%3A latecomer'] });
  const [news = '', ...others] = third.summary.split('\n## ').slice(1);
  expect(news).toMatch(/^New: 1 finding on 1 credential\n\n### High: latecomer /);
  expect(others.map((part) => part.slice(0, part.indexOf('\n')))).toEqual([
    'Fix first',
    expect.stringMatching(/^Known: \d+ findings on \d+ credentials$/),
    expect.stringMatching(/^Coverage/),
  ]);
});

test('a night that lost most of the list, one that accepts it, and a key that comes back wider', async () => {
  const clients = tenant.data.personalClients as PersonalClient[];
  const away = clients.filter(({ displayName }) => /-(1\d|2\d|3\d)$/.test(displayName ?? ''));
  for (const client of away) clients.splice(clients.indexOf(client), 1);
  const before = state();
  const shrunken = await play(31);
  expect(shrunken.code).toBe(3);
  expect(shrunken.stderr).toMatch(/29 of the 3\d personal clients .* are missing from the list/);
  expect(shrunken.text).not.toContain('resolved');
  expect(state()).toBe(before);
  expect((await play(32, '--accept-shrink')).code).toBe(0);
  expect((await play(33)).code).toBe(0);
  const [back] = away;
  if (back) clients.push({ ...back, scopedRoles: [] });
  const wider = await play(34);
  expect(wider.code).toBe(0);
  expect(wider.stdout).toContain('scope-widened');
  expect((await play(35)).stdout).not.toContain('scope-widened');
  clients.push(...away.slice(1));
});

test('two runs at once: one wins, the other says so', async () => {
  now = at(36);
  const run = () =>
    runProgram(
      ['--scope', 'tenant', '--source', 'personal-clients', '--state', 'state.json', '--fail-on', 'never'],
      {
        cwd,
        now: () => now,
        env: tenant.environment,
      },
    );
  const results = await Promise.all([run(), run()]);
  expect(results.map(({ code }) => code).sort()).toEqual([0, 2]);
  expect(results.find(({ code }) => code === 2)?.stderr).toContain('state.json');
});

test('a look back does not touch what is remembered', async () => {
  const before = state();
  const { code, stderr } = await runProgram(['--state', 'state.json', '--as-of', '2026-08-01T00:00:00Z'], {
    cwd,
    now: () => now,
    env: tenant.environment,
  });
  expect(code).toBe(2);
  expect(stderr).toContain('later than 2026-08-01');
  expect(state()).toBe(before);
});

test('a job that dies before its audit is heard of', async () => {
  const { createServer } = await import('node:http');
  const heard: string[] = [];
  const server = createServer((request, response) => {
    heard.push(request.url ?? '');
    response.end();
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as { port: number };
  const env = {
    ...tenant.environment,
    CI: 'true',
    C1_AUDIT_HEARTBEAT_URL: `http://127.0.0.1:${port}/ping/abc`,
    SLACK_WEBHOOK_URL: slack.webhookUrl,
  };
  const posted = slack.posted.length;
  expect((await runProgram(['-c', 'nope.yaml'], { cwd, env, now: () => now })).code).toBe(2);
  expect(heard).toEqual(['/ping/abc/fail']);
  expect(slack.posted).toHaveLength(posted + 1);
  const fine = await runProgram(['--fail-on', 'never', '--no-slack'], { cwd, env, now: () => now });
  expect(fine.code).toBe(0);
  expect(heard).toEqual(['/ping/abc/fail', '/ping/abc']);
  server.close();
});

test.each([
  ['corrupt', () => '{"version": 1'],
  [
    'of another version',
    () => state().replace('"version": 1', '"version": 99').replace('"version":1', '"version":99'),
  ],
  ['of another tenant', () => state().replace(/"tenant": ?"[^"]+"/, '"tenant":"other.conductor.one"')],
])('a state file that is %s is refused and left as it is', async (_, text) => {
  const { writeFileSync } = await import('node:fs');
  const other = emptyFolder();
  const path = join(other, 'state.json');
  const content = text();
  writeFileSync(path, content);
  const { code, stdout, stderr } = await runProgram(['--state', 'state.json'], {
    cwd: other,
    env: tenant.environment,
    now: () => now,
  });
  expect(code).toBe(2);
  expect(stdout).toBe('');
  expect(stderr).toContain('state.json');
  expect(readFileSync(path, 'utf8')).toBe(content);
});
