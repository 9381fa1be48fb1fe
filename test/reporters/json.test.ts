import { describe, expect, test } from '@jest/globals';
import * as reporters from '../../src/reporters/json.js';
import type { Reporter } from '../../src/reporters/reporter.js';
import { HOSTILE_NAMES } from '../helpers/hostile.js';
import { schemaErrors } from '../helpers/report-schema.js';
import { obeyedCommands } from '../helpers/runner.js';
import {
  fullReport,
  sampleContext,
  sampleCredential,
  sampleFinding,
  sampleReport,
} from '../helpers/sample-report.js';

const json: Reporter = (...input) => [...reporters.json(...input)].join('');
const ndjson: Reporter = (...input) => [...reporters.ndjson(...input)].join('');

const context = sampleContext();

/** A JSON value whose objects hold their keys in reverse. */
function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, item]) => [key, reversed(item)]),
  );
}

function hostileReport(name: string) {
  return sampleReport({
    notes: [name],
    findings: [
      sampleFinding({
        rule: `x/${name}`,
        message: name,
        fix: name,
        data: { [name]: name },
        credential: sampleCredential({ name, id: `id ${name}`, owner: { id: name, name, email: name } }),
        waiver: { reason: name, approvedBy: name, expires: '2026-12-31' },
      }),
    ],
  });
}

describe('json', () => {
  test('is the report', () => {
    const report = fullReport();
    expect(JSON.parse(json(report, context))).toEqual(report);
    expect(json(report, context)).toMatch(/^\{\n {2}"schemaVersion": 1,\n[\s\S]*\n\}\n$/);
  });

  test.each([
    ['full', fullReport()],
    ['empty', sampleReport()],
    ['incomplete', sampleReport({ complete: false, sources: [], scope: 'mine' })],
  ])('a %s report is valid', (_, report) => {
    expect(schemaErrors(JSON.parse(json(report, context)))).toEqual([]);
  });

  test('writes keys in the order of the schema', () => {
    const report = { ...fullReport(), findings: fullReport().findings.map((f) => ({ ...f, data: {} })) };
    expect(json(reversed(report) as typeof report, context)).toBe(json(report, context));
  });

  test.each(HOSTILE_NAMES)('says the same and acts on nothing: %s', (_, name) => {
    const report = hostileReport(name);
    const output = json(report, context);
    expect(JSON.parse(output)).toEqual(report);
    expect(schemaErrors(JSON.parse(output))).toEqual([]);
    expect(obeyedCommands(output)).toEqual([]);
    expect(output.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cs}\p{Bidi_Control}]/u);
  });
});

describe('the schema', () => {
  const valid = JSON.parse(JSON.stringify(fullReport()));
  const change = (edit: (report: typeof valid) => void) => {
    const copy = structuredClone(valid);
    edit(copy);
    return schemaErrors(copy);
  };

  test.each<[string, (report: typeof valid) => void]>([
    [
      'an unknown key',
      (r) => {
        r.extra = 1;
      },
    ],
    [
      'an unknown key of a finding',
      (r) => {
        r.findings[0].token = 'x';
      },
    ],
    [
      'an unknown key of a credential',
      (r) => {
        r.credentials[0].secret = 'x';
      },
    ],
    [
      'another version',
      (r) => {
        r.schemaVersion = 2;
      },
    ],
    [
      'a severity that is none',
      (r) => {
        r.findings[0].severity = 'urgent';
      },
    ],
    [
      'a status that is none',
      (r) => {
        r.findings[0].status = 'old';
      },
    ],
    [
      'a fingerprint that is none',
      (r) => {
        r.findings[0].fingerprint = 'AB';
      },
    ],
    [
      'a local time',
      (r) => {
        r.run.asOf = '2026-09-01T02:00:00+02:00';
      },
    ],
    [
      'a day that no calendar has',
      (r) => {
        r.run.asOf = '2026-02-30T02:00:00Z';
      },
    ],
    [
      'a count below none',
      (r) => {
        r.summary.new = -1;
      },
    ],
    [
      'a missing live',
      (r) => {
        delete r.credentials[0].live;
      },
    ],
    [
      'a missing severity count',
      (r) => {
        delete r.summary.bySeverity.info;
      },
    ],
    [
      'a missing note',
      (r) => {
        delete r.coverage.sources[0].note;
      },
    ],
  ])('refuses %s', (_, edit) => {
    expect(change(() => {})).toEqual([]);
    expect(change(edit)).not.toEqual([]);
  });
});

describe('ndjson', () => {
  const lines = (text: string) =>
    text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));

  test('writes the run, the findings and the summary', () => {
    const report = fullReport();
    const [run, ...rest] = lines(ndjson(report, context));
    const summary = rest.pop();
    expect(run).toEqual({
      type: 'run',
      schemaVersion: 1,
      tool: report.tool,
      ...report.run,
      coverage: report.coverage,
    });
    expect(rest).toEqual(report.findings.map((finding) => ({ type: 'finding', ...finding })));
    expect(summary).toEqual({
      type: 'summary',
      ...report.summary,
      resolvedFindings: report.resolved,
      complete: true,
    });
  });

  test('says in its last line that a run is incomplete', () => {
    const output = lines(ndjson(sampleReport({ complete: false }), context));
    expect(output.map(({ type }) => type)).toEqual(['run', 'summary']);
    expect(output.at(-1)).toMatchObject({ complete: false, findings: 0 });
  });

  test.each(HOSTILE_NAMES)('stays a line each: %s', (_, name) => {
    const report = hostileReport(name);
    const output = ndjson(report, context);
    expect(output.split('\n')).toHaveLength(4);
    expect(lines(output)[1]).toEqual({ type: 'finding', ...report.findings[0] });
    expect(obeyedCommands(output)).toEqual([]);
  });
});
