import type { Io } from '../io.js';

/** Colour on a terminal only; NO_COLOR and FORCE_COLOR decide where set (no-color.org, force-color.org). */
export function wantsColor({ env, stdout }: Pick<Io, 'env' | 'stdout'>, flag: boolean | undefined): boolean {
  if (flag === false || (env.NO_COLOR ?? '') !== '') return false;
  if ((env.FORCE_COLOR ?? '') !== '') return env.FORCE_COLOR !== '0';
  return stdout.isTTY === true && env.TERM !== 'dumb';
}
