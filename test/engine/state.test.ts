import { describe, expect, test } from '@jest/globals';
import { describeFlaws, flawsOf } from '../../src/check.js';
import { KINDS } from '../../src/contract/index.js';
import {
  credentialKey,
  type HistoryRun,
  isWithin,
  MILESTONES,
  reachOf,
  STATE,
  STATE_VERSION,
  wouldSee,
} from '../../src/engine/state.js';

const AT = '2026-11-24T06:00:00.000Z';
const PRINT = 'a'.repeat(64);
const MEMORY = { rule: 'unused', kind: 'personal-client', credentialId: 'a', firstSeen: AT, severity: 'low' };
const FINDING = { ...MEMORY, waived: false, toldAt: null, milestones: null, seenIn: 'tenant' };
const CREDENTIAL = { roles: null, network: null, seenIn: 'tenant' };
const ADDRESS = { address: '192.0.2.1', count: 1, lastAt: AT };
const CLIENT = {
  from: AT,
  to: AT,
  lastAt: null,
  addresses: [ADDRESS],
  refused: [{ ...ADDRESS, reason: 'x' }],
};
const STATE_NOW = {
  version: 1,
  tenant: 'acme.conductor.one',
  savedAt: AT,
  seen: Object.fromEntries(KINDS.map((kind) => [kind, ['tenant']])),
  findings: { [PRINT]: FINDING },
  resolved: { [PRINT]: { ...MEMORY, resolvedAt: AT } },
  credentials: { 'personal-client|a': CREDENTIAL },
  grants: { hash: ['x'] },
  covered: { [PRINT]: ['personal-client|a'] },
  log: { lastEvent: '', to: AT, clients: { c: CLIENT } },
  slack: { postedAt: AT, digestAt: null },
};

const problem = (state: unknown) => describeFlaws(flawsOf(STATE, state));
const finding = (over: object) => ({ ...STATE_NOW, findings: { [PRINT]: { ...FINDING, ...over } } });
const remembered = (over: object) => ({
  ...STATE_NOW,
  credentials: { 'personal-client|a': { ...CREDENTIAL, ...over } },
});
const client = (over: object) => ({
  ...STATE_NOW,
  log: { ...STATE_NOW.log, clients: { c: { ...CLIENT, ...over } } },
});
const message = (over: object) => finding({ messages: [{ channel: 'C0123', ts: '1.2', ...over }] });

describe('a state', () => {
  test.each<[string, unknown]>([
    ['as it is', STATE_NOW],
    ['the shortest', { ...STATE_NOW, seen: {}, findings: {}, resolved: {}, credentials: {} }],
    ['of an older version', (({ grants, covered, log, ...older }) => older)(STATE_NOW)],
    [
      'with more of a later version',
      { ...finding({ more: 1 }), more: 1, slack: { ...STATE_NOW.slack, more: 1 } },
    ],
    [
      'with more on a credential',
      remembered({ more: 1, idle: { since: AT, at: AT, more: 1 }, goneSince: AT }),
    ],
    [
      'with more on what was resolved',
      { ...STATE_NOW, resolved: { [PRINT]: { ...MEMORY, resolvedAt: AT, more: 1 } } },
    ],
    ['with more on the log', client({ more: 1, addresses: [{ ...ADDRESS, more: 1 }] })],
    ['with more on a refusal', client({ refused: [{ ...ADDRESS, reason: 'x', more: 1 }] })],
    ['with more of the log', { ...STATE_NOW, log: { ...STATE_NOW.log, more: 1 } }],
    ['on a waiver', finding({ kind: 'waiver' })],
    ['with messages', message({ more: 1 })],
    [
      'with the longest message',
      message({ channel: 'C'.repeat(30), ts: `${'1'.repeat(20)}.${'1'.repeat(10)}` }),
    ],
    ['with the shortest channel', message({ channel: 'C1' })],
    ['told', finding({ toldAt: AT, milestones: { expiresAt: AT, told: [...MILESTONES], more: 1 } })],
    ['with networks', remembered({ network: ['192.0.2.0/24'], roles: ['x'], grants: ['y'] })],
    ['with any network', remembered({ network: 'any' })],
    ['used', client({ lastAt: AT })],
  ])('is read: %s', (_, state) => {
    expect(flawsOf(STATE, state)).toEqual([]);
  });

  test.each<[unknown, string]>([
    [{ ...STATE_NOW, version: 2 }, 'version: must be 1, not 2'],
    [{ ...STATE_NOW, savedAt: 'now' }, 'savedAt: "now": must be an RFC 3339 timestamp'],
    [{ ...STATE_NOW, savedAt: 1 }, 'savedAt: must be text, not 1'],
    [{ ...STATE_NOW, findings: { [`${PRINT}a`]: FINDING } }, 'must be 64 hexadecimal digits'],
    [{ ...STATE_NOW, findings: { [PRINT.slice(1)]: FINDING } }, 'must be 64 hexadecimal digits'],
    [{ ...STATE_NOW, findings: { [`g${PRINT.slice(1)}`]: FINDING } }, 'must be 64 hexadecimal digits'],
    [{ ...STATE_NOW, credentials: { a: CREDENTIAL } }, 'must be a kind of credential, | and an id'],
    [
      { ...STATE_NOW, credentials: { 'x-personal-client|a': CREDENTIAL } },
      'must be a kind of credential, | and an id',
    ],
    [{ ...STATE_NOW, covered: { [PRINT]: ['function'] } }, 'must be a kind of credential, | and an id'],
    [finding({ kind: 'key' }), 'kind: must be one of'],
    [finding({ firstSeen: 'x' }), 'firstSeen: "x": must be an RFC 3339 timestamp'],
    [finding({ milestones: { expiresAt: AT, told: [2] } }), 'milestones.told'],
    [message({ channel: 'c0123' }), 'must be the id of a Slack channel'],
    [message({ channel: 'C' }), 'must be the id of a Slack channel'],
    [message({ channel: 'C'.repeat(31) }), 'must be the id of a Slack channel'],
    [message({ channel: ' C0123' }), 'must be the id of a Slack channel'],
    [message({ channel: 'C0123 ' }), 'must be the id of a Slack channel'],
    [message({ ts: '1' }), 'must be the ts of a Slack message'],
    [message({ ts: '.1' }), 'must be the ts of a Slack message'],
    [message({ ts: '1.' }), 'must be the ts of a Slack message'],
    [message({ ts: `${'1'.repeat(21)}.1` }), 'must be the ts of a Slack message'],
    [message({ ts: `1.${'1'.repeat(11)}` }), 'must be the ts of a Slack message'],
    [remembered({ network: 'all' }), 'network'],
    [remembered({ idle: {} }), 'idle'],
    [client({ refused: [{ ...ADDRESS }] }), 'has no reason'],
    [{ ...STATE_NOW, resolved: { [PRINT]: MEMORY } }, 'has no resolvedAt'],
    [{ ...STATE_NOW, slack: {} }, 'has no postedAt'],
    [client({ addresses: [{ ...ADDRESS, count: -1 }] }), 'count'],
    [client({ addresses: [{ ...ADDRESS, count: 0.5 }] }), 'count'],
  ])('is refused: %#', (state, says) => {
    expect(problem(state)).toContain(says);
  });

  test('names a finding by when a message mentions it again', () => {
    expect(MILESTONES).toEqual([30, 14, 7, 3, 1]);
    expect(STATE_VERSION).toBe(1);
  });
});

describe('what an audit sees', () => {
  const run = (over: Partial<HistoryRun>): HistoryRun => ({
    tenant: 'acme',
    asOf: AT,
    scope: 'tenant',
    userId: 'u1',
    complete: true,
    completeKinds: new Set(['personal-client']),
    rules: new Set(),
    ...over,
  });

  test('is called by its scope, and by whose credentials it is', () => {
    expect(reachOf({ scope: 'tenant', userId: 'u1' })).toBe('tenant');
    expect(reachOf({ scope: 'file', userId: null })).toBe('file');
    expect(reachOf({ scope: 'mine', userId: 'u1' })).toBe('mine:u1');
    expect(reachOf({ scope: 'mine', userId: null })).toBe('mine:');
    expect(credentialKey('function', 'a|b')).toBe('function|a|b');
  });

  test.each([
    ['tenant', 'tenant', true],
    ['tenant', 'mine:u1', true],
    ['tenant', 'file', false],
    ['mine:u1', 'tenant', false],
    ['mine:u1', 'mine:u1', true],
    ['mine:u1', 'mine:u2', false],
    ['file', 'file', true],
    ['file', 'tenant', false],
  ])('%s holds %s: %s', (reach, seenIn, expected) => {
    expect(isWithin(reach, seenIn)).toBe(expected);
  });

  test('depends on the lists that were read, and for waivers on all', () => {
    expect(wouldSee(run({}), 'personal-client', 'tenant')).toBe(true);
    expect(wouldSee(run({ complete: false }), 'personal-client', 'tenant')).toBe(true);
    expect(wouldSee(run({}), 'function', 'tenant')).toBe(false);
    expect(wouldSee(run({}), 'waiver', 'tenant')).toBe(true);
    expect(wouldSee(run({ complete: false }), 'waiver', 'tenant')).toBe(false);
    expect(wouldSee(run({ scope: 'mine' }), 'personal-client', 'tenant')).toBe(false);
  });
});
