import ipaddr from 'ipaddr.js';

type Family = 4 | 6;

const FAMILIES: readonly Family[] = [4, 6];

/** Bits of an address. */
const WIDTH: Readonly<Record<Family, number>> = { 4: 32, 6: 128 };

/** How many IPv4 addresses share a prefix, by its length. */
const SIZE: readonly number[] = Array.from({ length: 33 }, (_, prefix) => 2 ** (32 - prefix));

/** Every address from `first` to `last`, both included, as numbers. */
interface Range {
  readonly family: Family;
  readonly first: bigint;
  readonly last: bigint;
}

/** A set of addresses: per family disjoint ranges that do not touch, ascending. */
export interface AddressSet {
  readonly ipv4: readonly Range[];
  readonly ipv6: readonly Range[];
}

/** An aligned CIDR inside a set, as large as the set allows. */
export interface Block {
  /** Canonical text, always with a prefix. */
  readonly cidr: string;
  readonly family: Family;
  readonly prefix: number;
  /** False where the merged range around it is in special-purpose networks: no call over the internet matches. */
  readonly globallyReachable: boolean;
}

/** An entry that is not an address or CIDR, or that can be read in two ways. */
export interface MalformedEntry {
  readonly entry: string;
  /** Worded to follow the entry: "has host bits set". */
  readonly problem: string;
}

/** An allow list, read. */
export interface Addresses {
  /** Every address that the entries may allow: of a malformed entry, those of every way to read it. */
  readonly set: AddressSet;
  /** In the order of the list. */
  readonly malformed: readonly MalformedEntry[];
}

/** The last list: several rules look at a credential's list one after the other. */
let last: { readonly entries: readonly string[]; readonly addresses: Addresses } | undefined;
const byText = new Map<string, Addresses>();
/** Some 15 MB at the very most. */
const TEXTS_KEPT = 65_536;
const LONGEST_TEXT_KEPT = 4096;
/** Lists of more entries, such as a tenant's own, are few and slow to read: each is cached by itself. */
const LONG_LIST = 64;
const byLongList = new WeakMap<readonly string[], Addresses>();

/**
 * Reads an allow list of addresses and CIDRs. A bare address is a /32 or /128, an IPv4-mapped IPv6 entry its IPv4 self.
 *
 * Results are cached by the list's text, because many credentials have the same list; the last one, and those of long
 * lists, by the list itself, which must not change afterwards. Caching all lists would take more memory than the
 * credentials do.
 */
export function readAddresses(entries: readonly string[]): Addresses {
  if (last?.entries === entries) return last.addresses;
  const addresses =
    readPlain(entries) ?? (entries.length > LONG_LIST ? readLong(entries) : readByText(entries));
  last = { entries, addresses };
  return addresses;
}

/** A list of one plain entry, as nearly all are, is read faster than it is found in a cache. */
function readPlain(entries: readonly string[]): Addresses | undefined {
  if (entries.length !== 1) return undefined;
  const plain = readPlainIpv4(entries[0] ?? '');
  return plain && { set: { ipv4: plain.ranges, ipv6: [] }, malformed: [] };
}

function readLong(entries: readonly string[]): Addresses {
  const addresses = byLongList.get(entries) ?? read(entries);
  byLongList.set(entries, addresses);
  return addresses;
}

function readByText(entries: readonly string[]): Addresses {
  const text = JSON.stringify(entries);
  const known = byText.get(text);
  const addresses = known ?? read(entries);
  if (known === undefined && text.length <= LONGEST_TEXT_KEPT) {
    // All at once: finding the oldest entry of a Map passes over every place that was deleted before.
    if (byText.size === TEXTS_KEPT) byText.clear();
    byText.set(text, addresses);
  }
  return addresses;
}

function read(entries: readonly string[]): Addresses {
  const ranges: Range[] = [];
  const malformed: MalformedEntry[] = [];
  for (const entry of entries) {
    const { ranges: found, problem } = readEntry(entry);
    ranges.push(...found);
    if (problem !== undefined) malformed.push({ entry, problem });
  }
  return { set: { ipv4: merge(ranges, 4), ipv6: merge(ranges, 6) }, malformed };
}

function merge(ranges: readonly Range[], family: Family): Range[] {
  const merged: Range[] = [];
  const sorted = ranges.filter((range) => range.family === family).sort((a, b) => compare(a.first, b.first));
  for (const range of sorted) {
    const before = merged.at(-1);
    if (before === undefined || range.first > before.last + 1n) merged.push(range);
    else if (range.last > before.last) merged[merged.length - 1] = { ...before, last: range.last };
  }
  return merged;
}

function compare(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** True if the set holds no address at all. */
export function isEmpty(set: AddressSet): boolean {
  return set.ipv4.length === 0 && set.ipv6.length === 0;
}

/** True if the set holds every address of the family. */
export function coversFamily(set: AddressSet, family: Family): boolean {
  const [range] = rangesOf(set, family);
  return range?.first === 0n && range.last === (1n << BigInt(WIDTH[family])) - 1n;
}

function rangesOf(set: AddressSet, family: Family): readonly Range[] {
  return family === 4 ? set.ipv4 : set.ipv6;
}

/** True if every address of `inner` is in `outer` too. */
export function containsSet(outer: AddressSet, inner: AddressSet): boolean {
  return containsRanges(outer.ipv4, inner.ipv4) && containsRanges(outer.ipv6, inner.ipv6);
}

function containsRanges(outer: readonly Range[], inner: readonly Range[]): boolean {
  let at = 0;
  return inner.every(({ first, last }) => {
    let around = outer[at];
    while (around !== undefined && around.last < first) around = outer[++at];
    return around !== undefined && around.first <= first && last <= around.last;
  });
}

/** True if some address of the set can be the source of a call over the internet. */
export function isGloballyReachable(set: AddressSet): boolean {
  return !containsSet(SPECIAL, set);
}

/** Which families the set opens: `half` if it allows at least half of their internet, but not all; undefined: none. */
export function openFamilies(set: AddressSet): { families: string[]; half?: true } | undefined {
  // As nearly all sets are, and there may be hundreds of thousands.
  if (set.ipv6.length === 0 && spanOf(set.ipv4) < NARROW) return undefined;
  const shares = FAMILIES.map((family) => ({ family: `IPv${family}`, share: shareOf(set, family) }));
  const open = shares.filter(({ share }) => share !== 'less');
  if (open.length === 0) return undefined;
  const families = open.map(({ family }) => family);
  return open.every(({ share }) => share === 'all') ? { families } : { families, half: true };
}

/**
 * How much of a family's internet the set allows. `half`: at least half of the addresses that calls come from.
 *
 * IPv6 networks that hold all IPv4-mapped addresses, though not all of IPv6, allow all of IPv4.
 */
export function shareOf(set: AddressSet, family: Family): 'all' | 'half' | 'less' {
  if (coversFamily(set, family) || (family === 4 && holdsMapped(set))) return 'all';
  const ranges = rangesOf(set, family);
  if (sizeOf(ranges) * 2n < INTERNET[family]) return 'less';
  const open = family === 4 ? reachableSize(ranges, 4) : sharedSize(ranges, GLOBAL_UNICAST);
  return open * 2n < INTERNET[family] ? 'less' : 'half';
}

function holdsMapped(set: AddressSet): boolean {
  // All of IPv6 is reported as that.
  return set.ipv6.length > 0 && !coversFamily(set, 6) && containsRanges(set.ipv6, [IPV4_MAPPED]);
}

/** Reachable blocks with a shorter prefix than their family's limit. */
export function blocksBroaderThan(set: AddressSet, limits: Readonly<Record<Family, number>>): Block[] {
  // Nearly all lists are narrow, and there may be hundreds of thousands.
  if (set.ipv6.length === 0 && spanOf(set.ipv4) <= (SIZE[limits[4]] ?? 0)) return [];
  const large = [...set.ipv4, ...set.ipv6].filter(
    ({ family, first, last }) => last - first >= 1n << BigInt(WIDTH[family] - limits[family]),
  );
  return large
    .flatMap(split)
    .filter(({ globallyReachable, family, prefix }) => globallyReachable && prefix < limits[family]);
}

/** How many blocks of `prefix` the set's reachable addresses would fill, rounded up; exact above one. */
export function reachableBlocks(set: AddressSet, family: Family, prefix: number): number {
  const ranges = rangesOf(set, family);
  if (ranges.length === 0) return 0;
  if (family === 4 && spanOf(ranges) <= (SIZE[prefix] ?? 0)) return 1;
  const block = 1n << BigInt(WIDTH[family] - prefix);
  if (sizeOf(ranges) <= block) return 1;
  return Number((reachableSize(ranges, family) + block - 1n) / block);
}

function reachableSize(ranges: readonly Range[], family: Family): bigint {
  return sizeOf(ranges) - sharedSize(ranges, rangesOf(SPECIAL, family));
}

/** Fewer IPv4 addresses than half of those that calls come from. */
const NARROW = 2 ** 30;

/** How many IPv4 addresses: exact, and a fraction of what it costs in bigints. */
function spanOf(ipv4: readonly Range[]): number {
  let span = 0;
  for (const { first, last } of ipv4) span += Number(last) - Number(first) + 1;
  return span;
}

function sizeOf(ranges: readonly Range[]): bigint {
  let size = 0n;
  for (const range of ranges) size += range.last - range.first + 1n;
  return size;
}

/** How many addresses are in both lists: one step along either list at a time. */
function sharedSize(a: readonly Range[], b: readonly Range[]): bigint {
  let size = 0n;
  let at = 0;
  let other = 0;
  for (let x = a[at], y = b[other]; x !== undefined && y !== undefined; x = a[at], y = b[other]) {
    const first = x.first > y.first ? x.first : y.first;
    const last = x.last < y.last ? x.last : y.last;
    if (first <= last) size += last - first + 1n;
    if (x.last < y.last) at += 1;
    else other += 1;
  }
  return size;
}

/** How many addresses are in the set. */
export function addressCount(set: AddressSet): bigint {
  return sizeOf(set.ipv4) + sizeOf(set.ipv6);
}

/** Whole families: every address of those that the set has any of. */
export function wholeFamilies({ ipv4, ipv6 }: AddressSet): AddressSet {
  return {
    ipv4: ipv4.length > 0 ? [network(4, 0n, 0)] : [],
    ipv6: ipv6.length > 0 ? [network(6, 0n, 0)] : [],
  };
}

/** The canonical text of a single address, an IPv4-mapped one as its IPv4 self; undefined for anything else. */
export function singleAddress(text: string): string | undefined {
  const { ranges, problem } = readEntry(text);
  const [range] = ranges;
  if (problem !== undefined || range === undefined || range.first !== range.last) return undefined;
  return range.family === 4 ? formatIpv4(Number(range.first)) : formatIpv6(range.first);
}

/** Networks that cover a set: how many addresses they hold, and themselves as a tree. */
interface Cover {
  readonly size: bigint;
  readonly parts: Range | readonly [Cover, Cover];
}

/** The smallest cover by its number of networks. */
type Covers = readonly (Cover | undefined)[];

/**
 * The networks that contain every address of `set` and as few others as possible; of equally small ones, the fewest.
 *
 * @param limit   how many networks there may be
 * @param within  no network may hold an address that is not in it
 * @returns undefined if `limit` networks are too few, or an address is not in `within`
 */
export function smallestCover(set: AddressSet, limit: number, within?: AddressSet): AddressSet | undefined {
  if (isEmpty(set)) return set;
  if (within && !containsSet(within, set)) return undefined;
  const families = FAMILIES.map((family) => rangesOf(set, family).flatMap(alignedRanges))
    .filter((leaves) => leaves.length > 0)
    .map((leaves) => coversOf(leaves, limit, within));
  const [first = [], second] = families;
  const best = (second ? combined(first, second, limit) : first).reduce(
    (a, b) => (b && (!a || b.size < a.size) ? b : a),
    undefined,
  );
  if (!best) return undefined;
  const ranges = rangesIn(best);
  return { ipv4: merge(ranges, 4), ipv6: merge(ranges, 6) };
}

/** @param leaves aligned, disjoint, ascending, of one family */
function coversOf(leaves: readonly Range[], limit: number, within: AddressSet | undefined): Covers {
  const [first] = leaves;
  const last = leaves.at(-1);
  if (!first || !last) return [];
  if (first === last) return [undefined, { size: first.last - first.first + 1n, parts: first }];
  const { family } = first;
  const hostBits = (first.first ^ last.last).toString(2).length;
  const around = network(family, first.first, WIDTH[family] - hostBits);
  const middle = around.first + (1n << BigInt(hostBits - 1));
  const at = leaves.findIndex((leaf) => leaf.first >= middle);
  const covers = [
    ...combined(
      coversOf(leaves.slice(0, at), limit, within),
      coversOf(leaves.slice(at), limit, within),
      limit,
    ),
  ];
  const isAllowed = !within || containsRanges(rangesOf(within, family), [around]);
  if (isAllowed) covers[1] = { size: 1n << BigInt(hostBits), parts: around };
  return covers;
}

function combined(a: Covers, b: Covers, limit: number): Covers {
  const covers: (Cover | undefined)[] = [];
  for (const [i, left] of a.entries()) {
    for (const [j, right] of b.entries()) {
      if (!left || !right || i + j > limit) continue;
      const size = left.size + right.size;
      const before = covers[i + j];
      if (!before || size < before.size) covers[i + j] = { size, parts: [left, right] };
    }
  }
  return covers;
}

function rangesIn({ parts }: Cover): Range[] {
  return 'first' in parts ? [parts] : parts.flatMap(rangesIn);
}

/** The set as the fewest aligned CIDRs: IPv4, then IPv6, ascending. */
export function alignedBlocks(set: AddressSet): Block[] {
  return [...set.ipv4, ...set.ipv6].flatMap(split);
}

/** The texts of {@link alignedBlocks}: the same for equal sets, however they were written. */
export function blocksOf(set: AddressSet): string[] {
  return alignedBlocks(set).map(({ cidr }) => cidr);
}

function split(range: Range): Block[] {
  const { family } = range;
  const globallyReachable = !containsRanges(rangesOf(SPECIAL, family), [range]);
  return alignedRanges(range).map(({ first, last }) => {
    const prefix = WIDTH[family] - trailingZeros(last - first + 1n);
    return { cidr: formatCidr(family, first, prefix), family, prefix, globallyReachable };
  });
}

function alignedRanges({ family, first: from, last }: Range): Range[] {
  const ranges: Range[] = [];
  for (let first = from; first <= last; ) {
    let hostBits = first === 0n ? WIDTH[family] : trailingZeros(first);
    while (first + (1n << BigInt(hostBits)) - 1n > last) hostBits -= 1;
    const next = first + (1n << BigInt(hostBits));
    ranges.push({ family, first, last: next - 1n });
    first = next;
  }
  return ranges;
}

function trailingZeros(value: bigint): number {
  return (value & -value).toString(2).length - 1;
}

/** The canonical text of a network: RFC 5952 for IPv6, always with its prefix. */
function formatCidr(family: Family, first: bigint, prefix: number): string {
  return `${family === 4 ? formatIpv4(Number(first)) : formatIpv6(first)}/${prefix}`;
}

function formatIpv4(address: number): string {
  return `${address >>> 24}.${(address >>> 16) & 255}.${(address >>> 8) & 255}.${address & 255}`;
}

function formatIpv6(address: bigint): string {
  const parts: number[] = [];
  for (let shift = 112n; shift >= 0n; shift -= 16n) parts.push(Number((address >> shift) & 0xffffn));
  return new ipaddr.IPv6(parts).toRFC5952String();
}

/** One entry of an allow list, as read. */
interface Entry {
  /** What it may allow: nothing if it cannot be read, the networks of all readings if there are several. */
  readonly ranges: readonly Range[];
  readonly problem?: string;
}

/** What an address may mean. */
interface Reading {
  readonly family: Family;
  readonly addresses: readonly bigint[];
  readonly problem?: string | undefined;
}

/**
 * Reads an address or CIDR, strictly. What is malformed but can still be read is read as well, so that nobody takes
 * `10.0.0.1/0` for a restriction.
 */
function readEntry(entry: string): Entry {
  return readPlainIpv4(entry) ?? readAny(entry);
}

/** An IPv4 address or CIDR as nearly all are written; octets and prefix may still be too large. */
const PLAIN_IPV4 = /^(?:0|[1-9]\d{0,2})(?:\.(?:0|[1-9]\d{0,2})){3}(?:\/(?:0|[1-9]\d?))?$/;

/** Well-formed IPv4 in plain numbers, at a fifth of what it costs in bigints; undefined for anything else. */
function readPlainIpv4(entry: string): Entry | undefined {
  if (!PLAIN_IPV4.test(entry)) return undefined;
  const text = entry.includes('/') ? entry : `${entry}/32`;
  let first = 0;
  let number = 0;
  for (let at = 0; at < text.length; at += 1) {
    const digit = text.charCodeAt(at) - 48;
    if (digit >= 0) number = number * 10 + digit;
    else if (number > 255) return undefined;
    else {
      first = first * 256 + number;
      number = 0;
    }
  }
  const size = SIZE[number];
  if (size === undefined || first % size !== 0) return undefined;
  return { ranges: [{ family: 4, first: BigInt(first), last: BigInt(first + size - 1) }] };
}

/** Longer than any address in any notation; keeps hostile text away from the parsers. */
const LONGEST = 80;

const UNREADABLE: Entry = { ranges: [], problem: 'is not an address or CIDR' };

function readAny(entry: string): Entry {
  const text = entry.trim();
  if (text === '') return { ranges: [], problem: 'is blank' };
  const match = text.length > LONGEST ? null : /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text);
  if (!match) return UNREADABLE;
  const [, address = '', bits] = match;
  const reading = address.includes(':') ? readIpv6(address) : readIpv4(address);
  if (reading.addresses.length === 0) return UNREADABLE;
  const width = WIDTH[reading.family];
  const prefix = bits === undefined ? width : Number(bits);
  if (prefix > width) return { ranges: [], problem: 'has a prefix longer than its address' };

  const hostMask = (1n << BigInt(width - prefix)) - 1n;
  const problem =
    reading.problem ??
    (bits !== undefined && bits !== String(prefix) ? 'has leading zeros' : undefined) ??
    (reading.addresses.some((value) => (value & hostMask) !== 0n) ? 'has host bits set' : undefined) ??
    (text === entry ? undefined : 'has blanks around it');
  const ranges = reading.addresses.flatMap((value) => networks(reading.family, value, prefix));
  return problem === undefined ? { ranges } : { ranges, problem };
}

const MAPPED_PREFIX = 96;

function networks(family: Family, address: bigint, prefix: number): Range[] {
  if (family === 4 || address >> 32n !== 0xffffn) return [network(family, address, prefix)];
  if (prefix >= MAPPED_PREFIX) return [network(4, address & 0xffff_ffffn, prefix - MAPPED_PREFIX)];
  // Written as an IPv4 address, but wider than all of IPv4: some checks see the IPv6 network, some every IPv4 address.
  return [network(6, address, prefix), network(4, 0n, 0)];
}

function network(family: Family, address: bigint, prefix: number): Range {
  const host = (1n << BigInt(WIDTH[family] - prefix)) - 1n;
  const last = address | host;
  return { family, first: last ^ host, last };
}

function readIpv6(address: string): Reading {
  const [text = '', zone] = address.split('%', 2);
  const tailAt = text.lastIndexOf(':') + 1;
  const tail = text.slice(tailAt);
  // ipaddr.js takes `::1.2.3.4` for a mapped address and octal tails for decimal ones, so it never sees a dotted tail.
  const dotted = tail.includes('.') ? readIpv4(tail) : undefined;
  const texts = dotted
    ? dotted.addresses.map((v) => `${text.slice(0, tailAt)}${hex(v >> 16n)}:${hex(v & 0xffffn)}`)
    : [text];
  return {
    family: 6,
    addresses: texts
      .filter((candidate) => ipaddr.IPv6.isValid(candidate))
      .map((candidate) => joinBits(ipaddr.IPv6.parse(candidate).parts, 16n)),
    problem: zone === undefined ? dotted?.problem : 'has a zone id',
  };
}

function readIpv4(text: string): Reading {
  if (ipaddr.IPv4.isValidFourPartDecimal(text))
    return { family: 4, addresses: [joinBits(ipaddr.IPv4.parse(text).octets, 8n)] };
  const parts = text.split('.');
  const addresses: bigint[] = [];
  // As the C library reads it: octal, hexadecimal, the last part filling what is missing …
  if (ipaddr.IPv4.isValid(text)) addresses.push(joinBits(ipaddr.IPv4.parse(text).octets, 8n));
  // … and as people do: decimal whatever the zeros, missing parts zero.
  if (parts.length <= 4 && parts.every((part) => /^\d+$/.test(part) && Number(part) <= 255))
    addresses.push(joinBits([...parts.map(Number), 0, 0, 0].slice(0, 4), 8n));
  return { family: 4, addresses, problem: ambiguity(parts) };
}

function ambiguity(parts: readonly string[]): string {
  if (parts.some((part) => /^0x/i.test(part))) return 'is written in hexadecimal';
  return parts.length < 4 ? 'has fewer than four parts' : 'has leading zeros';
}

function joinBits(parts: readonly number[], bits: bigint): bigint {
  return parts.reduce((value, part) => (value << bits) | BigInt(part), 0n);
}

function hex(value: bigint): string {
  return value.toString(16);
}

/** The special-purpose networks of IANA's registries that nobody calls from over the internet. */
const SPECIAL: AddressSet = readAddresses([
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
  '::/128',
  '::1/128',
  '2001:db8::/32',
  'fc00::/7',
  'fe80::/10',
  'ff00::/8',
]).set;

/** IPv6 that is assigned to networks on the internet; the rest is reserved. */
const GLOBAL_UNICAST = readAddresses(['2000::/3']).set.ipv6;
/** What a dual-stack server may see instead of an IPv4 address. */
const IPV4_MAPPED: Range = { family: 6, first: 0xffff_0000_0000n, last: 0xffff_ffff_ffffn };
const INTERNET: Readonly<Record<Family, bigint>> = {
  4: (1n << 32n) - sizeOf(SPECIAL.ipv4),
  6: sizeOf(GLOBAL_UNICAST),
};
