import { auditOf, withTenant } from './tenant.js';

export const title = 'requests it takes to learn who the owners are';

const OWNERS = 10_000;
/** Ids that one search may name. */
const BATCH = 100;

export async function run() {
  return withTenant({ clients: OWNERS, users: OWNERS }, async (tenant) => {
    await auditOf(tenant, ['-f', 'json', '--source', 'personal-clients'])();
    const requests = await tenant.requests();
    const asked = requests.filter(({ target }) => target === 'search-users' || target === 'user');
    return [
      {
        what: 'requests',
        about: `${OWNERS} distinct owners`,
        unit: 'requests',
        base: OWNERS / BATCH,
        value: asked.length,
        limit: 1,
      },
    ];
  });
}
