import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { needs } from '../helpers/needs.js';
import { root, run, shellEnvironment } from '../helpers/package.js';
import { emptyFolder } from '../helpers/program.js';
import { schemaErrors } from '../helpers/report-schema.js';
import { readYaml, runStep, type StepResult, scriptOf, type Workflow } from '../helpers/workflow.js';

const COPY = '.github/c1-audit';
const BIN = `${COPY}/dist/bin.js`;
const STATE = '.c1-audit/state.json';

const bash = needs('bash');

let served: ChildProcess;
/** What `demo --serve` prints: where the embedded tenant is, and a login for it. */
const login: Record<string, string> = {};

beforeAll(async () => {
  served = spawn(process.execPath, [join(root, 'dist/bin.js'), 'demo', '--serve'], {
    env: shellEnvironment(root),
  });
  for await (const line of createInterface({ input: served.stdout as NodeJS.ReadableStream })) {
    const [, name = '', value = ''] = /^export (\w+)='(.*)'$/.exec(line) ?? [];
    if (name !== '') login[name] = value;
    if (Object.keys(login).length === 3) break;
  }
}, 60_000);

afterAll(async () => {
  served.kill();
  await once(served, 'exit');
});

/** git without this machine's configuration. */
function git(cwd: string, ...args: string[]): string {
  const identity = ['-c', 'user.name=t', '-c', 'user.email=t@example.com', '-c', 'commit.gpgsign=false'];
  const env = { PATH: process.env.PATH ?? '', HOME: cwd, GIT_CONFIG_NOSYSTEM: '1' };
  return execFileSync('git', [...identity, ...args], { cwd, encoding: 'utf8', env, stdio: 'pipe' });
}

const program = (cwd: string, bin: string, ...args: string[]) => run(process.execPath, [bin, ...args], cwd);
const init = (cwd: string, ...flags: string[]) =>
  program(cwd, join(root, 'dist/bin.js'), 'init', '--tenant', 'acme', '--auth', 'secret', '--yes', ...flags);

/**
 * A repository with everything that could break the copy: a blank in its path, CommonJS by default, build output that
 * git ignores, line endings that git converts.
 */
function repository(): string {
  const cwd = join(emptyFolder(), 'our security');
  mkdirSync(cwd);
  git(cwd, 'init', '--quiet');
  writeFileSync(join(cwd, 'package.json'), '{ "type": "commonjs", "private": true }\n');
  writeFileSync(join(cwd, '.gitignore'), 'dist/\n*.js\n*.txt\n');
  writeFileSync(
    join(cwd, '.gitattributes'),
    '* text=auto eol=crlf\n*.js text eol=crlf\n*.json filter=none ident\n',
  );
  return cwd;
}

/** What actions/checkout makes of it, with git's conversion of line endings switched on. */
function checkout(from: string): string {
  const at = join(emptyFolder(), 'a clone');
  git(from, 'clone', '--quiet', '-c', 'core.autocrlf=true', from, at);
  return at;
}

let repo: string;
let template: string;

beforeAll(() => {
  template = repository();
  expect(init(template, '--no-slack').status).toBe(0);
  git(template, 'add', '.github', 'c1-audit.config.yaml');
  git(template, 'add', '--all');
  git(template, 'commit', '--quiet', '-m', 'Audit every night');
});

beforeEach(() => {
  repo = checkout(template);
});

/** A PATH in which every way to a registry fails and leaves a mark, and `node` is a small file to hash. */
function withoutRegistry(): string {
  const bin = emptyFolder();
  for (const name of ['npm', 'npx', 'yarn', 'pnpm', 'curl', 'wget'])
    writeFileSync(join(bin, name), `#!/bin/bash\ntouch "$GITHUB_WORKSPACE/registry"\nexit 1\n`, {
      mode: 0o755,
    });
  writeFileSync(join(bin, 'node'), `#!/bin/bash\nexec '${process.execPath}' "$@"\n`, { mode: 0o755 });
  return bin;
}

/** Runs the job's scripts in order, as the runner does: the first failure ends it. */
function play(
  cwd: string,
  between: (bin: string) => void = () => undefined,
  key = '',
): Map<string, StepResult> {
  const steps = readYaml<Workflow>(join(cwd, '.github/workflows/c1-audit.yml')).jobs.audit?.steps ?? [];
  const secrets: Record<string, string> = { ...login, C1_AUDIT_STATE_KEY: key };
  const results = new Map<string, StepResult>();
  const bin = withoutRegistry();
  for (const { name = '', run: script, env = {} } of steps) {
    if (name === 'Restore the state') between(bin);
    if (script === undefined) continue;
    const filled = Object.entries(env).map(([variable, value]) => {
      const [, context, key = ''] = /^\$\{\{ (secrets|vars|steps)\.([\w.-]+) \}\}$/.exec(value) ?? [];
      if (context === undefined) return [variable, value];
      if (context === 'steps') return [variable, results.get('Check c1-audit')?.outputs.digest ?? ''];
      return [variable, secrets[key] ?? ''];
    });
    const result = runStep(scriptOf(steps, name), {
      cwd,
      bin: [bin],
      env: {
        ...Object.fromEntries(filled),
        GITHUB_WORKSPACE: cwd,
        // The embedded tenant is not where acme.conductor.one is.
        ...(name === 'Audit' ? { CONDUCTORONE_SERVER_URL: login.CONDUCTORONE_SERVER_URL ?? '' } : {}),
      },
    });
    results.set(name, result);
    if (result.code !== 0) break;
  }
  expect(existsSync(join(cwd, 'registry'))).toBe(false);
  return results;
}

/** The message of a run that stopped before the audit. */
function refusal(results: Map<string, StepResult>): string {
  expect([...results.keys()]).not.toContain('Audit');
  const last = [...results.values()].at(-1);
  expect(last?.code).toBe(3);
  expect(last?.stdout).toContain('Nothing was audited.');
  return last?.stdout ?? '';
}

bash.test(
  "the workflow's own steps audit the embedded tenant, without a registry",
  () => {
    const results = play(repo);
    expect([...results.keys()]).toEqual(['Check c1-audit', 'Check the restored files', 'Audit']);
    const audit = results.get('Audit');
    expect(audit?.stderr).toBe('');
    expect(audit?.stdout).toContain('Complete: ');
    expect(audit?.code).toBe(1);
    const report = JSON.parse(readFileSync(join(repo, 'c1-audit-report/report.json'), 'utf8'));
    expect(schemaErrors(report)).toEqual([]);
    expect(report.run.scope).toBe('tenant');
    expect(existsSync(join(repo, STATE))).toBe(true);
    // The second night restores the state and may change it.
    const second = play(repo, () => appendFileSync(join(repo, STATE), '\n'));
    // All findings are known by now, and the configuration fails on news only.
    expect(second.get('Audit')?.code).toBe(0);
    const again = JSON.parse(readFileSync(join(repo, 'c1-audit-report/report.json'), 'utf8'));
    expect(again.summary.new).toBe(0);
    expect(again.summary.known).toBe(again.summary.findings);
  },
  120_000,
);

test('git keeps every file of the copy byte for byte', () => {
  const tracked = git(template, 'ls-files', COPY).trim().split('\n');
  const listed = readFileSync(join(template, COPY, 'SHA256SUMS'), 'utf8')
    .trimEnd()
    .split('\n');
  expect(tracked.map((name) => name.slice(COPY.length + 1)).sort()).toEqual(
    [...listed.map((line) => line.slice(66)), 'SHA256SUMS'].sort(),
  );
  const changed = (name: string) =>
    !readFileSync(join(repo, name)).equals(readFileSync(join(template, name)));
  expect(tracked.filter(changed)).toEqual([]);
  // Other files are converted, so the repository's settings are in use.
  expect(readFileSync(join(repo, 'c1-audit.config.yaml'), 'utf8')).toContain('\r\n');
});

test('the copy has licences, an SBOM and a manifest without dependencies', () => {
  const manifest = JSON.parse(readFileSync(join(repo, COPY, 'package.json'), 'utf8'));
  expect(manifest).toMatchObject({ name: 'c1-audit', type: 'module', bin: { 'c1-audit': 'dist/bin.js' } });
  for (const field of ['devDependencies', 'dependencies', 'scripts'])
    expect(manifest).not.toHaveProperty(field);
  for (const name of ['LICENSE', 'THIRD_PARTY_LICENSES.txt', 'sbom.cdx.json', 'schema/config.json'])
    expect(readFileSync(join(repo, COPY, name), 'utf8')).toBe(readFileSync(join(root, name), 'utf8'));
});

bash.describe('the check before the login', () => {
  test.each<[string, (copy: string) => void]>([
    ['a changed file', (copy) => appendFileSync(join(copy, 'dist/bin.js'), '\n')],
    ['a missing file', (copy) => rmSync(join(copy, 'LICENSE'))],
    ['a file more', (copy) => writeFileSync(join(copy, 'dist/more.js'), '')],
    ['no sums', (copy) => rmSync(join(copy, 'SHA256SUMS'))],
    ['no lines in the sums', (copy) => writeFileSync(join(copy, 'SHA256SUMS'), '')],
    ['a sum that is no sum', (copy) => appendFileSync(join(copy, 'SHA256SUMS'), 'x\n')],
    [
      'converted line endings',
      (copy) => {
        const path = join(copy, 'sbom.cdx.json');
        writeFileSync(path, readFileSync(path, 'utf8').replaceAll('\n', '\r\n'));
      },
    ],
  ])('stops the run for %s', (_, change) => {
    change(join(repo, COPY));
    expect(refusal(play(repo))).toContain('are not as c1-audit init wrote them');
  });

  test('stops the run if Node.js cannot start the program', () => {
    const steps = readYaml<Workflow>(join(repo, '.github/workflows/c1-audit.yml')).jobs.audit?.steps ?? [];
    const bin = emptyFolder();
    writeFileSync(join(bin, 'node'), '#!/bin/bash\nexit 1\n', { mode: 0o755 });
    const { code, stdout } = runStep(scriptOf(steps, 'Check c1-audit'), {
      cwd: repo,
      bin: [bin],
      env: { GITHUB_WORKSPACE: repo },
    });
    expect(code).toBe(3);
    expect(stdout).toContain('does not start. Nothing was audited.');
  });
});

bash.describe('a forged cache with more than the state stops the run', () => {
  test.each<[string, (cwd: string, bin: string) => void]>([
    [
      'another program, with sums that fit',
      (cwd) => {
        writeFileSync(join(cwd, BIN), 'process.exit(0)\n');
        const names = readFileSync(join(cwd, COPY, 'SHA256SUMS'), 'utf8')
          .trimEnd()
          .split('\n');
        const { stdout } = spawnSync(
          'sha256sum',
          names.map((line) => line.slice(66)),
          {
            cwd: join(cwd, COPY),
            encoding: 'utf8',
          },
        );
        writeFileSync(join(cwd, COPY, 'SHA256SUMS'), stdout);
      },
    ],
    ['another configuration', (cwd) => appendFileSync(join(cwd, 'c1-audit.config.yaml'), 'failOn: never\n')],
    ['another Node.js', (_, bin) => appendFileSync(join(bin, 'node'), '\n')],
    ['a plug-in', (cwd) => writeFileSync(join(cwd, 'ours.mjs'), '')],
    [
      'a file beside the state',
      (cwd) => {
        mkdirSync(join(cwd, '.c1-audit'), { recursive: true });
        writeFileSync(join(cwd, '.c1-audit/state.json.lock'), '');
      },
    ],
  ])('%s', (_, forge) => {
    expect(refusal(play(repo, (bin) => forge(repo, bin)))).toContain(
      `The cache changed files besides ${STATE}`,
    );
  });
});

bash.test(
  'a forged state, in which every finding is known, is refused where the workflow has a key',
  () => {
    const key = 'k'.repeat(64);
    expect(play(repo, undefined, key).get('Audit')?.code).toBe(1);
    // The next night accepts the state that this one wrote: nothing in it is new.
    expect(play(repo, undefined, key).get('Audit')?.code).toBe(0);
    const forge = () => {
      const state = readFileSync(join(repo, STATE), 'utf8');
      writeFileSync(join(repo, STATE), state.replace(/"firstSeen":\s*"20\d\d/, '"firstSeen":"1999'));
      expect(readFileSync(join(repo, STATE), 'utf8')).not.toBe(state);
    };
    const forged = play(repo, forge, key).get('Audit');
    expect(forged?.code).toBe(2);
    expect(forged?.stdout).not.toContain('Complete: ');
    expect(forged?.stderr).toContain('Nothing was audited.');
    expect(forged?.stderr).not.toContain(key);
  },
  120_000,
);

describe('init --update', () => {
  const update = (...flags: string[]) =>
    program(repo, join(root, 'dist/bin.js'), 'init', '--update', ...flags);

  bash.test(
    'replaces the copy as a whole, and nothing else',
    () => {
      writeFileSync(join(repo, BIN), 'old\n');
      const sums = join(repo, COPY, 'SHA256SUMS');
      writeFileSync(join(repo, COPY, 'dist/gone.js'), '');
      appendFileSync(sums, `${'0'.repeat(64)}  dist/gone.js\n`);
      const manifest = join(repo, COPY, 'package.json');
      writeFileSync(
        manifest,
        readFileSync(manifest, 'utf8').replace(/"version": ".*"/, '"version": "0.0.9"'),
      );
      const dry = update('--dry-run');
      expect(dry.stdout).toMatch(
        /^Would replace c1-audit 0\.0\.9 with \d+\.\d+\.\d+ in \.github\/c1-audit:\n/,
      );
      expect(existsSync(join(repo, COPY, 'dist/gone.js'))).toBe(true);

      const { status, stdout, stderr } = update();
      expect([status, stderr]).toEqual([0, '']);
      expect(stdout).toMatch(/^Replaced c1-audit 0\.0\.9 with /);
      for (const line of ['changed  dist/bin.js', 'removed  dist/gone.js', 'changed  package.json'])
        expect(stdout).toContain(`  ${line}\n`);
      expect(git(repo, 'status', '--porcelain')).toBe('');
      expect(play(repo).get('Audit')?.code).toBe(1);
    },
    60_000,
  );

  test('reports that nothing would change', () => {
    const { status, stdout } = update();
    expect([status, stdout]).toEqual([
      0,
      expect.stringMatching(/is already c1-audit .* Nothing was written\.\n$/),
    ]);
  });

  test.each<[string, () => void, readonly string[], string]>([
    [
      'without a copy',
      () => rmSync(join(repo, COPY), { recursive: true }),
      [],
      'There is no copy of c1-audit',
    ],
    ['with the answers of a new setup', () => undefined, ['--slack'], '--update replaces only the copy'],
    [
      "with somebody else's files in the directory",
      () => writeFileSync(join(repo, COPY, 'notes.md'), ''),
      [],
      'holds files that c1-audit did not put there: notes.md. Nothing was written.',
    ],
    [
      'with a file in place of the directory',
      () => {
        rmSync(join(repo, COPY), { recursive: true });
        writeFileSync(join(repo, COPY), '');
      },
      [],
      'is not a directory',
    ],
  ])('is refused %s', (_, change, flags, message) => {
    change();
    const { status, stdout, stderr } = update(...flags);
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toContain(message);
    expect(stderr).not.toContain('Nothing was audited');
  });

  test('is refused by the copy itself, which can set up another repository', () => {
    const self = program(repo, BIN, 'init', '--update');
    expect([self.status, self.stderr]).toEqual([
      2,
      expect.stringContaining('is the copy in .github/c1-audit itself'),
    ]);
    const other = repository();
    const flags = ['init', '--tenant', 'acme', '--auth', 'secret', '--yes', '--dir', other];
    expect(program(repo, BIN, ...flags).status).toBe(0);
    expect(readFileSync(join(other, COPY, 'SHA256SUMS'), 'utf8')).toBe(
      readFileSync(join(repo, COPY, 'SHA256SUMS'), 'utf8'),
    );
  });
});

test('init --force from the copy writes workflow and configuration, and keeps the copy', () => {
  const flags = ['init', '--tenant', 'beta', '--auth', 'secret', '--yes', '--force'];
  const { status, stdout } = program(repo, BIN, ...flags);
  expect(status).toBe(0);
  expect(stdout).toContain(
    'Wrote c1-audit.config.yaml and .github/workflows/c1-audit.yml. They use the copy',
  );
  expect(git(repo, 'status', '--porcelain', COPY)).toBe('');
  expect(readFileSync(join(repo, '.github/workflows/c1-audit.yml'), 'utf8')).toContain('beta.conductor.one');
});
