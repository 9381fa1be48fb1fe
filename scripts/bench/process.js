// Runs programs and says what they used.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const usage = new URL('./usage.js', import.meta.url).href;

/** Nothing of the caller's own environment: no proxy, no credentials, no options for Node.js. */
const ENVIRONMENT = Object.fromEntries(
  ['PATH', 'HOME', 'TMPDIR', 'SystemRoot'].flatMap((name) =>
    process.env[name] === undefined ? [] : [[name, process.env[name]]],
  ),
);

/**
 * What one run of a program used: `wall` and `cpu` in milliseconds, `memory` (the peak) in MB. Its stdout is thrown
 * away; `input`, a value, comes to it as JSON on stdin.
 *
 * @throws Error where it ends with another code than those allowed, with what it wrote to stderr.
 */
export async function measure(args, { env = {}, input, allowed = [0], nodeArgs = [] } = {}) {
  const child = spawn(process.execPath, ['--import', usage, ...nodeArgs, ...args], {
    env: { ...ENVIRONMENT, ...env },
    stdio: [input === undefined ? 'ignore' : 'pipe', 'ignore', 'pipe', 'pipe'],
  });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text) => {
    stderr += text;
  });
  let report = '';
  child.stdio[3].setEncoding('utf8').on('data', (text) => {
    report += text;
  });
  child.stdin?.end(JSON.stringify(input));
  const [code, signal] = await once(child, 'close');
  if (!allowed.includes(code)) {
    throw new Error(`node ${args.join(' ')} ended with ${signal ?? code}:\n${stderr.trim()}`);
  }
  return JSON.parse(report);
}

/**
 * Runs several programs in turn, so that whatever else the machine does meets all of them alike, and gives the median of
 * each measure for each. One round before the first one that counts warms the caches of the file system.
 */
export async function alternate(programs, rounds, { warmUp = true } = {}) {
  const results = Object.fromEntries(Object.keys(programs).map((name) => [name, []]));
  for (let round = warmUp ? -1 : 0; round < rounds; round += 1) {
    for (const [name, run] of Object.entries(programs)) {
      const used = await run();
      if (round >= 0) results[name].push(used);
    }
  }
  return Object.fromEntries(
    Object.entries(results).map(([name, used]) => [
      name,
      Object.fromEntries(Object.keys(used[0]).map((key) => [key, median(used.map((one) => one[key]))])),
    ]),
  );
}

export function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

export const program = fileURLToPath(new URL('../../dist/bin.js', import.meta.url));

export function script(name) {
  return fileURLToPath(new URL(name, import.meta.url));
}
