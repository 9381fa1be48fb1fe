import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { CLASSES, type Mention, mentions } from '../../scripts/ways-in.js';
import { SOURCE_KINDS } from '../../src/config/config.js';
import { KINDS, type Snapshot, type SourceSeen } from '../../src/contract/index.js';
import { ALL_WAYS, ledger } from '../../src/engine/ledger.js';

/** An excerpt of ConductorOne's OpenAPI document, which is not ours to publish. */
const EXCERPT = new URL('../../../shared/c1-openapi.json', import.meta.url);
const isThere = existsSync(EXCERPT);
if (!isThere)
  process.stderr.write(
    `Skipped in test/engine/ledger.test.ts: the OpenAPI excerpt (no ${EXCERPT.pathname})\n`,
  );

const source = (over: Partial<SourceSeen> = {}): SourceSeen => ({
  kind: 'personal-client',
  status: 'complete',
  required: true,
  pages: 1,
  note: null,
  ...over,
});
const entry = (sources: readonly SourceSeen[], way: string, scope: Snapshot['scope'] = 'tenant') =>
  ledger({ sources, scope }).find((each) => each.way === way);

describe('the ledger', () => {
  test('has one entry for each way', () => {
    expect(ledger({ sources: [], scope: 'mine' }).map(({ way }) => way)).toEqual(ALL_WAYS);
    expect(new Set(ALL_WAYS).size).toBe(ALL_WAYS.length);
  });

  test('calls sources by the names that users write', () => {
    const names = Object.entries(SOURCE_KINDS);
    expect(names.map(([name]) => name)).toEqual(
      names.map(
        ([, kind]) => entry([source({ kind, note: kind })], ALL_WAYS[KINDS.indexOf(kind)] ?? '')?.way,
      ),
    );
  });

  test.each<[string, Partial<SourceSeen>, string]>([
    ['read', {}, 'read'],
    ['partly read', { status: 'partial' }, 'partial'],
    ['refused', { status: 'unavailable', pages: 0 }, 'refused'],
    ['absent', { status: 'unavailable', pages: 0, absent: true }, 'absent'],
  ])('says of a source that it was %s, and why', (_, over, status) => {
    expect(entry([source({ note: 'because', ...over })], 'personal-clients')).toEqual({
      way: 'personal-clients',
      status,
      reason: 'because',
    });
  });

  test.each<[Snapshot['scope'], string]>([
    ['tenant', 'not requested'],
    ['mine', 'not part of --scope mine, or not requested'],
    ['file', 'the file holds none'],
  ])('says with scope %s why a source was not requested', (scope, reason) => {
    expect(entry([], 'functions', scope)).toEqual({ way: 'functions', status: 'not-requested', reason });
  });

  test('says of every other way why it cannot be covered', () => {
    const others = ledger({ sources: [], scope: 'tenant' }).filter(
      ({ status }) => status === 'not-coverable',
    );
    expect(others.map(({ way }) => way)).toContain('connector-credentials');
    expect(others.every(({ reason }) => reason?.startsWith('ConductorOne shows'))).toBe(true);
  });
});

describe('the ways in of an OpenAPI description', () => {
  const NEW = {
    paths: { '/api/v1/badges': { get: { description: 'Lists badges. Use page_token for the next page.' } } },
    components: { schemas: { 'c1.api.badge.v1.Badge': { properties: { badgeSecret: { type: 'string' } } } } },
  };
  const unclassified = (found: readonly Mention[]) =>
    found.filter((each) => each.class === undefined).map(({ name }) => name);

  test('that nobody has classified are found', () => {
    expect(unclassified(mentions(NEW))).toEqual(['c1.api.badge.v1.Badge']);
  });

  test('are classified as a way of the ledger, or as none with a reason', () => {
    for (const [, { way, none }] of CLASSES) {
      if (way === undefined) expect(none).toMatch(/\S/);
      else expect(ALL_WAYS).toContain(way);
    }
  });

  (isThere ? test : test.skip)('are all classified in the excerpt', () => {
    const found = mentions(JSON.parse(readFileSync(EXCERPT, 'utf8')));
    expect(found.length).toBeGreaterThan(50);
    expect(unclassified(found)).toEqual([]);
    const ways = new Set(found.map((each) => each.class?.way));
    expect(KINDS.map((_, at) => ALL_WAYS[at]).filter((way) => !ways.has(way))).toEqual([]);
  });
});
