import { defineRule, KINDS, readAddresses } from '../src/contract/index.js';

export default defineRule({
  id: 'malformed-cidr',
  title: 'A source restriction is no address or CIDR, or can be read two ways',
  severity: 'low',
  kinds: KINDS,
  docs: {
    why: 'One program reads 010.0.0.1 as 10.0.0.1, another as 8.0.0.1, a third not at all: what such an entry lets in is not what its author meant.',
    fix: 'Write each entry as a plain address or CIDR: four decimal parts or RFC 5952 text, no leading zeros, no bits set behind the prefix.',
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
  plan: { way: 'adjust', sets: 'networks' },
  needs: ['allowedCidrs'],
  messages: {
    malformed: (d: { entry: string; problem: string; count: number }) =>
      `the entry "${d.entry}" ${d.problem}${d.count > 1 ? `, and ${d.count - 1} more ${d.count === 2 ? 'is' : 'are'} malformed` : ''}: correct ${d.count > 1 ? 'them' : 'it'}`,
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
