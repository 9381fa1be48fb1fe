import { describe, expect, test } from '@jest/globals';
import { rules } from '../../rules/index.js';
import {
  type Credential,
  type Finding,
  type JudgedCredential,
  KINDS,
  type Owner,
  type Rule,
  Unknown,
  type Waiver,
} from '../../src/contract/index.js';
import { compareSeverity } from '../../src/contract/severity.js';
import { Docket, docketOf, type Mark, Notes, reportOn } from '../../src/engine/docket.js';
import { evaluate } from '../../src/engine/evaluate.js';
import { fingerprint, type Statement } from '../../src/engine/finding.js';
import { NOTHING_TOLD } from '../../src/engine/history.js';
import { optionsInForce } from '../../src/engine/judge.js';
import { redactReport } from '../../src/engine/redact-report.js';
import { compareText, type Report, summarize } from '../../src/engine/report.js';
import type { State } from '../../src/engine/state.js';
import { Redactor } from '../../src/redact.js';
import { json, ndjson } from '../../src/reporters/json.js';
import { forDocket, sampleCredential, sampleReport } from '../helpers/sample-report.js';
import { credential, DAY, NOW, owner, PLAIN_EVALUATION, snapshot } from '../helpers/snapshot.js';

const SECRET = 's3cr3t-Tok"en-0123456789';
const NAMES = [
  'deploy',
  '',
  'a "quoted" \\ name',
  'line\nbreak\r\n::error::x',
  '::warning::y',
  '##[group]z',
  'Zoë €',
  '日本語キー',
  '😀👩‍👩‍👧',
  'half \ud83d a pair',
  '\u202e\u200b\u0000\u007f',
];

/** Of all kinds and states, with readable facts and without. */
const credentials: readonly Credential[] = NAMES.flatMap((name, index) =>
  KINDS.map((kind, place) =>
    credential({
      kind,
      id: `${(index * 7) % NAMES.length} ${place} ${name}`,
      name,
      ownerId: ['u1', 'u2', '', 'u3'][index % 4] ?? '',
      createdAt: index === 4 ? new Unknown('no date', 'Look.') : NOW - index * 100 * DAY - 1,
      expiresAt: index % 3 === 0 ? null : NOW + (index - 4) * 20 * DAY,
      lastUsedAt: index % 2 === 0 ? null : NOW - index * 60 * DAY,
      allowedCidrs: [[], ['10.0.0.1/8', name], ['62.1.2.0/24']][index % 3] ?? [],
      scopedRoleIds: index % 2 === 0 ? [] : ['r1', 'r"2'],
      condition: kind === 'federation-trust' ? (['true', '', 'claims.x =='][index % 3] ?? '') : '',
      ...(index % 5 === 0 ? { adviceWithheld: true } : {}),
    }),
  ),
);

const meddler: Rule = {
  id: 'acme/meddler',
  title: 'A plug-in',
  severity: 'low',
  kinds: KINDS,
  docs: { why: 'x', fix: 'Call "us".' },
  needs: ['name'],
  messages: { any: ({ name }: { name: string }) => `its name is ${name}` },
  check: ({ facts }: { facts: { name: string } }) => {
    if (facts.name === '') throw new Error('a "blank" name');
    return {
      messageId: 'any',
      data: { name: facts.name, deep: [{ of: [null, 1.5, true] }], at: new Date(NOW) },
    };
  },
};

const SAID: Statement = {
  severity: 'low',
  outcome: 'violation',
  messageId: 'm',
  message: 'says',
  data: {},
  fix: 'do',
};

const waiver = (over: Partial<Waiver> = {}): Waiver => ({
  rule: '*',
  credential: 'a',
  reason: 'x',
  approvedBy: 'y',
  expires: '2027-01-01',
  ...over,
});

const evaluated = (over: Partial<Parameters<typeof evaluate>[0]> = {}) =>
  evaluate({
    ...PLAIN_EVALUATION,
    snapshot: snapshot(credentials, {
      owners: new Map<string, Owner | Unknown>([
        ['u1', owner({ id: 'u1', name: 'Zoë "Z" ##[x]', email: 'zoe@acme.example' })],
        ['u2', new Unknown('no right', 'Grant it.')],
      ]),
      roles: new Map([['r1', { id: 'r1', name: 'system:owner', displayName: 'Owner' }]]),
    }),
    rules: [...rules, meddler].map((rule) => ({
      rule,
      severity: undefined,
      options: optionsInForce(rule),
      floors: {},
    })),
    known: rules.map(({ id }) => id),
    ...over,
  });
const report = (over: Parameters<typeof evaluated>[0] = {}): Report => evaluated(over).report;

const written = (of: Report, reporter = json) =>
  [...reporter(of, { rules: new Map(), color: false })].join('');
/** Each as an object. */
const writtenFindings = (docket: Docket) =>
  JSON.parse(`[${[...docket.findingParts(',{', '}')].join('').slice(1)}]`);
const withoutLive = (findings: readonly Finding[]) =>
  findings.map(({ credential: on, ...rest }) => ({
    ...rest,
    credential: on && (({ live, ...about }) => about)(on as JudgedCredential),
  }));
/** The same report without what it was made from. */
const plain = (of: Report): Report => ({ ...of });

describe('what was judged and found', () => {
  test.each(['info', 'medium', 'high'] as const)(
    'is written as its objects are, from %s on',
    (minSeverity) => {
      const made = report({ minSeverity });
      expect(docketOf(made)).toBeDefined();
      expect(docketOf(plain(made))).toBeUndefined();
      expect(made.findings.length).toBeGreaterThan(20);
      expect(written(made)).toBe(written(plain(made)));
      expect(written(made, ndjson)).toBe(written(plain(made), ndjson));
    },
  );

  test('is the same where waivers are looked for', () => {
    const made = report({ waivers: [waiver({ rule: 'unused', credential: 'nobody' })] });
    const others = made.findings.filter(({ rule }) => !rule.startsWith('waiver-'));
    expect(others).toEqual(report().findings);
    expect(made.credentials).toEqual(report().credentials);
    expect(report().summary).toEqual({
      ...made.summary,
      findings: made.summary.findings - 1,
      bySeverity: { ...made.summary.bySeverity, low: made.summary.bySeverity.low - 1 },
      byRule: Object.fromEntries(
        Object.entries(made.summary.byRule).filter(([rule]) => rule !== 'waiver-unmatched'),
      ),
    });
  });

  test('is written as its objects are, after waivers and an earlier audit', () => {
    const night = (previous: State | undefined, asOf: number) =>
      evaluated({
        waivers: [
          waiver({ rule: '*', credential: credentials[0]?.id ?? '' }),
          waiver({ credential: 'nobody' }),
          waiver({ credential: 'nobody else', reason: 'y' }),
          waiver({ credential: 'ended', expires: '2026-01-01' }),
          waiver({ rule: 'unused', credential: { name: '*', owner: 'zoe@acme.example' } }),
        ],
        history: { previous },
        asOf,
      });
    const first = night(undefined, NOW);
    const { report: made } = night(first.comparison?.next(NOTHING_TOLD), NOW + DAY);
    expect(new Set(made.findings.map(({ status }) => status))).toEqual(new Set(['known', 'waived', null]));
    expect(made.findings.some(({ credential: about, firstSeen }) => !about && firstSeen)).toBe(true);
    expect(written(made)).toBe(written(plain(made)));
    expect(written(made, ndjson)).toBe(written(plain(made), ndjson));
    expect(made.summary).toEqual(summarize(made));
    const sorted = [...made.findings].sort(
      (a, b) =>
        compareSeverity(a.severity, b.severity) ||
        compareText(a.rule, b.rule) ||
        compareText(a.credential?.id ?? '', b.credential?.id ?? '') ||
        compareText(a.fingerprint, b.fingerprint),
    );
    expect(made.findings).toEqual(sorted);
  });

  const OWNER = { id: 'o', name: 'o', email: 'o' };
  test.each<[string, (hostile: string) => Parameters<typeof reportOf>]>([
    ['an id', (id) => [{ id }]],
    ['a client id', (clientId) => [{ clientId }]],
    ['a name', (name) => [{ name }]],
    ['a network', (network) => [{ allowedCidrs: [network] }]],
    ['an owner', (name) => [{ owner: { ...OWNER, name } }]],
    ['an address', (email) => [{ owner: { ...OWNER, email } }]],
    ['a role', (name) => [{ scopedRoles: [{ id: 'r', name }] }]],
    ['a role of a decoy', (name) => [{ scopedRoles: [{ id: 'r', name }], adviceWithheld: true }]],
    ['a message', (message) => [{}, { message }]],
    ['data', (name) => [{}, { data: { name } }]],
    ['the name of data', (name) => [{}, { data: { [name]: 1 } }]],
    ['a fix', (fix) => [{}, { fix }]],
    ['the name of a message', (messageId) => [{}, { messageId }]],
    ['a rule', (rule) => [{}, { rule }]],
    ['a reason', (reason) => [{}, {}, { reason }]],
    ['who approved', (approvedBy) => [{}, {}, { approvedBy }]],
  ])('is neutralised where only %s is hostile', (_, given) => {
    for (const hostile of ['x##[group]', '::error::x', '\u202ex', 'x\x7f']) {
      const made = reportOf(...given(hostile));
      expect(written(made)).not.toContain(JSON.stringify(hostile).slice(1, -1));
      expect(written(made)).toBe(written(plain(made)));
      expect(written(made, ndjson)).toBe(written(plain(made), ndjson));
    }
  });

  test('is written as bytes where nothing in it acts', () => {
    const areBytes = (name: string) =>
      [...json(reportOf({ name }), { rules: new Map(), color: false })].some(
        (part) => part instanceof Uint8Array,
      );
    for (const name of ['plain', 'Zoë €', '日本語キー', '2001:db8::/32', '👩‍👩‍👧', 'a "b" \\'])
      expect(areBytes(name)).toBe(true);
    for (const name of ['::/0', 'a\u202eb', 'x##[y]']) expect(areBytes(name)).toBe(false);
  });

  test('is written in parts, each complete', () => {
    const notes = new Notes();
    const docket = new Docket('acme', notes);
    for (let n = 0; n < 2_000; n += 1) {
      docket.addCredential(...forDocket({ ...sampleCredential({ id: `${10_000 + n} ü` }), live: true }));
      docket.addFinding(notes.note({ id: 'a' }, { ...SAID, message: `${n} ü` }));
    }
    for (const parts of [docket.findingParts('\n{', '}'), docket.credentialParts('\n')]) {
      const texts = [];
      for (const part of parts) texts.push(part.toString());
      expect(texts.length).toBeGreaterThan(1);
      const lines = texts.flatMap((text) => text.slice(1).split('\n'));
      expect(lines.map((line) => JSON.parse(line)).map((one) => (one.credential ?? one).id)).toEqual(
        docket.credentials.map(({ id }) => id),
      );
    }
  });

  /** With one credential and one finding. */
  function reportOf(
    about: Partial<JudgedCredential>,
    said: Partial<Statement & { rule: string }> = {},
    by?: Partial<Mark['waiver']>,
  ) {
    const notes = new Notes();
    const docket = new Docket('acme', notes);
    docket.addCredential(...forDocket({ ...sampleCredential(), live: true, ...about }));
    docket.addFinding(notes.note({ id: said.rule ?? 'a' }, { ...SAID, ...said }));
    if (by)
      docket.mark(() => ({
        status: 'waived',
        waiver: { reason: 'x', approvedBy: 'y', expires: '2027-01-01', ...by },
        firstSeen: null,
      }));
    const { findings, credentials: none, ...rest } = sampleReport();
    return reportOn(docket, rest);
  }

  test('findings share their credential', () => {
    const { findings, credentials: judged } = report();
    for (const { credential: about } of findings) expect(judged.some((one) => one === about)).toBe(true);
  });
});

describe('secrets', () => {
  const redactor = new Redactor();
  redactor.add(SECRET);
  const scrub = (text: string) => redactor.redact(text);
  const holding = (over: Partial<Credential>) =>
    report({ snapshot: snapshot([...credentials, credential({ id: 'zz', allowedCidrs: [], ...over })]) });

  test.each<[string, Partial<Credential>]>([
    ['a name', { name: `x ${SECRET}` }],
    ['a part of one in a name', { name: `x ${SECRET.slice(3, 16)}` }],
    ['an id', { id: `zz${SECRET}` }],
    ['a network, which a message repeats', { allowedCidrs: [SECRET] }],
  ])('in %s leave', (_, over) => {
    const made = holding(over);
    expect(written(made)).toContain(JSON.stringify(SECRET.slice(3, 16)).slice(1, -1));
    const clean = redactReport(made, scrub);
    expect(written(clean)).not.toContain(JSON.stringify(SECRET.slice(3, 16)).slice(1, -1));
    expect(written(clean)).toContain('[redacted]');
    expect(written(clean)).toBe(written(redactReport(plain(made), scrub)));
  });

  test.each<Partial<Waiver>>([{ reason: `see ${SECRET}` }, { approvedBy: SECRET }])(
    'in a waiver are hidden: %j',
    (over) => {
      const made = report({ waivers: [waiver({ ...over, credential: credentials[0]?.id ?? '' })] });
      expect(written(made)).toContain(JSON.stringify(SECRET).slice(1, -1));
      const clean = written(redactReport(made, scrub));
      expect(clean).not.toContain(JSON.stringify(SECRET).slice(1, -1));
      expect(clean).toContain('[redacted]');
    },
  );

  test('that equal our own words, or are not there, change nothing', () => {
    redactor.add('personal-client');
    const made = report();
    const clean = redactReport(made, scrub);
    expect(docketOf(clean)).toBe(docketOf(made));
    expect(written(clean)).toBe(written(made));
  });
});

describe('a docket', () => {
  /** A docket of credentials by id, each with what is said of it. */
  function docketOn(
    ...found: (readonly [
      about: Partial<JudgedCredential>,
      ...said: (readonly [string, Partial<Statement>])[],
    ])[]
  ) {
    const notes = new Notes();
    const docket = new Docket('acme', notes);
    for (const [about, ...statements] of found) {
      docket.addCredential(...forDocket({ ...sampleCredential(about), live: true, ...about }));
      for (const [id, statement] of statements)
        docket.addFinding(notes.note({ id }, { ...SAID, ...statement }));
    }
    return docket;
  }
  const ids = (of: Docket) =>
    of.findings.map(({ severity, rule, credential: on }) => `${severity} ${rule} ${on?.kind[0]}${on?.id}`);

  test('has its findings by severity, rule and credential, whatever the kind', () => {
    const docket = docketOn(
      [{ kind: 'personal-client', id: '2' }, ['b', {}], ['a', {}], ['c', { severity: 'high' }]],
      [{ kind: 'personal-client', id: '4' }, ['a', { message: 'four' }]],
      [{ kind: 'service-principal-credential', id: '1' }, ['a', { message: 'one' }], ['b', {}]],
      [{ kind: 'service-principal-credential', id: '2' }, ['a', { message: 'two' }]],
    );
    expect(ids(docket)).toEqual(['high c p2', ...sortedTwos(), 'low a p4', 'low b s1', 'low b p2']);
    expect(writtenFindings(docket)).toEqual(withoutLive(docket.findings));
    expect(docket.findings.find(({ message }) => message === 'four')?.credential?.id).toBe('4');

    /** Of one id, by fingerprint. */
    function sortedTwos() {
      const twos = (['personal-client', 'service-principal-credential'] as const).map((kind) => ({
        text: `low a ${kind[0]}2`,
        print: fingerprint('acme', 'a', kind, '2'),
      }));
      return ['low a s1', ...twos.sort((a, b) => (a.print < b.print ? -1 : 1)).map(({ text }) => text)];
    }
  });

  test('counts what is open and what cannot be told', () => {
    const docket = docketOn(
      [{ id: '1' }, ['b', {}], ['a', { outcome: 'unknown' }]],
      [
        { id: '2' },
        ['b', { outcome: 'unknown' }],
        ['a', { severity: 'high' }],
        ['c', { outcome: 'unknown' }],
      ],
      [{ id: '3' }, ['a', { severity: 'low' }]],
    );
    expect(docket.count()).toEqual({
      all: 6,
      findings: 3,
      waived: 0,
      unknown: 3,
      new: 0,
      known: 0,
      bySeverity: { critical: 0, high: 1, medium: 0, low: 2, info: 0 },
      byRule: { a: 2, b: 1 },
    });
    expect(Object.keys(docket.count().byRule)).toEqual(['a', 'b']);
    expect([docket.size, docket.kinds]).toEqual([3, Array(3).fill('personal-client')]);
    const parts = (['from', 'below'] as const).map((which) => docket.part('high', which));
    expect(parts.map(ids)).toEqual([['high a p2'], ids(docket).slice(1)]);
    expect(parts.map(({ credentials: all }) => all)).toEqual([docket.credentials, docket.credentials]);
    expect(parts.map((part) => part.count().findings)).toEqual([1, 2]);
  });

  test('says what each rule says once in a row', () => {
    const docket = docketOn(
      [{ id: '1' }, ['a', {}], ['b', {}]],
      [{ id: '2' }, ['a', {}], ['b', { message: 'other' }]],
      [{ id: '3' }, ['a', { message: 'other' }], ['b', {}]],
    );
    const messages = [...docket.statements()].map((text) => {
      const { rule, message } = JSON.parse(text);
      return `${rule} ${message}`;
    });
    expect(messages).toEqual(['a says', 'a other', 'b says', 'b other', 'b says']);
    const all = [...docket.blocks()].join('');
    for (const text of ['"id":"3"', '"other","data"', '"says","data"']) expect(all).toContain(text);
    expect(all.match(/"says","data"/g)).toHaveLength(3);
  });

  test('keeps each credential as it was, in the order of the schema', () => {
    const about: JudgedCredential = {
      kind: 'personal-client',
      id: 'a"b',
      clientId: 'c\\d',
      name: 'é\n',
      self: true,
      live: false,
      owner: { id: 'o', name: '"', email: '' },
      createdAt: '2026-01-01T00:00:00.000Z',
      expiresAt: null,
      lastUsedAt: null,
      allowedCidrs: ['192.0.2.0/24', '"'],
      scopedRoles: [{ id: 'r', name: null }],
      adviceWithheld: true,
      use: { since: '2026-01-01T00:00:00.000Z', addresses: 2, lastAt: null },
    };
    const { adviceWithheld, use, ...plainly } = { ...about, owner: null, allowedCidrs: [], scopedRoles: [] };
    const docket = docketOn([about], [plainly]);
    expect(docket.credentials).toEqual([about, plainly]);
    const order =
      'kind id clientId name self live owner createdAt expiresAt lastUsedAt allowedCidrs scopedRoles';
    expect(docket.credentials.map((one) => Object.keys(one).join(' '))).toEqual([
      `${order} adviceWithheld use`,
      order,
    ]);
    expect(docket.credentials).toBe(docket.credentials);
    expect(docket.findings).toBe(docket.findings);
  });

  test('writes owners and roles that many share once', () => {
    let reads = 0;
    const shared = {
      id: 'o',
      email: '',
      get name() {
        reads += 1;
        return 'Jo';
      },
    };
    const docket = docketOn([{ id: '1', owner: shared }], [{ id: '2', owner: shared }]);
    expect(reads).toBe(1);
    expect(docket.credentials.map(({ owner: of }) => of)).toEqual(
      Array(2).fill({ id: 'o', name: 'Jo', email: '' }),
    );
  });

  test('keeps what is said as JSON would', () => {
    const data = { text: 'a"b', n: 1.5, none: null, deep: [{ a: 'é' }], 'odd"name': true, '': 'x' };
    const statement = { data, message: 'a\\b', fix: '\u0000', messageId: 'x"y', outcome: 'unknown' as const };
    const [finding] = docketOn([{ id: '1' }, ['r"s', statement]]).findings;
    expect(finding).toEqual({
      ...statement,
      fingerprint: fingerprint('acme', 'r"s', 'personal-client', '1'),
      rule: 'r"s',
      severity: 'low',
      status: null,
      credential: { ...sampleCredential({ id: '1' }), live: true },
      waiver: null,
      firstSeen: null,
    });
  });

  test.each([false, true])(
    'has two findings of one rule and id in the order of their fingerprints; marked: %s',
    (marked) => {
      const kinds = ['personal-client', 'service-principal-credential'] as const;
      for (const id of ['1', '2', '3', '4', '5', '6', '7', '8']) {
        const docket = docketOn(...kinds.map((kind) => [{ kind, id }, ['a', {}]] as const));
        if (marked) docket.mark(() => ({ status: 'new', waiver: null, firstSeen: null }));
        const prints = kinds.map((kind) => fingerprint('acme', 'a', kind, id));
        expect(docket.findings.map((finding) => finding.fingerprint)).toEqual(prints.sort());
      }
    },
  );

  describe('whose findings are marked', () => {
    const waiver = { reason: 'x', approvedBy: 'y', expires: '2027-01-01' };
    const NONE = { status: null, waiver: null, firstSeen: null };
    const at = '2026-11-01T00:00:00.000Z';

    test('asks about each finding once, with what it is on', () => {
      const docket = docketOn([{ id: '1' }, ['a', {}]], [{ id: '2' }, ['b', { outcome: 'unknown' }]]);
      docket.sayOfWaiver({ id: 'w' }, { ...SAID, severity: 'high' }, 'the waiver');
      docket.say({ id: 'a' }, { ...SAID, message: 'more' }, 0);
      const asked: unknown[] = [];
      const ask = () =>
        docket.mark((entry) => {
          asked.push({ ...entry });
          return NONE;
        });
      ask();
      const about = { severity: 'low', isUnknown: false };
      const onKey = (rule: string, id: string) => ({
        ...about,
        rule,
        credential: Number(id) - 1,
        kind: 'personal-client',
        id,
        fingerprint: fingerprint('acme', rule, 'personal-client', id),
      });
      const ofWaiver = fingerprint('acme', 'w', 'waiver', 'the waiver');
      expect(asked).toEqual([
        onKey('a', '1'),
        onKey('a', '1'),
        { ...onKey('b', '2'), isUnknown: true },
        {
          ...about,
          severity: 'high',
          rule: 'w',
          credential: -1,
          kind: 'waiver',
          id: ofWaiver,
          fingerprint: ofWaiver,
        },
      ]);
      docket.say({ id: 'b' }, SAID, 1);
      ask();
      expect(asked.slice(4)).toEqual([onKey('b', '2')]);
    });

    test('counts them by status, and writes them', () => {
      const docket = docketOn(
        [{ id: '1' }, ['a', {}], ['b', {}]],
        [{ id: '2' }, ['a', {}], ['b', { outcome: 'unknown' }]],
        [{ id: '3' }, ['a', {}], ['b', { outcome: 'unknown' }]],
        [{ id: '4' }, ['a', {}]],
      );
      docket.sayOfWaiver({ id: 'w' }, SAID, 'one');
      docket.sayOfWaiver({ id: 'w' }, SAID, 'two');
      const marks: Record<string, Mark> = {
        'a 1': { status: 'new', waiver: null, firstSeen: at },
        'a 2': { status: 'known', waiver: null, firstSeen: at },
        'a 3': { status: 'reopened', waiver: null, firstSeen: at },
        'a 4': { status: 'waived', waiver, firstSeen: at },
        'b 1': { status: 'waived', waiver, firstSeen: null },
        'b 2': { status: 'waived', waiver, firstSeen: at },
      };
      docket.mark(({ rule, id }) => marks[`${rule} ${id}`] ?? NONE);
      expect(docket.count()).toEqual({
        all: 9,
        findings: 5,
        waived: 3,
        unknown: 1,
        bySeverity: { critical: 0, high: 0, medium: 0, low: 5, info: 0 },
        byRule: { a: 3, w: 2 },
        new: 2,
        known: 1,
      });
      const shown = docket.findings.map(({ rule, credential: on, status, waiver: by, firstSeen }) => [
        `${rule} ${on?.id ?? '-'}`,
        { status, waiver: by, firstSeen },
      ]);
      expect(Object.fromEntries(shown)).toEqual({ ...marks, 'b 3': NONE, 'w -': NONE });
      expect(writtenFindings(docket)).toEqual(withoutLive(docket.findings));
      expect([...docket.waivers()]).toEqual([waiver]);
      expect(docket.part('high', 'from').waivers().size).toBe(0);
    });

    test('keeps marks with their findings when these are put in order', () => {
      const docket = docketOn(
        [{ kind: 'personal-client', id: '2' }, ['a', { message: 'two' }]],
        [{ kind: 'service-principal-credential', id: '1' }, ['a', { message: 'one' }]],
      );
      docket.mark(({ id }) => ({ ...NONE, status: id === '1' ? 'new' : 'known' }));
      const shown = docket.findings.map(({ status, message, credential: on }) => [on?.id, status, message]);
      expect(shown).toEqual([
        ['1', 'new', 'one'],
        ['2', 'known', 'two'],
      ]);
      expect(writtenFindings(docket).map(({ status }: Mark) => status)).toEqual(['new', 'known']);
    });
  });

  test('names what it is about', () => {
    const docket = docketOn([{ id: '1' }], [{ kind: 'function', id: '2' }]);
    expect(docket.subjects).toEqual([
      { kind: 'personal-client', id: '1' },
      { kind: 'function', id: '2' },
    ]);
  });
});
