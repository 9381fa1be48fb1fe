import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { emptyFolder } from './helpers/program.js';
import { schemaErrors } from './helpers/report-schema.js';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const readme = readFileSync(join(root, 'README.md'), 'utf8');

let folder: string;
let tarball: string;

/** An empty folder with nothing but the packed tarball installed, and no network to get more from. */
beforeAll(() => {
  folder = emptyFolder();
  // `npm test` has built dist already; packing must not build it again under other tests.
  const packed = execFileSync('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', folder], {
    cwd: root,
    encoding: 'utf8',
  });
  tarball = join(folder, (JSON.parse(packed) as { filename: string }[])[0]?.filename ?? '');
  writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "module" }');
  execFileSync('npm', ['install', '--offline', '--no-audit', '--no-fund', tarball], {
    cwd: folder,
    stdio: 'pipe',
  });
}, 120_000);

function run(command: string, args: readonly string[], cwd = folder) {
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(npm_|NODE_OPTIONS)/.test(name)),
  );
  return spawnSync(command, args, { cwd, encoding: 'utf8', env, maxBuffer: 64 * 1024 * 1024 });
}

const audit = (...args: string[]) => run(join(folder, 'node_modules/.bin/c1-audit'), args);

test('the package is small, and brings nothing along', () => {
  expect(statSync(tarball).size).toBeLessThanOrEqual(500_000);
  expect(readdirSync(join(folder, 'node_modules')).filter((name) => !name.startsWith('.'))).toEqual([
    'c1-audit',
  ]);
});

describe('the command', () => {
  test('npx c1-audit demo -f json gives a report that the shipped schema takes', () => {
    const { status, stdout, stderr } = run('npx', ['c1-audit', 'demo', '-f', 'json']);
    expect(stderr).toBe('');
    expect(status).toBe(0);
    expect(schemaErrors(JSON.parse(stdout))).toEqual([]);
    const shipped = readFileSync(join(folder, 'node_modules/c1-audit/schema/report.json'), 'utf8');
    expect(shipped).toBe(readFileSync(join(root, 'schema/report.json'), 'utf8'));
  });

  test.each(['text', 'json', 'ndjson', 'markdown', 'csv', 'sarif', 'ocsf', 'html', 'ics'])(
    'writes %s',
    (format) => {
      const { status, stdout, stderr } = audit('demo', '-f', format);
      expect(stderr).toBe('');
      expect(status).toBe(0);
      expect(stdout.length).toBeGreaterThan(500);
    },
  );

  test('without a credential it says what to set and exits with 2', () => {
    const { status, stdout, stderr } = audit();
    expect(status).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toContain('CONDUCTORONE_CLIENT_ID');
  });

  test('Ctrl-C ends demo --serve', async () => {
    const { spawn } = await import('node:child_process');
    const child = spawn(join(folder, 'node_modules/.bin/c1-audit'), ['demo', '--serve'], { cwd: folder });
    const code = await new Promise((done) => {
      child.stdout.once('data', () => child.kill('SIGINT'));
      child.once('exit', done);
    });
    expect(code).toBe(0);
  });
});

describe('the library', () => {
  test.each([
    [
      'ESM',
      'lib.mjs',
      "import { defineRule, SEVERITIES } from 'c1-audit';\nconsole.log(typeof defineRule, SEVERITIES.length);",
    ],
    [
      'CommonJS',
      'lib.cjs',
      "const { defineRule, SEVERITIES } = require('c1-audit');\nconsole.log(typeof defineRule, SEVERITIES.length);",
    ],
  ])('loads from %s', (_, name, code) => {
    writeFileSync(join(folder, name), code);
    const { stdout, stderr, status } = run(process.execPath, [name]);
    expect(stderr).toBe('');
    expect(stdout).toBe('function 5\n');
    expect(status).toBe(0);
  });

  test.each([
    ['ESM', 'consumer.mts'],
    ['CommonJS', 'consumer.cts'],
  ])('gives its types to %s, without any other package', (_, name) => {
    writeFileSync(
      join(folder, name),
      [
        "import { defineRule, type Finding, type Report } from 'c1-audit';",
        'export const rule = defineRule({',
        "  id: 'acme/old', title: 'It is old', severity: 'low', kinds: ['personal-client'],",
        "  docs: { why: 'x', fix: 'y', references: [] }, needs: ['createdAt'],",
        "  options: { days: { describe: 'days', default: 3 } },",
        '  messages: { old: (d: { days: number }) => String(d.days) },',
        '  check({ facts, options, now }) {',
        '    const age: number = now - facts.createdAt.getTime();',
        "    return age > options.days ? { messageId: 'old', data: { days: age } } : undefined;",
        '  },',
        '});',
        'export const worst = (report: Report): Finding | undefined => report.findings[0];',
        '// @ts-expect-error a fact that was not declared',
        "export const wrong = defineRule({ ...rule, id: 'acme/b', check: ({ facts }) => (facts.owner ? undefined : undefined) });",
      ].join('\n'),
    );
    const compiler = join(root, 'node_modules/typescript/bin/tsc');
    const flags = [
      '--noEmit',
      '--strict',
      '--module',
      'nodenext',
      '--target',
      'es2022',
      '--lib',
      'es2023',
      '--types',
      '',
    ];
    const { stdout, status } = run(process.execPath, [compiler, ...flags, name]);
    expect(stdout).toBe('');
    expect(status).toBe(0);
  });
});

test("the README's plug-in and configuration work as they stand there", () => {
  const project = join(folder, 'project');
  mkdirSync(join(project, 'rules'), { recursive: true });
  const blocks = [...readme.matchAll(/```(\w+)\n([\s\S]*?)```/g)].map(([, language, code = '']) => ({
    language,
    code,
  }));
  const plugin = blocks.find(
    ({ language, code }) => language === 'js' && code.startsWith('// rules/ours.mjs'),
  );
  const config = blocks.find(({ language, code }) => language === 'yaml' && code.includes('waivers:'));
  const plugins = blocks.find(({ language, code }) => language === 'yaml' && code.startsWith('plugins:'));
  writeFileSync(join(project, 'rules/ours.mjs'), plugin?.code ?? '');
  writeFileSync(join(project, 'c1-audit.config.yaml'), `${config?.code}${plugins?.code}`);
  const { status, stdout, stderr } = run(
    join(folder, 'node_modules/.bin/c1-audit'),
    ['demo', '-f', 'json'],
    project,
  );
  expect(stderr).toBe('');
  expect(status).toBe(1);
  const report = JSON.parse(stdout) as {
    findings: { rule: string; severity: string; status: string | null }[];
  };
  expect(schemaErrors(report)).toEqual([]);
  const rules = new Set(report.findings.map(({ rule }) => rule));
  expect(rules).toContain('acme/ticket-in-name');
  expect(rules).not.toContain('no-expiry');
  expect(
    report.findings.filter(({ rule }) => rule === 'unused').every(({ severity }) => severity === 'high'),
  ).toBe(true);
});
