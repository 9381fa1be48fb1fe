import type { AllowList, Facts, Kind } from '../src/contract/index.js';
import { alignedBlocks, coversFamily, defineRule, KINDS, readAddresses } from '../src/contract/index.js';

export default defineRule({
  id: 'open-cidr',
  title: 'The credential can be used from anywhere, or from very many addresses',
  severity: 'medium',
  kinds: KINDS,
  docs: {
    why: 'A stolen secret is worth little where it cannot be used. The entries are judged together, as two halves of the internet are the internet.',
    fix: 'Limit its source addresses to the networks it is really used from.',
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
  needs: ['allowedCidrs'],
  optional: ['owner', 'tenantAllowList'],
  options: {
    ipv4MinPrefix: {
      describe: 'The shortest IPv4 prefix that is not found',
      default: 16,
      min: 0,
      max: 32,
      integer: true,
    },
    ipv6MinPrefix: {
      describe: 'The shortest IPv6 prefix that is not found',
      default: 32,
      min: 0,
      max: 128,
      integer: true,
    },
  },
  messages: {
    everywhere: (d: { families: string[] }) =>
      `its entries together admit every ${d.families.join(' and every ')} address: name the networks it is used from`,
    wide: (d: { block: string; limit: number; count: number }) =>
      `admits ${d.block}${d.count > 1 ? ` and ${d.count - 1} more ${d.count === 2 ? 'network' : 'networks'}` : ''} broader than /${d.limit}: narrow ${d.count > 1 ? 'them' : 'it'}`,
    unrestricted: (d: { tenantAllowList: boolean }) =>
      d.tenantAllowList
        ? "no source restriction of its own, only the tenant's allow list: name the networks it is used from"
        : 'no source restriction: name the networks it is used from',
  },
  check({ facts, options, kind }) {
    if (facts.allowedCidrs.length === 0) {
      const tenantAllowList = tenantRestricts(kind, facts);
      return {
        messageId: 'unrestricted',
        data: { tenantAllowList },
        severity: tenantAllowList ? 'low' : 'medium',
      };
    }
    const { set, malformed } = readAddresses(facts.allowedCidrs);
    const families = ([4, 6] as const).filter((family) => coversFamily(set, family));
    if (families.length > 0) {
      return {
        messageId: 'everywhere',
        data: { families: families.map((family) => `IPv${family}`) },
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

/** True where the tenant's allow list that applies to the credential's owner stands in for one of its own. */
function tenantRestricts(
  kind: Kind,
  { owner, tenantAllowList: lists }: { [F in 'owner' | 'tenantAllowList']: Facts[F] | undefined },
): boolean {
  if (kind !== 'personal-client' || lists === undefined) return false;
  // A list of roles that is blank was not shown to us: everyone has one.
  const roles = owner?.roles?.length ? owner.roles : undefined;
  if (roles === undefined) return restricts(lists.user) && restricts(lists.admin);
  return restricts(roles.some((role) => role.name === 'system:owner') ? lists.admin : lists.user);
}

/** A list that is on but admits everyone restricts nobody. */
function restricts({ enabled, cidrs }: AllowList): boolean {
  const { set } = readAddresses(cidrs);
  return enabled && !coversFamily(set, 4) && !coversFamily(set, 6);
}
