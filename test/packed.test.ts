import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { transformSync } from 'esbuild';
import { type Bill, billErrors } from './helpers/bill.js';
import { needs } from './helpers/needs.js';
import { installPackage, root, run, shellEnvironment } from './helpers/package.js';
import { emptyFolder } from './helpers/program.js';
import { schemaErrors } from './helpers/report-schema.js';
import { BOT_TOKEN, CHANNEL, type SlackServer, startSlack } from './helpers/slack-server.js';
import { startTenant } from './tenant/index.js';

let folder: string;
let tarball: string;

beforeAll(() => {
  ({ folder, tarball } = installPackage());
}, 120_000);

const audit = (...args: string[]) => run('c1-audit', args, folder);

test('the package is at most 1 MB and has no dependencies', () => {
  expect(statSync(tarball).size).toBeLessThanOrEqual(1_000_000);
  expect(readdirSync(join(folder, 'node_modules')).filter((name) => !name.startsWith('.'))).toEqual([
    'c1-audit',
  ]);
});

const installed = (path: string) => readFileSync(join(folder, 'node_modules/c1-audit', path), 'utf8');

/** A development tool of this project, run without a network. */
const tool = (script: string, ...args: string[]) =>
  run(process.execPath, [join(root, 'node_modules', script), ...args], folder);

describe('the package', () => {
  test('passes publint', () => {
    const { stdout, status } = tool('publint/src/cli.js', 'run', '--strict', tarball);
    expect(stdout).toContain('All good!');
    expect(status).toBe(0);
  });

  test('has its types however it is resolved', () => {
    // require() gets ESM on purpose: every Node that `engines` names can load it so.
    const flags = ['--profile', 'node16', '--ignore-rules', 'cjs-resolves-to-esm', '--no-definitely-typed'];
    const { stdout, status } = tool('@arethetypeswrong/cli/dist/index.js', ...flags, tarball);
    expect(stdout).toContain('node16 (from ESM)');
    expect(status).toBe(0);
  });

  test('declares types without importing other packages', () => {
    const declarations = readdirSync(join(folder, 'node_modules/c1-audit/dist/types'), { recursive: true })
      .map(String)
      .filter((name) => name.endsWith('.d.ts'));
    expect(declarations.length).toBeGreaterThan(5);
    for (const name of declarations) {
      const targets = [
        ...installed(`dist/types/${name}`).matchAll(/^(?:im|ex)port [^;]*?from ['"]([^'"]+)/gm),
      ];
      expect(targets.map(([, target = '']) => target).filter((target) => !target.startsWith('.'))).toEqual(
        [],
      );
    }
  });

  test('keeps our names and lines, and maps them to src without repeating it', () => {
    const maps = readdirSync(join(folder, 'node_modules/c1-audit/dist'), { recursive: true })
      .map(String)
      .filter((name) => name.endsWith('.js.map'));
    const sources = maps.flatMap((name) => {
      const { sources, sourcesContent } = JSON.parse(installed(`dist/${name}`));
      expect(sourcesContent).toBeUndefined();
      return sources.map((source: string) => join('dist', dirname(name), source)) as string[];
    });
    for (const file of sources.filter((source) => /^(src|rules)\//.test(source)))
      expect(`${file} ${existsSync(join(root, file))}`).toBe(`${file} true`);
    expect(sources).toEqual(expect.arrayContaining(['src/cli/bin.ts', 'src/run.ts', 'rules/no-expiry.ts']));
    expect(installed('dist/process.js')).toMatch(/^(export )?async function main\(argv, io\d*\) \{$/m);
  });

  test('has the compiled form of the report schema, not its compiler', () => {
    const chunks = readdirSync(join(folder, 'node_modules/c1-audit/dist/chunks'));
    const code = chunks
      .filter((name) => name.endsWith('.js'))
      .map((name) => installed(`dist/chunks/${name}`));
    expect(code.filter((text) => text.includes('node_modules/ajv/dist/compile/'))).toEqual([]);
  });

  /** The files that are loaded with one. */
  const loadedWith = (file: string, reached = new Set<string>()): Set<string> => {
    if (reached.has(file)) return reached;
    reached.add(file);
    for (const [, target = ''] of installed(file).matchAll(/(?<!=>\s?)\brequire\("(\.[^"]+)"\)/g))
      loadedWith(join(dirname(file), target), reached);
    return reached;
  };

  test('asks for the token before it loads what judges, reads lists and delivers', () => {
    const [, audit = ''] =
      /require\("(\.\/chunks\/audit-\w+\.js)"\)/.exec(installed('dist/process.js')) ?? [];
    const files = [...loadedWith(join('dist', audit))];
    // Each takes time to load, whatever is in it.
    expect(files.length).toBeLessThan(15);
    const code = files.map(installed).join('');
    expect(code).toContain('// node_modules/oauth4webapi/');
    expect(code).toContain('// src/run.ts');
    const later = [
      'rules/unused.ts',
      'src/config/rulebook.ts',
      'src/delivery/index.ts',
      'src/engine/evaluate.ts',
      'src/engine/judge.ts',
      'src/condition/judge.ts',
      'src/sources/c1/index.ts',
      'src/reporters/json.ts',
    ];
    const packages = ['@marcbachmann/cel-js', '@slack/webhook', 'ipaddr.js', 'pino', 'yaml', 'undici'].map(
      (name) => `node_modules/${name}/`,
    );
    expect([...later, ...packages].filter((name) => code.includes(`// ${name}`))).toEqual([]);
  });

  test('loads little at start: a command loads what it needs', () => {
    const reached = loadedWith('dist/process.js');
    // Without the white space and names that are kept for readers.
    const code = [...reached].map(
      (file) => transformSync(installed(file), { minify: true, format: 'cjs' }).code,
    );
    const bytes = code.join('').length;
    expect(reached.size).toBeGreaterThan(1);
    expect(bytes).toBeLessThan(80_000);
  });

  test('has the licences and an SBOM of what is bundled', () => {
    const bill = JSON.parse(installed('sbom.cdx.json')) as Bill;
    expect(billErrors(bill)).toEqual([]);
    const names = bill.components.map(({ group, name }) => (group === undefined ? name : `${group}/${name}`));
    expect(names).toEqual([...names].sort());
    expect(names).toEqual(expect.arrayContaining(['commander', 'oauth4webapi', 'undici', '@slack/webhook']));
    // Tools that build and test it are not part of it.
    for (const tool of ['esbuild', 'jest', 'typescript']) expect(names).not.toContain(tool);
    expect(bill.metadata.component.version).toBe(JSON.parse(installed('package.json')).version);
    expect(bill.dependencies.map(({ ref }) => ref).slice(1)).toEqual(
      bill.components.map((one) => one['bom-ref']),
    );
    const licences = installed('THIRD_PARTY_LICENSES.txt');
    for (const [index, { version }] of bill.components.entries())
      expect(licences).toContain(`${names[index]} ${version} (`);
    expect(licences.match(/Permission (is hereby granted|to use, copy, modify)/g)?.length).toBeGreaterThan(
      10,
    );
  });
});

describe('the command', () => {
  const FORMATS = ['text', 'ndjson', 'markdown', 'csv', 'sarif', 'ocsf', 'html', 'ics', 'openmetrics'];

  test(`npx c1-audit demo -f json prints a report that the shipped schema accepts, logs with --verbose and writes ${FORMATS.join(', ')}`, () => {
    const flags = FORMATS.flatMap((format) => ['-f', `${format}:written.${format}`]);
    const { status, stdout, stderr } = run(
      'npx',
      ['c1-audit', 'demo', '--verbose', '-f', 'json', ...flags],
      folder,
    );
    expect(status).toBe(0);
    const logged = stderr.trimEnd().split('\n');
    const lines = logged.map((line) => JSON.parse(line));
    expect(lines).toContainEqual(expect.objectContaining({ level: 'debug', status: 200, msg: 'answered' }));
    expect(lines.filter(({ level }) => !['debug', 'info'].includes(level))).toEqual([]);
    const sizes = FORMATS.map((format) => statSync(join(folder, `written.${format}`)).size);
    expect(Math.min(...sizes)).toBeGreaterThan(500);
    expect(schemaErrors(JSON.parse(stdout))).toEqual([]);
    const shipped = readFileSync(join(folder, 'node_modules/c1-audit/schema/report.json'), 'utf8');
    expect(shipped).toBe(readFileSync(join(root, 'schema/report.json'), 'utf8'));
  });

  test('prints what to set and exits with 2 without a credential', () => {
    const { status, stdout, stderr } = audit();
    expect(status).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toContain('CONDUCTORONE_CLIENT_ID');
  });

  test('names files and lines of src in the stack trace of a defect', () => {
    const preload = "data:text/javascript,Map.prototype.values = () => { throw new Error('broken'); };";
    const bin = join(folder, 'node_modules/c1-audit/dist/bin.js');
    writeFileSync(join(folder, 'none.json'), '[]');
    const { status, stderr } = run(
      process.execPath,
      ['--import', preload, bin, '--input', 'none.json'],
      folder,
    );
    expect(status).toBe(3);
    expect(stderr).toContain('Something went wrong inside c1-audit: Error: broken');
    const [, file = '', line = ''] = /\((src\/[\w/.-]+\.ts):(\d+):\d+\)/.exec(stderr) ?? [];
    const source = readFileSync(join(root, file), 'utf8').split('\n');
    expect(source[Number(line) - 1]).toContain('.values()');
    expect(stderr).toMatch(/ src\/cli\/|\(src\/cli\//);
  });

  test.each([
    ['an incoming webhook', ({ webhookUrl }: SlackServer) => ({ SLACK_WEBHOOK_URL: webhookUrl })],
    [
      'a bot',
      ({ apiUrl }: SlackServer) => ({
        SLACK_BOT_TOKEN: BOT_TOKEN,
        SLACK_CHANNEL: CHANNEL,
        C1_AUDIT_SLACK_API_URL: apiUrl,
      }),
    ],
  ])('writes to Slack through %s', async (_, connection) => {
    let time = 0;
    // Slack takes one message a second: hers pass quickly.
    const [tenant, slack] = await Promise.all([startTenant(), startSlack({ now: () => (time += 5_000) })]);
    const env = shellEnvironment(folder, { ...tenant.environment, ...connection(slack) });
    const child = spawn(join(folder, 'node_modules/.bin/c1-audit'), ['--fail-on', 'never'], {
      cwd: folder,
      env,
    });
    child.stdout.resume();
    const [stderr, [code]] = await Promise.all([text(child.stderr), once(child, 'exit')]);
    await Promise.all([tenant.close(), slack.close()]);
    expect(stderr).toBe('');
    expect(code).toBe(0);
    // What a bot's message has no room for is in its thread.
    expect(slack.posted.filter(({ thread }) => thread === null)).toHaveLength(1);
  });

  test('Ctrl-C ends demo --serve', async () => {
    const child = spawn(join(folder, 'node_modules/.bin/c1-audit'), ['demo', '--serve'], { cwd: folder });
    const code = await new Promise((done) => {
      child.stdout.once('data', () => child.kill('SIGINT'));
      child.once('exit', done);
    });
    expect(code).toBe(0);
  });
});

const { test: bashTest } = needs('bash');

bashTest.each([
  { what: 'stdout', line: 'c1-audit demo -f html | head -c 1', ends: 0 },
  // Nothing is lost: the report goes to a file.
  { what: 'stderr', line: 'c1-audit demo -v -f json:a.json 2>&1 >/dev/null | head -c 1', ends: 0 },
  { what: 'both', line: 'c1-audit demo -f json:/proc/nowhere/a.json 2>&1 | head -c 1', ends: 2 },
])('a reader of $what can leave early', ({ line, ends }) => {
  const script = `timeout 20 ${line} >/dev/null; echo "\${PIPESTATUS[0]}"`;
  const { stdout } = run('bash', ['-c', script], folder);
  expect(stdout).toBe(`${ends}\n`);
});

describe('completion in', () => {
  /** Each script prints a line for what completes `demo --scope `, then `rul`, then the file name `packa`. */
  const shells = {
    bash: `source <(c1-audit completion bash)
      try() { COMP_WORDS=(c1-audit "$@"); COMP_CWORD=$#; _c1_audit; echo "\${COMPREPLY[*]:-files}"; }
      complete -p c1-audit | grep -q -- '-o default' && try demo --scope '' && try rul && try report packa`,
    zsh: `compdef() { true }; _describe() { print -r -- "\${(@P)2%%:*}" }; _files() { print files }
      source <(c1-audit completion zsh)
      try() { words=(c1-audit "$@"); CURRENT=$#words; _c1_audit }
      try demo --scope '' && try rul && try report packa`,
    fish: `c1-audit completion fish | source
      function try; complete -C "c1-audit $argv" | string split -f1 \\t | string join ' '; end
      try 'demo --scope '; try rul; touch packages; try 'report packa' | string replace packages files`,
  };

  for (const [shell, script] of Object.entries(shells)) {
    needs(shell as keyof typeof shells).test(shell, () => {
      const { stdout, stderr, status } = spawnSync(shell, ['-c', script], {
        cwd: emptyFolder(),
        encoding: 'utf8',
        env: shellEnvironment(folder, { HOME: emptyFolder() }),
      });
      expect(stderr).toBe('');
      expect(stdout).toBe('mine tenant\nrules\nfiles\n');
      expect(status).toBe(0);
    });
  }
});

describe('c1-audit/testing', () => {
  /** The rule and the test of docs/testing-rules.md. */
  const [rule = '', example = ''] = [
    ...readFileSync(join(root, 'docs/testing-rules.md'), 'utf8').matchAll(/^```js\n([\s\S]*?)^```$/gm),
  ].map(([, code]) => code);
  const asCommonJs = (code: string) =>
    code
      .replace('export default', 'module.exports =')
      .replace(/^import (.*) from '(.*)\.mjs';$/gm, "const $1 = require('$2.cjs');")
      .replace(/^import (.*) from (.*);$/gm, 'const $1 = require($2);');

  test.each([
    ['ESM', 'mjs', (code: string) => code],
    ['CommonJS', 'cjs', asCommonJs],
  ])('runs the documented example in %s with node:test', (_, extension, translated) => {
    writeFileSync(join(folder, `long-name.${extension}`), translated(rule));
    const file = `long-name.test.${extension}`;
    writeFileSync(join(folder, file), translated(example));
    const { stdout, status } = run(process.execPath, ['--test', '--test-reporter=tap', file], folder);
    expect(stdout).toMatch(/^# tests 5$/m);
    expect(stdout).toMatch(/^# pass 5$/m);
    expect(status).toBe(0);
    const wrong = translated(example).replace('has 41', 'has 42');
    writeFileSync(join(folder, file), wrong);
    expect(run(process.execPath, ['--test', file], folder).status).toBe(1);
  });

  test.each([
    ['ESM', 'mjs', ['--experimental-vm-modules'], (code: string) => code],
    ['CommonJS', 'cjs', [], asCommonJs],
  ])('runs the documented example in %s with Jest and its globals', (_, extension, flags, translated) => {
    writeFileSync(join(folder, `long-name.${extension}`), translated(rule));
    const code = translated(
      example.replace(/^import .* from 'node:test';\n/, '').replace('{ describe, test },\n', ''),
    );
    writeFileSync(join(folder, `long-name.jest.${extension}`), code);
    const config = {
      rootDir: folder,
      testMatch: [`**/*.jest.${extension}`],
      transform: {},
      moduleFileExtensions: [extension, 'js', 'json'],
    };
    const jest = [...flags, join(root, 'node_modules/jest/bin/jest.js'), '--config', JSON.stringify(config)];
    const { stderr, status } = run(process.execPath, jest, folder);
    expect(stderr).toContain('Tests:       5 passed, 5 total');
    expect(status).toBe(0);
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
    const { stdout, stderr, status } = run(process.execPath, [name], folder);
    expect(stderr).toBe('');
    expect(stdout).toBe('function 5\n');
    expect(status).toBe(0);
  });

  const LIST = JSON.stringify([
    { id: 'k1', displayName: 'ci', userId: 'u1', createdAt: '2020-01-01T00:00:00Z' },
  ]);
  const AUDIT = `audit({ env: {}, input: ${JSON.stringify(LIST)}, only: ['no-expiry', 'acme/any'], rules: [rule] })
    .then(({ coverage, findings }) => console.log(coverage.complete, ...findings.map((one) => one.rule)));
  audit({ env: {} }).catch((error) => console.log(error instanceof AuditError, error.code));`;
  const RULE = `const rule = defineRule({ id: 'acme/any', title: 'Any', severity: 'low', kinds: ['personal-client'],
    docs: { why: 'w', fix: 'f', references: [] }, needs: ['name'], messages: { any: () => 'is there' },
    check: () => ({ messageId: 'any', data: {} }) });`;

  test.each([
    ['ESM', 'audit.mjs', "import { audit, AuditError, defineRule } from 'c1-audit';"],
    ['CommonJS', 'audit.cjs', "const { audit, AuditError, defineRule } = require('c1-audit');"],
  ])('audits from %s and prints nothing', (_, name, imports) => {
    writeFileSync(join(folder, name), `${imports}\n${RULE}\n${AUDIT}\n`);
    const { stdout, stderr, status } = run(process.execPath, [name], folder);
    expect(stderr).toBe('');
    expect(stdout.trim().split('\n').sort()).toEqual(['true credentials', 'true no-expiry acme/any']);
    expect(status).toBe(0);
  });

  test('has types for ESM and CommonJS without any other package', () => {
    const consumers = ['consumer.mts', 'consumer.cts'];
    for (const name of consumers)
      writeFileSync(
        join(folder, name),
        [
          "import { audit, type AuditOptions, defineRule, type Finding, type Report } from 'c1-audit';",
          "export const options: AuditOptions = { env: {}, scope: 'tenant', sources: ['personal-clients'] };",
          'export const report: Promise<Report> = audit(options);',
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
          "import { ago, type RuleTable, testRule } from 'c1-audit/testing';",
          "export const table: RuleTable = { pass: [{ name: 'new', facts: { createdAt: ago(1) } }], fail: [] };",
          'export const tested: void = testRule(rule, table);',
          '// @ts-expect-error a fact that does not exist',
          "export const wrongTable: RuleTable = { pass: [{ name: 'new', facts: { age: 1 } }], fail: [] };",
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
    const { stdout, status } = run(process.execPath, [compiler, ...flags, ...consumers], folder);
    expect(stdout).toBe('');
    expect(status).toBe(0);
  });
});
