import { describe, expect, test } from '@jest/globals';
import fastStringWidth from 'fast-string-width';
import { type Finding, KINDS } from '../../src/contract/index.js';
import type { SourceCoverage } from '../../src/engine/report.js';
import { rulePageAddress } from '../../src/reporters/reporter.js';
import { text } from '../../src/reporters/text.js';
import { HOSTILE_NAMES } from '../helpers/hostile.js';
import {
  fullReport,
  sampleContext,
  sampleCredential,
  sampleFinding,
  sampleReport,
  sampleUnknown,
} from '../helpers/sample-report.js';

const context = sampleContext();
/** The first line, as it is before it is wrapped. */
const first = (output: string) => output.slice(0, output.search(/\n(?! {2}\S)/)).replaceAll(/\n */g, ' ');

/** Columns that a terminal needs. */
const widthOf = (line: string) => fastStringWidth(line);

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

  test('names many gaps without their reasons, and so do the last lines', () => {
    const sources = KINDS.map((kind, n) =>
      seen({
        kind,
        status: n === 0 ? 'partial' : 'unavailable',
        note: `GET /${kind} failed (ECONNREFUSED).`,
      }),
    );
    const report = sampleReport({ complete: false, sources, credentials });
    const gaps = ['decoys could not be read (ECONNREFUSED)'];
    const output = text({ ...report, coverage: { ...report.coverage, gaps } }, context);
    const short =
      /INCOMPLETE: personal clients were read only in part; service-principal credentials, .* and functions were not read; decoys could not be read\. /;
    expect(first(output)).toMatch(short);
    expect(output.slice(output.indexOf('\nSummary: ')).replaceAll(/\n */g, ' ')).toMatch(short);
    expect(output).toContain('GET /function failed');
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

  test('starts with the news, then prints what was resolved, and the rest', () => {
    const output = text(fullReport(), context);
    expect(output.match(/^[A-Z]+(?=:|$).*/gm)).toEqual([
      'NEW: 4 findings on 3 credentials (3 new, 1 reopened)',
      'RESOLVED: 1 finding',
      'KNOWN: 1 finding on 1 credential; --full prints the details',
      'UNKNOWN: 1 check',
      'WAIVED: 1 finding',
      'COVERAGE',
    ]);
    expect(output).toContain(`HIGH      deploy (service-principal credential), owner Deploy bot
  high      expiring-soon (reopened): expires in 9 days (window 30): rotate it
`);
    expect(output).toContain('LOW       old (personal client), owner Jo Doe\n');
    expect(output).toMatch(
      /^INFO {6}waiver \([0-9a-f]{12}\)\n {2}info {6}waiver-expiring: the waiver of unused/m,
    );
    expect(output).toContain('\nmedium    nightly export (Jo Doe): unused\n');
    expect(output).toContain(
      'high      nightly export: no-expiry, waived until 2026-12-31 by security@acme.example: quarterly job',
    );
    expect(output).toContain('  personal client pc-7: open-cidr\n');
  });

  test('ends with the counts, what to fix first, and what to do', () => {
    expect(text(fullReport(), context)).toMatch(
      new RegExp(
        [
          '',
          '',
          'Summary: 5 findings \\(1 critical, 1 high, 1 medium, 1 low, 1 info\\), 1 waived, 1 unknown; 4 new, 1',
          '  known, 1 resolved',
          'Fix first:',
          '  critical  github \\(owner not known\\): the condition is always true: anyone with a token of the',
          '            provider may come in',
          '  high      deploy \\(Deploy bot\\): expires in 9 days \\(window 30\\): rotate it',
          '  medium    nightly export \\(Jo Doe\\): last used 92 days ago \\(limit 90\\): revoke it, or use it',
          '  low       old \\(Jo Doe\\): ended 3 days ago and is still listed: delete it',
          'Unknown: grant the audit the right to read users',
          'c1-audit plan report.json: what to do, owner by owner .*',
          '-f html:report.html: .*',
          'c1-audit rules loose-trust-condition: .*',
          '$',
        ].join('\n'),
      ),
    );
  });

  test('prints the controls of a rule and the ways in that were not read', () => {
    const report = fullReport();
    const controls = { unused: { 'cis-controls-8': ['5.3'], 'nist-800-53': ['AC-2(3)', 'AC-6'] } };
    const ledger = [
      { way: 'personal-clients', status: 'read', reason: null },
      { way: 'functions', status: 'refused', reason: 'refused' },
      { way: 'devices', status: 'not-coverable', reason: 'one at a time' },
    ] as const;
    const named = { ...report, coverage: { ...report.coverage, controls, ledger } };
    const full = sampleContext({ full: true, width: 200 });
    expect(text(named, full)).toContain('Controls: cis-controls-8 5.3; nist-800-53 AC-2(3), AC-6');
    expect(text(named, context)).not.toContain('Controls:');
    expect(text(named, full)).toContain(
      '  Ways in: 1 read, 1 refused (functions), 1 c1-audit cannot read (devices)\n',
    );
    expect(text(report, full)).not.toContain('Ways in');
  });

  test('prints ids, dates, fixes and pages only if everything is requested', () => {
    const short = text(fullReport(), context);
    for (const detail of ['Make a new one', '400 days ago', '/docs/rules/', 'first seen'])
      expect(short).not.toContain(detail);
    const output = text(fullReport(), sampleContext({ full: true, width: 200 }));
    expect(
      output,
    ).toContain(`MEDIUM    nightly export (personal client), owner Jo Doe <jo@acme.example> (user-1)
  pc-1 · created 2025-07-28 (400 days ago), last used 2026-06-01 (92 days ago), no end date on record
  medium    unused (first seen 2026-08-22): last used 92 days ago (limit 90): revoke it, or use it
            Fix: Ask the owner whether it is still needed; if not, revoke it.
            ${rulePageAddress('unused', context)}
`);
    expect(output).toContain('nightly export (personal client pc-1)\n  no-expiry: never expires');
    expect(output).not.toContain('--full');
  });

  test('prints a fix once for the rules of a credential that share it', () => {
    const fix = 'Replace it.';
    const on = (rule: string, more = {}) => sampleFinding({ rule, fix, ...more });
    const shared = (findings: Finding[]) => text(sampleReport({ findings }), context).match(/Fix[ (:].*/g);
    expect(shared([on('a'), on('b')])).toEqual(['Fix (a, b): Replace it.', 'Fix first:']);
    expect(shared([on('a'), on('b', { fix: 'Ask.' }), on('c')])?.[0]).toBe('Fix (a, c): Replace it.');
    expect(shared([on('a'), on('b', { fix: 'Ask.' })])).toEqual(['Fix first:']);
  });

  test('says that nothing is new, and never without a memory', () => {
    const raised = new Set<string>();
    const known = [sampleFinding({ status: 'known' })];
    expect(text(sampleReport({ findings: known }), sampleContext({ raised }))).toContain(
      '\n\nNothing is new.\n\nKNOWN: 1 finding on 1 credential',
    );
    expect(text(sampleReport({ findings: known, complete: false }), sampleContext({ raised }))).toContain(
      '\n\nNothing is new so far; the audit is incomplete.\n',
    );
    expect(text(sampleReport({ findings: [sampleFinding()] }), context)).not.toContain('new');
  });

  test('names a finding that is more severe than before as news', () => {
    const finding = sampleFinding({ status: 'known' });
    const output = text(
      sampleReport({ findings: [finding] }),
      sampleContext({ raised: new Set([finding.fingerprint]) }),
    );
    expect(output).toContain('NEW: 1 finding on 1 credential (1 more severe)\n');
    expect(output).toContain('  medium    unused (more severe): last used');
    expect(output).toContain('Summary: 1 finding (1 medium); 0 new, 1 more severe, 0 known, 0 resolved\n');
  });

  test('says in the first and the last lines that it is incomplete', () => {
    const output = text(sampleReport({ complete: false, findings: [sampleFinding()] }), context);
    expect(first(output)).toMatch(/^INCOMPLETE: /);
    const last = output.slice(output.lastIndexOf('\n\n'));
    expect(last).toContain('Summary: 1 finding so far (1 medium); the audit is incomplete\n');
    expect(last).toMatch(/\nINCOMPLETE: not every credential could be checked\. Fix this and run it again: /);
  });

  test('says that findings are hidden', () => {
    const report = sampleReport();
    const hidden = { critical: 0, high: 0, medium: 2, low: 3, info: 0 };
    expect(text({ ...report, summary: { ...report.summary, hidden } }, context)).toContain(
      'Summary: no findings shown, 5 hidden (2 medium, 3 low)\n',
    );
  });

  test('prints only what is unknown or waived if there is nothing else', () => {
    const unknown = text(sampleReport({ findings: [sampleUnknown()] }), context);
    expect(unknown).toContain(
      'Summary: no findings, 1 unknown\nUnknown: grant the audit the right to read users\n',
    );
    const waiver = { reason: 'r', approvedBy: 'a', expires: '2026-12-31' };
    const waived = text(sampleReport({ findings: [sampleFinding({ waiver })] }), context);
    expect(waived).toMatch(/WAIVED: 1 finding\n.*\n\nSummary: no findings, 1 waived\n$/);
  });

  test('marks the credential that runs the audit', () => {
    const findings = [sampleFinding({ credential: sampleCredential({ self: true }) })];
    expect(text(sampleReport({ findings }), context)).toContain('(personal client, runs this audit), owner');
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

  test('names all of 2,000 credentials, the worst with details', () => {
    const findings = Array.from({ length: 2000 }, (_, n) =>
      sampleFinding({ credential: sampleCredential({ id: `pc-${n}`, name: `key ${n}.` }) }),
    );
    const report = sampleReport({ findings });
    const output = text(report, context);
    expect(output).toContain('FOUND: 2,000 findings on 2,000 credentials, worst first\n');
    expect(output).toContain('\n1,995 more, one line each; --full prints the details\n');
    expect(new Set(output.match(/key \d+\./g)).size).toBe(2000);
    expect(output.match(/^MEDIUM/gm)).toHaveLength(5);
    expect(text(report, sampleContext({ full: true })).match(/^MEDIUM/gm)).toHaveLength(2000);
  });

  test('prints the details of all credentials if there is room for them', () => {
    const of = (credentials: number) =>
      text(
        sampleReport({
          findings: Array.from({ length: credentials }, (_, n) =>
            sampleFinding({ credential: sampleCredential({ id: `pc-${n}` }) }),
          ),
        }),
        context,
      ).match(/^MEDIUM/gm);
    expect(of(52)).toHaveLength(52);
    expect(of(53)).toHaveLength(52);
  });

  test('uses colours only if requested', () => {
    const plain = text(fullReport(), context);
    const coloured = text(fullReport(), sampleContext({ color: true }));
    expect(plain).not.toContain('\u001b');
    expect(coloured).toContain('\u001b[1;31mCRITICAL\u001b[0m  ');
    expect(coloured.replace(/\u001b\[[\d;]*m/g, '')).toBe(plain);
  });

  test.each([20, 40, 59, 60, 80, 100, 400])(
    'fits %d columns, with wide characters, emoji and marks',
    (width) => {
      const names = [
        '日本語の鍵 夜間エクスポート ジョブ 秘密鍵',
        '👩‍👩‍👧 family 🏳️‍🌈 flag 👍🏽 thumb 🇩🇪 de',
        'z\u0300\u0301\u0302algo e\u0301 key',
      ];
      const findings = names.flatMap((name, n) =>
        ['r1', 'r2'].map((rule) =>
          sampleFinding({
            rule,
            message: `${name}: `.repeat(4),
            fix: name,
            credential: sampleCredential({ id: `pc-${n}`, name, owner: { id: 'u', name, email: name } }),
          }),
        ),
      );
      const waiver = { reason: names.join(' '), approvedBy: names.join(' '), expires: '2026-12-31' };
      const report = sampleReport({
        findings: [...findings, sampleFinding({ waiver }), sampleUnknown({ message: names.join(' ') })],
        notes: names,
      });
      for (const full of [false, true])
        for (const line of text(report, sampleContext({ width, full, color: true })).split('\n'))
          if (
            line
              .replace(/\u001b\[[\d;]*m/g, '')
              .trim()
              .includes(' ')
          )
            expect(widthOf(line)).toBeLessThanOrEqual(width);
    },
  );

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
        sampleContext({ width: 10_000 }),
      );
    const output = shape(name);
    expect(output.replaceAll('\n', '')).not.toMatch(
      /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}]|[\u200b\u2060\ufeff]/u,
    );
    expect(output.split('\n')).toHaveLength(shape('x').split('\n').length);
    for (const line of output.split('\n')) expect(line.length).toBeLessThan(8_000);
  });
});
