import {
  type AllowList,
  alignedBlocks,
  defineRule,
  type Facts,
  KINDS,
  type Kind,
  reachableBlocks,
  readAddresses,
  shareOf,
} from '../src/contract/index.js';

const FAMILIES = [4, 6] as const;
/** Networks at the limit that may be admitted together. */
const MAX_NETWORKS = 16;

export default defineRule({
  id: 'open-cidr',
  title: 'The credential can be used from anywhere, or from very many addresses',
  severity: 'medium',
  kinds: KINDS,
  docs: {
    why: 'A stolen secret is worth little where it cannot be used. The entries are judged together: two halves of the internet are the whole internet, and many small networks add up.',
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
    ],
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
      d.half
        ? `its entries together admit at least half of the internet (${d.families.join(' and ')}): name the networks it is used from`
        : `its entries together admit every ${d.families.join(' and every ')} address: name the networks it is used from`,
    wide: (d: { block: string; limit: number; count: number } | { limit: number; total: number }) =>
      'total' in d
        ? `its entries together admit as many addresses as ${d.total} networks of /${d.limit} (limit ${MAX_NETWORKS}): remove what is not used`
        : `admits ${d.block}${d.count > 1 ? ` and ${d.count - 1} more ${d.count === 2 ? 'network' : 'networks'}` : ''} broader than /${d.limit}: narrow ${d.count > 1 ? 'them' : 'it'}`,
    unrestricted: (d: { tenantAllowList: boolean; empty?: boolean }) =>
      d.empty
        ? "no source restriction of its own; the tenant's allow list is enabled and empty, so nobody can use it now: name the networks it is used from before that list changes"
        : d.tenantAllowList
          ? "no source restriction of its own, only the tenant's allow list: name the networks it is used from"
          : 'no source restriction: name the networks it is used from',
  },
  check({ facts, options, kind }) {
    if (facts.allowedCidrs.length === 0) {
      const lists = tenantLists(kind, facts);
      if (lists.length === 0 || !lists.every(restricts))
        return { messageId: 'unrestricted', data: { tenantAllowList: false }, severity: 'medium' };
      const empty = lists.every(({ cidrs }) => cidrs.length === 0);
      return empty
        ? { messageId: 'unrestricted', data: { tenantAllowList: true, empty }, severity: 'info' }
        : { messageId: 'unrestricted', data: { tenantAllowList: true }, severity: 'low' };
    }
    const { set, malformed } = readAddresses(facts.allowedCidrs);
    const shares = FAMILIES.map((family) => ({ family: `IPv${family}`, share: shareOf(set, family) }));
    const open = shares.filter(({ share }) => share !== 'less');
    if (open.length > 0) {
      const families = open.map(({ family }) => family);
      const all = open.every(({ share }) => share === 'all');
      return {
        messageId: 'everywhere',
        data: all ? { families } : { families, half: true },
        severity: 'high',
      };
    }
    const blocks = alignedBlocks(set);
    const limits = { 4: options.ipv4MinPrefix, 6: options.ipv6MinPrefix };
    const wide = blocks.filter((block) => block.globallyReachable && block.prefix < limits[block.family]);
    const [first] = wide;
    if (first !== undefined) {
      return {
        messageId: 'wide',
        data: { block: first.cidr, limit: limits[first.family], count: wide.length },
      };
    }
    for (const family of FAMILIES) {
      const total = reachableBlocks(set, family, limits[family]);
      if (total > MAX_NETWORKS) return { messageId: 'wide', data: { limit: limits[family], total } };
    }
    // Nobody knows whether entries that mean nothing keep everyone out or no one.
    if (blocks.length === 0) {
      return {
        unknown: {
          reason: `none of its ${malformed.length} source restrictions is an address or CIDR`,
          cure: 'Correct its source restrictions.',
        },
      };
    }
    return undefined;
  },
});

/** The tenant's allow lists of which one applies to the credential's owner; none where none is known to. */
function tenantLists(
  kind: Kind,
  { owner, tenantAllowList: lists }: { [F in 'owner' | 'tenantAllowList']: Facts[F] | undefined },
): readonly AllowList[] {
  if (kind !== 'personal-client' || lists === undefined) return [];
  // Everyone has a role: a blank list was hidden from the audit.
  const roles = owner?.roles?.length ? owner.roles : undefined;
  if (roles === undefined) return [lists.user, lists.admin];
  return [roles.some((role) => role.name === 'system:owner') ? lists.admin : lists.user];
}

/** A list that is enabled but admits everyone restricts nobody. */
function restricts({ enabled, cidrs }: AllowList): boolean {
  const { set } = readAddresses(cidrs);
  return enabled && FAMILIES.every((family) => shareOf(set, family) === 'less');
}
