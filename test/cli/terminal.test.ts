import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { createProgress, lookOf } from '../../src/cli/terminal.js';
import { Sink } from '../helpers/program.js';

describe('the width', () => {
  const widthOf = (flag: string | undefined, columns: number | undefined, COLUMNS?: string) => {
    const stdout = new Sink(columns !== undefined, columns);
    return lookOf({ env: { COLUMNS }, stdout }, flag === undefined ? {} : { width: flag }).width;
  };

  test('is that of the flag, else of the terminal, else of COLUMNS, else not known', () => {
    expect(widthOf('120', 90, '70')).toBe(120);
    expect(widthOf(undefined, 90, '70')).toBe(90);
    expect(widthOf(undefined, undefined, '70')).toBe(70);
    expect(widthOf(undefined, 0, '70')).toBe(70);
    expect(widthOf(undefined, undefined)).toBeUndefined();
  });

  test.each(['', '0', '-5', 'wide', 'NaN'])('ignores COLUMNS=%s', (columns) => {
    expect(widthOf(undefined, undefined, columns)).toBeUndefined();
  });

  test('of a terminal is never too small or too large to print', () => {
    expect(widthOf(undefined, 3)).toBe(20);
    expect(widthOf(undefined, undefined, '99999')).toBe(1000);
  });

  test('is a number of columns from 20 to 1000', () => {
    for (const width of ['20', '1000']) expect(widthOf(width, 90)).toBe(Number(width));
    for (const width of ['19', '1001', '', 'wide', '80.5', '1e2', '-80'])
      expect(() => widthOf(width, 90)).toThrow(
        `--width ${JSON.stringify(width)} is not a number of columns.`,
      );
  });
});

describe('progress', () => {
  afterEach(() => {
    jest.useRealTimers();
  });

  const on = (columns = 100, env = {}, isTTY = true) => {
    jest.useFakeTimers();
    const stderr = new Sink(isTTY, columns);
    const progress = createProgress({ stderr, env, now: () => Date.now() }, true);
    return { progress, stderr, line: () => stderr.text.split('\r\u001b[K').at(-1) };
  };

  test('shows the source, the count, the elapsed time and the retries', () => {
    const { progress, line } = on();
    progress.onRecords(100, 'personal-client');
    expect(line()).toBe('Reading credentials: personal clients, 100 so far, 0 s');
    jest.advanceTimersByTime(12_900);
    expect(line()).toBe('Reading credentials: personal clients, 100 so far, 12 s');
    progress.onRetry();
    progress.onRecords(1_150, 'federation-trust');
    expect(line()).toBe('Reading credentials: federation trusts, 1,250 so far, 12 s, 1 retry');
    progress.onRetry();
    expect(line()).toContain(', 2 retries');
  });

  test('shows the time until the first answer', () => {
    const { line } = on();
    jest.advanceTimersByTime(3_000);
    expect(line()).toBe('Reading credentials: 3 s');
  });

  test('is removed at the end, and does not come back', () => {
    const { progress, stderr, line } = on();
    progress.onRecords(1, 'personal-client');
    progress.clear();
    expect(line()).toBe('');
    const { text } = stderr;
    jest.advanceTimersByTime(5_000);
    expect(stderr.text).toBe(text);
  });

  test('fits a narrow terminal', () => {
    const { progress, line } = on(30);
    progress.onRecords(1, 'personal-client');
    expect(line()).toHaveLength(29);
  });

  test.each([
    ['no terminal', {}, false],
    ['CI', { CI: 'true' }, true],
    ['a dumb terminal', { TERM: 'dumb' }, true],
  ])('shows nothing in %s', (_, env, isTTY) => {
    const { progress, stderr } = on(100, env, isTTY);
    progress.onRecords(1, 'personal-client');
    progress.onRetry();
    jest.advanceTimersByTime(2_000);
    progress.clear();
    expect(stderr.text).toBe('');
  });
});
