import { alternate } from './process.js';
import { auditOf, withTenant } from './tenant.js';

export const title = 'what each credential costs in larger and larger tenants';

/** The first one is what any audit costs, whatever the tenant. */
const SIZES = [100, 10_000, 100_000, 400_000];
const LIMIT = 1.15;

export async function run() {
  const used = [];
  for (const size of SIZES) {
    const rounds = size < 100_000 ? 5 : size < 400_000 ? 2 : 1;
    const { whole } = await withTenant({ clients: size }, (tenant) =>
      alternate({ whole: auditOf(tenant) }, rounds, { warmUp: size < 100_000 }),
    );
    used.push({ size, ...whole });
  }
  const [fixed, first, ...larger] = used;
  /** In microseconds and kB. */
  const each = (one, key) => ((one[key] - fixed[key]) * 1000) / (one.size - fixed.size);
  return larger.flatMap((one) =>
    [
      ['CPU', 'cpu', 'µs'],
      ['wall', 'wall', 'µs'],
      ['memory', 'memory', 'kB'],
    ].map(([what, key, unit]) => ({
      what: `${what} a credential`,
      about: `${first.size} → ${one.size}`,
      unit,
      base: each(first, key),
      value: each(one, key),
      limit: LIMIT,
    })),
  );
}
