import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Report } from '../src/engine/report.js';
import { needs } from './helpers/needs.js';
import { root, run, shellEnvironment, unpackedPackage } from './helpers/package.js';
import { emptyFolder, runProgram } from './helpers/program.js';
import { schemaErrors } from './helpers/report-schema.js';

/** What people read: its commands are run as they are written. */
const documents = [
  'README.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  ...readdirSync(join(root, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
].map((name) => readFileSync(join(root, name), 'utf8'));

/** The fenced block of the documents that begins in this way. */
function block(language: string, beginning: string): string {
  const blocks = documents.flatMap((text) => [...text.matchAll(/^```(\w+)\n([\s\S]*?)^```/gm)]);
  const found = blocks.find(([, of, code = '']) => of === language && code.startsWith(beginning));
  if (found?.[2] === undefined)
    throw new Error(`No document has a ${language} block that begins with ${beginning}`);
  return found[2];
}

/** The files that the commands read. */
const INPUTS = [
  'clients.json',
  'report.json',
  'old.json',
  'new.json',
  'acme.json',
  'globex.json',
  'nights',
  'reports',
];

let folder: string;
let served: ChildProcess;
let env: NodeJS.ProcessEnv;

/** A tenant that `demo --serve` keeps, with the environment that it prints. */
beforeAll(async () => {
  folder = unpackedPackage();
  served = spawn('c1-audit', ['demo', '--serve'], { cwd: folder, env: shellEnvironment(folder) });
  const printed: Record<string, string> = {};
  const lines = createInterface({ input: served.stdout as NodeJS.ReadableStream });
  served.stderr?.once('data', () => lines.close());
  for await (const line of lines) {
    const [, name = '', value = ''] = /^export (\w+)='(.*)'$/.exec(line) ?? [];
    printed[name] = value;
    if (Object.keys(printed).length === 3) break;
  }
  env = shellEnvironment(folder, { ...printed, HOME: emptyFolder() });
  const list = [{ id: 'k1', displayName: 'ci', userId: 'u1', createdAt: '2020-01-01T00:00:00Z' }];
  writeFileSync(join(folder, 'clients.json'), JSON.stringify(list));
  audit(folder, '--input', 'clients.json', '-f', 'json:report.json');
  mkdirSync(join(folder, 'reports'));
  cpSync(join(folder, 'report.json'), join(folder, 'reports/1.json'));
  mkdirSync(join(folder, 'nights'));
  for (const copy of ['old.json', 'new.json', 'acme.json', 'globex.json', 'nights/1.json'])
    copyFileSync(join(folder, 'report.json'), join(folder, copy));
}, 120_000);

afterAll(async () => {
  served.kill();
  await once(served, 'exit');
});

/** A project that has the package installed, as a reader has it. */
function project(): string {
  const place = emptyFolder();
  symlinkSync(join(folder, 'node_modules'), join(place, 'node_modules'));
  return place;
}

const sh = (line: string, cwd: string, shell = 'sh') => run(shell, ['-c', line], cwd, env);
const audit = (cwd: string, ...flags: string[]) => run('c1-audit', flags, cwd, env);
const reportIn = (cwd: string, file: string) => JSON.parse(readFileSync(join(cwd, file), 'utf8')) as Report;

test('the documented steps work from an empty directory', () => {
  const here = project();

  const demo = audit(here, 'demo');
  expect(demo.status).toBe(0);
  expect(demo.stdout).toMatch(/^Complete: \d+ credentials of everyone/);

  const init = sh('c1-audit init --tenant acme --repository acme/security --yes', here);
  expect(init.status).toBe(0);
  expect(existsSync(join(here, '.github/workflows/c1-audit.yml'))).toBe(true);
  expect(`${init.stdout}${init.stderr}`).toContain('CONDUCTORONE_CLIENT_ID');

  const doctor = audit(here, 'doctor', '--scope', 'tenant');
  expect(doctor.stdout).toMatch(/^✔ /m);
  expect(doctor.stdout).not.toMatch(/^✘ /m);
  expect(doctor.status).toBe(0);

  // What init writes fails on news only; the state that this needs is the workflow's.
  const first = audit(here, '--scope', 'tenant', '-f', 'json:old.json', '--no-fail-on-new');
  expect(first.status).toBe(1);
  expect(schemaErrors(reportIn(here, 'old.json'))).toEqual([]);

  // A waiver, for the first finding that can have one.
  const finding = reportIn(here, 'old.json').findings.find(({ rule }) => rule === 'no-expiry');
  const config = readFileSync(join(here, 'c1-audit.config.yaml'), 'utf8');
  const inAYear = new Date(Date.now() + 300 * 86_400_000).toISOString().slice(0, 10);
  writeFileSync(
    join(here, 'c1-audit.config.yaml'),
    `${config}
waivers:
  - rule: no-expiry
    credential: ${finding?.credential?.id}
    reason: quarterly job
    approvedBy: security@acme.example
    expires: ${inAYear}
${block('yaml', 'plugins:')}`,
  );
  mkdirSync(join(here, 'rules'));
  writeFileSync(join(here, 'rules/ours.mjs'), block('js', '// rules/ours.mjs'));
  const second = audit(here, '-f', 'json:report.json', '-f', 'html:report.html', '--no-fail-on-new');
  expect(second.stderr).not.toContain('c1-audit:');
  expect(second.status).toBe(1);
  const report = reportIn(here, 'report.json');
  expect(report.findings.find(({ fingerprint }) => fingerprint === finding?.fingerprint)?.status).toBe(
    'waived',
  );
  expect(report.findings.map(({ rule }) => rule)).toContain('acme/ticket-in-name');

  const again = audit(here, 'report', 'report.json', '-f', 'markdown');
  expect(again.status).toBe(1);
  expect(again.stdout).toContain('acme/ticket-in-name');

  const diff = audit(here, 'report', '--diff', 'old.json', 'report.json');
  expect(diff.stdout).toMatch(/^NEW: \d+ FINDINGS/m);
  expect(diff.stdout).toMatch(/^CHANGED: 1 FINDING\n.*no-expiry/m);

  const plan = audit(here, 'plan', 'report.json');
  expect(plan.status).toBe(0);
  expect(plan.stdout).toContain('curl');
}, 60_000);

test('the example in docs/configuration.md works as written', () => {
  const here = project();
  writeFileSync(join(here, 'c1-audit.config.yaml'), block('yaml', '# yaml-language-server'));
  const { status, stdout, stderr } = audit(here, '-f', 'json');
  expect(stderr).toBe('');
  expect(status).toBe(1);
  const { findings } = JSON.parse(stdout) as Report;
  expect(findings.map(({ rule }) => rule)).not.toContain('default-name');
  const unused = findings.filter(({ rule }) => rule === 'unused');
  expect(unused.length).toBeGreaterThan(0);
  expect(unused.every(({ severity }) => severity === 'high')).toBe(true);
});

test('the example in docs/conductorone-findings.md works as written', () => {
  const here = project();
  writeFileSync(join(here, 'c1-audit.config.yaml'), `scope: tenant\n${block('yaml', 'push:')}`);
  const { status, stdout } = audit(here, '--dry-run');
  expect(status).toBe(1);
  expect(stdout).toContain('no-expiry');
});

test('the example in docs/library.md works as written', () => {
  const here = project();
  writeFileSync(join(here, 'audit.mjs'), block('js', '// audit.mjs'));
  const { status, stdout, stderr } = run(process.execPath, ['audit.mjs'], here, env);
  expect(stderr).toBe('');
  expect(stdout).toMatch(/critical: \d+/);
  expect(status).toBe(0);
});

/** Commands in a document, in blocks and in the text; not scripts, nor other programs such as curl. */
function commandsOf(document: string): string[] {
  const blocks = [...document.matchAll(/^```sh\n(?!#!)([\s\S]*?)^```/gm)].flatMap(([, code = '']) =>
    code.trim().split('\n'),
  );
  const text = document.replace(/^```[\s\S]*?^```/gm, '');
  const inText = [...text.matchAll(/`((?:npx |npm |source |c1-audit )[^`\n]+)`/g)].map(
    ([, code = '']) => code,
  );
  return [...blocks, ...inText]
    .map((line) => line.replace(/\s+#.*$/, '').trim())
    .filter((line) => /^(c1-audit|npm|npx|source|export)\b/.test(line));
}

describe('every command in the documents', () => {
  const commands = [...new Set(documents.flatMap(commandsOf))];
  /** Their exit codes against the demo tenant, which has findings; 0 for all others. */
  const ENDS: Readonly<Record<string, number>> = {
    'c1-audit': 1,
    'npx c1-audit': 1,
    'c1-audit --scope tenant -f html:report.html -f sarif:c1.sarif': 1,
    'c1-audit --scope tenant --state .c1-audit/state.json': 1,
    'c1-audit --scope tenant --evidence --state .c1-audit/state.json': 1,
    'c1-audit --input clients.json': 1,
    'c1-audit --rule expiring-soon --as-of 2027-01-31': 1,
    'c1-audit --scope tenant': 1,
    'c1-audit --full': 1,
    'c1-audit --width 120': 1,
    'c1-audit --scope tenant -f openmetrics:metrics.txt': 1,
    'c1-audit --scope tenant --source federation-trusts': 1,
    'c1-audit --scope tenant -f json:report.json': 1,
    // The report here is of one person's credentials: those of everyone else are new.
    'c1-audit --scope tenant --baseline report.json --fail-on-new': 1,
    'c1-audit report report.json -f markdown': 1,
    'c1-audit report report.json --full': 1,
    'c1-audit report --merge acme.json globex.json -f html:overview.html': 1,
    'c1-audit report --trend nights/ -f html:trend.html': 1,
    // Asks questions that nobody answers.
    'c1-audit init': 2,
    // There is no copy to replace yet.
    'c1-audit init --update': 2,
    'c1-audit init --update --dry-run': 2,
    // Slack is not set up.
    'c1-audit doctor --slack-test': 2,
    // The report has no such owner.
    'c1-audit plan report.json --owner jo@acme.example -f markdown:jo.md': 2,
    // Without `push` there is nothing to push.
    'c1-audit --dry-run': 2,
  };
  /** The first example of docs/rules-in-cel.md. */
  const [, example = ''] =
    /^ {3}```yaml\n(.*?)^ {3}```$/ms.exec(readFileSync(join(root, 'docs/rules-in-cel.md'), 'utf8')) ?? [];
  const ruleInCel = example.replace(/^ {3}/gm, '');
  /** These work on the project itself and have tests of their own. */
  const OF_THE_PROJECT = /^npm (ci && npm )?(run [\w:-]+|test|pack|install --global \S+)( .*)?$/;

  const ofUsers = commands.filter((command) => !OF_THE_PROJECT.test(command) && !command.includes('<id>'));
  /** What a shell does more than to split the line into words. */
  const forShells = ofUsers.filter((command) => /[<>|&;$(]|^(export|source) /.test(command));
  const forBash = forShells.filter((command) => command.includes('<('));

  /** A project with the files that the commands read. */
  function prepared(command: string): string {
    const here = project();
    for (const name of INPUTS) cpSync(join(folder, name), join(here, name), { recursive: true });
    if (/ rules (test|backtest)|--rule acme/.test(command))
      writeFileSync(join(here, 'c1-audit.config.yaml'), ruleInCel);
    return here;
  }

  function expectEnd(command: string, status: number | null, output: string) {
    const expected = ENDS[command] ?? 0;
    expect(`${status} ${status === expected ? '' : output}`).toBe(`${expected} `);
  }

  // In this process: one of its own for each would take longer than the rest of the test.
  test.each(ofUsers.filter((command) => !forShells.includes(command)))('%s', async (command) => {
    const here = prepared(command);
    const [name, ...argv] = sh(`printf '%s\\n' ${command.replace(/^npx /, '')}`, here)
      .stdout.trimEnd()
      .split('\n');
    expect(name).toBe('c1-audit');
    const { code, stdout, stderr } = await runProgram(argv, { cwd: here, env });
    expectEnd(command, code, stdout + stderr);
  });

  function expectEndIn(shell: string, command: string) {
    const { status, stdout, stderr } = sh(command, prepared(command), shell);
    expectEnd(command, status, stdout + stderr);
  }

  test.each(forShells.filter((command) => !forBash.includes(command)))('%s', (command) => {
    expectEndIn('sh', command);
  });

  needs('bash').test.each(forBash)('%s', (command) => {
    expectEndIn('bash', command);
  });

  test('npm run … names a script of package.json', () => {
    const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    const names = commands.flatMap((command) =>
      [...command.matchAll(/npm run ([\w:-]+)/g)].map(([, name]) => name),
    );
    expect(names.length).toBeGreaterThan(4);
    for (const name of names) expect(Object.keys(scripts)).toContain(name);
  });
});
