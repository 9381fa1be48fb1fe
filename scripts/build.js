// Bundles the command and the library: one start-up path, the rest in chunks that are loaded on demand.
// With --types it also writes the declarations that `import … from 'c1-audit'` needs.
import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { build } from 'esbuild';

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));

const common = {
  bundle: true,
  platform: 'node',
  target: 'node20',
  minify: true,
  legalComments: 'none',
  define: { C1_AUDIT_VERSION: JSON.stringify(version) },
  logLevel: 'warning',
};

/**
 * commander loads node:child_process for subcommands that are programs of their own. Ours are not, and loading it is a
 * tenth of the start-up time.
 */
const withoutChildProcess = {
  name: 'commander-without-child-process',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^node:child_process$/ }, ({ importer }) =>
      /node_modules[\\/]commander[\\/]/.test(importer) ? { path: 'none', namespace: 'nothing' } : undefined,
    );
    onLoad({ filter: /^none$/, namespace: 'nothing' }, () => ({ contents: 'module.exports = {};' }));
  },
};

rmSync('dist', { recursive: true, force: true });
// ESM alone: every Node that `engines` names takes it from require() as well.
await build({
  ...common,
  entryPoints: { bin: 'src/cli/bin.ts', index: 'src/index.ts' },
  outdir: 'dist',
  splitting: true,
  plugins: [withoutChildProcess],
  format: 'esm',
  chunkNames: 'chunks/[name]-[hash]',
  // Some of the bundled packages are CommonJS and call require() for Node's own modules.
  banner: {
    js: "import { createRequire as c1CreateRequire } from 'node:module'; const require = c1CreateRequire(import.meta.url);",
  },
});

if (process.argv.includes('--types')) {
  const tsc = ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.types.json'];
  const { status } = spawnSync(process.execPath, tsc, { stdio: ['ignore', 2, 2] });
  process.exitCode = status ?? 1;
}
