import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, normalize, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { rules } from '../rules/index.js';
import { DOCS_NOW, generatedFiles, screenshots, withPart } from '../scripts/docs.js';
import { kindLetters } from '../src/cli/commands/rules.js';
import { FACT_KINDS } from '../src/contract/index.js';
import { FORMATS } from '../src/reporters/index.js';
import { startBrowser } from './helpers/browser.js';
import { needs } from './helpers/needs.js';
import { emptyFolder, runProgram } from './helpers/program.js';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const read = (path: string) => readFileSync(resolve(root, path), 'utf8');
const atDocsTime = { now: () => DOCS_NOW };

const pages = readdirSync(resolve(root, 'docs'), { recursive: true })
  .map((name) => `docs/${name}`)
  .filter((name) => name.endsWith('.md'));
const documents = ['README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'CHANGELOG.md', ...pages];

let files: Map<string, string>;

beforeAll(async () => {
  const { report } = await runProgram(['demo', '-f', 'json'], atDocsTime);
  const { stdout } = await runProgram(['demo', '--scope', 'mine'], {
    ...atDocsTime,
    env: { FORCE_COLOR: '1' },
  });
  const texts = new Map<number, string>();
  for (const width of [80, 120])
    texts.set(width, (await runProgram(['demo', '--width', String(width)], atDocsTime)).stdout);
  files = generatedFiles({
    configuration: read('docs/configuration.md'),
    rulesInCel: read('docs/rules-in-cel.md'),
    report,
    text: stdout,
    texts,
  });
});

describe('a generated file is up to date (npm run generate)', () => {
  const paths = [
    'docs/configuration.md',
    'docs/rules-in-cel.md',
    'docs/controls.md',
    'docs/demo.svg',
    'docs/text-120.txt',
    'docs/text-80.txt',
    'schema/config.json',
    ...rules.map(({ id }) => `docs/rules/${id}.md`),
    ...readdirSync(resolve(root, 'docs/rules')).map((name) => `docs/rules/${name}`),
  ];
  test.each([...new Set(paths)])('%s', (path) => {
    expect(existsSync(resolve(root, path)) ? read(path) : 'no such file').toBe(files.get(path));
  });

  test('every message of every rule has an example in its page', () => {
    const missing = rules.flatMap(({ id, messages }) => {
      const page = files.get(`docs/rules/${id}.md`) ?? '';
      return Object.keys(messages)
        .filter((messageId) => !new RegExp(`\`${messageId}\`, for example: “.+”`).test(page))
        .map((messageId) => `${id}: no credential of src/demo/seed.ts shows the message "${messageId}"`);
    });
    expect(missing).toEqual([]);
  });

  test('a document without a place for its generated part is refused', () => {
    expect(() => withPart('# Configuration', 'settings', 'x')).toThrow('no place for settings');
  });
});

/** Width and height of the coarse pictures that are compared: fonts differ between machines, the layout does not. */
const GRID = 24;
/** Of 255: how much the average square of the grid may differ. */
const TOLERANCE = 4;

needs('chromium').test('the pictures show the HTML report (npm run screenshots)', async () => {
  const { stdout } = await runProgram(['demo', '-f', 'html'], atDocsTime);
  const browser = await startBrowser();
  try {
    const page = await browser.newPage();
    for (const [path, current] of await screenshots(stdout, browser)) {
      const committed = readFileSync(resolve(root, path));
      expect(committed.length).toBeLessThan(160_000);
      const difference = await page.evaluate<number>(averageDifference(committed, current));
      expect({ path, isSimilar: difference < TOLERANCE }).toEqual({ path, isSimilar: true });
    }
  } finally {
    await browser.close();
  }
});

/** Code for the browser: the average difference of two pictures scaled down to the grid. */
function averageDifference(one: Buffer, other: Buffer): string {
  return `(async () => {
    const pixels = async (png) => {
      const image = new Image();
      image.src = 'data:image/png;base64,' + png;
      await image.decode();
      const context = new OffscreenCanvas(${GRID}, ${GRID}).getContext('2d');
      context.imageSmoothingQuality = 'high';
      context.drawImage(image, 0, 0, ${GRID}, ${GRID});
      return context.getImageData(0, 0, ${GRID}, ${GRID}).data;
    };
    const one = await pixels('${one.toString('base64')}');
    const other = await pixels('${other.toString('base64')}');
    return one.reduce((sum, value, index) => sum + Math.abs(value - other[index]), 0) / one.length;
  })()`;
}

/** GitHub's anchor of a heading. */
const anchorOf = (heading: string) =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .replace(/\s/g, '-');
const anchorsIn = (document: string) =>
  [...read(document).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => anchorOf(heading));

describe('the documents', () => {
  test.each(documents)('%s has links that lead somewhere', (document) => {
    for (const [, target = '', anchor] of read(document).matchAll(
      /\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)/g,
    )) {
      const path = target === '' ? document : normalize(join(dirname(document), target));
      expect(`${target} ${existsSync(resolve(root, path)) ? 'exists' : 'is missing'}`).toBe(
        `${target} exists`,
      );
      if (anchor !== undefined) expect(anchorsIn(path)).toContain(anchor);
    }
  });

  test('are all in the index', () => {
    const index = read('docs/README.md');
    const linked = [...index.matchAll(/\]\(([^)]+)\)/g)].map(([, target = '']) => join('docs', target));
    const expected = pages.filter((page) => page !== 'docs/README.md' && !page.startsWith('docs/rules/'));
    expect(linked).toEqual(expect.arrayContaining([...expected, 'docs/rules/README.md']));
  });

  test('list the files on the way of a credential so that each is imported by an earlier one', () => {
    const path = [...read('docs/development.md').matchAll(/^\d+\. `(src\/\S+)`/gm)].map(
      ([, file = '']) => file,
    );
    expect(path.length).toBeGreaterThan(10);
    const reached = new Set(path.slice(0, 1));
    for (const file of path) {
      expect([...reached]).toContain(file);
      for (const [, target = ''] of read(file).matchAll(/'(\.{1,2}\/[^']+)\.js'/g))
        reached.add(join(dirname(file), `${target}.ts`));
    }
  });

  test('name only files that exist', () => {
    // The mutation tests also list results from an earlier version of the code.
    for (const document of documents.filter((name) => !/CHANGELOG|mutation/.test(name)))
      for (const [, path = ''] of read(document).matchAll(/`((?:src|scripts|test|rules)\/[\w./-]+)`/g))
        if (!path.includes('key-too-old'))
          expect(`${document}: ${path} ${existsSync(resolve(root, path)) ? 'exists' : 'is missing'}`).toBe(
            `${document}: ${path} exists`,
          );
  });

  test('describe every part of src in CONTRIBUTING.md', () => {
    const parts = readdirSync(resolve(root, 'src'), { withFileTypes: true })
      .filter(({ name }) => !name.endsWith('.d.ts'))
      .map((entry) => `\`src/${entry.name}${entry.isDirectory() ? '/' : ''}\``);
    const table = read('CONTRIBUTING.md');
    expect(parts.filter((part) => !table.includes(part))).toEqual([]);
  });

  test('describe every fact and its kinds in docs/plugins.md', () => {
    for (const [fact, kinds] of Object.entries(FACT_KINDS))
      expect(read('docs/plugins.md')).toContain(`| \`${fact}\` | ${kindLetters(kinds)} |`);
  });

  test('describe every format in docs/reports.md', () => {
    for (const format of FORMATS) expect(read('docs/reports.md')).toContain(`| \`${format}\` |`);
  });

  test('begin with a README of at most 1,200 words', () => {
    expect(read('README.md').split(/\s+/).length).toBeLessThanOrEqual(1200);
  });
});

function example(file: string, language: string): string {
  const found = new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, 'm').exec(read(file));
  if (found?.[1] === undefined) throw new Error(`${file} has no ${language} example`);
  return found[1];
}

describe('the example of', () => {
  const now = () => Date.parse('2026-06-01T00:00:00Z');

  test('docs/input.md has one credential of each kind, and is complete', async () => {
    const stdin = example('docs/input.md', 'json');
    const { report, code } = await runProgram(['--input', '-', '-f', 'json'], { stdin, now });
    expect(report.credentials.map(({ kind }) => kind).sort()).toEqual([
      'federation-trust',
      'personal-client',
      'service-principal-credential',
    ]);
    expect(report.coverage.complete).toBe(true);
    expect(code).toBe(1);
  });

  test('docs/input.md is incomplete if its last answer has a page token', async () => {
    const list = JSON.parse(example('docs/input.md', 'json')).slice(0, 1);
    const stdin = JSON.stringify({ list, nextPageToken: 'x' });
    expect((await runProgram(['--input', '-'], { stdin, now })).code).toBe(3);
  });

  test('docs/slack.md is valid, and its settings are in use', async () => {
    const cwd = emptyFolder();
    const text = example('docs/slack.md', 'yaml');
    writeFileSync(join(cwd, 'c1-audit.config.yaml'), text);
    const { code, stdout } = await runProgram(['--print-config'], { cwd, now });
    expect(code).toBe(0);
    for (const [, key = '', value = ''] of text.matchAll(
      /^ {2}(when|minSeverity|heartbeat|notifyOwners|fallback): (.*)$/gm,
    ))
      expect(stdout).toContain(`  ${key}: ${value} #`);
  });

  test('docs/webhook.md is valid, and its settings are in use', async () => {
    const cwd = emptyFolder();
    writeFileSync(join(cwd, 'c1-audit.config.yaml'), example('docs/webhook.md', 'yaml'));
    const { code, stdout } = await runProgram(['--print-config'], { cwd, now });
    expect([code, stdout]).toEqual([0, expect.stringContaining('  format: teams #')]);
  });

  test('docs/waivers.md is valid', async () => {
    const cwd = emptyFolder();
    writeFileSync(join(cwd, 'c1-audit.config.yaml'), example('docs/waivers.md', 'yaml'));
    const { code, stdout } = await runProgram(['--print-config'], { cwd, now });
    expect(code).toBe(0);
    expect(stdout).toContain('quarterly-*');
  });
});
