import { expect, test } from '@jest/globals';
import { type Statement, sayable } from '../../src/engine/finding.js';

const said: Statement = {
  severity: 'high',
  outcome: 'violation',
  messageId: 'idle',
  message: 'last used 92 days ago: revoke it',
  data: { days: 92 },
  fix: 'Revoke it.',
};
const rule = { title: 'The credential is not used' };

test('where advice is withheld, a finding says only the fact and whom to ask', () => {
  const withheld = {
    ...said,
    message: rule.title,
    fix: 'Ask a Super Administrator before you change or remove it.',
  };
  expect(sayable(said, { adviceWithheld: true }, rule)).toEqual(withheld);
  expect(sayable(said, {}, rule)).toBe(said);
  const unknown = { ...said, outcome: 'unknown' as const };
  expect(sayable(unknown, { adviceWithheld: true }, rule)).toBe(unknown);
});
