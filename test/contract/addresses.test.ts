import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  type AddressSet,
  addressCount,
  alignedBlocks,
  blocksOf,
  containsSet,
  coversFamily,
  isEmpty,
  isGloballyReachable,
  openFamilies,
  reachableBlocks,
  readAddresses,
  shareOf,
  singleAddress,
  smallestCover,
  wholeFamilies,
} from '../../src/contract/index.js';
import { character } from '../fuzz/arbitraries.js';

const setOf = (...entries: string[]): AddressSet => readAddresses(entries).set;
const blocks = (...entries: string[]): string[] => blocksOf(setOf(...entries));

describe('well-formed entries', () => {
  test.each<[entry: string, block: string]>([
    ['203.0.113.7', '203.0.113.7/32'],
    ['203.0.113.0/24', '203.0.113.0/24'],
    ['0.0.0.0', '0.0.0.0/32'],
    ['0.0.0.0/0', '0.0.0.0/0'],
    ['255.255.255.255', '255.255.255.255/32'],
    ['::', '::/128'],
    ['::/0', '::/0'],
    ['2001:DB8::/32', '2001:db8::/32'],
    ['2001:0db8:0000:0000:0000:0000:0000:0001', '2001:db8::1/128'],
    ['2001:db8:0:0:1:0:0:0/80', '2001:db8:0:0:1::/80'],
    // IPv4-mapped: judged as IPv4.
    ['::ffff:10.0.0.0/104', '10.0.0.0/8'],
    ['::ffff:a00:0/104', '10.0.0.0/8'],
    ['::ffff:192.0.2.1', '192.0.2.1/32'],
    ['::ffff:0:0/96', '0.0.0.0/0'],
    // Wider than the mapped addresses, or beside them: IPv6.
    ['::/95', '::/95'],
    ['::fffe:0:0/96', '::fffe:0:0/96'],
    ['::ffff:0:0:0/96', '::ffff:0:0:0/96'],
    // Not mapped, though some libraries think so.
    ['::1.2.3.4', '::102:304/128'],
  ])('%s', (entry, block) => {
    const { set, malformed } = readAddresses([entry]);
    expect(malformed).toEqual([]);
    expect(blocksOf(set)).toEqual([block]);
  });
});

describe('malformed entries, and what they may allow', () => {
  test.each<[entry: string, problem: string, blocks: string[]]>([
    ['', 'is blank', []],
    ['  ', 'is blank', []],
    ['any', 'is not an address or CIDR', []],
    ['*', 'is not an address or CIDR', []],
    ['/8', 'is not an address or CIDR', []],
    ['10.0.0.0/', 'is not an address or CIDR', []],
    ['10.0.0.0/8/8', 'is not an address or CIDR', []],
    ['10.0.0.0/-1', 'is not an address or CIDR', []],
    ['10.0.0.0/0x8', 'is not an address or CIDR', []],
    ['10.0.0.0/255.0.0.0', 'is not an address or CIDR', []],
    ['10.0.0.0-10.0.0.9', 'is not an address or CIDR', []],
    ['10.0.0.256', 'is not an address or CIDR', []],
    ['1.2.3.4.5', 'is not an address or CIDR', []],
    ['10.0.0.', 'is not an address or CIDR', []],
    ['١٠.0.0.1', 'is not an address or CIDR', []],
    ['[::1]', 'is not an address or CIDR', []],
    [':::', 'is not an address or CIDR', []],
    ['1:2:3:4:5:6:7:8:9', 'is not an address or CIDR', []],
    ['1::2::3', 'is not an address or CIDR', []],
    ['12345::', 'is not an address or CIDR', []],
    ['::ffff:1.2.3.256', 'is not an address or CIDR', []],
    ['10.0.0.0/8 # office', 'is not an address or CIDR', []],
    [`10.0.0.0/8${'0'.repeat(100_000)}`, 'is not an address or CIDR', []],
    ['10.0.0.0/33', 'has a prefix longer than its address', []],
    ['::/129', 'has a prefix longer than its address', []],
    ['10.0.0.1/8', 'has host bits set', ['10.0.0.0/8']],
    ['10.0.0.1/0', 'has host bits set', ['0.0.0.0/0']],
    ['2001:db8::1/32', 'has host bits set', ['2001:db8::/32']],
    ['::ffff:10.0.0.1/104', 'has host bits set', ['10.0.0.0/8']],
    ['::ffff:0:0/90', 'has host bits set', ['0.0.0.0/0', '::ffc0:0:0/90']],
    ['10.0.0.0/08', 'has leading zeros', ['10.0.0.0/8']],
    ['010.0.0.0/8', 'has leading zeros', ['8.0.0.0/8', '10.0.0.0/8']],
    ['10.0.0.09', 'has leading zeros', ['10.0.0.9/32']],
    ['0255.0.0.1', 'has leading zeros', ['173.0.0.1/32', '255.0.0.1/32']],
    ['0256.0.0.1', 'has leading zeros', ['174.0.0.1/32']],
    ['00.0.0.0/0', 'has leading zeros', ['0.0.0.0/0']],
    ['::ffff:010.0.0.1', 'has leading zeros', ['8.0.0.1/32', '10.0.0.1/32']],
    ['10.1', 'has fewer than four parts', ['10.0.0.1/32', '10.1.0.0/32']],
    ['10/8', 'has fewer than four parts', ['0.0.0.0/8', '10.0.0.0/8']],
    ['0/0', 'has fewer than four parts', ['0.0.0.0/0']],
    ['167772161', 'has fewer than four parts', ['10.0.0.1/32']],
    ['0x0a.0.0.1', 'is written in hexadecimal', ['10.0.0.1/32']],
    ['0xA000001', 'is written in hexadecimal', ['10.0.0.1/32']],
    ['fe80::1%eth0', 'has a zone id', ['fe80::1/128']],
    ['::%1/0', 'has a zone id', ['::/0']],
    [' 10.0.0.0/8', 'has blanks around it', ['10.0.0.0/8']],
    ['0.0.0.0/0\n', 'has blanks around it', ['0.0.0.0/0']],
  ])('%s', (entry, problem, expected) => {
    const { set, malformed } = readAddresses([entry]);
    expect(malformed).toEqual([{ entry, problem }]);
    expect(blocksOf(set)).toEqual(expected);
  });

  test('are in the order of the list, and do not affect other entries', () => {
    const { set, malformed } = readAddresses(['b', '10.0.0.0/8', 'a']);
    expect(malformed.map(({ entry }) => entry)).toEqual(['b', 'a']);
    expect(blocksOf(set)).toEqual(['10.0.0.0/8']);
  });
});

describe('merging', () => {
  test.each<[entries: string[], blocks: string[]]>([
    [[], []],
    [['128.0.0.0/1', '0.0.0.0/1'], ['0.0.0.0/0']],
    [['8000::/1', '::/1'], ['::/0']],
    [['10.0.0.0/8', '10.1.2.3', '10.1.0.0/16'], ['10.0.0.0/8']],
    [['10.0.0.0/9', '10.128.0.0/9', '11.0.0.0/8'], ['10.0.0.0/7']],
    // Adjacent, but not one aligned block.
    [
      ['9.0.0.0/8', '10.0.0.0/8'],
      ['9.0.0.0/8', '10.0.0.0/8'],
    ],
    [
      ['10.0.0.1', '10.0.0.2', '10.0.0.3'],
      ['10.0.0.1/32', '10.0.0.2/31'],
    ],
    // IPv4 first, each ascending by number, not by text.
    [
      ['fe80::/10', '::1', '100.0.0.0/8', '20.0.0.0/8'],
      ['20.0.0.0/8', '100.0.0.0/8', '::1/128', 'fe80::/10'],
    ],
    [['::ffff:0.0.0.0/97', '128.0.0.0/1'], ['0.0.0.0/0']],
    // The last address of one family does not touch the first of the other.
    [
      ['255.255.255.255', '::'],
      ['255.255.255.255/32', '::/128'],
    ],
  ])('%j', (entries, expected) => {
    expect(blocks(...entries)).toEqual(expected);
  });
});

describe('coversFamily', () => {
  test.each<[entries: string[], ipv4: boolean, ipv6: boolean]>([
    [[], false, false],
    [['0.0.0.0/0'], true, false],
    [['::/0'], false, true],
    [['0.0.0.0/1', '128.0.0.0/1'], true, false],
    [['0.0.0.0/1', '128.0.0.0/2', '192.0.0.0/3'], false, false],
    [['0.0.0.0/1', '128.0.0.0/1', '::/1', '8000::/1'], true, true],
    [['::/1'], false, false],
    [['8000::/1'], false, false],
  ])('%j', (entries, ipv4, ipv6) => {
    expect(coversFamily(setOf(...entries), 4)).toBe(ipv4);
    expect(coversFamily(setOf(...entries), 6)).toBe(ipv6);
  });

  test('is false if a single address is missing', () => {
    const allBut = (address: number): string[] =>
      Array.from({ length: 32 }, (_, bit) => {
        const network = ((address >>> bit) ^ 1) * 2 ** bit;
        return `${[24, 16, 8, 0].map((shift) => (network >>> shift) & 255).join('.')}/${32 - bit}`;
      });
    for (const missing of [0, 1, 0x7fffffff]) {
      const entries = allBut(missing);
      expect(readAddresses(entries).malformed).toEqual([]);
      expect(coversFamily(setOf(...entries), 4)).toBe(false);
    }
  });
});

describe('openFamilies', () => {
  test.each([
    [['10.0.0.0/8'], undefined],
    [[], undefined],
    [['0.0.0.0/0'], { families: ['IPv4'] }],
    [['::/0'], { families: ['IPv6'] }],
    [['0.0.0.0/0', '::/0'], { families: ['IPv4', 'IPv6'] }],
    [['2000::/4'], { families: ['IPv6'], half: true }],
    // Half of one and all of the other is not all of both.
    [['0.0.0.0/0', '2000::/4'], { families: ['IPv4', 'IPv6'], half: true }],
    [['::ffff:0:0/90'], { families: ['IPv4'] }],
  ])('%j', (entries, expected) => {
    expect(openFamilies(setOf(...entries))).toEqual(expected);
  });
});

describe('shareOf', () => {
  /** The addresses from 0.0.0.0 to `last` as CIDRs. */
  const upTo = (last: number): string[] => {
    const entries: string[] = [];
    for (let first = 0; first <= last; ) {
      let bits = 31;
      while (first % 2 ** bits !== 0 || first + 2 ** bits - 1 > last) bits -= 1;
      entries.push(`${[24, 16, 8, 0].map((shift) => (first >>> shift) & 255).join('.')}/${32 - bits}`);
      first += 2 ** bits;
    }
    return entries;
  };
  // 3,702,258,688 IPv4 addresses are not special-purpose; up to here there are half of them.
  const half = 3_702_258_688 / 2 + 2 * 2 ** 24 + 2 ** 22 - 1;

  test.each<[name: string, entries: string[], ipv4: string, ipv6: string]>([
    ['nothing', [], 'less', 'less'],
    ['all of each', ['0.0.0.0/0', '::/0'], 'all', 'all'],
    ['all of IPv6, which holds the IPv4-mapped addresses', ['::/0'], 'less', 'all'],
    ['exactly half of the IPv4 internet', upTo(half), 'half', 'less'],
    ['one address less', upTo(half - 1), 'less', 'less'],
    [
      'half without a special-purpose network',
      [
        '1.0.0.0/8',
        '2.0.0.0/7',
        '4.0.0.0/6',
        '8.0.0.0/5',
        '16.0.0.0/4',
        '32.0.0.0/3',
        ...upTo(half).slice(1),
      ],
      'half',
      'less',
    ],
    ['special-purpose networks alone', ['10.0.0.0/8', '224.0.0.0/3', '127.0.0.0/8'], 'less', 'less'],
    ['exactly half of the IPv6 internet', ['2000::/4'], 'less', 'half'],
    ['one network less', ['2000::/5', '2800::/6', '2c00::/7', '2e00::/8'], 'less', 'less'],
    ['reserved IPv6 alone', ['4000::/2', '8000::/1'], 'less', 'less'],
    ['exactly the IPv4-mapped addresses, as IPv4', ['::ffff:0:0/96'], 'all', 'less'],
    ['one bit more, as IPv6', ['::fffe:0:0/95'], 'all', 'less'],
    ['their neighbour', ['::fffe:0:0/96'], 'less', 'less'],
    ['half of the IPv4-mapped addresses', ['::ffff:0:0/97'], 'half', 'less'],
    ['all IPv4-mapped addresses in two networks of IPv6', ['::/81', '::8000:0:0/81'], 'all', 'less'],
  ])('%s', (_, entries, ipv4, ipv6) => {
    const set = setOf(...entries);
    expect([shareOf(set, 4), shareOf(set, 6)]).toEqual([ipv4, ipv6]);
  });
});

describe('reachableBlocks', () => {
  test.each<[entries: string[], prefix4: number, ipv4: number, prefix6: number, ipv6: number]>([
    [[], 16, 0, 32, 0],
    [['52.20.30.40', '2620:1::1'], 16, 1, 32, 1],
    [['52.20.0.0/16', '2620:1::/32'], 16, 1, 32, 1],
    [['52.20.0.0/16', '52.30.0.1', '2620:1::/32', '2620:3::1'], 16, 2, 32, 2],
    [['52.0.0.0/8', '2620::/16'], 16, 256, 32, 65_536],
    // What is special-purpose does not count.
    [['10.0.0.0/8', '52.20.0.0/16', 'fc00::/7', '2620:1::/32'], 16, 1, 32, 1],
    [['10.0.0.0/8', 'fc00::/7'], 16, 0, 32, 0],
    [['9.0.0.0/8', '10.0.0.0/8', '11.0.0.0/8'], 16, 512, 32, 0],
    // The whole family, or one address, at the ends of what a prefix may be.
    [['0.0.0.0/0', '::/0'], 0, 1, 0, 1],
    [['52.20.30.40/31', '2620:1::/127'], 32, 2, 128, 2],
  ])('%j', (entries, prefix4, ipv4, prefix6, ipv6) => {
    const set = setOf(...entries);
    expect([reachableBlocks(set, 4, prefix4), reachableBlocks(set, 6, prefix6)]).toEqual([ipv4, ipv6]);
  });
});

test.each<[outer: string[], inner: string[], contains: boolean]>([
  [[], [], true],
  [['10.0.0.0/8'], [], true],
  [[], ['10.0.0.0/8'], false],
  [['10.0.0.0/8'], ['10.0.0.0/8'], true],
  [['10.0.0.0/9', '10.128.0.0/9'], ['10.64.0.0/10', '10.128.0.0/10'], true],
  [['10.0.0.0/8'], ['10.0.0.0/7'], false],
  [['10.0.0.0/8'], ['9.255.255.255'], false],
  [['10.0.0.0/8'], ['11.0.0.0'], false],
  [['10.0.0.0/8', '12.0.0.0/8'], ['10.1.1.1', '11.1.1.1', '12.1.1.1'], false],
  [['10.0.0.0/8', '12.0.0.0/8', '14.0.0.0/8'], ['10.1.1.1', '14.1.1.1'], true],
  [['0.0.0.0/0'], ['::1'], false],
  [['0.0.0.0/0'], ['::ffff:10.0.0.1'], true],
  [['::/0'], ['10.0.0.1'], false],
])('%j contains %j: %s', (outer, inner, contains) => {
  expect(containsSet(setOf(...outer), setOf(...inner))).toBe(contains);
});

test('isEmpty', () => {
  expect(isEmpty(setOf())).toBe(true);
  expect(isEmpty(setOf('any'))).toBe(true);
  expect(isEmpty(setOf('10.0.0.1'))).toBe(false);
  expect(isEmpty(setOf('::1'))).toBe(false);
});

describe('special-purpose networks', () => {
  // Each network with the addresses just outside it, where they are not special themselves.
  test.each<[network: string, before: string | null, after: string | null]>([
    ['0.0.0.0/8', null, '1.0.0.0'],
    ['10.0.0.0/8', '9.255.255.255', '11.0.0.0'],
    ['100.64.0.0/10', '100.63.255.255', '100.128.0.0'],
    ['127.0.0.0/8', '126.255.255.255', '128.0.0.0'],
    ['169.254.0.0/16', '169.253.255.255', '169.255.0.0'],
    ['172.16.0.0/12', '172.15.255.255', '172.32.0.0'],
    ['192.0.0.0/24', '191.255.255.255', '192.0.1.0'],
    ['192.0.2.0/24', '192.0.1.255', '192.0.3.0'],
    ['192.168.0.0/16', '192.167.255.255', '192.169.0.0'],
    ['198.18.0.0/15', '198.17.255.255', '198.20.0.0'],
    ['198.51.100.0/24', '198.51.99.255', '198.51.101.0'],
    ['203.0.113.0/24', '203.0.112.255', '203.0.114.0'],
    ['224.0.0.0/4', '223.255.255.255', null],
    ['240.0.0.0/4', null, null],
    ['::/128', null, null],
    ['::1/128', null, '::2'],
    ['2001:db8::/32', '2001:db7:ffff:ffff:ffff:ffff:ffff:ffff', '2001:db9::'],
    ['fc00::/7', 'fbff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', 'fe00::'],
    ['fe80::/10', 'fe7f:ffff:ffff:ffff:ffff:ffff:ffff:ffff', 'fec0::'],
    ['ff00::/8', 'feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', null],
  ])('%s', (network, before, after) => {
    expect(isGloballyReachable(setOf(network))).toBe(false);
    for (const outside of [before, after]) {
      if (outside === null) continue;
      expect(isGloballyReachable(setOf(outside))).toBe(true);
      expect(isGloballyReachable(setOf(network, outside))).toBe(true);
    }
  });

  test('neighbours count together', () => {
    expect(isGloballyReachable(setOf('224.0.0.0/3'))).toBe(false);
    expect(isGloballyReachable(setOf('::/127'))).toBe(false);
  });

  test('a block is judged by the merged range around it', () => {
    const reachable = (...entries: string[]) =>
      alignedBlocks(setOf(...entries)).map((block) => [block.cidr, block.globallyReachable]);
    expect(reachable('10.0.0.0/8')).toEqual([['10.0.0.0/8', false]]);
    expect(reachable('9.0.0.0/8', '10.0.0.0/8')).toEqual([
      ['9.0.0.0/8', true],
      ['10.0.0.0/8', true],
    ]);
    expect(reachable('8.0.0.0/8', '10.0.0.0/8')).toEqual([
      ['8.0.0.0/8', true],
      ['10.0.0.0/8', false],
    ]);
  });
});

describe('memory', () => {
  test('equal lists share one reading, different lists do not', () => {
    const list = ['10.0.0.0/8', '192.0.2.1'];
    expect(readAddresses(list)).toBe(readAddresses(list));
    expect(readAddresses([...list])).toBe(readAddresses(list));
    expect(readAddresses([...list].reverse())).not.toBe(readAddresses(list));
    expect(readAddresses(['10.0.0.0/8,192.0.2.1'])).not.toBe(readAddresses(list));
    expect(readAddresses([JSON.stringify(list)])).not.toBe(readAddresses(list));
  });

  test('forgets the text of old and very long lists, and stays correct', () => {
    const [first, long] = [['21.1.2.3', '21.1.2.4'], Array<string>(1000).fill('21.1.2.3')];
    const reading = readAddresses(first);
    expect(readAddresses([...first])).toBe(reading);
    const readingOfLong = readAddresses(long);
    expect(readAddresses([...long])).not.toBe(readingOfLong);
    const wrong: string[] = [];
    for (let n = 0; n < 70_000; n++) {
      const address = `20.${n >> 16}.${(n >> 8) & 255}.${n & 255}`;
      const { set } = readAddresses([address, '30.0.0.1']);
      if (n % 100 === 0 && blocksOf(set)[0] !== `${address}/32`) wrong.push(address);
    }
    expect(wrong).toEqual([]);
    expect(blocks('20.0.0.0')).toEqual(['20.0.0.0/32']);
    expect(readAddresses([...first])).not.toBe(reading);
    expect(readAddresses([...first])).toEqual(reading);
    expect(readAddresses(long)).toBe(readingOfLong);
  });
});

/** Networks among 256 addresses of each family, around where prefixes of all lengths can be seen. */
const BASES = { 4: '20.0.0.', 6: '2620::' } as const;
/** The last of 192.0.0.0/24 and the first of 192.0.1.0/24 are neighbours: special-purpose, and not. */
const EDGE = 0xc0000080;

const network = fc
  .record({
    family: fc.constantFrom(4, 6),
    address: fc.integer({ min: 0, max: 255 }),
    host: fc.integer({ min: 0, max: 8 }),
  })
  .map(({ family, address, host }) => ({ family, host, first: (address >> host) << host }));

type Network = typeof network extends fc.Arbitrary<infer N> ? N : never;

function textOf({ family, first, host }: Network): string {
  return family === 4 ? `${BASES[4]}${first}/${32 - host}` : `${BASES[6]}${first.toString(16)}/${128 - host}`;
}

/** The model: every address on its own. */
function members(networks: readonly Network[]): Set<string> {
  return new Set(
    networks.flatMap(({ family, first, host }) =>
      Array.from({ length: 1 << host }, (_, offset) => `${family}/${first + offset}`),
    ),
  );
}

function networkOf(cidr: string): Network {
  const [address = '', prefix] = cidr.split('/');
  return cidr.includes(':')
    ? {
        family: 6,
        host: 128 - Number(prefix),
        first: Number.parseInt(address.slice(BASES[6].length) || '0', 16),
      }
    : { family: 4, host: 32 - Number(prefix), first: Number(address.slice(BASES[4].length)) };
}

describe('properties, against a model of single addresses', () => {
  const list = fc.array(network, { maxLength: 12 });

  test('a merged set covers exactly what its parts cover', () => {
    fc.assert(
      fc.property(list, (networks) => {
        const { set, malformed } = readAddresses(networks.map(textOf));
        expect(malformed).toEqual([]);
        expect(members(blocksOf(set).map(networkOf))).toEqual(members(networks));
        expect(isEmpty(set)).toBe(networks.length === 0);
      }),
    );
  });

  test('order and duplicates never matter', () => {
    fc.assert(
      fc.property(
        list.chain((networks) =>
          fc.tuple(
            fc.constant(networks),
            fc.shuffledSubarray([...networks, ...networks], { minLength: networks.length * 2 }),
          ),
        ),
        ([networks, shuffled]) => {
          expect(setOf(...shuffled.map(textOf))).toEqual(setOf(...networks.map(textOf)));
        },
      ),
    );
  });

  test('blocks are disjoint, aligned, maximal and in order', () => {
    fc.assert(
      fc.property(list, (networks) => {
        const all = members(networks);
        const found = blocks(...networks.map(textOf)).map(networkOf);
        expect(found.reduce((sum, { host }) => sum + (1 << host), 0)).toBe(all.size);
        const unaligned = found.filter(({ first, host }) => first % (1 << host) !== 0);
        const mergeable = found.filter(({ family, first, host }) => {
          const parent = { family, host: host + 1, first: (first >> (host + 1)) << (host + 1) };
          return [...members([parent])].every((address) => all.has(address));
        });
        expect({ unaligned, mergeable }).toEqual({ unaligned: [], mergeable: [] });
        const order = found.map(({ family, first }) => family * 1000 + first);
        expect(order).toEqual([...order].sort((a, b) => a - b));
      }),
    );
  });

  test('containment is that of the addresses', () => {
    fc.assert(
      fc.property(list, list, (outer, inner) => {
        const held = members(outer);
        expect(containsSet(setOf(...outer.map(textOf)), setOf(...inner.map(textOf)))).toBe(
          [...members(inner)].every((address) => held.has(address)),
        );
      }),
    );
  });

  test('totals are those of the addresses that are not special-purpose', () => {
    const aroundEdge = list.map((networks) =>
      networks.map(({ first, host }) => ({
        host,
        first: Math.floor((EDGE + first) / 2 ** host) * 2 ** host,
      })),
    );
    fc.assert(
      fc.property(aroundEdge, fc.integer({ min: 22, max: 32 }), (networks, prefix) => {
        const entries = networks.map(({ first, host }) => {
          const address = [24, 16, 8, 0].map((shift) => (first >>> shift) & 255).join('.');
          return `${address}/${32 - host}`;
        });
        const single = new Set(
          networks.flatMap(({ first, host }) =>
            Array.from({ length: 1 << host }, (_, offset) => first + offset),
          ),
        );
        // 192.0.0.0/24 is special-purpose; 192.0.1.0/24 is not.
        const open = [...single].filter((address) => address >= 0xc0000100).length;
        const blocks = reachableBlocks(setOf(...entries), 4, prefix);
        const expected = Math.ceil(open / 2 ** (32 - prefix));
        if (single.size > 2 ** (32 - prefix)) expect(blocks).toBe(expected);
        else expect(blocks).toBe(single.size > 0 ? 1 : 0);
      }),
      { numRuns: 500 },
    );
  });

  test('the blocks of a set, read again, are the set', () => {
    const ipv6 = fc.record({ value: fc.bigInt({ min: 0n, max: 2n ** 128n - 1n }), prefix: fc.nat(128) });
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.ipV4(), fc.ipV6(), ipv6.map(textOfBig))), (entries) => {
        const { set } = readAddresses(entries);
        const again = readAddresses(blocksOf(set));
        expect(again).toEqual({ set, malformed: [] });
      }),
    );
  });

  test('any text at all is read without throwing', () => {
    const nearly = fc.string({ unit: fc.constantFrom(...'0123456789abfx.:/% -') });
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.string({ unit: character }), nearly)), (entries) => {
        const { set, malformed } = readAddresses(entries);
        expect(malformed.length).toBeLessThanOrEqual(entries.length);
        expect(readAddresses(blocksOf(set)).malformed).toEqual([]);
      }),
    );
  });
});

function textOfBig({ value, prefix }: { value: bigint; prefix: number }): string {
  return `${value
    .toString(16)
    .padStart(32, '0')
    .replace(/(.{4})(?=.)/g, '$1:')}/${prefix}`;
}

describe('the smallest cover', () => {
  /** Every way to choose aligned networks inside 16 addresses, by brute force. */
  const NETWORKS = [0, 1, 2, 3, 4].flatMap((bits) =>
    Array.from({ length: 16 >> bits }, (_, n) => ({ first: n << bits, size: 1 << bits })),
  );
  const bitsOf = ({ first, size }: { first: number; size: number }) => ((1 << size) - 1) << first;

  function bruteForce(used: number, within: number, limit: number): number | undefined {
    const useful = NETWORKS.filter((network) => {
      const bits = bitsOf(network);
      return (bits & ~within) === 0 && (bits & used) !== 0;
    });
    const least = (from: number, left: number, covered: number): number => {
      if ((covered & used) === used) return 0;
      if (left === 0) return Number.POSITIVE_INFINITY;
      const sizes = useful
        .slice(from)
        .map((network, at) =>
          (bitsOf(network) & covered) === 0
            ? network.size + least(from + at + 1, left - 1, covered | bitsOf(network))
            : Number.POSITIVE_INFINITY,
        );
      return Math.min(...sizes, Number.POSITIVE_INFINITY);
    };
    const size = least(0, limit, 0);
    return Number.isFinite(size) ? size : undefined;
  }
  const hosts = (bits: number, base: string) =>
    [...Array(16).keys()]
      .filter((n) => bits & (1 << n))
      .map((n) => `${base}${base.includes(':') ? n.toString(16) : n}`);

  test.each(['52.20.30.', '2620:1::'])('is as small as any, for %s', (base) => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 0xffff }),
        fc.nat(0xffff),
        fc.integer({ min: 1, max: 4 }),
        (used, more, limit) => {
          const within = used | more;
          const cover = smallestCover(setOf(...hosts(used, base)), limit, setOf(...hosts(within, base)));
          const best = bruteForce(used, within, limit);
          expect(cover && Number(addressCount(cover))).toBe(best);
          if (!cover) return;
          expect(alignedBlocks(cover).length).toBeLessThanOrEqual(limit);
          expect(containsSet(cover, setOf(...hosts(used, base)))).toBe(true);
          expect(containsSet(setOf(...hosts(within, base)), cover)).toBe(true);
        },
      ),
      { numRuns: 60 },
    );
  });

  test('of any addresses holds them all, within the limit, and never more with a higher one', () => {
    const address = fc.oneof(fc.ipV4(), fc.ipV6());
    fc.assert(
      fc.property(
        fc.array(address, { minLength: 1, maxLength: 40 }),
        fc.integer({ min: 2, max: 12 }),
        (texts, limit) => {
          const set = readAddresses(texts).set;
          const [cover, larger] = [smallestCover(set, limit), smallestCover(set, limit + 1)];
          if (!cover || !larger) throw new Error('no cover');
          expect(containsSet(cover, set)).toBe(true);
          expect(blocksOf(cover).length).toBeLessThanOrEqual(limit);
          expect(addressCount(larger) <= addressCount(cover)).toBe(true);
        },
      ),
      { numRuns: 100 },
    );
  });

  test.each([
    ['nothing', [], 1, undefined, []],
    ['neighbours as one', ['10.0.0.4', '10.0.0.5'], 4, undefined, ['10.0.0.4/31']],
    ['one network of two families: none', ['10.0.0.4', '2620::1'], 1, undefined, undefined],
    ['outside', ['10.0.0.4'], 4, ['10.0.0.5'], undefined],
    ['the whole of a family', ['0.0.0.0', '255.255.255.255'], 1, undefined, ['0.0.0.0/0']],
    ['a network', ['10.0.0.0/25', '10.0.0.200'], 1, undefined, ['10.0.0.0/24']],
  ] as const)('of %s', (_, used, limit, within, expected) => {
    const cover = smallestCover(setOf(...used), limit, within && setOf(...within));
    expect(cover && blocksOf(cover)).toEqual(expected);
  });

  test('single addresses have one canonical text', () => {
    const texts = [
      '52.20.30.4',
      '::ffff:52.20.30.4',
      '2620:1:0::7',
      '52.20.30.4/32',
      '2620::/64',
      '052.1.1.1',
      ' 1.1.1.1',
      'office',
      '',
    ];
    expect(texts.map(singleAddress)).toEqual([
      '52.20.30.4',
      '52.20.30.4',
      '2620:1::7',
      '52.20.30.4',
      ...Array(5).fill(undefined),
    ]);
    expect(blocksOf(wholeFamilies(setOf('52.20.30.4', '2620::1')))).toEqual(['0.0.0.0/0', '::/0']);
    expect(addressCount(setOf('52.20.30.0/24', '2620::1'))).toBe(257n);
  });
});
