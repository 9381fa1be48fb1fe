import { Worker } from 'node:worker_threads';
import type { Io } from '../io.js';

/** Seconds without a sign of life, once the time limit is over. */
const PATIENCE = 10;

const STUCK = 'c1-audit.stuck';

/**
 * Runs beside the program: a thread that is blocked cannot end itself. The inspector interrupts even an endless loop, so
 * that the program still chooses its exit code; where that fails, the process is killed.
 */
const WATCH = `
const { Session } = require('node:inspector');
const { workerData: { signs, limit, patience, stuck } } = require('node:worker_threads');
let last = -1;
let silent = 0;
setTimeout(() => setInterval(() => {
  const now = Atomics.load(signs, 0);
  silent = now === last ? silent + 1 : 0;
  last = now;
  if (silent !== patience) return;
  setTimeout(() => process.kill(process.pid, 'SIGKILL'), 5000);
  const session = new Session();
  session.connectToMainThread();
  session.post('Runtime.evaluate', { expression: 'globalThis[Symbol.for("' + stuck + '")]()' });
}, 1000), limit);
`;

/**
 * Runs a task, and ends the program where something blocks it beyond its time limit, such as an endless loop in a plug-in.
 *
 * @param limit in milliseconds
 */
export async function watched<T>(
  limit: number,
  { abandon }: Pick<Io, 'abandon'>,
  task: () => Promise<T>,
): Promise<T> {
  if (!abandon) return task();
  const signs = new Int32Array(new SharedArrayBuffer(4));
  const sign = setInterval(() => Atomics.add(signs, 0, 1), 250);
  sign.unref();
  Object.assign(globalThis, {
    [Symbol.for(STUCK)]: () =>
      abandon(
        `The audit is incomplete: something blocked it for ${PATIENCE} s beyond its time limit, most likely a plug-in.`,
      ),
  });
  const worker = new Worker(WATCH, {
    eval: true,
    // None of the flags and variables that were meant for the program.
    execArgv: [],
    env: {},
    workerData: { signs, limit, patience: PATIENCE, stuck: STUCK },
  });
  worker.unref();
  // Without a watch the task is as good as before.
  worker.on('error', () => undefined);
  try {
    return await task();
  } finally {
    clearInterval(sign);
    void worker.terminate();
  }
}
