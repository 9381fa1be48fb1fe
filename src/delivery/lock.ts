import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { link, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { AuditError, codeOf } from '../errors.js';
import { readAtOnce } from './files.js';

/**
 * Takes a lock file, or reports who holds it. A lock is taken over if its process is dead, if it is older than six hours,
 * or if it is of another host and older than an hour.
 *
 * @param what names the locked thing in the error
 * @returns releases the lock; never throws
 * @throws AuditError `state` if somebody holds it or it cannot be written
 */
export async function takeLock(
  path: string,
  { now, what }: { now: number; what: string },
): Promise<() => Promise<void>> {
  const holder: Holder = {
    pid: process.pid,
    host: hostname(),
    createdAt: now,
    token: randomBytes(8).toString('hex'),
    ...startOf(process.pid),
  };
  // Before the file exists: another run in this process must not take it for one left behind.
  held.add(holder.token);
  try {
    const other = await acquire(path, holder, { now, base: path, depth: 0 });
    if (other !== 'taken') throw inUse(what, path, other, now);
    await removeLeftovers(path, now);
  } catch (cause) {
    held.delete(holder.token);
    if (cause instanceof AuditError) throw cause;
    throw new AuditError(
      'state',
      `${what} cannot be locked (${codeOf(cause)})`,
      'Check disk space, or choose a path in a directory that this user can write to.',
      { cause },
    );
  }
  return async () => {
    if (!held.has(holder.token)) return;
    // Somebody may have taken it over.
    if ((await read(path))?.token === holder.token) await rm(path, { force: true }).catch(() => {});
    held.delete(holder.token);
  };
}

/**
 * Changes nothing.
 *
 * @throws AuditError `state` if {@link takeLock} would not get the lock
 */
export async function refuseHeld(path: string, { now, what }: { now: number; what: string }): Promise<void> {
  const holder = await read(path);
  const isHeld = holder === undefined ? await isFresh(path) : !leftBehind(holder, now);
  if (isHeld) throw inUse(what, path, holder, now);
}

/** Longer than any run: GitHub ends a job after six hours. Another process may have the holder's id then. */
const OLDEST = 6 * 3_600_000;
/** It is not known whether a process on another host is alive. */
const OLDEST_ELSEWHERE = 3_600_000;
/** Without links, a lock that cannot be read may just be being written. */
const OLDEST_UNREADABLE = 60_000;
/** One takeover for each run that died while it took over from the one before. */
const MOST_TAKEOVERS = 32;

interface Holder {
  readonly pid: number;
  readonly host: string;
  readonly createdAt: number;
  /** Distinguishes two locks with the same process id. */
  readonly token: string;
  /** When the process started, in the system's own count; absent if the system does not say. */
  readonly start?: string;
}

/** Tokens of locks that this process holds: in a container every run may have the same process id. */
const held = new Set<string>();

/** A link appears with its content or not at all, so nobody reads half a lock. False if there is a lock already. */
async function create(path: string, holder: Holder): Promise<boolean> {
  const own = `${path}.${holder.token}`;
  try {
    await writeFile(own, JSON.stringify(holder), { flag: 'wx', mode: 0o600 });
    return await linkTo(own, path, holder);
  } finally {
    await rm(own, { force: true }).catch(() => {});
  }
}

async function linkTo(own: string, path: string, holder: Holder): Promise<boolean> {
  try {
    await link(own, path);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    // Some file systems have no links. Only a crash while it is written leaves an exclusive file incomplete.
    return await writeFile(path, JSON.stringify(holder), { flag: 'wx', mode: 0o600 }).then(
      () => true,
      (refused) => {
        if (codeOf(refused) === 'EEXIST') return false;
        throw refused;
      },
    );
  }
}

interface Attempt {
  readonly now: number;
  /** The lock that is wanted in the end. */
  readonly base: string;
  readonly depth: number;
}

/**
 * Creates a lock and replaces one that was left behind. The replacement has a lock of its own: of two runs that find the
 * same dead holder, the slower one would otherwise remove the new lock of the faster one. This second lock is named after
 * the dead holder, and is replaced in the same way if its own holder died.
 *
 * @returns who holds it instead, if that can be read
 */
async function acquire(
  path: string,
  holder: Holder,
  attempt: Attempt,
): Promise<'taken' | Holder | undefined> {
  if (await create(path, holder)) return 'taken';
  const { now, base, depth } = attempt;
  const before = await read(path);
  const isHeld = before === undefined ? await isFresh(path) : !leftBehind(before, now);
  if (isHeld || depth === MOST_TAKEOVERS) return before;
  const guard = `${base}.takeover.${before?.token ?? 'unreadable'}`;
  const guarded = await acquire(guard, holder, { ...attempt, depth: depth + 1 });
  if (guarded !== 'taken') return guarded ?? before;
  try {
    const other = await read(path);
    if (other?.token !== before?.token || (other === undefined && (await isFresh(path)))) return other;
    await rm(path, { force: true });
    return (await create(path, holder)) ? 'taken' : await read(path);
  } finally {
    await rm(guard, { force: true }).catch(() => {});
  }
}

/** Removes files of runs that died while they took the lock. */
async function removeLeftovers(path: string, now: number): Promise<void> {
  const folder = dirname(path);
  const leftover = /^(\.takeover(\.[\w-]+)?)?(\.[0-9a-f]{16})?$/;
  for (const name of await readdir(folder).catch(() => [])) {
    if (!name.startsWith(`${basename(path)}.`) || !leftover.test(name.slice(basename(path).length))) continue;
    const file = join(folder, name);
    const holder = await read(file);
    // A file that is being written has a live holder, or is less than a minute old.
    const isLeft = holder === undefined ? !(await isFresh(file)) : leftBehind(holder, now);
    if (isLeft) await rm(file, { force: true }).catch(() => {});
  }
}

async function read(path: string): Promise<Holder | undefined> {
  try {
    const value: unknown = JSON.parse(String(await readAtOnce(path)));
    return isHolder(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isHolder(value: unknown): value is Holder {
  const holder = value as Partial<Holder> | null;
  return (
    typeof holder === 'object' &&
    Number.isSafeInteger(holder?.pid) &&
    Number(holder?.pid) > 0 &&
    typeof holder?.host === 'string' &&
    typeof holder.createdAt === 'number' &&
    typeof holder.token === 'string' &&
    /^[\w-]{1,64}$/.test(holder.token)
  );
}

function leftBehind(holder: Holder, now: number): boolean {
  // A time in the future is from a wrong clock, or forged.
  const age = Math.abs(now - holder.createdAt);
  if (holder.host !== hostname()) return age > OLDEST_ELSEWHERE;
  if (age > OLDEST) return true;
  if (holder.pid === process.pid) return !held.has(holder.token);
  try {
    process.kill(holder.pid, 0);
    // The system reuses the ids of dead processes.
    const { start } = startOf(holder.pid);
    return start !== undefined && holder.start !== undefined && start !== holder.start;
  } catch (error) {
    // EPERM: it is alive and belongs to another user.
    return codeOf(error) === 'ESRCH';
  }
}

/** Only Linux makes it readable for everybody. */
function startOf(pid: number): { start?: string } {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The 22nd field. The second is the name, which may hold spaces and brackets.
    const start = text.slice(text.lastIndexOf(')') + 2).split(' ')[19];
    return start === undefined ? {} : { start };
  } catch {
    return {};
  }
}

async function isFresh(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  return found !== undefined && Date.now() - found.mtimeMs <= OLDEST_UNREADABLE;
}

function inUse(what: string, path: string, holder: Holder | undefined, now: number): AuditError {
  const by =
    holder === undefined
      ? ''
      : ` (process ${holder.pid} on ${JSON.stringify(holder.host)}, since ${Math.max(0, Math.round((now - holder.createdAt) / 1000))} s)`;
  return new AuditError(
    'state',
    `another run is using ${what}${by}`,
    `Wait until it has ended: two runs with one state would lose each other's news. If no other run is active, remove ${path}.`,
  );
}
