import rule from '../../rules/too-many-credentials.js';
import { testRule } from '../../src/testing.js';

testRule(rule, {
  pass: [
    { name: 'exactly the limit', facts: { ownerLiveKeys: { total: 5, newer: 4 } } },
    { name: 'the last of the newest', facts: { ownerLiveKeys: { total: 500, newer: 4 } } },
    {
      name: 'a limit of its own',
      facts: { ownerLiveKeys: { total: 7, newer: 6 } },
      options: { max: 7 },
    },
  ],
  fail: [
    {
      name: 'the first beyond the newest',
      facts: { ownerLiveKeys: { total: 6, newer: 5 } },
      messageId: 'crowded',
      severity: 'low',
      message:
        'its owner has 6 live credentials (limit 5), and this one is not among the newest 5: revoke it if it is not used',
      data: { total: 6, limit: 5 },
    },
    {
      name: 'the first beyond a limit of its own',
      facts: { ownerLiveKeys: { total: 3, newer: 1 } },
      options: { max: 1 },
      messageId: 'crowded',
      severity: 'low',
      message:
        'its owner has 3 live credentials (limit 1), and this one is not among the newest 1: revoke it if it is not used',
    },
  ],
  unknown: [
    { name: "the owner's keys not known", facts: { ownerLiveKeys: undefined }, unknown: 'ownerLiveKeys' },
  ],
});
