import rule from '../../rules/owner-inactive.js';
import { factsWith, testRule } from '../../src/testing.js';

testRule(rule, {
  pass: [{ name: 'active', facts: { owner: factsWith('owner', { status: 'active' }) } }],
  fail: [
    {
      name: 'gone',
      facts: { owner: factsWith('owner', { status: 'gone' }) },
      messageId: 'gone',
      severity: 'critical',
      message: 'still live, but the tenant no longer knows its owner: revoke it',
      data: {},
    },
    {
      name: 'disabled',
      kind: 'service-principal-credential',
      facts: { owner: factsWith('owner', { status: 'disabled' }) },
      messageId: 'disabled',
      severity: 'critical',
      message: 'still live, but its owner is disabled: revoke it',
      data: {},
    },
    {
      name: 'deleted',
      kind: 'federation-trust',
      facts: { owner: factsWith('owner', { status: 'deleted' }) },
      messageId: 'deleted',
      severity: 'critical',
      message: 'still live, but its owner is deleted: revoke it',
      data: {},
    },
  ],
  unknown: [{ name: 'owner not known', facts: { owner: undefined }, unknown: 'owner' }],
});
