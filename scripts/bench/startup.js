import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { alternate, program, script } from './process.js';

export const title = 'start-up against an empty Node.js process';

const ROUNDS = 15;

/** Timed from outside: what a process says of itself begins late. */
function timed(...args) {
  return async () => {
    const startedAt = performance.now();
    const child = spawn(process.execPath, args, { stdio: 'ignore' });
    await once(child, 'exit');
    return { wall: performance.now() - startedAt };
  };
}

export async function run() {
  const { empty, version, help } = await alternate(
    {
      empty: timed(script('./empty.js')),
      version: timed(program, '--version'),
      help: timed(program, '--help'),
    },
    ROUNDS,
  );
  return [
    { what: '--version', unit: 'ms', base: empty.wall, value: version.wall, limit: 1.25 },
    { what: '--help', unit: 'ms', base: empty.wall, value: help.wall, limit: 1.25 },
  ];
}
