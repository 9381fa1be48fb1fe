import {
  type AllowList,
  blocksBroaderThan,
  count,
  defineRule,
  type Facts,
  isEmpty,
  type Kind,
  openFamilies,
  plural,
  reachableBlocks,
  readAddresses,
} from '../src/contract/index.js';

/** Networks at the limit that may be allowed together. */
const MAX_NETWORKS = 16;

export default defineRule({
  id: 'open-cidr',
  title: 'The credential can be used from anywhere, or from very many addresses',
  severity: 'medium',
  kinds: ['personal-client', 'service-principal-credential', 'federation-trust'],
  docs: {
    why: 'A stolen secret is worth little if it works only from your networks. All entries are judged together, because two halves of the internet are the whole internet and many small networks add up.',
    fix: 'Limit its source addresses to the networks it is used from.',
    references: [
      {
        title: 'ConductorOne: limiting the source IPs of an API key',
        url: 'https://www.conductorone.com/docs/conductorone-api/authenticate',
      },
      {
        title: 'IANA IPv4 Special-Purpose Address Registry',
        url: 'https://www.iana.org/assignments/iana-ipv4-special-registry/iana-ipv4-special-registry.xhtml',
      },
      {
        title: 'IANA IPv6 Special-Purpose Address Registry',
        url: 'https://www.iana.org/assignments/iana-ipv6-special-registry/iana-ipv6-special-registry.xhtml',
      },
      { title: 'No standard gives a size for a network; the defaults are our own' },
    ],
  },
  controls: {
    'nist-800-53': ['AC-2(11)'],
  },
  plan: { way: 'adjust', sets: 'networks' },
  successor: 'only the networks it is used from',
  needs: ['allowedCidrs'],
  optional: ['owner', 'tenantAllowList'],
  options: {
    ipv4MinPrefix: {
      describe: 'The shortest IPv4 prefix that is not reported',
      default: 16,
      min: 0,
      max: 32,
      integer: true,
    },
    ipv6MinPrefix: {
      describe: 'The shortest IPv6 prefix that is not reported',
      default: 32,
      min: 0,
      max: 128,
      integer: true,
    },
  },
  messages: {
    everywhere: (d: { families: string[]; half?: boolean }) =>
      `its entries together allow ${d.half ? `at least half of the internet (${d.families.join(' and ')})` : `every ${d.families.join(' and every ')} address`}: name the networks it is used from`,
    wide: (d: { block: string; limit: number; count: number } | { limit: number; total: number }) =>
      'total' in d
        ? `its entries together allow as many addresses as ${d.total} networks of /${d.limit} (limit ${MAX_NETWORKS}): remove those that are not used`
        : `allows ${d.block}${d.count > 1 ? ` and ${count(d.count - 1, 'more network')}` : ''} broader than /${d.limit}: narrow ${plural(d.count, 'it', 'them')}`,
    unrestricted: (d: { tenantAllowList: boolean; empty?: boolean }) =>
      d.empty
        ? "no source restriction of its own; the tenant's allow list is enabled and empty, so nobody can use it now: name the networks it is used from before that list changes"
        : `no source restriction${d.tenantAllowList ? " of its own, only the tenant's allow list" : ''}: name the networks it is used from`,
  },
  check({ facts, options, kind }) {
    if (facts.allowedCidrs.length === 0) {
      const lists = tenantLists(kind, facts);
      if (lists.length === 0 || !lists.every(restricts))
        return { messageId: 'unrestricted', data: { tenantAllowList: false } };
      return lists.every(({ cidrs }) => cidrs.length === 0)
        ? { messageId: 'unrestricted', data: { tenantAllowList: true, empty: true }, severity: 'info' }
        : { messageId: 'unrestricted', data: { tenantAllowList: true }, severity: 'low' };
    }
    const { set, malformed } = readAddresses(facts.allowedCidrs);
    // Nobody knows whether entries that cannot be read keep everyone out or no one.
    if (isEmpty(set)) {
      const reason = `none of its ${malformed.length} source restrictions is an address or CIDR`;
      return { unknown: { reason, cure: 'Correct its source restrictions.' } };
    }
    const open = openFamilies(set);
    if (open) return { messageId: 'everywhere', data: open, severity: 'high' };
    const limits = { 4: options.ipv4MinPrefix, 6: options.ipv6MinPrefix };
    const wide = blocksBroaderThan(set, limits);
    const [first] = wide;
    if (first) {
      const limit = limits[first.family];
      return { messageId: 'wide', data: { block: first.cidr, limit, count: wide.length } };
    }
    for (const family of [4, 6] as const) {
      const limit = limits[family];
      const total = reachableBlocks(set, family, limit);
      if (total > MAX_NETWORKS) return { messageId: 'wide', data: { limit, total } };
    }
    return undefined;
  },
});

/** The tenant's allow lists of which one applies to the credential's owner; none where none is known to. */
function tenantLists(
  kind: Kind,
  facts: { readonly [F in 'owner' | 'tenantAllowList']: Facts[F] | undefined },
): readonly AllowList[] {
  const lists = facts.tenantAllowList;
  if (kind !== 'personal-client' || lists === undefined) return [];
  // Then it does not matter who the owner is, which is known late.
  if (!restricts(lists.user) && !restricts(lists.admin)) return [];
  // Everyone has a role: a blank list was hidden from the audit.
  const roles = facts.owner?.roles?.length ? facts.owner.roles : undefined;
  if (roles === undefined) return [lists.user, lists.admin];
  return [roles.some((role) => role.name === 'system:owner') ? lists.admin : lists.user];
}

/** A list that is enabled but allows everyone restricts nobody. */
function restricts({ enabled, cidrs }: AllowList): boolean {
  return enabled && openFamilies(readAddresses(cidrs).set) === undefined;
}
