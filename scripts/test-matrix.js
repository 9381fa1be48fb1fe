#!/usr/bin/env node
// npm run test:matrix [-- [--only 22,24] [-- <jest arguments>]]: runs the tests on each supported Node.js in turn. The
// binaries come from the npm package "node" and are kept in node_modules/.cache/node-matrix.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const MAJORS = [20, 22, 24, 26];

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const windows = process.platform === 'win32';
const { majors, jestArguments } = readArguments(process.argv.slice(2));
const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

// The build is the same for all versions.
if (scripts.pretest !== undefined && npm(['run', 'pretest'], root) !== 0) fail('npm run pretest failed');

const results = [];
for (const major of majors) {
  console.log(`\n== Node.js ${major} ==`);
  results.push(testOn(major));
}
print(results);
process.exitCode = results.every(({ ok }) => ok) ? 0 : 1;

function readArguments(argv) {
  const end = argv.indexOf('--');
  const [own, jest] = end < 0 ? [argv, []] : [argv.slice(0, end), argv.slice(end + 1)];
  let values;
  try {
    ({ values } = parseArgs({ args: own, options: { only: { type: 'string' } } }));
  } catch (error) {
    fail(error.message);
  }
  const only = values.only?.split(',').map((word) => word.trim());
  const unknown = only?.filter((word) => !MAJORS.includes(Number(word)) || word === '') ?? [];
  if (unknown.length > 0) fail(`${unknown.join(', ')} is not one of ${MAJORS.join(', ')}`);
  return {
    majors: only === undefined ? MAJORS : MAJORS.filter((major) => only.map(Number).includes(major)),
    jestArguments: jest,
  };
}

function fail(problem) {
  console.error(
    `test-matrix: ${problem}\nusage: npm run test:matrix -- [--only ${MAJORS.slice(1, 3).join(',')}] [-- <jest arguments>]`,
  );
  process.exit(2);
}

function npm(args, cwd) {
  // npm is a script on Windows, which only a shell starts.
  return spawnSync('npm', args, { cwd, stdio: 'inherit', shell: windows }).status;
}

/** Path of a Node.js of this major version, from the cache or the registry; undefined if it cannot be installed. */
function binaryOf(major) {
  const folder = join(root, 'node_modules/.cache/node-matrix', String(major));
  const binary = join(folder, 'node_modules/node/bin', windows ? 'node.exe' : 'node');
  if (existsSync(binary)) return binary;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  // Without its own package.json npm would use one in a directory above. The package downloads the binary in an install
  // script, and newer releases of npm run only the scripts that are allowed.
  writeFileSync(join(folder, 'package.json'), '{ "private": true, "allowScripts": { "node": true } }\n');
  const status = npm(
    [
      'install',
      '--no-save',
      '--no-package-lock',
      '--no-audit',
      '--no-fund',
      '--foreground-scripts',
      `node@${major}`,
    ],
    folder,
  );
  return status === 0 && existsSync(binary) ? binary : undefined;
}

function testOn(major) {
  const binary = binaryOf(major);
  if (binary === undefined) return { major, ok: false, note: 'could not be installed' };
  const version = spawnSync(binary, ['--version'], { encoding: 'utf8' }).stdout?.trim() ?? '';
  if (!version.startsWith(`v${major}.`))
    return { major, ok: false, note: `reports the version ${version || '(none)'}` };

  const temporary = mkdtempSync(join(tmpdir(), 'c1-audit-matrix-'));
  const file = join(temporary, 'results.json');
  const startedAt = Date.now();
  // The same flags as `npm test`.
  const [, ...command] = scripts.test.split(/\s+/);
  const { status } = spawnSync(binary, [...command, '--json', `--outputFile=${file}`, ...jestArguments], {
    cwd: root,
    // Tests that start "node" must get this version too.
    env: { ...process.env, PATH: [dirname(binary), process.env.PATH].join(delimiter) },
    // With --json jest also writes the results to stdout.
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const counts = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined;
  rmSync(temporary, { recursive: true, force: true });
  const ran = counts !== undefined && counts.numPassedTests + counts.numFailedTests > 0;
  return {
    major,
    version,
    ok: status === 0 && ran && counts.success,
    passed: counts?.numPassedTests,
    failed: counts?.numFailedTests,
    skipped: counts?.numPendingTests,
    seconds: Math.round((Date.now() - startedAt) / 1000),
    note: ran ? '' : 'no test ran',
  };
}

function print(all) {
  const header = ['Node.js', 'passed', 'failed', 'skipped', 'seconds', ''];
  const rows = all.map(({ major, version, passed, failed, skipped, seconds, ok, note }) => [
    version ?? `v${major}`,
    ...[passed, failed, skipped, seconds].map((number) => String(number ?? '-')),
    [ok ? 'ok' : 'FAILED', note].filter(Boolean).join(': '),
  ]);
  const widths = header.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column].length)),
  );
  console.log('');
  for (const row of [header, ...rows]) {
    const cells = row.map((cell, column) =>
      column === 0 || column === row.length - 1 ? cell.padEnd(widths[column]) : cell.padStart(widths[column]),
    );
    console.log(cells.join('  ').trimEnd());
  }
}
