import { describe, test } from '@jest/globals';
import fc from 'fast-check';
import { PROPERTIES } from './properties/index.js';

/** Set by `npm run fuzz`. */
const { FUZZ_SECONDS, FUZZ_SEED, FUZZ_ONLY = '' } = process.env;
const seconds = Number(FUZZ_SECONDS) || 0;
const seed = FUZZ_SEED === undefined ? undefined : Number(FUZZ_SEED);

const chosen = PROPERTIES.filter(({ name }) => name.includes(FUZZ_ONLY));

/** Runs between two looks at the clock. */
const ROUND = 20;

/** Time that shrinking a counterexample may take, in milliseconds. */
const SHRINKING = 120_000;

describe('whatever comes in', () => {
  test.each(chosen.map((one) => [one.name, one] as const))(
    '%s',
    async (name, { property, runs }) => {
      if (seconds === 0) {
        await fc.assert(property(), { numRuns: runs, ...(seed === undefined ? {} : { seed }) });
        return;
      }
      // In short rounds with a seed each: between them the clock is looked at, and no run is broken off half-way.
      const until = performance.now() + (seconds * 1000) / chosen.length;
      const numRuns = Math.min(runs, ROUND);
      let made = 0;
      for (let round = 0; round === 0 || performance.now() < until; round++) {
        await fc.assert(property(), { numRuns, seed: ((seed ?? 0) + round) | 0 });
        made += numRuns;
      }
      process.stderr.write(`${String(made).padStart(8)} runs: ${name}\n`);
    },
    seconds * 1000 + SHRINKING,
  );
});
