import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { emptyFolder, runProgram } from '../helpers/program.js';
import { seed, startTenant, type Tenant } from '../tenant/index.js';

const NOW = Date.parse('2026-11-24T06:00:00Z');
let tenant: Tenant;
/** Counts what reaches the tenant. */
let front: Server;
let requests = 0;
let env: Record<string, string>;

beforeAll(async () => {
  tenant = (await startTenant({ now: () => NOW, data: seed(NOW) })) as Tenant;
  front = createServer((request, response) => {
    requests += 1;
    request.resume();
    response.writeHead(503, { date: new Date(NOW).toUTCString() }).end();
  });
  await new Promise<void>((listening) => front.listen(0, '127.0.0.1', listening));
  const url = `http://127.0.0.1:${(front.address() as AddressInfo).port}`;
  env = { CONDUCTORONE_ACCESS_TOKEN: 'a-token-of-nobody', CONDUCTORONE_SERVER_URL: url };
});
afterAll(async () => {
  await tenant.close();
  front.closeAllConnections();
  front.close();
});

let cwd: string;
beforeEach(() => {
  cwd = emptyFolder();
  requests = 0;
});

const audit = (argv: string[]) => runProgram(argv, { env: tenant.environment, now: () => NOW, cwd });

/** An audit that must end before it asks the tenant anything. */
async function refused(argv: string[], says: RegExp): Promise<void> {
  const { code, stdout, stderr } = await runProgram(argv, { env, now: () => NOW, cwd });
  expect([code, stdout, requests]).toEqual([2, '', 0]);
  expect(stderr).toMatch(says);
  expect(stderr).toContain('Nothing was audited.');
}

describe('a report that cannot be written', () => {
  test.each([
    [
      'below a file',
      'json:taken/r.json',
      /Cannot write taken\/r\.json: a part of the path is not a directory/,
    ],
    ['a directory', 'json:folder', /Cannot write folder: it is a directory \(EISDIR\)/],
    ['below /proc', 'json:/proc/x/y/r.json', /Cannot write \/proc\/x\/y\/r\.json: .* \(ENOENT\)/],
    ['a name that is too long', `json:${'n'.repeat(300)}`, /the name is too long \(ENAMETOOLONG\)/],
    ['a link that leads to itself', 'json:loop', /Cannot write loop: /],
  ])('is found before the first request: %s', async (_, target, says) => {
    writeFileSync(join(cwd, 'taken'), '');
    mkdirSync(join(cwd, 'folder'));
    symlinkSync('loop', join(cwd, 'loop'));
    await refused(['-f', target], says);
  });

  const asUser = process.getuid?.() === 0 ? test.skip : test;
  asUser('is found before the first request: a directory without the right to write', async () => {
    mkdirSync(join(cwd, 'closed'));
    chmodSync(join(cwd, 'closed'), 0o500);
    await refused(['-f', 'json:closed/r.json'], /Cannot write closed\/r\.json: permission denied/);
  });

  test('is tried without leaving a file, and its directories are created', async () => {
    expect((await audit(['-f', 'json:a/b/r.json', '--fail-on', 'never'])).code).toBe(0);
    expect(readdirSync(join(cwd, 'a/b'))).toEqual(['r.json']);
    expect((await runProgram(['-f', 'json:c/r.json'], { env, now: () => NOW, cwd })).code).toBe(3);
  });

  test.each([
    ['report', ['report', 'r.json']],
    ['report --diff', ['report', '--diff', 'r.json', 'r.json']],
    ['plan', ['plan', 'r.json']],
    ['plan of an audit of its own', ['plan']],
  ])('is found early by %s', async (_, argv) => {
    await audit(['-f', 'json:r.json']);
    const { code, stdout, stderr } = await audit([...argv, '-f', 'markdown:/proc/x/r.md']);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain('Cannot write /proc/x/r.md');
  });
});

test('--state below /proc fails at once instead of never returning', async () => {
  await refused(
    ['--state', '/proc/x/s.json'],
    /the directory of the state file .* cannot be created \(ENOENT\)/,
  );
});

describe('a report never overwrites', () => {
  const CONFIG = 'c1-audit.config.yaml';
  beforeEach(() => {
    for (const [name, text] of Object.entries({ 'in.json': '[]', [CONFIG]: 'state: s.json\n', 's.json': '' }))
      writeFileSync(join(cwd, name), text);
  });

  test.each([
    ['its input', 'in.json', 'its own input'],
    ['the configuration', CONFIG, 'the configuration'],
    ['the state', 's.json', 'the state'],
  ])('%s, by name, by symbolic link, by hard link or by a linked directory', async (_, name, what) => {
    symlinkSync(name, join(cwd, 'symbolic'));
    linkSync(join(cwd, name), join(cwd, 'hard'));
    symlinkSync('.', join(cwd, 'here'));
    const argv = name === 'in.json' ? ['--input', 'in.json'] : [];
    for (const target of [name, 'symbolic', 'hard', `here/${name}`])
      await refused(
        [...argv, '-f', `csv:${target}`],
        new RegExp(`overwrite ${what}: both are the same file`),
      );
    expect(readFileSync(join(cwd, 'in.json'), 'utf8')).toBe('[]');
  });

  test('the state that does not exist yet', async () => {
    symlinkSync('new.json', join(cwd, 'dangling'));
    await refused(['--state', 'new.json', '-f', 'csv:dangling'], /overwrite the state/);
  });

  test('another report', async () => {
    writeFileSync(join(cwd, 'a.csv'), '');
    linkSync(join(cwd, 'a.csv'), join(cwd, 'b.csv'));
    symlinkSync('c.csv', join(cwd, 'd.csv'));
    await refused(
      ['-f', 'csv:a.csv', '-f', 'json:b.csv'],
      /The report b\.csv would overwrite the report a\.csv/,
    );
    await refused(
      ['-f', 'csv:c.csv', '-f', 'json:d.csv'],
      /The report d\.csv would overwrite the report c\.csv/,
    );
  });

  test('the saved report it is made from', async () => {
    writeFileSync(join(cwd, CONFIG), '');
    await audit(['-f', 'json:r.json']);
    symlinkSync('r.json', join(cwd, 'link.json'));
    for (const argv of [
      ['report', 'r.json', '-f', 'csv:link.json'],
      ['plan', 'r.json', '-f', 'text:link.json'],
    ]) {
      const { code, stderr } = await audit(argv);
      expect(code).toBe(2);
      expect(stderr).toContain('would overwrite its own input');
    }
  });
});

describe('what made the exit code 3 is on stderr once', () => {
  const incomplete = /The audit is incomplete/g;

  test('also if one cause stops every source', async () => {
    const { code, stderr } = await runProgram(['--scope', 'tenant', '-f', 'json'], {
      env,
      now: () => NOW,
      cwd,
    });
    expect(code).toBe(3);
    expect(stderr.match(incomplete)).toHaveLength(1);
    expect(stderr.match(/answered 503/g)).toHaveLength(1);
    expect(stderr).toContain('Other requests failed the same way.');
  });

  test('if a record is malformed', async () => {
    writeFileSync(join(cwd, 'in.json'), JSON.stringify([{ id: 'k1', createdAt: 'soon' }]));
    const { code, stderr } = await audit(['--input', 'in.json', '-f', 'json']);
    expect(code).toBe(3);
    expect(stderr.match(incomplete)).toHaveLength(1);
    expect(stderr).toMatch(/personal clients were read only in part .*k1/);
  });

  test('if rules failed, each by name', async () => {
    writeFileSync(
      join(cwd, 'broken.mjs'),
      `export default { id: 'ours/broken', title: 'Breaks', severity: 'low', kinds: ['personal-client'],
        docs: { why: 'w', fix: 'f', references: [] }, needs: [], messages: { m: () => 'm' },
        check() { throw new Error('no'); } };`,
    );
    writeFileSync(join(cwd, 'c1-audit.config.yaml'), 'plugins: [./broken.mjs]');
    const { code, stderr } = await audit(['-f', 'json']);
    expect([code, stderr]).toEqual([3, 'c1-audit: The audit is incomplete: rule ours/broken failed.\n']);
  });

  test('for a saved report, a comparison and a plan', async () => {
    await runProgram(['-f', 'json:r.json'], { env, now: () => NOW, cwd });
    for (const argv of [
      ['report', 'r.json'],
      ['report', '--diff', 'r.json', 'r.json'],
      ['plan', 'r.json'],
    ]) {
      const { code, stderr } = await audit(argv);
      expect(code).toBe(3);
      expect(stderr.match(incomplete)).toHaveLength(1);
      expect(stderr.match(/answered 503/g)).toHaveLength(1);
    }
  });
});

describe('the heartbeat', () => {
  let server: Server;
  let url: string;
  let beats: string[];
  beforeAll(async () => {
    server = createServer((request, response) => {
      beats.push(String(request.url));
      response.end();
    });
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/ping`;
  });
  afterAll(() => {
    server.close();
  });
  beforeEach(() => {
    beats = [];
  });
  const beating = (argv: string[], more: Record<string, string> = {}) =>
    runProgram(argv, {
      env: { ...tenant.environment, C1_AUDIT_HEARTBEAT_URL: url, ...more },
      now: () => NOW,
      cwd,
    });

  test.each([
    ['a flag that does not exist', ['--scoop', 'tenant']],
    ['a flag that does not exist after the command', ['audit', '--scoop', 'tenant']],
    ['a command that does not exist', ['adit']],
    ['a flag without its value', ['--scope']],
    ["another tool's flag", ['--json']],
    ['a value that is wrong', ['--scope', 'all']],
    ['a format that does not exist', ['-f', 'jsn']],
    ['a date that is none', ['--as-of', 'yesterday']],
    ['a report that cannot be written', ['-f', 'json:/proc/x/r.json']],
  ])('hears of %s', async (_, argv) => {
    expect((await beating(argv)).code).toBe(2);
    expect(beats).toEqual(['/ping/fail']);
  });

  test.each([
    ['help', ['--help'], 0],
    ['the version', ['--version'], 0],
    ['a mistake of another command', ['doctor', '--scoop'], 2],
    ['a mistake in a demo', ['demo', '--scoop'], 2],
    ['the configuration in force', ['--print-config', '--scoop'], 2],
    ['an audit of a file', ['--input', 'in.json'], 0],
    ['an audit of a file that is not there', ['--input', 'nope.json'], 2],
    ['a mistake in an audit of a file', ['--input=in.json', '--scoop'], 2],
    ['a dry run', ['--slack-dry-run', '--fail-on', 'never'], 0],
    ['a dry run that fails', ['--dry-run'], 2],
    ['a mistake in a dry run', ['--slack-dry-run', '--scoop'], 2],
    ['an audit as of a day later', ['--as-of', '2026-11-25T06:00:00.001Z', '--fail-on', 'never'], 0],
    ['an audit as of a past date', ['--as-of', '2026-11-01', '--fail-on', 'never'], 0],
  ])('does not hear of %s', async (_, argv, code) => {
    writeFileSync(join(cwd, 'in.json'), '[]');
    expect((await beating(argv)).code).toBe(code);
    expect(beats).toEqual([]);
  });

  test('is called for an audit exactly one day away, and for a failed one of any date', async () => {
    await beating(['--as-of', '2026-11-23T06:00:00Z', '--fail-on', 'never']);
    expect(beats).toEqual(['/ping']);
    await beating(['--as-of', '2025-01-01', '--fail-on', 'never'], env);
    expect(beats).toEqual(['/ping', '/ping/fail']);
  });
});

describe('what other tools do by another flag', () => {
  test.each([
    [['--json'], 'There is no flag --json.\nUse -f json, or -f json:<file> to write a file.'],
    [['audit', '--sarif'], 'There is no flag --sarif.\nUse -f sarif'],
    [['-o', 'out/r.html'], 'Use -f html:out/r.html.'],
    [['-o', 'r.md'], 'Use -f markdown:r.md.'],
    [['--output=r'], 'Use -f text:r.'],
    [['report', 'r.json', '-o', 'r.csv'], 'Use -f csv:r.csv.'],
    [['plan', '-o', 'plan.md'], 'Use -f markdown:plan.md.'],
    [['demo', '--json'], 'Use -f json'],
    [['doctor', '--json'], 'There is no flag --json.\nUse -f json.'],
    [['rules', '-o', 'rules.json'], 'Use -f json > rules.json.'],
  ])('%j is answered with ours', async (argv, says) => {
    const { code, stdout, stderr } = await audit(argv);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain(says);
  });

  test('is not in the help', async () => {
    expect((await audit(['help', 'audit'])).stdout).not.toMatch(/--json|--output/);
  });
});

test('--as-of takes a date as midnight UTC', async () => {
  const { report } = await audit(['--as-of', '2026-12-01', '-f', 'json']);
  expect(report.run.asOf).toBe('2026-12-01T00:00:00.000Z');
});

test('a dumb terminal gets no escape codes in report or progress', async () => {
  const world = { now: () => NOW, cwd, isTTY: true };
  const { stdout, stderr } = await runProgram([], { ...world, env: { ...tenant.environment, TERM: 'dumb' } });
  expect(stdout + stderr).not.toContain('\u001b');
  const other = await runProgram([], { ...world, env: { ...tenant.environment, TERM: 'xterm' } });
  expect(other.stdout).toContain('\u001b');
  expect(other.stderr).toContain('\u001b');
});

describe('a reader that leaves', () => {
  const bin = join(import.meta.dirname, '../../dist/bin.js');
  let today: Tenant;
  beforeAll(async () => {
    today = (await startTenant()) as Tenant;
  });
  afterAll(() => today.close());

  /** The exit code and stderr of the program in front of `| head`. */
  async function beforeHead(args: string): Promise<{ readonly code: string; readonly stderr: string }> {
    const script = `{ '${process.execPath}' '${bin}' ${args} 2>stderr; echo $? >code; } | head -c 20`;
    const { PATH } = process.env;
    const shell = spawn('sh', ['-c', script], { cwd, env: { ...today.environment, PATH }, stdio: 'ignore' });
    await once(shell, 'close');
    const read = (name: string) => readFileSync(join(cwd, name), 'utf8').trim();
    return { code: read('code'), stderr: read('stderr') };
  }

  test.each([
    ['a long report', '-f text --scope tenant'],
    ['a report for programs', '-f json --scope tenant'],
    ['a report in many parts', '-f ndjson --scope tenant'],
    ['a report through /dev/stdout', '-f json:/dev/stdout --scope tenant'],
  ])('of %s is no error', async (_, args) => {
    expect(await beforeHead(`${args} --fail-on never`)).toEqual({ code: '0', stderr: '' });
  });

  test('does not change the exit code, and the other reports are written', async () => {
    expect(await beforeHead('-f csv:r.csv -f html --scope tenant')).toEqual({ code: '1', stderr: '' });
    expect(existsSync(join(cwd, 'r.csv'))).toBe(true);
  });

  test('of a plan and of the rules is no error', async () => {
    for (const args of ['plan --scope tenant', 'rules -f json'])
      expect(await beforeHead(args)).toEqual({ code: '0', stderr: '' });
  });
});
