import {
  alignedBlocks,
  count,
  defineRule,
  isEmpty,
  isGloballyReachable,
  readAddresses,
} from '../src/contract/index.js';

export default defineRule({
  id: 'unreachable-cidr',
  title: 'No call over the internet can match any of the source restrictions',
  severity: 'info',
  kinds: ['personal-client', 'service-principal-credential', 'federation-trust'],
  docs: {
    why: 'ConductorOne sees the public address of a caller. A list of private networks therefore blocks everyone, so probably nobody uses the credential.',
    fix: 'Replace the list with the public addresses of the calling networks, or revoke the credential if nothing uses it.',
    references: [
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
  controls: {
    'nist-800-53': ['AC-2(11)'],
  },
  plan: { way: 'adjust', sets: 'networks' },
  needs: ['allowedCidrs'],
  messages: {
    unreachable: (d: { block: string; count: number }) =>
      `allows only ${d.block}${d.count > 1 ? ` and ${count(d.count - 1, 'more network')}` : ''}, which no internet caller can match: name public addresses`,
  },
  check({ facts }) {
    const { set, malformed } = readAddresses(facts.allowedCidrs);
    if (malformed.length > 0 || isEmpty(set) || isGloballyReachable(set)) return undefined;
    const blocks = alignedBlocks(set);
    return {
      messageId: 'unreachable',
      data: { block: blocks[0]?.cidr ?? '', count: blocks.length },
    };
  },
});
