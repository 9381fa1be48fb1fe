import { introspect } from '../sources/c1/introspect.js';
import { defineCheck, ok, shortName, warning } from './check.js';

export const identity = defineCheck({
  id: 'identity',
  title: 'Who am I',
  needs: ['access', 'connection', 'token'],
  async run(_, { access, connection }) {
    const caller = await introspect(connection.reader.client);
    const { userId, principal, failure } = caller;
    if (failure?.code === 'auth' || failure?.code === 'interrupted') throw failure;
    const learnt = { caller };
    if (failure) return warning(`not known: ${failure.message}`, failure.hint, learnt);
    const as = `principal ${shortName(principal ?? 'unknown')} in ${access.tenant}`;
    if (userId !== undefined) return ok(`user ${shortName(userId)}, ${as}`, learnt);
    return warning(
      `GET /auth/introspect does not say which user this credential acts for; ${as}`,
      "Report it to ConductorOne's support.",
      learnt,
    );
  },
});
