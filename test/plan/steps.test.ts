import { describe, expect, test } from '@jest/globals';
import { rules } from '../../rules/index.js';
import type { Kind, Rule } from '../../src/contract/index.js';
import { DRIFT_RULES } from '../../src/engine/drift.js';
import { stepsFor } from '../../src/plan/plan.js';
import { ruleInfos } from '../../src/reporters/reporter.js';
import { sampleCredential, sampleFinding, TENANT } from '../helpers/sample-report.js';

const AS_OF = '2026-11-24T06:00:00.000Z';
const infos = ruleInfos(rules);
const built: readonly Pick<Rule, 'id' | 'kinds' | 'messages'>[] = [...rules, ...DRIFT_RULES];
const cases = built.flatMap(({ id, kinds, messages }) =>
  kinds.flatMap((kind) => Object.keys(messages).map((messageId) => ({ id, kind, messageId }))),
);

/** The steps for a personal client on which these rules reported something. */
function steps(given: readonly Partial<Rule>[], ...ids: readonly string[]): string[] {
  const known = new Map([...infos, ...given.map((rule) => [rule.id ?? '', rule as Rule] as const)]);
  const credential = sampleCredential({ kind: 'personal-client' });
  const findings = ids.map((rule) =>
    sampleFinding({ rule, messageId: 'x', fix: 'Put the ticket number into its name.', credential }),
  );
  return stepsFor({ tenant: TENANT, asOf: AS_OF }, credential, findings, known).map(({ text }) => text);
}

describe('each message on each kind leads to steps', () => {
  test.each(cases)(
    '$id, $messageId, $kind',
    ({ id, kind, messageId }: { id: string; kind: Kind; messageId: string }) => {
      const credential = sampleCredential({ kind });
      const found = sampleFinding({ rule: id, messageId, credential });
      const steps = stepsFor({ tenant: TENANT, asOf: AS_OF }, credential, [found], infos);
      expect(steps.length).toBeGreaterThan(0);
      for (const { text } of steps) {
        expect(text).toMatch(/^[A-Z].*\.$/s);
        expect(text).not.toMatch(/undefined|\[object/);
      }
    },
  );
});

describe('a rule defines the steps of its plan', () => {
  const ticket = {
    id: 'acme/ticket',
    title: 'The name holds no ticket number',
    kinds: ['personal-client'],
    messages: { x: () => 'x' },
  } satisfies Partial<Rule>;
  const named = { ...ticket, successor: 'a ticket number in its name' } satisfies Partial<Rule>;

  test('what its successor must have appears once, in the step that creates it', () => {
    const [create = '', next] = steps([named], 'no-expiry', 'acme/ticket');
    expect(create).toContain(' and a ticket number in its name. Its owner');
    expect(next).toMatch(/^Replace it with the new client id/);
  });

  test('it appears even if another rule demands the replacement', () => {
    expect(steps([named], 'no-expiry')[0]).toContain('a ticket number in its name');
    expect(steps([{ ...named, kinds: ['federation-trust'] }], 'no-expiry')[0]).not.toContain('ticket');
  });

  test('without a successor text its fix becomes a step', () => {
    expect(steps([ticket], 'no-expiry', 'acme/ticket')[1]).toBe(
      'So that acme/ticket does not report the successor as well: Put the ticket number into its name.',
    );
    expect(steps([ticket], 'acme/ticket')).toEqual(['Put the ticket number into its name.']);
  });

  test('a rule of a plug-in may demand a replacement', () => {
    const rotated = { ...named, plan: { way: 'replace', first: 'Open a ticket.' } } satisfies Partial<Rule>;
    expect(steps([rotated], 'acme/ticket').map((text) => text.slice(0, 20))).toEqual([
      'Open a ticket.',
      'Create its successor',
      'Replace it with the ',
      'Wait until its least',
      'Then delete it: your',
    ]);
    const asked = { ...rotated, plan: { ...rotated.plan, messages: { x: { way: 'end' } } } } as const;
    expect(steps([asked], 'acme/ticket').at(-1)).toMatch(/^Then delete it/);
    expect(steps([asked], 'acme/ticket')).toHaveLength(2);
  });

  test.each(['__proto__', 'constructor', 'acme/gone'])('%s is not a rule', (rule) => {
    expect(steps([], rule)).toEqual(['Put the ticket number into its name.']);
  });

  test('the same need is listed once', () => {
    const [create = ''] = steps([], 'no-expiry');
    expect(create.match(/only the roles its job needs/g)).toHaveLength(1);
  });
});

describe('the other ways in', () => {
  const stepsOf = (kind: Kind, over: Parameters<typeof sampleCredential>[0], ...ids: readonly string[]) => {
    const credential = sampleCredential({ kind, ...over });
    const findings = ids.map((rule) => sampleFinding({ rule, messageId: 'x', credential }));
    return stepsFor({ tenant: TENANT, asOf: AS_OF }, credential, findings, infos).map(({ text }) => text);
  };

  test('a new tunnel credential revokes the old one, which is not revoked twice', () => {
    const replaced = stepsOf('tunnel-credential', { owner: null }, 'no-expiry');
    expect(replaced[0]).toMatch(
      /^Create its successor when the tunnel may be down.*revokes the old one at once/,
    );
    expect(replaced[0]).not.toContain('Give it');
    expect(replaced.join()).not.toMatch(/Then[^.]* revoke it/);
    expect(stepsOf('tunnel-credential', { owner: null }, 'no-expiry', 'unused').at(-1)).toMatch(
      /^If nothing needs it, revoke it: /,
    );
  });

  test('a key of the LLM gateway is replaced without a look at its use, which nobody sees', () => {
    const replaced = stepsOf('llm-gateway-key', { owner: null, lastUsedAt: null }, 'not-rotated');
    expect(replaced.slice(1)).toEqual([
      'Replace it with the new key everywhere it is used.',
      'Wait until its least frequent job has run with the new one. ConductorOne does not show the use of this kind.',
      'Then revoke it: the LLM gateway > API keys > the key.',
    ]);
  });

  test('an external client gets other roles by a new approval', () => {
    const [adjust] = stepsOf('external-client', {}, 'admin-scope');
    expect(adjust).toMatch(/^Limit it to the roles its job needs: AI access management > AI clients/);
    expect(adjust).toContain('connect the client again and approve it with the roles it needs');
  });
});

describe('what the system log shows', () => {
  const idle = (over: object) => {
    const credential = sampleCredential({ kind: 'federation-trust', lastUsedAt: null, ...over });
    const found = sampleFinding({ rule: 'unused', messageId: 'idle', credential });
    return stepsFor({ tenant: TENANT, asOf: AS_OF }, credential, [found], infos).map(({ text }) => text);
  };
  const none = { since: '2026-10-25T06:00:00.000Z', addresses: 0, lastAt: null };

  test('no use over 30 days or more: safe to revoke', () => {
    const [first, second, ...others] = idle({ use: none });
    expect(first).toBe('No use in the 30 days the log covers: safe to revoke.');
    expect(second).toMatch(/^Then delete it/);
    expect(others).toEqual([]);
  });

  test.each([
    ['a log that is a millisecond too short', { use: { ...none, since: '2026-10-25T06:00:00.001Z' } }],
    ['no log', {}],
    ['a last use on record that the log lacks', { use: none, lastUsedAt: '2026-11-01T00:00:00.000Z' }],
    ['the credential that runs the audit', { use: none, self: true }],
  ])('%s: nothing is said to be safe', (_, over) => {
    expect(idle(over).join()).not.toContain('safe to revoke');
  });

  test('addresses and the last use', () => {
    const use = { ...none, addresses: 3, lastAt: '2026-11-22T05:00:00.000Z' };
    expect(idle({ use })[0]).toBe(
      'Find out whether anything still needs it (it was used from 3 addresses, last 2 days ago).',
    );
    expect(idle({ use: { ...use, addresses: 1, lastAt: AS_OF } })[0]).toContain('1 address, in the last day');
  });

  test('the networks to set', () => {
    const credential = sampleCredential({ kind: 'personal-client' });
    const found = sampleFinding({
      rule: 'network-wider-than-use',
      messageId: 'narrow',
      credential,
      data: { networks: ['62.176.96.4/31', '62.176.96.9/32'] },
    });
    const [step] = stepsFor({ tenant: TENANT, asOf: AS_OF }, credential, [found], infos);
    expect(step?.text).toContain(
      'Limit it to 62.176.96.4/31, 62.176.96.9/32, which hold every address that the system log shows',
    );
  });
});
