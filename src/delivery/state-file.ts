import { createHmac, type Hmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { open, readdir, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { describeFlaws, flawsOf, isMapping } from '../check.js';
import { readCredential, STATE, STATE_VERSION, type State, stateOf } from '../engine/state.js';
import { AuditError, codeOf } from '../errors.js';
import { linkedPath, makeDirectory, readAtOnce, replaceFile } from './files.js';
import { refuseHeld, takeLock } from './lock.js';
import { readStateText, type StateRead, stateText, timesOf } from './state-text.js';

/** The state file of one run, locked against other runs until it is released. */
export interface StateFile {
  /** undefined: there is no file yet. */
  readonly state: State | undefined;
  /**
   * Replaces the file; a crash leaves the old state or the new one.
   *
   * @throws AuditError `delivery` if it cannot be written
   */
  save(state: State): Promise<void>;
  /** Unlocks it for other runs. Never throws; safe to call twice. */
  release(): Promise<void>;
}

export interface StateUse {
  readonly tenant: string;
  /** Milliseconds since the epoch, to recognize a lock that was left behind. */
  readonly now: number;
  /** The audit's clock, in milliseconds since the epoch: no state is from a later time. */
  readonly asOf: number;
  /** Seals the file; undefined: no seal. */
  readonly key: string | undefined;
}

/**
 * Locks a state file and reads it. Creates its directory if that is missing. Leaves a file that cannot be trusted as it is.
 *
 * @param path absolute
 * @throws AuditError `state` if another run holds it, or if it cannot be read, is corrupt, of another version or tenant,
 *   later than the audit, or not sealed as it must be
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
      'Choose a path in a directory that this user can write to.',
      { cause },
    );
  }
  const release = await takeLock(`${file}.lock`, { now: use.now, what: `the state file ${path}` });
  try {
    await removeLeftovers(file);
    const bytes = await read(file, path);
    const state = bytes && parseState(bytes, path, use);
    return { state, save: (next) => write(file, next, path, use.key), release };
  } catch (error) {
    await release();
    throw error;
  }
}

/**
 * The state as {@link openState} would read it. Changes nothing: creates no directory, takes no lock.
 *
 * @returns undefined: there is no file yet
 * @throws AuditError `state` if openState would
 */
export async function peekState(path: string, use: StateUse): Promise<State | undefined> {
  const file = await linkedPath(path);
  await refuseHeld(`${file}.lock`, { now: use.now, what: `the state file ${path}` });
  const bytes = await read(file, path);
  return bytes && parseState(bytes, path, use);
}

async function read(file: string, path: string): Promise<Buffer | undefined> {
  try {
    return await readAtOnce(file);
  } catch (cause) {
    if (codeOf(cause) === 'ENOENT') return undefined;
    throw new AuditError(
      'state',
      `the state file ${path} cannot be read (${codeOf(cause)})`,
      'Make it a file that this user can read, or choose another path.',
      { cause },
    );
  }
}

async function write(file: string, state: State, path: string, key: string | undefined): Promise<void> {
  const temporary = `${file}.${process.pid}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    await replaceFile(file, sealed(state, key), temporary);
  } catch (cause) {
    throw new AuditError(
      'delivery',
      `the state could not be written to ${path} (${codeOf(cause)})`,
      'The file is unchanged, so the next run reports the same news again. Check disk space and permissions.',
      { cause },
    );
  }
  await syncFolder(dirname(file));
}

function* sealed(state: State, key: string | undefined): Generator<string | Buffer> {
  const seal = key === undefined ? undefined : sealOf(key);
  for (const part of stateText(state)) {
    seal?.update(part);
    yield part;
  }
  yield seal ? `,"seal":"${seal.update('}').digest('hex')}"}\n` : '}\n';
}

/** Makes the rename itself permanent. Not every system can open a directory; the content is safe either way. */
async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await open(folder, 'r');
    await handle.sync().finally(() => handle.close());
  } catch {
    // See above.
  }
}

/** Removes temporary files of runs that were killed while they wrote. This run holds the lock: nobody is writing now. */
async function removeLeftovers(file: string): Promise<void> {
  const leftover = /^\.\d+\.[0-9a-f]{12}\.tmp$/;
  const folder = dirname(file);
  const names = await readdir(folder).catch(() => []);
  for (const name of names) {
    if (!name.startsWith(basename(file)) || !leftover.test(name.slice(basename(file).length))) continue;
    await rm(join(folder, name), { force: true }).catch(() => {});
  }
}

/** @throws AuditError `state` that says what is wrong with the file and what to do. */
export function parseState(bytes: Buffer, path: string, { tenant, asOf, key }: Omit<StateUse, 'now'>): State {
  const ours = readStateText(bytes);
  if (ours && isSealed(ours.seal, ours.content, key))
    return checked(ours.state, ours.times, path, { tenant, asOf });
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString());
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
  checkSeal(seal, () => [JSON.stringify(unsealed)], key, path);
  const flaws = flawsOf(STATE, unsealed);
  if (flaws.length > 0) throw corrupt(path, describeFlaws(flaws));
  const state = stateOf(unsealed as never);
  return checked(state, timesIn(state), path, { tenant, asOf });
}

/** @throws AuditError `state` for a state that this audit cannot go on from */
function checked(
  state: State,
  times: ReadonlySet<string | null>,
  path: string,
  { tenant, asOf }: Pick<StateUse, 'tenant' | 'asOf'>,
): State {
  if (state.tenant !== tenant) {
    throw new AuditError(
      'state',
      `the state file ${path} is of another tenant (${JSON.stringify(state.tenant)}, not ${JSON.stringify(tenant)})`,
      'Give each tenant a state file of its own with --state.',
    );
  }
  checkTimes(state, times, path, asOf);
  return state;
}

/** The times in findings and credentials. */
function timesIn({ findings, resolved, credentials }: State): ReadonlySet<string | null> {
  const times = new Set<string | null>();
  for (const memory of [...findings.values(), ...resolved.values()])
    for (const time of timesOf(memory)) times.add(time);
  for (const json of credentials.values()) times.add(readCredential(json).goneSince ?? null);
  return times;
}

/** @throws AuditError `state` for times that no audit before this one can have written */
function checkTimes(state: State, entries: ReadonlySet<string | null>, path: string, asOf: number): void {
  const savedAt = Date.parse(state.savedAt);
  if (savedAt > asOf) {
    throw new AuditError(
      'state',
      `the state file ${path} was saved as of ${state.savedAt}, which is later than ${new Date(asOf).toISOString()}`,
      `Leave --state out to use an earlier date. If the clock of this machine is right, move the file away: ${AFRESH}`,
    );
  }
  const times = new Set<unknown>(entries);
  for (const time of [...Object.values(state.slack), state.log?.to]) times.add(time);
  for (const { to, lastAt, addresses, refused } of Object.values(state.log?.clients ?? {}))
    for (const time of [to, lastAt, ...[...addresses, ...refused].map((seen) => seen.lastAt)])
      times.add(time);
  const later = [...times].find((time) => typeof time === 'string' && Date.parse(time) > savedAt);
  if (later) throw corrupt(path, `${later} in it is later than ${state.savedAt}, when it was saved`);
}

/** @throws AuditError `state` where the seal is not the key's, or one of them is missing */
function checkSeal(
  seal: unknown,
  content: StateRead['content'],
  key: string | undefined,
  path: string,
): void {
  if (isSealed(seal, content, key)) return;
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
  throw refused(
    `the seal of the state file ${path} does not match C1_AUDIT_STATE_KEY`,
    'The file was changed, or it was sealed with another key.',
  );
}

/** True also where there is neither a seal nor a key. */
function isSealed(seal: unknown, content: StateRead['content'], key: string | undefined): boolean {
  if (key === undefined || seal === undefined) return key === seal;
  const hmac = sealOf(key);
  for (const part of content()) hmac.update(part);
  const expected = Buffer.from(hmac.digest('hex'));
  const found = Buffer.from(typeof seal === 'string' ? seal : '');
  return found.length === expected.length && timingSafeEqual(found, expected);
}

/** Of the content, not of the text: what is used is what was sealed. */
function sealOf(key: string): Hmac {
  return createHmac('sha256', key).update('c1-audit state\n');
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
