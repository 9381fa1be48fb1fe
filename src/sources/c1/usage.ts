import {
  type AddressSet,
  blocksOf,
  type ClientMemory,
  containsSet,
  DAY,
  parseTime,
  readAddresses,
  singleAddress,
  smallestCover,
} from '../../contract/index.js';
import { toTimestamp } from '../../contract/time.js';
import { asRecord, type WireRecord } from '../record.js';

/** Addresses kept per credential; more are merged into networks. */
export const ADDRESSES_KEPT = 64;
/** Merging takes time, so it waits until some have come together. */
const ADDRESSES_HELD = 128;
/** Refusals kept per credential; the addresses of more are forgotten. */
const REFUSALS_KEPT = 64;
/** Refused logins count for this long. */
export const REFUSALS_FOR = 30 * DAY;

/** What one event says about the credentials that it names. */
interface LogEvent {
  /** Milliseconds since the epoch; undefined: it cannot be read. */
  readonly at: number | undefined;
  readonly clientIds: readonly string[];
  /** Empty: none that can be read. */
  readonly address: string;
  /** Why a login failed; undefined for anything else. */
  readonly refused: string | undefined;
}

interface Seen {
  count: number;
  lastAt: number;
}

interface Refused extends Seen {
  readonly reason: string;
  readonly address: string;
}

/**
 * Where a call says what it is about. In which field the client id of a caller stands is not documented, so any other
 * will do.
 */
const TARGETS: ReadonlySet<string> = new Set(['resources', 'resource', 'web_resources', 'entity', 'api']);

/** OCSF Authentication. */
const LOGIN = 3002;
const FAILURE = 2;
/** A client learns by it that the server wants a nonce, and logs in. */
const HANDSHAKE = 'use_dpop_nonce';

/** The uid of an event; empty where it has none. */
export function uidOf(event: unknown): string {
  const uid = asRecord(asRecord(event)?.metadata)?.uid;
  return typeof uid === 'string' ? uid : '';
}

/** Counts what the events of a log say about some credentials. */
export class Tally {
  readonly #known: ReadonlySet<string>;
  readonly #start: number;
  readonly #after: number;
  readonly #asOf: number;
  readonly #remembered: string;
  readonly #addresses = new Map<string, string>();
  #clients = new Map<string, ClientTally>();
  /** Events that could not be read as far as they concern a known credential, or at all. */
  unreadable = 0;
  events = 0;
  /** Characters in all events. */
  size = 0;
  /** The first event's time; undefined: none. */
  first: number | undefined;
  /** The uid of the last event. */
  lastEvent = '';
  /** The time of the last event. */
  latest: number;

  /** @param after events up to then were counted before; @param remembered so were all up to the event with this uid */
  constructor(
    clientIds: Iterable<string>,
    about: {
      readonly start: number;
      readonly after: number;
      readonly asOf: number;
      readonly remembered: string;
    },
  ) {
    this.#known = new Set(clientIds);
    this.#start = about.start;
    this.#after = about.after;
    this.#asOf = about.asOf;
    this.#remembered = about.remembered;
    this.latest = about.start;
  }

  add(value: unknown): void {
    this.events += 1;
    const record = asRecord(value);
    if (!record) {
      this.unreadable += 1;
      return;
    }
    this.lastEvent = uidOf(record);
    if (this.lastEvent !== '' && this.lastEvent === this.#remembered) {
      // The log begins before what was requested.
      this.#clients = new Map();
      return;
    }
    const event = this.#read(record);
    if (event.at === undefined && event.clientIds.length > 0) this.unreadable += 1;
    // Without a time of its own it is from about the same time as its neighbours.
    const at = event.at ?? this.latest;
    if (event.at !== undefined && at >= this.#start - DAY) this.first ??= at;
    this.latest = at;
    if (at <= this.#after) return;
    for (const clientId of event.clientIds) this.#of(clientId).add(event, at);
  }

  #of(clientId: string): ClientTally {
    const tally = this.#clients.get(clientId) ?? new ClientTally();
    this.#clients.set(clientId, tally);
    return tally;
  }

  #read(record: WireRecord): LogEvent {
    const reason = wordOf(record.status_detail);
    const ip = asRecord(record.src_endpoint)?.ip;
    return {
      at: this.#timeOf(record),
      clientIds: reason === HANDSHAKE ? [] : this.#namedIn(record),
      address: typeof ip === 'string' ? this.#addressIn(ip) : '',
      refused: isLogin(record) && hasFailed(record) ? reason : undefined,
    };
  }

  /** Most addresses come again and again. */
  #addressIn(ip: string): string {
    const known = this.#addresses.get(ip);
    if (known !== undefined) return known;
    const address = singleAddress(ip) ?? '';
    if (this.#addresses.size >= TEXTS_KEPT) this.#addresses.clear();
    this.#addresses.set(ip, address);
    return address;
  }

  #timeOf({ time, time_dt }: WireRecord): number | undefined {
    for (const value of [time, time_dt]) {
      // JSON of protobuf writes large whole numbers as text.
      const at = typeof value === 'string' ? (parseTime(value) ?? Number(value)) : value;
      // Clocks differ a little.
      if (typeof at === 'number' && at >= FIRST_BELIEVED && at <= this.#asOf + DAY)
        return Math.min(at, this.#asOf);
    }
    return undefined;
  }

  /** Not recursive: an event may be nested deeper than the stack. */
  #namedIn(record: WireRecord): readonly string[] {
    const callers = new Set<string>();
    const targets = new Set<string>();
    const note = (text: string, found: Set<string>) => {
      this.size += text.length;
      if (this.#known.has(text)) found.add(text);
    };
    const left: (readonly [unknown, Set<string>])[] = [];
    for (const [key, value] of Object.entries(record))
      left.push([value, TARGETS.has(key) ? targets : callers]);
    for (let next = left.pop(); next; next = left.pop()) {
      const [value, found] = next;
      if (typeof value === 'string') note(value, found);
      if (typeof value !== 'object' || value === null) continue;
      for (const [key, part] of Object.entries(value)) {
        if (!Array.isArray(value)) note(key, found);
        left.push([part, found]);
      }
    }
    return [...(callers.size > 0 ? callers : targets)];
  }

  /** What to remember of a credential: what was known before, and what was counted. */
  memoryOf(clientId: string, before: ClientMemory | undefined): Omit<ClientMemory, 'from' | 'to'> {
    const tally = this.#clients.get(clientId);
    const lastAt = Math.max(before?.lastAt ? Date.parse(before.lastAt) : 0, tally?.lastAt ?? 0);
    const addresses = new AddressCounts(before?.addresses);
    for (const [address, seen] of tally?.addresses.entries() ?? []) addresses.count(address, seen);
    return {
      lastAt: lastAt === 0 ? null : toTimestamp(lastAt),
      addresses: addresses
        .entries(ADDRESSES_KEPT)
        .map(([address, { count, lastAt }]) => ({ address, count, lastAt: toTimestamp(lastAt) })),
      refused: refusals(before, tally, this.#asOf).map((refused) => ({
        ...refused,
        lastAt: toTimestamp(refused.lastAt),
      })),
    };
  }
}

/** By number, or by a word in its place: `AUTHENTICATION`. */
function isLogin({ class_uid, class_name }: WireRecord): boolean {
  return Number(class_uid) === LOGIN || /\bauthentication\b/i.test(wordsIn(class_uid, class_name));
}

/** The same for `STATUS_ID_FAILURE`. */
function hasFailed({ status_id, status }: WireRecord): boolean {
  const id = Number(status_id ?? 0);
  return id > 0 ? id === FAILURE : /\bfail/i.test(wordsIn(status_id, status));
}

function wordsIn(...values: readonly unknown[]): string {
  return values
    .filter((value) => typeof value === 'string')
    .join(' ')
    .replaceAll('_', ' ');
}

class ClientTally {
  readonly addresses = new AddressCounts();
  readonly refused = new Map<string, Refused>();
  lastAt = 0;

  add({ address, refused: reason }: LogEvent, at: number): void {
    if (reason === undefined) {
      this.lastAt = Math.max(this.lastAt, at);
      this.addresses.count(address, { count: 1, lastAt: at });
    } else countRefusal(this.refused, { reason, address, count: 1, lastAt: at });
  }
}

/** By day, so that those of the last 30 days can be told apart later. */
function countRefusal(refusals: Map<string, Refused>, refused: Refused): void {
  const { reason, lastAt, count } = refused;
  const keyOf = (address: string) => JSON.stringify([reason, Math.floor(lastAt / DAY), address]);
  const isFull = refusals.size >= REFUSALS_KEPT && !refusals.has(keyOf(refused.address));
  const address = isFull ? '' : refused.address;
  const before = refusals.get(keyOf(address));
  refusals.set(keyOf(address), {
    reason,
    address,
    count: (before?.count ?? 0) + count,
    lastAt: Math.max(before?.lastAt ?? 0, lastAt),
  });
}

function refusals(before: ClientMemory | undefined, tally: ClientTally | undefined, asOf: number): Refused[] {
  const all = new Map<string, Refused>();
  const known = (before?.refused ?? []).map((refused) => ({
    ...refused,
    lastAt: Date.parse(refused.lastAt),
  }));
  for (const refused of [...known, ...(tally?.refused.values() ?? [])])
    if (asOf - refused.lastAt <= REFUSALS_FOR) countRefusal(all, refused);
  return [...all.values()];
}

/** Addresses, or the networks around them, with how often and when last they were seen. */
class AddressCounts {
  #seen = new Map<string, Seen>();
  /** Those of them that are networks. */
  #networks: (readonly [text: string, set: AddressSet])[] = [];

  constructor(before: ClientMemory['addresses'] = []) {
    this.#setNetworks(before.map(({ address }) => address).filter((address) => address.includes('/')));
    for (const { address, count, lastAt } of before)
      this.count(address, { count, lastAt: Date.parse(lastAt) });
  }

  count(address: string, { count, lastAt }: Seen): void {
    const key = this.#seen.has(address) ? address : (this.#around(address) ?? address);
    const seen = this.#seen.get(key) ?? { count: 0, lastAt: 0 };
    this.#seen.set(key, { count: seen.count + count, lastAt: Math.max(seen.lastAt, lastAt) });
    if (this.#seen.size > ADDRESSES_HELD) this.#merge(ADDRESSES_KEPT);
  }

  entries(limit = Number.POSITIVE_INFINITY): [string, Seen][] {
    if (this.#seen.size > limit) this.#merge(limit);
    return [...this.#seen];
  }

  #setNetworks(texts: readonly string[]): void {
    this.#networks = texts.map((text) => [text, readAddresses([text]).set]);
  }

  /** The network that the address was merged into, if there is one. */
  #around(address: string): string | undefined {
    if (address === '' || this.#networks.length === 0) return undefined;
    const { set } = readAddresses([address]);
    return this.#networks.find(([, network]) => containsSet(network, set))?.[0];
  }

  #merge(limit: number): void {
    const before = this.#seen;
    const unknown = before.get('');
    const texts = [...before.keys()].filter((address) => address !== '');
    const cover = smallestCover(readAddresses(texts).set, limit - (unknown ? 1 : 0));
    if (!cover) return;
    this.#seen = new Map(blocksOf(cover).map((network) => [network, { count: 0, lastAt: 0 }]));
    this.#setNetworks([...this.#seen.keys()]);
    if (unknown) this.#seen.set('', unknown);
    for (const [address, seen] of before) if (address !== '') this.count(address, seen);
  }
}

const TEXTS_KEPT = 10_000;

const FIRST_BELIEVED = Date.UTC(2000);

/** A word of the log's own; `other` for a sentence, which may name people. */
function wordOf(detail: unknown): string {
  return typeof detail === 'string' && /^[a-z][a-z0-9_]{0,63}$/i.test(detail)
    ? detail.toLowerCase()
    : 'other';
}
