import { describe, expect, test } from '@jest/globals';
import type { Finding, Snapshot } from '../../src/contract/index.js';
import { assembleReport, isComplete, type ReportParts } from '../../src/engine/evaluate.js';
import { coverageLine } from '../../src/reporters/words.js';
import { docketWith } from '../helpers/follow-up.js';
import { AS_OF, sampleCredential, sampleFinding, sampleUnknown } from '../helpers/sample-report.js';
import { NO_DELETED, snapshot } from '../helpers/snapshot.js';

const NOW = Date.parse(AS_OF);
const WAIVER = { reason: 'quarterly job', approvedBy: 'security@acme.example', expires: '2026-12-31' };

const verdicts = (over: Partial<ReportParts['verdicts']> = {}): ReportParts['verdicts'] => ({
  docket: docketWith(),
  deleted: NO_DELETED,
  brokenRules: [],
  ...over,
});

const report = (over: Partial<ReportParts> = {}) =>
  assembleReport({
    tool: { name: 'c1-audit', version: '0.1.0' },
    snapshot: snapshot([]),
    verdicts: verdicts(),
    resolved: [],
    skipped: [],
    notRun: [],
    ran: ['unused'],
    settings: undefined,
    minSeverity: 'info',
    asOf: NOW,
    startedAt: NOW + 1000,
    finishedAt: NOW + 2000,
    ...over,
  });

const notes = (over: Partial<ReportParts>) => report(over).coverage.notes;
const found = (findings: readonly Finding[]) => ({ verdicts: verdicts({ docket: docketWith(findings) }) });
const on = (id: string, over: Partial<Finding> = {}) =>
  sampleFinding({ credential: sampleCredential({ id }), ...over });

test('reports the time of the audit, its start and its end', () => {
  expect(report().run).toMatchObject({
    asOf: new Date(NOW).toISOString(),
    startedAt: new Date(NOW + 1000).toISOString(),
    finishedAt: new Date(NOW + 2000).toISOString(),
  });
});

describe('the summary', () => {
  test('counts open findings by severity and rule, and the others separately', () => {
    const { summary } = report({
      ...found([
        on('a', { severity: 'high', status: 'new' }),
        on('b', { severity: 'high', status: 'reopened' }),
        on('c', { severity: 'low', status: 'known', rule: 'default-name' }),
        on('d', { severity: 'low', status: null, rule: 'no-expiry' }),
        on('e', { severity: 'critical', status: 'waived', waiver: WAIVER }),
        sampleUnknown({ credential: sampleCredential({ id: 'f' }) }),
        sampleUnknown({ credential: sampleCredential({ id: 'g' }), status: 'waived', waiver: WAIVER }),
      ]),
      resolved: [
        { fingerprint: 'f', rule: 'unused', credential: { kind: 'personal-client', id: 'x', name: null } },
      ],
    });
    expect(summary).toEqual({
      credentials: 0,
      findings: 4,
      waived: 2,
      unknown: 1,
      bySeverity: { critical: 0, high: 2, medium: 0, low: 2, info: 0 },
      byRule: { 'default-name': 1, 'no-expiry': 1, unused: 2 },
      new: 2,
      known: 1,
      resolved: 1,
    });
    expect(Object.keys(summary.byRule)).toEqual(['default-name', 'no-expiry', 'unused']);
  });

  test('counts open findings that are not shown, but not waived and unknown ones', () => {
    const { summary, findings, coverage } = report({
      minSeverity: 'medium',
      ...found([
        on('a', { severity: 'medium' }),
        on('b', { severity: 'low' }),
        on('c', { severity: 'low' }),
        on('d', { severity: 'info' }),
        on('e', { severity: 'low', status: 'waived', waiver: WAIVER }),
        sampleUnknown({ severity: 'low', credential: sampleCredential({ id: 'f' }) }),
      ]),
    });
    expect(findings.map(({ severity }) => severity)).toEqual(['medium']);
    expect(summary).toMatchObject({ findings: 1, waived: 0, unknown: 0 });
    expect(summary.hidden).toEqual({ critical: 0, high: 0, medium: 0, low: 2, info: 1 });
    expect(coverage.notes).toContain('5 findings below medium are not shown.');
  });

  test('has no such count if only waived findings are not shown', () => {
    const { summary, coverage } = report({
      minSeverity: 'high',
      ...found([on('a', { severity: 'low', status: 'waived', waiver: WAIVER })]),
    });
    expect(summary.hidden).toBeUndefined();
    expect(coverage.notes).toEqual(['1 finding below high is not shown.']);
  });
});

test('is incomplete with a gap although every source was read completely', () => {
  const gaps = ['decoys could not be read'];
  const { coverage } = report({ snapshot: { ...snapshot([]), gaps } });
  expect(coverage).toMatchObject({ complete: false, gaps });
  expect(coverageLine(report({ snapshot: { ...snapshot([]), gaps } }))).toMatch(
    /^INCOMPLETE: decoys could not be read\. Audited: /,
  );
  expect(report({ snapshot: { ...snapshot([]), gaps: [] } }).coverage).toMatchObject({ complete: true });
  expect(report().coverage).not.toHaveProperty('gaps');
});

describe('the notes', () => {
  test('are empty by default', () => {
    expect(notes({})).toEqual([]);
    expect(report().coverage).not.toHaveProperty('rulesNotRun');
    expect(report().coverage).not.toHaveProperty('settings');
  });

  test('start with those of the snapshot', () => {
    expect(notes({ snapshot: { ...snapshot([]), notes: ['Roles are not known.'] } })).toEqual([
      'Roles are not known.',
    ]);
  });

  test('name rules that failed, and on how many credentials', () => {
    const broken = (credentials: number) => [{ rule: 'acme/x', credentials, reason: 'it threw y' }];
    expect(notes({ verdicts: verdicts({ brokenRules: broken(1) }) })).toEqual([
      "Rule acme/x failed on 1 credential: it threw y. Report it to the rule's author, or turn the rule off.",
    ]);
    expect(notes({ verdicts: verdicts({ brokenRules: broken(2) }) })[0]).toContain('on 2 credentials');
  });

  test('name rules that could not run, by reason', () => {
    const skipped = [
      { rule: 'static-beside-federation', because: 'no federation trusts were read' },
      { rule: 'scope-widened', because: 'no state is kept (--state)' },
      { rule: 'other', because: 'no federation trusts were read' },
    ];
    const { coverage } = report({ skipped, notRun: skipped.map(({ rule }) => rule) });
    expect(coverage.notes).toEqual([
      'Not run, because no federation trusts were read: other, static-beside-federation.',
      'Not run, because no state is kept (--state): scope-widened.',
    ]);
    expect(coverage.rulesNotRun).toEqual(['other', 'scope-widened', 'static-beside-federation']);
  });

  test.each<[string, string[], string[], string[]]>([
    ['fewer', ['a', 'b', 'c'], ['e', 'd'], ['2 of 5 rules did not run: d, e.']],
    ['as many', ['a', 'b'], ['d', 'e'], ['2 of 4 rules did not run: d, e.']],
    ['more', ['b', 'a'], ['d', 'e', 'f'], ['Only 2 of 5 rules ran: a, b.']],
    ['all', [], ['d'], ['None of 1 rules ran: no credential was judged.']],
    ['only those on waivers', ['a'], ['waiver-expired'], []],
  ])('name the rules that did not run, or those that did: %s', (_, ran, notRun, expected) => {
    expect(notes({ ran, notRun })).toEqual(expected);
  });

  test('identifies settings that are not the defaults', () => {
    expect(report({ settings: '0123456789abcdef' }).coverage.settings).toBe('0123456789abcdef');
  });
});

describe('coverage', () => {
  const source = (over: Partial<Snapshot['sources'][number]>) => ({
    ...snapshot([]),
    sources: [
      { kind: 'personal-client', status: 'complete', required: true, pages: 1, note: null },
      { kind: 'federation-trust', status: 'complete', required: true, pages: 2, note: null, ...over },
    ] as Snapshot['sources'],
  });

  test.each<[string, Partial<Snapshot['sources'][number]>, boolean]>([
    ['all seen whole', {}, true],
    ['one in part', { status: 'partial' }, false],
    ['one in part, though not asked for by name', { status: 'partial', required: false }, false],
    ['one unavailable', { status: 'unavailable' }, false],
    ['one unavailable that nobody asked for', { status: 'unavailable', required: false }, true],
  ])('is whole or not: %s', (_, over, expected) => {
    expect(isComplete(source(over), verdicts())).toBe(expected);
    expect(report({ snapshot: source(over) }).coverage.complete).toBe(expected);
  });

  test('is incomplete if a rule failed', () => {
    const brokenRules = [{ rule: 'acme/x', credentials: 1, reason: 'y' }];
    expect(isComplete(source({}), verdicts({ brokenRules }))).toBe(false);
  });

  test('counts credentials and deleted ones by source', () => {
    const { coverage } = report({
      snapshot: source({ note: 'said' }),
      verdicts: verdicts({
        docket: docketWith([], ['personal-client', 'personal-client']),
        deleted: { ...NO_DELETED, 'federation-trust': 3 },
      }),
    });
    expect(coverage.sources).toEqual([
      { kind: 'personal-client', status: 'complete', credentials: 2, deleted: 0, pages: 1, note: null },
      { kind: 'federation-trust', status: 'complete', credentials: 0, deleted: 3, pages: 2, note: 'said' },
    ]);
  });
});
