import rule from '../../rules/expired.js';
import { ago, ahead, testRule } from '../../src/testing.js';

testRule(rule, {
  pass: [
    { name: 'no end', facts: { expiresAt: null } },
    { name: 'ends in a millisecond', facts: { expiresAt: ahead(0, -1) } },
    {
      name: 'a millisecond inside the grace',
      facts: { expiresAt: ago(14, 1) },
      options: { graceDays: 14 },
    },
  ],
  fail: [
    {
      name: 'ends now',
      facts: { expiresAt: ago(0) },
      messageId: 'expired',
      severity: 'low',
      message: 'expired less than a day ago, on 2026-06-01 (grace 0 days): delete it',
      data: { days: 0, limit: 0, expiresAt: '2026-06-01T12:00:00.000Z' },
    },
    {
      name: 'ended a day ago',
      facts: { expiresAt: ago(1) },
      messageId: 'expired',
      severity: 'low',
      message: 'expired 1 day ago, on 2026-05-31 (grace 0 days): delete it',
    },
    {
      name: 'exactly at the end of the grace',
      kind: 'service-principal-credential',
      facts: { expiresAt: ago(14) },
      options: { graceDays: 14 },
      messageId: 'expired',
      severity: 'low',
      message: 'expired 14 days ago, on 2026-05-18 (grace 14 days): delete it',
    },
  ],
  unknown: [{ name: 'no end known', facts: { expiresAt: undefined }, unknown: 'expiresAt' }],
});
