import { expect, test } from '@jest/globals';
import { watched } from '../../src/cli/watchdog.js';

const world = {
  abandon: (why: string): never => {
    throw new Error(why);
  },
};
/** What the watching thread calls in this one. */
const hook = () => (globalThis as Record<symbol, unknown>)[Symbol.for('c1-audit.stuck')];

test('watches a task only once it runs code from outside', async () => {
  expect(await watched(60_000, world, async () => hook())).toBeUndefined();
  const found = await watched(60_000, world, async (watch) => {
    await watch();
    return hook();
  });
  expect(found).toThrow(/blocked it for 10 s beyond its time limit/);
});

test.each([
  [1000, 2],
  [2000, 2],
  [2001, 3],
  [10_000, 10],
])('a limit of %d ms is overrun by %d s at most', async (limit, seconds) => {
  const found = await watched(limit, world, async (watch) => {
    await watch();
    return hook();
  });
  expect(found).toThrow(`blocked it for ${seconds} s beyond`);
});

test('watches nothing where the program cannot be ended', async () => {
  const before = hook();
  await watched(60_000, {}, async (watch) => watch());
  expect(hook()).toBe(before);
});
