import { describe, expect, test } from '@jest/globals';
import type { Finding, Severity } from '../../src/contract/index.js';
import type { FindingGroup } from '../../src/reporters/view.js';
import { byCredential, nameToFix, newsKind, viewOf } from '../../src/reporters/view.js';
import {
  sampleContext,
  sampleCredential,
  sampleFinding,
  sampleReport,
  sampleUnknown,
} from '../helpers/sample-report.js';

/** A finding on the credential `id`. */
const on = (id: string, severity: Severity, rule = 'unused', override: Partial<Finding> = {}) =>
  sampleFinding({ credential: sampleCredential({ id, name: `name of ${id}` }), severity, rule, ...override });

const ids = (groups: readonly FindingGroup[]) =>
  groups.map(
    ({ credential, findings }) => `${credential?.id ?? 'waiver'}: ${findings.map(({ rule }) => rule)}`,
  );

describe('news', () => {
  const fresh = on('pc-1', 'low', 'unused', { status: 'new' });
  const back = on('pc-1', 'high', 'no-expiry', { status: 'reopened' });
  const worse = on('pc-2', 'high', 'unused', { status: 'known' });
  const known = on('pc-1', 'critical', 'open-cidr', { status: 'known' });
  const report = sampleReport({ findings: [fresh, back, worse, known] });

  test('are the findings that are new, reopened or more severe; the others are the rest', () => {
    const view = viewOf(report, sampleContext({ raised: new Set([worse.fingerprint]) }));
    expect(view.hasMemory).toBe(true);
    expect(ids(view.news)).toEqual(['pc-1: no-expiry,unused', 'pc-2: unused']);
    expect(ids(view.rest)).toEqual(['pc-1: open-cidr']);
  });

  test('of a saved report do not include what became more severe', () => {
    expect(ids(viewOf(report, sampleContext()).news)).toEqual(['pc-1: no-expiry,unused']);
  });

  test('say why', () => {
    const context = sampleContext({ raised: new Set([worse.fingerprint]) });
    expect([fresh, back, worse, known].map((finding) => newsKind(finding, context))).toEqual([
      'new',
      'reopened',
      'more severe',
      undefined,
    ]);
  });

  test('do not exist without a memory', () => {
    const view = viewOf(sampleReport({ findings: [on('pc-1', 'low')] }), sampleContext());
    expect(view).toMatchObject({ hasMemory: false, news: [] });
    expect(ids(view.rest)).toEqual(['pc-1: unused']);
  });

  test('can be none with a memory, even if there is no finding at all', () => {
    expect(viewOf(sampleReport(), sampleContext({ raised: new Set() })).hasMemory).toBe(true);
    expect(viewOf(sampleReport(), sampleContext()).hasMemory).toBe(false);
  });

  test('never include waived or unknown outcomes', () => {
    const waiver = { reason: 'r', approvedBy: 'a', expires: '2026-12-31' };
    const findings = [
      on('pc-1', 'high', 'unused', { status: 'waived', waiver }),
      sampleUnknown({ status: null }),
      on('pc-2', 'low', 'unused', { status: 'known' }),
    ];
    const view = viewOf(sampleReport({ findings }), sampleContext());
    expect(view).toMatchObject({ hasMemory: true, news: [] });
    expect([view.waived, view.unknown].map(({ length }) => length)).toEqual([1, 1]);
  });
});

describe('groups', () => {
  test('are sorted by their worst findings, then by how many there are', () => {
    const findings = [
      on('a', 'high', 'r1'),
      on('b', 'critical', 'r1'),
      on('c', 'critical', 'r1'),
      on('c', 'low', 'r2'),
      on('d', 'critical', 'r1'),
      on('d', 'high', 'r2'),
      on('e', 'critical', 'r1'),
      on('e', 'critical', 'r2'),
    ];
    expect(byCredential(findings).map(({ credential: { id } }) => id)).toEqual(['e', 'd', 'c', 'b', 'a']);
    const { fixFirst } = viewOf(sampleReport({ findings }), sampleContext());
    expect(fixFirst.map(({ credential: { id } }) => id)).toEqual(['e', 'd', 'c', 'b']);
  });

  test('keep the order of the report among equals, and list the most severe finding first', () => {
    const findings = [
      on('b', 'low', 'r1'),
      on('a', 'low', 'r1'),
      on('b', 'high', 'r2'),
      on('a', 'high', 'r2'),
    ];
    expect(ids(byCredential(findings))).toEqual(['b: r2,r1', 'a: r2,r1']);
  });

  test('never mix credentials of one id and two kinds', () => {
    const other = sampleFinding({
      credential: sampleCredential({ id: 'pc-1', kind: 'service-principal-credential' }),
    });
    expect(byCredential([on('pc-1', 'low'), other])).toHaveLength(2);
  });

  test('hold each finding on a waiver by itself, which is no credential to fix', () => {
    const findings = [1, 2].map((n) =>
      sampleFinding({ credential: null, rule: 'waiver-expired', message: `waiver ${n}` }),
    );
    const view = viewOf(sampleReport({ findings }), sampleContext());
    expect(ids(view.rest)).toEqual(['waiver: waiver-expired', 'waiver: waiver-expired']);
    expect(view.fixFirst).toEqual([]);
    expect(byCredential(findings)).toEqual([]);
  });
});

test('credentials to fix first have their ids if they share a name', () => {
  const named = (id: string, name: string) => sampleFinding({ credential: sampleCredential({ id, name }) });
  const findings = [named('pc-1', 'ci'), named('pc-2', 'ci'), named('pc-3', 'deploy')];
  const view = viewOf(sampleReport({ findings }), sampleContext());
  expect(view.fixFirst.map((group) => nameToFix(group, view))).toEqual(['ci pc-1', 'ci pc-2', 'deploy']);
});

test('resolved findings are grouped by credential, with the name of one that is still there', () => {
  const resolved = [
    ['pc-1', 'unused'],
    ['gone', 'unused'],
    ['pc-1', 'no-expiry'],
  ].map(([id = '', rule = '']) => ({
    fingerprint: `${id}${rule}`,
    rule,
    credential: { kind: 'personal-client', id, name: null },
  }));
  const report = sampleReport({ credentials: [sampleCredential({ id: 'pc-1', name: 'ci' })], resolved });
  expect(viewOf(report, sampleContext()).resolved).toEqual([
    { kind: 'personal-client', id: 'pc-1', name: 'ci', rules: ['unused', 'no-expiry'] },
    { kind: 'personal-client', id: 'gone', name: null, rules: ['unused'] },
  ]);
});
