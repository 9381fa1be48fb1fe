import { describe, expect, test } from '@jest/globals';
import type { FactName, JudgedCredential, Kind, Rule } from '../../src/contract/index.js';
import { backtest, judgeReport, type Night } from '../../src/engine/backtest.js';
import type { Report } from '../../src/engine/report.js';
import {
  AS_OF,
  daysAgo,
  type SampleOptions,
  sampleCredential,
  sampleFinding,
  sampleReport,
  sampleUnknown,
} from '../helpers/sample-report.js';

type Judge = Pick<Rule, 'check'> & Partial<Rule>;

function ruleOf({ kinds = ['personal-client'], ...over }: Judge): Rule {
  return {
    id: 'test-rule',
    title: 'A title',
    severity: 'low',
    kinds,
    docs: { why: 'w', fix: 'f' },
    needs: [],
    messages: { m: ({ says = 'reported' }) => says },
    ...over,
  };
}

function judged(over: Partial<JudgedCredential> = {}): JudgedCredential {
  return { ...sampleCredential(over), live: true, ...over };
}

interface Saved extends SampleOptions {
  readonly credentials?: readonly JudgedCredential[];
}

function saved({ credentials = [judged()], ...options }: Saved = {}): Report {
  return { ...sampleReport(options), credentials };
}

interface With {
  readonly rules?: readonly Rule[];
  readonly partialFacts?: boolean;
}

function night(report: Report, rule: Rule, { rules = [], partialFacts = false }: With = {}): Night {
  const inForce = { rule, severity: undefined, options: {}, floors: {} };
  return judgeReport('a.json', report, { inForce, rules, partialFacts });
}

const always: Judge = { check: () => ({ messageId: 'm', data: {} }) };

/** What a rule would be given as a fact of the first credential, or why that is unknown. */
function seen(name: FactName, report: Report, more: With = {}): unknown {
  let given: unknown;
  const kind = report.credentials[0]?.kind as Kind;
  const check = ({ facts }: { facts: Record<string, unknown> }) => {
    given = facts[name];
    return undefined;
  };
  const { unknown, passed } = night(report, ruleOf({ kinds: [kind], needs: [name], check }), more);
  if (passed.size === 1) return given;
  return [...unknown.keys()].join();
}

const factOf = (name: FactName, over: Partial<JudgedCredential> = {}, more?: With) =>
  seen(name, saved({ credentials: [judged(over)] }), more);

const NOT_READ = 'the audit could not read it, or another fact that a rule needs';

describe('a night', () => {
  test('says what it is about, and what the rule reports', () => {
    const credential = judged({ id: 'x' });
    expect(night(saved({ credentials: [credential], complete: false }), ruleOf(always))).toEqual({
      file: 'a.json',
      tenant: 'acme.conductor.one',
      scope: 'tenant',
      asOf: AS_OF,
      complete: false,
      judged: 1,
      found: new Map([['personal-client|x', { credential, severity: 'low', message: 'reported' }]]),
      passed: new Set(),
      unknown: new Map(),
    });
  });

  test('keeps what passes, and counts by reason what cannot be told', () => {
    const credentials = ['a', 'b', 'c', 'd'].map((id) => judged({ id, name: id }));
    const check = ({ facts: { name } }: { facts: { name: string } }) => {
      if (name === 'd') throw new Error('no d');
      return name === 'a' ? undefined : { unknown: { reason: 'cannot tell', cure: 'c' } };
    };
    const {
      passed,
      unknown,
      found,
      judged: count,
    } = night(saved({ credentials }), ruleOf({ needs: ['name'], check }));
    expect({ passed, unknown, found: found.size, count }).toEqual({
      passed: new Set(['personal-client|a']),
      unknown: new Map([
        ['cannot tell', 2],
        ['the rule failed: it threw no d', 1],
      ]),
      found: 0,
      count: 4,
    });
  });

  test('gives the title instead of a message where the report gives no advice', () => {
    const { found } = night(
      saved({ credentials: [judged({ id: 'x', adviceWithheld: true })] }),
      ruleOf(always),
    );
    expect(found.get('personal-client|x')?.message).toBe('A title');
  });

  const ended = { live: false, expiresAt: daysAgo(1) };
  test.each<[string, Partial<JudgedCredential>, Rule['judges'], number]>([
    ['a live one, by a rule on live ones', {}, undefined, 1],
    ['one that ends later', { expiresAt: daysAgo(-1) }, 'live', 1],
    ['an expired one, by a rule on live ones', ended, 'live', 0],
    ['an expired one, by a rule on expired ones', ended, 'expired', 1],
    ['one that ends right now', { live: false, expiresAt: AS_OF }, 'expired', 1],
    ['a disabled one without an end', { live: false }, 'expired', 0],
    ['a disabled one', { live: false, expiresAt: daysAgo(-1) }, 'live', 0],
    ['one of another kind', { kind: 'function' }, undefined, 0],
  ])('judges %s: %j', (_, over, judges, expected) => {
    const { judged: count } = night(
      saved({ credentials: [judged(over)] }),
      ruleOf({ ...always, ...(judges && { judges }) }),
    );
    expect(count).toBe(expected);
  });

  const source = (kind: Kind, status: 'complete' | 'partial' | 'unavailable') => ({
    kind,
    status,
    credentials: 0,
    deleted: 0,
    pages: 1,
    note: null,
  });
  test.each([
    ['a list is empty', [source('personal-client', 'complete')], 0],
    [
      'another list was read as well',
      [source('personal-client', 'complete'), source('function', 'complete')],
      0,
    ],
    ['a list was read in part', [source('personal-client', 'partial')], 0],
    ['no list was read', [source('personal-client', 'unavailable')], undefined],
    ['only another list was read', [source('function', 'complete')], undefined],
    [
      'one of two was read',
      [source('personal-client', 'unavailable'), source('function', 'complete')],
      undefined,
    ],
    ['the report is of a file', [], 0],
  ])('where %s', (_, sources, expected) => {
    expect(night(saved({ credentials: [], sources }), ruleOf(always)).judged).toBe(expected);
  });

  test('has judged what is there, whatever its sources say', () => {
    const sources = [source('personal-client', 'unavailable')];
    expect(night(saved({ sources }), ruleOf(always)).judged).toBe(1);
  });
});

describe('a fact', () => {
  test.each<[FactName, Partial<JudgedCredential>, unknown]>([
    ['name', { name: 'x' }, 'x'],
    ['clientId', { clientId: 'c' }, 'c'],
    ['createdAt', { createdAt: daysAgo(5) }, new Date(daysAgo(5))],
    ['expiresAt', { expiresAt: daysAgo(-5) }, new Date(daysAgo(-5))],
    ['expiresAt', { expiresAt: null }, null],
    ['lastUsedAt', { lastUsedAt: daysAgo(2) }, new Date(daysAgo(2))],
    ['lastUsedAt', { lastUsedAt: null }, null],
    ['lastUse', { lastUsedAt: daysAgo(2) }, { at: new Date(daysAgo(2)), since: null }],
    ['lastUse', { lastUsedAt: null }, { at: null, since: null }],
    ['allowedCidrs', { allowedCidrs: ['192.0.2.0/24'] }, ['192.0.2.0/24']],
    ['allowedCidrs', { allowedCidrs: [] }, []],
    ['scopedRoles', { scopedRoles: [{ id: 'r', name: 'n' }] }, [{ id: 'r', name: 'n' }]],
    ['scopedRoles', { scopedRoles: [] }, []],
    ['self', { self: true }, true],
    ['self', { self: false }, false],
    ['connected', {}, false],
  ])('that the report carries: %s of %j', (name, over, expected) => {
    expect(factOf(name, over)).toEqual(expected);
  });

  test.each<[FactName, Partial<JudgedCredential>]>([
    ['requireDpop', { kind: 'service-principal-credential' }],
    ['principalTrusts', { kind: 'service-principal-credential' }],
    ['registration', { kind: 'external-client' }],
    ['connected', { kind: 'tunnel-credential' }],
    ['condition', { kind: 'federation-trust' }],
    ['conditionVerdict', { kind: 'federation-trust' }],
    ['provider', { kind: 'federation-trust' }],
    ['lastUse', { kind: 'federation-trust', lastUsedAt: daysAgo(1) }],
    ['usage', {}],
    ['tenantRoles', {}],
    ['tenantAllowList', {}],
    ['owner', {}],
  ])('that it does not carry: %s', (name, over) => {
    expect(factOf(name, over)).toBe(`saved reports do not carry ${name}`);
  });

  test('that it may carry: the creation date', () => {
    expect(factOf('createdAt', { createdAt: null })).toBe('the report has no creation date');
  });

  test('across credentials: those of the same owner', () => {
    const credentials = [
      judged({ id: 'old', createdAt: daysAgo(9) }),
      judged({ id: 'new', createdAt: daysAgo(5) }),
    ];
    expect(seen('ownerLiveKeys', saved({ credentials: credentials.slice(0, 1) }))).toEqual({
      total: 1,
      newer: 0,
    });
    const given: unknown[] = [];
    const check = ({ facts }: { facts: { ownerLiveKeys: unknown } }) => {
      given.push(facts.ownerLiveKeys);
    };
    night(saved({ credentials }), ruleOf({ needs: ['ownerLiveKeys'], check }));
    expect(given).toEqual([
      { total: 2, newer: 1 },
      { total: 2, newer: 0 },
    ]);
    expect(factOf('ownerLiveKeys', { owner: null })).not.toEqual({ total: 1, newer: 0 });
  });

  test('of the owner: what the report shows, for rules that can do without the rest', () => {
    const owner = { id: 'u', name: 'Jo', email: 'jo@acme.example' };
    const partial = { partialFacts: true };
    expect(factOf('owner', { owner }, partial)).toEqual(owner);
    expect(factOf('owner', { owner: { id: 'u', name: '', email: '' } }, partial)).toEqual({ id: 'u' });
    expect(factOf('owner', { owner: null }, partial)).toBe('saved reports do not carry owner');
  });

  test('of roles without a name: for rules that can do without it', () => {
    const scopedRoles = [
      { id: 'r', name: 'n' },
      { id: 's', name: null },
    ];
    expect(factOf('scopedRoles', { scopedRoles })).toBe('the report has no name for one of its roles');
    expect(factOf('scopedRoles', { scopedRoles }, { partialFacts: true })).toEqual(scopedRoles);
  });
});

describe('an empty value', () => {
  const empty = { expiresAt: null, lastUsedAt: null, allowedCidrs: [], scopedRoles: [] };
  const needing = (needs: readonly FactName[], optional?: readonly FactName[]) =>
    ruleOf({ ...always, id: 'needy', needs, ...(optional && { optional }) });
  const withFinding = (finding: Report['findings'][number], over: Partial<JudgedCredential> = empty) =>
    saved({ credentials: [judged(over)], findings: [finding] });
  const unread = (over: Partial<JudgedCredential> = {}) =>
    sampleUnknown({ rule: 'needy', credential: sampleCredential({ ...empty, ...over }) });

  test.each<FactName>(['expiresAt', 'lastUsedAt', 'lastUse', 'allowedCidrs', 'scopedRoles'])(
    'of %s is unknown if a rule that needs it could not tell',
    (name) => {
      const rules = [needing(['name', name])];
      expect(seen(name, withFinding(unread()), { rules })).toBe(NOT_READ);
      expect(seen(name, withFinding(unread()), { rules: [needing(['name'], [name])] })).toBe(NOT_READ);
      expect(seen(name, withFinding(unread()), { rules: [needing(['name'])] })).not.toBe(NOT_READ);
    },
  );

  test('counts for the last use, however a rule calls it', () => {
    expect(seen('lastUsedAt', withFinding(unread()), { rules: [needing(['lastUse'])] })).toBe(NOT_READ);
    expect(seen('lastUse', withFinding(unread()), { rules: [needing(['lastUsedAt'])] })).toBe(NOT_READ);
  });

  test('is one if the rule had a finding, or could not tell of another credential', () => {
    const rules = [needing(['expiresAt'])];
    const finding = sampleFinding({ rule: 'needy', credential: sampleCredential(empty) });
    expect(seen('expiresAt', withFinding(finding), { rules })).toBeNull();
    expect(seen('expiresAt', withFinding(unread({ id: 'other' })), { rules })).toBeNull();
    expect(
      seen('expiresAt', withFinding(sampleUnknown({ rule: 'needy', credential: null })), { rules }),
    ).toBeNull();
    expect(seen('expiresAt', withFinding(unread()), { rules: [] })).toBeNull();
  });

  test('does not make unknown what is there', () => {
    const full = {
      expiresAt: daysAgo(-5),
      lastUsedAt: daysAgo(2),
      allowedCidrs: ['192.0.2.0/24'],
      scopedRoles: [{ id: 'r', name: 'n' }],
    };
    const rules = [needing(['expiresAt', 'lastUsedAt', 'allowedCidrs', 'scopedRoles'])];
    const report = withFinding(unread(), full);
    expect(seen('expiresAt', report, { rules })).toEqual(new Date(daysAgo(-5)));
    expect(seen('lastUsedAt', report, { rules })).toEqual(new Date(daysAgo(2)));
    expect(seen('lastUse', report, { rules })).toEqual({ at: new Date(daysAgo(2)), since: null });
    expect(seen('allowedCidrs', report, { rules })).toEqual(full.allowedCidrs);
    expect(seen('scopedRoles', report, { rules })).toEqual(full.scopedRoles);
  });

  test('keeps the facts of two rules that could not tell', () => {
    const rules = [needing(['expiresAt']), { ...needing(['allowedCidrs']), id: 'other' }];
    const report = saved({
      credentials: [judged(empty)],
      findings: [unread(), sampleUnknown({ rule: 'other', credential: sampleCredential(empty) })],
    });
    expect(seen('expiresAt', report, { rules })).toBe(NOT_READ);
    expect(seen('allowedCidrs', report, { rules })).toBe(NOT_READ);
  });
});

describe('nights together', () => {
  const nightOf = (asOf: string, found: readonly string[], over: Partial<Night> = {}): Night => ({
    file: 'a.json',
    tenant: 't',
    scope: 'tenant',
    asOf,
    complete: true,
    judged: 1,
    found: new Map(
      found.map((id) => [id, { credential: judged({ id }), severity: 'low', message: `${id} ${asOf}` }]),
    ),
    passed: new Set(),
    unknown: new Map(),
    ...over,
  });
  const [first, second, third] = [daysAgo(3), daysAgo(2), daysAgo(1)] as [string, string, string];
  const news = (...nights: Night[]) =>
    backtest(nights).nights.map((one) => one.news.map(({ credential: { id } }) => id));

  test('come in the order of time, those of one time in the order of the files', () => {
    const nights = [
      nightOf(second, []),
      nightOf(third, [], { file: 'c.json' }),
      nightOf(third, [], { file: 'b.json' }),
      nightOf(first, []),
    ];
    const names = backtest(nights).nights.map(({ asOf, file }) => `${asOf} ${file}`);
    expect(names).toEqual([`${first} a.json`, `${second} a.json`, `${third} b.json`, `${third} c.json`]);
    expect(nights[0]?.asOf).toBe(second);
  });

  test('what is found is news once, and again after a pass', () => {
    const passing = nightOf(second, [], { passed: new Set(['x']) });
    expect(news(nightOf(first, ['x']), nightOf(second, ['x', 'y']))).toEqual([['x'], ['y']]);
    expect(news(nightOf(first, ['x']), nightOf(second, []), nightOf(third, ['x']))).toEqual([['x'], [], []]);
    expect(news(nightOf(first, ['x', 'y']), passing, nightOf(third, ['x', 'y']))).toEqual([
      ['x', 'y'],
      [],
      ['x'],
    ]);
  });

  test('each alert comes once, as it was last news, with its nights', () => {
    const passing = nightOf(second, ['y'], { passed: new Set(['x']) });
    const { alerts } = backtest([nightOf(first, ['x']), passing, nightOf(third, ['x', 'y'])]);
    expect(alerts.map(({ message, nights }) => [message, nights])).toEqual([
      [`x ${third}`, [first, third]],
      [`y ${second}`, [second]],
    ]);
  });

  test('of two tenants are apart', () => {
    const other = nightOf(second, ['x'], { tenant: 'other', passed: new Set(['y']) });
    const { alerts } = backtest([nightOf(first, ['x', 'y']), other, nightOf(third, ['x', 'y'])]);
    expect(news(nightOf(first, ['x', 'y']), other, nightOf(third, ['x', 'y']))).toEqual([
      ['x', 'y'],
      ['x'],
      [],
    ]);
    expect(alerts).toHaveLength(3);
  });
});
