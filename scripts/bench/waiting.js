import { inTurn, ratio } from './measure.js';
import { auditOf, floorOf, prepare, withTenant } from './tenant.js';

export const title = 'a tenant that takes its time, against a loop over its pages alone';

const LATENCY = 20;
const CREDENTIALS = 20_000;
const LIMIT = 1.06;

export async function run(options) {
  const credentials = options.sized(CREDENTIALS);
  return withTenant({ name: 'tidy', credentials, latency: LATENCY }, async (tenant) => {
    const { calls } = await prepare(tenant);
    const pages = calls.filter(({ path }) => path.endsWith('/search/iam/personal_clients'));
    const taken = await inTurn({ base: floorOf(tenant, pages), value: auditOf(tenant) }, options);
    const about = `tidy, ${pages.length} pages, ${LATENCY} ms each`;
    return [{ ...ratio(taken, 'wall', 'wall', LIMIT), about }];
  });
}
