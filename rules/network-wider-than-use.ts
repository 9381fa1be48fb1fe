import {
  addressCount,
  blocksOf,
  containsSet,
  count,
  countDays,
  DAY,
  defineRule,
  type Facts,
  isEmpty,
  readAddresses,
  smallestCover,
  wholeDays,
  wholeFamilies,
} from '../src/contract/index.js';

/** Of the networks that a message lists. */
const LISTED = 4;
const KEEP = 'Keep a state (--state): what the log covers adds up from audit to audit.';
const LOOK = 'Look at its use in the system log of ConductorOne.';

export default defineRule({
  id: 'network-wider-than-use',
  title: 'The source networks allow far more addresses than the credential is used from',
  severity: 'low',
  kinds: ['personal-client', 'service-principal-credential', 'federation-trust'],
  docs: {
    why: 'Every address that is allowed and never used helps only a thief. The system log shows where the credential was really used from, so its networks can be made as small as that without breaking anything. Judged only with evidence: { systemLog: true }, where the log covers the whole time.',
    fix: 'Replace its source networks with those that the finding lists (data.networks): they hold every address that it was used from.',
    references: [
      {
        title: 'ConductorOne: limiting the source IPs of an API key',
        url: 'https://www.conductorone.com/docs/conductorone-api/authenticate',
      },
      {
        title: 'NIST SP 800-53 Rev. 5, AC-6 Least Privilege',
        url: 'https://csrc.nist.gov/pubs/sp/800/53/r5/upd1/final',
      },
    ],
  },
  controls: {
    'nist-800-53': ['AC-2(11)'],
  },
  plan: { way: 'adjust', sets: 'networks' },
  needs: ['usage', 'allowedCidrs'],
  optional: ['createdAt'],
  options: {
    days: { describe: 'The log must cover at least this many days', default: 30, min: 1 },
    factor: {
      describe: 'Report if more than this many times the used addresses are allowed',
      default: 16,
      min: 1,
    },
    maxEntries: {
      describe: 'The most networks that are proposed',
      default: 8,
      min: 1,
      max: 64,
      integer: true,
    },
  },
  messages: {
    narrow: (d: { used: number; days: number; allowed: string; networks: string[] }) => {
      const more = d.networks.length > LISTED ? ` and ${d.networks.length - LISTED} more` : '';
      return `used from ${count(d.used, 'address', 'addresses')} in ${d.days} days, but allowed from ${d.allowed}: limit it to ${d.networks.slice(0, LISTED).join(', ')}${more}`;
    },
  },
  check({ facts, options, now }) {
    const { usage, allowedCidrs, createdAt } = facts;
    const { days, factor, maxEntries } = options;
    if (createdAt !== undefined && now - createdAt.getTime() < days * DAY) return undefined;
    const covered = now - usage.since.getTime();
    if (!usage.complete) return cannotTell('the system log was not read completely', KEEP);
    if (covered < days * DAY)
      return cannotTell(`the system log covers ${wholeDays(covered)} of ${countDays(days)}`, KEEP);
    if (usage.addresses.length === 0) return undefined;
    const { used, allowed, problem } = compared(usage.addresses, allowedCidrs);
    if (problem) return problem;
    const [most, size] = [addressCount(used), addressCount(allowed)];
    if (size * 1000n <= BigInt(Math.round(factor * 1000)) * most) return undefined;
    const networks = smallestCover(used, maxEntries, allowed);
    if (!networks)
      return cannotTell(
        `more than ${count(maxEntries, 'network')} would be needed for the addresses that it was used from`,
        'Raise maxEntries of this rule, or merge its source networks.',
      );
    // Nothing can be taken away.
    if (addressCount(networks) === size) return undefined;
    return {
      messageId: 'narrow',
      data: {
        used: Number(most),
        days: wholeDays(covered),
        allowed: sizeWords(allowedCidrs.length === 0, size),
        networks: blocksOf(networks),
      },
    };
  },
});

/** The addresses that were used and those that are allowed, or why they cannot be compared. */
function compared(addresses: Facts['usage']['addresses'], allowedCidrs: readonly string[]) {
  const { set: used, malformed } = readAddresses(addresses.map(({ address }) => address));
  const { set } = readAddresses(allowedCidrs);
  const allowed = allowedCidrs.length === 0 ? wholeFamilies(used) : set;
  return { used, allowed, problem: problemOf() };

  function problemOf() {
    if (malformed.length > 0)
      return cannotTell('the system log does not show the address of every use', LOOK);
    if (isEmpty(allowed))
      return cannotTell(
        'none of its source restrictions is an address or CIDR',
        'Correct its source restrictions.',
      );
    return containsSet(allowed, used)
      ? undefined
      : cannotTell('it was used from addresses that its source networks do not allow now', LOOK);
  }
}

function cannotTell(reason: string, cure: string) {
  return { unknown: { reason, cure } };
}

function sizeWords(isOpen: boolean, size: bigint): string {
  if (isOpen) return 'anywhere';
  return size <= 1_000_000n ? String(size) : `some 2^${size.toString(2).length - 1}`;
}
