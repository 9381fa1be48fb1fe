import { describe, expect, test } from '@jest/globals';
import type { Finding, Owner } from '../../../src/contract/index.js';
import { SendFailure, type Sending } from '../../../src/delivery/send.js';
import type { Bot } from '../../../src/delivery/slack/bot.js';
import {
  addressees,
  isUserId,
  lines,
  moreBlock,
  needsStandIn,
  ownerInWords,
  ownersBlock,
  type People,
} from '../../../src/delivery/slack/entries.js';
import { slackMessage, testNotice, threadReplies } from '../../../src/delivery/slack/message.js';
import { lookUpUsers, notifyOwners } from '../../../src/delivery/slack/owners.js';
import { type Block, bold, bytesOf, clean, plain, richText } from '../../../src/delivery/slack/payload.js';
import { slackTarget } from '../../../src/delivery/slack/target.js';
import type { News } from '../../../src/engine/history.js';
import {
  AS_OF,
  daysAgo,
  sampleCredential,
  sampleFinding,
  sampleReport,
  TENANT,
} from '../../helpers/sample-report.js';
import { owner } from '../../helpers/snapshot.js';

/* The parts of Slack messages, without Slack. */

const people = (owners: readonly Owner[] = [], over: Partial<People> = {}): People => ({
  asOf: AS_OF,
  owners: new Map(owners.map((one) => [one.id, one])),
  mentions: new Map(),
  fallback: undefined,
  ...over,
});
const by = (id: string, over: Partial<Finding> = {}, name = `Name ${id}`): Finding =>
  sampleFinding({
    credential: sampleCredential({ id: `key of ${id}`, owner: { id, name, email: `${id}@acme.example` } }),
    ...over,
  });
const item = (finding: Finding) => ({ finding, reasons: [] });
const textIn = (blocks: readonly Block[]) =>
  blocks
    .map((block) =>
      block.type === 'rich_text'
        ? block.elements[0].elements
            .map((element) => ('text' in element ? element.text : `<${element.type}>`))
            .join('')
        : '',
    )
    .join('\n');

describe('owners', () => {
  test.each([
    ['U0123', true],
    ['W0123', true],
    ['U1', false],
    ['S0123', false],
    ['u0123', false],
    ['U0123x', false],
    ['xU0123', false],
    [undefined, false],
  ])('%s is a user: %s', (id, expected) => {
    expect(isUserId(id)).toBe(expected);
  });

  test.each([
    [{ name: 'Jo', email: 'jo@a' }, 'Jo <jo@a>'],
    [{ name: '', email: 'jo@a' }, 'jo@a'],
    [{ name: 'Jo', email: '' }, 'Jo'],
    [{ name: '', email: '' }, 'u1'],
    [{ id: '', name: '', email: '' }, 'not known'],
  ])('%j is told as "%s"', (over, words) => {
    const credential = sampleCredential({ owner: { id: 'u1', ...over } });
    expect(ownerInWords(sampleFinding({ credential }), people())).toBe(words);
    if (words !== 'not known')
      expect(ownerInWords(sampleFinding({ credential }), people([owner({ id: 'u1', status: 'gone' })]))).toBe(
        `${words} (gone)`,
      );
  });

  test('who are away have managers instead', () => {
    const manager = { id: 'm', name: 'Max', email: 'm@a' };
    const away = people([owner({ id: 'a', status: 'disabled', managers: [manager] })]);
    expect([needsStandIn(by('a'), away), addressees(by('a'), away)]).toEqual([true, [manager]]);
    expect([needsStandIn(by('b'), away), addressees(by('b'), away)]).toMatchObject([false, [{ id: 'b' }]]);
    const withheld = by('a', {
      credential: sampleCredential({ owner: { id: 'a', name: '', email: '' }, adviceWithheld: true }),
    });
    expect([needsStandIn(withheld, away), addressees(withheld, away)]).toEqual([false, []]);
    for (const nobody of [
      sampleFinding({ credential: null }),
      sampleFinding({ credential: sampleCredential({ owner: null }) }),
    ]) {
      expect([needsStandIn(nobody, away), addressees(nobody, away)]).toEqual([false, []]);
      expect(ownerInWords(nobody, away)).toBe('not known');
    }
  });

  const many = (count: number) =>
    Array.from({ length: count }, (_, n) => Array.from({ length: count - n }, () => by(`u${n}`))).flat();

  test.each([
    [1, ''],
    [5, ''],
    [6, '; 1 other owner'],
    [7, '; 2 other owners'],
  ])('with the most findings are named, of %d', (count, others) => {
    const named = Array.from(
      { length: Math.min(count, 5) },
      (_, n) => `Name u${n} <u${n}@acme.example>: ${count - n}`,
    );
    const items = [...many(count), sampleFinding({ credential: null })].map(item).reverse();
    expect(textIn(ownersBlock(items, people()))).toContain(
      `Owners with the most: ${named.join('; ')}${others}`.slice(0, 60),
    );
    const known = many(count).map(item).reverse();
    expect(textIn(ownersBlock(known, people()))).toBe(`Owners with the most: ${named.join('; ')}${others}`);
  });

  test('of nothing are none', () => {
    expect(ownersBlock([], people())).toEqual([]);
  });
});

describe('what is left out', () => {
  test.each([
    [0, undefined, []],
    [1, undefined, 'and 1 more'],
    [1234, ', in the thread', 'and 1,234 more, in the thread'],
  ])('is counted: %d', (hidden, where, text) => {
    const blocks = moreBlock(hidden, where);
    if (typeof text === 'string') expect(textIn(blocks)).toBe(text);
    else expect(blocks).toEqual([]);
  });

  test('begins where a block is full', () => {
    const items = [by('a'), by('b'), by('c')].map(item);
    const all = lines(items, 100_000, people());
    expect(all.shown).toBe(3);
    expect(textIn(all.blocks).split('\n')).toHaveLength(3);
    const room = bytesOf(all.blocks[0]);
    expect(lines(items, room, people()).shown).toBe(3);
    expect(lines(items, room - 1, people()).shown).toBe(2);
    expect(lines(items, 10, people())).toEqual({ blocks: [], shown: 0 });
  });

  const replies = (count: number, over: Partial<Finding> = {}) =>
    threadReplies(
      { items: Array.from({ length: count }, (_, n) => item(by(`u${n}`, over))), entries: 2 },
      people(),
    );

  test('of a message goes into its thread, from where that ends', () => {
    expect(replies(2)).toEqual([]);
    const [reply, ...others] = replies(12);
    expect(others).toEqual([]);
    expect(reply?.text).toBe('Findings from 3 of 12');
    expect(textIn(reply?.blocks ?? []).split('\n')).toHaveLength(10);
    const long = replies(200, { message: 'x'.repeat(200) });
    expect(long.length).toBeGreaterThan(1);
    const shown = long.map(({ blocks = [] }) => textIn(blocks).split('\n').length);
    expect(shown.reduce((sum, each) => sum + each, 0)).toBe(198);
    expect(long[1]?.text).toBe(`Findings from ${3 + (shown[0] ?? 0)} of 200`);
  });

  test('of a thread is counted in its last message', () => {
    const all = replies(5000, { message: 'x'.repeat(200) });
    expect(all).toHaveLength(20);
    const last = textIn(all.at(-1)?.blocks ?? []);
    expect(last).toMatch(/\nand [\d,]+ more, in the full report$/);
    expect(textIn(all.at(-2)?.blocks ?? [])).not.toContain('more, in the full report');
  });
});

describe('texts', () => {
  test.each([
    [' a \n\t b ', 60, 'a b'],
    ['abc', 3, 'abc'],
  ])('%j in one line', (text, length, expected) => {
    expect(clean(text, length)).toBe(expected);
  });

  test('beside each other are one, unless they are bold', () => {
    const strong = bold('c');
    expect(richText([plain('a'), plain(''), plain('b'), strong, plain('d')])).toEqual({
      type: 'rich_text',
      elements: [{ type: 'rich_text_section', elements: [plain('ab'), strong, plain('d')] }],
    });
  });
});

describe('the message', () => {
  const settings = {
    when: undefined,
    minSeverity: 'low',
    mentions: {},
    fallback: undefined,
    heartbeat: undefined,
    notifyOwners: false,
  } as const;
  const told = (report: ReturnType<typeof sampleReport>, news?: Partial<News>) => {
    const sent = slackMessage({
      report,
      news: news && { items: [], resolved: [], digest: [], lastPostedAt: null, ...news },
      settings,
      people: people(),
      runUrl: undefined,
    });
    const { blocks = [] } = sent?.payload ?? {};
    const context = blocks.flatMap((block) =>
      block.type === 'context' ? block.elements.map(({ text }) => text) : [],
    );
    return {
      title: sent?.payload.text,
      body: textIn(blocks),
      context: context.join(),
      fallback: sent?.fallback.text,
    };
  };
  const over = (id: string) => ({
    fingerprint: id,
    rule: 'expiring-soon',
    kind: 'personal-client' as const,
    credentialId: id,
    firstSeen: daysAgo(9),
    severity: 'medium' as const,
  });
  const ended = sampleCredential({ id: 'ended', name: 'old', expiresAt: daysAgo(1) });
  const live = sampleCredential({ id: 'live', name: 'new', expiresAt: daysAgo(-90) });

  test('tells what was fixed from what has ended', () => {
    const report = sampleReport({ credentials: [ended, live] });
    const { title, body, fallback } = told(report, {
      resolved: [
        over('ended'),
        over('live'),
        { ...over('gone'), rule: 'unused' },
        { ...over('w'), kind: 'waiver' },
      ],
    });
    expect(title).toBe(`API credentials of ${TENANT}: 3 resolved, 1 expired`);
    const line =
      '✅ Resolved: new · live (expiring-soon), gone (unused), expiring-soon. Expired: old · ended (expiring-soon).';
    expect(body).toContain(line);
    expect(fallback).toContain(line);
  });

  test('of resolved ones alone has no line on expired ones', () => {
    const report = sampleReport({ credentials: [live] });
    expect(told(report, { resolved: [over('live')] }).body).not.toContain('Expired');
    const only = told(sampleReport({ credentials: [ended] }), { resolved: [over('ended')] });
    expect(only.body).not.toContain('Resolved');
    expect(only.title).toBe(`API credentials of ${TENANT}: 1 expired`);
  });

  test.each([
    [10, ''],
    [11, ' and 1 more'],
  ])('names %d resolved ones, or the first ten', (count, more) => {
    const ids = Array.from({ length: count }, (_, n) => `k${n}`);
    const { body } = told(sampleReport(), { resolved: ids.map((id) => ({ ...over(id), rule: 'r' })) });
    expect(body).toContain(
      `✅ Resolved: ${ids
        .slice(0, 10)
        .map((id) => `${id} (r)`)
        .join(', ')}${more}.`,
    );
  });

  test('says what is open since when, in a digest', () => {
    const findings = ['a', 'b', 'c', 'd'].map((id) =>
      by(id, { status: 'known', firstSeen: id === 'a' ? daysAgo(3) : null }),
    );
    const { body, fallback } = told(sampleReport({ findings }), {
      digest: findings.map(({ fingerprint }) => fingerprint),
      resolved: [over('gone')],
    });
    const line = 'Still open, reported before: 4 (4 medium). The worst: ';
    expect(body).toContain(line);
    expect(fallback).toContain(line);
    expect(body).toContain(': unused since 29 Aug (3 days ago); ');
    expect(told(sampleReport({ findings }), { items: [] }).body ?? '').not.toContain('Still open');
  });

  test('says what was read, and what else there is', () => {
    const waiver = { reason: 'r', approvedBy: 'a', expires: '2026-12-31' };
    const findings = [
      by('a', { severity: 'high' }),
      by('b', { severity: 'info' }),
      by('c', { outcome: 'unknown' }),
      by('d', { waiver, status: 'waived' }),
    ];
    expect(told(sampleReport({ findings })).context).toBe(
      '4 credentials (of the whole tenant), every source read completely. Open: 1 high; 1 below low, not listed; 1 waived; 1 unknown.',
    );
    expect(told(sampleReport({ findings: [by('a')], scope: 'mine', complete: false })).context).toBe(
      '1 credential (your own) were read. Open: 1 medium.',
    );
  });

  test('counts findings in its headline, by what is new about them', () => {
    const findings = ['a', 'b', 'c', 'd', 'e', 'f', 'g'].map((id) => by(id));
    const reasons = ['new', 'new', 'reopened', 'waiver-ended', 'severity-raised', 'milestone', 'unreported'];
    const items = findings.map(({ fingerprint, severity }, n) => ({
      fingerprint,
      severity,
      reasons: [reasons[n]],
    }));
    expect(told(sampleReport({ findings }), { items: items as unknown as News['items'] }).title).toBe(
      `API credentials of ${TENANT}: 2 new, 2 back again, 1 more severe, 1 reminder, 1 not reported before`,
    );
    expect(told(sampleReport({ findings })).title).toBe(`API credentials of ${TENANT}: 7 findings`);
    expect(told(sampleReport({ complete: false })).title).toBe(`INCOMPLETE AUDIT of ${TENANT}: no findings`);
  });

  test('has all of it in its plain text as well', () => {
    const report = sampleReport({ findings: [by('a')], complete: false, notes: ['roles were not read'] });
    const { fallback = '' } = told(report);
    expect(fallback).toContain('⚠️ Not everything could be read: findings may be missing here.\n');
    expect(fallback).toContain('roles were not read');
    expect(fallback).not.toContain('and 0 more');
    const many = Array.from({ length: 30 }, (_, n) => by(`u${n}`));
    expect(told(sampleReport({ findings: many })).fallback).toContain('and 10 more');
  });

  test('says that it is a test', () => {
    const words =
      'c1-audit doctor --slack-test sent this to check that messages arrive. There is nothing to do.';
    expect(testNotice(undefined).fallback.text).toBe(`TEST of c1-audit: nothing was audited\n${words}`);
    expect(testNotice(TENANT).fallback.text).toContain(`${words} It will report on ${TENANT}.`);
  });
});

describe('messages to people', () => {
  const failure = (word?: string) => new SendFailure({ status: 200, word });
  function world(over: Partial<Bot> = {}) {
    const warnings: string[] = [];
    const posted: [string, string][] = [];
    const bot: Bot = {
      post: async (channel, { text = '' }) => {
        posted.push([channel, text]);
        return undefined;
      },
      react: async () => undefined,
      userByEmail: async (email) => (email.startsWith('x') ? undefined : `U${email}`),
      conversationWith: async (user) => `D of ${user}`,
      ...over,
    };
    const sending = {
      to: 'Slack',
      log: { warn: (text: string) => void warnings.push(text) },
      patience: { pause: 0 },
      signal: new AbortController().signal,
    } as unknown as Sending;
    return { bot, sending, warnings, posted };
  }

  test('look-ups find ids, and are bounded', async () => {
    const { bot, sending, warnings } = world();
    expect([...(await lookUpUsers(bot, ['a', 'x', 'b'], sending))]).toEqual([
      ['a', 'Ua'],
      ['b', 'Ub'],
    ]);
    expect(warnings).toEqual([]);
    const emails = Array.from({ length: 200 }, (_, n) => `a${n}`);
    const found = (await lookUpUsers(bot, emails, sending)).size;
    expect(found).toBeLessThan(200);
    expect(warnings).toEqual([`Slack: looked up only the first ${found} of 200 owners`]);
    expect((await lookUpUsers(bot, emails.slice(0, found), sending)).size).toBe(found);
    expect(warnings).toHaveLength(1);
  });

  test('look-ups that fail cost mentions, and a defect is thrown', async () => {
    const { bot, sending, warnings } = world({ userByEmail: () => Promise.reject(failure('missing_scope')) });
    expect((await lookUpUsers(bot, ['a', 'b'], sending)).size).toBe(0);
    expect(warnings).toEqual([
      'Slack: cannot look up owners (HTTP 200, missing_scope); the bot needs the scope users:read.email',
    ]);
    const defect = new TypeError('x');
    const broken = world({ userByEmail: () => Promise.reject(defect) });
    await expect(lookUpUsers(broken.bot, ['a'], broken.sending)).rejects.toBe(defect);
  });

  const MENTIONS = new Map(
    ['a', 'b', 'c', 'm'].map((id) => [`${id}@acme.example`, `U${id.toUpperCase()}00`]),
  );
  const notify = (one: ReturnType<typeof world>, findings: readonly Finding[], who: People) =>
    notifyOwners(one.bot, { items: findings.map(item), people: who, tenant: TENANT }, one.sending);

  test('go to owners, or to managers or the fallback of those who are away', async () => {
    const one = world();
    const manager = { id: 'm', name: '', email: 'm@acme.example' };
    const who = people(
      [owner({ id: 'b', status: 'gone', managers: [manager] }), owner({ id: 'c', status: 'gone' })],
      { mentions: MENTIONS, fallback: 'UFALL' },
    );
    expect(await notify(one, [by('a'), by('a'), by('b'), by('c'), by('z')], who)).toBe(3);
    expect(one.posted).toEqual([
      ['D of UA00', `Your API credentials of ${TENANT}: 2 to look at`],
      ['D of UM00', `API credentials of ${TENANT} that need you: 1 to look at`],
      ['D of UFALL', `API credentials of ${TENANT} that need you: 1 to look at`],
    ]);
  });

  test('that fail are told, and only a missing right stops the others', async () => {
    for (const [word, tries] of [
      ['no_channel', 2],
      ['missing_scope', 1],
    ] as const) {
      let asked = 0;
      const one = world({
        conversationWith: () => {
          asked += 1;
          return Promise.reject(failure(word));
        },
      });
      expect(await notify(one, [by('a'), by('b')], people([], { mentions: MENTIONS }))).toBe(0);
      expect(asked).toBe(tries);
      expect(one.warnings).toEqual(Array(tries).fill(`Slack: cannot write to an owner (HTTP 200, ${word})`));
    }
    const defect = new TypeError('x');
    const broken = world({ post: () => Promise.reject(defect) });
    await expect(notify(broken, [by('a')], people([], { mentions: MENTIONS }))).rejects.toBe(defect);
  });

  test('go to so many people at most', async () => {
    const ids = Array.from({ length: 120 }, (_, n) => `p${n}`);
    const mentions = new Map(ids.map((id) => [`${id}@acme.example`, `U${id.toUpperCase()}`]));
    const one = world();
    const written = await notify(
      one,
      ids.map((id) => by(id)),
      people([], { mentions }),
    );
    expect(written).toBeLessThan(120);
    expect(one.warnings).toEqual([`Slack: wrote only to the first ${written} of 120 owners`]);
  });
});

describe('where Slack is', () => {
  const HOOK = 'https://hooks.slack.com/services/T/B/x';
  const BOT = { SLACK_BOT_TOKEN: 'xoxb-1234567890', SLACK_CHANNEL: 'C0123456' };
  const env = (over: Record<string, string>) => over;

  test.each<[string, Record<string, string>, unknown]>([
    ['nowhere', {}, undefined],
    ['blank', { SLACK_WEBHOOK_URL: ' \n' }, undefined],
    ['a webhook', { SLACK_WEBHOOK_URL: ` ${HOOK}\n` }, { webhook: HOOK }],
    [
      'a webhook on this machine',
      { SLACK_WEBHOOK_URL: 'http://127.0.0.1:9/x' },
      { webhook: 'http://127.0.0.1:9/x' },
    ],
    ['one over TLS on it', { SLACK_WEBHOOK_URL: 'https://localhost/x' }, { webhook: 'https://localhost/x' }],
    ['a bot', BOT, { bot: { token: BOT.SLACK_BOT_TOKEN, channel: BOT.SLACK_CHANNEL } }],
    [
      'a bot of a stand-in',
      { ...BOT, C1_AUDIT_SLACK_API_URL: 'http://127.0.0.1:9/api' },
      { bot: { apiUrl: 'http://127.0.0.1:9/api/' } },
    ],
    [
      'a bot of a stand-in over TLS',
      { ...BOT, C1_AUDIT_SLACK_API_URL: 'https://localhost/api/' },
      { bot: { apiUrl: 'https://localhost/api/' } },
    ],
  ])('%s', (_, over, expected) => {
    if (expected === undefined) expect(slackTarget(env(over))).toBeUndefined();
    else expect(slackTarget(env(over))).toMatchObject(expected as object);
  });

  test.each([
    'hooks.slack.com/services/T/B/x',
    'http://hooks.slack.com/services/T/B/x',
    'https://hooks.slack.com:8443/services/T/B/x',
    'https://hooks.slack.com/triggers/T/1/x',
    'https://me@hooks.slack.com/services/T/B/x',
    'https://:me@hooks.slack.com/services/T/B/x',
    'https://hooks.slack.example/services/T/B/x',
    'ftp://127.0.0.1/x',
  ])('not behind the webhook %s', (url) => {
    expect(() => slackTarget({ SLACK_WEBHOOK_URL: url })).toThrow(
      expect.objectContaining({ code: 'config' }),
    );
  });

  test.each([
    'nonsense',
    'https://slack.com/api/',
    'ftp://127.0.0.1/',
    'xhttp://127.0.0.1/',
    'httpx://127.0.0.1/',
    'http://me@127.0.0.1/',
  ])('not behind the API %s', (url) => {
    expect(() => slackTarget({ ...BOT, C1_AUDIT_SLACK_API_URL: url })).toThrow(
      expect.objectContaining({
        code: 'config',
        message: 'C1_AUDIT_SLACK_API_URL is not an http or https URL on this machine.',
        hint: 'Unset it to use Slack. It exists for tests against a stand-in on loopback.',
      }),
    );
  });
});
