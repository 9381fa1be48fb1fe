#!/usr/bin/env node
// npm run mutation [-- --mutate <glob>]… [--fresh] [--minutes <n>] [--workers <n>] [--sample <share>] [--docs]:
// changes the code in small ways, one at a time, and counts which changes the tests notice (Stryker). One file of code after the other, so that a run that is stopped, or
// whose minutes are over, keeps what it has measured; what has not changed since, tests included, is not measured again
// unless --fresh. --sample 0.2 runs a fifth of the changes in all chosen files together. --docs measures nothing: it writes the results so far into docs/mutation.md, and names the files that
// changed since.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { transformSync } from 'esbuild';
import picomatch from 'picomatch';
import { isSampled } from './sample.js';

/** Directories whose tests judge code besides those in the directory of the same name and those that import it directly. */
const MORE_JUDGES = {
  condition: ['rules/loose-trust-condition'],
  contract: ['rules/malformed-cidr', 'rules/open-cidr', 'rules/unreachable-cidr'],
  sources: ['faults'],
  redact: ['faults'],
};

/** Test files that would take longer than what they notice is worth. */
const NO_JUDGES = [
  'test/{demo,fuzz}/**',
  'test/rules/{new-rule,time-zone,any-facts}.test.ts',
  'test/{packed,readme,nights,library,docs,architecture}.test.ts',
];

/** What a test imports that runs the whole program in its own process. */
const PROGRAM = 'src/cli/main.ts';
/** How many files are measured at a time. */
const TOGETHER = 8;
/** Other tests that take long: they wait for locks. */
const SLOW = ['test/delivery/{lock,state-file}.test.ts'];

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const folder = join(root, 'reports/mutation');
const config = JSON.parse(readFileSync(join(root, 'stryker.config.json'), 'utf8'));
const options = readArguments();
/** What each file imports, once it is known. */
const imports = new Map();
const until = Date.now() + options.minutes * 60_000;

const results = [];
const left = [];
/** Measured before the file changed. */
const stale = [];
const chosen = chosenFiles();
if (!options.docs) measureAll(chosen.filter((file) => !kept(file)));
for (const file of chosen) {
  const old = options.docs ? resultOf(file) : undefined;
  if (old && old.code !== hashOf([file])) stale.push(file);
  if (results.some((result) => result.file === file)) continue;
  const result = old ?? kept(file);
  if (result) results.push(result);
  else left.push(file);
}
results.sort((a, b) => chosen.indexOf(a.file) - chosen.indexOf(b.file));
process.exitCode = print() ? 0 : 1;
if (options.docs) writeDocs();

function readArguments() {
  try {
    const { values } = parseArgs({
      options: {
        mutate: { type: 'string', multiple: true },
        fresh: { type: 'boolean', default: false },
        minutes: { type: 'string', default: 'Infinity' },
        workers: { type: 'string', default: '1' },
        sample: { type: 'string', default: '1' },
        docs: { type: 'boolean', default: false },
      },
    });
    const minutes = Number(values.minutes);
    if (!(minutes > 0)) throw new Error(`--minutes ${values.minutes} is not a number above 0`);
    const workers = Number(values.workers);
    if (!(Number.isInteger(workers) && workers > 0))
      throw new Error(`--workers ${values.workers} is not a whole number above 0`);
    const sample = Number(values.sample);
    if (!(sample > 0 && sample <= 1)) throw new Error(`--sample ${values.sample} is not a share from 0 to 1`);
    return { ...values, mutate: values.mutate ?? [], minutes, workers, sample };
  } catch (error) {
    fail(error.message);
  }
}

function fail(problem) {
  console.error(
    `mutation: ${problem}\nusage: npm run mutation [-- --mutate <glob>]… [--fresh] [--minutes <n>] [--workers <n>] [--sample <share>] [--docs]`,
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

/**
 * The test files that judge a file, the nearest first: those that import it, and those of its area that reach it. Tests
 * that run the whole program or wait for locks take seconds per case. Except for those in the directory of the same name,
 * they judge only what has no other tests.
 */
function testsOf(file) {
  const area = file.split('/')[1].replace(/\.ts$/, '');
  const areas = file.startsWith('rules/') ? ['rules'] : [area, 'attacks', ...(MORE_JUDGES[area] ?? [])];
  const judges = testFiles()
    .map((test) => ({ test, distance: distances(test).get(file) }))
    .filter(({ test, distance }) => distance === 1 || (distance !== undefined && isOfArea(test, areas)))
    // Tests of many random inputs take seconds: the others go first and notice most.
    .sort((a, b) => Number(isRandom(a.test)) - Number(isRandom(b.test)) || a.distance - b.distance);
  const near = judges.filter(({ test }) => !isSlowTest(test) || isOfArea(test, [area]));
  return (near.length > 0 ? near : judges).map(({ test }) => test);
}

function isSlowTest(test) {
  return distances(test).has(PROGRAM) || picomatch.isMatch(test, SLOW);
}

function isRandom(test) {
  return readFileSync(join(root, test), 'utf8').includes("'fast-check'");
}

function testFiles() {
  return filesIn(['test']).filter((test) => test.endsWith('.test.ts') && !picomatch.isMatch(test, NO_JUDGES));
}

function isOfArea(test, areas) {
  return areas.some((name) => test.startsWith(`test/${name}/`) || test === `test/${name}.test.ts`);
}

/** How many imports away from a test file each file is. */
function distances(test) {
  const found = new Map([[test, 0]]);
  for (const [file, distance] of found)
    for (const imported of importsOf(file)) if (!found.has(imported)) found.set(imported, distance + 1);
  return found;
}

/** The files of ours that a file imports when it runs. */
function importsOf(file) {
  if (!imports.has(file)) {
    const path = join(root, file);
    const { code } = transformSync(readFileSync(path, 'utf8'), { loader: 'ts' });
    const names = [...code.matchAll(/\b(?:from|import)\s*\(?\s*"(\.[^"]+)\.js"/g)].map(([, name]) =>
      posix.join(posix.dirname(file), `${name}.ts`),
    );
    imports.set(
      file,
      [...new Set(names)].filter((name) => existsSync(join(root, name))),
    );
  }
  return imports.get(file);
}
/** Where the result of a file lies. */
function placeOf(file) {
  return join(folder, `${file.replaceAll('/', '_').replace(/\.ts$/, '')}.json`);
}

/** Changes with the code and the tests that judge it, though not with what helps them. */
function keyOf(file) {
  return hashOf([file, ...testsOf(file)]);
}

function hashOf(files) {
  const hash = createHash('sha256').update(JSON.stringify(config));
  for (const file of files) hash.update(`\0${file}\0`).update(readFileSync(join(root, file)));
  return hash.digest('hex');
}

function kept(file) {
  const result = options.fresh ? undefined : resultOf(file);
  return result?.key === keyOf(file) && (result.share ?? 1) >= options.sample ? result : undefined;
}

/** The last result of a file, whatever changed since. */
function resultOf(file) {
  return existsSync(placeOf(file)) ? JSON.parse(readFileSync(placeOf(file), 'utf8')) : undefined;
}

/** Some files at a time: each by itself would start its tests once more, all at once would keep nothing when stopped. */
function measureAll(files) {
  for (const directory of new Set(files.map(directoryOf))) {
    const own = files.filter((file) => directoryOf(file) === directory);
    while (own.length > 0 && Date.now() < until) results.push(...measure(own.splice(0, TOGETHER)));
  }
}

function measure(files) {
  console.log(`\n== ${files.join(' ')} ==`);
  const tests = [...new Set(files.flatMap(testsOf))].sort(
    (a, b) => Number(isRandom(a)) - Number(isRandom(b)),
  );
  // What runs the whole program takes too long for a sample.
  const judges = options.sample < 1 ? tests.filter((test) => !distances(test).has(PROGRAM)) : tests;
  const incrementalFile = join(folder, 'incremental.json');
  forgetSurvivors(incrementalFile, files);
  // With a new test, only the mutants are run again that no unchanged test file killed.
  return runStryker(files, judges, { incremental: true, incrementalFile, force: options.fresh });
}

/** Runs the mutants of the files, and keeps and returns their results. */
function runStryker(chosen, tests, more) {
  mkdirSync(folder, { recursive: true });
  const about = new Map(chosen.map((file) => [file, { key: keyOf(file), code: hashOf([file]), file }]));
  const own = join(folder, `${process.pid}.stryker.json`);
  const report = join(folder, `${process.pid}.report.json`);
  rmSync(report, { force: true });
  // How low is too low is a question about all files, not about each.
  const thresholds = { ...config.thresholds, break: null };
  writeFileSync(
    own,
    JSON.stringify({
      ...config,
      mutate: chosen,
      concurrency: options.workers,
      // Those outside the sample count as well.
      maxTestRunnerReuse: Math.round(config.maxTestRunnerReuse / options.sample),
      thresholds,
      ...more,
      reporters: ['json', 'progress-append-only'],
      jsonReporter: { fileName: report },
    }),
  );
  const command = join(root, 'node_modules/@stryker-mutator/core/bin/stryker.js');
  const { status, signal } = spawnSync(process.execPath, [command, 'run', own], {
    cwd: root,
    stdio: 'inherit',
    env: {
      ...process.env,
      MUTATION_TESTS: JSON.stringify(tests),
      MUTATION_SAMPLE: String(options.sample),
    },
  });
  const files = existsSync(report) ? JSON.parse(readFileSync(report, 'utf8')).files : {};
  for (const path of [own, report]) rmSync(path, { force: true });
  if (status !== 0) return chosen.map((file) => ({ file, failed: signal ?? `exit ${status}`, mutants: [] }));
  return chosen.map((file) => keep(about.get(file), files[file]));
}

function keep(about, { source = '', mutants = [] } = {}) {
  const { file } = about;
  const lines = source.split('\n');
  const run = mutants.filter(
    (mutant) =>
      options.sample === 1 || (!mutant.static && isSampled({ ...mutant, fileName: file }, options.sample, 1)),
  );
  const result = {
    ...about,
    ...(options.sample < 1 && { of: mutants.length, share: options.sample }),
    mutants: run.map(({ status, mutatorName, replacement, location: { start, end } }) => ({
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

/** Stryker would reuse them, although a new test may notice what happens while modules are loaded. */
function forgetSurvivors(path, files) {
  if (!existsSync(path)) return;
  const before = JSON.parse(readFileSync(path, 'utf8'));
  for (const code of files.flatMap((file) => before.files[file] ?? []))
    code.mutants = code.mutants.filter(({ status }) => status === 'Killed' || status === 'Timeout');
  writeFileSync(path, JSON.stringify(before));
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
  const low = byDirectory().filter(([, mutants]) => counts(mutants).score < config.thresholds.break);
  for (const [directory] of low) console.log(`below ${config.thresholds.break} %: ${directory}`);
  return left.length === 0 && !results.some(({ failed }) => failed) && low.length === 0;
}

/** The mutants of each directory that is measured; src/redact.ts counts as one. */
function byDirectory() {
  const directories = new Map();
  for (const { file, mutants } of results) {
    const directory = directoryOf(file);
    directories.set(directory, [...(directories.get(directory) ?? []), ...mutants]);
  }
  return [...directories];
}

/** Puts the table by directory between its two comments in docs/mutation.md. */
function writeDocs() {
  const path = join(root, 'docs/mutation.md');
  const rows = byDirectory().map(([directory, mutants]) => {
    const { valid, killed, timeout, survived, uncovered, score } = counts(mutants);
    return `| \`${directory}\` | ${valid} | ${killed} | ${timeout} | ${survived} | ${uncovered} | ${score.toFixed(1)} % |`;
  });
  const missing = [...left, ...results.flatMap(({ file, failed }) => (failed ? [file] : []))];
  const table = [
    '| directory | mutants | killed | timed out | survived | not run | score |',
    '|---|--:|--:|--:|--:|--:|--:|',
    ...rows,
    ...named('Not measured', missing),
    ...named('Changed since', stale),
    ...sampled(),
  ].join('\n');
  const [before, , after] = readFileSync(path, 'utf8').split(
    /(?<=<!-- results -->\n)([\s\S]*)(?=<!-- end of results -->)/,
  );
  if (after === undefined) fail(`${path} has no place for results`);
  writeFileSync(path, `${before}\n${table}\n\n${after}`);
}

/** One line a directory of which only a sample was run. */
function sampled() {
  const parts = results.filter(({ of }) => of !== undefined);
  const run = parts.reduce((sum, { mutants }) => sum + mutants.length, 0);
  const all = parts.reduce((sum, { of }) => sum + of, 0);
  return named(
    `Only a sample was run (${run} of ${all} changes)`,
    parts.map(({ file }) => file),
  );
}

function directoryOf(file) {
  return file
    .split('/')
    .slice(0, file.startsWith('src/') ? 2 : 1)
    .join('/');
}

/** One line that names the files, or their directory if it is all of them. */
function named(what, files) {
  const isIn = (directory) => (file) => directoryOf(file) === directory;
  const names = [...new Set(files.map(directoryOf))].flatMap((directory) => {
    const some = files.filter(isIn(directory));
    return some.length === chosen.filter(isIn(directory)).length ? [directory] : some;
  });
  return names.length === 0 ? [] : ['', `${what}: ${names.map((name) => `\`${name}\``).join(', ')}.`];
}

function brief(text) {
  const line = text.replace(/\s+/g, ' ');
  return line.length > 60 ? `${line.slice(0, 59)}…` : line;
}
