import { describe, expect, test } from '@jest/globals';
import { DAY } from '../../../src/contract/index.js';
import { day, fromNow, minute, month, SPANS, spanOf } from '../../../src/reporters/html/markup.js';

const NOW = Date.parse('2026-09-01T02:00:00Z');

describe('wording', () => {
  test.each([
    [NOW - 92 * DAY, '92 days ago'],
    [NOW - 93 * DAY + 1, '92 days ago'],
    [NOW, 'less than an hour ago'],
    [NOW + 1, 'in less than an hour'],
    [NOW + 12 * DAY, 'in 12 days'],
    [NOW + 4000 * DAY, 'in 10 years'],
  ])('%d is %s', (instant, words) => {
    expect(fromNow(instant, NOW)).toBe(words);
  });

  test('days, months and minutes are those of UTC', () => {
    const midnight = Date.parse('2026-12-31T23:59:59Z');
    expect(day(midnight)).toBe('31 Dec 2026');
    expect(day(midnight, 'without year')).toBe('31 Dec');
    expect(month(midnight)).toBe('Dec 2026');
    expect(minute('2027-01-01T00:30:00+01:00')).toBe('31 Dec 2026, 23:30 UTC');
    expect(minute('soon')).toBe('soon');
  });

  test.each([
    [0, 'within 7 days'],
    [7 * DAY, 'within 7 days'],
    [7 * DAY + 1, '8 to 30 days'],
    [30 * DAY, '8 to 30 days'],
    [30 * DAY + 1, '31 to 90 days'],
    [365 * DAY, '181 to 365 days'],
    [365 * DAY + 1, 'more than 365 days'],
  ])('a span of %d ms is %s', (span, name) => {
    expect(SPANS[spanOf(span)]?.within).toBe(name);
  });
});
