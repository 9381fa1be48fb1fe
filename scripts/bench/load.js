// What others did with the machine while something was measured. Known on Linux alone: elsewhere nobody counts as busy.
import { readFileSync } from 'node:fs';

/** Processes of the benchmark's own beside those it waits for. */
export const ours = new Set();

/** Milliseconds of a tick of /proc; and what counting in ticks may be wrong by. */
const TICK = 10;
const SLACK = 3 * TICK;
/** Of one core. */
const TOLERATED = 0.1;

/** Calls `task` and gives, beside its result, the share of one core that others used, and whether that is too much. */
export async function watched(task) {
  const before = foreign();
  const startedAt = performance.now();
  const result = await task();
  const wall = performance.now() - startedAt;
  const used = Math.max(0, foreign() - before - SLACK);
  return { result, foreign: used / wall, loaded: used / wall > TOLERATED };
}

/** CPU milliseconds since the machine started that were not used by this process, its children or `ours`. */
function foreign() {
  if (process.platform !== 'linux') return 0;
  const [user, nice, system, , , irq, softirq, steal] = readFileSync('/proc/stat', 'utf8')
    .split('\n', 1)[0]
    .match(/\d+/g)
    .map(Number);
  const own = ['self', ...ours].map((pid) => {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1).split(' ');
    // utime, stime and those of children that have ended.
    return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0);
  });
  return own.reduce((rest, ticks) => rest - ticks, user + nice + system + irq + softirq + steal) * TICK;
}
