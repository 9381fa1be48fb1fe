import { describe, expect, test } from '@jest/globals';
import { type Credential, defineRule, type FactName, type Rule, Unknown } from '../../src/contract/index.js';
import { audit } from '../../src/engine/audit.js';
import { judge, Panel, type RuleInForce, type Verdict } from '../../src/engine/judge.js';
import { World } from '../../src/engine/world.js';
import { credential, NOW, snapshot } from '../helpers/snapshot.js';

const spoken = defineRule({
  id: 'acme/spoken',
  title: 'The credential is spoken of',
  severity: 'medium',
  kinds: ['personal-client'],
  docs: { why: 'Because.', fix: 'Fix it.', references: [] },
  needs: ['name'],
  messages: { said: (d: Record<string, unknown>) => `said ${Object.keys(d).join()}`, blank: () => '' },
  check: () => undefined,
});

class Duration {
  readonly hours: number;
  constructor(days: number) {
    this.hours = 24 * days;
  }
  toJSON() {
    return { days: this.hours / 24 };
  }
}

/** What becomes of an answer that a plug-in's check may give. */
function verdictOn(answer: unknown) {
  const rule = { ...spoken, check: () => answer } as unknown as Rule;
  const { findings } = audit(
    snapshot([credential()]),
    [{ rule, severity: undefined, options: {}, floors: {} }],
    NOW,
  );
  const [finding] = findings;
  if (!finding) throw new Error('no finding');
  return finding;
}

describe('the data of a finding', () => {
  const dataOf = (data: unknown) => verdictOn({ messageId: 'said', data }).data;

  test('is a copy of what the check returned', () => {
    const given = { text: 'x', flag: false, none: null, count: 3, share: 0.5 };
    const data = dataOf(given);
    expect(data).toStrictEqual(given);
    expect(data).not.toBe(given);
  });

  test.each([
    ['an instant', { at: new Date(NOW) }, { at: '2026-11-24T06:00:00.000Z' }],
    ['what is not set', { days: undefined, limit: 3 }, { limit: 3 }],
    ['no number', { days: Number.NaN }, { days: null }],
    ['an endless number', { days: Infinity }, { days: null }],
    ['minus zero', { days: -0 }, { days: 0 }],
    ['a list', { roles: ['a', undefined] }, { roles: ['a', null] }],
    ['a map', { roles: new Map([['a', 1]]) }, { roles: {} }],
    [
      'what writes itself',
      Object.assign(Object.create({ toJSON: () => ({ days: 1 }) }), { a: 2 }),
      { days: 1 },
    ],
    ['an object whose class writes it', new Duration(2), { days: 2 }],
  ])('holds %s as JSON does', (_, given, expected) => {
    expect(dataOf(given)).toStrictEqual(expected);
  });
});

describe('invalid results of a check', () => {
  test.each([
    ['a message id that is no text', { messageId: ['said'], data: {} }, /message id \["said"\]/],
    ['data that is null', { messageId: 'said', data: null }, /no data with its message said/],
    ['data that is a list', { messageId: 'said', data: [] }, /no data with its message said/],
    [
      'data that writes itself as null',
      { messageId: 'said', data: { toJSON: () => null } },
      /once it is JSON/,
    ],
    ['a message without words', { messageId: 'blank', data: {} }, /its message blank is not a text/],
    ['a missing fact, where none is optional', { unknown: 'clientId' }, /does not declare as optional/],
    ['a reason without a cure', { unknown: { reason: 'it is hidden' } }, /no reason and cure/],
    ['a cure without a reason', { unknown: { cure: 'Show it.' } }, /no reason and cure/],
    ['nothing as what is unknown', { unknown: null }, /no reason and cure/],
  ])('%s', (_, answer, why) => {
    const finding = verdictOn(answer);
    expect(finding).toMatchObject({ outcome: 'unknown', messageId: 'rule-failed' });
    expect(finding.message).toMatch(why);
  });

  test('a reason and a cure make an ordinary unknown', () => {
    expect(verdictOn({ unknown: { reason: 'it is hidden', cure: 'Show it.' } })).toMatchObject({
      outcome: 'unknown',
      messageId: 'unknown',
      message: 'unknown: it is hidden',
      fix: 'Show it.',
    });
  });
});

const inForce = (over: Partial<Rule>, floors: RuleInForce['floors'] = {}): RuleInForce => ({
  rule: { ...spoken, ...over } as Rule,
  severity: undefined,
  options: {},
  floors,
});
const world = (one: Credential) => new World(snapshot([one]), NOW);

describe('what a check returned, before it is written', () => {
  const said = (data: unknown) =>
    judge(inForce({ check: () => ({ messageId: 'said', data }) }), credential(), world(credential()), NOW);

  test.each([
    [{ days: -0 }, { days: 0 }],
    [{ days: undefined }, {}],
    [{ days: Number.POSITIVE_INFINITY }, { days: null }],
    [new Duration(2), { days: 2 }],
    [{ list: [1] }, { list: [1] }],
  ])('is what JSON holds: %j', (data, expected) => {
    expect(said(data)).toStrictEqual({
      outcome: 'violation',
      severity: 'medium',
      messageId: 'said',
      message: `said ${Object.keys(data).join()}`,
      data: expected,
    });
  });

  test.each([
    [{ text: 'x' }, 0],
    [{ text: '' }, 0],
    [{ flag: false }, 0],
    [{ flag: true }, 0],
    [{ none: null }, 0],
    [{ count: 3 }, 0],
    [{ count: 0 }, 0],
    [{}, 0],
    [{ text: 'x', list: [] }, 1],
    [new Duration(2), 1],
  ])('goes through JSON only if it is not flat: %j', (data, times) => {
    const { parse } = JSON;
    let calls = 0;
    JSON.parse = (...given) => {
      calls += 1;
      return parse(...given);
    };
    try {
      said(data);
    } finally {
      JSON.parse = parse;
    }
    expect(calls).toBe(times);
  });
});

describe('what a rule needs', () => {
  const missing = new Unknown('it is hidden', 'Show it.');
  const hidden = credential({ expiresAt: missing });
  const unknown = { outcome: 'unknown', reason: 'it is hidden', cure: 'Show it.' };
  const found = { messageId: 'said', data: {} };

  type PanelFacts = ConstructorParameters<typeof Panel>[2];

  /** What one rule says of each credential, asked as one of a panel. */
  function onPanel(rules: readonly RuleInForce[], credentials: readonly Credential[], facts?: PanelFacts) {
    const heard: [string, Verdict][] = [];
    const panel = new Panel(rules, 'personal-client', facts ?? world(hidden), NOW);
    for (const one of credentials) panel.judge(one, (verdict, { rule }) => heard.push([rule.id, verdict]));
    return heard;
  }

  test.each(['own', 'acme/plugged'])('must be known: %s', (id) => {
    const check = () => expect(id).toBe('not asked');
    const needy = inForce({ id, needs: ['name', 'expiresAt'], check });
    expect(judge(needy, hidden, world(hidden), NOW)).toEqual(unknown);
    expect(onPanel([needy], [hidden])).toEqual([[id, unknown]]);
  });

  test.each(['own', 'acme/plugged'])('may be missing if it is optional: %s', (id) => {
    const given: unknown[] = [];
    const check = ({ facts }: { facts: object }) => void given.push({ ...facts });
    const rule = inForce({ id, needs: ['name'], optional: ['expiresAt'], check });
    expect(onPanel([rule], [hidden])).toEqual([]);
    expect(given).toEqual([{ name: 'deploy', expiresAt: undefined }]);
  });

  test('is asked of each credential anew', () => {
    const needy = inForce({ id: 'own', needs: ['expiresAt'], check: () => found });
    const plain = inForce({ id: 'plain', needs: ['name'], check: () => found });
    const heard = onPanel([needy, plain], [hidden, credential(), hidden]);
    expect(heard.map(([id, { outcome }]) => `${id} ${outcome}`)).toEqual([
      'own unknown',
      'plain violation',
      'own violation',
      'plain violation',
      'own unknown',
      'plain violation',
    ]);
  });

  test('is looked up once for all built-in rules, and not for those of plug-ins', () => {
    const asked: FactName[] = [];
    const fact = (name: FactName, one: Credential) => {
      asked.push(name);
      return world(one).fact(name, one);
    };
    const facts = {
      fact,
      resolver: (name) => (one) => fact(name, one),
    } as PanelFacts;
    const rules = [
      inForce({ id: 'a', needs: ['name', 'createdAt'] }),
      inForce({ id: 'b', needs: ['name'], optional: ['clientId'] }),
      inForce({ id: 'acme/c', needs: ['lastUsedAt'] }),
    ];
    onPanel(rules, [credential()], facts);
    expect(asked).toEqual(['name', 'createdAt', 'clientId', 'lastUsedAt']);
  });
});

describe('what a plug-in is given', () => {
  test.each<[FactName, (fact: never) => unknown, RegExp]>([
    ['allowedCidrs', (fact: string[]) => fact.push('0.0.0.0/0'), /not extensible/],
    ['scopedRoles', (fact: { name: string }[]) => Object.assign(fact[0] ?? {}, { name: 'x' }), /read only/],
    ['tenantRoles', (fact: Map<string, unknown>) => fact.clear(), /a rule may not change the facts/],
    ['tenantRoles', (fact: Map<string, unknown>) => fact.delete('r1'), /a rule may not change the facts/],
    ['tenantRoles', (fact: Map<string, unknown>) => fact.set('r2', 1), /a rule may not change the facts/],
    [
      'tenantRoles',
      (fact: Map<string, { name: string }>) => Object.assign(fact.get('r1') ?? {}, { name: 'x' }),
      /read only/,
    ],
    ['siblings', (fact: { all: unknown[] }) => fact.all.pop(), /./],
  ])('cannot be changed: %s', (name, change, says) => {
    const one = credential();
    const roles = new Map([['r1', { id: 'r1', name: 'system:viewer', permissions: null }]]) as never;
    const facts = new World(snapshot([one], { roles }), NOW);
    const check = (context: { facts: Record<string, never> }) => void change(context.facts[name] as never);
    const before = JSON.stringify([facts.fact(name, one)]);
    const verdict = judge(inForce({ id: 'acme/bad', needs: [name], check }), one, facts, NOW);
    expect(verdict).toEqual({ outcome: 'failed', reason: expect.stringMatching(says) });
    expect(JSON.stringify([facts.fact(name, one)])).toBe(before);
    expect(one.allowedCidrs).toEqual(['62.1.2.0/24']);
  });

  test('is a copy of a date', () => {
    const one = credential();
    const check = ({ facts }: { facts: { createdAt: Date } }) => void facts.createdAt.setTime(0);
    expect(
      judge(inForce({ id: 'acme/bad', needs: ['createdAt'], check }), one, world(one), NOW),
    ).toBeUndefined();
    expect(one.createdAt).toEqual(credential().createdAt);
  });

  test('may hold dates, empty values and texts', () => {
    const made = new Date(NOW);
    const facts = {
      fact: () =>
        new Map<string, unknown>([
          ['a', null],
          ['b', 'x'],
          ['c', { made, none: null }],
        ]),
    };
    const given: unknown[] = [];
    const check = ({ facts: { tenantRoles } }: { facts: { tenantRoles: unknown } }) =>
      void given.push(tenantRoles);
    const rule = inForce({ id: 'acme/reads', needs: ['tenantRoles'], check });
    expect(judge(rule, credential(), facts as never, NOW)).toBeUndefined();
    expect(given).toHaveLength(1);
  });
});

test('a floor raises, and never lowers', () => {
  const check = () => ({ messageId: 'said', data: {} });
  const severity = (floors: RuleInForce['floors']) =>
    judge(inForce({ check }, floors), credential(), world(credential()), NOW);
  expect(severity({ said: 'high' })).toMatchObject({ severity: 'high' });
  expect(severity({ said: 'low', '*': 'critical' })).toMatchObject({ severity: 'critical' });
  expect(severity({ said: 'low', '*': 'medium', blank: 'critical' })).toMatchObject({ severity: 'medium' });
});
