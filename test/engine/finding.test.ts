import { expect, test } from '@jest/globals';
import { findingOn, fingerprint, type Statement, sayable } from '../../src/engine/finding.js';
import { sampleCredential } from '../helpers/sample-report.js';

const said: Statement = {
  severity: 'high',
  outcome: 'violation',
  messageId: 'idle',
  message: 'last used 92 days ago: revoke it',
  data: { days: 92 },
  fix: 'Revoke it.',
};
const rule = { id: 'unused', title: 'The credential is not used' };
const subject = sampleCredential();

test('a finding has what the rule says, and a fingerprint of tenant, rule and credential', () => {
  expect(findingOn(subject, 'acme', rule, said)).toEqual({
    ...said,
    fingerprint: fingerprint('acme', 'unused', 'personal-client', 'pc-1'),
    rule: 'unused',
    status: null,
    credential: subject,
    waiver: null,
    firstSeen: null,
  });
  expect(findingOn({ kind: 'waiver', id: 'w' }, 'acme', rule, said)).toMatchObject({
    fingerprint: fingerprint('acme', 'unused', 'waiver', 'w'),
    credential: null,
    message: said.message,
  });
});

test('where advice is withheld, a finding says only the fact and whom to ask', () => {
  const withheld = {
    ...said,
    message: rule.title,
    fix: 'Ask a Super Administrator before you change or remove it.',
  };
  expect(sayable(said, { adviceWithheld: true }, rule)).toEqual(withheld);
  expect(sayable(said, {}, rule)).toBe(said);
  expect(findingOn({ ...subject, adviceWithheld: true }, 'acme', rule, said)).toMatchObject(withheld);
  const unknown = { ...said, outcome: 'unknown' as const };
  expect(sayable(unknown, { adviceWithheld: true }, rule)).toBe(unknown);
});
