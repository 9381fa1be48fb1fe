import {
  type Credential,
  DAY,
  KINDS,
  type Kind,
  type Owner,
  type Snapshot,
  type TenantFacts,
  Unknown,
} from '../../src/contract/index.js';
import type { Evaluation } from '../../src/engine/evaluate.js';

export { DAY };

/** The clock of hand-made snapshots. */
export const NOW = Date.parse('2026-11-24T06:00:00Z');

const NOT_GIVEN = new Unknown('the snapshot does not hold it', 'Give it.');

/** How many of each kind are listed as deleted. */
export const NO_DELETED = Object.fromEntries(KINDS.map((kind) => [kind, 0])) as Record<Kind, number>;

/** A live, harmless personal client. */
export function credential(over: Partial<Credential> = {}): Credential {
  return {
    kind: 'personal-client',
    id: 'a',
    clientId: `${over.id ?? 'a'}@acme.conductor.one/pcc`,
    name: 'deploy',
    ownerId: 'u1',
    deletedAt: null,
    disabled: false,
    createdAt: NOW - 10 * DAY,
    expiresAt: NOW + 80 * DAY,
    lastUsedAt: NOW - DAY,
    allowedCidrs: ['62.1.2.0/24'],
    scopedRoleIds: ['r1'],
    requireDpop: false,
    condition: '',
    providerId: '',
    ...over,
  };
}

export function owner(over: Partial<Owner> = {}): Owner {
  return {
    id: 'u1',
    name: '',
    email: '',
    status: 'active',
    type: 'human',
    roles: undefined,
    managers: [],
    ...over,
  };
}

/** A tenant seen whole, of which only what is given is known. */
export function snapshot(
  credentials: readonly Credential[],
  facts: Partial<TenantFacts> = {},
  over: Partial<Snapshot> = {},
): Snapshot {
  const kinds =
    credentials.length === 0
      ? (['personal-client'] as const)
      : [...new Set(credentials.map(({ kind }) => kind))];
  return {
    tenant: 'acme.conductor.one',
    scope: 'tenant',
    self: null,
    credentials,
    sources: kinds.map((kind) => ({ kind, status: 'complete', required: true, pages: 1, note: null })),
    facts: {
      owners: new Map(),
      roles: NOT_GIVEN,
      allowList: NOT_GIVEN,
      providers: { seen: new Map(), rest: null },
      trusts: undefined,
      ...facts,
    },
    notes: [],
    failures: [],
    ...over,
  };
}

/** How an audit is evaluated where a test sets nothing else: at `NOW`, with nothing waived, chosen or remembered. */
export const PLAIN_EVALUATION: Omit<Evaluation, 'snapshot' | 'rules' | 'known'> = {
  tool: { name: 'c1-audit', version: '0.1.0' },
  waivers: [],
  choices: {},
  only: undefined,
  history: undefined,
  minSeverity: 'info',
  asOf: NOW,
  startedAt: NOW,
  finishedAt: NOW,
};
