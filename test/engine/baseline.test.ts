import { describe, expect, test } from '@jest/globals';
import type { Finding } from '../../src/contract/index.js';
import { asState, sinceBaseline } from '../../src/engine/baseline.js';
import type { HistoryRun } from '../../src/engine/state.js';
import { compare } from '../helpers/follow-up.js';
import {
  AS_OF,
  daysAgo,
  type SampleOptions,
  sampleCredential,
  sampleFinding,
  sampleReport,
  sampleUnknown,
  TENANT,
} from '../helpers/sample-report.js';

const finding = sampleFinding();
const waiver = { reason: 'x', approvedBy: 'y', expires: '2026-12-31' };
const waived = sampleFinding({ waiver, status: 'waived' });
const onWaiver = sampleFinding({ rule: 'waiver-expired', credential: null, message: 'it ended' });

function run(over: Partial<HistoryRun> = {}): HistoryRun {
  return {
    tenant: TENANT,
    asOf: AS_OF,
    scope: 'tenant',
    userId: 'user-0',
    complete: true,
    completeKinds: new Set(['personal-client']),
    rules: new Set(['unused', 'expiring-soon', 'waiver-expired', 'scope-widened']),
    ...over,
  };
}

/** The baseline is a day older than the audit. */
function compared(
  baseline: SampleOptions & { readonly hidden?: boolean; readonly userId?: string | null },
  findings: readonly Finding[],
  over: Partial<HistoryRun> = {},
) {
  const report = sampleReport(baseline);
  const hidden = { critical: 0, high: 0, medium: 0, low: 2, info: 0 };
  const self = baseline.userId === null ? null : { userId: baseline.userId ?? 'user-0', clientId: null };
  const saved = {
    ...report,
    run: { ...report.run, asOf: daysAgo(1), self },
    summary: { ...report.summary, ...(baseline.hidden && { hidden }) },
  };
  const whole = compare({ previous: asState(saved), findings, run: run(over) });
  const { comparison, baselineNotes } = sinceBaseline(saved, whole);
  return { ...comparison, notes: baselineNotes, findings: whole.findings };
}

type Compared = ReturnType<typeof compared>;
const fate = ({ findings, news }: Compared) =>
  findings.map(({ status, firstSeen, fingerprint }) => [
    status,
    firstSeen,
    news.items.find((item) => item.fingerprint === fingerprint)?.reasons.join() ?? null,
  ]);

describe('a finding of the audit', () => {
  test.each<[string, readonly Finding[], Finding, unknown[]]>([
    ['is known if the baseline has it', [finding], finding, ['known', daysAgo(1), null]],
    ['keeps its first night', [{ ...finding, firstSeen: daysAgo(9) }], finding, ['known', daysAgo(9), null]],
    ['is new if the baseline lacks it', [], finding, ['new', AS_OF, 'new']],
    [
      'is new if the baseline could not tell',
      [{ ...finding, outcome: 'unknown' }],
      finding,
      ['new', AS_OF, 'new'],
    ],
    ['is news if its waiver ended', [waived], finding, ['reopened', daysAgo(1), 'waiver-ended']],
    [
      'is news if it is more severe',
      [finding],
      { ...finding, severity: 'high' },
      ['known', daysAgo(1), 'severity-raised'],
    ],
    ['is no news if it is waived', [], waived, ['waived', AS_OF, null]],
    ['is known if it is on a waiver', [onWaiver], onWaiver, ['known', daysAgo(1), null]],
    [
      'is new if it is drift, which is found anew each time',
      [sampleFinding({ rule: 'scope-widened' })],
      sampleFinding({ rule: 'scope-widened' }),
      ['new', AS_OF, 'new'],
    ],
  ])('%s', (_, before, now, expected) => {
    expect(fate(compared({ findings: before }, [now]))).toEqual([expected]);
  });

  test('is no news because a date comes near', () => {
    const credential = sampleCredential({ expiresAt: daysAgo(-2) });
    const soon = sampleFinding({ rule: 'expiring-soon', credential });
    const { news, findings } = compared({ findings: [soon] }, [soon]);
    expect(findings).toMatchObject([{ status: 'known' }]);
    expect(news.items).toEqual([]);
  });

  test('is news if a date comes near and it is more severe', () => {
    const credential = sampleCredential({ expiresAt: daysAgo(-2) });
    const soon = sampleFinding({ rule: 'expiring-soon', credential });
    const { news } = compared({ findings: [soon] }, [{ ...soon, severity: 'critical' }]);
    expect(news.items).toEqual([
      { fingerprint: soon.fingerprint, severity: 'critical', reasons: ['severity-raised', 'milestone'] },
    ]);
  });
});

describe('what the tenant no longer has', () => {
  const gone = (n: number) =>
    Array.from({ length: n }, (_, id) =>
      sampleFinding({ credential: sampleCredential({ id: `gone-${id}` }) }),
    );
  const one = `1 finding of the baseline (as of ${daysAgo(1)}) no longer matches: save a new baseline to forget it.`;
  const two = `2 findings of the baseline (as of ${daysAgo(1)}) no longer match: save a new baseline to forget them.`;

  test.each([
    [0, []],
    [1, [one]],
    [2, [two]],
  ])('is counted, never resolved, told or remembered: %d', (n, notes) => {
    const comparison = compared({ findings: [finding, ...gone(n)] }, [finding]);
    expect(comparison).toMatchObject({ resolved: [], gone: n, notes });
    expect(comparison.news).toMatchObject({ items: [], resolved: [], digest: [], lastPostedAt: null });
    expect(comparison.next({ posted: true, findings: new Set(), digest: true })).toBeUndefined();
  });

  test('is counted too where it is on a waiver, or waived', () => {
    expect(compared({ findings: [onWaiver, waived] }, []).gone).toBe(2);
  });

  test.each<[string, Parameters<typeof compared>[0], Partial<HistoryRun>, number]>([
    ['the kind was not read', {}, { completeKinds: new Set() }, 0],
    ['the rule did not run', {}, { rules: new Set() }, 0],
    ['only one user was asked', {}, { scope: 'mine' }, 0],
    ['the same user was asked', { scope: 'mine' }, { scope: 'mine' }, 1],
    ['another user was asked', { scope: 'mine', userId: 'user-1' }, { scope: 'mine' }, 0],
    ['nobody knows who was asked', { scope: 'mine', userId: null }, { scope: 'mine', userId: null }, 1],
    ['the rule did not judge trusts, which it is not on', {}, { notOnTrusts: new Set(['unused']) }, 1],
    ['it may have been left out', {}, { shown: new Set() }, 0],
    ['the credential is shown', {}, { shown: new Set(['personal-client|pc-1']) }, 1],
    ['the baseline is of a file', { scope: 'file' }, {}, 0],
  ])('is not sought where %s', (_, baseline, over, expected) => {
    expect(compared({ ...baseline, findings: [finding] }, [], over).gone).toBe(expected);
  });

  test('is not sought on trusts that its rule did not judge', () => {
    const onTrust = sampleFinding({ credential: sampleCredential({ kind: 'federation-trust', id: 't' }) });
    const goneWith = (notOnTrusts: string[]) =>
      compared({ findings: [onTrust] }, [], {
        completeKinds: new Set(['federation-trust']),
        notOnTrusts: new Set(notOnTrusts),
      }).gone;
    expect([goneWith([]), goneWith(['other']), goneWith(['unused'])]).toEqual([1, 1, 0]);
  });

  test('is not told again after a week', () => {
    const later = new Date(Date.parse(AS_OF) + 30 * 86_400_000).toISOString();
    expect(compared({ findings: [finding] }, [finding], { asOf: later }).news.digest).toEqual([]);
  });
});

describe('a baseline that lacks findings', () => {
  const says = (limits: string) => [
    `The baseline (as of ${daysAgo(1)}) ${limits}: findings that it lacks count as new.`,
  ];
  test.each<[Parameters<typeof compared>[0], string[]]>([
    [{}, []],
    [{ complete: false }, says('is incomplete')],
    [{ hidden: true }, says('leaves out findings of low severity')],
    [{ complete: false, hidden: true }, says('is incomplete and leaves out findings of low severity')],
  ])('is named: %j', (baseline, notes) => {
    expect(compared({ ...baseline, findings: [finding, sampleUnknown()] }, [finding]).notes).toEqual(notes);
  });
});
