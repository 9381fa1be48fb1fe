// Bundles the command and the library into dist: bin.js, which holds help and the like ready, the program, and chunks that
// are loaded on demand. All of it is CommonJS: Node.js starts it in less time than ESM, and everybody can load it.
// Code of ours keeps its names and lines and has source maps, so that a reader can compare it with src/ and a stack trace can
// name its files. Also writes the licences and the SBOM of what is bundled and, with --types, the declarations that
// `import … from 'c1-audit'` needs.
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join, normalize, resolve } from 'node:path';
import { PassThrough } from 'node:stream';
import { compileFunction } from 'node:vm';
import { decode, encode } from '@jridgewell/sourcemap-codec';
import { build, version as esbuildVersion, transform } from 'esbuild';
import { bundledPackages, licenceText, sbom } from './sbom.js';

const self = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));

const common = {
  bundle: true,
  platform: 'node',
  target: 'node20',
  legalComments: 'none',
  define: {
    C1_AUDIT_VERSION: JSON.stringify(self.version),
    C1_AUDIT_HOMEPAGE: JSON.stringify(self.homepage),
    'import.meta.filename': '__filename',
    'import.meta.dirname': '__dirname',
  },
  outdir: 'dist',
  sourcemap: 'linked',
  sourcesContent: false,
  logLevel: 'warning',
};

/**
 * Modules that packages load for features c1-audit does not use, with the package that loads them: commander starts
 * subcommands that are separate programs (loading node:child_process is a tenth of the start-up time), pino opens files
 * and workers if it is not given a stream.
 */
const UNUSED = { 'node:child_process': 'commander', 'sonic-boom': 'pino', 'thread-stream': 'pino' };

const withoutUnused = {
  name: 'leave out what is not used',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: new RegExp(`^(${Object.keys(UNUSED).join('|')})$`) }, ({ path, importer }) =>
      importer.split(/[\\/]/).includes(UNUSED[path]) ? { path, namespace: 'nothing' } : undefined,
    );
    onLoad({ filter: /./, namespace: 'nothing' }, () => ({ contents: 'module.exports = class {};' }));
  },
};

/** A source map that maps nothing but the very beginning. */
const EMPTY_MAP = Buffer.from('{"version":3,"sources":[""],"mappings":"AAAA"}').toString('base64');

/**
 * Source maps cover our own code only: those of the packages would be twice as large as ours. For the same reason the
 * packages have short names inside; whitespace stays, as a map covers the first line.
 */
const packagesUnmapped = {
  name: 'small packages without source maps',
  setup({ onLoad }) {
    onLoad({ filter: /[\\/]node_modules[\\/].*\.[cm]?js$/ }, async ({ path }) => ({
      contents: `${await withShortNames(path)}
//# sourceMappingURL=data:application/json;base64,${EMPTY_MAP}`,
    }));
  },
};

/**
 * Has everything that a module imports in few chunks, as each takes time to load: whatever is loaded on demand imports it,
 * so that esbuild has no reason to set parts of it aside.
 */
function togetherWith(core, { inputs }) {
  const isDynamic = ({ kind }) => kind === 'dynamic-import';
  const reached = new Set([core]);
  for (const file of reached)
    for (const one of inputs[file]?.imports ?? []) if (!isDynamic(one)) reached.add(one.path);
  const onDemand = Object.values(inputs)
    .flatMap(({ imports }) => imports.filter(isDynamic).map(({ path }) => path))
    .filter((path) => path.startsWith('src/') && !reached.has(path))
    .map((path) => resolve(path));
  return {
    name: `together with ${core}`,
    setup({ onLoad }) {
      onLoad({ filter: /\.ts$/ }, async ({ path }) =>
        onDemand.includes(path)
          ? {
              loader: 'ts',
              contents: `${await readFile(path, 'utf8')}\nimport ${JSON.stringify(resolve(core))};`,
            }
          : undefined,
      );
    },
  };
}

rmSync('dist', { recursive: true, force: true });
// esbuild splits ESM only.
const split = {
  ...common,
  entryPoints: { process: 'src/cli/process.ts', index: 'src/index.ts', testing: 'src/testing.ts' },
  splitting: true,
  metafile: true,
  format: 'esm',
  chunkNames: 'chunks/[name]-[hash]',
};
const { metafile: graph } = await build({ ...split, write: false });
const { metafile } = await build({
  ...split,
  plugins: [withoutUnused, packagesUnmapped, togetherWith('src/cli/commands/audit.ts', graph)],
});

for (const file of Object.keys(metafile.outputs).filter((name) => name.endsWith('.js')))
  writeFileSync(file, toCommonJs(readFileSync(file, 'utf8'), file));
await minifyPackages(metafile);
writeFileSync('dist/package.json', '{"type":"commonjs"}\n');

await build({
  ...common,
  define: { ...common.define, C1_AUDIT_ANSWERS: JSON.stringify(await answers()) },
  entryPoints: { bin: 'src/cli/bin.ts' },
  external: ['./process.js'],
  format: 'esm',
});
writeFileSync('dist/bin.js', toCommonJs(readFileSync('dist/bin.js', 'utf8'), 'dist/bin.js'));

coarsenMaps('dist');

const packages = bundledPackages(metafile);
writeFileSync('THIRD_PARTY_LICENSES.txt', licenceText(packages));
writeFileSync('sbom.cdx.json', `${JSON.stringify(sbom(packages, self, esbuildVersion), null, 2)}\n`);

if (process.argv.includes('--types')) {
  const tsc = ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.types.json'];
  const { status } = spawnSync(process.execPath, tsc, { stdio: ['ignore', 2, 2] });
  if (status === 0) dropUnreachable('dist/types', ['src/index.d.ts', 'src/testing.d.ts']);
  process.exitCode = status ?? 1;
}

async function withShortNames(path) {
  const { code } = await transform(await readFile(path, 'utf8'), {
    minifyIdentifiers: true,
    minifySyntax: true,
    target: common.target,
    legalComments: 'none',
  });
  return code;
}

/** Chunks without code of ours: nobody compares them with src/, and they are half of the package. */
async function minifyPackages({ outputs }) {
  for (const [file, { inputs }] of Object.entries(outputs)) {
    const sources = Object.keys(inputs);
    if (!sources.length || !sources.every((source) => source.startsWith('node_modules/'))) continue;
    const { code } = await transform(readFileSync(file, 'utf8'), {
      minify: true,
      format: 'cjs',
      target: common.target,
      legalComments: 'none',
    });
    writeFileSync(file, code);
    rmSync(`${file}.map`);
  }
}

/**
 * A chunk as CommonJS, line by line: chunks never load each other in a circle, and what they export never changes.
 *
 * @throws SyntaxError for a statement of ESM that is not expected
 */
function toCommonJs(code, file) {
  const named = (list) => list.replace(/(\S+) as (\w+)/g, '$1: $2');
  const converted = code
    .replace(
      /^import \{([^}]*)\} from ("[^"]+")/gm,
      (_, list, from) => `const {${named(list)}} = require(${from})`,
    )
    .replace(/^import (?:\* as )?(\w+) from ("[^"]+")/gm, 'const $1 = require($2)')
    .replace(/^import ("[^"]+")/gm, 'require($1)')
    .replace(/^export default (.*);$/gm, 'module.exports = { default: $1 };')
    .replace(
      /^export \{([^}]*)\};$/gm,
      (_, list) => `module.exports = {${list.replace(/(\S+) as (\w+)/g, '$2: $1')}};`,
    )
    .replace(/\bimport\(("(?:\.|node:)[^"]+")\)/g, 'Promise.resolve().then(() => require($1))');
  const strict = converted.replace(/^(#!.*\n)?/, '$&"use strict";');
  compileFunction(strict, [], { filename: file });
  return strict;
}

/** Maps name files and lines: columns and names within a line would take another 150 kB of the package. */
function coarsenMaps(folder) {
  for (const name of readdirSync(folder, { recursive: true })) {
    if (!name.endsWith('.map')) continue;
    const path = join(folder, name);
    const map = JSON.parse(readFileSync(path, 'utf8'));
    const lines = decode(map.mappings).map((line) =>
      line
        .filter(([, file, at], index) => file !== line[index - 1]?.[1] || at !== line[index - 1]?.[2])
        .map((segment) => segment.slice(0, 4)),
    );
    writeFileSync(path, JSON.stringify({ ...map, names: [], mappings: encode(lines) }));
  }
}

/** What the program itself prints where the arguments alone decide it: bin.js prints it without the program. */
async function answers() {
  const { main } = await import('../dist/process.js');
  const commands = await completed(main, '');
  const shells = await completed(main, 'completion', '');
  const same = [
    [['--version'], ['-V']],
    [['--help'], ['-h'], ['help']],
    ...commands.map((name) => [
      [name, '--help'],
      [name, '-h'],
      ['help', name],
    ]),
    ...shells.map((shell) => [['completion', shell]]),
  ];
  const texts = await Promise.all(same.map(([argv]) => textsOf(main, argv)));
  const at = same.flatMap((spellings, index) => spellings.map((argv) => [argv.join('\0'), index]));
  return { at: Object.fromEntries(at), texts };
}

/** The text at 80 columns, and the one that is never wrapped, with the narrowest terminal that shows it. */
async function textsOf(main, argv) {
  const unwrapped = await printed(main, argv, 1000);
  let [from, enough] = [80, 1000];
  while (from < enough) {
    const middle = (from + enough) >> 1;
    if ((await printed(main, argv, middle)) === unwrapped) enough = middle;
    else from = middle + 1;
  }
  return { at80: await printed(main, argv, 80), unwrapped, from };
}

/** What completes the last word. */
async function completed(main, ...words) {
  const lines = (await printed(main, ['complete', '--', ...words], 80)).trim().split('\n');
  return lines.map((line) => line.split('\t')[0]);
}

/** What the program prints in a terminal of so many columns. */
async function printed(main, argv, columns) {
  const stdout = Object.assign(new PassThrough(), { isTTY: true, columns });
  const io = { env: {}, cwd: '.', stdout, stderr: process.stderr, now: Date.now };
  const code = await main(argv, io);
  if (code !== 0) throw new Error(`c1-audit ${argv.join(' ')} ended with ${code}.`);
  return stdout.read().toString();
}

/** The compiler writes a declaration for each source behind the entry; users can reach the types of few of them. */
function dropUnreachable(folder, entries) {
  const reached = new Set();
  const queue = entries.map((entry) => join(folder, entry));
  for (let path = queue.pop(); path !== undefined; path = queue.pop()) {
    if (reached.has(path)) continue;
    reached.add(path);
    for (const [, target] of readFileSync(path, 'utf8').matchAll(
      /(?:from|import\()\s*['"](\.[^'"]+)\.js['"]/g,
    ))
      queue.push(normalize(join(dirname(path), `${target}.d.ts`)));
  }
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile() && !reached.has(path)) rmSync(path);
  }
}
