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

/** The full report with one text put in place of another value. */
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

test('a report is read as it was written', () => {
  expect(read(fullReport())).toEqual(fullReport());
});

describe('what looks like a date and is none is refused, with its place', () => {
  test.each(INSTANTS)('%s', (path) => {
    expect(refusal(put(path, '2026-13-45T99:99:99Z'))).toBe(
      `old.json is no report of c1-audit, schema version 1: ${path} is no date.`,
    );
    expect(refusal(put(path, '2028-02-29T23:59:59.999999999Z'))).toBe('');
  });

  test.each([
    ['30 February', '2026-02-30T00:00:00Z'],
    ['29 February of a common year', '2027-02-29T00:00:00.000Z'],
    ['hour 24', '2026-06-01T24:00:00Z'],
    ['a leap second', '2026-06-30T23:59:60Z'],
  ])('%s', (_, text) => {
    expect(refusal(put('/run/asOf', text))).toContain('/run/asOf is no date');
  });

  test("a waiver's end", () => {
    const path = `/findings/${waived}/waiver/expires`;
    expect(refusal(put(path, '2027-02-29'))).toContain(`${path} is no date`);
    expect(refusal(put(path, '2028-02-29'))).toBe('');
  });

  test('three of many are named', () => {
    const never = '2026-00-00T00:00:00Z';
    const credentials = [0, 1, 2, 3].map((id) => sampleCredential({ id: `c${id}`, expiresAt: never }));
    expect(refusal(sampleReport({ credentials }))).toMatch(
      /: \/credentials\/0\/expiresAt is no date; .*\/credentials\/2\/expiresAt is no date; and 1 more\.$/,
    );
  });
});

test('what is no report is told so, with the place', () => {
  expect(refusal({ ...fullReport(), findings: 3 })).toContain('/findings must be array');
  expect(refusal(3)).toContain('the whole must be object');
});
