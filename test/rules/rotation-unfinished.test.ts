import rule from '../../rules/rotation-unfinished.js';
import type { Sibling, Siblings } from '../../src/contract/index.js';
import { ago, ahead, testRule } from '../../src/testing.js';

const used = (id: string, createdAt: Date): Sibling => ({ id, createdAt, lastUsedAt: ago(0) });
const unused = (id: string, createdAt: Date): Sibling => ({ id, createdAt, lastUsedAt: null });
const siblings = (...all: Sibling[]): Siblings => ({
  all,
  used: all.filter(({ lastUsedAt }) => lastUsedAt !== null),
});

const self = used('old', ago(400));
const message = (newer: string, days: string, limit: number, about: string) =>
  `a credential of the same name (${newer}) was created ${days} ago and is in use (limit ${limit}); ${about}`;
const STILL_USED = 'this one has been used since as well: finish the move, then revoke it';
const SAFE = 'this one has not been used since: it looks safe to revoke';
const NOT_KNOWN = 'whether this one is still used is not known: check, then revoke it';

testRule(rule, {
  pass: [
    { name: 'alone', facts: { createdAt: ago(400), siblings: siblings(self) } },
    { name: 'without a name', facts: { createdAt: ago(400), siblings: siblings() } },
    {
      name: 'the newer one is a millisecond too young',
      facts: { createdAt: ago(400), siblings: siblings(used('new', ago(14, 1)), self) },
    },
    {
      name: 'too young for a limit of its own',
      facts: { createdAt: ago(400), siblings: siblings(used('new', ago(20)), self) },
      options: { days: 21 },
    },
    {
      name: 'the newer one has never been used',
      facts: { createdAt: ago(400), siblings: siblings(unused('new', ago(100)), self) },
    },
    {
      name: 'the newer one itself',
      facts: { createdAt: ago(100), siblings: siblings(used('new', ago(100)), self) },
    },
    {
      name: 'created in the same instant',
      facts: { createdAt: ago(100), siblings: siblings(used('a', ago(100)), used('b', ago(100))) },
    },
    {
      name: 'the other one is created in the future',
      facts: { createdAt: ago(400), siblings: siblings(used('new', ahead(1)), self) },
      options: { days: 0 },
    },
  ],
  fail: [
    {
      name: 'exactly at the limit, both in use',
      facts: { createdAt: ago(400), lastUsedAt: ago(1), siblings: siblings(used('new', ago(14)), self) },
      messageId: 'overlap',
      severity: 'low',
      message: message('new', '14 days', 14, STILL_USED),
      data: {
        days: 14,
        limit: 14,
        newerId: 'new',
        newerCreatedAt: '2026-05-18T12:00:00.000Z',
        stillUsed: true,
      },
    },
    {
      name: 'exactly at a limit of its own',
      facts: { createdAt: ago(400), siblings: siblings(used('new', ago(1)), self) },
      options: { days: 1 },
      messageId: 'overlap',
      severity: 'low',
      message: message('new', '1 day', 1, STILL_USED),
    },
    {
      name: 'last used in the instant the newer one was created',
      facts: { createdAt: ago(400), lastUsedAt: ago(30), siblings: siblings(used('new', ago(30)), self) },
      messageId: 'overlap',
      severity: 'low',
      message: message('new', '30 days', 14, STILL_USED),
    },
    {
      name: 'last used a millisecond before the newer one was created',
      kind: 'service-principal-credential',
      facts: { createdAt: ago(400), lastUsedAt: ago(30, -1), siblings: siblings(used('new', ago(30)), self) },
      messageId: 'overlap',
      severity: 'low',
      message: message('new', '30 days', 14, SAFE),
    },
    {
      name: 'never used',
      facts: {
        createdAt: ago(400),
        lastUsedAt: null,
        siblings: siblings(used('new', ago(30)), unused('old', ago(400))),
      },
      messageId: 'overlap',
      severity: 'low',
      message: message('new', '30 days', 14, SAFE),
    },
    {
      name: 'use not known',
      facts: { createdAt: ago(400), lastUsedAt: undefined, siblings: siblings(used('new', ago(30)), self) },
      messageId: 'overlap',
      severity: 'low',
      message: message('new', '30 days', 14, NOT_KNOWN),
    },
    {
      name: 'the newest that is old enough counts',
      facts: {
        createdAt: ago(400),
        siblings: siblings(
          used('n1', ago(1)),
          used('n2', ago(13)),
          unused('n3', ago(14)),
          used('n4', ago(15)),
          used('n5', ago(90)),
          self,
          used('older', ago(500)),
        ),
      },
      messageId: 'overlap',
      severity: 'low',
      message: message('n4', '15 days', 14, STILL_USED),
    },
  ],
  unknown: [
    { name: 'no beginning known', facts: { createdAt: undefined }, unknown: 'createdAt' },
    { name: 'siblings not known', facts: { siblings: undefined }, unknown: 'siblings' },
  ],
});
