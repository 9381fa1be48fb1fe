import { describe, expect, test } from '@jest/globals';
import { rules as builtIns } from '../../rules/index.js';
import type { Finding, Severity } from '../../src/contract/index.js';
import { assembleReport, type Evaluation, evaluate } from '../../src/engine/evaluate.js';
import { optionsInForce } from '../../src/engine/judge.js';
import { hidesFindings, type Report } from '../../src/engine/report.js';
import { compareReports, diffExitCode, type ReportDiff } from '../../src/engine/report-diff.js';
import { docketWith } from '../helpers/follow-up.js';
import {
  AS_OF,
  daysAgo,
  fullReport,
  sampleCredential,
  sampleFinding,
  sampleReport,
  sampleUnknown,
} from '../helpers/sample-report.js';
import { NO_DELETED, snapshot } from '../helpers/snapshot.js';

const WAIVER = { reason: 'quarterly job', approvedBy: 'security@acme.example', expires: '2026-12-31' };

const finding = sampleFinding();
/** Another credential on which the same rule finds something: it shows that the rule ran. */
const other = sampleFinding({ credential: sampleCredential({ id: 'pc-other' }) });

const withFindings = (...findings: readonly Finding[]) => sampleReport({ findings });

/** The credential of `finding` is there, but nothing is found on it. */
const mended = (over: Parameters<typeof sampleReport>[0] = {}) =>
  sampleReport({ findings: [other], credentials: [sampleCredential()], ...over });

const run = (report: Report, over: Partial<Report['run']>): Report => ({
  ...report,
  run: { ...report.run, ...over },
});

const hiding = (report: Report, over: Partial<Record<Severity, number>> = { low: 3 }): Report => ({
  ...report,
  summary: {
    ...report.summary,
    hidden: { critical: 0, high: 0, medium: 0, low: 0, info: 0, ...over },
  },
});

/** What became of the one finding that the old report holds. */
function fate(before: Report, after: Report): string {
  const { resolved, notSeen, changed, unchanged } = compareReports(before, after);
  const said = [
    ...resolved.flatMap(({ how, finding: { fingerprint } }) =>
      fingerprint === finding.fingerprint ? [`resolved: ${how}`] : [],
    ),
    ...notSeen.flatMap(({ why, finding: { fingerprint } }) =>
      fingerprint === finding.fingerprint ? [`not seen: ${why}`] : [],
    ),
  ];
  return said.join(', ') || `changed ${changed.length}, unchanged ${unchanged}`;
}

test('nothing changed between a report and itself', () => {
  const report = fullReport();
  const diff = compareReports(report, report);
  expect(diff).toMatchObject({ added: [], changed: [], resolved: [], notSeen: [] });
  expect(diff.credentials).toEqual({ appeared: [], gone: [], notSeen: [] });
  expect(diff.unchanged).toBe(report.findings.length);
});

describe('a missing finding is resolved only if the new audit would have seen it', () => {
  const before = withFindings(finding, other);

  test.each<[string, Report, string]>([
    ['found again', withFindings(finding), 'changed 0, unchanged 1'],
    ['the rule ran and finds nothing', mended(), 'resolved: mended'],
    ['the credential is gone', withFindings(other), 'resolved: gone'],
    ['gone, though no rule is known to have run', withFindings(), 'resolved: gone'],
    [
      'the credential has ended',
      sampleReport({ credentials: [sampleCredential({ expiresAt: daysAgo(1) })] }),
      'resolved: ended',
    ],
    ['nothing is found any more', sampleReport({ credentials: [sampleCredential()] }), 'resolved: mended'],
    ['the rule did not run', notRun(mended({ findings: [] }), finding.rule), 'not seen: rule'],
    ['another rule did not run', notRun(mended({ findings: [] }), 'no-expiry'), 'resolved: mended'],
    [
      'nothing shows that another version has the rule',
      { ...mended({ findings: [] }), tool: { name: 'c1-audit', version: '9.0.0' } },
      'not seen: rule',
    ],
    [
      'the audit itself told that it is resolved',
      sampleReport({
        credentials: [sampleCredential()],
        resolved: [resolvedOf(finding)],
      }),
      'resolved: mended',
    ],
    ['its source was seen in part', mended({ sources: sources('partial') }), 'not seen: source'],
    ['its source was not available', mended({ sources: sources('unavailable') }), 'not seen: source'],
    ['its source was not asked for', mended({ sources: [] }), 'not seen: source'],
    ['gone from a part of the source', sampleReport({ sources: sources('partial') }), 'not seen: source'],
    ['findings are hidden', hiding(mended()), 'not seen: hidden'],
    [
      'the audit itself told that it is resolved, and findings are hidden',
      hiding(sampleReport({ credentials: [sampleCredential()], resolved: [resolvedOf(finding)] })),
      'resolved: mended',
    ],
    ['gone, while findings are hidden', hiding(withFindings(other)), 'resolved: gone'],
    ['the scope is narrower', run(withFindings(other), { scope: 'mine' }), 'not seen: scope'],
    ['the scope is a file', run(withFindings(other), { scope: 'file' }), 'not seen: scope'],
    ['mended, in a narrower scope', run(mended(), { scope: 'mine' }), 'resolved: mended'],
  ])('%s', (_, after, expected) => {
    expect(fate(before, after)).toBe(expected);
  });

  test('a credential that had expired before proves nothing about a rule', () => {
    const expired = sampleCredential({ expiresAt: daysAgo(3) });
    const one = sampleFinding({ credential: expired });
    const after = notRun(sampleReport({ credentials: [expired] }), finding.rule);
    expect(fate(withFindings(one), after)).toBe('not seen: rule');
  });

  test.each<[string, Report, Report, string]>([
    ['the same limits', limits(before, 'aa'), limits(mended(), 'aa'), 'resolved: mended'],
    ['other limits', limits(before, 'aa'), limits(mended(), 'bb'), 'not seen: settings'],
    ['limits that were set', before, limits(mended(), 'bb'), 'not seen: settings'],
    ['limits that are no longer set', limits(before, 'aa'), mended(), 'not seen: settings'],
    [
      'other limits, and the rule off',
      before,
      limits(notRun(mended({ findings: [] }), finding.rule), 'bb'),
      'not seen: rule',
    ],
    ['other limits, and findings hidden', before, limits(hiding(mended()), 'bb'), 'not seen: hidden'],
    ['other limits, but the credential is gone', before, limits(withFindings(other), 'bb'), 'resolved: gone'],
    [
      'other limits, but the credential has ended',
      before,
      limits(sampleReport({ credentials: [sampleCredential({ expiresAt: daysAgo(1) })] }), 'bb'),
      'resolved: ended',
    ],
    [
      'other limits, by which the audit itself called it resolved',
      before,
      limits(mended({ resolved: [resolvedOf(finding)] }), 'bb'),
      'not seen: settings',
    ],
  ])('%s', (_, old, after, expected) => {
    expect(fate(old, after)).toBe(expected);
  });

  test('a finding on a waiver disappears with the waiver, whatever the options', () => {
    const hygiene = sampleFinding({ rule: 'waiver-expired', credential: null });
    expect(compareReports(withFindings(hygiene), limits(mended(), 'bb')).resolved).toMatchObject([
      { how: 'mended' },
    ]);
  });

  describe('if ConductorOne may have left credentials out', () => {
    const own = sampleCredential({ id: 'own', owner: { id: 'user-0', name: '', email: '' } });
    const ofPrincipal = sampleCredential({ ...own, kind: 'service-principal-credential', id: 'sp' });
    const all = [sampleCredential(), own, ofPrincipal, sampleCredential({ id: 'nobody', owner: null })];
    const old = withFindings(...all.map((credential) => sampleFinding({ credential })));
    const whole = { status: 'complete', credentials: 0, deleted: 0, pages: 1, note: null } as const;
    const kinds = [
      { kind: 'personal-client', ...whole },
      { kind: 'service-principal-credential', ...whole },
    ] as const;
    const summed = (after: Report) => {
      const { resolved, notSeen, credentials } = compareReports(old, after);
      return {
        findings: Object.fromEntries([
          ...resolved.map(({ how, finding: { credential } }) => [credential?.id, how]),
          ...notSeen.map(({ why, finding: { credential } }) => [credential?.id, why]),
        ]),
        gone: credentials.gone.map(({ id }) => id),
      };
    };

    test("missing credentials are not seen, except the caller's own personal clients", () => {
      expect(summed(filtered(sampleReport({ sources: kinds })))).toEqual({
        findings: { 'pc-1': 'filtered', own: 'gone', sp: 'filtered', nobody: 'filtered' },
        gone: ['own'],
      });
      expect(summed(sampleReport({ sources: kinds })).gone).toHaveLength(4);
    });

    test('an unknown caller has no credentials of their own', () => {
      const unnamed = (self: Report['run']['self']) =>
        summed(filtered(run(sampleReport({ sources: kinds }), { self }))).gone;
      expect([unnamed(null), unnamed({ userId: null, clientId: 'x' })]).toEqual([[], []]);
    });

    test('findings on listed credentials are judged as usual', () => {
      expect(fate(before, filtered(mended()))).toBe('resolved: mended');
    });
  });

  test.each([
    ['not looked at without the system log', undefined, 'not seen: rule'],
    ['used, by the system log', { since: daysAgo(99), addresses: 1, lastAt: daysAgo(1) }, 'resolved: mended'],
  ])('an unused trust is %s', (_, use, expected) => {
    const trust = sampleCredential({ kind: 'federation-trust', id: 'trust-1' });
    const idle = sampleFinding({ credential: trust });
    const sources = [
      { kind: 'federation-trust', status: 'complete', credentials: 1, deleted: 0, pages: 1, note: null },
    ] as const;
    const after = sampleReport({
      sources,
      findings: [other],
      credentials: [{ ...trust, ...(use && { use }) }],
    });
    const { resolved, notSeen } = compareReports(withFindings(idle), after);
    expect([
      ...resolved.map(({ how }) => `resolved: ${how}`),
      ...notSeen.map(({ why }) => `not seen: ${why}`),
    ]).toEqual([expected]);
  });

  test("a plug-in's rule ran only if the report mentions it", () => {
    const [one, two] = [
      sampleFinding({ rule: 'acme/mine' }),
      sampleFinding({ rule: 'acme/mine', credential: null }),
    ];
    expect(compareReports(withFindings(one), mended()).notSeen).toMatchObject([{ why: 'rule' }]);
    expect(compareReports(withFindings(one), mended({ findings: [two] })).resolved).toMatchObject([
      { how: 'mended' },
    ]);
  });

  test.each<[string, Report['run']['self'], Report['run']['self'], string]>([
    ['the same person', user('u-1'), user('u-1'), 'resolved: gone'],
    ['another person', user('u-1'), user('u-2'), 'not seen: scope'],
    ['nobody known', null, null, 'not seen: scope'],
  ])('own credentials of %s', (_, first, second, expected) => {
    expect(
      fate(
        run(before, { scope: 'mine', self: first }),
        run(withFindings(other), { scope: 'mine', self: second }),
      ),
    ).toBe(expected);
  });

  test('two files are one scope, whoever exported them', () => {
    const file = (report: Report) => run(report, { scope: 'file', self: null });
    expect(fate(file(before), file(withFindings(other)))).toBe('resolved: gone');
  });

  test('a credential that only a finding of the old report names has not ended', () => {
    const ended = sampleReport({ credentials: [sampleCredential({ expiresAt: daysAgo(1) })] });
    expect(fate({ ...before, credentials: [] }, ended)).toBe('resolved: mended');
  });

  test('a wider scope reads everything that a narrower one reads', () => {
    expect(fate(run(before, { scope: 'mine' }), withFindings(other))).toBe('resolved: gone');
  });

  test('a missing drift finding is neither resolved nor unseen', () => {
    const drift = sampleFinding({ rule: 'credential-appeared' });
    expect(compareReports(withFindings(drift), mended())).toMatchObject({ resolved: [], notSeen: [] });
  });

  test('a finding on a waiver needs a complete report', () => {
    const hygiene = (message: string) => sampleFinding({ rule: 'waiver-expired', credential: null, message });
    const old = withFindings(hygiene('the first'), hygiene('the second'));
    expect(compareReports(old, withFindings(hygiene('the first'))).resolved).toHaveLength(1);
    const incomplete = sampleReport({ findings: [hygiene('the first')], complete: false });
    expect(compareReports(old, incomplete).notSeen).toMatchObject([{ why: 'source' }]);
  });
});

function notRun(report: Report, ...rulesNotRun: readonly string[]): Report {
  return { ...report, coverage: { ...report.coverage, rulesNotRun } };
}

function limits(report: Report, settings: string): Report {
  return { ...report, coverage: { ...report.coverage, settings } };
}

function filtered(report: Report): Report {
  return { ...report, coverage: { ...report.coverage, mayBeFiltered: true } };
}

function resolvedOf({ fingerprint, rule }: Finding): Report['resolved'][number] {
  return { fingerprint, rule, credential: { kind: 'personal-client', id: 'pc-1', name: null } };
}

function sources(status: 'partial' | 'unavailable') {
  return [{ kind: 'personal-client', status, credentials: 1, deleted: 0, pages: 1, note: null }] as const;
}

function user(userId: string) {
  return { userId, clientId: null };
}

describe('findings that are kept out of a report', () => {
  const verdicts = (findings: readonly Finding[]) => ({
    docket: docketWith(findings),
    deleted: NO_DELETED,
    brokenRules: [],
  });
  const assembled = (findings: readonly Finding[], minSeverity: Severity) =>
    assembleReport({
      tool: { name: 'c1-audit', version: '0.1.0' },
      snapshot: snapshot([]),
      verdicts: verdicts(findings),
      resolved: [],
      skipped: [],
      notRun: [],
      ran: ['unused'],
      minSeverity,
      asOf: Date.parse(AS_OF),
      startedAt: Date.parse(AS_OF),
      finishedAt: Date.parse(AS_OF),
    });

  test.each<[string, readonly Finding[], Severity, boolean]>([
    ['an open one', [sampleFinding()], 'high', true],
    ['several', [sampleFinding(), other], 'high', true],
    ['a waived one', [sampleFinding({ status: 'waived', waiver: WAIVER })], 'high', true],
    ['one that could not be told', [sampleUnknown({ severity: 'low' })], 'medium', true],
    ['none', [sampleFinding()], 'medium', false],
  ])('%s is noticed', (_, findings, minSeverity, expected) => {
    expect(hidesFindings(assembled(findings, minSeverity))).toBe(expected);
  });
});

describe('rules that did not run', () => {
  const rules = ['unused', 'no-expiry'] as const;
  const evaluated = (over: Partial<Evaluation> = {}) =>
    evaluate({
      tool: { name: 'c1-audit', version: '0.1.0' },
      snapshot: snapshot([]),
      rules: builtIns
        .filter(({ id }) => (rules as readonly string[]).includes(id))
        .map((rule) => ({ rule, severity: undefined, options: optionsInForce(rule), floors: {} })),
      known: rules,
      waivers: [],
      choices: {},
      only: undefined,
      history: undefined,
      minSeverity: 'info',
      asOf: Date.parse(AS_OF),
      startedAt: Date.parse(AS_OF),
      finishedAt: Date.parse(AS_OF),
      ...over,
    }).report;
  const onWaivers = ['waiver-covers', 'waiver-expired', 'waiver-expiring', 'waiver-unmatched'];
  const drift = ['credential-appeared', 'network-widened', 'scope-widened', 'woke-up'];
  const ended = { rule: 'unused', credential: 'a', ...WAIVER, expires: '2026-01-01' };

  test.each<[string, Partial<Evaluation>, readonly string[] | undefined]>([
    ['an ordinary run with a state: none', { history: { previous: undefined } }, undefined],
    ['an ordinary run without one', {}, [...drift, 'waiver-covers'].sort()],
    ['waivers, whatever they hold', { waivers: [ended], history: { previous: undefined } }, undefined],
    ['waivers switched off', { waivers: undefined }, [...drift, ...onWaivers].sort()],
    ['one rule alone', { only: new Set(['unused']) }, [...drift, ...onWaivers].sort()],
    [
      'a rule on changes off',
      {
        choices: { 'scope-widened': { enabled: false, severity: undefined } },
        history: { previous: undefined },
      },
      ['scope-widened'],
    ],
    [
      'one rule on waivers alone',
      { only: new Set(['waiver-expired']) },
      [...drift, 'waiver-covers', ...onWaivers.slice(2)].sort(),
    ],
    [
      'one of them off',
      {
        choices: { 'waiver-expired': { enabled: false, severity: undefined } },
        history: { previous: undefined },
      },
      ['waiver-expired'],
    ],
    ['a rule off', { rules: [], history: { previous: undefined } }, ['no-expiry', 'unused']],
  ])('%s', (_, over, expected) => {
    expect(evaluated(over).coverage.rulesNotRun).toEqual(expected);
  });

  test('so that --no-waivers does not fix a finding on a waiver', () => {
    const before = evaluated({ waivers: [ended] });
    expect(before.findings.map(({ rule }) => rule)).toEqual(['waiver-expired']);
    expect(compareReports(before, evaluated({ waivers: undefined }))).toMatchObject({
      resolved: [],
      notSeen: [{ why: 'rule' }],
    });
    expect(compareReports(before, evaluated()).resolved).toMatchObject([{ how: 'mended' }]);
  });
});

describe('what counts as a change', () => {
  const change = (before: Partial<Finding>, after: Partial<Finding>) => {
    const { changed } = compareReports(
      withFindings(sampleFinding(before)),
      withFindings(sampleFinding(after)),
    );
    return changed.map(({ changes, worsened }) => [...changes, ...(worsened ? ['worse'] : [])].join(' '))[0];
  };
  const waived = { status: 'waived', waiver: WAIVER } as const;

  test.each<[string, Partial<Finding>, Partial<Finding>, string | undefined]>([
    ['nothing', {}, {}, undefined],
    ['more severe', { severity: 'medium' }, { severity: 'high' }, 'severity worse'],
    ['less severe', { severity: 'high' }, { severity: 'medium' }, 'severity'],
    ['waived', {}, waived, 'waiver'],
    ['no longer waived', waived, {}, 'waiver worse'],
    ['a waiver ended', waived, { status: 'reopened' }, 'waiver status worse'],
    ['more severe, but waived', { ...waived, severity: 'low' }, { ...waived, severity: 'high' }, 'severity'],
    ['back', { status: 'known' }, { status: 'reopened' }, 'status worse'],
    ['new and then known', { status: 'new' }, { status: 'known' }, undefined],
    ['history begun', { status: null }, { status: 'new' }, undefined],
    ['no longer told', {}, { outcome: 'unknown', messageId: 'unknown' }, 'outcome'],
    ['told at last', { outcome: 'unknown', messageId: 'unknown' }, {}, 'outcome worse'],
    [
      'a day passed',
      { message: 'last used 92 days ago (limit 90)' },
      { message: 'last used 93 days ago (limit 90)' },
      undefined,
    ],
    [
      'a day ended',
      { message: 'expires in 1 day, at X' },
      { message: 'expires in less than a day, at X' },
      undefined,
    ],
    [
      'another limit',
      { message: 'last used 92 days ago (limit 90)' },
      { message: 'last used 93 days ago (limit 45)' },
      'message',
    ],
    ['another network', { message: 'allows 10.0.0.0/8' }, { message: 'allows 11.0.0.0/8' }, 'message'],
    ['another message', { messageId: 'idle' }, { messageId: 'neverUsed' }, 'message'],
  ])('%s', (_, before, after, expected) => {
    expect(change(before, after)).toBe(expected);
  });
});

test('lists credentials that appeared, are gone, or were not seen', () => {
  const [a, b, c] = ['a', 'b', 'c'].map((id) => sampleCredential({ id }));
  const before = sampleReport({ credentials: [a, b].flatMap((one) => one ?? []) });
  const after = sampleReport({ credentials: [b, c].flatMap((one) => one ?? []) });
  const ids = ({ credentials }: ReportDiff) => ({
    appeared: credentials.appeared.map(({ id }) => id),
    gone: credentials.gone.map(({ id }) => id),
    notSeen: credentials.notSeen.map(({ id }) => id),
  });
  expect(ids(compareReports(before, after))).toEqual({ appeared: ['c'], gone: ['a'], notSeen: [] });
  const part = { ...after, coverage: { ...after.coverage, sources: sources('partial') } };
  expect(ids(compareReports(before, part))).toEqual({ appeared: ['c'], gone: [], notSeen: ['a'] });
  const mine = run(after, { scope: 'mine' });
  expect(ids(compareReports(before, mine))).toEqual({ appeared: ['c'], gone: [], notSeen: ['a'] });
});

describe('refuses to compare', () => {
  test('reports in the wrong order, by a millisecond', () => {
    const later = run(fullReport(), { asOf: new Date(Date.parse(AS_OF) + 1).toISOString() });
    expect(() => compareReports(later, fullReport())).toThrow(
      expect.objectContaining({ code: 'usage', hint: expect.stringContaining('old report first') }),
    );
    expect(compareReports(fullReport(), later).added).toEqual([]);
  });
});

describe('exit code', () => {
  const none = sampleReport();
  const high = withFindings(sampleFinding({ severity: 'high' }));
  const code = (before: Report, after: Report, failOn: Severity | 'never' = 'high') =>
    diffExitCode(compareReports(before, after), failOn);

  test.each<[string, number, number]>([
    ['nothing new', code(high, high), 0],
    ['new at the threshold', code(none, high), 1],
    ['new below it', code(none, high, 'critical'), 0],
    ['new, never failing', code(none, high, 'never'), 0],
    [
      'new, but waived',
      code(none, withFindings(sampleFinding({ severity: 'high', status: 'waived', waiver: WAIVER }))),
      0,
    ],
    ['new, but not told', code(none, withFindings(sampleUnknown())), 0],
    ['worse', code(withFindings(finding), high), 1],
    ['less severe, though still high', code(withFindings(sampleFinding({ severity: 'critical' })), high), 0],
    ['resolved', code(high, none), 0],
    ['hidden at the threshold', code(none, hiding(none, { high: 1 })), 1],
    ['hidden below it', code(none, hiding(none, { medium: 1 })), 0],
    ['incomplete', code(none, sampleReport({ complete: false })), 3],
    ['incomplete, never failing', code(none, sampleReport({ complete: false }), 'never'), 3],
    ['only the old one incomplete', code(sampleReport({ complete: false }), none), 0],
  ])('%s', (_, actual, expected) => {
    expect(actual).toBe(expected);
  });
});

test.each<[Partial<Report['run']>, string, string]>([
  [
    { tenant: 'a\u001b"b' },
    'The reports are of different tenants, "acme.conductor.one" and "a\\u001b\\"b".',
    'Compare two reports of one tenant.',
  ],
  [
    { asOf: daysAgo(1) },
    `The first report (as of ${AS_OF}) is later than the second (as of ${daysAgo(1)}).`,
    'Name the old report first: c1-audit report --diff old.json new.json.',
  ],
])('reports that do not compare are refused: %j', (over, message, hint) => {
  const report = fullReport();
  expect(() => compareReports(report, run(report, over))).toThrow(
    expect.objectContaining({ code: 'usage', message, hint }),
  );
});
