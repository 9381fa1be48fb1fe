import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { SlackSettings } from '../../../src/config/config.js';
import type { Finding, Owner } from '../../../src/contract/index.js';
import type { Connection } from '../../../src/delivery/send.js';
import {
  deliverFailureToSlack,
  deliverToSlack,
  type SlackNews,
  slackTarget,
} from '../../../src/delivery/slack/index.js';
import type { News } from '../../../src/engine/history.js';
import { AuditError } from '../../../src/errors.js';
import { sampleCredential, sampleFinding, sampleReport, TENANT } from '../../helpers/sample-report.js';
import {
  BOT_TOKEN,
  CHANNEL,
  type Fault,
  SECRET_PATH,
  type SlackServer,
  startSlack,
  textOf,
} from '../../helpers/slack-server.js';

const SETTINGS: SlackSettings = {
  when: undefined,
  minSeverity: 'low',
  mentions: {},
  fallback: undefined,
  heartbeat: undefined,
  notifyOwners: false,
};

let slack: SlackServer;
let warnings: string[];
let clock: number;

beforeEach(async () => {
  clock = Date.parse('2026-09-01T02:00:00Z');
  warnings = [];
  // The server's clock goes on by two seconds with each look: its limit of one message a second is never met.
  slack = await startSlack({ now: () => (clock += 2000) });
});

afterEach(() => slack.close());

function connection(override: Partial<Connection> = {}): Connection {
  return {
    env: { SLACK_WEBHOOK_URL: slack.webhookUrl },
    now: () => clock,
    signal: new AbortController().signal,
    log: { warn: (message) => warnings.push(message) },
    patience: { backoff: 1, pause: 1, timeout: 2000 },
    ...override,
  };
}

const finding = sampleFinding();

function news(
  override: Partial<Omit<SlackNews, 'settings'>> & { settings?: Partial<SlackSettings> } = {},
): SlackNews {
  return {
    report: sampleReport({ findings: [finding] }),
    news: undefined,
    ...override,
    settings: { ...SETTINGS, ...override.settings },
  };
}

async function failure(work: Promise<unknown>): Promise<AuditError> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof AuditError)) throw new Error(`expected an AuditError, got ${String(error)}`);
  const everything = JSON.stringify([error.message, error.hint, String(error.cause), error.stack, warnings]);
  expect(everything).not.toMatch(/sEcReT|SECRET|127\.0\.0\.1/);
  return error;
}

describe('through a webhook', () => {
  test('posts one message and returns what it reported', async () => {
    const delivery = await deliverToSlack({ ...news(), ...connection() });
    expect(delivery).toEqual({
      sent: true,
      posted: true,
      findings: new Set([finding.fingerprint]),
      digest: false,
      ownersNotified: 0,
    });
    expect(slack.posted).toHaveLength(1);
    expect(slack.posted[0]?.channel).toBe('webhook');
  });

  test('posts nothing if there is nothing to report or Slack is not set up', async () => {
    const quiet = news({ report: sampleReport() });
    expect(await deliverToSlack({ ...quiet, ...connection() })).toMatchObject({ sent: false, posted: false });
    expect(
      await deliverToSlack({ ...news(), ...connection({ env: { SLACK_WEBHOOK_URL: '' } }) }),
    ).toMatchObject({
      sent: false,
    });
    expect(slack.requests).toEqual([]);
  });

  const passing: readonly (readonly [string, Fault])[] = [
    ['503', { status: 503, body: 'rollup_error' }],
    ['408', { status: 408 }],
    ['429 without Retry-After', { status: 429 }],
    ['429 with seconds', { status: 429, retryAfter: '0' }],
    ['a connection that breaks', { reset: true }],
  ];
  test.each(passing)('tries again after %s', async (_title, fault) => {
    slack.faults.push(fault, fault);
    await deliverToSlack({ ...news(), ...connection() });
    expect(slack.requests).toHaveLength(3);
    expect(slack.posted).toHaveLength(1);
    expect(warnings).toHaveLength(2);
  });

  test('tries again after no answer at all', async () => {
    slack.faults.push({ hang: true });
    await deliverToSlack({ ...news(), ...connection({ patience: { backoff: 1, timeout: 100 } }) });
    expect(slack.posted).toHaveLength(1);
    expect(warnings).toEqual(['Slack: no answer, timed out; next try in 1 s']);
  });

  test.each([
    ['seconds', () => '0.1'],
    ['a date', () => new Date(clock + 1000).toUTCString()],
  ])('waits as long as Retry-After asks, in %s', async (_title, header) => {
    slack.faults.push({ status: 429, retryAfter: header() });
    const start = performance.now();
    const now = () => clock + 900;
    await deliverToSlack({ ...news(), ...connection({ now }) });
    expect(performance.now() - start).toBeGreaterThan(90);
    expect(warnings).toEqual(['Slack: HTTP 429; next try in 1 s']);
  });

  test('gives up if the wait is too long, and after three retries', async () => {
    slack.faults.push({ status: 429, retryAfter: '61' });
    const error = await failure(deliverToSlack({ ...news(), ...connection() }));
    expect(error).toMatchObject({
      code: 'delivery',
      message: 'Cannot send the message to Slack (HTTP 429).',
    });
    expect(slack.requests).toHaveLength(1);
    slack.faults.push(...Array<Fault>(4).fill({ status: 500 }));
    await failure(deliverToSlack({ ...news(), ...connection() }));
    expect(slack.requests).toHaveLength(5);
    expect(slack.posted).toEqual([]);
  });

  test.each([
    [404, 'no_service', /Create another one/],
    [403, 'action_prohibited', /administrators/],
    [410, 'channel_is_archived', /archived/],
    [400, 'invalid_payload', /Slack refused the message/],
  ])('gives up at once after %d %s', async (status, body, hint) => {
    slack.faults.push({ status, body });
    const error = await failure(deliverToSlack({ ...news(), ...connection() }));
    expect(error.message).toBe(`Cannot send the message to Slack (HTTP ${status}, ${body}).`);
    expect(error.hint).toMatch(hint);
    expect(error.preventsAudit).toBe(false);
    expect(slack.requests).toHaveLength(1);
  });

  test.each(['invalid_blocks', 'invalid_attachments'])('sends text alone after %s, once', async (body) => {
    slack.faults.push({ status: 400, body });
    const delivery = await deliverToSlack({ ...news(), ...connection() });
    expect(delivery.sent).toBe(true);
    expect(slack.posted[0]?.payload.blocks).toBeUndefined();
    expect(slack.posted[0]?.payload.text).toContain('• medium nightly export: last used 92 days ago');
    slack.faults.push({ status: 400, body }, { status: 400, body });
    await failure(deliverToSlack({ ...news(), ...connection() }));
    expect(slack.requests).toHaveLength(4);
  });

  test('passes on only known words of an answer', async () => {
    slack.faults.push({ status: 400, body: `no such hook: ${SECRET_PATH}` });
    const error = await failure(deliverToSlack({ ...news(), ...connection() }));
    expect(error.message).toBe('Cannot send the message to Slack (HTTP 400).');
  });

  test('rejects another page that answers 200', async () => {
    slack.faults.push({ status: 200, body: '<html>please log in</html>' });
    const error = await failure(deliverToSlack({ ...news(), ...connection() }));
    expect(error.message).toContain('HTTP 200, not an answer from Slack');
  });

  test('does not follow redirects', async () => {
    slack.faults.push(...Array<Fault>(4).fill({ status: 307 }));
    await failure(deliverToSlack({ ...news(), ...connection() }));
    expect(slack.posted).toEqual([]);
  });

  test('says that Slack cannot be reached', async () => {
    const env = { SLACK_WEBHOOK_URL: slack.webhookUrl };
    await slack.close();
    const error = await failure(deliverToSlack({ ...news(), ...connection({ env }) }));
    expect(error.message).toBe('Cannot send the message to Slack (no answer, ECONNREFUSED).');
    expect(error.hint).toMatch(/could not be reached/);
  });

  test('stops waiting on Ctrl-C', async () => {
    const controller = new AbortController();
    slack.faults.push({ hang: true });
    setTimeout(() => controller.abort(), 50);
    const error = await failure(deliverToSlack({ ...news(), ...connection({ signal: controller.signal }) }));
    expect(error).toMatchObject({ code: 'delivery', message: 'The message to Slack was interrupted.' });
  });

  test('posts that a run ended without a report', async () => {
    const broken = { message: 'ConductorOne could not be reached', hint: 'Try again.', tenant: TENANT };
    await deliverFailureToSlack(broken, connection());
    expect(slack.posted.map(({ payload }) => textOf(payload))).toEqual([
      expect.stringContaining('nothing was checked\nConductorOne could not be reached'),
    ]);
    await deliverFailureToSlack(broken, connection({ env: {} }));
    expect(slack.posted).toHaveLength(1);
  });
});

describe('with a bot', () => {
  const manager = { id: 'm1', name: 'Max', email: 'Max@acme.example' };
  const gone: Owner = {
    id: 'user-2',
    name: 'Lee',
    email: 'lee@acme.example',
    status: 'gone',
    type: 'human',
    roles: undefined,
    managers: [manager],
  };
  const jos = on('jos', { id: 'user-1', name: 'Jo Doe', email: 'Jo@acme.example' });
  const lees = on('lees', gone);
  const nobodys = on('nobodys', { id: 'user-3', name: 'Kim', email: 'kim@acme.example' });

  function on(id: string, owner: { id: string; name: string; email: string }): Finding {
    return sampleFinding({ credential: sampleCredential({ id, name: `key of ${id}`, owner }) });
  }

  const three = (settings: Partial<SlackSettings> = {}) =>
    news({
      report: sampleReport({ findings: [jos, lees, nobodys] }),
      owners: new Map([[gone.id, gone]]),
      settings,
    });

  beforeEach(() => {
    slack.users.set('jo@acme.example', 'UJO').set('max@acme.example', 'UMAX').set('lee@acme.example', 'ULEE');
  });

  let BOT: { SLACK_BOT_TOKEN: string; SLACK_CHANNEL: string; C1_AUDIT_SLACK_API_URL: string };

  beforeEach(() => {
    BOT = { SLACK_BOT_TOKEN: BOT_TOKEN, SLACK_CHANNEL: CHANNEL, C1_AUDIT_SLACK_API_URL: slack.apiUrl };
  });

  test('posts to the channel, with owners looked up by email', async () => {
    const delivery = await deliverToSlack({ ...three(), ...connection({ env: BOT }) });
    expect(delivery).toMatchObject({ sent: true, ownersNotified: 0 });
    expect(slack.requests).toEqual([...Array(3).fill('users.lookupByEmail'), 'chat.postMessage']);
    expect(slack.posted.map(({ channel }) => channel)).toEqual([CHANNEL]);
    const said = textOf(slack.posted[0]?.payload ?? {});
    expect(said).toContain('Owner: <@UJO>');
    expect(said).toContain('Owner: Lee <lee@acme.example> (gone), manager: <@UMAX>');
    expect(said).toContain('Owner: Kim <kim@acme.example>');
  });

  test('uses the mentions of the configuration and does not look them up', async () => {
    const settings = { mentions: { 'jo@acme.example': 'UOTHER', 'kim@acme.example': 'UKIM' } };
    await deliverToSlack({ ...three(settings), ...connection({ env: BOT }) });
    expect(slack.requests.filter((method) => method === 'users.lookupByEmail')).toHaveLength(1);
    expect(textOf(slack.posted[0]?.payload ?? {})).toContain('Owner: <@UOTHER>');
  });

  test('posts through the webhook if there is one', async () => {
    await deliverToSlack({
      ...three(),
      ...connection({ env: { ...BOT, SLACK_WEBHOOK_URL: slack.webhookUrl } }),
    });
    expect(slack.posted.map(({ channel }) => channel)).toEqual(['webhook']);
    expect(textOf(slack.posted[0]?.payload ?? {})).toContain('<@UJO>');
  });

  test('writes to owners about their own credentials, and to the managers of one who is gone', async () => {
    const delivery = await deliverToSlack({ ...three({ notifyOwners: true }), ...connection({ env: BOT }) });
    expect(delivery.ownersNotified).toBe(2);
    expect(slack.posted.map(({ channel }) => channel)).toEqual([CHANNEL, 'DUJO', 'DUMAX']);
    const [, toJo, toMax] = slack.posted.map(({ payload }) => textOf(payload));
    expect(toJo).toContain(`Your API credentials of ${TENANT}: 1 to look at`);
    expect(toJo).toContain('key of jos');
    expect(toJo).not.toContain('key of lees');
    expect(toMax).toContain(`API credentials of ${TENANT} that need you: 1 to look at`);
    expect(toMax).toContain('key of lees');
  });

  test('writes to the fallback about the credentials of owners who are away without an active manager', async () => {
    const alone = { ...gone, managers: [] };
    const settings = { notifyOwners: true, fallback: 'UFALL' };
    const input = { ...three(settings), owners: new Map([[gone.id, alone]]) };
    expect(await deliverToSlack({ ...input, ...connection({ env: BOT }) })).toMatchObject({
      ownersNotified: 2,
    });
    expect(slack.posted.map(({ channel }) => channel)).toEqual([CHANNEL, 'DUJO', 'DUFALL']);
    expect(textOf(slack.posted[2]?.payload ?? {})).toContain('key of lees');
    expect(textOf(slack.posted[2]?.payload ?? {})).not.toContain('key of jos');
  });

  test('sends one message to somebody who owns one credential and manages the owner of another', async () => {
    const settings = { notifyOwners: true };
    const own = on('own', { ...manager });
    const report = sampleReport({ findings: [own, lees] });
    const input = news({ report, owners: new Map([[gone.id, gone]]), settings });
    await deliverToSlack({ ...input, ...connection({ env: BOT }) });
    expect(slack.posted.map(({ channel }) => channel)).toEqual([CHANNEL, 'DUMAX']);
    expect(textOf(slack.posted[1]?.payload ?? {})).toContain('that need you: 2 to look at');
  });

  test('posts to the channel even if owners cannot be looked up or written to', async () => {
    slack.faults.push({ status: 200, body: '{"ok":false,"error":"missing_scope"}' });
    const settings = { notifyOwners: true, mentions: { 'jo@acme.example': 'UJO' } };
    slack.faults.push({ status: 200, body: '{"ok":true}' });
    slack.faults.push({ status: 200, body: '{"ok":false,"error":"user_disabled"}' });
    const delivery = await deliverToSlack({ ...three(settings), ...connection({ env: BOT }) });
    expect(delivery).toMatchObject({ sent: true, ownersNotified: 0 });
    expect(slack.requests).toEqual(['users.lookupByEmail', 'chat.postMessage', 'conversations.open']);
    expect(warnings).toEqual([
      'Slack: cannot look up owners (HTTP 200, missing_scope); the bot needs the scope users:read.email',
      'Slack: cannot write to an owner (HTTP 200, user_disabled)',
    ]);
  });

  const crowd = (length: number) =>
    Array.from({ length }, (_, index) => on(`key-${index}`, { id: 'user-1', name: 'Jo Doe', email: '' }));

  test('replies in a thread with the findings that are no entries', async () => {
    const input = news({ report: sampleReport({ findings: crowd(500) }) });
    const delivery = await deliverToSlack({ ...input, ...connection({ env: BOT }) });
    const [main, ...replies] = slack.posted;
    expect(delivery.message).toEqual({ channel: CHANNEL, ts: main?.ts });
    expect(main?.thread).toBeNull();
    expect(replies.length).toBeGreaterThan(1);
    expect(new Set(replies.map(({ thread }) => thread))).toEqual(new Set([main?.ts]));
    const said = replies
      .map(({ payload }) => textOf(payload))
      .join('\n')
      .split('\n');
    expect(said).toHaveLength(495);
    expect(warnings).toEqual([]);
  });

  test.each([
    ['ten findings', 10, () => BOT],
    ['a webhook, which has no thread', 11, () => ({ ...BOT, SLACK_WEBHOOK_URL: slack.webhookUrl })],
  ])('does not reply to a message with %s', async (_, length, env) => {
    const input = news({ report: sampleReport({ findings: crowd(length) }) });
    await deliverToSlack({ ...input, ...connection({ env: env() }) });
    expect(slack.posted).toHaveLength(1);
    expect(textOf(slack.posted[0]?.payload ?? {})).not.toContain('in the thread');
  });

  test('waits as Slack asks if a reply comes too early, and goes on', async () => {
    const input = news({ report: sampleReport({ findings: crowd(12) }) });
    slack.faults.push(undefined, { status: 429, retryAfter: '0' });
    await deliverToSlack({ ...input, ...connection({ env: BOT }) });
    expect(slack.posted.map(({ thread }) => thread)).toEqual([null, slack.posted[0]?.ts]);
    expect(warnings).toEqual(['Slack: HTTP 429; next try in 0 s']);
  });

  test('sends the message all the same if the thread cannot be written', async () => {
    const input = news({ report: sampleReport({ findings: crowd(500) }) });
    slack.faults.push(undefined, undefined, { status: 429, retryAfter: '61' });
    expect(await deliverToSlack({ ...input, ...connection({ env: BOT }) })).toMatchObject({
      sent: true,
      posted: true,
    });
    expect(slack.posted).toHaveLength(2);
    expect(warnings).toEqual([
      expect.stringMatching(
        /^Slack: the thread has 1 of \d+ replies \(HTTP 429\); the reports have all findings$/,
      ),
    ]);
  });

  test('posts once if the answer is lost', async () => {
    slack.faults.push({ lost: true });
    const input = news({ report: sampleReport({ findings: crowd(1) }) });
    const delivery = await deliverToSlack({ ...input, ...connection({ env: BOT }) });
    expect(slack.requests).toEqual(['chat.postMessage', 'chat.postMessage']);
    expect(slack.posted).toHaveLength(1);
    expect(delivery.message).toEqual({ channel: CHANNEL, ts: slack.posted[0]?.ts });
  });

  test('names the scope if the bot may not post', async () => {
    slack.scopes.delete('chat:write');
    const error = await failure(deliverToSlack({ ...news(), ...connection({ env: BOT }) }));
    expect(error.message).toBe('Cannot send the message to Slack (HTTP 200, missing_scope).');
    expect(error.hint).toBe('Give the bot the scope chat:write.');
  });

  describe('marks earlier messages whose findings are gone', () => {
    const gone = {
      fingerprint: finding.fingerprint,
      rule: 'unused',
      kind: 'personal-client',
      credentialId: 'x',
      severity: 'low',
      firstSeen: '2026-08-01T00:00:00Z',
    } as const;
    const later = (...outdated: NonNullable<News['outdated']>) =>
      news({
        report: sampleReport(),
        news: { items: [], resolved: [gone], digest: [], lastPostedAt: null, outdated },
      });
    const earlier = async (times: number) => {
      for (let time = 0; time < times; time += 1)
        await deliverToSlack({
          ...news({ report: sampleReport({ findings: crowd(1) }) }),
          ...connection({ env: BOT }),
        });
      return slack.posted.map(({ ts }) => ({ channel: CHANNEL, ts: ts ?? '' }));
    };

    test('all of them with a check mark, some of them with an hourglass', async () => {
      const [first, second] = await earlier(2);
      if (!first || !second) throw new Error('not posted');
      const both = later({ ...first, isDone: true }, { ...second, isDone: false });
      await deliverToSlack({ ...both, ...connection({ env: BOT }) });
      const marks = [
        { ...first, name: 'white_check_mark' },
        { ...second, name: 'hourglass_flowing_sand' },
      ];
      expect(slack.reactions).toEqual(marks);
      // An incomplete audit is not remembered, so that the next one marks the same again.
      await deliverToSlack({ ...both, ...connection({ env: BOT }) });
      expect([slack.reactions, warnings]).toEqual([marks, []]);
    });

    test('goes on after one that is no longer there', async () => {
      const [first] = await earlier(1);
      if (!first) throw new Error('not posted');
      const lost = { channel: CHANNEL, ts: '1.1', isDone: true };
      await deliverToSlack({ ...later(lost, { ...first, isDone: true }), ...connection({ env: BOT }) });
      expect(slack.reactions).toHaveLength(1);
      expect(warnings).toEqual([
        'Slack: an earlier message could not be marked as resolved (HTTP 200, message_not_found)',
      ]);
    });

    test('notes once that the bot may not', async () => {
      const [first, second] = await earlier(2);
      if (!first || !second) throw new Error('not posted');
      slack.scopes.delete('reactions:write');
      const both = later({ ...first, isDone: true }, { ...second, isDone: true });
      expect(await deliverToSlack({ ...both, ...connection({ env: BOT }) })).toMatchObject({ sent: true });
      expect(slack.reactions).toEqual([]);
      expect(warnings).toEqual([
        'Slack: an earlier message could not be marked as resolved (HTTP 200, missing_scope); the bot needs the scope reactions:write',
      ]);
    });
  });

  test.each<readonly [string, Fault, number]>([
    ['429', { status: 429, retryAfter: '0' }, 2],
    ['429 without Retry-After', { status: 429 }, 2],
    ['a server error', { status: 502 }, 2],
    ['an internal error', { status: 200, body: '{"ok":false,"error":"internal_error"}' }, 2],
    ['refused blocks', { status: 200, body: '{"ok":false,"error":"invalid_blocks"}' }, 2],
  ])('gets through after %s', async (_title, fault, requests) => {
    const settings = { mentions: { 'jo@acme.example': 'UJO' } };
    slack.faults.push(fault);
    const quiet = news({ report: sampleReport({ findings: [jos] }), settings });
    expect(await deliverToSlack({ ...quiet, ...connection({ env: BOT }) })).toMatchObject({ sent: true });
    expect(slack.requests).toEqual(Array(requests).fill('chat.postMessage'));
  });

  test('names the reason of a refusal and never the token', async () => {
    const env = { ...BOT, SLACK_BOT_TOKEN: 'xoxb-another-sEcReT-token' };
    const settings = { mentions: { 'jo@acme.example': 'UJO' } };
    const quiet = news({ report: sampleReport({ findings: [jos] }), settings });
    const error = await failure(deliverToSlack({ ...quiet, ...connection({ env }) }));
    expect(error.message).toBe('Cannot send the message to Slack (HTTP 200, invalid_auth).');
    expect(error.hint).toMatch(/SLACK_BOT_TOKEN is not valid/);
  });

  test('warns about notifyOwners without a bot, and about a weekly heartbeat without a state', async () => {
    await deliverToSlack({
      ...news({ settings: { notifyOwners: true, heartbeat: 'weekly' } }),
      ...connection(),
    });
    expect(warnings).toEqual([
      expect.stringContaining('weekly needs a state file'),
      expect.stringContaining('notifyOwners needs SLACK_BOT_TOKEN'),
    ]);
  });
});

describe('the environment', () => {
  const REAL = `https://hooks.slack.com${SECRET_PATH}`;

  test.each([
    [{ SLACK_WEBHOOK_URL: REAL }, { webhook: REAL, bot: undefined }],
    [{ SLACK_WEBHOOK_URL: ` ${REAL}\n` }, { webhook: REAL, bot: undefined }],
    [
      { SLACK_WEBHOOK_URL: REAL.replace('slack.com', 'slack-gov.com') },
      { webhook: REAL.replace('slack.com', 'slack-gov.com'), bot: undefined },
    ],
    [{ SLACK_WEBHOOK_URL: 'http://localhost:1/x' }, { webhook: 'http://localhost:1/x', bot: undefined }],
    [{ SLACK_WEBHOOK_URL: 'http://[::1]:1/x' }, { webhook: 'http://[::1]:1/x', bot: undefined }],
    [
      { SLACK_BOT_TOKEN: BOT_TOKEN, SLACK_CHANNEL: 'C1' },
      { webhook: undefined, bot: { token: BOT_TOKEN, channel: 'C1', apiUrl: undefined } },
    ],
    [
      {
        SLACK_BOT_TOKEN: BOT_TOKEN,
        SLACK_CHANNEL: 'C1',
        C1_AUDIT_SLACK_API_URL: ' http://127.0.0.1:1/api\n',
      },
      { webhook: undefined, bot: { token: BOT_TOKEN, channel: 'C1', apiUrl: 'http://127.0.0.1:1/api/' } },
    ],
    [{ SLACK_CHANNEL: 'C1' }, undefined],
    [{ SLACK_WEBHOOK_URL: ' ', SLACK_BOT_TOKEN: '' }, undefined],
  ])('%j', (env, target) => {
    expect(slackTarget(env)).toEqual(target);
  });

  test.each([
    [{ SLACK_WEBHOOK_URL: REAL.replace('https', 'http') }, 'SLACK_WEBHOOK_URL'],
    [{ SLACK_WEBHOOK_URL: `https://hooks.slack.com.evil.example${SECRET_PATH}` }, 'SLACK_WEBHOOK_URL'],
    [{ SLACK_WEBHOOK_URL: `https://hooks.slack.com@evil.example${SECRET_PATH}` }, 'SLACK_WEBHOOK_URL'],
    [{ SLACK_WEBHOOK_URL: `https://me:SECRET@hooks.slack.com${SECRET_PATH}` }, 'SLACK_WEBHOOK_URL'],
    [{ SLACK_WEBHOOK_URL: 'https://hooks.slack.com/triggers/T0SECRET/1/x' }, 'SLACK_WEBHOOK_URL'],
    [{ SLACK_WEBHOOK_URL: `https://mattermost.example${SECRET_PATH}` }, 'SLACK_WEBHOOK_URL'],
    [{ SLACK_WEBHOOK_URL: SECRET_PATH }, 'SLACK_WEBHOOK_URL'],
    [{ SLACK_WEBHOOK_URL: 'http://127.0.0.1.evil.example/x' }, 'SLACK_WEBHOOK_URL'],
    [{ SLACK_BOT_TOKEN: 'SECRET token', SLACK_CHANNEL: 'C1' }, 'SLACK_BOT_TOKEN'],
    [{ SLACK_BOT_TOKEN: BOT_TOKEN }, 'SLACK_BOT_TOKEN'],
    [{ C1_AUDIT_SLACK_API_URL: 'https://slack.example/SECRET/' }, 'C1_AUDIT_SLACK_API_URL'],
    [{ C1_AUDIT_SLACK_API_URL: 'https://SECRET@localhost/' }, 'C1_AUDIT_SLACK_API_URL'],
    [{ C1_AUDIT_SLACK_API_URL: 'ftp://127.0.0.1/SECRET' }, 'C1_AUDIT_SLACK_API_URL'],
    [{ C1_AUDIT_SLACK_API_URL: 'SECRET' }, 'C1_AUDIT_SLACK_API_URL'],
  ])('rejects %j without showing it', async (env, variable) => {
    const early = await failure(Promise.resolve().then(() => slackTarget(env)));
    expect(early).toMatchObject({ code: 'config', message: expect.stringContaining(variable) });
    const late = await failure(deliverToSlack({ ...news(), ...connection({ env }) }));
    expect(late).toMatchObject({ code: 'delivery', message: early.message });
  });
});
