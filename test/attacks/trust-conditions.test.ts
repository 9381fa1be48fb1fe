import { describe, expect, test } from '@jest/globals';
import rule from '../../rules/loose-trust-condition.js';
import { judgeRule } from '../../src/testing.js';

/** What the rule reports for a condition, or `pass` or `unknown`. */
function verdict(condition: string): string {
  const judged = judgeRule(rule, { facts: { condition } });
  return judged.outcome === 'violation' ? `${judged.messageId} (${judged.severity})` : judged.outcome;
}

const long = (length: number) => 'x'.repeat(length);
/** Unfolds into more parts than are judged. */
const list = `[${Array.from('abcdefgh', (item) => `"${item}"`).join()}]`;
const unfolding = Array.from('uvwxyz').reduce(
  (inner, name) => `${list}.exists(${name}, ${inner})`,
  'claims.sub == u + v + w + x + y + z',
);

describe('a condition that admits everybody, made hard to read', () => {
  test.each<[name: string, condition: string]>([
    ['padded with a long text', `true || claims.x == "${long(900)}"`],
    ['padded beyond what ConductorOne accepts', `true || claims.x == "${long(100_000)}"`],
    ['with the padding first', `claims.x == "${long(100_000)}" || true`],
    ['padded with what cannot be decoded', 'claims.sub.split(":")[1] == "x" || true'],
    ['beside a part that unfolds too far', `true || ${unfolding}`],
    ['behind a part that unfolds too far', `${unfolding} || true`],
    ['behind two of them', `(${unfolding}) || (${unfolding}) || 1 < 2`],
    ['behind many blanks', `${' '.repeat(100_000)}true`],
    ['nested in conditionals', 'true ? (false ? claims.x == "a" : true) : claims.x == "b"'],
  ])('%s', (_, condition) => {
    expect(verdict(condition)).toBe('always (critical)');
  });
});

describe('a condition that cannot be decided is reported, not unknown', () => {
  test.each<[name: string, condition: string, expected: string]>([
    ['a claim in pieces', 'claims.sub.split(":")[1] == "acme/infra"', 'undecided (medium)'],
    ['a claim put together', '"%s".format([claims.sub]) == "x"', 'undecided (medium)'],
    ['a formatted claim that is only negated', '"%s".format([claims.iss]) != "x"', 'anyone (critical)'],
    ['a naming claim in pieces, only negated', 'claims.sub.substring(5) != "x"', 'anyone (critical)'],
    ['a part that unfolds too far', unfolding, 'undecided (medium)'],
    ['more operators than are read', `true${' || claims.a == "b"'.repeat(5000)}`, 'undecided (medium)'],
    ['nested too deeply to read', `${'('.repeat(4000)}true${')'.repeat(4000)}`, 'undecided (medium)'],
    ['larger than anything that is read', `true || claims.x == "${long(1_000_000)}"`, 'undecided (medium)'],
    ['the start of an account number', 'claims.sub.startsWith("arn:aws:iam::1234")', 'anyone (critical)'],
    [
      'the start of a service account',
      'claims.sub.startsWith("spiffe://a.example/ns/p/sa/b")',
      'loose (medium)',
    ],
    ['text that is not CEL', 'claims.sub ==', 'unknown'],
    ['a name that nothing declares', 'claim.sub == "x"', 'unknown'],
    ['a text instead of a truth', 'claims.sub', 'unknown'],
    ['too long to exist in ConductorOne', `claims.sub == "${long(2000)}"`, 'unknown'],
    ['one workload', 'claims.sub == "repo:acme/infra:ref:refs/heads/main"', 'pass'],
  ])('%s', (_, condition, expected) => {
    expect(verdict(condition)).toBe(expected);
  });
});

test('a condition that expands in many places is judged in time', () => {
  const start = process.cpuUsage();
  expect(verdict(Array<string>(80).fill(`(${unfolding})`).join(' && '))).toBe('undecided (medium)');
  const { user, system } = process.cpuUsage(start);
  expect((user + system) / 1e6).toBeLessThan(5);
});
