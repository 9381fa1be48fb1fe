import { alternate } from './process.js';
import { auditOf, bareLoopOf, withTenant } from './tenant.js';

export const title = 'a tenant that takes its time against the bare loop';

const LATENCY = 20;
const PAGES = 200;
const ROUNDS = 3;

export async function run() {
  const options = { clients: PAGES * 100, latency: LATENCY };
  return withTenant(options, async (tenant) => {
    const audit = auditOf(tenant, ['-f', 'json', '--source', 'personal-clients']);
    await audit();
    const requests = await tenant.requests();
    const { bare, whole } = await alternate({ bare: bareLoopOf(tenant, requests), whole: audit }, ROUNDS, {
      warmUp: false,
    });
    const about = `${LATENCY} ms latency, ${requests.length} requests`;
    return [{ what: 'wall', about, unit: 'ms', base: bare.wall, value: whole.wall, limit: 1.05 }];
  });
}
