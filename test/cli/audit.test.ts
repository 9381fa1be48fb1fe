import { lstatSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { main } from '../../src/cli/main.js';
import { emptyFolder, runProgram, Sink } from '../helpers/program.js';
import { schemaErrors } from '../helpers/report-schema.js';
import { seed, startTenant, type Tenant } from '../tenant/index.js';

const NOW = Date.parse('2026-11-24T06:00:00Z');
let tenant: Tenant;

const expectValidReport = (report: unknown) => expect(schemaErrors(report)).toEqual([]);

beforeAll(async () => {
  tenant = (await startTenant({ now: () => NOW, data: seed(NOW) })) as Tenant;
});
afterAll(() => tenant.close());

const audit = (argv: string[], over: Parameters<typeof runProgram>[1] = {}) =>
  runProgram(argv, { env: tenant.environment, now: () => NOW, ...over });

describe('exit codes', () => {
  test('1 for findings at or above --fail-on, which is high', async () => {
    expect((await audit(['--rule', 'no-expiry'])).code).toBe(1);
    expect((await audit(['--rule', 'default-name'])).code).toBe(0);
    expect((await audit(['--rule', 'default-name', '--fail-on', 'low'])).code).toBe(1);
    expect((await audit(['--rule', 'default-name', '--fail-on', 'medium'])).code).toBe(0);
    expect((await audit(['--fail-on', 'never'])).code).toBe(0);
  });

  test.each([
    {
      what: 'a flag that does not exist',
      argv: ['--scoop', 'tenant'],
      says: /unknown option '--scoop'[\s\S]*--scope/,
    },
    { what: 'an argument too many', argv: ['adit'], says: /no command "adit".*audit/ },
    { what: 'a format that does not exist', argv: ['-f', 'jsn'], says: /no format "jsn"/ },
    { what: 'two formats on stdout', argv: ['-f', 'json', '-f', 'text'], says: /Only one format/ },
    { what: 'one file twice', argv: ['-f', 'json:a', '-f', 'text:a'], says: /Two formats/ },
    { what: 'one file under two names', argv: ['-f', 'json:a', '-f', 'text:./a'], says: /Two formats/ },
    {
      what: 'a report in the place of the state',
      argv: ['--state', 'a', '-f', 'json:./a'],
      says: /would overwrite the state: both are the same file/,
    },
    {
      what: 'a report where the Slack message is printed',
      argv: ['--slack-dry-run', '-f', 'json'],
      says: /--slack-dry-run prints/,
    },
    { what: 'a format with an empty file', argv: ['-f', 'json:'], says: /colon but no file/ },
    { what: 'a scope that does not exist', argv: ['--scope', 'all'], says: /--scope/ },
    { what: 'a severity that does not exist', argv: ['--fail-on', 'hgih'], says: /--fail-on[\s\S]*high/ },
    { what: 'a rule that does not exist', argv: ['--rule', 'unusd'], says: /unusd[\s\S]*unused/ },
    {
      what: 'a time that is none',
      argv: ['--as-of', 'yesterday'],
      says: /--as-of "yesterday" is not valid: it must be an RFC 3339 timestamp or a date/,
    },
    { what: 'a time that no calendar has', argv: ['--as-of', '2026-02-30T00:00:00Z'], says: /RFC 3339/ },
    { what: 'a date that no calendar has', argv: ['--as-of', '2026-02-30'], says: /RFC 3339/ },
    {
      what: 'a time limit that is none',
      argv: ['--timeout', '0'],
      says: /--timeout "0" is not a number of seconds/,
    },
    { what: 'a configuration that is not there', argv: ['-c', 'nope.yaml'], says: /nope\.yaml/ },
    {
      what: 'an input that is not there',
      argv: ['--input', 'nope.json'],
      says: /nope\.json cannot be read \(ENOENT\)/,
    },
    {
      what: 'an input and a scope',
      argv: ['--input', '-', '--scope', 'tenant'],
      says: /--scope has no effect with --input/,
    },
    { what: 'Slack without an address', argv: ['--slack'], says: /SLACK_WEBHOOK_URL/ },
  ])('2 for $what, with a message and nothing on stdout', async ({ argv, says }) => {
    const { code, stdout, stderr } = await audit(argv);
    expect(code).toBe(2);
    expect(stderr).toMatch(says);
    expect(stdout).toBe('');
  });

  test('2 with the variables to set if the environment holds no credential', async () => {
    const { code, stdout, stderr } = await audit([], { env: {} });
    expect(code).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toContain('CONDUCTORONE_CLIENT_ID');
    expect(stderr).toContain('c1-audit demo');
    expect(stderr).toContain('Nothing was audited.');
  });

  test('3 if the credential is refused, and the report says so first', async () => {
    const env = {
      CONDUCTORONE_ACCESS_TOKEN: 'not-a-token-of-this-tenant',
      CONDUCTORONE_SERVER_URL: tenant.url,
    };
    const { code, stdout, stderr } = await audit([], { env });
    expect(code).toBe(3);
    expect(stdout).toMatch(/^INCOMPLETE/);
    expect(stderr).toContain('401');
  });

  test('3 if nothing listens', async () => {
    const gone = await startTenant();
    await gone.close();
    const env = { ...tenant.environment, CONDUCTORONE_SERVER_URL: gone.url };
    const { code, stdout, stderr } = await audit(['-f', 'json'], { env });
    expect(code).toBe(3);
    expect(JSON.parse(stdout)).toMatchObject({ coverage: { complete: false } });
    expect(stderr).toContain('ECONNREFUSED');
  });
});

describe('the report', () => {
  test('is valid against the shipped schema and, except for times, the same in every run', async () => {
    const [first, second] = await Promise.all([
      audit(['-f', 'json', '--scope', 'tenant']),
      audit(['-f', 'json', '--scope', 'tenant']),
    ]);
    expectValidReport(first.report);
    expect(second.stdout).toBe(first.stdout);
  });

  test('goes to files that only their owner can read, beside the one on stdout', async () => {
    const cwd = emptyFolder();
    const { stdout } = await audit(['-f', 'text', '-f', 'json:report.json'], { cwd });
    expect(stdout).toMatch(/^Complete/);
    expectValidReport(JSON.parse(readFileSync(join(cwd, 'report.json'), 'utf8')));
    expect(statSync(join(cwd, 'report.json')).mode & 0o777).toBe(0o600);
  });

  test('that cannot be written does not stop the others', async () => {
    const cwd = emptyFolder();
    const { code, stdout, stderr } = await audit(
      ['-f', 'text', '-f', 'json:/dev/full', '-f', 'csv:report.csv', '--fail-on', 'never'],
      { cwd },
    );
    expect(code).toBe(3);
    expect(stderr).toContain('/dev/full could not be written (ENOSPC)');
    expect(stdout).toMatch(/^Complete/);
    expect(readFileSync(join(cwd, 'report.csv'), 'utf8')).toContain('no-expiry');
  });

  test('replaces what a link points to, and writes into a device instead of replacing it', async () => {
    const cwd = emptyFolder();
    mkdirSync(join(cwd, 'real'));
    writeFileSync(join(cwd, 'real/report.csv'), '');
    symlinkSync('real/report.csv', join(cwd, 'link.csv'));
    const argv = ['-f', 'csv:link.csv', '-f', 'json:/dev/null', '--fail-on', 'never'];
    expect((await audit(argv, { cwd })).code).toBe(0);
    expect(lstatSync(join(cwd, 'link.csv')).isSymbolicLink()).toBe(true);
    expect(readFileSync(join(cwd, 'real/report.csv'), 'utf8')).toContain('no-expiry');
    expect(statSync('/dev/null').isCharacterDevice()).toBe(true);
  });

  test('on a full disk is named in the error, and the others are written', async () => {
    const cwd = emptyFolder();
    const { code, stderr, stdout } = await audit(['-f', 'text', '-f', 'sarif:/dev/full'], { cwd });
    expect(code).toBe(3);
    expect(stderr).toContain('/dev/full could not be written (ENOSPC)');
    expect(stdout).toMatch(/^Complete/);
    expect(statSync('/dev/full').isCharacterDevice()).toBe(true);
  });

  test('that was only meant for a file is printed if the file cannot be written', async () => {
    const { code, stdout } = await audit(['-f', 'json:/dev/full', '--fail-on', 'never']);
    expect(code).toBe(3);
    expect(stdout).toMatch(/^Complete/);
  });

  test('that leaves findings out still counts them for the exit code, also when it is rendered again', async () => {
    const cwd = emptyFolder();
    const quiet = await audit(
      ['--rule', 'no-expiry', '--min-severity', 'critical', '-f', 'json:report.json'],
      { cwd },
    );
    expect(quiet.code).toBe(1);
    const report = JSON.parse(readFileSync(join(cwd, 'report.json'), 'utf8'));
    expectValidReport(report);
    expect(report).toMatchObject({
      findings: [],
      summary: { findings: 0, hidden: { high: 3, critical: 0 } },
    });
    expect((await runProgram(['report', 'report.json'], { cwd })).code).toBe(1);
    expect((await runProgram(['report', 'report.json', '--fail-on', 'critical'], { cwd })).code).toBe(0);
  });

  test('is rendered again from its file, with the same findings and exit code', async () => {
    const cwd = emptyFolder();
    const first = await audit(['-f', 'text', '-f', 'json:report.json'], { cwd });
    const again = await runProgram(['report', 'report.json'], { cwd });
    expect(again.stdout).toBe(first.stdout);
    expect(again.code).toBe(first.code);
    expect((await runProgram(['report', 'report.json', '--fail-on', 'never'], { cwd })).code).toBe(0);
    const piped = await runProgram(['report', '-'], {
      stdin: readFileSync(join(cwd, 'report.json'), 'utf8'),
    });
    expect(piped.stdout).toBe(first.stdout);
  });

  test('never overwrites itself', async () => {
    const cwd = emptyFolder();
    await audit(['-f', 'json:report.json'], { cwd });
    const { code, stderr } = await runProgram(['report', 'report.json', '-f', 'csv:./report.json'], { cwd });
    expect(code).toBe(2);
    expect(stderr).toContain('would overwrite its own input');
  });

  test('fails by flag, environment and configuration like the audit', async () => {
    const cwd = emptyFolder();
    await audit(['-f', 'json:report.json'], { cwd });
    expect((await runProgram(['report', 'report.json'], { cwd })).code).toBe(1);
    expect(
      (await runProgram(['report', 'report.json'], { cwd, env: { C1_AUDIT_FAIL_ON: 'never' } })).code,
    ).toBe(0);
    writeFileSync(join(cwd, 'c1-audit.config.yaml'), 'failOn: never\n');
    expect((await runProgram(['report', 'report.json'], { cwd })).code).toBe(0);
    expect((await runProgram(['report', 'report.json', '--fail-on', 'low'], { cwd })).code).toBe(1);
    expect((await runProgram(['report', 'report.json', '--fail-on', 'hgih'], { cwd })).code).toBe(2);
  });

  test.each([
    ['no JSON', '{', /is not JSON/],
    ['JSON of something else', '{"schemaVersion": 2}', /is not a c1-audit report of schema version 1/],
  ])('that is %s is refused', async (_, text, says) => {
    const { code, stdout, stderr } = await runProgram(['report', '-'], { stdin: text });
    expect(code).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toMatch(says);
  });
});

describe('--as-of', () => {
  test('judges as of that time', async () => {
    const later = await audit([
      '-f',
      'json',
      '--rule',
      'expired',
      '--as-of',
      '2036-01-01T00:00:00Z',
      '--fail-on',
      'never',
    ]);
    const now = await audit(['-f', 'json', '--rule', 'expired', '--fail-on', 'never']);
    expect(later.report.run.asOf).toBe('2036-01-01T00:00:00.000Z');
    expect(later.report.summary.findings).toBeGreaterThan(now.report.summary.findings);
  });
});

/** Fails at the test's time limit if it never holds. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((done) => setTimeout(done, 5));
}

describe('Ctrl-C', () => {
  test('before anything was read, the report is incomplete and printed', async () => {
    const { code, stdout } = await audit([], { signal: AbortSignal.abort() });
    expect(code).toBe(3);
    expect(stdout).toMatch(/^INCOMPLETE/);
  });

  test('in between, what was found is printed and the first line says INCOMPLETE', async () => {
    const stop = new AbortController();
    const slow = (await startTenant({
      now: () => NOW,
      data: seed(NOW),
      paging: { maxSize: 10 },
      faults: [
        {
          on: 'search-personal-clients',
          from: 3,
          times: Number.POSITIVE_INFINITY,
          effect: { kind: 'hang', at: 'before' },
        },
      ],
    })) as Tenant;
    const run = runProgram(['-f', 'json', '--scope', 'tenant', '--source', 'personal-clients'], {
      env: slow.environment,
      now: () => NOW,
      signal: stop.signal,
      limits: { requestTimeout: 20_000 },
    });
    await until(
      () => slow.requests.filter(({ target }) => target === 'search-personal-clients').length === 3,
    );
    stop.abort();
    const { code, report } = await run;
    await slow.close();
    expect(code).toBe(3);
    const [source] = report.coverage.sources;
    expect(source?.status).toBe('partial');
    expect((source?.credentials ?? 0) + (source?.deleted ?? 0)).toBe(20);
    expect(report.summary.findings).toBeGreaterThan(0);
  });
});

test('a run that takes too long ends incomplete and says so', async () => {
  const slow = (await startTenant({
    now: () => NOW,
    faults: [{ on: '*', times: Number.POSITIVE_INFINITY, effect: { kind: 'hang', at: 'before' } }],
  })) as Tenant;
  const { code, stderr } = await runProgram(['--timeout', '0.2'], { env: slow.environment, now: () => NOW });
  await slow.close();
  expect(code).toBe(3);
  expect(stderr).toContain('took longer than');
  expect(stderr).toContain('--timeout');
});

describe('streams', () => {
  test('--verbose logs every request to stderr as JSON, and stdout stays the report', async () => {
    const { stdout, stderr } = await audit(['-f', 'json', '--verbose', '--fail-on', 'never']);
    expect(() => JSON.parse(stdout)).not.toThrow();
    const lines = stderr
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines.some(({ call }) => /\/api\/v1\/auth\/introspect$/.test(call))).toBe(true);
  });

  test('progress is shown only on a terminal, and removed at the end', async () => {
    const shown = await audit(['--fail-on', 'never'], { isTTY: true });
    expect(shown.stderr).toMatch(/Reading credentials: personal clients, \d+ so far, 0 s/);
    expect(shown.stderr.endsWith('\r\u001b[K')).toBe(true);
    tenant.faults.add({ on: 'personal-clients', effect: { kind: 'status', status: 503 } });
    const retried = await audit(['--fail-on', 'never'], { isTTY: true });
    expect(retried.stderr).toContain(', 1 retry');
    expect((await audit(['--fail-on', 'never'])).stderr).toBe('');
    expect((await audit(['--fail-on', 'never', '--quiet'], { isTTY: true })).stderr).toBe('');
  });

  describe('without a report on stdout', () => {
    const FILES = ['-f', 'json:r.json', '-f', 'html:r.html', '--fail-on', 'never'];

    test('one line on stderr says what was found and where it is', async () => {
      const cwd = emptyFolder();
      const { stdout, stderr } = await audit([...FILES, '--state', 's.json'], { cwd });
      expect(stdout).toBe('');
      expect(stderr).toMatch(
        /^\d+ findings \(.*\); \d+ new, 0 known, 0 resolved\. Written to r\.json, r\.html\.\n$/,
      );
      const again = await runProgram(['report', 'r.json', '-f', 'csv:r.csv', '--fail-on', 'never'], { cwd });
      expect(again).toMatchObject({ stdout: '', stderr: stderr.replace('r.json, r.html', 'r.csv') });
    });

    test('the line says that findings may be missing', async () => {
      tenant.faults.add({ on: 'personal-clients', times: 99, effect: { kind: 'status', status: 403 } });
      const { code, stderr } = await audit(FILES);
      tenant.faults.clear();
      expect(code).toBe(3);
      expect(stderr).toMatch(
        /^no findings so far; the audit is incomplete\. Written to r\.json, r\.html\.$/m,
      );
    });

    test('there is no such line if a report is printed, if it could not be written, or with --quiet', async () => {
      for (const argv of [
        [...FILES, '-f', 'text'],
        [...FILES, '--quiet'],
        ['-f', 'json:/dev/full'],
      ])
        expect((await audit(argv)).stderr).not.toContain('Written to');
    });
  });

  test('text has the width of --width, and every detail with --full', async () => {
    const widest = (text: string) => Math.max(...text.split('\n').map((line) => line.length));
    const at = async (...argv: string[]) => (await audit(['--fail-on', 'never', ...argv])).stdout;
    expect(widest(await at())).toBeLessThanOrEqual(100);
    expect(widest(await at('--width', '120'))).toBeGreaterThan(100);
    expect(widest(await at('--width', '120'))).toBeLessThanOrEqual(120);
    expect(await at()).not.toContain('Fix: ');
    expect(await at('--full')).toContain('Fix: ');
    const { code, stderr } = await audit(['--width', 'wide']);
    expect(code).toBe(2);
    expect(stderr).toContain('--width "wide" is not a number of columns.');
  });

  test('colours are used on a terminal unless NO_COLOR or FORCE_COLOR decide', async () => {
    const colored = (text: string) => text.includes('\u001b[');
    expect(colored((await audit([], { isTTY: true })).stdout)).toBe(true);
    expect(colored((await audit([])).stdout)).toBe(false);
    expect(colored((await audit(['--no-color'], { isTTY: true })).stdout)).toBe(false);
    const env = tenant.environment;
    expect(colored((await audit([], { isTTY: true, env: { ...env, NO_COLOR: '1' } })).stdout)).toBe(false);
    expect(colored((await audit([], { env: { ...env, FORCE_COLOR: '1' } })).stdout)).toBe(true);
  });
});

describe('--input', () => {
  const records = seed(NOW)
    .personalClients.slice(0, 5)
    .map((client) => ({ ...client, clientId: `${client.clientId}@acme.conductor.one/pcc` }));
  const ids = records
    .filter(({ deletedAt }) => deletedAt === null)
    .map(({ id }) => id)
    .sort();
  const read = async (text: string) =>
    runProgram(['--input', '-', '-f', 'json', '--fail-on', 'never'], { stdin: text, now: () => NOW });

  test.each([
    ['a JSON array', JSON.stringify(records)],
    ['an indented array', JSON.stringify(records, null, 2)],
    ['an API answer', JSON.stringify({ list: records, nextPageToken: '' })],
    [
      'answers one after the other',
      `${JSON.stringify({ list: records.slice(0, 2), nextPageToken: 'x' }, null, 2)}\n${JSON.stringify({ list: records.slice(2), nextPageToken: '' }, null, 2)}\n`,
    ],
    [
      'answers with nothing between them',
      `${JSON.stringify({ list: records.slice(0, 2), nextPageToken: 'x' }, null, 2)}${JSON.stringify({ list: records.slice(2) }, null, 2)}`,
    ],
    [
      'an array of answers',
      JSON.stringify([
        { list: records.slice(0, 2), nextPageToken: 'x' },
        { list: records.slice(2), nextPageToken: null },
      ]),
    ],
    ['NDJSON', records.map((record) => JSON.stringify(record)).join('\n')],
    [
      'NDJSON of answers, with Windows line ends',
      records.map((record) => JSON.stringify({ list: [record], nextPageToken: '' })).join('\r\n'),
    ],
    [
      'compact answers with nothing between them',
      `${JSON.stringify({ list: records.slice(0, 2), nextPageToken: '}{' })}${JSON.stringify({ list: records.slice(2), nextPageToken: '' })}`,
    ],
    ['text with a byte order mark', `\uFEFF${JSON.stringify(records)}`],
  ])('takes %s', async (_, text) => {
    const { code, report } = await read(text);
    expect(code).toBe(0);
    expect(report.run).toMatchObject({ scope: 'file', tenant: 'acme.conductor.one' });
    expect(report.credentials.map(({ id }) => id)).toEqual(ids);
    expectValidReport(report);
  });

  test.each([
    ['CONDUCTORONE_TENANT_DOMAIN', 'acme', 'acme.conductor.one'],
    ['CONDUCTORONE_TENANT_DOMAIN', 'ACME.c1eu.ai:8443', 'acme.c1eu.ai'],
    ['CONDUCTORONE_SERVER_URL', 'https://Other.c1eu.ai:444', 'other.c1eu.ai'],
  ])('%s %s names its tenant', async (name, value, host) => {
    const { report } = await runProgram(['--input', '-', '-f', 'json'], {
      stdin: JSON.stringify(records),
      env: { [name]: value },
    });
    expect(report.run.tenant).toBe(host);
  });

  test('from a file', async () => {
    const cwd = emptyFolder();
    writeFileSync(join(cwd, 'clients.json'), JSON.stringify(records));
    const { report } = await runProgram(['--input', 'clients.json', '-f', 'json'], { cwd, now: () => NOW });
    expect(report.credentials.map(({ id }) => id)).toEqual(ids);
  });

  test.each([
    [
      'a line that is not JSON',
      `${JSON.stringify(records[0])}\n{oops\n${JSON.stringify(records[1])}`,
      /line 2: is not JSON/,
    ],
    ['a record without an id', JSON.stringify([records[0], { displayName: 'x' }]), /record 2: has no id/],
    ['a record that is not an object', JSON.stringify([records[0], 7]), /record 2: is not an object/],
    [
      'a timestamp that is none',
      JSON.stringify([{ ...records[0], expiresTime: 'soon' }]),
      /record 1 \(.+\): expiresTime is not a timestamp/,
    ],
    [
      'an answer that says more follows',
      JSON.stringify({ list: records, nextPageToken: 'more' }),
      /pages that the file does not hold/,
    ],
    [
      'an answer whose list is none',
      JSON.stringify([{ list: {}, nextPageToken: '' }]),
      /"list" must be a list, not a mapping/,
    ],
  ])('with %s is incomplete, and says which', async (_, text, says) => {
    const { code, report } = await read(text);
    expect(code).toBe(3);
    expect(report.coverage).toMatchObject({ complete: false, sources: [{ status: 'partial' }] });
    expect(report.coverage.sources[0]?.note).toMatch(says);
  });

  test.each([
    ['nothing', ''],
    ['blanks', ' \n'],
    ['prose', 'hello'],
    ['a number', '7'],
    ['a text', '"x"'],
  ])('that holds %s is refused', async (_, text) => {
    const { code, stdout, stderr } = await read(text);
    expect(code).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toContain('stdin');
  });

  test('an empty list is a complete audit of nothing', async () => {
    expect((await read('[]')).report).toMatchObject({
      coverage: { complete: true },
      summary: { credentials: 0 },
    });
  });
});

test('a workflow command in a flag is not obeyed by GitHub', async () => {
  const { code, stderr } = await audit(['--x\n::error::owned']);
  expect(code).toBe(2);
  expect(stderr).not.toMatch(/^::error/m);
});

test('--print-config prints the settings and audits nothing', async () => {
  const { code, stdout } = await audit(['--print-config', '--scope', 'tenant'], { env: {} });
  expect(code).toBe(0);
  expect(stdout).toMatch(/scope: tenant # --scope/);
});

test('--version and --help need nothing', async () => {
  expect(await audit(['--version'], { env: {} })).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
  });
  const help = await audit(['--help'], { env: {} });
  expect(help).toMatchObject({ code: 0, stderr: '' });
  expect(help.stdout).toContain('--scope');
});

test('rules are listed and explained', async () => {
  const list = await runProgram(['rules']);
  expect(list.code).toBe(0);
  expect(list.stdout).toContain('owner-inactive');
  expect(list.stdout).toContain('waiver-expired');
  const one = await runProgram(['rules', 'unused']);
  expect(one.stdout).toContain('days');
  const json = await runProgram(['rules', '-f', 'json']);
  expect(JSON.parse(json.stdout).map(({ id }: { id: string }) => id)).toContain('unused');
  const wrong = await runProgram(['rules', 'unusd']);
  expect(wrong).toMatchObject({ code: 2, stderr: expect.stringContaining('Did you mean unused?') });
});

describe('demo', () => {
  test('audits everything and fails only with --fail-on', async () => {
    const { code, report } = await runProgram(['demo', '-f', 'json']);
    expect(code).toBe(0);
    expectValidReport(report);
    expect(report.coverage.complete).toBe(true);
    expect((await runProgram(['demo', '--fail-on', 'high'])).code).toBe(1);
  });

  test('does not use a real credential from the environment', async () => {
    const env = {
      CONDUCTORONE_ACCESS_TOKEN: 'real',
      CONDUCTORONE_SERVER_URL: 'https://acme.conductor.one',
      SLACK_WEBHOOK_URL: 'https://hooks.slack.com/services/T0/B0/x',
    };
    const { code, stdout } = await runProgram(['demo'], { env });
    expect(code).toBe(0);
    expect(stdout).toContain('127.0.0.1');
  });

  test('--serve keeps the tenant running, and the printed login works', async () => {
    const stop = new AbortController();
    const stdout = new Sink();
    const served = main(['demo', '--serve'], {
      env: {},
      cwd: emptyFolder(),
      stdin: Readable.from([]),
      stdout,
      stderr: new Sink(),
      now: Date.now,
      signal: stop.signal,
    });
    const printed = () => [...stdout.text.matchAll(/^export (CONDUCTORONE_\w+)='(.+)'$/gm)];
    await until(() => printed().length === 3);
    const env = Object.fromEntries(printed().map(([, name, value]) => [name, value]));
    expect((await runProgram(['--scope', 'mine', '--fail-on', 'never'], { env })).code).toBe(0);
    stop.abort();
    expect(await served).toBe(0);
  });

  test.each([
    ['--port', '8080'],
    ['--serve', '--port', 'x'],
    ['--serve', '--port', '70000'],
  ])('refuses %s %s %s', async (...argv) => {
    expect((await runProgram(['demo', ...argv.filter(Boolean)])).code).toBe(2);
  });
});
