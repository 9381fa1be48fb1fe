import { readFileSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { refuseHeld, takeLock } from '../../src/delivery/lock.js';
import type { AuditError } from '../../src/errors.js';

const NOW = Date.parse('2026-11-24T06:00:00Z');
const HOUR = 3_600_000;
const DEAD = 2 ** 22 + 1;
const WHAT = { now: NOW, what: 'the state file' };

let folder: string;
let path: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'c1-audit-lock-'));
  path = join(folder, 'lock');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const holder = (over: object = {}) => ({
  pid: process.ppid,
  host: hostname(),
  createdAt: NOW,
  token: 'aaaa',
  ...over,
});
const put = async (content: unknown, at = path, seconds = 0) => {
  await writeFile(at, typeof content === 'string' ? content : JSON.stringify(content));
  const time = Date.now() / 1000 - seconds;
  if (seconds > 0) await utimes(at, time, time);
};
const failure = (work: Promise<unknown>): Promise<AuditError> =>
  work.then(
    () => undefined as never,
    (error: AuditError) => error,
  );
/** Whether the lock can be had; it is given back. */
async function isFree(): Promise<boolean> {
  const refused = await refuseHeld(path, WHAT).then(
    () => false,
    () => true,
  );
  const release = await takeLock(path, WHAT).catch(() => undefined);
  await release?.();
  expect(refused).toBe(release === undefined);
  return release !== undefined;
}
const startOf = (pid: number) =>
  readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ')[19] ?? '';

describe('a lock', () => {
  test('says who holds it, and is gone when it is given back', async () => {
    const release = await takeLock(path, WHAT);
    expect(await readdir(folder)).toEqual(['lock']);
    expect(JSON.parse(await readFile(path, 'utf8'))).toMatchObject({
      pid: process.pid,
      host: hostname(),
      createdAt: NOW,
      token: expect.stringMatching(/^[0-9a-f]{16}$/),
    });
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    await release();
    expect(await readdir(folder)).toEqual([]);
    // Giving it back twice does not take it from the next one.
    const next = await takeLock(path, WHAT);
    await release();
    expect(await readdir(folder)).toEqual(['lock']);
    await next();
  });

  test('is held against this process as well, in words that say what to do', async () => {
    const release = await takeLock(path, WHAT);
    const later = { ...WHAT, now: NOW + 1499 };
    for (const attempt of [takeLock, refuseHeld])
      expect(await failure(attempt(path, later))).toMatchObject({
        code: 'state',
        message: `another run is using the state file (process ${process.pid} on ${JSON.stringify(hostname())}, since 1 s)`,
        hint: `Wait until it has ended: two runs with one state would lose each other's news. If no other run is active, remove ${path}.`,
      });
    await release();
    expect(await isFree()).toBe(true);
  });

  test('of a clock that is behind is not held for less than no time', async () => {
    await put(holder({ createdAt: NOW + 60_000 }));
    expect((await failure(takeLock(path, WHAT))).message).toContain(', since 0 s)');
  });

  test('that somebody else has taken over meanwhile stays theirs', async () => {
    const release = await takeLock(path, WHAT);
    await put(holder());
    await release();
    expect(JSON.parse(await readFile(path, 'utf8'))).toEqual(holder());
  });

  test('cannot be had where no file can be written', async () => {
    expect(await failure(takeLock(join(folder, 'no', 'lock'), WHAT))).toMatchObject({
      code: 'state',
      message: 'the state file cannot be locked (ENOENT)',
      hint: 'Check disk space, or choose a path in a directory that this user can write to.',
      cause: { code: 'ENOENT' },
    });
  });
});

describe('a lock that is there already', () => {
  test.each<[string, object, boolean]>([
    ['a live process', {}, false],
    ['a live process, six hours old', { createdAt: NOW - 6 * HOUR }, false],
    ['a live process, older than six hours', { createdAt: NOW - 6 * HOUR - 1 }, true],
    ['a live process, six hours ahead', { createdAt: NOW + 6 * HOUR }, false],
    ['a live process, further ahead', { createdAt: NOW + 6 * HOUR + 1 }, true],
    ['another host, an hour old', { host: 'other', pid: DEAD, createdAt: NOW - HOUR }, false],
    ['another host, older than an hour', { host: 'other', createdAt: NOW - HOUR - 1 }, true],
    ['another host, an hour ahead', { host: 'other', createdAt: NOW + HOUR }, false],
    ['another host, further ahead', { host: 'other', createdAt: NOW + HOUR + 1 }, true],
    ['a dead process', { pid: DEAD }, true],
    ['an earlier process with the id of this one', { pid: process.pid }, true],
  ])('of %s', async (_, over, free) => {
    await put(holder(over));
    expect(await isFree()).toBe(free);
  });

  const onLinux = process.platform === 'linux' ? test : test.skip;
  onLinux('of a process whose id was used before is free', async () => {
    await put(holder({ start: startOf(process.ppid) }));
    expect(await isFree()).toBe(false);
    await put(holder({ start: '1' }));
    expect(await isFree()).toBe(true);
  });

  onLinux('says when its process started', async () => {
    const release = await takeLock(path, WHAT);
    expect(JSON.parse(await readFile(path, 'utf8')).start).toBe(startOf(process.pid));
    await release();
  });

  const OTHER = { host: 'other' };
  test.each<[string, unknown]>([
    ['not JSON', '{'],
    ['null', 'null'],
    ['a text', '"x"'],
    ['a broken process id', holder({ ...OTHER, pid: 1.5 })],
    ['no process id', holder({ ...OTHER, pid: undefined })],
    ['process 0', holder({ ...OTHER, pid: 0 })],
    ['a host that is no text', holder({ host: 7 })],
    ['a time that is none', holder({ ...OTHER, createdAt: '2026' })],
    ['no token', holder({ ...OTHER, token: undefined })],
    ['an empty token', holder({ ...OTHER, token: '' })],
    ['a token that leads elsewhere', holder({ ...OTHER, token: '../a' })],
    ['a token that begins well', holder({ ...OTHER, token: 'a/' })],
    ['a token of 65 characters', holder({ ...OTHER, token: 'a'.repeat(65) })],
  ])('with %s counts for a minute after it was written', async (_, content) => {
    await put(content, path, 58);
    expect(await isFree()).toBe(false);
    const { message } = await failure(takeLock(path, WHAT));
    expect(message).toBe('another run is using the state file');
    await put(content, path, 61);
    expect(await isFree()).toBe(true);
  });

  test('with a token of 64 characters is read', async () => {
    await put(holder({ ...OTHER, token: 'a'.repeat(64) }), path, 61);
    expect(await isFree()).toBe(false);
  });
});

describe('a takeover', () => {
  const guard = (token: string) => `${path}.takeover.${token}`;
  const dead = (token: string) => holder({ pid: DEAD, token });

  test('leaves nothing behind but the new lock', async () => {
    await put(dead('aaaa'));
    const release = await takeLock(path, WHAT);
    expect(await readdir(folder)).toEqual(['lock']);
    expect(JSON.parse(await readFile(path, 'utf8')).pid).toBe(process.pid);
    await release();
  });

  test('of a lock that cannot be read has a guard of its own', async () => {
    await put('', path, 61);
    await put(holder({ token: 'bbbb' }), guard('unreadable'));
    expect((await failure(takeLock(path, WHAT))).message).toContain(`process ${process.ppid}`);
    expect((await readdir(folder)).sort()).toEqual(['lock', 'lock.takeover.unreadable']);
  });

  test('that another run is in the middle of is left to it', async () => {
    await put(dead('aaaa'));
    await put(holder({ token: 'bbbb' }), guard('aaaa'));
    expect((await failure(takeLock(path, WHAT))).message).toContain(`process ${process.ppid}`);
    await put('', guard('aaaa'));
    // Who is about to take it cannot be read yet.
    expect((await failure(takeLock(path, WHAT))).message).toContain(`process ${DEAD}`);
    expect((await readdir(folder)).sort()).toEqual(['lock', 'lock.takeover.aaaa']);
  });

  test.each([
    [32, true],
    [33, false],
  ])('goes on from %d runs that died in it: %s', async (count, free) => {
    await put(dead('t0'));
    for (let n = 0; n < count - 1; n += 1) await put(dead(`t${n + 1}`), guard(`t${n}`));
    const release = await takeLock(path, WHAT).catch(() => undefined);
    expect(release !== undefined).toBe(free);
    if (free) expect(await readdir(folder)).toEqual(['lock']);
    await release?.();
  });

  test('cleans up after runs that died while they took the lock, and nothing else', async () => {
    const hex = '0123456789abcdef';
    for (const name of [`lock.${hex}`, 'lock.takeover', 'lock.takeover.aaaa', `lock.takeover.aaaa.${hex}`])
      await put(dead('aaaa'), join(folder, name));
    await put('', join(folder, 'lock.fedcba9876543210'), 61);
    const kept: [string, unknown][] = [
      ['lock.1111111111111111', holder({ token: 'bbbb' })],
      ['lock.2222222222222222', ''],
      ['lock.notes', dead('aaaa')],
      [`lock.${hex}0`, dead('aaaa')],
      [`lock.x.${hex}`, dead('aaaa')],
      [`block.${hex}`, dead('aaaa')],
      ['lockstep', dead('aaaa')],
    ];
    for (const [name, content] of kept) await put(content, join(folder, name));
    const release = await takeLock(path, WHAT);
    expect((await readdir(folder)).sort()).toEqual(['lock', ...kept.map(([name]) => name)].sort());
    await release();
  });
});
