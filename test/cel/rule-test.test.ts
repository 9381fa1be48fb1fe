import { describe, expect, test } from '@jest/globals';
import { toRule } from '../../src/cel/rule.js';
import { missingCases, runTests } from '../../src/cel/rule-test.js';
import type { CustomRule } from '../../src/config/config.js';
import type { Rule, RuleTest } from '../../src/contract/index.js';

function rule(when: string, tests: readonly RuleTest[], changes: Partial<CustomRule> = {}): Rule {
  const made = toRule({
    id: 'acme/x',
    title: 'T',
    severity: 'low',
    kinds: ['personal-client'],
    when,
    message: '{name}',
    fix: 'f',
    tests,
    ...changes,
  });
  if ('check' in made) return made;
  throw new Error(JSON.stringify(made));
}

const outcomes = (given: Rule) => runTests(given).map(({ outcome, passed }) => `${outcome} ${passed}`);

describe('running tests', () => {
  test('compares the outcome, and the message if one is given', () => {
    const tests = [
      { credential: { name: 'ci-1' }, expect: 'finding' },
      { credential: { name: 'ci-1' }, expect: 'finding', message: 'ci-1' },
      { credential: { name: 'ci-1' }, expect: 'finding', message: 'ci-2' },
      { credential: { name: 'x' }, expect: 'pass' },
      { credential: { name: 'x' }, expect: 'unknown' },
      { credential: {}, expect: 'unknown' },
    ] as const;
    expect(outcomes(rule('credential.name.startsWith("ci-")', tests))).toEqual([
      'finding true',
      'finding true',
      'finding false',
      'pass true',
      'pass false',
      'unknown true',
    ]);
  });

  test('reads dates, options, kinds and facts that follow from others', () => {
    const when =
      'credential.kind == "federation-trust" ? credential.createdAt < now - duration("24h") && size(credential.name) > options.size : false';
    const kinds = ['personal-client', 'federation-trust'] as const;
    const credential = { name: 'abc', createdAt: '2026-01-01' };
    const tests: RuleTest[] = [
      {
        kind: 'federation-trust',
        credential,
        options: { size: 2 },
        now: '2026-01-02T00:00:01Z',
        expect: 'finding',
      },
      {
        kind: 'federation-trust',
        credential,
        options: { size: 2 },
        now: new Date('2026-01-02'),
        expect: 'pass',
      },
      { kind: 'federation-trust', credential, now: '2026-02-01', expect: 'pass' },
      { credential, now: '2026-02-01', expect: 'pass' },
    ];
    expect(
      outcomes(rule(when, tests, { kinds, options: { size: 5 } })).every((one) => one.endsWith('true')),
    ).toBe(true);
    const always = [{ credential: { condition: 'true' }, expect: 'finding' }] as const;
    expect(
      outcomes(
        rule('credential.conditionVerdict.admits == "always"', always, { kinds: ['federation-trust'] }),
      ),
    ).toEqual(['finding true']);
  });

  test('takes a role without a name for one that does not exist, unless the rule asks for the roles of the tenant', () => {
    const credential = {
      scopedRoles: [
        { id: 'a', name: null },
        { id: 'b', name: 'system:user' },
      ],
    };
    const names = 'credential.scopedRoles.exists(r, r.name == null)';
    expect(outcomes(rule(names, [{ credential, expect: 'finding' }]))).toEqual(['finding true']);
    const ids = 'credential.scopedRoles.exists(r, !(r.id in credential.tenantRoles))';
    expect(outcomes(rule(ids, [{ credential, expect: 'unknown' }]))).toEqual(['unknown true']);
    const known = { ...credential, tenantRoles: { b: { id: 'b', name: 'system:user' } } };
    expect(outcomes(rule(ids, [{ credential: known, expect: 'finding' }]))).toEqual(['finding true']);
  });
});

describe('boundary cases', () => {
  const missing = (given: Rule) =>
    missingCases(given).map(({ comparison, place, test: suggested }) => ({
      comparison,
      place,
      ...(suggested ? { credential: suggested.credential, expect: suggested.expect } : {}),
    }));

  test('of a span of time: at the limit and one second beyond it', () => {
    const when = 'credential.name == "x" && credential.expiresAt - credential.createdAt > duration("720h")';
    const comparison = 'credential.expiresAt - credential.createdAt > duration("720h")';
    const base = { name: 'x', createdAt: '2026-01-01', expiresAt: '2026-06-01' };
    const [at, over] = [
      { ...base, expiresAt: '2026-01-31' },
      { ...base, expiresAt: '2026-01-31T00:00:01Z' },
    ];
    expect(missing(rule(when, [{ credential: base, expect: 'finding' }]))).toEqual([
      { comparison, place: 'at the limit', credential: at, expect: 'pass' },
      { comparison, place: 'just above the limit', credential: over, expect: 'finding' },
    ]);
    expect(missing(rule(when, [{ credential: at, expect: 'pass' }]))).toMatchObject([
      { place: 'just above the limit', credential: over },
    ]);
    expect(
      missing(
        rule(when, [
          { credential: at, expect: 'pass' },
          { credential: over, expect: 'finding' },
        ]),
      ),
    ).toEqual([]);
  });

  test('a test up to a day beyond the limit is close enough, one further away is not', () => {
    const when = 'credential.expiresAt - credential.createdAt > duration("720h")';
    const at = { createdAt: '2026-01-01', expiresAt: '2026-01-31' };
    const pair = (expiresAt: string) => [
      { credential: at, expect: 'pass' as const },
      { credential: { ...at, expiresAt }, expect: 'finding' as const },
    ];
    expect(missing(rule(when, pair('2026-02-01')))).toEqual([]);
    expect(missing(rule(when, pair('2026-02-01T00:00:01Z')))).toHaveLength(1);
  });

  test.each([
    [
      'credential.createdAt < timestamp("2026-01-31T00:00:00Z")',
      { createdAt: '2026-01-31' },
      { createdAt: '2026-01-30T23:59:59Z' },
    ],
    [
      'timestamp("2026-01-31T00:00:00Z") > credential.createdAt',
      { createdAt: '2026-01-31' },
      { createdAt: '2026-01-30T23:59:59Z' },
    ],
    [
      'credential.createdAt <= now - duration("720h")',
      { createdAt: '2026-05-02' },
      { createdAt: '2026-05-02T00:00:01Z' },
    ],
    ['days(now - credential.createdAt) >= 30', { createdAt: '2026-05-02' }, { createdAt: '2026-05-03' }],
    [
      'credential.ownerLiveKeys.total > options.max',
      { ownerLiveKeys: { total: 5 } },
      { ownerLiveKeys: { total: 6 } },
    ],
    [
      'size(credential.allowedCidrs) <= 1',
      { allowedCidrs: ['item-1'] },
      { allowedCidrs: ['item-1', 'item-2'] },
    ],
    [
      'credential.siblings.all.size() == 0',
      { siblings: { all: [] } },
      { siblings: { all: [{ id: 'item-1' }] } },
    ],
  ])('of %s', (when, at, beyond) => {
    const given = rule(
      when,
      [
        {
          credential: {
            createdAt: '2026-03-03',
            ownerLiveKeys: { total: 1 },
            siblings: { all: [] },
            allowedCidrs: [],
          },
          now: '2026-06-01',
          expect: 'pass',
        },
      ],
      { options: { max: 5 } },
    );
    const found = missingCases(given).map((one) => one.test?.credential);
    const expected = [at, beyond].map((one) => expect.objectContaining(one));
    // The test itself may be at the limit.
    expect(found).toEqual(expected.slice(-found.length));
  });

  test('are found where a test gives the fact no value', () => {
    const when = 'credential.expiresAt == null || credential.expiresAt < timestamp("2026-01-31T00:00:00Z")';
    expect(
      missing(rule(when, [{ credential: { name: 'x', expiresAt: null }, expect: 'finding' }])),
    ).toMatchObject([
      { credential: { name: 'x', expiresAt: '2026-01-31' }, expect: 'pass' },
      { credential: { name: 'x', expiresAt: '2026-01-30T23:59:59Z' }, expect: 'finding' },
    ]);
  });

  test('are not made from nothing', () => {
    expect(missing(rule('credential.createdAt < credential.lastUsedAt && 1 < 2 && now > now', []))).toEqual(
      [],
    );
    expect(missing(rule('size(credential.name) > 3', []))).toEqual([
      { comparison: 'size(credential.name) > 3', place: 'at the limit' },
      { comparison: 'size(credential.name) > 3', place: 'just above the limit' },
    ]);
    expect(missing(rule('credential.scopedRoles.exists(r, size(r.id) > 3)', []))).toEqual([]);
  });
});
