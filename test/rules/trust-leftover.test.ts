import rule from '../../rules/trust-leftover.js';
import { testRule } from '../../src/testing.js';

testRule(rule, {
  pass: [{ name: 'enabled', facts: { provider: { id: 'p', name: 'GitHub', disabled: false } } }],
  fail: [
    {
      name: 'disabled',
      facts: { provider: { id: 'p', name: 'GitHub', disabled: true } },
      messageId: 'providerDisabled',
      severity: 'low',
      message: 'enabled, but its provider is disabled: delete it',
      data: { missing: false },
    },
    {
      name: 'missing',
      facts: { provider: null },
      messageId: 'providerDisabled',
      severity: 'low',
      message: 'enabled, but its provider no longer exists: delete it',
      data: { missing: true },
    },
  ],
  unknown: [{ name: 'not known', facts: { provider: undefined }, unknown: 'provider' }],
});
