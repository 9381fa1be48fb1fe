import { describe, expect, test } from '@jest/globals';
import rule from '../../rules/network-wider-than-use.js';
import { addressCount, containsSet, readAddresses } from '../../src/contract/index.js';
import { Tally } from '../../src/sources/c1/usage.js';
import { ago, factsWith, judgeRule, NOW } from '../../src/testing.js';

const DAY = 86_400_000;

/** The same numbers each time, from 0 to below 1. */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

const LISTS = [
  ['62.176.96.0/22'],
  ['20.118.40.0/26', '62.176.96.0/24', '2620:1::/48'],
  ['62.160.0.0/11'],
  [],
  ['2620:1::/64'],
  ['52.20.30.4/32'],
] as const;
/** Where a credential with such a list is used from: a few offices, and now and then anywhere that is allowed. */
const homes = (list: readonly string[], random: () => number): string => {
  const networks = list.length === 0 ? ['8.8.0.0/16', '2620:9::/64'] : list;
  const network = networks[Math.floor(random() * networks.length)] ?? '';
  const [base = '', bits = '32'] = network.split('/');
  const host = Math.floor(random() ** 12 * (base.includes(':') ? 60_000 : 2 ** (32 - Number(bits))));
  if (base.includes(':')) return `${base}${host.toString(16)}`;
  const first = base.split('.').reduce((sum, part) => sum * 256 + Number(part), 0) + host;
  return [24, 16, 8, 0].map((shift) => (first >>> shift) & 255).join('.');
};

const listOf = (n: number): readonly string[] => LISTS[n % LISTS.length] ?? [];

/** @returns where each credential was really used from */
function fill(tally: Tally, ids: readonly string[]): ReadonlySet<string>[] {
  const random = numbers(7);
  const successes = ids.map(() => new Set<string>());
  for (let n = 0; n < 100_000; n += 1) {
    const who = Math.floor(random() * ids.length);
    const failed = random() < 0.1;
    const ip = failed ? '198.51.100.66' : homes(listOf(who), random);
    if (!failed) successes[who]?.add(ip);
    tally.add({
      class_uid: 3002,
      status_id: failed ? 2 : 1,
      time: NOW - 30 * DAY + n * 25_000,
      metadata: { uid: `e${n}` },
      user: { credential_uid: ids[who] },
      src_endpoint: { ip: ip.includes('.') && n % 7 === 0 ? `::ffff:${ip}` : ip },
    });
  }
  return successes;
}

function proposalFor(
  allowedCidrs: readonly string[],
  addresses: ReturnType<Tally['memoryOf']>['addresses'],
): string[] | undefined {
  const seen = addresses.map((one) => ({ ...one, lastAt: new Date(one.lastAt) }));
  const facts = {
    allowedCidrs,
    usage: factsWith('usage', { since: ago(30), addresses: seen }),
    createdAt: ago(100),
  };
  const verdict = judgeRule(rule, { facts, options: { factor: 1 } });
  return verdict.outcome === 'violation' ? (verdict.data.networks as string[]) : undefined;
}

describe('a log of 100,000 events', () => {
  test('every success is admitted by the proposed networks, which never allow more than today', () => {
    const ids = Array.from({ length: 120 }, (_, n) => `key-${n}@acme.conductor.one/${n % 2 ? 'wfe' : 'spc'}`);
    const tally = new Tally(ids, { start: NOW - 30 * DAY, after: 0, asOf: NOW, remembered: '' });
    const successes = fill(tally, ids);
    const proposals = ids.flatMap((id, n) => {
      const { addresses } = tally.memoryOf(id, undefined);
      expect(addresses.length).toBeLessThanOrEqual(64);
      const proposal = proposalFor(listOf(n), addresses);
      return proposal ? [{ proposal, allowed: listOf(n), used: [...(successes[n] ?? [])] }] : [];
    });
    for (const { proposal, allowed, used } of proposals) {
      expect(proposal.length).toBeLessThanOrEqual(8);
      const { set, malformed } = readAddresses(proposal);
      expect(malformed).toEqual([]);
      expect(containsSet(set, readAddresses(used).set)).toBe(true);
      const today = readAddresses(allowed.length > 0 ? allowed : ['0.0.0.0/0', '::/0']).set;
      expect(containsSet(today, set)).toBe(true);
      expect(addressCount(set) < addressCount(today)).toBe(true);
    }
    expect(proposals.length).toBeGreaterThan(60);
  });
});
