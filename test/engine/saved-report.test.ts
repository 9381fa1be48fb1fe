import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { reportJsonSchema } from '../../scripts/schemas.js';
import type { Report } from '../../src/engine/report.js';
import { parseReport } from '../../src/engine/saved-report.js';
import { AuditError } from '../../src/errors.js';
import { fullReport, sampleCredential, sampleFinding, sampleReport } from '../helpers/sample-report.js';

const read = (report: unknown) => parseReport(JSON.stringify(report), 'old.json');

function refusal(report: unknown): string {
  try {
    read(report);
  } catch (error) {
    if (error instanceof AuditError && error.code === 'input') return error.message;
    throw error;
  }
  return '';
}

/** `/findings/1/credential/createdAt` as messages write it. */
const place = (path: string) =>
  path
    .slice(1)
    .replace(/\/(\d+)/g, '[$1]')
    .replaceAll('/', '.');

/** The full report with one text in place of another value. */
function put(path: string, text: string): Report {
  const copy = structuredClone(fullReport());
  const keys = path.split('/').slice(1);
  const last = keys.pop() ?? '';
  let at = copy as unknown as Record<string, unknown>;
  for (const key of keys) at = at[key] as Record<string, unknown>;
  expect(Object.keys(at)).toContain(last);
  at[last] = text;
  return copy;
}

const waived = fullReport().findings.findIndex(({ waiver }) => waiver !== null);

const INSTANTS = [
  ...['/run/asOf', '/run/startedAt', '/run/finishedAt'],
  ...['/credentials/1/createdAt', '/credentials/1/expiresAt', '/credentials/1/lastUsedAt'],
  ...['/findings/1/credential/createdAt', '/findings/1/credential/expiresAt'],
  ...['/findings/1/credential/lastUsedAt', '/findings/1/firstSeen'],
];

test('reads a report as it was written', () => {
  expect(read(fullReport())).toEqual(fullReport());
  // As Windows PowerShell saves it.
  expect(parseReport(`\uFEFF${JSON.stringify(fullReport())}`, 'old.json')).toEqual(fullReport());
});

describe('refuses a date that does not exist, and names its place', () => {
  test.each(INSTANTS)('%s', (path) => {
    expect(refusal(put(path, '2026-13-45T99:99:99Z'))).toBe(
      `old.json is not a c1-audit report of schema version 1: ${place(path)}: "2026-13-45T99:99:99Z": this date does not exist.`,
    );
    expect(refusal(put(path, '2028-02-29T23:59:59.999999999Z'))).toBe('');
  });

  test.each([
    ['30 February', '2026-02-30T00:00:00Z'],
    ['29 February of a common year', '2027-02-29T00:00:00.000Z'],
    ['hour 24', '2026-06-01T24:00:00Z'],
    ['a leap second', '2026-06-30T23:59:60Z'],
  ])('%s', (_, text) => {
    expect(refusal(put('/run/asOf', text))).toMatch(
      /: run\.asOf: ("[^"]+": this date does not exist|must be a time in UTC)/,
    );
  });

  test("a waiver's end", () => {
    const path = `/findings/${waived}/waiver/expires`;
    expect(refusal(put(path, '2027-02-29'))).toContain(
      `${place(path)}: "2027-02-29": this date does not exist`,
    );
    expect(refusal(put(path, '2028-02-29'))).toBe('');
  });

  test('names three of many', () => {
    const never = '2026-00-00T00:00:00Z';
    const credentials = [0, 1, 2, 3].map((id) => sampleCredential({ id: `c${id}`, expiresAt: never }));
    expect(refusal(sampleReport({ credentials }))).toMatch(
      /: credentials\[0\]\.expiresAt: "2026-00-00T00:00:00Z": this date does not exist; .*credentials\[2\]\.expiresAt: .* this date does not exist; and 1 more\.$/,
    );
  });
});

describe('refuses what is not a report, and names the place', () => {
  test.each<[string, unknown, string]>([
    ['a list that is a number', { ...fullReport(), findings: 3 }, 'findings: must be a list, not 3.'],
    ['a number', 3, 'must be a mapping of keys to values, not 3.'],
    ['another version', { ...fullReport(), schemaVersion: 2 }, 'schemaVersion: must be 1, not 2.'],
    ['an unknown key', { ...fullReport(), finding: [] }, 'finding: no such key; did you mean "findings"?'],
    ['a missing key', { ...fullReport(), resolved: undefined }, 'has no resolved: it is required.'],
  ])('%s', (_, report, message) => {
    expect(refusal(report)).toBe(`old.json is not a c1-audit report of schema version 1: ${message}`);
  });

  test('a key that JavaScript objects have by nature', () => {
    const text = JSON.stringify(fullReport()).replace('{', '{"__proto__": {}, "constructor": 1, ');
    expect(() => parseReport(text, 'old.json')).toThrow(/__proto__: no such key; constructor: no such key/);
  });
});

test('its JSON Schema is schema/report.json', () => {
  const published = readFileSync(new URL('../../schema/report.json', import.meta.url), 'utf8');
  expect(reportJsonSchema()).toEqual(JSON.parse(published));
});

describe('what a report cannot be', () => {
  test.each([
    ['{', 'old.json is not JSON.', 'Give the file that c1-audit -f json:<file> wrote.'],
    [
      '[]',
      'old.json is not a c1-audit report of schema version 1: must be a mapping of keys to values, not a list.',
      'Give the file that c1-audit -f json:<file> wrote; a report of a newer version needs a newer c1-audit.',
    ],
    [
      JSON.stringify({ ...fullReport(), resolved: [] }),
      'old.json contradicts itself: summary.resolved is 1, but the report holds 0.',
      'It was changed after c1-audit wrote it. Use the original, or audit again.',
    ],
  ])('%#', (text, message, hint) => {
    expect(() => parseReport(text, 'old.json')).toThrow(
      expect.objectContaining({ code: 'input', message, hint }),
    );
  });

  test.each([
    ['/run/asOf', '2026-06-01', 'must be a time in UTC such as 2026-06-01T12:00:00Z'],
    ['/run/asOf', '2026-06-01T12:00:00+00:00', 'must be a time in UTC such as 2026-06-01T12:00:00Z'],
    [`/findings/${waived}/waiver/expires`, 'soon', 'must be a date written YYYY-MM-DD'],
    ['/findings/0/fingerprint', 'a1', 'must be 64 hexadecimal digits'],
    ['/findings/0/rule', '', 'must not be empty'],
    ['/findings/0/severity', 'urgent', 'must be one of info, low, medium, high, critical'],
  ])('a text in another form: %s', (path, text, says) => {
    expect(refusal(put(path, text))).toBe(
      `old.json is not a c1-audit report of schema version 1: ${place(path)}: ${says}, not ${JSON.stringify(text)}.`,
    );
  });

  test('a mark of settings in another form', () => {
    const { coverage, ...rest } = fullReport();
    expect(refusal({ ...rest, coverage: { ...coverage, settings: 'f'.repeat(17) } })).toContain(
      'coverage.settings: must be 16 hexadecimal digits',
    );
  });
});

describe('a report that was changed', () => {
  const changed = (over: Partial<Report>) => refusal({ ...fullReport(), ...over });
  const { summary, coverage, findings } = fullReport();
  const source = (kind: 'personal-client' | 'function', status: 'complete' | 'partial' | 'unavailable') => ({
    kind,
    status,
    credentials: 0,
    deleted: 0,
    pages: 1,
    note: null,
  });
  const failed = (rule: string, id: string) =>
    sampleFinding({
      rule,
      outcome: 'unknown',
      messageId: 'rule-failed',
      credential: sampleCredential({ id }),
    });

  test.each<[Partial<Report>, string]>([
    [{ summary: { ...summary, findings: 9 } }, 'summary.findings is 9, but the report holds 5'],
    [
      { summary: { ...summary, bySeverity: { ...summary.bySeverity, high: 0 } } },
      'summary.bySeverity.high is 0, but the report holds 1',
    ],
    [{ summary: { ...summary, byRule: {} } }, 'summary.byRule.expired is 0, but the report holds 1'],
    [
      { summary: { ...summary, byRule: { ...summary.byRule, toString: 1 } } },
      'summary.byRule.toString is 1, but the report holds 0',
    ],
    [{ summary: { ...summary, new: 0, known: 0 } }, 'summary.new is 0, but the report holds 4'],
    [{ findings: findings.slice(1) }, 'summary.findings is 5, but the report holds 4'],
    [{ credentials: [] }, 'summary.credentials is 6, but the report holds 0'],
  ])('in its counts: %#', (over, says) => {
    expect(changed(over)).toContain(`old.json contradicts itself: ${says}`);
  });

  test('says nothing about what is left out', () => {
    const hidden = { critical: 0, high: 0, medium: 0, low: 2, info: 0 };
    expect(changed({ summary: { ...summary, hidden } })).toBe('');
  });

  test.each<[Partial<Report['coverage']>, string]>([
    [{ sources: [] }, 'no source was read'],
    [{ sources: [source('personal-client', 'partial')] }, 'the source personal-client is partial'],
    [
      { sources: [source('personal-client', 'partial'), source('function', 'partial')] },
      'the source personal-client, function is partial',
    ],
    [{ gaps: ['the clock', 'the list'] }, 'coverage.gaps says: the clock'],
  ])('in what was read: %j', (over, says) => {
    const told = changed({ coverage: { ...coverage, ...over } });
    expect(told).toBe(`old.json contradicts itself: coverage.complete is true, but ${says}.`);
    expect(changed({ coverage: { ...coverage, ...over, complete: false } })).toBe('');
  });

  test.each<[readonly string[], string]>([
    [['unused'], 'the rule unused failed'],
    [['no-expiry', 'unused', 'unused'], 'the rule no-expiry, unused failed'],
  ])('in what its rules did: %j', (rules, says) => {
    const report = sampleReport({ findings: rules.map((rule, n) => failed(rule, `${n}`)) });
    expect(refusal(report)).toBe(`old.json contradicts itself: coverage.complete is true, but ${says}.`);
    expect(refusal({ ...report, coverage: { ...report.coverage, complete: false } })).toBe('');
  });

  test('but not because something was unavailable, or could not be told', () => {
    const sources = [source('personal-client', 'complete'), source('function', 'unavailable')];
    expect(changed({ coverage: { ...coverage, sources } })).toBe('');
  });
});
