import ipaddr from 'ipaddr.js';

export type Family = 4 | 6;

/** Bits of an address. */
export const WIDTH: Readonly<Record<Family, number>> = { 4: 32, 6: 128 };

/** Every address from `first` to `last`, both included, as numbers. */
export interface Range {
  readonly family: Family;
  readonly first: bigint;
  readonly last: bigint;
}

/** One entry of an allow list, as read. */
export interface Entry {
  /** What it may admit: nothing where it cannot be read, every reading's network where there are several. */
  readonly ranges: readonly Range[];
  /** What is wrong with it, worded to follow the entry ("has host bits set"). */
  readonly problem?: string;
}

/** What a text without prefix may mean. */
interface Reading {
  readonly family: Family;
  readonly addresses: readonly bigint[];
  readonly problem?: string | undefined;
}

/** An IPv4 address or CIDR as nearly all are written; octets and prefix may still be too large. */
const PLAIN_IPV4 =
  /^(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})(?:\/(0|[1-9]\d?))?$/;

/** Longer than any address in any notation; keeps hostile text away from the parsers. */
const LONGEST = 80;

const MAPPED_PREFIX = 96;

/**
 * Reads an address or CIDR, strictly; what is malformed but can still be read is read as well, so that nobody takes
 * `10.0.0.1/0` for a restriction.
 */
export function readEntry(entry: string): Entry {
  return readPlainIpv4(entry) ?? readAny(entry);
}

/** Well-formed IPv4 in plain numbers, at a fifth of what it costs in bigints; undefined for all else. */
function readPlainIpv4(entry: string): Entry | undefined {
  const match = PLAIN_IPV4.exec(entry);
  if (!match) return undefined;
  const octets = [Number(match[1]), Number(match[2]), Number(match[3]), Number(match[4])] as const;
  const prefix = match[5] === undefined ? 32 : Number(match[5]);
  if (prefix > 32 || octets.some((octet) => octet > 255)) return undefined;
  const first = ((octets[0] * 256 + octets[1]) * 256 + octets[2]) * 256 + octets[3];
  const size = 2 ** (32 - prefix);
  if (first % size !== 0) return undefined;
  return { ranges: [{ family: 4, first: BigInt(first), last: BigInt(first + size - 1) }] };
}

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

const UNREADABLE: Entry = { ranges: [], problem: 'is no address or CIDR' };

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
  if (ipaddr.IPv4.isValidFourPartDecimal(text)) {
    return { family: 4, addresses: [joinBits(ipaddr.IPv4.parse(text).octets, 8n)] };
  }
  const parts = text.split('.');
  const addresses: bigint[] = [];
  // As the C library reads it: octal, hexadecimal, the last part filling what is missing …
  if (ipaddr.IPv4.isValid(text)) addresses.push(joinBits(ipaddr.IPv4.parse(text).octets, 8n));
  // … and as people do: decimal whatever the zeros, missing parts zero.
  if (parts.length <= 4 && parts.every((part) => /^\d+$/.test(part) && Number(part) <= 255)) {
    addresses.push(joinBits([...parts.map(Number), 0, 0, 0].slice(0, 4), 8n));
  }
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

/** The canonical text of a network: RFC 5952 for IPv6, always with its prefix. */
export function formatCidr(family: Family, first: bigint, prefix: number): string {
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
