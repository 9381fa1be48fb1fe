import { defineRule, plural, readAddresses } from '../src/contract/index.js';

export default defineRule({
  id: 'malformed-cidr',
  title: 'A source restriction is not an address or CIDR, or can be read in two ways',
  severity: 'low',
  kinds: ['personal-client', 'service-principal-credential', 'federation-trust'],
  docs: {
    why: 'Some programs read 010.0.0.1 as 10.0.0.1, others as 8.0.0.1, and others reject it. Such an entry may not allow what its author meant.',
    fix: 'Write each entry as a plain address or CIDR: four decimal parts or RFC 5952 text, no leading zeros, no bits set after the prefix.',
    references: [
      {
        title: 'RFC 6943, section 3.1.1: IPv4 addresses that read two ways',
        url: 'https://www.rfc-editor.org/rfc/rfc6943#section-3.1.1',
      },
      {
        title: 'RFC 5952: the text of IPv6 addresses',
        url: 'https://www.rfc-editor.org/rfc/rfc5952',
      },
    ],
  },
  controls: {
    'nist-800-53': ['AC-2(11)'],
  },
  plan: { way: 'adjust', sets: 'networks' },
  needs: ['allowedCidrs'],
  messages: {
    malformed: (d: { entry: string; problem: string; count: number }) =>
      `the entry "${d.entry}" ${d.problem}${d.count > 1 ? `, and ${d.count - 1} more ${plural(d.count - 1, 'is', 'are')} malformed` : ''}: correct ${plural(d.count, 'it', 'them')}`,
  },
  check({ facts }) {
    const { malformed } = readAddresses(facts.allowedCidrs);
    const [first] = malformed;
    if (first === undefined) return undefined;
    return {
      messageId: 'malformed',
      data: { entry: shorten(first.entry), problem: first.problem, count: malformed.length },
    };
  },
});

/** Cut after more characters than any address needs, between code points. */
function shorten(entry: string): string {
  const shown = [...entry.slice(0, 120)].slice(0, 60).join('');
  return shown === entry ? entry : `${shown}…`;
}
