import type { Io } from '../io.js';

/** Seconds without a sign of life after the time limit that end the program: as long as the limit, but 2 to 10. */
const patienceFor = (limit: number): number => Math.min(10, Math.max(2, Math.ceil(limit / 1000)));

const STUCK = 'c1-audit.stuck';

/**
 * Runs in a thread of its own, as a thread that is blocked cannot end itself. The inspector interrupts even an endless
 * loop, so the program still chooses its exit code; if that fails, the process is killed.
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
 * Runs a task that calls `watch` before it runs code that is not ours, such as a plug-in. If such code blocks the program
 * beyond its time limit, the program ends. Without such code there is nothing to watch: a thread costs time.
 *
 * @param limit in milliseconds
 */
export async function watched<T>(
  limit: number,
  { abandon }: Pick<Io, 'abandon'>,
  task: (watch: () => Promise<void>) => Promise<T>,
): Promise<T> {
  let stop: (() => void) | undefined;
  try {
    return await task(async () => {
      if (abandon) stop ??= await startWatching(limit, abandon);
    });
  } finally {
    stop?.();
  }
}

async function startWatching(limit: number, abandon: NonNullable<Io['abandon']>): Promise<() => void> {
  const { Worker } = await import('node:worker_threads');
  const patience = patienceFor(limit);
  const signs = new Int32Array(new SharedArrayBuffer(4));
  const sign = setInterval(() => Atomics.add(signs, 0, 1), 250);
  sign.unref();
  Object.assign(globalThis, {
    [Symbol.for(STUCK)]: () =>
      abandon(
        `The audit is incomplete: something blocked it for ${patience} s beyond its time limit, most likely a plug-in.`,
      ),
  });
  const worker = new Worker(WATCH, {
    eval: true,
    // None of the flags and variables that were meant for the program.
    execArgv: [],
    env: {},
    workerData: { signs, limit, patience, stuck: STUCK },
  });
  worker.unref();
  // The task goes on without a watch.
  worker.on('error', () => undefined);
  return () => {
    clearInterval(sign);
    void worker.terminate();
  };
}
