import { randomBytes } from 'node:crypto';
import { link, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { AuditError } from '../errors.js';

/** Longer than any run: GitHub ends a job after six hours. Only where the holder cannot be asked whether it lives. */
const OLDEST = 6 * 3_600_000;
/** A takeover lasts milliseconds. */
const OLDEST_TAKEOVER = 60_000;

interface Holder {
  readonly pid: number;
  readonly host: string;
  readonly createdAt: number;
  /** Tells one holding from another with the same process id. */
  readonly token: string;
}

/** Held by this very process: in a container every run may have the same process id. */
const held = new Set<string>();

/**
 * Takes a lock file or says who holds it. A lock whose process is dead, or which is older than six hours, is taken over.
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
  };
  // Before the file is there: another run in this process must not take it for one left behind.
  held.add(holder.token);
  try {
    if (!(await create(path, holder))) {
      const other = await takeOver(path, holder, now);
      if (other !== 'taken') throw inUse(what, path, other, now);
    }
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
  const isHeld = holder === undefined ? await isYoung(path) : !leftBehind(holder, now);
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

/**
 * Replaces a lock that was left behind, under a lock of its own: of two runs that find the same dead holder, the slower
 * one would otherwise remove the quicker one's fresh lock.
 */
async function takeOver(path: string, holder: Holder, now: number): Promise<'taken' | Holder | undefined> {
  const before = await read(path);
  if (before !== undefined && !leftBehind(before, now)) return before;
  const guard = `${path}.takeover`;
  if (await isOlder(guard, OLDEST_TAKEOVER)) await rm(guard, { force: true });
  if (!(await create(guard, holder))) return before;
  try {
    const other = await read(path);
    if (other !== undefined ? !leftBehind(other, now) : await isYoung(path)) return other;
    await rm(path, { force: true });
    return (await create(path, holder)) ? 'taken' : await read(path);
  } finally {
    await rm(guard, { force: true }).catch(() => {});
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
    typeof holder?.host === 'string' &&
    typeof holder.createdAt === 'number' &&
    typeof holder.token === 'string'
  );
}

function leftBehind(holder: Holder, now: number): boolean {
  if (now - holder.createdAt > OLDEST) return true;
  if (holder.host !== hostname()) return false;
  if (holder.pid === process.pid) return !held.has(holder.token);
  try {
    process.kill(holder.pid, 0);
    return false;
  } catch (error) {
    // EPERM: it lives, and belongs to somebody else.
    return isCode(error, 'ESRCH');
  }
}

async function isOlder(path: string, age: number): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  return found !== undefined && Date.now() - found.mtimeMs > age;
}

/** A lock that cannot be read may just be in the making where there are no links. */
async function isYoung(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  return found !== undefined && Date.now() - found.mtimeMs <= OLDEST_TAKEOVER;
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
