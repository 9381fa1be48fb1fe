// Writes what is generated: docs/demo.svg, docs/rules/*.md, schema/*.json, src/contract/report.ts and the marked parts
// of README.md.
// With --check it writes nothing and fails where a file is not as it would be written.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';

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
  banner: {
    js: "import { createRequire as c1CreateRequire } from 'node:module'; const require = c1CreateRequire(import.meta.url);",
  },
  logLevel: 'warning',
});
const { main, generatedFiles, DOCS_NOW } = await import(pathToFileURL(bundle));

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

const files = generatedFiles({
  readme: readFileSync('README.md', 'utf8'),
  report: JSON.parse(await demo({}, '-f', 'json')),
  text: await demo({ FORCE_COLOR: '1' }, '--scope', 'mine'),
});
const leftovers = existsSync('docs/rules')
  ? readdirSync('docs/rules', { recursive: true })
      .map((name) => `docs/rules/${name}`)
      .filter((path) => path.endsWith('.md') && !files.has(path))
  : [];

if (process.argv.includes('--check')) {
  const stale = [...files]
    .filter(([path, text]) => !existsSync(path) || readFileSync(path, 'utf8') !== text)
    .map(([path]) => path);
  for (const path of [...stale, ...leftovers])
    console.error(`${path} is not as generated: run npm run generate`);
  process.exitCode = stale.length + leftovers.length > 0 ? 1 : 0;
} else {
  for (const path of leftovers) rmSync(path);
  for (const [path, text] of files) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
  console.error(`${files.size} files written`);
}
