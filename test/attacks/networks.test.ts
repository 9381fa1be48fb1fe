import { describe, expect, test } from '@jest/globals';
import rule from '../../rules/open-cidr.js';
import { judgeRule } from '../../src/testing.js';

/** What the rule reports for an allow list, or `pass`. */
function verdict(allowedCidrs: readonly string[], options = {}): string {
  const judged = judgeRule(rule, { facts: { allowedCidrs }, options });
  return judged.outcome === 'violation' ? `${judged.messageId} (${judged.severity})` : judged.outcome;
}

const ipv4 = (address: number) => [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join('.');

/** Every other network of this prefix, all over IPv4. */
const everyOther = (prefix: number) =>
  Array.from({ length: 2 ** (prefix - 1) }, (_, at) => `${ipv4(at * 2 ** (33 - prefix))}/${prefix}`);

describe('an allow list that allows nearly everybody', () => {
  test.each<[name: string, entries: readonly string[], expected: string]>([
    ['half of IPv4 in one entry', ['0.0.0.0/1'], 'everywhere (high)'],
    ['half of IPv4 in 65,537 entries', [...everyOther(17), '52.0.128.0/17'], 'everywhere (high)'],
    ['all of IPv4 but one address block', ['0.0.0.0/1', '128.0.0.0/2', '192.0.0.0/3'], 'everywhere (high)'],
    ['half of the IPv6 that is in use', ['2000::/4'], 'everywhere (high)'],
    ['all of IPv4 behind an IPv6 network', ['::/64'], 'everywhere (high)'],
    [
      'a quarter of IPv4 in 32,768 networks below the limit',
      everyOther(17).slice(0, 32_768),
      'wide (medium)',
    ],
    ['seventeen networks at the limit', everyOther(16).slice(600, 617), 'wide (medium)'],
    ['sixteen networks at the limit', everyOther(16).slice(600, 616), 'pass'],
  ])('%s', (_, entries, expected) => {
    expect(verdict(entries)).toBe(expected);
  });

  test('a limit that allows everything does not hide half of the internet', () => {
    expect(verdict(['0.0.0.0/1'], { ipv4MinPrefix: 0, ipv6MinPrefix: 0 })).toBe('everywhere (high)');
  });
});

test('a list of 100,000 entries takes linear time', () => {
  const entries = everyOther(20).slice(0, 100_000);
  const timeOf = (count: number) => {
    const list = entries.slice(0, count);
    const start = process.cpuUsage();
    verdict(list);
    const { user, system } = process.cpuUsage(start);
    return user + system;
  };
  timeOf(10_000);
  expect(timeOf(100_000)).toBeLessThan(50 * timeOf(10_001));
});
