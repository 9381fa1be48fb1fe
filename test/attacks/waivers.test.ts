import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { emptyFolder, runProgram } from '../helpers/program.js';
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

let now: number;
let tenant: Tenant;
let cwd: string;
let clients: PersonalClient[];

const jo = user({ id: 'jo', displayName: 'Jo', email: 'jo@acme.example', roleIds: [ROLE.user] });
const eve = user({ id: 'eve', displayName: 'Eve', email: 'eve@acme.example', roleIds: [ROLE.user] });

/** A key with nothing wrong about it but that it never expires. */
const key = (name: string, userId: string, over: Partial<PersonalClient> = {}) =>
  personalClient({
    id: idOf(name),
    displayName: name,
    userId,
    createdAt: new Date(FIRST - 20 * DAY).toISOString(),
    lastUsedAt: new Date(FIRST - DAY).toISOString(),
    allowSourceCidr: ['62.176.96.0/24'],
    scopedRoles: [ROLE.viewer],
    ...over,
  });

beforeEach(async () => {
  now = FIRST;
  const data = tenantRecords(FIRST);
  data.users.push(jo, eve);
  data.personalClients.push(key('ci-build', 'jo'));
  tenant = (await startTenant({ data, now: () => now })) as Tenant;
  clients = tenant.data.personalClients as PersonalClient[];
  cwd = emptyFolder();
});

afterEach(() => tenant.close());

function waive(rule: string, credential: string) {
  writeFileSync(
    join(cwd, 'c1-audit.config.yaml'),
    `waivers: [{ rule: "${rule}", credential: ${credential}, reason: jobs, approvedBy: ciso, expires: 2026-12-31 }]\n`,
  );
}

async function audit(...flags: string[]) {
  const result = await runProgram(
    [...['--scope', 'tenant', '--source', 'personal-clients', '-f', 'json'], ...flags],
    { cwd, env: tenant.environment, now: () => now },
  );
  now += DAY;
  return result;
}

const JO = '{ name: "ci-*", owner: jo@acme.example }';

test("a key that takes a waived name does not escape under somebody else's waiver", async () => {
  waive('*', JO);
  clients.push(key('ci-evil', 'eve'));
  const { report } = await audit();
  const of = (name: string) =>
    report.findings.filter(({ rule, credential }) => rule === 'no-expiry' && credential?.name === name);
  expect(of('ci-build')).toMatchObject([{ status: 'waived' }]);
  expect(of('ci-evil')).toMatchObject([{ status: null }]);
});

test('a waiver with only a name is refused, with a hint what to write instead', async () => {
  waive('*', '{ name: "ci-*" }');
  const { code, stdout, stderr } = await audit();
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toMatch(/waivers\[0\]\.credential: has no owner: .* Add owner with a user id, an email/);
});

test('a key that grows under a waiver of all rules is still reported', async () => {
  waive('*', idOf('ci-build'));
  await audit('--state', 'state.json');
  const [grown] = clients.filter(({ displayName }) => displayName === 'ci-build');
  Object.assign(grown ?? {}, { scopedRoles: [], allowSourceCidr: [] });
  const { code, report } = await audit('--state', 'state.json');
  expect(code).toBe(1);
  const drift = report.findings.filter(({ rule }) => rule.endsWith('-widened'));
  expect(drift.map(({ rule, status }) => [rule, status])).toEqual([
    ['network-widened', 'new'],
    ['scope-widened', 'new'],
  ]);
});

test('the key of an owner who has left is still reported under a waiver of all rules', async () => {
  waive('*', JO);
  Object.assign(tenant.data.users.find(({ id }) => id === 'jo') ?? {}, { status: 'DISABLED' });
  const { code, report } = await audit();
  expect(code).toBe(1);
  expect(report.findings.find(({ rule }) => rule === 'owner-inactive')?.status).toBeNull();
});

test('a new key that matches a pattern is reported once', async () => {
  waive('no-expiry', JO);
  const nights = [await audit('--state', 'state.json'), await audit('--state', 'state.json')];
  clients.push(key('ci-second', 'jo'));
  // A night that does not look for it must not take the news away.
  nights.push(await audit('--state', 'state.json', '--rule', 'no-expiry'));
  for (let night = 4; night <= 6; night += 1) nights.push(await audit('--state', 'state.json'));
  const news = nights.map(({ report }) =>
    report.findings
      .filter(({ rule }) => rule === 'waiver-covers')
      .map(({ status, severity, message, credential }) => ({ status, severity, message, credential })),
  );
  const about = (name: string) => ({
    status: 'new',
    severity: 'info',
    message: `the waiver of no-expiry for names like ci-* of jo@acme.example covers "${name}" (personal-client ${idOf(name)}) for the first time`,
    credential: null,
  });
  expect(news).toEqual([[about('ci-build')], [], [], [about('ci-second')], [], []]);
  for (const { report } of nights)
    expect(report.resolved.filter(({ rule }) => rule === 'waiver-covers')).toEqual([]);
  const remembered = readFileSync(join(cwd, 'state.json'), 'utf8');
  for (const secret of ['ci-second', 'ci-*', 'jo@acme']) expect(remembered).not.toContain(secret);
});

test('a pattern that would take forever is refused at once', async () => {
  waive('*', `{ name: "${'{a,aa}'.repeat(30)}", owner: jo }`);
  const began = process.cpuUsage();
  const { code, stderr } = await audit();
  expect(code).toBe(2);
  expect(stderr).toContain('braces are not supported in patterns');
  expect(process.cpuUsage(began).user).toBeLessThan(2_000_000);
});

test('a name made to stall a pattern costs nothing', async () => {
  waive('*', `{ name: "${'*a'.repeat(120)}*b", owner: jo }`);
  clients.push(key('a'.repeat(256), 'jo'), key('a'.repeat(100_000), 'jo', { id: idOf('long') }));
  const began = process.cpuUsage();
  const { report } = await audit();
  expect(report.summary.waived).toBe(0);
  expect(process.cpuUsage(began).user).toBeLessThan(5_000_000);
});
