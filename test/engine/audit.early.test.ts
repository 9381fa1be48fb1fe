import { describe, expect, test } from '@jest/globals';
import { rules } from '../../rules/index.js';
import { defineRule, type Kind, type Owner, type TenantFacts, Unknown } from '../../src/contract/index.js';
import { audit, EarlyVerdicts, isEarly } from '../../src/engine/audit.js';
import { optionsInForce, type RuleInForce } from '../../src/engine/judge.js';
import { credential, DAY, NOW, owner, snapshot } from '../helpers/snapshot.js';

const broken = defineRule({
  id: 'acme/broken',
  title: 'It throws',
  severity: 'low',
  kinds: ['personal-client'],
  docs: { why: 'x', fix: 'y', references: [] },
  needs: ['name'],
  messages: { any: () => 'any' },
  check() {
    throw new Error('always');
  },
});

const inForce = (): RuleInForce[] =>
  [...rules, broken].map((rule) => ({
    rule,
    severity: undefined,
    options: optionsInForce(rule, undefined),
    floors: {},
  }));

const { facts } = snapshot([]);

/** Live, expired, disabled and deleted ones, of all kinds, with something to find and without. */
const credentials = [
  credential({ id: 'd' }),
  credential({ id: 'c', expiresAt: null, allowedCidrs: [], scopedRoleIds: [] }),
  credential({ id: 'b', expiresAt: NOW - 400 * DAY }),
  credential({ id: 'a', deletedAt: NOW - DAY }),
  credential({
    id: 'h',
    kind: 'service-principal-credential',
    lastUsedAt: null,
    createdAt: NOW - 500 * DAY,
  }),
  credential({ id: 'g', kind: 'federation-trust', condition: 'true' }),
  credential({ id: 'f', kind: 'federation-trust', disabled: true, condition: '' }),
  credential({ id: 'e', allowedCidrs: ['10.0.0.1/8', 'nowhere'] }),
];

describe('early verdicts', () => {
  test('give the same findings, whatever was judged early and in whatever order', () => {
    const late = audit(snapshot(credentials), inForce(), NOW);
    expect(late.findings.length).toBeGreaterThan(8);
    expect(late.brokenRules).toMatchObject([
      { rule: 'acme/broken', reason: expect.stringContaining('always') },
    ]);
    for (const pages of [
      [credentials],
      [credentials.slice(3), credentials.slice(0, 3)],
      [credentials.slice(2, 4)],
      [],
    ]) {
      const set = inForce();
      const early = new EarlyVerdicts(set, NOW, facts);
      for (const page of pages) early.judge(page);
      expect(audit(snapshot([...credentials].reverse()), set, NOW, early)).toEqual(late);
    }
  });

  const admin = { id: 'r1', name: 'system:owner', displayName: 'Super Administrator' };
  const list = { enabled: true, cidrs: ['62.1.2.0/24'] };
  const HIDDEN = new Unknown('it is hidden', 'Show it.');

  test.each<[string, Partial<TenantFacts>]>([
    ['all of it', { roles: new Map([['r1', admin]]), allowList: { user: list, admin: list } }],
    ['other roles', { roles: new Map([['r2', { ...admin, id: 'r2' }]]) }],
    ['hidden roles', { roles: HIDDEN, allowList: HIDDEN }],
    ['one that is public', { exposures: { byText: new Map([['d', { source: 'gist' }]]), rest: null } }],
    ['findings in part', { exposures: { byText: new Map(), rest: HIDDEN } }],
    ['no findings', { exposures: undefined }],
    [
      'owners',
      { owners: new Map([['u1', owner({ roles: [admin] })]]), allowList: { user: list, admin: list } },
    ],
  ])('give the same findings where the tenant shows %s', (_, shown) => {
    const whole = snapshot(credentials, shown);
    const late = audit(whole, inForce(), NOW);
    const set = inForce();
    const early = new EarlyVerdicts(set, NOW, whole.facts);
    early.judge(credentials);
    expect(audit(whole, set, NOW, early)).toEqual(late);
  });

  test('are not computed again; verdicts of other rules are', () => {
    let calls = 0;
    const counting = { ...broken, check: () => void calls++ } as unknown as typeof broken;
    const set = [{ rule: counting, severity: undefined, options: {}, floors: {} }] as RuleInForce[];
    const early = new EarlyVerdicts(set, NOW, facts);
    const one = [credential({ id: 'x' })];
    early.judge(one);
    expect(calls).toBe(1);
    audit(snapshot(one), set, NOW, early);
    expect(calls).toBe(1);
    // Handed out once: another record of the same id is judged anew.
    audit(snapshot([credential({ id: 'x' })]), set, NOW, early);
    expect(calls).toBe(2);
  });

  test('wait for facts that a rule asks for, and only for those', () => {
    const asked: unknown[] = [];
    const asking = (id: string, check: (facts: { name: string; owner?: Owner; self: boolean }) => unknown) =>
      ({
        ...broken,
        id,
        needs: ['name', 'self'],
        optional: ['owner'],
        messages: { says: (d: { text: string }) => d.text },
        check: ({ facts }: { facts: never }) => {
          asked.push(id);
          return check(facts);
        },
      }) as unknown as typeof broken;
    const said = (text: string) => ({ messageId: 'says', data: { text } });
    const set = [
      asking('by-name', ({ name }) => said(name)),
      asking('by-owner', ({ owner }) => (owner ? said(owner.name) : { unknown: 'owner' })),
      asking('by-self', ({ self }) => said(`${self}`)),
      asking('throws', ({ self }) => {
        if (self === undefined) throw new Error('too early');
        return said('late');
      }),
      asking('unread', () => ({ unknown: 'owner' })),
    ].map((rule) => ({ rule, severity: undefined, options: {}, floors: {} })) as RuleInForce[];
    const one = credential({ id: 'x', name: 'nightly' });
    const whole = snapshot([one]);
    const late = audit(whole, set, NOW);
    asked.length = 0;
    const early = new EarlyVerdicts(set, NOW, facts);
    early.judge([one]);
    expect(asked).toEqual(['by-name', 'by-owner', 'by-self', 'throws', 'unread']);
    asked.length = 0;
    expect(audit(whole, set, NOW, early)).toEqual(late);
    expect(asked).toEqual(['by-owner', 'by-self', 'throws', 'unread']);
    expect(late.findings.map(({ rule, message }) => `${rule}: ${message}`)).toEqual([
      'by-name: nightly',
      expect.stringMatching(/^by-owner: /),
      'by-self: false',
      'throws: late',
      expect.stringMatching(/^unread: /),
    ]);
  });

  test('come from rules that need only the record and what is read beside it', () => {
    const early = rules.filter((rule) => isEarly(rule, 'personal-client')).map(({ id }) => id);
    expect(early).toEqual(expect.arrayContaining(['expired', 'no-expiry', 'malformed-cidr']));
    expect(early).toEqual(expect.arrayContaining(['admin-scope', 'unknown-role', 'exposed', 'open-cidr']));
    expect(early).not.toContain('owner-inactive');
    expect(early).not.toContain('scope-beyond-owner');
    expect(early).not.toContain('rotation-unfinished');
    const judgedEarly = (rule: object, kind: Kind = 'personal-client') =>
      isEarly({ id: 'x', needs: [], ...rule }, kind);
    expect(judgedEarly({ needs: ['owner'] })).toBe(false);
    expect(judgedEarly({ needs: ['name'], optional: ['owner'] })).toBe(true);
    expect(judgedEarly({ needs: ['self'] })).toBe(true);
    expect(judgedEarly({ id: 'acme/x', needs: ['name'], optional: ['owner'] })).toBe(false);
    expect(judgedEarly({ id: 'acme/x', needs: ['self'] })).toBe(false);
    expect(judgedEarly({ needs: ['lastUse'] })).toBe(true);
    expect(judgedEarly({ needs: ['lastUse'] }, 'federation-trust')).toBe(false);
    expect(judgedEarly({ needs: ['scopedRoles'], optional: ['tenantRoles'] })).toBe(true);
    expect(judgedEarly({ needs: ['scopedRoles'], optional: ['owner'] })).toBe(false);
    expect(judgedEarly({ id: 'acme/x', needs: ['exposure', 'name'] })).toBe(true);
  });
});

test('sorts findings by severity, rule and credential, and credentials by kind and id', () => {
  const { findings, credentials: judged } = audit(snapshot(credentials), inForce(), NOW);
  const rank = ['critical', 'high', 'medium', 'low', 'info'];
  const keys = findings.map(
    ({ severity, rule, credential: of }) => `${rank.indexOf(severity)} ${rule} ${of?.id}`,
  );
  expect(keys).toEqual([...keys].sort());
  expect(judged.map(({ id }) => id)).toEqual(['f', 'g', 'b', 'c', 'd', 'e', 'h']);
  expect(judged.filter(({ live }) => !live).map(({ id }) => id)).toEqual(['f', 'b']);
});
