import { describe, expect, test } from '@jest/globals';
import type { Report } from '../../src/engine/report.js';
import { parseReport } from '../../src/engine/saved-report.js';
import { AuditError } from '../../src/errors.js';
import { fullReport, sampleCredential, sampleReport } from '../helpers/sample-report.js';

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
