import { createHash } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import type { Waiver } from '../../src/config/config.js';
import { DAY, type Finding, type ReportedCredential } from '../../src/contract/index.js';
import { startOfDate } from '../../src/contract/time.js';
import { fingerprint } from '../../src/engine/finding.js';
import {
  endOfDate,
  globProblem,
  nameMatcher,
  WAIVER_RULES,
  waiverDateProblem,
  waiverId,
} from '../../src/engine/waivers.js';
import { applyWaivers } from '../helpers/follow-up.js';

const NOW = Date.parse('2027-01-01T12:00:00Z');

const JO = { id: 'user-1', name: 'Jo', email: 'jo@acme.example' };
const OWNER = JO.email;

function credential(id: string, name = id, owner: ReportedCredential['owner'] = JO): ReportedCredential {
  return {
    kind: 'personal-client',
    id,
    clientId: `client-${id}@acme.conductor.one/pcc`,
    name,
    self: false,
    owner,
    createdAt: null,
    expiresAt: null,
    lastUsedAt: null,
    allowedCidrs: [],
    scopedRoles: [],
  };
}

function finding(
  rule: string,
  of: ReportedCredential | null,
  outcome: Finding['outcome'] = 'violation',
): Finding {
  return {
    fingerprint: fingerprint('acme', rule, 'personal-client', of?.id ?? ''),
    rule,
    severity: 'high',
    outcome,
    status: null,
    messageId: 'm',
    message: 'found',
    data: {},
    fix: 'mend',
    credential: of,
    waiver: null,
    firstSeen: null,
  };
}

function waiver(change: Partial<Waiver> = {}): Waiver {
  return {
    rule: 'unused',
    credential: 'a',
    reason: 'quarterly',
    approvedBy: 'me@acme.example',
    expires: '2027-06-30',
    ...change,
  };
}

const A = credential('a', 'ci-a');
const B = credential('b', 'ci-b');

type Input = Parameters<typeof applyWaivers>[0];

function apply(change: Partial<Input>) {
  return applyWaivers({
    tenant: 'acme',
    now: NOW,
    waivers: [],
    findings: [finding('unused', A), finding('no-expiry', A), finding('unused', B)],
    credentials: [A, B],
    wouldSeeAll: () => true,
    ...change,
  });
}

/** Rule and credential of what is waived. */
const waivedOf = ({ findings }: { findings: readonly Finding[] }) =>
  findings.filter(({ status }) => status === 'waived').map(({ rule, credential: of }) => `${rule} ${of?.id}`);

describe('what a waiver covers', () => {
  test.each<[string, Partial<Waiver>, string[]]>([
    ['an id', { credential: 'a' }, ['unused a']],
    ['a client id', { credential: A.clientId }, ['unused a']],
    ['a client id without host and suffix', { credential: 'client-a' }, ['unused a']],
    ['a part of an id', { credential: 'client' }, []],
    ['an id in another case', { credential: 'A' }, []],
    ['a name that is no id', { credential: 'ci-a' }, []],
    ['all rules', { rule: '*', credential: 'a' }, ['unused a', 'no-expiry a']],
    ['a rule that finds nothing', { rule: 'expired', credential: 'a' }, []],
    ['a glob', { credential: { name: 'ci-*', owner: OWNER } }, ['unused a', 'unused b']],
    [
      'a glob for all rules',
      { rule: '*', credential: { name: '*', owner: OWNER } },
      ['unused a', 'no-expiry a', 'unused b'],
    ],
    [
      'a pattern for all rules, by the id of the owner',
      { rule: '*', credential: { name: '*', owner: 'user-1' } },
      ['unused a', 'no-expiry a', 'unused b'],
    ],
    [
      'a pattern of several owners',
      { credential: { name: '*-a', owner: ['x', 'jo@acme.example'] } },
      ['unused a'],
    ],
    ['a pattern of another owner', { credential: { name: '*', owner: 'eve@acme.example' } }, []],
    ['a pattern of a part of an owner', { credential: { name: '*', owner: 'jo' } }, []],
    ['a pattern of an owner in another case', { credential: { name: '*', owner: 'Jo@acme.example' } }, []],
    ["a pattern of an owner's display name", { credential: { name: '*', owner: 'Jo' } }, []],
    ['a glob that matches an id, not a name', { credential: { name: 'a', owner: OWNER } }, []],
  ])('%s', (_, change, expected) => {
    expect(waivedOf(apply({ waivers: [waiver(change)] }))).toEqual(expected);
  });

  test('a covered finding carries the waiver; the others are the same objects', () => {
    const findings = [finding('unused', A), finding('unused', B)];
    const { findings: after, hygiene } = apply({ findings, waivers: [waiver()] });
    expect(after[0]).toEqual({
      ...findings[0],
      status: 'waived',
      waiver: { reason: 'quarterly', approvedBy: 'me@acme.example', expires: '2027-06-30' },
    });
    expect(after[1]).toBe(findings[1]);
    expect(hygiene).toEqual([]);
  });

  test('covers an unknown like a violation, and it stays unknown', () => {
    const { findings, hygiene } = apply({ findings: [finding('unused', A, 'unknown')], waivers: [waiver()] });
    expect(findings[0]).toMatchObject({
      outcome: 'unknown',
      status: 'waived',
      waiver: { reason: 'quarterly' },
    });
    expect(hygiene).toEqual([]);
  });

  test('findings without a credential are never covered', () => {
    const { findings } = apply({
      findings: [finding('unused', null)],
      waivers: [waiver({ rule: '*', credential: { name: '*', owner: OWNER } })],
    });
    expect(findings[0]?.status).toBeNull();
  });

  test.each([
    'owner-inactive',
    'exposed',
    'scope-widened',
    'network-widened',
    'woke-up',
    'credential-appeared',
  ])('%s is not covered by *, only by its own name', (rule) => {
    const waived = (change: Partial<Waiver>) =>
      waivedOf(apply({ findings: [finding(rule, A), finding('unused', A)], waivers: [waiver(change)] }));
    expect(waived({ rule: '*' })).toEqual(['unused a']);
    expect(waived({ rule: '*', credential: { name: '*', owner: OWNER } })).toEqual(['unused a']);
    expect(waived({ rule })).toEqual([`${rule} a`]);
  });

  test.each([
    ['an owner that is not known', { id: 'user-1', name: '', email: '' }, 'jo@acme.example'],
    ['no owner', null, ''],
    ['an owner without an email', { id: 'user-2', name: '', email: '' }, ''],
    ['an owner without an id', { id: '', name: '', email: 'x@acme.example' }, ''],
  ])('a pattern does not cover the credential of %s', (_, owner, named) => {
    const other = credential('x', 'ci-x', owner);
    const waivers = [waiver({ credential: { name: '*', owner: named } })];
    expect(waivedOf(apply({ findings: [finding('unused', other)], waivers }))).toEqual([]);
  });

  test('an empty client id matches nothing', () => {
    const blank = { ...A, id: 'x', clientId: '' };
    expect(
      waivedOf(apply({ findings: [finding('unused', blank)], waivers: [waiver({ credential: '' })] })),
    ).toEqual([]);
  });

  test('a client id without a host is matched completely', () => {
    const plain = { ...A, clientId: 'plain-id' };
    const waived = (name: string) =>
      waivedOf(apply({ findings: [finding('unused', plain)], waivers: [waiver({ credential: name })] }));
    expect(waived('plain-id')).toEqual(['unused a']);
    expect(waived('plain-i')).toEqual([]);
  });

  test('of several waivers, all match and the one that ends last is shown', () => {
    const waivers = [
      waiver({ reason: 'first', expires: '2027-03-01' }),
      waiver({ reason: 'last', expires: '2027-05-01', credential: { name: 'ci-*', owner: OWNER } }),
      waiver({ reason: 'as late', expires: '2027-05-01', rule: '*' }),
    ];
    const { findings, hygiene } = apply({ waivers });
    expect(findings[0]?.waiver?.reason).toBe('last');
    expect(hygiene).toEqual([]);
  });
});

describe('when a waiver covers', () => {
  const midnight = Date.parse('2027-02-01T00:00:00.000Z');
  const ending = [waiver({ expires: '2027-01-31' })];
  const ids = (now: number) => apply({ waivers: ending, now }).hygiene.map(({ rule }) => rule);

  test('until the last millisecond of its last day', () => {
    expect(waivedOf(apply({ waivers: ending, now: midnight - 1 }))).toEqual(['unused a']);
    expect(waivedOf(apply({ waivers: ending, now: midnight }))).toEqual([]);
    expect(ids(midnight - 1)).toEqual(['waiver-expiring']);
    expect(ids(midnight)).toEqual(['waiver-expired']);
  });

  test('is reported from exactly 14 days before its end', () => {
    expect(ids(midnight - 14 * DAY)).toEqual(['waiver-expiring']);
    expect(ids(midnight - 14 * DAY - 1)).toEqual([]);
  });

  test('a date that does not exist covers nothing', () => {
    const { findings, hygiene } = apply({ waivers: [waiver({ expires: '2027-02-30' })] });
    expect(findings.every(({ status }) => status === null)).toBe(true);
    expect(hygiene.map(({ rule }) => rule)).toEqual(['waiver-expired']);
  });

  test('a waiver that has ended covers nothing and is reported, even if a renewed one exists', () => {
    const { findings, hygiene } = apply({ waivers: [waiver({ expires: '2026-12-31' }), waiver()] });
    expect(findings[0]?.waiver?.expires).toBe('2027-06-30');
    expect(hygiene.map(({ rule }) => rule)).toEqual(['waiver-expired']);
  });
});

describe('findings on waivers', () => {
  const message = (change: Partial<Waiver>, now = NOW) =>
    apply({ waivers: [waiver(change)], now }).hygiene[0]?.message;

  test('have no credential, and their own fingerprint', () => {
    const ended = waiver({ expires: '2026-12-31' });
    const id = createHash('sha256')
      .update('["unused",["id","a"],"me@acme.example","2026-12-31"]')
      .digest('hex');
    expect(apply({ waivers: [ended] }).hygiene).toEqual([
      {
        fingerprint: createHash('sha256').update(`acme|waiver-expired|waiver|${id}`).digest('hex'),
        rule: 'waiver-expired',
        severity: 'medium',
        outcome: 'violation',
        status: null,
        messageId: 'expired',
        message: 'the waiver of unused for a ended on 2026-12-31 and no longer covers anything',
        data: { ...ended },
        fix: WAIVER_RULES.expired.docs.fix,
        credential: null,
        waiver: null,
        firstSeen: null,
      },
    ]);
  });

  test('say what is wrong', () => {
    expect(message({ expires: '2027-01-01' })).toBe(
      'the waiver of unused for a ends today, after 2027-01-01',
    );
    expect(message({ expires: '2027-01-02' })).toBe(
      'the waiver of unused for a ends in 1 day, after 2027-01-02',
    );
    expect(message({ expires: '2027-01-03', rule: '*' })).toBe(
      'the waiver of all rules for a ends in 2 days, after 2027-01-03',
    );
    expect(message({ rule: 'expired' })).toBe(
      'the waiver of expired for a covers nothing: the rule reports nothing there',
    );
    expect(message({ rule: 'expired', credential: { name: 'ci-*', owner: OWNER } })).toBe(
      'the waiver of expired for names like ci-* of jo@acme.example covers nothing: the rule reports nothing there',
    );
    expect(message({ rule: 'expired', credential: { name: '*-b', owner: OWNER } })).toBe(
      'the waiver of expired for names like *-b of jo@acme.example covers nothing: the rule reports nothing there',
    );
    expect(message({ credential: 'c' })).toBe(
      'the waiver of unused for c covers nothing: there is no such credential',
    );
    expect(message({ credential: { name: 'x*', owner: OWNER } })).toBe(
      'the waiver of unused for names like x* of jo@acme.example covers nothing: there is no such credential',
    );
  });

  test('severities: ended medium, unmatched low, ending info', () => {
    const { hygiene } = apply({
      waivers: [
        waiver({ expires: '2026-01-01' }),
        waiver({ credential: 'c' }),
        waiver({ expires: '2027-01-02' }),
      ],
    });
    expect(hygiene.map(({ rule, severity }) => [rule, severity])).toEqual([
      ['waiver-expired', 'medium'],
      ['waiver-unmatched', 'low'],
      ['waiver-expiring', 'info'],
    ]);
    expect(Object.values(WAIVER_RULES).map(({ id, severity }) => [id, severity])).toEqual([
      ...hygiene.map(({ rule, severity }) => [rule, severity]),
      ['waiver-covers', 'info'],
    ]);
  });

  test('use a configured severity', () => {
    const severities = new Map([['waiver-unmatched', 'critical'] as const]);
    const { hygiene } = apply({
      waivers: [waiver({ credential: 'c' }), waiver({ expires: '2026-01-01' })],
      severities,
    });
    expect(hygiene.map(({ severity }) => severity)).toEqual(['critical', 'medium']);
  });

  test('a waiver of what was not read completely is not unmatched, but may end soon or have ended', () => {
    const waivers = [
      waiver({ credential: 'c' }),
      waiver({ credential: 'd', expires: '2027-01-02' }),
      waiver({ credential: 'e', expires: '2026-01-02' }),
      waiver({ credential: 'f', rule: '*' }),
      waiver({ credential: 'g', rule: 'no-expiry' }),
    ];
    const { hygiene } = apply({ waivers, wouldSeeAll: (rule) => rule === 'no-expiry' });
    expect(hygiene.map(({ rule, data }) => [rule, data.credential])).toEqual([
      ['waiver-expiring', 'd'],
      ['waiver-expired', 'e'],
      ['waiver-unmatched', 'g'],
    ]);
  });

  test('a waiver is not unmatched if its rule did not judge credentials of its kind', () => {
    const judged: [string, string[]][] = [];
    const { hygiene } = apply({
      waivers: [
        waiver({ rule: 'expired', credential: 'a' }),
        waiver({ rule: 'expired', credential: 'nobody' }),
      ],
      wouldSeeAll: (rule, kinds) => {
        judged.push([rule, [...kinds]]);
        return kinds.size === 0;
      },
    });
    expect(judged).toEqual([
      ['expired', [A.kind]],
      ['expired', []],
    ]);
    expect(hygiene.map(({ rule, data }) => [rule, data.credential])).toEqual([
      ['waiver-unmatched', 'nobody'],
    ]);
  });

  test('a waiver keeps its identity wherever it is in the file; a renewed one gets another', () => {
    const before = waiverId(waiver());
    expect(waiverId(waiver({ reason: 'in other words' }))).toBe(before);
    expect(waiverId(waiver({ expires: '2027-07-01' }))).not.toBe(before);
    const byName = createHash('sha256')
      .update('["unused",["name","a","jo@acme.example"],"me@acme.example","2027-06-30"]')
      .digest('hex');
    expect(waiverId(waiver({ credential: { name: 'a', owner: OWNER } }))).toBe(byName);
    expect(byName).not.toBe(before);
  });
});

describe('what a waiver by name covers for the first time', () => {
  const byName = (change: Partial<Waiver> = {}, name = 'ci-*', owner: string | string[] = OWNER) =>
    waiver({ credential: { name, owner }, ...change });
  const coveredBy = (...waivers: Waiver[]) =>
    [...apply({ waivers }).covered].map(([id, keys]) => [id, [...keys]] as const);
  const idOf = (one: Waiver, tenant = 'acme') => [...apply({ tenant, waivers: [one] }).covered.keys()][0];

  test('is remembered for each pattern, whether it covers anything or not', () => {
    const nothing = byName({}, 'x*');
    const ended = byName({ rule: 'expired', expires: '2026-12-31' }, '*');
    expect(coveredBy(waiver(), byName(), nothing, ended)).toEqual([
      [idOf(byName()), ['personal-client|a', 'personal-client|b']],
      [idOf(nothing), []],
      [idOf(ended), []],
    ]);
    expect(coveredBy(waiver())).toEqual([]);
  });

  test('belongs to tenant, rule, name and owners, not to the rest of the waiver', () => {
    const same = [
      byName(),
      byName({ expires: '2027-07-01', reason: 'again', approvedBy: 'you@acme.example' }),
      byName({}, 'ci-*', [OWNER]),
    ];
    expect(new Set(same.map((one) => idOf(one))).size).toBe(1);
    expect(idOf(byName({}, 'ci-*', ['a', 'b']))).toBe(idOf(byName({}, 'ci-*', ['b', 'a'])));
    const others = [
      idOf(byName()),
      idOf(byName(), 'beta'),
      idOf(byName({ rule: 'expired' })),
      idOf(byName({}, 'ci-?')),
      idOf(byName({}, 'ci-*', 'user-1')),
      idOf(byName({}, 'ci-*', [OWNER, 'user-1'])),
    ];
    expect(new Set(others).size).toBe(others.length);
    for (const id of others) expect(id).toMatch(/^[0-9a-f]{64}$/);
  });

  test('is reported once, unless no state is kept', () => {
    const one = byName({}, 'ci-*', ['user-1', OWNER]);
    const id = idOf(one) ?? '';
    const news = (covered: Input['covered'], waivers = [one]) =>
      apply({ waivers, covered }).hygiene.map(({ rule, message }) => `${rule}: ${message}`);
    const first = (name: string, key: string) =>
      `waiver-covers: the waiver of unused for names like ci-* of jo@acme.example or user-1 covers "${name}" (personal-client ${key}) for the first time`;
    expect(news({})).toEqual([first('ci-a', 'a'), first('ci-b', 'b')]);
    expect(news({ [id]: ['personal-client|a'] })).toEqual([first('ci-b', 'b')]);
    expect(news({ [id]: [], other: ['personal-client|a'] })).toHaveLength(2);
    expect(news({ [id]: ['personal-client|a', 'personal-client|b'] })).toEqual([]);
    expect(news(undefined)).toEqual([]);
    expect(news({}, [waiver()])).toEqual([]);
  });

  test('is reported with the waiver and the credential, once for all findings on it', () => {
    const one = byName({ rule: '*' }, 'ci-a');
    const { hygiene } = apply({ waivers: [one], covered: {} });
    const { kind, id, clientId, name, owner } = A;
    expect(hygiene).toEqual([
      {
        fingerprint: fingerprint('acme', 'waiver-covers', 'waiver', `${idOf(one)}|personal-client|a`),
        rule: 'waiver-covers',
        severity: 'info',
        outcome: 'violation',
        status: null,
        messageId: 'covers',
        message:
          'the waiver of all rules for names like ci-a of jo@acme.example covers "ci-a" (personal-client a) for the first time',
        data: { ...one, covers: { kind, id, clientId, name, owner } },
        fix: WAIVER_RULES.covers.docs.fix,
        credential: null,
        waiver: null,
        firstSeen: null,
      },
    ]);
  });
});

describe('globs on names', () => {
  test.each([
    ['', 'a', false],
    ['x[*', 'x[y', true],
    ['x[*', 'xy', false],
    ['a*\\', 'ab\\', true],
    ['a*\\', 'ab', false],
    ['😀*', '😀x', true],
    ['[!]a]', 'b', true],
    ['[!]a]', ']', false],
    ['[!]*', '!x', true],
    ['[a\\-c]', '-', true],
    ['ci-*', 'ci-a', true],
    ['ci-*', 'ci-', true],
    ['ci-*', 'ci-a/b', true],
    ['ci-*', 'xci-a', false],
    ['ci-*', 'CI-a', false],
    ['ci-*', ' ci-a', false],
    ['ci-*', 'ci-a\nb', false],
    ['ci-*', 'ci-a\n', false],
    ['*', '', false],
    ['*', '.hidden', true],
    ['*', 'a/.b/c', true],
    ['*-ci', 'a/b-ci', true],
    ['ci-?', 'ci-a', true],
    ['ci-?', 'ci-ab', false],
    ['ci-[ab]', 'ci-a', true],
    ['ci-[ab]', 'ci-c', false],
    ['{ci,cd}-*', 'cd-x', false],
    ['[a-c]-*', 'b-x', true],
    ['[!a-c]-*', 'b-x', false],
    ['[!a-c]-*', 'z-x', true],
    ['[^a-c]-*', 'z-x', true],
    ['[!a]', '/', false],
    ['[]a]', ']', true],
    ['[a\\-c]', 'b', false],
    ['[\\d]', 'd', true],
    ['[z-]', '-', true],
    ['a*', 'a', true],
    ['a*a', 'a', false],
    ['*ab*cd*ef*', '1ab2cd3ef4', true],
    ['*ab*cd*ef*', '1ab2ef3cd4', false],
    ['é?', 'é😀', true],
    ['!ci', 'other', false],
    ['!ci', '!ci', true],
    ['!*', '!ci', true],
    ['?ci', '.ci', true],
    ['a?b', 'a\\b', true],
    ['a?b', 'a/b', false],
    ['+(a)', 'aa', false],
    ['+(a)', '+(a)', true],
    ['@(a|b)', 'a', false],
    ['(a|b)', 'a', false],
    ['(a|b)', '(a|b)', true],
    ['[ab]+', 'aa', false],
    ['[ab]+', 'a+', true],
    ['Created by Cone (laptop)*', 'Created by Cone (laptop) 2', true],
    ['ci-\\*', 'ci-*', true],
    ['ci-\\*', 'ci-a', false],
    ['a.c', 'abc', false],
    ['./ci-*', './ci-a', true],
    ['./ci-*', 'ci-a', false],
    ['.ci', 'ci', false],
    ['[', '[', true],
    ['ci-[', 'ci-[', true],
    ['{', '{', true],
    ['{a}', '{a}', true],
    ['}', '}', true],
    ['ci-[ab]', 'ci-[ab]', true],
    ['^a$', '^a$', true],
    ['ci-*', `ci-${'x'.repeat(253)}`, true],
    ['ci-*', `ci-${'x'.repeat(254)}`, false],
  ])('%s on %j: %s', (glob, name, expected) => {
    expect(nameMatcher(glob)(name)).toBe(expected);
  });

  test.each([
    '(a+)+b',
    '(a|a)*b',
    '{a,aa}'.repeat(30),
    `${'*a'.repeat(127)}b`,
    `*${'a'.repeat(254)}b`,
    `${'[a-b]'.repeat(51)}c`,
    '['.repeat(256),
  ])('a name made for it does not stall %s', (glob) => {
    const began = process.cpuUsage();
    const matches = nameMatcher(glob);
    for (let round = 0; round < 100; round += 1) expect(matches('a'.repeat(256))).toBe(false);
    expect(process.cpuUsage(began).user).toBeLessThan(2_000_000);
  });

  test('what is wrong with a pattern', () => {
    for (const fine of ['*a*b*c*d*', 'x'.repeat(256), '{', '{a}', '[{]a,b}', '[a-z]', 'ci-\\*'])
      expect(globProblem(fine)).toBeUndefined();
    for (const braces of ['{a,aa}', '{abc,d}', '{,a}', 'x{1..3}', 'x{10..30}', '{a,b}{'])
      expect(globProblem(braces)).toMatch(/^braces are not/);
    expect(globProblem('[z-a]')).toBe('a range in brackets must be in ascending order, as in [a-z]');
    expect(globProblem('x'.repeat(257))).toBe('a pattern has at most 256 characters');
  });
});

describe('end dates', () => {
  test('are days in UTC', () => {
    expect(startOfDate('2027-01-31')).toBe(Date.parse('2027-01-31T00:00:00.000Z'));
    expect(endOfDate('2027-01-31')).toBe(Date.parse('2027-02-01T00:00:00.000Z'));
  });

  test.each([
    '2027-02-29',
    '2027-13-01',
    '2027-00-10',
    '2027-01-00',
    '2027-1-31',
    '27-01-31',
    '',
    ' 2027-01-31',
    '2027-01-31T00:00:00Z',
  ])('%j is none', (text) => {
    expect(startOfDate(text)).toBeUndefined();
    expect(endOfDate(text)).toBeUndefined();
    expect(waiverDateProblem(text, NOW)).toBe('this date does not exist');
  });

  test('are at most 366 days after the date of the audit', () => {
    expect(waiverDateProblem('2028-01-02', NOW)).toBeUndefined();
    expect(waiverDateProblem('2028-01-03', NOW)).toMatch(
      /at most 366 days ahead: the last allowed date is 2028-01-02/,
    );
    expect(waiverDateProblem('1999-01-01', NOW)).toBeUndefined();
  });
});

test('many waivers and credentials give the same result as checking each pair', () => {
  const credentials = Array.from({ length: 60 }, (_, n) =>
    credential(`id-${n}`, `team-${n % 7}/key-${n % 5}`),
  );
  const findings = credentials.flatMap((one) => [finding('unused', one), finding('no-expiry', one)]);
  const waivers = Array.from({ length: 40 }, (_, n) =>
    waiver({
      rule: ['unused', 'no-expiry', '*'][n % 3] ?? '*',
      credential: n % 2 ? `id-${n * 2}` : { name: `team-${n % 9}/*`, owner: OWNER },
      reason: `${n}`,
      expires: `2027-0${1 + (n % 6)}-15`,
    }),
  );
  const { findings: after } = apply({ waivers, findings, credentials });
  for (const [index, { rule, credential: of }] of findings.entries()) {
    const covering = waivers.filter(
      (one) =>
        (one.rule === '*' || one.rule === rule) &&
        (typeof one.credential === 'string'
          ? one.credential === of?.id
          : of?.name.startsWith(one.credential.name.slice(0, -1))),
    );
    const latest = covering
      .map(({ expires }) => expires)
      .sort()
      .at(-1);
    expect(after[index]?.waiver?.expires).toBe(latest);
    expect(after[index]?.status).toBe(latest === undefined ? null : 'waived');
  }
});
