import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { formatInstant } from '../../src/engine/instant.js';

test.each([
  '1970-01-01T00:00:00.000Z',
  '1969-12-31T23:59:59.999Z',
  '2026-02-28T23:59:59.999Z',
  '2026-03-01T00:00:00.000Z',
  '2024-02-29T12:00:00.007Z',
  '0001-01-01T00:00:00.010Z',
  '-000001-07-04T05:06:07.089Z',
  '+010000-01-01T00:00:00.000Z',
])('writes %s', (text) => {
  expect(formatInstant(new Date(text))).toBe(text);
});

test('writes what toISOString does', () => {
  fc.assert(
    fc.property(fc.date({ noInvalidDate: true }), (date) => {
      expect(formatInstant(date)).toBe(date.toISOString());
    }),
  );
});

test('an invalid date is refused as toISOString refuses it', () => {
  expect(() => formatInstant(new Date(Number.NaN))).toThrow(RangeError);
});
