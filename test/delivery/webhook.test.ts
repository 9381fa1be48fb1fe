import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { WebhookSettings } from '../../src/config/config.js';
import type { Finding, Owner } from '../../src/contract/index.js';
import {
  deliverFailureToWebhook,
  deliverToWebhook,
  webhookDryRun,
  webhookUrl,
} from '../../src/delivery/webhook.js';
import type { News } from '../../src/engine/history.js';
import { AuditError } from '../../src/errors.js';
import { character } from '../fuzz/arbitraries.js';
import { HOSTILE_NAMES } from '../helpers/hostile.js';
import { daysAgo, sampleCredential, sampleFinding, sampleReport, TENANT } from '../helpers/sample-report.js';
import type { Fault } from '../helpers/slack-server.js';
import {
  cardText,
  startWebhook,
  teamsProblems,
  WEBHOOK_SECRET,
  type WebhookServer,
} from '../helpers/webhook-server.js';

const JSON_SETTINGS: WebhookSettings = { format: 'json', when: undefined, minSeverity: 'low' };
const TEAMS: WebhookSettings = { ...JSON_SETTINGS, format: 'teams' };
const RUN_URL = 'https://github.com/acme/audit/actions/runs/42';

let receiver: WebhookServer;
let warnings: string[];

beforeEach(async () => {
  warnings = [];
  receiver = await startWebhook();
});

afterEach(() => receiver.close());

function connection(over: { env?: Record<string, string>; signal?: AbortSignal; timeout?: number } = {}) {
  return {
    env: over.env ?? { C1_AUDIT_WEBHOOK_URL: receiver.url },
    now: () => Date.parse('2026-09-01T02:00:00Z'),
    signal: over.signal ?? new AbortController().signal,
    log: { warn: (message: string) => warnings.push(message) },
    patience: { backoff: 1, pause: 1, timeout: over.timeout ?? 2000 },
  };
}

function on(id: string, over: Partial<Finding> = {}): Finding {
  return sampleFinding({ credential: sampleCredential({ id, name: `name of ${id}` }), ...over });
}

function news(settings: WebhookSettings, findings: readonly Finding[] = [on('a')], more: object = {}) {
  return { report: sampleReport({ findings }), news: undefined, settings, runUrl: RUN_URL, ...more };
}

const because = (...findings: readonly Finding[]): News => ({
  items: findings.map(({ fingerprint, severity }) => ({ fingerprint, severity, reasons: ['new'] })),
  resolved: [],
  digest: [],
  lastPostedAt: null,
});

async function failure(work: Promise<unknown>): Promise<AuditError> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof AuditError)) throw new Error(`expected an AuditError, got ${String(error)}`);
  const everything = JSON.stringify([error.message, error.hint, String(error.cause), error.stack, warnings]);
  expect(everything).not.toContain(WEBHOOK_SECRET);
  expect(everything).not.toContain('127.0.0.1');
  return error;
}

describe('as JSON', () => {
  test('sends what is new, and returns what it reported', async () => {
    const known = on('known', { status: 'known', firstSeen: daysAgo(3) });
    const fresh = on('fresh', { status: 'new' });
    const report = sampleReport({ findings: [known, fresh] });
    const told = await deliverToWebhook({
      ...news(JSON_SETTINGS),
      report,
      news: because(fresh),
      ...connection(),
    });
    expect(told).toEqual({ posted: true, findings: new Set([fresh.fingerprint]), digest: false });
    expect(receiver.taken).toEqual([
      {
        version: 1,
        event: 'audit',
        text: `API credentials of ${TENANT}: 1 new`,
        tool: report.tool,
        run: report.run,
        complete: true,
        gaps: [],
        summary: report.summary,
        findings: [{ reasons: ['new'], ...fresh }],
        omitted: 0,
        resolved: [],
        runUrl: RUN_URL,
      },
    ]);
    expect(receiver.requests[0]?.headers['content-type']).toBe('application/json; charset=utf-8');
  });

  test('is as docs/webhook.md describes it', () => {
    const credential = sampleCredential({ id: '2KxPq8', name: 'nightly export' });
    const finding = sampleFinding({ credential, status: 'new', firstSeen: daysAgo(0) });
    const gone = {
      fingerprint: on('x').fingerprint,
      rule: 'no-expiry',
      kind: 'personal-client',
      credentialId: '2Kx7Lm',
    } as const;
    const resolved = [
      {
        fingerprint: gone.fingerprint,
        rule: gone.rule,
        credential: { kind: gone.kind, id: gone.credentialId, name: null },
      },
    ];
    const sent = webhookDryRun({
      report: sampleReport({ findings: [finding], resolved }),
      news: { ...because(finding), resolved: [{ ...gone, severity: 'high', firstSeen: daysAgo(9) }] },
      settings: JSON_SETTINGS,
      runUrl: RUN_URL,
    });
    const docs = readFileSync('docs/webhook.md', 'utf8');
    const example = /```json\n(.*?)```/s.exec(docs)?.[1] ?? '';
    expect(JSON.parse(example)).toEqual(JSON.parse(JSON.stringify(sent)));
  });

  test('leaves out the least severe findings of many, and counts them', async () => {
    const many = Array.from({ length: 500 }, (_, index) =>
      on(`key-${index}`, { severity: index === 499 ? 'critical' : 'low' }),
    );
    await deliverToWebhook({ ...news(JSON_SETTINGS, many), ...connection() });
    const [{ findings = [], omitted, summary } = {}] = receiver.taken as {
      findings: Finding[];
      omitted: number;
      summary: object;
    }[];
    expect(findings[0]?.severity).toBe('critical');
    expect(findings.length + Number(omitted)).toBe(500);
    expect(omitted).toBeGreaterThan(0);
    expect(summary).toMatchObject({ findings: 500 });
    expect(Buffer.byteLength(JSON.stringify(receiver.taken[0]))).toBeLessThan(256_000);
  });

  test('says that an audit is incomplete, and why', async () => {
    const report = sampleReport({ complete: false, notes: ['a record was malformed'] });
    await deliverToWebhook({ ...news(JSON_SETTINGS), report, news: because(), ...connection() });
    expect(receiver.taken[0]).toMatchObject({
      text: `INCOMPLETE AUDIT of ${TENANT}: no findings`,
      complete: false,
      gaps: ['a record was malformed'],
    });
  });

  test('sends a night with nothing but resolved findings, and no other night without news', async () => {
    const { fingerprint } = on('gone');
    const gone = {
      fingerprint,
      rule: 'unused',
      kind: 'personal-client',
      credentialId: 'gone',
      severity: 'low',
      firstSeen: daysAgo(9),
    } as const;
    const resolved = [
      { fingerprint, rule: 'unused', credential: { kind: 'personal-client', id: 'gone', name: null } },
    ] as const;
    const report = sampleReport({ findings: [on('a', { status: 'known' })], resolved });
    const quiet = await deliverToWebhook({
      ...news(JSON_SETTINGS),
      report,
      news: because(),
      ...connection(),
    });
    expect([quiet.posted, receiver.taken]).toEqual([false, []]);
    await deliverToWebhook({
      ...news(JSON_SETTINGS),
      report,
      news: { ...because(), resolved: [gone] },
      ...connection(),
    });
    expect(receiver.taken).toEqual([
      expect.objectContaining({ text: `API credentials of ${TENANT}: 1 resolved`, findings: [], resolved }),
    ]);
  });
});

describe('as a Teams card', () => {
  test('shows what a Slack message shows', async () => {
    const finding = on('a', { severity: 'high' });
    await deliverToWebhook({ ...news(TEAMS, [finding]), ...connection() });
    const [message] = receiver.taken;
    expect(teamsProblems(message)).toEqual([]);
    const lines = cardText(message).split('\n');
    expect(lines[0]).toBe(`API credentials of ${TENANT}: 1 finding`);
    for (const part of [
      'HIGH',
      'name of a',
      finding.message,
      'Jo Doe <jo@acme.example>',
      finding.fix,
      `[This run, with the full report] ${RUN_URL}`,
      `[ConductorOne] https://${TENANT}/`,
    ])
      expect(lines.join('\n')).toContain(part);
  });

  test('has one element a line, the first of each part apart, and what matters bold', () => {
    const finding = on('a', { message: 'never used', fix: 'Revoke {{it}}.' });
    const run = (text: string, over: object = {}) => ({ type: 'TextRun', text, ...over });
    const bold = { weight: 'Bolder' };
    const { attachments } = webhookDryRun(news(TEAMS, [finding])) as {
      attachments: { content: { $schema: string; msteams: object; body: object[]; actions: object[] } }[];
    };
    const { body, actions, ...card } = attachments[0]?.content ?? { body: [], actions: [] };
    expect(card).toEqual({
      $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
      type: 'AdaptiveCard',
      version: '1.4',
      msteams: { width: 'Full' },
    });
    expect(actions).toEqual([
      { type: 'Action.OpenUrl', title: 'This run, with the full report', url: RUN_URL },
      { type: 'Action.OpenUrl', title: 'ConductorOne', url: `https://${TENANT}/` },
    ]);
    expect(body[0]).toEqual({
      type: 'RichTextBlock',
      inlines: [run(`API credentials of ${TENANT}: 1 finding`, { size: 'Large', ...bold })],
    });
    expect(body[1]).toEqual({
      type: 'RichTextBlock',
      inlines: [run('🟡 MEDIUM  name of a', bold), run(' · personal client a')],
    });
    expect(body[2]).toEqual({ type: 'RichTextBlock', spacing: 'None', inlines: [run('never used')] });
    expect(JSON.stringify(body)).toContain('Fix: Revoke { {it}}.');
    expect(body.at(-1)).toMatchObject({
      type: 'RichTextBlock',
      inlines: [{ type: 'TextRun', isSubtle: true, text: expect.stringContaining('1 credential') }],
    });
    expect(body.at(-1)).not.toHaveProperty('spacing');
  });

  test('names an owner who is disabled and the manager, and mentions nobody', async () => {
    const owner: Owner = {
      id: 'user-1',
      name: 'Jo Doe',
      email: 'jo@acme.example',
      status: 'disabled',
      type: 'human',
      roles: [],
      managers: [{ id: 'm1', name: 'Max', email: 'max@acme.example' }],
    };
    const owners = new Map([[owner.id, owner]]);
    const card = JSON.stringify(webhookDryRun(news(TEAMS, [on('a')], { owners })));
    expect(card).toContain('Jo Doe <jo@acme.example> (disabled), manager: ');
    expect(card).toContain('Max <max@acme.example>');
    expect(card).not.toMatch(/"mention"|<at>|entities/);
  });

  test('takes any names, of any number', () => {
    const words = fc.oneof(
      fc.string({ unit: character, maxLength: 300 }),
      fc.constantFrom('{{DATE(2026-01-01)}}', '{{{{', '<at>all</at>', 'a\n\nb'),
    );
    const finding = fc.record({ id: words, name: words, message: words, fix: words });
    fc.assert(
      fc.property(fc.array(finding, { minLength: 1, maxLength: 60 }), (parts) => {
        const findings = parts.map(({ id, name, ...rest }) =>
          sampleFinding({
            ...rest,
            credential: sampleCredential({ id, name, owner: { id, name, email: name } }),
          }),
        );
        expect(teamsProblems(webhookDryRun(news(TEAMS, findings)))).toEqual([]);
      }),
      { numRuns: 60 },
    );
  });

  test.each(HOSTILE_NAMES)('shows %s as text', (_title, name) => {
    const credential = sampleCredential({ id: name, name, owner: { id: name, name, email: name } });
    const finding = sampleFinding({ credential, message: name, fix: name, rule: name });
    const card = webhookDryRun(news(TEAMS, [finding]));
    expect(teamsProblems(card)).toEqual([]);
    expect(cardText(card).replaceAll('\n', '')).not.toMatch(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/u);
  });
});

describe('a failure', () => {
  test('is JSON with a card in it, as the format may not be known', async () => {
    await deliverFailureToWebhook(
      { message: 'no login', hint: 'Log in.', tenant: undefined, runUrl: RUN_URL },
      connection(),
    );
    const [sent] = receiver.taken;
    expect(sent).toMatchObject({
      version: 1,
      event: 'failure',
      text: 'NO AUDIT: nothing was checked',
      message: 'no login',
      hint: 'Log in.',
      tenant: null,
      runUrl: RUN_URL,
    });
    expect(teamsProblems(sent)).toEqual([]);
    expect(cardText(sent)).toContain('NO AUDIT: nothing was checked\nno login\nLog in.');
  });
});

describe('sending', () => {
  const send = (over = {}) => deliverToWebhook({ ...news(JSON_SETTINGS), ...connection(over) });

  const passing: readonly (readonly [string, Fault])[] = [
    ['503', { status: 503 }],
    ['408', { status: 408 }],
    ['429 with Retry-After', { status: 429, retryAfter: '0' }],
    ['a connection that breaks', { reset: true }],
  ];
  test.each(passing)('tries again after %s, under the same key', async (_title, fault) => {
    receiver.faults.push(fault, fault);
    await send();
    expect(receiver.taken).toHaveLength(1);
    const keys = receiver.requests.map(({ headers }) => headers['idempotency-key']);
    expect(keys).toHaveLength(3);
    expect(new Set(keys).size).toBe(1);
    expect(warnings).toHaveLength(2);
    expect(warnings[0]).toMatch(/^the webhook: .*; next try in \d s$/);
  });

  test('tries again after no answer', async () => {
    receiver.faults.push({ hang: true });
    await send({ timeout: 100 });
    expect(receiver.taken).toHaveLength(1);
    expect(warnings).toEqual(['the webhook: no answer, timed out; next try in 1 s']);
  });

  test.each([
    [401, /Check C1_AUDIT_WEBHOOK_URL/],
    [404, /Check C1_AUDIT_WEBHOOK_URL/],
    [413, /Check C1_AUDIT_WEBHOOK_URL/],
    [302, /It redirects/],
  ])('gives up at once after %d', async (status, hint) => {
    receiver.faults.push({ status, body: `see ${receiver.url}`, location: receiver.url });
    const error = await failure(send());
    expect(error).toMatchObject({
      code: 'delivery',
      message: `Cannot send the message to the webhook (HTTP ${status}).`,
    });
    expect(error.hint).toMatch(hint);
    expect([receiver.requests.length, receiver.taken]).toEqual([1, []]);
  });

  test('gives up after three retries, and if the wait is too long', async () => {
    receiver.faults.push(...Array<Fault>(4).fill({ status: 500 }));
    expect((await failure(send())).hint).toMatch(/had an error/);
    expect(receiver.requests).toHaveLength(4);
    receiver.faults.push({ status: 429, retryAfter: '61' });
    expect((await failure(send())).hint).toMatch(/too many messages/);
    expect(receiver.requests).toHaveLength(5);
  });

  test('stops on Ctrl-C', async () => {
    const controller = new AbortController();
    receiver.faults.push({ hang: true });
    setTimeout(() => controller.abort(), 50);
    const error = await failure(send({ signal: controller.signal }));
    expect(error.message).toBe('The message to the webhook was interrupted.');
  });

  test('does nothing without a URL', async () => {
    await send({ env: {} });
    expect(receiver.requests).toEqual([]);
  });
});

describe('the URL', () => {
  test.each([
    'https://prod-12.westeurope.logic.azure.com:443/workflows/1/triggers/manual/paths/invoke?sig=x',
    'https://hooks.acme.example/c1-audit',
    'http://localhost:1/x',
    'http://[::1]:1/x',
  ])('%s', (url) => {
    expect(webhookUrl({ C1_AUDIT_WEBHOOK_URL: ` ${url}\n` })).toBe(url);
  });

  test.each([
    'http://hooks.acme.example/SECRET',
    'https://me:SECRET@hooks.acme.example/',
    'https://SECRET@hooks.acme.example/',
    'file:///SECRET',
    'SECRET',
    'https://',
  ])('refuses %s without showing it', async (url) => {
    const env = { C1_AUDIT_WEBHOOK_URL: url };
    const early = await failure(Promise.resolve().then(() => webhookUrl(env)));
    expect(early).toMatchObject({
      code: 'config',
      message: 'C1_AUDIT_WEBHOOK_URL is not the URL of a webhook.',
    });
    expect(`${early.message} ${early.hint} ${early.stack}`).not.toContain('SECRET');
    const late = await failure(deliverToWebhook({ ...news(JSON_SETTINGS), ...connection({ env }) }));
    expect(late).toMatchObject({ code: 'delivery', message: early.message });
  });

  test.each([{}, { C1_AUDIT_WEBHOOK_URL: ' ' }])('is not set: %j', (env) => {
    expect(webhookUrl(env)).toBeUndefined();
  });
});

test.each(['http://example.com/x', 'https://me@example.com/x', 'https://:pw@example.com/x', 'nonsense'])(
  'findings are not sent to %s',
  (url) => {
    expect(() => webhookUrl({ C1_AUDIT_WEBHOOK_URL: url })).toThrow(
      expect.objectContaining({
        code: 'config',
        message: 'C1_AUDIT_WEBHOOK_URL is not the URL of a webhook.',
        hint: 'It must start with https:// and have no user or password in it.',
      }),
    );
  },
);

test.each([
  [299, 'Check C1_AUDIT_WEBHOOK_URL, and webhook.format in the configuration.'],
  [
    302,
    'It redirects, and findings are sent only to the address you set. Set C1_AUDIT_WEBHOOK_URL to where it redirects.',
  ],
  [404, 'Check C1_AUDIT_WEBHOOK_URL, and webhook.format in the configuration.'],
])('an answer of %d says what to do', async (status, hint) => {
  receiver.faults.push({ status });
  const sent = deliverToWebhook({ ...news(JSON_SETTINGS), ...connection() });
  if (status === 299) await sent;
  else expect((await failure(sent)).hint).toBe(hint);
});
