import { RequestError } from '../sources/c1/request-error.js';
import { certificateProblem } from '../sources/c1/transport.js';
import { oneLine } from '../sources/c1/wording.js';
import { defineCheck, ok, problem, warning } from './check.js';
import { connect } from './connection.js';

const ADDRESS =
  'Check that CONDUCTORONE_SERVER_URL or CONDUCTORONE_TENANT_DOMAIN names a ConductorOne tenant and that no proxy or login page answers for it.';

/** Asks without a credential: what answers is not known to be the tenant yet. */
export const reachability = defineCheck({
  id: 'reachability',
  title: 'Reachability',
  needs: ['access', 'send'],
  async run(exam, { access, send }) {
    const connection = connect(access, send, exam);
    const { host } = new URL(access.origin);
    const url = new URL('/api/v1/auth/introspect', access.origin);
    const request = { method: 'GET' as const, url, headers: { accept: 'application/json' } };
    const reached = { connection, certificate: undefined };
    try {
      const { status, headers } = await connection.transport(request, exam.signal);
      const type = headers.get('content-type') ?? '';
      if (status >= 500) return warning(`${host} answers with ${status}`, 'Try again later.', { reached });
      if (status < 300 || /html/i.test(type)) {
        const what = `${status}${type === '' ? '' : ` and ${oneLine(type)}`}`;
        return warning(`${host} answers without a token with ${what}, as no API does`, ADDRESS, { reached });
      }
      return ok(`${host} answers`, { reached });
    } catch (error) {
      if (!(error instanceof RequestError)) throw error;
      const certificate = certificateProblem(error);
      if (certificate !== undefined) return ok(`${host} answers`, { reached: { connection, certificate } });
      if (error.status === undefined) return problem(error.message, error.hint);
      return warning(error.message, error.hint, { reached });
    }
  },
});
