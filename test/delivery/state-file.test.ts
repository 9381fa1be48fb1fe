import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { build } from 'esbuild';
import { openState, type StateUse } from '../../src/delivery/state-file.js';
import { NOTHING_TOLD } from '../../src/engine/history.js';
import type { State } from '../../src/engine/state.js';
import { Table } from '../../src/engine/table.js';
import { AuditError } from '../../src/errors.js';
import { compare, filed } from '../helpers/follow-up.js';
import { AS_OF, daysAgo, sampleCredential, sampleFinding, TENANT } from '../helpers/sample-report.js';

const NOW = Date.parse(AS_OF);
const HOUR = 3_600_000;

let folder: string;
let path: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'c1-audit-state-'));
  path = join(folder, 'state.json');
});

afterEach(() => rm(folder, { recursive: true, force: true }));

function stateOf(ids: readonly string[]): State {
  const findings = ids.map((id) =>
    sampleFinding({
      rule: 'expiring-soon',
      credential: sampleCredential({ id, expiresAt: daysAgo(-9) }),
    }),
  );
  const state = compare({
    previous: undefined,
    findings,
    credentials: Table.of([
      ['personal-client|a', '{"roles":["0123456789abcdef"],"network":"any","seenIn":"tenant"}'],
    ]),
    run: {
      tenant: TENANT,
      asOf: AS_OF,
      scope: 'tenant',
      userId: null,
      complete: true,
      completeKinds: new Set(['personal-client']),
      rules: new Set(['expiring-soon']),
    },
  }).next({
    ...NOTHING_TOLD,
    posted: true,
    findings: new Set(findings.map(({ fingerprint }) => fingerprint)),
  });
  if (state === undefined) throw new Error('an incomplete run has no state');
  return state;
}

const REMEMBERED = stateOf(['a', 'b']);
/** As it is in its file. */
const STATE = filed(REMEMBERED);

async function opened(over: Partial<StateUse> = {}) {
  return await openState(path, { tenant: TENANT, now: NOW, asOf: NOW, key: undefined, ...over });
}

async function refusal(work: Promise<unknown>): Promise<AuditError> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof AuditError)) throw new Error(`expected an AuditError, got ${String(error)}`);
  return error;
}

describe('the state file', () => {
  test('is not there at first, and comes back as it was saved', async () => {
    const first = await opened();
    expect(first.state).toBeUndefined();
    await first.save(REMEMBERED);
    await first.release();
    const second = await opened();
    expect(second.state).toEqual(REMEMBERED);
    await second.release();
  });

  test('is readable by its owner alone, and nothing is left beside it', async () => {
    const file = await opened();
    await file.save(REMEMBERED);
    await file.save(stateOf(['c']));
    await file.release();
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readdir(folder)).toEqual(['state.json']);
  });

  test('gets its folder made', async () => {
    path = join(folder, 'new', 'folder', 'state.json');
    const file = await opened();
    await file.save(REMEMBERED);
    await file.release();
    expect(JSON.parse(await readFile(path, 'utf8'))).toEqual(STATE);
  });

  test('stays behind the symbolic link that leads to it', async () => {
    const real = join(folder, 'real.json');
    await writeFile(real, JSON.stringify(STATE));
    await symlink(real, path);
    const file = await opened();
    await file.save(stateOf(['c']));
    await file.release();
    expect(JSON.parse(await readFile(real, 'utf8'))).toEqual(filed(stateOf(['c'])));
  });

  test('that cannot be written is a failed delivery, and the old one stays', async () => {
    const file = await opened();
    await rm(folder, { recursive: true });
    const error = await refusal(file.save(REMEMBERED));
    expect(error).toMatchObject({ code: 'delivery', preventsAudit: false });
    expect(error.message).toContain('ENOENT');
    await file.release();
  });

  test('that cannot be read, or whose folder cannot be made, prevents the audit', async () => {
    await mkdir(path);
    expect(await refusal(opened())).toMatchObject({ code: 'state', preventsAudit: true });
    await writeFile(join(folder, 'file'), '');
    path = join(folder, 'file', 'state.json');
    expect(await refusal(opened())).toMatchObject({ code: 'state', preventsAudit: true });
  });
});

describe('a file that cannot be trusted stays where it is, byte for byte', () => {
  const fingerprint = Object.keys(STATE.findings)[0] ?? '';
  const withFinding = (override: Record<string, unknown>) =>
    JSON.stringify({
      ...STATE,
      findings: { [fingerprint]: { ...STATE.findings[fingerprint], ...override } },
    });

  const rows: readonly (readonly [string, string, RegExp])[] = [
    ['empty', '', /is corrupt: it is not JSON/],
    ['torn', JSON.stringify(STATE).slice(0, 500), /is corrupt: it is not JSON/],
    ['a list', '[]', /is corrupt: it has no version/],
    ['no version', '{}', /is corrupt: it has no version/],
    [
      'an older version',
      JSON.stringify({ ...STATE, version: 0 }),
      /is of version 0; this program reads version 1/,
    ],
    ['a newer version', JSON.stringify({ version: 2 }), /is of version 2; this program reads version 1/],
    [
      'another tenant',
      JSON.stringify({ ...STATE, tenant: 'other.conductor.one' }),
      /another tenant \("other.cond/,
    ],
    ['no findings', JSON.stringify({ ...STATE, findings: undefined }), /is corrupt: has no findings/],
    [
      'findings as a list',
      JSON.stringify({ ...STATE, findings: [] }),
      /findings: must be a mapping of keys to values, not a list/,
    ],
    [
      'a key that is not a fingerprint',
      JSON.stringify({ ...STATE, findings: { x: {} } }),
      /findings\.x: must be 64 hexadecimal digits/,
    ],
    [
      'an unknown severity',
      withFinding({ severity: 'dire' }),
      /findings\.\w+\.severity: must be one of info, low, medium, high, critical, not "dire"/,
    ],
    [
      'a date that does not exist',
      withFinding({ firstSeen: '2026-02-30T00:00:00Z' }),
      /firstSeen: "2026-02-30T00:00:00Z": must be an RFC 3339 timestamp/,
    ],
    [
      'an unknown milestone',
      withFinding({ milestones: { expiresAt: AS_OF, told: [5] } }),
      /milestones\.told\[0\]: must be .*, not 5/,
    ],
    ['an unknown kind', JSON.stringify({ ...STATE, seen: { robot: [] } }), /seen\.robot: no such key/],
    [
      'an unknown network',
      JSON.stringify({
        ...STATE,
        credentials: { 'personal-client|a': { roles: null, network: 'all', seenIn: '' } },
      }),
      /credentials\.personal-client\|a\.network: must be one of any, not "all"/,
    ],
    [
      'a key of a prototype',
      JSON.stringify(STATE).replace('"findings":{', '"findings":{"__proto__":{},'),
      /findings\.__proto__: must be 64 hexadecimal digits/,
    ],
    [
      'no slack',
      JSON.stringify({ ...STATE, slack: null }),
      /slack: must be a mapping of keys to values, not nothing/,
    ],
  ];
  test.each(rows)('%s', async (_title, bytes, message) => {
    await writeFile(path, bytes);
    const error = await refusal(opened());
    expect(error).toMatchObject({
      code: 'state',
      message: expect.stringMatching(message),
      preventsAudit: true,
    });
    expect(error.message).toContain(path);
    expect(error.hint).not.toBe('');
    expect(await readFile(path, 'utf8')).toBe(bytes);
    // And the lock is given back.
    expect(await readdir(folder)).toEqual(['state.json']);
  });
});

describe('two runs on one file', () => {
  test('one wins, the other says so', async () => {
    const results = await Promise.allSettled(Array.from({ length: 8 }, () => opened()));
    const won = results.filter((result) => result.status === 'fulfilled');
    expect(won).toHaveLength(1);
    for (const result of results) {
      if (result.status === 'fulfilled') continue;
      expect(result.reason).toMatchObject({ code: 'state', preventsAudit: true });
      expect((result.reason as AuditError).message).toContain(`another run is using the state file ${path}`);
    }
    const [winner] = won;
    await winner?.value.release();
    await winner?.value.release();
    await (await opened()).release();
  });

  const lock = (holder: Record<string, unknown>) =>
    writeFile(
      `${path}.lock`,
      JSON.stringify({ pid: 2 ** 22 + 1, host: hostname(), createdAt: NOW, token: 'abc', ...holder }),
    );

  test.each([
    ['of a dead process', {}],
    ['of an earlier life of this process id', { pid: process.pid }],
    ['older than any run', { pid: process.ppid, createdAt: NOW - 6 * HOUR - 1 }],
    ['older than an hour, on another machine', { host: 'elsewhere', createdAt: NOW - HOUR - 1 }],
    ['of more than an hour ahead, on another machine', { host: 'elsewhere', createdAt: NOW + HOUR + 1 }],
    ...(process.platform === 'linux'
      ? [['of a dead process whose id another has now', { pid: process.ppid, start: '1' }] as const]
      : []),
  ])('a lock %s is taken over, by one run only', async (_title, holder) => {
    await lock(holder);
    const results = await Promise.allSettled(Array.from({ length: 8 }, () => opened()));
    const won = results.filter((result) => result.status === 'fulfilled');
    expect(won).toHaveLength(1);
    await won[0]?.value.release();
    expect(await readdir(folder)).toEqual([]);
  });

  test.each([
    ['of a living process', { pid: process.ppid, createdAt: NOW - 6 * HOUR }],
    ['of another machine', { host: 'elsewhere', createdAt: NOW - HOUR }],
    ['of another machine whose clock is ahead', { host: 'elsewhere', createdAt: NOW + HOUR }],
  ])('a lock %s holds', async (_title, holder: { createdAt: number }) => {
    await lock(holder);
    const error = await refusal(opened());
    expect(error.message).toContain(`since ${Math.max(0, NOW - holder.createdAt) / 1000} s`);
    expect(error.hint).toContain(`${path}.lock`);
  });

  test('a lock that cannot be read holds for a minute, as it may be in the making', async () => {
    await writeFile(`${path}.lock`, '');
    expect(await refusal(opened())).toMatchObject({ code: 'state' });
  });

  test('a lock that was taken over is not given back by the one who lost it', async () => {
    const slow = await opened();
    await lock({ pid: process.ppid });
    await slow.release();
    expect(await readdir(folder)).toEqual(['state.json.lock']);
  });
});

describe('a run that died inside a takeover', () => {
  const DEAD = { pid: 2 ** 22 + 1, host: hostname(), createdAt: NOW };
  const put = (name: string, holder: Record<string, unknown>) =>
    writeFile(join(folder, name), JSON.stringify({ ...DEAD, ...holder }));

  test('does not block the next ones, of which one wins', async () => {
    await put('state.json.lock', { token: 'aaaa' });
    await put('state.json.lock.takeover.aaaa', { token: 'bbbb' });
    await put('state.json.lock.takeover.bbbb', { token: 'cccc' });
    const results = await Promise.allSettled(Array.from({ length: 8 }, () => opened()));
    const won = results.filter((result) => result.status === 'fulfilled');
    expect(won).toHaveLength(1);
    await won[0]?.value.release();
    expect(await readdir(folder)).toEqual([]);
  });

  test('nor does one whose guard names itself for ever', async () => {
    await put('state.json.lock', { token: 'aaaa' });
    await put('state.json.lock.takeover.aaaa', { token: 'aaaa' });
    expect(await refusal(opened())).toMatchObject({ code: 'state' });
  });

  test('is waited for while it lives: two must not take over at once', async () => {
    await put('state.json.lock', { token: 'aaaa' });
    await put('state.json.lock.takeover.aaaa', { token: 'bbbb', pid: process.ppid });
    const error = await refusal(opened());
    expect(error.message).toContain(`process ${process.ppid}`);
    expect((await readdir(folder)).sort()).toEqual(['state.json.lock', 'state.json.lock.takeover.aaaa']);
  });

  test('leaves files that the next run cleans up, but not those of a run that lives', async () => {
    const token = '0123456789abcdef';
    await put(`state.json.lock.${token}`, { token });
    await put(`state.json.lock.takeover.aaaa`, { token });
    await put(`state.json.lock.takeover.bbbb.${token}`, { token });
    await put(`state.json.lock.takeover`, { token });
    await put('state.json.lock.fedcba9876543210', { token: 'fedcba9876543210', pid: process.ppid });
    await writeFile(join(folder, 'state.json.lock.notes'), 'mine');
    await writeFile(join(folder, 'state.json.99.0123456789ab.tmp'), 'half');
    await (await opened()).release();
    expect((await readdir(folder)).sort()).toEqual([
      'state.json.lock.fedcba9876543210',
      'state.json.lock.notes',
    ]);
  });
});

test.each([0, -1, 1.5, 'x'])('a lock of the process %p is of nobody that could be asked', async (pid) => {
  const lock = { pid, host: hostname(), createdAt: NOW, token: 'abc' };
  await writeFile(`${path}.lock`, JSON.stringify(lock));
  const old = new Date(Date.now() - 61_000);
  await utimes(`${path}.lock`, old, old);
  await (await opened()).release();
});

describe('a file sealed with C1_AUDIT_STATE_KEY', () => {
  const KEY = 'a key of some length';
  const sealed = async (state = REMEMBERED) => {
    const file = await opened({ key: KEY });
    await file.save(state);
    await file.release();
    return readFile(path, 'utf8');
  };

  test('comes back as it was saved, without the key in it', async () => {
    const text = await sealed();
    expect(JSON.parse(text)).toEqual({ ...STATE, seal: expect.stringMatching(/^[0-9a-f]{64}$/) });
    expect(text).not.toContain(KEY);
    const again = await opened({ key: KEY });
    expect(again.state).toEqual(REMEMBERED);
    await again.release();
  });

  test('keeps its seal through another way of writing the same', async () => {
    await writeFile(path, JSON.stringify(JSON.parse(await sealed()), null, 2));
    await (await opened({ key: KEY })).release();
  });

  test.each<[string, (text: string) => string, string | undefined, RegExp]>([
    ['without the key', (text) => text, undefined, /is sealed, and C1_AUDIT_STATE_KEY is not set/],
    ['with another key', (text) => text, 'another key of some length', /seal .* does not match/],
    [
      'changed',
      (text) => text.replace('"low"', '"info"').replace('"medium"', '"info"').replace('"high"', '"info"'),
      KEY,
      /seal .* does not match/,
    ],
    ['without its seal', (text) => text.replace(/,"seal":"\w+"/, ''), KEY, /is not sealed, although/],
    [
      'with a seal that is none',
      (text) => text.replace(/"seal":"\w+"/, '"seal":5'),
      KEY,
      /seal .* does not match/,
    ],
    ['with a cut seal', (text) => text.replace(/"seal":"\w/, '"seal":"'), KEY, /seal .* does not match/],
  ])('is refused %s, stays as it is, and says how to start over', async (_, change, key, message) => {
    const text = change(await sealed());
    await writeFile(path, text);
    const error = await refusal(opened({ key }));
    expect(error).toMatchObject({
      code: 'state',
      preventsAudit: true,
      message: expect.stringMatching(message),
    });
    expect(error.message).toContain(path);
    expect(error.hint).toContain('To start over, delete the file');
    expect(`${error.message} ${error.hint}`).not.toContain(KEY);
    expect(await readFile(path, 'utf8')).toBe(text);
    expect(await readdir(folder)).toEqual(['state.json']);
  });
});

describe('times that no audit can have written', () => {
  const [fingerprint = ''] = Object.keys(STATE.findings);
  const LATER = new Date(NOW + 1).toISOString();
  const finding = STATE.findings[fingerprint];
  const gone = {
    rule: 'unused',
    kind: 'personal-client',
    credentialId: 'x',
    firstSeen: AS_OF,
    severity: 'low',
  };
  const key = 'personal-client|a';

  test('a state saved after the audit is refused, one saved at its time is not', async () => {
    await writeFile(path, JSON.stringify(STATE));
    await (await opened()).release();
    const error = await refusal(opened({ asOf: NOW - 1 }));
    expect(error.message).toContain(`was saved as of ${AS_OF}, which is later than`);
    // The machine's own clock does not matter where --as-of is given.
    await (await opened({ now: NOW - HOUR })).release();
  });

  test.each<[string, (time: string) => object]>([
    ['first sight', (firstSeen) => ({ findings: { [fingerprint]: { ...finding, firstSeen } } })],
    ['a message', (toldAt) => ({ findings: { [fingerprint]: { ...finding, toldAt } } })],
    ['a resolution', (resolvedAt) => ({ resolved: { ['f'.repeat(64)]: { ...gone, resolvedAt } } })],
    [
      'first sight of what is resolved',
      (firstSeen) => ({ resolved: { ['f'.repeat(64)]: { ...gone, firstSeen, resolvedAt: AS_OF } } }),
    ],
    [
      'a disappearance',
      (goneSince) => ({ credentials: { [key]: { ...STATE.credentials[key], goneSince } } }),
    ],
    ['the last message', (postedAt) => ({ slack: { postedAt, digestAt: null } })],
    ['the last digest', (digestAt) => ({ slack: { postedAt: null, digestAt } })],
  ])('%s later than the state itself is refused', async (_, change) => {
    await writeFile(path, JSON.stringify({ ...STATE, ...change(AS_OF) }));
    await (await opened()).release();
    await writeFile(path, JSON.stringify({ ...STATE, ...change(LATER) }));
    const error = await refusal(opened({ asOf: NOW + HOUR }));
    expect(error.message).toContain(`is corrupt: ${LATER} in it is later than ${AS_OF}, when it was saved`);
  });
});

test('kill -9 at any moment leaves a whole state and a lock that the next run takes over', async () => {
  const script = join(folder, 'writer.mjs');
  await build({
    stdin: {
      // Two states of different length, over and over: a torn file is neither.
      contents: `
        import { openState, type StateUse } from './src/delivery/state-file.ts';
        const [path, tenant, short, long] = process.argv.slice(2);
        const file = await openState(path, { tenant, now: ${NOW}, asOf: ${NOW} });
        await file.save(JSON.parse(short));
        process.stdout.write('ready');
        for (;;) { await file.save(JSON.parse(long)); await file.save(JSON.parse(short)); }`,
      resolveDir: process.cwd(),
      loader: 'ts',
    },
    bundle: true,
    platform: 'node',
    format: 'esm',
    outfile: script,
    logLevel: 'silent',
  });
  const short = JSON.stringify(filed(stateOf(['a'])));
  const long = JSON.stringify(
    filed(stateOf(Array.from({ length: 200 }, (_, index) => `credential-${index}`))),
  );
  for (let round = 0; round < 6; round += 1) {
    const writer = spawn(process.execPath, [script, path, TENANT, short, long], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await ready(writer);
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 15));
    writer.kill('SIGKILL');
    await new Promise((resolve) => writer.on('close', resolve));
    expect([short, long]).toContain((await readFile(path, 'utf8')).trimEnd());
    const next = await opened();
    expect([short, long]).toContain(JSON.stringify(filed(next.state)));
    await next.release();
    expect(await readdir(folder)).toEqual(['state.json', 'writer.mjs']);
  }
});

function ready(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    child.stdout?.once('data', () => resolve());
    child.once('exit', () => reject(new Error('the writer ended by itself')));
  });
}
