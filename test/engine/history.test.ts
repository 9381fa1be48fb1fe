import { describe, expect, test } from '@jest/globals';
import { DAY, type Finding, KINDS } from '../../src/contract/index.js';
import {
  isNews,
  NOTHING_TOLD,
  newFindings,
  type Reason,
  raisedFindings,
  type Told,
} from '../../src/engine/history.js';
import { credentialKey, type HistoryRun, type State } from '../../src/engine/state.js';
import { compare, filed } from '../helpers/follow-up.js';
import { sampleCredential, sampleFinding, sampleUnknown, TENANT } from '../helpers/sample-report.js';

const NIGHT_1 = Date.parse('2026-09-01T02:00:00.000Z');

function run(override: Partial<HistoryRun> & { day?: number } = {}): HistoryRun {
  const { day = 0, ...rest } = override;
  return {
    tenant: TENANT,
    asOf: new Date(NIGHT_1 + day * DAY).toISOString(),
    scope: 'tenant',
    userId: 'user-0',
    complete: true,
    completeKinds: new Set(KINDS),
    rules: new Set([
      'unused',
      'no-expiry',
      'expiring-soon',
      'owner-inactive',
      'waiver-expired',
      'scope-widened',
    ]),
    ...rest,
  };
}

function on(id: string, override: Partial<Finding> = {}): Finding {
  return sampleFinding({ credential: sampleCredential({ id }), ...override });
}

function told(...findings: readonly Finding[]): Told {
  return { posted: true, findings: new Set(findings.map(({ fingerprint }) => fingerprint)), digest: false };
}

function night(previous: State | undefined, findings: readonly Finding[], of: HistoryRun) {
  return compare({ previous, findings, run: of });
}

/** A state after one night that told these findings. */
function after(findings: readonly Finding[], of: HistoryRun = run()): State {
  const state = night(undefined, findings, of).next(told(...findings));
  if (state === undefined) throw new Error('an incomplete run has no state');
  return state;
}

describe('status and firstSeen', () => {
  test('makes all findings new without a state', () => {
    const { findings, news, resolved } = night(undefined, [on('a'), on('b')], run());
    expect(findings.map(({ status }) => status)).toEqual(['new', 'new']);
    expect(findings[0]?.firstSeen).toBe('2026-09-01T02:00:00.000Z');
    expect(news.items.map(({ reasons }) => reasons)).toEqual([['new'], ['new']]);
    expect(resolved).toEqual([]);
  });

  test('makes the same findings known the next night, without news', () => {
    const { findings, news, resolved } = night(after([on('a')]), [on('a')], run({ day: 1 }));
    expect(findings).toEqual([{ ...on('a'), status: 'known', firstSeen: '2026-09-01T02:00:00.000Z' }]);
    expect(news).toMatchObject({
      items: [],
      resolved: [],
      digest: [],
      lastPostedAt: '2026-09-01T02:00:00.000Z',
    });
    expect(resolved).toEqual([]);
  });

  test('resolves findings of a file only by a file, and findings of the tenant only by the tenant', () => {
    const ids = (first: HistoryRun['scope'], second: HistoryRun['scope']) =>
      night(after([on('a')], run({ scope: first })), [], run({ day: 1, scope: second })).resolved.map(
        ({ credential }) => credential.id,
      );
    expect(ids('file', 'tenant')).toEqual([]);
    expect(ids('tenant', 'file')).toEqual([]);
    expect(ids('file', 'file')).toEqual(['a']);
    expect(ids('tenant', 'tenant')).toEqual(['a']);
    expect(ids('mine', 'tenant')).toEqual(['a']);
  });

  test('resolves a finding that vanished, without a name', () => {
    const { resolved, news } = night(after([on('a'), on('b')]), [on('b')], run({ day: 1 }));
    const credential = { kind: 'personal-client', id: 'a', name: null };
    expect(resolved).toEqual([{ fingerprint: on('a').fingerprint, rule: 'unused', credential }]);
    expect(news.resolved).toMatchObject([{ credentialId: 'a', severity: 'medium' }]);
  });

  test.each([
    { days: 90, status: 'reopened', firstSeen: '2026-09-01T02:00:00.000Z' },
    { days: 91, status: 'new', firstSeen: '2026-12-02T02:00:00.000Z' },
  ])('one that comes back $days days after it was resolved is $status', ({ days, status, firstSeen }) => {
    const gone = night(after([on('a')]), [], run({ day: 1 })).next(NOTHING_TOLD);
    const { findings, news } = night(gone, [on('a')], run({ day: 1 + days }));
    expect(findings).toMatchObject([{ status, firstSeen }]);
    expect(news.items).toMatchObject([{ reasons: [status] }]);
  });

  test('forgets resolved findings after 90 days', () => {
    const gone = night(after([on('a')]), [], run({ day: 1 })).next(NOTHING_TOLD);
    expect(gone?.resolved.size).toBe(1);
    const kept = night(gone, [], run({ day: 91 })).next(NOTHING_TOLD);
    expect(kept?.resolved.size).toBe(1);
    expect(night(kept, [], run({ day: 92 })).next(NOTHING_TOLD)?.resolved.size).toBe(0);
  });

  test('does not resolve a finding that is unknown now; it is known again later', () => {
    const open = on('a', { rule: 'owner-inactive', severity: 'critical' });
    const unknown = sampleUnknown({ credential: sampleCredential({ id: 'a' }) });
    expect(unknown.fingerprint).toBe(open.fingerprint);
    const blind = night(after([open]), [unknown], run({ day: 1 }));
    expect(blind.resolved).toEqual([]);
    expect(blind.findings).toEqual([unknown]);
    expect(blind.news.items).toEqual([]);
    const { findings } = night(blind.next(NOTHING_TOLD), [open], run({ day: 2 }));
    expect(findings).toMatchObject([{ status: 'known', firstSeen: '2026-09-01T02:00:00.000Z' }]);
  });
});

describe('severity', () => {
  test('is news if it is raised, but not if it is lowered', () => {
    const raised = night(after([on('a')]), [on('a', { severity: 'high' })], run({ day: 1 }));
    expect(raised.findings).toMatchObject([{ status: 'known' }]);
    expect(raised.news.items).toMatchObject([{ reasons: ['severity-raised'] }]);
    expect(raisedFindings(raised)).toEqual(new Set([raised.findings[0]?.fingerprint]));
    expect(raisedFindings(night(after([on('a')]), [on('a')], run({ day: 1 })))).toEqual(new Set());
    const lowered = night(after([on('a', { severity: 'high' })]), [on('a')], run({ day: 1 }));
    expect(lowered.news.items).toEqual([]);
  });

  test('is still news if no message mentioned that it was raised', () => {
    const high = on('a', { severity: 'high' });
    const untold = night(after([on('a')]), [high], run({ day: 1 })).next(NOTHING_TOLD);
    expect(night(untold, [high], run({ day: 2 })).news.items).toMatchObject([{ reasons: ['untold'] }]);
    const tellIt = night(untold, [high], run({ day: 2 })).next(told(high));
    expect(night(tellIt, [high], run({ day: 3 })).news.items).toEqual([]);
  });
});

describe('waivers', () => {
  const waiver = { reason: 'quarterly job', approvedBy: 'security@acme.example', expires: '2026-12-31' };

  test('a waived finding is not news and keeps its firstSeen', () => {
    const first = night(undefined, [on('a', { waiver })], run());
    expect(first.findings).toMatchObject([{ status: 'waived', firstSeen: '2026-09-01T02:00:00.000Z' }]);
    expect(first.news.items).toEqual([]);
    const second = night(first.next(NOTHING_TOLD), [on('a', { waiver })], run({ day: 1 }));
    expect(second.findings).toMatchObject([{ status: 'waived', firstSeen: '2026-09-01T02:00:00.000Z' }]);
  });

  test('a finding is news on the day its waiver ends', () => {
    const waived = night(undefined, [on('a', { waiver })], run()).next(NOTHING_TOLD);
    const { findings, news } = night(waived, [on('a')], run({ day: 1 }));
    expect(findings).toMatchObject([{ status: 'reopened', firstSeen: '2026-09-01T02:00:00.000Z' }]);
    expect(news.items).toMatchObject([{ reasons: ['waiver-ended'] }]);
  });

  test('a waived finding that disappears is not reported as resolved', () => {
    const waived = night(after([on('a')]), [on('a', { waiver })], run({ day: 1 })).next(NOTHING_TOLD);
    const { resolved, news } = night(waived, [], run({ day: 2 }));
    expect(resolved).toEqual([]);
    expect(news.resolved).toEqual([]);
  });

  test('a finding on a waiver is remembered by its fingerprint', () => {
    const expired = sampleFinding({ rule: 'waiver-expired', credential: null, message: 'ended' });
    const state = after([expired]);
    expect(state.findings.get(expired.fingerprint)).toMatchObject({
      kind: 'waiver',
      credentialId: expired.fingerprint,
    });
    expect(night(state, [], run({ day: 1 })).resolved).toMatchObject([{ credential: { kind: 'waiver' } }]);
  });
});

describe('does not resolve what the audit did not read', () => {
  const partial = { complete: false, completeKinds: new Set<(typeof KINDS)[number]>(['federation-trust']) };

  test('a source that was not read completely', () => {
    const trust = sampleFinding({ credential: sampleCredential({ kind: 'federation-trust', id: 't' }) });
    const { resolved } = night(after([on('a'), trust]), [], run({ day: 1, ...partial }));
    expect(resolved).toMatchObject([{ credential: { id: 't' } }]);
  });

  test('an incomplete audit remembers nothing', () => {
    expect(night(after([on('a')]), [on('a')], run({ day: 1, ...partial })).next(told())).toBeUndefined();
  });

  test('a credential that may have been left out', () => {
    const shown = new Set([credentialKey('personal-client', 'there')]);
    const before = after([on('there'), on('left-out')]);
    const { resolved, next } = night(before, [], run({ day: 1, shown }));
    expect(resolved).toMatchObject([{ credential: { id: 'there' } }]);
    expect(night(next(NOTHING_TOLD), [on('left-out')], run({ day: 2 })).findings).toMatchObject([
      { status: 'known' },
    ]);
    expect(night(before, [], run({ day: 1 })).resolved).toHaveLength(2);
  });

  test('a source that was not requested', () => {
    const one = run({ day: 1, completeKinds: new Set(['federation-trust']) });
    const comparison = night(after([on('a')]), [], one);
    expect(comparison.resolved).toEqual([]);
    expect(night(comparison.next(NOTHING_TOLD), [on('a')], run({ day: 2 })).findings).toMatchObject([
      { status: 'known' },
    ]);
  });

  test('a rule that did not run', () => {
    const state = after([on('a'), on('a', { rule: 'no-expiry' })]);
    const { resolved } = night(state, [], run({ day: 1, rules: new Set(['no-expiry']) }));
    expect(resolved).toMatchObject([{ rule: 'no-expiry' }]);
  });

  test("an audit of one's own credentials does not resolve everyone's", () => {
    const mine = run({ day: 1, scope: 'mine' });
    const comparison = night(after([on('a')]), [on('b')], mine);
    expect(comparison.resolved).toEqual([]);
    const state = comparison.next(NOTHING_TOLD);
    expect(night(state, [], { ...mine, userId: 'somebody else' }).resolved).toEqual([]);
    expect(night(state, [], mine).resolved).toMatchObject([{ credential: { id: 'b' } }]);
    expect(night(state, [], run({ day: 2 })).resolved).toHaveLength(2);
  });
});

describe('milestones', () => {
  const EXPIRY = NIGHT_1 + 40 * DAY;

  function expiring(expiresAt: number): Finding {
    const credential = sampleCredential({ id: 'a', expiresAt: new Date(expiresAt).toISOString() });
    return sampleFinding({ rule: 'expiring-soon', credential });
  }

  /** The days left at which it spoke, in a run every `step` milliseconds. */
  function spoken(from: number, step: number): number[] {
    const days: number[] = [];
    let state: State | undefined;
    for (let now = from; now < EXPIRY; now += step) {
      const finding = expiring(EXPIRY);
      const comparison = night(state, [finding], { ...run(), asOf: new Date(now).toISOString() });
      if (comparison.news.items.length > 0) days.push((EXPIRY - now) / DAY);
      state = comparison.next(comparison.news.items.length > 0 ? told(finding) : NOTHING_TOLD);
    }
    return days;
  }

  test('are news when first found and at exactly 30, 14, 7, 3 and 1 days, once each', () => {
    expect(spoken(EXPIRY - 35 * DAY, DAY / 2)).toEqual([35, 30, 14, 7, 3, 1]);
  });

  test('between two audits are news in the next, and several only once', () => {
    expect(spoken(EXPIRY - 30 * DAY, 4.25 * DAY)).toEqual([30, 13, 4.5, 0.25]);
  });

  test('are not news a millisecond early', () => {
    const state = after([expiring(EXPIRY)], { ...run(), asOf: new Date(EXPIRY - 20 * DAY).toISOString() });
    const at = (left: number) =>
      night(state, [expiring(EXPIRY)], { ...run(), asOf: new Date(EXPIRY - left).toISOString() }).news.items;
    expect(at(14 * DAY + 1)).toEqual([]);
    expect(at(14 * DAY)).toMatchObject([{ reasons: ['milestone'] }]);
  });

  test('start over with another expiry date', () => {
    const at = { ...run(), asOf: new Date(EXPIRY - 13 * DAY).toISOString() };
    const state = after([expiring(EXPIRY)], at);
    expect(night(state, [expiring(EXPIRY)], at).news.items).toEqual([]);
    expect(night(state, [expiring(EXPIRY + DAY / 2)], at).news.items).toMatchObject([
      { reasons: ['milestone'] },
    ]);
  });

  test('that no message mentioned are news the next night', () => {
    const state = after([expiring(EXPIRY)], { ...run(), asOf: new Date(EXPIRY - 20 * DAY).toISOString() });
    const at = (left: number) => ({ ...run(), asOf: new Date(EXPIRY - left * DAY).toISOString() });
    const untold = night(state, [expiring(EXPIRY)], at(14)).next(NOTHING_TOLD);
    expect(night(untold, [expiring(EXPIRY)], at(13)).news.items).toMatchObject([{ reasons: ['milestone'] }]);
  });
});

describe('the weekly digest', () => {
  test('is due exactly a week after a message mentioned a finding', () => {
    const state = after([on('a')]);
    expect(night(state, [on('a')], run({ day: 7 - 1 / DAY })).news.digest).toEqual([]);
    expect(night(state, [on('a')], run({ day: 7 })).news.digest).toEqual([on('a').fingerprint]);
  });

  test('comes at most weekly, and leaves out what a message mentioned meanwhile', () => {
    const second = night(after([on('a')]), [on('a'), on('b')], run({ day: 6 })).next(told(on('b')));
    const seventh = night(second, [on('a'), on('b')], run({ day: 7 }));
    expect(seventh.news.digest).toEqual([on('a').fingerprint]);
    const digested = seventh.next({ ...told(on('a')), digest: true });
    expect(night(digested, [on('a'), on('b')], run({ day: 13 })).news.digest).toEqual([]);
    expect(night(digested, [on('a'), on('b')], run({ day: 14 })).news.digest).toHaveLength(2);
  });

  test('stays due if it was not sent', () => {
    const state = night(after([on('a')]), [on('a')], run({ day: 7 })).next(NOTHING_TOLD);
    expect(night(state, [on('a')], run({ day: 8 })).news.digest).toHaveLength(1);
  });
});

test('does not report a finding as resolved that no message mentioned', () => {
  const silent = night(undefined, [on('a')], run()).next(NOTHING_TOLD);
  const { resolved, news } = night(silent, [], run({ day: 1 }));
  expect(resolved).toHaveLength(1);
  expect(news.resolved).toEqual([]);
});

test('the state holds no name, no email and no text of a credential', () => {
  const text = JSON.stringify(after([on('a'), on('b', { rule: 'no-expiry' })]));
  for (const secret of ['nightly export', 'Jo Doe', 'jo@acme.example', 'user-1', 'last used']) {
    expect(text).not.toContain(secret);
  }
});

test('writes the same bytes whatever the order of findings', () => {
  const [a, b] = [on('a'), on('b')];
  expect(JSON.stringify(filed(after([a, b])))).toBe(JSON.stringify(filed(after([b, a]))));
});

describe('decoys', () => {
  const onWaiver = on('w', { credential: null, rule: 'waiver-expired', message: 'ended' });
  const decoys = new Set(['personal-client|a']);

  test('are forgotten without being called resolved, and everything else is resolved as ever', () => {
    const previous = after([on('a'), on('b'), onWaiver]);
    const { resolved, news, next } = night(previous, [], run({ day: 1, decoys }));
    expect(resolved.map(({ rule, credential: { kind } }) => [rule, kind])).toEqual([
      ['unused', 'personal-client'],
      ['waiver-expired', 'waiver'],
    ]);
    expect(resolved[0]?.credential.id).toBe('b');
    expect(news.resolved).toHaveLength(2);
    const state = next(NOTHING_TOLD);
    expect(state?.findings.size).toBe(0);
    expect([...(state?.resolved.keys() ?? [])]).not.toContain(on('a').fingerprint);
    expect([...(state?.resolved.keys() ?? [])]).toHaveLength(2);
    const none = night(previous, [], run({ day: 1, decoys: new Set() }));
    expect(none.resolved).toHaveLength(3);
  });

  test('that were resolved before come back as new', () => {
    const gone = night(after([on('a')]), [], run({ day: 1 })).next(NOTHING_TOLD);
    const back = (of: HistoryRun) => night(gone, [on('a')], of).findings.map(({ status }) => status);
    expect(back(run({ day: 2 }))).toEqual(['reopened']);
    expect(back(run({ day: 2, decoys }))).toEqual(['new']);
  });
});

test('orders resolved findings by rule, kind and credential', () => {
  const trust = { ...sampleCredential({ id: 'c' }), kind: 'federation-trust' } as const;
  const all = [
    on('b'),
    on('a'),
    on('z', { rule: 'no-expiry' }),
    sampleFinding({ credential: trust }),
    on('a', { rule: 'no-expiry' }),
  ];
  for (const findings of [all, [...all].reverse()]) {
    const { resolved } = night(after(findings), [], run({ day: 1 }));
    expect(resolved.map(({ rule, credential: { kind, id } }) => `${rule} ${kind} ${id}`)).toEqual([
      'no-expiry personal-client a',
      'no-expiry personal-client z',
      'unused federation-trust c',
      'unused personal-client a',
      'unused personal-client b',
    ]);
  }
});

test('resolves a finding on a waiver also if credentials may have been left out', () => {
  const onWaiver = on('w', { credential: null, rule: 'waiver-expired', message: 'ended' });
  const { resolved } = night(after([on('a'), onWaiver]), [], run({ day: 1, shown: new Set() }));
  expect(resolved.map(({ rule }) => rule)).toEqual(['waiver-expired']);
});

test('only the rule on expiry has milestones', () => {
  const soon = sampleCredential({ id: 'a', expiresAt: new Date(NIGHT_1 + 31 * DAY).toISOString() });
  const reasons = (rule: string) => {
    const finding = sampleFinding({ credential: soon, rule });
    const { news } = night(after([finding]), [finding], run({ day: 1 }));
    return news.items.map((item) => item.reasons);
  };
  expect(reasons('expiring-soon')).toEqual([['milestone']]);
  expect(reasons('unused')).toEqual([]);
});

test('the weekly line leaves out what is waived and what is news anyway', () => {
  const previous = after([on('a'), on('b'), on('c')]);
  const waiver = { reason: 'x', approvedBy: 'y', expires: '2027-01-01' };
  const findings = [on('a', { waiver }), on('b', { severity: 'critical' }), on('c'), on('d')];
  const { news } = night(previous, findings, run({ day: 7 }));
  expect(news.digest).toEqual([on('c').fingerprint]);
});

describe('the state', () => {
  const remembered = (covered: State['covered'], of = run()) =>
    compare({
      previous: undefined,
      findings: [],
      run: of,
      ...(covered ? { covered } : {}),
    }).next(NOTHING_TOLD);
  const COVERED = { ['0'.repeat(64)]: ['personal-client|a'] };

  test('holds what waivers cover, if they cover anything', () => {
    expect(remembered(COVERED)?.covered).toEqual(COVERED);
    expect(remembered({})).not.toHaveProperty('covered');
    expect(remembered(undefined)).not.toHaveProperty('covered');
  });

  test('holds what waivers cover also after an incomplete audit that reported it, and nothing else new', () => {
    const previous = after([on('a')]);
    const covers = on('w', { credential: null, rule: 'waiver-covers', message: 'covers' });
    const half = run({ day: 1, complete: false, completeKinds: new Set() });
    const input = { previous, findings: [covers], run: half };
    expect(compare({ ...input, covered: COVERED }).next(NOTHING_TOLD)).toEqual({
      ...previous,
      covered: COVERED,
    });
    expect([...(compare(input).next(NOTHING_TOLD)?.credentials.keys() ?? ['x'])]).toEqual([]);
    expect(compare(input).next(NOTHING_TOLD)).not.toHaveProperty('covered');
  });

  test('holds with which reach each kind was ever read completely', () => {
    const whole = after([]);
    expect(whole.seen).toEqual(Object.fromEntries(KINDS.map((kind) => [kind, ['tenant']])));
    const of = run({ day: 1, scope: 'file', completeKinds: new Set(['federation-trust']) });
    const both = night(whole, [], of).next(NOTHING_TOLD);
    expect(both?.seen).toEqual({ ...whole.seen, 'federation-trust': ['file', 'tenant'] });
  });
});

describe('messages of a bot', () => {
  const first = { channel: 'C01', ts: '1.1' };
  const second = { channel: 'C01', ts: '2.2' };
  const toldIn = (message: Told['message'], ...findings: readonly Finding[]): Told => ({
    ...told(...findings),
    message,
  });
  /** Two findings in one message. */
  const both = night(undefined, [on('a'), on('b')], run()).next(toldIn(first, on('a'), on('b')));

  test('are outdated in part when one of their findings is gone, and then in full', () => {
    const next = night(both, [on('b')], run({ day: 1 }));
    expect(next.news.outdated).toEqual([{ ...first, isDone: false }]);
    const last = night(next.next(NOTHING_TOLD), [], run({ day: 2 }));
    expect(last.news.outdated).toEqual([{ ...first, isDone: true }]);
    expect(night(last.next(NOTHING_TOLD), [], run({ day: 3 })).news.outdated).toEqual([]);
  });

  test('are all outdated when a finding is gone that later messages repeated', () => {
    const high = on('a', { severity: 'high' });
    const state = night(both, [high, on('b')], run({ day: 1 })).next(toldIn(second, high));
    expect(night(state, [on('b')], run({ day: 2 })).news.outdated).toEqual([
      { ...first, isDone: false },
      { ...second, isDone: true },
    ]);
  });

  test('that only had a finding in their digest are not', () => {
    const digest = { ...toldIn(second, on('a')), digest: true };
    const state = night(both, [on('a'), on('b')], run({ day: 8 })).next(digest);
    expect(night(state, [], run({ day: 9 })).news.outdated).toEqual([{ ...first, isDone: true }]);
  });

  test('of a webhook are not known, nor are those of an older state', () => {
    expect(night(after([on('a')]), [], run({ day: 1 })).news.outdated).toEqual([]);
    expect([...after([on('a')]).findings.values()][0]).not.toHaveProperty('messages');
  });

  test('with a finding that is waived or unknown now are not done', () => {
    const waiver = { reason: 'job', approvedBy: 'a', expires: '2026-12-31' };
    const waived = night(both, [on('b', { waiver })], run({ day: 1 }));
    expect(waived.news.outdated).toEqual([{ ...first, isDone: false }]);
    const unknown = night(both, [on('b', { outcome: 'unknown' })], run({ day: 1 }));
    expect(unknown.news.outdated).toEqual([{ ...first, isDone: false }]);
  });

  test('with a warning that ended as the credential expired are not marked', () => {
    const soon = new Date(NIGHT_1 + 5 * DAY).toISOString();
    const warning = on('a', {
      rule: 'expiring-soon',
      credential: sampleCredential({ id: 'a', expiresAt: soon }),
    });
    const state = night(undefined, [warning, on('b')], run()).next(toldIn(first, warning, on('b')));
    expect(night(state, [on('b')], run({ day: 5 })).news.outdated).toEqual([]);
    expect(night(state, [on('b')], run({ day: 4 })).news.outdated).toEqual([{ ...first, isDone: false }]);
    expect(night(state, [], run({ day: 5 })).news.outdated).toEqual([{ ...first, isDone: false }]);
  });
});

describe('what counts as new', () => {
  test.each<[Reason[], boolean]>([
    [[], false],
    [['new'], true],
    [['reopened'], true],
    [['waiver-ended'], true],
    [['severity-raised'], true],
    [['milestone'], false],
    [['untold'], false],
    [['milestone', 'untold'], false],
    [['severity-raised', 'untold'], true],
  ])('%j: %s', (reasons, expected) => {
    expect(isNews(reasons)).toBe(expected);
    const item = { fingerprint: 'f', severity: 'low' as const, reasons };
    const news = { items: [item], resolved: [], digest: [], lastPostedAt: null };
    expect(newFindings({ news })).toEqual(expected ? [item] : []);
    expect([...raisedFindings({ news })]).toEqual(reasons.includes('severity-raised') ? ['f'] : []);
  });
});
