// Bundles the command and the library: one start-up path, the rest in chunks that are loaded on demand.
// At the top stand the licences and the bill of what is bundled. With --types it also writes the declarations that
// `import … from 'c1-audit'` needs.
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { build, version as esbuildVersion } from 'esbuild';
import { compiledSchema } from './compiled-schema.js';
import { bundledPackages, licenceText, sbom } from './sbom.js';

const self = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));

const common = {
  bundle: true,
  platform: 'node',
  target: 'node20',
  minify: true,
  legalComments: 'none',
  define: {
    C1_AUDIT_VERSION: JSON.stringify(self.version),
    C1_AUDIT_HOMEPAGE: JSON.stringify(self.homepage),
  },
  logLevel: 'warning',
};

/**
 * What packages bring for things that are not done here, and who asks for it: commander starts subcommands that are
 * programs of their own (loading node:child_process is a tenth of the start-up time), pino opens files and workers where
 * it is not given a stream.
 */
const UNUSED = { 'node:child_process': 'commander', 'sonic-boom': 'pino', 'thread-stream': 'pino' };

const withoutUnused = {
  name: 'without what is not used',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: new RegExp(`^(${Object.keys(UNUSED).join('|')})$`) }, ({ path, importer }) =>
      importer.split(/[\\/]/).includes(UNUSED[path]) ? { path, namespace: 'nothing' } : undefined,
    );
    onLoad({ filter: /./, namespace: 'nothing' }, () => ({ contents: 'module.exports = class {};' }));
  },
};

rmSync('dist', { recursive: true, force: true });
// ESM alone: every Node that `engines` names takes it from require() as well.
const { metafile } = await build({
  ...common,
  entryPoints: { bin: 'src/cli/bin.ts', index: 'src/index.ts' },
  outdir: 'dist',
  splitting: true,
  metafile: true,
  plugins: [withoutUnused, compiledSchema],
  format: 'esm',
  chunkNames: 'chunks/[name]-[hash]',
  // Some of the bundled packages are CommonJS and call require() for Node's own modules.
  banner: {
    js: "import { createRequire as c1CreateRequire } from 'node:module'; const require = c1CreateRequire(import.meta.url);",
  },
});

const packages = bundledPackages(metafile);
writeFileSync('THIRD_PARTY_LICENSES.txt', licenceText(packages));
writeFileSync('sbom.cdx.json', `${JSON.stringify(sbom(packages, self, esbuildVersion), null, 2)}\n`);

if (process.argv.includes('--types')) {
  const tsc = ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.types.json'];
  const { status } = spawnSync(process.execPath, tsc, { stdio: ['ignore', 2, 2] });
  if (status === 0) dropUnreachable('dist/types', 'src/index.d.ts');
  process.exitCode = status ?? 1;
}

/** The compiler writes a declaration for each source behind the entry; types can be asked for by few of them. */
function dropUnreachable(folder, entry) {
  const reached = new Set();
  const queue = [join(folder, entry)];
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
