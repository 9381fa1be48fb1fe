import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { link, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { AuditError } from '../errors.js';

/** Longer than any run: GitHub ends a job after six hours. Another process may have the holder's id by then. */
const OLDEST = 6 * 3_600_000;
/** Whether a process on another host lives cannot be asked. */
const OLDEST_ELSEWHERE = 3_600_000;
/** A lock that cannot be read may just be in the making where there are no links. */
const OLDEST_UNREADABLE = 60_000;
/** One takeover for each run in a row that died inside the one before. */
const MOST_TAKEOVERS = 32;

interface Holder {
  readonly pid: number;
  readonly host: string;
  readonly createdAt: number;
  /** Tells one holding from another with the same process id. */
  readonly token: string;
  /** When the process started, as the system counts it; absent where it does not say. */
  readonly start?: string;
}

/** Held by this very process: in a container every run may have the same process id. */
const held = new Set<string>();

/**
 * Takes a lock file or says who holds it. A lock whose process is dead is taken over, as is one
 * that is older than six hours, or older than an hour and of another host.
 *
 * @param what names the locked thing in the error.
 * @returns gives the lock back; never throws.
 * @throws AuditError `state` where somebody holds it or it cannot be written.
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
  // Before the file is there: another run in this process must not take it for one left behind.
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
      `${what} cannot be locked (${(cause as NodeJS.ErrnoException).code ?? 'unknown error'})`,
      'Name a path in a folder that this user may write to.',
      { cause },
    );
  }
  return async () => {
    if (!held.has(holder.token)) return;
    // Somebody who thought us dead may hold it now.
    if ((await read(path))?.token === holder.token) await rm(path, { force: true }).catch(() => {});
    held.delete(holder.token);
  };
}

/**
 * Says who holds a lock, if anybody does. Touches nothing.
 *
 * @throws AuditError `state` where {@link takeLock} would not get it.
 */
export async function refuseHeld(path: string, { now, what }: { now: number; what: string }): Promise<void> {
  const holder = await read(path);
  const isHeld = holder === undefined ? await isFresh(path) : !leftBehind(holder, now);
  if (isHeld) throw inUse(what, path, holder, now);
}

/** A link appears with its content or not at all: nobody ever reads half a lock. False where one is there already. */
async function create(path: string, holder: Holder): Promise<boolean> {
  const own = `${path}.${holder.token}`;
  await writeFile(own, JSON.stringify(holder), { flag: 'wx', mode: 0o600 });
  try {
    await link(own, path);
    return true;
  } catch (error) {
    if (isCode(error, 'EEXIST')) return false;
    // Some file systems have no links; an exclusive file is the next best, torn only by a crash within it.
    return await writeFile(path, JSON.stringify(holder), { flag: 'wx', mode: 0o600 }).then(
      () => true,
      (refused) => {
        if (isCode(refused, 'EEXIST')) return false;
        throw refused;
      },
    );
  } finally {
    await rm(own, { force: true }).catch(() => {});
  }
}

interface Attempt {
  readonly now: number;
  /** The lock that it is all about. */
  readonly base: string;
  readonly depth: number;
}

/**
 * Creates a lock, replacing one that was left behind under a lock of its own: of two runs that find the same dead holder,
 * the slower one would otherwise remove the quicker one's fresh lock. That second lock is named after the dead holder, and
 * is itself replaced in the same way where its own holder died.
 *
 * @returns who holds it instead, where that can be read
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

/** What runs left beside the lock that died while they took it. */
async function removeLeftovers(path: string, now: number): Promise<void> {
  const folder = dirname(path);
  const leftover = /^(\.takeover(\.[\w-]+)?)?(\.[0-9a-f]{16})?$/;
  for (const name of await readdir(folder).catch(() => [])) {
    if (!name.startsWith(`${basename(path)}.`) || !leftover.test(name.slice(basename(path).length))) continue;
    const file = join(folder, name);
    const holder = await read(file);
    // One that is being written has a holder that lives, or is not a minute old.
    const isLeft = holder === undefined ? !(await isFresh(file)) : leftBehind(holder, now);
    if (isLeft) await rm(file, { force: true }).catch(() => {});
  }
}

async function read(path: string): Promise<Holder | undefined> {
  try {
    const value: unknown = JSON.parse(await readFile(path, 'utf8'));
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
  // A clock that is far ahead made it, or a forger.
  const age = Math.abs(now - holder.createdAt);
  if (holder.host !== hostname()) return age > OLDEST_ELSEWHERE;
  if (age > OLDEST) return true;
  if (holder.pid === process.pid) return !held.has(holder.token);
  try {
    process.kill(holder.pid, 0);
    // The system gives a dead process's id to another.
    const { start } = startOf(holder.pid);
    return start !== undefined && holder.start !== undefined && start !== holder.start;
  } catch (error) {
    // EPERM: it lives, and belongs to somebody else.
    return isCode(error, 'ESRCH');
  }
}

/** Linux alone says it where everybody may read it. */
function startOf(pid: number): { start?: string } {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The 22nd field; the second is the name, which may hold blanks and brackets.
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
    `Wait until it has ended; two runs on one state would each lose the other's news. If no run is under way, remove ${path}.`,
  );
}

function isCode(error: unknown, code: string): boolean {
  return (error as NodeJS.ErrnoException | null)?.code === code;
}
