import rule from '../../rules/refused-use.js';
import type { Usage } from '../../src/contract/index.js';
import { ago, factsWith, testRule } from '../../src/testing.js';

const refused = (count: number, lastAt: Date, reason = 'sp_disabled', address = '9.9.9.9') => ({
  reason,
  address,
  count,
  lastAt,
});
const log = (refusals: Usage['refused'], over: Partial<Usage> = {}) => ({
  usage: factsWith('usage', { since: ago(30), refused: refusals, ...over }),
});
const CURE = 'Keep a state (--state): what the log covers adds up from audit to audit.';

testRule(rule, {
  pass: [
    { name: 'no refusal in a log that covers exactly 30 days', facts: log([]) },
    { name: 'a refusal a millisecond too old', facts: log([refused(99, ago(30, -1))]) },
    {
      name: 'no refusal since its creation',
      facts: { ...log([], { since: ago(5) }), createdAt: ago(5) },
    },
  ],
  fail: [
    {
      name: 'one exactly 30 days ago',
      facts: log([refused(1, ago(30))]),
      messageId: 'refused',
      severity: 'medium',
      message:
        '1 login refused in 30 days from 9.9.9.9 (sp_disabled), the last on 2026-05-02: find out who tried',
      data: {
        times: 1,
        days: 30,
        lastAt: ago(30).toISOString(),
        reasons: ['sp_disabled'],
        addresses: ['9.9.9.9'],
      },
    },
    {
      name: 'one less than many, in a log that was cut off',
      facts: log([refused(9, ago(1))], { complete: false, since: ago(1) }),
      kind: 'federation-trust',
      messageId: 'refused',
      severity: 'medium',
      message:
        '9 logins refused in 30 days from 9.9.9.9 (sp_disabled), the last on 2026-05-31: find out who tried',
    },
    {
      name: 'many together, the most frequent first',
      facts: log([
        refused(4, ago(2), 'token_too_old', ''),
        refused(5, ago(1), 'cel_condition_not_met', '9.9.9.1'),
        refused(1, ago(3), 'a', '9.9.9.2'),
        refused(1, ago(3), 'b', '9.9.9.3'),
        refused(1, ago(3), 'c', '9.9.9.4'),
      ]),
      kind: 'service-principal-credential',
      messageId: 'refused',
      severity: 'high',
      message:
        '12 logins refused in 30 days from 9.9.9.1, 9.9.9.2, 9.9.9.3 and 1 other (cel_condition_not_met, token_too_old, a and 2 others), the last on 2026-05-31: find out who tried',
    },
    {
      name: 'exactly many, from nowhere that is known',
      facts: log([refused(10, ago(0), 'other', '')]),
      messageId: 'refused',
      severity: 'high',
      message: '10 logins refused in 30 days (other), the last on 2026-06-01: find out who tried',
    },
    {
      name: 'many of its own',
      facts: log([refused(2, ago(0))]),
      options: { many: 2 },
      messageId: 'refused',
      severity: 'high',
      message:
        '2 logins refused in 30 days from 9.9.9.9 (sp_disabled), the last on 2026-06-01: find out who tried',
    },
  ],
  unknown: [
    { name: 'the log was not read', facts: { usage: undefined }, unknown: 'usage' },
    {
      name: 'no refusal in a log that covers a millisecond less',
      facts: { ...log([], { since: ago(30, 1) }), createdAt: ago(100) },
      unknown: { reason: 'the system log covers 29 of 30 days', cure: CURE },
    },
    {
      name: 'no refusal in a short log, without a creation date',
      facts: { ...log([], { since: ago(3) }), createdAt: undefined },
      unknown: { reason: 'the system log covers 3 of 30 days', cure: CURE },
    },
    {
      name: 'no refusal in a log that was cut off',
      facts: log([], { complete: false }),
      unknown: { reason: 'the system log was not read completely', cure: CURE },
    },
  ],
});
