import { inTurn, ratio } from './measure.js';
import { auditOf, floorOf, prepare, withTenant } from './tenant.js';
import { TENANTS } from './tenants.js';

export const title = 'a whole audit against a loop that reads the same answers and writes as many bytes';

const CREDENTIALS = 100_000;
const LIMIT = 1.6;

export async function run(options) {
  const credentials = options.sized(CREDENTIALS);
  const rows = [];
  for (const name of TENANTS) {
    await withTenant({ name, credentials }, async (tenant) => {
      const { calls, findings, bytes } = await prepare(tenant);
      const taken = await inTurn({ base: floorOf(tenant, calls, bytes), value: auditOf(tenant) }, options);
      const about = `${name}, ${credentials} credentials, ${(findings / credentials).toFixed(2)} findings each`;
      rows.push({ ...ratio(taken, 'CPU', 'cpu', LIMIT), about });
      rows.push({ ...ratio(taken, 'wall', 'wall', LIMIT), about });
    });
  }
  return rows;
}
