// Bundles the command and the library: one start-up path, the rest in chunks that are loaded on demand.
// With --types it also writes the declarations that `import … from 'c1-audit'` needs.
import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { build } from 'esbuild';

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));

rmSync('dist', { recursive: true, force: true });
await build({
  entryPoints: { bin: 'src/cli/bin.ts', index: 'src/index.ts' },
  outdir: 'dist',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  chunkNames: 'chunks/[name]-[hash]',
  minifySyntax: true,
  minifyWhitespace: true,
  legalComments: 'none',
  define: { C1_AUDIT_VERSION: JSON.stringify(version) },
  // Some of the bundled packages are CommonJS and call require() for Node's own modules.
  banner: {
    js: "import { createRequire as c1CreateRequire } from 'node:module'; const require = c1CreateRequire(import.meta.url);",
  },
  logLevel: 'warning',
});

if (process.argv.includes('--types')) {
  const { status } = spawnSync(
    process.execPath,
    ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.types.json'],
    { stdio: ['ignore', 2, 2] },
  );
  process.exitCode = status ?? 1;
}
