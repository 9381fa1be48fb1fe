import rule from '../../rules/not-rotated.js';
import { ago, ahead, testRule } from '../../src/testing.js';

testRule(rule, {
  pass: [
    { name: 'a millisecond too young', facts: { createdAt: ago(365, 1) } },
    { name: 'created in the future', facts: { createdAt: ahead(400) } },
    {
      name: 'a millisecond too young for a limit of its own',
      facts: { createdAt: ago(400, 1) },
      options: { maxAgeDays: 400 },
    },
  ],
  fail: [
    {
      name: 'exactly at the limit',
      facts: { createdAt: ago(365) },
      messageId: 'old',
      severity: 'medium',
      message: 'created 365 days ago and not replaced since (limit 365): rotate it',
      data: { days: 365, limit: 365, createdAt: '2025-06-01T12:00:00.000Z' },
    },
    {
      name: 'exactly at a limit of its own',
      kind: 'service-principal-credential',
      facts: { createdAt: ago(90) },
      options: { maxAgeDays: 90 },
      messageId: 'old',
      severity: 'medium',
      message: 'created 90 days ago and not replaced since (limit 90): rotate it',
    },
  ],
  unknown: [{ name: 'no beginning known', facts: { createdAt: undefined }, unknown: 'createdAt' }],
});
