import rule from '../../rules/lifetime-too-long.js';
import { ago, ahead, testRule } from '../../src/testing.js';

testRule(rule, {
  pass: [
    { name: 'no end', facts: { expiresAt: null } },
    { name: 'no end, no beginning known', facts: { createdAt: undefined, expiresAt: null } },
    { name: 'exactly the limit', facts: { createdAt: ago(100), expiresAt: ahead(80) } },
    {
      name: 'exactly a limit of its own',
      facts: { createdAt: ago(10), expiresAt: ahead(390) },
      options: { maxDays: 400 },
    },
    { name: 'created after its own end', facts: { createdAt: ahead(500), expiresAt: ahead(10) } },
  ],
  fail: [
    {
      name: 'a millisecond over the limit',
      facts: { createdAt: ago(100), expiresAt: ahead(80, -1) },
      messageId: 'long',
      severity: 'medium',
      message:
        'has a lifetime of 181 days, until 2026-08-20 (limit 180): replace it with one that expires sooner',
      data: {
        days: 181,
        limit: 180,
        createdAt: '2026-02-21T12:00:00.000Z',
        expiresAt: '2026-08-20T12:00:00.001Z',
      },
    },
    {
      name: 'a millisecond over a limit of its own',
      kind: 'service-principal-credential',
      facts: { createdAt: ago(10), expiresAt: ahead(20, -1) },
      options: { maxDays: 30 },
      messageId: 'long',
      severity: 'medium',
      message:
        'has a lifetime of 31 days, until 2026-06-21 (limit 30): replace it with one that expires sooner',
    },
    {
      name: 'exactly at the high limit',
      facts: { createdAt: ago(100), expiresAt: ahead(265) },
      messageId: 'long',
      severity: 'medium',
      message:
        'has a lifetime of 365 days, until 2027-02-21 (limit 180): replace it with one that expires sooner',
    },
    {
      name: 'a millisecond over the high limit',
      facts: { createdAt: ago(100), expiresAt: ahead(265, -1) },
      messageId: 'long',
      severity: 'high',
      message:
        'has a lifetime of 366 days, until 2027-02-21 (limit 180): replace it with one that expires sooner',
    },
    {
      name: 'a high limit of its own',
      facts: { createdAt: ago(100), expiresAt: ahead(100, -1) },
      options: { highDays: 200 },
      messageId: 'long',
      severity: 'high',
      message:
        'has a lifetime of 201 days, until 2026-09-09 (limit 180): replace it with one that expires sooner',
    },
  ],
  unknown: [
    { name: 'no end known', facts: { expiresAt: undefined }, unknown: 'expiresAt' },
    { name: 'no beginning known', facts: { createdAt: undefined }, unknown: 'createdAt' },
  ],
});
