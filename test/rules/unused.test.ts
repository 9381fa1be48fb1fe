import rule from '../../rules/unused.js';
import { ago, ahead, testRule } from '../../src/testing.js';

testRule(rule, {
  pass: [
    {
      name: 'a tunnel credential whose bridge is connected',
      kind: 'tunnel-credential',
      facts: { lastUsedAt: ago(90), connected: true },
    },
    {
      name: 'a tunnel credential that never was used, but whose bridge is connected',
      kind: 'tunnel-credential',
      facts: { lastUsedAt: null, createdAt: ago(90), connected: true },
    },
    {
      name: 'a tunnel credential in use, whose bridge is not known',
      kind: 'tunnel-credential',
      facts: { lastUsedAt: ago(90, 1), connected: undefined },
    },
    { name: 'idle a millisecond too short', facts: { lastUsedAt: ago(90, 1) } },
    { name: 'idle too short for a limit of its own', facts: { lastUsedAt: ago(95) }, options: { days: 96 } },
    { name: 'used, no beginning known', facts: { createdAt: undefined, lastUsedAt: ago(1) } },
    { name: 'used in the future', facts: { lastUsedAt: ahead(100) } },
    { name: 'never used, created today', facts: { createdAt: ago(0), lastUsedAt: null } },
    { name: 'never used, a millisecond too young', facts: { createdAt: ago(90, 1), lastUsedAt: null } },
  ],
  fail: [
    {
      name: 'idle exactly at the limit',
      facts: { lastUsedAt: ago(90) },
      messageId: 'idle',
      severity: 'medium',
      message: 'last used 90 days ago (limit 90): revoke it unless its owner still needs it',
      data: { days: 90, limit: 90, lastUsedAt: '2026-03-03T12:00:00.000Z' },
    },
    {
      name: 'idle, no beginning known',
      facts: { createdAt: undefined, lastUsedAt: ago(200) },
      messageId: 'idle',
      severity: 'medium',
      message: 'last used 200 days ago (limit 90): revoke it unless its owner still needs it',
    },
    {
      name: 'idle exactly at a limit of its own',
      kind: 'service-principal-credential',
      facts: { lastUsedAt: ago(1) },
      options: { days: 1 },
      messageId: 'idle',
      severity: 'medium',
      message: 'last used 1 day ago (limit 1): revoke it unless its owner still needs it',
    },
    {
      name: 'never used exactly at the limit',
      facts: { createdAt: ago(90), lastUsedAt: null },
      messageId: 'neverUsed',
      severity: 'medium',
      message: 'never used since it was created 90 days ago (limit 90): revoke it',
      data: { days: 90, limit: 90, createdAt: '2026-03-03T12:00:00.000Z' },
    },
    {
      name: 'never used exactly at a limit of its own',
      facts: { createdAt: ago(45), lastUsedAt: null },
      options: { days: 45 },
      messageId: 'neverUsed',
      severity: 'medium',
      message: 'never used since it was created 45 days ago (limit 45): revoke it',
    },
  ],
  unknown: [
    {
      name: 'an idle tunnel credential whose bridge is not known',
      kind: 'tunnel-credential',
      facts: { lastUsedAt: ago(90), connected: undefined },
      unknown: 'connected',
    },
    {
      name: 'a tunnel credential that never was used, whose bridge is not known',
      kind: 'tunnel-credential',
      facts: { lastUsedAt: null, createdAt: ago(90), connected: undefined },
      unknown: 'connected',
    },
    { name: 'use not known', facts: { lastUsedAt: undefined }, unknown: 'lastUsedAt' },
    {
      name: 'never used, no beginning known',
      facts: { createdAt: undefined, lastUsedAt: null },
      unknown: 'createdAt',
    },
  ],
});
