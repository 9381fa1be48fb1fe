import fc from 'fast-check';
import {
  DAY,
  defineRule,
  type Role,
  type Rule,
  type Snapshot,
  type Waiver,
} from '../../src/contract/index.js';
import type { Evaluation } from '../../src/engine/evaluate.js';
import type { Told } from '../../src/engine/history.js';
import { credential, NOW, PLAIN_EVALUATION, snapshot } from './snapshot.js';

/*
 * Nights of a small tenant in which anything may happen: credentials come, go and change, lists break off, waivers and
 * rules are added and removed.
 */

const rule = (id: string, word: string, severity: Rule['severity'], kinds: Rule['kinds']) =>
  defineRule({
    id,
    title: 'The credential is bad',
    severity,
    kinds,
    docs: { why: 'Because.', fix: 'Fix it.', references: [] },
    needs: ['name', 'lastUsedAt'],
    messages: { bad: () => 'is bad' },
    check: ({ facts }) => (facts.name.includes(word) ? { messageId: 'bad', data: {} } : undefined),
  });
const RULES: readonly Rule[] = [
  rule('bad', 'bad', 'medium', ['personal-client', 'function']),
  rule('worse', 'worse', 'high', ['personal-client']),
  rule('expiring-soon', 'soon', 'low', ['personal-client']),
];

const IDS = ['a', 'b', 'c|d', '"e" \\', 'é', ...Array.from({ length: 25 }, (_, n) => `id-${n}`)];

const listed = (night: number) =>
  fc.record({
    kind: fc.constantFrom('personal-client' as const, 'function' as const),
    id: fc.constantFrom(...IDS),
    name: fc.constantFrom('fine', 'bad', 'worse', 'bad and worse', 'soon', 'bad, soon'),
    disabled: fc.boolean().map((yes) => yes && night % 2 === 0),
    expiresAt: fc.constantFrom(null, NOW + 6 * DAY, NOW + 80 * DAY),
    lastUsedAt: fc.constantFrom(null, NOW - 120 * DAY, NOW + (night - 1) * DAY),
    allowedCidrs: fc.constantFrom([], ['62.1.2.0/24'], ['62.1.0.0/16'], ['62.1.2.0/24', '63.0.0.0/8']),
    scopedRoleIds: fc.constantFrom([], ['r1'], ['r1', 'r2']),
  });

const waiver: fc.Arbitrary<Waiver> = fc.record({
  rule: fc.constantFrom('*', 'bad', 'worse'),
  credential: fc.constantFrom(...IDS.slice(0, 8)),
  reason: fc.constant('known'),
  approvedBy: fc.constant('ada@acme.example'),
  expires: fc.constantFrom('2026-11-26', '2027-01-31'),
});

const grant = fc.constantFrom('read', 'write', 'delete');

/** Two roles, of which the second can do these. */
function rolesWith(grants: readonly string[]): ReadonlyMap<string, Role> {
  const role = (id: string, granted: readonly string[]): [string, Role] => [
    id,
    { id, name: id, displayName: '', grants: granted },
  ];
  return new Map([role('r1', ['read']), role('r2', grants)]);
}

export interface Night {
  readonly snapshot: Snapshot;
  readonly evaluation: Omit<Evaluation, 'snapshot' | 'history'>;
  /** Whether a message mentions all that is news. */
  readonly isTold: boolean;
}

const night = (number: number): fc.Arbitrary<Night> =>
  fc
    .record({
      credentials: fc.uniqueArray(listed(number), {
        maxLength: 30,
        selector: ({ kind, id }) => `${kind}|${id}`,
      }),
      isWhole: fc.integer({ min: 0, max: 4 }).map((one) => one > 0),
      scope: fc.constantFrom('tenant' as const, 'tenant' as const, 'mine' as const),
      decoy: fc.option(fc.constantFrom(...IDS), { nil: undefined, freq: 5 }),
      rules: fc.subarray([...RULES], { minLength: 1 }),
      withChanges: fc.integer({ min: 0, max: 4 }).map((one) => one > 0),
      waivers: fc.array(waiver, { maxLength: 4 }),
      severity: fc.constantFrom(undefined, 'critical' as const),
      isTold: fc.boolean(),
      roles: fc.option(fc.array(grant, { maxLength: 3 }).map(rolesWith), { nil: undefined }),
    })
    .map(({ credentials, isWhole, scope, decoy, rules, withChanges, waivers, severity, isTold, roles }) => ({
      snapshot: snapshot(
        credentials.map((one) => credential(one)),
        roles === undefined ? {} : { roles },
        {
          scope,
          ...(decoy === undefined ? {} : { decoys: [{ kind: 'personal-client', id: decoy }] }),
          sources: (['personal-client', 'function'] as const).map((kind) => ({
            kind,
            status: isWhole ? 'complete' : 'partial',
            required: true,
            pages: 1,
            note: null,
          })),
        },
      ),
      evaluation: {
        ...PLAIN_EVALUATION,
        rules: rules.map((one) => ({ rule: one, severity, options: {}, floors: {} })),
        known: RULES.map(({ id }) => id),
        waivers,
        only: withChanges ? undefined : new Set([...rules.map(({ id }) => id)]),
        asOf: NOW + number * DAY,
      },
      isTold,
    }));

export const nights = fc.tuple(...[1, 2, 3, 4].map(night));

/** What the messages of a night mention, given what is news. */
export function toldIn(
  { isTold }: Night,
  {
    items,
    digest,
  }: { readonly items: readonly { readonly fingerprint: string }[]; readonly digest: readonly string[] },
): Told {
  return {
    posted: isTold,
    findings: new Set(isTold ? [...items.map(({ fingerprint }) => fingerprint), ...digest] : []),
    digest: isTold && digest.length > 0,
    ...(isTold && { message: { channel: 'C0123456', ts: '1700000000.000100' } }),
  };
}
