import rule from '../../rules/no-expiry.js';
import { ahead, testRule } from '../../src/testing.js';

testRule(rule, {
  pass: [{ name: 'ends in a hundred years', facts: { expiresAt: ahead(36_500) } }],
  fail: [
    {
      name: 'no end',
      facts: { expiresAt: null },
      messageId: 'never',
      severity: 'high',
      message: 'never expires: replace it with one that does',
      data: {},
    },
  ],
  unknown: [{ name: 'no end known', facts: { expiresAt: undefined }, unknown: 'expiresAt' }],
});
