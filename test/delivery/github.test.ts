import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Severity } from '../../src/contract/index.js';
import {
  annotations,
  cutSummary,
  outputText,
  publishToActions,
  stepOutputs,
} from '../../src/delivery/annotations.js';
import { actionsRunUrl, inActions, maskLines, stopCommands } from '../../src/delivery/github.js';
import { text } from '../../src/reporters/text.js';
import { HOSTILE_NAMES } from '../helpers/hostile.js';
import { obeyedCommands } from '../helpers/runner.js';
import {
  fullReport,
  sampleContext,
  sampleCredential,
  sampleFinding,
  sampleReport,
  sampleUnknown,
} from '../helpers/sample-report.js';

const many = (severity: Severity, n: number) =>
  Array.from({ length: n }, (_, i) =>
    sampleFinding({
      rule: `r-${severity}`,
      severity,
      credential: sampleCredential({ id: `pc-${i}`, name: `n${i}` }),
    }),
  );

/** What the runner makes of a command. */
function decode(line: string) {
  const [, level = '', title = '', data = ''] = /^::(\w+) title=(.*?)::(.*)$/.exec(line) ?? [];
  const plain = (text: string) =>
    text
      .replaceAll('%3A', ':')
      .replaceAll('%2C', ',')
      .replaceAll('%0A', '\n')
      .replaceAll('%0D', '\r')
      .replaceAll('%25', '%');
  return { level, title: plain(title), message: plain(data) };
}

const decoded = (output: string) => output.split('\n').slice(0, -1).map(decode);

test('knows where it is', () => {
  expect(inActions({ GITHUB_ACTIONS: 'true' })).toBe(true);
  expect(inActions({})).toBe(false);
  const env = {
    GITHUB_SERVER_URL: 'https://github.com/',
    GITHUB_REPOSITORY: 'acme/audit',
    GITHUB_RUN_ID: '42',
  };
  expect(actionsRunUrl(env)).toBe('https://github.com/acme/audit/actions/runs/42');
  for (const name of Object.keys(env)) expect(actionsRunUrl({ ...env, [name]: '' })).toBeUndefined();
});

describe('annotations', () => {
  test('critical and high are errors, medium warnings, the rest none', () => {
    expect(decoded(annotations(fullReport()))).toEqual([
      {
        level: 'error',
        title: 'critical: github',
        message:
          'the condition is always true: anyone with a token of the provider may come in\nfederation trust ft-1@acme.conductor.one/wfe, owner not known\nFix: Name the workload in the condition.\nRule: loose-trust-condition',
      },
      expect.objectContaining({ level: 'error', title: 'high: deploy' }),
    ]);
    expect(decoded(annotations(sampleReport({ findings: [sampleFinding()] })))).toEqual([
      expect.objectContaining({ level: 'warning', title: 'medium: nightly export' }),
    ]);
  });

  test('with a memory are only about what is new, reopened or more severe', () => {
    const named = (name: string, status: 'new' | 'known' | 'reopened') =>
      sampleFinding({ severity: 'high', status, credential: sampleCredential({ id: name, name }) });
    const worse = named('worse', 'known');
    const findings = [named('fresh', 'new'), named('back', 'reopened'), named('old', 'known'), worse];
    const titles = (raised: ReadonlySet<string>) =>
      decoded(annotations(sampleReport({ findings }), { raised })).map(({ title }) => title);
    expect(titles(new Set())).toEqual(['high: back', 'high: fresh']);
    expect(titles(new Set([worse.fingerprint]))).toEqual(['high: back', 'high: fresh', 'high: worse']);
    const known = sampleReport({ findings: [named('old', 'known')], complete: false });
    expect(decoded(annotations(known)).map(({ title }) => title)).toEqual(['The audit is INCOMPLETE']);
  });

  test('waived and unknown findings make no annotation', () => {
    const waiver = { reason: 'x', approvedBy: 'y', expires: '2026-12-31' };
    const findings = [sampleFinding({ severity: 'critical', waiver }), sampleUnknown()];
    expect(annotations(sampleReport({ findings }))).toBe('');
  });

  test.each([
    [10, 10, undefined],
    [11, 10, '2 more findings'],
    [500, 10, '491 more findings'],
  ])('%d findings are %d annotations', (findings, shown, last) => {
    for (const severity of ['high', 'medium'] as const) {
      const all = decoded(annotations(sampleReport({ findings: many(severity, findings) })));
      expect(all).toHaveLength(shown);
      if (last) expect(all.at(-1)?.title).toBe(last);
    }
  });

  test('an incomplete audit comes first and counts towards the ten', () => {
    const all = decoded(annotations(sampleReport({ complete: false, findings: many('high', 10) })));
    expect(all).toHaveLength(10);
    expect(all[0]).toMatchObject({ level: 'error', title: 'The audit is INCOMPLETE' });
    expect(all.at(-1)?.title).toBe('2 more findings');
    expect(annotations(sampleReport({ complete: false }))).toMatch(
      /^::error title=The audit is INCOMPLETE::/,
    );
  });

  test.each(HOSTILE_NAMES)('hostile text cannot leave its annotation: %s', (_, name) => {
    const findings = [
      sampleFinding({
        rule: name,
        severity: 'high',
        message: name,
        fix: name,
        credential: sampleCredential({ name, id: name, owner: { id: name, name, email: name } }),
      }),
    ];
    const output = annotations(sampleReport({ findings, complete: false, notes: [name] }));
    expect(output.split('\n')).toHaveLength(3);
    expect(obeyedCommands(output).map((command) => command.slice(0, 11))).toEqual([
      'error title',
      'error title',
    ]);
    for (const { title, message } of decoded(output)) {
      expect(title.length + message.length).toBeLessThanOrEqual(4096);
      expect(`${title}${message.replaceAll('\n', '')}`).not.toMatch(/[\p{Cc}\p{Cs}\p{Bidi_Control}]/u);
      expect(obeyedCommands(message)).toEqual([]);
    }
  });
});

describe('outputs', () => {
  test('hold counts, completeness and report paths', () => {
    expect(stepOutputs(fullReport(), { sarif: 'out/c1.sarif', html: 'r.html' })).toEqual({
      findings: '5',
      new: '4',
      'highest-severity': 'critical',
      complete: 'true',
      'report-sarif': 'out/c1.sarif',
      'report-html': 'r.html',
    });
    expect(stepOutputs(sampleReport({ complete: false }), {})).toEqual({
      findings: '0',
      new: '0',
      'highest-severity': 'none',
      complete: 'false',
    });
  });

  test('a value cannot set another output', () => {
    const evil = 'x\nEOF\ncomplete=true\ncomplete<<EOF\ntrue\nEOF';
    const written = outputText({ complete: 'false', 'report-json': evil });
    expect(readOutputs(written)).toEqual({ complete: 'false', 'report-json': evil });
    expect(outputText({ a: '1' })).not.toBe(outputText({ a: '1' }));
  });
});

/** As the runner reads them. */
function readOutputs(text: string): Record<string, string> {
  const outputs: Record<string, string> = {};
  const lines = text.split('\n');
  while (lines.length > 1) {
    const [name = '', delimiter = ''] = (lines.shift() ?? '').split('<<');
    const end = lines.indexOf(delimiter);
    outputs[name] = lines
      .splice(0, end + 1)
      .slice(0, -1)
      .join('\n');
  }
  return outputs;
}

describe('masks', () => {
  test('mask each secret and each of its lines', () => {
    expect(maskLines(['s3cret', undefined, '', '  ', 'a%b', 'one\ntwo\r\n'])).toBe(
      '::add-mask::s3cret\n::add-mask::a%25b\n::add-mask::one%0Atwo\n::add-mask::one\n::add-mask::two\n',
    );
    expect(maskLines([])).toBe('');
  });

  test('mask the same secret once', () => {
    expect(maskLines(['x1', 'x1 '])).toBe('::add-mask::x1\n');
  });
});

describe('stopCommands', () => {
  test('the runner obeys nothing inside', () => {
    const evil = '::error::a\n##[error]b\n::stop-commands::x\n::x::\n::pause-logging::\n::warning::c';
    expect(obeyedCommands(evil).length).toBeGreaterThan(0);
    expect(obeyedCommands(stopCommands(evil))).toEqual([]);
    expect(obeyedCommands(`${stopCommands(evil)}::notice::after`)).toEqual(['notice']);
  });

  test('the token differs each time', () => {
    expect(stopCommands('x')).not.toBe(stopCommands('x'));
    expect(stopCommands('x\n', 't')).toBe('::stop-commands::t\nx\n::t::\n');
    expect(stopCommands('x', 't')).toBe('::stop-commands::t\nx\n::t::\n');
  });

  test.each(HOSTILE_NAMES)('the runner obeys nothing in a text report: %s', (_, name) => {
    const findings = [sampleFinding({ message: name, fix: name, credential: sampleCredential({ name }) })];
    expect(
      obeyedCommands(stopCommands(text(sampleReport({ findings, notes: [name] }), sampleContext()))),
    ).toEqual([]);
  });
});

describe('cutSummary', () => {
  test('cuts at the limit and not before', () => {
    const exact = 'x'.repeat(1000);
    expect(cutSummary(exact, 1000)).toBe(exact);
    const cut = cutSummary(`${'line\n'.repeat(300)}`, 1000);
    expect(Buffer.byteLength(cut)).toBeLessThanOrEqual(1000);
    expect(cut).toMatch(/^line\nline\n[\s\S]*line\n\n> \*\*Cut here:\*\*/);
  });

  test('counts bytes and keeps characters complete', () => {
    const cut = cutSummary('é🔑\n'.repeat(1000), 999);
    expect(Buffer.byteLength(cut)).toBeLessThanOrEqual(999);
    expect(cut).not.toContain('\ufffd');
  });

  test('drops one endless line, or everything if not even the notice fits', () => {
    expect(cutSummary('x'.repeat(2000), 1000)).toMatch(/^\n\n> \*\*Cut here/);
    expect(cutSummary('x'.repeat(2000), 10)).toBe('');
    expect(cutSummary('x'.repeat(2000), -5)).toBe('');
  });
});

describe('publishToActions', () => {
  let folder = '';
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'actions-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  const publish = async (env: Record<string, string>, summary = '# Audit\n') => {
    const stderr = new PassThrough();
    const published = publishToActions(fullReport(), { env, stderr, summary, reports: { json: 'r.json' } });
    const failure = await published.then(
      () => undefined,
      (error: unknown) => error,
    );
    return { stderr: String(stderr.read() ?? ''), failure };
  };

  test('appends all three to what is there', async () => {
    const env = { GITHUB_STEP_SUMMARY: join(folder, 'summary'), GITHUB_OUTPUT: join(folder, 'output') };
    await writeFile(env.GITHUB_STEP_SUMMARY, 'before\n');
    const { stderr, failure } = await publish(env);
    expect(failure).toBeUndefined();
    expect(stderr).toBe(annotations(fullReport()));
    expect(await readFile(env.GITHUB_STEP_SUMMARY, 'utf8')).toBe('before\n# Audit\n');
    expect(readOutputs(await readFile(env.GITHUB_OUTPUT, 'utf8'))).toMatchObject({
      findings: '5',
      'report-json': 'r.json',
    });
  });

  test('existing text in the summary counts towards its limit', async () => {
    const path = join(folder, 'summary');
    await writeFile(path, 'x'.repeat(1_000_000));
    await publish({ GITHUB_STEP_SUMMARY: path }, 'line\n'.repeat(100_000));
    const written = await readFile(path);
    expect(written.length).toBeLessThanOrEqual(1024 * 1024);
    expect(written.length).toBeGreaterThan(1024 * 1024 - 10);
    expect(written.toString()).toContain('Cut here');
  });

  test('writes nothing without files', async () => {
    const { failure, stderr } = await publish({});
    expect(failure).toBeUndefined();
    expect(stderr).not.toBe('');
  });

  test('a failed part is named and does not stop the others', async () => {
    const output = join(folder, 'output');
    const { failure } = await publish({
      GITHUB_STEP_SUMMARY: join(folder, 'no', 'summary'),
      GITHUB_OUTPUT: output,
    });
    expect(failure).toMatchObject({
      code: 'delivery',
      message: expect.stringMatching(/the job summary: .*ENOENT/),
    });
    expect(failure).not.toMatchObject({ message: expect.stringContaining('the outputs') });
    expect(await readFile(output, 'utf8')).toContain('findings<<');
  });
});

test('each part that cannot be written for the runner is named', async () => {
  const stderr = new PassThrough();
  const env = { GITHUB_STEP_SUMMARY: '/dev/null/summary', GITHUB_OUTPUT: '/dev/null/output' };
  const sent = publishToActions(sampleReport(), { env, stderr, summary: 'x', reports: {} });
  await expect(sent).rejects.toMatchObject({
    code: 'delivery',
    message: expect.stringMatching(
      /^Cannot write for GitHub Actions: the job summary: .*ENOTDIR.*; the outputs: .*ENOTDIR/,
    ),
    hint: 'Check that the runner has space on its disk and that GITHUB_STEP_SUMMARY and GITHUB_OUTPUT are the files it named.',
    cause: expect.anything(),
  });
});

test('what GitHub does not show is counted, with where to find it', () => {
  const findings = Array.from({ length: 12 }, (_, n) =>
    sampleFinding({ severity: 'high', credential: sampleCredential({ id: `k${n}` }) }),
  );
  const lines = annotations(sampleReport({ findings })).trim().split('\n');
  expect(lines).toHaveLength(10);
  expect(lines.at(-1)).toBe('::error title=3 more findings::GitHub shows ten: see the job summary.');
});

test('a summary is cut between lines, also after an empty first one', () => {
  const notice = cutSummary('\n'.repeat(2_000_000)).trimStart();
  const room = Buffer.byteLength(`\n\n${notice}`);
  expect(cutSummary(`\n${'x'.repeat(500)}`, room + 5)).toBe(`\n\n${notice}`);
});
