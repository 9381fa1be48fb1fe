import { expect, test } from '@jest/globals';
import { itemsByEmail } from '../../../src/delivery/slack/owners.js';
import { AS_OF, sampleCredential, sampleFinding } from '../../helpers/sample-report.js';

test('twenty thousand findings of one owner take no noticeable time', () => {
  const credential = sampleCredential();
  const items = Array.from({ length: 20_000 }, () => ({
    finding: sampleFinding({ credential }),
    reasons: ['new' as const],
  }));
  const began = process.cpuUsage();
  const found = itemsByEmail(items, {
    asOf: AS_OF,
    owners: new Map(),
    mentions: new Map(),
    fallback: undefined,
  });
  // With a copy for each item it took seconds.
  expect(process.cpuUsage(began).user).toBeLessThan(1_000_000);
  expect([...found].map(([email, theirs]) => [email, theirs.length])).toEqual([['jo@acme.example', 20_000]]);
});
