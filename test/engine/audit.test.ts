import { describe, expect, test } from '@jest/globals';
import { defineRule, type Facts, type Rule, type Snapshot, Unknown } from '../../src/contract/index.js';
import { audit } from '../../src/engine/audit.js';
import { fingerprint } from '../../src/engine/finding.js';
import type { RuleInForce } from '../../src/engine/judge.js';
import { credential, DAY, NO_DELETED, NOW, owner, snapshot } from '../helpers/snapshot.js';

const DOCS = { why: 'Because.', fix: 'Fix it.', references: [] };

const named = defineRule({
  id: 'named',
  title: 'The credential has a name',
  severity: 'medium',
  kinds: ['personal-client', 'service-principal-credential', 'federation-trust'],
  docs: DOCS,
  needs: ['name'],
  messages: { named: (d: { name: string }) => `is called ${d.name}` },
  check: ({ facts }) => (facts.name === '' ? undefined : { messageId: 'named', data: { name: facts.name } }),
});

function inForce(rule: unknown, over: Partial<RuleInForce> = {}): RuleInForce {
  return { rule: rule as Rule, severity: undefined, options: {}, floors: {}, ...over };
}

function judge(seen: Snapshot, ...rules: RuleInForce[]) {
  return audit(seen, rules, NOW);
}

describe('which credentials are judged', () => {
  const rule = inForce(named);
  const expired = inForce({ ...named, id: 'ended', judges: 'expired' });
  const verdict = (over: Parameters<typeof credential>[0]) =>
    judge(snapshot([credential(over)]), rule, expired).findings.map((finding) => finding.rule);

  test('judges live credentials', () => expect(verdict({})).toEqual(['named']));
  test('treats a credential that expires in a millisecond as live', () =>
    expect(verdict({ expiresAt: NOW + 1 })).toEqual(['named']));
  test('treats a credential that expires now as expired', () =>
    expect(verdict({ expiresAt: NOW })).toEqual(['ended']));
  test('treats a credential that expired earlier as expired', () =>
    expect(verdict({ expiresAt: NOW - 1 })).toEqual(['ended']));
  test('does not judge a deleted credential, expired or not', () => {
    expect(verdict({ deletedAt: NOW - 1 })).toEqual([]);
    expect(verdict({ deletedAt: NOW - 1, expiresAt: NOW - 1 })).toEqual([]);
  });
  test('lists a disabled trust, but no rule judges it', () => {
    const { findings, credentials } = judge(
      snapshot([credential({ kind: 'federation-trust', disabled: true })]),
      rule,
      expired,
    );
    expect(findings).toEqual([]);
    expect(credentials).toMatchObject([{ live: false }]);
  });
  test('treats a credential whose end date cannot be read as live', () =>
    expect(verdict({ expiresAt: new Unknown('it is no timestamp', 'Look.') })).toEqual(['named']));
  test('counts deleted credentials by kind', () => {
    const { deleted, credentials } = judge(
      snapshot([credential({ deletedAt: NOW }), credential({ id: 'b' })]),
      rule,
    );
    expect(deleted).toEqual({ ...NO_DELETED, 'personal-client': 1 });
    expect(credentials.map(({ id }) => id)).toEqual(['b']);
  });
  test('a rule judges the kinds it names and no other', () => {
    const trustsOnly = inForce({ ...named, kinds: ['federation-trust'] });
    expect(judge(snapshot([credential({})]), trustsOnly).findings).toEqual([]);
  });
});

describe('severity', () => {
  const severity = (check: unknown, over: Partial<RuleInForce> = {}) =>
    judge(snapshot([credential({})]), inForce({ ...named, check: () => check }, over)).findings[0]?.severity;
  const said = { messageId: 'named', data: { name: 'x' } };

  test("is the rule's by default", () => expect(severity(said)).toBe('medium'));
  test('is what the check returned', () => expect(severity({ ...said, severity: 'low' })).toBe('low'));
  test('is what the configuration sets, over both', () =>
    expect(severity({ ...said, severity: 'low' }, { severity: 'critical' })).toBe('critical'));
  test('is one step higher when escalated, also over a configured severity', () => {
    expect(severity({ ...said, escalate: true })).toBe('high');
    expect(severity({ ...said, escalate: true }, { severity: 'low' })).toBe('medium');
    expect(severity({ ...said, severity: 'critical', escalate: true })).toBe('critical');
  });
  test("is never below a profile's floor, and unchanged above it", () => {
    expect(severity({ ...said, severity: 'low' }, { floors: { '*': 'high' } })).toBe('high');
    expect(severity({ ...said, severity: 'critical' }, { floors: { '*': 'high' } })).toBe('critical');
    expect(severity(said, { floors: { other: 'critical' } })).toBe('medium');
    expect(severity(said, { floors: { named: 'critical' } })).toBe('critical');
  });
});

describe('facts that could not be read', () => {
  const needy = defineRule({
    ...named,
    id: 'needy',
    kinds: ['personal-client'],
    needs: ['owner'],
    optional: ['createdAt'],
    messages: { named: (d: { name: string }) => d.name },
    check: ({ facts }) =>
      facts.createdAt === undefined
        ? { unknown: 'createdAt' }
        : { messageId: 'named', data: { name: facts.owner.name } },
  });

  test('a needed fact that is not known makes the outcome unknown, with reason and cure', () => {
    const { findings } = judge(snapshot([credential({ ownerId: 'u1' })]), inForce(needy));
    expect(findings).toMatchObject([
      {
        outcome: 'unknown',
        messageId: 'unknown',
        rule: 'needy',
        severity: 'medium',
        fix: expect.stringContaining('POST /search/users'),
      },
    ]);
    expect(findings[0]?.message).toContain('its owner was not looked up');
  });

  test('an optional fact is undefined, and the rule may say that it misses it', () => {
    const seen = snapshot(
      [credential({ ownerId: 'u1', createdAt: new Unknown('its createdAt is no timestamp', 'Look at it.') })],
      { owners: new Map([['u1', owner({ id: 'u1', name: 'Ada' })]]) },
    );
    expect(judge(seen, inForce(needy)).findings).toMatchObject([
      {
        outcome: 'unknown',
        message: 'unknown: its createdAt is no timestamp',
        fix: 'Look at it.',
      },
    ]);
  });

  test('an unknown outcome is neither a broken rule nor a violation', () => {
    const verdicts = judge(snapshot([credential({ ownerId: '' })]), inForce(needy));
    expect(verdicts.brokenRules).toEqual([]);
    expect(verdicts.findings).toMatchObject([
      { outcome: 'unknown', data: { reason: 'the record names no owner' } },
    ]);
  });
});

describe('a broken rule', () => {
  const cyclic: Record<string, unknown> = {};
  cyclic.self = cyclic;
  test.each([
    [
      'throws',
      () => {
        throw new Error('boom');
      },
      /it threw boom/,
    ],
    [
      'throws no error',
      () => {
        throw 'boom';
      },
      /it threw boom/,
    ],
    ['returns a promise', async () => undefined, /promise/],
    ['returns a promise that fails', () => Promise.reject(new Error('late')), /promise/],
    [
      'throws what has no text',
      () => {
        throw Object.create(null);
      },
      /cannot be shown/,
    ],
    [
      'gives data that is no object as JSON',
      () => ({ messageId: 'named', data: { toJSON: () => 'x' } }),
      /once it is JSON/,
    ],
    ['returns null', () => null, /it returned null/],
    ['returns a word', () => 'bad', /it returned string/],
    ['names a message it does not have', () => ({ messageId: 'nope', data: {} }), /message id "nope"/],
    ['names an inherited message', () => ({ messageId: 'toString', data: {} }), /message id "toString"/],
    [
      'names a severity that does not exist',
      () => ({ messageId: 'named', data: {}, severity: 'fatal' }),
      /severity "fatal"/,
    ],
    ['gives no data', () => ({ messageId: 'named' }), /no data/],
    ['gives data that JSON cannot hold', () => ({ messageId: 'named', data: cyclic }), /it threw/],
    ['has a message that is no text', () => ({ messageId: 'mute', data: {} }), /is not a text/],
    ['misses a fact it does not declare', () => ({ unknown: 'owner' }), /does not declare/],
    ['misses a fact that is known', () => ({ unknown: 'clientId' }), /which is known/],
    ['cannot tell why it cannot tell', () => ({ unknown: {} }), /no reason and cure/],
  ])('%s: it is named, and the others go on', (_, check, why) => {
    const broken = inForce({
      ...named,
      id: 'acme/broken',
      optional: ['clientId'],
      messages: { ...named.messages, mute: () => 7 },
      check,
    });
    const verdicts = judge(snapshot([credential({}), credential({ id: 'b' })]), broken, inForce(named));
    expect(verdicts.findings.filter(({ rule }) => rule === 'named')).toHaveLength(2);
    const failures = verdicts.findings.filter(({ rule }) => rule === 'acme/broken');
    expect(failures).toMatchObject([
      { outcome: 'unknown', messageId: 'rule-failed' },
      { outcome: 'unknown', messageId: 'rule-failed' },
    ]);
    expect(failures[0]?.message).toMatch(why);
    expect(failures[0]).toMatchObject({
      severity: 'medium',
      data: { reason: verdicts.brokenRules[0]?.reason },
      fix: 'Report it to the author of the rule, or turn the rule off.',
    });
    expect(verdicts.brokenRules).toEqual([
      { rule: 'acme/broken', credentials: 2, reason: expect.stringMatching(why) },
    ]);
  });
});

describe('a plug-in that changes its input', () => {
  const REFUSAL =
    /^it threw (a rule may not change the facts|Cannot (assign to read only property|add property|delete property))/;
  const seen = () =>
    snapshot([credential({ id: 'a' }), credential({ id: 'b' })], {
      owners: new Map([
        ['u1', owner({ id: 'u1', roles: [{ id: 'r1', name: 'system:user', displayName: '' }] })],
      ]),
      roles: new Map([['r1', { id: 'r1', name: 'system:viewer', displayName: '' }]]),
    });
  test.each<[string, (context: { facts: Facts; options: Record<string, unknown> }) => void]>([
    [
      'a list',
      ({ facts }) => {
        (facts.scopedRoles as unknown[]).length = 0;
      },
    ],
    [
      'the source networks',
      ({ facts }) => {
        (facts.allowedCidrs as unknown[]).push('0.0.0.0/0');
      },
    ],
    [
      'the owner',
      ({ facts }) => {
        (facts.owner as { status: string }).status = 'gone';
      },
    ],
    [
      'the owner inside',
      ({ facts }) => {
        (facts.owner.roles as unknown[]).length = 0;
      },
    ],
    [
      'the roles',
      ({ facts }) => {
        (facts.tenantRoles as Map<string, unknown>).clear();
      },
    ],
    [
      'a role in the map of roles',
      ({ facts }) => {
        for (const role of (facts.tenantRoles as unknown as Map<string, { name: string }>).values())
          role.name = 'x';
      },
    ],
    [
      'its options',
      ({ options }) => {
        options.days = 1;
      },
    ],
  ])('%s: it is named as broken, and nothing has changed', (_, change) => {
    const meddler = inForce(
      {
        ...named,
        id: 'acme/meddler',
        needs: ['scopedRoles', 'allowedCidrs', 'owner', 'tenantRoles'],
        check: (context: never) => change(context),
      },
      { options: { days: 3 } },
    );
    const verdicts = judge(seen(), meddler, inForce(named));
    expect(verdicts.brokenRules).toMatchObject([
      { rule: 'acme/meddler', credentials: 2, reason: expect.stringMatching(REFUSAL) },
    ]);
    expect(verdicts.credentials).toEqual(judge(seen(), inForce(named)).credentials);
  });

  test('gets its own copy of a date', () => {
    const meddler = inForce({
      ...named,
      id: 'acme/meddler',
      needs: ['createdAt'],
      check: ({ facts }: { facts: Facts }) => void facts.createdAt.setTime(0),
    });
    const given = seen();
    const verdicts = judge(given, meddler);
    expect(verdicts.brokenRules).toEqual([]);
    expect(verdicts.credentials).toEqual(judge(seen(), inForce(named)).credentials);
    expect(given).toEqual(seen());
  });
});

test('a plug-in may need facts that are null or hold null', () => {
  const plugin = inForce(
    defineRule({
      ...named,
      id: 'acme/nulls',
      needs: ['expiresAt', 'scopedRoles'],
      messages: { named: (d: { end: string; names: string }) => `ends ${d.end}, has ${d.names}` },
      check: ({ facts }) => ({
        messageId: 'named',
        data: {
          end: String(facts.expiresAt),
          names: facts.scopedRoles.map(({ name }) => String(name)).join(),
        },
      }),
    }),
  );
  const seen = snapshot([credential({ expiresAt: null, scopedRoleIds: ['r2'] })], {
    roles: new Map([['r1', { id: 'r1', name: 'system:viewer', displayName: '' }]]),
  });
  const { brokenRules, findings } = judge(seen, plugin);
  expect(brokenRules).toEqual([]);
  expect(findings).toMatchObject([{ outcome: 'violation', message: 'ends null, has null' }]);
});

describe('facts across credentials', () => {
  const facts: unknown[] = [];
  const spy = inForce({
    ...named,
    kinds: ['personal-client'],
    needs: ['ownerLiveKeys'],
    optional: ['siblings'],
    check: (context: { facts: object }) => {
      // The engine uses one object for all credentials.
      facts.push({ ...context.facts });
      return undefined;
    },
  });
  const seen = (...credentials: Parameters<typeof credential>[0][]) => {
    facts.length = 0;
    const verdicts = judge(snapshot(credentials.map(credential)), spy);
    return {
      verdicts,
      facts: [...facts] as {
        ownerLiveKeys: { total: number; newer: number };
        siblings?: { all: { id: string }[]; used: { id: string }[] };
      }[],
    };
  };
  const at = (days: number) => NOW - days * DAY;

  test("counts an owner's live credentials by kind, newest first, then by id", () => {
    const { facts: all } = seen(
      { id: 'a', ownerId: 'u', createdAt: at(3) },
      { id: 'b', ownerId: 'u', createdAt: at(2) },
      { id: 'c', ownerId: 'u', createdAt: at(2) },
      { id: 'd', ownerId: 'u', createdAt: at(1), expiresAt: at(0) },
      { id: 'e', ownerId: 'v', createdAt: at(1) },
      { id: 'f', ownerId: 'u', createdAt: at(1), deletedAt: at(0) },
    );
    expect(all.map(({ ownerLiveKeys }) => ownerLiveKeys)).toEqual([
      { total: 3, newer: 2 },
      { total: 3, newer: 1 },
      { total: 3, newer: 0 },
      { total: 1, newer: 0 },
    ]);
  });

  test('treats credentials with the same owner, kind and name as siblings, ignoring case and surrounding blanks', () => {
    const { facts: all } = seen(
      { id: 'a', ownerId: 'u', name: 'deploy', createdAt: at(9), lastUsedAt: at(1) },
      { id: 'b', ownerId: 'u', name: ' Deploy ', createdAt: at(2), lastUsedAt: null },
      { id: 'c', ownerId: 'u', name: 'deploy 2', createdAt: at(1) },
      { id: 'd', ownerId: 'v', name: 'deploy', createdAt: at(1) },
    );
    const [a] = all;
    expect(a?.siblings?.all.map(({ id }) => id)).toEqual(['b', 'a']);
    expect(a?.siblings?.used.map(({ id }) => id)).toEqual(['a']);
  });

  test('does not treat credentials with blank names as siblings', () => {
    const { facts: all } = seen({ id: 'a', ownerId: 'u', name: ' ' }, { id: 'b', ownerId: 'u', name: '' });
    expect(all.map(({ siblings }) => siblings?.all)).toEqual([[], []]);
  });

  test('are unknown if another credential of the owner has no readable date', () => {
    const { verdicts, facts: all } = seen(
      { id: 'a', ownerId: 'u', name: 'deploy', createdAt: at(9), lastUsedAt: at(1) },
      {
        id: 'b',
        ownerId: 'u',
        name: 'deploy',
        createdAt: at(2),
        lastUsedAt: new Unknown('no timestamp', 'Look.'),
      },
      { id: 'c', ownerId: 'v', createdAt: at(9) },
      { id: 'd', ownerId: 'v', createdAt: new Unknown('no date', 'Look.') },
    );
    expect(all.map(({ siblings }) => siblings)).toEqual([undefined, undefined]);
    expect(verdicts.findings.map(({ credential: about, data }) => [about?.id, data.reason])).toEqual([
      ['c', 'another credential of its owner has no readable creation date'],
      ['d', 'no date'],
    ]);
  });

  test('does not count without an owner or a creation date', () => {
    const { verdicts } = seen(
      { id: 'a', ownerId: '' },
      { id: 'b', ownerId: 'u', createdAt: new Unknown('no date', 'Look.') },
    );
    expect(verdicts.findings.map(({ data }) => data.reason)).toEqual([
      'the record names no owner',
      'no date',
    ]);
  });
});

test('sorts findings by severity, rule and credential, whatever the order of credentials and rules', () => {
  const low = inForce({ ...named, id: 'a-low', severity: 'low' });
  const high = inForce({ ...named, id: 'z-high', severity: 'high' });
  const credentials = [credential({ id: 'b' }), credential({ id: 'a' })];
  const order = (rules: RuleInForce[], list: typeof credentials) =>
    judge(snapshot(list), ...rules).findings.map(({ rule, credential: about }) => `${rule} ${about?.id}`);
  const expected = ['z-high a', 'z-high b', 'a-low a', 'a-low b'];
  expect(order([low, high], credentials)).toEqual(expected);
  expect(order([high, low], [...credentials].reverse())).toEqual(expected);
});

test('says of a credential whose advice is withheld, and of no other, that it is', () => {
  const { credentials } = judge(
    snapshot([credential({ adviceWithheld: true }), credential({ id: 'b' })]),
    inForce(named),
  );
  expect(credentials[0]).toHaveProperty('adviceWithheld', true);
  expect(credentials[1]).not.toHaveProperty('adviceWithheld');
});

test('lists no networks and no roles of a credential whose own cannot be read', () => {
  const hidden = new Unknown('it is not shown', 'Ask.');
  const { credentials } = judge(
    snapshot([credential({ allowedCidrs: hidden, scopedRoleIds: hidden })]),
    inForce(named),
  );
  expect(credentials).toMatchObject([{ allowedCidrs: [], scopedRoles: [] }]);
});

test('puts the fingerprint and the exact facts into a finding', () => {
  const seen = snapshot(
    [
      credential({
        id: 'c1',
        clientId: 'me@acme.conductor.one/pcc',
        name: 'nightly',
        ownerId: 'u1',
        allowedCidrs: ['10.0.0.0/8'],
        scopedRoleIds: ['r1', 'r2'],
      }),
    ],
    {
      owners: new Map([['u1', owner({ id: 'u1', name: 'Ada', email: 'ada@acme.example' })]]),
      roles: new Map([['r1', { id: 'r1', name: 'system:viewer', displayName: 'Viewer' }]]),
    },
    { self: { userId: 'u1', clientId: 'me@acme.conductor.one/pcc' } },
  );
  const [finding] = judge(seen, inForce(named)).findings;
  expect(finding).toMatchObject({
    fingerprint: fingerprint('acme.conductor.one', 'named', 'personal-client', 'c1'),
    message: 'is called nightly',
    fix: 'Fix it.',
    status: null,
    credential: {
      self: true,
      owner: { id: 'u1', name: 'Ada', email: 'ada@acme.example' },
      allowedCidrs: ['10.0.0.0/8'],
      scopedRoles: [
        { id: 'r1', name: 'system:viewer' },
        { id: 'r2', name: null },
      ],
    },
  });
});

describe('a rule that lacks a source does not run and is reported', () => {
  const ofSecrets = (over: Partial<Rule> = {}) =>
    inForce({ ...named, kinds: ['service-principal-credential'], ...over });
  const secrets = [credential({ kind: 'service-principal-credential' })];
  const lacks = (...kinds: string[]) => [{ rule: 'named', because: `no ${kinds.join(' or ')} were read` }];

  test('because it needs trusts that were not requested', () => {
    const rule = ofSecrets({ needs: ['principalTrusts'] });
    const without = judge(snapshot(secrets), rule);
    expect(without.findings).toEqual([]);
    expect(without.skippedRules).toEqual(lacks('federation trusts'));
    const seen = judge(snapshot(secrets, { trusts: { byPrincipal: new Map(), rest: null } }), rule);
    expect(seen.findings).toHaveLength(1);
    expect(seen.skippedRules).toEqual([]);
  });

  test('because none of its kinds was requested', () => {
    const { skippedRules } = judge(snapshot([credential({})]), ofSecrets());
    expect(skippedRules).toEqual(lacks('service-principal credentials'));
    const both = ofSecrets({ kinds: ['service-principal-credential', 'federation-trust'] });
    expect(judge(snapshot([credential({})]), both).skippedRules).toEqual(
      lacks('service-principal credentials', 'federation trusts'),
    );
    expect(judge(snapshot([credential({}), ...secrets]), both).skippedRules).toEqual([]);
  });

  test.each<[Snapshot['sources'][number]['status'], number]>([
    ['unavailable', 1],
    ['partial', 0],
    ['complete', 0],
  ])('that judges a kind whose source is %s', (status, skipped) => {
    const source = {
      kind: 'service-principal-credential',
      status,
      required: false,
      pages: 1,
      note: null,
    } as const;
    expect(judge(snapshot([], {}, { sources: [source] }), ofSecrets()).skippedRules).toHaveLength(skipped);
  });

  test('but runs on a credential that was read, whatever its sources say', () => {
    const source = {
      kind: 'personal-client',
      status: 'complete',
      required: true,
      pages: 1,
      note: null,
    } as const;
    const { findings, skippedRules } = judge(snapshot(secrets, {}, { sources: [source] }), ofSecrets());
    expect(skippedRules).toEqual([]);
    expect(findings).toHaveLength(1);
  });

  test('but not if there is no source at all, as in an empty file', () => {
    expect(judge(snapshot([], {}, { sources: [] }), ofSecrets()).skippedRules).toEqual([]);
  });
});
