import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { countDays, DAY, parseInstant, wholeDays } from '../../src/contract/index.js';
import { dateOf, startOfDate, toTimestamp } from '../../src/contract/time.js';

describe('toTimestamp', () => {
  test.each([
    '2026-06-01T00:00:00.000Z',
    '2026-06-01T23:59:59.999Z',
    '2026-06-01T12:34:56.078Z',
    '2026-06-01T01:02:03.004Z',
    '1969-12-31T23:59:59.999Z',
    '0000-01-01T00:00:00.000Z',
    '9999-12-31T23:59:59.999Z',
    '+010000-01-01T00:00:00.001Z',
    '-000001-12-31T10:20:30.400Z',
  ])('%s is written as it was', (text) => {
    // Twice, because days are remembered.
    expect([toTimestamp(new Date(text)), toTimestamp(new Date(text))]).toEqual([text, text]);
  });

  test('refuses an instant that is none', () => {
    expect(() => toTimestamp(new Date(Number.NaN))).toThrow(RangeError);
  });

  test('is what the language writes, for more days than are remembered', () => {
    const day = 86_400_000;
    const written = (n: number) => toTimestamp(new Date(n * day + 1));
    for (let n = 0; n <= 100_001; n += 1)
      if (n % 1000 === 0 || n > 99_990) expect(written(n)).toBe(new Date(n * day + 1).toISOString());
      else written(n);
  });
});

describe('parseInstant', () => {
  test.each<[text: string, instant: string]>([
    ['2026-06-01T12:00:00Z', '2026-06-01T12:00:00.000Z'],
    ['2026-06-01t12:00:00z', '2026-06-01T12:00:00.000Z'],
    ['2026-06-01T12:00:00.5Z', '2026-06-01T12:00:00.500Z'],
    ['2026-06-01T12:00:00.05Z', '2026-06-01T12:00:00.050Z'],
    ['2026-06-01T12:00:00.005Z', '2026-06-01T12:00:00.005Z'],
    // Cut, not rounded: a rounded one could move a credential past its threshold.
    ['2026-06-01T12:00:00.9999Z', '2026-06-01T12:00:00.999Z'],
    ['2026-06-01T12:00:00.12345Z', '2026-06-01T12:00:00.123Z'],
    ['2026-06-01T12:00:00.123456Z', '2026-06-01T12:00:00.123Z'],
    ['2026-06-01T12:00:00.1234567Z', '2026-06-01T12:00:00.123Z'],
    ['2026-06-01T12:00:00.12345678Z', '2026-06-01T12:00:00.123Z'],
    ['2026-06-01T12:00:00.123456789Z', '2026-06-01T12:00:00.123Z'],
    ['2026-06-01T12:00:00+02:00', '2026-06-01T10:00:00.000Z'],
    ['2026-06-01T12:00:00-05:30', '2026-06-01T17:30:00.000Z'],
    ['2026-06-01T12:00:00-00:00', '2026-06-01T12:00:00.000Z'],
    ['2026-01-01T00:30:00+01:00', '2025-12-31T23:30:00.000Z'],
    ['2024-02-29T00:00:00Z', '2024-02-29T00:00:00.000Z'],
    ['2000-02-29T00:00:00Z', '2000-02-29T00:00:00.000Z'],
    ['1970-01-01T00:00:00Z', '1970-01-01T00:00:00.000Z'],
    ['0001-01-01T00:00:00Z', '0001-01-01T00:00:00.000Z'],
    ['2016-12-31T23:59:60Z', '2017-01-01T00:00:00.000Z'],
    ['2016-12-31T23:59:60.25Z', '2017-01-01T00:00:00.250Z'],
    ['2017-01-01T00:59:60+01:00', '2017-01-01T00:00:00.000Z'],
  ])('%s', (text, instant) => {
    expect(parseInstant(text)?.toISOString()).toBe(instant);
  });

  test.each([
    '',
    'yesterday',
    '2026-06-01',
    '2026-06-01T12:00Z',
    '2026-06-01T12:00:00',
    '2026-06-01 12:00:00Z',
    '2026-06-01T12:00:00+0200',
    '2026-06-01T12:00:00+02',
    '2026-06-01T12:00:00.Z',
    '2026-06-01T12:00:00.1234567890Z',
    '2026-06-01T12:00:00,5Z',
    '2026-02-29T00:00:00Z',
    '1900-02-29T00:00:00Z',
    '2026-02-30T00:00:00Z',
    '2026-04-31T00:00:00Z',
    '2026-00-01T00:00:00Z',
    '2026-13-01T00:00:00Z',
    '2026-06-00T00:00:00Z',
    '2026-06-32T00:00:00Z',
    '2026-06-01T24:00:00Z',
    '2026-06-01T25:00:00Z',
    '2026-06-01T12:60:00Z',
    '2026-06-01T12:00:61Z',
    '2026-06-01T12:00:00+24:00',
    '2026-06-01T12:00:00+02:60',
    '26-06-01T12:00:00Z',
    '+002026-06-01T12:00:00Z',
    '2026-06-01T12:00:00Z\n',
    ' 2026-06-01T12:00:00Z',
    '1780315200000',
    '٢٠٢٦-06-01T12:00:00Z',
  ])('refuses %j', (text) => {
    expect(parseInstant(text)).toBeUndefined();
  });

  test('reads every timestamp that was written', () => {
    fc.assert(
      fc.property(
        fc.date({
          min: new Date('0001-01-01T00:00:00Z'),
          max: new Date('9999-12-31T23:59:59.999Z'),
          noInvalidDate: true,
        }),
        (date) => {
          expect(parseInstant(date.toISOString())).toEqual(date);
        },
      ),
    );
  });

  test('knows how long each month is', () => {
    const two = (number: number) => String(number).padStart(2, '0');
    for (const year of ['0100', '1900', '2000', '2024', '2026', '9999'])
      for (let month = 0; month <= 13; month += 1)
        for (let day = 0; day <= 32; day += 1) {
          const text = `${year}-${two(month)}-${two(day)}T23:59:59.000Z`;
          const date = new Date(text);
          const exists = !Number.isNaN(date.getTime()) && date.toISOString() === text;
          expect([text, parseInstant(text)?.toISOString()]).toEqual([text, exists ? text : undefined]);
        }
  });

  test('an offset changes the time, and the time zone of the machine does not', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 23 }), fc.integer({ min: 0, max: 59 }), (hours, minutes) => {
        const offset = `${String(hours).padStart(2, '0')}:${String(minutes).padStart(2, '0')}`;
        const east = parseInstant(`2026-03-29T02:30:00+${offset}`)?.getTime() ?? Number.NaN;
        const west = parseInstant(`2026-03-29T02:30:00-${offset}`)?.getTime() ?? Number.NaN;
        expect(west - east).toBe(2 * (hours * 60 + minutes) * 60_000);
      }),
    );
  });

  test('returns a date or undefined for any text', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)), (text) => {
        const instant = parseInstant(text);
        expect(instant === undefined || !Number.isNaN(instant.getTime())).toBe(true);
      }),
    );
  });
});

test.each([
  [0, 0],
  [DAY - 1, 0],
  [DAY, 1],
  [90 * DAY - 1, 89],
  [90 * DAY, 90],
])('%i ms are %i whole days', (span, days) => {
  expect(wholeDays(span)).toBe(days);
});

test.each([
  [0, '0 days'],
  [1, '1 day'],
  [2, '2 days'],
  [2.3, '2.3 days'],
])('%d is worded "%s"', (days, words) => {
  expect(countDays(days)).toBe(words);
});

test.each<[string, string | undefined]>([
  ['2026-06-01', '2026-06-01T00:00:00.000Z'],
  ['2028-02-29', '2028-02-29T00:00:00.000Z'],
  ['0001-01-01', '0001-01-01T00:00:00.000Z'],
  ['2027-02-29', undefined],
  ['2027-02-30', undefined],
  ['2027-13-01', undefined],
  ['2027-1-31', undefined],
  ['27-01-31', undefined],
  ['x2027-01-31', undefined],
  ['2027-01-31T', undefined],
  ['2027-01-31\n', undefined],
  ['', undefined],
])('the date %j begins at %s', (text, expected) => {
  const start = startOfDate(text);
  expect(start === undefined ? undefined : new Date(start).toISOString()).toBe(expected);
});

test('a timestamp names its date', () => {
  expect(dateOf('2026-12-02T23:59:59.999Z')).toBe('2026-12-02');
});
