import { inTurn, program, ratio, script, timed } from './measure.js';

export const title = 'start-up against an empty Node.js process';

const LIMIT = 1.1;

export async function run(options) {
  const rows = [];
  for (const flag of ['--version', '--help']) {
    const base = () => timed([script('./empty.mjs')]);
    const value = () => timed([program, flag]);
    // Short runs differ more than long ones.
    const taken = await inTurn({ base, value }, { ...options, rounds: options.rounds * 3 });
    rows.push(ratio(taken, flag, 'wall', LIMIT));
  }
  return rows;
}
