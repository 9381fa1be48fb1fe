import { auditOf, withTenant } from './tenant.js';

export const title = 'a very large tenant in a small heap';

const CREDENTIALS = 1_000_000;
const HEAP = 2048;
/** GB */
const LIMIT = 1.8;

export async function run({ sized }) {
  const credentials = sized(CREDENTIALS);
  const memory = await withTenant({ name: 'dirty', credentials }, async (tenant) => {
    try {
      return (await auditOf(tenant, [], [`--max-old-space-size=${HEAP}`])()).memory;
    } catch (error) {
      console.error(error.message.slice(0, 2000));
      return Number.POSITIVE_INFINITY;
    }
  });
  return [
    {
      what: 'peak memory',
      about: `dirty, ${credentials} credentials, a heap of ${HEAP} MB`,
      unit: 'MB',
      value: memory,
      result: memory / 1024,
      resultUnit: 'GB',
      limit: LIMIT,
    },
  ];
}
