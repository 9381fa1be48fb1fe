import { describe, expect, test } from '@jest/globals';
import { rules } from '../../rules/index.js';
import { type Credential, KINDS, type Owner, type Rule, Unknown } from '../../src/contract/index.js';
import { docketOf } from '../../src/engine/docket.js';
import { evaluate } from '../../src/engine/evaluate.js';
import { optionsInForce } from '../../src/engine/judge.js';
import { redactReport } from '../../src/engine/redact-report.js';
import type { Report } from '../../src/engine/report.js';
import { Redactor } from '../../src/redact.js';
import { json, ndjson } from '../../src/reporters/json.js';
import { credential, DAY, NOW, owner, snapshot } from '../helpers/snapshot.js';

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

const report = (over: Partial<Parameters<typeof evaluate>[0]> = {}): Report =>
  evaluate({
    tool: { name: 'c1-audit', version: '0.1.0' },
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
    waivers: [],
    choices: {},
    only: undefined,
    history: undefined,
    minSeverity: 'info',
    asOf: NOW,
    startedAt: NOW,
    finishedAt: NOW,
    ...over,
  }).report;

const written = (of: Report, reporter = json) =>
  [...reporter(of, { rules: new Map(), color: false })].join('');
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
    const waiver = {
      rule: 'unused',
      credential: 'nobody',
      reason: 'x',
      approvedBy: 'y',
      expires: '2027-01-01',
    };
    const made = report({ waivers: [waiver] });
    expect(docketOf(made)).toBeUndefined();
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

  test('that equal our own words, or are not there, change nothing', () => {
    redactor.add('personal-client');
    const made = report();
    const clean = redactReport(made, scrub);
    expect(docketOf(clean)).toBe(docketOf(made));
    expect(written(clean)).toBe(written(made));
  });
});
