import { existsSync, linkSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect } from '@jest/globals';
import { needs } from '../helpers/needs.js';
import { root } from '../helpers/package.js';
import { type Action, readYaml, runStep, scriptOf } from '../helpers/workflow.js';

const { describe, test } = needs('bash');

const action = readYaml<Action>('action.yml');
const steps = action.runs.steps;

/** Writes its arguments, its environment and an end to FAKE_CALLS; FAKE_EXIT is its exit code, FAKE_OUTPUT its step output. */
const FAKE_NPX = `#!/bin/bash
{ printf '%s\\0' "$@"; printf '\\0ENV\\0'; env -0; printf '\\0END\\0'; } >> "$FAKE_CALLS"
printf %s "$FAKE_OUTPUT" >> "$GITHUB_OUTPUT"
exit "\${FAKE_EXIT:-0}"
`;

const HOSTILE = [
  '$(touch pwned)',
  '`touch pwned`',
  '"; touch pwned; "',
  "'; touch pwned; '",
  '&& touch pwned',
  '| touch pwned #',
  `\${IFS}$HOME *`,
  '--slack-dry-run',
  '-',
  '\\',
  'ünï 💥',
];

interface Call {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

let workspace: string;
let bin: string;
let calls: string;

beforeEach(() => {
  const here = mkdtempSync(join(tmpdir(), 'c1-audit-action-'));
  workspace = join(here, 'work space');
  bin = join(here, 'bin');
  calls = join(here, 'calls.jsonl');
  mkdirSync(workspace);
  mkdirSync(bin);
  writeFileSync(join(bin, 'npx'), FAKE_NPX, { mode: 0o755 });
  // Small, as it is hashed.
  writeFileSync(join(bin, 'node'), `#!/bin/bash\nexec '${process.execPath}' "$@"\n`, { mode: 0o755 });
});

/** Runs a step with the given inputs, the others at their defaults, the way the expressions in its `env` fill them in. */
function play(
  which: string,
  inputs: Readonly<Record<string, string>> = {},
  env: Record<string, string> = {},
) {
  const step = steps.find(({ id, name }) => id === which || name === which);
  const filled = Object.entries(step?.env ?? {}).map(([name, value]) => {
    const input = /^\$\{\{ inputs\.([\w-]+) \}\}$/.exec(value)?.[1];
    return [name, input === undefined ? value : (inputs[input] ?? action.inputs[input]?.default ?? '')];
  });
  const result = runStep(scriptOf(steps, which), {
    cwd: workspace,
    bin: [bin],
    env: { FAKE_CALLS: calls, ...Object.fromEntries(filled), ...env },
  });
  expect(existsSync(join(workspace, 'pwned'))).toBe(false);
  return result;
}

const audit = (inputs?: Record<string, string>, env: Record<string, string> = {}) =>
  play('audit', inputs, { PACKAGE: 'c1-audit@1.2.3', ...env });

function called(): Call[] {
  if (!existsSync(calls)) return [];
  return readFileSync(calls, 'utf8')
    .split('\0END\0')
    .slice(0, -1)
    .map((call) => {
      const [args = '', env = ''] = call.split('\0ENV\0');
      const pairs = env.split('\0').filter((pair) => pair !== '');
      return {
        args: args.split('\0').slice(0, -1),
        env: Object.fromEntries(
          pairs.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]),
        ),
      };
    });
}

/** What came after `npx … -- c1-audit`. */
function argumentsOf([call, ...others]: readonly Call[] = called()): readonly string[] {
  expect(others).toEqual([]);
  const at = call?.args.indexOf('--') ?? -1;
  expect(call?.args[at + 1]).toBe('c1-audit');
  return call?.args.slice(at + 2) ?? [];
}

describe('the audit', () => {
  test('merges the reports it is given instead of auditing, whatever they are called', () => {
    audit({ merge: 'reports/a.json\nreports/--b c.json\n', format: 'text', 'fail-on': 'low', state: '' });
    expect(argumentsOf()).toEqual([
      'report',
      '--merge',
      '--format=text',
      '--fail-on=low',
      '--',
      'reports/a.json',
      'reports/--b c.json',
    ]);
  });

  test('uses the defaults without any input', () => {
    const { code, outputs } = audit();
    expect(code).toBe(0);
    expect(outputs).toEqual({ 'exit-code': '0' });
    expect(argumentsOf()).toEqual([
      '--format=text',
      '--format=json:c1-audit-report/report.json',
      '--format=html:c1-audit-report/report.html',
      '--state=.c1-audit/state.json',
    ]);
    const [call] = called();
    expect(call?.args).toContain('--package=c1-audit@1.2.3');
    for (const name of Object.keys(call?.env ?? {}))
      expect(name).not.toMatch(/^CONDUCTORONE|^SLACK|^C1_AUDIT/);
  });

  test('turns each input into its flag, and each line of a list into one flag', () => {
    audit({
      scope: 'tenant',
      source: 'personal-clients\r\n  service-principals  \n\n',
      config: 'our audit.yaml',
      profile: 'strict',
      rule: 'unused\nno-expiry',
      format: '\ntext\nsarif:out dir/c1.sarif\n',
      'fail-on': 'critical',
      'min-severity': 'low',
      state: 'state.json',
      args: '--no-slack\n\n--as-of\n2027-01-31T06:00:00Z\r\n  two  words ',
    });
    expect(argumentsOf()).toEqual([
      '--no-slack',
      '--as-of',
      '2027-01-31T06:00:00Z',
      '  two  words ',
      '--scope=tenant',
      '--source=personal-clients',
      '--source=service-principals',
      '--config=our audit.yaml',
      '--profile=strict',
      '--rule=unused',
      '--rule=no-expiry',
      '--format=text',
      '--format=sarif:out dir/c1.sarif',
      '--fail-on=critical',
      '--min-severity=low',
      '--state=state.json',
    ]);
  });

  test('fails on news only where the input or the job says so', () => {
    audit({ 'fail-on-new': 'true' }, { C1_AUDIT_FAIL_ON_NEW: 'false' });
    audit({}, { C1_AUDIT_FAIL_ON_NEW: 'true' });
    audit({ 'fail-on-new': 'false' });
    audit();
    expect(called().map(({ env }) => env.C1_AUDIT_FAIL_ON_NEW)).toEqual(['true', 'true', 'false', undefined]);
  });

  test('adds no flag for a blank input', () => {
    expect(audit({ format: '', state: '', args: '\n' }).code).toBe(0);
    expect(argumentsOf()).toEqual([]);
  });

  test.each(HOSTILE)('passes %j on unchanged', (value) => {
    const single = ['scope', 'config', 'profile', 'fail-on', 'min-severity', 'state'];
    const lists = ['source', 'rule', 'format', 'args'];
    expect(audit(Object.fromEntries([...single, ...lists].map((name) => [name, value]))).code).toBe(0);
    expect(argumentsOf()).toEqual([
      value,
      `--scope=${value}`,
      `--source=${value}`,
      `--config=${value}`,
      `--profile=${value}`,
      `--rule=${value}`,
      `--format=${value}`,
      `--fail-on=${value}`,
      `--min-severity=${value}`,
      `--state=${value}`,
    ]);
  });

  test('adds no second flag for a line break in a single value', () => {
    audit({ scope: 'mine\n--no-slack', format: '', state: '' });
    expect(argumentsOf()).toEqual(['--scope=mine\n--no-slack']);
  });

  test.each([0, 1, 2, 3, 130])('ends the step with its exit code %i, and outputs it', (code) => {
    const result = audit({}, { FAKE_EXIT: String(code), FAKE_OUTPUT: 'findings<<end_1\n7\nend_1\n' });
    expect(result.code).toBe(code);
    expect(result.outputs).toEqual({ findings: '7', 'exit-code': String(code) });
  });
});

describe('credentials', () => {
  const SECRETS = {
    'client-id': 'CONDUCTORONE_CLIENT_ID',
    'client-secret': 'CONDUCTORONE_CLIENT_SECRET',
    'server-url': 'CONDUCTORONE_SERVER_URL',
    'tenant-domain': 'CONDUCTORONE_TENANT_DOMAIN',
    'slack-webhook-url': 'SLACK_WEBHOOK_URL',
    'slack-bot-token': 'SLACK_BOT_TOKEN',
    'slack-channel': 'SLACK_CHANNEL',
    'webhook-url': 'C1_AUDIT_WEBHOOK_URL',
    'heartbeat-url': 'C1_AUDIT_HEARTBEAT_URL',
    'state-hmac-key': 'C1_AUDIT_STATE_KEY',
  };

  test('come from the inputs through the environment, never as arguments', () => {
    const given = Object.fromEntries(
      Object.keys(SECRETS).map((input) => [input, `value of ${input} "$(touch pwned)'\n`]),
    );
    const { stdout, stderr } = audit(given, { CONDUCTORONE_CLIENT_ID: 'from the job' });
    const [call] = called();
    for (const [input, variable] of Object.entries(SECRETS)) expect(call?.env[variable]).toBe(given[input]);
    expect(`${call?.args.join()}${stdout}${stderr}`).not.toContain('value of');
    expect(
      Object.keys(call?.env ?? {}).filter((name) => /^INPUT_.*(SECRET|TOKEN|URL|STATE_KEY)$/.test(name)),
    ).toEqual([]);
  });

  test('come from the job if the inputs are blank', () => {
    const given = Object.fromEntries(Object.values(SECRETS).map((name) => [name, `the job's ${name}`]));
    audit({}, { ...given, CONDUCTORONE_ACCESS_TOKEN: 'the job’s token' });
    expect(called()[0]?.env).toMatchObject({ ...given, CONDUCTORONE_ACCESS_TOKEN: 'the job’s token' });
  });
});

describe('the program', () => {
  /** Links this project's own packages where npm would install them, and returns npm's arguments. */
  const FAKE_NPM = `#!/bin/bash
printf '%s\\n' "$PWD" "$@" > "$FAKE_NPM_CALL"
[ "\${FAKE_NPM_EXIT:-0}" = 0 ] || exit "$FAKE_NPM_EXIT"
ln -s "${root}/node_modules" node_modules
`;

  /** Builds in a RUNNER_TEMP that later steps share. */
  function build(env: Record<string, string> = {}) {
    const temporary = join(mkdtempSync(join(tmpdir(), 'c1-audit-runner-')), 'runner temp');
    mkdirSync(temporary);
    const world = { RUNNER_TEMP: temporary, GITHUB_ACTION_PATH: root };
    writeFileSync(join(bin, 'npm'), FAKE_NPM, { mode: 0o755 });
    const npmCall = join(temporary, 'npm-call');
    const result = play('program', {}, { ...world, FAKE_NPM_CALL: npmCall, ...env });
    return { world, result, npmCall: () => readFileSync(npmCall, 'utf8').trimEnd().split('\n') };
  }

  test('is built from the commit of the action, from its lock file, outside the workspace', () => {
    writeFileSync(join(workspace, '.npmrc'), 'registry=http://127.0.0.1:9/\n');
    const { world, result, npmCall } = build();
    expect(`${result.code} ${result.code === 0 ? '' : result.stdout + result.stderr}`).toBe('0 ');
    expect(result.outputs).toEqual({ digest: expect.stringMatching(/^[0-9a-f]{64}$/) });
    const home = join(world.RUNNER_TEMP, 'c1-audit');
    expect(npmCall()).toEqual([home, 'ci', '--ignore-scripts', '--no-audit', '--no-fund']);
    for (const part of ['package.json', 'package-lock.json'])
      expect(readFileSync(join(home, part), 'utf8')).toBe(readFileSync(join(root, part), 'utf8'));
    // No package of this name is requested from a registry.
    expect(called()).toEqual([]);

    // The audit runs it, in the workspace.
    const run = play(
      'audit',
      { args: 'demo', state: '', format: 'json:report.json' },
      { PACKAGE: '', GITHUB_ACTIONS: 'true', ...world },
    );
    expect(run.code).toBe(0);
    expect(run.outputs).toMatchObject({
      'exit-code': '0',
      complete: 'true',
      'report-json': expect.stringMatching(/report\.json$/),
    });
    expect(existsSync(join(workspace, 'report.json'))).toBe(true);
    expect(called()).toEqual([]);
  }, 60_000);

  test('fails the run with another exit code than findings if it cannot be built', () => {
    const { result } = build({ FAKE_NPM_EXIT: '1' });
    expect(result.code).toBe(3);
    expect(result.stdout).toContain('::error title=c1-audit::c1-audit cannot be built. Nothing was audited.');
    expect(result.outputs).toEqual({ 'exit-code': '3' });
  });

  test('is built from packages that are pinned by a hash', () => {
    const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
      packages: Record<string, { integrity?: string }>;
    };
    const unpinned = Object.entries(packages).filter(([name, one]) => name !== '' && !one.integrity);
    expect(unpinned.map(([name]) => name)).toEqual([]);
  });

  describe('after the cache', () => {
    const state = 'a state $(touch pwned).json';

    /** What the cache does between the two steps, and how the second one ends. */
    function restore(act: (home: string) => void, before: () => void = () => undefined) {
      before();
      const temporary = mkdtempSync(join(tmpdir(), 'c1-audit-runner-'));
      const home = join(temporary, 'c1-audit');
      const inputs = { package: 'some-build', state };
      const world = { RUNNER_TEMP: temporary };
      const { digest = '' } = play('program', inputs, world).outputs;
      expect(digest).toMatch(/^[0-9a-f]{64}$/);
      act(home);
      return play('restored', inputs, { ...world, EXPECTED: digest });
    }

    test.each<[string, () => void]>([
      ['was not there before', () => undefined],
      ['was there before', () => writeFileSync(join(workspace, state), 'old')],
    ])('the state may be another, where it %s', (_, before) => {
      expect(restore(() => writeFileSync(join(workspace, state), 'new'), before)).toMatchObject({
        code: 0,
        outputs: {},
      });
      expect(restore(() => undefined, before).code).toBe(0);
    });

    test.each<[string, (home: string) => void]>([
      ['the configuration', () => writeFileSync(join(workspace, 'c1-audit.config.yaml'), 'failOn: never\n')],
      ['a plug-in', () => writeFileSync(join(workspace, 'rule.mjs'), '')],
      ['Node.js', () => writeFileSync(join(bin, 'node'), '#!/bin/bash\n')],
      [
        'the program',
        (home) => {
          mkdirSync(join(home, 'dist'));
          writeFileSync(join(home, 'dist/bin.js'), '');
        },
      ],
      [
        'the program, by a state that is the same file',
        () => linkSync(join(workspace, 'plug-in.mjs'), join(workspace, state)),
      ],
    ])('%s may not', (_, act) => {
      const result = restore(act, () => writeFileSync(join(workspace, 'plug-in.mjs'), ''));
      expect(result.code).toBe(3);
      expect(result.stdout).toContain('::error title=c1-audit::The cache changed files besides the state.');
      expect(result.outputs).toEqual({ 'exit-code': '3' });
    });
  });
});

describe('another build, from the input package', () => {
  test('is downloaded into its own folder, without running its scripts', () => {
    const { code, outputs } = play('program', { package: 'our-c1-audit@2', state: '' });
    expect(code).toBe(0);
    expect(outputs).toEqual({ package: 'our-c1-audit@2' });
    const args = called()[0]?.args ?? [];
    expect(args).toEqual([
      '--yes',
      '--ignore-scripts',
      '--prefix',
      expect.stringMatching(/\/c1-audit$/),
      '--package=our-c1-audit@2',
      '--',
      'c1-audit',
      '--version',
    ]);
    // The audit runs the same one.
    audit({}, { PACKAGE: outputs.package ?? '' });
    expect(called()[1]?.args.slice(0, 3)).toEqual(args.slice(0, 3));
    expect(called()[1]?.args[4]).toBe(args[4]);
  });

  test('sees no login, whether from the job or from id-token: write', () => {
    const env = {
      CONDUCTORONE_ACCESS_TOKEN: 'x',
      CONDUCTORONE_CLIENT_SECRET: 'x',
      CONE_CLIENT_SECRET: 'x',
      SLACK_WEBHOOK_URL: 'x',
      C1_AUDIT_STATE_KEY: 'x',
      ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'x',
      ACTIONS_ID_TOKEN_REQUEST_URL: 'x',
    };
    expect(play('program', { package: 'our-c1-audit@2' }, env).code).toBe(0);
    const names = Object.keys(called()[0]?.env ?? {});
    expect(names).toContain('RUNNER_TEMP');
    for (const name of Object.keys(env)) expect(names).not.toContain(name);
    // It also works without any of them.
    expect(play('program', { package: 'our-c1-audit@2' }).code).toBe(0);
    // The audit gets what it needs.
    expect(audit({}, env).code).toBe(0);
    expect(called().at(-1)?.env).toMatchObject(env);
  });

  test('can be a file of the workspace', () => {
    writeFileSync(join(workspace, 'c1-audit-9.9.9.tgz'), '');
    expect(play('program', { package: 'c1-audit-9.9.9.tgz' }).outputs.package).toMatch(
      /^\/.*\/work space\/c1-audit-9\.9\.9\.tgz$/,
    );
  });

  test.each([1, 127, 254])(
    'is a failure, not a finding, if npm cannot download it (exit code %i)',
    (code) => {
      const result = play('program', { package: 'x' }, { FAKE_EXIT: String(code) });
      expect(result.code).toBe(3);
      expect(result.stdout).toContain(
        '::error title=c1-audit::The package cannot be downloaded or does not start. Nothing was audited.',
      );
      expect(result.outputs).toEqual({ 'exit-code': '3' });
    },
  );

  test.each(['a\npackage=evil', '1.0.0\r\npackage=evil'])(
    'is refused if its name contains a line break: %j',
    (value) => {
      const result = play('program', { package: value });
      expect(result.code).toBe(2);
      expect(result.stdout).toContain('The input package contains a line break. Nothing was audited.');
      expect(result.outputs).toEqual({ 'exit-code': '2' });
      expect(called()).toEqual([]);
    },
  );

  test.each(HOSTILE)('with the name %j is not found and runs nothing', (value) => {
    expect(play('program', { package: value }).outputs.package).toBe(value);
    expect(called()[0]?.args).toContain(`--package=${value}`);
  });
});

describe('preparing', () => {
  const key = (inputs: Record<string, string> = {}, env: Record<string, string> = {}) => {
    const { code, outputs } = play('prepare', inputs, env);
    expect(code).toBe(0);
    expect(Object.keys(outputs)).toEqual(['state-key']);
    expect(outputs['state-key']).toMatch(/^c1-audit-state-[0-9a-f]{20}$/);
    return outputs['state-key'];
  };
  const CLIENT = 'strange-hydra-68836@acme.conductor.one/wfe';

  test('creates the folders of the reports', () => {
    play('prepare', { format: 'text\njson:a b/c/report.json\r\nsarif:$(touch pwned)/x\nhtml:-p/y.html' });
    for (const folder of ['a b/c', '$(touch pwned)', '-p'])
      expect(existsSync(join(workspace, folder))).toBe(true);
  });

  test('leaves it to the audit to report a folder that cannot be created', () => {
    writeFileSync(join(workspace, 'file'), '');
    key({ format: 'json:file/report.json' });
  });

  test('uses the same state key for every run and every credential of a tenant', () => {
    const first = key({ 'client-id': CLIENT });
    expect(key({ 'client-id': CLIENT })).toBe(first);
    expect(key({ 'client-id': 'other-fox-1@acme.conductor.one/pcc' })).toBe(first);
    expect(key({}, { CONDUCTORONE_CLIENT_ID: CLIENT })).toBe(first);
  });

  test('uses another state key for another tenant, scope, configuration or state', () => {
    const variants: Record<string, string>[] = [
      { 'client-id': CLIENT },
      { 'client-id': 'strange-hydra-68836@acme.c1eu.ai/wfe' },
      { 'client-id': CLIENT, 'server-url': 'https://acme.c1eu.ai' },
      { 'client-id': CLIENT, 'tenant-domain': 'https://acme.c1eu.ai' },
      { 'client-id': CLIENT, scope: 'tenant' },
      { 'client-id': CLIENT, config: 'tenant' },
      { 'client-id': CLIENT, state: 'other.json' },
      { 'client-id': CLIENT, 'state-key': 'a' },
      { 'client-id': CLIENT, 'state-key': 'a-b' },
    ];
    expect(new Set(variants.map((inputs) => key(inputs))).size).toBe(variants.length);
  });

  test('uses the input state-key alone if it is given', () => {
    expect(key({ 'client-id': CLIENT, 'state-key': 'prod' })).toBe(
      key({ scope: 'tenant', 'state-key': 'prod' }),
    );
  });

  test('makes an ordinary state key from hostile values', () => {
    key({
      'client-id': HOSTILE.join(' '),
      'server-url': HOSTILE.join('\n'),
      'tenant-domain': 'a\nstate-key=evil',
      scope: '$(touch pwned)',
      config: '`touch pwned`',
      state: '"; touch pwned; "',
    });
    key({ 'state-key': `${HOSTILE.join('\n')}\nstate-key=evil` });
  });
});

describe('looking for the state', () => {
  test('finds the file whatever its name is', () => {
    const name = '$(touch pwned) "state".json';
    writeFileSync(join(workspace, name), '{}');
    expect(play('state', { state: name }).outputs).toEqual({ found: 'true' });
  });

  test('succeeds if there is no file', () => {
    const { code, outputs } = play('state');
    expect(code).toBe(0);
    expect(outputs).toEqual({});
  });
});
