import { ASSERTION_SECONDS } from '../sources/c1/auth/grants.js';
import { certainSkew, SET_CLOCK } from '../sources/c1/clock.js';
import { defineCheck, ok, problem, skipped, warning } from './check.js';

/** From here on (ms) somebody should look at the clock. */
export const NOTICEABLE = 30_000;
const REFUSED = ASSERTION_SECONDS * 1000;

export const clock = defineCheck({
  id: 'clock',
  title: 'Clock',
  needs: ['access', 'connection'],
  async run({ signal }, { access, connection }) {
    const range = connection.skew();
    if (!range) return skipped('the tenant tells no date');
    const skew = certainSkew(range);
    const learnt = { skew };
    const off = Math.abs(skew);
    if (off < NOTICEABLE) return ok(off < 1000 ? "agrees with the tenant's" : words(skew), learnt);
    if (access.login.by !== 'client-secret')
      return warning(`${words(skew)}; credentials are judged by it`, SET_CLOCK, learnt);
    const detail = `${words(skew)}; a signed assertion holds for ${ASSERTION_SECONDS} s before and after, so that from ${ASSERTION_SECONDS} s on (ahead perhaps earlier) tokens are refused`;
    if (off < REFUSED) return warning(detail, SET_CLOCK, learnt);
    // A tenant may be lenient: then an audit works all the same.
    const given = await connection.session.token(signal).then(
      () => true,
      () => false,
    );
    return (given ? warning : problem)(detail, SET_CLOCK, learnt);
  },
});

function words(skew: number): string {
  return `${Math.round(Math.abs(skew) / 1000)} s ${skew > 0 ? 'ahead of' : 'behind'} the tenant's`;
}
