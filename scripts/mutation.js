#!/usr/bin/env node
// npm run mutation [-- --mutate <glob>]… [--fresh] [--minutes <n>]: changes the code in small ways, one at a time, and
// counts which changes the tests notice (Stryker). One file of code after the other, so that a run that is stopped, or
// whose minutes are over, keeps what it has measured; what has not changed since, tests included, is not measured again
// unless --fresh.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { transformSync } from 'esbuild';
import picomatch from 'picomatch';

/**
 * Which tests judge which code: those beside it, not all that happen to run it. Whole programs would take hours, and what
 * only they notice is not tested where it should be.
 */
const JUDGES = [
  ['rules/index.ts', () => ['test/rules/invariants.test.ts']],
  ['rules/*.ts', (name) => [`test/rules/${name}.test.ts`, 'test/rules/invariants.test.ts']],
  ['src/contract/condition/*.ts', () => ['test/contract/condition*.test.ts']],
  [
    'src/contract/*.ts',
    () => ['test/contract/!(condition)*.test.ts', 'test/rules/!(new-rule|time-zone|any-facts).test.ts'],
  ],
  ['src/engine/*.ts', () => ['test/engine/*.test.ts']],
  ['src/sources/**/*.ts', () => ['test/sources/*.test.ts', 'test/faults/*.test.ts']],
];

/** Where Jest looks for what leads from a test to the code. */
const CODE = ['test', 'src', 'rules'];

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const folder = join(root, 'reports/mutation');
const config = JSON.parse(readFileSync(join(root, 'stryker.config.json'), 'utf8'));
const options = readArguments();
const until = Date.now() + options.minutes * 60_000;

const results = [];
const left = [];
for (const file of chosenFiles()) {
  const result = kept(file) ?? (Date.now() < until ? measure(file) : undefined);
  if (result) results.push(result);
  else left.push(file);
}
process.exitCode = print() ? 0 : 1;

function readArguments() {
  try {
    const { values } = parseArgs({
      options: {
        mutate: { type: 'string', multiple: true },
        fresh: { type: 'boolean', default: false },
        minutes: { type: 'string', default: 'Infinity' },
      },
    });
    const minutes = Number(values.minutes);
    if (!(minutes > 0)) throw new Error(`--minutes ${values.minutes} is no number above 0`);
    return { ...values, mutate: values.mutate ?? [], minutes };
  } catch (error) {
    fail(error.message);
  }
}

function fail(problem) {
  console.error(
    `mutation: ${problem}\nusage: npm run mutation [-- --mutate <glob>]… [--fresh] [--minutes <n>]`,
  );
  process.exit(2);
}

function chosenFiles() {
  const all = filesIn(['rules', 'src']).filter(picomatch(config.mutate));
  const chosen = (options.mutate.length > 0 ? all.filter(picomatch(options.mutate)) : all).filter(
    doesSomething,
  );
  if (chosen.length === 0) fail(`no code that is measured is called ${options.mutate.join(' or ')}`);
  return chosen;
}

function filesIn(folders) {
  return folders
    .flatMap((from) => readdirSync(join(root, from), { recursive: true }).map((name) => `${from}/${name}`))
    .map((name) => name.replaceAll('\\', '/'))
    .filter((name) => name.endsWith('.ts'))
    .sort();
}

/** False for files of types alone: there is nothing in them to change, and no test that loads them. */
function doesSomething(file) {
  return transformSync(readFileSync(join(root, file), 'utf8'), { loader: 'ts' }).code.trim() !== '';
}

function testsOf(file) {
  const [, tests] = JUDGES.find(([glob]) => picomatch.isMatch(file, glob));
  return tests(basename(file, '.ts'));
}

/** Where the result of a file lies. */
function placeOf(file) {
  return join(folder, `${file.replaceAll('/', '_').replace(/\.ts$/, '')}.json`);
}

/** Changes with the code and the tests that judge it, though not with what helps them. */
function keyOf(file) {
  const parts = [file, ...filesIn(['test']).filter(picomatch(testsOf(file)))];
  const hash = createHash('sha256').update(JSON.stringify(config));
  for (const part of parts) hash.update(`\0${part}\0`).update(readFileSync(join(root, part)));
  return hash.digest('hex');
}

function kept(file) {
  if (options.fresh || !existsSync(placeOf(file))) return undefined;
  const result = JSON.parse(readFileSync(placeOf(file), 'utf8'));
  return result.key === keyOf(file) ? result : undefined;
}

function measure(file) {
  console.log(`\n== ${file} ==`);
  mkdirSync(folder, { recursive: true });
  const key = keyOf(file);
  const own = join(folder, `${process.pid}.stryker.json`);
  const report = join(folder, `${process.pid}.report.json`);
  rmSync(report, { force: true });
  // How low is too low is a question about all files, not about each.
  const thresholds = { ...config.thresholds, break: null };
  const jest = {
    ...config.jest,
    config: {
      roots: CODE.map((from) => `<rootDir>/${from}`),
      testMatch: testsOf(file).map((glob) => `<rootDir>/${glob}`),
    },
  };
  writeFileSync(
    own,
    JSON.stringify({
      ...config,
      mutate: [file],
      thresholds,
      jest,
      reporters: ['json'],
      jsonReporter: { fileName: report },
    }),
  );
  const command = join(root, 'node_modules/@stryker-mutator/core/bin/stryker.js');
  const { status, signal } = spawnSync(process.execPath, [command, 'run', own], {
    cwd: root,
    stdio: 'inherit',
  });
  const files = existsSync(report) ? JSON.parse(readFileSync(report, 'utf8')).files : {};
  for (const path of [own, report]) rmSync(path, { force: true });
  if (status !== 0) return { file, failed: signal ?? `exit ${status}`, mutants: [] };
  const { source = '', mutants = [] } = files[file] ?? {};
  const lines = source.split('\n');
  const result = {
    key,
    file,
    mutants: mutants.map(({ status, mutatorName, replacement, location: { start, end } }) => ({
      status,
      place: `${file}:${start.line}:${start.column}`,
      mutator: mutatorName,
      original:
        start.line === end.line
          ? lines[start.line - 1].slice(start.column - 1, end.column - 1)
          : lines[start.line - 1].slice(start.column - 1),
      replacement,
    })),
  };
  writeFileSync(placeOf(file), JSON.stringify(result));
  return result;
}

function counts(mutants) {
  const of = (...statuses) => mutants.filter(({ status }) => statuses.includes(status)).length;
  const killed = of('Killed');
  const timeout = of('Timeout');
  const survived = of('Survived');
  const uncovered = of('NoCoverage');
  const valid = killed + timeout + survived + uncovered;
  return {
    valid,
    killed,
    timeout,
    survived,
    uncovered,
    score: valid === 0 ? 100 : (100 * (killed + timeout)) / valid,
  };
}

function print() {
  const survivors = results.flatMap(({ mutants }) =>
    mutants.filter(({ status }) => status === 'Survived' || status === 'NoCoverage'),
  );
  for (const { status, place, mutator, original, replacement } of survivors)
    console.log(
      `${status === 'Survived' ? 'survived' : 'not run '} ${place} ${mutator}: ${brief(original)} → ${brief(replacement)}`,
    );
  const row = (name, mutants) => {
    const { valid, killed, timeout, survived, uncovered, score } = counts(mutants);
    return [name, valid, killed, timeout, survived, uncovered, score.toFixed(1)];
  };
  const rows = [
    ['file', 'mutants', 'killed', 'timed out', 'survived', 'not run', 'score %'],
    ...results
      .filter(({ mutants, failed }) => mutants.length > 0 || failed)
      .map(({ file, mutants, failed }) =>
        failed ? [file, `failed: ${failed}`, '', '', '', '', ''] : row(file, mutants),
      ),
    row(
      'all',
      results.flatMap(({ mutants }) => mutants),
    ),
  ];
  const widths = rows[0].map((_, column) => Math.max(...rows.map((cells) => String(cells[column]).length)));
  console.log('');
  for (const cells of rows)
    console.log(
      cells
        .map((cell, column) =>
          column === 0 ? String(cell).padEnd(widths[0]) : String(cell).padStart(widths[column]),
        )
        .join('  '),
    );
  if (left.length > 0) console.log(`\nnot measured for want of time: ${left.join(', ')}`);
  const { score } = counts(results.flatMap(({ mutants }) => mutants));
  return left.length === 0 && !results.some(({ failed }) => failed) && score >= config.thresholds.break;
}

function brief(text) {
  const line = text.replace(/\s+/g, ' ');
  return line.length > 60 ? `${line.slice(0, 59)}…` : line;
}
