import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { json } from '../../src/reporters/json.js';
import { call } from '../demo/client.js';
import { emptyFolder, runProgram } from '../helpers/program.js';
import { fullReport, sampleContext, sampleReport } from '../helpers/sample-report.js';
import { smallTenant } from '../helpers/small-tenant.js';
import { startTenant, type Tenant } from '../tenant/index.js';

const NOW = Date.parse('2026-11-24T06:00:00Z');
let tenant: Tenant;
let cwd: string;

beforeAll(async () => {
  tenant = (await startTenant({ now: () => NOW, data: smallTenant(NOW) })) as Tenant;
  cwd = emptyFolder();
  writeFileSync(join(cwd, 'report.json'), [...json(fullReport(), sampleContext())].join(''));
  writeFileSync(
    join(cwd, 'part.json'),
    [...json(sampleReport({ complete: false }), sampleContext())].join(''),
  );
  const undated = { ...fullReport(), run: { ...fullReport().run, asOf: '2026-13-45T99:99:99Z' } };
  writeFileSync(join(cwd, 'undated.json'), [...json(undated, sampleContext())].join(''));
});
afterAll(() => tenant.close());

const plan = (argv: readonly string[], over: Parameters<typeof runProgram>[1] = {}) =>
  runProgram(['plan', ...argv], { cwd, now: () => NOW, ...over });

describe('of a saved report', () => {
  test('says what to do, owner by owner', async () => {
    const { code, stdout, stderr } = await plan(['report.json']);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toContain('=== Owner: Jo Doe <jo@acme.example> (user-1)');
    expect(stdout).toContain('=== Credentials whose owner is not known');
    expect(stdout).toContain('This plan changes nothing');
  });

  test('from stdin', async () => {
    const stdin = readFileSync(join(cwd, 'report.json'), 'utf8');
    expect((await plan(['-'], { stdin })).stdout).toBe((await plan(['report.json'])).stdout);
  });

  test('for one owner, as markdown in a file', async () => {
    const { code } = await plan(['report.json', '--owner', 'JO@acme.example', '-f', 'markdown:jo.md']);
    expect(code).toBe(0);
    const text = readFileSync(join(cwd, 'jo.md'), 'utf8');
    expect(text).toMatch(/^# API credentials of Jo Doe/);
    expect(text).not.toContain('Deploy bot');
  });

  test('from an incomplete report exits with 3 and says why', async () => {
    const { code, stdout, stderr } = await plan(['part.json']);
    expect(code).toBe(3);
    expect(stdout).toMatch(/^What to do[^\n]*\n\nINCOMPLETE: /);
    expect(stderr).toMatch(/^c1-audit: The audit is incomplete: /);
  });

  test.each([
    { argv: ['report.json', '--owner', 'nobody@acme.example'], says: /belongs to "nobody@acme\.example"/ },
    { argv: ['report.json', '-f', 'json'], says: /no plan in the format json[\s\S]*text, markdown/ },
    { argv: ['report.json', '--scope', 'tenant'], says: /--scope has no effect with a saved report/ },
    { argv: ['report.json', '--no-waivers'], says: /--no-waivers has no effect/ },
    { argv: ['report.json', '-f', 'text:./report.json'], says: /would overwrite its own input/ },
    {
      argv: ['undated.json'],
      says: /undated\.json is not a c1-audit report[\s\S]*run\.asOf: [\s\S]*this date does not exist/,
    },
    { argv: ['nil.json'], says: /nil\.json cannot be read/ },
    { argv: ['report.json', 'report.json'], says: /too many arguments/ },
    { argv: ['--as-of', 'yesterday'], says: /--as-of "yesterday" is not valid/ },
  ])('refused: $argv', async ({ argv, says }) => {
    const { code, stdout, stderr } = await plan(argv);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(says);
  });
});

describe('of an audit of its own', () => {
  test('equals the plan from the saved report of the same audit', async () => {
    const folder = emptyFolder();
    const world = { cwd: folder, env: tenant.environment, now: () => NOW };
    const saved = await runProgram(['--scope', 'tenant', '-f', 'json:report.json'], world);
    expect(saved.code).toBe(1);
    const direct = await runProgram(['plan', '--scope', 'tenant'], world);
    expect([direct.code, direct.stderr]).toEqual([0, '']);
    expect(direct.stdout).toBe((await runProgram(['plan', 'report.json'], world)).stdout);
    expect(direct.stdout.match(/^=== Owner: /gm)?.length).toBeGreaterThan(3);
    expect(direct.stdout).not.toContain(tenant.environment.CONDUCTORONE_CLIENT_SECRET);
  });

  test('names a command for a personal client that the tenant answers', async () => {
    const { stdout } = await plan(['--scope', 'tenant'], { env: tenant.environment });
    const paths = [...stdout.matchAll(/-X GET [^\n]*\/api\/v1(\/iam\/personal_clients\/[^"\n]+)"$/gm)];
    expect(paths.length).toBeGreaterThan(3);
    const { CONDUCTORONE_ACCESS_TOKEN: token = '' } = await tenant.issue.accessToken();
    const answers = await Promise.all(paths.map(([, path = '']) => call(tenant, token, path)));
    expect(answers.map(({ status }) => status)).toEqual(paths.map(() => 200));
  });

  test('leaves no trace: no state, no other file, no call that changes anything', async () => {
    const folder = emptyFolder();
    writeFileSync(join(folder, 'c1-audit.config.yaml'), 'state: state.json\nscope: tenant\n');
    const env = { ...tenant.environment, C1_AUDIT_HEARTBEAT_URL: 'http://127.0.0.1:9/beat' };
    const { code, stderr } = await runProgram(['plan'], { cwd: folder, env, now: () => NOW });
    expect([code, stderr]).toEqual([0, '']);
    expect(readdirSync(folder)).toEqual(['c1-audit.config.yaml']);
  });

  test('uses the flags of an audit', async () => {
    const world = { env: tenant.environment };
    const one = await plan(['--scope', 'tenant', '--rule', 'no-expiry'], world);
    expect(one.stdout).toContain('no-expiry');
    expect(one.stdout).not.toMatch(/^ *\w+ open-cidr: /m);
    const severe = await plan(['--scope', 'tenant', '--min-severity', 'critical'], world);
    expect(severe.stdout).toMatch(/Note: \d+ findings below critical are not shown\./);
    expect(severe.stdout).toContain('Less severe findings were left out');
    expect(one.stdout).toMatch(/rules that did not run[^\n]* open-cidr[^\n]* waiver-expired/);
    expect((await plan(['--input', '-'], { stdin: '[]' })).stdout).toContain('found no credential');
  });

  test('exits with 3 if the tenant cannot be reached', async () => {
    const closed = (await startTenant({ now: () => NOW, data: smallTenant(NOW) })) as Tenant;
    await closed.close();
    const { code } = await plan(['--scope', 'tenant'], { env: closed.environment });
    expect(code).toBe(3);
  });
});

test('contains nothing that GitHub takes for a command', async () => {
  const { stdout } = await plan(['report.json'], { env: { GITHUB_ACTIONS: 'true' } });
  expect(stdout).toMatch(/^::stop-commands::([\w-]+)\n[\s\S]*\n::\1::\n$/);
});

test('its help fits 80 columns', async () => {
  const { stdout } = await runProgram(['plan', '--help']);
  expect(stdout).toContain('--owner');
  expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
});
