import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { SlackSettings } from '../../../src/config/config.js';
import { DAY, type Finding, type Owner, SEVERITIES } from '../../../src/contract/index.js';
import { entryBlocks } from '../../../src/delivery/slack/entries.js';
import { slackDryRun } from '../../../src/delivery/slack/index.js';
import {
  failureNotice,
  type SlackMessage,
  type SlackMessageInput,
  slackMessage,
  threadReplies,
} from '../../../src/delivery/slack/message.js';
import type { SlackPayload } from '../../../src/delivery/slack/payload.js';
import type { News, Reason } from '../../../src/engine/history.js';
import type { Report } from '../../../src/engine/report.js';
import { HOSTILE_NAMES } from '../../helpers/hostile.js';
import {
  AS_OF,
  daysAgo,
  fullReport,
  type SampleOptions,
  sampleCredential,
  sampleFinding,
  sampleReport,
  sampleUnknown,
  TENANT,
} from '../../helpers/sample-report.js';
import { type Payload, problemsOf, textOf } from '../../helpers/slack-server.js';

const SETTINGS: SlackSettings = {
  when: undefined,
  minSeverity: 'low',
  mentions: {},
  fallback: undefined,
  heartbeat: undefined,
  notifyOwners: false,
};
const NO_NEWS: News = { items: [], resolved: [], digest: [], lastPostedAt: daysAgo(1) };
const RUN_URL = 'https://github.com/acme/audit/actions/runs/42';

function on(id: string, override: Partial<Finding> = {}): Finding {
  return sampleFinding({ credential: sampleCredential({ id, name: `name of ${id}` }), ...override });
}

function because(reason: Reason, ...findings: readonly Finding[]): News {
  return {
    ...NO_NEWS,
    items: findings.map(({ fingerprint, severity }) => ({ fingerprint, severity, reasons: [reason] })),
  };
}

function resolved(id: string, override: Partial<News['resolved'][number]> = {}): News['resolved'][number] {
  return {
    fingerprint: on(id).fingerprint,
    rule: 'unused',
    kind: 'personal-client',
    credentialId: id,
    firstSeen: daysAgo(9),
    severity: 'medium',
    ...override,
  };
}

type Told = Partial<Omit<SlackMessageInput, 'settings'>> & {
  settings?: Partial<SlackSettings>;
  owners?: readonly Owner[];
};

function message(sample: SampleOptions | Report, told: Told = {}) {
  const settings = { ...SETTINGS, ...told.settings };
  const owners = new Map((told.owners ?? []).map((owner) => [owner.id, owner]));
  return slackMessage({
    report: 'schemaVersion' in sample ? sample : sampleReport(sample),
    news: undefined,
    people: {
      asOf: AS_OF,
      owners,
      mentions: new Map(Object.entries(settings.mentions)),
      fallback: settings.fallback,
    },
    runUrl: RUN_URL,
    ...told,
    settings,
  });
}

function repliesOf(sent: SlackMessage | undefined, owners: readonly Owner[] = []) {
  const people = {
    asOf: AS_OF,
    owners: new Map(owners.map((owner) => [owner.id, owner])),
    mentions: new Map<string, string>(),
  };
  return sent ? threadReplies(sent, people) : [];
}

function text(...input: Parameters<typeof message>): string {
  const sent = message(...input);
  if (sent === undefined) return '';
  expectTaken(sent.payload);
  expectTaken(sent.fallback);
  return textOf(sent.payload as unknown as Payload);
}

function expectTaken(payload: SlackPayload) {
  expect(problemsOf(JSON.parse(JSON.stringify(payload)) as Payload)).toEqual([]);
}

describe('when there is a message', () => {
  const known = { ...on('a'), status: 'known' as const };
  const rows: readonly (readonly [
    string,
    SlackSettings['when'],
    News | undefined,
    readonly Finding[],
    boolean,
  ])[] = [
    ['no history, findings', undefined, undefined, [on('a')], true],
    ['no history, nothing', undefined, undefined, [], false],
    ['no history, new', 'new', undefined, [on('a')], true],
    ['no history, always', 'always', undefined, [], true],
    ['history, known only', undefined, NO_NEWS, [known], false],
    ['history, news', undefined, because('new', on('a')), [on('a')], true],
    ['history, milestone', undefined, because('milestone', known), [known], true],
    ['history, resolved', undefined, { ...NO_NEWS, resolved: [resolved('z')] }, [known], true],
    ['history, a digest alone', undefined, { ...NO_NEWS, digest: [known.fingerprint] }, [known], false],
    ['history, findings', 'findings', NO_NEWS, [known], true],
    ['history, findings, nothing', 'findings', NO_NEWS, [], false],
    ['history, always', 'always', NO_NEWS, [], true],
  ];
  test.each(rows)('%s', (_title, when, news, findings, sent) => {
    expect(message({ findings }, { news, settings: { when } }) !== undefined).toBe(sent);
  });

  test('only for findings at or above minSeverity', () => {
    const low = on('a', { severity: 'low' });
    const info = on('b', { severity: 'info' });
    expect(message({ findings: [info] })).toBeUndefined();
    expect(text({ findings: [info, low] })).toContain('name of a');
    expect(text({ findings: [info, low] })).not.toContain('name of b');
    const gone = { ...NO_NEWS, resolved: [resolved('z', { severity: 'info' })] };
    expect(message({}, { news: gone })).toBeUndefined();
  });

  test('never for waived findings or unknown outcomes, which are counted', () => {
    const waiver = { reason: 'job', approvedBy: 'security@acme.example', expires: '2026-12-31' };
    const quiet = [on('w', { waiver, status: 'waived' }), sampleUnknown()];
    expect(message({ findings: quiet })).toBeUndefined();
    expect(text({ findings: [...quiet, on('a')] })).toContain('Open: 1 medium; 1 waived; 1 unknown.');
  });

  test('always for an incomplete audit, which it says first', () => {
    const sources = [
      {
        kind: 'personal-client',
        status: 'partial',
        credentials: 3,
        deleted: 0,
        pages: 1,
        note: 'the list repeats',
      },
    ] as const;
    const said = text({ complete: false, sources, notes: ['a record was malformed'] }, { news: NO_NEWS });
    expect(said.split('\n')[0]).toBe(`INCOMPLETE AUDIT of ${TENANT}: no findings`);
    expect(said).toContain('Not everything could be read: findings may be missing here.');
    expect(said).toContain(
      'personal clients were read only in part (the list repeats); a record was malformed',
    );
  });
});

describe('what it says', () => {
  test('lists all findings in full without a history', () => {
    const credential = sampleCredential({ id: 'pc-7', name: 'deploy' });
    const finding = sampleFinding({
      severity: 'high',
      rule: 'no-expiry',
      message: 'never expires',
      credential,
    });
    expect(text({ findings: [finding] })).toBe(
      [
        `API credentials of ${TENANT}: 1 finding`,
        '🟠 HIGH  deploy · personal client pc-7',
        'never expires',
        'Owner: Jo Doe <jo@acme.example>',
        'created 28 Jul 2025 (400 days ago) · rule no-expiry',
        'Fix: Ask the owner whether it is still needed; if not, revoke it.',
        '1 credential (of the whole tenant), every source read completely. Open: 1 high.',
        `This run, with the full report <${RUN_URL}> · ConductorOne <https://${TENANT}/>`,
      ].join('\n'),
    );
  });

  test('lists new and resolved findings with a history, and counts the rest', () => {
    const known = on('old', { status: 'known', firstSeen: daysAgo(3), severity: 'critical' });
    const fresh = on('fresh', { status: 'new', firstSeen: AS_OF });
    const news = {
      ...because('new', fresh),
      resolved: [resolved('gone-1'), resolved('gone-2', { rule: 'no-expiry' })],
    };
    const said = text({ findings: [known, fresh] }, { news });
    expect(said.split('\n')[0]).toBe(`API credentials of ${TENANT}: 1 new, 2 resolved`);
    expect(said).toContain('Open: 1 critical, 1 medium.');
    expect(said).toContain('MEDIUM  name of fresh · personal client fresh (new)');
    expect(said).toContain('\ncreated 28 Jul 2025 (400 days ago) · rule unused\n');
    expect(said).toContain('✅ Resolved: gone-1 (unused), gone-2 (no-expiry).');
    expect(said).not.toContain('name of old');
  });

  test.each([
    ['reopened', '1 back again', '(back again)'],
    ['waiver-ended', '1 back again', '(waiver ended)'],
    ['severity-raised', '1 more severe', '(more severe than before)'],
    ['milestone', '1 reminder', '(reminder)'],
    ['untold', '1 not reported before', ''],
  ] as const)('%s', (reason, headline, label) => {
    const finding = on('a', { status: 'known', firstSeen: daysAgo(3) });
    const said = text({ findings: [finding] }, { news: because(reason, finding) });
    expect(said.split('\n')[0]).toBe(`API credentials of ${TENANT}: ${headline}`);
    expect(said).toContain(`personal client a${label ? ` ${label}` : ''}\n`);
  });

  test('news comes before worse findings that no message has reported and before reminders', () => {
    const fresh = on('fresh', { severity: 'low' });
    const others = (['untold', 'milestone'] as const).map((reason) => ({
      reason,
      finding: on(reason, { status: 'known', severity: 'critical', firstSeen: daysAgo(3) }),
    }));
    const news = {
      ...because('new', fresh),
      items: [
        ...others.flatMap(({ reason, finding }) => because(reason, finding).items),
        ...because('new', fresh).items,
      ],
    };
    const said = text({ findings: [...others.map(({ finding }) => finding), fresh] }, { news });
    expect(said.match(/(?<=name of )\S+/g)?.slice(0, 3)).toEqual(['fresh', 'milestone', 'untold']);
  });

  test('has a digest of one line with the worst three', () => {
    const known = ['a', 'b', 'c', 'd'].map((id) =>
      on(id, { status: 'known', firstSeen: daysAgo(20), severity: id === 'd' ? 'high' : 'medium' }),
    );
    const fresh = on('fresh');
    const news = { ...because('new', fresh), digest: known.map(({ fingerprint }) => fingerprint) };
    const sent = message({ findings: [...known, fresh] }, { news });
    expect(textOf(sent?.payload as unknown as Payload)).toContain(
      'Still open, reported before: 4 (1 high, 3 medium). The worst: name of d: unused since 12 Aug (20 days ago); ' +
        'name of a: unused since 12 Aug (20 days ago); name of b: unused since 12 Aug (20 days ago).',
    );
    expect(sent?.told).toEqual({
      posted: true,
      digest: true,
      findings: new Set([...known, fresh].map(({ fingerprint }) => fingerprint)),
    });
  });

  test('has no digest for an incomplete audit, which is not remembered', () => {
    const known = on('a', { status: 'known', firstSeen: daysAgo(20) });
    const news = { ...NO_NEWS, digest: [known.fingerprint] };
    const sent = message({ findings: [known], complete: false }, { news });
    expect(sent?.told).toEqual({ posted: true, findings: new Set(), digest: false });
    expect(text({ findings: [known], complete: false }, { news })).not.toContain('Still open');
  });

  test('lists a credential that expired as expired, not as resolved', () => {
    const ended = sampleCredential({ id: 'z', expiresAt: daysAgo(0) });
    const news = { ...NO_NEWS, resolved: [resolved('z', { rule: 'expiring-soon' }), resolved('y')] };
    expect(text({ credentials: [ended] }, { news })).toContain(
      'Resolved: y (unused). Expired: nightly export · z (expiring-soon).',
    );
  });

  test('lists the most severe first', () => {
    const findings = SEVERITIES.map((severity) => on(severity, { severity }));
    const said = text({ findings });
    const places = ['critical', 'high', 'medium', 'low'].map((id) => said.indexOf(`name of ${id}`));
    expect(places).toEqual([...places].sort((a, b) => a - b));
    expect(places[0]).toBeGreaterThan(0);
  });

  test.each([
    [-5, 'expires 6 Sep (in 5 days)'],
    [-150, 'expires 29 Jan 2027 (in 150 days)'],
    [0, 'expired 1 Sep (less than an hour ago)'],
    [3, 'expired 29 Aug (3 days ago)'],
  ])('writes an end %d days ago as a date and its distance', (days, expected) => {
    const credential = sampleCredential({ expiresAt: daysAgo(days) });
    expect(text({ findings: [sampleFinding({ credential })] })).toContain(` · ${expected} · rule `);
  });

  test.each([
    ['expires in 7 days, on 2026-09-08: replace it', 'expires in 7 days, on 8 Sep: replace it'],
    ['until 2027-03-01 (limit 180)', 'until 1 Mar 2027 (limit 180)'],
    ['role 2026-99-99 and 12026-01-01', 'role 2026-99-99 and 12026-01-01'],
  ])('writes the dates of %j like its own', (said, expected) => {
    const { payload, fallback } = message({ findings: [on('a', { message: said })] }) ?? {};
    for (const shown of [payload, fallback]) expect(textOf(shown as unknown as Payload)).toContain(expected);
  });

  test('says when a finding that is repeated was first seen', () => {
    const known = on('a', { status: 'known', firstSeen: daysAgo(20) });
    expect(text({ findings: [known] }, { news: because('milestone', known) })).toContain(
      ' · first seen 12 Aug (20 days ago) · rule ',
    );
  });

  test('starts with what is new, then what was resolved, then the rest', () => {
    const fresh = on('fresh', { status: 'new' });
    const old = on('old', { status: 'known', firstSeen: daysAgo(20) });
    const news = { ...because('new', fresh), resolved: [resolved('gone')], digest: [old.fingerprint] };
    const said = text({ findings: [fresh, old] }, { news });
    const places = ['1 new, 1 resolved', 'name of fresh', 'Resolved: gone', 'Still open', 'Open: '].map(
      (part) => said.indexOf(part),
    );
    expect(places).toEqual([...places].sort((a, b) => a - b));
    expect(Math.min(...places)).toBeGreaterThan(-1);
  });

  test('has words for a waiver, a blank name and a missing owner', () => {
    const nameless = sampleFinding({ credential: sampleCredential({ name: '  ', owner: null }) });
    const said = text({ findings: [nameless, sampleFinding({ credential: null, rule: 'waiver-expired' })] });
    expect(said).toContain('MEDIUM  (no name) · personal client pc-1');
    expect(said).toContain('Owner: not known');
    expect(said).toContain('MEDIUM  waiver\n');
  });

  test('links only web addresses', () => {
    const local = { findings: [on('a')], tenant: '127.0.0.1' };
    expect(text(local, { runUrl: undefined })).not.toContain('ConductorOne <');
    expect(text(local, { runUrl: 'javascript:alert(1)' })).not.toContain('javascript');
    expect(text({ ...local, tenant: 'localhost' }, { runUrl: undefined })).not.toContain('<http');
  });
});

describe('whom it concerns', () => {
  const owner: Owner = {
    id: 'user-1',
    name: 'Jo Doe',
    email: 'Jo@acme.example',
    status: 'active',
    type: 'human',
    roles: [],
    managers: [
      { id: 'm1', name: 'Max', email: 'max@acme.example' },
      { id: 'm2', name: '', email: 'mia@acme.example' },
    ],
  };
  const findings = [on('a')];

  test.each([
    ['U012345', 'Owner: <@U012345>\n'],
    ['S012345', 'Owner: <!subteam^S012345>\n'],
    ['@channel', 'Owner: Jo Doe <jo@acme.example>\n'],
  ])('mentions the owner as %s', (id, expected) => {
    expect(
      text({ findings }, { settings: { mentions: { 'jo@acme.example': id } }, owners: [owner] }),
    ).toContain(expected);
  });

  test.each(['gone', 'deleted', 'disabled'] as const)(
    'names an owner who is %s with that state, and labels the managers who are addressed instead',
    (status) => {
      const mentions = { 'jo@acme.example': 'UJO', 'max@acme.example': 'UMAX1' };
      const said = text({ findings }, { owners: [{ ...owner, status }], settings: { mentions } });
      expect(said).toContain(
        `Owner: Jo Doe <jo@acme.example> (${status}), managers: <@UMAX1>, mia@acme.example\n`,
      );
      expect(said).not.toContain('<@UJO>');
    },
  );

  const away: Owner = { ...owner, status: 'disabled', managers: [] };

  test('says if no active manager is known', () => {
    expect(text({ findings }, { owners: [away] })).toContain('(disabled), no active manager known\n');
  });

  test.each([
    ['UFALL', '<@UFALL>'],
    ['SFALL', '<!subteam^SFALL>'],
  ])('addresses the fallback %s, labelled, if no active manager is known', (fallback, mention) => {
    expect(text({ findings }, { owners: [away], settings: { fallback } })).toContain(
      `(disabled), no active manager known, fallback: ${mention}\n`,
    );
  });

  test('does not address the fallback if the owner or a manager can act', () => {
    for (const able of [owner, { ...owner, status: 'disabled' as const }]) {
      expect(text({ findings }, { owners: [able], settings: { fallback: 'UFALL' } })).not.toContain('UFALL');
    }
  });

  test('names the owner in the replies of a thread and in the text alone as well', () => {
    const many = Array.from({ length: 60 }, (_, index) => on(`key-${index}`));
    const owners = [{ ...away, managers: owner.managers }];
    const sent = message({ findings: many }, { owners });
    const replies = repliesOf(sent, owners);
    const short = replies.flatMap((reply) => textOf(reply as unknown as Payload).split('\n'));
    expect(short).toHaveLength(55);
    for (const line of short) {
      expect(line).toMatch(/, owner Jo Doe <jo@acme.example> \(disabled\), manager: Max <max@acme.example>$/);
    }
    const alone = textOf(sent?.fallback as unknown as Payload).split('\n');
    expect(alone.filter((line) => line.startsWith('• '))[0]).toContain('(disabled)');
  });
});

describe('numbers', () => {
  test('counts in the header what the body lists, and less severe findings separately', () => {
    const findings = [
      on('a', { severity: 'high' }),
      on('b', { severity: 'low' }),
      on('c', { severity: 'info' }),
    ];
    const said = text({ findings });
    expect(said.split('\n')[0]).toBe(`API credentials of ${TENANT}: 2 findings`);
    expect(said).toContain('Open: 1 high, 1 low; 1 below low, not listed.');
    expect(said).not.toContain('name of c');
  });

  test('does not mention less severe findings if there are none', () => {
    expect(text({ findings: [on('a')] })).toContain('Open: 1 medium.');
  });
});

describe('a long report is one message', () => {
  const many = (length: number) =>
    Array.from({ length }, (_, index) =>
      on(`credential-${index}`, { severity: index < 7 ? 'critical' : 'medium' }),
    );
  const entriesIn = (said: string) => said.match(/^Fix: /gm)?.length;

  test('has an entry for each of ten findings', () => {
    const said = text({ findings: many(10) });
    expect(said.split('\n')[0]).toBe(`API credentials of ${TENANT}: 10 findings`);
    for (const { credential } of many(10)) expect(said).toContain(`${credential?.name} · `);
    expect(entriesIn(said)).toBe(10);
    expect(said).not.toMatch(/ more|Owners with the most/);
  });

  test('has counts, the five worst and the owners with the most for eleven', () => {
    const owners = ['Ann', 'Bea', 'Bea', 'Cy'].map((name) => ({ id: name, name, email: '' }));
    const findings = many(11).map((finding, index) =>
      sampleFinding({
        ...finding,
        credential: sampleCredential({ ...finding.credential, owner: owners[index % 4] ?? null }),
      }),
    );
    const said = text({ findings }).split('\n');
    expect(said.slice(0, 2)).toEqual([
      `API credentials of ${TENANT}: 11 findings`,
      '🔴 7 critical   🟡 4 medium',
    ]);
    expect(said.filter((line) => line.startsWith('🔴 CRITICAL'))).toHaveLength(5);
    expect(entriesIn(said.join('\n'))).toBe(5);
    expect(said.slice(-4)).toEqual([
      'Owners with the most: Bea: 6; Ann: 3; Cy: 2',
      'and 6 more',
      '11 credentials (of the whole tenant), every source read completely. Open: 7 critical, 4 medium.',
      `This run, with the full report <${RUN_URL}> · ConductorOne <https://${TENANT}/>`,
    ]);
  });

  test('names an owner with many findings in words, with the state', () => {
    const owner: Owner = {
      ...{ id: 'user-1', name: 'Jo Doe', email: 'jo@acme.example', type: 'human', roles: [], managers: [] },
      status: 'deleted',
    };
    const mentions = { 'jo@acme.example': 'UJO' };
    const said = text({ findings: many(11) }, { owners: [owner], settings: { mentions } });
    expect(said).toContain('Owners with the most: Jo Doe <jo@acme.example> (deleted): 11\n');
    expect(said).not.toContain('<@UJO>');
  });

  test('counts all of 5,000 findings as reported', () => {
    const sent = message({ findings: many(5000) });
    expect(textOf(sent?.payload as unknown as Payload)).toContain('\nand 4,995 more\n');
    expect(sent?.told.findings.size).toBe(5000);
    expect(textOf(sent?.fallback as unknown as Payload)).toContain('and 4,980 more');
  });

  test('says that the others are in the thread, where they are', () => {
    const sent = message({ findings: many(500) }, { hasThread: true });
    expect(textOf(sent?.payload as unknown as Payload)).toContain('\nand 495 more, in the thread\n');
    const replies = repliesOf(sent);
    for (const reply of replies) expectTaken(reply);
    const said = replies
      .map((reply) => textOf(reply as unknown as Payload))
      .join('\n')
      .split('\n');
    expect(said).toHaveLength(495);
    expect(said[0]).toBe(
      '• 🔴 critical name of credential-5 · credential-5: last used 92 days ago (limit 90): revoke it, or use it (unused), owner Jo Doe',
    );
    expect(replies.length).toBeLessThanOrEqual(15);
    expect(repliesOf(message({ findings: many(10) }))).toEqual([]);
  });

  test('ends a very long thread with the number of the others', () => {
    const replies = repliesOf(message({ findings: many(5000) }));
    expect(replies).toHaveLength(20);
    const said = replies
      .map((reply) => textOf(reply as unknown as Payload))
      .join('\n')
      .split('\n');
    expect(said.at(-1)).toBe(
      `and ${(5000 - 5 - (said.length - 1)).toLocaleString('en')} more, in the full report`,
    );
  });

  test('cuts long texts before it leaves out one of ten findings', () => {
    const long = 'x'.repeat(3000);
    const findings = many(10).map(({ credential, ...finding }, index) =>
      sampleFinding({
        ...finding,
        message: long,
        fix: long,
        rule: `r${index}`,
        credential: sampleCredential({
          ...credential,
          name: long,
          owner: { id: 'u', name: long, email: `${long}@x.y` },
        }),
      }),
    );
    const said = text({ findings }, { news: because('new', ...findings) });
    expect(entriesIn(said)).toBe(10);
    expect(said).not.toContain(' more');
  });

  test.each([-1, 0])('has no entries where there is room for %d bytes', (room) => {
    const people = { asOf: AS_OF, owners: new Map(), mentions: new Map() };
    expect(entryBlocks([{ finding: on('a'), reasons: [] }], room, people)).toEqual([]);
  });

  test.each([
    ['invisible characters, which are written out', '\u200b', 10],
    ['invisible characters, of many findings', '\u200b', 40],
    ['three bytes a character', '漢', 10],
    ['three bytes a character, of many findings', '漢', 40],
  ])('has room for entries if everything is long: %s', (_title, character, length) => {
    const long = character.repeat(3000);
    const findings = many(length).map(({ credential, ...finding }, index) =>
      sampleFinding({
        ...finding,
        message: long,
        fix: long,
        rule: `${long}${index}`,
        credential: sampleCredential({
          ...{ id: `${index}${long}`, name: long },
          owner: { id: `${index % 7}${long}`, name: long, email: `${long}@x.y` },
        }),
      }),
    );
    const news = {
      ...because('new', ...findings),
      resolved: Array.from({ length: 20 }, (_, index) => resolved(`${index}${long}`, { rule: long })),
      digest: findings.map(({ fingerprint }) => fingerprint),
    };
    const sent = message({ findings, complete: false, notes: [long, `${long}2`] }, { news, hasThread: true });
    if (sent === undefined) throw new Error('nothing was sent');
    expectTaken(sent.payload);
    expectTaken(sent.fallback);
    expect(sent.entries).toBeGreaterThan(0);
    const more = length - sent.entries;
    const said = textOf(sent.payload as unknown as Payload);
    if (more > 0) expect(said).toContain(`\nand ${more} more, in the thread\n`);
    const replies = repliesOf(sent);
    for (const reply of replies) expectTaken(reply);
    expect(replies.flatMap((reply) => textOf(reply as unknown as Payload).split('\n'))).toHaveLength(more);
  });

  test('stays within the limits for any text', () => {
    const words = fc.string({ unit: 'grapheme', maxLength: 400 });
    const finding = fc.record({
      id: words,
      name: words,
      owner: fc.option(fc.record({ id: words, name: words, email: words })),
      message: words,
      fix: words,
      severity: fc.constantFrom(...SEVERITIES),
    });
    const input = fc.record({
      findings: fc.array(finding, { maxLength: 60 }),
      gone: fc.array(words, { maxLength: 30 }),
      notes: fc.array(words, { maxLength: 12 }),
      complete: fc.boolean(),
      history: fc.boolean(),
    });
    fc.assert(
      fc.property(input, ({ findings, gone, notes, complete, history }) => {
        const found = findings.map(({ id, name, owner, ...rest }) =>
          sampleFinding({ ...rest, credential: sampleCredential({ id, name, owner }) }),
        );
        const half = found.slice(0, found.length / 2);
        const news = {
          ...because('new', ...half),
          digest: found.slice(found.length / 2).map(({ fingerprint }) => fingerprint),
          resolved: gone.map((id) => resolved(id, { rule: id })),
        };
        const sent = message(
          { findings: found, notes, complete },
          { news: history ? news : undefined, settings: { when: 'always' } },
        );
        if (sent === undefined) throw new Error('nothing was sent');
        expectTaken(sent.payload);
        expectTaken(sent.fallback);
        for (const reply of repliesOf(sent)) expectTaken(reply);
      }),
      { numRuns: 150 },
    );
  });
});

describe('hostile names', () => {
  test.each(HOSTILE_NAMES)('%s', (_title, name) => {
    const owner = { id: name, name, email: name };
    const credential = sampleCredential({ id: name, name, owner });
    const finding = sampleFinding({ credential, message: name, fix: name, rule: name });
    const news = { ...because('new', finding), resolved: [resolved(name, { rule: name })] };
    const sent = message({ findings: [finding], notes: [name], complete: false }, { news });
    if (sent === undefined) throw new Error('nothing was sent');
    expectTaken(sent.payload);
    // Shown as it is, in places where Slack reads no markup; nothing that hides or redirects is left.
    const kinds = new Set((sent.payload.blocks ?? []).map(({ type }) => type));
    expect([...kinds].sort()).toEqual(['context', 'header', 'rich_text']);
    const json = JSON.stringify(sent.payload);
    expect(json).not.toMatch(/"type":"mrkdwn"|"type":"user"/);
    expect(textOf(sent.payload as unknown as Payload).replaceAll('\n', '')).not.toMatch(
      /[\p{Cc}\u202a-\u202e\u2066-\u2069]/u,
    );
    for (const { text: shown } of [sent.payload, sent.fallback]) {
      expect(shown).not.toMatch(/[<>]|&(?!amp;|lt;|gt;)/);
      expect(shown).not.toMatch(/[*_~`]/);
    }
    expect(sent.fallback.mrkdwn).toBe(false);
  });
});

describe('heartbeat', () => {
  const beat = (
    heartbeat: SlackSettings['heartbeat'],
    lastPostedAt: string | null,
    findings: readonly Finding[] = [],
  ) =>
    message(
      { findings, credentials: [sampleCredential()] },
      { news: { ...NO_NEWS, lastPostedAt }, settings: { heartbeat } },
    );

  test('is one line', () => {
    const sent = beat('daily', daysAgo(1), [on('a', { status: 'known' })]);
    const line = `c1-audit is still running on ${TENANT}: 2 credentials, nothing new, 1 known finding open.`;
    expect(textOf(sent?.payload as unknown as Payload)).toBe(line);
    expect(sent?.payload.text).toBe(line);
    expect(sent?.told).toEqual({ posted: true, findings: new Set(), digest: false });
    if (sent) expectTaken(sent.payload);
  });

  test.each([
    ['daily', 1, true],
    // The nightly job started a little earlier than the night before.
    ['daily', 0.98, true],
    ['daily', 0.4, false],
    ['weekly', 7, true],
    ['weekly', 6.98, true],
    ['weekly', 6, false],
  ] as const)('%s, %d days after the last message: %s', (heartbeat, days, posted) => {
    const last = new Date(Date.parse(AS_OF) - days * DAY).toISOString();
    expect(beat(heartbeat, last) !== undefined).toBe(posted);
  });

  test('comes at once if nothing was ever posted', () => {
    expect(beat('weekly', null)).toBeDefined();
  });

  test('without a history comes in every quiet run if daily, and never if weekly', () => {
    const alone = (heartbeat: 'daily' | 'weekly') => message({}, { settings: { heartbeat } });
    expect(textOf(alone('daily')?.payload as unknown as Payload)).toContain('no credentials, no findings.');
    expect(alone('weekly')).toBeUndefined();
  });

  test('is not sent in addition to a message', () => {
    expect(text({ findings: [on('a')] }, { settings: { heartbeat: 'daily' } })).not.toContain(
      'still running',
    );
  });
});

test('the dry run is the payload, or null', () => {
  const report = fullReport();
  const told = { news: undefined, settings: SETTINGS, runUrl: RUN_URL };
  expect(slackDryRun({ ...told, report }, false)).toEqual({ message: message(report)?.payload, thread: [] });
  expect(slackDryRun({ ...told, report: sampleReport() }, true)).toEqual({ message: null, thread: [] });
});

test('a run without a report says that nothing was checked', () => {
  const { payload, fallback } = failureNotice({
    message: 'ConductorOne refused the credential',
    hint: 'Make a new one.',
    tenant: TENANT,
    runUrl: RUN_URL,
  });
  expectTaken(payload);
  expectTaken(fallback);
  expect(textOf(payload as unknown as Payload)).toContain(
    `NO AUDIT of ${TENANT}: nothing was checked\nConductorOne refused the credential\nMake a new one.`,
  );
});
