import { describe, expect, test } from '@jest/globals';
import {
  type Credential,
  DAY,
  FACT_KINDS,
  type Finding,
  KINDS,
  type Role,
  Unknown,
} from '../../src/contract/index.js';
import { DRIFT_RULES } from '../../src/engine/drift.js';
import { NOTHING_TOLD } from '../../src/engine/history.js';
import { type HistoryRun, type State, stateOf } from '../../src/engine/state.js';
import { WAIVER_RULES } from '../../src/engine/waivers.js';
import { compare, drifted as drift, filed } from '../helpers/follow-up.js';
import { HOSTILE } from '../helpers/hostile.js';
import { TENANT } from '../helpers/sample-report.js';

const NIGHT_1 = Date.parse('2026-09-01T02:00:00.000Z');
const UNKNOWN = new Unknown('the roles are not shown', 'grant the right to read them');

const ROLES: ReadonlyMap<string, Role> = new Map(
  [
    { id: 'owner', name: 'system:owner', displayName: 'Super Administrator' },
    { id: 'viewer', name: 'system:viewer', displayName: 'Read-Only Administrator' },
    { id: 'basic', name: 'system:user', displayName: 'Basic User' },
  ].map((role) => [role.id, role]),
);

function run(override: Partial<HistoryRun> & { day?: number } = {}): HistoryRun {
  const { day = 0, ...rest } = override;
  return {
    tenant: TENANT,
    asOf: new Date(NIGHT_1 + day * DAY).toISOString(),
    scope: 'tenant',
    userId: 'user-0',
    complete: true,
    completeKinds: new Set(KINDS),
    rules: new Set(DRIFT_RULES.map(({ id }) => id)),
    ...rest,
  };
}

function seen(override: Partial<Credential> = {}): Credential {
  return {
    kind: 'personal-client',
    id: 'a',
    clientId: `a@${TENANT}/pcc`,
    name: 'nightly export',
    ownerId: 'user-1',
    deletedAt: null,
    disabled: false,
    createdAt: NIGHT_1 - DAY,
    expiresAt: null,
    lastUsedAt: null,
    allowedCidrs: ['192.0.2.0/24'],
    scopedRoleIds: ['viewer'],
    requireDpop: false,
    condition: '',
    providerId: '',
    ...override,
  };
}

/** One night, its drift, and the state after it. */
function night(
  previous: State | undefined,
  credentials: readonly Credential[],
  of = run({ day: 1 }),
  roles = ROLES,
) {
  // Read anew each night, as in a real audit.
  const found = drift({ previous, credentials, roles: new Map(roles), run: of });
  const comparison = compare({ previous, ...found, run: of });
  const state = comparison.next(NOTHING_TOLD);
  if (state === undefined) throw new Error('an incomplete run has no state');
  return { ...comparison, state };
}

const remembered = (state: State, key = 'personal-client|a') => filed(state).credentials[key];

const said = (findings: readonly { rule: string; messageId: string }[]) =>
  findings.map(({ rule, messageId }) => `${rule}/${messageId}`);

function change(before: Partial<Credential>, now: Partial<Credential>) {
  const first = night(undefined, [seen(before)], run());
  expect(first.findings).toEqual([]);
  return night(first.state, [seen(now)]).findings;
}

describe('scope-widened', () => {
  test.each([
    { before: ['viewer'], now: [], message: 'scope-widened/lost' },
    { before: ['viewer'], now: ['viewer', 'owner'], message: 'scope-widened/stronger' },
    { before: ['basic'], now: ['viewer'], message: 'scope-widened/stronger' },
    // Neither is known to be above the other.
    { before: ['viewer'], now: ['custom'], message: 'scope-widened/stronger' },
    { before: ['viewer'], now: ['viewer'], message: undefined },
    { before: ['viewer', 'custom'], now: ['custom'], message: undefined },
    { before: ['viewer'], now: ['basic'], message: undefined },
    { before: ['owner'], now: ['viewer', 'custom'], message: undefined },
    // Super Administrator, which it keeps, is above whatever else it gains.
    { before: ['owner', 'basic'], now: ['owner', 'basic', 'viewer'], message: undefined },
    { before: ['owner', 'basic'], now: ['basic', 'viewer'], message: undefined },
    { before: [], now: ['viewer'], message: undefined },
    { before: [], now: [], message: undefined },
  ])('$before → $now: $message', ({ before, now, message }) => {
    const findings = change({ scopedRoleIds: before }, { scopedRoleIds: now });
    expect(said(findings)).toEqual(message ? [message] : []);
    if (message) expect(findings).toMatchObject([{ severity: 'high', status: 'new' }]);
  });

  test.each([
    { before: [], now: ['viewer'], said: ['scope-widened/stronger'] },
    { before: ['viewer'], now: ['viewer', 'owner'], said: ['scope-widened/stronger'] },
    { before: ['viewer'], now: [], said: [] },
    { before: [], now: [], said: [] },
  ])(
    'knows that a function without roles can do nothing: $before → $now',
    ({ before, now, said: expected }) => {
      const findings = change(
        { kind: 'function', scopedRoleIds: before },
        { kind: 'function', scopedRoleIds: now },
      );
      expect(said(findings)).toEqual(expected);
    },
  );

  test('names the gained roles', () => {
    const [finding] = change({ scopedRoleIds: ['viewer'] }, { scopedRoleIds: ['owner', 'x1', 'viewer'] });
    expect(finding?.message).toBe(
      'gained Super Administrator, role x1 since the last audit: confirm it with the owner, or remove it',
    );
    const [lost] = change({ scopedRoleIds: ['viewer', 'x1'] }, { scopedRoleIds: [] });
    expect(lost?.message).toContain('lost its 2 scoped roles since the last audit');
    const [one] = change({ scopedRoleIds: ['viewer'] }, { scopedRoleIds: [] });
    expect(one?.message).toContain('lost its 1 scoped role since the last audit');
  });

  test.each([
    [['x2', 'x1'], 'role x1, role x2'],
    [['x5', 'x4', 'x3', 'x2', 'x1'], 'role x1, role x2, role x3, role x4, role x5'],
    [['x6', 'x5', 'x4', 'x3', 'x2', 'x1'], 'role x1, role x2, role x3, role x4, role x5 and 1 more'],
    [['x7', 'x6', 'x5', 'x4', 'x3', 'x2', 'x1'], 'role x1, role x2, role x3, role x4, role x5 and 2 more'],
  ])('names the gained roles in order, five of them at most: %j', (gained, names) => {
    const [finding] = change({ scopedRoleIds: ['viewer'] }, { scopedRoleIds: gained });
    expect(finding?.message).toContain(`gained ${names} since the last audit`);
    expect(finding?.data).toEqual({ gained: gained.map((id) => `role ${id}`).sort() });
  });

  test('names a role without a display name by its name', () => {
    const roles = new Map([['r9', { id: 'r9', name: 'custom:export', displayName: '' }]]);
    const first = night(undefined, [seen({ scopedRoleIds: ['r8'] })], run(), roles);
    const { findings } = night(first.state, [seen({ scopedRoleIds: ['r9'] })], run({ day: 1 }), roles);
    expect(findings[0]?.message).toContain('gained custom:export since');
  });

  test("counts any gained role if the tenant's roles are not known", () => {
    const first = night(undefined, [seen({ scopedRoleIds: ['owner'] })], run());
    const of = run({ day: 1 });
    const input = { previous: first.state, credentials: [seen({ scopedRoleIds: ['viewer'] })], run: of };
    expect(said(drift({ ...input, roles: undefined }).findings)).toEqual(['scope-widened/stronger']);
  });

  test('neither reports nor forgets a role scope that cannot be read', () => {
    const first = night(undefined, [seen({ scopedRoleIds: ['viewer'] })], run());
    const blind = night(first.state, [seen({ scopedRoleIds: UNKNOWN })]);
    expect(blind.findings).toEqual([]);
    expect(said(night(blind.state, [seen({ scopedRoleIds: [] })], run({ day: 2 })).findings)).toEqual([
      'scope-widened/lost',
    ]);
  });

  test('does not report a role scope that becomes known for the first time', () => {
    expect(change({ scopedRoleIds: UNKNOWN }, { scopedRoleIds: [] })).toEqual([]);
  });
});

describe('network-widened', () => {
  test.each([
    { before: ['192.0.2.0/24'], now: [], wider: true },
    { before: ['192.0.2.0/24'], now: ['192.0.2.0/23'], wider: true },
    { before: ['192.0.2.0/24'], now: ['192.0.2.0/24', '2001:db8::1'], wider: true },
    { before: ['192.0.2.0/24'], now: ['198.51.100.7'], wider: true },
    // The same set in other words.
    { before: ['192.0.2.0/24'], now: ['192.0.2.0/25', '192.0.2.128/25'], wider: false },
    { before: ['192.0.2.0/24'], now: ['::ffff:192.0.2.0/120'], wider: false },
    { before: ['192.0.2.0/24'], now: ['192.0.2.7'], wider: false },
    { before: [], now: ['0.0.0.0/0'], wider: false },
    { before: [], now: [], wider: false },
  ])('$before → $now: $wider', ({ before, now, wider }) => {
    const findings = change({ allowedCidrs: before }, { allowedCidrs: now });
    expect(said(findings)).toEqual(wider ? ['network-widened/wider'] : []);
    if (wider) expect(findings).toMatchObject([{ severity: 'high', status: 'new' }]);
  });

  test('names the added networks', () => {
    const [some] = change(
      { allowedCidrs: ['192.0.2.0/24'] },
      { allowedCidrs: ['192.0.2.0/24', '198.51.100.7'] },
    );
    expect(some?.message).toContain('works from 198.51.100.7/32 too since the last audit');
    const [any] = change({ allowedCidrs: ['192.0.2.0/24'] }, { allowedCidrs: [] });
    expect(any?.message).toContain('now works from anywhere');
    expect(any?.data).toEqual({ added: [], unrestricted: true });
  });

  test('does not report a list that becomes known for the first time', () => {
    expect(change({ allowedCidrs: UNKNOWN }, { allowedCidrs: [] })).toEqual([]);
    expect(change({ allowedCidrs: UNKNOWN }, { allowedCidrs: ['192.0.2.0/24'] })).toEqual([]);
  });

  test('neither reports nor forgets a list that cannot be read', () => {
    const first = night(undefined, [seen()], run());
    const blind = night(first.state, [seen({ allowedCidrs: UNKNOWN })]);
    expect(blind.findings).toEqual([]);
    expect(said(night(blind.state, [seen({ allowedCidrs: [] })], run({ day: 2 })).findings)).toEqual([
      'network-widened/wider',
    ]);
  });
});

describe('credential-appeared', () => {
  test.each(KINDS)('reports a new %s once, as info', (kind) => {
    const first = night(undefined, [seen()], run());
    const second = night(first.state, [seen(), seen({ id: 'b', kind })]);
    expect(said(second.findings)).toEqual(['credential-appeared/appeared']);
    expect(second.findings).toMatchObject([{ severity: 'info', credential: { id: 'b', kind } }]);
    expect(second.findings[0]?.message).toContain('(created 2026-08-31)');
    expect(night(second.state, [seen(), seen({ id: 'b', kind })], run({ day: 2 })).findings).toEqual([]);
  });

  test('does not report all credentials of a source or scope that is audited for the first time', () => {
    const narrow = night(undefined, [], run({ completeKinds: new Set(['federation-trust']) }));
    expect(night(narrow.state, [seen()]).findings).toEqual([]);
    const mine = night(undefined, [], run({ scope: 'mine' }));
    expect(night(mine.state, [seen()]).findings).toEqual([]);
    // The other way round it is: all of the tenant had been seen.
    const all = night(undefined, [], run());
    expect(night(all.state, [seen()], run({ day: 1, scope: 'mine' })).findings).toHaveLength(1);
  });

  test('reports a deleted credential that is back', () => {
    const first = night(undefined, [seen()], run());
    const gone = night(first.state, []);
    expect(night(gone.state, [seen()], run({ day: 2 })).findings).toHaveLength(1);
  });
});

describe('drift', () => {
  test('is neither repeated nor resolved', () => {
    const first = night(undefined, [seen()], run());
    const second = night(first.state, [seen({ scopedRoleIds: [], allowedCidrs: [] })]);
    expect(second.findings).toHaveLength(2);
    const third = night(second.state, [seen({ scopedRoleIds: [], allowedCidrs: [] })], run({ day: 2 }));
    expect(third.findings).toEqual([]);
    expect(third.resolved).toEqual([]);
  });

  test('is reported again if it was not remembered', () => {
    const first = night(undefined, [seen()], run());
    expect(night(first.state, [seen({ scopedRoleIds: [] })]).findings).toHaveLength(1);
    expect(night(first.state, [seen({ scopedRoleIds: [] })], run({ day: 2 })).findings).toHaveLength(1);
  });

  test('is reported when its rule runs again', () => {
    const first = night(undefined, [seen()], run());
    const other = night(
      first.state,
      [seen({ scopedRoleIds: [] })],
      run({ day: 1, rules: new Set(['unused']) }),
    );
    expect(other.findings).toEqual([]);
    expect(said(night(other.state, [seen({ scopedRoleIds: [] })], run({ day: 2 })).findings)).toEqual([
      'scope-widened/lost',
    ]);
  });

  test('of a disabled trust is reported when it is enabled', () => {
    const trust = { kind: 'federation-trust', id: 't' } as const;
    const first = night(undefined, [seen(trust)], run());
    const disabled = night(first.state, [seen({ ...trust, allowedCidrs: [], disabled: true })]);
    expect(disabled.findings).toEqual([]);
    const enabled = night(disabled.state, [seen({ ...trust, allowedCidrs: [] })], run({ day: 2 }));
    expect(said(enabled.findings)).toEqual(['network-widened/wider']);
  });

  test('keeps a credential that is not listed, and marks it as gone only if it would have been listed', () => {
    const first = night(undefined, [seen()], run());
    const away = (of: HistoryRun) => remembered(night(first.state, [], of).state);
    const known = remembered(first.state);
    expect(away(run({ day: 1 }))).toEqual({ ...known, goneSince: run({ day: 1 }).asOf });
    expect(away(run({ day: 1, completeKinds: new Set() }))).toEqual(known);
    expect(away(run({ day: 1, scope: 'mine' }))).toEqual(known);
    expect(away(run({ day: 1, shown: new Set() }))).toEqual(known);
    expect(away(run({ day: 1, decoys: new Set(['personal-client|a']) }))).toBeUndefined();
  });

  test.each(KINDS)('marks a missing %s as gone only after a complete list of its kind', (kind) => {
    const first = night(undefined, [seen({ kind })], run());
    const away = (...kinds: (typeof KINDS)[number][]) =>
      remembered(night(first.state, [], run({ day: 1, completeKinds: new Set(kinds) })).state, `${kind}|a`);
    expect(away(kind)).toHaveProperty('goneSince');
    expect(away(...KINDS.filter((other) => other !== kind))).not.toHaveProperty('goneSince');
  });

  test('remembers nothing of a credential that was never live', () => {
    const first = night(undefined, [seen({ disabled: true })], run());
    expect(first.state.credentials.size).toBe(0);
    expect(said(night(first.state, [seen()]).findings)).toEqual(['credential-appeared/appeared']);
  });

  test('like a waiver that covers more is in one report, and resolved in none', () => {
    const covers: Finding = {
      fingerprint: 'f',
      rule: WAIVER_RULES.covers.id,
      severity: 'info',
      outcome: 'violation',
      status: null,
      messageId: 'covers',
      message: 'covers more',
      data: {},
      fix: 'Look.',
      credential: null,
      waiver: null,
      firstSeen: null,
    };
    const rules = new Set([WAIVER_RULES.covers.id]);
    const first = compare({ previous: undefined, findings: [covers], run: run({ rules }) });
    expect(first.findings).toMatchObject([{ status: 'new' }]);
    const previous = first.next(NOTHING_TOLD);
    const of = run({ day: 1, rules });
    expect(compare({ previous, findings: [], run: of }).resolved).toEqual([]);
    expect(compare({ previous, findings: [covers], run: of }).findings).toMatchObject([{ status: 'new' }]);
  });

  test('remembers a credential from its first audit if at least one rule on changes runs', () => {
    const first = (...rules: string[]) =>
      night(undefined, [seen()], run({ rules: new Set(rules) })).state.credentials;
    expect(first('unused').size).toBe(0);
    const whole = night(undefined, [seen()], run()).state.credentials;
    for (const { id } of DRIFT_RULES) expect(first('unused', id)).toEqual(whole);
  });

  test('leads to the same state, whatever the order of the credentials and of their roles', () => {
    const state = (...ids: string[]) =>
      JSON.stringify(
        filed(
          night(
            undefined,
            ids.map((id) => seen({ id })),
          ).state,
        ),
      );
    expect(state('b', 'c', 'a')).toBe(state('a', 'b', 'c'));
    expect(state('c', 'b', 'a')).toBe(state('a', 'b', 'c'));
    const scoped = (...scopedRoleIds: string[]) =>
      JSON.stringify(filed(night(undefined, [seen({ scopedRoleIds })]).state));
    expect(scoped('viewer', 'basic', 'owner')).toBe(scoped('owner', 'basic', 'viewer'));
    expect(scoped('basic', 'owner', 'viewer')).toBe(scoped('owner', 'basic', 'viewer'));
  });

  test('forgets a missing credential more than 366 days after the first audit without it', () => {
    const gone = night(night(undefined, [seen()], run()).state, [], run({ day: 1 }));
    const later = (day: number) => [...night(gone.state, [], run({ day })).state.credentials.keys()];
    expect(later(367)).toEqual(['personal-client|a']);
    expect(later(368)).toEqual([]);
  });

  test.each([
    ['left out of a list', run({ day: 1 })],
    ['left out of a list that may be filtered', run({ day: 1, shown: new Set() })],
    ['not asked for', run({ day: 1, completeKinds: new Set(['federation-trust']) })],
    ['somebody else’s', run({ day: 1, scope: 'mine' })],
  ])('what was %s for a night is compared with the last audit that saw it', (_, of) => {
    const first = night(undefined, [seen()], run());
    const away = night(first.state, [], of);
    const back = night(away.state, [seen({ scopedRoleIds: [], allowedCidrs: [] })], run({ day: 2 }));
    expect(said(back.findings)).toEqual(
      expect.arrayContaining(['scope-widened/lost', 'network-widened/wider']),
    );
    const after = night(back.state, [seen({ scopedRoleIds: [], allowedCidrs: [] })], run({ day: 3 }));
    expect(after.findings).toEqual([]);
    expect(remembered(after.state)).not.toHaveProperty('goneSince');
  });

  test('reported by an incomplete audit is not reported again, and the rest of the state stays', () => {
    const used = { lastUsedAt: NIGHT_1 + DAY };
    const first = night(undefined, [seen(used), seen({ id: 'b' })], run());
    const half = run({ day: 1, complete: false, completeKinds: new Set() });
    const widened = seen({ ...used, scopedRoleIds: [] });
    const found = drift({ previous: first.state, credentials: [widened], roles: ROLES, run: half });
    expect(said(found.findings)).toEqual(['scope-widened/lost']);
    const state = compare({ previous: first.state, ...found, run: half }).next(NOTHING_TOLD);
    const before = filed(first.state);
    expect(filed(state)).toEqual({
      ...before,
      credentials: { ...before.credentials, 'personal-client|a': { ...remembered(first.state), roles: [] } },
    });
    expect(night(state, [widened, seen({ id: 'b' })], run({ day: 2 })).findings).toEqual([]);
  });

  test('reported by an incomplete audit without an earlier state is not remembered', () => {
    const half = run({ complete: false, completeKinds: new Set() });
    const found = drift({ previous: undefined, credentials: [seen()], roles: ROLES, run: half });
    expect(compare({ previous: undefined, ...found, run: half }).next(NOTHING_TOLD)).toBeUndefined();
  });

  test('takes its severity from the configuration', () => {
    const first = night(undefined, [seen()], run());
    const { findings } = drift({
      previous: first.state,
      credentials: [seen({ scopedRoleIds: [] })],
      roles: ROLES,
      run: run({ day: 1 }),
      severities: new Map([['scope-widened', 'critical']]),
    });
    expect(findings).toMatchObject([{ severity: 'critical' }]);
  });

  test('remembers hashes and networks, no names and no role ids', () => {
    const { state } = night(
      undefined,
      [seen({ name: HOSTILE.script ?? '', scopedRoleIds: ['viewer'] })],
      run(),
    );
    expect(remembered(state)).toEqual({
      roles: [expect.stringMatching(/^[0-9a-f]{16}$/)],
      network: ['192.0.2.0/24'],
      idle: { since: '2026-08-31T02:00:00.000Z', at: '2026-09-01T02:00:00.000Z' },
      seenIn: 'tenant',
    });
    expect(JSON.stringify(filed(state))).not.toMatch(/viewer|script|user-1/);
  });

  test('treats a credential named __proto__ like any other', () => {
    const first = night(undefined, [seen({ id: '__proto__' })], run());
    const again = stateOf(JSON.parse(JSON.stringify(filed(first.state))));
    expect(night(again, [seen({ id: '__proto__', scopedRoleIds: [] })]).findings).toHaveLength(1);
  });
});

describe('a role that gains permissions', () => {
  const rolesWith = (grants: string[] | undefined, others: Role[] = []): ReadonlyMap<string, Role> =>
    new Map(
      [
        { id: 'custom', name: 'exports', displayName: 'Exports', ...(grants ? { grants } : {}) },
        ...others,
      ].map((role) => [role.id, role]),
    );
  const scoped = seen({ scopedRoleIds: ['custom'] });
  const nights = (...grants: (string[] | undefined)[]) => {
    let state: State | undefined;
    return grants.map((granted, day) => {
      const { findings, state: next } = night(state, [scoped], run({ day }), rolesWith(granted));
      state = next;
      return findings;
    });
  };

  test('is reported once, with what it gained', () => {
    const [first, second, third] = nights(
      ['p/read'],
      ['p/write', 'p/read', 'p/delete'],
      ['p/read', 'p/write', 'p/delete'],
    );
    expect(first).toEqual([]);
    expect(second).toMatchObject([
      {
        rule: 'scope-widened',
        messageId: 'roleGrew',
        severity: 'high',
        status: 'new',
        data: { role: 'Exports', gained: ['p/delete', 'p/write'] },
        message:
          'its role Exports gained 2 permissions since the last audit (p/delete, p/write): confirm that the credential needs them, or choose a narrower role',
      },
    ]);
    expect(third).toEqual([]);
  });

  test('is reported for every credential that is scoped to it', () => {
    const both = [scoped, seen({ id: 'b', scopedRoleIds: ['viewer', 'custom'] }), seen({ id: 'c' })];
    const first = night(undefined, both, run(), rolesWith(['p/read']));
    const second = night(first.state, both, run({ day: 1 }), rolesWith(['p/read', 'p/write']));
    expect(second.findings.map(({ credential }) => credential?.id)).toEqual(['a', 'b']);
  });

  test.each([
    ['loses permissions', [['p/read', 'p/write'], ['p/read']]],
    [
      'keeps them in another order',
      [
        ['p/read', 'p/write'],
        ['p/write', 'p/read'],
      ],
    ],
    ['showed nothing before', [undefined, ['p/read']]],
    ['shows nothing now', [['p/read'], undefined]],
  ])('is not reported where the role %s', (_, grants) => {
    expect(nights(...grants).flat()).toEqual([]);
  });

  test('is reported after a night in which roles could not be read', () => {
    expect(nights(['p/read'], undefined, ['p/read', 'p/write']).map((found) => found.length)).toEqual([
      0, 0, 1,
    ]);
  });

  test('is not reported of Super Administrator, which has every permission anyway', () => {
    const owner = (grants: string[]) =>
      rolesWith([], [{ id: 'owner', name: 'system:owner', displayName: '', grants }]);
    const credentials = [seen({ scopedRoleIds: ['owner'] })];
    const first = night(undefined, credentials, run(), owner(['p/read']));
    expect(night(first.state, credentials, run({ day: 1 }), owner(['p/read', 'p/new'])).findings).toEqual([]);
  });

  test('is reported in an incomplete night, and not again in the next', () => {
    const first = night(undefined, [scoped], run(), rolesWith(['p/read']));
    const grown = rolesWith(['p/read', 'p/write']);
    const second = night(first.state, [scoped], run({ day: 1, complete: false }), grown);
    expect(said(second.findings)).toEqual(['scope-widened/roleGrew']);
    expect(night(second.state, [scoped], run({ day: 2 }), grown).findings).toEqual([]);
  });

  test('is remembered by hashes, and forgotten with the last credential that has the role', () => {
    const first = night(
      undefined,
      [scoped, seen({ id: 'b', scopedRoleIds: ['custom'] })],
      run(),
      rolesWith(['p/read']),
    );
    expect(Object.values(first.state.grants ?? {})).toEqual([[expect.stringMatching(/^[0-9a-f]{8}$/)]]);
    expect(JSON.stringify(filed(first.state))).not.toMatch(/p\/read|Exports/);
    const moved = [seen({ scopedRoleIds: ['viewer'] }), seen({ id: 'b', scopedRoleIds: ['viewer'] })];
    expect(night(first.state, moved, run({ day: 1 }), rolesWith(['p/read'])).state).not.toHaveProperty(
      'grants',
    );
  });
});

describe('woke-up', () => {
  const usedAt = (day: number) => NIGHT_1 + day * DAY;
  const wake = (before: Partial<Credential>, now: Partial<Credential>, idleDays?: number) => {
    const first = night(undefined, [seen(before)], run());
    return drift({
      previous: first.state,
      credentials: [seen({ ...before, ...now })],
      roles: ROLES,
      run: run({ day: 1 }),
      ...(idleDays === undefined ? {} : { idleDays }),
    }).findings;
  };

  test('reports use after 90 days without use', () => {
    expect(wake({ lastUsedAt: usedAt(-90) }, { lastUsedAt: usedAt(0.5) })).toMatchObject([
      {
        rule: 'woke-up',
        messageId: 'used',
        severity: 'high',
        data: { days: 90, usedAt: '2026-09-01T14:00:00.000Z' },
        message: 'used on 2026-09-01 after 90 days without use: ask its owner, or revoke it',
      },
    ]);
  });

  test.each<[string, Partial<Credential>, Partial<Credential>]>([
    ['used less than 90 days ago', { lastUsedAt: NIGHT_1 - 90 * DAY + 1 }, { lastUsedAt: usedAt(0.5) }],
    ['not used since', { lastUsedAt: usedAt(-90) }, {}],
    [
      'whose list shows late that it was used again soon after',
      { lastUsedAt: usedAt(-180) },
      { lastUsedAt: NIGHT_1 - 90 * DAY - 1 },
    ],
    ['whose last use is hidden', { lastUsedAt: usedAt(-90) }, { lastUsedAt: UNKNOWN }],
    ['whose last use was hidden', { lastUsedAt: UNKNOWN }, { lastUsedAt: usedAt(0.5) }],
    ['never used and young', { createdAt: NIGHT_1 - 90 * DAY + 1 }, { lastUsedAt: usedAt(0.5) }],
    ['never used, of unknown age', { createdAt: UNKNOWN }, { lastUsedAt: usedAt(0.5) }],
    ['that lost its last use', { lastUsedAt: usedAt(-90) }, { lastUsedAt: null }],
    [
      'of a kind without last use',
      { kind: 'federation-trust', lastUsedAt: usedAt(-90) },
      { lastUsedAt: usedAt(0.5) },
    ],
  ])('reports nothing on a credential %s', (_, before, now) => {
    expect(wake(before, now)).toEqual([]);
  });

  test('reports a use after 90 days without use that the list shows late', () => {
    expect(wake({ lastUsedAt: usedAt(-180) }, { lastUsedAt: usedAt(-90) })).toMatchObject([
      { rule: 'woke-up', data: { days: 90 } },
    ]);
  });

  test('counts from the creation of one that was never used', () => {
    const found = wake({ createdAt: usedAt(-90) }, { lastUsedAt: usedAt(0.1) });
    expect(found).toMatchObject([{ rule: 'woke-up', data: { days: 90 } }]);
  });

  test('obeys its limit', () => {
    const now = { lastUsedAt: usedAt(0.5) };
    expect(wake({ lastUsedAt: usedAt(-30) }, now, 30)).toHaveLength(1);
    expect(wake({ lastUsedAt: NIGHT_1 - 30 * DAY + 1 }, now, 30)).toEqual([]);
  });

  test('is reported by the next audit that runs the rule', () => {
    const idle = { lastUsedAt: usedAt(-90) };
    const awake = seen({ lastUsedAt: usedAt(0.5) });
    const first = night(undefined, [seen(idle)], run());
    const without = night(first.state, [awake], run({ day: 1, rules: new Set(['scope-widened']) }));
    expect(without.findings).toEqual([]);
    expect(said(night(without.state, [awake], run({ day: 2 })).findings)).toEqual(['woke-up/used']);
    const third = night(without.state, [awake], run({ day: 2 }));
    expect(night(third.state, [awake], run({ day: 3 })).findings).toEqual([]);
  });

  test('remembers nothing of a credential in use', () => {
    const { state } = night(undefined, [seen({ lastUsedAt: NIGHT_1 - DAY + 1 })], run());
    expect(remembered(state)).not.toHaveProperty('idle');
  });
});

test.each(DRIFT_RULES)('$id is described', ({ id, title, docs }) => {
  expect(id).toMatch(/^[a-z]+(-[a-z]+)+$/);
  expect(title.length).toBeLessThanOrEqual(80);
  expect(docs.why).toMatch(/\.$/);
  expect(docs.fix).toMatch(/\.$/);
});

test('a rule on changes judges the kinds that have what can change', () => {
  expect(DRIFT_RULES.map(({ id, kinds }) => [id, kinds])).toEqual([
    ['scope-widened', FACT_KINDS.scopedRoles],
    ['network-widened', FACT_KINDS.allowedCidrs],
    ['credential-appeared', KINDS],
    ['woke-up', ['personal-client', 'service-principal-credential', 'external-client']],
  ]);
});
