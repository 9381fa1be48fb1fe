import { SEARCH } from '../delivery/conductorone/client.js';
import { AuditError } from '../errors.js';
import { isUnavailable } from '../sources/c1/request-error.js';
import { defineCheck, ok, problem, skipped, warning } from './check.js';
import { countOf } from './sources.js';

/** An audit pushes last, and fails with it. */
export const push = defineCheck({
  id: 'push',
  title: 'Push to ConductorOne',
  needs: ['plan', 'connection', 'caller'],
  async run(_, { plan, connection }) {
    if (!plan.config.push.conductorone) return skipped('not set up');
    try {
      const page = await connection.pushedFindings(plan.rules);
      return ok(
        `findings are readable (${SEARCH}), ${countOf(page)}; whether they can be written was not tried`,
      );
    } catch (error) {
      if (!(error instanceof AuditError) || error.code === 'interrupted') throw error;
      if (isUnavailable(error))
        return warning(
          `findings are not available: ${error.message} An audit notes it and pushes nothing`,
          `${error.hint} Or set push.conductorone to false.`,
        );
      return problem(
        `findings cannot be read: ${error.message} An audit cannot push, and fails with it`,
        error.hint,
      );
    }
  },
});
