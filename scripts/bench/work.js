import { alternate } from './process.js';
import { auditOf, bareLoopOf, withTenant } from './tenant.js';

export const title = 'a whole audit against a bare loop that only fetches and parses the same answers';

const CREDENTIALS = 100_000;
const ROUNDS = 3;

/** How many credentials have something to find decides how long the report is. */
const TENANTS = [
  { name: 'tidy', oneIn: 50 },
  { name: 'untidy', oneIn: 1 },
];

export async function run() {
  const rows = [];
  for (const { name, oneIn } of TENANTS) {
    const size = { clients: CREDENTIALS - 200, servicePrincipals: 50, trusts: 100, oneIn };
    rows.push(...(await withTenant(size, (tenant) => compare(tenant, name))));
  }
  return rows;
}

async function compare(tenant, name) {
  const audit = auditOf(tenant);
  await audit();
  const requests = await tenant.requests();
  const { bare, whole } = await alternate({ bare: bareLoopOf(tenant, requests), whole: audit }, ROUNDS, {
    warmUp: false,
  });
  const about = `${CREDENTIALS} credentials, ${name}`;
  return [
    { what: 'CPU', about, unit: 'ms', base: bare.cpu, value: whole.cpu, limit: 1.3 },
    { what: 'wall', about, unit: 'ms', base: bare.wall, value: whole.wall, limit: 1.2 },
    { what: 'peak memory', about, unit: 'MB', base: bare.memory, value: whole.memory, limit: 2 },
  ];
}
