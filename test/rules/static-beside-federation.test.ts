import rule from '../../rules/static-beside-federation.js';
import type { PrincipalTrust } from '../../src/contract/index.js';
import { testRule } from '../../src/testing.js';

const trust = (id: string, disabled: boolean, providerDisabled: boolean | undefined): PrincipalTrust => ({
  id,
  name: 'Ada',
  disabled,
  providerDisabled,
});

testRule(rule, {
  pass: [
    { name: 'no trust', facts: { principalTrusts: [] } },
    { name: 'a disabled trust', facts: { principalTrusts: [trust('t1', true, false)] } },
    { name: 'a disabled provider', facts: { principalTrusts: [trust('t1', false, true)] } },
    {
      name: 'a disabled trust, provider not known',
      facts: { principalTrusts: [trust('t1', true, undefined)] },
    },
  ],
  fail: [
    {
      name: 'an enabled trust',
      facts: { principalTrusts: [trust('t1', true, false), trust('t2', false, false)] },
      messageId: 'replaceable',
      severity: 'info',
      message: 'its service principal has an enabled federation trust (t2): use that instead of a secret',
      data: { trust: 't2', count: 1 },
    },
    {
      name: 'enabled trusts, and one whose provider is not known',
      facts: {
        principalTrusts: [
          trust('t1', false, undefined),
          trust('t2', false, false),
          trust('t3', false, false),
        ],
      },
      messageId: 'replaceable',
      severity: 'info',
      message:
        'its service principal has an enabled federation trust (t2, and 1 more): use that instead of a secret',
    },
  ],
  unknown: [
    { name: 'trusts not known', facts: { principalTrusts: undefined }, unknown: 'principalTrusts' },
    {
      name: 'provider not known',
      facts: { principalTrusts: [trust('t1', false, true), trust('t2', false, undefined)] },
      unknown: {
        reason: 'whether the provider of its federation trust is enabled could not be read',
        cure: 'Let the audit read the workload federation providers (Super Administrator).',
      },
    },
  ],
});
