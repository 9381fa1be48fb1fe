import { execFileSync, spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect } from '@jest/globals';
import { needs } from '../helpers/needs.js';

const { describe, test } = needs('bash');

interface Settings {
  readonly ci?: number;
  /** What each run of the tests prints, and its exit code: the ordinary one, then the bare one. */
  readonly summaries?: readonly [string, string];
  readonly tests?: readonly [number, number];
  readonly lint?: number;
  readonly typecheck?: number;
  readonly apt?: number;
  readonly root?: boolean;
}

const passing = (tests: string) =>
  `PASS a\n\nTest Suites: 3 passed, 3 total\nTests:       ${tests}\nTime: 1 s\n`;

/** The tools that .ci/run expects on any machine. */
const ORDINARY = 'bash cat chmod dirname env grep ln mkdir mktemp rm sed sh tail tar tee'.split(' ');

const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;

/**
 * Notes each call with what it can see; what it prints and its exit code come from a file, because the bare run has no
 * variables. Of a shell alone: dozens of calls of Node.js take seconds, and the bare run has no other tools.
 */
const fakeNpm = (root: string) => `#!/bin/sh
root=${quoted(root)}
{
  printf '{"args":"%s","cwd":"%s","input":"' "$*" "$PWD"
  IFS= read -r line && printf '%s' "$line"
  printf '","files":['
  for file in .[!.]* *; do [ -e "$file" ] && printf '"%s",' "$file"; done
  printf 'null],"commands":['
  IFS=:
  for folder in $PATH; do for file in "$folder"/*; do printf '"%s",' "\${file##*/}"; done; done
  printf 'null]}\n'
  unset IFS
  export -p
  echo
} >> "$root/calls"
. "$root/settings"
case "$*" in
  ci) exit "$ci" ;;
  'run lint') exit "$lint" ;;
  'run typecheck') exit "$typecheck" ;;
esac
if [ -e "$root/tested" ]; then
  printf '%s' "$summary2" >&2
  exit "$test2"
fi
: > "$root/tested"
printf '%s' "$summary1" >&2
exit "$test1"
`;

let root: string;
let bin: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'c1-audit-ci-'));
  bin = join(root, 'bin');
  for (const folder of ['checkout', 'checkout/.ci', 'checkout/dist', 'checkout/.git', 'bin'])
    mkdirSync(join(root, folder));
  copyFileSync('.ci/run', join(root, 'checkout/.ci/run'));
  writeFileSync(join(root, 'checkout/package.json'), '{}');
  for (const name of ORDINARY) {
    const path = execFileSync('bash', ['-c', `type -P ${name}`], { encoding: 'utf8' }).trim();
    symlinkSync(path, join(bin, name));
  }
  symlinkSync(process.execPath, join(bin, 'node'));
  fake('npm', fakeNpm(root));
  for (const name of ['npx', 'git', 'zsh', 'fish', 'chromium', 'ps']) fake(name, '#!/bin/sh\n');
  fake('apt-get', note('apt-get', 'exit "$APT_EXIT"'));
  fake('id', '#!/bin/sh\necho "$USER_ID"\n');
  fake('chown', note('chown', ''));
  fake('setpriv', note('setpriv', 'shift 3; exec "$@"'));
});

function fake(name: string, script: string) {
  writeFileSync(join(bin, name), script, { mode: 0o755 });
}

const note = (name: string, then: string) => `#!/bin/sh\necho "${name} $*" >> '${root}/notes'\n${then}\n`;

const lines = (path: string) => (existsSync(path) ? readFileSync(path, 'utf8').trim().split('\n') : []);

interface Call {
  readonly args: string;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly input: string;
  readonly commands: readonly string[];
  readonly files: readonly string[];
}

/** What the npm of these tests noted. */
function calls(): Call[] {
  const path = join(root, 'calls');
  const notes = existsSync(path) ? readFileSync(path, 'utf8').trimEnd().split('\n\n') : [];
  return notes.map((text) => {
    const [seen = '', ...exports] = text.split('\n');
    const { files, commands, ...rest } = JSON.parse(seen);
    const env = exports.map((line) => /^export (\w+)=(["'])(.*)\2$/.exec(line)?.slice(1) ?? []);
    return {
      ...rest,
      files: files.slice(0, -1),
      commands: commands.slice(0, -1),
      env: Object.fromEntries(env.map(([name, , value]) => [name, value])),
    };
  });
}

function run({ apt = 0, root: asRoot = false, ...settings }: Settings = {}) {
  const twelve = passing('12 passed, 12 total');
  const { summaries = [twelve, twelve], tests = [0, 0], ci = 0, lint = 0, typecheck = 0 } = settings;
  const variables = {
    ...{ ci, lint, typecheck },
    ...{ summary1: summaries[0], test1: tests[0], summary2: summaries[1], test2: tests[1] },
  };
  const assigned = Object.entries(variables).map(([name, value]) => `${name}=${quoted(String(value))}\n`);
  writeFileSync(join(root, 'settings'), assigned.join(''));
  const { status, stdout } = spawnSync(join(bin, 'bash'), [join(root, 'checkout/.ci/run')], {
    cwd: tmpdir(),
    encoding: 'utf8',
    input: 'something to read\n',
    env: {
      PATH: bin,
      TMPDIR: root,
      APT_EXIT: String(apt),
      USER_ID: asRoot ? '0' : '1000',
      CHROMIUM_PATH: join(bin, 'chromium'),
    },
  });
  return {
    code: status,
    last: stdout.trimEnd().split('\n').at(-1),
    stdout,
    calls: calls(),
    notes: lines(join(root, 'notes')),
  };
}

test('is executable', () => {
  expect(statSync('.ci/run').mode & 0o111).toBe(0o111);
});

test('installs, runs the tests twice, then lint and types, with an empty stdin', () => {
  const { code, last, calls } = run();
  expect(calls.map(({ args }) => args)).toEqual(['ci', 'test', 'test', 'run lint', 'run typecheck']);
  expect(calls.map(({ input }) => input).join('')).toBe('');
  expect(last).toBe('24 passed, 0 failed');
  expect(code).toBe(0);
});

test('requires a browser and shells in the first run', () => {
  const [, first] = run().calls;
  expect(first?.env).toMatchObject({ CI: 'true', REQUIRE_BROWSER: '1', REQUIRE_SHELLS: '1' });
  expect(first?.cwd).toBe(join(root, 'checkout'));
});

describe('the bare run', () => {
  test('sees Node.js, npm, git and sh, and a copy of the checkout in a path with spaces', () => {
    const [, , bare] = run().calls;
    expect(bare?.commands.toSorted()).toEqual(['git', 'node', 'npm', 'npx', 'sh']);
    expect(bare?.cwd).toMatch(/ bare machine\/c1-audit$/);
    expect(bare?.files.toSorted()).toEqual(['.ci', 'package.json']);
  });

  test('has no variables but those of another time zone and no locale', () => {
    const [, , bare] = run().calls;
    const { HOME = '', TMPDIR = '', CHROMIUM_PATH = '', PATH: _, PWD: __, ...others } = bare?.env ?? {};
    expect(others).toEqual({ LANG: 'C', TZ: 'America/New_York' });
    for (const path of [HOME, TMPDIR]) expect(path).toMatch(/ bare machine\/(home|tmp)$/);
    expect(existsSync(CHROMIUM_PATH)).toBe(false);
  });

  test('uses an ordinary user if root starts it', () => {
    const { code, notes, last } = run({ root: true });
    expect(notes.map((line) => line.replaceAll(root, ''))).toEqual([
      expect.stringMatching(/^setpriv --reuid=65534 --regid=65534 --clear-groups .*\/node --version$/),
      expect.stringMatching(/^chown -R 65534:65534 .* bare machine$/),
      expect.stringMatching(/^setpriv --reuid=65534 --regid=65534 --clear-groups npm test$/),
    ]);
    expect([code, last]).toEqual([0, '24 passed, 0 failed']);
  });

  test('uses root if no other user can run Node.js', () => {
    fake('setpriv', '#!/bin/sh\necho no access >&2; exit 126\n');
    const { code, stdout, last } = run({ root: true });
    expect(stdout).toContain('No ordinary user can run this Node.js');
    expect([code, last]).toEqual([0, '24 passed, 0 failed']);
  });

  test('fails if it cannot be set up', () => {
    rmSync(join(bin, 'git'));
    const { code, calls, last } = run();
    expect(calls.map(({ args }) => args)).toEqual(['ci', 'test', 'run lint', 'run typecheck']);
    expect([code, last]).toEqual([1, '12 passed, 1 failed']);
  });

  test('leaves nothing behind', () => {
    const before = execFileSync('ls', [root], { encoding: 'utf8' });
    run();
    const after = execFileSync('ls', [root], { encoding: 'utf8' });
    expect(after.split('\n').toSorted()).toEqual(
      [...before.split('\n'), 'calls', 'settings', 'tested'].toSorted(),
    );
  });
});

describe('counts', () => {
  test.each([
    ['skipped ones as neither', '2 skipped, 10 passed, 12 total', '20 passed, 0 failed'],
    ['in colour', '\x1b[22m\x1b[1m\x1b[32m1200 passed\x1b[39m\x1b[22m, 1200 total', '2400 passed, 0 failed'],
  ])('%s', (_, tests, last) => {
    expect(run({ summaries: [passing(tests), passing(tests)] })).toMatchObject({ code: 0, last });
  });

  test('both runs', () => {
    const summaries = [
      passing('1 failed, 9 passed, 10 total'),
      passing('3 failed, 4 skipped, 3 passed, 10 total'),
    ] as const;
    expect(run({ summaries, tests: [1, 1] })).toMatchObject({ code: 1, last: '12 passed, 4 failed' });
  });

  test('the last summary if a test prints one itself', () => {
    const summary = passing('1 failed, 1 passed, 2 total') + passing('5 passed, 5 total');
    expect(run({ summaries: [summary, summary] })).toMatchObject({ code: 0, last: '10 passed, 0 failed' });
  });
});

describe('fails', () => {
  const twelve = passing('12 passed, 12 total');

  test.each<[string, Settings, string]>([
    [
      'when tests fail',
      { summaries: [passing('3 failed, 9 passed, 12 total'), twelve], tests: [1, 0] },
      '21 passed, 3 failed',
    ],
    [
      'when tests fail on the bare machine alone',
      { summaries: [twelve, passing('3 failed, 9 passed, 12 total')], tests: [0, 1] },
      '21 passed, 3 failed',
    ],
    ['when a suite does not start', { tests: [1, 0] }, '24 passed, 1 failed'],
    [
      'when failures were counted, whatever npm says',
      { summaries: [passing('1 failed, 1 total'), twelve] },
      '12 passed, 1 failed',
    ],
    ['when no test ran', { summaries: [passing('0 total'), passing('0 total')] }, '0 passed, 2 failed'],
    ['when all were skipped', { summaries: [passing('4 skipped, 4 total'), twelve] }, '12 passed, 1 failed'],
    [
      'when nothing was counted',
      { summaries: [twelve, 'Segmentation fault\n'], tests: [0, 139] },
      '12 passed, 1 failed',
    ],
    ['when nothing could be installed', { ci: 1 }, '0 passed, 1 failed'],
    ['when lint does', { lint: 1 }, '24 passed, 1 failed'],
    ['when lint and types do', { lint: 1, typecheck: 2 }, '24 passed, 2 failed'],
  ])('%s', (_, settings, last) => {
    const result = run(settings);
    expect(result.last).toBe(last);
    expect(result.code).toBeGreaterThan(0);
  });

  test('but still runs lint and types', () => {
    const called = run({ tests: [1, 1] }).calls.map(({ args }) => args);
    expect(called).toEqual(expect.arrayContaining(['run lint', 'run typecheck']));
  });
});

describe('a missing tool', () => {
  beforeEach(() => {
    for (const name of ['chromium', 'fish']) rmSync(join(bin, name));
  });

  test('is installed without the tools that are there', () => {
    const { code, notes } = run();
    expect(notes).toEqual([
      'apt-get update',
      'apt-get install -y --no-install-recommends chromium-headless-shell fish',
    ]);
    expect(code).toBe(0);
  });

  test('is named if it cannot be installed', () => {
    const { code, stdout, last, calls } = run({ apt: 100 });
    expect(stdout).toContain(
      '.ci/run needs chromium-headless-shell fish, and apt-get could not install them',
    );
    expect(last).toBe('0 passed, 1 failed');
    expect(code).toBe(1);
    expect(calls).toEqual([]);
  });

  test('is named if there is no apt-get', () => {
    rmSync(join(bin, 'apt-get'));
    const { code, stdout, last } = run();
    expect(stdout).toContain(
      '.ci/run needs chromium-headless-shell fish, and there is no apt-get to install them.',
    );
    expect(last).toBe('0 passed, 1 failed');
    expect(code).toBe(1);
  });
});

test('installs nothing if nothing is missing', () => {
  expect(run().notes).toEqual([]);
});
