import { describe, expect, test } from '@jest/globals';
import { defineRule, type Kind, type Rule, type Waiver } from '../../src/contract/index.js';
import { type Evaluation, evaluate } from '../../src/engine/evaluate.js';
import { NOTHING_TOLD } from '../../src/engine/history.js';
import type { State } from '../../src/engine/state.js';
import { AuditError } from '../../src/errors.js';
import { credential, DAY, NOW, owner, PLAIN_EVALUATION, snapshot } from '../helpers/snapshot.js';

const named = defineRule({
  id: 'named',
  title: 'The credential is bad',
  severity: 'medium',
  kinds: ['personal-client', 'federation-trust'],
  docs: { why: 'Because.', fix: 'Fix it.', references: [] },
  needs: ['name'],
  messages: { bad: () => 'is bad' },
  check: ({ facts }) => (facts.name.startsWith('bad') ? { messageId: 'bad', data: {} } : undefined),
});
const other = { ...named, id: 'other', kinds: ['service-principal-credential'] };
const inForce = (rule: unknown) => ({
  rule: rule as Rule,
  severity: undefined,
  options: {},
  floors: {},
});

const DRIFT = ['credential-appeared', 'network-widened', 'scope-widened', 'woke-up'];
const HYGIENE = ['waiver-covers', 'waiver-expired', 'waiver-expiring', 'waiver-unmatched'];

function evaluation(over: Partial<Evaluation> = {}): Evaluation {
  return {
    ...PLAIN_EVALUATION,
    snapshot: snapshot([credential()]),
    rules: [inForce(named)],
    known: ['named'],
    history: { previous: undefined },
    ...over,
  };
}

const audited = (over: Partial<Evaluation> = {}) => evaluate(evaluation(over)).report;
const foundBy = (over: Partial<Evaluation>) =>
  audited(over).findings.map(({ rule, credential: about }) => `${rule} ${about?.id ?? ''}`.trim());

/** The state after an audit. */
function after(over: Partial<Evaluation> = {}): State {
  const state = evaluate(evaluation(over)).comparison?.next(NOTHING_TOLD);
  if (state === undefined) throw new Error('nothing was remembered');
  return state;
}

const source = (kind: Kind, status: 'complete' | 'partial' | 'unavailable') => ({
  kind,
  status,
  required: status === 'partial',
  pages: 1,
  note: null,
});

describe('an audit in which no requested rule can run', () => {
  const refusal = (over: Partial<Evaluation>) => {
    try {
      audited(over);
    } catch (error) {
      if (error instanceof AuditError) return [error.code, error.message, error.hint];
      throw error;
    }
    return undefined;
  };
  const none = { rules: [inForce(other)], known: ['other'], only: new Set(['other']) };

  test('is refused with the reasons and what to do', () => {
    expect(refusal(none)).toEqual([
      'usage',
      'Nothing was audited, because no requested rule could run. other: no service-principal credentials were read.',
      'Request the missing source (--scope tenant, --source), keep a state (--state FILE), or request other rules.',
    ]);
    expect(refusal({ rules: [], only: new Set(['scope-widened']), history: undefined })?.[1]).toBe(
      'Nothing was audited, because no requested rule could run. scope-widened: no state is kept (--state).',
    );
    expect(
      refusal({
        rules: [],
        history: undefined,
        choices: off('scope-widened', 'credential-appeared', 'woke-up'),
      })?.[1],
    ).toMatch(/ run\. network-widened: no state is kept \(--state\)\. waiver-covers: no state/);
  });

  test('is refused if only findings on waivers could come of it, unless they were requested', () => {
    const noRules = { rules: [], history: undefined };
    expect(refusal(noRules)).toBeDefined();
    expect(refusal({ ...noRules, only: new Set(['waiver-expired']) })).toBeUndefined();
    expect(refusal({ ...noRules, only: new Set(['waiver-expired']), waivers: undefined })).toBeDefined();
  });

  test('is not refused if a rule on changes runs', () => {
    expect(refusal({ rules: [], only: new Set(['scope-widened']) })).toBeUndefined();
  });

  test('is incomplete rather than refused if a source could not be read, and fine if nothing was asked', () => {
    const partial = { ...snapshot([]), sources: [source('personal-client', 'partial')] };
    expect(audited({ ...none, snapshot: partial }).coverage.complete).toBe(false);
    const empty = { ...snapshot([]), sources: [] };
    expect(audited({ ...none, snapshot: empty }).findings).toEqual([]);
    const changes = { rules: [], only: new Set(['scope-widened']), history: undefined };
    expect(audited({ ...changes, snapshot: empty }).findings).toEqual([]);
  });
});

function off(...ids: string[]): Evaluation['choices'] {
  return Object.fromEntries(ids.map((id) => [id, { enabled: false, severity: undefined }]));
}

describe('the rules that did not run', () => {
  const notRun = (over: Partial<Evaluation>) => audited(over).coverage.rulesNotRun;
  const notes = (over: Partial<Evaluation>) => audited(over).coverage.notes;

  test('are none with a state', () => {
    expect(notRun({})).toBeUndefined();
    expect(notes({})).toEqual([]);
  });

  test('are those on changes without a state, with the reason', () => {
    expect(notRun({ history: undefined })).toEqual([...DRIFT, 'waiver-covers'].sort());
    expect(notes({ history: undefined })).toEqual([
      `Not run, because no state is kept (--state): ${[...DRIFT, 'waiver-covers'].sort().join(', ')}.`,
    ]);
  });

  test('are those that are switched off or not requested, without a reason', () => {
    expect(notRun({ choices: off('scope-widened', 'waiver-expiring') })).toEqual([
      'scope-widened',
      'waiver-expiring',
    ]);
    expect(notes({ history: undefined, choices: off(...DRIFT, 'waiver-covers') })).toEqual([]);
    expect(notRun({ only: new Set(['named']) })).toEqual([...DRIFT, ...HYGIENE].sort());
    expect(notRun({ waivers: undefined })).toEqual(HYGIENE);
  });

  test('are those on credentials that lack a source', () => {
    const both = { rules: [inForce(named), inForce(other)], known: ['named', 'other'] };
    expect(notRun(both)).toEqual(['other']);
    expect(notes(both)).toEqual(['Not run, because no service-principal credentials were read: other.']);
    expect(notRun({ known: ['named', 'another'] })).toEqual(['another']);
    expect(notes({ known: ['named', 'another'] })).toEqual(['1 of 2 rules did not run: another.']);
    expect(notes({ ...both, known: ['named', 'other', 'another'] })).toEqual([
      'Not run, because no service-principal credentials were read: other.',
      '1 of 2 rules did not run: another.',
    ]);
  });
});

describe('from night to night', () => {
  const first = after();
  const next = (over: Partial<Evaluation> = {}) => ({
    history: { previous: first },
    asOf: NOW + DAY,
    ...over,
  });

  test('changes are reported, live or not, with the configured severity', () => {
    const wider = credential({ scopedRoleIds: [] });
    const snapshotOf = (one: typeof wider) => ({ snapshot: snapshot([one]) });
    expect(foundBy(next(snapshotOf(wider)))).toEqual(['scope-widened a']);
    expect(foundBy(next(snapshotOf({ ...wider, expiresAt: NOW })))).toEqual([]);
    expect(foundBy(next(snapshotOf({ ...wider, deletedAt: NOW })))).toEqual([]);
    const severities = { 'scope-widened': { enabled: true, severity: 'low' } } as const;
    expect(audited(next({ ...snapshotOf(wider), choices: severities })).findings).toMatchObject([
      { severity: 'low', status: 'new', credential: { id: 'a' } },
    ]);
    expect(foundBy(next({ ...snapshotOf(wider), choices: off('scope-widened') }))).toEqual([]);
  });

  test('a gained role is named by the roles of the tenant', () => {
    const roles = new Map([['r2', { id: 'r2', name: 'system:owner', displayName: 'Super Administrator' }]]);
    const gained = snapshot([credential({ scopedRoleIds: ['r1', 'r2'] })], { roles });
    expect(audited(next({ snapshot: gained })).findings[0]?.message).toContain('gained Super Administrator');
  });

  test('without a state nothing is compared', () => {
    const { report, comparison } = evaluate(
      evaluation({ history: undefined, snapshot: snapshot([credential({ name: 'bad' })]) }),
    );
    expect(comparison).toBeUndefined();
    expect(report.findings).toMatchObject([{ rule: 'named', status: null, firstSeen: null }]);
    expect(report.resolved).toEqual([]);
  });

  test('a finding becomes known, and is resolved once it is gone from a complete list', () => {
    const bad = snapshot([credential({ name: 'bad' })]);
    const previous = after({ snapshot: bad });
    const again = { history: { previous }, asOf: NOW + DAY };
    expect(audited({ ...again, snapshot: bad }).findings).toMatchObject([{ status: 'known' }]);
    const good = snapshot([credential()]);
    const resolved = (over: Partial<Evaluation['snapshot']>, rest: Partial<Evaluation> = {}) =>
      audited({ ...again, ...rest, snapshot: { ...good, ...over } }).resolved.map(({ rule }) => rule);
    expect(resolved({})).toEqual(['named']);
    expect(resolved({ sources: [source('personal-client', 'partial')] })).toEqual([]);
    expect(resolved({ sources: [source('federation-trust', 'complete')] })).toEqual([]);
    expect(resolved({}, { rules: [inForce({ ...named, id: 'x' })] })).toEqual([]);
    // What may have been left out for lack of rights is not resolved.
    expect(resolved({ seesAll: false })).toEqual(['named']);
    expect(resolved({ seesAll: false, credentials: [] })).toEqual([]);
    expect(resolved({ seesAll: true, credentials: [] })).toEqual(['named']);
    expect(resolved({ decoys: [{ kind: 'personal-client', id: 'a' }] as never, credentials: [] })).toEqual(
      [],
    );
  });

  test("two people's own credentials are not compared with each other", () => {
    const own = (userId: string | undefined, name: string) => ({
      snapshot: {
        ...snapshot([credential({ name })]),
        scope: 'mine' as const,
        self: userId === undefined ? null : { userId, clientId: null },
      },
    });
    const previous = after(own('u1', 'bad'));
    const resolved = (userId: string | undefined) =>
      audited({ ...own(userId, 'good'), history: { previous }, asOf: NOW + DAY } as Partial<Evaluation>)
        .resolved;
    expect(resolved('u1')).toHaveLength(1);
    expect(resolved('u2')).toEqual([]);
    expect(resolved(undefined)).toEqual([]);
  });
});

describe('waivers', () => {
  const OWNER = 'jo@acme.example';
  const owners = new Map([['u1', owner({ email: OWNER })]]);
  const waiver = (over: Partial<Waiver> = {}): Waiver => ({
    rule: 'named',
    credential: { name: 'bad*', owner: OWNER },
    reason: 'agreed',
    approvedBy: 'me@acme.example',
    expires: '2027-06-30',
    ...over,
  });
  const bad = (...ids: string[]) =>
    snapshot(
      ids.map((id) => credential({ id, name: `bad ${id}` })),
      { owners },
    );
  const news = (over: Partial<Evaluation>) => foundBy(over).filter((text) => text.startsWith('waiver-'));

  test('by name report what they cover for the first time, once', () => {
    const tonight = { waivers: [waiver()], snapshot: bad('b', 'a') };
    expect(news(tonight)).toEqual(['waiver-covers', 'waiver-covers']);
    const previous = after(tonight);
    expect(Object.values(previous.covered ?? {})).toEqual([['personal-client|a', 'personal-client|b']]);
    const tomorrow = { ...tonight, history: { previous }, asOf: NOW + DAY };
    expect(news(tomorrow)).toEqual([]);
    expect(news({ ...tomorrow, snapshot: bad('a', 'b', 'c') })).toEqual(['waiver-covers']);
    expect(news({ ...tonight, history: undefined })).toEqual([]);
    // What was covered is remembered, also if it is not covered for a night.
    const away = after({ ...tomorrow, snapshot: bad('a') });
    expect(Object.values(away.covered ?? {})).toEqual([['personal-client|a', 'personal-client|b']]);
  });

  test('that cover nothing, or are gone from the configuration, are not remembered', () => {
    const covered = after({ waivers: [waiver()], snapshot: bad('a') });
    const history = { previous: covered };
    expect(after({ history, waivers: [], snapshot: bad('a') }).covered).toBeUndefined();
    expect(after({ waivers: [waiver()], snapshot: bad() }).covered).toBeUndefined();
  });

  test('are remembered in the same order, whatever theirs and that of the credentials', () => {
    const waivers = ['bad*', 'ba*', 'b*', '*', '?ad*', '*d*'].map((name) =>
      waiver({ credential: { name, owner: OWNER } }),
    );
    const { covered = {} } = after({ waivers, snapshot: bad('a') });
    expect(Object.keys(covered)).toHaveLength(waivers.length);
    expect(Object.keys(covered)).toEqual(Object.keys(covered).sort());
    const previous = after({ waivers: [waiver()], snapshot: bad('b') });
    const both = after({ waivers: [waiver()], snapshot: bad('a'), history: { previous } });
    expect(Object.values(both.covered ?? {})).toEqual([['personal-client|a', 'personal-client|b']]);
  });

  test('do not remember what they cover while nothing reports it, nor decoys', () => {
    const quiet = after({ waivers: [waiver()], snapshot: bad('a'), choices: off('waiver-covers') });
    expect(quiet.covered).toBeUndefined();
    const history = { previous: quiet };
    expect(news({ waivers: [waiver()], snapshot: bad('a'), history })).toEqual(['waiver-covers']);
    const known = { previous: after({ waivers: [waiver()], snapshot: bad('a', 'b') }) };
    const decoys = [{ kind: 'personal-client', id: 'b' }] as never;
    const now = after({ history: known, waivers: [waiver()], snapshot: { ...bad('a'), decoys } });
    expect(Object.values(now.covered ?? {})).toEqual([['personal-client|a']]);
  });

  test('findings on them are left out if they are switched off', () => {
    const ended = { waivers: [waiver({ expires: '2026-01-31' })] };
    expect(news(ended)).toEqual(['waiver-expired']);
    expect(news({ ...ended, choices: off('waiver-expired') })).toEqual([]);
    expect(news({ ...ended, waivers: undefined })).toEqual([]);
    const severity = { 'waiver-expired': { enabled: true, severity: 'critical' } } as const;
    expect(audited({ ...ended, choices: severity }).findings).toMatchObject([{ severity: 'critical' }]);
  });

  describe('are called unmatched only if their finding would have been seen:', () => {
    const trust = (status: 'complete' | 'partial' | 'unavailable') => [
      source('personal-client', 'complete'),
      source('federation-trust', status),
    ];
    const seen = (sources: ReturnType<typeof trust>) => ({ ...snapshot([credential()]), sources });
    const unmatched = (rule: string, over: Partial<Evaluation> = {}) =>
      news({ waivers: [waiver({ rule, credential: 'x' })], ...over });
    const YES = ['waiver-unmatched'];

    test.each<[string, string, Partial<Evaluation>, string[]]>([
      ['the rule ran', 'named', {}, YES],
      ['the rule is not known', 'nameless', {}, []],
      ['the rule did not run', 'named', { only: new Set(['waiver-unmatched']), rules: [] }, []],
      ['all kinds were read', 'named', { snapshot: seen(trust('complete')) }, YES],
      ['the tenant lacks one of its kinds', 'named', { snapshot: seen(trust('unavailable')) }, YES],
      [
        'one of its kinds was refused',
        'named',
        {
          snapshot: seen(trust('unavailable').map((one) => ({ ...one, required: true }))),
        },
        [],
      ],
      [
        'none of its kinds was asked for',
        'named',
        { snapshot: seen([source('service-principal-credential', 'complete')]) },
        [],
      ],
      ['one of its kinds was not read', 'named', { snapshot: seen(trust('partial')) }, []],
      [
        'a kind that it does not judge was not read',
        'named',
        {
          snapshot: seen([
            source('personal-client', 'complete'),
            source('service-principal-credential', 'partial'),
          ]),
        },
        YES,
      ],
      [
        'a kind that only another rule judges was read',
        'other',
        {
          rules: [inForce(named), inForce(other)],
          snapshot: seen([
            source('personal-client', 'complete'),
            source('service-principal-credential', 'partial'),
          ]),
        },
        [],
      ],
      ['a rule on changes ran', 'scope-widened', {}, YES],
      ['a rule on changes did not run', 'scope-widened', { history: undefined }, []],
      ['all rules ran on everything', '*', { snapshot: seen(trust('complete')) }, YES],
      ['all rules ran on a part', '*', { snapshot: seen(trust('partial')) }, []],
      ['some rules were requested', '*', { only: new Set(['named', 'waiver-unmatched']) }, []],
    ])('%s', (_, rule, over, expected) => {
      expect(unmatched(rule, over)).toEqual(expected);
    });
  });

  test('on trusts are not unmatched where their rule needs the system log and that was not read', () => {
    const used = inForce({ ...named, id: 'used', needs: ['lastUse'], check: () => undefined });
    const seen = {
      ...snapshot([credential(), credential({ kind: 'federation-trust', id: 't', clientId: 't' })]),
      sources: [source('personal-client', 'complete'), source('federation-trust', 'complete')],
    };
    const unmatched = (id: string, facts = seen.facts) =>
      news({
        waivers: [waiver({ rule: 'used', credential: id })],
        rules: [used],
        snapshot: { ...seen, facts },
      });
    expect(unmatched('t')).toEqual([]);
    const unused = { since: new Date(0), complete: true, addresses: [], refused: [], lastAt: null };
    expect(unmatched('t', { ...seen.facts, usage: new Map([['t', unused]]) })).toEqual(['waiver-unmatched']);
    expect(unmatched('a')).toEqual(['waiver-unmatched']);
    expect(unmatched('nobody')).toEqual(['waiver-unmatched']);
  });
});

describe('what a report says beside its findings', () => {
  test('names the controls of the rules that ran, in the order of the rules', () => {
    const controls = (id: string, nhi: string) => ({ ...named, id, controls: { 'owasp-nhi': [nhi] } });
    const of = (over: Partial<Evaluation>) => audited(over).coverage.controls;
    const rules = [
      inForce(controls('z', 'NHI1')),
      inForce(controls('a', 'NHI2')),
      inForce({ ...named, controls: {} }),
    ];
    const drift = of({});
    expect(Object.keys(drift ?? {})).toEqual(DRIFT);
    expect(of({ rules })).toEqual({ a: { 'owasp-nhi': ['NHI2'] }, z: { 'owasp-nhi': ['NHI1'] }, ...drift });
    expect(Object.keys(of({ rules }) ?? {})).toEqual(['a', ...DRIFT, 'z']);
    expect(Object.keys(of({ rules, only: new Set(['z']), history: undefined }) ?? {})).toEqual(['a', 'z']);
    expect(
      of({
        rules: [inForce({ ...other, controls: { 'owasp-nhi': ['NHI3'] } }), rules[0]] as never,
        history: undefined,
      }),
    ).toEqual({
      z: { 'owasp-nhi': ['NHI1'] },
    });
    expect(audited({ history: undefined }).coverage).not.toHaveProperty('controls');
  });

  test('counts what ran, whichever are fewer', () => {
    const notes = (known: readonly string[], rules = [inForce(named)]) =>
      audited({ known, rules, only: undefined }).coverage.notes;
    expect(notes(['named', 'x'])).toEqual(['1 of 2 rules did not run: x.']);
    expect(notes(['y', 'x', 'named'])).toEqual(['Only 1 of 3 rules ran: named.']);
    expect(notes(['y', 'x', 'named', 'a'], [inForce({ ...named, id: 'a' }), inForce(named)])).toEqual([
      '2 of 4 rules did not run: x, y.',
    ]);
    expect(notes(['y', 'x'], [])).toEqual(['None of 2 rules ran: no credential was judged.']);
  });

  test('knows from a baseline what is not new, and remembers nothing', () => {
    const bad = snapshot([credential({ name: 'bad' }), credential({ id: 'b', name: 'bad' })]);
    const baseline = audited({
      snapshot: snapshot([credential({ name: 'bad' }), credential({ id: 'c', name: 'bad' })]),
      history: undefined,
    });
    const { report, comparison } = evaluate(
      evaluation({ snapshot: bad, baseline, history: undefined, asOf: NOW + DAY }),
    );
    expect(report.findings.map(({ status, credential: on }) => `${status} ${on?.id}`)).toEqual([
      'known a',
      'new b',
    ]);
    expect(report.resolved).toEqual([]);
    expect(comparison?.next(NOTHING_TOLD)).toBeUndefined();
    expect(report.coverage.notes.at(-1)).toMatch(/^1 finding of the baseline .* no longer matches/);
    // With a state, that counts.
    const both = evaluate(evaluation({ snapshot: bad, baseline, asOf: NOW + DAY }));
    expect(both.report.findings.map(({ status }) => status)).toEqual(['new', 'new']);
    expect(both.report.coverage.notes).toEqual([]);
  });

  test('reports use after as many days without as the configuration says', () => {
    const idle = after({
      snapshot: snapshot([credential({ createdAt: NOW - 99 * DAY, lastUsedAt: NOW - 50 * DAY })]),
    });
    const used = snapshot([credential({ createdAt: NOW - 99 * DAY, lastUsedAt: NOW + DAY - 1 })]);
    const found = (days?: number) =>
      foundBy({
        history: { previous: idle },
        snapshot: used,
        asOf: NOW + DAY,
        choices:
          days === undefined ? {} : { 'woke-up': { enabled: true, severity: undefined, options: { days } } },
      });
    expect([found(), found(45), found(60)]).toEqual([[], ['woke-up a'], []]);
  });
});

test('a waiver that covers a credential for the first time names its owner, and nothing else of him', () => {
  const ada = { id: 'u1', name: 'Ada', email: 'ada@acme.example' };
  const covering = {
    snapshot: snapshot([credential({ name: 'bad key', ownerId: 'u1' })], {
      owners: new Map([['u1', owner(ada)]]),
    }),
    waivers: [
      {
        rule: 'named',
        credential: { name: 'bad *', owner: ada.email },
        reason: 'accepted',
        approvedBy: 'security@acme.example',
        expires: new Date(NOW + 60 * DAY).toISOString().slice(0, 10),
      },
    ],
  };
  const covers = audited(covering).findings.find(({ rule }) => rule === 'waiver-covers');
  expect(covers?.data.covers).toEqual({
    kind: 'personal-client',
    id: credential().id,
    clientId: credential().clientId,
    name: 'bad key',
    owner: ada,
  });
});

test.each([{ rule: 'other' }, { credentialId: 'x' }, { severity: 'low' as const }, { waived: true }])(
  'what somebody wrote into a state about a finding (%j) is corrected',
  (over) => {
    const tonight = {
      snapshot: snapshot([credential({ name: 'bad' }), credential({ id: 'b', name: 'bad' })]),
    };
    const state = after(tonight);
    const [key = ''] = state.findings.keys();
    const memory = state.findings.get(key);
    if (memory === undefined) throw new Error('nothing was found');
    const findings = state.findings.edited(new Map([[key, { ...memory, ...over }]]));
    const next = after({ ...tonight, history: { previous: { ...state, findings } } });
    expect([...next.findings]).toEqual([...state.findings]);
  },
);
