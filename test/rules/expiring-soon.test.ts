import rule from '../../rules/expiring-soon.js';
import { ago, ahead, testRule } from '../../src/testing.js';

const longAgo = ago(1000);

testRule(rule, {
  pass: [
    { name: 'no end', facts: { expiresAt: null } },
    { name: 'a millisecond outside the window', facts: { createdAt: longAgo, expiresAt: ahead(30, -1) } },
    {
      name: 'a window of its own',
      facts: { createdAt: longAgo, expiresAt: ahead(10, -1) },
      options: { days: 10 },
    },
    {
      name: 'a millisecond outside a third of a 30-day life',
      facts: { createdAt: ago(20, 2), expiresAt: ahead(10, -1) },
    },
    { name: 'a 7-day key on its second day', facts: { createdAt: ago(2), expiresAt: ahead(5) } },
    {
      name: 'a share of its own',
      facts: { createdAt: ago(20), expiresAt: ahead(10) },
      options: { lifetimeShare: 0.1 },
    },
  ],
  fail: [
    {
      name: 'exactly at the window',
      facts: { createdAt: longAgo, expiresAt: ahead(30) },
      messageId: 'expiring',
      severity: 'medium',
      message: 'expires in 30 days, on 2026-07-01 (window 30 days): replace it before then',
      data: { days: 30, window: 30, expiresAt: '2026-07-01T12:00:00.000Z', self: false },
    },
    {
      name: 'exactly at a third of a 30-day life',
      facts: { createdAt: ago(20), expiresAt: ahead(10) },
      messageId: 'expiring',
      severity: 'medium',
      message: 'expires in 10 days, on 2026-06-11 (window 10 days): replace it before then',
    },
    {
      name: 'without a creation date the window is whole',
      facts: { createdAt: undefined, expiresAt: ahead(30) },
      messageId: 'expiring',
      severity: 'medium',
      message: 'expires in 30 days, on 2026-07-01 (window 30 days): replace it before then',
    },
    {
      name: 'created after its own end: the window is whole',
      facts: { createdAt: ahead(40), expiresAt: ahead(20) },
      messageId: 'expiring',
      severity: 'medium',
      message: 'expires in 20 days, on 2026-06-21 (window 30 days): replace it before then',
    },
    {
      name: 'created in the instant of its own end: the window is whole',
      facts: { createdAt: ahead(30), expiresAt: ahead(30) },
      messageId: 'expiring',
      severity: 'medium',
      message: 'expires in 30 days, on 2026-07-01 (window 30 days): replace it before then',
    },
    {
      name: 'a millisecond before it is urgent',
      facts: { createdAt: longAgo, expiresAt: ahead(7, -1) },
      messageId: 'expiring',
      severity: 'medium',
      message: 'expires in 7 days, on 2026-06-08 (window 30 days): replace it before then',
    },
    {
      name: 'exactly urgent',
      facts: { createdAt: longAgo, expiresAt: ahead(7) },
      messageId: 'expiring',
      severity: 'high',
      message: 'expires in 7 days, on 2026-06-08 (window 30 days): replace it before then',
    },
    {
      name: 'urgency of its own',
      facts: { createdAt: longAgo, expiresAt: ahead(7, 1) },
      options: { urgentDays: 3 },
      messageId: 'expiring',
      severity: 'medium',
      message: 'expires in 6 days, on 2026-06-08 (window 30 days): replace it before then',
    },
    {
      name: 'a 9-day life: not yet in the urgent half of its window',
      facts: { createdAt: ago(7.5, 1), expiresAt: ahead(1.5, -1) },
      messageId: 'expiring',
      severity: 'medium',
      message: 'expires in 1 day, on 2026-06-03 (window 3 days): replace it before then',
    },
    {
      name: 'a 9-day life: exactly in the urgent half of its window',
      facts: { createdAt: ago(7.5), expiresAt: ahead(1.5) },
      messageId: 'expiring',
      severity: 'high',
      message: 'expires in 1 day, on 2026-06-03 (window 3 days): replace it before then',
    },
    {
      name: 'a 7-day key at its end',
      facts: { createdAt: ago(6.5), expiresAt: ahead(0.5) },
      messageId: 'expiring',
      severity: 'high',
      message: 'expires in less than a day, on 2026-06-02 (window 2.3 days): replace it before then',
    },
    {
      name: 'the one that runs the audit',
      facts: { createdAt: longAgo, expiresAt: ahead(20), self: true },
      messageId: 'expiring',
      severity: 'high',
      message:
        'expires in 20 days, on 2026-06-21 (window 30 days): replace it, or this audit stops working then',
    },
    {
      name: 'the one that runs the audit, urgently',
      kind: 'service-principal-credential',
      facts: { createdAt: longAgo, expiresAt: ahead(2), self: true },
      messageId: 'expiring',
      severity: 'critical',
      message:
        'expires in 2 days, on 2026-06-03 (window 30 days): replace it, or this audit stops working then',
    },
  ],
  unknown: [{ name: 'no end known', facts: { expiresAt: undefined }, unknown: 'expiresAt' }],
});
