import { describe, expect, test } from '@jest/globals';
import { AuditError } from '../../../src/errors.js';
import { RequestError, readRetryAfter } from '../../../src/sources/c1/request-error.js';
import {
  abortReason,
  DEFAULT_LIMITS,
  delayBeforeRetry,
  sleep,
  withRetries,
} from '../../../src/sources/c1/retry.js';

const LIMITS = { retries: 3, firstDelay: 100, longestDelay: 300, longestRetryAfter: 1_000 };
const passing = (retryAfter?: number) =>
  new RequestError('api', 'GET /x answered 503.', 'Try again later.', {
    status: 503,
    retryable: true,
    retryAfter,
  });
const lasting = new RequestError('api', 'GET /x answered 403.', 'Give it the right.', { status: 403 });
const never = new AbortController().signal;

describe('the wait before the next try', () => {
  test.each([
    { attempt: 1, random: 0, delay: 50 },
    { attempt: 1, random: 0.999, delay: 100 },
    { attempt: 2, random: 0, delay: 100 },
    { attempt: 2, random: 0.5, delay: 150 },
    { attempt: 3, random: 0, delay: 150 },
    { attempt: 3, random: 0.999, delay: 300 },
    { attempt: 4, random: 0, delay: undefined },
  ])('try $attempt, chance $random: $delay', ({ attempt, random, delay }) => {
    expect(delayBeforeRetry(passing(), attempt, LIMITS, random)).toBe(delay);
  });

  test.each([
    { asked: 0, delay: 0 },
    { asked: 1_000, delay: 1_000 },
    { asked: 1_001, delay: undefined },
  ])('$asked requested by the server: $delay', ({ asked, delay }) => {
    expect(delayBeforeRetry(passing(asked), 1, LIMITS, 0)).toBe(delay);
  });

  test.each([
    [5 * 60_000, 5 * 60_000],
    [5 * 60_000 + 1, undefined],
  ])('by default %d ms are waited for if the server asks for them: %s', (asked, delay) => {
    expect(delayBeforeRetry(passing(asked), 1, DEFAULT_LIMITS, 0)).toBe(delay);
  });

  test('retries only what may pass', () => {
    expect(delayBeforeRetry(lasting, 1, LIMITS, 0)).toBeUndefined();
    expect(delayBeforeRetry(new TypeError('a defect'), 1, LIMITS, 0)).toBeUndefined();
    expect(delayBeforeRetry(new AuditError('network', '', ''), 1, LIMITS, 0)).toBeUndefined();
  });
});

describe('Retry-After', () => {
  const now = Date.parse('2026-11-24T06:00:00Z');

  test.each([
    [null, undefined],
    ['', undefined],
    ['0', 0],
    ['2', 2_000],
    [' 2 ', 2_000],
    ['0.25', 250],
    ['-1', undefined],
    ['soon', undefined],
    ['2027-01-01', undefined],
    ['Tue, 24 Nov 2026 06:00:05 GMT', 5_000],
    ['Tuesday, 24-Nov-26 06:00:05 GMT', 5_000],
    ['Tue Nov 24 06:00:05 2026', undefined],
    ['Tue, 24 Nov 2026 05:00:00 GMT', 0],
    ['Tue, nonsense', undefined],
  ])('%j is %j ms', (header, expected) => {
    // asctime's form names no zone: it reads as local time, so only that it is read is held to.
    if (header === 'Tue Nov 24 06:00:05 2026') expect(readRetryAfter(header, now)).toBeGreaterThanOrEqual(0);
    else expect(readRetryAfter(header, now)).toBe(expected);
  });
});

describe('a task', () => {
  const fails = (times: number, error: unknown = passing(0)) => {
    let tries = 0;
    const task = async () => {
      tries += 1;
      if (tries <= times) throw error;
      return tries;
    };
    return { task, tries: () => tries };
  };

  test.each([0, 1, 3])('that fails %i times succeeds', async (times) => {
    const waits: number[] = [];
    const { task } = fails(times);
    expect(await withRetries(task, LIMITS, never, (_, delay) => waits.push(delay))).toBe(times + 1);
    expect(waits).toEqual(Array(times).fill(0));
  });

  test('that fails four times fails with the last error', async () => {
    const error = passing(0);
    const { task, tries } = fails(4, error);
    await expect(withRetries(task, LIMITS, never, () => undefined)).rejects.toBe(error);
    expect(tries()).toBe(4);
  });

  test.each([lasting, new TypeError('a defect'), passing(5_000)])(
    'is not retried after %s',
    async (error) => {
      const { task, tries } = fails(1, error);
      await expect(withRetries(task, LIMITS, never, () => undefined)).rejects.toBe(error);
      expect(tries()).toBe(1);
    },
  );

  test('stops waiting when the run is stopped', async () => {
    const stop = new AbortController();
    const reason = new AuditError('interrupted', 'stopped', 'again');
    const { task, tries } = fails(9, passing(1_000));
    const run = withRetries(task, LIMITS, stop.signal, () => stop.abort(reason));
    await expect(run).rejects.toBe(reason);
    expect(tries()).toBe(1);
    await expect(sleep(1, stop.signal)).rejects.toBe(reason);
  });
});

test('a run that is stopped without a reason of ours says what to do', () => {
  const cause = new Error('SIGTERM');
  expect(abortReason(AbortSignal.abort(cause))).toMatchObject({
    code: 'interrupted',
    message: 'The run was stopped before it was done.',
    hint: 'Run it again to see everything.',
    cause,
  });
});
