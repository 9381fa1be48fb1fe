import { decoy, idOf } from '../build.js';
import type { Decoy, FederationTrust, PersonalClient } from '../records.js';

/** A key and a trust that nobody uses: whoever does has found what was left out for them. */
export const PLANTED = { key: 'vault-root-backup', trust: 'legacy release' } as const;

/** The decoys behind the planted records, and one of a kind that no list of credentials holds. */
export function decoys(clients: readonly PersonalClient[], trusts: readonly FederationTrust[]): Decoy[] {
  const createdAt = (records: readonly (PersonalClient | FederationTrust)[], name: string) =>
    records.find(({ displayName }) => displayName === name)?.createdAt ?? null;
  return [
    decoy({
      id: idOf('decoy key'),
      displayName: PLANTED.key,
      createdAt: createdAt(clients, PLANTED.key),
      annotations: { team: 'security' },
    }),
    decoy({
      id: idOf('decoy trust'),
      kind: 'DECOY_KIND_WORKLOAD_FEDERATION',
      displayName: PLANTED.trust,
      createdAt: createdAt(trusts, PLANTED.trust),
    }),
    decoy({
      id: idOf('decoy connector'),
      kind: 'DECOY_KIND_CONNECTOR_CLIENT',
      displayName: 'workday-connector',
      disabled: true,
    }),
  ];
}
