import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { beforeEach, describe, expect, test } from '@jest/globals';

/** Notes what it is asked for; what `npm test` prints and how each ends comes from the environment. */
const FAKE_NPM = `#!/bin/bash
echo "$*" >> "$CALLS"
if read -r line; then echo "stdin is open" >> "$CALLS"; fi
case "$*" in
  ci) exit "\${CI_EXIT:-0}" ;;
  test)
    echo "browser: $REQUIRE_BROWSER, CI: $CI, in $PWD" >> "$CALLS"
    printf '%b' "$SUMMARY" >&2
    exit "\${TEST_EXIT:-0}"
    ;;
  'run lint') exit "\${LINT_EXIT:-0}" ;;
  'run typecheck') exit "\${TYPES_EXIT:-0}" ;;
esac
`;
const FAKE_APT = '#!/bin/bash\necho "apt-get $*" >> "$CALLS"\nexit "$APT_EXIT"\n';

let root: string;
let calls: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'c1-audit-ci-'));
  calls = join(root, 'calls');
  for (const folder of ['.ci', 'bin']) mkdirSync(join(root, folder));
  copyFileSync('.ci/run', join(root, '.ci/run'));
  writeFileSync(join(root, 'bin/npm'), FAKE_NPM);
  writeFileSync(join(root, 'bin/apt-get'), FAKE_APT);
  for (const name of ['npm', 'apt-get']) chmodSync(join(root, 'bin', name), 0o755);
});

function run(env: Readonly<Record<string, string>>) {
  const { status, stdout } = spawnSync('bash', [join(root, '.ci/run')], {
    cwd: tmpdir(),
    encoding: 'utf8',
    input: 'something to read\n',
    env: {
      PATH: [join(root, 'bin'), process.env.PATH].join(delimiter),
      CALLS: calls,
      CHROMIUM_PATH: process.execPath,
      ...env,
    },
  });
  const called = existsSync(calls) ? readFileSync(calls, 'utf8').trim().split('\n') : [];
  return { code: status, last: stdout.trimEnd().split('\n').at(-1), stdout, called };
}

const passing = (tests: string) =>
  `PASS a\n\nTest Suites: 3 passed, 3 total\nTests:       ${tests}\nTime: 1 s\n`;

test('is executable', () => {
  expect(statSync('.ci/run').mode & 0o111).toBe(0o111);
});

test('runs the test command of the README, then lint and types, with a browser required and nothing to read', () => {
  expect(readFileSync('.ci/run', 'utf8')).toContain('npm ci && npm test');
  const { code, last, called } = run({ SUMMARY: passing('12 passed, 12 total') });
  expect(called).toEqual(['ci', 'test', `browser: 1, CI: true, in ${root}`, 'run lint', 'run typecheck']);
  expect(last).toBe('12 passed, 0 failed');
  expect(code).toBe(0);
});

describe('counts', () => {
  test.each([
    ['skipped ones as neither', '2 skipped, 10 passed, 12 total', '10 passed, 0 failed'],
    ['in colour', '\\e[22m\\e[1m\\e[32m1200 passed\\e[39m\\e[22m, 1200 total', '1200 passed, 0 failed'],
  ])('%s', (_, tests, last) => {
    expect(run({ SUMMARY: passing(tests) })).toMatchObject({ code: 0, last });
  });

  test('the last summary, where a test prints one of its own', () => {
    const SUMMARY = passing('1 failed, 1 passed, 2 total') + passing('5 passed, 5 total');
    expect(run({ SUMMARY })).toMatchObject({ code: 0, last: '5 passed, 0 failed' });
  });
});

describe('fails', () => {
  const SUMMARY = passing('12 passed, 12 total');

  test.each<[string, Record<string, string>, string]>([
    [
      'when tests fail',
      { SUMMARY: passing('3 failed, 9 passed, 12 total'), TEST_EXIT: '1' },
      '9 passed, 3 failed',
    ],
    ['when a suite does not start', { SUMMARY, TEST_EXIT: '1' }, '12 passed, 1 failed'],
    [
      'when failures were counted, whatever npm says',
      { SUMMARY: passing('1 failed, 1 total') },
      '0 passed, 1 failed',
    ],
    ['when no test ran', { SUMMARY: passing('0 total') }, '0 passed, 1 failed'],
    ['when all were skipped', { SUMMARY: passing('4 skipped, 4 total') }, '0 passed, 1 failed'],
    ['when nothing was counted', { SUMMARY: 'Segmentation fault\n', TEST_EXIT: '139' }, '0 passed, 1 failed'],
    ['when nothing could be installed', { CI_EXIT: '1' }, '0 passed, 1 failed'],
    ['when lint does', { SUMMARY, LINT_EXIT: '1' }, '12 passed, 1 failed'],
    ['when lint and types do', { SUMMARY, LINT_EXIT: '1', TYPES_EXIT: '2' }, '12 passed, 2 failed'],
    [
      'when there is no browser to be had',
      { SUMMARY, CHROMIUM_PATH: '/nowhere', APT_EXIT: '100' },
      '0 passed, 1 failed',
    ],
  ])('%s', (_, env, last) => {
    const result = run(env);
    expect(result.last).toBe(last);
    expect(result.code).toBeGreaterThan(0);
  });

  test('but goes through lint and types even then', () => {
    expect(run({ SUMMARY, TEST_EXIT: '1' }).called).toEqual(
      expect.arrayContaining(['run lint', 'run typecheck']),
    );
  });
});

describe('the browser', () => {
  test('is installed where it is missing', () => {
    const env = { SUMMARY: passing('1 passed, 1 total'), CHROMIUM_PATH: '/nowhere', APT_EXIT: '0' };
    expect(run(env).called.slice(0, 3)).toEqual([
      'apt-get update',
      'apt-get install -y --no-install-recommends chromium',
      'ci',
    ]);
  });

  test('is left alone where it is there', () => {
    expect(run({ SUMMARY: passing('1 passed, 1 total') }).called[0]).toBe('ci');
  });
});
