import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');

/**
 * What each room may import, by path below the project; a room may always import itself. The rules stay so simple that
 * anybody can judge them, and the engine and reporters stay free of I/O.
 */
const ROOMS: readonly { readonly room: string; readonly may: readonly string[] }[] = [
  { room: 'rules/', may: ['src/contract/index.ts'] },
  { room: 'src/contract/', may: [] },
  { room: 'src/errors.ts', may: [] },
  { room: 'src/redact.ts', may: [] },
  { room: 'src/io.ts', may: [] },
  { room: 'src/network.ts', may: ['src/errors.ts'] },
  { room: 'src/engine/', may: ['src/contract/', 'src/errors.ts', 'schema/'] },
  { room: 'src/sources/', may: ['src/contract/', 'src/errors.ts', 'src/network.ts'] },
  { room: 'src/config/', may: ['src/contract/', 'src/engine/', 'src/errors.ts'] },
  { room: 'src/reporters/', may: ['src/contract/', 'src/engine/'] },
  {
    // The one delivery that speaks to the tenant: over the same wire as the audit.
    room: 'src/delivery/conductorone/',
    may: ['src/contract/', 'src/engine/', 'src/errors.ts', 'src/reporters/', 'src/sources/c1/'],
  },
  {
    room: 'src/delivery/',
    may: [
      'src/contract/',
      'src/engine/',
      'src/config/config.ts',
      'src/errors.ts',
      'src/reporters/',
      'src/network.ts',
    ],
  },
  {
    room: 'src/init/',
    may: ['src/contract/', 'src/config/config.ts', 'src/config/nearest.ts', 'src/errors.ts'],
  },
  {
    room: 'src/plan/',
    may: ['src/contract/', 'src/engine/report.ts', 'src/engine/grouping.ts', 'src/reporters/'],
  },
  {
    room: 'src/doctor/',
    may: [
      'src/contract/',
      'src/config/',
      'src/delivery/',
      'src/engine/exit-code.ts',
      'src/errors.ts',
      'src/io.ts',
      'src/network.ts',
      'src/reporters/escape.ts',
      'src/sources/c1/',
    ],
  },
  {
    room: 'src/docs/',
    may: ['src/contract/', 'src/engine/', 'src/config/', 'src/reporters/escape.ts', 'rules/'],
  },
  { room: 'src/demo/', may: ['src/contract/'] },
  { room: 'src/index.ts', may: ['src/'] },
  { room: 'src/library-options.ts', may: ['src/config/nearest.ts', 'src/errors.ts', 'src/index.ts'] },
  { room: 'src/library.ts', may: ['src/', 'rules/'] },
  {
    room: 'src/assess.ts',
    may: ['src/contract/', 'src/config/config.ts', 'src/engine/', 'src/errors.ts', 'src/sources/source.ts'],
  },
  { room: 'src/run.ts', may: ['src/', 'rules/'] },
  { room: 'src/cli/', may: ['src/', 'rules/', 'schema/'] },
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
    const own = ROOMS.find(({ room }) => file.startsWith(room));
    expect(own).toBeDefined();
    const strangers = importsOf(file).filter(
      (path) => !path.startsWith(own?.room ?? '') && !own?.may.some((allowed) => path.startsWith(allowed)),
    );
    expect(strangers).toEqual([]);
  });

  test('a wrong direction would be found', () => {
    expect(importsOf('src/run.ts')).toContain('src/engine/evaluate.ts');
    expect(files.length).toBeGreaterThan(50);
  });
});

test('no file knows sources, engine, reporters and delivery at once', () => {
  const meeting = files.filter((file) => {
    const rooms = new Set(importsOf(file).map((path) => path.split('/').slice(0, 2).join('/')));
    return ['src/sources', 'src/engine', 'src/reporters', 'src/delivery'].every((room) => rooms.has(room));
  });
  expect(meeting).toEqual([]);
});

test('nothing prints but through the streams it is given', () => {
  const printing = files.filter(
    (file) =>
      file !== 'src/cli/bin.ts' &&
      /\bconsole\.|\bprocess\.(stdout|stderr|env|exit|cwd)\b/.test(
        readFileSync(join(root, file), 'utf8').replace(/(\/\*[\s\S]*?\*\/)|(\/\/.*)/g, ''),
      ),
  );
  expect(printing).toEqual([]);
});
