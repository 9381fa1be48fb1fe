import { describe, expect, test } from '@jest/globals';
import { controlTexts, FRAMEWORKS } from '../../src/contract/controls.js';
import {
  BUILT_IN_ROLE,
  canDoEverything,
  ifKnown,
  isKnown,
  isPersonal,
  KINDS,
  namesOf,
  Unknown,
} from '../../src/contract/credential.js';
import { FACT_KINDS, hasFact } from '../../src/contract/rule.js';
import {
  atLeast,
  compareSeverity,
  oneHigher,
  SEVERITIES,
  severityRank,
} from '../../src/contract/severity.js';

describe('severities', () => {
  test('are in order, and one higher than critical is critical', () => {
    expect(SEVERITIES.map(severityRank)).toEqual([0, 1, 2, 3, 4]);
    expect(SEVERITIES.map(oneHigher)).toEqual(['low', 'medium', 'high', 'critical', 'critical']);
  });

  test('are sorted with the most severe first', () => {
    expect([...SEVERITIES].sort(compareSeverity)).toEqual([...SEVERITIES].reverse());
  });

  test('reach a threshold from itself on', () => {
    expect(SEVERITIES.filter((severity) => atLeast(severity, 'medium'))).toEqual([
      'medium',
      'high',
      'critical',
    ]);
  });
});

describe('a fact', () => {
  test('is known unless it says why not', () => {
    for (const value of [null, undefined, 0, '', false, {}]) {
      expect(isKnown(value)).toBe(true);
      expect(ifKnown(value)).toBe(value);
    }
    const unknown = new Unknown('why', 'cure');
    expect({ ...unknown }).toEqual({ reason: 'why', cure: 'cure' });
    expect([isKnown(unknown), ifKnown(unknown)]).toEqual([false, undefined]);
  });

  test.each([
    ['personal-client', 'expiresAt lastUsedAt allowedCidrs owner', 'requireDpop condition registration'],
    ['service-principal-credential', 'expiresAt requireDpop principalTrusts exposure', 'condition provider'],
    [
      'federation-trust',
      'condition conditionVerdict provider tenantAllowList',
      'expiresAt lastUsedAt siblings',
    ],
    ['external-client', 'lastUsedAt registration scopedRoles owner', 'expiresAt allowedCidrs exposure'],
    ['tunnel-credential', 'expiresAt lastUsedAt connected', 'owner scopedRoles allowedCidrs'],
    ['llm-gateway-key', 'createdAt', 'clientId lastUsedAt owner'],
    ['function', 'createdAt scopedRoles', 'clientId owner expiresAt'],
  ] as const)('of a %s', (kind, has, lacks) => {
    const facts = (text: string) => text.split(' ') as (keyof typeof FACT_KINDS)[];
    for (const fact of facts(has)) expect([fact, hasFact(kind, fact)]).toEqual([fact, true]);
    for (const fact of facts(lacks)) expect([fact, hasFact(kind, fact)]).toEqual([fact, false]);
    for (const fact of facts('name createdAt tenantRoles self')) expect(hasFact(kind, fact)).toBe(true);
  });

  test('is one of some kind, and of none twice', () => {
    for (const [fact, kinds] of Object.entries(FACT_KINDS))
      expect([fact, kinds.length > 0, new Set(kinds).size]).toEqual([fact, true, kinds.length]);
  });
});

test('the credentials of people are personal clients and external clients', () => {
  expect(KINDS.filter(isPersonal)).toEqual(['personal-client', 'external-client']);
});

test.each([
  [{ id: 'a', clientId: 'b@host/pcc' }, ['a', 'b@host/pcc', 'b']],
  [{ id: 'b', clientId: 'b@host/pcc' }, ['b', 'b@host/pcc']],
  [{ id: 'a', clientId: 'a' }, ['a']],
  [{ id: 'a', clientId: '' }, ['a']],
  [{ id: 'a', clientId: '@host' }, ['a', '@host']],
  [{ id: 'a', clientId: 'abc' }, ['a', 'abc']],
])('others may call %j %j', (credential, names) => {
  expect(namesOf(credential)).toEqual(names);
});

describe('a role can do everything', () => {
  const role = (name: string, coversOwner?: boolean) => ({
    id: 'r',
    name,
    displayName: '',
    ...(coversOwner === undefined ? {} : { coversOwner }),
  });

  test.each([
    ['system:owner', undefined, true],
    ['system:owner', false, true],
    ['system:viewer', undefined, false],
    ['system:viewer', true, true],
    ['custom', undefined, undefined],
    ['custom', true, true],
    ['custom', false, false],
    ['', undefined, undefined],
    ['my system:viewer', undefined, undefined],
    ['system:viewer 2', undefined, undefined],
    ['system:', undefined, undefined],
  ])('%s, with the permissions of Super Administrator %s: %s', (name, coversOwner, expected) => {
    expect(canDoEverything(role(name, coversOwner))).toBe(expected);
  });

  test('built-in roles have a name of their own kind', () => {
    expect(
      ['system:owner', 'system:application-admin', 'System:owner', 'system:Owner'].map((name) =>
        BUILT_IN_ROLE.test(name),
      ),
    ).toEqual([true, true, false, false]);
  });
});

describe('controls', () => {
  test('are named by framework, in a fixed order', () => {
    expect(controlTexts({ 'pci-dss-4.0.1': ['8.6.3'], 'owasp-nhi': ['NHI1', 'NHI7'] })).toEqual([
      { framework: 'owasp-nhi', name: 'OWASP Non-Human Identities Top 10, 2025', ids: ['NHI1', 'NHI7'] },
      { framework: 'pci-dss-4.0.1', name: 'PCI DSS 4.0.1', ids: ['8.6.3'] },
    ]);
    expect(controlTexts({})).toEqual([]);
  });

  test.each([
    ['owasp-nhi', 'NHI1 NHI9 NHI10', 'NHI0 NHI11 XNHI1 NHI1x NHI'],
    ['cis-controls-8', '1.1 5.3 9.9 10.1 18.12', '0.1 19.1 5.0 5.123 x5.3 5.3x 5'],
    ['nist-800-53', 'AC-2 AC-2(3) IA-5(12) AC-12', 'A-2 AC-0 AC-2(0) AC-123 xAC-2 AC-2( AC-2(3)x'],
    ['pci-dss-4.0.1', '8.6 8.6.3 12.10.1.1 1.1', '8 13.1 0.1 8.0 8.6.3.1.1 8.6x x8.6'],
    ['fedramp-20x', 'KSI-IAM-SNU', 'KSI-IA-SNU KSI-IAM-SN xKSI-IAM-SNU KSI-IAM-SNUx'],
  ] as const)('of %s have its form', (framework, good, bad) => {
    const { id, example } = FRAMEWORKS[framework];
    for (const text of [...good.split(' '), example]) expect([text, id.test(text)]).toEqual([text, true]);
    for (const text of bad.split(' ')) expect([text, id.test(text)]).toEqual([text, false]);
  });
});
