// Module hooks of a mutation run: TypeScript is compiled, '@jest/globals' is replaced, and a version in the query of a
// test file's address is handed on to everything it imports, so that a new version loads all of it again.
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { transformSync } from 'esbuild';

const GLOBALS = new URL('./jest-globals.js', import.meta.url).href;
const compiled = new Map();

export async function resolve(specifier, context, next) {
  if (specifier === '@jest/globals') return { url: GLOBALS, shortCircuit: true };
  const { parentURL = '' } = context;
  if (!specifier.startsWith('.') || parentURL.includes('/node_modules/')) return next(specifier, context);
  const url = new URL(specifier, parentURL);
  const typescript = new URL(url.href.replace(/\.js$/, '.ts'));
  const { search } = new URL(parentURL);
  if (!existsSync(url) && existsSync(typescript))
    return { url: typescript.href + search, shortCircuit: true };
  const found = await next(specifier, context);
  return { ...found, url: found.url + search };
}

export async function load(url, context, next) {
  const { pathname, searchParams } = new URL(url);
  if (!pathname.endsWith('.ts')) return next(url, context);
  const path = fileURLToPath(new URL(pathname, 'file://'));
  if (!compiled.has(path)) {
    const { code } = transformSync(readFileSync(path, 'utf8'), {
      loader: 'ts',
      format: 'esm',
      target: 'node20',
      supported: { 'import-attributes': true },
      sourcefile: path,
    });
    compiled.set(path, code);
  }
  const code = compiled.get(path);
  // Stryker's code counts on, for nobody, when it runs mutants: that takes a quarter of the time.
  const source = searchParams.has('count') ? code : code.replace('function cover() {', '$& return;');
  return { format: 'module', source, shortCircuit: true };
}
