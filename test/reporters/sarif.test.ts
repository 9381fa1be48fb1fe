import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import Ajv4 from 'ajv-draft-04';
import addFormats from 'ajv-formats';
import { SEVERITIES } from '../../src/contract/index.js';
import type { Report } from '../../src/engine/report.js';
import { sarif } from '../../src/reporters/sarif.js';
import { HOSTILE_NAMES } from '../helpers/hostile.js';
import { obeyedCommands } from '../helpers/runner.js';
import {
  fullReport,
  ruleInfo,
  sampleContext,
  sampleCredential,
  sampleFinding,
  sampleReport,
} from '../helpers/sample-report.js';
import { sarifProblems } from '../helpers/sarif-check.js';

const context = sampleContext();
const runOf = (report: Report, from = context) => JSON.parse(sarif(report, from)).runs[0];

const hostileReport = (name: string) =>
  sampleReport({
    notes: [name],
    complete: false,
    tenant: name,
    findings: [
      sampleFinding({
        rule: `x/${name}`,
        message: name,
        fix: name,
        credential: sampleCredential({ name, id: name, owner: { id: name, name, email: name } }),
      }),
    ],
  });

describe('sarif', () => {
  test.each([
    ['full', fullReport()],
    ['empty', sampleReport()],
    ['incomplete', sampleReport({ complete: false, notes: ['record 3 is malformed'] })],
  ])('a %s report is what SARIF and GitHub demand', (_, report) => {
    expect(sarifProblems(sarif(report, context))).toEqual([]);
  });

  test('holds only open findings', () => {
    const { results } = runOf(fullReport());
    expect(results.map(({ ruleId }: { ruleId: string }) => ruleId)).toEqual([
      'loose-trust-condition',
      'expiring-soon',
      'unused',
      'expired',
      'waiver-expiring',
    ]);
  });

  test('a result names the credential, the finding and the fix', () => {
    const [result] = runOf(sampleReport({ findings: [sampleFinding()] })).results;
    expect(result).toEqual({
      ruleId: 'unused',
      ruleIndex: 0,
      kind: 'fail',
      level: 'warning',
      message: {
        text: 'nightly export (personal client, owner Jo Doe <jo@acme.example> (user-1)): last used 92 days ago (limit 90): revoke it, or use it\nFix: Ask the owner whether it is still needed; if not, revoke it.',
      },
      locations: [
        {
          physicalLocation: {
            artifactLocation: { uri: 'c1-audit/personal-client/pc-1' },
            region: { startLine: 1 },
          },
          logicalLocations: [
            {
              name: 'nightly export',
              fullyQualifiedName: 'acme.conductor.one/personal-client/pc-1',
              kind: 'resource',
            },
          ],
        },
      ],
      partialFingerprints: { 'c1AuditFinding/v1': sampleFinding().fingerprint },
      properties: { severity: 'medium', status: null, firstSeen: null },
    });
  });

  test('every credential and every waiver has its own address', () => {
    const uris = runOf(fullReport()).results.map(
      (result: { locations: { physicalLocation: { artifactLocation: { uri: string } } }[] }) =>
        result.locations[0]?.physicalLocation.artifactLocation.uri,
    );
    expect(uris[0]).toBe('c1-audit/federation-trust/ft-1%40acme.conductor.one%2Fwfe');
    expect(uris.at(-1)).toMatch(/^c1-audit\/waiver\/[0-9a-f]{64}$/);
    expect(new Set(uris).size).toBe(uris.length);
  });

  test('an id cannot leave its folder', () => {
    const findings = ['.', '..', '../x'].map((id) => sampleFinding({ credential: sampleCredential({ id }) }));
    expect(sarifProblems(sarif(sampleReport({ findings }), context))).toEqual([]);
  });

  test.each([
    ['critical', 'error', '9.5'],
    ['high', 'error', '8.0'],
    ['medium', 'warning', '5.5'],
    ['low', 'note', '2.0'],
    ['info', 'note', undefined],
  ] as const)('%s is level %s, %s', (severity, level, score) => {
    const { tool, results } = runOf(sampleReport({ findings: [sampleFinding({ severity })] }));
    expect(results[0].level).toBe(level);
    expect(tool.driver.rules[0].properties['security-severity']).toBe(score);
  });

  test('a rule has the severity of its worst finding', () => {
    const findings = SEVERITIES.map((severity) =>
      sampleFinding({ severity, credential: sampleCredential({ id: severity }) }),
    );
    const { tool } = runOf(sampleReport({ findings }));
    expect(tool.driver.rules).toHaveLength(1);
    expect(tool.driver.rules[0].properties['security-severity']).toBe('9.5');
  });

  test("cuts the texts of rules to GitHub's limits", () => {
    const docs = { why: 'y'.repeat(2000), fix: 'Revoke it.', references: [] };
    const rules = new Map([['unused', ruleInfo({ id: 'unused', title: 'Not used', severity: 'low', docs })]]);
    const output = sarif(sampleReport({ findings: [sampleFinding()] }), sampleContext({ rules }));
    const [rule] = JSON.parse(output).runs[0].tool.driver.rules;
    expect(rule).toMatchObject({ shortDescription: { text: 'Not used' }, help: { text: 'Revoke it.' } });
    expect(rule.fullDescription.text).toHaveLength(1024);
    expect(sarifProblems(output)).toEqual([]);
  });

  test('marks an incomplete run as unsuccessful and says why', () => {
    const sources = [
      {
        kind: 'personal-client',
        status: 'partial',
        credentials: 0,
        deleted: 0,
        pages: 1,
        note: 'page 2 failed',
      },
    ] as const;
    const [invocation] = runOf(sampleReport({ complete: false, sources, notes: ['no roles'] })).invocations;
    expect(invocation).toMatchObject({
      executionSuccessful: false,
      toolExecutionNotifications: [
        {
          level: 'error',
          message: {
            text: 'The audit is incomplete: personal clients were read only in part (page 2 failed)',
          },
        },
        { level: 'note', message: { text: 'no roles' } },
      ],
    });
    expect(runOf(sampleReport()).invocations[0].executionSuccessful).toBe(true);
  });

  test('keeps the worst 25,000 and says what it left out', () => {
    const one = sampleFinding();
    const report = {
      ...sampleReport(),
      findings: Array.from({ length: 25_001 }, (_, n) => ({
        ...one,
        credential: { ...sampleCredential(), id: `pc-${n}`, name: 'x'.repeat(10_000) },
      })),
    };
    const output = sarif(report, context);
    const [run] = JSON.parse(output).runs;
    expect(run.results).toHaveLength(25_000);
    expect(run.invocations[0].toolExecutionNotifications[0].message.text).toMatch(
      /^1 less severe finding left out/,
    );
    expect(gzipSync(output, { level: 1 }).length).toBeLessThan(10_000_000);
  });

  test.each(HOSTILE_NAMES)('hostile text stays text: %s', (_, name) => {
    const output = sarif(hostileReport(name), context);
    expect(sarifProblems(output)).toEqual([]);
    expect(obeyedCommands(output)).toEqual([]);
    expect(output.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cs}\p{Bidi_Control}]/u);
    const { text } = JSON.parse(output).runs[0].results[0].message;
    expect(text).not.toMatch(/\]\(/);
    expect(text.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cs}\p{Bidi_Control}]/u);
    expect(text.length).toBeLessThan(3_000);
  });
});

describe('the tags of a rule', () => {
  const tagsOf = (controls: Report['coverage']['controls']) => {
    const report = sampleReport({ findings: [sampleFinding()] });
    const named = { ...report, coverage: { ...report.coverage, ...(controls ? { controls } : {}) } };
    return runOf(named).tool.driver.rules[0].properties.tags;
  };

  test('name the controls that its findings are evidence on', () => {
    expect(tagsOf(undefined)).toEqual(['security', 'credentials']);
    expect(tagsOf({ unused: { 'cis-controls-8': ['5.3'], 'nist-800-53': ['AC-2(3)', 'AC-6'] } })).toEqual([
      'security',
      'credentials',
      'cis-controls-8/5.3',
      'nist-800-53/AC-2(3)',
      'nist-800-53/AC-6',
    ]);
  });

  test('are at most 20, as GitHub rejects more', () => {
    const ids = Array.from({ length: 30 }, (_, n) => `${n}`);
    expect(tagsOf({ unused: { iso: ids } })).toHaveLength(20);
  });
});

describe('against the standard schema', () => {
  const schema = JSON.parse(
    readFileSync(
      createRequire(import.meta.url).resolve('@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json'),
      'utf8',
    ),
  );
  const ajv = new Ajv4.default({ strict: false, allErrors: true, unicodeRegExp: false });
  addFormats.default(ajv as never);
  const validate = ajv.compile(schema);
  const errors = (report: Report) => {
    validate(JSON.parse(sarif(report, context)));
    return validate.errors ?? [];
  };

  test('the schema rejects a file that is not SARIF', () => {
    expect(validate({ version: '2.1.0' })).toBe(false);
  });

  test.each([
    ['full', fullReport()],
    ['empty', sampleReport()],
    ['incomplete', sampleReport({ complete: false, notes: ['record 3 is malformed'] })],
    ...HOSTILE_NAMES.map(([key, name]) => [key, hostileReport(name)] as const),
  ])('%s', (_, report) => {
    expect(errors(report)).toEqual([]);
  });
});
