import rule from '../../rules/owner-leaving.js';
import { type FailCase, factsWith, testRule } from '../../src/testing.js';

const owner = (employmentStatus: string, over: object = {}) => ({
  owner: factsWith('owner', { employmentStatus, ...over }),
});

const leaving = (employmentStatus: string): FailCase => ({
  name: `written ${JSON.stringify(employmentStatus)}`,
  facts: owner(employmentStatus),
  messageId: 'leaving',
  severity: 'medium',
  message: `its owner's employment status is "${employmentStatus.trim()}", but the account is enabled: move its job elsewhere and revoke it`,
  data: { employmentStatus: employmentStatus.trim() },
});

testRule(rule, {
  pass: [
    { name: 'no employment status' },
    ...['', ' ', 'Active', 'Leave of Absence', 'On leave', 'Terminated by mistake', 'Pre-hire', '-'].map(
      (status) => ({
        name: `written ${JSON.stringify(status)}`,
        facts: owner(status),
      }),
    ),
    ...(['disabled', 'deleted', 'gone'] as const).map((status) => ({
      name: `an owner who is ${status}`,
      facts: owner('Terminated', { status }),
    })),
  ],
  fail: [
    'terminated',
    'Resigned',
    'OFFBOARDING',
    'Notice Period',
    'notice_period',
    'NOTICE-PERIOD',
    'NoticePeriod',
    ' Departed ',
    'Inactive',
    'In-active',
    'former',
    'Off\u00a0boarding',
  ].map(leaving),
  unknown: [{ name: 'owner not known', facts: { owner: undefined }, unknown: 'owner' }],
});
