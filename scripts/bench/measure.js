// Runs programs and says what they used.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { watched } from './load.js';

export const program = fileURLToPath(new URL('../../dist/bin.js', import.meta.url));
const usage = script('./usage.cjs');
/** Bytes that hold a report's summary. */
const HEAD = 32_768;

export function script(name) {
  return fileURLToPath(new URL(name, import.meta.url));
}

/** Nothing of the caller's own: no proxy, no certificates, no credentials, no options for Node.js. */
const { PATH, HOME } = process.env;

/** Milliseconds from start to end, from outside: what a process says of itself begins late. */
export async function timed(args, env = {}) {
  const startedAt = performance.now();
  const child = spawn(process.execPath, args, { env: { PATH, HOME, ...env }, stdio: 'ignore' });
  const [code, signal] = await once(child, 'exit');
  if (code !== 0) throw new Error(`node ${args.join(' ')} ended with ${signal ?? code}.`);
  return { wall: performance.now() - startedAt };
}

/**
 * What one run of a program used: `wall` and `cpu` in milliseconds, `memory` (the peak) in MB; how many `bytes` it wrote to
 * stdout, a pipe that is read to its end; and their `head`.
 *
 * @throws Error where the program fails, with what it wrote to stderr.
 */
export async function measure(args, { env = {}, nodeArgs = [] } = {}) {
  const child = spawn(process.execPath, ['--require', usage, ...nodeArgs, ...args], {
    env: { PATH, HOME, ...env },
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  });
  let bytes = 0;
  let head = '';
  child.stdout.on('data', (chunk) => {
    bytes += chunk.length;
    if (head.length < HEAD) head += chunk.toString('latin1', 0, HEAD);
  });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text) => {
    stderr += text;
  });
  let used = '';
  child.stdio[3].setEncoding('utf8').on('data', (text) => {
    used += text;
  });
  const [code, signal] = await once(child, 'close');
  if (code !== 0) throw new Error(`node ${args.join(' ')} ended with ${signal ?? code}:\n${stderr.trim()}`);
  return { ...JSON.parse(used), bytes, head };
}

/** Attempts for each round that counts. */
const ATTEMPTS = 4;

/**
 * Runs several programs in turn, so that whatever else the machine does meets all of them alike. A round with foreign load
 * is discarded and run again, within bounds; when they are used up, those with the least load count.
 */
export async function inTurn(programs, { rounds, anyLoad }) {
  const taken = [];
  const quiet = () => taken.filter(({ loaded }) => !loaded).length;
  for (let n = 0; n < rounds * (anyLoad ? 1 : ATTEMPTS) && quiet() < rounds; n += 1) {
    const order = Object.entries(programs);
    // Nobody is always the first.
    if (n % 2 === 1) order.reverse();
    taken.push(
      await watched(async () => {
        const used = {};
        for (const [name, run] of order) used[name] = await run();
        return used;
      }),
    );
  }
  const best = taken.sort((a, b) => a.foreign - b.foreign).slice(0, rounds);
  return {
    rounds: best.map(({ result }) => result),
    foreign: best.at(-1).foreign,
    loaded: best.at(-1).loaded,
  };
}

/** A row that compares `value` with `base`: medians, and the median of each round's ratio. */
export function ratio({ rounds, foreign, loaded }, what, key, limit) {
  return {
    what,
    unit: key === 'memory' ? 'MB' : 'ms',
    base: median(rounds.map(({ base }) => base[key])),
    value: median(rounds.map(({ value }) => value[key])),
    result: median(rounds.map(({ base, value }) => value[key] / base[key])),
    limit,
    foreign,
    loaded,
  };
}

export function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
