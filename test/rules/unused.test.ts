import rule from '../../rules/unused.js';
import { ago, ahead, testRule } from '../../src/testing.js';

testRule(rule, {
  pass: [
    {
      name: 'a tunnel credential whose bridge is connected',
      kind: 'tunnel-credential',
      facts: { lastUse: { at: ago(90), since: null }, connected: true },
    },
    {
      name: 'a tunnel credential that never was used, but whose bridge is connected',
      kind: 'tunnel-credential',
      facts: { lastUse: { at: null, since: null }, createdAt: ago(90), connected: true },
    },
    {
      name: 'a tunnel credential in use, whose bridge is not known',
      kind: 'tunnel-credential',
      facts: { lastUse: { at: ago(90, 1), since: null }, connected: undefined },
    },
    {
      name: 'a trust that was used within the limit, however short the log is',
      kind: 'federation-trust',
      facts: { lastUse: { at: ago(90, 1), since: ago(91) } },
    },
    {
      name: 'a trust without use, a millisecond too young',
      kind: 'federation-trust',
      facts: { createdAt: ago(90, 1), lastUse: { at: null, since: ago(100) } },
    },
    { name: 'idle a millisecond too short', facts: { lastUse: { at: ago(90, 1), since: null } } },
    {
      name: 'idle too short for a limit of its own',
      facts: { lastUse: { at: ago(95), since: null } },
      options: { days: 96 },
    },
    {
      name: 'used, no beginning known',
      facts: { createdAt: undefined, lastUse: { at: ago(1), since: null } },
    },
    { name: 'used in the future', facts: { lastUse: { at: ahead(100), since: null } } },
    { name: 'never used, created today', facts: { createdAt: ago(0), lastUse: { at: null, since: null } } },
    {
      name: 'never used, a millisecond too young',
      facts: { createdAt: ago(90, 1), lastUse: { at: null, since: null } },
    },
  ],
  fail: [
    {
      name: 'a trust without use, exactly as long as the log covers',
      kind: 'federation-trust',
      facts: { createdAt: ago(200), lastUse: { at: null, since: ago(90) } },
      messageId: 'idle',
      severity: 'medium',
      message:
        'no use in the 90 days that the system log covers (limit 90): revoke it unless its owner still needs it',
      data: { days: 90, limit: 90, lastUsedAt: null },
    },
    {
      name: 'a trust without use and without a creation date',
      kind: 'federation-trust',
      facts: { createdAt: undefined, lastUse: { at: null, since: ago(120) } },
      messageId: 'idle',
      severity: 'medium',
      message:
        'no use in the 120 days that the system log covers (limit 90): revoke it unless its owner still needs it',
    },
    {
      name: 'a trust whose last use is exactly at the limit',
      kind: 'federation-trust',
      facts: { createdAt: ago(200), lastUse: { at: ago(90), since: ago(95) } },
      messageId: 'idle',
      severity: 'medium',
      message: 'last used 90 days ago (limit 90): revoke it unless its owner still needs it',
    },
    {
      name: 'idle exactly at the limit',
      facts: { lastUse: { at: ago(90), since: null } },
      messageId: 'idle',
      severity: 'medium',
      message: 'last used 90 days ago (limit 90): revoke it unless its owner still needs it',
      data: { days: 90, limit: 90, lastUsedAt: '2026-03-03T12:00:00.000Z' },
    },
    {
      name: 'idle, no beginning known',
      facts: { createdAt: undefined, lastUse: { at: ago(200), since: null } },
      messageId: 'idle',
      severity: 'medium',
      message: 'last used 200 days ago (limit 90): revoke it unless its owner still needs it',
    },
    {
      name: 'idle exactly at a limit of its own',
      kind: 'service-principal-credential',
      facts: { lastUse: { at: ago(1), since: null } },
      options: { days: 1 },
      messageId: 'idle',
      severity: 'medium',
      message: 'last used 1 day ago (limit 1): revoke it unless its owner still needs it',
    },
    {
      name: 'never used exactly at the limit',
      facts: { createdAt: ago(90), lastUse: { at: null, since: null } },
      messageId: 'neverUsed',
      severity: 'medium',
      message: 'never used since it was created 90 days ago (limit 90): revoke it',
      data: { days: 90, limit: 90, createdAt: '2026-03-03T12:00:00.000Z' },
    },
    {
      name: 'never used exactly at a limit of its own',
      facts: { createdAt: ago(45), lastUse: { at: null, since: null } },
      options: { days: 45 },
      messageId: 'neverUsed',
      severity: 'medium',
      message: 'never used since it was created 45 days ago (limit 45): revoke it',
    },
  ],
  unknown: [
    {
      name: 'a trust without use, in a log that is a millisecond too short',
      kind: 'federation-trust',
      facts: { createdAt: ago(200), lastUse: { at: null, since: ago(90, 1) } },
      unknown: {
        reason: 'the system log covers 89 of 90 days',
        cure: 'Keep a state (--state): what the log covers adds up from audit to audit.',
      },
    },
    {
      name: 'a trust that was used before a gap in the log',
      kind: 'federation-trust',
      facts: { createdAt: ago(200), lastUse: { at: ago(120), since: ago(20) } },
      unknown: {
        reason: 'the system log covers 20 of 90 days',
        cure: 'Keep a state (--state): what the log covers adds up from audit to audit.',
      },
    },
    {
      name: 'an idle tunnel credential whose bridge is not known',
      kind: 'tunnel-credential',
      facts: { lastUse: { at: ago(90), since: null }, connected: undefined },
      unknown: 'connected',
    },
    {
      name: 'a tunnel credential that never was used, whose bridge is not known',
      kind: 'tunnel-credential',
      facts: { lastUse: { at: null, since: null }, createdAt: ago(90), connected: undefined },
      unknown: 'connected',
    },
    { name: 'use not known', facts: { lastUse: undefined }, unknown: 'lastUse' },
    {
      name: 'never used, no beginning known',
      facts: { createdAt: undefined, lastUse: { at: null, since: null } },
      unknown: 'createdAt',
    },
  ],
});
