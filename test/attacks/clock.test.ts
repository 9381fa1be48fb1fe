import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createFetch } from '../../src/fetch.js';
import { examined } from '../helpers/doctor.js';
import { emptyFolder, runProgram } from '../helpers/program.js';
import { schemaErrors } from '../helpers/report-schema.js';
import { smallTenant } from '../helpers/small-tenant.js';
import { startTenant, type Tenant, type TenantRecords } from '../tenant/index.js';

const NOW = Date.parse('2026-11-24T06:00:00Z');
const MINUTE = 60_000;
const DAY = 86_400_000;

let tenant: Tenant<TenantRecords>;

beforeEach(async () => {
  tenant = await startTenant({ data: smallTenant(NOW), now: () => NOW, paging: { ignoring: [] } });
});
afterEach(() => tenant.close());

/** An audit whose clock differs from the answers' dates by `off` milliseconds; ahead is positive. */
async function audit(off: number, argv: readonly string[] = [], on: '*' | 'roles' = '*') {
  tenant.faults.add({ on, times: Number.POSITIVE_INFINITY, effect: { kind: 'date', ms: -off } });
  const result = await runProgram(['-f', 'json', '--scope', 'tenant', '--fail-on', 'never', ...argv], {
    env: tenant.environment,
    now: () => NOW,
  });
  const { report } = result;
  return { ...result, report, clock: report.coverage.notes.filter((note) => note.includes('clock')) };
}

describe('a machine whose clock is wrong', () => {
  test.each([
    ['exact', 0],
    ['5 minutes ahead, and the second that a date leaves out', 5 * MINUTE + 1000],
    ['5 minutes behind', -5 * MINUTE],
  ])('is not reported if it is %s', async (_, off) => {
    const { code, clock } = await audit(off);
    expect([code, clock]).toEqual([0, []]);
  });

  test.each([
    [5 * MINUTE + 2000, '5 minutes ahead of'],
    [-5 * MINUTE - 1000, '5 minutes behind'],
    [3 * 60 * MINUTE + 2000, '3 hours ahead of'],
    [DAY + 1000, '24 hours ahead of'],
    [-DAY, '24 hours behind'],
    [119 * MINUTE, '119 minutes ahead of'],
    [120 * MINUTE, '2 hours ahead of'],
    [-120 * MINUTE, '2 hours behind'],
  ])('by %d ms: the report notes it and is complete', async (off, words) => {
    const { code, stderr, report, clock } = await audit(off);
    expect([code, stderr]).toEqual([0, '']);
    expect(report.coverage.complete).toBe(true);
    expect(clock).toEqual([
      expect.stringMatching(`^This machine's clock is ${words} the date in ConductorOne's answers\\. Set `),
    ]);
  });

  test.each([
    [DAY + 2000, '24 hours ahead of'],
    [-DAY - 1000, '24 hours behind'],
    [25 * 60 * MINUTE, '25 hours ahead of'],
    [-25 * 60 * MINUTE, '25 hours behind'],
    [47 * 60 * MINUTE, '47 hours ahead of'],
    [2 * DAY, '2 days ahead of'],
    [400 * DAY, '400 days ahead of'],
  ])('by %d ms: the audit is incomplete, also with --as-of', async (off, words) => {
    for (const argv of [[], ['--as-of', new Date(NOW).toISOString()]]) {
      const { code, stderr, report } = await audit(off, argv);
      expect(code).toBe(3);
      expect(schemaErrors(report)).toEqual([]);
      expect(report.coverage.gaps).toEqual([
        `This machine's clock is ${words} the date in ConductorOne's answers`,
      ]);
      expect(stderr.match(/clock is/g)).toHaveLength(1);
      expect(stderr).toContain(`clock is ${words}`);
      expect(stderr).toContain('timedatectl');
    }
  });

  test('is reported for a single answer, because one from a cache is a day old too', async () => {
    const { code, report } = await audit(3 * DAY, [], 'roles');
    expect(code).toBe(3);
    expect(report.coverage.gaps?.[0]).toMatch(/clock is 3 days ahead of/);
  });

  test('is named if the tenant refuses its signed assertion', async () => {
    const { code, stderr } = await runProgram(['--scope', 'tenant'], {
      env: tenant.environment,
      now: () => NOW + 10 * MINUTE,
    });
    expect(code).toBe(3);
    expect(stderr).toMatch(
      /answered 4\d\d: [\s\S]*This machine's clock is 10 minutes ahead of the date of that answer/,
    );
    expect(stderr).toContain('timedatectl');
  });

  test('is not named if the credential is refused at the right time', async () => {
    tenant.faults.add({
      on: 'token',
      times: Number.POSITIVE_INFINITY,
      effect: { kind: 'status', status: 401 },
    });
    const { code, stderr } = await runProgram([], { env: tenant.environment, now: () => NOW });
    expect(code).toBe(3);
    expect(stderr).toMatch(/belong together/);
    expect(stderr).not.toMatch(/clock/);
  });
});

describe('NODE_TLS_REJECT_UNAUTHORIZED=0', () => {
  const off = (argv: readonly string[], cwd = emptyFolder()) =>
    runProgram(argv, {
      cwd,
      env: { ...tenant.environment, NODE_TLS_REJECT_UNAUTHORIZED: '0' },
      now: () => NOW,
    });

  test.each([
    ['an audit', ['--scope', 'tenant']],
    ['a plan', ['plan']],
    ['an audit of a file, which may still tell Slack', ['--input', 'keys.json']],
  ])('is refused by %s before anything is sent', async (_, argv) => {
    const cwd = emptyFolder();
    writeFileSync(join(cwd, 'keys.json'), '[]');
    const { code, stdout, stderr } = await off(argv, cwd);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/NODE_TLS_REJECT_UNAUTHORIZED=0[\s\S]*Unset it/);
    expect(tenant.requests).toEqual([]);
  });

  test('is a problem for doctor, which sends nothing either', async () => {
    const found = await examined([], {
      env: { ...tenant.environment, NODE_TLS_REJECT_UNAUTHORIZED: ' 0 ' },
      now: () => NOW,
      cwd: emptyFolder(),
    });
    expect(found.code).toBe(2);
    expect(found.line('proxy')).toMatchObject({ status: 'problem' });
    expect(found.line('proxy').detail).toContain('NODE_TLS_REJECT_UNAUTHORIZED=0');
    expect(tenant.requests).toEqual([]);
  });

  test('blocks everything else over TLS, such as the heartbeat', async () => {
    const send = createFetch({ NODE_TLS_REJECT_UNAUTHORIZED: '0' });
    await expect(send('https://127.0.0.1:1/')).rejects.toThrow('NODE_TLS_REJECT_UNAUTHORIZED=0');
    expect((await send(`${tenant.url}/x`)).status).toBe(200);
  });

  test.each(['1', '', 'false'])('is not assumed if the variable is "%s"', async (value) => {
    const env = { ...tenant.environment, NODE_TLS_REJECT_UNAUTHORIZED: value };
    expect((await runProgram(['--fail-on', 'never'], { env, now: () => NOW })).code).toBe(0);
  });
});
