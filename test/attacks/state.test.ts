import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { State } from '../../src/engine/state.js';
import { examined } from '../helpers/doctor.js';
import { needs } from '../helpers/needs.js';
import { emptyFolder, runProgram } from '../helpers/program.js';
import { idOf, personalClient, ROLE, startTenant, type Tenant, tenantRecords } from '../tenant/index.js';

const DAY = 86_400_000;
const FIRST = Date.parse('2026-09-01T02:00:00.000Z');
const iso = (ms: number) => new Date(ms).toISOString();
const KEY = 'k3y-0f-the-state-file';

let now: number;
let tenant: Tenant;
let cwd: string;
let env: Record<string, string>;

beforeEach(async () => {
  now = FIRST;
  const data = tenantRecords(FIRST);
  data.personalClients.push(
    personalClient({
      id: idOf('wide'),
      displayName: 'wide',
      userId: data.users[0]?.id ?? '',
      createdAt: iso(FIRST - 20 * DAY),
      lastUsedAt: iso(FIRST),
      allowSourceCidr: ['0.0.0.0/0'],
      scopedRoles: [ROLE.viewer],
    }),
  );
  tenant = (await startTenant({ data, now: () => now })) as Tenant;
  cwd = emptyFolder();
  env = {};
});

afterEach(() => tenant.close());

async function audit(...flags: string[]) {
  const result = await runProgram(
    [
      ...['--scope', 'tenant', '--source', 'personal-clients', '--state', 'state.json', '-f', 'json'],
      ...flags,
    ],
    { cwd, env: { ...tenant.environment, ...env }, now: () => now },
  );
  now += DAY;
  return result;
}

const path = () => join(cwd, 'state.json');
const remembered = () => readFileSync(path(), 'utf8');
const forge = (change: (state: State & { seal?: string }) => object) =>
  writeFileSync(path(), JSON.stringify(change(JSON.parse(remembered()) as State)));

/** Nothing was audited, the file is as it was, and stderr says why. */
async function refused(says: RegExp, ...flags: string[]) {
  const before = remembered();
  const { code, stdout, stderr } = await audit(...flags);
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toMatch(says);
  expect(stderr).not.toContain(KEY);
  expect(remembered()).toBe(before);
  expect(readdirSync(cwd)).toEqual(['state.json']);
}

needs('mkfifo').describe.each(['state.json', 'state.json.lock'])('a pipe called %s', (name) => {
  test('does not hold up the audit', async () => {
    execFileSync('mkfifo', [join(cwd, name)]);
    const { code, stdout, stderr } = await audit();
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(name === 'state.json' ? /is corrupt: it is not JSON/ : /another run is using/);
  });
});

describe('a forged state', () => {
  test('that comes from the future, to make tonight a look back, is refused', async () => {
    await audit();
    forge((state) => ({ ...state, savedAt: '2099-01-01T00:00:00.000Z' }));
    await refused(/saved as of 2099-01-01T00:00:00.000Z, which is later than 2026-09-02/);
  });

  test('that calls a finding told in the future, to keep it out of messages, is refused', async () => {
    await audit();
    forge((state) => ({
      ...state,
      findings: Object.fromEntries(
        Object.entries(state.findings).map(([id, each]) => [
          id,
          { ...each, toldAt: '2099-01-01T00:00:00.000Z' },
        ]),
      ),
    }));
    await refused(/is corrupt: 2099-01-01T00:00:00.000Z in it is later than 2026-09-01/);
  });

  test.each(['to', 'lastAt'])('that saw a credential used in the future (%s) is refused', async (field) => {
    await audit('--evidence');
    forge(({ log, ...state }) => {
      const [[id, client] = ['', {}]] = Object.entries(log?.clients ?? {});
      return {
        ...state,
        log: { ...log, clients: { [id]: { ...client, [field]: '2099-01-01T00:00:00.000Z' } } },
      };
    });
    await refused(/is corrupt: 2099-01-01T00:00:00.000Z in it is later than 2026-09-01/, '--evidence');
  });

  test('is no excuse: --as-of decides what the future is', async () => {
    await audit();
    await refused(/which is later than 2026-08-31/, '--as-of', '2026-08-31T00:00:00Z');
  });

  test('that calls every finding known is refused with a key, and hides nothing from the exit code without', async () => {
    env = { C1_AUDIT_STATE_KEY: KEY };
    const first = await audit();
    expect([first.code, first.report.summary.new]).toEqual([1, first.report.summary.findings]);
    const forged = { ...(JSON.parse(remembered()) as State & { seal?: string }) };
    forge((state) => ({ ...state, credentials: {} }));
    await refused(/the seal of the state file .* does not match C1_AUDIT_STATE_KEY/);
    const { seal, ...unsealed } = forged;
    expect(seal).toMatch(/^[0-9a-f]{64}$/);
    writeFileSync(path(), JSON.stringify(unsealed));
    await refused(/is not sealed, although C1_AUDIT_STATE_KEY is set/);
    env = {};
    const bare = await audit();
    expect(bare.code).toBe(1);
    expect(bare.report.summary.findings).toBe(first.report.summary.findings);
  });

  test('that was sealed is not taken by a job that lost its key', async () => {
    env = { C1_AUDIT_STATE_KEY: KEY };
    await audit();
    env = { C1_AUDIT_STATE_KEY: '  ' };
    await refused(/is sealed, and C1_AUDIT_STATE_KEY is not set\n.*To start over, delete the file/);
    env = { C1_AUDIT_STATE_KEY: `${KEY}!` };
    await refused(/does not match C1_AUDIT_STATE_KEY/);
  });
});

describe('the key of the state', () => {
  test('goes on from night to night, and is in no output and no file', async () => {
    env = { C1_AUDIT_STATE_KEY: KEY };
    const nights = [await audit('--verbose'), await audit('--verbose')];
    expect(nights[1]?.report.summary).toMatchObject({ new: 0, known: nights[0]?.report.summary.findings });
    for (const { stdout, stderr } of nights) expect(stdout + stderr).not.toContain(KEY);
    expect(remembered()).not.toContain(KEY);
  });

  test('is refused with 7 characters, not with 8', async () => {
    env = { C1_AUDIT_STATE_KEY: '1234567' };
    const short = await audit();
    expect(short.code).toBe(2);
    expect(short.stderr).toMatch(/C1_AUDIT_STATE_KEY.*8 characters/);
    expect(short.stderr).not.toContain('1234567');
    env = { C1_AUDIT_STATE_KEY: '12345678' };
    expect((await audit()).code).toBe(1);
  });

  test('is known to doctor', async () => {
    env = { C1_AUDIT_STATE_KEY: KEY };
    await audit();
    const look = (over: Record<string, string>) =>
      examined(['--scope', 'tenant', '--state', 'state.json'], {
        env: { ...tenant.environment, ...over },
        now: () => now,
        cwd,
      });
    const fine = await look(env);
    expect(fine.line('state')).toMatchObject({ status: 'ok', detail: expect.stringMatching(/, sealed$/) });
    const wrong = await look({ C1_AUDIT_STATE_KEY: 'another key' });
    expect([wrong.line('state').status, wrong.code]).toEqual(['problem', 2]);
    const without = await look({});
    expect(without.line('state').fix).toContain('Set C1_AUDIT_STATE_KEY');
    expect(fine.stdout + wrong.stdout + without.stdout).not.toContain(KEY);
  });
});

test('a run that was killed inside a takeover does not cost the next night its audit', async () => {
  const dead = (token: string, name: string) =>
    writeFileSync(
      join(cwd, name),
      JSON.stringify({ pid: 2 ** 22 + 1, host: hostname(), createdAt: now, token }),
    );
  dead('aaaa', 'state.json.lock');
  dead('bbbb', 'state.json.lock.takeover.aaaa');
  dead('cccc', 'state.json.lock.takeover');
  writeFileSync(join(cwd, 'state.json.123.0123456789ab.tmp'), '{');
  expect((await audit()).code).toBe(1);
  expect(readdirSync(cwd)).toEqual(['state.json']);
});
