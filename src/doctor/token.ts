import { AuditError } from '../errors.js';
import { SET_CLOCK } from '../sources/c1/clock.js';
import { defineCheck, ok, problem, skipped } from './check.js';
import { NOTICEABLE } from './clock.js';

const WAYS = {
  'client-secret': 'for a signed assertion',
  'oidc-token': 'in exchange for CONDUCTORONE_OIDC_TOKEN',
  'github-oidc': "in exchange for this job's OIDC token",
} as const;

export const token = defineCheck({
  id: 'token',
  title: 'Access token',
  needs: ['access', 'connection'],
  async run({ signal }, { access, connection, skew = 0 }) {
    const { by } = access.login;
    if (by === 'access-token')
      return skipped('given, not asked for: its first use tells whether it is taken', { token: true });
    try {
      const { type, expiresIn } = await connection.session.token(signal);
      const kind =
        type === 'dpop' ? 'bound to a key of this run (DPoP)' : 'bearer, without proof of possession';
      const life = expiresIn === undefined ? '' : `, good for ${expiresIn} s`;
      return ok(`given ${WAYS[by]}; ${kind}${life}`, { token: true });
    } catch (error) {
      if (!(error instanceof AuditError) || Math.abs(skew) < NOTICEABLE) throw error;
      return problem(error.message, `${SET_CLOCK} If that does not help: ${error.hint}`);
    }
  },
});
