import { describe, expect, test } from '@jest/globals';
import type { SourceCoverage } from '../../src/engine/report.js';
import { text } from '../../src/reporters/text.js';
import { HOSTILE_NAMES } from '../helpers/hostile.js';
import {
  fullReport,
  ruleInfo,
  sampleContext,
  sampleCredential,
  sampleFinding,
  sampleReport,
  sampleUnknown,
} from '../helpers/sample-report.js';

const context = sampleContext();
const first = (output: string) => output.slice(0, output.indexOf('\n'));

const seen = (override: Partial<SourceCoverage>): SourceCoverage => ({
  kind: 'personal-client',
  status: 'complete',
  credentials: 1,
  deleted: 0,
  pages: 1,
  note: null,
  ...override,
});

describe('the first line', () => {
  const credentials = [sampleCredential()];

  test.each([
    ['tenant', 'Complete: 1 credential of everyone in acme.conductor.one, as of 2026-09-01 02:00 UTC'],
    [
      'mine',
      'Complete: 1 credential of your own (user user-0) in acme.conductor.one, as of 2026-09-01 02:00 UTC',
    ],
    ['file', 'Complete: 1 credential from a file (acme.conductor.one), as of 2026-09-01 02:00 UTC'],
  ] as const)('says whose credentials: %s', (scope, line) => {
    expect(first(text(sampleReport({ scope, credentials }), context))).toBe(line);
  });

  test('names sources that were not read', () => {
    const sources = [
      seen({ kind: 'personal-client' }),
      seen({ kind: 'service-principal-credential', status: 'unavailable', note: '403: permission denied' }),
      seen({ kind: 'federation-trust', status: 'partial' }),
    ];
    expect(first(text(sampleReport({ complete: false, sources, credentials }), context))).toBe(
      'INCOMPLETE: service-principal credentials were not read (403: permission denied); federation trusts were read only in part. Audited: 1 credential of everyone in acme.conductor.one, as of 2026-09-01 02:00 UTC',
    );
  });

  test('names a rule that failed', () => {
    const findings = [
      sampleUnknown({ rule: 'x/ours', messageId: 'rule-failed' }),
      sampleUnknown({ rule: 'x/other' }),
    ];
    expect(first(text(sampleReport({ complete: false, findings }), context))).toMatch(
      /^INCOMPLETE: rule x\/ours failed\. Audited: /,
    );
  });

  test('uses the notes if no gap has a name, and a general sentence if there are none', () => {
    expect(first(text(sampleReport({ complete: false, notes: ['record 3 is malformed'] }), context))).toMatch(
      /^INCOMPLETE: record 3 is malformed\. /,
    );
    expect(first(text(sampleReport({ complete: false, sources: [] }), context))).toMatch(
      /^INCOMPLETE: no source was read\. Audited: no credentials /,
    );
    expect(first(text(sampleReport({ complete: false }), context))).toMatch(
      /^INCOMPLETE: not every credential could be checked\. /,
    );
  });

  test('names an unavailable optional source of a complete audit', () => {
    const sources = [
      seen({}),
      seen({ kind: 'federation-trust', status: 'unavailable', note: 'not switched on' }),
    ];
    const output = text(sampleReport({ sources, credentials }), context);
    expect(first(output)).toMatch(/^Complete: /);
    expect(output).toContain('\n  federation trusts: not available — not switched on\n');
  });
});

describe('text', () => {
  test('an empty tenant', () => {
    expect(text(sampleReport(), context)).toBe(
      'Complete: no credentials of everyone in acme.conductor.one, as of 2026-09-01 02:00 UTC\n\nSummary: no findings\n',
    );
  });

  test('an incomplete run without findings does not look clean', () => {
    expect(text(sampleReport({ complete: false }), context)).toContain(
      'Summary: no findings so far; the audit is incomplete\n',
    );
  });

  test('prints every section', () => {
    const docs = { why: '', fix: '', references: [] };
    const rules = new Map([['unused', ruleInfo({ id: 'unused', title: 'Not used', severity: 'low', docs })]]);
    const output = text(fullReport(), sampleContext({ rules }));
    expect(output.match(/^[A-Z]{3}.*/gm)).toEqual([
      'CRITICAL: 1 finding',
      'HIGH: 1 finding',
      'MEDIUM: 1 finding',
      'LOW: 1 finding',
      'INFO: 1 finding',
      'UNKNOWN: 1 check',
      'WAIVED: 1 finding',
      'RESOLVED since the last run: 1 finding',
    ]);
    expect(output).toContain(`MEDIUM: 1 finding
  unused: Not used
  Fix: Ask the owner whether it is still needed; if not, revoke it.
    nightly export (pc-1, personal client)
      last used 92 days ago (limit 90): revoke it, or use it
      owner Jo Doe <jo@acme.example> (user-1) · created 2025-07-28 (400 days ago), last used 2026-06-01 (92 days ago), no end date on record · first seen 2026-08-22
`);
    expect(output).toContain('deploy (sp-1, service-principal credential) REOPENED\n');
    expect(output).toContain('old (pc-9, personal client) NEW\n');
    expect(output).toContain('waived until 2026-12-31 by security@acme.example: quarterly job\n');
    expect(output).toContain('  open-cidr: personal client pc-7\n');
    expect(output.split('\n').at(-2)).toBe(
      'Summary: 5 findings (1 critical, 1 high, 1 medium, 1 low, 1 info), 1 waived, 1 unknown; 4 new, 1 known, 1 resolved',
    );
  });

  test('prints the fix once for all findings of a rule', () => {
    const findings = [1, 2, 3].map((n) => sampleFinding({ credential: sampleCredential({ id: `pc-${n}` }) }));
    const output = text(sampleReport({ findings }), context);
    expect(output.match(/Fix:/g)).toHaveLength(1);
    expect(output).toContain('  unused (3)\n');
    for (const n of [1, 2, 3]) expect(output).toContain(`(pc-${n}, personal client)`);
  });

  test('groups findings of one rule by their fix', () => {
    const findings = ['a', 'b'].map((fix) =>
      sampleFinding({ fix, credential: sampleCredential({ id: fix }) }),
    );
    expect(text(sampleReport({ findings }), context).match(/Fix: .*/g)).toEqual(['Fix: a', 'Fix: b']);
  });

  test('marks the credential that runs the audit', () => {
    const findings = [sampleFinding({ credential: sampleCredential({ self: true }) })];
    expect(text(sampleReport({ findings }), context)).toContain('(pc-1, personal client, runs this audit)');
  });

  test('groups 100,000 unknown outcomes with one reason into one entry', () => {
    const one = sampleUnknown();
    const findings = Array.from({ length: 100_000 }, (_, n) => ({
      ...one,
      credential: { ...sampleCredential(), id: `pc-${n}` },
    }));
    const report = { ...sampleReport(), findings };
    const output = text(report, context);
    expect(output).toContain('  owner-inactive: 100,000 credentials (pc-0, pc-1, pc-2, …)\n');
    expect(output.split('\n').length).toBeLessThan(12);
  });

  test('limits the entries if every record has its own reason', () => {
    const findings = Array.from({ length: 50 }, (_, n) =>
      sampleUnknown({ message: `createdAt is "${n}"`, credential: sampleCredential({ id: `pc-${n}` }) }),
    );
    const output = text(sampleReport({ findings }), context);
    expect(output).toContain('40 other reasons');
    expect(output).toMatch(/owner-inactive: 40 credentials \(/);
    expect(output).toContain('UNKNOWN: 50 checks\n');
  });

  test('prints all of 10,000 findings', () => {
    const findings = Array.from({ length: 10_000 }, (_, n) =>
      sampleFinding({ credential: sampleCredential({ id: `pc-${n}` }) }),
    );
    const output = text(sampleReport({ findings }), context);
    expect(output).toContain('MEDIUM: 10,000 findings\n');
    expect(output.match(/^ {4}nightly export \(pc-\d+,/gm)).toHaveLength(10_000);
  });

  test('uses colours only if requested', () => {
    const plain = text(fullReport(), context);
    const coloured = text(fullReport(), sampleContext({ color: true }));
    expect(plain).not.toContain('\u001b');
    expect(coloured).toContain('\u001b[1;31mCRITICAL: 1 finding\u001b[0m');
    expect(coloured.replace(/\u001b\[[\d;]*m/g, '')).toBe(plain);
  });

  test.each(HOSTILE_NAMES)('neutralises hostile text for a terminal: %s', (_, name) => {
    const shape = (evil: string) =>
      text(
        sampleReport({
          tenant: evil,
          notes: [evil],
          sources: [seen({ note: evil })],
          findings: [
            sampleFinding({
              rule: `x${evil}`,
              message: evil,
              fix: evil,
              credential: sampleCredential({
                name: evil,
                id: evil,
                owner: { id: evil, name: evil, email: evil },
              }),
            }),
            sampleFinding({
              rule: 'waived',
              message: evil,
              waiver: { reason: evil, approvedBy: evil, expires: '2026-12-31' },
            }),
            sampleUnknown({ message: evil, fix: evil }),
          ],
          resolved: [{ fingerprint: evil, rule: evil, credential: { kind: evil, id: evil, name: evil } }],
        }),
        context,
      );
    const output = shape(name);
    expect(output.replaceAll('\n', '')).not.toMatch(
      /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}]|[\u200b\u2060\ufeff]/u,
    );
    expect(output.split('\n')).toHaveLength(shape('x').split('\n').length);
    for (const line of output.split('\n')) expect(line.length).toBeLessThan(8_000);
  });
});
