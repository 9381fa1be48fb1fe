import { describe, expect, test } from '@jest/globals';
import { certainSkew, clockProblem, skewFrom, skewWords } from '../../../src/sources/c1/clock.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const DATE = 'Tue, 24 Nov 2026 06:00:00 GMT';
const AT = Date.parse(DATE);

describe("an answer's date", () => {
  test('lies in the second it names, between the request and its answer', () => {
    expect(skewFrom(DATE, AT + 5000, AT + 7000)).toEqual({ least: 4000, most: 7000 });
  });

  test.each([null, '', 'yesterday'])('is not used if it is %j', (header) => {
    expect(skewFrom(header, AT, AT)).toBeUndefined();
  });

  test.each([
    [{ least: 4000, most: 7000 }, 4000],
    [{ least: -7000, most: -4000 }, -4000],
    [{ least: -1000, most: 0 }, 0],
    [{ least: 0, most: 1000 }, 0],
    [{ least: -1000, most: 1000 }, 0],
    [{ least: 1, most: 1000 }, 1],
    [{ least: -1000, most: -1 }, -1],
  ])('%j means at least %d ms', (range, certain) => {
    expect(certainSkew(range)).toBe(certain);
  });
});

describe('a difference in words', () => {
  test.each([
    [6 * MINUTE, '6 minutes ahead of'],
    [-6 * MINUTE, '6 minutes behind'],
    [1 * MINUTE, '1 minute ahead of'],
    [119 * MINUTE, '119 minutes ahead of'],
    [119.4 * MINUTE, '119 minutes ahead of'],
    [119.5 * MINUTE, '2 hours ahead of'],
    [2 * HOUR, '2 hours ahead of'],
    [25 * HOUR - 1000, '25 hours ahead of'],
    [47.4 * HOUR, '47 hours ahead of'],
    [47.5 * HOUR, '2 days ahead of'],
    [-400 * DAY, '400 days behind'],
  ])('%d ms: %s', (skew, words) => {
    expect(skewWords(skew)).toBe(words);
  });
});

describe('a clock', () => {
  test.each([0, 5 * MINUTE, -5 * MINUTE])('may be %d ms off', (skew) => {
    expect(clockProblem(skew)).toBeUndefined();
  });

  test.each([
    [5 * MINUTE + 1, false],
    [-5 * MINUTE - 1, false],
    [DAY, false],
    [-DAY, false],
    [DAY + 1, true],
    [-DAY - 1, true],
  ])('that is %d ms off is a problem; a grave one: %s', (skew, grave) => {
    const problem = clockProblem(skew);
    expect(problem?.grave).toBe(grave);
    expect(problem?.error).toMatchObject({
      code: 'api',
      message: `This machine's clock is ${skewWords(skew)} the date in ConductorOne's answers.`,
      hint: expect.stringMatching(/timedatectl .*proxy/),
    });
  });
});
