import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { PushedFinding } from '../../src/delivery/conductorone/client.js';
import { withEndReported } from '../../src/delivery/heartbeat.js';
import { type DeliveryRequest, deliver, deliverDocument, deliverReports } from '../../src/delivery/index.js';
import type { OutputTarget } from '../../src/delivery/output.js';
import type { State } from '../../src/engine/state.js';
import { AuditError, type ErrorCode } from '../../src/errors.js';
import { Redactor } from '../../src/redact.js';
import { RequestError } from '../../src/sources/c1/request-error.js';
import { emptyFolder } from '../helpers/program.js';
import { AS_OF, sampleCredential, sampleFinding, sampleReport } from '../helpers/sample-report.js';
import { type SlackServer, startSlack } from '../helpers/slack-server.js';
import { owner, snapshot } from '../helpers/snapshot.js';
import { cardText, startWebhook, type WebhookServer } from '../helpers/webhook-server.js';

/* What becomes of a report, in which order, and what a failure leaves undone. */

const SECRET = 'sEcReT-0123456789';
let slack: SlackServer;
let webhook: WebhookServer;
let cwd: string;
let heart: Server;
let beats: string[];

beforeEach(async () => {
  cwd = emptyFolder();
  [slack, webhook] = await Promise.all([startSlack(), startWebhook()]);
  beats = [];
  heart = createServer(({ url = '' }, response) => {
    beats.push(url);
    response.end();
  });
  await once(heart.listen(0, '127.0.0.1'), 'listening');
});
afterEach(async () => {
  heart.closeAllConnections();
  heart.close();
  await Promise.all([slack.close(), webhook.close()]);
});

/** What the push asks of an audit. */
const EVALUATION = {
  snapshot: snapshot(
    [],
    { owners: new Map([['user-1', owner({ id: 'user-1', status: 'disabled' })]]) },
    { seesAll: true },
  ),
  rules: [],
  known: [],
  choices: {},
  waivers: [],
  only: undefined,
  history: undefined,
  minSeverity: 'info',
  asOf: Date.parse(AS_OF),
};

function collector() {
  const parts: string[] = [];
  const write = (chunk: unknown, _: unknown, done: () => void) => {
    parts.push(String(chunk));
    done();
  };
  return { stream: new Writable({ decodeStrings: false, write }), text: () => parts.join('') };
}

/** Everything around a delivery, and what it came to. */
class World {
  readonly out = collector();
  readonly err = collector();
  readonly complaints: { message: string; hint: string }[] = [];
  readonly warnings: string[] = [];
  readonly saved: (State | undefined)[] = [];
  readonly pushed: string[] = [];
  readonly told: unknown[] = [];
  readonly stop = new AbortController();
  env: Record<string, string> = {
    SLACK_WEBHOOK_URL: slack.webhookUrl,
    C1_AUDIT_WEBHOOK_URL: webhook.url,
  };
  report = sampleReport({ findings: [sampleFinding({ status: 'new' })] });
  saves: (state: State) => Promise<void> = async (state) => void this.saved.push(state);
  connect: () => Promise<object> = async () => ({
    search: async () => ({ records: [], nextPageToken: '' }),
    put: async ({ customSubType }: PushedFinding) => ({ id: this.pushed.push(customSubType) }),
  });

  get io() {
    const { env } = this;
    const [stdout, stderr, signal] = [this.out.stream, this.err.stream, this.stop.signal];
    return { env, cwd, stdin: process.stdin, stdout, stderr, signal, now: () => Date.parse(AS_OF) };
  }

  get context() {
    const redactor = new Redactor();
    redactor.add(SECRET);
    return {
      io: this.io,
      redactor,
      complain: ({ message, hint }: { message: string; hint: string }) => {
        this.complaints.push({ message, hint });
      },
      log: {
        info: () => undefined,
        isLevelEnabled: () => true,
        warn: (text: string) => void this.warnings.push(text),
      },
    };
  }

  deliver(request: Partial<DeliveryRequest> = {}): Promise<boolean> {
    const settings = { when: undefined, minSeverity: 'low', format: 'json' } as const;
    const next = (told: unknown) => {
      this.told.push(told);
      return { version: 'next' };
    };
    const audited = {
      report: this.report,
      comparison: { findings: this.report.findings, resolved: [], gone: 0, news: undefined, next },
      evaluation: EVALUATION,
      about: { rules: new Map(), color: false },
      settings: {
        slack: { ...settings, mentions: {}, heartbeat: undefined, fallback: undefined, notifyOwners: false },
        webhook: settings,
      },
      state: { save: (state: State) => this.saves(state) },
      findings: { connect: this.connect, timeLimit: 60_000 },
    };
    return deliver(
      audited as unknown as Parameters<typeof deliver>[0],
      {
        targets: [{ format: 'json', file: undefined }],
        slack: false,
        webhook: false,
        push: false,
        dryRun: undefined,
        waivers: true,
        announce: false,
        ...request,
      },
      this.context,
    );
  }
}

const FILE: OutputTarget = { format: 'json', file: 'report.json' };
const LOST: OutputTarget = { format: 'json', file: 'no/folder/report.json' };
const ALL = { slack: true, webhook: true, push: true };
const FINDING = sampleFinding().fingerprint;

describe('a delivery', () => {
  test('goes everywhere it is wanted, and remembers what people were told', async () => {
    const world = new World();
    expect(await world.deliver(ALL)).toBe(true);
    expect(JSON.parse(world.out.text())).toMatchObject({ schemaVersion: 1 });
    expect([slack.posted.length, webhook.taken.length]).toEqual([1, 1]);
    expect(world.saved).toEqual([{ version: 'next' }]);
    expect(world.told).toEqual([
      { posted: true, findings: new Set([FINDING]), digest: false, message: undefined },
    ]);
    expect(world.pushed).toEqual(['unused']);
    expect(world.complaints).toEqual([
      {
        message: 'Pushed to ConductorOne: 1 new, 0 changed, 0 resolved, 0 unchanged.',
        hint: '',
      },
    ]);
    expect(world.err.text()).toBe('');
  });

  test('goes nowhere else', async () => {
    const world = new World();
    expect(await world.deliver()).toBe(true);
    expect([slack.requests, webhook.requests, world.pushed]).toEqual([[], [], []]);
    expect(world.saved).toHaveLength(1);
    expect(world.told).toEqual([{ posted: false, findings: new Set(), digest: false }]);
  });

  test.each(['slack', 'webhook'] as const)('to %s alone is told as well', async (one) => {
    const world = new World();
    await world.deliver({ [one]: true });
    expect(world.told).toMatchObject([{ posted: true, findings: new Set([FINDING]) }]);
  });

  test('tells owners as they are', async () => {
    const world = new World();
    await world.deliver({ slack: true });
    expect(JSON.stringify(slack.posted)).toContain('(disabled)');
  });

  test('sends no message once it is stopped, but writes what was found', async () => {
    const world = new World();
    world.stop.abort(new AuditError('interrupted', 'Stopped.', ''));
    expect(await world.deliver({ slack: true, webhook: true })).toBe(false);
    expect([slack.requests, webhook.requests, world.saved]).toEqual([[], [], []]);
    const hint = 'Run it again to send it.';
    expect(world.complaints).toEqual([
      { message: 'Nothing was sent to Slack, because the run was stopped.', hint },
      { message: 'Nothing was sent to the webhook, because the run was stopped.', hint },
    ]);
    expect(world.out.text()).not.toBe('');
  });

  test.each<[string, Partial<DeliveryRequest>, () => unknown]>([
    ['a message that fails', { slack: true, webhook: true }, () => slack.faults.push({ status: 403 })],
    ['a webhook that fails', { slack: true, webhook: true }, () => webhook.faults.push({ status: 403 })],
    ['a file that cannot be written', { slack: true, webhook: true, targets: [LOST] }, () => undefined],
  ])('%s fails it, saves no state and stops nothing else', async (_, request, breakIt) => {
    const world = new World();
    breakIt();
    expect(await world.deliver({ ...request, push: true })).toBe(false);
    expect([slack.requests.length, webhook.requests.length]).toEqual([1, 1]);
    expect(world.saved).toEqual([]);
    expect(world.pushed).toEqual(['unused']);
    expect(world.complaints).toHaveLength(2);
    expect(world.out.text()).not.toBe('');
  });

  test('a state that cannot be saved, or a push that fails, fails it', async () => {
    const world = new World();
    world.saves = () => Promise.reject(new AuditError('delivery', 'It is full.', 'Empty it.'));
    expect(await world.deliver({ push: true })).toBe(false);
    expect(world.complaints[0]).toEqual({ message: 'It is full.', hint: 'Empty it.' });
    expect(world.pushed).toEqual(['unused']);
    const other = new World();
    other.connect = () => Promise.reject(new RequestError('api', 'No.', 'Look.', { status: 500 }));
    expect(await other.deliver({ push: true })).toBe(false);
    expect(other.complaints).toEqual([{ message: 'No.', hint: 'Look.' }]);
    expect(other.saved).toHaveLength(1);
  });

  test('takes secrets out of what a dry run of the push shows', async () => {
    const world = new World();
    world.report = sampleReport();
    const annotations = {
      'c1-audit/rule': 'waiver-expired',
      'c1-audit/kind': 'waiver',
      'c1-audit/fingerprint': 'f'.repeat(64),
      'c1-audit/reach': 'tenant personal-client',
    };
    const record = {
      id: SECRET,
      customSubType: 'waiver-expired',
      dedupKeyParts: ['c1-audit', 'f'.repeat(64)],
      state: 'FINDING_STATE_OPEN',
      annotations,
    };
    world.connect = async () => ({ search: async () => ({ records: [record], nextPageToken: '' }) });
    await world.deliver({ push: true, dryRun: 'all' });
    expect(world.complaints).toEqual([]);
    const { push } = JSON.parse(world.out.text());
    expect(push.changes).toMatchObject([{ rule: 'waiver-expired' }]);
    expect(world.out.text()).not.toContain(SECRET);
  });

  test('remembers nothing of an audit without waivers', async () => {
    const world = new World();
    expect(await world.deliver({ waivers: false })).toBe(true);
    expect([world.saved, world.told]).toEqual([[], []]);
  });

  test('publishes in GitHub Actions, and only there', async () => {
    const files = { GITHUB_STEP_SUMMARY: join(cwd, 'summary'), GITHUB_OUTPUT: join(cwd, 'output') };
    for (const file of Object.values(files)) writeFileSync(file, '');
    const world = new World();
    world.env = { ...files };
    await world.deliver();
    expect(readFileSync(files.GITHUB_OUTPUT, 'utf8')).toBe('');
    world.env = { ...files, GITHUB_ACTIONS: 'true' };
    await world.deliver({ targets: [FILE] });
    expect(readFileSync(files.GITHUB_OUTPUT, 'utf8')).toContain('report.json');
    expect(readFileSync(files.GITHUB_STEP_SUMMARY, 'utf8')).toContain('nightly export');
    expect(world.err.text()).toContain('::warning');
  });
});

describe('a dry run', () => {
  test('prints what would be sent, and sends and remembers nothing', async () => {
    const world = new World();
    expect(await world.deliver({ ...ALL, dryRun: 'all' })).toBe(true);
    expect([slack.requests, webhook.requests, world.saved, world.pushed]).toEqual([[], [], [], []]);
    const printed = JSON.parse(world.out.text());
    expect(Object.keys(printed)).toEqual(['slack', 'webhook', 'push']);
    expect(printed).toMatchObject({ slack: { text: expect.any(String) }, webhook: { event: 'audit' } });
    expect(printed.push).toMatchObject({ note: expect.stringContaining('Would be pushed: 1 new') });
    expect(world.out.text()).toMatch(/^\{\n {2}"slack": .*\n\}\n$/s);
  });

  test('prints the thread that a bot would write, without a webhook', async () => {
    const findings = Array.from({ length: 60 }, (_, n) =>
      sampleFinding({ status: 'new', credential: sampleCredential({ id: `k${n}` }) }),
    );
    const bot = { SLACK_BOT_TOKEN: 'xoxb-1234567890', SLACK_CHANNEL: 'C0123456' };
    const keysOf = async (env: Record<string, string>, dryRun: 'all' | 'slack') => {
      const world = new World();
      world.report = sampleReport({ findings });
      world.env = env;
      await world.deliver({ slack: true, dryRun });
      return Object.keys(JSON.parse(world.out.text()));
    };
    expect(await keysOf(bot, 'all')).toEqual(['slack', 'slackThread']);
    expect(await keysOf({ ...bot, SLACK_WEBHOOK_URL: slack.webhookUrl }, 'all')).toEqual(['slack']);
    expect(await keysOf({ SLACK_WEBHOOK_URL: slack.webhookUrl }, 'all')).toEqual(['slack']);
    // Without a look at the environment.
    expect(await keysOf({ SLACK_WEBHOOK_URL: 'no URL' }, 'slack')).toContain('blocks');
  });

  test('of the Slack message alone says when there is none', async () => {
    const world = new World();
    world.report = sampleReport();
    await world.deliver({ slack: true, dryRun: 'slack' });
    expect(world.out.text()).toBe('null\n');
    expect(world.complaints).toEqual([
      { message: 'Nothing would be sent to Slack: there is nothing new to report.', hint: '' },
    ]);
  });

  test('of everything says nothing more', async () => {
    const world = new World();
    world.report = sampleReport();
    await world.deliver({ ...ALL, dryRun: 'all' });
    expect(world.complaints).toEqual([]);
    expect(JSON.parse(world.out.text())).toMatchObject({ slack: null, webhook: null });
  });

  test('writes its files, and prints no report', async () => {
    const world = new World();
    await world.deliver({
      dryRun: 'all',
      announce: true,
      targets: [FILE, { format: 'text', file: undefined }],
    });
    expect(world.out.text()).toBe('{}\n');
    expect(world.err.text()).toBe('');
    expect(JSON.parse(readFileSync(join(cwd, 'report.json'), 'utf8'))).toMatchObject({ schemaVersion: 1 });
  });

  test('prints nothing that acts on a terminal', async () => {
    const world = new World();
    const name = 'a\u{202e}b';
    world.report = sampleReport({
      findings: [sampleFinding({ status: 'new', credential: sampleCredential({ name }) })],
    });
    await world.deliver({ webhook: true, dryRun: 'all' });
    expect(world.out.text()).not.toContain('\u{202e}');
  });
});

describe('one line says what was found', () => {
  const announced = async (targets: readonly OutputTarget[], announce = true) => {
    const world = new World();
    await world.deliver({ targets, announce });
    return world.err.text();
  };
  const LINE = /^1 finding .*\. Written to report\.json\.\n$/;

  test('where only files are written', async () => {
    expect(await announced([FILE])).toMatch(LINE);
    expect(await announced([FILE, { format: 'csv', file: 'report.csv' }])).toMatch(
      /Written to report\.json, report\.csv\.\n$/,
    );
  });

  test('and not where it is not wanted, a report is printed, or a file is a device or failed', async () => {
    expect(await announced([FILE], false)).toBe('');
    expect(await announced([FILE, { format: 'text', file: undefined }])).toBe('');
    expect(await announced([FILE, { format: 'text', file: '/dev/null' }])).toBe('');
    expect(await announced([LOST])).toBe('');
  });

  test('in one line, whatever a file is called', async () => {
    expect(await announced([{ format: 'json', file: 'a\n::error::b' }])).toMatch(/^[^\n]*\n$/);
  });

  test('of a saved report as well', async () => {
    const world = new World();
    const about = { rules: new Map(), color: false };
    expect(await deliverReports(world.report, [FILE], about, world.context)).toBe(true);
    expect(world.err.text()).toMatch(LINE);
    expect(await deliverReports(world.report, [LOST], about, world.context)).toBe(false);
    expect(world.err.text()).toMatch(LINE);
    expect(world.complaints).toMatchObject([{ message: expect.stringContaining('no/folder/report.json') }]);
  });
});

test('a document goes to every target, and one that fails is told', async () => {
  const world = new World();
  const render = async () => ['a', 'b'];
  expect(await deliverDocument([{ format: 'json', file: undefined }, FILE], render, world.context)).toBe(
    true,
  );
  expect(world.out.text()).toBe('ab');
  expect(readFileSync(join(cwd, 'report.json'), 'utf8')).toBe('ab');
  const fails = () => Promise.reject(new TypeError('x'));
  expect(await deliverDocument([FILE], fails, world.context)).toBe(false);
  expect(world.complaints).toEqual([
    {
      message: expect.stringContaining('Something went wrong inside c1-audit: TypeError: x'),
      hint: 'This is a bug: please report it with the text above.',
    },
  ]);
});

describe('the end of an audit', () => {
  const NONE = { slack: false, webhook: false, heartbeat: 'none' } as const;
  const BOTH = { slack: true, webhook: true, heartbeat: 'none' } as const;
  const ends = async (
    audit: () => Promise<0 | 1 | 2 | 3>,
    reports: Parameters<typeof withEndReported>[1],
    env: Record<string, string> = {},
  ) => {
    const world = new World();
    world.env = { ...world.env, ...env };
    const code = await withEndReported(audit, reports, world.context).catch((error: unknown) => error);
    return { world, code };
  };
  const failing = (code: ErrorCode, message = 'It failed.', hint = 'Mend it.') => {
    const error = new AuditError(code, message, hint);
    return { error, audit: () => Promise.reject(error) };
  };
  const CI = { CI: 'true' };
  const heartbeatUrl = () => ({
    C1_AUDIT_HEARTBEAT_URL: `http://127.0.0.1:${(heart.address() as AddressInfo).port}/x`,
  });
  const sent = () => [slack.requests.length, webhook.requests.length];

  test('without an error is the code, and tells nobody', async () => {
    for (const code of [0, 1, 2, 3] as const)
      expect(await ends(async () => code, BOTH, CI)).toMatchObject({ code });
    expect(sent()).toEqual([0, 0]);
  });

  test('before a report is told in CI, without secrets and with the page of the run', async () => {
    const { error, audit } = failing('credentials', `No: ${SECRET}.`, `Look at ${SECRET}.`);
    const page = { GITHUB_SERVER_URL: 'https://github.com', GITHUB_REPOSITORY: 'a/b', GITHUB_RUN_ID: '7' };
    const { code, world } = await ends(audit, BOTH, { ...CI, ...page });
    expect(code).toBe(error);
    expect(sent()).toEqual([1, 1]);
    const [inSlack, card] = [JSON.stringify(slack.posted), JSON.stringify(webhook.taken)];
    for (const text of [inSlack, card]) {
      expect(text).toContain('https://github.com/a/b/actions/runs/7');
      expect(text).toContain('Look at');
      expect(text).not.toContain(SECRET);
    }
    expect(cardText(webhook.taken[0])).toContain('No: ');
    expect(world.complaints).toEqual([]);
  });

  test.each([
    ['slack', [1, 0]],
    ['webhook', [0, 1]],
  ] as const)('is told in %s alone if only that is wanted', async (one, counts) => {
    await ends(failing('api').audit, { ...NONE, [one]: true }, CI);
    expect(sent()).toEqual(counts);
  });

  test.each(['usage', 'input'] as const)('is not told if somebody mistyped (%s)', async (code) => {
    const { audit, error } = failing(code);
    expect((await ends(audit, BOTH, CI)).code).toBe(error);
    expect(sent()).toEqual([0, 0]);
  });

  test('is not told outside CI, or if it is a defect', async () => {
    await ends(failing('api').audit, BOTH);
    const defect = new TypeError('x');
    expect((await ends(() => Promise.reject(defect), BOTH, CI)).code).toBe(defect);
    expect(sent()).toEqual([0, 0]);
  });

  test('whose report fails is complained about, and stays what it was', async () => {
    slack.faults.push({ status: 403 });
    webhook.faults.push({ status: 403 });
    const { audit, error } = failing('api');
    const { code, world } = await ends(audit, BOTH, CI);
    expect(code).toBe(error);
    expect(sent()).toEqual([1, 1]);
    expect(world.complaints).toHaveLength(2);
    expect(world.complaints[1]).toEqual({
      message: 'Cannot send the message to the webhook (HTTP 403).',
      hint: 'Check C1_AUDIT_WEBHOOK_URL, and webhook.format in the configuration.',
    });
  });

  test("is not complained about twice if the receiver's own setting is wrong", async () => {
    const message = 'C1_AUDIT_WEBHOOK_URL is not the URL of a webhook.';
    const { audit } = failing('config', message);
    const bad = { ...CI, C1_AUDIT_WEBHOOK_URL: 'no URL' };
    expect((await ends(audit, { ...NONE, webhook: true }, bad)).world.complaints).toEqual([]);
    const other = await ends(failing('config').audit, { ...NONE, webhook: true }, bad);
    expect(other.world.complaints).toMatchObject([{ message }]);
  });

  test('warnings while it is told are complaints', async () => {
    slack.faults.push({ status: 503, retryAfter: '0' });
    const { world } = await ends(failing('api').audit, { ...NONE, slack: true }, CI);
    expect(world.complaints).toEqual([
      { message: expect.stringMatching(/^Slack: HTTP 503.*; next try/), hint: '' },
    ]);
    expect(slack.posted).toHaveLength(1);
  });

  test.each([
    ['all', 0, ['/x']],
    ['all', 1, ['/x']],
    ['all', 2, ['/x/fail']],
    ['all', 3, ['/x/fail']],
    ['failure', 0, []],
    ['failure', 1, []],
    ['failure', 2, ['/x/fail']],
    ['failure', 3, ['/x/fail']],
    ['none', 0, []],
    ['none', 3, []],
  ] as const)('the heartbeat (%s) of exit %d', async (heartbeat, code, paths) => {
    const url = heartbeatUrl();
    await ends(async () => code, { ...NONE, heartbeat }, url);
    expect(beats).toEqual(paths);
  });

  test('a heartbeat that cannot be sent changes nothing, and is complained about', async () => {
    const { code, world } = await ends(
      async () => 0,
      { ...NONE, heartbeat: 'all' },
      { C1_AUDIT_HEARTBEAT_URL: 'ftp://example.com/x' },
    );
    expect(code).toBe(0);
    expect(world.complaints).toEqual([
      {
        message: 'heartbeat: C1_AUDIT_HEARTBEAT_URL is not an http or https URL',
        hint: 'The exit code does not depend on it; check C1_AUDIT_HEARTBEAT_URL.',
      },
    ]);
  });

  test.each([
    ['an error of the tenant', failing('api').error],
    ['a defect', new TypeError('x')],
  ])('the heartbeat of %s is a failure', async (_, error) => {
    const url = heartbeatUrl();
    await ends(() => Promise.reject(error), { ...NONE, heartbeat: 'failure' }, url);
    expect(beats).toEqual(['/x/fail']);
  });
});
