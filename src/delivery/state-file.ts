import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { describeFlaws, flawsOf, isMapping } from '../check.js';
import { STATE, STATE_VERSION, type State } from '../engine/state.js';
import { AuditError } from '../errors.js';
import { refuseHeld, takeLock } from './lock.js';
import { linkedPath, makeDirectory } from './output.js';

/** The state file of one run: read, and held against other runs until it is released. */
export interface StateFile {
  /** undefined: there is no file yet. */
  readonly state: State | undefined;
  /**
   * Replaces the file whole: whoever reads it, at any moment and after any crash, finds the old state or the new one.
   *
   * @throws AuditError `delivery` where it cannot be written.
   */
  save(state: State): Promise<void>;
  /** Lets other runs have it. Never throws; safe to call twice. */
  release(): Promise<void>;
}

/** What a state file is opened for. */
export interface StateUse {
  readonly tenant: string;
  /** Milliseconds since the epoch: to tell a lock that somebody left behind. */
  readonly now: number;
  /** The audit's own clock, in milliseconds since the epoch: no state comes from later than that. */
  readonly asOf: number;
  /** Seals the file; undefined: no seal. */
  readonly key: string | undefined;
}

/**
 * Takes the lock on a state file and reads it. The folder is made where it is missing. A file that cannot be trusted is
 * left as it is, byte for byte.
 *
 * @param path absolute.
 * @throws AuditError `state` where another run holds it, it cannot be read, is corrupt, of another version or tenant, from
 *   later than the audit, or not sealed as it must be.
 */
export async function openState(path: string, use: StateUse): Promise<StateFile> {
  // The rename must replace what a symbolic link points to, not the link.
  const file = await linkedPath(path);
  try {
    await makeDirectory(dirname(file));
  } catch (cause) {
    throw new AuditError(
      'state',
      `the directory of the state file ${path} cannot be created (${codeOf(cause)})`,
      'Name a path in a folder that this user may write to.',
      { cause },
    );
  }
  const release = await takeLock(`${file}.lock`, { now: use.now, what: `the state file ${path}` });
  try {
    await removeLeftovers(file);
    const text = await read(file, path);
    const state = text === undefined ? undefined : parseState(text, path, use);
    return { state, save: (next) => write(file, next, path, use.key), release };
  } catch (error) {
    await release();
    throw error;
  }
}

/**
 * The state as {@link openState} would find it, but touching nothing: no folder is made, no lock is taken.
 *
 * @returns undefined: there is no file yet.
 * @throws AuditError `state` where openState would.
 */
export async function peekState(path: string, use: StateUse): Promise<State | undefined> {
  const file = await linkedPath(path);
  await refuseHeld(`${file}.lock`, { now: use.now, what: `the state file ${path}` });
  const text = await read(file, path);
  return text === undefined ? undefined : parseState(text, path, use);
}

async function read(file: string, path: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    if (codeOf(cause) === 'ENOENT') return undefined;
    throw new AuditError(
      'state',
      `the state file ${path} cannot be read (${codeOf(cause)})`,
      'Make it a file that this user may read, or name another path.',
      { cause },
    );
  }
}

async function write(file: string, state: State, path: string, key: string | undefined): Promise<void> {
  const sealed = key === undefined ? state : { ...state, seal: sealOf(state, key) };
  const temporary = `${file}.${process.pid}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    const handle = await open(temporary, 'wx', 0o600);
    try {
      await handle.writeFile(`${JSON.stringify(sealed)}\n`);
      // Without it the rename may reach the disk before the content does.
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, file);
  } catch (cause) {
    await rm(temporary, { force: true }).catch(() => {});
    throw new AuditError(
      'delivery',
      `the state could not be written to ${path} (${codeOf(cause)})`,
      'The file is as it was before this run, so the next run tells the same news again. Check space and rights.',
      { cause },
    );
  }
  await syncFolder(dirname(file));
}

/** Makes the rename itself last. Not every system lets a folder be opened; the content is safe either way. */
async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await open(folder, 'r');
    await handle.sync().finally(() => handle.close());
  } catch {
    // See above.
  }
}

/** Temporary files of runs that were killed while they wrote. We hold the lock: nobody is writing now. */
async function removeLeftovers(file: string): Promise<void> {
  const leftover = /^\.\d+\.[0-9a-f]{12}\.tmp$/;
  const folder = dirname(file);
  const names = await readdir(folder).catch(() => []);
  for (const name of names) {
    if (!name.startsWith(basename(file)) || !leftover.test(name.slice(basename(file).length))) continue;
    await rm(join(folder, name), { force: true }).catch(() => {});
  }
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException | null)?.code ?? 'unknown error';
}

/** @throws AuditError `state` that says what is wrong with the file and what to do. */
export function parseState(text: string, path: string, { tenant, asOf, key }: Omit<StateUse, 'now'>): State {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw corrupt(path, 'it is not JSON', cause);
  }
  if (!isMapping(value) || typeof value.version !== 'number') throw corrupt(path, 'it has no version');
  if (value.version !== STATE_VERSION) {
    throw new AuditError(
      'state',
      `the state file ${path} is of version ${value.version}; this program reads version ${STATE_VERSION}`,
      `Use the program that wrote it, or move it away: ${AFRESH}`,
    );
  }
  const { seal, ...unsealed } = value;
  checkSeal(seal, unsealed, key, path);
  const flaws = flawsOf(STATE, unsealed);
  if (flaws.length > 0) throw corrupt(path, describeFlaws(flaws));
  const state = unsealed as unknown as State;
  if (state.tenant !== tenant) {
    throw new AuditError(
      'state',
      `the state file ${path} is of another tenant (${JSON.stringify(state.tenant)}, not ${JSON.stringify(tenant)})`,
      'Give each tenant a state file of its own with --state.',
    );
  }
  checkTimes(state, path, asOf);
  return state;
}

/** @throws AuditError `state` for times that no audit before this one can have written */
function checkTimes(state: State, path: string, asOf: number): void {
  const savedAt = Date.parse(state.savedAt);
  if (savedAt > asOf) {
    throw new AuditError(
      'state',
      `the state file ${path} was saved as of ${state.savedAt}, which is later than ${new Date(asOf).toISOString()}`,
      `Leave --state out to use an earlier date. If the clock of this machine is right, move the file away: ${AFRESH}`,
    );
  }
  const times = [
    ...Object.values(state.findings).flatMap(({ firstSeen, toldAt }) => [firstSeen, toldAt]),
    ...Object.values(state.resolved).flatMap(({ firstSeen, resolvedAt }) => [firstSeen, resolvedAt]),
    ...Object.values(state.credentials).map(({ goneSince }) => goneSince),
    ...Object.values(state.slack),
  ];
  const later = times.find((time) => typeof time === 'string' && Date.parse(time) > savedAt);
  if (later) throw corrupt(path, `${later} in it is later than ${state.savedAt}, when it was saved`);
}

/** @throws AuditError `state` where the seal is not the key's, or one of them is missing */
function checkSeal(seal: unknown, state: object, key: string | undefined, path: string): void {
  if (key === undefined && seal === undefined) return;
  const refused = (why: string, todo: string) => new AuditError('state', why, `${todo} ${OVER}`);
  if (key === undefined)
    throw refused(
      `the state file ${path} is sealed, and C1_AUDIT_STATE_KEY is not set`,
      'Set C1_AUDIT_STATE_KEY to the key that it was sealed with.',
    );
  if (seal === undefined)
    throw refused(
      `the state file ${path} is not sealed, although C1_AUDIT_STATE_KEY is set`,
      'Whoever can write the file may have replaced it.',
    );
  const expected = Buffer.from(sealOf(state, key));
  const found = Buffer.from(typeof seal === 'string' ? seal : '');
  if (found.length !== expected.length || !timingSafeEqual(found, expected))
    throw refused(
      `the seal of the state file ${path} does not match C1_AUDIT_STATE_KEY`,
      'The file was changed, or it was sealed with another key.',
    );
}

/** Of the content, not of the text: what is used is what was sealed. */
function sealOf(state: object, key: string): string {
  return createHmac('sha256', key)
    .update(`c1-audit state\n${JSON.stringify(state)}`)
    .digest('hex');
}

const AFRESH = 'the next audit starts over and reports every finding as new.';
const OVER = `To start over, delete the file (in GitHub Actions, the caches whose keys begin with c1-audit-state): ${AFRESH}`;

function corrupt(path: string, why: string, cause?: unknown): AuditError {
  return new AuditError(
    'state',
    `the state file ${path} is corrupt: ${why}`,
    `It was left as it is. Restore it from a copy, or move it away: ${AFRESH}`,
    cause === undefined ? undefined : { cause },
  );
}
