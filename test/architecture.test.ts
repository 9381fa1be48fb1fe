import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');

/**
 * What each directory may import, by path below the project; it may always import itself. Rules stay so simple that
 * anybody can judge them, and the engine and the reporters stay free of I/O.
 */
const DIRECTORIES: readonly { readonly path: string; readonly may: readonly string[] }[] = [
  { path: 'rules/', may: ['src/contract/index.ts'] },
  { path: 'src/contract/', may: [] },
  { path: 'src/condition/', may: ['src/contract/'] },
  { path: 'src/check.ts', may: ['src/config/problem.ts'] },
  { path: 'src/errors.ts', may: [] },
  { path: 'src/redact.ts', may: ['src/errors.ts'] },
  { path: 'src/io.ts', may: [] },
  { path: 'src/within.ts', may: ['src/errors.ts'] },
  { path: 'src/fetch.ts', may: ['src/errors.ts', 'src/within.ts'] },
  { path: 'src/engine/', may: ['src/contract/', 'src/condition/', 'src/check.ts', 'src/errors.ts'] },
  {
    path: 'src/sources/',
    may: ['src/contract/', 'src/check.ts', 'src/errors.ts', 'src/fetch.ts', 'src/redact.ts', 'src/within.ts'],
  },
  {
    path: 'src/cel/',
    may: [
      'src/contract/',
      'src/engine/judge.ts',
      'src/engine/world.ts',
      'src/check.ts',
      'src/config/config.ts',
      'src/config/problem.ts',
    ],
  },
  {
    path: 'src/config/',
    may: ['src/contract/', 'src/cel/', 'src/engine/', 'src/check.ts', 'src/errors.ts'],
  },
  { path: 'src/reporters/', may: ['src/contract/', 'src/engine/'] },
  {
    // The one delivery that calls the tenant: over the same connection as the audit.
    path: 'src/delivery/conductorone/',
    may: ['src/contract/', 'src/engine/', 'src/errors.ts', 'src/reporters/', 'src/sources/', 'src/within.ts'],
  },
  {
    path: 'src/delivery/',
    may: [
      'src/contract/',
      'src/engine/',
      'src/check.ts',
      'src/config/config.ts',
      'src/errors.ts',
      'src/reporters/',
      'src/fetch.ts',
      'src/io.ts',
      'src/redact.ts',
    ],
  },
  {
    path: 'src/init/',
    may: ['src/contract/', 'src/config/config.ts', 'src/config/problem.ts', 'src/errors.ts'],
  },
  { path: 'src/plan/', may: ['src/contract/', 'src/engine/', 'src/reporters/'] },
  {
    path: 'src/doctor/',
    may: [
      'src/contract/',
      'src/config/',
      'src/delivery/',
      'src/engine/report.ts',
      'src/errors.ts',
      'src/io.ts',
      'src/fetch.ts',
      'src/reporters/escape.ts',
      'src/sources/',
      'src/within.ts',
    ],
  },
  { path: 'src/demo/', may: ['src/contract/'] },
  { path: 'src/index.ts', may: ['src/'] },
  { path: 'src/testing.ts', may: ['src/contract/index.ts', 'src/engine/judge.ts', 'src/engine/world.ts'] },
  {
    path: 'src/library.ts',
    may: [
      'src/check.ts',
      'src/config/',
      'src/contract/',
      'src/engine/report.ts',
      'src/errors.ts',
      'src/io.ts',
      'src/redact.ts',
      'src/run.ts',
      'rules/',
    ],
  },
  {
    path: 'src/open.ts',
    may: [
      'src/config/',
      'src/delivery/conductorone/',
      'src/errors.ts',
      'src/fetch.ts',
      'src/io.ts',
      'src/redact.ts',
      'src/sources/',
    ],
  },
  {
    path: 'src/run.ts',
    may: [
      'src/config/',
      'src/contract/',
      'src/delivery/',
      'src/engine/',
      'src/errors.ts',
      'src/io.ts',
      'src/open.ts',
      'src/redact.ts',
      'src/reporters/',
      'src/sources/',
    ],
  },
  { path: 'src/cli/', may: ['src/', 'rules/', 'schema/'] },
];

function sources(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts') && !entry.name.endsWith('.d.ts'))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)));
}

/** Imports of our own files, as paths below the project. */
function importsOf(file: string): string[] {
  const text = readFileSync(join(root, file), 'utf8');
  const found = text.matchAll(/(?:from|import\()\s*'(\.{1,2}\/[^']+)'/g);
  return [...found].map(([, path = '']) =>
    relative(root, resolve(root, dirname(file), path)).replace(/\.js$/, '.ts'),
  );
}

const files = [...sources('src'), ...sources('rules')];

describe('imports keep their direction', () => {
  test.each(files)('%s', (file) => {
    const own = DIRECTORIES.find(({ path }) => file.startsWith(path));
    expect(own).toBeDefined();
    const strangers = importsOf(file).filter(
      (path) => !path.startsWith(own?.path ?? '') && !own?.may.some((allowed) => path.startsWith(allowed)),
    );
    expect(strangers).toEqual([]);
  });

  test('a wrong direction would be found', () => {
    expect(importsOf('src/run.ts')).toContain('src/engine/evaluate.ts');
    expect(files.length).toBeGreaterThan(50);
  });
});

test('only run.ts imports from sources, engine, reporters and delivery', () => {
  const meeting = files.filter((file) => {
    const directories = new Set(importsOf(file).map((path) => path.split('/').slice(0, 2).join('/')));
    return ['src/sources', 'src/engine', 'src/reporters', 'src/delivery'].every((directory) =>
      directories.has(directory),
    );
  });
  expect(meeting).toEqual(['src/run.ts']);
});

test('nothing prints but through the streams it is given', () => {
  const printing = files.filter(
    (file) =>
      !['src/cli/bin.ts', 'src/cli/process.ts'].includes(file) &&
      /\bconsole\.|\bprocess\.(stdout|stderr|env|exit|cwd)\b/.test(
        readFileSync(join(root, file), 'utf8').replace(/(\/\*[\s\S]*?\*\/)|(\/\/.*)/g, ''),
      ),
  );
  expect(printing).toEqual([]);
});
