import { describe, expect, test } from '@jest/globals';
import { type Credential, type TenantFacts, Unknown } from '../../../src/contract/index.js';
import { providersOf, trustsByPrincipal } from '../../../src/sources/c1/federation.js';
import type { KindSeen } from '../../../src/sources/c1/lists.js';
import { credential, NOW } from '../../helpers/snapshot.js';

const REST = new Unknown('the list broke off', 'Look.');
const PROVIDERS: TenantFacts['providers'] = {
  seen: new Map([
    ['on', { id: 'on', name: 'On', disabled: false }],
    ['off', { id: 'off', name: 'Off', disabled: true }],
  ]),
  rest: null,
};

const trust = (id: string, over: Partial<Credential> = {}) =>
  credential({ kind: 'federation-trust', id, name: id, ownerId: 'sp', providerId: 'on', ...over });

function seen(trusts: readonly Credential[], status: KindSeen['seen']['status'] = 'complete'): KindSeen {
  return {
    credentials: trusts,
    seen: { kind: 'federation-trust', status, required: true, pages: 1, note: null },
    failure: undefined,
  };
}

describe('providers', () => {
  test('stay as they were read if every trust names one, or no trusts were read', () => {
    for (const trusts of [seen([trust('a'), trust('b')]), seen([]), undefined])
      expect(providersOf(trusts, PROVIDERS)).toEqual({ providers: PROVIDERS, note: null });
  });

  test('are not known to be complete if one trust names none', () => {
    const { providers, note } = providersOf(seen([trust('a'), trust('b', { providerId: '' })]), PROVIDERS);
    expect(providers.seen).toBe(PROVIDERS.seen);
    expect(providers.rest).toMatchObject({
      reason: 'a trust does not say who its provider is',
      cure: 'Look at the providers in ConductorOne.',
    });
    expect(note).toBeNull();
  });

  test('keep the first reason why they are not complete', () => {
    const partial = { ...PROVIDERS, rest: REST };
    expect(providersOf(seen([trust('a', { providerId: '' })]), partial).providers).toBe(partial);
  });

  test('are not known to be missing if none is listed, but trusts name some', () => {
    const none = { seen: new Map(), rest: null };
    const { providers, note } = providersOf(seen([trust('a')]), none);
    expect(providers.rest?.reason).toBe(
      'GET /workload_federation/providers lists none, but trusts name some',
    );
    expect(note).toContain(providers.rest?.reason);
    expect(providersOf(seen([]), none)).toEqual({ providers: none, note: null });
    expect(providersOf(undefined, none)).toEqual({ providers: none, note: null });
  });
});

describe('trusts by service principal', () => {
  const of = (kind: KindSeen, providers = PROVIDERS) => {
    const { byPrincipal, rest } = trustsByPrincipal(kind, providers);
    return { byPrincipal: Object.fromEntries(byPrincipal), rest };
  };

  test('are in the order of their ids, with what is known of their provider', () => {
    const trusts = [
      trust('c', { providerId: 'off' }),
      trust('a'),
      trust('b', { disabled: true }),
      trust('d', { providerId: 'deleted' }),
      trust('e', { providerId: '' }),
      trust('f', { ownerId: 'other' }),
    ];
    for (const list of [trusts, [...trusts].reverse()])
      expect(of(seen(list))).toEqual({
        byPrincipal: {
          sp: [
            { id: 'a', name: 'a', disabled: false, providerDisabled: false },
            { id: 'b', name: 'b', disabled: true, providerDisabled: false },
            { id: 'c', name: 'c', disabled: false, providerDisabled: true },
            { id: 'd', name: 'd', disabled: false, providerDisabled: true },
            { id: 'e', name: 'e', disabled: false, providerDisabled: undefined },
          ],
          other: [{ id: 'f', name: 'f', disabled: false, providerDisabled: false }],
        },
        rest: null,
      });
  });

  test('a provider that is not listed may work if the list of providers is not complete', () => {
    const { byPrincipal } = of(seen([trust('a', { providerId: 'x' })]), { ...PROVIDERS, rest: REST });
    expect(byPrincipal.sp).toMatchObject([{ providerDisabled: undefined }]);
  });

  test('leave out those that are deleted or name no principal', () => {
    const none = [trust('a', { deletedAt: NOW }), trust('b', { ownerId: '' })];
    expect(of(seen(none))).toEqual({ byPrincipal: {}, rest: null });
  });

  test('of an incomplete list count only if one of them works', () => {
    const trusts = [
      trust('a', { ownerId: 'works' }),
      trust('b', { ownerId: 'works', disabled: true }),
      trust('c', { ownerId: 'disabled', disabled: true }),
      trust('d', { ownerId: 'provider', providerId: 'off' }),
      trust('e', { ownerId: 'nameless', providerId: '' }),
    ];
    for (const status of ['partial', 'unavailable'] as const) {
      const { byPrincipal, rest } = of(seen(trusts, status));
      expect(Object.keys(byPrincipal)).toEqual(['works']);
      expect(byPrincipal.works?.map(({ id }) => id)).toEqual(['a', 'b']);
      expect(rest).toMatchObject({
        reason: "the tenant's federation trusts were not read completely",
        cure: 'See the coverage of federation trusts.',
      });
    }
  });
});
