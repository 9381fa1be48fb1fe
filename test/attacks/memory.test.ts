import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { emptyFolder, type ProgramResult, runProgram } from '../helpers/program.js';
import {
  idOf,
  type PersonalClient,
  personalClient,
  ROLE,
  startTenant,
  type Tenant,
  tenantRecords,
  user,
} from '../tenant/index.js';

const DAY = 86_400_000;
const FIRST = Date.parse('2026-09-01T02:00:00.000Z');
const iso = (ms: number) => new Date(ms).toISOString();

let now: number;
let tenant: Tenant;
let cwd: string;
let clients: PersonalClient[];

beforeEach(async () => {
  now = FIRST;
  const data = tenantRecords(FIRST);
  data.users.push(user({ id: 'jo', displayName: 'Jo', email: 'jo@acme.example', roleIds: [ROLE.user] }));
  for (let index = 0; index < 24; index += 1)
    data.personalClients.push(
      personalClient({
        id: idOf(`key-${index}`),
        displayName: `key-${index}`,
        userId: 'jo',
        createdAt: iso(FIRST - 20 * DAY),
        lastUsedAt: iso(FIRST),
        allowSourceCidr: ['62.176.96.0/24'],
        scopedRoles: [ROLE.viewer],
      }),
    );
  tenant = (await startTenant({
    data,
    now: () => now,
    paging: { ignoring: [], minSize: 1, maxSize: 10 },
  })) as Tenant;
  clients = tenant.data.personalClients as PersonalClient[];
  cwd = emptyFolder();
});

afterEach(() => tenant.close());

async function audit(...flags: string[]): Promise<ProgramResult> {
  const result = await runProgram(
    ['--scope', 'tenant', '--state', 'state.json', '--fail-on', 'never', '-f', 'json', ...flags],
    { cwd, env: tenant.environment, now: () => now },
  );
  now += DAY;
  return result;
}

const named = (name: string) => clients.find(({ displayName }) => displayName === name) as PersonalClient;
const widen = (client: PersonalClient) =>
  Object.assign(client, { scopedRoles: [], allowSourceCidr: ['0.0.0.0/0'] });
const hide = (...hidden: PersonalClient[]) => {
  for (const client of hidden) clients.splice(clients.indexOf(client), 1);
};

/** The drift of the nights, by night. */
const drift = (nights: readonly ProgramResult[]) =>
  nights.map(({ report }) =>
    report.findings.filter(({ rule }) => rule.endsWith('-widened')).map(({ rule }) => rule),
  );

const BOTH = ['network-widened', 'scope-widened'];

describe('a key that is widened while no audit sees it', () => {
  test('because the list left it out for a night', async () => {
    const key = named('key-7');
    const nights = [await audit()];
    hide(key);
    nights.push(await audit());
    clients.push(widen(key));
    for (let night = 3; night <= 5; night += 1) nights.push(await audit());
    expect(drift(nights)).toEqual([[], [], BOTH, [], []]);
  });

  test.each([
    ['other rules were asked for', ['--rule', 'unused']],
    ['other sources were asked for', ['--source', 'federation-trusts']],
    ['only the caller’s own keys were asked for', ['--scope', 'mine']],
  ])('because %s', async (_, flags) => {
    const nights = [await audit()];
    widen(named('key-7'));
    nights.push(await audit(...flags));
    for (let night = 3; night <= 4; night += 1) nights.push(await audit());
    expect(drift(nights)).toEqual([[], [], BOTH, []]);
  });

  test('because the list ended before it', async () => {
    const nights = [await audit()];
    widen(named('key-23'));
    tenant.faults.add({
      on: 'search-personal-clients',
      effect: { kind: 'status', status: 500 },
      from: 3,
      times: Number.POSITIVE_INFINITY,
    });
    nights.push(await audit());
    tenant.faults.clear();
    for (let night = 3; night <= 4; night += 1) nights.push(await audit());
    expect(nights.map(({ code }) => code)).toEqual([0, 3, 0, 0]);
    expect(drift(nights)).toEqual([[], [], BOTH, []]);
  });
});

test('a key that is widened in an incomplete audit is reported by that audit, and not again', async () => {
  const nights = [await audit()];
  widen(named('key-0'));
  tenant.faults.add({
    on: 'search-personal-clients',
    effect: { kind: 'status', status: 500 },
    from: 3,
    times: Number.POSITIVE_INFINITY,
  });
  nights.push(await audit());
  tenant.faults.clear();
  nights.push(await audit());
  expect(nights.map(({ code }) => code)).toEqual([0, 3, 0]);
  expect(drift(nights)).toEqual([[], BOTH, []]);
});

describe('a list that lost most of its credentials', () => {
  const remembered = () => readFileSync(join(cwd, 'state.json'), 'utf8');

  test('is not clean, is reported once, and resolves nothing', async () => {
    await audit();
    const before = remembered();
    hide(...clients.filter(({ displayName }) => /^key-(\d|1[0-3])$/.test(displayName)));
    const { code, stderr, report } = await audit();
    expect(code).toBe(3);
    expect(report.coverage.complete).toBe(false);
    expect(report.resolved).toEqual([]);
    expect(stderr.match(/14 of the 25 personal clients .* are missing from the list/g)).toHaveLength(1);
    expect(stderr).toContain('--accept-shrink');
    expect(remembered()).toBe(before);
    // Not only in the first night.
    expect((await audit()).code).toBe(3);
  });

  test('is accepted once with --accept-shrink, and is the baseline after that', async () => {
    await audit();
    hide(...clients.filter(({ displayName }) => /^key-(\d|1[0-3])$/.test(displayName)));
    const accepted = await audit('--accept-shrink');
    expect(accepted.code).toBe(0);
    expect(accepted.report.coverage.notes.join('\n')).toContain('accepted with --accept-shrink');
    expect(accepted.report.summary.resolved).toBeGreaterThan(13);
    expect((await audit()).code).toBe(0);
  });

  test('is accepted with half of it left, whatever is new', async () => {
    await audit();
    hide(...clients.filter(({ displayName }) => /^key-(\d|1[0-1])$/.test(displayName)));
    expect((await audit()).code).toBe(0);
  });
});

test('a kind of credential that vanishes with a missing permission is not clean', async () => {
  expect((await audit()).code).toBe(0);
  tenant.faults.add({
    on: 'service-principals',
    effect: { kind: 'status', status: 403 },
    times: Number.POSITIVE_INFINITY,
  });
  const { code, stderr, report } = await audit();
  expect(code).toBe(3);
  expect(stderr).toContain('An earlier audit could read the service-principal credentials');
  expect(report.coverage.complete).toBe(false);
});
