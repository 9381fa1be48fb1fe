import { once } from 'node:events';
import { inTurn, program, ratio, script, timed } from './measure.js';
import { prepare, withTenant } from './tenant.js';

export const title = 'when the token is asked for, against a script that signs and fetches';

const LIMIT = 1.5;

/** Milliseconds on the clock that the server reads as well. */
const now = () => Number(process.hrtime.bigint()) / 1e6;

export async function run(options) {
  return withTenant({ name: 'tidy', credentials: 100 }, async (tenant) => {
    const untilToken = (args) => async () => {
      const startedAt = now();
      const [[at]] = await Promise.all([once(tenant.events, 'token'), timed(args, tenant.environment)]);
      return { wall: at - startedAt };
    };
    await prepare(tenant);
    const programs = {
      base: untilToken([script('./floor.mjs')]),
      value: untilToken([program, '--scope', 'tenant', '--fail-on', 'never', '-f', 'json']),
    };
    const taken = await inTurn(programs, { ...options, rounds: options.rounds * 3 });
    return [ratio(taken, 'token request', 'wall', LIMIT)];
  });
}
