import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { pipeline } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Environment, issueSecret, startTenant, type Tenant } from '../../src/demo/index.js';
import type { Report } from '../../src/engine/report.js';
import { json as parts } from '../../src/reporters/json.js';
import { emptyFolder, runProgram } from '../helpers/program.js';
import { obeyedCommands } from '../helpers/runner.js';
import {
  AS_OF,
  sampleContext,
  sampleCredential,
  sampleFinding,
  sampleReport,
} from '../helpers/sample-report.js';
import { Faults, idOf, personalClient, ROLE, tenantRecords } from '../tenant/index.js';

const write = (report: Report) => [...parts(report, sampleContext())].join('');
const NOW = Date.parse(AS_OF);
const HOUR = 3_600_000;

const save = (cwd: string, name: string, report: Report | string) =>
  writeFileSync(join(cwd, name), typeof report === 'string' ? report : write(report));

describe('report --merge', () => {
  let cwd: string;
  beforeAll(() => {
    cwd = emptyFolder();
    const high = [sampleFinding({ severity: 'high' })];
    save(cwd, 'a.json', sampleReport({ tenant: 'a.conductor.one' }));
    save(cwd, 'b.json', sampleReport({ tenant: 'b.conductor.one', findings: high }));
    save(cwd, 'torn.json', '{"schemaVersion": 1,');
    save(cwd, 'later.json', JSON.stringify({ ...sampleReport(), schemaVersion: 2 }));
    const leaking = sampleCredential({ name: 'secret-webhook-value' });
    save(cwd, 'hub.json', sampleReport({ findings: [sampleFinding({ credential: leaking })] }));
  });

  const merge = (argv: readonly string[], over: Parameters<typeof runProgram>[1] = {}) =>
    runProgram(['report', '--merge', ...argv], { cwd, now: () => NOW, ...over });

  test('exits as the worst of the parts does', async () => {
    expect((await merge(['a.json'])).code).toBe(0);
    expect((await merge(['a.json', 'b.json'])).code).toBe(1);
    expect((await merge(['a.json', 'b.json', '--fail-on', 'critical'])).code).toBe(0);
    expect((await merge(['a.json', 'b.json', 'torn.json'])).code).toBe(3);
  });

  test.each([
    ['torn.json', 'torn.json is not JSON'],
    ['later.json', 'later.json is not a c1-audit report of schema version 1'],
    ['missing.json', 'The report missing.json cannot be read (ENOENT)'],
    ['.', 'cannot be read (EISDIR)'],
  ])('names %s and shows the rest', async (file, says) => {
    const { code, stdout, stderr } = await merge([file, 'b.json']);
    expect(code).toBe(3);
    expect(stdout).toContain(says);
    expect(stdout).toContain('b.conductor.one');
    expect(stderr).toContain(says);
    expect(stdout.split('\n')[0]).toBe('INCOMPLETE: 1 problem. Read: 1 report of 1 tenant');
  });

  test('calls a report stale by the clock, as --max-age says', async () => {
    const at = (age: number) => ({ now: () => NOW + age });
    expect((await merge(['a.json'], at(36 * HOUR))).code).toBe(0);
    const stale = await merge(['a.json'], at(37 * HOUR));
    expect(stale.code).toBe(3);
    expect(stale.stdout).toContain(
      'a.json: a.conductor.one (tenant) is stale: as of 2026-09-01 02:00 UTC, 37h ago (--max-age 36h).',
    );
    expect((await merge(['a.json', '--max-age', '2d'], at(48 * HOUR))).code).toBe(0);
    expect((await merge(['a.json', '--max-age', '90m'], at(2 * HOUR))).code).toBe(3);
  });

  test('obeys no name in GitHub Actions', async () => {
    const tenant = 'x ##[error]owned';
    const stdin = write(sampleReport({ tenant }));
    for (const format of ['text', 'markdown', 'html', 'json']) {
      const { stdout, stderr } = await merge(['-', 'a.json', 'gone', '-f', format], {
        stdin,
        env: { GITHUB_ACTIONS: 'true' },
      });
      expect(stdout).toContain('owned');
      expect(obeyedCommands(stdout + stderr)).toEqual([]);
    }
  });

  test('takes one report from stdin', async () => {
    const stdin = write(sampleReport({ tenant: 'piped.conductor.one' }));
    expect((await merge(['-', 'a.json'], { stdin })).stdout).toContain('piped.conductor.one');
  });

  test.each([
    [['report', '--merge'], 'report --merge needs at least one saved report.'],
    [['report', '--merge', '-', '-'], 'Only one of the reports can come from stdin.'],
    [['report', '--merge', 'a.json', '--max-age', 'soon'], '--max-age "soon" is not a duration.'],
    [['report', '--merge', 'a.json', '--max-age', '0h'], '--max-age "0h" is not a duration.'],
    [['report', 'a.json', '--max-age', '1h'], '--max-age has no effect without --merge.'],
    [['report', '--merge', '--diff', 'a.json', 'b.json'], '--diff and --merge cannot be used together.'],
    [['report', '--merge', '--trend', '.', 'a.json'], '--merge and --trend cannot be used together.'],
    [['report', '--merge', 'a.json', '--full'], '--full has no effect with --merge.'],
    [['report', '--trend', '.', '--width', '80'], '--width has no effect with --trend.'],
    [['report', '--merge', 'a.json', '-f', 'sarif'], 'There is no overview in the format sarif.'],
    [['report', '--merge', 'a.json', '-f', 'html:a.json'], 'would overwrite'],
  ])('%j is refused', async (argv, says) => {
    const { code, stdout, stderr } = await runProgram(argv, { cwd, now: () => NOW });
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain(says);
  });

  test('writes several formats, and keeps secrets out', async () => {
    const env = { CONDUCTORONE_CLIENT_SECRET: 'secret-webhook-value' };
    const files = ['-f', 'html:o/all.html', '-f', 'json:o/all.json', '-f', 'markdown'];
    const { code, stdout, stderr } = await merge(['hub.json', 'a.json', ...files], { env });
    expect(code).toBe(0);
    expect(stdout + stderr).not.toContain('secret-webhook-value');
    expect(stdout).toContain('# API credential audit of several tenants');
  });
});

describe('fifty tenants on loopback', () => {
  const COUNT = 50;
  const [UNREACHABLE, PARTIAL, STALE, NEVER] = [7, 21, 33, 49];
  const host = (n: number) => `127.0.1.${n}`;
  const closing: (() => Promise<void>)[] = [];
  const environments: Environment[] = [];
  const cwd = emptyFolder();
  let now = NOW;

  /** Each tenant has an address of its own, so that its reports have a tenant of their own. */
  async function forward(from: string, to: number): Promise<string> {
    const server: Server = createServer((socket) => {
      const upstream = connect(to, '127.0.0.1');
      // Where the tenant is gone, the client is cut off rather than left waiting.
      pipeline(socket, upstream, socket, () => socket.destroy());
    });
    server.listen(0, from);
    await once(server, 'listening');
    closing.push(async () => {
      server.close();
    });
    const address = server.address();
    return `http://${from}:${typeof address === 'object' ? address?.port : ''}`;
  }

  async function tenantNumber(n: number): Promise<Environment> {
    const seen = n === STALE ? NOW - 48 * HOUR : NOW;
    const data = tenantRecords(seen);
    data.personalClients.push(
      personalClient({
        id: idOf(`job ${n}`),
        displayName: `job of tenant ${n}`,
        userId: data.users[0]?.id ?? '',
        createdAt: new Date(seen - 20 * 24 * HOUR).toISOString(),
        lastUsedAt: new Date(seen).toISOString(),
        expiresTime: null,
        allowSourceCidr: ['62.176.96.0/24'],
        scopedRoles: [ROLE.viewer],
      }),
    );
    const faults = new Faults(
      n === PARTIAL
        ? [
            {
              on: 'service-principals',
              times: Number.POSITIVE_INFINITY,
              effect: { kind: 'status', status: 500 },
            },
          ]
        : [],
    );
    const tenant: Tenant = await startTenant({
      data,
      now: () => now,
      middleware: (state) => faults.middleware(state),
    });
    closing.push(() => tenant.close());
    Object.assign(tenant.state, { audience: host(n) });
    const url = await forward(host(n), Number(new URL(tenant.url).port));
    if (n === UNREACHABLE) await tenant.close();
    return { ...(await issueSecret(tenant.state)), CONDUCTORONE_SERVER_URL: url };
  }

  async function night(n: number): Promise<number> {
    const argv = ['--scope', 'tenant', '-f', `json:reports/${n}.json`, '--quiet'];
    const { code } = await runProgram(argv, { cwd, env: environments[n - 1] ?? {}, now: () => now });
    return code;
  }

  const reports = [...Array(COUNT).keys()].map((n) => `reports/${n + 1}.json`);
  const codes = new Map<number, number>();

  beforeAll(async () => {
    mkdirSync(join(cwd, 'reports'));
    for (let n = 1; n <= COUNT; n += 1) environments.push(await tenantNumber(n));
    now = NOW - 48 * HOUR;
    codes.set(STALE, await night(STALE));
    now = NOW;
    for (let n = 1; n <= COUNT; n += 1) if (n !== STALE && n !== NEVER) codes.set(n, await night(n));
  }, 120_000);

  afterAll(async () => {
    for (const close of closing) await close();
  });

  const merge = (...argv: string[]) =>
    runProgram(['report', '--merge', ...reports, ...argv], { cwd, now: () => NOW + HOUR });

  test('the nights were as meant', () => {
    const of = (code: number) => [...codes].filter(([, one]) => one === code).map(([n]) => n);
    expect(of(3).sort((a, b) => a - b)).toEqual([UNREACHABLE, PARTIAL]);
    expect(of(1)).toHaveLength(COUNT - 3);
  });

  test('the overview names the unreachable, the partial, the stale and the missing one', async () => {
    const { code, stdout } = await merge('-f', 'json');
    expect(code).toBe(3);
    const { problems } = JSON.parse(stdout) as { problems: { file: string; problem: string }[] };
    expect(problems.map(({ file }) => file)).toEqual([
      `reports/${UNREACHABLE}.json`,
      `reports/${PARTIAL}.json`,
      `reports/${STALE}.json`,
      `reports/${NEVER}.json`,
    ]);
    const [unreachable, partial, stale, missing] = problems.map(({ problem }) => problem);
    expect(unreachable).toContain(`${host(UNREACHABLE)} (tenant) is incomplete`);
    expect(partial).toMatch(/127\.0\.1\.21 \(tenant\) is incomplete: .*500/);
    expect(stale).toContain('is stale: as of 2026-08-30 02:00 UTC, 49h ago');
    expect(missing).toContain('cannot be read (ENOENT)');
  });

  test('nothing vanishes: every tenant is there, with the finding of its own credential', async () => {
    const { stdout } = await merge('-f', 'json');
    const value = JSON.parse(stdout) as {
      reports: { tenant: string; file: string }[];
      findings: { tenant: string; credential: { name: string } | null }[];
    };
    const present = [...Array(COUNT).keys()].map((n) => n + 1).filter((n) => n !== NEVER);
    expect(value.reports.map(({ tenant }) => tenant).sort()).toEqual(present.map(host).sort());
    for (const n of present.filter((one) => one !== UNREACHABLE)) {
      const own = value.findings.filter(({ credential }) => credential?.name === `job of tenant ${n}`);
      expect(own.length).toBeGreaterThan(0);
      for (const { tenant } of own) expect(tenant).toBe(host(n));
    }
  });

  test('in text, Markdown and HTML as well', async () => {
    for (const format of ['text', 'markdown', 'html']) {
      const { code, stdout: written } = await merge('-f', format);
      const stdout = written.replaceAll('\\', '');
      expect(code).toBe(3);
      for (const n of [UNREACHABLE, PARTIAL, STALE]) expect(stdout).toContain(host(n));
      expect(stdout).toContain(`reports/${NEVER}.json`);
      for (const n of [1, PARTIAL, STALE, 50]) expect(stdout).toContain(`job of tenant ${n} `);
    }
  });

  test('without the four it is complete, and exits with 1 for the findings', async () => {
    const whole = reports.filter((_, at) => ![UNREACHABLE, PARTIAL, STALE, NEVER].includes(at + 1));
    const { code, stdout } = await runProgram(['report', '--merge', ...whole], {
      cwd,
      now: () => NOW + HOUR,
    });
    expect(code).toBe(1);
    expect(stdout).toMatch(/^Complete: 46 reports of 46 tenants\n/);
  });
});
