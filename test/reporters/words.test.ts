import { describe, expect, test } from '@jest/globals';
import {
  count,
  credentialName,
  datesOf,
  fromNow,
  number,
  ownerWords,
  span,
} from '../../src/reporters/words.js';
import { AS_OF, daysAgo, sampleCredential } from '../helpers/sample-report.js';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

test.each([
  [0, 'less than an hour'],
  [HOUR - 1, 'less than an hour'],
  [HOUR, '1 hour'],
  [DAY - 1, '23 hours'],
  [DAY, '1 day'],
  [90 * DAY - 1, '89 days'],
  [90 * DAY, '90 days'],
  [730 * DAY, '730 days'],
  [731 * DAY, '2 years'],
])('a span of %d ms is %j', (milliseconds, words) => {
  expect(span(milliseconds)).toBe(words);
});

test.each([
  [-92 * DAY, '92 days ago'],
  [-93 * DAY + 1, '92 days ago'],
  [0, 'less than an hour ago'],
  [1, 'in less than an hour'],
  [12 * DAY, 'in 12 days'],
  [4000 * DAY, 'in 10 years'],
])('%d ms from now is %j', (milliseconds, words) => {
  const now = Date.parse(AS_OF);
  expect(fromNow(now + milliseconds, now)).toBe(words);
});

test('counts', () => {
  expect(count(0, 'finding')).toBe('no findings');
  expect(count(1, 'finding')).toBe('1 finding');
  expect(count(2, 'finding')).toBe('2 findings');
  expect([999, 1000, 1_234_567].map(number)).toEqual(['999', '1,000', '1,234,567']);
});

describe('datesOf', () => {
  test('words dates in the future and in the past', () => {
    expect(datesOf(sampleCredential({ expiresAt: daysAgo(-9) }), AS_OF)).toMatch(
      /, expires 2026-09-10 \(in 9 days\)$/,
    );
    expect(datesOf(sampleCredential({ expiresAt: daysAgo(3) }), AS_OF)).toMatch(
      /, expired 2026-08-29 \(3 days ago\)$/,
    );
    expect(datesOf(sampleCredential({ expiresAt: AS_OF }), AS_OF)).toMatch(
      /, expired 2026-09-01 \(less than an hour ago\)$/,
    );
  });

  test('does not claim that null means never or not known', () => {
    expect(datesOf(sampleCredential({ createdAt: null, expiresAt: null, lastUsedAt: null }), AS_OF)).toBe(
      'no creation date on record, no use on record, no end date on record',
    );
  });

  test('shows neither use nor end of a federation trust', () => {
    expect(datesOf(sampleCredential({ kind: 'federation-trust', lastUsedAt: null }), AS_OF)).toBe(
      'created 2025-07-28 (400 days ago)',
    );
  });
});

test('owners', () => {
  expect(ownerWords(null)).toBe('not known');
  expect(ownerWords({ id: 'u1', name: '', email: '' })).toBe('u1');
  expect(ownerWords({ id: 'u1', name: ' ', email: 'jo@x' })).toBe('jo@x (u1)');
  expect(ownerWords({ id: 'u1', name: 'Jo', email: '' })).toBe('Jo (u1)');
  expect(ownerWords({ id: '', name: '', email: '' })).toBe('not known');
});

test('names', () => {
  expect(credentialName({ name: 'x' })).toBe('x');
  for (const name of ['', '  ', null]) expect(credentialName({ name })).toBe('(no name)');
  expect(credentialName(null)).toBe('waiver');
});
