import { execFileSync, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

const root = fileURLToPath(new URL('../../', import.meta.url));
const copy = mkdtempSync(join(tmpdir(), 'c1-audit-new-rule-'));
const inCopy = (path: string) => join(copy, path);
const read = (path: string) => readFileSync(inCopy(path), 'utf8');

/** In a thread, which starts in a third of the time of a process. */
async function newRule(...argv: string[]) {
  const thread = new Worker(inCopy('scripts/new-rule.js'), { argv, stdout: true, stderr: true });
  const [[status], stdout, stderr] = await Promise.all([
    once(thread, 'exit'),
    text(thread.stdout),
    text(thread.stderr),
  ]);
  return { status, stdout, stderr };
}

beforeAll(() => {
  const parts = [
    'scripts/new-rule.js',
    'rules',
    'src',
    'test/helpers',
    'test/plan/steps.test.ts',
    'test/rules/unused.test.ts',
  ];
  for (const part of [...parts, 'package.json', 'tsconfig.json', 'biome.json']) {
    cpSync(join(root, part), inCopy(part), { recursive: true });
  }
  symlinkSync(join(root, 'node_modules'), inCopy('node_modules'), 'dir');
});

afterAll(() => rmSync(copy, { recursive: true, force: true }));

describe('refuses, and writes nothing', () => {
  test.each<[args: string[], says: string]>([
    [[], 'no id given'],
    [['one', 'two'], 'give one id'],
    [['Shared-Secret'], 'is not kebab-case'],
    [['shared_secret'], 'is not kebab-case'],
    [['acme/shared'], 'is not kebab-case'],
    [['../escape'], 'is not kebab-case'],
    [['-x'], 'is not kebab-case'],
    [['x'.repeat(51)], 'is longer than 50 characters'],
    [['unused'], 'rules/unused.ts exists'],
    [['waiver-expired'], 'is taken'],
    [['rules'], 'is taken'],
    [['delete'], 'is a reserved word of JavaScript'],
    [['await'], 'is a reserved word of JavaScript'],
    // Would be the same name in rules/index.ts as no-expiry.
    [['noExpiry'], 'is not kebab-case'],
  ])('%j', async (args, says) => {
    const before = read('rules/index.ts');
    const { status, stderr, stdout } = await newRule(...args);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toContain(says);
    expect(stderr).toContain('usage: npm run new-rule <id>');
    expect(read('rules/index.ts')).toBe(before);
  });

  test('a test that exists already', async () => {
    writeFileSync(inCopy('test/rules/left-over.test.ts'), '');
    expect((await newRule('left-over')).stderr).toContain('test/rules/left-over.test.ts exists');
    expect(existsSync(inCopy('rules/left-over.ts'))).toBe(false);
    rmSync(inCopy('test/rules/left-over.test.ts'));
  });
});

test('writes a rule that is registered, type-checks, is formatted, is planned for and passes its own test', async () => {
  const ids = ['a-first', 'mid-2-way', 'zz-last'];
  for (const id of ids) {
    const { status, stdout } = await newRule(id);
    expect(status).toBe(0);
    expect(stdout).toContain(`rules/${id}.ts`);
  }
  expect(await newRule('a-first')).toMatchObject({ status: 2 });

  const index = read('rules/index.ts');
  for (const [name, id] of [
    ['aFirst', 'a-first'],
    ['mid2Way', 'mid-2-way'],
    ['zzLast', 'zz-last'],
  ]) {
    expect(index).toContain(`import ${name} from './${id}.js';\n`);
  }
  expect(index).toMatch(/\n {2}aFirst,\n {2}mid2Way,\n {2}zzLast,\n\];\n/);

  const run = (...command: string[]) =>
    spawnSync(process.execPath, command, { cwd: copy, encoding: 'utf8', env: { PATH: process.env.PATH } });
  const made = ids.flatMap((id) => [`rules/${id}.ts`, `test/rules/${id}.test.ts`]);
  const lint = run(join(root, 'node_modules/@biomejs/biome/bin/biome'), 'check', 'rules/index.ts', ...made);
  expect({ status: lint.status, output: lint.stdout + lint.stderr }).toMatchObject({ status: 0 });

  writeFileSync(
    inCopy('tsconfig.json'),
    JSON.stringify({ ...JSON.parse(read('tsconfig.json')), include: ['rules', 'test/rules'] }),
  );
  const types = run(join(root, 'node_modules/typescript/bin/tsc'));
  expect({ status: types.status, output: types.stdout }).toEqual({ status: 0, output: '' });

  const { setupFiles: _, ...config } = jestConfig();
  const jest = run(
    '--experimental-vm-modules',
    join(root, 'node_modules/jest/bin/jest.js'),
    ...['--config', JSON.stringify(config), 'test/plan', ...made.filter((path) => path.startsWith('test/'))],
  );
  expect({ status: jest.status, output: jest.stderr }).toMatchObject({
    status: 0,
    output: expect.stringContaining('Test Suites: 4 passed, 4 total'),
  });
});

/** The project's own, as data. */
function jestConfig(): Record<string, unknown> {
  const print = `import config from ${JSON.stringify(join(root, 'jest.config.js'))}; console.log(JSON.stringify(config));`;
  return JSON.parse(
    execFileSync(process.execPath, ['--input-type=module', '--eval', print], { encoding: 'utf8' }),
  );
}
