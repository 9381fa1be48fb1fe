import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { emptyFolder } from './program.js';

export const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');

/**
 * The first lines of an executable script for this Node.js, whose path may hold spaces: the shell skips the first word
 * and runs Node.js on the file, which takes both for a string and a comment.
 */
export const NODE_SCRIPT = `#!/bin/sh\n':' //; exec '${process.execPath}' "$0" "$@"`;

export interface InstalledPackage {
  readonly tarball: string;
  /** Holds nothing but the package. */
  readonly folder: string;
}

/** The package as npm would publish it, installed in an empty folder, with no network to get more from. */
export function installPackage(): InstalledPackage {
  const folder = emptyFolder();
  // `npm test` has built dist already; packing must not build it again under other tests.
  const packed = execFileSync('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', folder], {
    cwd: root,
    encoding: 'utf8',
  });
  const tarball = join(folder, (JSON.parse(packed) as { filename: string }[])[0]?.filename ?? '');
  writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "module" }');
  execFileSync('npm', ['install', '--offline', '--no-audit', '--no-fund', tarball], {
    cwd: folder,
    stdio: 'pipe',
  });
  return { tarball, folder };
}

/**
 * A folder with the files and the command of the package, as if it were installed: npm takes seconds, and packed.test.ts
 * holds that it comes to the same.
 */
export function unpackedPackage(): string {
  const folder = emptyFolder();
  const target = join(folder, 'node_modules/c1-audit');
  const { files, bin } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  for (const name of ['package.json', ...files])
    cpSync(join(root, name), join(target, name), { recursive: true });
  mkdirSync(join(folder, 'node_modules/.bin'));
  chmodSync(join(target, bin['c1-audit']), 0o755);
  symlinkSync(join('../c1-audit', bin['c1-audit']), join(folder, 'node_modules/.bin/c1-audit'));
  return folder;
}

/** The environment without what the test's own npm and Node.js brought along, and with the package's command. */
export function shellEnvironment(folder: string, more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  const plain = Object.entries(process.env).filter(
    ([name]) => !/^(npm_|NODE_OPTIONS$|GITHUB_|CI$|CONDUCTORONE_|C1_AUDIT_|SLACK_)/.test(name),
  );
  const PATH = `${join(folder, 'node_modules/.bin')}${delimiter}${process.env.PATH}`;
  return { ...Object.fromEntries(plain), PATH, ...more };
}

export function run(command: string, args: readonly string[], cwd: string, env = shellEnvironment(cwd)) {
  return spawnSync(command, args, { cwd, encoding: 'utf8', env, maxBuffer: 64 * 1024 * 1024 });
}
