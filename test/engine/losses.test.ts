import { describe, expect, test } from '@jest/globals';
import { KINDS, type Kind, type Snapshot, type SourceSeen, Unknown } from '../../src/contract/index.js';
import { withLosses } from '../../src/engine/losses.js';
import { type RememberedCredential, type State, stateOf } from '../../src/engine/state.js';
import { Table } from '../../src/engine/table.js';
import { credential, snapshot } from '../helpers/snapshot.js';

const AS_OF = '2026-11-24T06:00:00.000Z';

function state(ids: readonly string[], over: Partial<RememberedCredential> = {}): State {
  return stateOf({
    version: 1,
    tenant: 'acme.conductor.one',
    savedAt: AS_OF,
    seen: { 'personal-client': ['tenant'] },
    findings: {},
    resolved: {},
    credentials: Object.fromEntries(
      ids.map((id) => [`personal-client|${id}`, { roles: null, network: null, seenIn: 'tenant', ...over }]),
    ),
    slack: { postedAt: null, digestAt: null },
  });
}

const ids = (count: number, from = 0) => Array.from({ length: count }, (_, index) => `id-${from + index}`);

function seen(listed: readonly string[], over: Partial<Snapshot> = {}): Snapshot {
  return {
    ...snapshot(listed.map((id) => credential({ id }))),
    scope: 'tenant',
    sources: [{ kind: 'personal-client', status: 'complete', required: true, pages: 1, note: null }],
    ...over,
  };
}

const statusOf = ({ sources }: Snapshot) => sources[0]?.status;

describe('a list that lost more than half of at least 20 known credentials is incomplete', () => {
  test.each([
    { known: 20, left: 10, status: 'complete' },
    { known: 20, left: 9, status: 'partial' },
    { known: 19, left: 0, status: 'complete' },
    { known: 21, left: 11, status: 'complete' },
    { known: 21, left: 10, status: 'partial' },
    { known: 40, left: 0, status: 'partial' },
  ])('$left left of $known: $status', ({ known, left, status }) => {
    expect(statusOf(withLosses(seen(ids(left)), state(ids(known)), false))).toBe(status);
    // Whatever came new.
    const grown = seen([...ids(left), ...ids(100, 1_000)]);
    expect(statusOf(withLosses(grown, state(ids(known)), false))).toBe(status);
  });

  test('reports once how many are missing and what to do', () => {
    const { sources, failures } = withLosses(seen(ids(3)), state(ids(30)), false);
    expect(failures).toEqual([
      {
        message:
          '27 of the 30 personal clients that the last complete audit of acme.conductor.one knew are missing from the list.',
        hint: "Check the caller's roles. If these credentials were removed on purpose, run the audit once with --accept-shrink.",
      },
    ]);
    expect(sources[0]?.note).toBe(`${failures[0]?.message} ${failures[0]?.hint}`);
  });

  test('makes it unknown whether a principal whose trusts are missing has any', () => {
    const inForce = { id: 'a', name: 'a', disabled: false, providerDisabled: false };
    const byPrincipal = new Map([
      ['p1', [inForce]],
      ['p2', [{ ...inForce, disabled: true }]],
      ['p3', [inForce, { ...inForce, disabled: true }]],
      ['p4', [{ ...inForce, providerDisabled: true }]],
      ['p5', [{ ...inForce, providerDisabled: undefined }]],
    ]);
    const trusts = { byPrincipal, rest: null };
    const shrunken = {
      ...seen([]),
      sources: [{ ...seen([]).sources[0], kind: 'federation-trust' } as SourceSeen],
      facts: { ...seen([]).facts, trusts },
    };
    const before = {
      ...state([]),
      credentials: Table.of(
        ids(20).map((id) => [
          `federation-trust|${id}`,
          JSON.stringify({ roles: null, network: null, seenIn: 'tenant' }),
        ]),
      ),
    };
    const certain = withLosses(shrunken, before, false).facts.trusts;
    expect([...(certain?.byPrincipal.keys() ?? [])]).toEqual(['p1', 'p3']);
    expect(certain?.rest).toEqual(
      new Unknown(
        'most federation trusts that the last complete audit knew are missing from the list',
        "Check the caller's roles, or run the audit once with --accept-shrink.",
      ),
    );
    expect(withLosses(shrunken, before, true).facts.trusts).toEqual(trusts);
    expect(withLosses(seen([]), state(ids(20)), false).facts.trusts).toBeUndefined();
  });

  test('is accepted with --accept-shrink, and a note says so', () => {
    const { sources, failures, notes } = withLosses(seen(ids(3)), state(ids(30)), true);
    expect(sources[0]).toMatchObject({ status: 'complete', note: null });
    expect(failures).toEqual([]);
    expect(notes.at(-1)).toMatch(
      /^27 of the 30 .* are missing from the list; accepted with --accept-shrink\.$/,
    );
  });

  test('counts credentials that are known from findings only, each once', () => {
    const findings = Table.of(
      ids(20).map((credentialId, index) => [
        String(index).padStart(64, '0'),
        {
          ...{ rule: 'unused', kind: 'personal-client' as Kind, credentialId, firstSeen: AS_OF },
          ...{ severity: 'low' as const, waived: false, toldAt: null, milestones: null, seenIn: 'tenant' },
        },
      ]),
    );
    expect(statusOf(withLosses(seen([]), { ...state([]), findings }, false))).toBe('partial');
    expect(statusOf(withLosses(seen(ids(10)), { ...state(ids(20)), findings }, false))).toBe('complete');
  });

  test.each<[string, Partial<RememberedCredential>, Partial<Snapshot>]>([
    ['were gone before', { goneSince: AS_OF }, {}],
    ['belong to others', {}, { scope: 'mine' }],
    ['came from a file', { seenIn: 'file' }, {}],
    ['are decoys', {}, { decoys: ids(30).map((id) => ({ kind: 'personal-client', id })) }],
  ])('does not count credentials that %s', (_, memory, over) => {
    expect(statusOf(withLosses(seen([], over), state(ids(30), memory), false))).toBe('complete');
  });

  test("counts the caller's own credentials, if it is the same caller", () => {
    const mine = state(ids(30), { seenIn: 'mine:u1' });
    const as = (userId: string | null) => seen([], { scope: 'mine', self: { userId, clientId: 'c' } });
    expect(statusOf(withLosses(as('u1'), mine, false))).toBe('partial');
    expect(statusOf(withLosses(as('u2'), mine, false))).toBe('complete');
    expect(statusOf(withLosses(as(null), mine, false))).toBe('complete');
  });

  test('is not said of a list that is incomplete anyway, or that was optional', () => {
    const [source] = seen([]).sources;
    const before = state(ids(30));
    const partly = seen([], { sources: [{ ...source, status: 'partial' } as SourceSeen] });
    expect(withLosses(partly, before, false)).toEqual(partly);
    const optional = seen(ids(30), { sources: [{ ...source, required: false } as SourceSeen] });
    expect(withLosses(optional, before, false)).toEqual(optional);
  });

  test('does not count a credential that is listed as deleted', () => {
    const { credentials, ...rest } = seen(ids(30));
    const deleted = {
      ...rest,
      credentials: credentials.map((each) => ({ ...each, deletedAt: 0 })),
    };
    expect(statusOf(withLosses(deleted, state(ids(30)), false))).toBe('complete');
  });
});

describe('a source that was read before and is unavailable now', () => {
  const unavailable = (kind: Kind, required = false) =>
    seen([], { sources: [{ kind, status: 'unavailable', required, pages: 0, note: 'Not switched on.' }] });

  test.each(KINDS)('makes the run incomplete: %s', (kind) => {
    const before = { ...state([]), seen: { [kind]: ['tenant'] } };
    const { sources, failures } = withLosses(unavailable(kind), before, true);
    expect(sources[0]).toMatchObject({ status: 'unavailable', required: true });
    expect(sources[0]?.note).toMatch(
      /^Not switched on\. An earlier audit could read the .* Check the caller's roles/,
    );
    expect(failures).toHaveLength(1);
  });

  test('does not if it was never read, or without a state', () => {
    const absent = unavailable('federation-trust');
    expect(withLosses(absent, state([]), false).sources).toEqual(absent.sources);
    expect(withLosses(absent, undefined, false)).toBe(absent);
  });

  test('is reported once if the audit is incomplete anyway', () => {
    const asked = unavailable('personal-client', true);
    expect(withLosses(asked, state([]), false)).toEqual(asked);
  });
});
