import { describe, expect, test } from '@jest/globals';
import type { Credential, Kind } from '../../../src/contract/index.js';
import { Unknown } from '../../../src/contract/index.js';
import { setDecoysApart } from '../../../src/sources/c1/decoys.js';
import { normalize } from '../../../src/sources/record.js';

const CREATED = Date.parse('2026-06-01T00:00:00Z');

function credential(id: string, over: Partial<Credential> = {}, kind: Kind = 'personal-client'): Credential {
  const record = { id, clientId: id, displayName: 'backup', createdAt: new Date(CREATED).toISOString() };
  const { credential: normal } = normalize(kind, record, CREATED);
  if (!normal) throw new Error('no credential');
  return { ...normal, ...over };
}

const decoy = (over: object = {}) => ({
  kinds: ['personal-client' as const],
  name: 'backup',
  createdAt: CREATED,
  ...over,
});

/** Ids that are left out, and ids that are judged without advice. */
function apart(credentials: readonly Credential[], decoys = [decoy()]) {
  const { credentials: judged, decoys: left, note } = setDecoysApart(credentials, decoys);
  return {
    judged: judged.map(({ id }) => id),
    withheld: judged.filter(({ adviceWithheld }) => adviceWithheld).map(({ id }) => id),
    left: left.map(({ id }) => id),
    note,
  };
}

describe('a credential is a decoy', () => {
  test.each([
    ['if kind, name and date are the same', {}, true],
    ['if it was created a minute later', { createdAt: CREATED + 60_000 }, true],
    ['if it was created a minute earlier', { createdAt: CREATED - 60_000 }, true],
    ['but not if later by more', { createdAt: CREATED + 60_001 }, false],
    ['but not if earlier by more', { createdAt: CREATED - 60_001 }, false],
    ['but not if its date is not known', { createdAt: new Unknown('?', '') }, false],
    ['but not if its name only looks alike', { name: 'Backup ' }, false],
  ])('%s', (_, over, left) => {
    const found = apart([credential('a', over)]);
    expect([found.left, found.withheld]).toEqual(left ? [['a'], []] : [[], ['a']]);
  });

  test("but not if the decoy's date is not known", () => {
    expect(apart([credential('a')], [decoy({ createdAt: undefined })])).toMatchObject({
      left: [],
      withheld: ['a'],
    });
  });

  test('but not of another kind or with another name', () => {
    const others = [credential('a', { name: 'other' }), credential('b', {}, 'service-principal-credential')];
    expect(apart(others)).toEqual({ judged: ['a', 'b'], withheld: [], left: [], note: null });
  });

  test('whichever of several decoys of its name it is', () => {
    const decoys = [decoy({ createdAt: CREATED - 1e9 }), decoy(), decoy({ createdAt: CREATED + 1e9 })];
    expect(apart([credential('a')], decoys).left).toEqual(['a']);
    expect(apart([credential('a')], decoys.slice(0, 1)).withheld).toEqual(['a']);
  });

  test('of any of the kinds that a decoy may be listed as', () => {
    const both = decoy({ kinds: ['personal-client', 'service-principal-credential'] });
    const list = [credential('a'), credential('b', {}, 'service-principal-credential')];
    expect(apart(list, [both]).left).toEqual(['a', 'b']);
  });
});

test('a note counts both, without names', () => {
  const at = (id: string, ms: number) => credential(id, { createdAt: CREATED + ms });
  expect(apart([at('a', 0)]).note).toBe('1 credential is a decoy and was left out.');
  expect(apart([at('a', 0), at('b', 1)]).note).toBe('2 credentials are decoys and were left out.');
  expect(apart([at('a', 1e9)]).note).toBe(
    '1 credential has the name of a decoy, but not its creation date: judged, without advice on what to do.',
  );
  expect(apart([at('a', 1e9), at('b', 2e9), at('c', 0)]).note).toBe(
    '1 credential is a decoy and was left out. 2 credentials have the name of a decoy, but not its creation date: judged, without advice on what to do.',
  );
  expect(apart([], []).note).toBeNull();
});
