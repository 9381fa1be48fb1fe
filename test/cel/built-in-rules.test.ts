import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { rules } from '../../rules/index.js';
import { toRule } from '../../src/cel/rule.js';
import type { Rule } from '../../src/contract/index.js';
import { judgeRule } from '../../src/testing.js';
import { root } from '../helpers/package.js';
import { casesFor } from '../rules/arbitrary-facts.js';

const ADMIN = 'credential.scopedRoles.exists(r, r.id == "system:owner" || r.name == "system:owner")';

/** A built-in rule in CEL: for each message id, when it is reported. */
const IN_CEL: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  expired: { expired: 'credential.expiresAt != null && now - credential.expiresAt >= duration("0s")' },
  'lifetime-too-long': {
    long: 'credential.expiresAt != null && credential.expiresAt - credential.createdAt > duration("4320h")',
  },
  'no-expiry': { never: 'credential.expiresAt == null' },
  'not-rotated': { old: 'now - credential.createdAt >= duration("8760h")' },
  'admin-scope': {
    admin: ADMIN,
    adminByPermissions: `!(${ADMIN}) && credential.scopedRoles.exists(r, r.id in credential.tenantRoles && credential.tenantRoles[r.id].coversOwner)`,
  },
  'unknown-role': { unresolved: 'credential.scopedRoles.exists(r, !(r.id in credential.tenantRoles))' },
  'owner-inactive': {
    gone: 'credential.owner.status == "gone"',
    disabled: 'credential.owner.status == "disabled"',
    deleted: 'credential.owner.status == "deleted"',
  },
  exposed: { exposed: 'credential.exposure != null' },
  'too-many-credentials': { crowded: 'credential.ownerLiveKeys.newer >= 5' },
  'default-name': {
    blank: String.raw`credential.name.matches(r"^[\s\pZ\pC]*$")`,
    cliLogin: String.raw`!credential.name.matches(r"^[\s\pZ\pC]*$") && credential.name.trim().matches(r"(?i)^(created (by|from) (cone$|c1i)|c1i login role lookup \(temporary\)$)")`,
  },
  // The TypeScript rule asks for both dates even where one of them would do.
  'rotation-unfinished': {
    overlap:
      'credential.createdAt > now || credential.createdAt <= now ? credential.siblings.used.exists(s, s.createdAt <= now - duration("336h") && s.createdAt > credential.createdAt) : false',
  },
  'no-proof-of-possession': { bearer: '!credential.requireDpop' },
  'static-beside-federation': {
    replaceable: 'credential.principalTrusts.exists(t, !t.disabled && !t.providerDisabled)',
  },
  'trust-leftover': {
    providerDisabled: 'credential.provider == null || credential.provider.disabled',
  },
};

/** What CEL cannot say, and why. docs/rules-in-cel.md says the same. */
const NOT_IN_CEL: Readonly<Record<string, string>> = {
  'expiring-soon': 'it goes on without the creation date where that is unknown',
  'no-scoped-roles': 'its severity depends on the roles of the owner, and it goes on where they are unknown',
  'unverified-client': 'its severity depends on roles, and it goes on where they are unknown',
  'owner-leaving': 'it ignores blanks and punctuation in a status',
  'scope-beyond-owner': 'it is unknown on purpose where a role of the owner hides what it can do',
  'open-cidr': 'it merges networks',
  'malformed-cidr': 'it reads networks',
  'unreachable-cidr': 'it merges networks',
  unused: 'it is unknown on purpose where the system log is too short',
  'refused-use': 'its severity depends on how many there were',
  'network-wider-than-use': 'it merges networks',
  'loose-trust-condition': 'it is unknown on purpose for a condition that is too long',
};

function inCel(rule: Rule, when: string): Rule {
  const { title, severity, kinds, judges } = rule;
  const made = toRule({
    id: `cel/${rule.id}`,
    title,
    severity,
    kinds,
    when,
    message: 'm',
    fix: 'f',
    ...(judges === undefined ? {} : { judges }),
  });
  if ('check' in made) return made;
  throw new Error(JSON.stringify(made));
}

test('every built-in rule is said in CEL, or it is said why not', () => {
  expect([...Object.keys(IN_CEL), ...Object.keys(NOT_IN_CEL)].sort()).toEqual(
    rules.map(({ id }) => id).sort(),
  );
});

test('docs/rules-in-cel.md names those that cannot be said', () => {
  const page = readFileSync(join(root, 'docs/rules-in-cel.md'), 'utf8');
  const [, list = ''] = /For these reasons (.*) cannot be said in CEL/.exec(page) ?? [];
  expect([...list.matchAll(/`([\w-]+)`/g)].map(([, id]) => id)).toEqual(Object.keys(NOT_IN_CEL).sort());
});

describe('agrees with its TypeScript on every generated credential', () => {
  test.each(Object.entries(IN_CEL))('%s', (id, conditions) => {
    const rule = rules.find((one) => one.id === id) as Rule;
    const messages = Object.keys(rule.messages);
    expect(Object.keys(conditions).sort()).toEqual(messages.sort());
    const cel = Object.entries(conditions).map(([messageId, when]) => ({
      messageId,
      rule: inCel(rule, when),
    }));
    const given = casesFor(rule).map(({ kind, facts = {} }) => ({ kind, facts }));
    const seen = new Set<string>();
    fc.assert(
      fc.property(given, (oneCase) => {
        const verdict = judgeRule(rule, oneCase as never);
        const expected = verdict.outcome === 'violation' ? verdict.messageId : verdict.outcome;
        seen.add(expected);
        const outcomes = cel.map((one) => ({
          ...one,
          verdict: judgeRule(one.rule, declaredOf(one.rule, oneCase)),
        }));
        expect(combined(outcomes)).toBe(expected);
      }),
      { numRuns: 150, seed: 20261126 },
    );
    expect([...seen]).toEqual(expect.arrayContaining([...messages, 'pass', 'unknown']));
  });
});

/** judgeRule() refuses facts that a rule does not declare. */
function declaredOf(rule: Rule, { kind, facts }: { kind: unknown; facts: object }): never {
  const declared: readonly string[] = rule.optional ?? [];
  const own = Object.entries(facts).filter(([name]) => declared.includes(name));
  return { kind, facts: Object.fromEntries(own) } as never;
}

/** The messages of a rule exclude each other, so one that is reported decides; else one that is unknown does. */
function combined(
  outcomes: readonly { readonly messageId: string; readonly verdict: { readonly outcome: string } }[],
): string {
  const found = outcomes.filter(({ verdict }) => verdict.outcome === 'violation');
  expect(found.length).toBeLessThan(2);
  if (found[0]) return found[0].messageId;
  return outcomes.some(({ verdict }) => verdict.outcome === 'unknown') ? 'unknown' : 'pass';
}
