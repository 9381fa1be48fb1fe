#!/usr/bin/env node
// npm run fuzz [-- --time <seconds>] [--seed <number>] [--only <words>]: runs the properties of test/fuzz with random seeds
// for that long. Prints each failure with its seed, and exits with 1 after a failure or if a test hangs.
import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Seconds beyond the requested time for starting and for shrinking a counterexample. */
const GRACE = 180;

const { time, seed, only } = readArguments();
console.log(`fuzzing for ${time} s with seed ${seed}`);

const jest = spawn(
  process.execPath,
  [
    '--experimental-vm-modules',
    '--disable-warning=ExperimentalWarning',
    join(root, 'node_modules/jest/bin/jest.js'),
    'test/fuzz/fuzz.test.ts',
    '--verbose',
  ],
  {
    cwd: root,
    stdio: 'inherit',
    env: {
      ...process.env,
      FUZZ_SECONDS: String(time),
      FUZZ_SEED: String(seed),
      ...(only === undefined ? {} : { FUZZ_ONLY: only }),
    },
  },
);
// In this process, because an endless loop in the other one blocks its timers.
const watch = setTimeout(
  () => {
    console.error(`fuzz: not finished after ${time + GRACE} s: a test hangs`);
    jest.kill('SIGKILL');
  },
  (time + GRACE) * 1000,
);
jest.on('close', (code) => {
  clearTimeout(watch);
  if (code === 0) return;
  console.error('\nfuzz: failed. Run it again with --seed and the seed above to reproduce the failure.');
  process.exitCode = 1;
});

function readArguments() {
  try {
    const { values } = parseArgs({
      options: {
        time: { type: 'string', default: '60' },
        seed: { type: 'string', default: String(randomInt(2 ** 31)) },
        only: { type: 'string' },
      },
    });
    const [seconds, number] = [Number(values.time), Number(values.seed)];
    if (!(seconds > 0 && seconds <= 86_400))
      throw new Error(`--time ${values.time} is not a number of seconds between 0 and 86400`);
    if (!Number.isInteger(number)) throw new Error(`--seed ${values.seed} is not a whole number`);
    return { time: seconds, seed: number, only: values.only };
  } catch (error) {
    console.error(`fuzz: ${error.message}\nusage: npm run fuzz -- [--time 60] [--seed 42] [--only <words>]`);
    process.exit(2);
  }
}
