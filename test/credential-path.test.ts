import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const text = (file: string) => readFileSync(join(root, file), 'utf8');

/** The files that SECURITY.md lists, in its order. */
const [, section = ''] = /### The credential path\n([\s\S]*?)\n## /.exec(text('SECURITY.md')) ?? [];
const path = [...section.matchAll(/^\d+\. `([^`]+)`/gm)].map(([, file = '']) => file);

/** A file and all that it imports of ours, and what they import. */
function reach(file: string, seen = new Set<string>()): Set<string> {
  if (seen.has(file)) return seen;
  seen.add(file);
  for (const [, target = ''] of text(file).matchAll(/(?:from|import\()\s*'(\.{1,2}\/[^']+)'/g))
    reach(join(dirname(file), target).replace(/\.js$/, '.ts'), seen);
  return seen;
}

test('the credential path is at most ten files and 1,500 lines', () => {
  expect(path).toContain('src/sources/c1/session.ts');
  expect(new Set(path).size).toBe(path.length);
  expect(path.length).toBeLessThanOrEqual(10);
  const lines = path.reduce((sum, file) => sum + text(file).trimEnd().split('\n').length, 0);
  expect(lines).toBeLessThanOrEqual(1_500);
});

test('the credential path reaches no reporter, delivery, demo or command line', () => {
  const reached = path.flatMap((file) => [...reach(file)]);
  expect(reached).toContain('src/errors.ts');
  expect(reached.filter((file) => /^src\/(reporters|delivery|demo|cli)\//.test(file))).toEqual([]);
});

test('no file outside the credential path reads a secret or a token of ConductorOne', () => {
  const files = readdirSync(join(root, 'src'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    // The demo's tenant mints tokens of its own.
    .filter((file) => !file.startsWith('src/demo/'));
  const reading = files.filter((file) =>
    /\b(clientSecret|accessToken|access_token|oidcToken|requestToken|authorization:)/.test(text(file)),
  );
  expect(reading).toContain('src/sources/c1/session.ts');
  expect(reading.filter((file) => !path.includes(file))).toEqual([]);
});
