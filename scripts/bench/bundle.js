// Parts of the sources as modules that Node.js can load.
import { readFileSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** Bundles what `contents` exports, its paths being relative to the project. Gives the address to import it from. */
export async function bundleFile(name, contents) {
  const { version, homepage } = JSON.parse(readFileSync(`${root}package.json`, 'utf8'));
  const outfile = `${root}node_modules/.cache/c1-audit/bench/${name}.mjs`;
  await build({
    absWorkingDir: root,
    stdin: { contents, resolveDir: root, loader: 'ts' },
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    define: { C1_AUDIT_VERSION: JSON.stringify(version), C1_AUDIT_HOMEPAGE: JSON.stringify(homepage) },
    banner: {
      js: "import { createRequire as c1CreateRequire } from 'node:module'; const require = c1CreateRequire(import.meta.url);",
    },
    logLevel: 'warning',
  });
  return pathToFileURL(outfile).href;
}

export async function bundle(name, contents) {
  return import(await bundleFile(name, contents));
}
