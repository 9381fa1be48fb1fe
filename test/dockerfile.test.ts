// What hadolint checks, by reading; and the steps of the build without Docker.
import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { root } from './helpers/package.js';
import { emptyFolder } from './helpers/program.js';

interface Instruction {
  readonly name: string;
  readonly rest: string;
}

/** Instructions with their continued lines joined, comments left out. */
function instructionsOf(text: string): Instruction[] {
  return text
    .replace(/^\s*#.*\n/gm, '')
    .replace(/\\\n\s*/g, '')
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const [, name = '', rest = ''] = /^(\w+)\s+(.*)$/.exec(line) ?? [];
      return { name, rest };
    });
}

const instructions = instructionsOf(readFileSync(join(root, 'Dockerfile'), 'utf8'));
const named = (name: string) => instructions.filter((one) => one.name === name).map(({ rest }) => rest);
const last = instructions.slice(instructions.findLastIndex(({ name }) => name === 'FROM'));
const scripts = named('RUN').join('\n');

describe('the Dockerfile', () => {
  test('uses no instruction but these (DL3020, DL4000)', () => {
    const used = [...new Set(instructions.map(({ name }) => name))].sort();
    expect(used).toEqual(['COPY', 'ENTRYPOINT', 'FROM', 'RUN', 'USER', 'WORKDIR']);
  });

  test('names a small base image with a tag that does not float over majors (DL3006, DL3007)', () => {
    for (const image of named('FROM')) expect(image).toMatch(/^node:\d+-bookworm-slim(?: AS \w+)?$/);
    const major = Number(/^node:(\d+)/.exec(named('FROM').at(-1) ?? '')?.[1]);
    expect(major).toBeGreaterThanOrEqual(20);
  });

  test('ends as a user who is not root, by number (DL3002)', () => {
    const user = last.findLast(({ name }) => name === 'USER')?.rest;
    expect(user).toMatch(/^[1-9]\d*:[1-9]\d*$/);
    expect(last.at(-1)?.name).toBe('ENTRYPOINT');
  });

  test('leaves the program to root, and the data to the user', () => {
    for (const { name, rest } of last) if (name === 'COPY') expect(rest).not.toContain('--chown');
    const user = last.find(({ name }) => name === 'USER')?.rest.split(':')[0];
    expect(scripts).toContain(`install --directory --owner=${user} --group=${user} --mode=0700 /data`);
    expect(last.filter(({ name }) => name === 'WORKDIR').map(({ rest }) => rest)).toEqual(['/data']);
  });

  test('has absolute working directories and an entry point without a shell (DL3000, DL3025)', () => {
    for (const folder of named('WORKDIR')) expect(folder).toMatch(/^\//);
    for (const words of named('ENTRYPOINT')) expect(JSON.parse(words)).toEqual(['c1-audit']);
  });

  test('installs what the lock file says, runs no install script, downloads nothing else (DL3016, DL3004)', () => {
    expect(scripts).toContain('npm ci --ignore-scripts');
    expect(scripts).not.toMatch(/\b(?:npm (?:i|install|add|update)|npx|curl|wget|apt|apt-get|sudo|git)\b/);
  });

  test('copies no file that may hold a secret: what is copied is named, in .dockerignore too', () => {
    const [everything, ...allowed] = readFileSync(join(root, '.dockerignore'), 'utf8')
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'));
    expect(everything).toBe('*');
    expect(
      copiedFromTheClone()
        .map(({ from }) => `!${from}`)
        .sort(),
    ).toEqual(allowed.toSorted());
    for (const { from } of copiedFromTheClone()) expect(existsSync(join(root, from))).toBe(true);
  });
});

function copiedFromTheClone(): { from: string; to: string }[] {
  return named('COPY')
    .filter((rest) => !rest.startsWith('--from='))
    .flatMap((rest) => {
      const words = rest.split(' ');
      const to = words.pop() ?? '';
      return words.map((from) => ({ from, to }));
    });
}

test('the program builds from what is copied, and runs without a place to write', () => {
  const build = emptyFolder();
  for (const { from } of copiedFromTheClone())
    cpSync(join(root, from), join(build, from), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(build, 'node_modules'));
  const [, command = ''] = named('RUN');
  expect(command).toBe('node scripts/build.js && node dist/bin.js --version');
  execFileSync(process.execPath, ['scripts/build.js'], { cwd: build });

  const image = emptyFolder();
  for (const rest of named('COPY').filter((one) => one.startsWith('--from=build '))) {
    const words = rest.split(' ').slice(1);
    const to = words.pop() ?? '';
    for (const from of words) {
      const path = from.replace('/build/', '');
      const place = join(image, to, to.endsWith('/') ? path : '');
      mkdirSync(dirname(place), { recursive: true });
      cpSync(join(build, path), place, { recursive: true });
    }
  }
  const program = join(image, 'opt/c1-audit/dist/bin.js');
  expect(scripts).toContain('ln -s /opt/c1-audit/dist/bin.js /usr/local/bin/c1-audit');
  symlinkSync(program, join(image, 'c1-audit'));
  const empty = emptyFolder();
  chmodSync(empty, 0o500);
  const argv = [join(image, 'c1-audit'), 'demo', '-f', 'json'];
  const stdout = execFileSync(process.execPath, argv, {
    cwd: empty,
    encoding: 'utf8',
    env: { HOME: '/nonexistent' },
  });
  expect(JSON.parse(stdout).coverage.complete).toBe(true);
});
