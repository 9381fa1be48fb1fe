// Bundles the command and the library: one start-up path, the rest in chunks that are loaded on demand.
// With --types it also writes the declarations that `import … from 'c1-audit'` needs.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { build } from 'esbuild';

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));

const common = {
  bundle: true,
  platform: 'node',
  target: 'node20',
  minifySyntax: true,
  minifyWhitespace: true,
  legalComments: 'none',
  define: { C1_AUDIT_VERSION: JSON.stringify(version) },
  logLevel: 'warning',
};

rmSync('dist', { recursive: true, force: true });
await Promise.all([
  build({
    ...common,
    entryPoints: { bin: 'src/cli/bin.ts', index: 'src/index.ts' },
    outdir: 'dist',
    splitting: true,
    format: 'esm',
    chunkNames: 'chunks/[name]-[hash]',
    // Some of the bundled packages are CommonJS and call require() for Node's own modules.
    banner: {
      js: "import { createRequire as c1CreateRequire } from 'node:module'; const require = c1CreateRequire(import.meta.url);",
    },
  }),
  // The library alone, for plug-ins and programs that are CommonJS.
  build({ ...common, entryPoints: ['src/index.ts'], outfile: 'dist/cjs/index.js', format: 'cjs' }),
]);
mkdirSync('dist/cjs', { recursive: true });
writeFileSync('dist/cjs/package.json', '{ "type": "commonjs" }\n');

if (process.argv.includes('--types')) {
  const { status } = spawnSync(
    process.execPath,
    ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.types.json'],
    {
      stdio: ['ignore', 2, 2],
    },
  );
  // The same declarations, where TypeScript takes them for CommonJS.
  if (status === 0) cpSync('dist/types', 'dist/cjs/types', { recursive: true });
  process.exitCode = status ?? 1;
}
