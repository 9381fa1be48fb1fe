import { expect } from '@jest/globals';
import fc from 'fast-check';
import { type Credential, hasFact, isKnown, KINDS } from '../../../src/contract/index.js';
import { readPage } from '../../../src/sources/c1/lists.js';
import { RequestError } from '../../../src/sources/c1/request-error.js';
import { normalize, type WireRecord } from '../../../src/sources/record.js';
import { json, mutated, text } from '../arbitraries.js';
import { withoutHanging } from '../outcome.js';
import type { FuzzProperty } from '../property.js';
import { record } from '../records.js';

const kind = fc.constantFrom(...KINDS);

const page = fc.oneof(
  mutated({ list: [{ id: 'a' }, { id: 'b' }], nextPageToken: 'next' }),
  mutated({ list: Array.from({ length: 120 }, (_, n) => ({ id: `${n}` })), nextPageToken: '' }, 2),
);

/** The fields that may hold a fact. */
const FIELDS = {
  lastUsedAt: ['lastUsedAt'],
  expiresAt: ['expiresTime', 'expiresAt'],
  allowedCidrs: ['allowSourceCidr', 'allowSourceCidrs'],
} as const;

function expectSound(credential: Credential): void {
  const { id, name, clientId, ownerId, condition } = credential;
  expect(id).not.toBe('');
  for (const words of [name, clientId, ownerId]) expect(typeof words).toBe('string');
  const { createdAt, expiresAt, lastUsedAt, deletedAt } = credential;
  for (const instant of [createdAt, expiresAt, lastUsedAt, deletedAt])
    if (instant !== null && isKnown(instant)) expect(Number.isFinite(instant)).toBe(true);
  const { allowedCidrs, scopedRoleIds } = credential;
  for (const list of [allowedCidrs, scopedRoleIds])
    if (isKnown(list)) expect(list.every((entry) => typeof entry === 'string')).toBe(true);
  if (isKnown(condition)) expect(typeof condition).toBe('string');
}

const LATEST = Date.parse('2026-06-02T00:00:00Z');

export const wireProperties: readonly FuzzProperty[] = [
  {
    name: 'a record is a credential, or told to be none',
    runs: 150,
    property: () =>
      fc.asyncProperty(kind, fc.oneof(record, json), async (of, value) => {
        const { credential, problems, draft } = await withoutHanging(() => normalize(of, value, LATEST));
        if (credential === undefined) {
          expect(draft === true || problems.length > 0).toBe(true);
          return;
        }
        expect(credential.kind).toBe(of);
        expectSound(credential);
      }),
  },
  {
    name: 'a fact of the wrong type is unknown, never unset',
    runs: 150,
    property: () =>
      fc.asyncProperty(
        kind,
        json,
        fc.constantFrom('lastUsedAt' as const, 'expiresAt' as const, 'allowedCidrs' as const),
        async (of, value, what) => {
          const unset = value === null || value === '' || (Array.isArray(value) && value.length === 0);
          if (!hasFact(of, what)) return;
          const fields = Object.fromEntries(FIELDS[what].map((field) => [field, value]));
          const { credential } = normalize(of, { id: 'a', clientId: 'a', userId: 'u', ...fields }, LATEST);
          const fact = credential?.[what];
          const none = fact === null || (Array.isArray(fact) && fact.length === 0);
          // Years up to 1970 are how some servers write "never".
          const early = typeof value === 'string' && /^(?:0|1[0-8]|19[0-6]|1970|-)/.test(value);
          if (none) expect(unset || early).toBe(true);
        },
      ),
  },
  {
    name: 'an answer is a page, or refused',
    runs: 150,
    property: () =>
      fc.asyncProperty(page, text, async (answer, what) => {
        if (typeof answer !== 'object' || answer === null) return;
        try {
          const { records, nextPageToken } = readPage(answer as WireRecord, what);
          expect(Array.isArray(records)).toBe(true);
          expect(typeof nextPageToken).toBe('string');
        } catch (error) {
          expect(error).toBeInstanceOf(RequestError);
        }
      }),
  },
];
