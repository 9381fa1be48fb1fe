import { describe, expect, test } from '@jest/globals';
import noExpiry from '../../rules/no-expiry.js';
import staticBesideFederation from '../../rules/static-beside-federation.js';
import unused from '../../rules/unused.js';
import { type Finding, KINDS, type Owner, type Snapshot } from '../../src/contract/index.js';
import type { PushedFinding } from '../../src/delivery/conductorone/client.js';
import { NOTE, toPushed } from '../../src/delivery/conductorone/finding.js';
import {
  countsText,
  MOST,
  NOTHING_TO_DO,
  plan,
  type RemoteFinding,
  readRemote,
  type Sight,
  sightOf,
} from '../../src/delivery/conductorone/plan.js';
import type { Evaluation } from '../../src/engine/evaluate.js';
import { HOSTILE_NAMES } from '../helpers/hostile.js';
import {
  AS_OF,
  daysAgo,
  sampleCredential,
  sampleFinding,
  sampleReport,
  TENANT,
} from '../helpers/sample-report.js';
import { credential, snapshot } from '../helpers/snapshot.js';

const REPORT = sampleReport();
const WORDING = { report: REPORT, rules: new Map(), owners: new Map() };
const push = (finding: Finding, owners: readonly Owner[] = [], reach = 'tenant') =>
  toPushed(finding, {
    ...WORDING,
    owners: new Map(owners.map((owner) => [owner.id, owner])),
    reachOf: () => reach,
  });
const NONE_LEFT = NOTHING_TO_DO.left;
const contentOf = ({ annotations }: PushedFinding) => annotations[NOTE.content];

describe('a finding as ConductorOne takes it', () => {
  const content = (over: Partial<Finding>) => contentOf(push(sampleFinding(over)));
  const usual = content({});

  test.each([
    ['an age', { message: 'last used 93 days ago (limit 90): revoke it, or use it' }],
    ['its last use', { credential: sampleCredential({ lastUsedAt: daysAgo(1) }) }],
    ['its status', { status: 'known' as const, firstSeen: daysAgo(1) }],
  ])('is not sent again for %s', (_, over) => {
    expect(content(over)).toBe(usual);
  });

  test.each([
    ['severity', { severity: 'high' as const }],
    ['message', { message: 'never used', messageId: 'neverUsed' }],
    ['advice', { fix: 'Do something else.' }],
    ['name', { credential: sampleCredential({ name: 'other' }) }],
    ['owner', { credential: sampleCredential({ owner: { id: 'user-2', name: '', email: '' } }) }],
    ['end', { credential: sampleCredential({ expiresAt: daysAgo(-9) }) }],
    ['sources', { credential: sampleCredential({ allowedCidrs: [] }) }],
    ['roles', { credential: sampleCredential({ scopedRoles: [] }) }],
  ])('is sent again for another %s', (_, over) => {
    expect(content(over)).not.toBe(usual);
  });

  test('on a waiver is sent again by an audit of another reach, on a credential not', () => {
    const inReach = (over: Partial<Finding>, reach: string) =>
      contentOf(push(sampleFinding(over), [], reach));
    const [less, more] = ['tenant personal-client', 'tenant federation-trust personal-client'];
    expect(inReach({ credential: null }, less)).not.toBe(inReach({ credential: null }, more));
    expect(inReach({ credential: null }, less)).toBe(inReach({ credential: null }, less));
    expect(inReach({}, less)).toBe(inReach({}, more));
  });

  test.each([
    ['active', true],
    ['disabled', true],
    ['deleted', false],
    ['gone', false],
  ] as const)('its target where the owner is %s', (status, own) => {
    const owner: Owner = {
      id: 'user-1',
      name: '',
      email: '',
      status,
      type: 'human',
      roles: [],
      managers: [],
    };
    const pushed = push(sampleFinding(), [owner]);
    expect(pushed.identityUserTarget).toEqual(own ? { identityUserId: 'user-1' } : undefined);
    expect(pushed.tenantTarget).toEqual(own ? undefined : {});
  });

  test.each([
    ['an owner who is not known', sampleCredential({ owner: null })],
    ['an owner without an id', sampleCredential({ owner: { id: '', name: 'Jo', email: '' } })],
    ['a waiver', null],
  ])('%s: the tenant', (_, about) => {
    const pushed = push(sampleFinding({ credential: about }));
    expect(pushed).toMatchObject({ tenantTarget: {} });
    expect(pushed).not.toHaveProperty('identityUserTarget');
  });

  test.each([
    [10, ''],
    [11, ', and 1 more'],
  ])('lists %d networks, or the first ten', (count, more) => {
    const allowedCidrs = Array.from({ length: count }, (_, n) => `192.0.2.${n}/32`);
    const { description } = push(sampleFinding({ credential: sampleCredential({ allowedCidrs }) }));
    expect(description.replaceAll('\\', '')).toContain(
      `Allowed sources: ${allowedCidrs.slice(0, 10).join(', ')}${more}\n`,
    );
  });

  test.each(HOSTILE_NAMES)('keeps the bounds of annotations and texts: %s', (_, text) => {
    const { annotations, description } = push(
      sampleFinding({
        message: text,
        fix: text,
        credential: sampleCredential({
          id: text.repeat(30),
          name: text,
          allowedCidrs: Array.from({ length: 500 }, () => text),
        }),
      }),
    );
    for (const [name, value] of Object.entries(annotations)) {
      expect(name).toMatch(/^[A-Za-z][A-Za-z0-9._/-]{0,127}$/);
      expect(value.length).toBeLessThanOrEqual(256);
    }
    expect(Buffer.byteLength(JSON.stringify(annotations))).toBeLessThanOrEqual(4096);
    expect(description.length).toBeLessThan(60_000);
  });
});

/** A finding as the tenant gives it back. */
function record(finding: Finding, over: Record<string, unknown> = {}): Record<string, unknown> {
  return { ...push(finding), id: 'fnd1', state: 'FINDING_STATE_OPEN', ...over };
}

describe('what is ours', () => {
  test('a finding that was pushed', () => {
    const finding = sampleFinding();
    expect(readRemote(record(finding), TENANT)).toEqual({
      id: 'fnd1',
      fingerprint: finding.fingerprint,
      rule: 'unused',
      kind: 'personal-client',
      reach: 'tenant',
      content: contentOf(push(finding)),
      state: 'FINDING_STATE_OPEN',
      acceptedByWaiver: false,
    });
  });

  test.each([
    ['of another tenant', {}, 'other.conductor.one'],
    ['with an id that leads elsewhere', { id: '..' }],
    ['with an id of blanks', { id: '' }],
    ['without key parts', { dedupKeyParts: null }],
    ['without a sub-type', { customSubType: '' }],
    ['whose annotations are no object', { annotations: 'x' }],
    ['whose annotations hold no texts', { annotations: { [NOTE.rule]: 1 } }],
  ])('not one %s', (_, over, tenant = TENANT) => {
    expect(readRemote(record(sampleFinding(), over), tenant)).toBeUndefined();
  });

  const notes = (over: Record<string, string>) => ({
    annotations: { ...push(sampleFinding()).annotations, ...over },
  });
  const other = 'f'.repeat(64);

  test.each([
    ['whose annotated fingerprint is another', notes({ [NOTE.fingerprint]: other })],
    ['without an annotated fingerprint', notes({ [NOTE.fingerprint]: '' })],
    ['whose key is another fingerprint', { dedupKeyParts: ['c1-audit', other] }],
    [
      'whose key and annotation agree on a fingerprint that is not its own',
      {
        dedupKeyParts: ['c1-audit', other],
        ...notes({ [NOTE.fingerprint]: other }),
      },
    ],
    ['whose annotated credential is another', notes({ [NOTE.credential]: 'pc-2' })],
    ['whose annotated kind is another', notes({ [NOTE.kind]: 'federation-trust' })],
    ['whose annotated kind is not known', notes({ [NOTE.kind]: 'door-key' })],
    ['whose annotated rule is another', notes({ [NOTE.rule]: 'no-expiry' })],
    ['whose sub-type is another rule', { customSubType: 'no-expiry' }],
    ['whose key has another first part', { dedupKeyParts: ['c1-other', sampleFinding().fingerprint] }],
    ['whose key has a third part', { dedupKeyParts: ['c1-audit', sampleFinding().fingerprint, 'x'] }],
  ])('not one %s', (_, over) => {
    expect(readRemote(record(sampleFinding(), over), TENANT)).toBeUndefined();
  });

  test.each([
    ['that is no fingerprint', 'xyz'],
    ['that is longer', 'f'.repeat(65)],
    ['of capitals', 'F'.repeat(64)],
  ])('not one on a waiver with a key %s', (_, fingerprint) => {
    const waiver = (own: string) => ({
      ...record(sampleFinding({ rule: 'waiver-expired', credential: null })),
      dedupKeyParts: ['c1-audit', own],
      annotations: {
        ...push(sampleFinding({ rule: 'waiver-expired', credential: null })).annotations,
        [NOTE.fingerprint]: own,
      },
    });
    expect(readRemote(waiver(other), TENANT)).toMatchObject({ fingerprint: other, kind: 'waiver' });
    expect(readRemote(waiver(fingerprint), TENANT)).toBeUndefined();
  });

  test.each(['a/b', 'a/', '/a'])('not one with the id %s', (id) => {
    expect(readRemote(record(sampleFinding(), { id }), TENANT)).toBeUndefined();
  });

  test.each([null, 7, 'x', [], {}])('not %p', (value) => {
    expect(readRemote(value, TENANT)).toBeUndefined();
  });

  test.each([
    ['RISK_ACCEPTED', 'Waived in c1-audit: job (approved by a, until 2027-01-31)', true],
    ['RISK_ACCEPTED', 'fine for now', false],
    ['OPEN', 'Waived in c1-audit: job', false],
  ])('%s because "%s"', (state, riskAcceptanceJustification, byWaiver) => {
    const remote = readRemote(
      record(sampleFinding(), { state: `FINDING_STATE_${state}`, riskAcceptanceJustification }),
      TENANT,
    );
    expect(remote?.acceptedByWaiver).toBe(byWaiver);
  });
});

describe('what an audit would have found', () => {
  const there: RemoteFinding = {
    id: 'fnd1',
    fingerprint: 'f',
    rule: 'no-expiry',
    kind: 'personal-client',
    reach: 'tenant',
    content: '',
    state: 'FINDING_STATE_OPEN',
    acceptedByWaiver: false,
  };
  function sight(over: Partial<Snapshot> = {}, evaluation: Partial<Evaluation> = {}, complete = true): Sight {
    const seen = snapshot([credential()], {}, { seesAll: true, ...over });
    const rules = [noExpiry, staticBesideFederation].map((rule) => ({
      rule,
      severity: undefined,
      options: {},
      floors: {},
    }));
    const coverage = { ...REPORT.coverage, complete, rulesNotRun: ['static-beside-federation'] };
    return sightOf({ ...REPORT, coverage }, {
      snapshot: seen,
      rules,
      choices: {},
      only: undefined,
      waivers: [],
      asOf: Date.parse(AS_OF),
      ...evaluation,
    } as Evaluation);
  }
  const source = (kind: (typeof KINDS)[number], status: 'complete' | 'partial' | 'unavailable') => ({
    kind,
    status,
    required: false,
    pages: 1,
    note: null,
  });
  const self = { userId: 'me', clientId: null };
  const only = new Set(['no-expiry']);
  const waiver = { ...there, kind: 'waiver', rule: 'waiver-expired' } as const;

  const trusts = (usage: Snapshot['facts']['usage']) => {
    const rules = [{ rule: unused, severity: undefined, options: { days: 90 }, floors: {} }];
    const seen = snapshot([], { usage });
    return sight({ facts: seen.facts, sources: [source('federation-trust', 'complete')] }, { rules });
  };
  const unusedTrust = { ...there, kind: 'federation-trust', rule: 'unused' } as const;

  test.each([
    ['an unused trust, with the system log', trusts(new Map()), unusedTrust, true],
    ['an unused trust, without', trusts(undefined), unusedTrust, false],
    ['all of it', sight(), there, true],
    ['an incomplete audit', sight({}, {}, false), there, false],
    ['a rule that did not run', sight(), { ...there, rule: 'unused' }, false],
    ['a rule on changes', sight(), { ...there, rule: 'scope-widened' }, false],
    ['a part of its source', sight({ sources: [source('personal-client', 'partial')] }), there, false],
    [
      'a source that is not offered',
      sight({ sources: [source('personal-client', 'unavailable')] }),
      there,
      false,
    ],
    ['another kind', sight(), { ...there, kind: 'federation-trust' }, false],
    ['a caller without rights', sight({ seesAll: false }), there, false],
    ['a caller of unknown rights', sight({ seesAll: undefined } as never), there, false],
    ["somebody's own keys, from everyone's", sight(), { ...there, reach: 'mine:me' }, true],
    ['their own keys', sight({ scope: 'mine', self, seesAll: false }), { ...there, reach: 'mine:me' }, true],
    ["somebody else's", sight({ scope: 'mine', self }), { ...there, reach: 'mine:you' }, false],
    ["everyone's, from their own", sight({ scope: 'mine', self }), there, false],
    [
      'their own service principals, with rights that may have changed',
      sight({
        scope: 'mine',
        self,
        seesAll: false,
        sources: [source('service-principal-credential', 'complete')],
      }),
      { ...there, kind: 'service-principal-credential', reach: 'mine:me' },
      false,
    ],
    ['a rule that could not be run', sight(), { ...there, rule: 'static-beside-federation' }, false],
    ['a waiver, over the same kinds', sight(), { ...waiver, reach: 'tenant personal-client' }, true],
    [
      'a waiver, over other kinds',
      sight(),
      { ...waiver, reach: 'tenant federation-trust personal-client' },
      false,
    ],
    [
      'a waiver, by some rules alone',
      sight({}, { only }),
      { ...waiver, reach: 'tenant personal-client' },
      false,
    ],
    [
      'a waiver, by its rule alone',
      sight({}, { only: new Set(['waiver-expired']) }),
      { ...waiver, reach: 'tenant personal-client' },
      false,
    ],
    [
      'a waiver, with the rule off',
      sight({}, { choices: { 'waiver-expired': { enabled: false, severity: undefined } } }),
      { ...waiver, reach: 'tenant personal-client' },
      false,
    ],
  ] as [string, Sight, RemoteFinding, boolean][])('%s', (_, seen, remote, expected) => {
    expect(seen.wouldFind(remote)).toBe(expected);
  });

  test('its reach is what the next audit compares with', () => {
    const { reachOf } = sight({ sources: [...KINDS].reverse().map((kind) => source(kind, 'complete')) });
    expect(reachOf(sampleFinding())).toBe('tenant');
    expect(reachOf({ credential: null })).toBe(['tenant', ...[...KINDS].sort()].join(' '));
  });

  test.each([
    [sight(), undefined],
    [sight({ seesAll: false }), /Super Administrator/],
    [sight({ scope: 'mine', self, seesAll: false }), undefined],
    [sight({}, {}, false), /incomplete/],
  ])('why nothing can be resolved (%#)', ({ blind }, says) => {
    if (says === undefined) expect(blind).toBeUndefined();
    else expect(blind).toMatch(says);
  });
});

describe('the plan', () => {
  const seesAll: Sight = {
    rules: new Set(),
    reachOf: () => 'tenant',
    wouldFind: () => true,
    blind: undefined,
  };
  function planned(found: readonly Finding[], remote: readonly Record<string, unknown>[], sight = seesAll) {
    const ours = remote.flatMap((each) => readRemote(each, TENANT) ?? []);
    return plan({
      open: found.filter(({ outcome, waiver }) => outcome === 'violation' && !waiver),
      all: () => found,
      remote: new Map(ours.map((each) => [each.fingerprint, each])),
      sight,
      wording: WORDING,
    });
  }
  const a = sampleFinding({ credential: sampleCredential({ id: 'a' }) });
  const b = sampleFinding({ credential: sampleCredential({ id: 'b' }) });
  const waived: Finding = {
    ...a,
    status: 'waived',
    waiver: { reason: 'job\u001b[2J', approvedBy: 'ciso', expires: '2027-01-31' },
  };

  test('sends what is new or changed', () => {
    const { push: sent, unchanged } = planned([{ ...a, severity: 'high' }, b], [record(a)]);
    expect(sent.map(({ dedupKeyParts }) => dedupKeyParts[1])).toEqual([a.fingerprint, b.fingerprint]);
    expect(unchanged).toBe(0);
    expect(planned([a, b], [record(a), record(b, { id: 'fnd2' })])).toEqual({
      push: [],
      changed: new Set(),
      changes: [],
      unchanged: 2,
      beyond: 0,
      left: NONE_LEFT,
      decided: 0,
    });
  });

  test('sends what is open but stands there resolved, its content being the same', () => {
    const state = (name: string) => record(a, { state: `FINDING_STATE_${name}` });
    expect(planned([a], [state('RESOLVED')])).toMatchObject({
      push: [{ customSubType: 'unused' }],
      unchanged: 0,
    });
    for (const name of ['OPEN', 'IN_PROGRESS', 'SNOOZED', 'RISK_ACCEPTED', 'SUPPRESSED'])
      expect(planned([a], [state(name)])).toMatchObject({ push: [], unchanged: 1 });
    expect(planned([], [state('RESOLVED')])).toMatchObject({ changes: [], left: NONE_LEFT, decided: 0 });
    // It does not stand there: opening it again is no change of what does.
    expect(planned([a], [state('RESOLVED')]).changed).toEqual(new Set());
    expect(planned([{ ...a, severity: 'high' }], [record(a)]).changed).toEqual(new Set([a.fingerprint]));
  });

  test('a change since the last audit is nothing that an audit ends, and has a count of its own', () => {
    const change = sampleFinding({ rule: 'scope-widened' });
    for (const wouldFind of [true, false])
      expect(planned([], [record(change)], { ...seesAll, wouldFind: () => wouldFind })).toMatchObject({
        changes: [],
        left: { ...NONE_LEFT, change: 1 },
      });
  });

  test('leaves what could not be told, and what would not have been found', () => {
    const unknown: Finding = { ...a, outcome: 'unknown' };
    expect(planned([unknown], [record(a)])).toMatchObject({
      push: [],
      changes: [],
      left: { ...NONE_LEFT, unjudged: 1 },
    });
    expect(planned([{ ...unknown, status: 'waived', waiver: waived.waiver }], [record(a)]).changes).toEqual(
      [],
    );
    expect(planned([], [record(a)], { ...seesAll, wouldFind: () => false })).toMatchObject({
      changes: [],
      left: { ...NONE_LEFT, unseen: 1 },
    });
  });

  test.each(['RISK_ACCEPTED', 'SUPPRESSED', 'SNOOZED'])('%s does not stand open', (name) => {
    const there = [record(a, { state: `FINDING_STATE_${name}` })];
    const blind = { ...seesAll, wouldFind: () => false };
    expect(planned([], there, blind)).toMatchObject({ changes: [], left: NONE_LEFT, decided: 1 });
    expect(planned([waived], there)).toMatchObject({ changes: [], left: NONE_LEFT, decided: 1 });
  });

  test('resolves what is gone, also if it was put off or accepted by a waiver', () => {
    for (const over of [
      { state: 'FINDING_STATE_OPEN' },
      { state: 'FINDING_STATE_IN_PROGRESS' },
      { state: 'FINDING_STATE_SNOOZED' },
      { state: 'FINDING_STATE_RISK_ACCEPTED', riskAcceptanceJustification: 'Waived in c1-audit: x' },
    ])
      expect(planned([], [record(a, over)]).changes).toMatchObject([{ id: 'fnd1', action: { resolve: {} } }]);
    for (const state of ['SUPPRESSED', 'RISK_ACCEPTED'])
      expect(planned([], [record(a, { state: `FINDING_STATE_${state}` })])).toMatchObject({
        changes: [],
        decided: 1,
      });
  });

  test('is reported in counts', () => {
    const counts = { new: 1, changed: 2, resolved: 3, accepted: 0 };
    const rest = { unchanged: 4, left: NONE_LEFT, decided: 0 };
    expect(countsText(counts, rest)).toBe('1 new, 2 changed, 3 resolved, 4 unchanged');
    expect(
      countsText(
        { ...counts, accepted: 5 },
        { ...rest, left: { unseen: 1, hidden: 2, unjudged: 3, change: 4, beyond: 5 }, decided: 6 },
      ),
    ).toBe(
      '1 new, 2 changed, 3 resolved, 5 accepted, 4 unchanged, 15 left open (1 not covered by this audit; 2 below minSeverity; 3 unknown in this audit; 4 about changes, for people to close; 5 beyond the 1000 that are pushed), 6 decided in ConductorOne',
    );
  });

  test('accepts the risk of what is waived, once, in words that act on nothing', () => {
    const { push: sent, changes } = planned([waived], [record(a)]);
    expect(sent).toEqual([]);
    expect(changes).toEqual([
      {
        id: 'fnd1',
        rule: 'unused',
        fingerprint: a.fingerprint,
        action: {
          acceptRisk: {
            justification: 'Waived in c1-audit: job\\u{1b}[2J (approved by ciso, until 2027-01-31)',
            expiresAt: '2027-02-01T00:00:00.000Z',
          },
        },
      },
    ]);
    const accepted = {
      state: 'FINDING_STATE_RISK_ACCEPTED',
      riskAcceptanceJustification: 'Waived in c1-audit: x',
    };
    expect(planned([waived], [record(a, accepted)]).changes).toEqual([]);
    // The waiver is over: it is sent as open.
    expect(planned([a], [record(a, accepted)]).push).toHaveLength(1);
    expect(planned([a], [record(a, { ...accepted, riskAcceptanceJustification: 'by me' })]).push).toEqual([]);
  });

  test('does not resolve what is open beyond the limit', () => {
    const many = Array.from({ length: MOST + 1 }, (_, n) =>
      sampleFinding({ credential: sampleCredential({ id: `k${n}` }) }),
    );
    const last = many[MOST] ?? a;
    const { push: sent, changes, beyond, left } = planned(many, [record(last)]);
    expect([sent.length, changes.length, beyond]).toEqual([MOST, 0, 1]);
    expect(left).toEqual({ ...NONE_LEFT, beyond: 1 });
    expect(planned(many.slice(0, MOST), []).beyond).toBe(0);
  });
});
