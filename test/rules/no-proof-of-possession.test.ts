import rule from '../../rules/no-proof-of-possession.js';
import { testRule } from '../../src/testing.js';

testRule(rule, {
  pass: [{ name: 'required', facts: { requireDpop: true } }],
  fail: [
    {
      name: 'not required',
      facts: { requireDpop: false },
      messageId: 'bearer',
      severity: 'info',
      message: 'does not require proof of possession (DPoP): require it if its clients support it',
      data: {},
    },
  ],
  unknown: [{ name: 'not known', facts: { requireDpop: undefined }, unknown: 'requireDpop' }],
});
