import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Report } from '../../src/engine/report.js';
import { emptyFolder, runProgram } from '../helpers/program.js';
import { seed, startTenant, type Tenant } from '../tenant/index.js';

const bin = join(import.meta.dirname, '../../dist/bin.js');

/** One that leaves the processor to others: only the regular expression below really counts as long as it may. */
const LOOP = 'while (true) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100)';
const LOOPS = {
  'while it is loaded by doctor': { top: LOOP, argv: ['doctor', '--timeout', '2'] },
  'in its check': { check: LOOP, argv: ['--timeout', '2'] },
  'in the check of a plan': { check: LOOP, argv: ['plan', '--timeout', '2'] },
  'in a regular expression while it is loaded': {
    top: "/^(a+)+$/.test('a'.repeat(60) + '!')",
    argv: ['--timeout', '0.1'],
  },
};

let tenant: Tenant;
let cwd: string;
/** They wait for seconds: the other tests pass meanwhile. */
let looped: Promise<Readonly<Record<string, Ended>>>;
beforeAll(async () => {
  tenant = (await startTenant()) as Tenant;
  const runs = Object.entries(LOOPS).map(async ([what, { argv, ...code }]) => {
    const folder = emptyFolder();
    plugin(code, folder);
    return [what, await bundle(argv, {}, folder)] as const;
  });
  looped = Promise.all(runs).then(Object.fromEntries);
});
afterAll(async () => {
  await looped;
  await tenant.close();
}, 60_000);
beforeEach(() => {
  cwd = emptyFolder();
});

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the built program in a process of its own. */
async function bundle(
  argv: readonly string[],
  env: Record<string, string> = {},
  folder = cwd,
): Promise<Ended> {
  const { PATH } = process.env;
  const child = spawn(process.execPath, [bin, ...argv], {
    cwd: folder,
    env: { ...tenant.environment, PATH, ...env },
  });
  const out = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const)
    child[name].on('data', (text) => {
      out[name] += text;
    });
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, ...out };
}

/** A plug-in whose rule finds nothing; `top` runs when it is loaded, `check` for each credential. */
function plugin(
  { top = '', check = '' }: { readonly top?: string; readonly check?: string },
  folder = cwd,
): void {
  writeFileSync(
    join(folder, 'ours.mjs'),
    `${top}\nexport default { id: 'ours/rule', title: 'Ours', severity: 'low', kinds: ['personal-client'],
      docs: { why: 'w', fix: 'f', references: [] }, needs: [], messages: { m: () => 'm' },
      check() { ${check}; return undefined; } };`,
  );
  writeFileSync(join(folder, 'c1-audit.config.yaml'), 'plugins: [./ours.mjs]\nfailOn: never\n');
}

describe('a plug-in that ends the process does not make the exit code 0', () => {
  test.each([
    ['process.exit in its check', { check: 'process.exit(0)' }],
    ['process.reallyExit in its check', { check: 'process.reallyExit(0)' }],
    ['process.exit a moment later', { check: 'setImmediate(() => process.exit(0))' }],
    ['process.exit in a promise', { check: 'Promise.resolve().then(() => process.exit(0))' }],
    ['process.exit in a timer from its start', { top: 'setTimeout(() => process.exit(0), 20)' }],
  ])('%s: the report is written, and the exit code is 3', async (_, code) => {
    plugin(code);
    const { code: exit, stdout, stderr } = await bundle(['--scope', 'tenant']);
    expect(exit).toBe(3);
    expect(stdout).toContain('Summary: ');
    expect(stderr.match(/incomplete/gi)).toHaveLength(1);
  });

  test.each([
    ['throws in a timer from its start', { top: "setTimeout(() => { throw new Error('late') }, 1)" }],
    ['leaves a promise that is rejected', { check: "Promise.reject(new Error('late'))" }],
    ['calls process.exit in its check and catches the error', { check: 'try { process.exit(0) } catch {}' }],
  ])('a plug-in that %s: the report and the heartbeat do not say otherwise', async (_, code) => {
    plugin(code);
    const beats: (string | undefined)[] = [];
    const heartbeat = createServer(({ url }, response) => {
      beats.push(url);
      response.end();
    });
    await once(heartbeat.listen(0, '127.0.0.1'), 'listening');
    const env = {
      C1_AUDIT_HEARTBEAT_URL: `http://127.0.0.1:${(heartbeat.address() as AddressInfo).port}/beat`,
    };
    const { code: exit, stdout, stderr } = await bundle(['--scope', 'tenant', '-f', 'json'], env);
    heartbeat.close();
    const { coverage } = JSON.parse(stdout) as Report;
    expect([exit, coverage.complete, coverage.gaps]).toEqual([3, false, [expect.stringMatching(/plug-in$/)]]);
    expect(beats).toEqual(['/beat/fail']);
    expect(stderr.match(/incomplete/gi)).toHaveLength(1);
  });

  test('process.exit while it is loaded: nothing was audited', async () => {
    plugin({ top: 'process.exit(0);' });
    const { code, stdout, stderr } = await bundle([]);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain('process.exit was called');
  });

  test('process.exitCode, set at any time, decides nothing', async () => {
    const late = "process.on('exit', () => { process.exitCode = 0 });";
    plugin({
      top: `process.exitCode = 0; ${late}`,
      check: "process.exitCode = 0; throw new Error('broken')",
    });
    expect((await bundle([])).code).toBe(3);
  });

  test('a plug-in that never finishes loading, with process.exitCode set', async () => {
    plugin({
      top: "process.exitCode = 0; process.on('exit', () => { process.exitCode = 0 }); await new Promise(() => {});",
    });
    const { code, stderr } = await bundle([]);
    expect(code).toBe(3);
    expect(stderr).toContain('the audit stopped before it was finished');
  });

  test('process.exit when the process ends: the exit code and the messages stay as they are', async () => {
    plugin({ top: "process.on('exit', () => process.exit(2));" });
    const { code, stderr } = await bundle(['-q']);
    expect([code, stderr]).toEqual([0, '']);
  });

  test('one that logs and starts a timer leaves the audit clean and the report JSON, and the audit ends', async () => {
    plugin({
      top: "console.log('loading'); console.table([1]); setInterval(() => {}, 1000);",
      check: "console.info('checking')",
    });
    const { code, stdout, stderr } = await bundle(['-f', 'json']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ schemaVersion: 1 });
    expect(stderr).toMatch(/^loading$[\s\S]*^checking$/m);
  });
});

describe('NODE_DEBUG does not print secret URLs', () => {
  let heartbeat: Server;
  let url: string;
  let beats = 0;
  beforeAll(async () => {
    heartbeat = createServer((_request, response) => {
      beats += 1;
      response.end();
    });
    await new Promise<void>((listening) => heartbeat.listen(0, '127.0.0.1', listening));
    url = `http://127.0.0.1:${(heartbeat.address() as AddressInfo).port}/ping/SECRET-UUID`;
  });
  afterAll(() => {
    heartbeat.close();
  });

  test.each([
    ['an audit', []],
    ['a mistyped audit', ['--scoop']],
    ['a doctor run', ['doctor']],
    ['a plan', ['plan']],
  ])('%s is refused', async (_, argv) => {
    const env = { NODE_DEBUG: 'fetch,undici,http,net', C1_AUDIT_HEARTBEAT_URL: url };
    const { code, stdout, stderr } = await bundle(argv, {
      ...env,
      // Nobody listens there.
      SLACK_WEBHOOK_URL: 'http://127.0.0.1:1/services/T000/B000/SECRET-UUID',
    });
    expect(code).toBe(2);
    expect(stdout + stderr).not.toContain('SECRET-UUID');
    expect((stdout + stderr).replace(/\s+/g, ' ')).toContain(
      argv[0] === '--scoop' ? 'heartbeat: NODE_DEBUG is set' : 'NODE_DEBUG is set',
    );
    expect(beats).toBe(0);
  });

  test('a blank one is fine', async () => {
    expect((await bundle(['--fail-on', 'never'], { NODE_DEBUG: ' ' })).code).toBe(0);
  });
});

describe('a saved report whose summary and findings disagree is refused', () => {
  const NOW = Date.parse('2026-11-24T06:00:00Z');
  let saved: string;
  beforeAll(async () => {
    const demo = (await startTenant({ now: () => NOW, data: seed(NOW) })) as Tenant;
    const argv = ['--scope', 'tenant', '-f', 'json', '--state', 's.json'];
    saved = (await runProgram(argv, { env: demo.environment, now: () => NOW })).stdout;
    await demo.close();
  });

  interface Draft {
    findings: Record<string, unknown>[];
    readonly credentials: unknown[];
    readonly summary: Record<string, unknown>;
    readonly coverage: { readonly sources: { status: string }[] };
  }

  async function render(change: (report: Draft) => void, argv = ['report', '-']): Promise<Ended> {
    const report = JSON.parse(saved) as Draft;
    change(report);
    return runProgram(argv, { stdin: JSON.stringify(report), cwd });
  }

  test('as it was written it is taken', async () => {
    expect((await render(() => undefined)).code).toBe(1);
  });

  test.each<[string, (report: Draft) => void, RegExp]>([
    [
      'all findings removed',
      (report) => report.findings.splice(0),
      /summary\.findings is \d+, but the report holds 0/,
    ],
    [
      'the critical findings removed',
      (report) => {
        report.findings = report.findings.filter(({ severity }) => severity !== 'critical');
      },
      /summary\.bySeverity\.critical is \d+, but the report holds 0/,
    ],
    [
      'a finding made less severe',
      (report) => {
        Object.assign(report.findings[0] ?? {}, { severity: 'info' });
      },
      /summary\.bySeverity\.critical is/,
    ],
    [
      'a finding called waived',
      (report) => {
        Object.assign(report.findings[0] ?? {}, { status: 'waived' });
      },
      /summary\.waived is 0, but the report holds 1/,
    ],
    [
      'counts set to nothing',
      (report) => {
        report.summary.findings = 0;
      },
      /summary\.findings is 0, but the report holds \d+/,
    ],
    [
      'a rule removed from the counts',
      (report) => {
        report.summary.byRule = {};
      },
      /summary\.byRule\.[\w-]+ is 0, but/,
    ],
    [
      'credentials removed',
      (report) => report.credentials.pop(),
      /summary\.credentials is \d+, but the report holds \d+/,
    ],
    [
      'complete, with a source that was read in part',
      (report) => {
        Object.assign(report.coverage.sources[0] ?? {}, { status: 'partial' });
      },
      /coverage\.complete is true, but the source [\w-]+ is partial/,
    ],
    [
      'complete, with what kept it from being complete',
      (report) => {
        Object.assign(report.coverage, { gaps: ['users could not be read'] });
      },
      /coverage\.complete is true, but coverage\.gaps says: users could not be read/,
    ],
    [
      'complete, with a rule that failed',
      (report) => {
        Object.assign(report.findings[0] ?? {}, { messageId: 'rule-failed' });
      },
      /coverage\.complete is true, but the rule [\w-]+ failed/,
    ],
    [
      'complete, without any source',
      (report) => {
        Object.assign(report.coverage, { sources: [] });
      },
      /coverage\.complete is true, but no source was read/,
    ],
  ])('%s', async (_, change, says) => {
    for (const argv of [
      ['report', '-'],
      ['plan', '-'],
      ['report', '--diff', '-', 'other.json'],
    ]) {
      writeFileSync(join(cwd, 'other.json'), saved);
      const { code, stdout, stderr } = await render(change, argv);
      expect([code, stdout]).toEqual([2, '']);
      expect(stderr).toMatch(/stdin contradicts itself: /);
      expect(stderr).toMatch(says);
    }
    expect(readFileSync(join(cwd, 'other.json'), 'utf8')).toBe(saved);
  });
});

describe('an endless loop in a plug-in does not block the audit past --timeout', () => {
  test.each(Object.keys(LOOPS))(
    '%s',
    async (what) => {
      const { code, stderr } = (await looped)[what] as Ended;
      expect(code).toBe(3);
      expect(stderr).toMatch(/The audit is incomplete: something blocked it for 2 s beyond its time limit/);
    },
    60_000,
  );
});
