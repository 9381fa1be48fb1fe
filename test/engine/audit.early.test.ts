import { describe, expect, test } from '@jest/globals';
import { rules } from '../../rules/index.js';
import { defineRule } from '../../src/contract/index.js';
import { audit, EarlyVerdicts, isEarly } from '../../src/engine/audit.js';
import { optionsInForce, type RuleInForce } from '../../src/engine/judge.js';
import { credential, DAY, NOW, snapshot } from '../helpers/snapshot.js';

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
      const early = new EarlyVerdicts(set, NOW);
      for (const page of pages) early.judge(page);
      expect(audit(snapshot([...credentials].reverse()), set, NOW, early)).toEqual(late);
    }
  });

  test('are not computed again; verdicts of other rules are', () => {
    let calls = 0;
    const counting = { ...broken, check: () => void calls++ } as unknown as typeof broken;
    const set = [{ rule: counting, severity: undefined, options: {}, floors: {} }] as RuleInForce[];
    const early = new EarlyVerdicts(set, NOW);
    const one = [credential({ id: 'x' })];
    early.judge(one);
    expect(calls).toBe(1);
    audit(snapshot(one), set, NOW, early);
    expect(calls).toBe(1);
    // Handed out once: another record of the same id is judged anew.
    audit(snapshot([credential({ id: 'x' })]), set, NOW, early);
    expect(calls).toBe(2);
  });

  test('come from rules that need only the record', () => {
    const early = rules.filter((rule) => isEarly(rule, 'personal-client')).map(({ id }) => id);
    expect(early).toEqual(expect.arrayContaining(['expired', 'no-expiry', 'malformed-cidr']));
    expect(early).not.toContain('owner-inactive');
    expect(early).not.toContain('rotation-unfinished');
    expect(isEarly({ needs: ['name'], optional: ['owner'] }, 'personal-client')).toBe(false);
    expect(isEarly({ needs: ['lastUse'] }, 'personal-client')).toBe(true);
    expect(isEarly({ needs: ['lastUse'] }, 'federation-trust')).toBe(false);
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
