import * as files from 'node:fs/promises';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';

/** What the next run does before it takes the lock of a takeover. */
let before: (() => Promise<void>) | undefined;

// Only a run that stops between two calls to the file system shows what they protect.
jest.unstable_mockModule('node:fs/promises', () => ({
  ...files,
  link: async (from: string, to: string) => {
    const stop = to.includes('.takeover.') ? before : undefined;
    if (stop) before = undefined;
    await stop?.();
    return files.link(from, to);
  },
}));
const { takeLock } = await import('../../src/delivery/lock.js');

const NOW = Date.parse('2026-11-24T06:00:00Z');

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'c1-audit-lock-'));
});

afterEach(() => rm(folder, { recursive: true, force: true }));

test('a run that found a dead holder and then slept does not remove the lock of a faster run', async () => {
  const path = join(folder, 'lock');
  const dead = { pid: 2 ** 22 + 1, host: hostname(), createdAt: NOW, token: 'aaaa' };
  await writeFile(path, JSON.stringify(dead));
  const take = () => takeLock(path, { now: NOW, what: 'the state file' });
  let quick: (() => Promise<void>) | undefined;
  let held = '';
  before = async () => {
    quick = await take();
    held = await readFile(path, 'utf8');
  };
  await expect(take()).rejects.toMatchObject({ code: 'state' });
  expect(held).not.toBe('');
  expect(await readFile(path, 'utf8')).toBe(held);
  expect(await readdir(folder)).toEqual(['lock']);
  await quick?.();
  expect(await readdir(folder)).toEqual([]);
});
