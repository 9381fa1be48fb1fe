// Writes what scripts/docs.ts generates: docs/demo.svg, docs/text-*.txt, docs/rules/*.md, schema/*.json,
// src/contract/report.ts and the marked part of docs/configuration.md. With --screenshots it also writes
// docs/report*.png, which needs Chromium (CHROMIUM_PATH).
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { chromium } from 'playwright-core';

const bundle = 'node_modules/.cache/c1-audit/generate.mjs';
const { version, homepage } = JSON.parse(readFileSync('package.json', 'utf8'));
await build({
  stdin: {
    contents: "export { main } from './src/cli/main.ts'; export * from './scripts/docs.ts';",
    resolveDir: process.cwd(),
  },
  outfile: bundle,
  bundle: true,
  format: 'esm',
  platform: 'node',
  define: { C1_AUDIT_VERSION: JSON.stringify(version), C1_AUDIT_HOMEPAGE: JSON.stringify(homepage) },
  packages: 'external',
  logLevel: 'warning',
});
const { main, generatedFiles, screenshots, DOCS_NOW } = await import(pathToFileURL(bundle));

const files = generatedFiles({
  configuration: readFileSync('docs/configuration.md', 'utf8'),
  rulesInCel: readFileSync('docs/rules-in-cel.md', 'utf8'),
  report: JSON.parse(await demo({}, '-f', 'json')),
  text: await demo({ FORCE_COLOR: '1' }, '--scope', 'mine'),
  texts: new Map([
    [80, await demo({}, '--width', '80')],
    [120, await demo({}, '--width', '120')],
  ]),
});
if (process.argv.includes('--screenshots')) {
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM_PATH ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu'],
  });
  for (const [path, png] of await screenshots(await demo({}, '-f', 'html'), browser)) files.set(path, png);
  await browser.close();
}

mkdirSync('docs/rules', { recursive: true });
for (const name of readdirSync('docs/rules'))
  if (!files.has(`docs/rules/${name}`)) rmSync(`docs/rules/${name}`);
for (const [path, content] of files) writeFileSync(path, content);
console.error(`${files.size} files written`);

async function demo(env, ...flags) {
  let text = '';
  const stdout = new Writable({
    write(chunk, _, done) {
      text += chunk;
      done();
    },
  });
  const code = await main(['demo', ...flags], {
    env,
    cwd: dirname(bundle),
    stdin: Readable.from([]),
    stdout,
    stderr: process.stderr,
    now: () => DOCS_NOW,
    signal: new AbortController().signal,
  });
  if (code !== 0) throw new Error(`the demo ended with ${code}`);
  return text;
}
