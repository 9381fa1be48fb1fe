import { getEventListeners } from 'node:events';
import { describe, expect, test } from '@jest/globals';
import { AuditError } from '../src/errors.js';
import { within } from '../src/within.js';

const never = new AbortController().signal;

describe('within a time', () => {
  const late = new AuditError('interrupted', 'too late', 'hurry');
  const untilStopped = (signal: AbortSignal) =>
    new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));

  test('a task answers, and what it leaves running is stopped', async () => {
    let left: AbortSignal | undefined;
    const answer = await within(60_000, late, never, async (signal) => {
      left = signal;
      expect(signal.aborted).toBe(false);
      return 7;
    });
    expect([answer, left?.reason]).toEqual([7, late]);
    expect(getEventListeners(never, 'abort')).toEqual([]);
  });

  test('a task that takes longer is stopped', async () => {
    await expect(within(1, late, never, untilStopped)).rejects.toBe(late);
  });

  test('a task is stopped with the run, also if that was stopped before', async () => {
    const stop = new AbortController();
    const reason = new AuditError('interrupted', 'stopped', 'again');
    const running = within(60_000, late, stop.signal, untilStopped);
    stop.abort(reason);
    await expect(running).rejects.toBe(reason);
    const before = within(60_000, late, stop.signal, async (signal) => signal.reason);
    expect(await before).toBe(reason);
  });
});
