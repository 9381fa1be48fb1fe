import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parseState } from '../../src/delivery/state-file.js';
import { readStateText, stateText } from '../../src/delivery/state-text.js';
import { evaluate } from '../../src/engine/evaluate.js';
import { withLosses } from '../../src/engine/losses.js';
import type { State } from '../../src/engine/state.js';
import { type Night, nights, toldIn } from '../helpers/random-nights.js';
import { NOW } from '../helpers/snapshot.js';

const DAY_AFTER_ALL = NOW + 100 * 86_400_000;

function textOf(state: State | undefined): string | undefined {
  return state && `${[...stateText(state)].join('')}}\n`;
}

function read(text: string | undefined): State | undefined {
  if (text === undefined) return undefined;
  return parseState(Buffer.from(text), 'state.json', {
    tenant: 'acme.conductor.one',
    asOf: DAY_AFTER_ALL,
    key: undefined,
  });
}

/** The same in another order, with spaces. */
function rewritten(text: string): string {
  const turned = (value: unknown): unknown =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).reverse())
      : value;
  const state = JSON.parse(text) as Record<string, unknown>;
  const { findings, credentials } = state;
  return JSON.stringify(
    turned({ ...state, findings: turned(findings), credentials: turned(credentials) }),
    null,
    1,
  );
}

/** The same, but what is there twice counts as it is the second time. */
function doubled(text: string): string {
  const first = /"findings":\{("[0-9a-f]{64}":)/.exec(text);
  return first
    ? text.replace('"findings":{', `"findings":{${first[1]}${JSON.stringify(DOUBLE)},`)
    : text.replace('{', '{"tenant":"x",');
}

const DOUBLE = {
  rule: 'bad',
  kind: 'personal-client',
  credentialId: 'double',
  firstSeen: '2026-01-01T00:00:00.000Z',
  severity: 'low',
  waived: true,
  toldAt: null,
  milestones: null,
  seenIn: 'tenant',
};

const parsed = (text = 'null') => JSON.parse(text) as unknown;

/** All that an audit says and remembers. */
function played(night: Night, previous: State | undefined) {
  const { snapshot, evaluation } = night;
  const { report, comparison } = evaluate({
    ...evaluation,
    snapshot: withLosses(snapshot, previous, false),
    history: { previous },
  });
  const { news, resolved, gone } = comparison as NonNullable<typeof comparison>;
  const next = textOf(comparison?.next(toldIn(night, news)));
  const byFingerprint = (a: { fingerprint: string }, b: { fingerprint: string }) =>
    a.fingerprint < b.fingerprint ? -1 : 1;
  return {
    said: {
      report: JSON.parse(JSON.stringify(report)) as unknown,
      news: { ...news, items: [...news.items].sort(byFingerprint), digest: [...news.digest].sort() },
      resolved,
      gone,
    },
    next,
  };
}

test('a state that we wrote, and the same written by others, lead to the same audits', () => {
  let ours = 0;
  fc.assert(
    fc.property(nights, (some) => {
      let text: string | undefined;
      for (const night of some) {
        const plain = played(night, read(text));
        if (text !== undefined) {
          expect(readStateText(Buffer.from(text))).toBeDefined();
          for (const other of [rewritten(text), doubled(text)]) {
            expect(readStateText(Buffer.from(other))).toBeUndefined();
            const after = played(night, read(other));
            expect(after.said).toEqual(plain.said);
            expect(parsed(after.next)).toEqual(parsed(plain.next));
          }
          ours += 1;
        }
        text = plain.next ?? text;
      }
    }),
    { numRuns: 15 },
  );
  expect(ours).toBeGreaterThan(20);
});
