import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from '@jest/globals';
import type { Report } from '../../src/engine/report.js';
import { json as parts } from '../../src/reporters/json.js';
import { emptyFolder, runProgram } from '../helpers/program.js';
import {
  type SampleOptions,
  sampleContext,
  sampleCredential,
  sampleReport,
  sampleUnknown,
} from '../helpers/sample-report.js';

const DAY = 86_400_000;
const FIRST = Date.parse('2026-11-01T02:00:00.000Z');
const iso = (night: number) => new Date(FIRST + night * DAY).toISOString();

let cwd: string;
beforeEach(() => {
  cwd = emptyFolder();
  writeFileSync(join(cwd, 'c1-audit.config.yaml'), RULES);
});

const rule = (id: string, when: string, kinds = '[personal-client]') => `  - id: acme/${id}
    title: A title
    severity: high
    kinds: ${kinds}
    when: ${when}
    message: '"{name}" is reported'
    fix: f
`;

const RULES = `customRules:
${rule('old', 'now - credential.createdAt >= duration("240h")')}${rule('ours', 'credential.owner.email.endsWith("@acme.example") || credential.owner.status == "gone"')}${rule('admin', 'credential.scopedRoles.exists(r, r.name == "system:owner")')}${rule('dpop', 'credential.requireDpop == false', '[service-principal-credential]')}${rule('endless', 'credential.expiresAt == null')}`;

type Credential = Report['credentials'][number];

function credential(id: string, over: Partial<Credential> = {}): Credential {
  const owner = { id: 'u', name: 'Jo', email: 'jo@acme.example' };
  return {
    ...sampleCredential({ id, name: `key ${id}`, owner, createdAt: iso(-9), ...over }),
    live: true,
    ...over,
  };
}

function save(
  night: number,
  credentials: readonly Credential[],
  options: SampleOptions = {},
  file = `${night}.json`,
  change = (report: Report) => report,
): void {
  const sample = sampleReport({ ...options, findings: options.findings ?? [] });
  const report = change({
    ...sample,
    run: { ...sample.run, asOf: iso(night), startedAt: iso(night), finishedAt: iso(night) },
    credentials,
    summary: { ...sample.summary, credentials: credentials.length },
  });
  writeFileSync(join(cwd, file), [...parts(report, sampleContext())].join(''));
}

const run = (...argv: string[]) => runProgram(['rules', 'backtest', ...argv], { cwd });

async function backtestOf(id: string, ...files: string[]) {
  const { stdout, code, stderr } = await run(id, ...files, '-f', 'json');
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout);
}

describe('rules backtest', () => {
  test('counts findings a night, names what was new, and orders the nights by time', async () => {
    save(0, [credential('a'), credential('b', { createdAt: iso(-30) })]);
    save(1, [credential('a'), credential('b', { createdAt: iso(-30) })]);
    save(2, [credential('a')]);
    const { code, stdout } = await run('acme/old', '2.json', '0.json', '1.json');
    expect(code).toBe(0);
    expect(stdout).toBe(
      [
        'acme/old over 3 reports',
        '',
        'night             judged  findings  new  unknown',
        '2026-11-01 02:00       2         1    1        0',
        '2026-11-02 02:00       2         2    1        0',
        '2026-11-03 02:00       1         1    0        0',
        '',
        'It would have alerted on 2 credentials:',
        '  high key b (b, personal client), owner Jo <jo@acme.example> (u), new on 2026-11-01 02:00',
        '    "key b" is reported',
        '  high key a (a, personal client), owner Jo <jo@acme.example> (u), new on 2026-11-02 02:00',
        '    "key a" is reported',
        '',
      ].join('\n'),
    );
  });

  test('a finding is news again after a pass, not after a night that did not see it', async () => {
    save(0, [credential('a', { createdAt: iso(-30) }), credential('b', { createdAt: iso(-30) })]);
    save(1, [credential('a', { createdAt: iso(0) })]);
    save(2, [credential('a', { createdAt: iso(-30) }), credential('b', { createdAt: iso(-30) })]);
    const { nights, alerts } = await backtestOf('acme/old', '0.json', '1.json', '2.json');
    expect(nights.map((night: { new: number }) => night.new)).toEqual([2, 0, 1]);
    expect(
      alerts.map((one: { credential: { id: string }; nights: string[] }) => [one.credential.id, one.nights]),
    ).toEqual([
      ['a', [iso(0), iso(2)]],
      ['b', [iso(0)]],
    ]);
  });

  test('an unknown outcome is neither a finding nor a pass', async () => {
    save(0, [credential('a', { createdAt: iso(-30) })]);
    save(1, [credential('a', { createdAt: null })]);
    save(2, [credential('a', { createdAt: iso(-30) })]);
    const { nights } = await backtestOf('acme/old', '0.json', '1.json', '2.json');
    expect(nights).toMatchObject([
      { findings: 1, new: 1, unknown: {} },
      { findings: 0, new: 0, unknown: { 'the report has no creation date': 1 } },
      { findings: 1, new: 0 },
    ]);
  });

  test('a fact that reports do not carry is unknown, a part of an owner that they carry is not', async () => {
    const other = { id: 'v', name: 'Vi', email: 'vi@other.example' };
    save(0, [
      credential('a'),
      credential('b', { owner: other }),
      credential('c', { owner: { id: 'w', name: '', email: '' } }),
      credential('d', { owner: null }),
    ]);
    const { nights, alerts } = await backtestOf('acme/ours', '0.json');
    expect(nights).toMatchObject([
      {
        judged: 4,
        findings: 1,
        unknown: { 'owner.status could not be read': 2, 'saved reports do not carry owner': 1 },
      },
    ]);
    expect(alerts).toMatchObject([{ credential: { id: 'a' } }]);
    const { stdout } = await run('acme/ours', '0.json');
    expect(stdout).toContain('Unknown, over all nights:\n  2 credentials: owner.status could not be read\n');
    save(0, [credential('s', { kind: 'service-principal-credential' })]);
    expect((await backtestOf('acme/dpop', '0.json')).nights).toMatchObject([
      { judged: 1, findings: 0, unknown: { 'saved reports do not carry requireDpop': 1 } },
    ]);
    expect((await run('acme/dpop', '0.json')).stdout).toContain(
      'It would not have alerted on any credential whose outcome is known.\n',
    );
  });

  test('only tunnel credentials can be connected, which reports do not carry', async () => {
    const idle = { createdAt: iso(-200), lastUsedAt: iso(-150) };
    save(0, [credential('a', idle), credential('b', { ...idle, kind: 'tunnel-credential' })]);
    expect(await backtestOf('unused', '0.json')).toMatchObject({
      nights: [{ judged: 2, findings: 1, unknown: { 'saved reports do not carry connected': 1 } }],
      alerts: [{ credential: { id: 'a' } }],
    });
  });

  test('a role without a name may be any role', async () => {
    const scopedRoles = [{ id: 'x', name: null }];
    save(0, [
      credential('a', { scopedRoles }),
      credential('b', { scopedRoles: [...scopedRoles, { id: 'o', name: 'system:owner' }] }),
      credential('c', { scopedRoles: [{ id: 'u', name: 'system:user' }] }),
    ]);
    expect((await backtestOf('acme/admin', '0.json')).nights).toMatchObject([
      { findings: 1, unknown: { 'scopedRoles.name could not be read': 1 } },
    ]);
    expect((await backtestOf('admin-scope', '0.json')).nights).toMatchObject([
      { unknown: expect.objectContaining({ 'the report has no name for one of its roles': 2 }) },
    ]);
  });

  test('a date that no rule could read is not "never"', async () => {
    const unread = credential('a', { expiresAt: null });
    save(0, [unread, credential('b', { expiresAt: null })], {
      findings: [sampleUnknown({ rule: 'no-expiry', credential: unread })],
    });
    expect((await backtestOf('acme/endless', '0.json')).nights).toMatchObject([
      { findings: 1, unknown: { 'the audit could not read it, or another fact that a rule needs': 1 } },
    ]);
  });

  test('a last use that no rule could read is not "never", and reports do not carry the system log', async () => {
    const idle = { createdAt: iso(-200), lastUsedAt: null };
    const unread = credential('a', idle);
    const trust = credential('t', { ...idle, kind: 'federation-trust' });
    save(0, [unread, credential('b', idle), trust], {
      findings: [sampleUnknown({ rule: 'unused', credential: unread })],
    });
    const reason = 'the audit could not read it, or another fact that a rule needs';
    expect(await backtestOf('unused', '0.json')).toMatchObject({
      nights: [{ findings: 1, unknown: { [reason]: 1, 'saved reports do not carry lastUse': 1 } }],
      alerts: [{ credential: { id: 'b' } }],
    });
    expect((await backtestOf('refused-use', '0.json')).nights).toMatchObject([
      { findings: 0, unknown: { 'saved reports do not carry usage': 3 } },
    ]);
  });

  test('judges live or expired credentials, as the rule does', async () => {
    const expired = { live: false, expiresAt: iso(-1) };
    save(0, [credential('a', expired), credential('b', { live: false, expiresAt: null }), credential('c')]);
    expect((await backtestOf('expired', '0.json')).alerts).toMatchObject([{ credential: { id: 'a' } }]);
    expect((await backtestOf('acme/old', '0.json')).nights).toMatchObject([{ judged: 1 }]);
  });

  test('works for built-in rules with the options of the configuration, and for plug-ins', async () => {
    writeFileSync(
      join(cwd, 'c1-audit.config.yaml'),
      'rules: { not-rotated: { maxAgeDays: 5, severity: critical } }\nplugins: [./ours.mjs]',
    );
    writeFileSync(
      join(cwd, 'ours.mjs'),
      `export default { id: 'acme/plug', title: 'T', severity: 'low', kinds: ['personal-client'], docs: { why: 'w', fix: 'f' }, needs: ['name', 'self'], messages: { m: () => 'plugged' }, check({ facts }) { if (facts.name.endsWith('b')) throw new Error('no'); return facts.self ? undefined : { messageId: 'm', data: {} } } };`,
    );
    save(0, [credential('a'), credential('b')]);
    expect((await backtestOf('not-rotated', '0.json')).alerts).toMatchObject([{ severity: 'critical' }, {}]);
    expect((await backtestOf('acme/plug', '0.json')).nights).toMatchObject([
      { findings: 1, unknown: { 'the rule failed: it threw no': 1 } },
    ]);
  });

  test('says that a night did not read the kind, or was incomplete', async () => {
    save(0, [], {}, '0.json', (report) => ({
      ...report,
      coverage: {
        ...report.coverage,
        complete: false,
        sources: report.coverage.sources.map((source) => ({
          ...source,
          status: 'unavailable' as const,
          note: 'no',
        })),
      },
    }));
    const { stdout } = await run('acme/old', '0.json');
    expect(stdout).toMatch(/2026-11-01 02:00 +not read .* incomplete\n/);
  });

  test('keeps tenants apart', async () => {
    const other = (report: Report): Report => ({
      ...report,
      run: { ...report.run, tenant: 'other.conductor.one' },
    });
    save(0, [credential('a', { createdAt: iso(-30) })]);
    save(1, [credential('a', { createdAt: iso(-30) })], {}, 'other.json', other);
    const { nights } = await backtestOf('acme/old', '0.json', 'other.json');
    expect(nights).toMatchObject([{ new: 1 }, { new: 1 }]);
    expect((await run('acme/old', '0.json', 'other.json')).stdout).toContain('other.conductor.one');
  });

  test('gives no advice on a credential of which the report gives none, and neutralises names', async () => {
    save(0, [credential('a', { createdAt: iso(-30), name: '\u001b[2Jx\nhigh y', adviceWithheld: true })]);
    const { stdout } = await run('acme/old', '0.json');
    expect(stdout).toContain('\n    A title\n');
    expect(stdout).not.toContain('\u001b');
    expect(stdout).not.toMatch(/^high y/m);
  });

  test('exits 3 where a report cannot be read, and 2 where none can', async () => {
    save(0, [credential('a')]);
    writeFileSync(join(cwd, 'broken.json'), '{');
    const some = await run('acme/old', '0.json', 'broken.json', 'missing.json');
    expect(some.code).toBe(3);
    expect(some.stdout).toContain('acme/old over 1 report\n');
    expect(some.stderr).toContain('broken.json');
    expect(some.stderr).toContain('missing.json');
    const none = await run('acme/old', 'broken.json');
    expect({ code: none.code, stdout: none.stdout }).toEqual({ code: 2, stdout: '' });
  });

  test.each([
    ['no report', ['acme/old'], 'rules backtest needs a rule and at least one saved report.'],
    ['nothing', [], 'rules backtest needs a rule and at least one saved report.'],
    ['a misspelt rule', ['acme/odl', '0.json'], 'There is no rule "acme/odl".\nDid you mean acme/old?'],
    ['a rule on changes', ['scope-widened', '0.json'], 'scope-widened compares audits or waivers'],
  ])('exits 2 for %s', async (_, argv, says) => {
    save(0, []);
    const { code, stdout, stderr } = await run(...argv);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(says);
  });
});
