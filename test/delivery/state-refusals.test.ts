import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { openState, peekState, type StateUse } from '../../src/delivery/state-file.js';
import { NOTHING_TOLD } from '../../src/engine/history.js';
import type { State } from '../../src/engine/state.js';
import { Table } from '../../src/engine/table.js';
import type { AuditError } from '../../src/errors.js';
import { compare } from '../helpers/follow-up.js';
import { AS_OF, TENANT } from '../helpers/sample-report.js';

/* Each reason not to use a state file, in full: people act on these at three in the morning. */

const NOW = Date.parse(AS_OF);
const KEY = 'a key of enough characters';
const OVER =
  'To start over, delete the file (in GitHub Actions, the caches whose keys begin with c1-audit-state): the next audit starts over and reports every finding as new.';
let folder: string;
let path: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'c1-audit-state-'));
  path = join(folder, 'state.json');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const USE: StateUse = { tenant: TENANT, now: NOW, asOf: NOW, key: undefined };
const STATE = compare({
  previous: undefined,
  findings: [],
  credentials: Table.of(),
  run: {
    tenant: TENANT,
    asOf: AS_OF,
    scope: 'tenant',
    userId: null,
    complete: true,
    completeKinds: new Set(['personal-client']),
    rules: new Set(['unused']),
  },
}).next(NOTHING_TOLD) as State;

async function save(key?: string, over: Partial<State> = {}): Promise<void> {
  const file = await openState(path, { ...USE, key });
  await file.save({ ...STATE, ...over });
  await file.release();
}
/** What both ways of reading say. */
async function refusal(
  over: Partial<StateUse> = {},
): Promise<{ message: string; hint: string; code: string }> {
  const errors: AuditError[] = [];
  for (const read of [openState, peekState])
    await read(path, { ...USE, ...over }).catch((error: AuditError) => errors.push(error));
  expect(errors).toHaveLength(2);
  expect(errors[0]?.message).toBe(errors[1]?.message);
  // Nobody's lock is left behind.
  expect((await readdir(folder)).filter((name) => name.includes('lock'))).toEqual([]);
  const { message = '', hint = '', code = '' } = errors[0] ?? {};
  return { message, hint, code };
}

test('a state that is there is read, and none is none', async () => {
  expect(await peekState(path, USE)).toBeUndefined();
  await save();
  expect(await peekState(path, USE)).toEqual(STATE);
  expect(await peekState(path, { ...USE, key: undefined })).toEqual(STATE);
});

test('a folder that cannot be made', async () => {
  await writeFile(path, '');
  await expect(openState(join(path, 'below', 'state.json'), USE)).rejects.toMatchObject({
    code: 'state',
    message: expect.stringMatching(
      /^the directory of the state file .*state\.json cannot be created \((EEXIST|ENOTDIR)\)$/,
    ),
    hint: 'Choose a path in a directory that this user can write to.',
    cause: expect.anything(),
  });
});

test('a file that cannot be read', async () => {
  await mkdir(path);
  expect(await refusal()).toEqual({
    code: 'state',
    message: `the state file ${path} cannot be read (EISDIR)`,
    hint: 'Make it a file that this user can read, or choose another path.',
  });
});

test.each([
  ['{', 'it is not JSON'],
  ['[]', 'it has no version'],
  ['{"version":"1"}', 'it has no version'],
])('a file that holds %s is corrupt', async (text, why) => {
  await writeFile(path, text);
  expect(await refusal()).toEqual({
    code: 'state',
    message: `the state file ${path} is corrupt: ${why}`,
    hint: 'It was left as it is. Restore it from a copy, or move it away: the next audit starts over and reports every finding as new.',
  });
});

test('a state of another version', async () => {
  await writeFile(path, JSON.stringify({ ...STATE, version: 999 }));
  expect(await refusal()).toMatchObject({
    message: expect.stringMatching(/ is of version 999; this program reads version \d$/),
    hint: 'Use the program that wrote it, or move it away: the next audit starts over and reports every finding as new.',
  });
});

test('a state of another tenant', async () => {
  await save();
  expect(await refusal({ tenant: 'other.conductor.one' })).toEqual({
    code: 'state',
    message: `the state file ${path} is of another tenant ("${TENANT}", not "other.conductor.one")`,
    hint: 'Give each tenant a state file of its own with --state.',
  });
});

test('a state that is later than the audit', async () => {
  await save();
  expect(await peekState(path, { ...USE, asOf: Date.parse(STATE.savedAt) })).toEqual(STATE);
  expect(await refusal({ asOf: Date.parse(STATE.savedAt) - 1 })).toEqual({
    code: 'state',
    message: `the state file ${path} was saved as of ${STATE.savedAt}, which is later than ${new Date(Date.parse(STATE.savedAt) - 1).toISOString()}`,
    hint: 'Leave --state out to use an earlier date. If the clock of this machine is right, move the file away: the next audit starts over and reports every finding as new.',
  });
});

test.each(['to', 'lastAt', 'addresses', 'refused'])(
  'a log that is later than its state (%s)',
  async (field) => {
    const [early, late] = ['2026-08-01T00:00:00.000Z', '2027-01-01T00:00:00.000Z'];
    const at = (name: string) => (field === name ? late : early);
    const client = {
      from: early,
      to: at('to'),
      lastAt: at('lastAt'),
      addresses: [{ address: '192.0.2.1', count: 1, lastAt: at('addresses') }],
      refused: [{ reason: 'x', address: '', count: 1, lastAt: at('refused') }],
    };
    await save(undefined, {
      log: { lastEvent: '', to: early, clients: { 'a@b/spc': client } },
    } as Partial<State>);
    expect((await refusal()).message).toBe(
      `the state file ${path} is corrupt: ${late} in it is later than ${STATE.savedAt}, when it was saved`,
    );
  },
);

describe('a seal', () => {
  test('that is missing', async () => {
    await save();
    expect(await refusal({ key: KEY })).toEqual({
      code: 'state',
      message: `the state file ${path} is not sealed, although C1_AUDIT_STATE_KEY is set`,
      hint: `Whoever can write the file may have replaced it. ${OVER}`,
    });
  });

  test('without its key', async () => {
    await save(KEY);
    expect(await peekState(path, { ...USE, key: KEY })).toEqual(STATE);
    expect(await refusal()).toEqual({
      code: 'state',
      message: `the state file ${path} is sealed, and C1_AUDIT_STATE_KEY is not set`,
      hint: `Set C1_AUDIT_STATE_KEY to the key that it was sealed with. ${OVER}`,
    });
  });

  test.each(['another', undefined, 5, ''])('that does not match (%p)', async (seal) => {
    await save(KEY);
    if (seal !== 'another')
      await writeFile(path, JSON.stringify({ ...STATE, seal: seal === undefined ? 'f'.repeat(64) : seal }));
    expect(await refusal({ key: seal === 'another' ? `${KEY}!` : KEY })).toEqual({
      code: 'state',
      message: `the seal of the state file ${path} does not match C1_AUDIT_STATE_KEY`,
      hint: `The file was changed, or it was sealed with another key. ${OVER}`,
    });
  });
});

test('what a killed run left is removed, and nothing that only looks like it', async () => {
  const hex = '0123456789ab';
  const kept = [
    'state.json',
    `state.json.x.1.${hex}.tmp`,
    `state.json.1.${hex}.tmp.bak`,
    `state.json.a.${hex}.tmp`,
    `my.1.${hex}.tmp`,
  ];
  await save();
  for (const name of [...kept.slice(1), `state.json.1.${hex}.tmp`]) await writeFile(join(folder, name), '');
  await (await openState(path, USE)).release();
  expect((await readdir(folder)).sort()).toEqual(kept.sort());
});

test('a state that cannot be written is a failed delivery', async () => {
  const file = await openState(path, USE);
  await rm(folder, { recursive: true });
  await expect(file.save(STATE)).rejects.toMatchObject({
    code: 'delivery',
    message: `the state could not be written to ${path} (ENOENT)`,
    hint: 'The file is unchanged, so the next run reports the same news again. Check disk space and permissions.',
  });
  await file.release();
  await mkdir(folder);
  await chmod(folder, 0o700);
});
