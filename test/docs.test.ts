import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { rules } from '../rules/index.js';
import { DOCS_NOW, generatedFiles, readmeWith } from '../scripts/docs.js';
import { runProgram } from './helpers/program.js';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const read = (path: string) => readFileSync(resolve(root, path), 'utf8');
const readme = read('README.md');

let files: Map<string, string>;

beforeAll(async () => {
  const now = () => DOCS_NOW;
  const report = (await runProgram(['demo', '-f', 'json'], { now })).report;
  const text = (await runProgram(['demo', '--scope', 'mine'], { now, env: { FORCE_COLOR: '1' } })).stdout;
  files = generatedFiles({ readme, report, text });
});

describe('what is generated is as it would be generated now (npm run generate)', () => {
  const paths = [
    'README.md',
    'docs/demo.svg',
    'schema/config.json',
    ...rules.map(({ id }) => `docs/rules/${id}.md`),
    ...readdirSync(resolve(root, 'docs/rules')).map((name) => `docs/rules/${name}`),
  ];
  test.each([...new Set(paths)])('%s', (path) => {
    expect(existsSync(resolve(root, path)) ? read(path) : 'no such file').toBe(files.get(path));
  });
});

test('every message of every rule has an example in its page', () => {
  for (const { id, messages } of rules) {
    const page = files.get(`docs/rules/${id}.md`) ?? '';
    for (const messageId of Object.keys(messages))
      expect(page).toMatch(new RegExp(`\`${messageId}\`, for example: “.+”`));
  }
});

test('a README without a place for a generated part is refused', () => {
  expect(() => readmeWith('# c1-audit', { rules: 'x' })).toThrow('no place for rules');
});

test('the links of README and docs lead somewhere', () => {
  const documents = [
    'README.md',
    ...readdirSync(resolve(root, 'docs'), { recursive: true }).map((name) => `docs/${name}`),
  ];
  for (const document of documents.filter((name) => name.endsWith('.md'))) {
    for (const [, target = ''] of read(document).matchAll(/\]\((?!https?:)([^)#]+)(?:#[^)]*)?\)/g))
      expect(`${document}: ${existsSync(resolve(root, dirname(document), target)) ? 'ok' : target}`).toBe(
        `${document}: ok`,
      );
  }
});
