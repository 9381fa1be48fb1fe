import { describe, expect, test } from '@jest/globals';
import { compareReports } from '../../src/engine/report-diff.js';
import { DIFF_FORMATS, diffNotes, renderDiff } from '../../src/reporters/diff.js';
import { HOSTILE_NAMES } from '../helpers/hostile.js';
import {
  daysAgo,
  fullReport,
  sampleCredential,
  sampleFinding,
  sampleReport,
  sampleUnknown,
} from '../helpers/sample-report.js';

const report = sampleReport;
const WAIVER = { reason: 'quarterly job', approvedBy: 'security@acme.example', expires: '2026-12-31' };

/** One of everything: new, changed, resolved and unseen findings, and credentials that came and went. */
function oneOfEach(name = 'nightly export') {
  const at = (id: string) => sampleCredential({ id, name });
  const before = report({
    findings: [
      sampleFinding({ credential: at('changed'), severity: 'medium', status: 'waived', waiver: WAIVER }),
      sampleFinding({ credential: at('gone') }),
      sampleFinding({ credential: at('stays'), rule: 'no-expiry' }),
    ],
  });
  const after = report({
    findings: [
      sampleFinding({ credential: at('changed'), severity: 'high' }),
      sampleFinding({ credential: at('appeared'), message: `found ${name}` }),
      sampleUnknown({ credential: at('appeared') }),
    ],
    credentials: [at('stays')],
  });
  const { coverage } = after;
  return compareReports(before, { ...after, coverage: { ...coverage, rulesNotRun: ['no-expiry'] } });
}

const rendered = (...[format, diff]: Parameters<typeof renderDiff>) => [...renderDiff(format, diff)].join('');

describe('text', () => {
  test('says what both reports cover, then what changed, then the summary', () => {
    expect(rendered('text', oneOfEach())).toBe(
      `What changed in acme.conductor.one between 2026-09-01 02:00 UTC and 2026-09-01 02:00 UTC
  Old report: Complete: 3 credentials of everyone in acme.conductor.one, as of 2026-09-01 02:00 UTC
  New report: Complete: 3 credentials of everyone in acme.conductor.one, as of 2026-09-01 02:00 UTC

NEW: 2 FINDINGS
  critical owner-inactive (unknown): nightly export (appeared, personal client)
    could not be judged: owners could not be read
    owner Jo Doe <jo@acme.example> (user-1)
    Fix: grant the audit the right to read users
  medium unused: nightly export (appeared, personal client)
    found nightly export
    owner Jo Doe <jo@acme.example> (user-1)
    Fix: Ask the owner whether it is still needed; if not, revoke it.

CHANGED: 1 FINDING
  WORSE high unused: nightly export (changed, personal client)
    severity medium → high; no longer waived
    last used 92 days ago (limit 90): revoke it, or use it

NOT COVERED: 1 FINDING
  medium no-expiry: nightly export (stays, personal client)
    may still exist: its rule did not run for the new report

RESOLVED: 1 FINDING
  medium unused: nightly export (gone, personal client)
    the credential no longer exists

APPEARED: 1 CREDENTIAL
  nightly export (appeared, personal client)
    owner Jo Doe <jo@acme.example> (user-1)

GONE: 1 CREDENTIAL
  nightly export (gone, personal client)
    owner Jo Doe <jo@acme.example> (user-1)

Summary: 2 new findings, 1 changed (1 worse), 1 resolved, 1 not covered, 0 unchanged; 1 credential appeared, 1 gone
`,
    );
  });

  test('says first that the new report is incomplete', () => {
    const diff = compareReports(fullReport(), report({ complete: false }));
    const [, , second, third] = rendered('text', diff).split('\n');
    expect(second).toMatch(/^ {2}New report: INCOMPLETE/);
    expect(third).toMatch(/never as resolved/);
  });
});

test('Markdown has the same sections, and the summary first', () => {
  const text = rendered('markdown', oneOfEach());
  expect(text).toMatch(/^# What changed in acme\.conductor\.one[^\n]*\n\n⚠️ \*\*2 new findings, 1 changed/);
  expect(text.match(/^## .*$/gm)).toEqual([
    '## New: 2 findings',
    '## Changed: 1 finding',
    '## Not covered: 1 finding',
    '## Resolved: 1 finding',
    '## Appeared: 1 credential',
    '## Gone: 1 credential',
  ]);
});

describe('the mark of markdown', () => {
  const one = sampleFinding();
  const base = report({ findings: [one] });
  const hidden = { critical: 0, high: 0, medium: 0, low: 1, info: 0 };
  const unseen = { ...report(), run: { ...base.run, scope: 'mine' as const } };

  test.each([
    ['nothing changed', base, base, '✅'],
    ['a finding is resolved', base, report(), '✅'],
    ['one is less severe', base, report({ findings: [sampleFinding({ severity: 'low' })] }), '✅'],
    ['one is new', report(), base, '⚠️'],
    ['one is worse', base, report({ findings: [sampleFinding({ severity: 'high' })] }), '⚠️'],
    ['some are hidden', base, { ...base, summary: { ...base.summary, hidden } }, '⚠️'],
    ['one is not seen', base, unseen, '⚠️'],
    ['a credential is not seen', report({ credentials: [sampleCredential()] }), unseen, '⚠️'],
    ['the new report is incomplete', base, report({ findings: [one], complete: false }), '❌'],
    ['the old one is', report({ findings: [one], complete: false }), base, '✅'],
  ])('%s', (_, before, after, mark) => {
    const [, , line] = rendered('markdown', compareReports(before, after)).split('\n');
    expect(line?.split(' ')[0]).toBe(mark);
  });
});

test('JSON holds complete findings and credentials', () => {
  const diff = oneOfEach();
  expect(JSON.parse(rendered('json', diff))).toEqual({
    schemaVersion: 1,
    tenant: 'acme.conductor.one',
    old: { version: '0.1.0', scope: 'tenant', asOf: daysAgo(0), complete: true },
    new: { version: '0.1.0', scope: 'tenant', asOf: daysAgo(0), complete: true },
    notes: [],
    summary: {
      new: 2,
      changed: 1,
      worsened: 1,
      resolved: 1,
      notSeen: 1,
      unchanged: 0,
      credentialsAppeared: 1,
      credentialsGone: 1,
      credentialsNotSeen: 0,
    },
    findings: {
      new: diff.added,
      changed: diff.changed.map(({ before, after, changes, worsened }) => ({
        changes,
        worsened,
        old: before,
        new: after,
      })),
      resolved: diff.resolved,
      notSeen: diff.notSeen,
    },
    credentials: diff.credentials,
  });
});

describe('notes', () => {
  const notes = (before: Partial<typeof base.run>, after: Partial<typeof base.run>) =>
    diffNotes(
      compareReports(
        { ...base, run: { ...base.run, ...before } },
        { ...base, run: { ...base.run, ...after } },
      ),
    ).join('\n');
  const base = report();

  test('there are none if the reports can be compared fully', () => {
    expect(notes({}, {})).toBe('');
  });

  test.each([
    ['narrower', notes({}, { scope: 'mine' }), /scopes differ \(tenant, then mine of user-0\).*not covered/],
    ['wider', notes({ scope: 'mine' }, {}), /scopes differ \(mine of user-0, then tenant\).*may be older/],
    ['a file', notes({ scope: 'file' }, { scope: 'file' }), /^The new report is of a file/],
  ])('scope %s', (_, said, pattern) => {
    expect(said).toMatch(pattern);
  });

  test('a source that only the new report read', () => {
    const before = report({ sources: [] });
    expect(diffNotes(compareReports(before, report()))).toEqual([
      'The old report did not read personal clients completely: findings listed as new may be older.',
    ]);
  });

  test('credentials that ConductorOne may have left out, in either report', () => {
    const filtered = { ...base, coverage: { ...base.coverage, mayBeFiltered: true as const } };
    expect(diffNotes(compareReports(base, filtered))).toEqual([
      expect.stringMatching(/Super Administrator.*not covered, except the caller's own personal clients/),
    ]);
    expect(diffNotes(compareReports(filtered, base))).toEqual([expect.stringContaining('may be older')]);
  });

  test('other options of rules', () => {
    const limited = { ...base, coverage: { ...base.coverage, settings: 'aa' } };
    const says = [expect.stringMatching(/^The rules' options or conditions differ.*not covered/)];
    expect(diffNotes(compareReports(base, limited))).toEqual(says);
    expect(diffNotes(compareReports(limited, base))).toEqual(says);
    expect(diffNotes(compareReports(limited, limited))).toEqual([]);
  });

  test('findings left out of either report, and another version', () => {
    const hidden = { critical: 0, high: 0, medium: 0, low: 1, info: 0 };
    const hiding = { ...base, summary: { ...base.summary, hidden } };
    expect(diffNotes(compareReports(hiding, base))).toEqual([expect.stringContaining('may be older')]);
    expect(diffNotes(compareReports(base, hiding))).toEqual([
      expect.stringContaining('without --min-severity'),
    ]);
    const newer = { ...base, tool: { ...base.tool, version: '0.2.0' } };
    expect(diffNotes(compareReports(base, newer))).toEqual([
      'Different versions wrote the reports (0.1.0, then 0.2.0); their rules may differ.',
    ]);
  });
});

describe('hostile names', () => {
  test.each(HOSTILE_NAMES)('%s has no effect', (_, name) => {
    const diff = oneOfEach(name);
    const plain = oneOfEach();
    for (const format of DIFF_FORMATS) {
      const text = rendered(format, diff);
      expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/);
      // A name adds no line: what stands at the start of one is ours.
      expect(text.split('\n')).toHaveLength(rendered(format, plain).split('\n').length);
    }
    const markdown = rendered('markdown', diff);
    expect(markdown).not.toMatch(/<(?!!-- -->)[a-z!/]/i);
    expect(markdown).not.toMatch(/(?<!\\)\]\(/);
    expect(JSON.parse(rendered('json', diff)).credentials.gone[0].name).toBe(name);
  });
});
