import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { beforeEach, expect, test } from '@jest/globals';
import { NODE_SCRIPT } from '../helpers/package.js';
import { readYaml, type Workflow } from '../helpers/workflow.js';

/** A registry's `node`: says its version, and is jest, whose results are those that RESULTS names for its major. */
const FAKE_NODE = (major: string) => `${NODE_SCRIPT}
const { appendFileSync, writeFileSync } = require('node:fs');
const args = process.argv.slice(2);
if (args[0] === '--version') { console.log('v${major}.1.2'); process.exit(); }
appendFileSync(process.env.CALLS, JSON.stringify(args) + '\\n');
const results = JSON.parse(process.env.RESULTS)['${major}'];
const file = args.find((arg) => arg.startsWith('--outputFile=')).slice('--outputFile='.length);
if (results) writeFileSync(file, JSON.stringify({ numPendingTests: 1, success: results.numFailedTests === 0, ...results }));
process.exitCode = results?.numFailedTests ? 1 : 0;
`;

/** Knows every major but 26. */
const FAKE_NPM = `${NODE_SCRIPT}
const { mkdirSync, writeFileSync } = require('node:fs');
const args = process.argv.slice(2);
const [, major] = /^node@(\\d+)$/.exec(args.at(-1)) ?? [];
if (major === undefined) process.exit(Number(process.env.PRETEST_EXIT ?? 0));
if (major === '26') process.exit(1);
mkdirSync('node_modules/node/bin', { recursive: true });
writeFileSync('node_modules/node/bin/node', process.env['NODE_' + major], { mode: 0o755 });
`;

let root: string;
let bin: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'c1-audit-matrix-test-'));
  // In another directory: package.json would make the scripts ES modules.
  bin = mkdtempSync(join(tmpdir(), 'c1-audit-matrix-bin-'));
  mkdirSync(join(root, 'scripts'));
  copyFileSync('scripts/test-matrix.js', join(root, 'scripts/test-matrix.js'));
  copyFileSync('package.json', join(root, 'package.json'));
  writeFileSync(join(bin, 'npm'), FAKE_NPM);
  chmodSync(join(bin, 'npm'), 0o755);
});

function matrix(
  args: readonly string[],
  results: Record<string, unknown> = {},
  env: Record<string, string> = {},
) {
  const calls = join(root, 'calls');
  writeFileSync(calls, '');
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(root, 'scripts/test-matrix.js'), ...args],
    {
      cwd: tmpdir(),
      encoding: 'utf8',
      env: {
        PATH: [bin, process.env.PATH].join(delimiter),
        CALLS: calls,
        RESULTS: JSON.stringify(results),
        ...Object.fromEntries(['20', '22', '24'].map((major) => [`NODE_${major}`, FAKE_NODE(major)])),
        ...env,
      },
    },
  );
  const lines = readFileSync(calls, 'utf8').split('\n').filter(Boolean);
  const table = stdout.slice(stdout.indexOf('Node.js  passed')).trimEnd().split('\n');
  return { code: status, stderr, table, calls: lines.map((line) => JSON.parse(line) as string[]) };
}

const words = (line = '') => line.trim().split(/\s+/);
const good = { numPassedTests: 7, numFailedTests: 0 };

test('runs the tests with the flags of npm test on the requested versions, and prints each result', () => {
  const { code, table, calls } = matrix(['--only', '24,20', '--', 'test/rules', '-t', 'a b'], {
    20: good,
    24: good,
  });
  expect(code).toBe(0);
  expect(table.map((line) => words(line).slice(0, 4))).toEqual([
    ['Node.js', 'passed', 'failed', 'skipped'],
    ['v20.1.2', '7', '0', '1'],
    ['v24.1.2', '7', '0', '1'],
  ]);
  expect(table.slice(1).map((line) => words(line).at(-1))).toEqual(['ok', 'ok']);
  const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: { test: string } };
  const [, ...flags] = scripts.test.split(' ');
  for (const call of calls) {
    expect(call).toEqual([
      ...flags,
      '--json',
      expect.stringMatching(/^--outputFile=/),
      'test/rules',
      '-t',
      'a b',
    ]);
  }
});

test('fails if a test fails, no test runs, or a Node.js cannot be installed', () => {
  const { code, table } = matrix([], { 20: good, 22: { numPassedTests: 6, numFailedTests: 1 } });
  expect(code).toBe(1);
  expect(table.slice(1).map((line) => line.replace(/^(\S+).*? {2}(ok|FAILED.*)$/, '$1 $2'))).toEqual([
    'v20.1.2 ok',
    'v22.1.2 FAILED',
    'v24.1.2 FAILED: no test ran',
    'v26 FAILED: could not be installed',
  ]);
});

test('stops if the build fails', () => {
  const { code, calls } = matrix(['--only', '20'], { 20: good }, { PRETEST_EXIT: '1' });
  expect(code).toBe(2);
  expect(calls).toEqual([]);
});

test.each([[['--only', '21']], [['--only', '']], [['--only', '20,x']], [['--all']], [['20']]])(
  'refuses %j',
  (args) => {
    const { code, stderr, calls } = matrix(args);
    expect(code).toBe(2);
    expect(stderr).toMatch(/^test-matrix: .*\nusage: npm run test:matrix/);
    expect(calls).toEqual([]);
  },
);

test('covers the versions that CI does', () => {
  const ci = readYaml<Workflow>('.github/workflows/ci.yml').jobs.test?.strategy?.matrix.node as number[];
  const { stderr } = matrix(['--only', '21']);
  expect(stderr).toContain(`21 is not one of ${ci.join(', ')}`);
});
