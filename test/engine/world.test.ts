import { describe, expect, test } from '@jest/globals';
import {
  type Credential,
  type FactName,
  KINDS,
  type Snapshot,
  type TenantFacts,
  Unknown,
  type Usage,
} from '../../src/contract/index.js';
import { isDeleted, isExpired, isLive, World } from '../../src/engine/world.js';
import { credential, DAY, NOW, owner, snapshot } from '../helpers/snapshot.js';

const HIDDEN = new Unknown('it is hidden', 'Show it.');
const at = (days: number) => NOW - days * DAY;

function factOf(
  name: FactName,
  one: Credential,
  {
    facts = {},
    others = [],
    ...over
  }: { facts?: Partial<TenantFacts>; others?: readonly Credential[] } & Partial<Pick<Snapshot, 'self'>> = {},
): unknown {
  return new World(snapshot([one, ...others], facts, over), NOW).fact(name, one);
}

const unknown = (reason: string, cure: string) => new Unknown(reason, cure);
const LOOK = 'Look at the credential in ConductorOne.';
const LOOK_AT_OWNER = "Look at the owner's credentials in ConductorOne.";
const NO_OWNER = unknown('the record names no owner', LOOK);

describe('whether a credential is live', () => {
  test.each<[string, Partial<Credential>, boolean]>([
    ['as it is', {}, true],
    ['without an end', { expiresAt: null }, true],
    ['its end is unknown', { expiresAt: HIDDEN }, true],
    ['it ends in a moment', { expiresAt: NOW + 1 }, true],
    ['it ends now', { expiresAt: NOW }, false],
    ['disabled', { disabled: true }, false],
    ['deleted now', { deletedAt: NOW }, false],
    ['deleted in a moment', { deletedAt: NOW + 1 }, true],
  ])('%s', (_, over, expected) => {
    expect(isLive(credential(over), NOW)).toBe(expected);
  });

  test('is another question than whether it has ended or is deleted', () => {
    const ended = credential({ expiresAt: NOW, disabled: true });
    expect([isExpired(ended, NOW), isExpired(ended, NOW - 1), isDeleted(ended, NOW)]).toEqual([
      true,
      false,
      false,
    ]);
    expect(isExpired(credential({ expiresAt: 0, deletedAt: 0 }), NOW)).toBe(true);
    expect(isDeleted(credential({ deletedAt: 0 }), NOW)).toBe(true);
    expect(isExpired(credential({ expiresAt: null }), NOW)).toBe(false);
  });
});

describe("facts of a credential's own record", () => {
  test.each<[FactName, Partial<Credential>, unknown]>([
    ['name', { name: 'x' }, 'x'],
    ['clientId', { clientId: 'c' }, 'c'],
    ['createdAt', { createdAt: at(3) }, new Date(at(3))],
    ['createdAt', { createdAt: 0 }, new Date(0)],
    ['createdAt', { createdAt: HIDDEN }, HIDDEN],
    ['expiresAt', { expiresAt: at(-3) }, new Date(at(-3))],
    ['expiresAt', { expiresAt: null }, null],
    ['expiresAt', { expiresAt: HIDDEN }, HIDDEN],
    ['lastUsedAt', { lastUsedAt: at(3) }, new Date(at(3))],
    ['lastUsedAt', { lastUsedAt: null }, null],
    ['lastUse', { lastUsedAt: at(3) }, { at: new Date(at(3)), since: null }],
    ['lastUse', { lastUsedAt: null }, { at: null, since: null }],
    ['lastUse', { lastUsedAt: HIDDEN }, HIDDEN],
    ['allowedCidrs', { allowedCidrs: ['10.0.0.0/8'] }, ['10.0.0.0/8']],
    ['connected', {}, false],
    ['connected', { connected: true }, true],
    ['connected', { connected: HIDDEN }, HIDDEN],
    ['requireDpop', { requireDpop: true }, true],
    ['condition', { condition: 'true' }, 'true'],
    ['conditionVerdict', { condition: 'true' }, { admits: 'always', part: 'true' }],
    ['conditionVerdict', { condition: HIDDEN }, HIDDEN],
    ['registration', {}, unknown('the record does not say', LOOK)],
    [
      'registration',
      { registration: { type: 'app', verifiedDomain: '', wellKnownClient: '' } },
      { type: 'app', verifiedDomain: '', wellKnownClient: '' },
    ],
  ])('%s of %j', (name, over, expected) => {
    expect(factOf(name, credential(over))).toEqual(expected);
  });

  test('a condition that cannot be read says why', () => {
    expect(factOf('conditionVerdict', credential({ condition: 'claims.x ==' }))).toBeInstanceOf(Unknown);
  });

  test.each<[string, string, boolean]>([
    ['c', 'c', true],
    ['c', 'd', false],
    ['', '', false],
  ])('a credential with the client id %j is that of the caller %j: %s', (clientId, caller, expected) => {
    const self = { userId: 'u', clientId: caller };
    expect(factOf('self', credential({ clientId }), { self })).toBe(expected);
    expect(factOf('self', credential({ clientId }), { self: null })).toBe(false);
  });
});

describe('facts of the tenant', () => {
  const one = credential({ ownerId: 'u1', providerId: 'p', scopedRoleIds: ['r1', 'r2'] });
  const jo = owner({ id: 'u1', name: 'Jo', email: 'jo@acme.example' });
  const roles = new Map([['r1', { id: 'r1', name: 'system:viewer', displayName: 'Viewer' }]]);
  const github = { id: 'p', name: 'GitHub', disabled: false };
  const trust = { id: 't', name: 't', disabled: false, providerDisabled: false };
  const allowList = { user: { enabled: true, cidrs: [] }, admin: { enabled: false, cidrs: [] } };

  test.each<[FactName, Partial<TenantFacts>, unknown]>([
    ['owner', { owners: new Map([['u1', jo]]) }, jo],
    ['owner', { owners: new Map([['u1', HIDDEN]]) }, HIDDEN],
    [
      'owner',
      {},
      unknown(
        'its owner was not looked up',
        'Audit the tenant itself with the right to read users (POST /search/users).',
      ),
    ],
    [
      'scopedRoles',
      { roles },
      [
        { id: 'r1', name: 'system:viewer' },
        { id: 'r2', name: null },
      ],
    ],
    [
      'scopedRoles',
      { roles: HIDDEN },
      [
        { id: 'r1', name: null },
        { id: 'r2', name: null },
      ],
    ],
    ['tenantRoles', { roles }, roles],
    ['tenantRoles', { roles: HIDDEN }, HIDDEN],
    ['tenantAllowList', { allowList }, allowList],
    ['provider', { providers: { seen: new Map([['p', github]]), rest: HIDDEN } }, github],
    ['provider', { providers: { seen: new Map([['q', github]]), rest: HIDDEN } }, HIDDEN],
    ['provider', { providers: { seen: new Map([['q', github]]), rest: null } }, null],
    ['principalTrusts', { trusts: { byPrincipal: new Map([['u1', [trust]]]), rest: HIDDEN } }, [trust]],
    ['principalTrusts', { trusts: { byPrincipal: new Map([['u2', [trust]]]), rest: HIDDEN } }, HIDDEN],
    ['principalTrusts', { trusts: { byPrincipal: new Map(), rest: null } }, []],
    [
      'principalTrusts',
      { trusts: undefined },
      unknown('federation trusts were not read', 'Audit --source federation-trusts as well.'),
    ],
  ])('%s: %#', (name, facts, expected) => {
    expect(factOf(name, one, { facts })).toEqual(expected);
  });

  test('a credential without an owner has none, whoever else is known', () => {
    const facts = { owners: new Map([['', jo]]) };
    for (const name of ['owner', 'ownerLiveKeys', 'siblings'] as const)
      expect(factOf(name, credential({ ownerId: '' }), { facts })).toEqual(NO_OWNER);
  });

  test('roles that cannot be read are not none', () => {
    expect(factOf('scopedRoles', credential({ scopedRoleIds: HIDDEN }))).toBe(HIDDEN);
    expect(factOf('scopedRoles', credential({ scopedRoleIds: [] }))).toEqual([]);
  });

  test('each credential has its own roles and owner', () => {
    const same = ['r1'];
    const all = [
      credential({ id: '1', scopedRoleIds: same, ownerId: 'u1' }),
      credential({ id: '2', scopedRoleIds: ['r2'], ownerId: 'u2' }),
      credential({ id: '3', scopedRoleIds: same, ownerId: 'u1' }),
    ];
    const world = new World(snapshot(all, { roles, owners: new Map([['u1', jo]]) }), NOW);
    const seen = all.map((each) => world.fact('scopedRoles', each));
    expect(seen).toEqual([[{ id: 'r1', name: 'system:viewer' }], [{ id: 'r2', name: null }], seen[0]]);
    expect(seen[2]).toBe(seen[0]);
    const reported = all.map((each) => world.owner(each).reported);
    expect(reported).toEqual([
      { id: 'u1', name: 'Jo', email: 'jo@acme.example' },
      { id: 'u2', name: '', email: '' },
      reported[0],
    ]);
    expect(reported[2]).toBe(reported[0]);
    expect(world.owner(credential({ ownerId: '' })).reported).toBeNull();
  });
});

describe('what ConductorOne found in public', () => {
  const one = credential({ id: 'id', clientId: 'local@acme.conductor.one/pcc' });
  const found = (source: string) => ({ source });
  const of = (byText: Record<string, { source: string }>, rest: Unknown | null = null) =>
    factOf('exposure', one, { facts: { exposures: { byText: new Map(Object.entries(byText)), rest } } });

  test('names a credential by its id or client id', () => {
    expect(of({ id: found('a') })).toEqual(found('a'));
    expect(of({ local: found('b') })).toEqual(found('b'));
    expect(of({ 'local@acme.conductor.one/pcc': found('c'), local: found('b') })).toEqual(found('c'));
  });

  test('may be nothing, or not known', () => {
    expect(of({})).toBeNull();
    expect(of({}, HIDDEN)).toBe(HIDDEN);
    expect(of({ other: found('a') })).toBeNull();
    expect(of({ other: found('a') }, HIDDEN)).toBe(HIDDEN);
    expect(factOf('exposure', one)).toEqual(
      unknown(
        "ConductorOne's findings were not read",
        'Audit the tenant itself with the right to read findings (POST /findings/search).',
      ),
    );
  });
});

describe('what the system log says', () => {
  const usage: Usage = {
    since: new Date(at(30)),
    complete: true,
    addresses: [],
    refused: [],
    lastAt: new Date(at(2)),
  };
  const trust = credential({ kind: 'federation-trust', clientId: 'c', lastUsedAt: null });
  const logged = (said: TenantFacts['usage']) => ({ facts: { usage: said } });

  test.each<[FactName, TenantFacts['usage'], unknown]>([
    ['usage', new Map([['c', usage]]), usage],
    ['lastUse', new Map([['c', usage]]), { at: usage.lastAt, since: usage.since }],
    ['lastUse', new Map([['c', { ...usage, lastAt: null }]]), { at: null, since: usage.since }],
    [
      'lastUse',
      new Map([['c', { ...usage, complete: false }]]),
      unknown(
        'the system log was not read completely',
        'Keep a state (--state): the next audit goes on from there.',
      ),
    ],
    ['usage', HIDDEN, HIDDEN],
    ['lastUse', HIDDEN, HIDDEN],
    ...(['usage', 'lastUse'] as const).flatMap((name): [FactName, TenantFacts['usage'], unknown][] => [
      [
        name,
        undefined,
        unknown(
          'the system log was not read',
          'Audit with --evidence, or set evidence: { systemLog: true } in the configuration.',
        ),
      ],
      [
        name,
        new Map([['d', usage]]),
        unknown('its record has no client id to look for in the system log', LOOK),
      ],
    ]),
  ])('of a trust as %s: %#', (name, said, expected) => {
    expect(factOf(name, trust, logged(said))).toEqual(expected);
  });

  test.each(KINDS.filter((kind) => kind !== 'federation-trust'))(
    'does not replace the record of a %s',
    (kind) => {
      const one = credential({ kind, clientId: 'c', lastUsedAt: at(9) });
      expect(factOf('lastUse', one, logged(new Map([['c', usage]])))).toEqual({
        at: new Date(at(9)),
        since: null,
      });
    },
  );
});

describe("an owner's live credentials of a kind", () => {
  const named = (id: string, days: number | Unknown, over: Partial<Credential> = {}) =>
    credential({ id, createdAt: typeof days === 'number' ? at(days) : days, ...over });
  const keys = (one: Credential, ...others: Credential[]) => factOf('ownerLiveKeys', one, { others });

  test('are counted, and the newer ones', () => {
    const all = [named('a', 5), named('b', 3), named('c', 9), named('d', 1), named('e', 7)];
    const newer = all.map((one) => keys(one, ...all.filter((other) => other !== one)));
    expect(newer).toEqual([2, 1, 4, 0, 3].map((count) => ({ total: 5, newer: count })));
  });

  test('of one time are in the order of their ids', () => {
    const all = [named('a', 5), named('c', 5), named('b', 5)];
    const newer = all.map((one) => keys(one, ...all.filter((other) => other !== one)));
    expect(newer).toEqual([2, 0, 1].map((count) => ({ total: 3, newer: count })));
  });

  test.each<[string, Partial<Credential>]>([
    ['another owner', { ownerId: 'u2' }],
    ['no owner', { ownerId: '' }],
    ['another kind', { kind: 'external-client' }],
    ['one that has ended', { expiresAt: NOW }],
    ['a disabled one', { disabled: true }],
    ['a deleted one', { deletedAt: NOW }],
  ])('leave out %s', (_, over) => {
    expect(keys(named('a', 5), named('b', 3, over))).toEqual({ total: 1, newer: 0 });
  });

  test('cannot be told if dates are missing, except of a single one', () => {
    expect(keys(named('a', HIDDEN))).toBe(HIDDEN);
    expect(keys(named('a', HIDDEN), named('b', 1))).toBe(HIDDEN);
    expect(keys(named('a', 5), named('b', HIDDEN))).toEqual(
      unknown('another credential of its owner has no readable creation date', LOOK_AT_OWNER),
    );
    expect(keys(named('a', 5), named('b', HIDDEN, { expiresAt: NOW }))).toEqual({ total: 1, newer: 0 });
  });

  test('do not include one that is not live', () => {
    const ended = named('a', 5, { expiresAt: NOW });
    const notLive = unknown('it is not live', 'Nothing needs to be granted.');
    expect(keys(ended)).toEqual(notLive);
    expect(keys(ended, named('b', 3), named('c', 9))).toEqual(notLive);
  });

  describe('with one name', () => {
    const siblings = (one: Credential, ...others: Credential[]) => factOf('siblings', one, { others });
    const shown = (id: string, days: number, used: number | null = 1) => ({
      id,
      createdAt: new Date(at(days)),
      lastUsedAt: used === null ? null : new Date(at(used)),
    });

    test('come the newest first, and those that were used once more', () => {
      const all = [
        named('a', 5, { lastUsedAt: null }),
        named('b', 3),
        named('c', 9, { lastUsedAt: at(4) }),
        named('d', 4, { name: 'other' }),
      ];
      const expected = {
        all: [shown('b', 3), shown('a', 5, null), shown('c', 9, 4)],
        used: [shown('b', 3), shown('c', 9, 4)],
      };
      expect(siblings(all[0] as Credential, ...all.slice(1))).toEqual(expected);
      expect(siblings(all[2] as Credential, ...all.slice(0, 2), all[3] as Credential)).toEqual(expected);
      expect(siblings(all[3] as Credential, ...all.slice(0, 3))).toEqual({
        all: [shown('d', 4)],
        used: [shown('d', 4)],
      });
    });

    test.each([
      ['deploy', ' Deploy '],
      ['é', 'E\u0301'],
    ])('are those called %j and %j', (first, second) => {
      const found = siblings(named('a', 5, { name: first }), named('b', 3, { name: second }));
      expect(found).toMatchObject({ all: [{ id: 'b' }, { id: 'a' }] });
    });

    test('are the same for built-in rules, but for one that is alone', () => {
      const all = [
        named('a', 5),
        named('b', 3),
        named('c', 9, { name: 'other' }),
        named('d', HIDDEN, { name: 'x' }),
      ];
      const world = new World(snapshot([...all, named('e', 1, { name: 'x' })]), NOW);
      const ofBuiltIn = all.map((one) => world.resolver('siblings')(one));
      const facts = all.map((one) => world.fact('siblings', one));
      expect(ofBuiltIn).toEqual([facts[0], facts[1], { all: [], used: [] }, facts[3]]);
      expect(facts[2]).toEqual({ all: [shown('c', 9)], used: [shown('c', 9)] });
      expect(world.resolver('owner')(all[0] as Credential)).toEqual(
        world.fact('owner', all[0] as Credential),
      );
    });

    test('are none of a blank name', () => {
      const none = { all: [], used: [] };
      expect(siblings(named('a', 5, { name: ' \n' }), named('b', 3, { name: ' \n' }))).toEqual(none);
      expect(siblings(named('a', 5, { name: '', expiresAt: NOW }))).toEqual(none);
    });

    test('are those of one that is not live itself', () => {
      const ended = named('a', 5, { expiresAt: NOW });
      expect(siblings(ended)).toEqual({ all: [], used: [] });
      expect(siblings(ended, named('b', 3))).toEqual({ all: [shown('b', 3)], used: [shown('b', 3)] });
      expect(siblings(ended, named('b', 3, { name: 'x' }))).toEqual({ all: [], used: [] });
      expect(siblings(ended, named('b', 3, { kind: 'function' }))).toEqual({ all: [], used: [] });
      const both = [shown('c', 2), shown('b', 3)];
      expect(siblings(ended, named('b', 3), named('c', 2))).toEqual({ all: both, used: both });
    });

    test('cannot be told if a date of several is missing', () => {
      const undated = unknown(
        'the creation or last use of another credential of the same owner and name cannot be read',
        LOOK_AT_OWNER,
      );
      expect(siblings(named('a', 5), named('b', HIDDEN))).toEqual(undated);
      expect(siblings(named('a', 5), named('b', 3, { lastUsedAt: HIDDEN }))).toEqual(undated);
      const ended = named('c', 9, { expiresAt: NOW });
      expect(siblings(ended, named('a', 5), named('b', HIDDEN))).toEqual(undated);
      expect(siblings(named('a', 5), named('b', HIDDEN, { name: 'x' }))).toEqual({
        all: [shown('a', 5)],
        used: [shown('a', 5)],
      });
      expect(siblings(named('a', HIDDEN))).toEqual({ all: [], used: [] });
      expect(siblings(named('a', 5, { lastUsedAt: HIDDEN }))).toEqual({
        all: [shown('a', 5, null)],
        used: [],
      });
    });
  });
});
