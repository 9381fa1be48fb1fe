import { inTurn, median } from './measure.js';
import { auditOf, floorOf, prepare, withTenant } from './tenant.js';

export const title = 'CPU and memory of each further credential';

const SMALL = 100_000;
const LARGE = 400_000;
/** CPU against the loop that only reads; kB above what reading and writing as much need. */
const LIMITS = { tidy: { cpu: 2.2, memory: 1.2 }, dirty: { cpu: 3, memory: 1.6 } };

export async function run(options) {
  const [few, many] = [SMALL, LARGE].map(options.sized);
  const rows = [];
  for (const [name, limits] of Object.entries(LIMITS)) {
    const programs = async (tenant) => {
      const { calls, bytes } = await prepare(tenant);
      return {
        audit: auditOf(tenant),
        reading: floorOf(tenant, calls),
        writing: floorOf(tenant, calls, bytes),
      };
    };
    const taken = await withTenant({ name, credentials: few }, (small) =>
      withTenant({ name, credentials: many }, async (large) => {
        const { audit: auditSmall, reading: readingSmall } = await programs(small);
        return inTurn({ auditSmall, readingSmall, ...(await programs(large)) }, options);
      }),
    );
    const { rounds, foreign, loaded } = taken;
    const middle = (of) => median(rounds.map(of));
    /** Microseconds a credential. */
    const audit = (round) => ((round.audit.cpu - round.auditSmall.cpu) * 1000) / (many - few);
    const bare = (round) => ((round.reading.cpu - round.readingSmall.cpu) * 1000) / (many - few);
    rows.push(
      {
        what: 'CPU a credential',
        about: `${name}, ${few} → ${many} credentials`,
        unit: 'µs',
        base: middle(bare),
        value: middle(audit),
        result: middle((round) => audit(round) / bare(round)),
        limit: limits.cpu,
        foreign,
        loaded,
      },
      {
        what: 'memory a credential',
        about: `${name}, ${many} credentials`,
        unit: 'MB',
        base: middle(({ writing }) => writing.memory),
        value: middle((round) => round.audit.memory),
        result: middle((round) => ((round.audit.memory - round.writing.memory) * 1024) / many),
        resultUnit: 'kB',
        limit: limits.memory,
        foreign,
        loaded,
      },
    );
  }
  return rows;
}
